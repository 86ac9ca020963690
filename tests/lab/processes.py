"""Programs of the lab: started in a namespace, watched by polling with a deadline, stopped for certain.

It decides how a program starts, how long one waits for it and how it ends; which programs a home needs is said by
`home`. A program that fails shows the end of its log.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tests.lab.network import enter_words

T = TypeVar("T")

DEADLINE_SECONDS = 20.0
POLL_SECONDS = 0.005
STOP_SECONDS = 5.0
LOG_TAIL_BYTES = 4000
LINES_HELD = 100_000


class Deadline(AssertionError):
    """What was waited for did not come."""


def wait_until(what: str, probe: Callable[[], T], seconds: float = DEADLINE_SECONDS) -> T:
    """Poll until the probe answers something true, and return that. Raises Deadline with `what`."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Deadline(f"waited {seconds:g} s for {what}; last answer {answer!r}")
        pause.wait(POLL_SECONDS)


RUNNING: "list[Program]" = []


def stop_all() -> None:
    """End every program that somebody left running, after a failure say."""
    while RUNNING:
        RUNNING[-1].stop()


class Program:
    """One running program. Its standard output is a queue of JSON objects when `speaks` is set, else its log."""

    def __init__(
        self,
        name: str,
        words: Sequence[str],
        folder: Path,
        namespace: str | None = None,
        speaks: bool = False,
        keep_descriptors: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        prefix = enter_words(namespace) if namespace else []
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [*prefix, *words],
                stdin=subprocess.PIPE if speaks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if speaks else log,
                stderr=log,
                pass_fds=keep_descriptors,
                # Its own group: a Ctrl-C at the terminal is for the one who runs the lab, who then stops all in order.
                start_new_session=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"} | dict(environment or {}),
            )
        RUNNING.append(self)
        self.told: queue.Queue[dict[str, Any]] = queue.Queue(LINES_HELD)
        if speaks:
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        with contextlib.suppress(ValueError), self._process.stdout:
            for line in self._process.stdout:
                self.told.put(json.loads(line))

    @property
    def pid(self) -> int:
        """Process id in the sandbox."""
        return self._process.pid

    def tail(self) -> str:
        """The end of what it wrote."""
        data = self.log.read_bytes()[-LOG_TAIL_BYTES:]
        return data.decode(errors="replace")

    def is_running(self) -> bool:
        """True while it lives."""
        return self._process.poll() is None

    def say(self, line: str) -> None:
        """Write one line to its standard input."""
        assert self._process.stdin
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def events(self) -> Iterator[dict[str, Any]]:
        """What it has told since the last call; never waits."""
        while True:
            try:
                yield self.told.get_nowait()
            except queue.Empty:
                return

    def wait_for(self, event: str, seconds: float = DEADLINE_SECONDS) -> dict[str, Any]:
        """The next object with this `event`. Raises Deadline, with the log's end."""
        end = time.monotonic() + seconds
        while True:
            try:
                told = self.told.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise Deadline(f"{self.name} did not say {event!r} in {seconds:g} s:\n{self.tail()}") from None
            if told.get("event") == event:
                return told

    def wait_end(self, seconds: float = DEADLINE_SECONDS) -> int:
        """Wait for it to end by itself; the exit status, negative for a signal. Raises Deadline."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Deadline(f"{self.name} did not end in {seconds:g} s:\n{self.tail()}") from None
        self._let_go()
        return self._process.returncode

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: no chance to clean up."""
        self._process.kill()
        self._process.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self in RUNNING:
            RUNNING.remove(self)
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def stop(self) -> int:
        """Ask it to end, insist after a while; the exit status."""
        if self.is_running():
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._let_go()
        return self._process.returncode


def python_module(module: str, *arguments: str) -> list[str]:
    """The words that run a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]
