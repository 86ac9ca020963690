"""The sockets that the hub listens on: those asked for, which have to be had, and the usual ones where they are free.

It decides what the addresses on the command line and in the settings mean; what is served there is `serve`'s.
"""

import errno
import logging
import socket
from collections.abc import Sequence

from stairgate.core.settings import defaults

_log = logging.getLogger(__name__)
HTTPS_PORT = 8443


def bind(text: str) -> socket.socket:
    """A listening socket for `192.168.1.2:8080` or `[::]:8080`. Raises ValueError, OSError."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        raise ValueError(f"expected ADDRESS:PORT, got {text}")
    is_ipv6 = host.startswith("[")
    bound = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_ipv6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host.strip("[]"), int(port)))
    except OSError:
        bound.close()
        raise
    return bound


def _bind_first(text: str) -> socket.socket:
    """A socket that has to be had. Raises ValueError, OSError with the address and what to do."""
    try:
        return bind(text)
    except OSError as problem:
        if problem.errno != errno.EADDRINUSE:
            raise OSError(problem.errno, f"{text}: {problem.strerror}") from problem
        why = "another program listens there already, perhaps another hub; --listen ADDRESS:PORT chooses another port"
        raise OSError(problem.errno, f"{text}: {why}") from problem


def page_sockets(listen: Sequence[str], descriptors: Sequence[int]) -> list[socket.socket]:
    """Where the pages are: open sockets given by number, else these addresses. Raises ValueError, OSError."""
    if descriptors:
        return [socket.socket(fileno=descriptor) for descriptor in descriptors]
    sockets = [_bind_first(listen[0])]
    for text in listen[1:]:
        try:
            sockets.append(bind(text))
        except OSError:
            if tuple(listen) != defaults("hub")["listen"]:
                raise
            _log.info("no IPv6 on this machine")
    return sockets


def https_sockets(asked: Sequence[str], listen: Sequence[str], descriptors: Sequence[int]) -> list[socket.socket]:
    """Where the pages are over HTTPS. What is only the default may be somebody else's port already."""
    if asked:
        return [bind(text) for text in asked]
    sockets = []
    for text in () if descriptors else listen:
        try:
            sockets.append(bind(f"{text.rpartition(':')[0]}:{HTTPS_PORT}"))
        except OSError as problem:
            _log.warning("no HTTPS at port %d of %s: %s", HTTPS_PORT, text, problem.strerror)
    return sockets


def to_open(bound: Sequence[socket.socket], hosts: Sequence[str]) -> list[str]:
    """The addresses to type on a phone: those of the home, where every address of the machine is listened on."""
    ports = {listener.getsockname()[1] for listener in bound if listener.getsockname()[0] in ("0.0.0.0", "::")}
    return [f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/" for port in ports for host in hosts]


def shown(bound: socket.socket, scheme: str = "http") -> str:
    """The address of a page, for the console."""
    host, port = bound.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
