"""A timed category without minutes: refused like a blocked one, with a reason of its own, for its person only."""

import pytest

from stairgate.agent.dns.channel import read_frame
from stairgate.agent.dns.decisions import REFUSE, RESOLVE, Decider, Rules, decide
from stairgate.agent.dns.devices import profiles
from stairgate.agent.filter_feed import frame_of
from stairgate.core.policy import write_policy
from stairgate.core.records import Device, Filter
from stairgate.core.refused import Refused
from tests.lab.policies import family_policy

MIA = Filter("pmia", (), ("ads",), (), ("good.example",), ("school.example",))
SHARED = Device("dshared", ("02:00:5e:10:00:09",), ("pben", "pmia"), "tablet", ())
POLICY = family_policy()._replace(filters=(MIA,), devices=tuple(sorted((*family_policy().devices, SHARED))))
LEVELS = {device.id: "open" for device in POLICY.devices}
SPENT = {"pmia": ("games", "ads")}
MADE = {each.device: each for each in profiles(POLICY, LEVELS, SPENT)}


def decided(device: str, name: str, *tags: str) -> tuple[int, str]:
    profile, rules = MADE[device], Rules()
    plain = decide(profile, rules, name, tags)
    assert Decider(profile, rules, (tags,)).decide(name, 0) == plain
    return plain.act, plain.code


def test_its_names_are_refused_with_the_budget_as_the_reason() -> None:
    assert decided("dphone", "play.example", "games", "dedicated") == (REFUSE, "budget:games")
    assert decided("dconsole", "play.example", "games") == (REFUSE, "budget:games")
    assert decided("dphone", "www.example", "shopping") == (RESOLVE, "")


def test_what_is_blocked_anyway_is_blocked_and_what_is_allowed_stays_so() -> None:
    assert decided("dphone", "ads.example", "ads") == (REFUSE, "block:ads")
    assert decided("dphone", "good.example", "games") == (RESOLVE, "")


def test_it_is_one_persons_matter_and_a_shared_device_s_too() -> None:
    assert decided("dlaptop", "play.example", "games") == (RESOLVE, "")
    assert decided("dshared", "play.example", "games") == (REFUSE, "budget:games")
    assert decided("dtablet", "play.example", "games") == (RESOLVE, "")


def test_while_limited_the_list_counts_as_ever() -> None:
    (limited,) = [each for each in profiles(POLICY, LEVELS | {"dphone": "limited"}, SPENT) if each.device == "dphone"]
    assert decide(limited, Rules(), "school.example", ("games",)).act == RESOLVE
    assert decide(limited, Rules(), "play.example", ("games",)).code == "limited"


def test_the_frame_carries_it_and_one_without_it_means_none() -> None:
    body = write_policy(POLICY)
    assert read_frame(frame_of(LEVELS, "", body, SPENT)).spent == {"pmia": ["games", "ads"]}
    assert read_frame(frame_of(LEVELS, "", body)).spent == {}
    assert b"spent" not in frame_of(LEVELS, "", body, {})


@pytest.mark.parametrize("spent", ["[]", '{"pmia":"games"}', '{"pmia":["Games!"]}', '{"pmia":[1]}', "null"])
def test_anything_else_is_refused(spent: str) -> None:
    with pytest.raises(Refused):
        read_frame(b'{"v":1,"levels":{},"pack":"","spent":%s}\n' % spent.encode() + write_policy(POLICY))
