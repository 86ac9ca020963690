"""How the programs of the clients speak: one JSON object a line. MicroPython."""

import json
import sys

HOST, PORT, MODE = sys.argv[1], int(sys.argv[2]), sys.argv[3]
IS_PUBLISHING = MODE == "publish"
KEEPALIVE = 4
FIRST_ID = 65529  # the last packet id before the first of twelve messages
MESSAGES = 12


def tell(event: str, **more: object) -> None:
    """One line."""
    more["event"] = event
    print(json.dumps(more))


def lost(error: BaseException) -> None:
    """The client has left the connection."""
    tell("lost", why=type(error).__name__ + (" " + str(error.args[0])[:30] if error.args else ""))
