"""The agent of one toy: declaration, policy, clock, gates, ledger and what a parent asks for, held together.

It decides when each part is asked: at a start, at every look (`poll`), when a document comes. What is decided, is
`stairgate.core`'s; what comes over the network, is `sync`'s, which calls `accept_steps`, `set_time` and `close`.
"""

import asyncio

from stairgate.core import gates as core_gates
from stairgate.core.declaration import open_declaration_steps, read_brief_declaration
from stairgate.core.envelope import body_digest, key_id
from stairgate.core.refused import Refused
from stairgate.core.words import FUNCTION_GATES
from stairgate.micro.clock import Clock
from stairgate.micro.consent import Consents
from stairgate.micro.gates import Gates
from stairgate.micro.gestures import Gestures
from stairgate.micro.kept import Kept
from stairgate.micro.keys import DeviceKey
from stairgate.micro.ledger import Ledger
from stairgate.micro.limits import BAD_STARTS, HEALTHY_MS, POLL_MS, STATE_BYTES
from stairgate.micro.minutes import Minutes
from stairgate.micro.policy_file import PolicyFile
from stairgate.micro.storage import Storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from typing import TypeVar  # noqa: TID251

    from stairgate.core.declaration import Declaration
    from stairgate.core.gates import GateDecision
    from stairgate.core.records import Policy
    from stairgate.micro.erase_requests import EraseRequests
    from stairgate.micro.platform import Platform
    from stairgate.micro.receipts import Receipts

    Result = TypeVar("Result")

DECLARED, STARTS = "declared", "starts"
MARK = "erasing"  # there from the beginning of an erasure to its end
OWNER = "owner"  # there while a new owner has done nothing yet
STEP_ENTRIES = 16  # of the ledger that are read between two looks at the gates
SWEEP_SECONDS = 3600


def finish(steps: "Generator[None, None, Result]", between: "Callable[[], None] | None" = None) -> "Result":
    """Do all steps now; `between` is called after each, so that a gate can close meanwhile."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if between is not None:
            between()


async def drive(steps: "Generator[None, None, Result]") -> "Result":
    """Do all steps, with a turn for every other task after each."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        await asyncio.sleep(0)


