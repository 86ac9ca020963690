"""Every parser of the product, given damaged and hostile bytes: a value, or the error it declares, and nothing else.

The table names each parser with good bytes and the exceptions its docstring promises. What a parser accepts is judged
where it is tested for itself; here it must not crash, hang, recurse without end or let a signature pass that is none.
"""

import struct
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from werkzeug.datastructures import MultiDict

from stairgate.agent import conntrack, netlink, sync
from stairgate.agent.settings import SettingsRefused, read_settings
from stairgate.agent.state import State
from stairgate.agent.sync import Identity
from stairgate.core import envelope, lines, messages, policy
from stairgate.core.messages import Events, Hello, Seen, Usage
from stairgate.core.refused import Refused
from stairgate.hub import forms, guard, network, plain_text
from stairgate.hub.atomic_storage import Damaged, decode_generation, encode_generation
from stairgate.hub.claim_code import ClaimFile
from stairgate.hub.config import ConfigError, read_config
from stairgate.provisioning.home import create_home
from stairgate.provisioning.settings import read_home
from stairgate.provisioning.signing import SigningKey
from tests.portable import family
from tests.unit.hostile.corpus import TEXTS, mutations, noise
from tests.unit.provisioning.clocks import FixedClock

MUTATIONS, NOISE = 400, 60
KEY = SigningKey.create()
POLICY = family.body()
SIGNED = KEY.sign("policy", POLICY)
IDENTITY = Identity("h1", "r1", "000", {KEY.key_id: KEY.point})
HELLO = Hello(
    "m1",
    5,
    "r1",
    "aa" * 8,
    5,
    "bb" * 32,
    6,
    "applied",
    "",
    (("d1", "open", 9), ("d2", "closed", None)),
    "trusted",
    0,
    "0a" * 8,
)
USAGE = Usage("m1", 5, "r1", (("d1", 10, 20),))
EVENTS = Events("m1", 5, "r1", (Seen("02:00:5e:10:00:01", ("192.168.77.9",), "mias-tablet", "dnsmasq"),))
TIME = messages.time_body(5, "aa" * 8, 6, "bb" * 32)
FORM = b"name=Mia&band=6-9&zone=Europe%2FBerlin&mac=02%3A00%3A5e%3A10%3A00%3A01&days=1&days=2&start=20:30&end=07:00"
TABLES = {"people": {"h/p1": {"home": "h", "id": "p1", "revision": 1, "document": {"name": "Mia"}}}}


class Parser(NamedTuple):
    """One parser: what it takes, good bytes for it (or the file of a home that has them), and what it may raise."""

    parse: Callable[[bytes, Path], object]
    good: bytes | str
    refusals: tuple[type[Exception], ...]


def text(data: bytes) -> str:
    """Bytes as a text of any kind, lone surrogates included."""
    return data.decode("utf-8", "surrogateescape")


def form(data: bytes) -> MultiDict[str, str]:
    """A form as it arrives."""
    pairs = [pair.partition("=") for pair in text(data).replace("%3A", ":").split("&")]
    return MultiDict([(name, value) for name, _, value in pairs])


def in_file(read: Callable[[Path], object], name: str) -> Callable[[bytes, Path], object]:
    """A parser of a file of the home."""

    def parse(data: bytes, home: Path) -> object:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return read(path)

    return parse


def read_all(data: bytes) -> list[Any]:
    """Every line of a body."""
    return [lines.read_line(line) for line in lines.split(data)]


def flow_message() -> bytes:
    """A conntrack message as the kernel sends it."""
    counters = netlink.nested(conntrack.CTA_COUNTERS_ORIG, netlink.attribute(2, struct.pack("!Q", 99)))
    mark = netlink.attribute(conntrack.CTA_MARK, struct.pack("!I", 5 << 16))
    return netlink.netfilter_header(2) + mark + counters


