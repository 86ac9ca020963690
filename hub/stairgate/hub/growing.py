"""Growing up, as a calendar: which age band a birth month gives, when a looser preset is proposed, when rules end.

Pure: a birth month (YYYY-MM) and a day in, an answer out. A month counts from its first day, at midnight where the
child lives: so nobody waits for a freedom, and nobody of age has rules. What a parent answers and when rules really end
is `growing_acts`' part.
"""

from datetime import date
from typing import NamedTuple

from stairgate.hub.categories import title
from stairgate.hub.filters import ChildFilter
from stairgate.hub.language import N_, _
from stairgate.hub.presets import Preset
from stairgate.hub.said_tables import SaidTable
from stairgate.hub.time_words import in_a_row

#: The first age of each band, youngest first.
BANDS = (("0-5", 0), ("6-9", 6), ("10-12", 10), ("13-15", 13), ("16-17", 16))
ADULT_AGE = 18
_MONTHS = 12
_YOUTUBE = SaidTable({"": N_("unrestricted"), "moderate": N_("moderate"), "strict": N_("strict")})


class NotNow(NamedTuple):
    """A parent's “not now”. band: what was proposed; until: the day on which it is proposed again (YYYY-MM-DD)."""

    band: str
    until: str


def read_born(text: str, today: date) -> str | None:
    """`2013-05` for a month in which a child of today may be born, "" for none given, None for anything else."""
    text = text.strip()
    if not text:
        return ""
    year, dash, month = text[:8].partition("-")
    if not (len(year) == 4 and len(month) == 2 and (year + month).isascii() and (year + month).isdigit()):
        return None
    if not 1 <= int(month) <= _MONTHS or int(year) < 1:
        return None
    born = date(int(year), int(month), 1)
    return text if born <= today and today < adult_from(text) else None


def age_on(born: str, day: date) -> int:
    """The age in whole years, from the first day of the birth month on; below 0 before it."""
    first = _month(born)
    return day.year - first.year - (day.month < first.month)


def adult_from(born: str) -> date:
    """The day on which rules end: the first of the month of the eighteenth birthday."""
    return _birthday(born, ADULT_AGE)


def band_of(age: int) -> str:
    """The band of an age below 18."""
    return [band for band, first in BANDS if age >= first or not first][-1]


def proposed(band: str, born: str, today: date, not_now: NotNow | None = None) -> str:
    """The looser band that fits the age today, "" for none: it fits already, is looser, or a parent said not now."""
    if not born or today >= adult_from(born):
        return ""
    order = [held for held, first in BANDS]
    fits = band_of(age_on(born, today))
    if band not in order or order.index(fits) <= order.index(band):
        return ""
    return "" if not_now and not_now.band == fits and today.isoformat() < not_now.until else fits


def months_later(day: date, months: int) -> date:
    """The same day some months later, or the last of that month."""
    count = day.year * _MONTHS + day.month - 1 + months
    year, month = divmod(count, _MONTHS)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("unreachable: every month has 28 days")


def changes(held: ChildFilter | None, preset: Preset) -> tuple[str, ...]:
    """What a preset would change in a child's filter, in sentences; what gets stricter is told as well."""
    now = held or ChildFilter("")
    opens = [title(tag) for tag in now.block if tag not in preset.block]
    closes = [title(tag) for tag in preset.block if tag not in now.block]
    said = []
    if opens:
        said.append(_("No longer blocked: {titles}.").format(titles=in_a_row(opens)))
    if closes:
        said.append(_("Newly blocked: {titles}.").format(titles=in_a_row(closes)))
    if now.age != preset.age:
        text = _("Apps: up to {age} years instead of {before}.") if now.age else _("Apps: up to {age} years.")
        said.append(text.format(age=preset.age, before=now.age))
    if now.youtube != preset.youtube:
        text = _("YouTube: {mode} instead of {before}.")
        said.append(text.format(mode=_YOUTUBE[preset.youtube], before=_YOUTUBE[now.youtube]))
    if now.safesearch != preset.safesearch:
        said.append(_("Searches are made safe.") if preset.safesearch else _("Searches are no longer made safe."))
    if now.resolved_only != preset.resolved_only:
        said.append(
            _("Only what was looked up is reachable.")
            if preset.resolved_only
            else _("Addresses that nobody looked up are reachable too: calls and games work better.")
        )
    if now.apps_blocked or now.apps_open:
        said.append(_("Choices for single apps are made anew by age; names that you typed stay."))
    return tuple(said) or (_("Nothing but the age itself."),)


def _birthday(born: str, age: int) -> date:
    first = _month(born)
    return date(first.year + age, first.month, 1)


def _month(born: str) -> date:
    return date(int(born[:4]), int(born[5:7]), 1)
