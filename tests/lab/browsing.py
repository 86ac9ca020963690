"""A device that browses: it looks a name up and fetches a page, again and again, as somebody watching films would.

`python -m tests.lab.browsing NAME SECONDS` runs in the device's namespace until it is ended. When it gets nothing, it
tries again: no device gives up because the gate is closed.
"""

import contextlib
import sys
import threading
import urllib.request

TIMEOUT_SECONDS = 3.0


def browse(name: str, seconds: float) -> None:
    """Fetch the page of a host every so many seconds, for ever."""
    pause = threading.Event()
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{name}/", timeout=TIMEOUT_SECONDS) as page:
            page.read()
        pause.wait(seconds)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        browse(sys.argv[1], float(sys.argv[2]))
