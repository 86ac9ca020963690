"""How many connections one device may hold, and how long it may take to ask: nobody locks the others out.

It takes the place of waitress's channel class. A connection too many is closed at once; one whose request is not
complete in time is closed by `close_overdue`, however it trickles. When all places are taken, the device that holds
most of them loses one: a laptop has as many addresses as it likes. The end of idle connections is waitress's own.
"""

import functools
import socket
import time
from collections import Counter
from collections.abc import Callable, MutableMapping
from ipaddress import ip_address, ip_network
from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]

from stairgate.hub import limits
from stairgate.hub.network import plain_address
from stairgate.hub.uploads import UploadParser

_THIS_MACHINE = ("127.0.0.1", "::1")


#: The hardware address behind a source address, None where the hub does not see it: `Network.mac_of`.
MacOf = Callable[[str], str | None]
#: The client's address behind a loopback port of the HTTPS front, None where it is not the front's.
ClientOf = Callable[[int], str | None]


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that knows since when its request is awaited (monotonic seconds), None between two requests."""

    def __init__(
        self, server: Any, connection: socket.socket, address: Any, adjustments: Any, map: Any, source: str, device: str
    ) -> None:
        super().__init__(server, connection, address, adjustments, map=map)
        self.source, self.device = source, device
        self.awaited_since: float | None = time.monotonic()

    def received(self, data: bytes) -> Any:
        before = self.request
        answer = super().received(data)
        if self.request is None:
            self.awaited_since = None
        elif self.request is not before and (before is not None or self.awaited_since is None):
            self.awaited_since = time.monotonic()
        return answer


class Connections:
    """The connections in a waitress map. Belongs to the thread of the loop."""

    def __init__(
        self, channels: MutableMapping[int, Any], mac_of: MacOf, takes_backup: Callable[[], bool] = lambda: False
    ) -> None:
        self._channels = channels
        self._mac_of = mac_of
        self._takes_backup = takes_backup

    def guard(self) -> None:
        """From now on, every listener in the map opens its connections here."""
        for entry in self._channels.values():
            if getattr(entry, "accepting", False):
                entry.channel_class = self._open

    def let_in(self, server: Any, client_of: ClientOf) -> None:
        """What this listener accepts is the HTTPS front's: it counts as its client's; anybody else's is refused."""

        def open_inner(server: Any, connection: socket.socket, address: Any, adjustments: Any, map: Any) -> None:
            client = client_of(address[1])
            if client is None:
                connection.close()
                return
            self._open(server, connection, (client, address[1]), adjustments, map)

        server.channel_class = open_inner

    def close_overdue(self, now: float) -> None:
        """Close what has taken too long to ask. `now`: monotonic seconds."""
        for channel in self._open_ones():
            since = channel.awaited_since
            seconds = limits.UPLOAD_SECONDS if _is_upload(channel) else limits.REQUEST_SECONDS
            if since is not None and now - since > seconds and not channel.requests:
                channel.handle_close()

    def _open(self, server: Any, connection: socket.socket, address: Any, adjustments: Any, map: Any) -> None:
        source = source_of(address[0], self._mac_of)
        bound = limits.CONNECTIONS_OF_THIS_MACHINE if source in _THIS_MACHINE else limits.CONNECTIONS_OF_ONE_SOURCE
        if sum(channel.source == source for channel in self._open_ones()) >= bound:
            connection.close()
            return
        self._make_room()
        device = self._mac_of(address[0]) or source
        channel = _Channel(server, connection, address, adjustments, map, source, device)
        channel.parser_class = functools.partial(UploadParser, may_upload=self._may_upload)

    def _make_room(self) -> None:
        held = self._open_ones()
        idle = [channel for channel in held if not channel.requests]
        if len(held) >= limits.CONNECTIONS_MAX and idle:
            of_device = Counter(channel.device for channel in held)
            max(idle, key=lambda channel: of_device[channel.device]).handle_close()

    def _may_upload(self) -> bool:
        """One backup at a time, and only on a hub without an owner."""
        return self._takes_backup() and not any(_is_upload(channel) for channel in self._open_ones())

    def _open_ones(self) -> list[_Channel]:
        return [entry for entry in self._channels.values() if isinstance(entry, _Channel)]


def _is_upload(channel: _Channel) -> bool:
    return bool(getattr(channel.request, "is_upload", False))


def source_of(address: str, mac_of: MacOf) -> str:
    """Whose connection it is: the IPv4 address; for IPv6 the hardware address, else the /64.

    A device picks any address of a /64, but the devices of a home share one, too.
    """
    plain = plain_address(address)
    if not plain or plain in _THIS_MACHINE or ip_address(plain).version == 4:
        return plain
    return mac_of(plain) or str(ip_network((plain, 64), strict=False))
