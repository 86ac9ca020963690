"""The keys that the agent believes: those it was paired with, or those of the newest trust document it accepted.

It decides which keys a policy may be signed with, now and, for what is on the disk, at the time when it was accepted.
Whether a trust document may replace the one held is the rule of `stairgate.core.trust`; the file is `state`'s.
"""

import logging

from stairgate.agent.state import State
from stairgate.agent.sync import Identity
from stairgate.core.refused import Refused
from stairgate.core.trust import Trust, accept_trust, read_trust

log = logging.getLogger("stairgate.agent")


class HeldTrust:
    """identity: who this agent is, with the keys that it believes now and their revision."""

    def __init__(self, identity: Identity, state: State) -> None:
        self._paired, self._state = identity, state
        self._unsaved: bytes | None = None
        kept = [trust for trust in map(self._read, state.load_trust()) if trust]
        self.identity = _believing(identity, kept[0]) if kept else identity
        self._earlier = {key.key_id: key.point for trust in kept for key in trust.keys}

    def _read(self, document: bytes) -> Trust | None:
        """A saved document, None when pairing was later or with another home."""
        try:
            trust = read_trust(document.partition(b"\n")[2])
        except Refused as refused:
            log.error("a saved trust document is not usable: %s", refused)
            return None
        return trust if trust.home == self._paired.home and trust.revision > self._paired.trust else None

    def identity_of_saved(self) -> Identity:
        """With all keys that were believed when something on the disk was accepted.

        A key is taken back while the policy it signed is still the newest one; a reboot then must not close the home.
        """
        return self.identity._replace(keys={**self._paired.keys, **self._earlier, **self.identity.keys})

    def accept(self, document: bytes) -> bool:
        """Believe the keys of a document from now on, if it may say so; True when it may."""
        held = self.identity
        try:
            trust = accept_trust(document, held.home, held.trust, dict(held.keys), held.root)
        except Refused as refused:
            # What came twice is no fault.
            if refused.reason != "old_revision":
                log.warning("a trust document was refused: %s", refused.reason)
            return False
        self.identity = _believing(held, trust)
        log.info("the home's signing keys are now those of revision %d", trust.revision)
        self._unsaved = document
        self.save()
        return True

    def save(self) -> None:
        """Keep what was accepted; call it again from time to time, for a disk may be full."""
        if self._unsaved is None:
            return
        try:
            self._state.save_trust(self._unsaved)
        except OSError as error:
            log.error("the trust document could not be saved: %s", error)
        else:
            self._unsaved = None


def _believing(identity: Identity, trust: Trust) -> Identity:
    return identity._replace(keys={key.key_id: key.point for key in trust.keys}, trust=trust.revision)
