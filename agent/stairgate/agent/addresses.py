"""What the kernel is told of addresses before an answer leaves: reachable, on the list of the limited level, or cut.

It decides which pairs of device and address our sets hold: what was answered to devices that reach nothing else, what
the limited level of a device would let through, the addresses of apps that are refused to it, and the gateways for
calls over Wi-Fi. The rules over these sets are `gate_rules`, writing is `address_sets`' part, which address stands for
one app `app_addresses`'. A kernel that refuses never costs an answer: it is counted, and made good at the next chance.

Not recorded is what no name of the internet leads to: private addresses, groups, the router's own. Encrypted resolvers
need no care here: the gate refuses them before it looks at what was recorded.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from stairgate.agent.address_batch import CUT, EPDG, LISTED, OURS, RESOLVED, Batch, Known, Profile, keys_of, known_of
from stairgate.agent.address_sets import AddressSets, LinuxAddressSets
from stairgate.agent.app_addresses import DEDICATED, AppAddresses, Cause, Cut
from stairgate.agent.declared import covering
from stairgate.agent.gate import SetName
from stairgate.agent.limits import (
    ADDRESS_SECONDS,
    ADDRESS_SECONDS_MAX,
    BLOCKED_SECONDS,
    DEVICE_ADDRESSES,
    GATEWAY_SECONDS,
    GATEWAYS,
    HOME_ADDRESSES,
    KERNEL_LOOK_SECONDS,
)
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.pair_book import Gone, PairBook
from stairgate.agent.routed import is_routed
from stairgate.agent.timed_news import TimedNews
from stairgate.core.filtering import judge
from stairgate.core.special_names import kind_of

TagsOf = Callable[[str], Sequence[str]]


class Record(NamedTuple):
    """An address that a device was told. written: monotonic seconds; listed: it is on the limited level's list."""

    written: float
    cause: Cause
    listed: bool


def _reach(known: Known) -> tuple[object, ...]:
    """What recorded addresses depend on: not the level, which the kernel minds by itself."""
    return known.profile.persons, known.profile.reach, known.resolved, known.lists


