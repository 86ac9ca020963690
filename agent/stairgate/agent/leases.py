"""DHCP leases as witnesses: dnsmasq's file and odhcpd's answer on ubus, both read as hostile text.

It decides which lines and members are leases and gives up on anything else; names come from the devices themselves and
are cleaned by `discovery`. A router has one of the two servers, both or none: that none is there is no fault. Formats:
dnsmasq's `lease_update_file`, odhcpd's `src/ubus.c`.
"""

import json
import os
import subprocess
from collections.abc import Iterable
from typing import Any

from stairgate.agent.discovery import DNSMASQ, ODHCPD, Sighting
from stairgate.agent.limits import (
    LEASE_FILE_BYTES,
    LEASE_LINE_BYTES,
    UBUS_BYTES,
    UBUS_SECONDS,
)
from stairgate.core.fields import DIGITS, HEX, is_ipv4, is_mac, is_made_of


def read_dnsmasq(data: bytes) -> list[Sighting]:
    """The IPv4 leases in dnsmasq's file: lines `expiry MAC address name client-id`, the name `*` when there is none.

    A last line without its newline is half a line; IPv6 leases carry no MAC address.
    """
    found = []
    for line in data.split(b"\n")[:-1]:
        words = line.decode(errors="replace").split(" ") if len(line) <= LEASE_LINE_BYTES else []
        if len(words) == 5 and is_made_of(words[0], DIGITS, 1, 20) and is_mac(words[1]) and is_ipv4(words[2]):
            found.append(Sighting(words[1], words[2], "" if words[3] == "*" else words[3], DNSMASQ))
    return found


def read_odhcpd(data: bytes, interfaces: Iterable[str]) -> list[Sighting]:
    """The leases in the answer of `ubus call dhcp ipv4leases`, of these interfaces."""
    try:
        devices = json.loads(data)["device"]
        leases = [lease for name in interfaces for lease in devices.get(name, {}).get("leases", [])]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
    found = []
    for lease in leases:
        sighting = _read_lease(lease)
        if sighting:
            found.append(sighting)
    return found


def _read_lease(lease: Any) -> Sighting | None:
    if not isinstance(lease, dict):
        return None
    digits, address, hostname = lease.get("mac"), lease.get("address"), lease.get("hostname", "")
    if not is_made_of(digits, HEX, 12, 12) or not is_ipv4(address):
        return None
    mac = bytes.fromhex(str(digits)).hex(":")
    return Sighting(mac, str(address), hostname if isinstance(hostname, str) else "", ODHCPD)


class LeaseFile:
    """dnsmasq's lease file at a path; it need not exist."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read: tuple[int, ...] | None = None

    def news(self) -> list[Sighting]:
        """All leases when the file has changed since the last call, otherwise none."""
        before = self._stamp()
        if before is None or before == self._read:
            return []
        try:
            # A FIFO put there must not hold up the agent.
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                data = file.read(LEASE_FILE_BYTES)
        except OSError:
            return []
        # dnsmasq writes in place: what it changed meanwhile is read when it has finished.
        if self._stamp() != before:
            return []
        self._read = before
        return read_dnsmasq(data or b"")

    def _stamp(self) -> tuple[int, ...] | None:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class OdhcpdLeases:
    """odhcpd's leases, asked for with the program `ubus` without waiting for it. interfaces: names of the LAN's."""

    def __init__(self, interfaces: Iterable[str]) -> None:
        self._interfaces = tuple(interfaces)
        self._running: subprocess.Popen[bytes] | None = None
        self._answer = b""
        self._deadline = 0.0

    def close(self) -> None:
        """End a question that is still open."""
        self._give_up()

    def ask(self, now: float) -> None:
        """Begin a question, unless one is open. now: monotonic seconds."""
        if self._running:
            return
        try:
            self._running = subprocess.Popen(
                ["ubus", "-t", str(int(UBUS_SECONDS)), "call", "dhcp", "ipv4leases"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:  # no such program: no OpenWrt
            return
        assert self._running.stdout is not None
        os.set_blocking(self._running.stdout.fileno(), False)
        self._answer, self._deadline = b"", now + UBUS_SECONDS

    def news(self, now: float) -> list[Sighting]:
        """The answer when it has come whole, otherwise none; never waits. Too late or too long, it is dropped."""
        if self._running is None or self._running.stdout is None:
            return []
        ended = self._running.poll() is not None
        try:
            while chunk := os.read(self._running.stdout.fileno(), 65536):
                self._answer += chunk
                if len(self._answer) > UBUS_BYTES:
                    self._give_up()
                    return []
        except BlockingIOError:  # more may come; a child of a program that has ended may hold the pipe
            if not ended:
                if now >= self._deadline:
                    self._give_up()
                return []
        if not ended:
            # The pipe is closed: the program is about to end.
            if now >= self._deadline:
                self._give_up()
            return []
        status, answer = self._running.returncode, self._answer
        self._give_up()
        return read_odhcpd(answer, self._interfaces) if status == 0 else []

    def _give_up(self) -> None:
        if self._running:
            self._running.kill()
            self._running.wait()
            if self._running.stdout:
                self._running.stdout.close()
        self._running, self._answer = None, b""
