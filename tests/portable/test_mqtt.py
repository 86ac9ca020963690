"""The toy's MQTT: packets byte for byte, packets in pieces, deadlines, and everything that ends a connection."""

from stairgate.micro import limits
from stairgate.micro.mqtt import Broken, Session, packet

TOPIC = "sg/v1/000/h1/t1/down/policy"
CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"
WAIT = 1000


def up(now: int = 0) -> Session:
    """A session that the broker has accepted."""
    session = Session("t1", "down/#", now, WAIT)
    session.receive(CONNACK + SUBACK, now)
    assert session.is_up
    session.out = []
    return session


def message(topic: bytes, payload: bytes, first: int = 0x32, number: bytes = b"\x00\x07") -> bytes:
    return packet(first, len(topic).to_bytes(2, "big") + topic + number + payload)


def broken(session: Session, data: bytes, now: int = 0) -> str:
    """The reason why these bytes end the connection, "" when they do not."""
    try:
        session.receive(data, now)
    except Broken as error:
        return error.reason
    return ""


def late(session: Session, now: int) -> str:
    try:
        session.check(now)
    except Broken as error:
        return error.reason
    return ""


# What a broker sends to a connection that stands, and why that is its end ("" when it is not).
CASES = (
    ("a message", message(b"a/b", b"c"), ""),
    ("a message without acknowledgement", message(b"a/b", b"c", 0x30, b""), ""),
    ("an empty payload", message(b"a/b", b"", 0x30, b""), ""),
    ("a topic that is not UTF-8", message(b"\xff\xfe", b"c"), "malformed"),
    ("no topic", message(b"", b"c"), "malformed"),
    ("a topic longer than the packet", b"\x30\x03\x00\x09a", "malformed"),
    ("no room for the id", b"\x32\x03\x00\x01a", "malformed"),
    ("an empty message", b"\x30\x00", "malformed"),
    ("one byte", b"\x30\x01a", "malformed"),
    ("QoS 2", message(b"a/b", b"c", 0x34), "malformed"),
    ("QoS 3", message(b"a/b", b"c", 0x36), "malformed"),
    ("the largest", message(b"a/b", b"c" * (limits.MQTT_PACKET_BYTES - 7)), ""),
    ("one byte more", message(b"a/b", b"c" * (limits.MQTT_PACKET_BYTES - 6)), "too_large"),
    ("a quarter of a gigabyte is never waited for", b"\x30\xff\xff\xff\x7f", "too_large"),
    ("a length of five bytes", b"\x30\x80\x80\x80\x80\x01", "malformed"),
    ("a length of zeros", b"\x30\x80\x80\x80\x80", "malformed"),
    ("a second CONNACK", CONNACK, "unexpected"),
    ("an acknowledgement of nothing", b"\x40\x02\x00\x09", "unexpected"),
    ("an acknowledgement that is too long", b"\x40\x03\x00\x01\x00", "unexpected"),
    ("a sign of life that nobody asked for", b"\xd0\x00", ""),
    ("a long sign of life", b"\xd0\x01a", "unexpected"),
    ("UNSUBACK", b"\xb0\x02\x00\x01", "unexpected"),
    ("CONNECT", b"\x10\x00", "unexpected"),
    ("SUBSCRIBE", b"\x82\x00", "unexpected"),
    ("nothing known", b"\x00\x00", "unexpected"),
    ("PUBREC", b"\x50\x02\x00\x01", "unexpected"),
)


def check(data: bytes, reason: str) -> None:
    assert broken(up(), data) == reason
    # In pieces it is the same.
    session = up()
    found = ""
    for position in range(min(len(data), 64)):
        found = found or broken(session, data[position : position + 1])
    found = found or broken(session, data[64:])
    assert found == reason


