"""The loop and the filter: what it is told and when, what hello says while it is gone, which pack it is given."""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from stairgate.agent.filter_process_fake import FakeFilter
from stairgate.agent.gate import CALLERS, FILTERED, FILTERED_ALL
from stairgate.agent.grants import mac_key
from stairgate.agent.limits import (
    FILTER_APPLIED_SECONDS,
    FILTER_PACK_SECONDS,
    HELLO_SECONDS,
    LED_MS,
    RETRY_SECONDS,
    SLOW_POLL_SECONDS,
)
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.pack_fetch_fake import FakePacks
from stairgate.core.policy import read_policy, write_policy
from stairgate.core.records import Filter, Pack, Week
from stairgate.hub.pack_builder import build
from tests.lab import network
from tests.lab.policies import family_policy
from tests.unit.agent.rig import signed, signing_key
from tests.unit.agent.router import BENS, Router, paused

FIRST, SECOND = "1" * 64, "2" * 64


class Filtered:
    """A router with a filter."""

    def __init__(self, folder: Path) -> None:
        self.router = Router(folder).filtered()
        assert self.router.filter and self.router.packs
        self.filter: FakeFilter = self.router.filter
        self.packs: FakePacks = self.router.packs

    def levels(self) -> dict[str, str]:
        """By device, as the filter was told last."""
        told: dict[str, str] = self.filter.frames[-1][0]["levels"]
        return told

    def said(self) -> tuple[str, str, int]:
        """The newest hello: state, reason, revision."""
        hello = self.router.hellos()[-1]
        return hello.state, hello.reason, hello.revision

    def with_pack(self, revision: int, sha256: str) -> bytes:
        """A policy that names this pack."""
        return signed(family_policy(revision)._replace(packs=(Pack("names", f"v{revision}", sha256, 1000),)))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Filtered]:
    made = Filtered(tmp_path / "state")
    yield made
    for link in made.router.links:
        link.close()
    made.filter.close()
    made.packs.close()


def test_before_the_first_policy_it_is_told_nothing(home: Filtered) -> None:
    home.router.wait(30)

    assert home.filter.frames == []
    assert home.router.hello().reason == ""


def test_it_is_told_the_policy_s_bytes_and_the_level_of_each_device(home: Filtered) -> None:
    home.router.receive(signed(paused(5)))

    ((head, body),) = home.filter.frames
    assert (head["v"], head["pack"]) == (1, "")
    assert head["levels"] == {"dconsole": "closed", "dlaptop": "open", "dphone": "closed", "dtablet": "open"}
    assert body == write_policy(paused(5))
    assert read_policy(body) == read_policy(write_policy(paused(5)))
    assert home.said() == ("applied", "", 5)


def test_it_is_told_only_what_changes(home: Filtered) -> None:
    bedtime = Week("pmia", 127, 12 * 60 + 1, 7 * 60, "limited")
    home.router.receive(signed(family_policy(5, weeks=[bedtime])))
    home.router.wait(59.5)
    assert len(home.filter.frames) == 1

    home.router.wait(60)

    assert len(home.filter.frames) == 2
    assert home.levels()["dphone"] == "limited"
    assert home.filter.frames[0][1] == home.filter.frames[1][1]


def test_the_kernel_comes_first(home: Filtered, monkeypatch: pytest.MonkeyPatch) -> None:
    home.router.receive(signed(family_policy(5)))
    held_when_told: list[set[bytes]] = []
    tell = home.filter.tell

    def noted(frame: bytes) -> None:
        held_when_told.append(home.router.open_now())
        tell(frame)

    monkeypatch.setattr(home.filter, "tell", noted)
    home.router.receive(signed(paused(6)))

    assert held_when_told == [BENS]


def test_what_the_kernel_refused_is_not_told_to_the_filter(home: Filtered) -> None:
    home.router.receive(signed(family_policy(5)))
    home.router.kernel.refuse = {"commit": ["ENFILE"]}

    home.router.receive(signed(paused(6)))

    assert home.said() == ("failed", "enfile", 6)
    assert home.levels()["dphone"] == "open"
    home.router.wait(RETRY_SECONDS + 1)
    assert home.levels()["dphone"] == "closed"
    assert home.said() == ("applied", "", 6)


