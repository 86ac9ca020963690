"""Topics, hello, usage and signed time: what is said, what is understood, what is refused."""

import json

from stairgate.core import messages
from stairgate.core.messages import Events, Hello, Seen, Time, Topic, Usage
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DIGEST = "0a" * 32
DEVICES = (("db", "open", 1774602000), ("dc", "closed", None))


def hello_of(trust: int, certificate: str) -> "Hello":
    return Hello(
        "mab", 1774600000, "r1", "n0123456789", 7, DIGEST, 7, "applied", "", DEVICES, "trusted", trust, certificate
    )


HELLO = hello_of(3, "0a" * 8)
BITS = bytes([5]) + bytes(178) + bytes([128])
USAGE = Usage(
    "mac", 1774600000, "r1", (("db", 10**12, 0),), (("pb", "total", 20500, BITS), ("pb", "video", 20500, bytes(180)))
)
MAC = "02:00:5e:10:00:01"


def phone(hostname: str) -> Seen:
    return Seen(MAC, ("192.168.1.20", "fd00::1"), hostname, "dnsmasq")


def of(*seen: Seen) -> Events:
    return Events("mae", 1774600000, "r1", seen)


EVENTS = of(phone("Mia's phone"))


def hello_with(name: str, value: object) -> bytes:
    """The hello's JSON with one member changed."""
    message = json.loads(messages.encode_hello(HELLO))
    message[name] = value
    return json.dumps(message).encode()


def usage_with(name: str, value: object) -> bytes:
    message = json.loads(messages.encode_usage(USAGE))
    message[name] = value
    return json.dumps(message).encode()


def usage_without(name: str) -> bytes:
    message = json.loads(messages.encode_usage(USAGE))
    del message[name]
    return json.dumps(message).encode()


def usage_of(counts: "tuple[tuple[str, int, int], ...]", rows: "tuple[tuple[str, str, int, bytes], ...]") -> "Usage":
    return Usage("mac", 1774600000, "r1", counts, rows)


def events_of(*rows: object) -> bytes:
    """The JSON of events with other rows."""
    message = json.loads(messages.encode_events(EVENTS))
    message["events"] = rows
    return json.dumps(message).encode()


def named(hostname: str) -> "tuple[object, ...]":
    return ("seen", MAC, ["192.168.1.20"], hostname, "dnsmasq")


def hello_without(name: str) -> bytes:
    message = json.loads(messages.encode_hello(HELLO))
    del message[name]
    return json.dumps(message).encode()


hello = messages.read_hello
usage = messages.read_usage
parse = messages.parse_topic
signed_time = messages.read_time
events = messages.read_events

