"""The filter's process as a part of tests and benchmarks: started with a channel, told policies, asked by its socket.

It decides only how the process is started and spoken to. On loopback it takes `clients`, a table of addresses and MAC
addresses, in place of the kernel's neighbour table.
"""

import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lab.processes import DEADLINE_SECONDS, Program, python_module

_LENGTH = 4


class DnsProcess:
    """One running filter. resolvers: ADDRESS or ADDRESS#PORT. namespace: of the lab, None for this one's loopback."""

    def __init__(
        self,
        folder: Path,
        resolvers: Sequence[str],
        clients: Mapping[str, str] | None = None,
        namespace: str | None = None,
        lan: Sequence[str] = ("lo",),
        port: int = 5335,
        probe_port: int = 5380,
    ) -> None:
        self.port, self.probe_port = port, probe_port
        ours, theirs = socket.socketpair()
        words = [*("--channel", str(theirs.fileno())), "--lan", *lan, "--resolver", *resolvers]
        words += ["--port", str(port), "--probe-port", str(probe_port)]
        if clients is not None:
            known = folder / "clients.json"
            known.write_text(json.dumps(dict(clients)), encoding="utf-8")
            words += ["--clients", str(known)]
        with theirs:
            self.program = Program(
                "filter",
                python_module("stairgate.agent.dns", *words),
                folder,
                namespace,
                keep_descriptors=[theirs.fileno()],
            )
        self._channel = ours
        self._channel.settimeout(DEADLINE_SECONDS)

    def tell(self, policy: bytes, levels: Mapping[str, str], pack: str = "") -> dict[str, Any]:
        """A policy's body, the level of each device, and the path of the pack; what the process says when it holds."""
        head = json.dumps({"v": 1, "levels": dict(levels), "pack": pack}).encode()
        return self.tell_frame(head + b"\n" + policy)

    def tell_frame(self, frame: bytes) -> dict[str, Any]:
        """Any frame."""
        self._channel.sendall(len(frame).to_bytes(_LENGTH, "big") + frame)
        size = int.from_bytes(self._exactly(_LENGTH), "big")
        said: dict[str, Any] = json.loads(self._exactly(size))
        return said

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = self._channel.recv(count - len(data))
            if not chunk:
                raise AssertionError(f"the filter ended:\n{self.program.tail()}")
            data += chunk
        return data

    def stop(self) -> int:
        """Close the channel, which ends the process; its exit status."""
        self._channel.close()
        return self.program.wait_end()
