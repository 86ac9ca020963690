"""Times, days, lengths and amounts in words, and lists of them: `tomorrow 07:00`, `Mon 3 Aug`, `1 h 30 min`, `3.4 MB`.

It decides how exact people want to know each, and the order of a date's parts in a language. Which moment is which
minute of the family's clock is `local_time`'s part.
"""

from collections.abc import Sequence
from datetime import date

from stairgate.hub.language import N_, _, ngettext, pgettext
from stairgate.hub.local_time import local
from stairgate.hub.said_tables import SaidRow

DAY_NAMES = SaidRow(N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
#: Of January and so on; short ones in English.
MONTH_NAMES = SaidRow(
    N_("Jan"),
    N_("Feb"),
    N_("Mar"),
    N_("Apr"),
    N_("May"),
    N_("Jun"),
    N_("Jul"),
    N_("Aug"),
    N_("Sep"),
    N_("Oct"),
    N_("Nov"),
    N_("Dec"),
)


def clock_time(moment: float, zone: str, now: float) -> str:
    """`20:30` today, `tomorrow 07:00`, `Mon 07:00` within a week, else `Mon 3 Aug, 07:00`."""
    then, today = local(moment, zone), local(now, zone)
    days = (then.date() - today.date()).days
    time = f"{then:%H:%M}"
    if days == 0:
        return time
    if days == 1:
        return _("tomorrow {time}").format(time=time)
    if days == -1:
        return _("yesterday {time}").format(time=time)
    if 0 < days < 7:
        return day_and_time(then.date(), time)
    return date_and_time(then.date(), time)


def at_time(moment: float, zone: str, now: float) -> str:
    """`at 20:30` today, `tomorrow at 07:00`, `on Mon at 07:00` within a week, else `on Mon 3 Aug at 07:00`.

    To be said within a sentence.
    """
    then, days = local(moment, zone), (local(moment, zone).date() - local(now, zone).date()).days
    said = {0: N_("at {time}"), 1: N_("tomorrow at {time}"), -1: N_("yesterday at {time}")}
    if days in said:
        return _(said[days]).format(time=f"{then:%H:%M}")
    day = DAY_NAMES[then.weekday()] if 0 < days < 7 else date_text(then.date())
    return _("on {day} at {time}").format(day=day, time=f"{then:%H:%M}")


def day_and_time(day: date, time: str) -> str:
    """`Mon 07:00`."""
    return _("{weekday} {time}").format(weekday=DAY_NAMES[day.weekday()], time=time)


def date_and_time(day: date, time: str) -> str:
    """`Mon 3 Aug, 07:00`."""
    return _("{date}, {time}").format(date=date_text(day), time=time)


def date_text(day: date) -> str:
    """`Mon 3 Aug`."""
    weekday, month = DAY_NAMES[day.weekday()], MONTH_NAMES[day.month - 1]
    return _("{weekday} {day} {month}").format(weekday=weekday, day=day.day, month=month)


def full_date_text(day: date) -> str:
    """`Mon 3 Aug 2026`."""
    return _("{date} {year}").format(date=date_text(day), year=day.year)


def minute_time(minute: int) -> str:
    """`20:30` for 1230."""
    return f"{minute // 60:02}:{minute % 60:02}"


def minutes_text(minutes: int) -> str:
    """`45 min`, `1 h`, `1 h 30 min`, `no limit` for less than none."""
    if minutes < 0:
        return _("no limit")
    whole, rest = divmod(minutes, 60)
    if not whole:
        return _("{minutes} min").format(minutes=rest)
    return (_("{hours} h {minutes} min") if rest else _("{hours} h")).format(hours=whole, minutes=rest)


def length(seconds: float) -> str:
    """`1 minute`, `5 minutes`, `3 hours`, `2 days`: roughly, and never nothing."""
    minutes = max(1, round(seconds / 60))
    if minutes >= 48 * 60:
        days = round(minutes / 1440)
        return ngettext("{count} day", "{count} days", days).format(count=days)
    if minutes >= 120:
        hours = round(minutes / 60)
        return ngettext("{count} hour", "{count} hours", hours).format(count=hours)
    return ngettext("{count} minute", "{count} minutes", minutes).format(count=minutes)


def ago(seconds: float) -> str:
    """`just now`, `a minute ago`, `5 minutes ago`."""
    minutes = int(abs(seconds) // 60)
    if minutes < 1:
        return _("just now")
    return ngettext("a minute ago", "{count} minutes ago", minutes).format(count=minutes)


def bytes_text(count: float) -> str:
    """`0 B`, `940 B`, `12 kB`, `3.4 MB`; powers of ten, as data plans count."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            digits = 1 if unit in ("MB", "GB") and count < 99.95 else 0
            # translators: what stands between 3 and 4 in 3.4
            return f"{count:.{digits}f} {unit}".replace(".", pgettext("decimal", "."))
        count /= 1000
    raise AssertionError("unreachable")


def rate_text(count: float) -> str:
    """`12 kB/s`: bytes in a second."""
    return _("{amount}/s").format(amount=bytes_text(count))


def in_a_row(parts: Sequence[str]) -> str:
    """`a, b, c`: what does not end."""
    text = parts[0] if parts else ""
    for part in parts[1:]:
        text = _("{first}, {second}").format(first=text, second=part)
    return text


def and_text(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return in_a_row(parts)
    return _("{first} and {last}").format(first=in_a_row(parts[:-1]), last=parts[-1])
