"""DNS messages as bytes: what a client asks, and what an upstream server answers, read strictly and within bounds.

It decides which bytes are a question that may be answered and which are an answer to what was asked. What is done about
them is `decisions`'s, writing is `answers`'s. RFC 1035, 2181, 6891; names stay in wire form until somebody judges them.
"""

import struct
from typing import NamedTuple

from stairgate.agent.limits import ALIASES, EXTRA_RECORDS, LABEL_BYTES, NAME_BYTES, POINTERS, REPLY_RECORDS

QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
OPCODE = 0x7800
_NO_QUERY = QR | OPCODE
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16
A, CNAME, SOA, HINFO, AAAA, OPT, SVCB, HTTPS, ANY = 1, 5, 6, 13, 28, 41, 64, 65, 255
IN = 1
HEADER = struct.Struct("!6H")
TYPE_CLASS = struct.Struct("!HH")
RECORD = struct.Struct("!HHIH")  # type, class, TTL, length of the data; after the owner's name
DO = 0x8000
PLAIN_SIZE = 512  # of an answer over UDP to a query without OPT

_header = HEADER.unpack_from
_record = RECORD.unpack_from
_type_class = TYPE_CLASS.unpack_from
_NO_EDNS = (PLAIN_SIZE, False, False)  # size, edns, do
_OPT_HEAD = b"\0" + OPT.to_bytes(2, "big")
# What a name may hold without being escaped: letters, digits, hyphen and underscore.
_ORDINARY = b"abcdefghijklmnopqrstuvwxyz0123456789-_"


class BadMessage(Exception):
    """Bytes that are no query to be answered from data. `rcode`: the answer they deserve, None for no answer at all."""

    def __init__(self, rcode: int | None, what: str) -> None:
        super().__init__(what)
        self.rcode = rcode


class Query(NamedTuple):
    """One question.

    question: name as asked (never compressed), type and class, in wire form. name, text: in lower case, in wire form
    and by `text_of`. size: what the client takes over UDP. edns: it sent an OPT record; do: and wants DNSSEC's records.
    """

    id: int
    flags: int
    question: bytes
    name: bytes
    text: str
    type: int
    klass: int
    size: int
    edns: bool
    do: bool


class Reply(NamedTuple):
    """What an upstream server said: answer and authority records as bytes that follow the question.

    ttls: (offset into `records`, TTL) of each. ttl: seconds it may be kept, 0 for not at all (RFC 2308).
    addresses: of its A and AAAA records. aliases: the names that the one asked for is an alias of, as text.
    """

    rcode: int
    flags: int
    answers: int
    authorities: int
    records: bytes
    ttls: tuple[tuple[int, int], ...]
    ttl: int
    addresses: tuple[bytes, ...]
    aliases: tuple[str, ...] = ()


def _read_name(data: bytes, at: int) -> tuple[bytes, int]:
    """A name that may be compressed, in full, and where what follows it begins. A pointer leads only backwards."""
    parts: list[bytes] = []
    total, after, lowest, jumps = 1, 0, at, 0
    while True:
        length = data[at]
        if length == 0:
            parts.append(b"\0")
            return b"".join(parts), after or at + 1
        if length <= LABEL_BYTES:
            total += length + 1
            if total > NAME_BYTES or at + length + 1 > len(data):
                raise BadMessage(FORMERR, "a name that is too long")
            parts.append(data[at : at + length + 1])
            at += length + 1
            continue
        target = (length & 0x3F) << 8 | data[at + 1]
        jumps += 1
        if length < 0xC0 or target >= lowest or jumps > POINTERS:
            raise BadMessage(FORMERR, "a label of an unknown kind, or a pointer that leads nowhere")
        after = after or at + 2
        at = lowest = target


def _skip_name(data: bytes, at: int) -> int:
    """Where what follows a name begins. Its pointer must lead backwards, its labels are not looked at."""
    start = at
    while True:
        length = data[at]
        if length == 0:
            return at + 1
        if length >= 0xC0:
            if (length & 0x3F) << 8 | data[at + 1] >= start:
                raise BadMessage(None, "a pointer that leads forwards")
            return at + 2
        if length > LABEL_BYTES:
            raise BadMessage(None, "a label of an unknown kind")
        at += length + 1


