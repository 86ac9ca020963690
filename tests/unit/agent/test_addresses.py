"""What our sets of addresses hold after answers and changes of policy, and what a kernel that refuses leaves behind."""

import socket
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from stairgate.agent import gate
from stairgate.agent.address_sets_fake import FakeAddressSets
from stairgate.agent.addresses import Addresses
from stairgate.agent.gate import SetName
from stairgate.agent.limits import ADDRESS_SECONDS, DEVICE_ADDRESSES, DEVICE_MACS, GATEWAYS, HOME_ADDRESSES
from stairgate.agent.pair_book import PairBook
from stairgate.core.filtering import NO_FILTER, Names
from tests.unit.agent.rig import HandClock

MAC, OTHER_MAC = bytes.fromhex("020000007710"), bytes.fromhex("020000007711")
WEB, WEB6 = bytes((203, 0, 113, 10)), bytes.fromhex("20010db8001000000000000000000010")
APP, APP2 = bytes((203, 0, 113, 21)), bytes((203, 0, 113, 22))
EPDG_NAME = "epdg.epc.mnc001.mcc262.pub.3gppnetwork.org"
GAME = ("roblox", "games", "dedicated")
HOUR_MS = ADDRESS_SECONDS * 1000


class Profile(NamedTuple):
    device: str = "dphone"
    macs: tuple[bytes, ...] = (MAC,)
    persons: tuple[Names, ...] = (NO_FILTER,)
    level: str = "open"
    flags: tuple[str, ...] = ()
    exempt: bool = False
    reach: frozenset[str] = frozenset()


PLAIN, NARROW = Profile(), Profile(flags=("resolved_only",))
HOMEWORK = NO_FILTER._replace(only=frozenset({"homework.example.org"}))
NO_GAME = NO_FILTER._replace(block=frozenset({"roblox"}))


def key(mac: bytes, address: bytes) -> bytes:
    return mac + b"\0\0" + address


class Rig:
    """Addresses over a fake kernel and a clock of the test."""

    def __init__(self, *profiles: Profile) -> None:
        self.clock, self.sets = HandClock(), FakeAddressSets()
        self.addresses = Addresses(self.sets, self.clock.monotonic)
        self.addresses.policy_changed(profiles)

    def answered(self, device: Profile, name: str, *addresses: bytes, tags: Sequence[str] = (), ttl: int = 300) -> None:
        self.addresses.answered(device, name, tags, addresses, ttl)

    def held(self, name: SetName) -> dict[bytes, int | None]:
        return self.sets.elements.get(name, {})

    def is_cut(self, mac: bytes, address: bytes) -> bool:
        """In both tables or in none."""
        inside = [key(mac, address) in self.held(name) for name in (gate.BLOCKED4, gate.BRIDGE_BLOCKED4)]
        assert inside[0] == inside[1]
        return inside[0]


def test_a_narrow_device_reaches_what_it_was_told_in_both_families() -> None:
    rig = Rig(NARROW)

    rig.answered(NARROW, "www.example.org", WEB, WEB6)

    assert rig.held(gate.RESOLVED4) == {key(MAC, WEB): HOUR_MS}
    assert rig.held(gate.RESOLVED6) == {key(MAC, WEB6): HOUR_MS}
    assert rig.held(gate.LIMITED4) == rig.held(gate.BLOCKED4) == {}
    assert rig.sets.commits == 1


@pytest.mark.parametrize(("ttl", "kept"), [(0, 3600), (3601, 3601), (10**9, 86400)])
def test_an_address_is_kept_for_its_ttl_and_an_hour_at_least(ttl: int, kept: int) -> None:
    rig = Rig(NARROW)

    rig.answered(NARROW, "www.example.org", WEB, ttl=ttl)

    assert rig.held(gate.RESOLVED4) == {key(MAC, WEB): kept * 1000}


