"""From a policy and the levels to profiles: what the persons of a device mean together, and who is exempt."""

from stairgate.agent.dns.devices import STRANGER, by_mac, profiles
from stairgate.agent.grants import mac_key
from stairgate.core.filtering import NO_FILTER, prepared
from stairgate.core.records import Device, Filter
from tests.lab import network
from tests.lab.policies import family_policy

MIA = Filter("pmia", ("page", "safesearch", "youtube_moderate"), ("ads",), (), (), ())
BEN = Filter("pben", ("youtube_strict",), ("games",), (), (), ())
SHARED = "02:00:5e:10:00:09"
POLICY = family_policy()._replace(
    filters=(BEN, MIA),
    devices=(
        *family_policy().devices,
        Device("dshared", (SHARED,), ("pben", "pmia"), "tablet", ("resolved_only",)),
        Device("dhearing", ("02:00:5e:10:00:0a",), ("pmia",), "hearing_aid", ("assistive",)),
        Device("dnobody", ("02:00:5e:10:00:0b",), (), "phone", ()),
    ),
)
MADE = {each.device: each for each in profiles(POLICY, {"dphone": "open", "dlaptop": "limited", "dshared": "open"})}


def test_a_device_of_one_person() -> None:
    phone, laptop = MADE["dphone"], MADE["dlaptop"]
    assert phone.persons == (prepared(MIA),) and phone.macs == (mac_key(network.PHONE.mac),)
    assert (phone.level, phone.safesearch, phone.youtube, phone.page, phone.exempt) == (
        *("open", True, "moderate", True, False),
    )
    assert (laptop.level, laptop.safesearch, laptop.youtube, laptop.page) == ("limited", False, "strict", False)


def test_a_shared_device_has_the_strictest_of_its_persons() -> None:
    shared = MADE["dshared"]
    assert shared.persons == (prepared(BEN), prepared(MIA))
    assert (shared.safesearch, shared.youtube, shared.page, shared.flags) == (True, "strict", True, ("resolved_only",))


def test_a_device_without_a_level_is_closed_and_one_without_a_filter_has_none() -> None:
    assert MADE["dconsole"].level == "closed"
    assert MADE["dnobody"].persons == () and MADE["dnobody"].level == "closed"
    plain = {each.device: each for each in profiles(POLICY._replace(filters=()), {})}
    assert plain["dphone"].persons == (NO_FILTER,)


def test_grown_ups_assistive_devices_and_the_hub_are_exempt() -> None:
    for device in ("dtablet", "dhearing", ""):
        each = MADE[device]
        assert each.exempt and each.level == "open" and not each.persons
        assert not each.safesearch and not each.page
    assert MADE[""].macs == (mac_key(network.HOME.mac),)


def test_each_mac_address_has_one_subject() -> None:
    made = profiles(POLICY, {})
    subjects = by_mac(made)
    assert subjects[mac_key(SHARED)].profile.device == "dshared"
    assert len({subject.key for subject in subjects.values()}) == len(made)
    assert bytes(2) not in {subject.key for subject in subjects.values()}  # the stranger's
    assert mac_key(network.STRANGER.mac) not in subjects
    assert STRANGER.level == "closed" and not STRANGER.exempt


def test_a_hub_that_is_also_somebody_s_device_is_exempt() -> None:
    policy = POLICY._replace(devices=(Device("dhub", (network.HOME.mac,), ("pmia",), "computer", ()),))
    assert by_mac(profiles(policy, {}))[mac_key(network.HOME.mac)].profile.exempt
