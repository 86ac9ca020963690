"""What a router does after a power cut: with a whole folder, with a damaged one, with a full disk, with none."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from stairgate.agent import gate
from stairgate.agent.grants import mac_key
from stairgate.agent.limits import RETRY_SECONDS
from stairgate.agent.sync import open_policy
from stairgate.core import limits
from stairgate.core.records import Hub, Policy
from tests.lab import network
from tests.lab.policies import AGENT_ID, HOME_ID, family_policy
from tests.unit.agent.rig import identity, signed, signing_key
from tests.unit.agent.router import BENS, EVERYBODY, TABLET, Router, paused

NEVER_CLOSED = {TABLET, mac_key(network.HOME.mac)}


def test_the_last_good_policy_is_enforced_after_a_restart_without_any_broker(router: Router) -> None:
    router.receive(signed(paused(5)))
    router.kernel.flush_ruleset()  # the machine was switched off as well

    router.restart()

    assert router.open_now() == BENS
    assert router.link.published == []
    router.link.connect()
    router.control.turn()
    assert (router.hellos()[0].revision, router.hellos()[0].highest) == (5, 5)


def test_an_older_policy_does_not_come_back_after_a_restart(router: Router) -> None:
    router.receive(signed(paused(5)))
    router.restart()

    router.receive(signed(family_policy(4)))

    assert router.open_now() == BENS
    assert router.hellos()[-1].revision == 5


def test_device_numbers_are_the_same_after_a_restart(router: Router) -> None:
    router.receive(signed(family_policy()))
    policy = family_policy(2)
    router.receive(signed(policy._replace(devices=policy.devices[1:])))
    router.restart()
    router.receive(signed(family_policy(3)))

    numbers = router.state.load_numbers()
    assert (numbers["dlaptop"], numbers["dphone"]) == (2, 3)
    assert len(set(numbers.values())) == 3


def test_device_numbers_are_saved_when_the_first_look_at_a_policy_failed(router: Router) -> None:
    router.kernel.refuse = {"commit": ["ENFILE"]}
    router.receive(signed(family_policy()))
    router.wait(RETRY_SECONDS + 1)

    assert router.open_now() == EVERYBODY
    assert set(router.state.load_numbers()) == {"dconsole", "dlaptop", "dphone"}


DAMAGES = [
    pytest.param(lambda good: good[:-1], "bad_signature", id="cut"),
    pytest.param(lambda good: good.replace(b"open", b"shut"), "bad_signature", id="changed"),
    pytest.param(lambda good: b"", "bad_header", id="empty"),
    pytest.param(lambda good: bytes(limits.ROUTER_POLICY_BYTES + 1), "unreadable", id="too large"),
    pytest.param(lambda good: signed(family_policy()._replace(home="hother")), "wrong_home", id="another home's"),
    pytest.param(lambda good: signed(key=signing_key("stranger")), "unknown_key", id="a stranger's"),
]
Damage = Callable[[bytes], bytes]


def damage_file(router: Router, name: str, damage: Damage) -> None:
    path = router.folder / name
    path.write_bytes(damage(path.read_bytes()))


@pytest.mark.parametrize(("damage", "reason"), DAMAGES)
def test_when_the_newest_saved_policy_is_damaged_the_one_before_is_enforced_and_the_fault_told(
    router: Router, damage: Damage, reason: str
) -> None:
    router.receive(signed(paused(5)))
    router.receive(signed(family_policy(6)))
    damage_file(router, "policy", damage)

    router.reboot()

    assert router.open_now() == BENS
    hello = router.hello()
    assert (hello.state, hello.reason, hello.revision, hello.highest) == ("refused", reason, 5, 6)
    router.receive(signed(paused(5)))
    assert (router.hellos()[-1].state, router.hellos()[-1].reason) == ("refused", reason)
    router.receive(signed(family_policy(6)))
    assert router.open_now() == EVERYBODY
    assert (router.hellos()[-1].state, router.hellos()[-1].revision) == ("applied", 6)


@pytest.mark.parametrize(("damage", "reason"), DAMAGES)
def test_when_no_saved_policy_is_usable_children_are_closed_and_adults_are_not(
    router: Router, damage: Damage, reason: str
) -> None:
    router.receive(signed(family_policy(5)))
    router.receive(signed(family_policy(6)))
    damage_file(router, "policy", damage)
    damage_file(router, "policy.previous", lambda good: b"\0" * len(good))

    router.reboot()

    assert router.kernel.loaded
    assert router.open_now() == set()
    assert set(router.kernel.elements(gate.EXEMPT)) == set(router.kernel.elements(gate.BRIDGE_EXEMPT)) == NEVER_CLOSED
    assert set(router.kernel.elements(gate.PAGE_PORTS)) == {b"\x1f\x90"}
    assert set(router.kernel.elements(gate.LAN)) == {b"br-lan".ljust(16, b"\0")}
    hello = router.hello()
    assert (hello.state, hello.reason, hello.revision, hello.highest) == ("refused", reason, 0, 6)
    router.receive(signed(family_policy(5)))
    assert router.open_now() == set()
    router.receive(signed(family_policy(6)))
    assert router.open_now() == EVERYBODY
    assert (router.hellos()[-1].state, router.hellos()[-1].revision) == ("applied", 6)


def test_what_is_never_closed_is_what_the_newest_policy_said(router: Router) -> None:
    router.receive(signed(family_policy(5)))
    changed = family_policy(6)._replace(hub=Hub(("02:00:00:00:77:77",), (network.HOME.v4,), 81), devices=())
    router.receive(signed(changed))
    for name in ("policy", "policy.previous"):
        damage_file(router, name, lambda good: b"")

    router.reboot()

    assert set(router.kernel.elements(gate.EXEMPT)) == {mac_key("02:00:00:00:77:77")}
    assert set(router.kernel.elements(gate.PAGE_PORTS)) == {b"\0Q"}


def test_rules_without_a_usable_policy_are_repaired_as_others_are(router: Router) -> None:
    router.receive(signed(family_policy(5)))
    damage_file(router, "policy", lambda good: b"")
    router.reboot()

    router.kernel.flush_ruleset()
    router.control.turn()

    assert set(router.kernel.elements(gate.EXEMPT)) == NEVER_CLOSED


def test_a_kernel_that_refuses_for_a_while_does_not_make_a_damaged_policy_look_applied(router: Router) -> None:
    router.receive(signed(family_policy(5)))
    damage_file(router, "policy", lambda good: b"")
    router.kernel.refuse = {"commit": ["ENFILE", "ENFILE"]}
    router.reboot()
    assert router.hello().state == "failed"

    router.wait(RETRY_SECONDS + 1)

    assert (router.hellos()[-1].state, router.hellos()[-1].reason) == ("refused", "bad_header")


@pytest.mark.parametrize(
    "constants",
    [
        pytest.param(None, id="none"),
        pytest.param(lambda good: good.replace(b"02:00", b"02:01"), id="another MAC"),
        pytest.param(lambda good: good[:-1], id="cut"),
        pytest.param(lambda good: bytes(100_000), id="huge"),
    ],
)
def test_with_nothing_to_go_by_the_gate_stays_as_it_is_and_the_fault_is_told(
    router: Router, constants: Damage | None
) -> None:
    router.receive(signed(family_policy(5)))
    damage_file(router, "policy", lambda good: b"")
    if constants:
        damage_file(router, "constants", constants)
    else:
        (router.folder / "constants").unlink()

    router.reboot()

    assert router.kernel.loaded == ""
    hello = router.hello()
    assert (hello.state, hello.reason, hello.revision) == ("refused", "bad_header", 0)


def test_another_home_s_constants_are_not_believed(router: Router) -> None:
    router.receive(signed(family_policy(5)))
    kept = router.state.load_constants() or b""
    router.state.save_constants(kept.replace(HOME_ID.encode(), b"hothe"))
    damage_file(router, "policy", lambda good: b"")

    router.reboot()

    assert router.kernel.loaded == ""


SMALL = (
    Policy(HOME_ID, AGENT_ID, 7, 1_700_000_000, (), None, *[()] * 14),
    Policy(HOME_ID, AGENT_ID, 8, 1_700_000_000, (), None, *[()] * 14),
)


@pytest.mark.parametrize(("name", "revision"), [("policy", 7), ("policy.previous", 8)])
def test_cut_at_every_byte_the_other_generation_is_in_force(router: Router, name: str, revision: int) -> None:
    for policy in SMALL:
        router.receive(signed(policy))
    path = router.folder / name
    whole = path.read_bytes()

    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        router.reboot()
        assert router.kernel.loaded
        hello = router.hello()
        assert (hello.revision, hello.highest) == (revision, 8), length
        assert hello.state == ("refused" if name == "policy" else "applied")


def test_cut_at_every_byte_of_both_the_gate_is_closed(router: Router) -> None:
    router.receive(signed(SMALL[0]._replace(hub=Hub((network.HOME.mac,), (), 80))))
    router.receive(signed(SMALL[1]._replace(hub=Hub((network.HOME.mac,), (), 80))))
    paths = [router.folder / name for name in ("policy", "policy.previous")]
    wholes = [path.read_bytes() for path in paths]

    for length in range(min(map(len, wholes))):
        for path, whole in zip(paths, wholes, strict=True):
            path.write_bytes(whole[:length])
        router.reboot()
        assert set(router.kernel.elements(gate.EXEMPT)) == {mac_key(network.HOME.mac)}, length
        assert router.hello().highest == 8


def test_a_power_cut_between_any_two_writes_leaves_a_policy_in_force(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        """Nothing after this is carried out."""

    written: list[str] = []

    def write(path: str, data: bytes) -> None:
        if len(written) == cut_after:
            raise PowerCut
        written.append(path)
        Path(path).write_bytes(data)

    monkeypatch.setattr("stairgate.agent.state.write_atomic", write)
    cut_after = 99
    router.receive(signed(paused(5)))
    in_force = []
    for cut_after in range(4):
        written.clear()
        revision = 6 + cut_after
        with contextlib.suppress(PowerCut):
            router.receive(signed(paused(revision)))
        cut_after = 99
        router.reboot()
        assert router.open_now() == BENS
        in_force.append((revision, router.hello().revision))

    assert in_force == [(6, 5), (7, 5), (8, 8), (9, 9)]


def test_a_damaged_file_never_pushes_a_whole_one_out(router: Router) -> None:
    router.receive(signed(paused(5)))
    router.receive(signed(paused(6)))
    damage_file(router, "policy", lambda good: b"")
    router.reboot()

    router.receive(signed(paused(7)))

    previous = router.state.load_previous()
    assert previous is not None
    assert open_policy(previous, identity()).revision == 5


def test_a_full_disk_does_not_keep_a_gate_open_and_is_told(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    router.receive(signed(family_policy(5)))
    with monkeypatch.context() as patch:
        patch.setattr("stairgate.agent.state.write_atomic", full)
        router.receive(signed(paused(6)))
        assert router.open_now() == BENS
        hello = router.hellos()[-1]
        assert (hello.state, hello.revision, hello.reason) == ("applied", 6, "not_saved")
        router.wait(3 * RETRY_SECONDS)
        assert router.hello().reason == "not_saved"

    router.wait(RETRY_SECONDS + 0.5)

    assert (router.hellos()[-1].state, router.hellos()[-1].reason) == ("applied", "")
    router.reboot()
    assert router.open_now() == BENS


@pytest.mark.parametrize("name", ["constants", "numbers.json", "clock", "policy", "policy.previous"])
def test_no_file_cut_at_any_byte_opens_what_was_closed(router: Router, name: str) -> None:
    for revision in (5, 6):
        router.receive(signed(paused(revision)))
    path = router.folder / name
    whole = path.read_bytes()

    # A document is verified each time: in steps, with both ends byte by byte.
    lengths = range(len(whole)) if len(whole) < 400 else [*range(0, len(whole), 13), *range(len(whole) - 9, len(whole))]
    for length in lengths:
        path.write_bytes(whole[:length])
        router.reboot()
        assert router.open_now() == BENS, length
        assert TABLET in router.kernel.elements(gate.EXEMPT)
        path.write_bytes(whole)
