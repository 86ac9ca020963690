"""A name that is an alias of a refused one: refused as that, for whom it is refused; and what the kernel is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent.dns.aliases import united
from stairgate.agent.dns.cache import ALIAS_OVERHEAD, Cache
from stairgate.agent.dns.decisions import RESOLVE, Decider, Rules, decide, decide_alias
from stairgate.agent.dns.devices import Profile
from stairgate.agent.dns.message import BadMessage, read_reply, wire_of
from stairgate.agent.dns.table import Table
from stairgate.agent.limits import ALIASES
from stairgate.core.filtering import Names
from stairgate.hub.list_entry import EXCEPTION, Entry
from stairgate.hub.pack_builder import build
from tests.unit.agent.dns.rig import (
    ADULT_MAC,
    CNAME,
    MAC,
    OPT,
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

V4, HUB4 = bytes((203, 0, 113, 10)), bytes((192, 168, 77, 2))
CALLS = "epdg.epc.mnc001.mcc262.pub.3gppnetwork.org"
LISTED = (
    ("tracker.example", ("tracking",)),
    ("engine.example", ("unsafe_search",)),
    ("worm.example", ("malware",)),
    ("app.example", ("video", "netflix")),
    ("edge.app.example", ("video", "netflix", "dedicated")),
    ("shop.example", ("shopping",)),
)
CHILD = names(
    flags=("safesearch",),
    block=("tracking", "shopping"),
    deny=("quarrel.example",),
    allow=("good.example", "my.tracker.example"),
    only=("school.example",),
)
ADULT = profile(mac=ADULT_MAC, device="dadult", exempt=True)
SIBLING = profile(names(block=("ads",)), mac=OTHER_MAC, device="dother")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig()
    made.table = table(tmp_path, LISTED)
    yield made
    made.close()


def hold(rig: Rig, *profiles: Profile, **more: object) -> None:
    """These profiles hold, with the pack of the rig."""
    rig.hold(*profiles, table=rig.table, **more)  # type: ignore[arg-type]


def aliases(*targets: str) -> tuple[bytes, ...]:
    """The answer's records: the name is an alias of the first target, that of the next, and the last has an address."""
    owners = [b"\xc0\x0c", *map(wire_of, targets)]
    made = [record(CNAME, 300, wire_of(target), owner) for owner, target in zip(owners, targets, strict=False)]
    return (*made, record(A, 300, V4, owners[-1]))


def code(answer: bytes) -> str:
    """Of the refusal in an answer, "" for an answer that leads to the address."""
    if V4 in answer:
        return ""
    assert answer[3] & 15 == 3 and answer[6:8] == b"\0\0"
    return answer[answer.index(b"\0\x11") + 2 :].decode()


def asked(rig: Rig, name: str, *targets: str, mac: bytes = MAC) -> str:
    """`code` of a name that upstream makes an alias of these; the second time it comes from the cache."""
    data = query(name, opt=OPT)
    found = code(rig.ask_upstream(data, *aliases(*targets), mac=mac))
    again = rig.ask(data, mac)
    assert again is not None and code(again) == found
    return found


@pytest.mark.parametrize(
    ("name", "targets", "expected"),
    [
        ("www.example.org", ("cdn.example.net",), ""),
        ("www.example.org", ("x.tracker.example",), "block:tracking"),
        ("www.example.org", ("a.example.net", "b.example.net", "tracker.example", "c.example.net"), "block:tracking"),
        ("www.example.org", ("x.quarrel.example",), "deny"),
        ("www.example.org", ("engine.example",), "unsafe_search"),
        ("www.example.org", ("worm.example",), "everyone:malware"),
        # What the person's own list opens is open; the target may be on it, too.
        ("x.good.example", ("tracker.example", "quarrel.example"), ""),
        ("www.example.org", ("a.my.tracker.example",), ""),
        ("good.example", ("worm.example",), "everyone:malware"),
        # Calls are never closed.
        (CALLS, ("worm.example",), ""),
    ],
)
def test_an_alias_of_a_refused_name_is_refused(rig: Rig, name: str, targets: tuple[str, ...], expected: str) -> None:
    hold(rig, profile(CHILD), everyone=("malware",))
    assert asked(rig, name, *targets) == expected


def test_at_the_limited_level_a_listed_name_may_be_kept_anywhere(rig: Rig) -> None:
    hold(rig, profile(CHILD, level="limited"), everyone=("malware",))
    assert asked(rig, "www.school.example", "tracker.example") == ""
    assert asked(rig, "a.school.example", "worm.example") == "everyone:malware"