CASES = (
    ("topic: up", parse, "sg/v1/000/h1/r1/up/hello", Topic("h1", "r1", "up", "hello", "000")),
    ("topic: down", parse, "sg/v1/s01/h1/r1/down/policy", Topic("h1", "r1", "down", "policy", "s01")),
    ("topic: usage goes both ways", parse, "sg/v1/000/h1/r1/down/usage", Topic("h1", "r1", "down", "usage", "000")),
    ("topic: hello goes up only", parse, "sg/v1/000/h1/r1/down/hello", "bad_topic"),
    ("topic: policy goes down only", parse, "sg/v1/000/h1/r1/up/policy", "bad_topic"),
    ("topic: sideways", parse, "sg/v1/000/h1/r1/side/hello", "bad_topic"),
    ("topic: version 2", parse, "sg/v2/000/h1/r1/up/hello", "bad_topic"),
    ("topic: a wildcard for the agent", parse, "sg/v1/000/h1/+/up/hello", "bad_topic"),
    ("topic: a wildcard at the end", parse, "sg/v1/000/h1/r1/up/#", "bad_topic"),
    ("topic: a level too many", parse, "sg/v1/000/h1/r1/up/hello/x", "bad_topic"),
    ("topic: a level too few", parse, "sg/v1/000/h1/r1/hello", "bad_topic"),
    ("topic: empty home", parse, "sg/v1/000//r1/up/hello", "bad_topic"),
    ("topic: empty shard", parse, "sg/v1//h1/r1/up/hello", "bad_topic"),
    ("topic: a slash first", parse, "/sg/v1/000/h1/r1/up/hello", "bad_topic"),
    ("topic: very long", parse, "sg/v1/000/h1/r1/up/hello" + "/" * 200, "bad_topic"),
    ("topic: trust goes down", parse, "sg/v1/000/h1/r1/down/trust", Topic("h1", "r1", "down", "trust", "000")),
    (
        "topic: a certificate goes down",
        parse,
        "sg/v1/000/h1/r1/down/certificate",
        Topic("h1", "r1", "down", "certificate", "000"),
    ),
    ("topic: no certificate goes up", parse, "sg/v1/000/h1/r1/up/certificate", "bad_topic"),
    ("topic: events go up", parse, "sg/v1/000/h1/r1/up/events", Topic("h1", "r1", "up", "events", "000")),
    ("topic: events go up only", parse, "sg/v1/000/h1/r1/down/events", "bad_topic"),
    ("hello", hello, messages.encode_hello(HELLO), HELLO),
    ("hello: a member of a later version", hello, hello_with("later", [1]), HELLO),
    ("hello: empty", hello, b"", "bad_message"),
    ("hello: no JSON", hello, b"hello", "bad_message"),
    ("hello: an array", hello, b"[]", "bad_message"),
    ("hello: deep", hello, b"[" * 5000, "bad_message"),
    ("hello: no UTF-8", hello, b'{"v":1,"id":"\xff"}', "bad_message"),
    ("hello: 16385 bytes", hello, b" " * 16385, "too_large"),
    ("hello: no version", hello, hello_without("v"), "unknown_version"),
    ("hello: version 2", hello, hello_with("v", 2), "unknown_version"),
    ("hello: version true", hello, hello_with("v", True), "unknown_version"),
    ("hello: version as text", hello, hello_with("v", "1"), "unknown_version"),
    ("hello: no id", hello, hello_without("id"), "bad_message"),
    ("hello: no clock", hello, hello_without("clock"), "bad_message"),
    ("hello: id", hello, hello_with("id", "A"), "bad_message"),
    ("hello: time as a float", hello, hello_with("t", 5.5), "bad_message"),
    ("hello: agent", hello, hello_with("agent", "../r1"), "bad_message"),
    ("hello: short nonce", hello, hello_with("nonce", "n012345"), "bad_message"),
    ("hello: long nonce", hello, hello_with("nonce", "n" * 65), "bad_message"),
    ("hello: negative revision", hello, hello_with("revision", -1), "bad_message"),
    ("hello: huge revision", hello, hello_with("revision", 2**53), "bad_message"),
    ("hello: revision true", hello, hello_with("revision", True), "bad_message"),
    ("hello: digest", hello, hello_with("digest", "0a"), "bad_message"),
    ("hello: highest", hello, hello_with("highest", None), "bad_message"),
    ("hello: state", hello, hello_with("state", "saved"), "bad_message"),
    ("hello: state as a list", hello, hello_with("state", []), "bad_message"),
    ("hello: a sentence for a reason", hello, hello_with("reason", "no space left"), "bad_message"),
    ("hello: devices as an object", hello, hello_with("devices", {}), "bad_message"),
    ("hello: a device of two", hello, hello_with("devices", [["db", "open"]]), "bad_message"),
    ("hello: a device's level", hello, hello_with("devices", [["db", "on", None]]), "bad_message"),
    ("hello: a device's until", hello, hello_with("devices", [["db", "open", "soon"]]), "bad_message"),
    ("hello: a device's id", hello, hello_with("devices", [[5, "open", None]]), "bad_message"),
    ("hello: clock", hello, hello_with("clock", "wrong"), "bad_message"),
    (
        "hello: of an agent without trust documents",
        hello,
        hello_without("trust"),
        hello_of(0, "0a" * 8),
    ),
    ("hello: of an agent that names no certificate", hello, hello_without("certificate"), hello_of(3, "")),
    ("hello: negative trust", hello, hello_with("trust", -1), "bad_message"),
    ("hello: trust true", hello, hello_with("trust", True), "bad_message"),
    ("hello: certificate", hello, hello_with("certificate", "0A" * 8), "bad_message"),
    ("hello: trust null", hello, hello_with("trust", None), "bad_message"),
    ("usage", usage, messages.encode_usage(USAGE), USAGE),
    ("usage: nothing yet", usage, usage_with("bytes", []), usage_of((), USAGE.minutes)),
    ("usage: negative", usage, usage_with("bytes", [["db", -1, 0]]), "bad_message"),
    ("usage: a float", usage, usage_with("bytes", [["db", 0.5, 0]]), "bad_message"),
    ("usage: true", usage, usage_with("bytes", [["db", True, 0]]), "bad_message"),
    ("usage: 2^63", usage, usage_with("bytes", [["db", 2**63, 0]]), "bad_message"),
    ("usage: a row of four", usage, usage_with("bytes", [["db", 1, 0, 0]]), "bad_message"),
    ("usage: bytes only", usage, usage_without("minutes"), usage_of((("db", 10**12, 0),), ())),
    ("usage: minutes only", usage, usage_without("bytes"), usage_of((), USAGE.minutes)),
    (
        "usage: 24 bitmaps",
        usage,
        usage_with("minutes", [["pb", "total", 5, "A" * 240]] * 24),
        usage_of(USAGE.bytes, (("pb", "total", 5, bytes(180)),) * 24),
    ),
    ("usage: 25 bitmaps", usage, usage_with("minutes", [["pb", "total", 5, "A" * 240]] * 25), "bad_message"),
    ("usage: a bitmap's person", usage, usage_with("minutes", [["P", "total", 5, "A" * 240]]), "bad_message"),
    ("usage: a bitmap's category", usage, usage_with("minutes", [["pb", "a b", 5, "A" * 240]]), "bad_message"),
    (
        "usage: a bitmap's day before 1970",
        usage,
        usage_with("minutes", [["pb", "total", -1, "A" * 240]]),
        "bad_message",
    ),
    (
        "usage: a bitmap's day after 9999",
        usage,
        usage_with("minutes", [["pb", "total", 2932897, "A" * 240]]),
        "bad_message",
    ),
    ("usage: a bitmap's day true", usage, usage_with("minutes", [["pb", "total", True, "A" * 240]]), "bad_message"),
    ("usage: 177 bytes of bitmap", usage, usage_with("minutes", [["pb", "total", 5, "A" * 236]]), "bad_message"),
    ("usage: 183 bytes of bitmap", usage, usage_with("minutes", [["pb", "total", 5, "A" * 244]]), "bad_message"),
    (
        "usage: a bitmap with padding",
        usage,
        usage_with("minutes", [["pb", "total", 5, "A" * 238 + "=="]]),
        "bad_message",
    ),
    (
        "usage: a bitmap with a space",
        usage,
        usage_with("minutes", [["pb", "total", 5, "A" * 239 + " "]]),
        "bad_message",
    ),
    ("usage: no bitmap", usage, usage_with("minutes", [["pb", "total", 5]]), "bad_message"),
    ("usage: a bitmap of numbers", usage, usage_with("minutes", [["pb", "total", 5, [0] * 240]]), "bad_message"),
    ("usage: an object of bitmaps", usage, usage_with("minutes", {}), "bad_message"),
    ("usage: 8193 bytes", usage, b" " * 8193, "too_large"),
    ("events", events, messages.encode_events(EVENTS), EVENTS),
    ("events: none", events, events_of(), of()),
    ("events: a kind of a later version", events, events_of(["heard", 5]), of()),
    (
        "events: no name",
        events,
        events_of(named("")),
        of(Seen(MAC, ("192.168.1.20",), "", "dnsmasq")),
    ),
    (
        "events: no address",
        events,
        events_of(["seen", MAC, [], "", "odhcpd"]),
        of(Seen(MAC, (), "", "odhcpd")),
    ),
    ("events: an empty row", events, events_of([]), "bad_message"),
    ("events: a row of text", events, events_of("seen"), "bad_message"),
    ("events: an object", events, events_of({}), "bad_message"),
    ("events: a list for a kind", events, events_of([["seen"]]), "bad_message"),
    ("events: a field too few", events, events_of(["seen", MAC, [], ""]), "bad_message"),
    ("events: a field too many", events, events_of(["seen", MAC, [], "", "dnsmasq", 1]), "bad_message"),
    ("events: MAC", events, events_of(["seen", MAC.upper(), [], "", "dnsmasq"]), "bad_message"),
    ("events: address", events, events_of(["seen", MAC, ["fe80::1%eth0"], "", "dnsmasq"]), "bad_message"),
    ("events: an address for a list", events, events_of(["seen", MAC, "192.168.1.20", "", "dnsmasq"]), "bad_message"),
    ("events: an address twice", events, events_of(["seen", MAC, ["10.0.0.1"] * 2, "", "dnsmasq"]), "bad_message"),
    (
        "events: 9 addresses",
        events,
        events_of(["seen", MAC, [f"10.0.0.{n}" for n in range(9)], "", "dnsmasq"]),
        "bad_message",
    ),
    ("events: source", events, events_of(["seen", MAC, [], "", "gossip"]), "bad_message"),
    ("events: a number for a name", events, events_of(["seen", MAC, [], 5, "dnsmasq"]), "bad_message"),
    ("events: a name of 64", events, events_of(named("n" * 64)), "bad_message"),
    ("events: a newline in a name", events, events_of(named("a\nb")), "bad_message"),
    ("events: an escape in a name", events, events_of(named("a\x1b[2J")), "bad_message"),
    ("events: DEL in a name", events, events_of(named("a\x7f")), "bad_message"),
    ("events: a second control set", events, events_of(named("a\x85")), "bad_message"),
    ("events: half a character", events, events_of(named("?")).replace(b"?", b"\\ud83d"), "bad_message"),
    ("events: 25", events, events_of(*[named("")] * 25), "bad_message"),
    ("events: 4097 bytes", events, b" " * 4097, "too_large"),
    ("events: no UTF-8", events, b'{"v":1,"id":"\xff"}', "bad_message"),
    ("events: deep", events, b"[" * 4000, "bad_message"),
    ("time", signed_time, b'["time",5,"n0123456",7,"' + DIGEST.encode() + b'"]\n', Time(5, "n0123456", 7, DIGEST)),
    ("time: before the first policy", signed_time, b'["time",5,"n0123456",0,""]\n', Time(5, "n0123456", 0, "")),
    ("time: no newline", signed_time, b'["time",5,"n0123456",0,""]', "bad_message"),
    ("time: two lines", signed_time, b'["time",5,"n0123456",0,""]\n["x-a"]\n', "bad_line"),
    ("time: another kind", signed_time, b'["policy",5,"n0123456",0,""]\n', "bad_message"),
    ("time: a field too few", signed_time, b'["time",5,"n0123456",0]\n', "bad_message"),
    ("time: nonce", signed_time, b'["time",5,"N0123456",0,""]\n', "bad_message"),
    ("time: text", signed_time, b'["time","5","n0123456",0,""]\n', "bad_message"),
)


