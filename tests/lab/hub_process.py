"""The hub as the lab runs it: the product's own server, with the lab's clock and sockets made by the lab.

`python -m tests.lab.hub_process HOME/hub DATA CLOCK [DESCRIPTOR]` listens on ports 8080 and 8443 of its namespace and,
when a descriptor is given, on that socket as well: it may belong to another namespace, as the host's loopback does.
"""

import logging
import signal
import socket
import sys
import threading
from ipaddress import ip_address, ip_network
from pathlib import Path

from stairgate.hub import limits, public_http
from stairgate.hub.listening import bind
from stairgate.hub.serve import serve_directories
from tests.lab.lab_clock import LabClock, keepalive

#: The lab's internet. Of IPv6 its home has addresses in there, as homes do.
INTERNET = (ip_network("203.0.113.0/24"), ip_network("2001:db8::/32"))


def is_public(address: str) -> bool:
    """Whether an address is of the lab's internet, whose addresses are those of documents."""
    return any(ip_address(address) in network for network in INTERNET)


def run(directory: Path, data: Path, clock_file: Path, descriptors: list[int]) -> None:
    """Serve until SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    sockets = [bind("0.0.0.0:8080"), bind("[::]:8080"), *(socket.socket(fileno=number) for number in descriptors)]
    serve_directories(
        directory,
        data,
        LabClock(clock_file),
        sockets,
        ended,
        lambda line: print(line, flush=True),
        https=[bind("0.0.0.0:8443")],
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    limits.KEEPALIVE_SECONDS = keepalive(limits.KEEPALIVE_SECONDS)
    public_http.is_public = is_public
    run(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), [int(word) for word in sys.argv[4:]])
