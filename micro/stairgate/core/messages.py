"""What agent and hub tell each other over MQTT: topics, JSON messages and the signed time document.

It decides what is a well-formed message; whether it is new, true or allowed is left to whoever receives it.
Unknown members of a message are ignored, so that a newer sender is understood; everything named here must be
there.
"""

import json
from binascii import a2b_base64, b2a_base64
from collections import namedtuple

from stairgate.core import limits
from stairgate.core.fields import (
    DIGITS,
    HEX,
    LEVELS,
    LOWER,
    is_address,
    is_digest,
    is_id,
    is_integer,
    is_list_of,
    is_mac,
    is_made_of,
    is_revision,
    is_time,
    is_word,
)
from stairgate.core.lines import read_line, write_line
from stairgate.core.refused import Refused
from stairgate.core.sections import is_chunk
from stairgate.core.usage import BITMAP_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple  # noqa: TID251

    Schema = tuple[tuple[str, str, Callable[[object], bool]], ...]
    Bitmap = bytes  # `Usage` has a member called bytes

    class Topic(NamedTuple):
        """The parts of a topic; `direction` is `up` (agent to hub) or `down`."""

        home: str
        agent: str
        direction: str
        kind: str
        shard: str

    class Hello(NamedTuple):
        """What an agent applies: said on each connection, after each policy and every 15 minutes.

        `t` is the agent's wall clock in UTC seconds and `clock` whether it trusts it (`trusted` or
        `untrusted`); `nonce` is answered by the signed time. `revision` and `digest` name the policy in force
        (0 and "" before the first), `highest` the highest revision ever seen. `state` and `reason` (a machine
        code or "") say what became of the newest policy; `devices` holds (id, level, until or None) as
        enforced. `trust` is the revision of the trust document held; an agent that says nothing about it holds 0.
        `certificate` names the one in use: the first 16 hex digits of the SHA-256 of its DER, or "".
        """

        id: str
        t: int
        agent: str
        nonce: str
        revision: int
        digest: str
        highest: int
        state: str
        reason: str
        devices: "tuple[tuple[str, str, int | None], ...]"
        clock: str
        trust: int
        certificate: str

    class Usage(NamedTuple):
        """What was used, cumulative: order, loss and repetition do not matter. Upwards and downwards alike.

        `bytes` of each device since the agent started counting: (device id, to the device, from the device).
        `minutes`: (person id, category, UTC day since 1970, bitmap of 180 bytes as in `usage`).
        """

        id: str
        t: int
        agent: str
        bytes: "tuple[tuple[str, int, int], ...]"
        minutes: "tuple[tuple[str, str, int, Bitmap], ...]"

    class Seen(NamedTuple):
        """A device that an agent saw: its addresses, the name it gives itself ("" for none) and who said so.

        The name is the device's own word, no more than a hint. `source` is one of `SOURCES`.
        """

        mac: str
        addresses: "tuple[str, ...]"
        hostname: str
        source: str

    class Events(NamedTuple):
        """What an agent has noticed, in the order in which it did."""

        id: str
        t: int
        agent: str
        events: "tuple[Seen, ...]"

    class Time(NamedTuple):
        """The hub's UTC seconds for the hello with this nonce, with the newest revision and its digest."""

        utc: int
        nonce: str
        revision: int
        digest: str

else:
    Topic = namedtuple("Topic", ("home", "agent", "direction", "kind", "shard"))
    Hello = namedtuple(
        "Hello",
        (
            "id",
            "t",
            "agent",
            "nonce",
            "revision",
            "digest",
            "highest",
            "state",
            "reason",
            "devices",
            "clock",
            "trust",
            "certificate",
        ),
    )
    Usage = namedtuple("Usage", ("id", "t", "agent", "bytes", "minutes"))
    Seen = namedtuple("Seen", ("mac", "addresses", "hostname", "source"))
    Events = namedtuple("Events", ("id", "t", "agent", "events"))
    Time = namedtuple("Time", ("utc", "nonce", "revision", "digest"))

VERSION = 1
KINDS = {
    "up": ("hello", "usage", "events", "ledger", "declaration"),
    "down": ("policy", "time", "trust", "certificate", "usage", "ledger", "erase", "close"),
}
STATES = ("applied", "refused", "failed")
CLOCKS = ("trusted", "untrusted")
SOURCES = ("neighbour", "dnsmasq", "odhcpd")


def topic(home: str, agent: str, direction: str, kind: str, shard: str = "000") -> str:
    """`sg/v1/<shard>/<home>/<agent>/<direction>/<kind>`.

    Raises Refused `bad_topic` for anything the format lacks.
    """
    name = f"sg/v1/{shard}/{home}/{agent}/{direction}/{kind}"
    parse_topic(name)
    return name


