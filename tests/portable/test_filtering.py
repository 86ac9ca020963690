"""Whether a name is refused, by a table of cases: which rule wins, and for devices of several people the strictest."""

from stairgate.core.filtering import REASONS, Verdict, judge, prepared, suffixes
from stairgate.core.policy import read_policy
from stairgate.core.records import Filter
from tests.portable.family import body

MIA = Filter(
    "pm",
    ("safesearch",),
    ("games", "roblox"),
    ("chat.example", "a.b.example"),
    ("b.example", "play.example"),
    ("school.example",),
)
BEN = Filter("pb", (), ("ads",), (), (), ())

# What it is, level, name, tags, and the verdict for Mia alone.
CASES = (
    ("no rule", "open", "news.example", (), Verdict(False, "open", "")),
    ("a category", "open", "play.test", ("games",), Verdict(True, "block", "games")),
    ("an app", "open", "roblox.test", ("roblox", "games"), Verdict(True, "block", "roblox")),
    ("another's category", "open", "ads.test", ("ads",), Verdict(False, "open", "")),
    ("an allowed name", "open", "play.example", ("games",), Verdict(False, "allow", "play.example")),
    ("below an allowed name", "open", "cdn.play.example", ("games",), Verdict(False, "allow", "play.example")),
    ("a name that only ends alike", "open", "notplay.example", ("games",), Verdict(True, "block", "games")),
    ("a denied name", "open", "chat.example", (), Verdict(True, "deny", "chat.example")),
    ("below a denied name", "open", "x.chat.example", (), Verdict(True, "deny", "chat.example")),
    ("denied below an allowed one", "open", "a.b.example", (), Verdict(True, "deny", "a.b.example")),
    ("allowed beside it", "open", "c.b.example", ("games",), Verdict(False, "allow", "b.example")),
    (
        "a search engine without a safe mode",
        "open",
        "search.test",
        ("unsafe_search",),
        Verdict(True, "unsafe_search", ""),
    ),
    ("refused to everyone", "open", "worst.test", ("illegal",), Verdict(True, "everyone", "illegal")),
    (
        "no allowing what everyone is refused",
        "open",
        "x.play.example",
        ("illegal",),
        Verdict(True, "everyone", "illegal"),
    ),
    ("limited, listed", "limited", "school.example", ("games",), Verdict(False, "only", "school.example")),
    ("limited, below a listed one", "limited", "cdn.school.example", (), Verdict(False, "only", "school.example")),
    ("limited, allowed elsewhere", "limited", "play.example", (), Verdict(True, "limited", "")),
    ("limited, not listed", "limited", "news.example", (), Verdict(True, "limited", "")),
    ("limited, denied", "limited", "chat.example", (), Verdict(True, "deny", "chat.example")),
    ("limited, refused to everyone", "limited", "school.example", ("illegal",), Verdict(True, "everyone", "illegal")),
    ("closed", "closed", "school.example", (), Verdict(True, "closed", "")),
    ("closed, refused to everyone", "closed", "x.test", ("illegal",), Verdict(True, "everyone", "illegal")),
)


def check(level: str, name: str, tags: "tuple[str, ...]", expected: Verdict) -> None:
    assert judge(("illegal",), (prepared(MIA),), level, name, tags) == expected


def test_every_reason_is_one_that_is_told() -> None:
    assert {case[4].reason for case in CASES} == set(REASONS)


def test_what_one_of_several_is_refused_is_refused() -> None:
    both = (prepared(BEN), prepared(MIA))
    assert judge((), both, "open", "x.test", ("games",)) == Verdict(True, "block", "games")
    assert judge((), both, "open", "x.test", ("ads",)) == Verdict(True, "block", "ads")
    assert judge((), both, "open", "play.example", ("games",)) == Verdict(False, "allow", "play.example")
    assert judge((), both, "open", "play.example", ("games", "ads")) == Verdict(True, "block", "ads")
    assert judge((), both, "limited", "school.example", ()) == Verdict(True, "limited", "")


def test_of_two_equal_words_the_stricter_counts() -> None:
    torn = prepared(Filter("p1", (), (), ("x.test",), ("x.test",), ("x.test",)))
    assert judge((), (torn,), "open", "x.test", ()) == Verdict(True, "deny", "x.test")
    assert judge((), (torn,), "limited", "x.test", ()) == Verdict(True, "deny", "x.test")


def test_a_grown_up_is_refused_only_what_everybody_is() -> None:
    assert judge(("illegal",), (), "open", "x.test", ("adult",)) == Verdict(False, "open", "")
    assert judge(("illegal",), (), "open", "x.test", ("illegal",)) == Verdict(True, "everyone", "illegal")
    assert judge((), (), "limited", "x.test", ()) == Verdict(True, "limited", "")


def test_suffixes_from_the_longest() -> None:
    assert list(suffixes("a.b.example")) == ["a.b.example", "b.example", "example"]
    assert list(suffixes("example")) == ["example"]


def test_what_a_policy_says_is_what_is_judged() -> None:
    lines = (b'["everyone",["illegal"]]', b'["filter","pb",["safesearch"]]', b'["block","pb",["ads"]]')
    policy = read_policy(body(*lines))
    assert policy.everyone == ("illegal",)
    assert [prepared(each) for each in policy.filters] == [
        prepared(Filter("pb", ("safesearch",), ("ads",), (), (), ()))
    ]
