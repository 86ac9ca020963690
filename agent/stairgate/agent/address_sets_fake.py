"""The kernel's sets of addresses in memory, for tests: what they hold, and refusals on demand.

It decides nothing and forgets nothing by itself. See address_sets.AddressSets.
"""

from collections.abc import Mapping, Sequence

from stairgate.agent.gate import SetName
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.set_elements import Elements, SetChange


class FakeAddressSets:
    """elements: milliseconds by set and key. refuse: errno names that the next calls fail with. commits: how many."""

    def __init__(self) -> None:
        self.elements: dict[SetName, dict[bytes, int | None]] = {}
        self.refuse: list[str] = []
        self.commits = 0
        self.tables = 1
        self.addresses: frozenset[bytes] = frozenset()

    def _may(self, what: str) -> None:
        if self.refuse:
            raise KernelRefused(self.refuse.pop(0), what)

    def flush_ruleset(self) -> None:
        """What `nft flush ruleset` does, and the agent's loading of the rules after it."""
        self.elements, self.tables = {}, self.tables + 1

    def commit(self, changes: Sequence[SetChange]) -> None:
        """See AddressSets."""
        self._may("commit")
        self.commits += 1
        for change in changes:
            held = self.elements.setdefault(change.name, {})
            for key in change.remove:
                held.pop(key, None)
            held.update(change.put)

    def replace(self, contents: Mapping[SetName, Elements]) -> None:
        """See AddressSets."""
        self._may("replace")
        self.commits += 1
        self.elements |= {name: dict(elements) for name, elements in contents.items()}

    def held(self, names: Sequence[SetName]) -> set[bytes]:
        """See AddressSets."""
        self._may("held")
        return {key for name in names for key in self.elements.get(name, {})}

    def generation(self) -> bytes:
        """See AddressSets."""
        self._may("generation")
        return self.tables.to_bytes(8, "big")

    def own(self) -> frozenset[bytes]:
        """See AddressSets."""
        return self.addresses
