"""The trust document: which keys may sign what a device obeys, and how one key hands over to the next.

It decides whether a document may replace the keys that a device holds: the keys it believes already may name the
next ones, one revision at a time; the home's root key, which lies in a drawer, may name any at any later revision.
Keeping the keys, and what they sign, is left to others.
"""

from binascii import hexlify, unhexlify
from collections import namedtuple

from stairgate.core import envelope, limits
from stairgate.core.fields import HEX, is_id, is_made_of, is_revision, is_time
from stairgate.core.p256 import read_point
from stairgate.core.refused import Refused
from stairgate.core.sections import Section, read_sections, write_sections

TYPE_CHECKING = False

CURRENT, NEXT = "current", "next"
KIND = "trust"

if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    class TrustedKey(NamedTuple):
        """`point`: 65 bytes, uncompressed. `state`: CURRENT signs now, NEXT is announced and believed as well."""

        key_id: str
        point: bytes
        state: str

    class Trust(NamedTuple):
        """The keys of a home, `issued` at that UTC second; a higher revision replaces a lower one."""

        home: str
        revision: int
        issued: int
        keys: "tuple[TrustedKey, ...]"

else:
    TrustedKey = namedtuple("TrustedKey", "key_id point state")
    Trust = namedtuple("Trust", "home revision issued keys")


def is_point(value: object) -> bool:
    """The hex of an uncompressed point on the curve."""
    return is_made_of(value, HEX, 130, 130) and read_point(unhexlify(value)) is not None  # type: ignore[arg-type]


def is_state(value: object) -> bool:
    """CURRENT or NEXT."""
    return isinstance(value, str) and value in (CURRENT, NEXT)


KEY_CHECKS = (lambda value: is_made_of(value, HEX, 16, 16), is_point, is_state)
SECTIONS = (
    Section("trust", 1, 1, (is_id, is_revision, is_time)),
    Section("key", 1, limits.TRUSTED_KEYS, KEY_CHECKS),
)


def key_lines(keys: "tuple[TrustedKey, ...]") -> "list[list[object]]":
    """One line for each key."""
    return [["key", key.key_id, str(hexlify(key.point), "ascii"), key.state] for key in keys]


def read_keys(lines: "list[list[object]]") -> "tuple[TrustedKey, ...]":
    """The keys of checked lines. Raises Refused `bad_message` unless each is named by its id and one is current."""
    keys = tuple([TrustedKey(str(line[0]), unhexlify(str(line[1])), str(line[2])) for line in lines])
    for key in keys:
        if envelope.key_id(key.point) != key.key_id:
            raise Refused("bad_message", f"expected the id of its point, got {key.key_id}")
    if len({key.key_id for key in keys}) != len(keys):
        raise Refused("bad_message", "expected each key once")
    if [key.state for key in keys].count(CURRENT) != 1:
        raise Refused("bad_message", "expected one current key")
    return keys


def write_trust(trust: "Trust") -> bytes:
    """The body of a trust document, to be signed. Raises Refused `bad_message`."""
    head: "list[object]" = ["trust", trust.home, trust.revision, trust.issued]
    body = write_sections([head] + key_lines(trust.keys), SECTIONS)
    read_trust(body)
    return body


def read_trust(body: bytes) -> "Trust":
    """The content of a trust document whose signature was verified. Raises Refused `bad_message`."""
    (head,), lines = read_sections(body, SECTIONS)
    return Trust(head[0], head[1], head[2], read_keys(lines))  # type: ignore[arg-type]


def accept_trust(data: bytes, home: str, held: int, keys: "dict[str, bytes]", root: bytes) -> "Trust":
    """The trust document that replaces the one held. Raises Refused; then what is held stays.

    held: revision of the trust held, 0 for none. keys: id to point of the keys it names. root: the home's root point.
    Reasons: those of `envelope.open_signed`, `bad_message`, `wrong_home`, `old_revision`, and `skipped_revision` when
    documents between are missing and it is not the root key that signed.
    """
    root_id = envelope.key_id(root)
    believed = dict(keys)
    believed[root_id] = root
    trust = read_trust(envelope.open_signed(data, KIND, believed, limits.TRUST_BYTES))
    if trust.home != home:
        raise Refused("wrong_home", f"expected {home}, got {trust.home}")
    if trust.revision <= held:
        raise Refused("old_revision", f"expected a revision above {held}, got {trust.revision}")
    if trust.revision != held + 1 and envelope.signer(data) != root_id:
        raise Refused("skipped_revision", f"expected {held + 1}, got {trust.revision}")
    return trust