class Addresses:
    """Call `answered` before each answer to a managed device, and `policy_changed` at every change of the policy.

    refusals: how often the kernel did not do what it was told.
    """

    def __init__(
        self, sets: AddressSets, monotonic: Callable[[], float] = time.monotonic, news: TimedNews | None = None
    ) -> None:
        self._sets, self._monotonic, self._news = sets, monotonic, news
        self._records: PairBook[Record] = PairBook(DEVICE_ADDRESSES, HOME_ADDRESSES)
        self._apps = AppAddresses()
        self._gateways: dict[bytes, float] = {}
        self._known: dict[str, Known] = {}
        self._everyone: frozenset[str] = frozenset()
        self._own: frozenset[bytes] = frozenset()
        # What a process before this one recorded is as good: it ends by itself.
        self._inherited: set[bytes] = set()
        self._generation = b""
        self._is_behind = False
        self._look_at = float("-inf")
        self.refusals = 0

    def answered(self, device: Profile, name: str, tags: Sequence[str], addresses: Sequence[bytes], ttl: int) -> None:
        """These addresses are about to be told to the device, for that name. ttl: seconds. Never raises."""
        now = self._monotonic()
        if now >= self._look_at:
            self._look(now)
        batch = Batch()
        if name.endswith("3gppnetwork.org") and kind_of(name) == "epdg":
            self._gateway(batch, addresses, now, ttl)
        else:
            known = self._known.get(device.device)
            if DEDICATED in tags:
                cause = Cause(name, tuple(tags))
                self._recut(batch, self._apps.dedicated(known.profile.device if known else "", cause, addresses))
            else:
                cut = self._apps.ordinary(addresses)
                if cut:
                    self._recut(batch, cut)
            if self._news and self._news.is_wanted:
                self._news.answered(device.device, tags, [each for each in addresses if self._apps.stands_for(each)])
                self._news.shared([each for each in addresses if not self._apps.stands_for(each)])
            if known and (known.resolved or known.lists):
                self._record(batch, known, name, tags, addresses, now, ttl)
        if batch.changes:
            self._write(batch)

    def policy_changed(
        self, profiles: Sequence[Profile], everyone: Collection[str] = (), tags_of: TagsOf | None = None
    ) -> None:
        """These profiles hold from now on. everyone: tags refused in the whole home. tags_of: the tags of a name, where
        the list is another one than before. Never raises.
        """
        now = self._monotonic()
        self._look(now)
        batch = Batch()
        if tags_of:
            self._tag_again(tags_of)
        before, refused_before = self._known, self._everyone
        self._everyone = frozenset(everyone)
        managed = [each for each in profiles if each.device and each.macs and not each.exempt]
        self._known = {each.device: known_of(each) for each in managed}
        for device, known in before.items():
            after = self._known.get(device)
            if after is None or after.macs != known.macs:
                self._leave(batch, known)
            elif tags_of or self._everyone != refused_before or _reach(after) != _reach(known):
                self._judge_again(batch, known, after)
        self._recut(batch, self._apps.judged(list(self._known), self._refused, now))
        if batch.changes:
            self._write(batch)

    def _gateway(self, batch: Batch, addresses: Sequence[bytes], now: float, ttl: int) -> None:
        for address in addresses:
            written = self._gateways.pop(address, None)
            if written is None and not self._may_be_recorded(address):
                continue
            fresh = written is not None and now < written + GATEWAY_SECONDS / 2
            self._gateways[address] = written if fresh and written is not None else now
            if not fresh:
                batch.put(EPDG[len(address)], [address], max(ttl, GATEWAY_SECONDS))
            if len(self._gateways) > GATEWAYS:
                oldest = next(iter(self._gateways))
                del self._gateways[oldest]
                batch.remove(EPDG[len(oldest)], [oldest])

    def _record(
        self,
        batch: Batch,
        known: Known,
        name: str,
        tags: Sequence[str],
        addresses: Sequence[bytes],
        now: float,
        ttl: int,
    ) -> None:
        device = known.profile.device
        recorded = self._records.by_device.get(device, {})
        for address in addresses:
            record = recorded.get(address)
            # Half the time that the kernel keeps it at least: packets only make that longer.
            is_fresh = record is not None and now < record.written + ADDRESS_SECONDS / 2
            if record and is_fresh and (record.listed or not known.lists or record.cause.name == name):
                continue
            if record is None and not self._may_be_recorded(address):
                continue
            cause = Cause(name, tuple(tags))
            listed = known.lists and not self._refused_at(known, "limited", cause)
            if is_fresh and not listed:
                continue
            if record and record.listed and not listed:
                # On the list by another name.
                cause, listed = record.cause, True
            if not (listed or known.resolved):
                continue
            for gone in self._records.put(device, address, Record(now, cause, listed)):
                self._unrecord(batch, self._known[gone.device], gone)
            recorded = self._records.by_device[device]
            keys, seconds = keys_of(known, address), min(max(ttl, ADDRESS_SECONDS), ADDRESS_SECONDS_MAX)
            is_new = record is None and self._inherited.isdisjoint(keys)
            if known.resolved:
                batch.put(RESOLVED[len(address)], keys, seconds, is_new)
            if listed:
                batch.put(LISTED[len(address)], keys, seconds, is_new)

    def _may_be_recorded(self, address: bytes) -> bool:
        return is_routed(address) and address not in self._own

    def _refused_at(self, known: Known, level: str, cause: Cause) -> bool:
        if known.profile.reach and not covering(known.profile.reach, cause.name):
            return True
        return judge(self._everyone, known.profile.persons, level, cause.name, cause.tags).refused

    def _refused(self, device: str, cause: Cause) -> bool:
        """Whether a name is refused to a device now. While it is closed, as while it is open: the gate sees to that."""
        known = self._known[device]
        return self._refused_at(known, "limited" if known.profile.level == "limited" else "open", cause)

    def _leave(self, batch: Batch, known: Known) -> None:
        for gone in self._records.drop(known.profile.device):
            self._unrecord(batch, known, gone)
        self._recut(batch, self._apps.forget(known.profile.device), known)

    def _judge_again(self, batch: Batch, before: Known, after: Known) -> None:
        """Take back what a changed policy would not answer any more."""
        device = after.profile.device
        for address, record in self._records.of(device):
            resolved = after.resolved and not self._refused_at(after, "open", record.cause)
            listed = after.lists and record.listed and not self._refused_at(after, "limited", record.cause)
            if resolved == before.resolved and listed == record.listed:
                continue
            self._records.pop(device, address)
            self._unrecord(batch, before, Gone(device, address, record))

    def _tag_again(self, tags_of: TagsOf) -> None:
        """A name that came on a list since it was answered is judged by that, too; what is taken back for it wrongly is
        recorded anew when it is asked for again.
        """
        for recorded in self._records.by_device.values():
            for address, record in recorded.items():
                tags = tuple(dict.fromkeys((*record.cause.tags, *tags_of(record.cause.name))))
                if tags != record.cause.tags:
                    recorded[address] = record._replace(cause=record.cause._replace(tags=tags))

    def _unrecord(self, batch: Batch, known: Known, gone: Gone[Record]) -> None:
        keys = keys_of(known, gone.address)
        if known.resolved:
            batch.remove(RESOLVED[len(gone.address)], keys)
        if gone.value.listed:
            batch.remove(LISTED[len(gone.address)], keys)

    def _recut(self, batch: Batch, cuts: Sequence[Cut], left: Known | None = None) -> None:
        for cut in cuts:
            known = left or self._known.get(cut.device)
            if known is None:
                continue
            for name in CUT[len(cut.address)]:
                if cut.is_cut:
                    batch.put(name, keys_of(known, cut.address), BLOCKED_SECONDS)
                else:
                    batch.remove(name, keys_of(known, cut.address))

    def _write(self, batch: Batch) -> None:
        if self._is_behind:
            # What is remembered is written whole, as soon as the kernel takes it.
            return
        try:
            self._sets.commit(batch.set_changes())
        except KernelRefused:
            self.refusals += 1
            self._is_behind = True

    def _look(self, now: float) -> None:
        """See whether the kernel still holds what it was told; else tell it again, all of it."""
        self._look_at = now + KERNEL_LOOK_SECONDS
        try:
            generation = self._sets.generation()
            if not self._is_behind and generation == self._generation:
                return
            self._own = self._sets.own()
            if self._generation or self._is_behind:
                self._sets.replace(self._contents(now))
                self._inherited = set()
            else:
                self._inherited = self._sets.held([*RESOLVED.values(), *LISTED.values()])
            self._generation, self._is_behind = generation, False
        except KernelRefused:
            self.refusals += 1
            self._is_behind = True

    def _contents(self, now: float) -> Mapping[SetName, Mapping[bytes, int | None]]:
        """Everything that our sets are to hold."""
        contents: dict[SetName, dict[bytes, int | None]] = {name: {} for name in OURS}
        for address in self._gateways:
            contents[EPDG[len(address)]][address] = GATEWAY_SECONDS * 1000
        for device, known in self._known.items():
            for address, record in self._records.of(device):
                keys = dict.fromkeys(keys_of(known, address), ADDRESS_SECONDS * 1000)
                contents[RESOLVED[len(address)]] |= keys if known.resolved else {}
                contents[LISTED[len(address)]] |= keys if record.listed else {}
                self._records.by_device[device][address] = record._replace(written=now)
            for address in self._apps.cut.get(device, {}):
                for name in CUT[len(address)]:
                    contents[name] |= dict.fromkeys(keys_of(known, address), BLOCKED_SECONDS * 1000)
        return contents


def kernel_addresses(table: str, news: TimedNews | None = None) -> Addresses:
    """Over the kernel of this thread's network namespace. Raises OSError without the right to. news: is told which
    addresses are of timed categories."""
    return Addresses(LinuxAddressSets(table), news=news)