def test_nothing_is_written_for_other_devices_nor_twice() -> None:
    rig = Rig(NARROW, PLAIN._replace(device="dother", macs=(OTHER_MAC,)))
    stranger, parent = Profile("", ()), Profile("dtablet", exempt=True, flags=("resolved_only",))

    for device in (PLAIN._replace(device="dother"), stranger, parent):
        rig.answered(device, "www.example.org", WEB)
    assert rig.sets.commits == 0
    rig.answered(NARROW, "www.example.org", WEB)
    rig.answered(NARROW, "www.example.org", WEB)
    rig.answered(NARROW, "other.example.org", WEB)
    rig.clock.move(ADDRESS_SECONDS / 2 - 1)
    rig.answered(NARROW, "www.example.org", WEB)
    assert rig.sets.commits == 1

    rig.clock.move(1)
    rig.answered(NARROW, "www.example.org", WEB)

    assert rig.sets.commits == 2


@pytest.mark.parametrize(
    "address",
    [
        *["0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.31.0.1", "192.168.77.1"],  # noqa: S104
        *["198.18.0.53", "224.0.0.251", "255.255.255.255", "198.51.100.2"],
    ],
)
def test_no_name_opens_the_home_a_group_or_the_router(address: str) -> None:
    rig = Rig()
    rig.sets.addresses = frozenset({bytes((198, 51, 100, 2))})
    rig.sets.tables += 1
    rig.addresses.policy_changed((NARROW,))

    rig.answered(NARROW, "rebind.example.org", bytes(map(int, address.split("."))))
    rig.answered(NARROW, EPDG_NAME, bytes(map(int, address.split("."))))

    assert rig.held(gate.RESOLVED4) == rig.held(gate.EPDG4) == {}


@pytest.mark.parametrize(
    "address", ["fe80::1", "fd00::1", "ff02::fb", "::1", "::", "::ffff:10.0.0.1", "64:ff9b::a00:1"]
)
def test_nor_does_one_in_ipv6(address: str) -> None:
    rig = Rig(NARROW)

    rig.answered(NARROW, "rebind.example.org", socket.inet_pton(socket.AF_INET6, address))

    assert rig.held(gate.RESOLVED6) == {}


def test_what_is_on_the_list_is_known_before_the_bell() -> None:
    pupil = Profile(persons=(HOMEWORK,))
    rig = Rig(pupil)

    rig.answered(pupil, "www.homework.example.org", WEB)
    rig.answered(pupil, "www.example.org", APP)

    assert rig.held(gate.LIMITED4) == {key(MAC, WEB): HOUR_MS}
    assert rig.held(gate.RESOLVED4) == {}


def test_an_address_that_turns_out_to_be_on_the_list_is_added_and_stays() -> None:
    pupil = Profile(persons=(HOMEWORK,), flags=("resolved_only",))
    rig = Rig(pupil)

    rig.answered(pupil, "www.example.org", WEB)
    assert rig.held(gate.LIMITED4) == {}
    rig.answered(pupil, "homework.example.org", WEB)
    rig.clock.move(ADDRESS_SECONDS)
    rig.answered(pupil, "www.example.org", WEB)

    assert set(rig.held(gate.LIMITED4)) == set(rig.held(gate.RESOLVED4)) == {key(MAC, WEB)}


def test_a_device_of_two_persons_needs_both_lists() -> None:
    shared = Profile(persons=(HOMEWORK, NO_FILTER))
    rig = Rig(shared)

    rig.answered(shared, "homework.example.org", WEB)

    assert rig.held(gate.LIMITED4) == {}


def test_a_changed_list_takes_back_what_it_no_longer_names() -> None:
    pupil = Profile(persons=(HOMEWORK,), flags=("resolved_only",))
    rig = Rig(pupil)
    rig.answered(pupil, "homework.example.org", WEB)
    rig.answered(pupil, "www.example.org", APP)

    rig.addresses.policy_changed([pupil._replace(level="limited")])
    assert set(rig.held(gate.LIMITED4)) == {key(MAC, WEB)}
    other = HOMEWORK._replace(only=frozenset({"school.example.org"}), deny=frozenset({"www.example.org"}))
    rig.addresses.policy_changed([pupil._replace(persons=(other,))])

    assert rig.held(gate.LIMITED4) == {}
    assert key(MAC, APP) not in rig.held(gate.RESOLVED4)