def test_one_cached_answer_is_judged_for_each_device(rig: Rig) -> None:
    hold(rig, profile(CHILD), SIBLING, ADULT, everyone=("malware",))
    data = query("www.example.org", opt=OPT)
    assert code(rig.ask_upstream(data, *aliases("tracker.example"))) == "block:tracking"
    for mac, expected in ((OTHER_MAC, ""), (MAC, "block:tracking"), (ADULT_MAC, ""), (MAC, "block:tracking")):
        found = rig.ask(data, mac)
        assert found is not None and code(found) == expected
    assert len(rig.resolver.cache) == 1
    assert asked(rig, "other.example.org", "worm.example", mac=ADULT_MAC) == "everyone:malware"


def test_what_one_person_opens_another_of_the_device_still_refuses(rig: Rig) -> None:
    hold(rig, profile(CHILD, names(block=("tracking",))))
    assert asked(rig, "good.example", "tracker.example") == "block:tracking"
    hold(rig, profile(CHILD, names(block=("ads",))))
    assert asked(rig, "www.good.example", "tracker.example") == ""


def test_a_new_policy_and_a_new_list_judge_cached_aliases_anew(rig: Rig, tmp_path: Path) -> None:
    hold(rig, SIBLING._replace(macs=(MAC,)))
    data = query("www.example.org", opt=OPT)
    assert asked(rig, "www.example.org", "tracker.example") == ""
    hold(rig, profile(CHILD))
    found = rig.ask(data)
    assert found is not None and code(found) == "block:tracking"
    rig.table = table(tmp_path, (("other.example", ("tracking",)),))
    hold(rig, profile(CHILD))
    found = rig.ask(data)
    assert found is not None and code(found) == ""
    rig.hold(profile(names(deny=("tracker.example",))))
    found = rig.ask(data)
    assert found is not None and code(found) == "deny"


def test_it_is_refused_in_every_type_and_with_the_page(rig: Rig) -> None:
    hold(rig, profile(CHILD, page=True), page=(HUB4,))
    assert HUB4 in rig.ask_upstream(query("www.example.org"), *aliases("tracker.example"))
    hold(rig, profile(CHILD))
    alias = aliases("tracker.example")[0]
    for kind in (CNAME, TXT):
        assert code(rig.ask_upstream(query("www.example.org", kind, opt=OPT), alias)) == "block:tracking"
    # An alias of what does not exist is refused all the same.
    gone = rig.ask_upstream(query("a.example.org", opt=OPT), alias, authorities=(soa(60, 60),), rcode=3)
    assert code(gone) == "block:tracking"


def test_an_exception_of_the_list_holds_for_what_it_is_an_alias_of(rig: Rig, tmp_path: Path) -> None:
    shop = Entry("shop.example", ("shopping",), "a")
    kept = Entry("kept.shop.example", (), "a", EXCEPTION)
    # One that no list takes away is known though nothing above it is listed.
    helpline = Entry("helpline.example", (), "", EXCEPTION)
    build((shop, kept, helpline, Entry("worm.example", ("malware",), "b")), (), tmp_path / "shops.pack")
    rig.table = Table(str(tmp_path / "shops.pack"))
    hold(rig, profile(CHILD), everyone=("malware",))
    assert asked(rig, "www.kept.shop.example", "cdn.shop.example") == ""
    assert asked(rig, "www.helpline.example", "cdn.shop.example") == ""
    assert asked(rig, "a.kept.shop.example", "worm.example") == "everyone:malware"
    assert asked(rig, "b.kept.shop.example", "cdn.shop.example", "quarrel.example") == "deny"
    assert asked(rig, "www.example.org", "cdn.shop.example") == "block:shopping"


def test_the_kernel_is_told_the_tags_of_the_whole_chain(rig: Rig) -> None:
    hold(rig, SIBLING._replace(macs=(MAC,)))
    of_the_app = ("dedicated", "netflix", "video")
    for name, targets, tags in (
        ("edge.app.example", (), of_the_app),
        # An alias, the app's or nobody's, has the very tags of its target: the address stays the app's own.
        ("play.example.org", ("x.edge.app.example",), of_the_app),
        ("www.app.example", ("edge.app.example", "cdn.example.net"), of_the_app),
        # One that serves something else says so.
        ("www.shop.example", ("edge.app.example",), ("dedicated", "netflix", "shopping", "video")),
        ("www.example.org", ("cdn.example.net",), ()),
    ):
        rig.ask_upstream(query(name), *aliases(*targets))
        assert sorted(rig.addresses.told[-1][2]) == list(tags)
        if tags == of_the_app:
            assert rig.addresses.told[-1][2] == rig.addresses.told[0][2]
        # A bell must take effect soon.
        assert rig.addresses.told[-1][4] == (60 if tags else 300)


