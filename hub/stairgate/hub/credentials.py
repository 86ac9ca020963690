"""Which trust documents and certificates an agent lacks: a state machine without a network.

Trust goes out in order, from the one after what the agent's hello names; what each holds is written down, because
changing the signing key waits for it. A renewed certificate is kept until the agent says hello with it, and sent at
each of its hellos until then. How both documents look is `stairgate.core`'s, making them provisioning's.
"""

import hashlib
import logging
import threading

from stairgate.core.certificate import KIND as CERTIFICATE
from stairgate.core.certificate import write_certificate
from stairgate.core.messages import Hello
from stairgate.core.refused import Refused
from stairgate.core.trust import KIND as TRUST
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.delivery import Outgoing
from stairgate.hub.home_authority import HomeAuthority
from stairgate.hub.issue import Signer
from stairgate.hub.roster import Roster
from stairgate.hub.store import Store, StoreError

_log = logging.getLogger(__name__)
_SETTINGS = "certificates"


class Credentials:
    """What the agents of one home were given beside policies. Safe for threads."""

    def __init__(
        self, authority: HomeAuthority, roster: Roster, store: Store, home: str, signer: Signer, clock: Clock
    ) -> None:
        self._authority = authority
        self._roster = roster
        self._store = store
        self._home = home
        self._signer = signer
        self._clock = clock
        self._held: dict[str, int] = {}  # agent -> revision of its trust, as of its last hello
        self._noted: dict[str, int] = {}  # the same, as far as it was written down
        self._sent_at: dict[tuple[str, str], float] = {}  # (agent, kind) -> monotonic
        self._owed: set[tuple[str, str]] = set()  # asked for again too soon
        self._stamp: object = None
        self._chain: tuple[tuple[int, bytes], ...] = ()
        self._looked_at = float("-inf")
        self._is_unreadable = False
        self._lock = threading.RLock()
        self._certificates = self._kept()

    def hello(self, hello: Hello) -> list[Outgoing]:
        """An agent said which trust it holds and which certificate it uses."""
        with self._lock:
            return self._hello(hello)

    def due(self) -> list[Outgoing]:
        """What goes out unasked: a changed trust, a certificate that ends soon."""
        with self._lock:
            return self._changed_trust() + self._renewed() + self._owed_now()

    def forget(self, agent: str) -> None:
        """An agent was removed or has a new key: what was made for the old one is of no use."""
        with self._lock:
            self._held.pop(agent, None)
            if self._certificates.pop(agent, None):
                self._keep()

    def _hello(self, hello: Hello) -> list[Outgoing]:
        agent = hello.agent
        if self._held.get(agent) != hello.trust:
            self._held[agent] = hello.trust
            self._sent_at.pop((agent, TRUST), None)
        if self._noted.get(agent) != hello.trust:
            try:
                self._authority.note_trust(agent, hello.trust)
                self._noted[agent] = hello.trust
            except (OSError, ValueError) as problem:
                _log.error("the trust of an agent could not be written down, again at its next hello: %s", problem)
        waiting = self._certificates.get(agent)
        if waiting and waiting["fingerprint"] == hello.certificate:
            del self._certificates[agent]
            self._keep()
        return self._trust_for(agent) + self._certificate_for(agent)

    def _changed_trust(self) -> list[Outgoing]:
        try:
            stamp = self._authority.trust_stamp()
            if stamp == self._stamp:
                return []
            self._chain, self._stamp = self._authority.trust_chain(), stamp
        except (OSError, ValueError) as problem:
            if not self._is_unreadable:
                _log.error("the trust documents cannot be read: %s", problem)
            self._is_unreadable = True
            return []
        self._is_unreadable = False
        heard = [agent for agent in self._roster.ids() if agent in self._held]
        for agent in heard:
            self._sent_at.pop((agent, TRUST), None)  # what was sent a moment ago was less than this
        return [message for agent in heard for message in self._trust_for(agent)]

    def _trust_for(self, agent: str) -> list[Outgoing]:
        held = self._held.get(agent, 0)
        missing = [document for revision, document in self._chain if revision > held]
        if not missing:
            self._owed.discard((agent, TRUST))
            return []
        if not self._may_send(agent, TRUST):
            return []
        return [Outgoing(agent, TRUST, document) for document in missing]

    def _renewed(self) -> list[Outgoing]:
        now = self._clock.monotonic()
        if now - self._looked_at < limits.DAY_SECONDS:
            return []
        self._looked_at = now
        outgoing: list[Outgoing] = []
        try:
            for agent in self._authority.due_for_renewal(self._clock.wall()):
                certificate = self._authority.renew(agent, self._clock.wall())
                self._certificates[agent] = {
                    "fingerprint": fingerprint(certificate.der),
                    # Signed when it is sent: by then the home may have another signing key.
                    "body": write_certificate(certificate).decode(),
                }
                outgoing += self._certificate_for(agent)
            if outgoing:
                self._keep()
            self._authority.renew_servers(self._clock.wall())
        except (OSError, ValueError, Refused):
            _log.exception("a certificate could not be renewed; tried again in a day")
        return outgoing

    def _certificate_for(self, agent: str) -> list[Outgoing]:
        waiting = self._certificates.get(agent)
        if waiting is None:
            self._owed.discard((agent, CERTIFICATE))
            return []
        if not self._may_send(agent, CERTIFICATE):
            return []
        return [Outgoing(agent, CERTIFICATE, self._signer.sign(CERTIFICATE, waiting["body"].encode()))]

    def _may_send(self, agent: str, kind: str) -> bool:
        now = self._clock.monotonic()
        if now - self._sent_at.get((agent, kind), float("-inf")) < limits.TRUST_REPEAT_SECONDS:
            # It may have connected after what was sent: asked again by `due`.
            self._owed.add((agent, kind))
            return False
        self._owed.discard((agent, kind))
        self._sent_at[agent, kind] = now
        return True

    def _owed_now(self) -> list[Outgoing]:
        outgoing = []
        for agent, kind in sorted(self._owed):
            if agent not in self._roster.ids():
                self._owed.discard((agent, kind))
            else:
                outgoing += self._trust_for(agent) if kind == TRUST else self._certificate_for(agent)
        return outgoing

    def _kept(self) -> dict[str, dict[str, str]]:
        with self._store.transaction(self._home) as rows:
            row = rows.get("settings", _SETTINGS)
        return dict(row.document["agents"]) if row else {}

    def _keep(self) -> None:
        kept = {agent: held for agent, held in self._certificates.items() if self._roster.find(agent)}
        try:
            with self._store.transaction(self._home) as rows:
                rows.put("settings", _SETTINGS, {"agents": kept})
        except StoreError:
            # In memory it is right, and nothing that the agents are told depends on the disk.
            _log.exception("which certificates wait could not be written down")


def fingerprint(der: bytes) -> str:
    """What a hello names its certificate by: the first 16 hex digits of the SHA-256 of its DER."""
    return hashlib.sha256(der).hexdigest()[:16]