def test_what_everybody_loses_is_taken_back() -> None:
    rig = Rig(NARROW)
    rig.answered(NARROW, "www.example.org", WEB, tags=("shopping",))

    rig.addresses.policy_changed([NARROW], everyone=("shopping",))

    assert rig.held(gate.RESOLVED4) == {}


def test_a_name_that_came_on_a_list_since_is_taken_back() -> None:
    device = NARROW._replace(persons=(NO_FILTER._replace(block=frozenset({"adult"})),))
    rig = Rig(device)
    rig.answered(device, "later.example.org", WEB)
    rig.answered(device, "www.example.org", APP)

    rig.addresses.policy_changed([device])
    assert len(rig.held(gate.RESOLVED4)) == 2
    rig.addresses.policy_changed([device], tags_of=lambda name: ("adult",) if name.startswith("later") else ())

    assert set(rig.held(gate.RESOLVED4)) == {key(MAC, APP)}
    rig.answered(device, "later.example.org", WEB)
    assert len(rig.held(gate.RESOLVED4)) == 2


@pytest.mark.parametrize(
    "after", [[], [NARROW._replace(macs=(OTHER_MAC,))], [NARROW._replace(exempt=True)]], ids=["gone", "mac", "exempt"]
)
def test_a_device_that_is_another_one_now_leaves_nothing(after: list[Profile]) -> None:
    rig = Rig(NARROW._replace(persons=(HOMEWORK,)))
    rig.answered(NARROW, "homework.example.org", WEB)
    assert rig.held(gate.LIMITED4)

    rig.addresses.policy_changed(after)

    assert rig.held(gate.LIMITED4) == rig.held(gate.RESOLVED4) == {}


def test_every_mac_of_a_device_counts_up_to_a_bound() -> None:
    macs = tuple(MAC[:5] + bytes((number,)) for number in range(DEVICE_MACS + 3))
    rig = Rig(NARROW._replace(macs=macs))

    rig.answered(NARROW, "www.example.org", WEB)

    assert set(rig.held(gate.RESOLVED4)) == {key(mac, WEB) for mac in macs[:DEVICE_MACS]}


def test_a_device_keeps_its_newest_addresses() -> None:
    rig = Rig(NARROW)
    asked = [bytes((203, 0, index >> 8, index & 255)) for index in range(DEVICE_ADDRESSES + 10)]

    for address in asked:
        rig.answered(NARROW, f"{address.hex()}.example.org", address)

    assert set(rig.held(gate.RESOLVED4)) == {key(MAC, address) for address in asked[10:]}


def test_gateways_for_calls_open_for_a_day_for_everybody_and_whatever_the_level() -> None:
    stranger = Profile("", ())
    rig = Rig(NARROW)

    rig.answered(stranger, EPDG_NAME, WEB, WEB6, ttl=30)
    rig.answered(NARROW, EPDG_NAME, WEB)
    rig.answered(NARROW, "fake3gppnetwork.org", APP)

    assert rig.held(gate.EPDG4) == {WEB: 86_400_000}
    assert rig.held(gate.EPDG6) == {WEB6: 86_400_000}
    for index in range(GATEWAYS):
        rig.answered(stranger, EPDG_NAME, bytes((203, 1, index >> 8, index & 255)))
    assert len(rig.held(gate.EPDG4)) + len(rig.held(gate.EPDG6)) == GATEWAYS


