"""Answers as bytes: refusals, rewrites, addresses of our own, and what upstream said, each as the query allows.

It decides how an answer is written: flags, TTLs, the OPT record (only when the query had one, RFC 6891), the extended
error (RFC 8914) and truncation. What is answered is `decisions`'s part. The name stands as it was asked, case included.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache

from stairgate.agent.dns.message import (
    AAAA,
    AD,
    CD,
    CNAME,
    DO,
    HEADER,
    HINFO,
    IN,
    OPCODE,
    OPT,
    PLAIN_SIZE,
    QR,
    RA,
    RD,
    RECORD,
    SOA,
    TC,
    A,
    Query,
    Reply,
)
from stairgate.agent.limits import NEGATIVE_ENDS, REFUSED_TTL, UDP_PAYLOAD_BYTES

# Extended errors, RFC 8914
OTHER, BLOCKED, FILTERED, NOT_READY, NO_AUTHORITY, NETWORK_ERROR = 0, 15, 17, 14, 22, 23
_EDE = 15
_OWNER = b"\xc0\x0c"  # the name of the question
_KEPT = OPCODE | RD | CD  # of the query's flags
_TTL = struct.Struct("!I")


def _flags(query: Query, rcode: int) -> int:
    return QR | RA | (query.flags & _KEPT) | (rcode & 0xF)


def _opt(edns: bool, do: bool, rcode: int = 0, code: int | None = None, text: str = "") -> bytes:
    """The OPT record of an answer, with an extended error unless `code` is None; none where the query had none."""
    if not edns:
        return b""
    options = b""
    if code is not None:
        words = text.encode("ascii")
        options = struct.pack("!HHH", _EDE, 2 + len(words), code) + words
    ttl = (rcode >> 4) << 24 | (DO if do else 0)
    return b"\0" + RECORD.pack(OPT, UDP_PAYLOAD_BYTES, ttl, len(options)) + options


def _written(
    query: Query,
    rcode: int = 0,
    answers: Sequence[bytes] = (),
    authorities: Sequence[bytes] = (),
    code: int | None = None,
    text: str = "",
) -> bytes:
    opt = _opt(query.edns, query.do, rcode, code, text)
    flags = _flags(query, rcode)
    head = HEADER.pack(query.id, flags, 1, len(answers), len(authorities), 1 if opt else 0)
    return b"".join((head, query.question, *answers, *authorities, opt))


def _soa(ttl: int) -> bytes:
    """The record that lets a client remember for `ttl` seconds that something is not there (RFC 2308, 3)."""
    data = b"\0\0" + struct.pack("!5I", 1, ttl, ttl, ttl, ttl)
    return _OWNER + RECORD.pack(SOA, IN, ttl, len(data)) + data


_OPT, _OPT_DO = _opt(True, False), _opt(True, True)


def failure(query: Query, rcode: int, code: int | None = None, text: str = "") -> bytes:
    """An answer that is only an error, such as SERVFAIL; code and text: of the extended error."""
    return _written(query, rcode, code=code, text=text)


def malformed(data: bytes, rcode: int) -> bytes:
    """The answer to a message whose question cannot be read: its id and an error. data: at least a header."""
    ident, flags = struct.unpack_from("!HH", data)
    return HEADER.pack(ident, QR | (flags & (OPCODE | RD)) | rcode, 0, 0, 0, 0)


def negative(query: Query, rcode: int, code: int | None = None, text: str = "", ttl: int = REFUSED_TTL) -> bytes:
    """NXDOMAIN, or with rcode NOERROR: the name has nothing of that type."""
    head, tail = _negative_ends(query.flags & _KEPT, rcode, query.edns, query.do, code, text, ttl)
    return query.id.to_bytes(2, "big") + head + query.question + tail


@lru_cache(NEGATIVE_ENDS)
def _negative_ends(
    kept: int, rcode: int, edns: bool, do: bool, code: int | None, text: str, ttl: int
) -> tuple[bytes, bytes]:
    """What comes after the id, and what after the question."""
    return HEADER.pack(0, QR | RA | kept | rcode, 1, 0, 1, edns)[2:], _soa(ttl) + _opt(edns, do, 0, code, text)


def addresses(
    query: Query, found: Sequence[bytes], ttl: int, code: int | None = None, text: str = "", owner: bytes = _OWNER
) -> bytes:
    """Our own A or AAAA records, those of the query's type; NODATA when there are none."""
    records = _address_records(query, found, ttl, owner)
    if not records:
        return negative(query, 0, code, text, ttl)
    return _written(query, answers=records, code=code, text=text)


def _address_records(query: Query, found: Sequence[bytes], ttl: int, owner: bytes) -> list[bytes]:
    length = {A: 4, AAAA: 16}.get(query.type)
    return [owner + RECORD.pack(query.type, IN, ttl, len(one)) + one for one in found if len(one) == length]


def rewritten(query: Query, target: bytes, found: Sequence[bytes], ttl: int) -> bytes:
    """The name is another's alias: a CNAME to `target` (wire form), and the target's addresses of the query's type.

    Apps take the addresses only with the CNAME beside them.
    """
    alias = _OWNER + RECORD.pack(CNAME, IN, ttl, len(target)) + target
    # The target's name stands where the CNAME's data begins.
    owner = (0xC000 | HEADER.size + len(query.question) + len(_OWNER) + RECORD.size).to_bytes(2, "big")
    records = _address_records(query, found, ttl, owner)
    return _written(query, answers=(alias, *records), authorities=() if records else (_soa(ttl),))


def any_type(query: Query) -> bytes:
    """The one record that RFC 8482, 4.2, gives to those who ask for all types."""
    data = b"\x07RFC8482\0"
    return _written(query, answers=(_OWNER + RECORD.pack(HINFO, IN, REFUSED_TTL, len(data)) + data,))


def relayed(query: Query, reply: Reply, elapsed: int, cap: int) -> bytes:
    """What upstream said, `elapsed` seconds later. cap: the longest TTL handed on."""
    flags = _flags(query, reply.rcode)
    if query.do or query.flags & AD:  # RFC 6840, 5.8
        flags |= reply.flags & AD
    opt = (_OPT_DO if query.do else _OPT) if query.edns else b""
    records: bytes | bytearray = reply.records
    if reply.ttls:
        records = bytearray(records)
        for offset, ttl in reply.ttls:
            left = ttl - elapsed
            _TTL.pack_into(records, offset, cap if left > cap else left if left > 0 else 0)
    head = HEADER.pack(query.id, flags, 1, reply.answers, reply.authorities, 1 if opt else 0)
    return b"".join((head, query.question, records, opt))


def fitting(query: Query, answer: bytes) -> bytes:
    """The answer as it may go over UDP: itself, or, too large for the client, the demand to come by TCP."""
    if len(answer) <= query.size and len(answer) <= max(UDP_PAYLOAD_BYTES, PLAIN_SIZE):
        return answer
    flags = int.from_bytes(answer[2:4], "big") | TC
    opt = _opt(query.edns, query.do)
    return HEADER.pack(query.id, flags, 1, 0, 0, 1 if opt else 0) + query.question + opt
