"""Block lists of each format: which lines become what, which are left out and why, and what bounds a list."""

import io
import tracemalloc
from ipaddress import ip_network

import pytest

from stairgate.hub import limits
from stairgate.hub.list_entry import EXCEPTION, HASHED, LISTED, Entry
from stairgate.hub.list_formats import FORMATS, ListRefused, read_list, read_networks
from stairgate.hub.list_report import REASONS, ListReport
from stairgate.hub.name_text import NotAName, is_local, is_normal, is_too_wide, normal

DIGEST = "ab" * 32


def taken(form: str, text: str | bytes) -> tuple[list[tuple[str, str]], dict[str, int]]:
    """(kind, name) of the entries, and what was left out."""
    data = text if isinstance(text, bytes) else text.encode()
    report = ListReport()
    entries = list(read_list(io.BytesIO(data), form, ("ads",), "s1", report))
    assert report.taken == len(entries)
    assert set(report.dropped) <= set(REASONS)
    return [("important" if entry.source == "s1!" else entry.kind, entry.name) for entry in entries], dict(
        report.dropped
    )


# What it is, format, the line, what comes of it.
LINES: tuple[tuple[str, str, str, list[tuple[str, str]] | str], ...] = (
    ("a host", "hosts", "0.0.0.0 ads.example", [(LISTED, "ads.example")]),
    (
        "several hosts on a line",
        "hosts",
        "127.0.0.1\ta.example b.example  c.example",
        [(LISTED, n + ".example") for n in "abc"],
    ),
    ("another loopback", "hosts", "127.0.0.53 a.example", [(LISTED, "a.example")]),
    ("an IPv6 host", "hosts", ":: a.example", [(LISTED, "a.example")]),
    ("the loopback of IPv6", "hosts", "::1 a.example", [(LISTED, "a.example")]),
    ("a host and a comment", "hosts", "0.0.0.0 a.example # b.example", [(LISTED, "a.example")]),
    ("a comment", "hosts", "# 0.0.0.0 a.example", []),
    ("nothing", "hosts", "   ", []),
    ("the machine", "hosts", "127.0.0.1 localhost localhost.localdomain", "local_name"),
    ("the machine's groups", "hosts", "ff02::1 ip6-allnodes", "local_name"),
    ("a broadcast", "hosts", "255.255.255.255 broadcasthost", "local_name"),
    ("an address as a host", "hosts", "0.0.0.0 0.0.0.0", "address"),
    ("a host led elsewhere", "hosts", "93.184.216.34 bank.example", "not_blocking"),
    ("an address alone", "hosts", "0.0.0.0", "bad_record"),
    ("a top-level domain as a host", "hosts", "0.0.0.0 com", "too_wide"),
    ("a name", "plain", "ads.example", [(LISTED, "ads.example")]),
    ("a name in capitals, with a dot at the end", "plain", "ADS.Example.", [(LISTED, "ads.example")]),
    ("a name with an underscore", "plain", "_x._tcp.ads.example", [(LISTED, "_x._tcp.ads.example")]),
    ("a name and a comment", "plain", "ads.example # why", [(LISTED, "ads.example")]),
    ("a name of another script", "plain", "Bücher.example", [(LISTED, "xn--bcher-kva.example")]),
    ("an A-label", "plain", "XN--BCHER-KVA.example", [(LISTED, "xn--bcher-kva.example")]),
    ("two names", "plain", "a.example b.example", "not_a_name"),
    ("a URL", "plain", "https://a.example/", "not_a_name"),
    ("a name and a port", "plain", "a.example:8080", "not_a_name"),
    ("an empty label", "plain", "a..example", "not_a_name"),
    ("a long label", "plain", "a" * 64 + ".example", "not_a_name"),
    ("a long name", "plain", "a." * 123 + "example.org", "not_a_name"),
    ("an IPv4 address", "plain", "198.51.100.7", "address"),
    ("an IPv6 address", "plain", "2001:db8::7", "address"),
    ("markup", "plain", "<html>", "not_a_name"),
    ("a top-level domain", "plain", "com", "too_wide"),
    ("a country's registry", "plain", "co.uk", "too_wide"),
    ("a joint that shapes text", "plain", "a\u200cb.example", "bad_idna"),
    ("a space of another script", "plain", "a\u3000b.example", "not_a_name"),
    ("a wildcard", "wildcard", "*.ads.example", [(LISTED, "ads.example")]),
    ("a leading dot", "wildcard", ".ads.example", [(LISTED, "ads.example")]),
    ("no wildcard", "wildcard", "ads.example", [(LISTED, "ads.example")]),
    ("a wildcard for all", "wildcard", "*.", "not_a_name"),
    ("a wildcard inside", "wildcard", "ads.*.example", "not_a_name"),
    ("a wildcard below a top-level domain", "wildcard", "*.zip", "too_wide"),
    ("a rule", "adblock", "||ads.example^", [(LISTED, "ads.example")]),
    ("a rule with an end", "adblock", "||ads.example^|", [(LISTED, "ads.example")]),
    ("a rule below", "adblock", "||*.ads.example^", [(LISTED, "ads.example")]),
    ("a rule for all of it", "adblock", "||ads.example^$all", [(LISTED, "ads.example")]),
    ("a rule for its pages", "adblock", "||ads.example^$document", [(LISTED, "ads.example")]),
    ("a rule that no exception reaches", "adblock", "||ads.example^$important", [("important", "ads.example")]),
    ("an exception", "adblock", "@@||good.example^", [(EXCEPTION, "good.example")]),
    ("an important exception", "adblock", "@@||good.example^$important", [(EXCEPTION, "good.example")]),
    ("a comment of ad blockers", "adblock", "! ||ads.example^", []),
    ("a heading", "adblock", "[Adblock Plus 2.0]", []),
    ("a comment with a hash", "adblock", "# ||ads.example^", []),
    ("a part of its use", "adblock", "||ads.example^$third-party", "option"),
    ("on some pages", "adblock", "||ads.example^$important,domain=a.example", "option"),
    ("against a rule", "adblock", "||ads.example^$badfilter", "option"),
    ("with names that are not meant", "adblock", "||ads.example^$denyallow=good.ads.example", "option"),
    ("with an answer of its own", "adblock", "||ads.example^$dnsrewrite=NXDOMAIN", "option"),
    ("an exception for pages", "adblock", "@@||good.example^$document", "option"),
    ("an exception for scripts", "adblock", "@@||good.example^$script", "option"),
    ("a path", "adblock", "||ads.example/banner^", "pattern"),
    ("an open end", "adblock", "||ads.example", "pattern"),
    ("a beginning", "adblock", "|https://ads.example^", "pattern"),
    ("a wildcard in a rule", "adblock", "||ads*.example^", "pattern"),
    ("a piece of text", "adblock", "/banner/ads/", "pattern"),
    ("a regular expression", "adblock", r"/^ads[0-9]+\./", "pattern"),
    ("a name alone", "adblock", "ads.example", "pattern"),
    ("an exception of a pattern", "adblock", "@@/banner/*", "pattern"),
    ("what a page shows", "adblock", "news.example##.ad", "element_hiding"),
    ("what every page shows", "adblock", "##.ad", "element_hiding"),
    ("what a page shows all the same", "adblock", "news.example#@#.ad", "element_hiding"),
    ("what a page runs", "adblock", "news.example#%#window.ads = 1", "element_hiding"),
    ("what a page is made of", "adblock", 'news.example$$script[data="ad"]', "element_hiding"),
    ("a rule for an address", "adblock", "||198.51.100.7^", "address"),
    ("a rule for a top-level domain", "adblock", "||com^", "too_wide"),
    ("a record", "rpz", "ads.example CNAME .", [(LISTED, "ads.example")]),
    ("a record with time and class", "rpz", "ads.example\t2h IN\tCNAME\t.", [(LISTED, "ads.example")]),
    ("a record with class and time", "rpz", "ads.example IN 300 CNAME .", [(LISTED, "ads.example")]),
    ("no data", "rpz", "*.ads.example 60 IN CNAME *.", [(LISTED, "ads.example")]),
    ("no answer", "rpz", "ads.example CNAME rpz-drop.", [(LISTED, "ads.example")]),
    ("an address that leads nowhere", "rpz", "ads.example A 0.0.0.0", [(LISTED, "ads.example")]),
    ("a passed name", "rpz", "good.example CNAME rpz-passthru. ; yes", [(EXCEPTION, "good.example")]),
    ("a comment of a zone", "rpz", "; ads.example CNAME .", []),
    ("a time", "rpz", "$TTL 2h", []),
    ("the servers of a zone", "rpz", "@ NS localhost.", []),
    ("another name", "rpz", "bank.example CNAME other.example.", "not_blocking"),
    ("another address", "rpz", "bank.example A 198.51.100.7", "not_blocking"),
    ("a text", "rpz", 'bank.example TXT "; CNAME ."', "not_blocking"),
    ("over TCP only", "rpz", "bank.example CNAME rpz-tcp-only.", "not_blocking"),
    ("an address in the answer", "rpz", "32.7.100.51.198.rpz-ip CNAME .", "trigger"),
    ("whoever asks", "rpz", "24.0.100.51.198.rpz-client-ip CNAME .", "trigger"),
    ("a name server", "rpz", "ns.bad.example.rpz-nsdname CNAME .", "trigger"),
    ("a name of no zone", "rpz", "ads.example. CNAME .", "outside_zone"),
    ("an owner alone", "rpz", "ads.example", "bad_record"),
    ("another file", "rpz", "$INCLUDE other.zone", "bad_record"),
    ("an end without a beginning", "rpz", "ads.example CNAME . )", "bad_record"),
    ("a beginning without an end", "rpz", "ads.example CNAME (", "bad_record"),
    ("an escaped dot", "rpz", r"a\.b.example CNAME .", "not_a_name"),
    ("a hash", "hashed", DIGEST, [(HASHED, DIGEST[:12])]),
    ("a hash in capitals", "hashed", DIGEST.upper(), [(HASHED, DIGEST[:12])]),
    ("a short hash", "hashed", DIGEST[:12] + "  # source", [(HASHED, DIGEST[:12])]),
    ("a comment among hashes", "hashed", "# hashes", []),
    ("a hash of another length", "hashed", DIGEST[:40], "not_a_hash"),
    ("a name among hashes", "hashed", "ads.example", "not_a_hash"),
)


