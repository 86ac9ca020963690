"""`make run`: a whole home on this machine, to watch in a browser; gone without a trace at Ctrl-C.

Outside the sandbox it opens a socket on the host's loopback, the only thing of the host that the lab gets; inside, it
builds the home with a demo family whose devices really fetch pages, and hands that socket to the hub.
"""

import argparse
import contextlib
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from stairgate.hub.demo_family import DemoChild, DemoDevice, seed
from stairgate.hub.tinydb_store import TinyDbStore
from tests.lab import network, sandbox
from tests.lab.bear import Bear
from tests.lab.home import LabHome
from tests.lab.processes import Deadline, Program, python_module, wait_until

PORT = 8080
# Device, name of the host it visits, seconds between two pages.
HABITS = (
    ("phone", "www.example.org", 0.5),
    ("console", "video.example.net", 0.15),
    ("laptop", "www.example.org", 0.8),
    ("tablet", "www.example.org", 1.0),
)


def tell(text: str) -> None:
    """A line for whoever watches."""
    print(text, flush=True)


def zone_name() -> str:
    """The machine's time zone, so that a bedtime means what the viewer thinks."""
    with contextlib.suppress(OSError, ValueError):
        return str(Path("/etc/localtime").resolve().relative_to("/usr/share/zoneinfo"))
    return "Etc/UTC"


def demo_family() -> tuple[DemoChild, ...]:
    """Mia and Ben. Their bedtime begins in about three hours, whenever you watch: the gate is open at first."""
    start = (time.localtime().tm_hour + 3) % 24 * 60
    end = (start + 10 * 60) % 1440
    mias = (
        DemoDevice("Mia's phone", network.PHONE.mac, "phone"),
        DemoDevice("Game console", network.CONSOLE.mac, "console"),
    )
    bens = (DemoDevice("Ben's laptop", network.LAPTOP.mac, "computer"),)
    return DemoChild("Mia", "10-12", mias, 127, start, end), DemoChild("Ben", "6-9", bens, 127, start, end)


def inside(descriptor: int) -> int:
    """In the sandbox: build, start, tell, wait for the end."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    host = socket.socket(fileno=descriptor)
    port = host.getsockname()[1]
    programs: list[Program] = []
    with tempfile.TemporaryDirectory(prefix="stairgate-") as temporary:
        folder = Path(temporary)
        tell("Building a home: internet, router, hub, broker, a phone, a console, two more devices, a bear …")
        network.build()
        home = LabHome(folder)
        bear = Bear(home)
        bear.plug_in()
        try:
            with contextlib.closing(TinyDbStore(home.data)) as store:
                ids = seed(store, home.home.id, zone_name(), demo_family())
                bear.belong_to(store, ids["Ben"])
            home.start_resolvers()
            home.start_broker()
            home.start_agent()
            home.start_hub(host)
            programs.append(
                Program("internet", python_module("tests.lab.internet", str(folder)), folder, "internet", speaks=True)
            )
            programs[0].wait_for("ready")
            for device, name, seconds in HABITS:
                words = python_module("tests.lab.browsing", name, str(seconds))
                programs.append(Program(f"browsing-{device}", words, folder, device))
            try:
                programs.append(bear.start())
            except FileNotFoundError as missing:
                tell(f"Ben's bear stays off: {missing}")
            code = home.claim_code()
            tell("")
            tell(f"  Open        http://127.0.0.1:{port}/")
            tell(f"  Claim code  {code}")
            tell("")
            tell("Choose a password, then tap Pause on Mia's card and watch her traffic stop.")
            tell("Ben's bear is under More → Toys: agree to what it does, open its microphone for ten minutes.")
            tell("Ctrl-C ends and removes everything.")
            wait_until("Ctrl-C", lambda: stopping.wait(0.5) or broken(home, programs), seconds=float("inf"))
        except Deadline as missed:
            tell(f"stairgate: {missed}")
        finally:
            for program in programs:
                program.stop()
            home.stop()
    if not stopping.is_set():
        tell("stairgate: a part of the home ended by itself; the lines above say which")
        return 1
    tell("Everything is stopped and removed.")
    return 0


def broken(home: LabHome, programs: Sequence[Program]) -> bool:
    """True, with the end of its log told, when a program of the home has ended by itself."""
    for program in (*programs, *(home.program(name) for name in ("hub", "broker", "agent", "resolver", "dns"))):
        if not program.is_running():
            tell(f"stairgate: {program.name} has ended:\n{program.tail()}")
            return True
    return False


def outside(port: int) -> int:
    """On the host: open the socket, then everything else in the sandbox."""
    host = socket.socket()
    host.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        host.bind(("127.0.0.1", port))
    except OSError as error:
        tell(f"stairgate: port {port} of 127.0.0.1 is not free ({error.strerror}); another one: make run PORT=8081")
        return 1
    words = [sys.executable, "-m", "tests.lab.run", "--descriptor", str(host.fileno())]
    try:
        return sandbox.run(words, keep_descriptors=[host.fileno()])
    except sandbox.NoSandbox as refused:
        tell(f"stairgate: {refused}")
        return 1


def main(arguments: Sequence[str]) -> int:
    """`python -m tests.lab.run [--port N]`."""
    parser = argparse.ArgumentParser(prog="make run", description="A home to watch in a browser.")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--descriptor", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    return outside(options.port) if options.descriptor is None else inside(options.descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
