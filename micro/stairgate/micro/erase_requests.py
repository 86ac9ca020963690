"""Requests to those who hold a family's data outside the home: erase it, and say that you did. Who was asked, and when.

They decide what is still open; asking is the maker's code, because only the maker knows how its service is asked. A
parent sees each request with its age until it is confirmed (EN 303 645, 5.11-2).
"""

from stairgate.micro.limits import STATE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.declaration import Declaration
    from stairgate.micro.agent import Agent

FILE = "requests"


class EraseRequests:
    """`open`: host → UTC seconds (wanted, asked, confirmed), 0 for not yet; a confirmed one stays until the next."""

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self.open: "dict[str, list[int]]" = {}
        words = agent.storage.words(FILE, STATE_BYTES)
        for at in range(0, len(words) - 3, 4):
            times = words[at + 1 : at + 4]
            if not "".join(times).strip("0123456789"):
                self.open[words[at]] = [int(time) for time in times]

    def _save(self) -> None:
        lines = [host + " " + " ".join([str(time) for time in self.open[host]]) for host in sorted(self.open)]
        self._agent.storage.write(FILE, "\n".join(lines).encode())

    def want(self) -> "list[str]":
        """Everything at the toy was erased: who holds more of it must be asked. The hosts. Raises OSError."""
        hosts = holders(self._agent.declaration)
        for host in hosts:
            self.open[host] = [self._agent.clock.now(), 0, 0]
        if hosts:
            self._save()
        return hosts

    def waiting(self) -> "list[str]":
        """The hosts that were not asked yet."""
        return [host for host in sorted(self.open) if not self.open[host][1]]

    def asked(self, host: str) -> None:
        """The maker's code has sent the request. Raises KeyError for a host that nothing is wanted of, OSError."""
        self.open[host][1] = self._agent.clock.now()
        self._save()
        self._agent.ledger.record(("asked", "", 0, host))

    def confirmed(self, host: str) -> None:
        """The recipient says that it is erased. Raises KeyError, OSError."""
        self.open[host][2] = self._agent.clock.now()
        self._save()
        self._agent.ledger.record(("confirmed", "", 0, host))


def holders(declaration: "Declaration") -> "list[str]":
    """The hosts that keep rows of this toy: stored in the cloud, or given to third parties."""
    return sorted(
        {
            row.destination
            for row in declaration.rows
            if row.destination and (row.stored == "cloud" or "third_party" in row.flags)
        }
    )