def test_what_is_said_first() -> None:
    session = Session("t1", "down/#", 0, WAIT)
    assert session.out == [b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02t1"]
    session.receive(CONNACK, 0)
    assert session.out[1:] == [b"\x82\x0b\x00\x01\x00\x06down/#\x01"] and not session.is_up
    session.receive(SUBACK, 0)
    assert session.is_up


def test_who_is_not_accepted_is_not_up() -> None:
    for data, reason in (
        (b"\x20\x02\x00\x05", "refused"),
        (b"\x20\x03\x00\x00\x00", "malformed"),
        (SUBACK, "malformed"),
        (b"\xd0\x00", "malformed"),
        (CONNACK + b"\x90\x03\x00\x01\x80", "not_subscribed"),
        (CONNACK + b"\x90\x03\x00\x02\x01", "unexpected"),
        (CONNACK + b"\x90\x02\x00\x01", "unexpected"),
    ):
        session = Session("t1", "down/#", 0, WAIT)
        assert broken(session, data) == reason and not session.is_up


def test_messages_come_in_order_and_are_acknowledged() -> None:
    session = up()
    data = message(b"a/b", b"one") + message(b"a/c", b"two", 0x30, b"") + message(b"a/d", b"", 0x3A, b"\xff\xff")
    assert session.receive(data, 0) == [("a/b", b"one"), ("a/c", b"two"), ("a/d", b"")]
    assert session.out == [b"\x40\x02\x00\x07", b"\x40\x02\xff\xff"]


def test_a_message_cut_anywhere_is_the_same() -> None:
    data = message(TOPIC.encode(), bytes(300)) + message(b"a/b", b"c")
    for cut in range(1, len(data)):
        session = up()
        assert session.receive(data[:cut], 0) + session.receive(data[cut:], 1) == [(TOPIC, bytes(300)), ("a/b", b"c")]


def test_packet_ids_go_round_and_spare_what_is_waited_for() -> None:
    session = up()
    expected = 1
    for count in range(65_600):
        session.publish("a", b"", 0)
        number = session.out.pop()[5:7]
        # SUBSCRIBE had 1; the one that is never acknowledged is passed over.
        expected = expected % 65_535 + 1
        if expected == 9 and count > 9:
            expected = 10
        assert number == expected.to_bytes(2, "big")
        if expected != 9:
            session.receive(b"\x40\x02" + number, 0)


def test_without_an_acknowledgement_it_is_over() -> None:
    session = up()
    session.publish("a", b"x", 100, 0)
    assert late(session, 100 + WAIT + 1) == ""
    session.publish("a", b"x", 100)
    assert late(session, 100 + WAIT) == ""
    assert late(session, 100 + WAIT + 1) == "late"


def test_no_more_is_sent_than_can_be_waited_for() -> None:
    session = up()
    try:
        for _ in range(limits.MQTT_IN_FLIGHT + 2):
            session.publish("a", b"x", 0)
    except Broken as error:
        assert error.reason == "overrun"
    else:
        raise AssertionError("expected an end")
    # Neither are acknowledgements to somebody who does not read.
    assert broken(up(), message(b"a/b", b"c") * 40) == "overrun"


def test_every_answer_has_its_time() -> None:
    session = Session("t1", "down/#", 0, WAIT)
    assert late(session, WAIT) == "" and late(session, WAIT + 1) == "late"
    session = Session("t1", "down/#", 0, WAIT)
    session.receive(CONNACK, 500)
    assert late(session, 500 + WAIT) == "" and late(session, 501 + WAIT) == "late"


def test_a_broker_that_says_nothing_is_noticed() -> None:
    session, half = up(), limits.MQTT_KEEPALIVE_SECONDS * 500
    assert late(session, half - 1) == "" and session.out == []
    assert late(session, half) == "" and session.out == [b"\xc0\x00"]
    assert late(session, half + WAIT) == "" and late(session, half + WAIT + 1) == "late"
    # What it says otherwise is no answer.
    session = up()
    session.check(half)
    session.receive(message(b"a/b", b"c", 0x30, b""), half + 1)
    assert late(session, half + WAIT + 1) == "late"
    session.receive(b"\xd0\x00", half + 2)
    assert late(session, half + WAIT + 1) == ""


def test_a_packet_that_drips_is_not_waited_for() -> None:
    data = message(b"a/b", bytes(100))
    for start in (1, 2, 5, 50, len(data) - 1):
        session = up()
        session.receive(data[:start], 0)
        for position in range(start, len(data) - 1):
            session.receive(data[position : position + 1], position)
        assert late(session, WAIT) == "" and late(session, WAIT + 1) == "late"
        assert session.receive(data[-1:], WAIT) == [("a/b", bytes(100))]
        assert late(session, WAIT + 1) == ""
