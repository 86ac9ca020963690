"""Running flows in the lab: a UDP flow and a TCP connection of the phone, which go on or are cut.

It decides how "cut" is known without waiting for nothing: datagrams of the exempt tablet are sent after what is in
question, and once those have come back, the others have had their chance.
"""

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

from stairgate.agent.enforcement import Enforcement
from tests.lab.processes import wait_until
from tests.lab.wires import FAR, Wires, drained

ANY = {"v4": "0.0.0.0", "v6": "::"}  # noqa: S104
PORT, CONTROL_PORT = 8801, 8802


def source_of(server: socket.socket) -> Any:
    """Who sent the datagram that waits, None when none does."""
    with contextlib.suppress(BlockingIOError):
        return server.recvfrom(99)[1]
    return None


def forgotten_after(enforcement: Enforcement, moment: float) -> Callable[[], bool]:
    """To be asked until everything is forgotten that was due at a moment (monotonic seconds)."""

    def done() -> bool:
        enforcement.forget_ended()
        due = enforcement.next_forgetting()
        return time.monotonic() > moment and (due is None or due > moment)

    return done


class Flow:
    """A UDP flow and a TCP connection of the phone with one place."""

    def __init__(self, wires: Wires, address: str) -> None:
        self.server = wires.datagrams("internet", address, PORT)
        self.client = wires.datagrams("phone", ANY["v6" if ":" in address else "v4"])
        self.client.connect((address, PORT))
        self.client.send(b"hello")

        self.caller = wait_until("the datagram", lambda: source_of(self.server))
        self.listener = wires.listener("internet", PORT, address)
        connection = wires.connection("phone", address, PORT)
        assert connection is not None
        self.near, self.far = connection, wires.accepted(self.listener)

    def sends(self) -> None:
        """Something on each of the four ways; what is refused is refused."""
        for end in (self.client, self.far, self.near):
            with contextlib.suppress(OSError):
                end.send(b"something")
        with contextlib.suppress(OSError):
            self.server.sendto(b"something", self.caller)

    def goes_on(self) -> bool:
        """True once something has come on each of the four ways."""
        ends = (self.server, self.client, self.near, self.far)
        waiting = {id(end): end for end in ends}

        def all_ways() -> bool:
            self.sends()
            for key, end in list(waiting.items()):
                end.setblocking(False)
                if drained(end):
                    del waiting[key]
            return not waiting

        try:
            wait_until("all four ways", all_ways, seconds=5)
        except AssertionError:
            return False
        return True

    def is_cut(self, control: Callable[[], None]) -> bool:
        """True when nothing comes on any way, and the connection ends. control: waits for what must get through."""
        for end in (self.server, self.client, self.near, self.far):
            end.setblocking(False)
            drained(end)
        self.sends()
        control()
        self.sends()
        control()
        got = [*drained(self.server), *drained(self.client), *drained(self.far)]
        return not got and self.is_reset()

    def sent_is_refused(self, control: Callable[[], None]) -> bool:
        """True when nothing that the phone sends comes, and its connection ends; what is sent to it may still come."""
        for end in (self.server, self.client, self.near, self.far):
            end.setblocking(False)
            drained(end)
        for _ in range(2):
            for end in (self.client, self.near):
                with contextlib.suppress(OSError):
                    end.send(b"something")
            control()
        return not [*drained(self.server), *drained(self.far)] and self.is_reset()

    def close(self) -> None:
        """Make room for another flow with the same place."""
        for end in (self.server, self.client, self.near, self.far, self.listener):
            end.close()

    def is_reset(self) -> bool:
        """True once the phone's end of the connection has ended."""

        def ended() -> bool:
            try:
                self.near.send(b"up")
                return self.near.recv(99) == b""
            except BlockingIOError:
                return False
            except OSError:
                return True

        try:
            return wait_until("the reset", ended, seconds=5)
        except AssertionError:
            return False


def tablet_control(wires: Wires) -> Callable[[], None]:
    """Datagrams of the exempt tablet, both ways in both families: once there, so would be what was sent before."""
    pairs = []
    for family in FAR:
        server = wires.datagrams("internet", FAR[family], CONTROL_PORT)
        client = wires.datagrams("tablet", ANY[family])
        pairs.append((server, client, (FAR[family], CONTROL_PORT)))

    def there_and_back() -> None:
        for server, client, address in pairs:

            def arrived(
                server: socket.socket = server, client: socket.socket = client, to: tuple[str, int] = address
            ) -> bool:
                client.sendto(b"control", to)
                source = source_of(server)
                if source:
                    server.sendto(b"control", source)
                return bool(drained(client))

            wait_until("the tablet's datagram", arrived)

    return there_and_back
