"""A kernel in memory for tests: sets with timeouts on a clock of the test, and refusals on demand.

It keeps what the real one keeps and decides nothing; expiry follows the given clock's monotonic time.
"""

from collections.abc import Iterable, Sequence

from stairgate.agent.conntrack import Flow
from stairgate.agent.gate import SetName
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.set_elements import SetChange
from stairgate.port.clock import SystemClock


class FakeKernel:
    """See `kernel.Kernel`. refuse: errno names that the next calls of a method fail with, by method name.

    loaded: the rules; ranges: the last text that was loaded into them and has none. counted: what `counts` answers.
    """

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self.loaded = self.ranges = ""
        self.sets: dict[SetName, dict[bytes, float | None]] = {}
        self.refuse: dict[str, list[str]] = {}
        self.forgotten: list[int] = []
        self.forgotten_unlisted: list[int] = []
        self.live_flows: list[Flow] = []
        self.counted: dict[SetName, dict[bytes, int]] = {}
        self.touched = False
        self.commits = 0

    def _may(self, method: str) -> None:
        if self.refuse.get(method):
            raise KernelRefused(self.refuse[method].pop(0), method)

    def load(self, text: str) -> None:
        """See Kernel."""
        self._may("load")
        if not text.startswith("flush "):
            self.loaded = text
        elif self.loaded:
            self.ranges = text
        else:
            raise KernelRefused("EINVAL", "loading into tables that are not there")

    def flush_ruleset(self) -> None:
        """What `nft flush ruleset` does."""
        self.loaded, self.ranges, self.sets, self.touched = "", "", {}, True

    def rules(self) -> bytes:
        """See Kernel."""
        self._may("rules")
        return self.loaded.encode()

    def elements(self, name: SetName) -> dict[bytes, int | None]:
        """See Kernel."""
        self._may("elements")
        if not self.loaded:
            raise KernelRefused("ENOENT", f"reading set {name.name}")
        now = self._clock.monotonic()
        return {
            key: None if end is None else int((end - now) * 1000)
            for key, end in self.sets.get(name, {}).items()
            if end is None or end > now
        }

    def counts(self, name: SetName) -> dict[bytes, int]:
        """See Kernel."""
        self._may("counts")
        return dict(self.counted.get(name, {}))

    def commit(self, changes: Sequence[SetChange]) -> None:
        """See Kernel."""
        self._may("commit")
        if not self.loaded:
            raise KernelRefused("ENOENT", "changing sets")
        self.commits += 1
        now = self._clock.monotonic()
        for change in changes:
            content = self.sets.setdefault(change.name, {})
            for key in change.remove:
                content.pop(key, None)
            for key, left in change.put.items():
                content[key] = None if left is None else now + left / 1000

    def forget(self, number: int, unlisted: bool = False) -> None:
        """See Kernel."""
        self._may("forget")
        (self.forgotten_unlisted if unlisted else self.forgotten).append(number)

    def flows(self, remotes: bool = False) -> Iterable[Flow]:
        """See Kernel."""
        return iter([flow if remotes else flow._replace(remote=b"") for flow in self.live_flows])

    def rules_touched(self) -> bool:
        """See Kernel."""
        touched, self.touched = self.touched, False
        return touched

    def watch(self) -> Sequence[int]:
        """See Kernel."""
        return ()
