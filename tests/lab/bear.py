"""The talking bear as a member of a lab's home: a real `micropython` process in a namespace of its own.

It decides what the bear's folder holds and where it runs: plugged into the LAN, behind the router. What it does is
`bear_program`'s part, the code inside is the example that makers read.
"""

import secrets

from stairgate.core.p256 import N, public_point
from stairgate.core.pairing import PairRequest, new_toy_code, write_answer
from stairgate.hub.acts import new_id
from stairgate.hub.family import Device, write
from stairgate.hub.home_authority import Pages
from stairgate.hub.home_directory import HomeDirectory
from stairgate.hub.store import Store
from stairgate.hub.toys import Toy, write_toy
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.toy_command import body_of
from tests.lab import network
from tests.lab.home import HUB_PORT, LabHome
from tests.lab.processes import Program
from tests.micro.interpreter import ROOT, find_micropython

DECLARATION = ROOT / "micro" / "stairgate" / "micro" / "examples" / "bear.declaration"
NAME = "Bruno the bear"
HEAP = "heapsize=300k"  # about what `make footprint` finds; the bear's own code comes on top


class Bear:
    """One bear of this home. `plug_in` it, then `start` it."""

    def __init__(self, home: LabHome) -> None:
        self.home = home
        self.folder = home.folder / "bear"
        self.label = secrets.token_bytes(16)
        self.program: Program | None = None
        maker = SigningKey.create()
        body, _ = body_of(DECLARATION.read_bytes())
        (self.folder / "flash" / "identity").mkdir(parents=True)
        for name, data in (
            ("maker", maker.point),
            ("declaration", maker.sign("declaration", body)),
            ("label", self.label),
        ):
            (self.folder / name).write_bytes(data)

    @property
    def code(self) -> str:
        """What its sticker says."""
        return new_toy_code(self.label)

    def plug_in(self) -> None:
        """Into the LAN."""
        network.add_device(network.BEAR)

    def belong_to(self, store: Store, child: str) -> str:
        """Be in this home already, as if it had been paired; before broker and hub start. The agent's id."""
        number = 1 + secrets.randbelow(N - 1)
        request = PairRequest(public_point(number), secrets.token_hex(16), "toy", NAME)
        now = self.home.clock.wall()
        authority = HomeDirectory(self.home.home.directory, self.home.home.id, self.home.clock)
        agent, answer = authority.enrol(request, NAME, "", Pages((network.HOME.v4,), HUB_PORT), now)
        document = write_answer(self.label, b"", answer)
        (self.folder / "flash" / "identity" / "paired").write_bytes(document[document.index(b"\n") + 1 :])
        (self.folder / "flash.key").write_bytes(number.to_bytes(32, "big"))
        with store.transaction(self.home.home.id) as rows:
            device = Device(new_id("d"), NAME, (network.BEAR.mac,), (child,), "toy")
            write(rows, device)
            write_toy(rows, Toy(agent.id, device.id, request.point.hex(), int(now)))
        return agent.id

    def start(self) -> Program:
        """Switch it on."""
        path = f"MICROPYPATH={ROOT}:{ROOT / 'micro'}:.frozen"
        words = ["env", path, find_micropython(), "-X", HEAP, str(ROOT / "tests" / "lab" / "bear_program.py")]
        words += [str(self.folder), str(self.home.clock_file), network.HOME.v4, str(HUB_PORT)]
        self.program = Program("bear", words, self.home.folder, network.BEAR.name)
        return self.program

    def hold(self, gesture: str) -> None:
        """Somebody makes a gesture, until the next call; "" ends it."""
        (self.folder / "flash.gesture").write_text(gesture, encoding="ascii")

    def says(self, text: str, after: int = 0) -> bool:
        """Whether it has told this, beyond so many characters of its log."""
        return text in self.log()[after:]

    def log(self) -> str:
        """Everything that it has told."""
        path = self.home.folder / "bear.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """Switch it off."""
        if self.program is not None:
            self.program.stop()
            self.program = None