class Agent:
    """One toy. A maker's code uses `gates.open`, `ledger.note` and `kept.keep`; `run` or `poll` keeps it going.

    on_pair: called when the gesture `pair` was made. Raises Refused for a declaration that its maker did not sign, and
    OSError when the flash cannot be used.
    """

    def __init__(self, declaration: bytes, platform: "Platform") -> None:
        """declaration: the signed document. platform: the board, with the maker's key."""
        self.platform = platform
        self.storage = Storage(platform.root, platform.forget)
        self.declaration: "Declaration" = self._declared(declaration)
        self.clock = Clock(platform, self.storage)
        self.session = 0  # until which second of the clock the gesture has opened sensors
        self.on_pair: "Callable[[], None] | None" = None
        self._jobs: "list[Iterator[None]]" = []
        self._shut: "list[str]" = []
        self._swept = 0
        self._minute = 0
        self._is_safe = self._count_start()
        self.key = DeviceKey(platform, self.storage)
        self.policy_file = PolicyFile(self.storage)
        self.minutes = Minutes(self.storage)
        self.gates = Gates(self)
        self.gestures = Gestures(self)
        self.begin_ledger()
        if self.policy is not None:
            self.clock.not_before(self.policy.issued)
        if not self.clock.trusted and self.policy is not None:
            self.ledger.record(("time", "", 0, "lost"))
        self.is_new = self.storage.exists(OWNER)
        self.is_erasing = self.storage.exists(MARK)
        if self.is_erasing:
            from stairgate.micro.erase import finish_steps

            finish(finish_steps(self))

    def _declared(self, document: bytes) -> "Declaration":
        """The declaration; its signature is verified once and remembered by its digest."""
        body = document[document.find(b"\n") + 1 :]
        digest = body_digest(document).encode()
        if self.storage.read(DECLARED, STATE_BYTES) == digest:
            return read_brief_declaration(body)
        maker = self.platform.maker
        declaration = finish(open_declaration_steps(document, {key_id(maker): maker}))
        self.storage.write(DECLARED, digest)
        return declaration

    def _count_start(self) -> bool:
        """Whether this is one bad start too many: then only the hub and the next good start help."""
        starts = self.storage.number(STARTS, STATE_BYTES)
        self.storage.write(STARTS, str(min(starts + 1, 99)).encode())
        return starts >= BAD_STARTS

    def healthy(self) -> None:
        """This start was a good one: no safe mode any more. `poll` says so after a minute; a maker may know sooner."""
        self._is_safe = False
        self.storage.write(STARTS, b"0")

    def begin_ledger(self) -> None:
        """Open the ledger, and what is written through it: at a start, and after an erasure."""
        self.ledger = Ledger(self.storage, self.declaration, self.clock.now)
        self.consents = Consents(self.storage, self.ledger)
        self.kept = Kept(self.storage, self.ledger, self.declaration, self.clock.now)

    # Code that is needed now and then is imported when it is: memory is the toy's.

    @property
    def receipts(self) -> "Receipts":
        """What was erased, signed."""
        from stairgate.micro.receipts import Receipts

        return Receipts(self.storage, self.ledger, self.declaration, self.key, self.clock.now)

    @property
    def requests(self) -> "EraseRequests":
        """Who else was asked to erase."""
        from stairgate.micro.erase_requests import EraseRequests

        return EraseRequests(self)

    @property
    def policy(self) -> "Policy | None":
        """The policy in force, or None."""
        return self.policy_file.policy

    def trouble(self) -> str:
        """Why nobody's word opens a sensor now: one of `core.gates.TROUBLES`, or none."""
        if self._is_safe:
            return "safe_mode"
        if self.policy_file.is_damaged:
            return "corrupt_policy"
        if self.is_new:
            return "new_owner"
        return "" if self.clock.trusted else "lost_time"

    def sensors(self, gate: str, rows: "Sequence[str]") -> "list[str]":
        """The declared sensors behind a gate that these rows are sensed with."""
        wanted = [row.sensor for row in self.declaration.rows if row.id in rows and row.gate == gate]
        return [sensor.name for sensor in self.declaration.sensors if sensor.gate == gate and sensor.name in wanted]

    def decision(self, gate: str, rows: "Sequence[str]") -> "GateDecision":
        """Whether a gate may be open now, for these rows. Closed when anything at all is wrong."""
        policy, now = self.policy, self.clock.now()
        if self.is_erasing or gate in self._shut:
            return core_gates.GateDecision("closed", None, "erasing" if self.is_erasing else "shut")
        try:
            used = self.minutes.used(policy, now) if policy is not None else {}
            device = policy.devices[0].id if policy is not None else ""
            found = core_gates.decide_gate(
                policy, self.declaration, device, gate, rows, now, used, self.trouble(), self.session
            )
        except Exception:
            return core_gates.GateDecision("closed", None, "corrupt_policy")
        if found.level == "open" and [row for row in rows if row in self.consents.withdrawn]:
            return core_gates.GateDecision("closed", None, "no_consent")
        # A battery that is pulled at bedtime sets the clock back a little: what was closed stays closed.
        is_late = policy is not None and not self.clock.trusted and self.clock.level == "closed"
        if gate in FUNCTION_GATES and found.level == "open" and is_late:
            return core_gates.GateDecision("closed", None, "lost_time")
        return found

    def accept_steps(
        self, document: bytes, keys: "dict[str, bytes]", home: str, agent: str
    ) -> "Generator[None, None, Policy]":
        """Verify a policy, enforce it, save it. Yields while it verifies: gates close meanwhile.

        Raises Refused as `PolicyFile.accept_steps`; what was held stays. When the flash fails it is enforced, and
        `policy_file.is_saved` stays False until `poll` succeeds.
        """
        policy = yield from self.policy_file.accept_steps(document, keys, home, agent)
        self.clock.not_before(policy.issued)
        self.session = 0
        self._shut = []
        self._settle()
        self.gates.stale()
        self.gates.check()
        yield
        self._save()
        return policy

    def close(self, gate: str) -> None:
        """Close a gate now, and keep it closed until the next policy. No signature is needed to close."""
        if gate not in self._shut:
            self._shut.append(gate)
        self.gates.close(gate, "shut")

    def _settle(self) -> None:
        """A new owner has acted."""
        if self.is_new:
            self.storage.remove(OWNER)
            self.is_new = False

    def _save(self) -> None:
        try:
            self.policy_file.save()
            if self.policy is not None:
                self.consents.apply(self.policy)
        except OSError:
            pass  # the flash is full or failing: asked again at the next look

    def set_time(self, utc: int) -> None:
        """Believe this second, which the hub has signed."""
        if self.clock.set(utc):
            self.ledger.record(("time", "", 0, "set"))
        self.gates.stale()

    def lose_time(self) -> None:
        """The time is not known any more: sensors close."""
        self.clock.lose()
        self.ledger.record(("time", "", 0, "lost"))
        self.gates.stale()
        self.gates.check()

    def withdraw(self, row: str) -> None:
        """A parent takes back what was agreed to, at the toy or by an unsigned word: closed now, then written down."""
        self.consents.mark(row)
        self.gates.stale()
        self.gates.check()
        self.consents.withdraw(row)

    def open_session(self, seconds: int) -> None:
        """The gesture `open` was made: sensors may open for so long, if this toy has no hub."""
        self._settle()
        if self.policy is None:
            self.session = self.clock.now() + seconds
            self.gates.stale()

    def erase_soon(self, why: str) -> None:
        """Erase everything while `poll` is called; gates close now. why: `command`, `gesture` or `handover`."""
        self.is_erasing = True
        self.gates.close_all("erasing")
        from stairgate.micro.erase import erase_steps

        self._jobs.append(erase_steps(self, why))

    def poll(self) -> None:
        """One look: gestures, ends of gates, minutes of play, things that are old, and a step of what takes long.

        To be called five times a second by code without asyncio. Raises OSError when the flash fails.
        """
        self.gestures.look()
        self.gates.check()
        now = self.clock.now()
        if "play" in self.gates.held() and self.policy is not None and self.minutes.mark(self.policy, now):
            self.gates.stale()
        level = self.decision("play", ()).level if self._is_minute() else self.clock.level
        if self.clock.is_due(level):
            self.minutes.save(now)
            self.clock.persist(level)
        if not self.policy_file.is_saved:
            self._save()
        if abs(now - self._swept) >= SWEEP_SECONDS:
            self._swept = now
            self._jobs.append(self._sweep_steps())
        self.step()

    def _sweep_steps(self) -> "Iterator[None]":
        """What is old goes, and there is a receipt if the ledger tells of an erasure that none counts."""
        yield from self.kept.sweep_steps()
        erased = counted = 0
        for entry in self.ledger.entries():
            if entry.kind == "erased":
                erased = entry.seq
            elif entry.kind == "receipt":
                counted = max(counted, entry.amount)
            if entry.seq % STEP_ENTRIES == 0:
                yield
        if erased > counted:
            yield from self.receipts.make_steps()

    def _is_minute(self) -> bool:
        """Once a minute, for what costs a decision."""
        minute = self.platform.ticks() // HEALTHY_MS
        if minute == self._minute:
            return False
        if not self._minute:
            self.healthy()
        self._minute = minute
        return True

    def step(self) -> bool:
        """One step of what takes long; False when there is nothing to do."""
        if not self._jobs:
            return False
        try:
            next(self._jobs[0])
        except StopIteration:
            self._jobs.pop(0)
        except (OSError, Refused):
            self._jobs.pop(0)  # an erasure goes on at the next start, a receipt at the next sweep
        return True

    async def run(self) -> None:
        """`poll` for ever, beside the maker's tasks."""
        while True:
            try:
                self.poll()
            except OSError:
                pass  # the flash fails: gates still close
            since = self.platform.ticks()
            while self.platform.ticks() - since < POLL_MS:
                await asyncio.sleep(0 if self.step() else 0.05)
