"""A child process in the filter's place, which behaves as it is told: `python filter_child.py MODE LOG --channel FD`.

It appends a JSON line to LOG for its start and for each frame it takes. good: answers. mute: takes frames, says
nothing. later: answers the first only. deaf: reads nothing, and does not end by itself. slow: as good, but reads the
second frame only once LOG.go is there. dying: ends at once. babbling, garbled: says what no filter says.
"""

import hashlib
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path


def note(**what: object) -> None:
    """One line of the log, in one piece."""
    with open(sys.argv[2], "a", encoding="ascii") as log:
        log.write(json.dumps({"pid": os.getpid(), **what}) + "\n")


def exactly(channel: socket.socket, count: int) -> bytes:
    """So many bytes; ends the process when the channel ends."""
    data = b""
    while len(data) < count:
        chunk = channel.recv(min(4096, count - len(data)))
        if not chunk:
            sys.exit(0)
        data += chunk
    return data


def main() -> None:
    """See above."""
    mode = sys.argv[1]
    channel = socket.socket(fileno=int(sys.argv[sys.argv.index("--channel") + 1]))
    note(event="start", environment=sorted(os.environ), descriptors=sorted(map(int, os.listdir("/proc/self/fd")))[:-1])
    if mode == "dying":
        sys.exit(3)
    if mode == "deaf":
        signal.pause()
    if mode == "babbling":
        channel.sendall((1 << 30).to_bytes(4, "big") + b"x" * 2000)
    if mode == "garbled":
        channel.sendall((2).to_bytes(4, "big") + b"{]")
    taken = 0
    while True:
        length = int.from_bytes(exactly(channel, 4), "big")
        while mode == "slow" and taken == 1 and not Path(sys.argv[2] + ".go").exists():
            time.sleep(0.005)  # nobody tells a program in another's place when to go on
        content = exactly(channel, length)
        taken += 1
        note(event="frame", sha256=hashlib.sha256(content).hexdigest())
        if mode in ("good", "slow") or (mode == "later" and taken == 1):
            said = json.dumps({"v": 1, "state": "serving", "revision": taken, "pack": ""}).encode()
            channel.sendall(len(said).to_bytes(4, "big") + said)


if __name__ == "__main__":
    main()
