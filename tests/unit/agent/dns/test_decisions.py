"""What is done with a name: the order of the rules, and that the fast way decides as the plain one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent.dns.decisions import (
    ABSENT,
    EMPTY,
    NOT_READY,
    PROBE,
    REFUSE,
    RESOLVE,
    REWRITE,
    Decider,
    Decision,
    Rules,
    decide,
)
from stairgate.agent.dns.devices import STRANGER, Profile
from stairgate.core.safesearch import GOOGLE_SUFFIXES
from tests.unit.agent.dns.rig import names, profile

RULES = Rules(frozenset(("illegal",)))
CHILD = names(
    flags=("safesearch",),
    block=("ads", "video"),
    deny=("quarrel.example", "www.google.de"),
    allow=("good.ads.example", "www.bing.com"),
    only=("school.example",),
)
SIBLING = names(block=("games",))
EVERYBODY = (
    STRANGER,
    *(profile(CHILD, level=level, safesearch=True, youtube="strict") for level in ("open", "limited", "closed")),
    profile(CHILD, SIBLING, safesearch=True),
    profile(SIBLING),
    profile(),
    profile(exempt=True),
)
NAMES = (
    *(
        "ordinary.example",
        "example",
        "",
        "quarrel.example",
        "x.quarrel.example",
        "good.ads.example",
        "a.good.ads.example",
    ),
    *("www.google.de", "www.google.fr", "google.fr", "mail.google.com", "www.bing.com", "yandex.ru", "m.youtube.com"),
    *("captive.apple.com", "use-application-dns.net", "x.use-application-dns.net", "mask.icloud.com", "resolver.arpa"),
    *("_dns.resolver.arpa", "epdg.epc.mnc001.mcc262.pub.3gppnetwork.org", "pub.3gppnetwork.org", "3gppnetwork.org"),
    *("school.example", "www.school.example", "nobodys-name.invalid"),
)
SETS: tuple[tuple[str, ...], ...] = (
    (),
    ("ads",),
    ("games", "video"),
    ("unsafe_search",),
    ("illegal", "other"),
    ("other",),
)


@pytest.mark.parametrize("has_list", [True, False])
def test_the_fast_way_decides_as_the_plain_one(has_list: bool) -> None:
    rules = RULES._replace(has_list=has_list)
    acts = set()
    for each in EVERYBODY:
        decider = Decider(each, rules, SETS)
        for name, number in itertools.product(NAMES, range(len(SETS))):
            plain = decide(each, rules, name, SETS[number])
            for _ in range(2):
                assert decider.decide(name, number) == plain, (each, name, SETS[number])
            acts.add(plain.act)
    assert acts >= {RESOLVE, REFUSE, REWRITE, PROBE, ABSENT, EMPTY}
    assert (NOT_READY in acts) is not has_list


WORDS = st.sampled_from(
    ("a", "b", "quarrel", "good", "ads", "school", "www", "google", "de", "example", "yandex", "ru")
)


@given(st.lists(WORDS, min_size=1, max_size=5), st.integers(0, len(SETS) - 1), st.sampled_from(EVERYBODY))
def test_the_fast_way_decides_as_the_plain_one_for_any_name(labels: list[str], number: int, each: Profile) -> None:
    name = ".".join(labels)
    assert Decider(each, RULES, SETS).decide(name, number) == decide(each, RULES, name, SETS[number])


CASES = [
    ("open", "ordinary.example", (), Decision(RESOLVE)),
    ("open", "ordinary.example", ("other",), Decision(RESOLVE, ("other",))),
    ("open", "ordinary.example", ("ads",), Decision(REFUSE, ("ads",), "block:ads")),
    ("open", "ordinary.example", ("illegal",), Decision(REFUSE, ("illegal",), "everyone:illegal")),
    ("open", "ordinary.example", ("unsafe_search",), Decision(REFUSE, ("unsafe_search",), "unsafe_search")),
    ("open", "www.quarrel.example", (), Decision(REFUSE, (), "deny")),
    ("open", "good.ads.example", ("ads",), Decision(RESOLVE, ("ads",))),
    # What a parent denies stays denied, what a parent allows is made safe all the same.
    ("open", "www.google.de", (), Decision(REFUSE, (), "deny")),
    ("open", "www.bing.com", (), Decision(REWRITE, (), "", "strict.bing.com")),
    ("open", "captive.apple.com", (), Decision(RESOLVE)),
    ("open", "use-application-dns.net", (), Decision(ABSENT)),
    ("limited", "www.school.example", (), Decision(RESOLVE)),
    ("limited", "ordinary.example", (), Decision(REFUSE, (), "limited")),
    ("limited", "captive.apple.com", (), Decision(PROBE)),
    ("closed", "www.school.example", (), Decision(REFUSE, (), "closed")),
    ("closed", "captive.apple.com", (), Decision(PROBE)),
    ("closed", "mask.icloud.com", (), Decision(ABSENT)),
    ("closed", "resolver.arpa", (), Decision(EMPTY)),
    ("closed", "epdg.pub.3gppnetwork.org", ("illegal",), Decision(RESOLVE, ("illegal",))),
]


@pytest.mark.parametrize(("level", "name", "tags", "expected"), CASES)
def test_the_order_of_the_rules(level: str, name: str, tags: tuple[str, ...], expected: Decision) -> None:
    assert decide(profile(CHILD, level=level, safesearch=True), RULES, name, tags) == expected


def test_never_the_bare_zone_of_a_search_engine() -> None:
    child = profile(CHILD, safesearch=True, youtube="strict")
    for suffix in GOOGLE_SUFFIXES - {"de"}:
        assert decide(child, RULES, f"www.google.{suffix}", ()).target == "forcesafesearch.google.com"
        for name in (f"google.{suffix}", f"mail.google.{suffix}", f"x.www.google.{suffix}"):
            assert decide(child, RULES, name, ()).act == RESOLVE
    assert len(GOOGLE_SUFFIXES) == 195
    assert decide(child, RULES, "youtube.com", ()).act == RESOLVE
