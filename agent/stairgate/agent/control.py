"""The agent's process *control*: it ties policy, clock, kernel, filter and broker into one loop that waits for no peer.

It decides the order of things: the last good policy is enforced before the broker is even tried; a new one is enforced,
told to the filter, saved (a slow flash must not keep a gate open), and only then reported as applied; a step of the
wall clock, a touched rule or a due moment each lead to a new look. What is right is decided by `sync`, `enforcement`
and the core.
"""

import logging
import selectors
import signal
from types import FrameType

from stairgate.agent import off, presence, sync
from stairgate.agent.asked import AskedInbox
from stairgate.agent.broker_link import CONNECTED, BrokerLink, Link
from stairgate.agent.call_ranges import CALLS, Calls, call_apps
from stairgate.agent.census import Census
from stairgate.agent.certificates import Certificates
from stairgate.agent.clock_trust import ClockTrust, Evidence, KernelEvidence, Record, is_news
from stairgate.agent.counting import Counting
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.filter_feed import NO_DNS, FilterFeed
from stairgate.agent.filter_process import FilterProcess, dns_words
from stairgate.agent.held import Held
from stairgate.agent.kernel import Kernel, LinuxKernel
from stairgate.agent.limits import (
    CLOCK_STEP_SECONDS,
    HELLO_SECONDS,
    LOOK_AFTER_SECONDS,
    RETRY_SECONDS,
    SLOW_POLL_SECONDS,
    TIME_ANSWER_SECONDS,
    USAGE_SECONDS,
    WAIT_MAX_SECONDS,
)
from stairgate.agent.lookout import HomeLookout, Lookout
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.off import OffWatch
from stairgate.agent.outbox import Outbox
from stairgate.agent.pack_fetch import PackFetch
from stairgate.agent.pack_file import resolver_ranges, tagged_ranges, tags_of_names
from stairgate.agent.pack_store import PackStore
from stairgate.agent.settings import AgentSettings
from stairgate.agent.state import State
from stairgate.agent.sync import Identity
from stairgate.agent.tally import Tally
from stairgate.agent.timed_addresses import TimedAddresses
from stairgate.agent.trust import HeldTrust
from stairgate.agent.use_state import UseState, run_state
from stairgate.agent.watch import Watch
from stairgate.core.messages import read_usage
from stairgate.core.refused import Refused
from stairgate.port.clock import SystemClock

log = logging.getLogger("stairgate.agent")


