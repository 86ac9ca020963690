"""The seam to the kernel: everything the agent asks of nftables and conntrack, in one small interface.

It decides nothing. `LinuxKernel` is the real one, in the network namespace of the thread that makes it;
`kernel_fake.FakeKernel` stands in for it in tests of what is decided above.
"""

import subprocess
from collections.abc import Iterable, Sequence
from typing import Protocol

from stairgate.agent import conntrack, set_elements
from stairgate.agent.conntrack import Flow
from stairgate.agent.gate import OFF, GateSettings, SetName
from stairgate.agent.limits import NFT_SECONDS
from stairgate.agent.netlink import KernelRefused, Message, NetlinkSocket
from stairgate.agent.set_elements import SetChange

NFNLGRP_NFTABLES = 7
NFT_DELETIONS = frozenset((set_elements.NFNL_SUBSYS_NFTABLES << 8) | n for n in (2, 5, 8, 11))
OFF_CHANGES = frozenset((set_elements.NEWSETELEM, set_elements.DELSETELEM))
OFF_NAME = OFF.name.encode() + b"\0"


def _is_news(event: Message) -> bool:
    return event.kind in NFT_DELETIONS or (event.kind in OFF_CHANGES and OFF_NAME in event.body)


class Kernel(Protocol):
    """What the agent needs. Every method raises KernelRefused when the kernel does not do it."""

    def load(self, text: str) -> None:
        """Load a ruleset text in one transaction."""

    def rules(self) -> bytes:
        """Our chains and rules, for comparison with an earlier answer."""

    def elements(self, name: SetName) -> dict[bytes, int | None]:
        """The live elements of one of our sets: key -> milliseconds left, None in sets without timeouts."""

    def counts(self, name: SetName) -> dict[bytes, int]:
        """The packets that the live elements of a counting set have counted."""

    def commit(self, changes: Sequence[SetChange]) -> None:
        """Make all changes in one transaction, or none."""

    def forget(self, number: int, unlisted: bool = False) -> None:
        """Delete the tracked flows of a device number; unlisted: only those that the limited level has not let pass."""

    def flows(self, remotes: bool = False) -> Iterable[Flow]:
        """The live flows of numbered devices, then those that ended since the last call; `BREATH`s between them.

        remotes: with the addresses that were called. May be read on while other calls are made.
        """

    def rules_touched(self) -> bool:
        """True when somebody deleted a table, chain, rule or set since the last call, ours among them or not, or
        switched an interface off or on."""

    def watch(self) -> Sequence[int]:
        """Descriptors that become readable when `rules_touched` has news."""


class LinuxKernel:
    """nftables and conntrack of this network namespace, over netlink; rulesets as text through `nft -f -`.

    listening: also hear what others change and which flows end, and have the kernel count bytes; `began_counting` says
    whether it did not before. Without it, only `load`, `rules`, `elements`, `commit` and `forget` are of use.
    """

    def __init__(self, settings: GateSettings, listening: bool = True) -> None:
        self._settings = settings
        self._netlink = NetlinkSocket()
        self._sockets = [self._netlink]
        self.began_counting = False
        if not listening:
            return
        self._changes = NetlinkSocket(groups=(NFNLGRP_NFTABLES,))
        self._ended = NetlinkSocket(groups=(conntrack.NFNLGRP_CONNTRACK_DESTROY,))
        # Of its own: other questions are asked and answered while a reading goes on.
        self._reading = NetlinkSocket()
        self._sockets += [self._changes, self._ended, self._reading]
        self.began_counting = conntrack.switch_accounting(True)

    def close(self) -> None:
        """Free the sockets. The gate lives on."""
        for netlink in self._sockets:
            netlink.close()

    def load(self, text: str) -> None:
        """See Kernel."""
        try:
            ran = subprocess.run(
                ["nft", "-f", "-"], input=text.encode(), capture_output=True, timeout=NFT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise KernelRefused(type(error).__name__, "loading the gate") from error
        if ran.returncode:
            first = ran.stderr.decode(errors="replace").splitlines()[:1]
            raise KernelRefused("EINVAL", f"loading the gate: {' '.join(first)}")

    def rules(self) -> bytes:
        """See Kernel."""
        return set_elements.read_rules(self._netlink, self._settings.table)

    def elements(self, name: SetName) -> dict[bytes, int | None]:
        """See Kernel."""
        return set_elements.read_elements(self._netlink, self._settings.table, name)

    def counts(self, name: SetName) -> dict[bytes, int]:
        """See Kernel."""
        return set_elements.read_counts(self._netlink, self._settings.table, name)

    def commit(self, changes: Sequence[SetChange]) -> None:
        """See Kernel."""
        set_elements.commit(self._netlink, self._settings.table, changes)

    def forget(self, number: int, unlisted: bool = False) -> None:
        """See Kernel."""
        shift, mask = self._settings.number_shift, self._settings.number_mask()
        conntrack.forget_flows(self._netlink, number, shift, mask, self._settings.listed_mark() if unlisted else 0)

    def flows(self, remotes: bool = False) -> Iterable[Flow]:
        """See Kernel."""
        shift, mask = self._settings.number_shift, self._settings.number_mask()
        try:
            yield from conntrack.read_flows(self._reading, shift, mask, remotes)
        except KernelRefused:
            # The rest of that answer would stand in the way of the next question.
            self._reading.close()
            self._sockets[-1] = self._reading = NetlinkSocket()
            raise
        try:
            yield from conntrack.ended_flows(self._ended.pending(), shift, mask, remotes)
        except OSError:  # the listener's buffer overflowed: the last bytes of some flows go uncounted
            return

    def rules_touched(self) -> bool:
        """See Kernel."""
        try:
            return any([_is_news(event) for event in self._changes.pending()])
        except OSError:  # too much news to hold: something certainly was touched
            return True

    def watch(self) -> Sequence[int]:
        """See Kernel."""
        return (self._changes.fileno(),)