@pytest.mark.parametrize(("form", "line", "expected"), [row[1:] for row in LINES], ids=[row[0] for row in LINES])
def test_a_line(form: str, line: str, expected: list[tuple[str, str]] | str) -> None:
    entries, dropped = taken(form, line + "\n")

    if isinstance(expected, str):
        assert entries == []
        assert set(dropped) == {expected}
    else:
        assert entries == expected
        assert dropped == {}


def test_every_format_and_every_reason_has_a_line() -> None:
    assert {row[1] for row in LINES} == set(FORMATS)
    told = {row[3] for row in LINES if isinstance(row[3], str)}
    assert set(REASONS) - told == {"long_line", "not_text", "not_a_network", "own_network"}


def test_an_entry_carries_its_source_and_tags() -> None:
    file = io.BytesIO(b"||a.example^\n@@||b.example^\n||c.example^$important\n")

    assert list(read_list(file, "adblock", ("ads", "tracking"), "s1", ListReport())) == [
        Entry("a.example", ("ads", "tracking"), "s1", LISTED),
        Entry("b.example", (), "s1", EXCEPTION),
        Entry("c.example", ("ads", "tracking"), "s1!", LISTED),
    ]


ZONE = """\
$TTL 300
$ORIGIN rpz.example.org.
@ IN SOA ns.example.org. admin.example.org. (
    2026112701 ; serial
    3600 600 86400 300 )
  IN NS localhost.
ads.example        CNAME .
*.ads.example      CNAME .
                   CNAME .       ; once more, of the owner above
tracker.example.rpz.example.org. CNAME .
elsewhere.example. CNAME .
@                  CNAME .
$ORIGIN test.rpz.example.org.
Sub                IN CNAME *.
"""