def test_a_refused_policy_is_not_told_to_the_filter(home: Filtered) -> None:
    home.router.receive(signed(paused(5)))

    home.router.receive(signed(family_policy(6), signing_key("stranger")))

    assert len(home.filter.frames) == 1


def test_a_filter_that_ends_is_told_and_so_is_its_return(home: Filtered) -> None:
    home.router.receive(signed(paused(5)))
    home.filter.silent = True
    home.filter.end()

    home.router.control.turn()
    assert home.said() == ("applied", "no_dns", 5)
    said = len(home.router.hellos())
    home.router.wait(60)
    assert len(home.router.hellos()) == said
    home.filter.silent = False
    home.router.control.turn()

    assert home.said() == ("applied", "", 5)
    assert home.filter.frames[0] == home.filter.frames[1]


def test_ten_ends_are_ten_returns_with_the_newest_policy(home: Filtered) -> None:
    home.router.receive(signed(family_policy(5)))
    home.router.receive(signed(paused(6)))
    for _ in range(10):
        home.filter.end()
        home.router.wait(0.5)
        assert home.said() == ("applied", "", 6)

    assert [frame[1] for frame in home.filter.frames] == [write_policy(family_policy(5))] + [
        write_policy(paused(6))
    ] * 11


def test_names_of_exempt_devices_are_led_here_only_while_somebody_answers(home: Filtered) -> None:
    def is_led() -> bool:
        return home.router.control._enforcement.dns_serves

    assert not is_led()
    home.router.receive(signed(family_policy(5)))
    home.router.control.turn()
    assert is_led()
    home.filter.silent = True
    home.filter.end()
    home.router.control.turn()
    assert not is_led()


def test_without_an_agent_they_are_soon_led_here_no_more(home: Filtered) -> None:
    home.router.receive(signed(family_policy(5)._replace(everyone=("malware",))))
    for _ in range(20):
        home.router.wait(5)
        assert home.router.kernel.elements(FILTERED_ALL)

    home.router.clock.move(LED_MS / 1000)

    assert home.router.kernel.elements(FILTERED_ALL) == {}
    assert home.router.kernel.elements(FILTERED) != {}


def test_with_the_agent_s_end_they_are_led_here_no_more(home: Filtered) -> None:
    home.router.receive(signed(family_policy(5)))
    home.router.control.turn()
    home.router.control.stop()

    assert not home.router.control._enforcement.dns_serves
    home.filter, home.packs = FakeFilter(), FakePacks()


def test_applied_is_said_when_the_filter_has_it_too(home: Filtered) -> None:
    home.router.receive(signed(family_policy(5)))
    said = len(home.router.hellos())
    home.filter.silent = True

    home.router.receive(signed(paused(6)))
    assert home.router.open_now() == BENS
    assert len(home.router.hellos()) == said
    home.filter.silent = False
    home.router.control.turn()

    assert home.said() == ("applied", "", 6)
    assert len(home.router.hellos()) == said + 1


def test_a_filter_that_hangs_does_not_keep_hello_back_for_long(home: Filtered) -> None:
    home.router.receive(signed(family_policy(5)))
    home.filter.silent = True

    home.router.receive(signed(paused(6)))
    home.router.wait(FILTER_APPLIED_SECONDS + 0.5)
    assert home.said() == ("applied", "no_dns", 6)
    said = len(home.router.hellos())
    home.router.wait(60)

    assert len(home.router.hellos()) == said


def test_a_hello_that_is_due_anyway_is_not_lost_by_waiting(home: Filtered) -> None:
    home.router.receive(signed(family_policy(5)))

    home.router.wait(2 * HELLO_SECONDS + 1)

    assert len(home.router.hellos()) == 3


def test_after_a_restart_the_saved_policy_is_told_before_any_broker_is_there(home: Filtered) -> None:
    home.router.receive(signed(paused(5)))
    home.filter.frames.clear()

    home.router.restart()

    assert [frame[1] for frame in home.filter.frames] == [write_policy(paused(5))]


def test_without_a_usable_policy_it_is_told_what_is_never_closed(home: Filtered) -> None:
    home.router.receive(signed(paused(5)))
    for name in ("policy", "policy.previous"):
        (home.router.folder / name).write_bytes(b"damaged")
    home.filter.frames.clear()

    home.router.restart()

    ((head, body),) = home.filter.frames
    assert head["levels"] == {"dtablet": "open"}
    assert [device.id for device in read_policy(body).devices] == ["dtablet"]


