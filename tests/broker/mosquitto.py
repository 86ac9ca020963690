"""A real Mosquitto, started with the settings of a home and ended again.

It decides when the broker answers and shows what it said; which settings it gets is the test's business.
"""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

DEADLINE_SECONDS = 20.0
LOOPBACK = "127.0.0.1"


def find_mosquitto() -> str:
    """The program's path. Fails with a sentence when it is not installed: these tests are never skipped."""
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    program = shutil.which("mosquitto", path=places)
    assert program is not None, "expected the program mosquitto (Debian package mosquitto), found none"
    return program


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        return port


class Mosquitto:
    """One broker process, reading `configuration`, listening on `hosts`; its log goes to `log`."""

    def __init__(self, configuration: Path, hosts: Sequence[str], port: int, log: Path) -> None:
        self.hosts = hosts
        self.port = port
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [find_mosquitto(), "-c", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def wait_until_it_answers(self) -> None:
        """Return when the port is open on every address; Mosquitto opens them one after the other.

        And when it has a handler for SIGHUP, which comes later: until then that signal ends it.
        """
        deadline = time.monotonic() + DEADLINE_SECONDS
        waiting = list(self.hosts)
        while waiting and time.monotonic() < deadline:
            status = self.process.poll()
            assert status is None, f"mosquitto ended with status {status}:\n{self.log_text()}"
            try:
                with socket.create_connection((waiting[0], self.port), timeout=1):
                    waiting.pop(0)
            except OSError:
                # Waits for the end of the process for a moment: the poll's pause, and no longer than needed.
                try:
                    self.process.wait(0.02)
                except subprocess.TimeoutExpired:
                    continue
        while not self._takes_hangups() and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        assert not waiting, f"mosquitto does not answer on {waiting}, port {self.port}:\n{self.log_text()}"

    def _takes_hangups(self) -> bool:
        """Whether it catches SIGHUP, by the kernel's word (proc(5), SigCgt)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
        return bool(int(caught, 16) >> (signal.SIGHUP - 1) & 1)

    def log_text(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        """End this process, and no other."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(DEADLINE_SECONDS)
