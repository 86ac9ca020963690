"""What a toy's connection takes from the network and from its flash, and what a hub takes of a toy's maker."""

from pathlib import Path

from stairgate.core import envelope, pairing, toy_messages, trust_brief
from stairgate.core.refused import Refused
from stairgate.micro import identity as identity_module
from stairgate.micro.identity import Identity
from stairgate.micro.mqtt import Broken, Session, packet
from stairgate.micro.platform_fake import FakePlatform
from stairgate.micro.storage import Storage, unlink
from stairgate.micro.sync import Sync
from tests.portable import toy, trust_vectors
from tests.portable.test_pairing import ANSWERED
from tests.unit.hostile.core_parsers import CERTIFICATE, DECLARED, KEY, KEYS, TRUST, TRUSTED, body_of
from tests.unit.hostile.parser import Parser, of_bytes, of_text

MESSAGES = (
    b"\x20\x02\x00\x00\x90\x03\x00\x01\x01"
    + packet(0x32, b"\x00\x0bdown/policy\x00\x07" + b"body" * 40)
    + b"\xd0\x00"
    + packet(0x30, b"\x00\x03a/b" + b"x" * 200)
)
IDENTITY = body_of(ANSWERED)


def hear(data: bytes) -> object:
    """A broker's bytes, all at once and one by one: the same messages, or the same end."""
    found = []
    for step in (len(data) or 1, 1):
        session = Session("t1", "down/#", 0)
        messages: list[object] = []
        try:
            for start in range(0, len(data), step):
                messages += session.receive(data[start : start + step], 0)
        except Broken as broken:
            # What came before the end is lost with the connection when it came in the same piece.
            messages = [broken.reason]
        found.append(messages)
    assert found[0] == found[1]
    return found[0]


def belong(data: bytes, home: Path) -> Identity:
    """A toy whose identity holds this: it belongs to the home that it names whole, or to nobody."""
    folder = home / "flash"
    (folder / "identity").mkdir(parents=True, exist_ok=True)
    (folder / identity_module.PAIRED).write_bytes(data)
    found = Identity(Storage(str(folder), unlink))
    assert not found.home or (found.keys and found.certificate and found.topic("up", "hello"))
    return found


def be_told(data: bytes, home: Path) -> object:
    """Unsigned words of any content: nothing that was closed is open afterwards."""
    root = home / "told"
    root.mkdir(exist_ok=True)
    agent = toy.start(FakePlatform(str(root), toy.point(toy.MAKER), toy.NOON))
    sync = Sync(agent, DECLARED)
    sync.identity.home, sync.identity.agent, sync.identity.shard = "h1", "tbear", "000"
    for kind in ("close", "usage", "hello", ""):
        sync._put("sg/v1/000/h1/tbear/down/" + kind, data)
    assert agent.gates.held() == [] and not sync._inbox
    return agent


def accept_certificate(data: bytes) -> object:
    """The short form of a certificate document."""
    return envelope.finish(trust_brief.accept_certificate_steps(data, "h1", "r1", b"der", KEYS))


def accept_trust(data: bytes) -> object:
    """The short form of a trust document."""
    return envelope.finish(trust_brief.accept_trust_steps(data, "h1", 1, TRUSTED, trust_vectors.ROOT))


TOY = {
    "toy's connection": Parser(of_bytes(hear), MESSAGES),
    "toy's identity": Parser(belong, IDENTITY, tries=100),
    "toy, unsigned: rows": Parser(be_told, b'{"v":1,"rows":["answers"]}', tries=30),
    "toy, unsigned: minutes": Parser(
        be_told, b'{"v":1,"minutes":[["pb","total",20000,"' + b"A" * 240 + b'"]]}', tries=30
    ),
    "toy's code": Parser(of_text(pairing.read_toy_code), pairing.toy_qr_text(bytes(range(16))).encode(), (Refused,)),
    "toy's declaration, with the maker's key": Parser(
        of_bytes(toy_messages.read_declaration_message),
        toy_messages.declaration_message(KEY.point, DECLARED),
        (Refused,),
    ),
    "trust on the toy": Parser(of_bytes(accept_trust), TRUST, (Refused,)),
    "trust on the toy, its body": Parser(of_bytes(trust_brief.read_trust_brief), body_of(TRUST), (Refused,)),
    "certificate on the toy": Parser(of_bytes(accept_certificate), CERTIFICATE, (Refused,)),
}
