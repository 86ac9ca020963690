"""What the hub's store and history cost: seconds for each act at several sizes, as JSON lines. Nothing is asserted.

`python -m tests.bench.store_bench [DIRECTORY]`; the directory decides which disk is measured.
"""

import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stairgate.core.messages import Usage
from stairgate.hub.clock import ManualClock
from stairgate.hub.history import History
from stairgate.hub.memory_store import MemoryStore
from stairgate.hub.sealed_file import seal, unseal
from stairgate.hub.store import Store
from stairgate.hub.tinydb_store import TinyDbStore

HOME = "hhome"
ROUNDS = 60


def measure(what: str, act: Callable[[int], object], rounds: int = ROUNDS, **facts: object) -> None:
    """Print median and 99th percentile of `act` in milliseconds."""
    times = []
    for number in range(rounds):
        begun = time.perf_counter()
        act(number)
        times.append((time.perf_counter() - begun) * 1000)
    times.sort()
    figures = {"median_ms": round(statistics.median(times), 3), "p99_ms": round(times[int(0.99 * (rounds - 1))], 3)}
    print(json.dumps({"bench": what, **facts, **figures, "rounds": rounds}), flush=True)


def store_figures(name: str, store: Store, rows: int) -> None:
    """Acts on a collection of this many rows."""
    with store.transaction(HOME) as transaction:
        for number in range(rows):
            document = {"name": f"device {number}", "macs": [f"m{number}"], "persons": ["p1"], "kind": "phone"}
            transaction.put("devices", f"d{number:05}", document)

    def update(number: int) -> None:
        with store.transaction(HOME) as transaction:
            transaction.put("devices", f"d{number:05}", {"name": str(number), "macs": [], "persons": []})

    def read(number: int) -> None:
        with store.transaction(HOME) as transaction:
            transaction.get("devices", f"d{number:05}")

    def find(number: int) -> None:
        with store.transaction(HOME) as transaction:
            transaction.find("devices", "macs", f"m{number}")

    for what, act in (("update", update), ("get", read), ("find", find)):
        measure(f"store_{what}", act, store=name, rows=rows)

    def sixteen(number: int) -> None:
        threads = [threading.Thread(target=update, args=(place,)) for place in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    measure("store_update_by_16_threads", sixteen, 10, store=name, rows=rows)


def history_figures(directory: Path) -> None:
    """A year of usage of twenty devices (kept: thirty days of it), and a full event log."""
    clock = ManualClock(1786118400.0)
    history = History(directory / "history.sqlite", clock)
    devices = [f"d{number}" for number in range(20)]
    begun = time.perf_counter()
    for day in range(365):
        counts = tuple((device, day * 10**9, day * 10**8) for device in devices)
        history.usage(Usage("m", 0, "r1", counts, ()), set(devices))
        for _ in range(30):
            history.event("child.pause", person="p1", by="owner", minutes=15)
        history.write()
        clock.advance(86400)
    size = (directory / "history.sqlite").stat().st_size
    seconds = round(time.perf_counter() - begun, 3)
    print(json.dumps({"bench": "history_year_written", "seconds": seconds, "file_bytes": size}), flush=True)
    measure("history_events_shown", lambda number: history.events())
    measure("history_week_shown", lambda number: history.days(set(devices), 7))

    def write(number: int) -> None:
        history.event("child.pause", person="p1")
        history.write()

    measure("history_write", write)
    history.close()


def main(arguments: Sequence[str]) -> int:
    """Measure everything."""
    with tempfile.TemporaryDirectory(dir=arguments[0] if arguments else None) as temporary:
        directory = Path(temporary)
        for rows in (100, 1000, 2000):
            store_figures("memory", MemoryStore(), rows)
            store = TinyDbStore(directory / str(rows))
            store_figures("tinydb", store, rows)
            store.close()
        history_figures(directory)
    content = bytes(2**20)
    sealed = seal(content, "four green owls at dusk")
    measure("backup_seal_1_mb", lambda number: seal(content, "four green owls at dusk"), 5)
    measure("backup_unseal_1_mb", lambda number: unseal(sealed, "four green owls at dusk"), 5)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