def check(read: "Callable[[object], object]", data: object, expected: object) -> None:
    try:
        got = read(data)
    except Refused as refused:
        got = refused.reason
    assert got == expected


def reason_of(function: "Callable[..., object]", *arguments: object) -> str:
    try:
        function(*arguments)
    except Refused as refused:
        return refused.reason
    return "accepted"


def test_a_topic_is_made_and_parsed() -> None:
    assert messages.topic("h1", "r1", "up", "hello") == "sg/v1/000/h1/r1/up/hello"
    assert messages.parse_topic(messages.topic("h1", "r1", "down", "time", "s02")).shard == "s02"


def test_a_topic_that_would_be_read_otherwise_is_not_made() -> None:
    assert reason_of(messages.topic, "h1/x", "r1", "up", "hello") == "bad_topic"
    assert reason_of(messages.topic, "h1", "+", "up", "hello") == "bad_topic"
    assert reason_of(messages.topic, "h1", "r1", "up", "policy") == "bad_topic"


def test_a_hello_before_the_first_policy() -> None:
    first = Hello("mab", 5, "r1", "n0123456789", 0, "", 0, "failed", "no_policy", (), "untrusted", 0, "")
    assert messages.read_hello(messages.encode_hello(first)) == first


def test_a_hello_that_would_be_refused_is_not_sent() -> None:
    bad = Hello("mab", 5, "r1", "n0123456789", 0, "", 0, "odd", "", (), "trusted", 0, "")
    assert reason_of(messages.encode_hello, bad) == "bad_message"


