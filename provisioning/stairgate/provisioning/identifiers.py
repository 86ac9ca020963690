"""Random identifiers, valid as DNS labels, MQTT topic levels and broker user names alike.

It decides how they are made: a letter that says what they name and 15 random characters. They say nothing
about a family and cannot be guessed; what they stand for is known only to the home's own files. What an id
may be at all is `stairgate.core.fields`'s part.
"""

import secrets

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_RANDOM_CHARACTERS = 15  # 75 bits

HOME, HUB, BROKER, ROUTER_AGENT = "h", "b", "q", "r"


def new_identifier(prefix: str) -> str:
    """A new identifier that begins with `prefix`, one of this module's letters."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
