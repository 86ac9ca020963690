"""The table of line kinds: which fields a line has, in which order, and what each may hold.

It decides about single fields; how lines belong together (order, references, repetition) is `policy`'s part.
A new kind of line is a new row here.
"""

from stairgate.core import limits
from stairgate.core.fields import (
    BANDS,
    FILTER_FLAGS,
    FLAGS,
    OVERRIDES,
    QUIET_ACTIONS,
    SENSOR_GATES,
    is_address,
    is_date,
    is_days,
    is_digest,
    is_id,
    is_integer,
    is_level,
    is_list_of,
    is_mac,
    is_minute,
    is_name,
    is_revision,
    is_time,
    is_word,
    is_zone_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Field = tuple[str, str, Callable[[object], bool]]  # name, what is expected, check


def _is_changes(value: object) -> bool:
    if not isinstance(value, list) or not 1 <= len(value) <= limits.ZONE_CHANGES:
        return False
    last = -1
    for change in value:
        if not isinstance(change, list) or len(change) != 2 or not is_time(change[0]) or change[0] <= last:
            return False
        if not is_integer(change[1], -limits.OFFSET_MINUTES, limits.OFFSET_MINUTES):
            return False
        last = change[0]
    return True


def _is_week_window(value: object) -> bool:
    return isinstance(value, list) and len(value) == 4 and is_days(value[0]) and is_date_window(value[1:])


def is_date_window(value: object) -> bool:
    """`[start, end, level]`: minutes of the local day."""
    return (
        isinstance(value, list)
        and len(value) == 3
        and is_minute(value[0])
        and is_minute(value[1])
        and is_level(value[2])
    )


def _is_minutes(value: object) -> bool:
    return isinstance(value, list) and len(value) == 7 and all(is_integer(item, -1, 1440) for item in value)


def _is_opening(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and value[0] in SENSOR_GATES and is_time(value[1])


def _is_quiet_window(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and is_days(value[0])
        and is_minute(value[1])
        and is_minute(value[2])
    )


ID = "an id such as p4x1 (a letter and 1 to 31 letters or digits, lower case)"
WORD = "a word of 1 to 32 lower-case letters, digits, _ or -, beginning with a letter"
TIME = "whole seconds since 1970 UTC"
MINUTE = "a minute of the day, 0 to 1439"
LEVEL = "open, limited or closed"
MACS = "a list of different MAC addresses such as 02:00:5e:10:00:01, in lower case"
TAGS = "one or more different words, each a category or an app of the pack"
DATE = "a date such as 2026-03-29"

SCHEMA: "dict[str, tuple[Field, ...]]" = {
    "policy": (
        ("home", ID, is_id),
        ("agent", ID, is_id),
        ("revision", "a whole number from 1", is_revision),
        ("issued", TIME, is_time),
    ),
    "zone": (
        ("id", ID, is_id),
        ("name", "a time zone's name such as Europe/Berlin", is_zone_name),
        ("changes", "1 to 28 pairs [UTC seconds, offset in minutes], ascending", _is_changes),
    ),
    "hub": (
        ("macs", MACS, lambda value: is_list_of(value, is_mac)),
        ("addresses", "a list of different IP addresses", lambda value: is_list_of(value, is_address)),
        ("port", "a port, 1 to 65535", lambda value: is_integer(value, 1, 65535)),
    ),
    "person": (
        ("id", ID, is_id),
        ("band", "one of " + ", ".join(BANDS), lambda value: isinstance(value, str) and value in BANDS),
        ("zone", ID, is_id),
        ("default_level", LEVEL, is_level),
    ),
    "device": (
        ("id", ID, is_id),
        ("macs", MACS, lambda value: is_list_of(value, is_mac)),
        ("persons", "a list of different ids of persons", lambda value: is_list_of(value, is_id)),
        ("kind", WORD, is_word),
        (
            "flags",
            "a list of different flags out of " + ", ".join(FLAGS),
            lambda value: is_list_of(value, lambda flag: isinstance(flag, str) and flag in FLAGS),
        ),
    ),
    "week": (
        ("person", ID, is_id),
        (
            "windows",
            "one or more different [days 1 to 127, start minute, end minute, level]",
            lambda value: is_list_of(value, _is_week_window, 1),
        ),
    ),
    "date": (
        ("person", ID, is_id),
        ("first", DATE, is_date),
        ("last", DATE, is_date),
        (
            "windows",
            "a list of different [start minute, end minute, level]",
            lambda value: is_list_of(value, is_date_window),
        ),
    ),
    "travel": (
        ("person", ID, is_id),
        ("first", DATE, is_date),
        ("last", DATE, is_date),
        ("zone", ID, is_id),
    ),
    "budget": (
        ("person", ID, is_id),
        ("category", WORD, is_word),
        ("minutes", "seven numbers of minutes, Monday first, -1 to 1440 (-1: no limit)", _is_minutes),
        ("day_start", MINUTE, is_minute),
    ),
    "override": (
        ("id", ID, is_id),
        ("target", ID, is_id),
        ("kind", "pause, open, bonus or give", lambda value: isinstance(value, str) and value in OVERRIDES),
        ("from", TIME, is_time),
        ("until", TIME, is_time),
        (
            "minutes",
            "minutes, 0 to 1440",
            lambda value: is_integer(value, 0, limits.BONUS_MINUTES_MAX),
        ),
        ("reason", WORD + ", or nothing", lambda value: value == "" or is_word(value)),
    ),
    "pack": (
        ("category", WORD, is_word),
        ("version", WORD, is_word),
        ("sha256", "64 lower-case hex digits", is_digest),
        ("bytes", "a number of bytes", lambda value: is_integer(value, 1, limits.COUNTER_MAX)),
    ),
    "everyone": (("tags", TAGS, lambda value: is_list_of(value, is_word, 1)),),
    "filter": (
        ("person", ID, is_id),
        (
            "flags",
            "a list of different flags out of " + ", ".join(FILTER_FLAGS),
            lambda value: is_list_of(value, lambda flag: isinstance(flag, str) and flag in FILTER_FLAGS),
        ),
    ),
    "block": (("person", ID, is_id), ("tags", TAGS, lambda value: is_list_of(value, is_word, 1))),
}
SCHEMA["gate"] = (
    ("device", ID, is_id),
    (
        "openings",
        "one or more different [gate, UTC seconds], each gate one of " + ", ".join(SENSOR_GATES),
        lambda value: is_list_of(value, _is_opening, 1),
    ),
)
SCHEMA["consent"] = (
    ("device", ID, is_id),
    ("rows", "one or more different ids of data rows", lambda value: is_list_of(value, is_id, 1)),
)
SCHEMA["quiet"] = (
    ("device", ID, is_id),
    (
        "windows",
        "one or more different [days 1 to 127, start minute, end minute]",
        lambda value: is_list_of(value, _is_quiet_window, 1),
    ),
    (
        "action",
        "one of " + ", ".join(QUIET_ACTIONS),
        lambda value: isinstance(value, str) and value in QUIET_ACTIONS,
    ),
)
NAMES = "one or more different DNS names in lower case"
SCHEMA["reach"] = (
    ("device", ID, is_id),
    ("names", NAMES, lambda value: is_list_of(value, is_name, 1)),
)
for _kind in ("deny", "allow", "only"):
    SCHEMA[_kind] = (
        ("person", ID, is_id),
        ("names", NAMES, lambda value: is_list_of(value, is_name, 1)),
    )
KINDS = (
    "policy",
    "zone",
    "hub",
    "person",
    "device",
    "week",
    "date",
    "travel",
    "budget",
    "override",
    "pack",
    "everyone",
    "filter",
    "block",
    "deny",
    "allow",
    "only",
    "gate",
    "consent",
    "reach",
    "quiet",
)