def _read_edns(data: bytes, at: int, authorities: int, extra: int) -> tuple[int, tuple[int, bool, bool]]:
    """Of the records after the question: the version of EDNS, and the end of a Query. No OPT record is version 0."""
    if extra == 1 and not authorities and data[at : at + 3] == _OPT_HEAD and data[at + 9 :] == b"\0\0":
        # Nearly all queries that have one: without options, at the end.
        return data[at + 6], (max(data[at + 3] << 8 | data[at + 4], PLAIN_SIZE), True, data[at + 7] > 127)
    # Only IXFR has an authority record in its question, and only its type will be looked at.
    if authorities + extra > EXTRA_RECORDS:
        raise BadMessage(FORMERR, "too many records beside the question")
    version, edns = 0, _NO_EDNS
    for _ in range(authorities + extra):
        owner, at = _read_name(data, at)
        kind, klass, ttl, length = _record(data, at)
        at += RECORD.size + length
        if at > len(data):
            raise BadMessage(FORMERR, "a record that is cut off")
        if kind == OPT:
            if owner != b"\0":
                raise BadMessage(FORMERR, "OPT with a name")
            if edns is not _NO_EDNS:
                raise BadMessage(FORMERR, "two OPT records")
            version, edns = (ttl >> 16) & 0xFF, (max(klass, PLAIN_SIZE), True, bool(ttl & DO))
    return version, edns


def read_query(data: bytes) -> Query:
    """The question in a message. Raises BadMessage. Bytes after the message are ignored, and never passed on."""
    if len(data) < HEADER.size:
        raise BadMessage(None, "shorter than a header")
    ident, flags, questions, answers, authorities, extra = _header(data)
    if flags & _NO_QUERY:
        raise BadMessage(None, "a response") if flags & QR else BadMessage(NOTIMP, "an operation other than QUERY")
    if questions != 1 or answers:
        raise BadMessage(FORMERR, "not exactly one question")
    try:
        at = data.find(0, HEADER.size) + 1
        name = data[HEADER.size : at].lower()
        try:
            text = text_of(name)
            question = data[HEADER.size : at + TYPE_CLASS.size]
        except IndexError:  # that was not its end
            written, at = _read_name(data, HEADER.size)
            name = written.lower()
            text = text_of(name)
            question = written + data[at : at + TYPE_CLASS.size]
        if len(name) > NAME_BYTES:
            raise BadMessage(FORMERR, "a name that is too long")
        kind, klass = _type_class(data, at)
        version, edns = 0, _NO_EDNS
        if extra or authorities:
            version, edns = _read_edns(data, at + TYPE_CLASS.size, authorities, extra)
    except (IndexError, struct.error):
        raise BadMessage(FORMERR, "cut off") from None
    # Not through Query's own constructor: this is asked of every query, and takes half the time.
    query: Query = tuple.__new__(Query, (ident, flags, question, name, text, kind, klass, *edns))
    if version:
        raise BadVersion(query)
    return query


class BadVersion(BadMessage):
    """A query of another EDNS version; it is answered with ours (RFC 6891, 6.1.3)."""

    def __init__(self, query: Query) -> None:
        super().__init__(BADVERS, "another version of EDNS")
        self.query = query


def _negative_ttl(data: bytes, at: int, end: int, ttl: int) -> int:
    """RFC 2308, 5: the smaller of the SOA record's TTL and its minimum, its last field."""
    if end - at < 22:
        raise BadMessage(None, "an SOA record that is cut off")
    (minimum,) = struct.unpack_from("!I", data, end - 4)
    return int(min(ttl, minimum))


def _alias(data: bytes, at: int, end: int) -> str:
    """The name that a CNAME record's data is."""
    name, after = _read_name(data, at)
    if after != end:
        raise BadMessage(None, "an alias of what is no name")
    return text_of(name.lower())


