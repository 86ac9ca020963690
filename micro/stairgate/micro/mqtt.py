"""One connection of MQTT 3.1.1 as a toy speaks it: bytes in, bytes out, and what must come until when.

It decides what is a well-formed packet, how large one may be and how long each answer may take; anything else ends the
connection by `Broken`. Sockets, clocks and coming back are `link`'s and `sync`'s part. Clean sessions, QoS 0 and 1, one
subscription. Section numbers are those of the OASIS standard. Why not a library: docs/adr/0014.
"""

import struct

from stairgate.micro.limits import MQTT_IN_FLIGHT, MQTT_KEEPALIVE_SECONDS, MQTT_PACKET_BYTES, MQTT_WAIT_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    Message = tuple[str, bytes]

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 0x20, 0x30, 0x40, 0x90, 0xD0
CONNECTING, PACKET, PING = "connack", "packet", "pingresp"  # what may be waited for, beside packet ids


class Broken(Exception):
    """The connection is of no use any more. `reason`: a machine code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def text(value: bytes) -> bytes:
    """A string with its length before it (1.5.3)."""
    return struct.pack("!H", len(value)) + value


def packet(first: int, body: bytes) -> bytes:
    """A packet: its first byte, the length in up to four bytes of seven bits (2.2.3), the body."""
    head = bytearray((first,))
    length = len(body)
    while length > 127:
        head.append(length & 127 | 128)
        length >>= 7
    head.append(length)
    return bytes(head) + body


class Session:
    """One connection, from CONNECT on. Times are milliseconds that never go back.

    out: packets to be sent, oldest first; is_up: whether the broker has accepted connection and subscription.
    """

    def __init__(self, client: str, subscription: str, now: int, wait: int = MQTT_WAIT_MS) -> None:
        """wait: milliseconds for each answer, and for a packet from its first to its last byte."""
        self.is_up = False
        self._subscription = subscription
        self._wait = wait
        head = b"\x00\x04MQTT\x04\x02" + struct.pack("!H", MQTT_KEEPALIVE_SECONDS)
        self.out = [packet(0x10, head + text(client.encode()))]
        self._due: "dict[object, int]" = {CONNECTING: now + wait}
        self._id = 0
        self._pinged = now
        self._head = bytearray()
        self._body: "bytearray | None" = None
        self._filled = 0

    def publish(self, topic: str, payload: bytes, now: int, qos: int = 1) -> None:
        """Send a message. Raises Broken `overrun` when too many are not acknowledged."""
        number = struct.pack("!H", self._new_id(now)) if qos else b""
        self._send(packet(PUBLISH | qos << 1, text(topic.encode()) + number + payload))

    def check(self, now: int) -> None:
        """Ask for a sign of life when it is time. Raises Broken `late` when anything did not come in time."""
        if [1 for until in self._due.values() if now > until]:
            raise Broken("late")
        # Whatever else is said: a broker that only hears is as dead as one that is silent.
        if now - self._pinged >= MQTT_KEEPALIVE_SECONDS * 500 and PING not in self._due:
            self._pinged = now
            self._due[PING] = now + self._wait
            self._send(b"\xc0\x00")

    def receive(self, data: bytes, now: int) -> "list[Message]":
        """Take bytes as they came; the messages (topic, payload) that are whole with them. Raises Broken."""
        found: "list[Message]" = []
        at = 0
        while at < len(data):
            if self._body is None:
                self._begin(data[at], now)
                at += 1
            else:
                end = min(len(data), at + len(self._body) - self._filled)
                self._body[self._filled : self._filled + end - at] = data[at:end]
                self._filled += end - at
                at = end
            if self._body is not None and self._filled == len(self._body):
                body, first = self._body, self._head[0]
                self._head, self._body, self._filled = bytearray(), None, 0
                del self._due[PACKET]
                self._take(first, body, now, found)
        return found

    def _begin(self, byte: int, now: int) -> None:
        """One byte of a packet's head. The room for the body is taken only when its length is known to be sound."""
        if not self._head:
            self._due[PACKET] = now + self._wait
        self._head.append(byte)
        if len(self._head) > 1 and byte < 128:
            length = 0
            for position in range(len(self._head) - 1, 0, -1):
                length = length << 7 | self._head[position] & 127
            if length > MQTT_PACKET_BYTES:
                raise Broken("too_large")
            self._body = bytearray(length)
        elif len(self._head) == 5:
            raise Broken("malformed")

    def _take(self, first: int, body: bytearray, now: int, found: "list[Message]") -> None:
        if CONNECTING in self._due:
            if first != CONNACK or len(body) != 2:
                raise Broken("malformed")
            if body[1]:
                raise Broken("refused")
            del self._due[CONNECTING]
            number = struct.pack("!H", self._new_id(now))
            self._send(packet(0x82, number + text(self._subscription.encode()) + b"\x01"))
        elif first & 0xF0 == PUBLISH:
            found.append(self._message(first >> 1 & 3, body))
        elif first == PINGRESP and not body:
            self._due.pop(PING, None)
        elif first in (PUBACK, SUBACK) and len(body) == 2 + (first == SUBACK):
            if self._due.pop(body[0] << 8 | body[1], None) is None:
                raise Broken("unexpected")
            if first == SUBACK:
                if body[2] > 1:
                    raise Broken("not_subscribed")
                self.is_up = True
        else:
            raise Broken("unexpected")

    def _message(self, qos: int, body: bytearray) -> "Message":
        start = 2 + (body[0] << 8 | body[1]) if len(body) > 1 else 0
        end = start + (2 if qos else 0)
        if not 2 < start <= end <= len(body) or qos > 1:
            raise Broken("malformed")
        if qos:
            self._send(b"\x40\x02" + bytes(body[start:end]))
        try:
            return str(body[2:start], "utf-8"), bytes(body[end:])
        except ValueError:
            raise Broken("malformed") from None

    def _send(self, data: bytes) -> None:
        if len(self.out) > 2 * MQTT_IN_FLIGHT:
            raise Broken("overrun")
        self.out.append(data)

    def _new_id(self, now: int) -> int:
        """The next packet id, 1 to 65,535 (2.3.1), that nobody waits for; it is waited for from now on."""
        if len(self._due) > MQTT_IN_FLIGHT:
            raise Broken("overrun")
        while True:
            self._id = self._id % 65535 + 1
            if self._id not in self._due:
                self._due[self._id] = now + self._wait
                return self._id