def test_a_pack_is_wanted_and_told_once_it_is_here(home: Filtered) -> None:
    home.router.receive(home.with_pack(5, FIRST))
    assert [(wish.sha256, wish.bytes, wish.refused) for wish in home.packs.wishes] == [(FIRST, 1000, frozenset())]
    assert home.packs.wishes[0].sources == (("192.168.77.2", 8080),)
    assert home.said() == ("applied", "no_pack", 5)
    assert home.filter.frames[-1][0]["pack"] == ""

    home.packs.arrive(FIRST)
    home.router.control.turn()

    assert home.filter.frames[-1][0]["pack"] == f"/packs/{FIRST}.pack"
    assert home.said() == ("applied", "", 5)
    assert home.packs.kept == [FIRST]


def test_the_last_good_pack_goes_on_until_the_new_one_is_used(home: Filtered) -> None:
    home.router.receive(home.with_pack(5, FIRST))
    home.packs.arrive(FIRST)
    home.router.control.turn()

    home.router.receive(home.with_pack(6, SECOND))
    assert home.filter.frames[-1][0]["pack"] == f"/packs/{FIRST}.pack"
    assert home.said() == ("applied", "", 6)
    assert home.packs.kept == [FIRST]
    home.packs.arrive(FIRST, "no_space")
    home.router.control.turn()
    assert home.said() == ("applied", "no_pack", 6)
    home.packs.arrive(SECOND)
    home.router.control.turn()

    assert home.said() == ("applied", "", 6)
    assert home.packs.kept == [FIRST, SECOND]


def test_after_every_policy_what_came_of_other_packs_may_go(home: Filtered) -> None:
    home.router.receive(home.with_pack(5, FIRST))
    home.packs.arrive(FIRST)
    home.router.control.turn()
    home.router.receive(home.with_pack(6, SECOND))
    home.router.receive(home.with_pack(7, FIRST))
    home.router.wait(10)

    assert home.packs.kept == [FIRST, FIRST]


def test_a_pack_that_the_filter_cannot_use_is_replaced_by_the_last_good_one(home: Filtered) -> None:
    home.router.receive(home.with_pack(5, FIRST))
    home.packs.arrive(FIRST)
    home.router.control.turn()
    home.filter.refused_packs.add(SECOND)
    home.router.receive(home.with_pack(6, SECOND))
    home.packs.arrive(SECOND)

    home.router.wait(FILTER_PACK_SECONDS + 1)
    assert home.packs.wishes[-1].refused == {SECOND}
    home.packs.arrive(FIRST, "bad_pack")
    home.router.control.turn()

    assert home.filter.frames[-1][0]["pack"] == f"/packs/{FIRST}.pack"
    assert home.packs.kept == [FIRST]
    assert home.said() == ("applied", "no_pack", 6)
    home.router.receive(home.with_pack(7, "3" * 64))
    assert home.packs.wishes[-1].refused == frozenset()