def test_an_app_that_is_blocked_loses_the_addresses_that_the_device_was_given() -> None:
    other = Profile("dother", (OTHER_MAC,))
    rig = Rig(PLAIN, other)
    for device in (PLAIN, other):
        rig.answered(device, "play.app.example", APP, tags=GAME)
    rig.answered(PLAIN, "www.example.org", WEB, tags=("shopping",))

    rig.addresses.policy_changed([PLAIN._replace(persons=(NO_GAME,)), other])
    assert rig.is_cut(MAC, APP)
    assert not rig.is_cut(OTHER_MAC, APP)
    assert not rig.is_cut(MAC, WEB)

    rig.addresses.policy_changed([PLAIN, other])
    assert not rig.is_cut(MAC, APP)


def test_an_app_is_cut_while_limited_and_not_for_being_closed() -> None:
    rig = Rig(PLAIN)
    rig.answered(PLAIN, "play.app.example", APP, tags=GAME)

    rig.addresses.policy_changed([PLAIN._replace(level="closed")])
    assert not rig.is_cut(MAC, APP)
    rig.addresses.policy_changed([PLAIN._replace(level="limited")])
    assert rig.is_cut(MAC, APP)


def test_a_name_on_the_own_list_of_allowed_ones_is_not_cut() -> None:
    allowing = NO_GAME._replace(allow=frozenset({"play.app.example"}))
    rig = Rig(PLAIN)
    rig.answered(PLAIN, "play.app.example", APP, tags=GAME)

    rig.addresses.policy_changed([PLAIN._replace(persons=(allowing,))])

    assert not rig.is_cut(MAC, APP)


@pytest.mark.parametrize(
    "tags", [(), ("video",), ("youtube", "video", "dedicated")], ids=["plain", "tagged", "other app"]
)
@pytest.mark.parametrize("first", [True, False])
def test_an_address_that_another_name_shares_is_no_app_s(tags: tuple[str, ...], first: bool) -> None:
    other = Profile("dother", (OTHER_MAC,))
    rig = Rig(PLAIN, other)
    asked = [("play.app.example", GAME), ("school.example.org", tags)]
    for name, with_tags in asked if first else reversed(asked):
        rig.answered(PLAIN if name.startswith("play") else other, name, APP, tags=with_tags)

    rig.addresses.policy_changed([PLAIN._replace(persons=(NO_GAME,)), other])

    assert not rig.is_cut(MAC, APP)


def test_an_address_that_is_shared_later_is_no_longer_cut() -> None:
    rig = Rig(PLAIN)
    rig.answered(PLAIN, "play.app.example", APP, tags=GAME)
    blocking = PLAIN._replace(persons=(NO_GAME,))
    rig.addresses.policy_changed([blocking])
    assert rig.is_cut(MAC, APP)

    rig.answered(blocking, "school.example.org", APP)

    assert not rig.is_cut(MAC, APP)


def test_many_names_push_no_app_out() -> None:
    rig = Rig(PLAIN)
    rig.answered(PLAIN, "play.app.example", APP, tags=GAME)
    rig.addresses.policy_changed([PLAIN._replace(persons=(NO_GAME,))])

    for index in range(20_000):
        rig.answered(PLAIN, "any.example.org", bytes((203, 9, index >> 8, index & 255)))

    assert rig.is_cut(MAC, APP)


def test_what_is_cut_is_written_again_before_it_ends() -> None:
    rig = Rig(PLAIN)
    rig.answered(PLAIN, "play.app.example", APP, tags=GAME)
    blocking = [PLAIN._replace(persons=(NO_GAME,))]
    rig.addresses.policy_changed(blocking)
    before = rig.sets.commits

    rig.addresses.policy_changed(blocking)
    assert rig.sets.commits == before
    rig.clock.move(3 * 3600)
    rig.addresses.policy_changed(blocking)

    assert rig.sets.commits == before + 1


