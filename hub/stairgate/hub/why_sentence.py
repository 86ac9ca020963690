"""One sentence for each decision, in the family's own words: the rule, who set it, until when, what follows.

It decides only what is said, to a child or to parents; each sentence is whole, so that it can be put into another
language. Which rule won is the core's part, who set it and what follows are looked up by `why_facts`.
"""

from typing import NamedTuple

from stairgate.hub.language import _, pgettext
from stairgate.hub.why_table import ANYHOW, DEFAULT_PHRASES, SENTENCES, TO_DO

CHILD, PARENT = "child", "parent"
#: The reason where what is open ends when the minutes of the day are used up.
MINUTES_RUN = "minutes_run"
#: The reason where a child took extra time, on its own page.
TAKEN_HERE = "taken_here"

#: Reasons that a rule of a child stands behind, with the levels that it can give.
RULED = {
    "pause": ("closed",),
    "override_open": ("open",),
    "bonus": ("open",),
    "budget_spent": ("closed",),
    "date": ("closed", "limited", "open"),
    "week": ("closed", "limited", "open"),
    "default": ("closed", "limited", "open"),
    "quiet": ("closed",),
}


class Facts(NamedTuple):
    """What a sentence is made of.

    reason, level, next_level: as decided, `bedtime` for a week's window over midnight, `dates` for an exception
    of several days. until, then: when this and what follows end, in words or "". who, then_who: who set them, by name
    or "". note: a parent's words. minutes: how much time there was today, in words or "".
    """

    reason: str
    level: str
    next_level: str = ""
    until: str = ""
    then: str = ""
    who: str = ""
    then_who: str = ""
    note: str = ""
    minutes: str = ""


class Why(NamedTuple):
    """What is said. to_do: what a child can do about it, or "". note: a parent's words, by note_by, or "".

    phrase: what stands where a parent said nothing of a pause or of extra time, or "".
    """

    sentence: str
    to_do: str = ""
    note: str = ""
    note_by: str = ""
    phrase: str = ""


class _Somebody(NamedTuple):
    """Whoever set a rule: within a sentence, at the beginning of one, and before their own words."""

    within: str
    first: str
    speaking: str


def why(facts: Facts, view: str) -> Why:
    """The words for a decision, in the view of a child or of parents."""
    who = _somebody(facts.who, view)
    sentence = _(_template(facts)).format(
        who=who.within,
        Who=who.first,
        then_who=_somebody(facts.then_who, view).within,
        until=facts.until,
        then=facts.then,
        minutes=facts.minutes,
    )
    is_shut = facts.level != "open" and facts.reason in (*RULED, "bedtime", "dates")
    phrase = DEFAULT_PHRASES.get(facts.reason, "") if view == CHILD and not facts.note else ""
    to_do = _(TO_DO) if is_shut and view == CHILD else ""
    return Why(sentence, to_do, facts.note, who.speaking if facts.note else "", _(phrase))


def _somebody(name: str, view: str) -> _Somebody:
    """A name as it was typed; other words where nobody is known by name."""
    if name:
        return _Somebody(name, name, name)
    if view == CHILD:
        return _Somebody(
            # translators: stands for {who} and {then_who} in sentences that say who set a rule
            pgettext("{who} set it", "your parents"),
            # translators: stands for {Who} in sentences that say who set a rule
            pgettext("{Who} set it", "Your parents"),
            # translators: before a parent’s own words: Your parents: “Dinner is ready”
            pgettext("{Who}: “words”", "Your parents"),
        )
    return _Somebody(
        # translators: stands for {who} and {then_who} in sentences that say who set a rule
        pgettext("{who} set it", "a parent"),
        # translators: stands for {Who} in sentences that say who set a rule
        pgettext("{Who} set it", "A parent"),
        # translators: before a parent’s own words: A parent: “Dinner is ready”
        pgettext("{Who}: “words”", "A parent"),
    )


def _template(facts: Facts) -> str:
    """The fullest sentence that the facts allow."""
    follows = facts.next_level
    if follows in ("closed", "limited") and not facts.then:
        follows = "until"
    reason = "minutes_spent" if facts.reason == "budget_spent" and facts.minutes else facts.reason
    tried = (follows or "until", "until", "") if facts.until or reason == MINUTES_RUN else ("",)
    for ending in tried:
        if found := SENTENCES.get((reason, facts.level, ending)):
            return found
    return ANYHOW.get(facts.level, ANYHOW["closed"])
