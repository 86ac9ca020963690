"""DNS messages as a device that wants round the filter writes them, and what an answer to them says.

It is written apart from the product's own codec on purpose: what that one misreads, this one must not misread too. It
decides nothing; it never refuses an answer, for an evasion takes what it gets (RFC 1035, 4; RFC 9460, 2.2).
"""

import secrets
import socket
import struct
from typing import NamedTuple

A, CNAME, AAAA, OPT, SVCB, HTTPS = 1, 5, 28, 41, 64, 65
TYPES = {"A": A, "AAAA": AAAA, "SVCB": SVCB, "HTTPS": HTTPS}
ECH = 5
PADDING, PADDING_BYTES = 12, 950


class Seen(NamedTuple):
    """What an answer says: its code, the addresses in it, the types of its records, and whether one offers ECH."""

    code: int
    truncated: bool
    addresses: tuple[str, ...]
    types: tuple[int, ...]
    ech: bool

    def told(self) -> str:
        """A few words for the table."""
        what = ", ".join(self.addresses) or (f"types {self.types}" if self.types else "no records")
        return f"code {self.code}: {what}"


def _labels(name: str, trick: str) -> bytes:
    if trick == "case":
        name = "".join(letter.upper() if at % 2 else letter for at, letter in enumerate(name))
    if trick == "upper":
        name = name.upper()
    return b"".join(bytes((len(label),)) + label for label in name.encode("ascii").split(b".") if label)


def question(name: str, kind: int, trick: str = "") -> bytes:
    """A query message. trick: `case`, `upper`, `compressed` (the name ends in a pointer to what follows the question),
    `padded` (longer than most), or none.
    """
    head = struct.pack("!HHHHHH", secrets.randbelow(65536), 0x0100, 1, 0, 0, 1 if trick == "padded" else 0)
    end = struct.pack("!HH", kind, 1)
    if trick == "compressed":
        first, _, rest = name.partition(".")
        # Header, the first label, a pointer, type and class: the rest of the name stands behind them.
        at = 12 + 1 + len(first) + 2 + 4
        return head + _labels(first, "") + struct.pack("!H", 0xC000 | at) + end + _labels(rest, "") + b"\0"
    body = _labels(name, trick) + b"\0" + end
    if trick == "padded":
        option = struct.pack("!HH", PADDING, PADDING_BYTES) + bytes(PADDING_BYTES)
        body += b"\0" + struct.pack("!HHIH", OPT, 1232, 0, len(option)) + option
    return head + body


def _past_name(message: bytes, at: int) -> int:
    while message[at]:
        if message[at] & 0xC0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def _offers_ech(data: bytes) -> bool:
    at = _past_name(data, 2)
    while at + 4 <= len(data):
        key, length = struct.unpack_from("!HH", data, at)
        if key == ECH:
            return True
        at += 4 + length
    return False


def read_answer(message: bytes) -> Seen:
    """What an answer says. Raises ValueError for what is none."""
    try:
        _, flags, questions, answers, _, _ = struct.unpack_from("!HHHHHH", message)
        at = 12
        for _ in range(questions):
            at = _past_name(message, at) + 4
        addresses, types, ech = [], [], False
        for _ in range(answers):
            at = _past_name(message, at)
            kind, _, _, length = struct.unpack_from("!HHIH", message, at)
            data = message[at + 10 : at + 10 + length]
            at += 10 + length
            types.append(kind)
            if (kind, length) in ((A, 4), (AAAA, 16)):
                addresses.append(socket.inet_ntop(socket.AF_INET6 if kind == AAAA else socket.AF_INET, data))
            elif kind in (SVCB, HTTPS):
                ech = ech or _offers_ech(data)
    except (struct.error, IndexError, OSError) as bad:
        raise ValueError(f"no DNS answer: {message[:40].hex()}") from bad
    return Seen(flags & 15, bool(flags & 0x0200), tuple(addresses), tuple(types), ech)


def answered(query: bytes, addresses: dict[str, tuple[str, str]]) -> bytes:
    """What a plain resolver answers to a query for one name: its address of the family asked for, or no record.

    addresses: (IPv4, IPv6) by name; a name below a known one is the known one's.
    """
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii").lower())
        at += 1 + query[at]
    kind = int.from_bytes(query[at + 1 : at + 3], "big")
    name = ".".join(labels)
    while name and name not in addresses:
        name = name.partition(".")[2]
    found = addresses.get(name)
    data = b""
    if found and kind in (A, AAAA):
        rdata = socket.inet_pton(*((socket.AF_INET6, found[1]) if kind == AAAA else (socket.AF_INET, found[0])))
        data = struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(rdata)) + rdata
    head = query[:2] + struct.pack("!HHHHH", 0x8180 if found else 0x8183, 1, 1 if data else 0, 0, 0)
    return head + query[12 : at + 5] + data
