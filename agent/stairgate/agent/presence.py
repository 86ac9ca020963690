"""Whether an agent keeps the gate of this network namespace: a name that the kernel holds for as long as it lives.

It decides nothing. The name is an abstract Unix socket: it belongs to the network namespace as the gate does, needs no
file, and is gone with the process, however that ends. It is a courtesy between our own programs, not a lock: anybody on
the machine could take it.
"""

import contextlib
import socket


def _name(table: str) -> str:
    return f"\0stairgate-agent-{table}"


def announce(table: str) -> socket.socket | None:
    """Say that this process keeps the gate in these tables, until it ends; None when another one does already."""
    mine = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        mine.bind(_name(table))
    except OSError:
        mine.close()
        return None
    return mine


def is_running(table: str) -> bool:
    """True while an agent keeps the gate in these tables."""
    tried = announce(table)
    with contextlib.closing(tried) if tried else contextlib.nullcontext():
        return tried is None
