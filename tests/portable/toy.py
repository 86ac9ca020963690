"""A whole toy for the portable tests: the bear's agent on the fake board, in a folder of its own, with signed documents."""

import os
from binascii import hexlify

from stairgate.core import envelope
from stairgate.core.p256 import public_point
from stairgate.core.p256_sign import sign_steps
from stairgate.micro.agent import Agent, finish
from stairgate.micro.platform_fake import FakePlatform
from tests.portable import bear
from tests.portable.family import utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAKER, HOME = 0x1122334455667788 << 128 | 7, 0x99AABBCCDDEEFF << 160 | 9
NOON = utc("2026-03-27 12:00")
BEDTIME = b'["week","pb",[[127,1230,420,"closed"]]]'
AGREED = b'["consent","tbear",["answers","diary"]]'
_made: "dict[tuple[str, bytes, int], bytes]" = {}
_points: "dict[int, bytes]" = {}


def point(scalar: int) -> bytes:
    """The public point of a test's key."""
    if scalar not in _points:
        _points[scalar] = public_point(scalar)
    return _points[scalar]


def keys(scalar: int = HOME) -> "dict[str, bytes]":
    """What is believed: key id to point."""
    return {envelope.key_id(point(scalar)): point(scalar)}


def signed(kind: str, body: bytes, scalar: int = HOME) -> bytes:
    """The document of this kind."""
    if (kind, body, scalar) not in _made:
        signature = finish(sign_steps(scalar, envelope.digest_to_sign(kind, body)))
        _made[(kind, body, scalar)] = envelope.header_line(kind, envelope.key_id(point(scalar)), signature) + body
    return _made[(kind, body, scalar)]


def opened(until: int, gate: str = "microphone") -> bytes:
    """A parent's opening."""
    return b'["gate","tbear",[["%s",%d]]]' % (gate.encode(), until)


def policy(revision: int, *lines: bytes) -> bytes:
    """The bear's signed policy of this revision, issued at noon."""
    head = b'["policy","h1","tbear",%d,%d]' % (revision, NOON)
    return signed("policy", bear.toy_body(*lines).replace(bear.POLICY[0], head))


def start(board: FakePlatform) -> Agent:
    """The bear is switched on."""
    return Agent(signed("declaration", bear.declared(), MAKER), board)


def obey(agent: Agent, document: bytes) -> None:
    """The toy takes over a policy."""
    finish(agent.accept_steps(document, keys(), "h1", "tbear"))


def kinds(agent: Agent, after: int = 0) -> "list[str]":
    """What the ledger tells, in short: kind, row and place of each entry."""
    told = [(entry.kind, entry.row, entry.where) for entry in agent.ledger.entries(after)]
    return [" ".join([word for word in words if word]) for words in told]


def remove(path: str) -> None:
    """Remove a folder with everything in it."""
    for name in os.listdir(path):
        if os.stat(path + "/" + name)[0] & 0x4000:
            remove(path + "/" + name)
        else:
            os.remove(path + "/" + name)
    os.rmdir(path)


def in_home(act: "Callable[[FakePlatform], None]", wall: "int | None" = NOON) -> None:
    """Calls `act` with a new board, and removes its folder afterwards."""
    root = "/tmp/stairgate-toy-" + str(hexlify(os.urandom(8)), "ascii")
    os.mkdir(root)
    try:
        act(FakePlatform(root, point(MAKER), wall))
    finally:
        remove(root)