def test_a_zone_with_origins_and_parentheses() -> None:
    entries, dropped = taken("rpz", ZONE)

    assert [name for _, name in entries] == ["ads.example"] * 3 + ["tracker.example", "sub.test"]
    assert dropped == {"outside_zone": 2}


def test_a_zone_whose_apex_only_its_soa_names() -> None:
    zone = "rpz.test. SOA a. b. 1 2 3 4 5\nads.example.rpz.test. CNAME .\nother.test. CNAME .\n"

    assert taken("rpz", zone) == ([(LISTED, "ads.example")], {"outside_zone": 1})


def test_parentheses_that_nobody_closes_do_not_swallow_the_zone() -> None:
    zone = "@ SOA a. b. (\n" + "1\n" * limits.ZONE_RECORD_LINES + "ads.example CNAME .\n"

    assert taken("rpz", zone) == ([(LISTED, "ads.example")], {"bad_record": 1})


def test_ends_of_lines_and_the_mark_of_a_byte_order() -> None:
    assert taken("plain", b"\xef\xbb\xbfa.example\r\nb.example") == ([(LISTED, "a.example"), (LISTED, "b.example")], {})


def test_bytes_that_are_no_text_and_lines_without_end() -> None:
    data = b"a.example\n\xff\xfe\n" + b"x" * 100_000 + b"\nb.example\n" + b"y" * 5000

    entries, dropped = taken("plain", data)
    assert [name for _, name in entries] == ["a.example", "b.example"]
    assert dropped == {"not_text": 1, "long_line": 2}