def parse_topic(name: str) -> Topic:
    """The parts of a topic. Raises Refused `bad_topic`."""
    parts = name.split("/") if len(name) <= limits.TOPIC_CHARACTERS else []
    if (
        len(parts) != 7
        or parts[:2] != ["sg", "v1"]
        or not is_made_of(parts[2], LOWER + DIGITS, 1, limits.ID_CHARACTERS)
        or not is_id(parts[3])
        or not is_id(parts[4])
        or parts[6] not in KINDS.get(parts[5], ())
    ):
        raise Refused("bad_topic", f"expected sg/v1/<shard>/<home>/<agent>/up|down/<kind>, got {name[:80]}")
    return Topic(parts[3], parts[4], parts[5], parts[6], parts[2])


def is_nonce(value: object) -> bool:
    """8 to 64 lower-case letters and digits, fresh for each hello."""
    return is_made_of(value, LOWER + DIGITS, 8, 64)


def _is_devices(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(row, (list, tuple))
        and len(row) == 3
        and is_id(row[0])
        and row[1] in LEVELS
        and (row[2] is None or is_time(row[2]))
        for row in value
    )


def _is_bytes(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(row, (list, tuple))
        and len(row) == 3
        and is_id(row[0])
        and is_integer(row[1], 0, limits.COUNTER_MAX)
        and is_integer(row[2], 0, limits.COUNTER_MAX)
        for row in value
    )


def _is_minutes(value: object) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) <= limits.USAGE_MINUTE_ROWS
        and all(
            isinstance(row, (list, tuple))
            and len(row) == 4
            and is_id(row[0])
            and is_word(row[1])
            and is_integer(row[2], 0, limits.DAY_MAX)
            and isinstance(row[3], str)
            and len(row[3]) == BITMAP_BYTES // 3 * 4
            and row[3][-1] != "="
            and is_chunk(row[3])
            for row in value
        )
    )


def is_hostname(value: object) -> bool:
    """What a device may be told to call itself: at most 63 characters, none of them a control character.

    Nothing else is promised of it: it may be markup, or run from right to left.
    """
    # Half of a surrogate pair comes through JSON and then cannot be written as UTF-8.
    return (
        isinstance(value, str)
        and len(value) <= limits.HOSTNAME_CHARACTERS
        and all([character >= " " and not "\x7f" <= character < "\xa0" for character in value])
        and not any([0xD800 <= ord(character) < 0xE000 for character in value])
    )


def _is_seen(row: object) -> bool:
    return (
        isinstance(row, (list, tuple))
        and len(row) == 5
        and row[0] == "seen"
        and is_mac(row[1])
        and is_list_of(row[2], is_address)
        and len(row[2]) <= limits.SEEN_ADDRESSES
        and is_hostname(row[3])
        and row[4] in SOURCES
    )


def _is_events(value: object) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) <= limits.EVENT_ROWS
        and all(
            _is_seen(row) or (isinstance(row, (list, tuple)) and row and row[0] != "seen" and is_word(row[0]))
            for row in value
        )
    )


HEAD = (("id", "an id", is_id), ("t", "UTC seconds", is_time), ("agent", "an id", is_id))
HELLO = HEAD + (
    ("nonce", "8 to 64 lower-case letters or digits", is_nonce),
    ("revision", "a whole number", lambda value: value == 0 or is_revision(value)),
    ("digest", "64 hex digits or nothing", lambda value: value == "" or is_digest(value)),
    ("highest", "a whole number", lambda value: is_integer(value, 0, limits.REVISION_MAX)),
    ("state", "applied, refused or failed", lambda value: value in STATES),
    ("reason", "a machine code or nothing", lambda value: value == "" or is_word(value)),
    ("devices", "a list of [device, level, until or null]", _is_devices),
    ("clock", "trusted or untrusted", lambda value: value in CLOCKS),
    ("trust", "a whole number", lambda value: is_integer(value, 0, limits.REVISION_MAX)),
    ("certificate", "16 hex digits or nothing", lambda value: value == "" or is_made_of(value, HEX, 16, 16)),
)
USAGE = HEAD + (
    ("bytes", "a list of [device, bytes to it, bytes from it]", _is_bytes),
    ("minutes", "at most 24 of [person, category, UTC day, base64 of 180 bytes]", _is_minutes),
)
EVENTS = HEAD + (("events", 'at most 24 of ["seen", MAC, [at most 8 addresses], hostname, source]', _is_events),)
TIME = (
    ("utc", "UTC seconds", is_time),
    HELLO[3],
    HELLO[4],
    HELLO[5],
)


def _check(schema: "Schema", values: "list[object]") -> None:
    for (name, expected, check), value in zip(schema, values):
        if not check(value):
            raise Refused("bad_message", f"{name}: expected {expected}, got {repr(value)[:60]}")


