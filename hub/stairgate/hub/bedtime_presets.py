"""Bedtimes and minutes a day that fit an age band: what a parent gets with one tap and may then change.

It decides the numbers only. The nights leave at least the sleep that the American Academy of Sleep Medicine recommends
for the age (10 hours up to 5, 9 from 6 to 12, 8 from 13 on); minutes are a middle way between families, no rule of
health. What a tap replaces is `schedule_acts`' part.
"""

from typing import NamedTuple

SCHOOL_NIGHTS, WEEKEND_NIGHTS = 79, 48  # Sunday to Thursday; Friday and Saturday
NO_LIMIT = -1


class BedtimePreset(NamedTuple):
    """Nights as start and end, minutes of the local day; `*_minutes`: a day in total, `NO_LIMIT` for none."""

    band: str
    school_night: tuple[int, int]
    weekend_night: tuple[int, int]
    school_minutes: int
    weekend_minutes: int

    @property
    def minutes(self) -> tuple[int, ...]:
        """Minutes of each weekday, Monday first."""
        return (self.school_minutes,) * 5 + (self.weekend_minutes,) * 2

    @property
    def has_limit(self) -> bool:
        """False when this age gets no minutes set."""
        return max(self.minutes) != NO_LIMIT


BEDTIME_PRESETS = (
    BedtimePreset("0-5", (19 * 60, 7 * 60), (19 * 60 + 30, 7 * 60), 30, 45),
    BedtimePreset("6-9", (20 * 60, 6 * 60 + 30), (20 * 60 + 30, 7 * 60 + 30), 60, 90),
    BedtimePreset("10-12", (20 * 60 + 30, 6 * 60 + 30), (21 * 60 + 30, 7 * 60 + 30), 90, 120),
    BedtimePreset("13-15", (21 * 60 + 30, 6 * 60 + 30), (22 * 60 + 30, 8 * 60), 120, 180),
    BedtimePreset("16-17", (22 * 60 + 30, 6 * 60 + 30), (23 * 60 + 30, 8 * 60), NO_LIMIT, NO_LIMIT),
)
BY_BAND = {preset.band: preset for preset in BEDTIME_PRESETS}