def test_a_hello_of_too_many_devices_is_not_sent() -> None:
    rows = tuple([(f"d{number}", "closed", 1774602000) for number in range(700)])
    many = Hello("mab", 5, "r1", "n0123456789", 0, "", 0, "failed", "", rows, "trusted", 0, "")
    assert reason_of(messages.encode_hello, many) == "too_large"


def test_usage_of_24_people_fits_into_a_message() -> None:
    rows = tuple([("p" * 32, "c" * 32, 20500, BITS)] * 24)
    assert messages.read_usage(messages.encode_usage(usage_of((), rows))).minutes == rows


def test_a_bitmap_of_another_size_is_not_sent() -> None:
    assert reason_of(messages.encode_usage, usage_of((), (("pb", "total", 5, bytes(177)),))) == "bad_message"


def test_usage_of_a_float_is_not_sent() -> None:
    assert reason_of(messages.encode_usage, Usage("mab", 5, "r1", (("db", 1.0, 0),), ())) == "bad_message"  # type: ignore[arg-type]


def test_events_of_a_malformed_name_are_not_sent() -> None:
    assert reason_of(messages.encode_events, of(phone("\n"))) == "bad_message"


def test_events_that_fit_into_no_message_are_not_sent() -> None:
    row = Seen(MAC, tuple([f"2001:db8::{n}" for n in range(8)]), "n" * 63, "dnsmasq")
    assert reason_of(messages.encode_events, of(*[row] * 24)) == "too_large"


def test_markup_in_a_name_arrives_as_it_is() -> None:
    hostile = of(phone("<script>alert('1')</script>"))
    assert messages.read_events(messages.encode_events(hostile)) == hostile


def test_time_is_written_and_read() -> None:
    body = messages.time_body(1774602000, "n0123456789", 7, DIGEST)
    assert messages.read_time(body) == Time(1774602000, "n0123456789", 7, DIGEST)
    assert len(body) < 300


def test_a_time_without_nonce_is_not_written() -> None:
    assert reason_of(messages.time_body, 5, "", 7, DIGEST) == "bad_message"
