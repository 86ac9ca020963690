"""Queries and replies as bytes: what is read, what is refused and how, and that no bytes break the readers."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent.dns.message import (
    BadMessage,
    BadVersion,
    Query,
    read_query,
    read_reply,
    text_of,
    wire_of,
)
from tests.unit.agent.dns.rig import AAAA, CNAME, HTTPS, OPT, OPT_DO, A, query, record, response, soa

NAME = b"\x03www\x07example\x03org\x00"
QUESTION = NAME + b"\0\1\0\1"
FORMERR, NOTIMP = 1, 4
V4, V6 = bytes((203, 0, 113, 10)), bytes.fromhex("20010db8001000000000000000000010")


def head(flags: int = 0x0100, counts: tuple[int, int, int, int] = (1, 0, 0, 0)) -> bytes:
    """A header with the id 0x1234."""
    return struct.pack("!6H", 0x1234, flags, *counts)


def test_a_plain_query() -> None:
    assert read_query(head() + QUESTION) == Query(
        0x1234, 0x0100, QUESTION, NAME, "www.example.org", A, 1, 512, False, False
    )


def test_letters_stay_as_they_were_asked_and_are_compared_in_lower_case() -> None:
    read = read_query(query("wWw.ExAmPlE.oRg"))
    assert read.question == b"\x03wWw\x07ExAmPlE\x03oRg\x00\0\1\0\1"
    assert read.name == NAME


@pytest.mark.parametrize(
    ("opt", "size", "do"),
    [
        (OPT, 4096, False),
        (OPT_DO, 4096, True),
        (bytes.fromhex("0000290000000000000000"), 512, False),
        # A cookie: an option is skipped.
        (bytes.fromhex("00002904d000008000000c") + b"\0\x0a\0\x08abcdefgh", 1232, True),
    ],
)
def test_edns(opt: bytes, size: int, do: bool) -> None:
    read = read_query(query("www.example.org", opt=opt))
    assert (read.size, read.edns, read.do) == (size, True, do)


def test_another_version_of_edns_is_said() -> None:
    with pytest.raises(BadVersion) as raised:
        read_query(query("www.example.org", opt=bytes.fromhex("0000291000000100000000")))
    assert raised.value.rcode == 16
    assert raised.value.query.question == QUESTION


def test_a_compressed_name_is_written_out() -> None:
    # The pointer leads to a zero of the header: the root.
    read = read_query(head() + b"\x03www\xc0\x06\0\1\0\1")
    assert read.name == b"\x03www\0"
    assert read.question == b"\x03www\0\0\1\0\1"


def test_a_signature_beside_the_question_is_skipped_and_bytes_after_it_are_ignored() -> None:
    tsig = b"\0" + struct.pack("!HHIH", 250, 255, 0, 3) + b"abc"
    assert read_query(head(counts=(1, 0, 0, 2)) + QUESTION + OPT + tsig + b"rest").edns


@pytest.mark.parametrize(
    ("data", "rcode"),
    [
        (b"", None),
        (head()[:11], None),
        (head(0x8100) + QUESTION, None),  # a response: answering it would make two servers talk for ever
        (head(0x2100) + QUESTION, NOTIMP),  # NOTIFY
        (head(0x2800) + QUESTION, NOTIMP),  # UPDATE
        (head(counts=(0, 0, 0, 0)), FORMERR),
        (head(counts=(2, 0, 0, 0)) + QUESTION + QUESTION, FORMERR),
        (head(counts=(1, 1, 0, 0)) + QUESTION, FORMERR),
        (head(), FORMERR),
        (head() + QUESTION[:-1], FORMERR),
        (head() + NAME[:-1], FORMERR),
        (head() + b"\x03ww", FORMERR),
        (head() + b"\x40" + b"a" * 64 + b"\0\0\1\0\1", FORMERR),  # an extended label type
        (head() + b"\x80ab\0\0\1\0\1", FORMERR),
        (head() + b"\xc0\x0c\0\1\0\1", FORMERR),  # itself
        (head() + b"\x01a\xc0\x0e\0\1\0\1", FORMERR),
        (head() + b"\xc0\x20\0\1\0\1" + QUESTION * 3, FORMERR),  # forwards
        (head() + b"\xc0", FORMERR),
        (head() + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1", FORMERR),  # 257 bytes
        (head(counts=(1, 0, 0, 2)) + QUESTION + OPT + OPT, FORMERR),
        (head(counts=(1, 0, 0, 1)) + QUESTION + b"\1a" + OPT, FORMERR),
        (head(counts=(1, 0, 0, 1)) + QUESTION + OPT[:-1], FORMERR),
        (head(counts=(1, 0, 0, 1)) + QUESTION + OPT[:-2] + b"\0\x09", FORMERR),
        (head(counts=(1, 0, 0, 60000)) + QUESTION + OPT, FORMERR),
    ],
)
def test_what_is_no_query(data: bytes, rcode: int | None) -> None:
    with pytest.raises(BadMessage) as raised:
        read_query(data)
    assert raised.value.rcode == rcode


def test_the_longest_name_is_read() -> None:
    wire = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\0"
    assert len(wire) == 255
    assert read_query(head() + wire + b"\0\1\0\1").name == wire
    with pytest.raises(BadMessage):
        read_query(head() + (b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"b" * 62 + b"\0\0\1\0\1")


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader_of_queries(data: bytes) -> None:
    for start in (b"", head(), head() + QUESTION, head(counts=(1, 0, 0, 1)) + QUESTION):
        try:
            read = read_query(start + data)
        except BadMessage:
            continue
        assert text_of(read.name) == read.text
        assert read.question[:-4].lower() == read.name


def asked(name: str = "www.example.org", kind: int = A) -> tuple[bytes, bytes]:
    """A query, and its question."""
    data = query(name, kind)
    return data, data[12:]


def test_a_reply_with_addresses() -> None:
    data, question = asked()
    alias = record(CNAME, 900, b"\x03cdn\xc0\x10")
    reply = read_reply(response(data, alias, record(A, 60, V4), extra=OPT), question)
    assert (reply.rcode, reply.answers, reply.authorities, reply.ttl, reply.addresses) == (0, 2, 0, 60, (V4,))
    assert reply.records == alias + record(A, 60, V4)
    assert reply.ttls == ((6, 900), (len(alias) + 6, 60))


def test_what_is_not_there_is_kept_as_long_as_its_zone_says() -> None:
    data, question = asked()
    for rcode in (0, 3):
        assert read_reply(response(data, authorities=(soa(900, 60),), rcode=rcode), question).ttl == 60
        assert read_reply(response(data, authorities=(soa(30, 60),), rcode=rcode), question).ttl == 30
        assert read_reply(response(data, rcode=rcode), question).ttl == 0  # RFC 2308, 5: not without SOA
    alias = record(CNAME, 20, b"\x03cdn\xc0\x10")
    assert read_reply(response(data, alias, authorities=(soa(900, 60),)), question).ttl == 20
    assert read_reply(response(data, rcode=2, authorities=(soa(900, 60),)), question).ttl == 0


def test_a_ttl_with_the_highest_bit_is_none() -> None:
    data, question = asked(kind=AAAA)
    assert read_reply(response(data, record(AAAA, 0x80000001, V6)), question).ttl == 0


def test_a_reply_that_is_cut_off_says_only_that() -> None:
    data, question = asked()
    reply = read_reply(response(data, record(A, 60, V4), flags=0x0200)[:-3], question)
    assert reply.flags & 0x0200 and reply.records == b"" and reply.ttl == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda good: good[:11],
        lambda good: good[:2] + b"\x01" + good[3:],  # a query
        lambda good: good[:5] + b"\x02" + good[6:],  # two questions
        lambda good: good.replace(b"example", b"exbmple"),
        lambda good: good.replace(b"example", b"eXample"),  # the spelling is part of the proof
        lambda good: good[:-1],
        lambda good: good[:7] + b"\xff" + good[8:],
        lambda good: good[:6] + b"\xff" + good[7:],
        lambda good: good.replace(b"\xc0\x0c", b"\xc0\xff"),
        lambda good: good.replace(b"\xc0\x0c", b"\x80\x0c"),
        lambda good: good.replace(b"\xc0\x0c\0\1", b"\xc0\x0c\0\x29"),  # OPT among the answers
    ],
)
def test_what_is_no_answer_to_the_question(change: object) -> None:
    data, question = asked()
    good = response(data, record(A, 60, V4))
    assert read_reply(good, question).addresses == (V4,)
    with pytest.raises(BadMessage):
        read_reply(change(good), question)  # type: ignore[operator]


@given(st.binary(max_size=120), st.integers(0, 65535), st.integers(0, 65535))
def test_no_bytes_break_the_reader_of_replies(data: bytes, answers: int, authorities: int) -> None:
    good, question = asked(kind=HTTPS)
    start = good[:2] + struct.pack("!5H", 0x8180, 1, answers, authorities, 0) + question
    try:
        read_reply(start + data, question)
    except BadMessage:
        return


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"\0", ""),
        (NAME, "www.example.org"),
        (b"\x04_dns\x08resolver\x04arpa\0", "_dns.resolver.arpa"),
        # A dot inside a label makes no domain of it.
        (b"\x0bwww.example\x03org\0", "www\\046example.org"),
        (b"\x03a\\b\0", "a\\092b"),
        (b"\x02\xc3\xa9\0", "\\195\\169"),
        (b"\x2d" + b"a" * 45 + b"\0", "a" * 45),  # a length that is itself a hyphen
        (b"\x2d" + b"a" * 44 + b".\0", "a" * 44 + "\\046"),
        (b"\x31" + b"a" * 48 + b"\xe9\0", "a" * 48 + "\\233"),
        (b"\x30" + b"a" * 48 + b"\x01b\0", "a" * 48 + ".b"),
    ],
)
def test_names_as_text(wire: bytes, text: str) -> None:
    assert text_of(wire) == text


@pytest.mark.parametrize("wire", [b"", b"\3www", b"\3ww\0", b"\x40" + b"a" * 64 + b"\0", b"\xc0\x0c\0"])
def test_what_is_no_name_has_no_text(wire: bytes) -> None:
    with pytest.raises(IndexError):
        text_of(wire)


def test_a_label_that_holds_a_zero_ends_no_name() -> None:
    wire = b"\x05a\0b\0c\3org\0"
    read = read_query(head() + wire + b"\0\1\0\1")
    assert (read.name, read.text) == (wire, "a\\000b\\000c.org")
    assert read.question == wire + b"\0\1\0\1"


def test_names_as_wire() -> None:
    assert wire_of("www.example.org") == NAME
    for wrong in ("a..b", "." * 3, "a" * 64, "a." * 128 + "b"):
        with pytest.raises(ValueError):
            wire_of(wrong)