PARSERS = {
    "lines": Parser(lambda data, _: read_all(data), POLICY, (Refused,)),
    "policy": Parser(lambda data, _: policy.read_policy(data), POLICY, (Refused,)),
    "envelope": Parser(
        lambda data, _: envelope.open_signed(data, "policy", {KEY.key_id: KEY.point}, 20000), SIGNED, (Refused,)
    ),
    "hello": Parser(lambda data, _: messages.read_hello(data), messages.encode_hello(HELLO), (Refused,)),
    "usage": Parser(lambda data, _: messages.read_usage(data), messages.encode_usage(USAGE), (Refused,)),
    "events": Parser(lambda data, _: messages.read_events(data), messages.encode_events(EVENTS), (Refused,)),
    "time": Parser(lambda data, _: messages.read_time(data), TIME, (Refused,)),
    "topic": Parser(lambda data, _: messages.parse_topic(text(data)), b"sg/v1/000/h1/r1/down/policy", (Refused,)),
    "agent: policy": Parser(lambda data, _: sync.open_policy(data, IDENTITY), SIGNED, (Refused,)),
    "agent: constants": Parser(lambda data, _: sync.open_constants(data, IDENTITY), POLICY, (Refused,)),
    "agent: revision": Parser(lambda data, _: sync.claimed_revision(data), SIGNED, ()),
    "agent: settings": Parser(
        in_file(lambda file: read_settings(file.parent), "agents/router/agent.toml"),
        "agents/router/agent.toml",
        (SettingsRefused,),
    ),
    "agent: saved constants": Parser(
        in_file(lambda file: State(str(file.parent)).load_constants(), "state/constants"),
        f"{sha256(POLICY).hexdigest()}\n".encode() + POLICY,
        (),
    ),
    "agent: saved numbers": Parser(
        in_file(lambda file: State(str(file.parent)).load_numbers(), "state/numbers.json"), b'{"d1": 1, "d2": 2}', ()
    ),
    "agent: netlink attributes": Parser(lambda data, _: list(netlink.attributes(data)), flow_message(), ()),
    "agent: conntrack": Parser(lambda data, _: conntrack.decode_flow(data, 16, 0x3FF0000), flow_message(), ()),
    "hub: settings": Parser(
        in_file(lambda file: read_config(file.parent), "hub/hub.toml"), "hub/hub.toml", (ConfigError,)
    ),
    "hub: store": Parser(lambda data, _: decode_generation(data), encode_generation(TABLES, 7), (Damaged,)),
    "hub: claim state": Parser(
        in_file(lambda file: ClaimFile(file.parent).read(), "claim.json"),
        b'{"salt": "a", "digest": "b", "made": 1.5, "tries": 1}',
        (),
    ),
    "hub: name": Parser(lambda data, _: plain_text.clean_name(text(data)), "Zoë’s Tablet".encode(), ()),
    "hub: hardware address": Parser(lambda data, _: plain_text.read_mac(text(data)), b"02:00:5E:10:00:01", ()),
    "hub: host": Parser(lambda data, _: guard.host_name(text(data)), b"[2001:db8::1]:8080", ()),
    "hub: address": Parser(lambda data, _: network.plain_address(text(data)), b"fe80::1%br-lan", ()),
    "hub: child form": Parser(lambda data, _: forms.read_child(form(data), "Europe/Berlin"), FORM, ()),
    "hub: device form": Parser(lambda data, _: forms.read_device(form(data), {"p1": "Mia"}), FORM, ()),
    "hub: bedtime form": Parser(lambda data, _: forms.read_bedtime(form(data)), FORM, ()),
    "home: settings": Parser(
        in_file(lambda file: read_home(file.parent), "home.toml"), "home.toml", (OSError, ValueError)
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real home, whose files are the good bytes of the parsers that read them."""
    made = create_home(
        tmp_path_factory.mktemp("hostile") / "home", ["192.168.77.2"], [], 8883, ["Router"], FixedClock()
    )
    made.agent_directory("Router").rename(made.directory / "agents" / "router")
    return made.directory


def good_bytes(parser: Parser, home: Path) -> bytes:
    """Good bytes; taken from the home once, before anything was damaged."""
    if isinstance(parser.good, bytes):
        return parser.good
    kept = home / (parser.good + ".good")
    if not kept.exists():
        kept.write_bytes((home / parser.good).read_bytes())
    return kept.read_bytes()


@pytest.mark.parametrize("name", PARSERS)
def test_whatever_comes_is_read_or_refused(name: str, home: Path) -> None:
    parser = PARSERS[name]
    good = good_bytes(parser, home)
    parser.parse(good, home)  # else the mutations would try nothing but the first check
    tried = [
        *mutations(good, seed=len(name), count=MUTATIONS),
        *noise(seed=len(name), count=NOISE),
        *(hostile.encode("utf-8", "surrogatepass") for hostile in TEXTS),
        *(good[:length] for length in range(0, len(good), max(1, len(good) // 200))),
    ]
    refused = 0
    for data in tried:
        try:
            parser.parse(data, home)
        except parser.refusals:
            refused += 1
        except Exception as error:
            expected = " or ".join(refusal.__name__ for refusal in parser.refusals) or "no error"
            raise AssertionError(f"{name}: expected a value or {expected}, got {error!r} for {data[:200]!r}") from error
    parser.parse(good, home)
    assert len(tried) > MUTATIONS
    assert refused > 0 or not parser.refusals, f"{name}: nothing was refused"


def test_no_damaged_document_passes_as_signed() -> None:
    accepted = []
    for data in mutations(SIGNED, seed=7, count=2000):
        try:
            accepted.append(envelope.open_signed(data, "policy", {KEY.key_id: KEY.point}, 20000))
        except Refused:
            continue
    # Mutations that undo themselves leave the document as it was; nothing else may pass.
    assert set(accepted) <= {POLICY}


@pytest.mark.parametrize("depth", [4, 100, 5000, 200_000])
def test_depth_is_refused_and_never_recursed_into(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    with pytest.raises(Refused):
        policy.read_policy(deep[:600] + b"\n")
    for read in (messages.read_hello, messages.read_usage, messages.read_events):
        with pytest.raises(Refused):
            read(b'{"v":1,"id":"m1","t":5,"agent":"r1","devices":' + deep + b"}")