def test_nothing_is_told_of_a_refused_alias(rig: Rig) -> None:
    hold(rig, profile(CHILD))
    assert asked(rig, "www.example.org", "tracker.example") == "block:tracking"
    assert not rig.addresses.told


def test_a_rewritten_search_that_leads_to_a_refused_name_is_refused(rig: Rig) -> None:
    hold(rig, profile(CHILD, safesearch=True))
    assert asked(rig, "www.bing.com", "cdn.example.net") == ""
    assert asked(rig, "duckduckgo.com", "tracker.example") == "block:tracking"


# Reading them


def test_aliases_are_read_in_lower_case_and_written_out() -> None:
    data = query("wWw.eXample.org")
    answer = response(data, record(CNAME, 60, b"\x03CDN\xc0\x10"), record(CNAME, 60, b"\1a\0"))
    assert read_reply(answer, data[12:]).aliases == ("cdn.example.org", "a")
    # Not of another class, and not in the authority section.
    other = b"\xc0\x0c\0\5\0\3\0\0\0\x3c\0\3\1a\0"
    answer = response(data, other, authorities=(record(CNAME, 60, b"\1a\0"),))
    assert read_reply(answer, data[12:]).aliases == ()


@pytest.mark.parametrize("target", [b"", b"\1a", b"\1a\0x", b"\xc0\xff", b"\xc0\x2d", b"\x40a\0", b"\1a" * 128 + b"\0"])
def test_an_alias_of_what_is_no_name_is_not_taken(target: bytes) -> None:
    data = query("www.example.org")
    with pytest.raises(BadMessage):
        read_reply(response(data, record(CNAME, 60, target), record(A, 60, V4)), data[12:])


def test_so_many_aliases_and_no_more() -> None:
    data = query("www.example.org")
    most = [record(CNAME, 60, wire_of(f"n{number}.example")) for number in range(ALIASES)]
    assert len(read_reply(response(data, *most), data[12:]).aliases) == ALIASES
    with pytest.raises(BadMessage):
        read_reply(response(data, *most, most[0]), data[12:])


def test_what_is_kept_of_aliases_counts() -> None:
    data = query("www.example.org")
    cache = Cache()
    sizes = []
    for targets in ((), ("a.example",), ("a.example", "b.example")):
        cache.put(b"key", read_reply(response(data, *aliases(*targets)), data[12:]), 0.0)
        sizes.append(cache.held_bytes)
    assert sizes[1] - sizes[0] > ALIAS_OVERHEAD and sizes[2] - sizes[1] > ALIAS_OVERHEAD


def test_tags_of_both_in_the_list_s_order() -> None:
    order = ("a", "b", "c", "d")
    assert united((), ("b",), order) == united(("b",), (), order) == united(("b",), ("b",), order) == ("b",)
    assert united(("a", "d"), ("b", "d"), order) == ("a", "b", "d")


# The fast way

PEOPLE: tuple[Names, ...] = (CHILD, names(block=("ads",), deny=("example.net",)), names(allow=("www.example.net",)))
SETS: tuple[tuple[str, ...], ...] = ((), ("tracking",), ("malware",), ("ads", "unsafe_search"), ("dedicated", "video"))
HOSTS = st.sampled_from(
    ("www.example.net", "example.net", "good.example", "a.quarrel.example", "my.tracker.example", "school.example")
    + (CALLS, "ordinary.example", "www.bing.com")
)


@given(
    st.lists(st.sampled_from(PEOPLE), max_size=3),
    st.sampled_from(("open", "limited", "closed")),
    st.booleans(),
    HOSTS,
    st.lists(st.tuples(HOSTS, st.integers(0, len(SETS) - 1)), max_size=4),
)
def test_the_fast_way_refuses_as_the_plain_one(
    people: list[Names], level: str, exempt: bool, name: str, targets: list[tuple[str, int]]
) -> None:
    each = profile(*people, level=level) if not exempt else ADULT
    rules = Rules(frozenset(("malware",)))
    if decide(each, rules, name, ()).act != RESOLVE:
        return
    decider = Decider(each, rules, SETS)
    plain = [decide_alias(each, rules, name, target, SETS[number]) for target, number in targets]
    expected = next((found for found in plain if found), None)
    if decider.clears(targets):
        assert expected is None
    assert decider.decide_aliases(name, targets, False) == expected
