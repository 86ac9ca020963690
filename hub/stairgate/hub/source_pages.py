"""The page “Block lists”: where lists come from, how each stands, and the family's own.

It decides what is shown and in which words; of a list only its title and counts are, never a name that is in it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flask import Blueprint, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from stairgate.hub import categories, forms, known_sources, limits, list_reading, source_form, sources, wording
from stairgate.hub.acts import NotPossible
from stairgate.hub.context import page, parts
from stairgate.hub.language import _, ngettext, number
from stairgate.hub.sentence import said
from stairgate.hub.sources import Outcome, Source

source = Blueprint("source", __name__, url_prefix="/lists")
Answer = Response | tuple[str, int]


class Line(NamedTuple):
    """How a list stands. tone: `good`, `waiting`, `bad` or `off`. dropped: sentences."""

    source: Source
    tone: str
    text: str
    dropped: tuple[str, ...]
    maker: str
    made_by: str
    licence: str
    form: str
    often: str
    can_shorten: bool


class Group(NamedTuple):
    """Known lists that are off, of categories that stand together."""

    title: str
    lines: tuple[Line, ...]


@source.get("")
def show() -> Answer:
    """Every list, and a form for one more."""
    return _show()


@source.post("")
def add() -> Answer:
    """A list of the family's own: `title`, `url`, `format`, `tag`, `licence` and `hours` (both optional)."""
    added, faults = source_form.read_source(request.form)
    if faults:
        return _show(422, faults)
    return _act(lambda: parts().lists.sources.add(added))


@source.post("/<source_id>/switch")
def switch(source_id: str) -> Answer:
    """Use a list (`on=yes`), or not."""
    return _act(lambda: parts().lists.sources.switch(source_id, request.form.get("on") == "yes"))


@source.post("/<source_id>/refresh")
def refresh(source_id: str) -> Answer:
    """Fetch it now; `short=yes`: and take it even if it lost most of its names."""
    return _act(lambda: parts().lists.sources.refresh(source_id, request.form.get("short") == "yes"))


@source.post("/<source_id>/remove")
def remove(source_id: str) -> Answer:
    """Forget a list of the family's own."""
    return _act(lambda: parts().lists.sources.remove(source_id))


def _act(act: Callable[[], object]) -> Answer:
    try:
        act()
    except NotPossible as problem:
        return _show(409, {"act": str(problem)})
    parts().lists.upkeep.wake()
    return redirect(url_for("source.show"), 303)


def _show(status: int = 200, faults: forms.Faults | None = None) -> Answer:
    lists, zone, now = parts().lists, parts().parents.zone(), parts().clock.wall()
    every = [_line(each, zone, now) for each in lists.sources.all()]
    kept = lists.shelf.kept
    return page(
        "sources.html",
        status,
        faults=faults or {},
        form=request.form if faults else MultiDict[str, str](),
        own=[line for line in every if not line.source.is_known],
        used=[line for line in every if line.source.is_known and line.source.enabled],
        groups=_groups([line for line in every if line.source.is_known and not line.source.enabled]),
        pack=kept,
        built=wording.clock_time(kept.made, zone, now) if kept else "",
        trouble=said(lists.upkeep.fault),
        is_working=lists.upkeep.is_building or any(line.tone == "waiting" for line in every),
        is_for_everybody=any(line.source.tag == sources.ILLEGAL and line.source.enabled for line in every),
        as_of=known_sources.AS_OF,
        formats=sources.FORMATS,
        tags=sources.TAGS,
        hours={hours: source_form.how_often(hours) for hours in source_form.HOURS},
    )


def _groups(lines: Sequence[Line]) -> list[Group]:
    groups = [(group.title, {category.id for category in group.categories}) for group in categories.GROUPS]
    rest = {line.source.tag for line in lines} - set(categories.CATEGORIES)
    found = [
        Group(title, tuple(line for line in lines if line.source.tag in tags))
        for title, tags in (*groups, (_("Search and others"), rest))
    ]
    return [group for group in found if group.lines]


def _line(each: Source, zone: str, now: float) -> Line:
    outcome = each.outcome
    fetched = wording.clock_time(outcome.fetched, zone, now) if outcome.fetched else ""
    if not each.enabled:
        tone, text = "off", _("Off")
    elif outcome.fault:
        tone, text = "bad", f"{said(outcome.fault)} {_what_holds(outcome, fetched)}"
    elif not outcome.tried:
        tone, text = "waiting", _("Will be fetched in a moment.")
    else:
        checked = ngettext("1 entry, checked {time}", "{count} entries, checked {time}", outcome.names)
        tone, text = "good", checked.format(count=number(outcome.names), time=fetched)
    return Line(
        source=each,
        tone=tone,
        text=text,
        dropped=tuple(_left_out(*what) for what in outcome.dropped) if each.enabled else (),
        maker=each.made_by.partition(",")[0],
        licence=known_sources.in_words(each.licence) if each.is_known else each.licence,
        made_by=known_sources.in_words(each.made_by),
        form=sources.FORMATS.get(each.format, each.format),
        often=source_form.how_often(each.hours),
        can_shorten=tone == "bad" and outcome.names >= limits.SOURCE_SHRINK_NAMES,
    )


def _what_holds(outcome: Outcome, fetched: str) -> str:
    if not outcome.sha256:
        return _("Nothing of it is in use.")
    holds = ngettext("The one of {time} holds (1 entry).", "The one of {time} holds ({count} entries).", outcome.names)
    return holds.format(count=number(outcome.names), time=fetched)


def _left_out(reason: str, lines: int) -> str:
    return _("{count} left out: {reason}").format(count=number(lines), reason=list_reading.reason_text(reason))
