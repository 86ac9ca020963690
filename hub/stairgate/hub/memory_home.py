"""The fake beside `home_authority`: a home without a directory and without a broker, for tests and the browser.

It lists agents, hands out answers of the right shape and obeys what a test says about its broker.
"""

from stairgate.core.certificate import Certificate
from stairgate.core.pairing import PairAnswer, PairRequest
from stairgate.core.trust import CURRENT, TrustedKey
from stairgate.hub.home_authority import BrokerFault, Pages
from stairgate.hub.roster import ROUTER, Agent
from stairgate.provisioning.signing import SigningKey


class MemoryHome:
    """A home with these agents. Everything a test may want to turn or see is a plain attribute."""

    def __init__(self, home: str, key: SigningKey, agents: tuple[Agent, ...] = ()) -> None:
        self.home = home
        self.key = key
        self.listed = {agent.id: agent.label for agent in agents}
        self.kinds = {agent.id: agent.kind for agent in agents}
        self.changes = 0
        self.revoked: list[str] = []
        self.reloads = 0
        self.taken_over: list[str] = []
        self.broker_fault = ""
        self.take_over_fault = ""
        self.disk_fault = ""
        self.chain: tuple[tuple[int, bytes], ...] = ()
        self.held: dict[str, int] = {}
        self.due: tuple[str, ...] = ()
        self.servers_renewed = 0

    def stamp(self) -> object:
        """See `HomeAuthority`."""
        return self.changes

    def agents(self) -> tuple[Agent, ...]:
        """See `HomeAuthority`."""
        self._check()
        return tuple(Agent(agent, label, self.kinds.get(agent, ROUTER)) for agent, label in self.listed.items())

    def enrol(self, request: PairRequest, label: str, again: str, pages: Pages, now: float) -> tuple[Agent, PairAnswer]:
        """See `HomeAuthority`."""
        self._check()
        self.changes += 1
        agent = Agent(again or f"rpaired{self.changes}", self.listed[again] if again else label, request.kind)
        self.listed[agent.id], self.kinds[agent.id] = agent.label, agent.kind
        keys = (TrustedKey(self.key.key_id, self.key.point, CURRENT),)
        answer = PairAnswer(
            self.home, agent.id, "000", "hhub", ("127.0.0.1",), 8883, pages.hosts, pages.port, self.key.point, keys,
            1, b"the authority", b"a certificate for " + request.point,
        )  # fmt: skip
        return agent, answer

    def rename(self, agent: str, label: str) -> None:
        """See `HomeAuthority`."""
        self._check()
        self.changes += 1
        self.listed[agent] = label

    def revoke(self, agent: str, now: float) -> None:
        """See `HomeAuthority`."""
        self._check()
        self.changes += 1
        del self.listed[agent]
        self.revoked.append(agent)

    def reload_broker(self) -> None:
        """See `HomeAuthority`."""
        self.reloads += 1
        if self.broker_fault:
            raise BrokerFault(self.broker_fault)

    def take_over(self, agent: str) -> None:
        """See `HomeAuthority`."""
        if self.take_over_fault:
            raise BrokerFault(self.take_over_fault)
        self.taken_over.append(agent)

    def trust_stamp(self) -> object:
        """See `HomeAuthority`."""
        return (self.chain, self.key.key_id)

    def trust_chain(self) -> tuple[tuple[int, bytes], ...]:
        """See `HomeAuthority`."""
        return self.chain

    def note_trust(self, agent: str, revision: int) -> None:
        """See `HomeAuthority`."""
        self.held[agent] = revision

    def due_for_renewal(self, now: float) -> tuple[str, ...]:
        """See `HomeAuthority`."""
        return self.due

    def renew(self, agent: str, now: float) -> Certificate:
        """See `HomeAuthority`."""
        self.due = tuple(other for other in self.due if other != agent)
        return Certificate(self.home, agent, int(now) + 86400, b"a new certificate")

    def renew_servers(self, now: float) -> bool:
        """See `HomeAuthority`."""
        self.servers_renewed += 1
        return False

    def _check(self) -> None:
        if self.disk_fault:
            raise OSError(self.disk_fault)