def _encode(schema: "Schema", values: "tuple[object, ...]", cap: int) -> bytes:
    _check(schema, list(values))
    message = {"v": VERSION}
    for index in range(len(schema)):
        message[schema[index][0]] = values[index]  # type: ignore[assignment]
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > cap:
        raise Refused("too_large", f"expected at most {cap} bytes, got {len(data)}")
    return data


def read_message(schema: "Schema", data: bytes, cap: int, absent: "dict[str, object] | None" = None) -> "list[object]":
    """The values of a JSON message; `absent` says what the members mean that may be missing.

    Raises Refused: `too_large`, `unknown_version` or `bad_message`.
    """
    if len(data) > cap:
        raise Refused("too_large", f"expected at most {cap} bytes, got {len(data)}")
    try:
        message = json.loads(str(data, "utf-8"))
    except (ValueError, RuntimeError, MemoryError) as error:
        raise Refused("bad_message", f"expected a JSON object, got: {error}") from None
    if not isinstance(message, dict):
        raise Refused("bad_message", "expected a JSON object")
    if type(message.get("v")) is not int or message["v"] != VERSION:
        raise Refused("unknown_version", f"v: expected {VERSION}, got {repr(message.get('v'))[:20]}")
    for name, expected, _ in schema:
        if absent and name in absent and name not in message:
            message[name] = absent[name]
        if name not in message:
            raise Refused("bad_message", f"{name}: expected {expected}, got nothing")
    values = [message[name] for name, _, _ in schema]
    _check(schema, values)
    return values


def encode_hello(hello: Hello) -> bytes:
    """The message of topic up/hello. Raises Refused `bad_message` or `too_large`."""
    return _encode(HELLO, tuple(hello), limits.HELLO_BYTES)


def read_hello(data: bytes) -> Hello:
    """The hello of a message. Raises Refused: `too_large`, `unknown_version` or `bad_message`."""
    values = read_message(HELLO, data, limits.HELLO_BYTES, {"trust": 0, "certificate": ""})
    values[9] = tuple([tuple(row) for row in values[9]])  # type: ignore[attr-defined]
    return Hello(*values)  # type: ignore[arg-type]


def encode_usage(usage: Usage) -> bytes:
    """The message of topics up/usage and down/usage. Raises Refused `bad_message` or `too_large`."""
    rows = [tuple(row[:3]) + (str(b2a_base64(row[3]), "ascii")[:-1],) for row in usage.minutes]
    return _encode(USAGE, tuple(usage[:4]) + (rows,), limits.USAGE_BYTES)


def read_usage(data: bytes) -> Usage:
    """The usage of a message. Raises Refused: `too_large`, `unknown_version` or `bad_message`."""
    values = read_message(USAGE, data, limits.USAGE_BYTES, {"bytes": [], "minutes": []})
    values[3] = tuple([tuple(row) for row in values[3]])  # type: ignore[attr-defined]
    values[4] = tuple([tuple(row[:3]) + (a2b_base64(row[3]),) for row in values[4]])  # type: ignore[attr-defined]
    return Usage(*values)  # type: ignore[arg-type]


def encode_events(events: Events) -> bytes:
    """The message of topic up/events. Raises Refused `bad_message` or `too_large`."""
    rows = [("seen",) + tuple(seen) for seen in events.events]
    return _encode(EVENTS, (events.id, events.t, events.agent, rows), limits.EVENTS_BYTES)


def read_events(data: bytes) -> Events:
    """The events of a message; kinds of a later version are left out.

    Raises Refused: `too_large`, `unknown_version` or `bad_message`.
    """
    id, t, agent, rows = read_message(EVENTS, data, limits.EVENTS_BYTES)
    seen = [Seen(row[1], tuple(row[2]), row[3], row[4]) for row in rows if row[0] == "seen"]  # type: ignore[attr-defined]
    return Events(id, t, agent, tuple(seen))  # type: ignore[arg-type]


def time_body(utc: int, nonce: str, revision: int, digest: str) -> bytes:
    """The body of a signed time document. Raises Refused `bad_message`."""
    _check(TIME, [utc, nonce, revision, digest])
    return write_line(("time", utc, nonce, revision, digest))


def read_time(body: bytes) -> Time:
    """The content of a verified time document. Raises Refused `bad_message`, or as `read_line`."""
    if not body.endswith(b"\n"):
        raise Refused("bad_message", "expected one line with its newline")
    values = read_line(body[:-1])
    if len(values) != 5 or values[0] != "time":
        raise Refused("bad_message", 'expected ["time", utc, nonce, revision, digest]')
    _check(TIME, values[1:])
    return Time(*values[1:])  # type: ignore[arg-type]
