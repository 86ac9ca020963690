"""The clock on the wall of a time zone: offsets by bisection, days, weekdays, and back from local time to
UTC.

It decides which local minute a second of UTC is and leaves what that minute means to `week` and `decide`. A
policy carries the offset changes of ten years, so no device needs the tz database. Days are counted from
1970-01-01; local seconds are UTC seconds plus the offset.
"""

from stairgate.core.limits import OFFSET_MINUTES
from stairgate.core.records import Zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.records import Policy

    Span = tuple[int, int, Zone]

DAY_SECONDS = 86400


def _index(zone: "Zone", utc: int) -> int:
    """The change in force at a second; the first one also rules what was before it."""
    changes = zone.changes
    low, high = 0, len(changes) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if changes[middle][0] <= utc:
            low = middle
        else:
            high = middle - 1
    return low


def offset_seconds(zone: "Zone", utc: int) -> int:
    """What the zone adds to UTC at that second."""
    return zone.changes[_index(zone, utc)][1] * 60


def local_seconds(zone: "Zone", utc: int) -> int:
    """The wall clock as seconds since 1970-01-01 00:00 local time."""
    return utc + offset_seconds(zone, utc)


def next_change(zone: "Zone", utc: int) -> "int | None":
    """The next second at which the offset changes, or None after the table's end."""
    changes = zone.changes
    index = _index(zone, utc)
    return changes[index + 1][0] if index + 1 < len(changes) else None


def utc_of_local(zone: "Zone", local: int) -> int:
    """The second of UTC at which the wall clock first shows `local`; for a time in a gap the jump over it."""
    changes = zone.changes
    index = _index(zone, local - OFFSET_MINUTES * 60)
    while index + 1 < len(changes):
        utc = local - changes[index][1] * 60
        jump = changes[index + 1][0]
        if utc < jump:
            return utc
        if local < jump + changes[index + 1][1] * 60:
            return jump
        index += 1
    return local - changes[index][1] * 60


def weekday(day: int) -> int:
    """Monday 0 … Sunday 6. Day 0, 1970-01-01, was a Thursday."""
    return (day + 3) % 7


def day_number(date: str) -> int:
    """The day of a valid `YYYY-MM-DD`, counted from 1970-01-01 (Hinnant, days_from_civil)."""
    year, month, day = int(date[:4]), int(date[5:7]), int(date[8:])
    if month <= 2:
        year -= 1
        month += 12
    era_days = 365 * year + year // 4 - year // 100 + year // 400
    return era_days + (153 * (month - 3) + 2) // 5 + day - 719469


def family_day(zone: "Zone", utc: int, day_start: int) -> "tuple[int, int, int]":
    """The family's day that holds a second: (day, begin, end), begin and end in UTC seconds, end excluded.

    It begins when the wall clock first shows minute `day_start`, so each second belongs to exactly one day,
    also when an hour is doubled. Used minutes of budgets are counted over this range.
    """
    day = (local_seconds(zone, utc) - day_start * 60) // DAY_SECONDS
    begin = utc_of_local(zone, day * DAY_SECONDS + day_start * 60)
    end = utc_of_local(zone, (day + 1) * DAY_SECONDS + day_start * 60)
    while utc >= end:
        # The wall clock was set back over the beginning of the day; over two of them by a travel across the date line.
        day, begin, end = day + 1, end, utc_of_local(zone, (day + 2) * DAY_SECONDS + day_start * 60)
    return day, begin, end


def _places(policy: "Policy", person_id: str) -> "tuple[Zone, list[Span]]":
    """The person's own zone, and begin, end and zone of each travel, by their beginnings."""
    zones = {zone.id: zone for zone in policy.zones}
    home = zones[[person.zone for person in policy.persons if person.id == person_id][0]]
    spans = []
    for travel in policy.travels:
        if travel.person == person_id:
            there = zones[travel.zone]
            begin = utc_of_local(there, day_number(travel.first) * DAY_SECONDS)
            spans.append((begin, utc_of_local(there, (day_number(travel.last) + 1) * DAY_SECONDS), there))
    spans.sort(key=lambda span: span[0])
    return home, spans


def _place_at(home: Zone, spans: "list[Span]", utc: int) -> Zone:
    here = home
    for begin, end, there in spans:
        if begin <= utc < end:
            here = there
    return here


def zone_at(policy: "Policy", person_id: str, utc: int) -> Zone:
    """The zone whose clock counts for a person of a valid policy at a second: the own one, or that of a travel."""
    home, spans = _places(policy, person_id)
    return _place_at(home, spans, utc)


def clock_of(policy: "Policy", person_id: str) -> "Zone":
    """The clock on the wall for a person of a valid policy, travels spliced in.

    Another zone's clock counts from the second at which it first shows the first day to that at which it first
    shows the day after the last; of several travels the one that began last.
    """
    home, spans = _places(policy, person_id)
    if not spans:
        return home
    seconds = {home.changes[0][0]}
    for begin, end, _ in spans:
        seconds.update((begin, end))
    for zone in [home] + [span[2] for span in spans]:
        seconds.update([utc for utc, _ in zone.changes])
    changes: "list[tuple[int, int]]" = []
    for utc in sorted(seconds):
        minutes = offset_seconds(_place_at(home, spans, utc), utc) // 60
        if not changes or changes[-1][1] != minutes:
            changes.append((utc, minutes))
    return Zone(home.id, home.name, tuple(changes))