def test_a_line_of_just_the_bound_is_read() -> None:
    line = b"0.0.0.0 a.example #".ljust(limits.LIST_LINE_BYTES - 1, b"x")

    assert taken("hosts", line + b"\n") == ([(LISTED, "a.example")], {})
    assert taken("hosts", line + b"x\n") == ([], {"long_line": 1})


def test_more_lines_than_a_list_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stairgate.hub.list_formats.LIST_LINES_MAX", 3)

    assert len(taken("plain", "a.example\n" * 3)[0]) == 3
    with pytest.raises(ListRefused, match="at most 3 lines"):
        taken("plain", "a.example\n" * 4)


def test_a_format_that_there_is_not() -> None:
    with pytest.raises(ListRefused, match="expected a format out of hosts, plain"):
        taken("csv", "a.example")


class Endless:
    """A file of pieces that are made as they are read; one without a newline goes on in the next."""

    def __init__(self, piece: bytes, pieces: int) -> None:
        self._piece = piece
        self._pieces = pieces
        self._rest = b""

    def readline(self, size: int, /) -> bytes:
        while b"\n" not in self._rest and len(self._rest) < size and self._pieces:
            self._pieces -= 1
            self._rest += self._piece
        end = min(size, (self._rest.find(b"\n") + 1) or size)
        line, self._rest = self._rest[:end], self._rest[end:]
        return line


@pytest.mark.parametrize("piece", [b"a.example\n" * 400, b"x" * 4000], ids=["lines", "one line"])
def test_a_list_is_never_whole_in_memory(piece: bytes) -> None:
    tracemalloc.start()
    for _ in read_list(Endless(piece, 100), "plain", ("ads",), "s1", ListReport()):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100_000  # of four hundred thousand bytes


