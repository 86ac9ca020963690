"""A device of the bypass lab: it tries what it is told, many things at once, and says what it reached.

`python -m tests.lab.bypass_device NAME MAC AUTHORITY [PRIVACY STATIC STOLEN]` runs in the device's namespace. Each line
of its standard input is `{"id": number, "do": attempt, "with": {…}}`; the attempts are `bypass_attempts`' and, for
flows that are held over a change of rules, `begin`, `alive` and `drop`. It answers `{"event": "tried", "id", "reached",
"saw"}`; whatever goes wrong on the way is "not reached", with the reason.
"""

import concurrent.futures
import contextlib
import json
import sys
import threading
from typing import Any

from tests.lab.bypass_attempts import Device, Tried, Unresolved
from tests.lab.bypass_streams import Flow

AT_ONCE = 24


class Player:
    """Carries out attempts and holds flows."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._flows: dict[str, Flow] = {}

    def begin(self, key: str, kind: str, to: str, family: str = "v4") -> Tried:
        """Begin a flow and hold it."""
        self._flows[key] = Flow(kind, self._device.address(to, family))
        return True, "flows"

    def alive(self, key: str) -> Tried:
        """Whether a flow still brings anything."""
        alive = self._flows[key].alive()
        return alive, "flows" if alive else "nothing comes"

    def drop(self) -> Tried:
        """Let go of all flows."""
        for flow in self._flows.values():
            flow.end()
        self._flows.clear()
        return True, "gone"

    def attempt(self, do: str, words: dict[str, Any]) -> Tried:
        """One attempt; a refusal of any kind is "not reached"."""
        way = getattr(self if do in ("begin", "alive", "drop") else self._device, do)
        try:
            found: Tried = way(**words)
        except (OSError, EOFError, ValueError, Unresolved) as refused:
            return False, f"{type(refused).__name__}: {refused}"[:120]
        return found


def run(device: Device) -> None:
    """Until standard input ends."""
    player, printing = Player(device), threading.Lock()

    def one(line: str) -> None:
        told = json.loads(line)
        try:
            reached, saw = player.attempt(told["do"], told["with"])
        except Exception as broken:  # a row that is written wrongly must not look like a gate that holds
            reached, saw = None, f"broken attempt: {type(broken).__name__}: {broken}"
        with printing:
            print(json.dumps({"event": "tried", "id": told["id"], "reached": reached, "saw": saw}), flush=True)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        print(json.dumps({"event": "ready"}), flush=True)
        for line in sys.stdin:
            pool.submit(one, line)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        run(Device(*sys.argv[1:]))
