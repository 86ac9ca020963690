"""What hub and toy tell each other: hello and policy, signed time, keys, use, the ledger, and commands to erase.

It decides which message is acted on: a signed one when a believed key made it for this toy, an unsigned one only when
it closes. Every signature is verified in steps between which gates close. What a policy means is the agent's part; how
bytes travel is `link`'s. Nothing that fails here opens or closes anything by itself: the last good policy goes on.
"""

import asyncio
import gc
import json
from binascii import a2b_base64, b2a_base64, hexlify

from stairgate.core import limits as core_limits
from stairgate.core.decide import decide
from stairgate.core.envelope import body_digest, open_signed_steps
from stairgate.core.lines import read_line
from stairgate.core.refused import Refused
from stairgate.core.usage import concerns
from stairgate.micro import limits
from stairgate.micro.identity import Identity
from stairgate.micro.link import context, opened, sec1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from stairgate.micro.agent import Agent
    from stairgate.micro.link import Link

# Most urgent first. Of each kind the newest counts; the hub repeats what was not answered.
SIGNED = ("trust", "policy", "erase", "time", "ledger", "certificate")


class Sync:
    """The toy's side. identity: whose the toy is; state: of the last attempt, a machine code, for a light.

    nonce: of the last hello, which time and commands answer.
    """

    def __init__(self, agent: "Agent", declaration: bytes) -> None:
        """declaration: the signed document that the agent was made from."""
        self.agent = agent
        self.identity = Identity(agent.storage)
        self.state = "unpaired"
        self._declaration = declaration
        self._inbox: "dict[str, bytes]" = {}
        self._job: "tuple[str, Generator[None, None, None]] | None" = None
        self._link: "Link | None" = None
        self._said = ("applied", "")
        self.nonce = ""
        self._hello_at = self._ledger_at = 0
        self._shown = b""
        self._is_leaving = False

    async def run(self) -> None:
        """Connect and come back for ever, beside the agent's own task."""
        board = self.agent.platform
        pause = turn = 0
        while True:
            self.identity.load()
            if self._is_leaving or not self.identity.home:
                # Nothing more is said while whom the toy belongs to is being erased.
                self._is_leaving = self._is_leaving and self.identity.home != ""
                self.state = "unpaired"
                await asyncio.sleep(1)
                continue
            started = board.ticks()
            try:
                hosts = self.identity.broker
                await self._connection(hosts[turn % len(hosts)])
            except Exception as error:  # whatever it was, the next connection says everything again
                self.state = getattr(error, "reason", "")
                if not self.state:
                    self.state = "not_verified" if isinstance(error, ValueError) else "no_connection"
            turn += 1
            first, longest = limits.RETRY_MS
            was_up = board.ticks() - started > limits.MQTT_WAIT_MS
            pause = first if was_up else min(max(first, 2 * pause), longest)
            # Half of it is by chance: the toys of a home do not all come back in the same second.
            await asyncio.sleep(pause * (256 + board.random(1)[0]) / 512_000)

    async def _connection(self, host: str) -> None:
        """One connection, until it ends. Raises Broken, OSError, ValueError."""
        agent, identity = self.agent, self.identity
        if not agent.clock.trusted:
            from stairgate.micro import renewal  # its dates cannot be judged yet: ask the hub's page first

            await renewal.ask_time(self)
        key = sec1(agent.key.scalar(), agent.key.point())
        self._shown = identity.certificate
        gc.collect()  # TLS wants pieces of 16 KB, on some boards of this heap
        trust = context(identity.authority, identity.certificate, key)
        link = await opened(
            host, identity.broker_port, trust, identity.agent, identity.topic("down", "#"), agent.platform.ticks
        )
        try:
            is_new = True
            while identity.certificate == self._shown and not self._is_leaving:
                found = link.step()
                for topic, payload in found:
                    self._put(topic, payload)
                if link.session.is_up:
                    self._link = link
                    if is_new:
                        self.state, is_new = "connected", False
                        self._hello_at = self._ledger_at = 0
                        self._publish("declaration", hexlify(agent.platform.maker) + b"\n" + self._declaration)
                    self._tell()
                    self._work()
                is_busy = found or self._job or self._inbox or link.session.out
                await asyncio.sleep(0 if is_busy else limits.IDLE_MS / 1000)
        finally:
            self._link = self._job = None
            self._inbox = {}
            link.close()

    def _put(self, topic: str, payload: bytes) -> None:
        """A message came. What may close, does so at once; the rest waits its turn, the newest of its kind."""
        start = self.identity.topic("down", "")
        kind = topic[len(start) :] if topic.startswith(start) else ""
        if kind == "close":
            self._close(payload)
        elif kind == "usage":
            self._merge(payload)
        elif kind in SIGNED:
            # Who holds back the time must not set the clock back by that.
            since = self.agent.platform.ticks() - self._hello_at + limits.HELLO_SECONDS * 1000
            if kind != "time" or since <= limits.TIME_ANSWER_MS:
                self._inbox[kind] = payload

    def _close(self, payload: bytes) -> None:
        """Unsigned: rows that are taken back, or with none every gate that is open now."""
        rows = _list_of(payload, "rows")
        for row in rows:
            if row in [declared.id for declared in self.agent.declaration.rows]:
                self.agent.withdraw(str(row))
        if not rows:
            self.agent.gates.close_all("told")

    def _merge(self, payload: bytes) -> None:
        """Unsigned: minutes that other devices saw. They only ever take time."""
        agent, policy = self.agent, self.agent.policy
        for row in _list_of(payload, "minutes")[: core_limits.USAGE_MINUTE_ROWS]:
            try:
                person, day = row[0], row[2]  # type: ignore[index]
                is_ours = policy is not None and row[1] == "total" and type(day) is int  # type: ignore[index]
                if is_ours and concerns(policy, agent.clock.now(), person, "total", day):  # type: ignore[arg-type]
                    agent.minutes.book.merge(person, "total", day, a2b_base64(row[3]))  # type: ignore[index]
            except (ValueError, TypeError, KeyError, IndexError):
                continue
        agent.gates.stale()

    def _work(self) -> None:
        """One step of the most urgent document that waits: what may close is heard between any two of them."""
        if self._job is None:
            for kind in SIGNED:
                if kind in self._inbox:
                    self._job = (kind, self.steps(kind, self._inbox.pop(kind)))
                    break
            else:
                return
        kind, steps = self._job
        reason = ""
        try:
            next(steps)
            return
        except StopIteration:
            pass
        except Refused as refused:
            reason = refused.reason
        except Exception:  # of the flash or the heap, or a signed document of another form
            reason = "failed"
        self._job = None
        if kind == "policy":
            state = "failed" if reason == "failed" else "refused" if reason else "applied"
            self._said = (state, reason if reason or self.agent.policy_file.is_saved else "not_saved")
            self._hello_at = 0

    def steps(self, kind: str, data: bytes) -> "Generator[None, None, None]":
        """Verify a document and do what it says. Raises Refused, OSError, and IndexError for one of another form."""
        agent, identity = self.agent, self.identity
        if kind == "policy":
            yield from agent.accept_steps(data, identity.keys, identity.home, identity.agent)
        elif kind in ("trust", "certificate"):
            from stairgate.micro import renewal  # a few times in a toy's life

            yield from renewal.renewal_steps(identity, kind, data, agent.key.point())
            self._hello_at = 0
        else:
            body = yield from open_signed_steps(data, kind, identity.keys, core_limits.TIME_BYTES)
            fields = read_line(body[:-1])
            is_time = kind == "time"
            if not is_time and fields[1:3] != [identity.home, identity.agent]:
                raise Refused("wrong_agent")
            if kind != "ledger" and (not self.nonce or fields[2 if is_time else 3] != self.nonce):
                raise Refused("wrong_nonce")
            if is_time:
                agent.set_time(fields[1])  # type: ignore[arg-type]
                agent.platform.set_now(fields[1], True)  # type: ignore[arg-type]
            elif kind == "ledger":
                agent.ledger.acknowledge(fields[3])  # type: ignore[arg-type]
                self._ledger_at = 0
            elif fields[4] in ("command", "handover"):
                self.nonce = ""
                self._is_leaving = fields[4] == "handover"
                agent.erase_soon(str(fields[4]))

    def _publish(self, kind: str, payload: bytes, qos: int = 1) -> None:
        if self._link is not None:
            now = self.agent.platform.ticks()
            self._link.session.publish(self.identity.topic("up", kind), payload, now, qos)

    def _tell(self) -> None:
        """Say what is due: hello with the use beside it, and entries of the ledger that the hub lacks."""
        now = self.agent.platform.ticks()
        if now >= self._hello_at:
            self._hello_at = now + limits.HELLO_SECONDS * 1000
            self._publish("hello", self._hello())
            rows = [row for row in self.agent.minutes.book.rows(0) if row[1] == "total"]
            minutes = [row[:3] + (str(b2a_base64(row[3]), "ascii")[:-1],) for row in rows]
            self._publish("usage", self._message({"bytes": [], "minutes": minutes}), 0)
        if now >= self._ledger_at and self.agent.ledger.last > self.agent.ledger.acknowledged:
            self._ledger_at = now + limits.LEDGER_SECONDS * 1000
            payload, last = self.agent.ledger.message("m" + self.random(8), self.identity.agent)
            if last:
                self._publish("ledger", payload)

    def random(self, count: int) -> str:
        """So many bytes that nobody can guess, in hex."""
        return str(hexlify(self.agent.platform.random(count)), "ascii")

    def _message(self, members: "dict[str, object]") -> bytes:
        members.update({"v": 1, "id": "m" + self.random(8), "t": self.agent.clock.now(), "agent": self.identity.agent})
        return json.dumps(members).encode()

    def _hello(self) -> bytes:
        agent, held, devices = self.agent, self.agent.policy_file, []
        self.nonce = self.random(16)
        if held.policy is not None:
            device, now = held.policy.devices[0].id, agent.clock.now()
            found = decide(held.policy, device, now, agent.minutes.used(held.policy, now))
            devices = [(device, "open" if found.level == "open" else "closed", found.until)]
        return self._message(
            {
                "nonce": self.nonce,
                "revision": held.policy.revision if held.policy is not None else 0,
                "digest": held.digest,
                "highest": held.highest,
                "state": self._said[0],
                "reason": self._said[1],
                "devices": devices,
                "clock": "trusted" if agent.clock.trusted else "untrusted",
                "trust": self.identity.trust,
                "certificate": body_digest(self._shown)[:16],
                "declaration": body_digest(self._declaration[self._declaration.find(b"\n") + 1 :]),
            }
        )


def _list_of(payload: bytes, name: str) -> "list[object]":
    """The list of this name in a JSON message; empty for anything else. `unsigned` may only ever take."""
    try:
        value = json.loads(str(payload, "utf-8"))[name]
    except (ValueError, KeyError, TypeError, RuntimeError, MemoryError):
        return []
    return value if isinstance(value, list) else []
