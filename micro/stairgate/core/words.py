"""The few words and checks of the formats that a toy carries: levels, gates, letters, ids.

They decide what may be an id and which levels there are; everything else that a value may look like is `fields`' part.
"""

from stairgate.core import limits

LOWER = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
HEX = "0123456789abcdef"
IN_ID = LOWER + DIGITS
LEVELS = ("open", "limited", "closed")  # from the mildest to the strictest
SENSOR_GATES = ("microphone", "camera", "location", "radio", "contacts", "purchases")  # closed until opened
FUNCTION_GATES = ("play", "speaker")  # follow the device's level


def is_made_of(value: object, characters: str, shortest: int, longest: int) -> bool:
    """True for a string of only these characters, of a length within the bounds (both included)."""
    return isinstance(value, str) and shortest <= len(value) <= longest and not value.strip(characters)


def is_integer(value: object, lowest: int, highest: int) -> bool:
    """True for a whole number within the bounds (both included); never for a boolean."""
    return type(value) is int and lowest <= value <= highest


def is_id(value: object) -> bool:
    """`[a-z][a-z0-9]{1,31}`: valid as a DNS label and as an MQTT topic level."""
    # Without `is_made_of`, as `fields.is_mac`: these two are most of the checks of a policy with many devices.
    return (
        isinstance(value, str)
        and 2 <= len(value) <= limits.ID_CHARACTERS
        and not value.strip(IN_ID)
        and value[0] in LOWER
    )