class Control:
    """One agent. Call `start`, then `turn` for as long as it should live."""

    def __init__(
        self,
        identity: Identity,
        kernel: Kernel,
        enforcement: Enforcement,
        state: State,
        link: Link,
        clock: SystemClock,
        lookout: Lookout | None = None,
        certificates: Certificates | None = None,
        evidence: Evidence | None = None,
        hello_seconds: float = HELLO_SECONDS,
        usage_seconds: float = USAGE_SECONDS,
        feed: FilterFeed | None = None,
        run: State | None = None,
    ) -> None:
        self._identity, self._kernel, self._enforcement = identity, kernel, enforcement
        self._link, self._clock = link, clock
        self._trust = HeldTrust(identity, state)
        self._held = Held(self._trust.identity_of_saved(), state)
        evidence = evidence or KernelEvidence()
        self._time = ClockTrust(clock, evidence, self._held.clock_record)
        self._outbox = Outbox(link, self._time, identity.agent)
        self._certificates, self._feed = certificates, feed
        # Whose addresses of encrypted resolvers are refused, and of calls let through.
        self._pack: str | None = None
        self._census = Census(lookout, self._outbox) if lookout else None
        self._off = OffWatch(kernel)
        # What the kernel refuses at the moment, or a parent at the console.
        self._failure = ""
        self._devices: tuple[tuple[str, str, int | None], ...] = ()
        # The same without what moves on by itself.
        self._told_devices: tuple[tuple[str, str, int | None], ...] = ()
        timed = feed.timed if feed else TimedAddresses()
        self._counting = Counting(UseState(state, run, evidence.boot()), self._time, timed)
        self._watch = Watch(kernel, self._outbox, self._time, feed.asked if feed else AskedInbox())
        self._tally = Tally(kernel, self._outbox, clock, usage_seconds, self._counting, self._watch)
        self._record: Record | None = None
        self._told_trusted = False
        # What is missing of the filter, as the last hello said; None when a hello waits for the filter.
        self._told_missing: str | None = ""
        self._clock_offset = 0.0
        self._hello_seconds = hello_seconds
        now = clock.monotonic()
        self._next_look = self._next_poll = now
        self._next_hello = now + hello_seconds
        self._selector = selectors.DefaultSelector()
        seams = [seam.watch() for seam in (kernel, lookout, feed) if seam is not None]
        for descriptor in (link.fileno(), *(descriptor for watched in seams for descriptor in watched)):
            self._selector.register(descriptor, selectors.EVENT_READ)

    def start(self) -> None:
        """Enforce the last good policy, before anything else. Without any trace of one the gate is left as it is."""
        self._enforcement.numbers = self._numbers = self._held.open()
        self._held.identity = self._trust.identity
        self._enforcement.believe = self._time.believe
        self._look(everything=True)
        self._told_trusted = self._time.trusted

    def turn(self) -> None:
        """Wait for something to do, a second at most, and do it."""
        self._selector.select(max(0.0, min(WAIT_MAX_SECONDS, self._next_moment() - self._clock.monotonic())))
        self._receive()
        now = self._clock.monotonic()
        offset = self._clock.wall() - now
        stepped = abs(offset - self._clock_offset) > CLOCK_STEP_SECONDS
        touched = self._kernel.rules_touched()
        poll = now >= self._next_poll
        is_minute = self._counting.turn(now)
        if (touched or poll) and self._held.policy() and not self._enforcement.rules_stand():
            self._repair()
        elif stepped or touched or poll or now >= self._next_look or (is_minute and self._counting.has_budgets()):
            self._look(everything=poll)
        if is_minute:
            self._counting.tell(self._outbox.minutes)
        self._follow_filter(now, poll)
        if poll:
            self._next_poll = now + SLOW_POLL_SECONDS
        try:
            self._enforcement.forget_ended()
        except KernelRefused as refused:
            log.warning("%s", refused)
        # Only now, for a tap is answered before this is on the disk.
        unsaved = self._record is not None and is_news(self._record, self._held.clock_record)
        retry_at = self._held.retry_at
        if (unsaved and retry_at is None) or (retry_at is not None and now >= retry_at):
            self._save(self._record)
        if now >= self._next_hello:
            self._say_hello()
        self._tally.tell(now, self._enforcement.numbers)
        self._watch.turn(now)
        if self._census:
            self._census.turn(now)

    def _next_moment(self) -> float:
        moments = [self._next_look, self._next_hello, self._tally.next_telling, self._next_poll]
        moments.append(self._counting.next_moment())
        if self._feed:
            moments.append(self._feed.next_moment())
        forgetting = self._enforcement.next_forgetting()
        return min([*moments, forgetting] if forgetting is not None else moments)

    def _receive(self) -> None:
        documents, connected, trusted_more = [], False, False
        for arrival in self._link.arrivals():
            connected = connected or arrival.kind == CONNECTED
            if arrival.kind == sync.POLICY_KIND:
                documents.append(arrival.payload)
            elif arrival.kind == sync.TRUST_KIND:
                trusted_more = self._trust.accept(arrival.payload) or trusted_more
            elif arrival.kind == sync.TIME_KIND:
                self._take_time(arrival.payload)
            elif arrival.kind == sync.USAGE_KIND:
                self._hear_minutes(arrival.payload)
            elif self._certificates:
                self._certificates.note(arrival, self._trust.identity)
        self._held.identity = self._trust.identity
        # The highest genuine one of what came is applied, the others are only in its way.
        for document in sync.newest_first(documents):
            if self._take(document):
                break
        if connected or documents or trusted_more:
            self._say_hello()
        if connected:
            self._watch.connected()
        if connected and self._census:
            self._census.connected(self._clock.monotonic())

    def _take_time(self, document: bytes) -> None:
        try:
            told = sync.accept_time(document, self._trust.identity, self._outbox.nonce)
        except Refused as refused:
            # The answer to a hello that was followed by another at once says nothing new: at every start.
            if refused.reason != "wrong_nonce":
                log.warning("a time was refused: %s", refused.reason)
            return
        now = self._next_look = self._clock.monotonic()
        late = now - self._outbox.said_at > TIME_ANSWER_SECONDS
        # One that is doubted is not asked for again at once: the answer would be the same.
        if late or (self._time.hub_says(told.utc, now) and not self._told_trusted):
            self._next_hello = now

    def _hear_minutes(self, message: bytes) -> None:
        """What others counted for this agent's people; nobody has signed it, and it can only take minutes."""
        try:
            rows = read_usage(message).minutes
        except Refused as refused:
            log.warning("minutes of use were refused: %s", refused.reason)
            return
        if self._counting.heard(rows):
            self._next_look = self._clock.monotonic()

    def _take(self, document: bytes) -> bool:
        """True when the document is the policy now."""
        if not self._held.accept(document):
            return False
        self._look(everything=False)
        self._save()
        return True

    def _save(self, clock: Record | None = None) -> None:
        """After enforcing; again when the disk refused."""
        failed = self._held.retry_at is not None
        self._held.save(self._enforcement.numbers, clock, self._clock.monotonic())
        if failed and self._held.retry_at is None:
            self._next_hello = self._clock.monotonic()

    def _look(self, everything: bool) -> None:
        """Bring the kernel in line with policy and clock."""
        now = self._clock.monotonic()
        before, self._clock_offset = self._clock_offset, self._clock.wall() - now
        if abs(self._clock_offset - before) > CLOCK_STEP_SECONDS:
            self._next_hello = now  # the hub answers with the time; here, as a clock may step while a turn works
        policy = self._held.policy()
        if policy is None:
            self._next_look = now + SLOW_POLL_SECONDS
            return
        self._time.issued(policy.issued)
        try:
            self._enforcement.dns_serves = self._feed is not None and self._feed.serves()
            self._counting.follow(policy, self._enforcement.numbers)
            utc = self._time.believe(policy.revision).times[0]
            used = self._counting.used(utc)
            spending, spent = self._counting.spending(utc, used), self._counting.spent(utc, used)
            outcome = self._enforcement.enforce(policy, used, everything, spending)
            self._watch.follow(policy)
            self._off.look(self._clock.monotonic())
            self._counting.off_until, self._counting.limited = self._off.ends, outcome.limited()
        except (KernelRefused, ValueError) as refused:
            log.error("not applied: %s", refused)
            self._tell_failure(getattr(refused, "code", "policy").lower())
            self._next_look = now + RETRY_SECONDS
            return
        if self._feed:
            self._feed.enforced(policy, self._held.body(), outcome.decisions, self._clock.monotonic(), spent)
        closed = [device for device, decision in outcome.decisions.items() if decision.level != "open"]
        self._record = self._time.record(policy.revision, closed)
        if self._enforcement.numbers is not self._numbers:
            self._numbers = self._enforcement.numbers
            self._tally.renumbered(self._numbers)
            self._counting.follow(policy, self._numbers)
            self._save()
        self._tell_failure("" if self._off.ends is None else "switched_off")
        day_ends = self._counting.day_ends(utc, used)
        new_day = outcome.next_look if day_ends is None else now + max(0.0, day_ends - utc) + LOOK_AFTER_SECONDS
        self._next_look = min(outcome.next_look, new_day, self._off.ends or outcome.next_look)
        self._devices = self._off.told(outcome.decisions, self._time.offset())
        # That minutes go on being unused is no news.
        lasting = tuple(
            (device, level, None if device in outcome.by_budget else until) for device, level, until in self._devices
        )
        if (lasting, self._time.trusted) != (self._told_devices, self._told_trusted):
            self._told_devices = lasting
            self._next_hello = now

    def _tell_failure(self, reason: str) -> None:
        if self._failure != reason:
            self._failure = reason
            self._next_hello = self._clock.monotonic()

    def _repair(self) -> None:
        log.warning("the gate's rules were changed by somebody else: loading them again")
        try:
            self._enforcement.load_rules()
        except KernelRefused as refused:
            log.error("%s", refused)
        self._look(everything=True)

    def _follow_filter(self, now: float, poll: bool) -> None:
        """See what became of the filter: nobody's names are led to one that is not there, and the family is told."""
        if self._feed is None or not (self._feed.turn(now) or poll):
            return
        pack = self._feed.pack_in_use()
        if pack is not None and (pack != self._pack or self._enforcement.lacks_ranges()):
            self._use_ranges(pack)
        if self._feed.serves() != self._enforcement.dns_serves:
            self._look(everything=False)
        if self._feed.reason() != self._told_missing:
            self._next_hello = now

    def _use_ranges(self, pack: str) -> None:
        uses = (
            (self._refuse_resolvers, "of encrypted resolvers are not refused"),
            (self._let_calls, "of calls are closed"),
        )
        self._pack = pack
        for use, what in uses:
            try:
                use(pack)
            except (KernelRefused, OSError, Refused, ValueError) as error:
                log.error("the addresses %s: %s", what, error)
                # Once more at the next poll.
                self._pack = None
        self._look(everything=True)

    def _refuse_resolvers(self, pack: str) -> None:
        self._enforcement.refuse_resolvers(resolver_ranges(pack) if pack else ())

    def _let_calls(self, pack: str) -> None:
        apps = call_apps(tagged_ranges(pack, CALLS) if pack else ())
        self._enforcement.let_calls(Calls(apps, lambda names: tags_of_names(pack, names)))

    def _say_hello(self) -> None:
        now = self._clock.monotonic()
        # Applied means that names follow it too, which takes milliseconds; that they do not is told soon enough.
        self._next_hello = self._feed.applied_by(now) if self._feed and not self._failure else now
        if self._next_hello > now:
            self._told_missing = None
            return
        self._next_hello = now + self._hello_seconds
        self._told_missing = self._feed.reason() if self._feed else ""
        state, reason = ("failed", self._failure) if self._failure else self._held.verdict()
        if state == "applied" and (self._told_missing == NO_DNS or not reason):
            reason = self._told_missing
        policy = self._held.policy()
        self._told_trusted = self._time.believe(policy.revision if policy else 0).trusted
        trust, certificate = self._trust.identity.trust, self._certificates.fingerprint if self._certificates else ""
        self._trust.save()
        received, highest = self._held.received, self._held.highest
        self._outbox.hello(received, highest, (state, reason), self._devices, self._told_trusted, trust, certificate)
        # Lost messages do no harm when all is said again.
        self._counting.tell(self._outbox.minutes, everything=True)

    def stop(self) -> None:
        """End the filter. Grants live on to their ends; the names of exempt devices are no longer led here."""
        self._counting.checkpoint(self._clock.monotonic())
        if self._feed is None:
            return
        self._feed.close()
        self._feed = None
        if self._enforcement.dns_serves:
            self._look(everything=False)