@pytest.mark.parametrize("code", ["ENFILE", "ENOENT", "ETIMEDOUT"])
def test_a_kernel_that_refuses_is_told_again_as_a_whole(code: str) -> None:
    pupil = NARROW._replace(persons=(HOMEWORK,))
    rig = Rig(pupil)
    rig.answered(pupil, EPDG_NAME, WEB6)
    rig.sets.refuse = [code]

    rig.answered(pupil, "homework.example.org", WEB)
    rig.answered(pupil, "www.example.org", APP)
    assert (rig.addresses.refusals, rig.held(gate.RESOLVED4)) == (1, {})
    rig.clock.move(1)
    rig.answered(pupil, "www.example.org", APP)

    assert set(rig.held(gate.RESOLVED4)) == {key(MAC, WEB), key(MAC, APP)}
    assert set(rig.held(gate.LIMITED4)) == {key(MAC, WEB)}
    assert set(rig.held(gate.EPDG6)) == {WEB6}
    assert rig.addresses.refusals == 1


def test_a_flush_that_nobody_told_of_is_noticed_and_everything_written_again() -> None:
    blocking = NARROW._replace(persons=(NO_GAME,))
    rig = Rig(NARROW)
    rig.answered(NARROW, "www.example.org", WEB)
    rig.answered(NARROW, "play.app.example", APP, tags=GAME)
    rig.addresses.policy_changed([blocking])
    assert rig.is_cut(MAC, APP)

    rig.sets.flush_ruleset()
    rig.clock.move(1)
    rig.answered(blocking, "www.example.org", WEB)

    assert key(MAC, WEB) in rig.held(gate.RESOLVED4)
    assert rig.is_cut(MAC, APP)


def test_a_kernel_that_refuses_for_long_never_costs_an_answer() -> None:
    rig = Rig(NARROW)
    rig.sets.refuse = ["ENOENT"] * 100

    for index in range(40):
        rig.clock.move(0.7)
        rig.answered(NARROW, "www.example.org", bytes((203, 0, 113, index)))
        rig.addresses.policy_changed([NARROW])
    assert rig.held(gate.RESOLVED4) == {}
    rig.sets.refuse = []
    rig.addresses.policy_changed([NARROW])

    assert len(rig.held(gate.RESOLVED4)) == 40
    assert 0 < rig.addresses.refusals <= 80


def test_what_a_process_before_this_one_recorded_is_overwritten_not_added_to() -> None:
    rig = Rig(NARROW)
    rig.answered(NARROW, "www.example.org", WEB)
    seen: list[frozenset[bytes]] = []
    commit = rig.sets.commit
    again = Addresses(rig.sets, rig.clock.monotonic)
    again.policy_changed([NARROW])
    rig.sets.commit = lambda changes: (seen.extend(each.fresh for each in changes), commit(changes))[1]  # type: ignore[method-assign,func-returns-value]

    again.answered(NARROW, "www.example.org", (), [WEB], 60)
    again.answered(NARROW, "www.example.org", (), [APP], 60)

    assert seen == [frozenset(), frozenset({key(MAC, APP)})]


def test_a_home_has_a_bound_and_the_device_idle_for_longest_pays_for_it() -> None:
    book: PairBook[int] = PairBook(DEVICE_ADDRESSES, HOME_ADDRESSES)
    gone = []
    for device in range(20):
        for index in range(DEVICE_ADDRESSES):
            gone += book.put(f"d{device:02}", index.to_bytes(4, "big"), index)

    assert len(book) == HOME_ADDRESSES
    assert {each.device for each in gone} == {"d00", "d01", "d02", "d03"}
    assert [each.value for each in gone[:3]] == [0, 1, 2]
    assert set(book.by_device) == {f"d{device:02}" for device in range(4, 20)}


def test_addresses_of_names_that_are_no_longer_declared_are_taken_back() -> None:
    toy = Profile(flags=("resolved_only",), reach=frozenset({"bear.example", "time.example"}))
    rig = Rig(toy)
    rig.answered(toy, "eu.bear.example", APP)
    rig.answered(toy, "time.example", APP2)
    assert set(rig.held(gate.RESOLVED4)) == {key(MAC, APP), key(MAC, APP2)}

    rig.addresses.policy_changed([toy._replace(reach=frozenset({"bear.example"}))])

    assert set(rig.held(gate.RESOLVED4)) == {key(MAC, APP)}
