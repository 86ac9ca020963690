"""Which keys the agent believes: handed over by a believed key one step at a time, or by the root key at any time."""

from pathlib import Path

import pytest

from stairgate.agent.state import State
from stairgate.agent.sync import Identity
from stairgate.agent.trust import HeldTrust
from stairgate.core.trust import CURRENT, NEXT, Trust, TrustedKey, write_trust
from stairgate.provisioning.signing import SigningKey
from tests.lab.policies import AGENT_ID, HOME_ID, family_policy
from tests.unit.agent import rig
from tests.unit.agent.rig import signed, signing_key
from tests.unit.agent.router import Router, paused

OLD = signing_key()
NEW, THIRD, ROOT, STRANGER = (signing_key(name) for name in ("new", "third", "root", "stranger"))
NOW = int(rig.NOON)


def trust(revision: int, signer: SigningKey, *keys: tuple[SigningKey, str], home: str = HOME_ID) -> bytes:
    named = tuple(TrustedKey(key.key_id, key.point, state) for key, state in keys)
    return signer.sign("trust", write_trust(Trust(home, revision, NOW, named)))


ANNOUNCED = trust(2, OLD, (OLD, CURRENT), (NEW, NEXT))
SWITCHED = trust(3, NEW, (NEW, CURRENT))


@pytest.fixture
def identity() -> Identity:
    return Identity(HOME_ID, AGENT_ID, "000", {OLD.key_id: OLD.point}, 1, ROOT.point)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(str(tmp_path / "state"))


def believed(held: HeldTrust) -> set[str]:
    assert {
        key_id: key.point for key in (OLD, NEW, THIRD) for key_id in [key.key_id]
    }.items() >= held.identity.keys.items()
    return set(held.identity.keys)


def test_a_rotation_in_two_steps(identity: Identity, state: State) -> None:
    held = HeldTrust(identity, state)
    assert held.accept(ANNOUNCED)
    assert (held.identity.trust, believed(held)) == (2, {OLD.key_id, NEW.key_id})
    assert held.accept(SWITCHED)
    assert (held.identity.trust, believed(held)) == (3, {NEW.key_id})
    assert held.identity[:3] == identity[:3]


def test_what_was_accepted_outlives_a_restart(identity: Identity, state: State) -> None:
    held = HeldTrust(identity, state)
    held.accept(ANNOUNCED)
    held.accept(SWITCHED)
    again = HeldTrust(identity, state)
    assert again.identity == held.identity
    assert not again.accept(ANNOUNCED)


REFUSED = {
    "a stranger's": trust(2, STRANGER, (STRANGER, CURRENT)),
    "a step too far": trust(3, OLD, (NEW, CURRENT)),
    "the one held": trust(1, OLD, (NEW, CURRENT)),
    "another home's": trust(2, OLD, (NEW, CURRENT), home="hother"),
    "a policy": signed(),
    "nothing": b"",
    "too large": b"x" * 4000,
    "signed for another purpose": OLD.sign("policy", ANNOUNCED.partition(b"\n")[2]),
    "changed": ANNOUNCED.replace(NEW.key_id.encode(), OLD.key_id.encode()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_say_so_changes_nothing(identity: Identity, state: State, name: str) -> None:
    held = HeldTrust(identity, state)
    assert not held.accept(REFUSED[name])
    assert held.identity == identity
    assert HeldTrust(identity, state).identity == identity


def test_the_root_key_may_skip_and_a_key_taken_back_may_no_more(identity: Identity, state: State) -> None:
    held = HeldTrust(identity, state)
    assert held.accept(trust(9, ROOT, (THIRD, CURRENT)))
    assert (held.identity.trust, believed(held)) == (9, {THIRD.key_id})
    assert not held.accept(trust(10, OLD, (OLD, CURRENT)))
    assert held.accept(trust(10, ROOT, (OLD, CURRENT)))


def test_without_a_root_key_nobody_passes_for_it(identity: Identity, state: State) -> None:
    held = HeldTrust(identity._replace(root=b""), state)
    assert not held.accept(trust(9, ROOT, (THIRD, CURRENT)))
    assert held.accept(ANNOUNCED)


def test_a_later_pairing_counts_more_than_what_the_disk_has(identity: Identity, state: State) -> None:
    HeldTrust(identity, state).accept(ANNOUNCED)
    paired = identity._replace(keys={THIRD.key_id: THIRD.point}, trust=2)
    assert HeldTrust(paired, state).identity == paired
    elsewhere = identity._replace(home="hother")
    assert HeldTrust(elsewhere, state).identity == elsewhere


def test_a_saved_document_cut_anywhere_is_what_was_paired(identity: Identity, state: State, tmp_path: Path) -> None:
    HeldTrust(identity, state).accept(ANNOUNCED)
    path = tmp_path / "state" / "trust"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert HeldTrust(identity, state).identity == identity, length
    path.write_bytes(whole)
    assert HeldTrust(identity, state).identity.trust == 2


def test_of_two_saved_documents_the_one_before_replaces_a_damaged_one(
    identity: Identity, state: State, tmp_path: Path
) -> None:
    held = HeldTrust(identity, state)
    held.accept(ANNOUNCED)
    held.accept(SWITCHED)
    (tmp_path / "state" / "trust").write_bytes(b"damaged")
    again = HeldTrust(identity, state)
    assert again.identity.trust == 2
    assert again.accept(SWITCHED)


def test_a_full_disk_is_tried_again(identity: Identity, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_document: bytes) -> None:
        raise OSError(28, "No space left on device")

    held = HeldTrust(identity, state)
    with monkeypatch.context() as patch:
        patch.setattr(state, "save_trust", full)
        assert held.accept(ANNOUNCED)
        held.save()
    assert held.identity.trust == 2
    assert HeldTrust(identity, state).identity.trust == 1
    held.save()
    assert HeldTrust(identity, state).identity.trust == 2


def test_the_loop_tells_the_trust_it_holds_and_believes_its_keys(router: Router) -> None:
    router.receive(signed(family_policy(5)))
    assert router.hello().trust == 1
    router.receive(signed(paused(6), NEW))
    assert router.hellos()[-1].reason == "unknown_key"

    router.link.deliver("trust", ANNOUNCED)
    router.control.turn()
    assert router.hellos()[-1].trust == 2
    router.receive(signed(paused(6), NEW))
    assert (router.hellos()[-1].state, router.hellos()[-1].revision) == ("applied", 6)

    router.link.deliver("trust", SWITCHED)
    router.control.turn()
    assert router.hellos()[-1].trust == 3
    router.receive(signed(family_policy(7)))
    assert router.hellos()[-1].reason == "unknown_key", "a key that was taken back is believed"


def test_a_chain_and_the_policy_behind_it_are_taken_in_one_go(router: Router) -> None:
    for document in (ANNOUNCED, SWITCHED):
        router.link.deliver("trust", document)
    router.receive(signed(family_policy(5), NEW))
    assert (router.hellos()[-1].trust, router.hellos()[-1].revision) == (3, 5)


def test_a_reboot_after_the_last_step_goes_on_with_the_policy_of_before(router: Router) -> None:
    router.receive(signed(family_policy(5)))
    opened = router.open_now()
    for document in (ANNOUNCED, SWITCHED):
        router.link.deliver("trust", document)
    router.control.turn()
    router.reboot()
    assert router.open_now() == opened != set()
    assert (router.hello().revision, router.hello().trust) == (5, 3)
    router.receive(signed(family_policy(6)))
    assert router.hellos()[-1].reason == "unknown_key"
