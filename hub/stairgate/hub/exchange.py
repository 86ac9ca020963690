"""What the hub answers to its agents: messages in, messages out, no socket.

It reads hellos, usage and events, keeps `reports` and `traffic` and asks `delivery`, `credentials` and `use_sharing`
what to send; each hello gets the signed time. A hello that knows more than the store (a restored backup) leads to a
new issue. Who belongs to the home is asked at every message: what a removed agent says is dropped. Transport is
`link`'s.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from stairgate.core import messages
from stairgate.core.observed import Reached, Streamed, read_observed
from stairgate.core.policy import Policy
from stairgate.core.refused import Refused
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.credentials import Credentials
from stairgate.hub.delivery import Delivery, Outgoing
from stairgate.hub.family import Device, from_row
from stairgate.hub.hello_pace import HelloPace
from stairgate.hub.issue import Issued, Issuer, PolicyTooLarge, Signer
from stairgate.hub.reports import Reports
from stairgate.hub.store import Store, StoreError
from stairgate.hub.traffic import Traffic
from stairgate.hub.use_sharing import UseSharing
from stairgate.hub.use_store import UseStore

_log = logging.getLogger(__name__)

#: (agent, highest revision it has met): issue a new policy for it.
Reissue = Callable[[str, int], None]
#: (an agent's counts, the devices whose bytes may be kept): for `history`.
Counted = Callable[[messages.Usage, set[str]], None]
#: (agent, what it observed of devices under a watch).
Observer = Callable[[str, Sequence[Reached | Streamed]], None]
#: (agent, kind, payload): what only a toy says; the answers. Raises Refused.
FromToy = Callable[[str, str, bytes], list[Outgoing]]
#: (agent, what it has noticed): for `discovery`, which bounds what it keeps.
Seen = Callable[[str, Sequence[messages.Seen]], None]


class Exchange:
    """One home's side of the conversation. One thread at a time (the owner of the broker connection)."""

    def __init__(
        self,
        store: Store,
        issuer: Issuer,
        signer: Signer,
        clock: Clock,
        reports: Reports,
        traffic: Traffic,
        credentials: Credentials,
        use: UseStore,
    ) -> None:
        self.home = issuer.home
        self._store = store
        self._issuer = issuer
        self._signer = signer
        self._clock = clock
        self._reports = reports
        self._traffic = traffic
        self._credentials = credentials
        self._delivery = Delivery()
        self._sharing = UseSharing(use, clock, self._policy_of)
        self._pace = HelloPace(clock)
        self._may_be_old = set(issuer.agents)
        self._signing_key = signer.key_id
        self._last_events: OrderedDict[str, None] = OrderedDict()
        self.reissue: Reissue = lambda agent, highest: None
        self.counted: Counted = lambda usage, shown: None
        self.told: Callable[[str, str], None] = lambda agent, state: None
        self.refresh: Callable[[], None] = lambda: None
        self.on_connected: Callable[[], None] = lambda: None
        self.seen: Seen = lambda agent, events: None
        self.observers: list[Observer] = []
        self.from_toy: FromToy = lambda agent, kind, payload: []
        self.toy_hello: Callable[[messages.Hello], list[Outgoing]] = lambda hello: []

    def stored(self) -> list[Outgoing]:
        """Offer the newest policy of each agent as the store has it: at the start, or after a full queue."""
        with self._store.transaction(self.home) as rows:
            newest = [self._issuer.newest(rows, agent) for agent in self._issuer.agents]
        return self.offer(issued for issued in newest if issued)

    def offer(self, policies: Iterable[Issued]) -> list[Outgoing]:
        """Policies were issued."""
        now = self._clock.monotonic()
        return [message for issued in policies for message in self._delivery.offer(issued, now)]

    def connected(self) -> list[Outgoing]:
        """The broker is there (again), perhaps with hellos that waited there."""
        self._may_be_old = set(self._issuer.agents)
        self._follow_changes()
        self._sharing.connected()
        self.on_connected()
        return self._delivery.connected(self._clock.monotonic())

    def due(self) -> list[Outgoing]:
        """Repetitions that are due, and what changed beside the hub: keys, certificates, who belongs to the home."""
        self._follow_changes()
        late = [message for hello in self._pace.due() for message in self._late_hello(hello)]
        return late + self._delivery.due(self._clock.monotonic()) + self._credentials.due() + self._sharing.due()

    def seconds_to_next(self) -> float | None:
        """Until `due` has something, None for never."""
        pace, now = self._pace.seconds_to_next(), self._clock.monotonic()
        dues = (self._delivery.next_due(), self._sharing.next_due())
        times = [max(0.0, at - now) for at in dues if at is not None]
        return min(times if pace is None else [*times, pace], default=None)

    def message(self, name: str, payload: bytes) -> list[Outgoing]:
        """A message arrived. What is malformed or from a stranger is dropped, with its reason in the log."""
        try:
            topic = messages.parse_topic(name)
            if topic.home != self.home or topic.direction != "up" or topic.agent not in self._issuer.agents:
                raise Refused("bad_topic", "expected an agent of this home")
            if topic.kind == "hello":
                hello = messages.read_hello(payload)
                _check_sender(topic.agent, hello.agent)
                return self._hello(hello) if self._pace.take(hello) else []
            if topic.kind == "usage":
                usage = messages.read_usage(payload)
                _check_sender(topic.agent, usage.agent)
                shown = self._shown()
                self._traffic.take(usage, shown)
                self.counted(usage, shown)
                self._sharing.take(usage)
            if topic.kind == "events":
                events = messages.read_events(payload)
                _check_sender(topic.agent, events.agent)
                if self._is_new(events):
                    self.seen(events.agent, events.events)
                    self._observed(events.agent, payload)
            if topic.kind in ("ledger", "declaration"):
                return self.from_toy(topic.agent, topic.kind, payload)
        except Refused as refused:
            _log.warning("dropped a message: %s", refused.reason)
        except (StoreError, PolicyTooLarge):
            _log.exception("a message could not be handled")
        return []

    def _observed(self, agent: str, payload: bytes) -> None:
        if rows := read_observed(payload):
            for take in self.observers:
                take(agent, rows)

    def _late_hello(self, hello: messages.Hello) -> list[Outgoing]:
        try:
            return self._hello(hello)
        except (StoreError, PolicyTooLarge):
            _log.exception("a message could not be handled")
            return []

    def _follow_changes(self) -> None:
        self._delivery.keep(self._issuer.agents)
        self._pace.keep(self._issuer.agents)
        self._sharing.keep(self._issuer.agents)
        if self._signer.key_id != self._signing_key:
            self._signing_key = self._signer.key_id
            try:
                self.refresh()
            except (StoreError, PolicyTooLarge):
                _log.exception("policies could not be signed by the new key")

    def _is_new(self, events: messages.Events) -> bool:
        """QoS 1 may bring a message twice; what it says is cumulative, so only the work is spared."""
        key = f"{events.agent} {events.id}"
        if key in self._last_events:
            return False
        self._last_events[key] = None
        while len(self._last_events) > limits.EVENT_IDS_KEPT:
            self._last_events.popitem(last=False)
        return True

    def _hello(self, hello: messages.Hello) -> list[Outgoing]:
        newest = self._delivery.newest(hello.agent)
        self._sharing.hello(hello.agent)
        answers = self._credentials.hello(hello) + self._delivery.hello(hello, self._clock.monotonic())
        answers.append(self._time(hello, newest))
        answers += self.toy_hello(hello)
        # The hub's own clock may be behind what it has issued.
        believed = max(int(self._clock.wall()), newest.revision if newest else 0) + limits.REVISION_AHEAD_SECONDS
        if max(hello.highest, hello.revision) > believed:
            _log.error("an agent names a revision out of range: %d", max(hello.highest, hello.revision))
            self._reports.hello(hello._replace(state="failed", reason="revision_out_of_range"))
            return answers
        is_newest = newest is not None and (hello.revision, hello.digest) == (newest.revision, newest.digest)
        self._reports.hello(hello, self._issuer.policy_of(newest) if newest and is_newest else None)
        self.told(hello.agent, hello.state)
        differs = abs(hello.t - self._clock.wall()) > limits.CLOCK_DIFFERENCE_SECONDS
        if newest and is_newest and differs and hello.agent in self._may_be_old:
            # It may have waited at the broker: a policy is always answered with a new hello, which tells.
            self._may_be_old.discard(hello.agent)
            answers.append(Outgoing(hello.agent, "policy", newest.document))
        if newest:
            forged = hello.revision == newest.revision and hello.digest != newest.digest
            if forged or hello.highest > newest.revision:
                self.reissue(hello.agent, max(hello.highest, hello.revision))
        return answers

    def _policy_of(self, agent: str) -> Policy | None:
        newest = self._delivery.newest(agent)
        return self._issuer.policy_of(newest) if newest else None

    def _time(self, hello: messages.Hello, newest: Issued | None) -> Outgoing:
        revision, digest = (newest.revision, newest.digest) if newest else (0, "")
        return Outgoing(hello.agent, "time", self.signed_time(hello.nonce, revision, digest))

    def signed_time(self, nonce: str, revision: int = 0, digest: str = "") -> bytes:
        """The time now, signed for whoever gave this nonce. Raises Refused for what is no nonce."""
        return self._signer.sign("time", messages.time_body(int(self._clock.wall()), nonce, revision, digest))

    def _shown(self) -> set[str]:
        """Devices whose bytes may be kept: those of children, never exempt ones."""
        with self._store.transaction(self.home) as rows:
            devices = [from_row(Device, row) for row in rows.page("devices")]
        return {device.id for device in devices if device.persons and "exempt" not in device.flags}


def _check_sender(expected: str, got: str) -> None:
    if expected != got:
        raise Refused("bad_message", "expected the agent of the topic")
