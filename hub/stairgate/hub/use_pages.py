"""What pages show of minutes in use: what is left on a card and on the child's own page, and the last seven days.

It decides which child's time a shared device shows, and lays out the picture of the days with its table. The words are
`use_words`', the act of giving back `use_acts`'.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stairgate.core.budget import Allowance
from stairgate.core.decide import Decision
from stairgate.hub import audit, categories, limits, use_words, wording
from stairgate.hub.cards import ChildCard
from stairgate.hub.context import parts
from stairgate.hub.family import Person
from stairgate.hub.history import Event
from stairgate.hub.language import _
from stairgate.hub.local_time import local
from stairgate.hub.use_today import UsedDay
from stairgate.hub.wording import minutes_text

_SVG_WIDTH, _SVG_HEIGHT = 280, 64
_HOUR = 60
# Events of a child that Undo takes back.
_ACTS = ("child.", "schedule.")


class Mine(NamedTuple):
    """What a child reads about its own time on the device in its hands. given: minutes given back today, in words.

    is_shortest: of several children, the one with the least left is shown. say: what is read out when it changes.
    """

    left: use_words.TimeLeft
    given: str
    is_shortest: bool
    say: str


class WeekRow(NamedTuple):
    """One day of the table: `Mon 3 Aug`, minutes in words, and `Games 30 min` for each pastime that had some."""

    day: str
    total: str
    pastimes: tuple[str, ...]


class UseWeek(NamedTuple):
    """A child's last seven family days, oldest first. path: SVG bars of the total."""

    rows: tuple[WeekRow, ...]
    path: str
    total: str
    peak: str
    is_empty: bool


def mine(ruling: Sequence[Person], now: float) -> Mine | None:
    """The time of whoever uses a device; None without limits. Of several people the one with the least left."""
    known = [(person, rows) for person in ruling if (rows := parts().use.allowances(person.id))]
    if not known:
        return None

    def least(rows: Sequence[Allowance]) -> float:
        left = [row.left for row in rows if row.category == "total" and row.left is not None]
        return min(left, default=float("inf"))

    person, rows = min(known, key=lambda pair: least(pair[1]))
    left = use_words.time_left(rows, person.zone, now)
    assert left
    given = parts().use.given(person.id)
    return Mine(left, minutes_text(given) if given else "", len(ruling) > 1, left.warning)


def told(state: wording.State, decision: Decision, ruling: Sequence[Person], now: float) -> wording.State:
    """The state of a device, which names the minutes of its people where they are what ends it."""
    for person in ruling:
        state = use_words.told(state, decision, parts().use.allowances(person.id), now)
    return state


def given_back(card: ChildCard) -> tuple[str, ...]:
    """Sentences for parents: what was given back to a child today, when and by whom."""
    if not parts().use.given(card.person.id):
        return ()
    began, now = parts().use.today_began(), parts().clock.wall()
    names = audit.everybody()
    return tuple(
        _given(event, wording.at_time(event.at, card.person.zone, now), names.get(event.by, ""))
        for event in _gifts(card.person.id, began)
    )


def _given(event: Event, when: str, who: str) -> str:
    text = _("{minutes} given back {when} by {who}.") if who else _("{minutes} given back {when} by a parent.")
    return text.format(minutes=minutes_text(event.minutes), when=when, who=who)


def _gifts(person: str, began: int) -> list[Event]:
    """What was given back to a child since then and not undone, oldest first."""
    acts: list[Event] = []
    for event in reversed(parts().keeping.history.events()):
        if event.person != person or event.at < began or not event.kind.startswith(_ACTS):
            continue
        if event.kind != "child.undo":
            acts.append(event)
        elif acts:
            acts.pop()
    return [event for event in acts if event.kind == "child.give"]


def use_week(card: ChildCard) -> UseWeek:
    """The picture and the table of a child's minutes on the last days, for the child's page."""
    days = parts().use.days(card.person.id, limits.HISTORY_DAYS_SHOWN)
    totals = [_total(day) for day in days]
    peak = max(totals)
    return UseWeek(
        rows=tuple(
            WeekRow(
                wording.date_text(local(day.begin, card.person.zone).date()),
                minutes_text(_total(day)),
                tuple(
                    _("{title} {minutes}").format(title=categories.title(name), minutes=minutes_text(minutes))
                    for name, minutes in day.minutes
                    if minutes and name != "total"
                ),
            )
            for day in days
        ),
        path=_bars(totals, max(peak, _HOUR)),
        total=minutes_text(sum(totals)),
        peak=minutes_text(max(peak, _HOUR)),
        is_empty=not sum(totals),
    )


def _total(day: UsedDay) -> int:
    return dict(day.minutes)["total"]


def _bars(values: Sequence[int], top: int) -> str:
    slot = _SVG_WIDTH / len(values)
    bars = []
    for place, value in enumerate(values):
        if value:
            height = max(1.0, value / top * (_SVG_HEIGHT - 4))
            left = place * slot + slot * 0.2
            bars.append(f"M{left:.1f} {_SVG_HEIGHT}v-{height:.1f}h{slot * 0.6:.1f}v{height:.1f}z")
    return "".join(bars)
