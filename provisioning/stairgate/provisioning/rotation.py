"""Changing the key that agents obey, without visiting them, and what to do when it is lost.

Two steps, so that no agent is left behind: first the current key announces the next one (`announce`), then, when every
agent has heard, the next one becomes the current one and the old one ends (`switch`). When the signing key is lost, or
may be in other hands, the root key names a new one at once (`replace_by_root`). It decides order and revisions; files
are `trust_chain`'s, what an agent accepts is `stairgate.core.trust`'s.

A power cut at any moment leaves a state from which the same command goes on.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stairgate.core.trust import CURRENT, KIND, NEXT, Trust, TrustedKey, write_trust
from stairgate.provisioning import private_files
from stairgate.provisioning.faults import Fault, Invalid
from stairgate.provisioning.request_checks import find_clock_faults
from stairgate.provisioning.settings import Home
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.trust_chain import TrustChain

# Seconds until the year 36812; the format ends at 2^53.
_PLAUSIBLE_REVISION = 2**40
ANNOUNCED, SWITCHED, REPLACED = "announced", "switched", "replaced"


class Rotated(NamedTuple):
    """What was done: `step` is ANNOUNCED, SWITCHED or REPLACED, `trust` the newest document's content."""

    step: str
    trust: Trust


def begin_trust(home: Home, building: Path, signing: SigningKey, root: SigningKey, now: float) -> Trust:
    """The first trust document of a home that is being made in `building`, signed by its root key."""
    trust = Trust(home.id, 1, int(now), (_trusted(signing, CURRENT),))
    private_files.make_directory(building / "signing" / "trust")
    TrustChain(building).append(1, root.sign(KIND, write_trust(trust)))
    return trust


def rotate(home: Home, now: float, force: bool = False) -> Rotated:
    """The next step of changing the signing key.

    force: do not wait for agents that have not heard of the next key; they take it up when they are back. Raises
    Invalid with the agents that are waited for, OSError, and ValueError when the keys do not belong together.
    """
    signing = home.directory / "signing"
    with private_files.locked(signing / "keys.lock"):
        chain = TrustChain(home.directory)
        trust, key = chain.latest(), SigningKey.load(signing / "policy.key")
        states = {trusted.key_id: trusted.state for trusted in trust.keys}
        _check(find_clock_faults(now))
        if key.key_id not in states:
            raise ValueError(
                f"{signing / 'policy.key'}: expected a key that trust document {trust.revision} names; "
                "replace it with: stairgate home rotate-signing-key --by-root"
            )
        if states[key.key_id] == NEXT:
            # The power went in the middle of the second step.
            return _finish(home, chain, trust, key, now)
        if NEXT not in states.values():
            return _announce(home, chain, trust, key, now)
        if not force:
            _check(_waiting(home, chain, trust))
        following = SigningKey.load(signing / "next.key")
        if states.get(following.key_id) != NEXT:
            raise ValueError(f"{signing / 'next.key'}: expected the key announced by trust document {trust.revision}")
        # From here on policies are signed by a key that every agent believes already, whichever document it holds.
        os.rename(signing / "next.key", signing / "policy.key")
        private_files.sync_directory(signing)
        return _finish(home, chain, trust, following, now)


def replace_by_root(home: Home, root: SigningKey, now: float) -> Rotated:
    """A new signing key, named by the home's root key; all others end at once, without asking anybody."""
    if root.point != home.root:
        raise Invalid([Fault("root key", "the root key of this home", f"another key, {root.key_id}")])
    _check(find_clock_faults(now))
    signing = home.directory / "signing"
    with private_files.locked(signing / "keys.lock"):
        chain = TrustChain(home.directory)
        try:
            latest = chain.latest().revision
        except (OSError, ValueError):
            latest = 0
        # Above whatever was ever sent, also where this directory came back from an old backup. What an agent says is
        # its own word: a number that no home can have come to must not use up all numbers.
        held = [said for said in chain.held().values() if said <= _PLAUSIBLE_REVISION]
        revision = max(latest, int(now) - 1, *held) + 1
        key = SigningKey.create()
        trust = Trust(home.id, revision, int(now), (_trusted(key, CURRENT),))
        document = root.sign(KIND, write_trust(trust))
        key.save(signing / "policy.key")
        chain.append(revision, document)
        (signing / "next.key").unlink(missing_ok=True)
    return Rotated(REPLACED, trust)


def _announce(home: Home, chain: TrustChain, trust: Trust, key: SigningKey, now: float) -> Rotated:
    following = SigningKey.create()
    following.save(home.directory / "signing" / "next.key")
    keys = (_trusted(key, CURRENT), _trusted(following, NEXT))
    announced = Trust(home.id, trust.revision + 1, int(now), keys)
    chain.append(announced.revision, key.sign(KIND, write_trust(announced)))
    return Rotated(ANNOUNCED, announced)


def _finish(home: Home, chain: TrustChain, trust: Trust, key: SigningKey, now: float) -> Rotated:
    switched = Trust(home.id, trust.revision + 1, int(now), (_trusted(key, CURRENT),))
    chain.append(switched.revision, key.sign(KIND, write_trust(switched)))
    return Rotated(SWITCHED, switched)


def _waiting(home: Home, chain: TrustChain, trust: Trust) -> list[Fault]:
    held = chain.held()
    return [
        Fault(label, "to have heard of the next key (is it on, and the hub running?)", f"trust {held.get(agent, 0)}")
        for label, agent in home.agents.items()
        if held.get(agent, 0) < trust.revision
    ]


def _trusted(key: SigningKey, state: str) -> TrustedKey:
    return TrustedKey(key.key_id, key.point, state)


def _check(faults: Sequence[Fault]) -> None:
    if faults:
        raise Invalid(faults)
