"""One transaction at a time, and a clear error where a thread would wait for itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turn:
    """A lock that refuses its own holder with RuntimeError, where a plain lock would wait for ever."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold the turn for the block."""
        if self._holder == threading.get_ident():
            raise RuntimeError("transaction inside a transaction: expected the outer one to end first")
        with self._lock:
            self._holder = threading.get_ident()
            try:
                yield
            finally:
                self._holder = None