def run(settings: AgentSettings, clock: SystemClock, enforcement: type[Enforcement] = Enforcement) -> None:
    """Run the agent in this network namespace until SIGTERM or SIGINT. The grants then live on to their ends.

    Raises SettingsRefused for unusable certificates, OSError when the kernel does not let us.
    """
    link = BrokerLink(settings)
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # Held for as long as the process lives.
    announced = presence.announce(settings.gate.table)
    if announced is None:
        log.warning("another agent keeps the gate here already")
    kernel = LinuxKernel(settings.gate)
    lookout = HomeLookout(settings.lan_interfaces, settings.lease_file)
    state = State(str(settings.state_folder))
    feed = FilterFeed(FilterProcess(dns_words(settings)), PackFetch(PackStore(settings.packs())))
    if kernel.began_counting:
        off.note_counting(state)
    control = Control(
        settings.identity,
        kernel,
        enforcement(kernel, settings.gate, settings.lan_interfaces, clock, settings.port),
        state,
        link,
        clock,
        lookout,
        Certificates(settings.certificate_file, settings.key_file, link),
        hello_seconds=settings.hello_seconds,
        usage_seconds=settings.usage_seconds,
        feed=feed,
        run=run_state(settings.identity.agent),
    )
    control.start()
    link.start()
    while not stopping:
        control.turn()
    control.stop()
    link.stop()
    lookout.close()
