"""The one-time code that shows that whoever claims a new hub can read its console.

Eight Crockford base32 characters (40 bits), valid for 15 minutes, five tries, one try a second; then only a
new code helps, which `stairgate claim-code` prints. The code is kept as a digest in a file of its own beside
the store, so that the command works while the hub runs. Nothing but a claim can be done with it.
"""

import argparse
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.port.atomic import read_bounded, write_atomic
from stairgate.port.clock import SystemClock

FILE_NAME = "claim.json"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": ""})
_FILE_BYTES_MAX = 512


class ClaimState(NamedTuple):
    """A code that was handed out: salted digest, when (wall, seconds), wrong tries so far."""

    salt: str
    digest: str
    made: float
    tries: int


class ClaimSlot:
    """Where the state is kept. This one forgets (the fake); `ClaimFile` is on disk."""

    def __init__(self) -> None:
        self._state: ClaimState | None = None

    def read(self) -> ClaimState | None:
        """The state, or None when no code was made or it cannot be read: a new one is needed."""
        return self._state

    def write(self, state: ClaimState) -> None:
        """Replace the state."""
        self._state = state


class ClaimFile(ClaimSlot):
    """The state in `DIRECTORY/claim.json`."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._path = directory / FILE_NAME

    def read(self) -> ClaimState | None:
        """See `ClaimSlot`."""
        try:
            held = json.loads(read_bounded(str(self._path), _FILE_BYTES_MAX))
            return ClaimState(str(held["salt"]), str(held["digest"]), float(held["made"]), int(held["tries"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, state: ClaimState) -> None:
        """See `ClaimSlot`."""
        write_atomic(str(self._path), json.dumps(state._asdict()).encode())


class ClaimCode:
    """Makes codes and checks them. `show` puts a new code on the console."""

    def __init__(self, slot: ClaimSlot, clock: Clock, show: Callable[[str], None]) -> None:
        self._slot = slot
        self._clock = clock
        self._show = show
        self._lock = threading.Lock()
        self._tried: float | None = None

    def renew(self) -> str:
        """Make and show a new code; the one before is worth nothing from now on."""
        code = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        salt = secrets.token_hex(16)
        self._slot.write(ClaimState(salt, _digest(salt, code), self._clock.wall(), 0))
        shown = f"{code[:4]}-{code[4:]}"
        self._show(shown)
        return shown

    def check(self, text: str) -> str:
        """Empty when this is the code; else a sentence that says what to do."""
        with self._lock:
            now = self._clock.monotonic()
            if self._tried is not None and now - self._tried < limits.CLAIM_SECONDS_BETWEEN_TRIES:
                return "That was too quick after the last try. Wait a second, then try again."
            self._tried = now
            state = self._slot.read()
            if state is None or not 0 <= self._clock.wall() - state.made <= limits.CLAIM_SECONDS:
                return "This code has run out. “stairgate claim-code --data DIR” on its machine makes a new one."
            if hmac.compare_digest(_digest(state.salt, _normal(text)), state.digest):
                return ""
            if state.tries + 1 >= limits.CLAIM_TRIES:
                self.renew()
                return "That was not the code, five times. A new code is on the hub’s console."
            self._slot.write(state._replace(tries=state.tries + 1))
            return "That is not the code on the hub’s console. Check each letter and try again."


def _normal(text: str) -> str:
    return text[:64].upper().translate(_READ_AS)


def _digest(salt: str, code: str) -> str:
    return hashlib.sha256(f"{salt}{code}".encode("utf-8", "replace")).hexdigest()


def main(arguments: Sequence[str]) -> int:
    """`stairgate claim-code --data DIR`: print a new one-time code for a hub that has no owner yet."""
    parser = argparse.ArgumentParser(prog="stairgate claim-code", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the data directory of the hub")
    directory: Path = parser.parse_args(arguments).data
    if not directory.is_dir():
        parser.error(f"--data: expected the data directory of a hub, got {directory}")
    ClaimCode(ClaimFile(directory), SystemClock(), lambda code: print(f"Claim code: {code}")).renew()
    print(f"Valid for {limits.CLAIM_SECONDS // 60} minutes, on the hub's page /claim, while the hub has no owner.")
    return 0
