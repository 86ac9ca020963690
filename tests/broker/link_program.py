"""The agent's connection as a program of its own, so that it can run with another paho than the tests do.

It decides nothing: it tells what the connection does as JSON lines, and publishes what lines on its input say. Pauses
between attempts are told and cut short. Certificates that come are used, as the agent does.
"""

import json
import os
import select
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

warnings.simplefilter("error")
# Old releases use what newer Pythons warn about; a warning about our own code stays an error.
warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"paho\.")

from paho.mqtt import __version__ as paho_version  # noqa: E402

from stairgate.agent.broker_link import BrokerLink  # noqa: E402
from stairgate.agent.certificates import Certificates  # noqa: E402
from stairgate.agent.settings import read_settings  # noqa: E402

PAUSE_SECONDS = 0.02


def tell(event: str, **more: Any) -> None:
    """One line of what happened, in one piece: two threads tell."""
    os.write(sys.stdout.fileno(), json.dumps({"event": event} | more).encode() + b"\n")


class ToldPauses(threading.Event):
    """Tells how long somebody wanted to wait."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait, but not as long."""
        tell("pause", seconds=timeout)
        return super().wait(PAUSE_SECONDS)


def crashed(about: threading.ExceptHookArgs) -> None:
    """A thread of the connection must never die of an exception."""
    tell("crashed", error=repr(about.exc_value))
    os._exit(3)


def main() -> int:
    """`python -m tests.broker.link_program FOLDER`."""
    threading.excepthook = crashed
    settings = read_settings(Path(sys.argv[1]))
    link = BrokerLink(settings)
    certificates = Certificates(settings.certificate_file, settings.key_file, link)
    link._stopping = ToldPauses()
    connect = link._client.connect

    def told_connect(host: str, *more: Any) -> Any:
        try:
            result = connect(host, *more)
        except OSError as error:
            tell("attempt", host=host, error=type(error).__name__)
            raise
        tell("attempt", host=host, error="")
        return result

    link._client.connect = told_connect  # type: ignore[method-assign, assignment]
    tell("ready", paho=paho_version)
    link.start()
    while True:
        readable, _, _ = select.select([link.fileno(), sys.stdin.fileno()], [], [])
        if link.fileno() in readable:
            for arrival in link.arrivals():
                certificates.note(arrival, settings.identity)
                tell(
                    arrival.kind,
                    payload=arrival.payload.decode(),
                    length=len(arrival.payload),
                    certificate=certificates.fingerprint,
                )
        if sys.stdin.fileno() in readable:
            line = os.read(sys.stdin.fileno(), 65536).decode()
            if line.strip() in ("", "stop"):
                link.stop()
                tell("stopped")
                return 0
            link.publish("hello", line.strip().encode(), 1)


if __name__ == "__main__":
    sys.exit(main())