def test_a_report_counts_and_shows_lines_but_no_names() -> None:
    lines = ["a.example"] + ["secret name"] * 9 + ["198.51.100.7"]
    report = ListReport()
    list(read_list(io.BytesIO("\n".join(lines).encode()), "plain", ("ads",), "s1", report))

    assert (report.lines, report.taken) == (11, 1)
    assert report.dropped == {"not_a_name": 9, "address": 1}
    assert report.where == {"not_a_name": [2, 3, 4, 5, 6], "address": [11]}
    assert report.sentences() == [
        "9 left out: not a domain name (line 2, 3, 4, 5, 6 …)",
        "1 left out: an address, not a name: the filter answers for names (line 11)",
    ]
    assert "secret" not in repr(vars(report))


def test_networks() -> None:
    text = """\
# resolvers
198.51.100.7   # one.example
198.51.100.64/26
198.51.100.65/26 ; the same, written with an address
2001:db8::1
192.168.1.1
0.0.0.0/0
::/0
fe80::1
224.0.0.251
5.0.0.0/7
dns.example
"""
    report = ListReport()

    assert list(read_networks(io.BytesIO(text.encode()), report)) == [
        ip_network("198.51.100.7"),
        ip_network("198.51.100.64/26"),
        ip_network("198.51.100.64/26"),
        ip_network("2001:db8::1"),
    ]
    assert report.dropped == {"own_network": 3, "too_wide": 3, "not_a_network": 1}
    assert report.taken == 4


# What people write, what browsers ask for (UTS 46, not transitional), the same as the test vectors of the standard.
NAMES = (
    ("faß.de", "xn--fa-hia.de"),
    ("FAẞ.de", "xn--fa-hia.de"),
    ("βόλος.com", "xn--nxasmm1c.com"),
    ("ΒΌΛΟΣ.com", "xn--nxasmq6b.com"),
    ("日本語。ＪＰ", "xn--wgv71a119e.jp"),
    ("１２.example", "12.example"),
    ("☃.net", "xn--n3h.net"),
    ("I❤\ufe0f.example", "xn--i-7iq.example"),
    ("ÖBB.at", "xn--bb-eka.at"),
    ("o\u0308bb.at", "xn--bb-eka.at"),
    ("soft\u00adhyphen.example", "softhyphen.example"),
    ("EXAMPLE.com.", "example.com"),
)


@pytest.mark.parametrize(("text", "name"), NAMES)
def test_a_name_of_any_script(text: str, name: str) -> None:
    assert normal(text) == name
    assert normal(name) == name
    assert is_normal(name)
    assert not is_normal(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not_a_name"),
        (".", "not_a_name"),
        ("a..b", "not_a_name"),
        ("a b.example", "not_a_name"),
        ("\u0301a.example", "bad_idna"),
        ("a\u202eb.example", "bad_idna"),
        ("\ud800.example", "bad_idna"),
        ("ö" * 64 + ".example", "bad_idna"),
        ("ö" * 60 + ".example", "not_a_name"),
        ("1.2.3.4", "address"),
        ("1.2.3.4.", "address"),
        ("fe80::1", "address"),
    ],
)
def test_what_is_no_name(text: str, reason: str) -> None:
    with pytest.raises(NotAName) as fault:
        normal(text)
    assert fault.value.reason == reason
    assert not is_normal(text)


def test_names_that_no_list_may_name() -> None:
    assert all(is_too_wide(name) for name in ("com", "uk", "co.uk", "com.au", "or.jp", "xn--p1ai"))
    assert not any(is_too_wide(name) for name in ("com.de", "co.example", "example.uk", "a.co.uk", "github.io"))
    assert all(is_local(name) for name in ("localhost", "printer.local", "1.168.192.in-addr.arpa", "ip6-allnodes"))
    assert not any(is_local(name) for name in ("local.example", "localhost.example", "arpa.example"))
