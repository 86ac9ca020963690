"""One query from its bytes to the bytes of its answer: refusals, rewrites, checks, and what upstream said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stairgate.agent.dns.devices import Profile
from stairgate.agent.limits import WAITING_A_DEVICE
from tests.unit.agent.dns.rig import (
    AAAA,
    ADULT_MAC,
    CNAME,
    HTTPS,
    MAC,
    OPT,
    OPT_DO,
    OTHER_MAC,
    TXT,
    A,
    Rig,
    names,
    profile,
    query,
    record,
    response,
    soa,
    table,
)

V4, V6 = bytes((203, 0, 113, 10)), bytes.fromhex("20010db8001000000000000000000010")
HUB4, HUB6 = bytes((192, 168, 77, 2)), bytes.fromhex("20010db8007700000000000000000002")
ADULT = profile(mac=ADULT_MAC, device="dadult", exempt=True)
CHILD = names(block=("ads", "video"), deny=("quarrel.example",), allow=("good.ads.example",), only=("school.example",))
VERSION_3 = bytes.fromhex("0000291000000300000000")
SOA_10 = "c00c 0006 0001 0000000a 0016 0000 00000001 0000000a 0000000a 0000000a 0000000a"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig()
    made.table = table(tmp_path)
    yield made
    made.close()


def hold(rig: Rig, *profiles: Profile, **more: object) -> None:
    """These profiles hold, with the pack of the rig."""
    rig.hold(*profiles, table=rig.table, **more)  # type: ignore[arg-type]


def answer(rig: Rig, data: bytes, mac: bytes = MAC) -> bytes:
    """The answer that needs nobody upstream."""
    found = rig.ask(data, mac)
    assert found is not None
    assert rig.servers[0].is_quiet()
    return found


def wire(head: str, asked: bytes, rest: str = "") -> bytes:
    """An answer to a query, written as hex: the header after its id, and what follows the question."""
    end = asked.index(b"\0", 12) + 5
    return asked[:2] + bytes.fromhex(head) + asked[12:end] + bytes.fromhex(rest)


def ede(text: str, code: int = 17, flags: str = "0000") -> str:
    """An OPT record with an extended error, in hex."""
    size = 2 + len(text)
    return f"00 0029 04d0 0000{flags} {size + 4:04x} 000f {size:04x} {code:04x} {text.encode().hex()}"


def test_a_blocked_name_does_not_exist_and_says_why_to_who_can_read_it(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    for name, code in (("x.ADS.example", "block:ads"), ("quarrel.example", "deny"), ("video.example", "block:video")):
        asked = query(name)
        assert answer(rig, asked) == wire("8183 0001 0000 0001 0000", asked, SOA_10)
        asked = query(name, opt=OPT)
        assert answer(rig, asked) == wire("8183 0001 0000 0001 0001", asked, SOA_10 + ede(code))
        asked = query(name, AAAA, opt=OPT_DO)
        assert answer(rig, asked) == wire("8183 0001 0000 0001 0001", asked, SOA_10 + ede(code, flags="8000"))


def test_the_same_query_gets_the_same_answer_each_time_with_its_own_id(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    first = answer(rig, query("ads.example"))
    for ident in range(5):
        asked = query("ads.example", ident=ident)
        assert answer(rig, asked) == asked[:2] + first[2:]
    assert len(rig.service.answers) == 1


def test_where_the_page_is_wanted_a_refused_name_leads_to_the_hub(rig: Rig) -> None:
    hold(rig, profile(CHILD, page=True), page=(HUB4, HUB6))
    asked = query("ads.example", opt=OPT)
    address = "c00c 0001 0001 0000000a 0004" + HUB4.hex()
    assert answer(rig, asked) == wire("8180 0001 0001 0000 0001", asked, address + ede("block:ads"))
    asked = query("ads.example", AAAA)
    address = "c00c 001c 0001 0000000a 0010" + HUB6.hex()
    assert answer(rig, asked) == wire("8180 0001 0001 0000 0000", asked, address)
    for kind in (HTTPS, TXT):
        asked = query("ads.example", kind)
        assert answer(rig, asked) == wire("8180 0001 0000 0001 0000", asked, SOA_10)


def test_who_is_closed_reaches_nothing_but_what_is_never_closed(rig: Rig) -> None:
    hold(rig, profile(CHILD, level="closed"))
    asked = query("school.example", opt=OPT)
    assert answer(rig, asked) == wire("8183 0001 0000 0001 0001", asked, SOA_10 + ede("closed"))
    asked = query("connectivitycheck.gstatic.com")
    probe = "c00c 0001 0001 0000000a 0004 c6120035"
    assert answer(rig, asked) == wire("8180 0001 0001 0000 0000", asked, probe)
    asked = query("captive.apple.com", AAAA)
    assert answer(rig, asked) == wire("8180 0001 0000 0001 0000", asked, SOA_10)
    calls = query("epdg.epc.mnc001.mcc262.pub.3gppnetwork.org")
    assert rig.ask_upstream(calls, record(A, 60, V4)).endswith(V4)
    assert rig.addresses.told[-1][1] == "epdg.epc.mnc001.mcc262.pub.3gppnetwork.org"


def test_at_the_limited_level_only_what_is_listed(rig: Rig) -> None:
    hold(rig, profile(CHILD, level="limited"))
    asked = query("other.example", opt=OPT)
    assert answer(rig, asked) == wire("8183 0001 0000 0001 0001", asked, SOA_10 + ede("limited"))
    assert rig.ask_upstream(query("www.school.example"), record(A, 60, V4)).endswith(V4)


def test_of_another_list_the_kernel_hears_and_of_the_same_one_not_again(rig: Rig) -> None:
    heard = []
    for level in ("open", "closed"):
        hold(rig, profile(CHILD, level=level))
        heard.append(rig.addresses.tags_of)
    rig.hold(profile(CHILD))
    heard.append(rig.addresses.tags_of)

    assert heard[0] and heard[0]("www.ads.example") == ("ads",)
    assert heard[1:] == [None, None]


def test_a_stranger_is_closed(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    asked = query("www.example.org", opt=OPT)
    closed = wire("8183 0001 0000 0001 0001", asked, SOA_10 + ede("closed"))
    assert answer(rig, asked, OTHER_MAC) == closed
    assert rig.service.answer(asked, rig.subject(None), rig.path, None, None) == closed


def test_a_grown_up_is_asked_only_what_holds_for_everyone(rig: Rig) -> None:
    hold(rig, ADULT, everyone=("malware",))
    asked = query("worm.example", opt=OPT)
    refused = wire("8183 0001 0000 0001 0001", asked, SOA_10 + ede("everyone:malware"))
    assert answer(rig, asked, ADULT_MAC) == refused
    for name in ("ads.example", "www.google.com", "use-application-dns.net", "mask.icloud.com"):
        assert rig.ask_upstream(query(name), record(A, 900, V4), mac=ADULT_MAC).endswith(record(A, 900, V4))
    # An encrypted greeting is theirs.
    hint = record(HTTPS, 900, b"\0\1\0\0\1\0\3\x02h3")
    assert rig.ask_upstream(query("www.example.org", HTTPS), hint, mac=ADULT_MAC).endswith(hint)
    assert not rig.addresses.told


@pytest.mark.parametrize("name", ["use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"])
def test_canaries_are_told_no_at_once(rig: Rig, name: str) -> None:
    hold(rig, profile(CHILD))
    for kind in (A, AAAA):
        asked = query(name, kind)
        assert answer(rig, asked) == wire("8183 0001 0000 0001 0000", asked, SOA_10)


@pytest.mark.parametrize("mac", [MAC, ADULT_MAC])
def test_discovery_of_encrypted_resolvers_finds_nothing_and_is_never_forwarded(rig: Rig, mac: bytes) -> None:
    hold(rig, profile(CHILD), ADULT)
    for name, kind in (("_dns.resolver.arpa", 64), ("resolver.arpa", A), ("x.y.resolver.arpa", TXT)):
        asked = query(name, kind)
        assert answer(rig, asked, mac) == wire("8180 0001 0000 0001 0000", asked, SOA_10)


def test_hints_of_managed_devices_are_not_forwarded(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    for name, kind in (("www.example.org", HTTPS), ("_x.example.org", 64)):
        asked = query(name, kind)
        assert answer(rig, asked) == wire("8180 0001 0000 0001 0000", asked, SOA_10.replace("0000000a", "0000003c"))


@pytest.mark.parametrize(
    ("name", "target", "changed"),
    [
        ("www.google.co.uk", "forcesafesearch.google.com", {"safesearch": True}),
        ("duckduckgo.com", "safe.duckduckgo.com", {"safesearch": True}),
        ("yandex.ru", "familysearch.yandex.ru", {"safesearch": True}),
        ("www.youtube.com", "restrict.youtube.com", {"youtube": "strict"}),
        ("m.youtube.com", "restrictmoderate.youtube.com", {"youtube": "moderate"}),
    ],
)
def test_searches_are_an_alias_of_the_safe_ones(rig: Rig, name: str, target: str, changed: dict[str, Any]) -> None:
    hold(rig, profile(CHILD, **changed))
    asked = query(name)
    got = rig.ask_upstream(asked, record(A, 300, V4), record(A, 300, HUB4))
    alias = b"".join(bytes((len(label),)) + label.encode() for label in target.split(".")) + b"\0"
    owner = (0xC000 + len(asked) + 12).to_bytes(2, "big")
    expected = record(CNAME, 60, alias) + record(A, 60, V4, owner) + record(A, 60, HUB4, owner)
    assert got == wire("8180 0001 0003 0000 0000", asked) + expected
    assert rig.addresses.told[-1] == ("dphone", name, (), (V4, HUB4), 60)
    # The answer upstream was for the target, and is shared.
    assert rig.ask(asked) == got
    # Types that the target has not, and those that would lead past it.
    for kind in (HTTPS, TXT):
        other = query(name, kind)
        assert answer(rig, other) == wire("8180 0001 0000 0001 0000", other, SOA_10.replace("0000000a", "0000003c"))
    other = query(name, CNAME)
    assert record(CNAME, 60, alias) in answer(rig, other)


def test_a_target_without_addresses_of_that_type_is_an_alias_of_nothing(rig: Rig) -> None:
    hold(rig, profile(CHILD, safesearch=True))
    asked = query("www.bing.com", AAAA)
    got = rig.ask_upstream(asked, authorities=(soa(60, 60),))
    assert got[:12] == asked[:2] + bytes.fromhex("8180 0001 0001 0001 0000")
    assert b"\6strict\4bing\3com" in got


def test_a_target_that_cannot_be_resolved_is_no_reason_for_the_unsafe_one(rig: Rig) -> None:
    hold(rig, profile(CHILD, safesearch=True))
    asked = query("www.bing.com", opt=OPT)
    assert rig.ask_upstream(asked, rcode=3) == wire("8182 0001 0000 0000 0001", asked, ede("safesearch", 0))


def test_what_upstream_said_is_handed_on_with_ttls_that_end_soon(rig: Rig) -> None:
    hold(rig, profile(CHILD), ADULT)
    asked = query("WWW.example.org", opt=OPT)
    alias = record(CNAME, 3000, b"\x03cdn\xc0\x10")
    got = rig.ask_upstream(asked, alias, record(A, 40, V4, b"\xc0\x2d"), extra=OPT)
    capped = record(CNAME, 300, b"\x03cdn\xc0\x10") + record(A, 40, V4, b"\xc0\x2d")
    opt = "00 0029 04d0 00000000 0000"
    assert got == wire("8180 0001 0002 0000 0001", asked, capped.hex() + opt)
    assert rig.addresses.told[-1] == ("dphone", "www.example.org", (), (V4,), 40)
    # Later, and for somebody else: less is left of it, and no cap.
    rig.loop.now += 7.5
    asked = query("www.EXAMPLE.org", ident=7)
    left = record(CNAME, 2993, b"\x03cdn\xc0\x10") + record(A, 33, V4, b"\xc0\x2d")
    assert answer(rig, asked, ADULT_MAC) == wire("8180 0001 0002 0000 0000", asked, left.hex())
    rig.loop.now += 33
    assert rig.ask(asked, ADULT_MAC) is None  # it has ended


def test_names_with_a_tag_that_is_not_blocked_are_asked_for_again_soon(rig: Rig) -> None:
    hold(rig, profile(names(block=("ads",))))
    assert rig.ask_upstream(query("video.example"), record(A, 900, V4)).endswith(record(A, 60, V4))
    assert rig.addresses.told[-1] == ("dphone", "video.example", ("video", "youtube"), (V4,), 60)


def test_remembered_answers_grow_old_too(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    asked = query("www.example.org")
    rig.ask_upstream(asked, record(A, 100, V4))
    for seconds, left in ((0, 100), (0, 100), (1, 99), (0, 99), (60, 39)):
        rig.loop.now += seconds
        assert answer(rig, asked).endswith(record(A, left, V4))


def test_bits_of_dnssec_pass(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    asked = query("www.example.org", opt=OPT_DO, flags=0x0110)
    assert rig.ask(asked) is None
    sent, source = rig.servers[0].take()
    assert sent[2:4] == bytes.fromhex("0130")  # RD, AD, CD
    assert sent[-11:] == bytes.fromhex("0000 2904 d000 0080 0000 00")  # DO, 1232 bytes
    rig.servers[0].give(response(sent, record(A, 60, V4), flags=0x0030), source)
    while not rig.path.answers:
        rig.loop.turn()
    assert rig.path.answers.pop()[2:4] == bytes.fromhex("81b0")
    # Who asks neither for signatures nor for a verdict about them is told none; and the answer without DO is another.
    plain = query("www.example.org")
    assert rig.ask_upstream(plain, record(A, 60, V4), flags=0x0020)[2:4] == bytes.fromhex("8180")


def test_what_does_not_fit_is_to_be_fetched_by_tcp(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    many = [record(A, 60, bytes((203, 0, 113, number))) for number in range(60)]
    asked = query("many.example.org")
    assert rig.ask_upstream(asked, *many) == wire("8380 0001 0000 0000 0000", asked)
    asked = query("many.example.org", opt=OPT)
    got = answer(rig, asked)
    assert len(got) > 512 and got[6:8] == b"\0\x3c"
    rig.path.is_stream = True
    assert len(answer(rig, query("many.example.org"))) > 512


@pytest.mark.parametrize(
    ("data", "head", "rest"),
    [
        (query("www.example.org", klass=3), "8185 0001 0000 0000 0000", ""),
        (query("www.example.org", 252), "8184 0001 0000 0000 0000", ""),
        (query("www.example.org", 255), "8180 0001 0001 0000 0000", "c00c 000d 0001 0000000a 0009 0752464338343832 00"),
        (
            query("a.org", opt=VERSION_3),
            "8180 0001 0000 0000 0001",
            "00002904d00100000000 00",
        ),
    ],
)
def test_questions_that_are_not_answered(rig: Rig, data: bytes, head: str, rest: str) -> None:
    hold(rig, profile(CHILD))
    assert answer(rig, data) == wire(head, data, rest)


def test_messages_that_are_no_queries_get_an_error_or_nothing(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    assert rig.ask(b"\x12\x34" + bytes.fromhex("2100 0001 0000 0000 0000")) == bytes.fromhex(
        "1234 a104 0000 0000 0000 0000"
    )
    assert rig.ask(b"\x12\x34" + bytes.fromhex("0100 0002 0000 0000 0000")) == bytes.fromhex(
        "1234 8101 0000 0000 0000 0000"
    )
    assert rig.ask(b"\x12\x34" + bytes.fromhex("8180 0001 0000 0000 0000")) is None
    assert rig.ask(b"") is None


def test_without_the_list_what_needs_it_waits_and_the_rest_goes_on(rig: Rig) -> None:
    rig.hold(profile(CHILD), ADULT, profile(names(), mac=OTHER_MAC), has_list=False)
    asked = query("www.example.org", opt=OPT)
    assert answer(rig, asked) == wire("8182 0001 0000 0000 0001", asked, ede("list", 14))
    asked = query("quarrel.example", opt=OPT)
    assert ede("deny").replace(" ", "") in answer(rig, asked).hex()
    for mac, name in ((MAC, "good.ads.example"), (OTHER_MAC, "www.example.org"), (ADULT_MAC, "www.example.com")):
        assert rig.ask_upstream(query(name), record(A, 60, V4), mac=mac).endswith(V4)


def test_a_child_s_own_lists_count_more_than_the_pack(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    assert rig.ask_upstream(query("good.ads.example"), record(A, 60, V4)).endswith(V4)
    asked = query("x.quarrel.example", opt=OPT)
    assert ede("deny").replace(" ", "") in answer(rig, asked).hex()


def test_an_engine_without_a_safe_mode_is_refused_where_searches_are_to_be_safe(rig: Rig) -> None:
    child = names(flags=("safesearch",))
    hold(rig, profile(child, safesearch=True), profile(names(), mac=OTHER_MAC, device="dother"))
    asked = query("engine.example", opt=OPT)
    assert ede("unsafe_search").replace(" ", "") in answer(rig, asked).hex()
    assert rig.ask_upstream(query("engine.example"), record(A, 60, V4), mac=OTHER_MAC).endswith(V4)


def test_a_new_policy_holds_for_the_next_query_and_for_those_that_wait(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    asked = query("www.example.org", opt=OPT)
    rig.ask_upstream(asked, record(A, 60, V4))
    assert rig.ask(query("slow.example.org", opt=OPT)) is None
    sent, source = rig.servers[0].take()
    hold(rig, profile(CHILD, level="closed"))
    assert ede("closed").replace(" ", "") in answer(rig, asked).hex()
    rig.servers[0].give(response(sent, record(A, 60, V4)), source)
    while not rig.path.answers:
        rig.loop.turn()
    assert ede("closed").replace(" ", "") in rig.path.answers.pop().hex()


def test_a_device_that_asks_without_end_takes_nobody_s_place(rig: Rig) -> None:
    hold(rig, profile(CHILD), profile(CHILD, mac=OTHER_MAC, device="dother"))
    for number in range(WAITING_A_DEVICE):
        assert rig.ask(query(f"n{number}.example.org", ident=number)) is None
    asked = query("one-more.example.org", opt=OPT)
    assert rig.ask(asked) == wire("8182 0001 0000 0000 0001", asked, ede("busy", 0))
    assert rig.ask(asked, OTHER_MAC) is None
    # The same query again is the same one; the same question of another client waits with it.
    assert rig.resolver.waiting == WAITING_A_DEVICE + 1
    for _ in range(3):
        assert rig.ask(asked, OTHER_MAC) is None
    assert rig.resolver.waiting == WAITING_A_DEVICE + 1


def test_answers_by_the_old_rules_leave_before_new_ones_hold(rig: Rig) -> None:
    sent: list[bytes] = []
    hold(rig, profile(CHILD))
    rig.loop.outbox.append((lambda what, target: sent.append(what), b"old", None))
    hold(rig, profile(CHILD, level="closed"))
    assert sent == [b"old"]


def test_one_question_upstream_for_all_who_ask_it(rig: Rig) -> None:
    hold(rig, profile(CHILD), profile(CHILD, mac=OTHER_MAC, device="dother"))
    for number, mac in ((1, MAC), (2, MAC), (3, OTHER_MAC)):
        assert rig.ask(query("www.example.org", ident=number), mac) is None
    sent, source = rig.servers[0].take()
    assert rig.servers[0].is_quiet()
    rig.servers[0].give(response(sent, record(A, 60, V4)), source)
    while len(rig.path.answers) < 3:
        rig.loop.turn()
    assert {found[:2] for found in rig.path.answers} == {b"\0\1", b"\0\2", b"\0\3"}
    assert rig.resolver.waiting == rig.subject(MAC).pending == rig.subject(OTHER_MAC).pending == 0


def test_an_error_of_the_kernel_s_sets_keeps_no_answer_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(rig, profile(CHILD))

    def refuse(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(rig.addresses, "answered", refuse)
    assert rig.ask_upstream(query("www.example.org"), record(A, 60, V4)).endswith(V4)
    assert rig.loop.errors == 1
    assert rig.loop.last_error.startswith("OSError in refuse:")
