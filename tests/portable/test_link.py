"""How bytes travel between a toy's session and a stream that takes and gives as little as it likes."""

from stairgate.micro import limits
from stairgate.micro.link import Link, sec1
from stairgate.micro.mqtt import Broken, Session, packet
from tests.portable.trust_vectors import A

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CONNACK, SUBACK = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01"


class Stream:
    """A connection that does not block. `takes`: how many bytes a write takes, None for none now."""

    def __init__(self, takes: "int | None" = 1000) -> None:
        self.takes = takes
        self.sent = b""
        self.given: "list[bytes | None]" = []
        self.is_closed = False

    def write(self, data: bytes) -> "int | None":
        if self.takes is None:
            return None
        self.sent += data[: self.takes]
        return min(len(data), self.takes)

    def read(self, most: int) -> "bytes | None":
        return self.given.pop(0) if self.given else None

    def close(self) -> None:
        self.is_closed = True
        raise OSError(9)


def made(takes: "int | None" = 1000) -> "tuple[Link, Stream, list[int]]":
    now = [0]
    stream = Stream(takes)
    return Link(stream, Session("t1", "down/#", 0, 1000), lambda: now[0]), stream, now


def end(step: "Callable[[], object]") -> str:
    try:
        step()
    except Broken as broken:
        return broken.reason
    return ""


def test_packets_go_out_whole_and_in_order_however_little_is_taken() -> None:
    for takes in (1, 2, 7, 1000):
        link, stream, _ = made(takes)
        stream.given = [CONNACK, SUBACK]
        for _ in range(100):
            link.step()
        link.session.publish("a", b"payload", 0)
        for _ in range(100):
            link.step()
        first, rest = stream.sent[:16], stream.sent[16:]
        assert first[0] == 0x10 and rest[:2] == b"\x82\x0b" and rest[13:] == b"\x32\x0c\x00\x01a\x00\x02payload"


def test_what_is_there_is_taken_and_nothing_is_waited_for() -> None:
    link, stream, _ = made()
    stream.given = [CONNACK[:1], CONNACK[1:] + SUBACK, packet(0x30, b"\x00\x01ab"), None]
    assert link.step() == [] and link.step() == []
    assert link.session.is_up
    assert link.step() == [("a", b"b")]
    assert link.step() == []


def test_the_other_end_hangs_up() -> None:
    link, stream, _ = made()
    stream.given = [b""]
    assert end(link.step) == "closed"
    link.close()
    assert stream.is_closed


def test_who_takes_nothing_is_left() -> None:
    link, stream, now = made(None)
    stream.given = [CONNACK, SUBACK]
    link.step()
    now[0] = 1000
    assert end(link.step) == ""
    # Nothing was sent, so nothing is answered: the sign of life, at the latest.
    half = limits.MQTT_KEEPALIVE_SECONDS * 500
    now[0] = half
    assert end(link.step) == ""
    now[0] = half + 1001
    assert end(link.step) == "late"


def test_a_deadline_ends_a_step() -> None:
    link, _, now = made()
    now[0] = 1001
    assert end(link.step) == "late"


def test_the_form_of_a_key() -> None:
    key = sec1(5, A)
    assert len(key) == 121 and key[1] == 119 and key[7:39] == bytes(31) + b"\x05" and key[-65:] == A