def test_a_fault_of_the_disk_comes_after_one_of_the_filter_s_and_before_none(
    home: Filtered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stairgate.agent.state.write_atomic", full)
    home.router.receive(signed(paused(6)))
    assert home.said() == ("applied", "not_saved", 6)
    home.filter.silent = True
    home.filter.end()
    home.router.control.turn()

    assert home.said() == ("applied", "no_dns", 6)


def test_addresses_of_encrypted_resolvers_are_those_of_the_pack_in_use(home: Filtered, tmp_path: Path) -> None:
    networks = [("198.51.100.0/28", ("doh",)), ("203.0.113.7/32", ("adult",)), ("2001:db8::/48", ("doh", "vpn"))]
    built = build([("dns.example", ("doh",))], [(ip_network(text), tags) for text, tags in networks], tmp_path / "pack")
    home.packs.folder = str(tmp_path)
    (tmp_path / "pack").rename(tmp_path / f"{built.sha256}.pack")

    home.router.receive(home.with_pack(5, built.sha256))
    assert "198.51.100" not in home.router.kernel.loaded
    home.packs.arrive(built.sha256)
    home.router.control.turn()

    loaded = home.router.kernel.loaded
    assert "198.51.100.0-198.51.100.15" in loaded and "2001:db8::-2001:db8:0:ffff" in loaded
    assert "203.0.113.7" not in loaded
    home.router.kernel.flush_ruleset()
    home.router.control.turn()
    assert home.router.kernel.loaded == loaded
    home.router.receive(signed(family_policy(6)))
    home.packs.arrive("")
    home.router.control.turn()
    assert "198.51.100" not in home.router.kernel.loaded


def test_a_kernel_that_refuses_them_keeps_the_gate_and_is_asked_again(home: Filtered, tmp_path: Path) -> None:
    built = build([], [(ip_network("198.51.100.0/28"), ("doh",))], tmp_path / "pack")
    home.packs.folder = str(tmp_path)
    (tmp_path / "pack").rename(tmp_path / f"{built.sha256}.pack")
    home.router.receive(home.with_pack(5, built.sha256))
    home.router.kernel.refuse = {"load": ["EINVAL"]}

    home.packs.arrive(built.sha256)
    home.router.control.turn()
    assert "chain" in home.router.kernel.loaded and "198.51.100" not in home.router.kernel.loaded
    assert home.said() == ("applied", "", 5)
    home.router.wait(SLOW_POLL_SECONDS + 1)

    assert "198.51.100" in home.router.kernel.loaded


def narrow(revision: int, sha256: str, *block: str) -> bytes:
    """Mia's phone reaches only what was resolved."""
    policy = family_policy(revision)
    devices = tuple(each._replace(flags=("resolved_only",) if each.id == "dphone" else ()) for each in policy.devices)
    packs, filters = (Pack("names", f"v{revision}", sha256, 1000),), (Filter("pmia", (), block, (), (), ()),)
    return signed(policy._replace(devices=devices, packs=packs, filters=filters))


def test_calls_go_to_the_addresses_of_the_pack_in_use_as_the_policy_says(home: Filtered, tmp_path: Path) -> None:
    phone = mac_key(network.PHONE.mac)
    networks = [("198.51.100.0/28", ("zoom", "calls")), ("203.0.113.7/32", ("adult",))]
    built = build([], [(ip_network(text), tags) for text, tags in networks], tmp_path / "pack")
    home.packs.folder = str(tmp_path)
    (tmp_path / "pack").rename(tmp_path / f"{built.sha256}.pack")
    kernel = home.router.kernel

    home.router.receive(narrow(5, built.sha256))
    home.packs.arrive(built.sha256)
    home.router.control.turn()
    assert "198.51.100.0-198.51.100.15 : goto call_0" in kernel.ranges and "203.0.113.7" not in kernel.ranges
    assert set(kernel.elements(CALLERS[0])) == {phone}

    home.router.receive(narrow(6, built.sha256, "zoom"))
    assert kernel.elements(CALLERS[0]) == {}
    home.router.receive(narrow(7, built.sha256))
    assert set(kernel.elements(CALLERS[0])) == {phone}
    home.router.receive(signed(family_policy(8)))
    home.packs.arrive("")
    home.router.control.turn()
    assert "198.51.100" not in kernel.ranges


def test_a_kernel_that_refuses_the_addresses_of_calls_is_asked_again(
    home: Filtered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build([], [(ip_network("198.51.100.0/28"), ("zoom", "calls"))], tmp_path / "pack")
    home.packs.folder = str(tmp_path)
    (tmp_path / "pack").rename(tmp_path / f"{built.sha256}.pack")
    kernel = home.router.kernel
    load = kernel.load

    def refusing(text: str) -> None:
        if text.startswith("flush map"):
            raise KernelRefused("EINVAL", "loading")
        load(text)

    home.router.receive(narrow(5, built.sha256))
    with monkeypatch.context() as patched:
        patched.setattr(kernel, "load", refusing)
        home.packs.arrive(built.sha256)
        home.router.control.turn()
        assert "chain" in kernel.loaded and kernel.ranges == ""
        assert home.said() == ("applied", "", 5)
    home.router.wait(SLOW_POLL_SECONDS + 1)

    assert "198.51.100" in kernel.ranges
    assert set(kernel.elements(CALLERS[0])) == {mac_key(network.PHONE.mac)}
