"""What a single value on the wire may look like: ids, addresses, times, levels.

Each check answers for one value and never raises. Which value must stand where is `schema`'s part. Written by
hand because MicroPython's `re` knows no counted repetition and its `bool` is no `int`. What a toy needs of it is in
`words`, and named here as well.
"""

from stairgate.core import limits
from stairgate.core.words import DIGITS as DIGITS
from stairgate.core.words import FUNCTION_GATES as FUNCTION_GATES
from stairgate.core.words import HEX as HEX
from stairgate.core.words import IN_ID as IN_ID
from stairgate.core.words import LEVELS as LEVELS
from stairgate.core.words import LOWER as LOWER
from stairgate.core.words import SENSOR_GATES as SENSOR_GATES
from stairgate.core.words import is_id as is_id
from stairgate.core.words import is_integer as is_integer
from stairgate.core.words import is_made_of as is_made_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable  # noqa: F401

IN_WORD = IN_ID + "_-"
IN_MAC = HEX + ":"
BANDS = ("0-5", "6-9", "10-12", "13-15", "16-17", "adult")
FLAGS = ("exempt", "assistive", "resolved_only", "isolated")
FILTER_FLAGS = ("safesearch", "youtube_moderate", "youtube_strict", "page")
OVERRIDES = ("pause", "open", "bonus", "give")
QUIET_ACTIONS = ("tell", "close")

# Unicode's controls, and what turns or hides text: a label must not look like another one. MicroPython has no tables.
INVISIBLE = (
    (0, 0x1F),
    (0x7F, 0xA0),
    (0xAD, 0xAD),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x1680, 0x1680),
    (0x180B, 0x180F),
    (0x2000, 0x200F),
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xD800, 0xF8FF),
    (0xFE00, 0xFE0E),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0xE0000, 0x10FFFF),
)


def is_word(value: object) -> bool:
    """`[a-z][a-z0-9_-]{0,31}`: categories, kinds, machine reasons."""
    return is_made_of(value, IN_WORD, 1, limits.WORD_CHARACTERS) and value[0] in LOWER  # type: ignore[index]


def is_time(value: object) -> bool:
    """Whole seconds since 1970 UTC."""
    return is_integer(value, 0, limits.TIME_MAX)


def is_minute(value: object) -> bool:
    """A minute of the local day, 0 (midnight) to 1439."""
    return is_integer(value, 0, 1439)


def is_days(value: object) -> bool:
    """A mask of weekdays, Monday 1 to Sunday 64, at least one."""
    return is_integer(value, 1, 127)


def is_revision(value: object) -> bool:
    """A policy's number, from 1."""
    return is_integer(value, 1, limits.REVISION_MAX)


def is_level(value: object) -> bool:
    """One of `LEVELS`."""
    return isinstance(value, str) and value in LEVELS


def is_digest(value: object) -> bool:
    """A SHA-256 digest in lower-case hex."""
    return is_made_of(value, HEX, 64, 64)


def is_mac(value: object) -> bool:
    """`aa:bb:cc:dd:ee:ff` in lower case."""
    return (
        isinstance(value, str)
        and len(value) == 17
        and value[2] == value[5] == value[8] == value[11] == value[14] == ":"
        and value.count(":") == 5
        and not value.strip(IN_MAC)
    )


def is_ipv4(value: object) -> bool:
    """Four decimal numbers without leading zeros."""
    if not is_made_of(value, DIGITS + ".", 7, 15):
        return False
    parts = value.split(".")  # type: ignore[attr-defined]
    return len(parts) == 4 and all(part and str(int(part)) == part and int(part) < 256 for part in parts)


def is_ipv6(value: object) -> bool:
    """Groups of up to four lower-case hex digits, with at most one `::` (RFC 4291, 2.2; no embedded IPv4)."""
    if not is_made_of(value, IN_MAC, 2, 39):
        return False
    halves = value.split("::")  # type: ignore[attr-defined]
    if len(halves) > 2:
        return False
    groups: "list[str]" = []
    for half in halves:
        groups += half.split(":") if half else []
    complete = len(groups) == 8 if len(halves) == 1 else len(groups) < 8
    return complete and all(0 < len(group) < 5 for group in groups)


def is_address(value: object) -> bool:
    """An IPv4 or IPv6 address in its usual text form."""
    return is_ipv4(value) or is_ipv6(value)


def is_host(value: object) -> bool:
    """An address, or a DNS name in lower case whose last label is no number."""
    if is_address(value):
        return True
    if not is_made_of(value, IN_ID + "-.", 1, limits.HOST_CHARACTERS):
        return False
    labels = str(value).split(".")
    if not labels[-1].strip(DIGITS):
        return False
    return all(0 < len(label) < 64 and label[0] != "-" and label[-1] != "-" for label in labels)


def is_name(value: object) -> bool:
    """A DNS name as filters write it: A-labels in lower case, `_` allowed (RFC 8552), no dot at the end."""
    if not is_made_of(value, IN_ID + "-_.", 1, limits.HOST_CHARACTERS):
        return False
    return all(0 < len(label) < 64 for label in str(value).split("."))


def is_label(value: object) -> bool:
    """What a person may read as a name: 1 to 40 characters, none of them a control or an invisible one."""
    return is_visible(value, limits.LABEL_CHARACTERS)


def is_visible(value: object, longest: int) -> bool:
    """A text of at least one character, none of them a control or an invisible one, without spaces at its ends."""
    if not isinstance(value, str) or not 1 <= len(value) <= longest or value.strip(" ") != value:
        return False
    for character in value:
        code = ord(character)
        for first, last in INVISIBLE:
            if first <= code <= last:
                return False
    return True


def is_zone_name(value: object) -> bool:
    """A name of the tz database, e.g. `Europe/Berlin`; only shown, never looked up by a device."""
    return is_made_of(value, LOWER + LOWER.upper() + DIGITS + "/_+-", 1, limits.ZONE_NAME_CHARACTERS)


def is_date(value: object) -> bool:
    """`YYYY-MM-DD`, a day of the Gregorian calendar."""
    if not is_made_of(value, DIGITS + "-", 10, 10):
        return False
    text = str(value)
    if text[4] != "-" or text[7] != "-" or "-" in text[:4] + text[5:7] + text[8:]:
        return False
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:])
    if year < 1970 or not 1 <= month <= 12:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = 31 if month in (1, 3, 5, 7, 8, 10, 12) else 30 if month != 2 else 29 if leap else 28
    return 1 <= day <= longest


def is_list_of(value: object, check: "Callable[[object], bool]", shortest: int = 0) -> bool:
    """True for an array of at least `shortest` values that all pass the check and are all different."""
    if not isinstance(value, (list, tuple)) or len(value) < shortest:
        return False
    for item in value:
        if not check(item):
            return False
    return len(value) < 2 or all(value[index] not in value[:index] for index in range(1, len(value)))
