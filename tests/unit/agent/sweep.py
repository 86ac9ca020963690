"""Failures injected one call after the other: calls that reach kernel, disk or broker are counted, one goes wrong.

It decides only how a call goes wrong: refused with the error that its kind of call has, or the process is gone, just
before the call took effect, just after it, or with a file half written.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest

from stairgate.agent.netlink import KernelRefused
from stairgate.port import atomic
from tests.unit.agent.router import Router

MODES = ("refused", "killed before", "killed after")
KERNEL_CALLS = ("load", "rules", "elements", "commit", "forget", "flows")


class Killed(BaseException):
    """The process is gone: no handler of the product's may see this."""


class Sweep:
    """Counts calls while armed. at: the call that goes wrong; seen: the names of all calls so far."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.armed, self.at, self.mode = False, -1, ""
        self.seen: list[str] = []
        monkeypatch.setattr(atomic, "os", _CountedOs(self))
        monkeypatch.setattr(atomic, "open", self._open, raising=False)

    def arm(self, at: int, mode: str) -> None:
        """From now on the call with this index goes wrong, once."""
        self.armed, self.at, self.mode = True, at, mode
        self.seen = []

    def hit(self) -> bool:
        """True when that call has come."""
        return len(self.seen) > self.at

    def call(self, name: str, action: Callable[[], Any], error: Exception) -> Any:
        """Make a call, or what becomes of it."""
        if not self.armed:
            return action()
        self.seen.append(name)
        if len(self.seen) - 1 != self.at:
            return action()
        if self.mode == "refused":
            raise error
        if self.mode == "killed after":
            action()
        self.armed = False
        raise Killed(name)

    def wrap(self, router: Router) -> None:
        """Count the calls of this router's kernel and link, and what its new process loads."""
        for name in KERNEL_CALLS:
            self._wrap(router.kernel, name, KernelRefused("ENOMEM", name))
        for name in ("publish", "arrivals"):
            self._wrap(router.link, name, None)

    def _wrap(self, target: object, name: str, error: Exception | None) -> None:
        original = getattr(type(target), name).__get__(target)

        def counted(*given: Any, **named: Any) -> Any:
            if error is None and self.mode == "refused":
                return original(*given, **named)
            return self.call(name, lambda: original(*given, **named), error or RuntimeError(name))

        setattr(target, name, counted)

    def _open(self, file: Any, mode: str) -> Any:
        opened = open(file, mode)  # noqa: SIM115 — write_atomic closes it
        return _CountedFile(self, opened) if "w" in mode else opened


class _CountedFile:
    """A file whose write may go wrong: refused, or with half of it on the disk when the process goes."""

    def __init__(self, sweep: Sweep, file: Any) -> None:
        self._sweep, self._file = sweep, file

    def __enter__(self) -> "_CountedFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        sweep = self._sweep
        half = sweep.armed and len(sweep.seen) == sweep.at and sweep.mode == "killed after"
        sweep.call("write", lambda: self._file.write(data[: len(data) // 2] if half else data), full_disk())

    def flush(self) -> None:
        self._file.flush()

    def fileno(self) -> int:
        number: int = self._file.fileno()
        return number


class _CountedOs:
    """The module `os` with the calls that change a disk counted."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    def __getattr__(self, name: str) -> Any:
        original = getattr(os, name)
        if name not in ("open", "fsync", "rename"):
            return original
        return lambda *given: self._sweep.call(name, lambda: original(*given), full_disk())


def full_disk() -> OSError:
    """What a full disk says."""
    return OSError(28, "No space left on device")
