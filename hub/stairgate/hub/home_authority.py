"""What the hub asks of the home's directory: who belongs to it, letting agents in and out, trust and certificates.

This is the seam before `stairgate.provisioning`, which decides how keys, certificates, lists and the broker's files
look. `home_directory.HomeDirectory` is the real one, `memory_home.MemoryHome` the fake. What a parent's tap means is
`router_acts`' part.

Errors: OSError and ValueError with a sentence, as provisioning raises them; then nothing was changed.
"""

from typing import NamedTuple, Protocol

from stairgate.core.certificate import Certificate
from stairgate.core.pairing import PairAnswer, PairRequest
from stairgate.hub.roster import Agent


class BrokerFault(Exception):
    """The broker could not be made to obey; the sentence says what to do."""


class Pages(NamedTuple):
    """Where the hub's pages are, for agents: hosts to try in turn."""

    hosts: tuple[str, ...]
    port: int


class HomeAuthority(Protocol):
    """One home's directory. Safe for threads and for other processes beside the hub."""

    def stamp(self) -> object:
        """Changes when the list of agents does; cheap."""

    def agents(self) -> tuple[Agent, ...]:
        """The agents that were not revoked."""

    def enrol(self, request: PairRequest, label: str, again: str, pages: Pages, now: float) -> tuple[Agent, PairAnswer]:
        """Let an agent in: a new one with this label, or the one with the id `again`, whose old key is revoked."""

    def rename(self, agent: str, label: str) -> None:
        """Give an agent another label."""

    def revoke(self, agent: str, now: float) -> None:
        """Take an agent's rights away; the broker learns of it with `reload_broker`."""

    def reload_broker(self) -> None:
        """Let the running broker read its lists again. Raises `BrokerFault`."""

    def take_over(self, agent: str) -> None:
        """End an agent's live connection and see that its old key is refused. Seconds. Raises `BrokerFault`."""

    def trust_stamp(self) -> object:
        """Changes when `trust_chain` or the signing key does; cheap."""

    def trust_chain(self) -> tuple[tuple[int, bytes], ...]:
        """The last trust documents, (revision, signed document), ascending."""

    def note_trust(self, agent: str, revision: int) -> None:
        """Write down which trust an agent holds: rotating a key waits for it."""

    def due_for_renewal(self, now: float) -> tuple[str, ...]:
        """Agents whose certificate should be renewed."""

    def renew(self, agent: str, now: float) -> Certificate:
        """A new certificate for the key that the agent has; the one before stays valid to its end."""

    def renew_servers(self, now: float) -> bool:
        """Renew the certificates of hub and broker where they are near their end; True when one was."""
