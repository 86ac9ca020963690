"""A connection in memory for tests: what arrives is put there, what is published is kept.

It decides nothing. The control loop never waits on it: its descriptor is always readable.
"""

import os
from pathlib import Path
from typing import NamedTuple

from stairgate.agent.broker_link import CONNECTED, REFUSED, Arrival


class Published(NamedTuple):
    """One message that the agent sent on up/<kind>."""

    kind: str
    payload: bytes
    qos: int


class FakeLink:
    """See `broker_link.Link`. published: everything sent so far; certificates: what was to be shown, in order.

    Close it after the test.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.write(self._write, b"!")
        self._waiting: list[Arrival] = []
        self.published: list[Published] = []
        self.certificates: list[Path] = []

    def close(self) -> None:
        """Free the descriptors."""
        os.close(self._read)
        os.close(self._write)

    def connect(self) -> None:
        """The broker accepts the agent."""
        self._waiting.append(Arrival(CONNECTED, b""))

    def deliver(self, kind: str, payload: bytes) -> None:
        """A message on down/<kind> arrives."""
        self._waiting.append(Arrival(kind, payload))

    def refuse(self) -> None:
        """The broker ends a connection without accepting the agent."""
        self._waiting.append(Arrival(REFUSED, b""))

    def use_certificate(self, file: Path) -> None:
        """See Link."""
        self.certificates.append(file)

    def fileno(self) -> int:
        """See Link."""
        return self._read

    def arrivals(self) -> list[Arrival]:
        """See Link."""
        taken, self._waiting = self._waiting, []
        return taken

    def publish(self, kind: str, payload: bytes, qos: int) -> None:
        """See Link."""
        self.published.append(Published(kind, payload, qos))
