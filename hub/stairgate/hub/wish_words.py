"""A child's own wish to be stopped, where pages say how things stand: to the child itself, to parents with its name.

It decides only how a wish is said; which ones are taken and hold is `own_stop`'s part.
"""

from markupsafe import Markup

from stairgate.core.decide import Decision
from stairgate.hub import own_stop, wording
from stairgate.hub.family import Family, Override, Person
from stairgate.hub.free_minutes import took
from stairgate.hub.language import _, pgettext


def wish_says(child: Person, wish: Override, now: float) -> Markup:
    """What a child wishes for itself, in a sentence for the parents."""
    until = wording.clock_time(wish.until, child.zone, now)
    if wish.start > now:
        said = _("<bdi>{name}</bdi> wants to stop {when}, until {until}: an own wish.")
        return Markup(said).format(name=child.name, when=wording.at_time(wish.start, child.zone, now), until=until)
    return Markup(_("<bdi>{name}</bdi> wanted to stop, until {until}: an own wish.")).format(
        name=child.name, until=until
    )


def with_wish(state: wording.State, decision: Decision, family: Family, is_own_page: bool = False) -> wording.State:
    """How things stand, with a child's own wish said as one: to the child itself, or to parents with its name."""
    if now := own_stop.decided_by(decision, family.overrides):
        why = _("You wanted to stop then. A parent can open it again.")
        theirs = _("{name} wanted to stop then.").format(name=_name(family, now))
        return state._replace(word=_("Stopped"), why=why if is_own_page else theirs)
    if later := own_stop.next_by(decision, family.overrides):
        why = _("Then it stops, as you wanted.")
        theirs = _("Then {name} wants to stop.").format(name=_name(family, later))
        return state._replace(why=why if is_own_page else theirs)
    return state


def with_taken(state: wording.State, decision: Decision, family: Family) -> wording.State:
    """How things stand for parents, with extra time that a child took said as that."""
    if taken := took(decision, family.overrides):
        return state._replace(why=_("{name} took extra time.").format(name=_name(family, taken)))
    return state


def _name(family: Family, wish: Override) -> str:
    child = family.person(wish.target)
    return child.name if child else pgettext("{name} wants to stop", "the child")