def read_reply(data: bytes, question: bytes) -> Reply:
    """What a response to `question` says. Raises BadMessage when it is no response to exactly that question."""
    if len(data) < HEADER.size:
        raise BadMessage(None, "shorter than a header")
    _, flags, questions, answers, authorities, _ = _header(data)
    at = HEADER.size + len(question)
    if not flags & QR or flags & OPCODE or questions != 1 or data[HEADER.size : at] != question:
        raise BadMessage(None, "not the answer to this question")
    if answers + authorities > REPLY_RECORDS:
        raise BadMessage(None, "too many records")
    if flags & TC:  # what is there may be cut off anywhere
        return Reply(flags & 0xF, flags, 0, 0, b"", (), 0, ())
    start, shortest, negative = at, -1, 0
    ttls: list[tuple[int, int]] = []
    addresses: list[bytes] = []
    aliases: list[str] = []
    try:
        for number in range(answers + authorities):
            at = _skip_name(data, at)
            kind, klass, ttl, length = _record(data, at)
            ttl = 0 if ttl >> 31 else ttl  # RFC 2181, 8
            ttls.append((at + 4 - start, ttl))
            at += RECORD.size
            end = at + length
            if end > len(data) or kind == OPT:
                raise BadMessage(None, "a record that is cut off, or out of place")
            if number < answers:
                shortest = ttl if shortest < 0 or ttl < shortest else shortest
                if (kind == A and length == 4 or kind == AAAA and length == 16) and klass == IN:
                    addresses.append(data[at:end])
                elif kind == CNAME and klass == IN:
                    aliases.append(_alias(data, at, end))
            elif kind == SOA and klass == IN:
                negative = _negative_ttl(data, at, end, ttl)
            at = end
    except (IndexError, struct.error):
        raise BadMessage(None, "cut off") from None
    # What is not looked at might be what is refused: none of it is taken.
    if len(aliases) > ALIASES:
        raise BadMessage(None, "too many aliases")
    rcode = flags & 0xF
    if rcode == NOERROR and answers and (addresses or not negative):
        kept = shortest
    elif rcode in (NOERROR, NXDOMAIN):
        kept = negative if shortest < 0 else min(negative, shortest)
    else:
        kept = 0
    records = data[start:at]
    return Reply(rcode, flags, answers, authorities, records, tuple(ttls), kept, tuple(addresses), tuple(aliases))


def text_of(name: bytes) -> str:
    """A wire name in lower case as text without the last dot; odd bytes escaped (RFC 4343): none passes for a dot.

    Raises IndexError when the labels do not end where the bytes do.
    """
    dotted = bytearray(name)
    at = labels = 0
    while length := name[at]:
        if length > LABEL_BYTES:
            raise IndexError
        dotted[at] = 0x2E
        labels += 1
        at += length + 1
    # Without what is ordinary, nothing is left but our dots and the last zero.
    if len(dotted.translate(None, _ORDINARY)) == labels + 1:
        return dotted[1:-1].decode("ascii")
    return _escaped(name)


def _escaped(name: bytes) -> str:
    labels = []
    at = 0
    while name[at]:
        label = name[at + 1 : at + 1 + name[at]]
        if label.translate(None, _ORDINARY):
            labels.append("".join([chr(byte) if byte in _ORDINARY else f"\\{byte:03d}" for byte in label]))
        else:
            labels.append(label.decode("ascii"))
        at += name[at] + 1
    return ".".join(labels)


def wire_of(name: str) -> bytes:
    """A name of a filter or table in wire form. Raises ValueError when it is none."""
    labels = [label.encode("ascii") for label in name.split(".")] if name else []
    if any(not 0 < len(label) <= LABEL_BYTES for label in labels):
        raise ValueError(f"expected a DNS name, got {name!r}")
    wire = b"".join([bytes((len(label),)) + label for label in labels]) + b"\0"
    if len(wire) > NAME_BYTES:
        raise ValueError(f"expected at most {NAME_BYTES} bytes, got {name!r}")
    return wire
