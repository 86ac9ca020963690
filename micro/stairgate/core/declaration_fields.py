"""The table of a declaration's lines: which fields each kind has, in which order, and what each may hold.

It decides about single fields; how lines belong together is `declaration_reader`'s part, what a maker must say at all
is `declaration_rules`'. The columns are those that EN 303 645's test standard asks for (TS 103 701, IXIT 21, 22) and
those of children's privacy rules; data types and purposes are closed lists, so that a label can be worded and
translated, and nobody declares advertising.
"""

from stairgate.core import limits
from stairgate.core.fields import (
    DIGITS,
    FUNCTION_GATES,
    LOWER,
    SENSOR_GATES,
    is_date,
    is_host,
    is_id,
    is_integer,
    is_label,
    is_list_of,
    is_made_of,
    is_revision,
    is_time,
    is_visible,
    is_word,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.schema import Field

GATES = SENSOR_GATES + FUNCTION_GATES
GESTURES = ("erase", "open", "pair")
INDICATORS = ("light", "sound", "none")
TRANSPORTS = ("tls", "dtls")
DATA_TYPES = (
    "audio",
    "contacts",
    "face",
    "health",
    "identifier",
    "image",
    "location",
    "motion",
    "name",
    "purchases",
    "settings",
    "transcript",
    "usage",
    "video",
    "voice",
    "other",
)
COLLECTED = ("always", "press", "wake")
PURPOSES = ("answer", "play", "progress", "parent", "safety", "support", "update", "improve")
BASES = ("needed", "consent")
STORED = ("nowhere", "toy", "home", "cloud")
FLAGS = ("aggregated", "anonymised", "biometric", "child_voice", "derived", "sensitive", "third_party")
COLUMNS = ("description", "aggregation", "parties", "lifecycle", "processing", "anonymisation")
RUNS_ON = ("toy", "home", "cloud")
STATES = ("shown", "not_met", "not_applicable")
AUDIENCES = ("parent", "child", "reader")


def _one_of(words: "tuple[str, ...]") -> "Field":
    return ("", "one of " + ", ".join(words), lambda value: isinstance(value, str) and value in words)


def is_sentence(value: object) -> bool:
    """1 to 200 visible characters."""
    return is_visible(value, limits.SENTENCE_CHARACTERS)


def is_contact(value: object) -> bool:
    """A `https:` or `mailto:` address of visible ASCII characters."""
    if not isinstance(value, str) or len(value) > limits.CONTACT_CHARACTERS:
        return False
    rest = value[8:] if value.startswith("https://") else value[7:] if value.startswith("mailto:") else ""
    return len(rest) >= 4 and "." in rest and all("!" <= letter <= "~" for letter in value)


def _is_country(value: object) -> bool:
    return is_made_of(value, LOWER, 2, 2)


def _is_language(value: object) -> bool:
    if not isinstance(value, str):
        return False
    return is_made_of(value[:2], LOWER, 2, 2) and (
        len(value) == 2 or (value[2:3] == "-" and is_made_of(value[3:], LOWER, 2, 4))
    )


def _is_provision(value: object) -> bool:
    return is_made_of(value, DIGITS + ".-AB", 3, 8)


def _field(name: str, field: "Field") -> "Field":
    return (name, field[1], field[2])


ID = ("", "an id such as voice1 (a letter and 1 to 31 letters or digits, lower case)", is_id)
ID_OR_NONE = ("", ID[1] + ", or nothing", lambda value: value == "" or is_id(value))
LABEL = ("", "1 to 40 visible characters", is_label)
SENTENCE = ("", "1 to 200 visible characters", is_sentence)
CONTACT = ("", "an address that begins with https:// or mailto:, of at most 120 characters", is_contact)

SCHEMA: "dict[str, tuple[Field, ...]]" = {
    "declaration": (
        _field("id", ID),
        ("version", "a whole number from 1", is_revision),
        ("issued", "whole seconds since 1970 UTC", is_time),
    ),
    "toy": (
        _field("model", LABEL),
        _field("hardware", LABEL),
        _field("firmware", LABEL),
        _field("maker", LABEL),
        ("support_end", "a date such as 2031-12-31", is_date),
        _field("vulnerability_contact", CONTACT),
        _field("privacy_contact", CONTACT),
    ),
    "gesture": (
        _field("use", _one_of(GESTURES)),
        ("code", "a word of 1 to 32 lower-case letters, digits, _ or -, beginning with a letter", is_word),
        ("hold", "2 to 30 seconds", lambda value: is_integer(value, *limits.GESTURE_HOLD_SECONDS)),
        (
            "session",
            "60 to 3600 seconds, or 0",
            lambda value: value == 0 and is_integer(value, 0, 0) or is_integer(value, *limits.SESSION_SECONDS),
        ),
    ),
    "gate": (_field("name", _one_of(GATES)),),
    "sensor": (_field("name", ID), _field("gate", _one_of(GATES)), _field("indicator", _one_of(INDICATORS))),
    "destination": (
        (
            "host",
            f"a DNS name or an address, in lower case, of at most {limits.DESTINATION_CHARACTERS} characters",
            lambda value: is_host(value) and len(str(value)) <= limits.DESTINATION_CHARACTERS,
        ),
        ("port", "a port, 1 to 65535", lambda value: is_integer(value, 1, 65535)),
        _field("transport", _one_of(TRANSPORTS)),
        _field("controller", LABEL),
        ("country", "a country's two letters, in lower case", _is_country),
    ),
    "row": (
        _field("id", ID),
        _field("sensor", ID_OR_NONE),
        _field("gate", _one_of(GATES)),
        _field("data_type", _one_of(DATA_TYPES)),
        _field("collected", _one_of(COLLECTED)),
        _field("purpose", _one_of(PURPOSES)),
        _field("basis", _one_of(BASES)),
        _field("stored", _one_of(STORED)),
        ("destination", "the host of a destination, or nothing", lambda value: value == "" or is_host(value)),
        (
            "retention_days",
            f"0 to {limits.RETENTION_DAYS_MAX} days; 0: gone when the answer was given",
            lambda value: is_integer(value, 0, limits.RETENTION_DAYS_MAX),
        ),
        (
            "flags",
            "a list of different flags out of " + ", ".join(FLAGS),
            lambda value: is_list_of(value, lambda flag: isinstance(flag, str) and flag in FLAGS),
        ),
    ),
    "ixit": (_field("row", ID), _field("column", _one_of(COLUMNS)), _field("text", SENTENCE)),
    "ai": (
        _field("row", ID),
        _field("model", LABEL),
        _field("runs_on", _one_of(RUNS_ON)),
        _field("purpose", SENTENCE),
        _field("recipient", LABEL),
        _field("recourse", SENTENCE),
    ),
    "provision": (
        ("number", "a provision of EN 303 645 such as 5.4-1", _is_provision),
        _field("state", _one_of(STATES)),
        _field("evidence", SENTENCE),
    ),
    "words": (
        _field("about", ID),
        _field("audience", _one_of(AUDIENCES)),
        ("language", "a language such as en or pt-br", _is_language),
        _field("text", SENTENCE),
    ),
}
KINDS = (
    "declaration",
    "toy",
    "gesture",
    "gate",
    "sensor",
    "destination",
    "row",
    "ixit",
    "ai",
    "provision",
    "words",
)
SORT_FIELDS = {"ixit": 2, "words": 3}
