"""Which agents belong to the home, live: pairing, renaming and revoking need no new start of the hub.

It re-reads the register (`home_authority`) whenever that changed and keeps the last good list where it cannot be
read: a damaged file must not make every router a stranger. Who gets into the register is `pairing`'s and
`removal`'s part.
"""

import logging
import threading
from typing import NamedTuple, Protocol

_log = logging.getLogger(__name__)


ROUTER, TOY = "router", "toy"


class Agent(NamedTuple):
    """A router, or a toy, with the label parents gave it. kind: `ROUTER` or `TOY`."""

    id: str
    label: str
    kind: str = ROUTER


class Register(Protocol):
    """Where the agents are listed: `home_authority.HomeAuthority`, or `memory_home.MemoryHome` in tests."""

    def stamp(self) -> object:
        """Something that changes when the list does; cheap."""

    def agents(self) -> tuple[Agent, ...]:
        """The agents that were not revoked. Raises OSError, ValueError."""


class Roster:
    """The agents of this moment. Safe for threads. `fault`: why the register cannot be read now, else empty."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._lock = threading.Lock()
        self._stamp: object = None
        self._agents: tuple[Agent, ...] = ()
        self.fault = ""
        self.agents()

    def agents(self) -> tuple[Agent, ...]:
        """The agents of the home, by label."""
        with self._lock:
            try:
                # Taken before reading: what is written meanwhile changes it again.
                stamp = self._register.stamp()
                if stamp != self._stamp or self._stamp is None:
                    listed = self._register.agents()
                    self._agents = tuple(sorted(listed, key=lambda agent: (agent.label.casefold(), agent.id)))
                    self._stamp, self.fault = stamp, ""
            except (OSError, ValueError) as problem:
                if not self.fault:
                    _log.error("the list of agents cannot be read, the last one holds: %s", problem)
                self.fault = str(problem) or type(problem).__name__
            return self._agents

    def ids(self) -> tuple[str, ...]:
        """The ids of `agents`."""
        return tuple(agent.id for agent in self.agents())

    def of_kind(self, kind: str) -> tuple[Agent, ...]:
        """The agents of this kind, by label."""
        return tuple(agent for agent in self.agents() if agent.kind == kind)

    def find(self, agent_id: str) -> Agent | None:
        """The agent with this id, or None."""
        return next((agent for agent in self.agents() if agent.id == agent_id), None)
