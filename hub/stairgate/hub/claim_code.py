"""One-time codes that show that whoever asks can read the hub's console: to claim it, or to set a new password.

Eight Crockford base32 characters (40 bits), valid for 15 minutes, five tries, one try a second; then only a
new code helps, which `stairgate claim-code` or `stairgate reset-password` prints. Each is kept as a digest in a file
of its own beside the store, so that the commands work while the hub runs; a code of one purpose is worth nothing for
the other.
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
from stairgate.hub.language import _
from stairgate.port.atomic import read_bounded, write_atomic
from stairgate.port.clock import SystemClock

FILE_NAME = "claim.json"
RESET_FILE_NAME = "reset.json"
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

    def clear(self) -> None:
        """Forget the state: the code is worth nothing from now on."""
        self._state = None


class ClaimFile(ClaimSlot):
    """The state in a file of its own: `DIRECTORY/claim.json`, or another name for another purpose."""

    def __init__(self, directory: Path, name: str = FILE_NAME) -> None:
        super().__init__()
        self._path = directory / name

    def read(self) -> ClaimState | None:
        """See `ClaimSlot`."""
        try:
            held = json.loads(read_bounded(str(self._path), _FILE_BYTES_MAX))
            return ClaimState(str(held["salt"]), str(held["digest"]), float(held["made"]), int(held["tries"]))
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return None

    def write(self, state: ClaimState) -> None:
        """See `ClaimSlot`."""
        write_atomic(str(self._path), json.dumps(state._asdict()).encode())

    def clear(self) -> None:
        """See `ClaimSlot`."""
        self._path.unlink(missing_ok=True)


class ClaimCode:
    """Makes codes and checks them.

    `show` puts a new code on the console. `command` is what makes one there; with `renews` the fifth wrong try makes
    one as well, without it the code is only gone.
    """

    def __init__(
        self,
        slot: ClaimSlot,
        clock: Clock,
        show: Callable[[str], None],
        command: str = "claim-code",
        renews: bool = True,
    ) -> None:
        self._slot = slot
        self._clock = clock
        self._show = show
        self._command = command
        self._renews = renews
        self._lock = threading.Lock()
        self._tried: float | None = None

    def renew(self) -> str:
        """Make and show a new code; the one before is worth nothing from now on."""
        code = new_code()
        salt = secrets.token_hex(16)
        self._slot.write(ClaimState(salt, _digest(salt, code), self._clock.wall(), 0))
        shown = f"{code[:4]}-{code[4:]}"
        self._show(shown)
        return shown

    def is_open(self) -> bool:
        """True while there is a code that has not run out."""
        return self._is_valid(self._slot.read())

    def clear(self) -> None:
        """The code has been used."""
        self._slot.clear()

    def _is_valid(self, state: ClaimState | None) -> bool:
        return state is not None and 0 <= self._clock.wall() - state.made <= limits.CLAIM_SECONDS

    def check(self, text: str) -> str:
        """Empty when this is the code; else a sentence that says what to do."""
        with self._lock:
            now = self._clock.monotonic()
            if self._tried is not None and now - self._tried < limits.CLAIM_SECONDS_BETWEEN_TRIES:
                return _("That was too quick after the last try. Wait a second, then try again.")
            self._tried = now
            state = self._slot.read()
            if state is None or not self._is_valid(state):
                text = _("This code has run out. “stairgate {command} --data DIR” on its machine makes a new one.")
                return text.format(command=self._command)
            if hmac.compare_digest(_digest(state.salt, read_code(text)), state.digest):
                return ""
            if state.tries + 1 >= limits.CLAIM_TRIES and not self._renews:
                self._slot.clear()
                text = _("That was not the code, five times. “stairgate {command} --data DIR” makes a new one.")
                return text.format(command=self._command)
            if state.tries + 1 >= limits.CLAIM_TRIES:
                self.renew()
                return _("That was not the code, five times. A new code is on the hub’s console.")
            self._slot.write(state._replace(tries=state.tries + 1))
            return _("That is not the code on the hub’s console. Check each letter and try again.")


def new_code() -> str:
    """Eight random characters, 40 bits."""
    return "".join(secrets.choice(_ALPHABET) for _place in range(8))


def read_code(text: str) -> str:
    """What was typed, as a code is compared: upper case, no hyphens, what is easily misread as it was meant."""
    return text[:64].upper().translate(_READ_AS)


def _digest(salt: str, code: str) -> str:
    return hashlib.sha256(f"{salt}{code}".encode("utf-8", "replace")).hexdigest()


def reset_code(slot: ClaimSlot, clock: Clock, show: Callable[[str], None] = print) -> ClaimCode:
    """The code with which a forgotten password is set anew."""
    return ClaimCode(slot, clock, show, "reset-password", renews=False)


def main(arguments: Sequence[str]) -> int:
    """`stairgate claim-code --data DIR`: print a new one-time code for a hub that has no owner yet."""
    directory = _directory("claim-code", main.__doc__, arguments)
    ClaimCode(ClaimFile(directory), SystemClock(), lambda code: print(f"Claim code: {code}")).renew()
    print(f"Valid for {limits.CLAIM_SECONDS // 60} minutes, on the hub's page /claim, while the hub has no owner.")
    print("An owner who forgot the password needs another one: stairgate reset-password.")
    return 0


def reset_main(arguments: Sequence[str]) -> int:
    """`stairgate reset-password --data DIR`: print a one-time code for a new password of the owner."""
    directory = _directory("reset-password", reset_main.__doc__, arguments)
    slot = ClaimFile(directory, RESET_FILE_NAME)
    reset_code(slot, SystemClock(), lambda code: print(f"Code for a new password: {code}")).renew()
    print("It is for the owner's account: where there are several owners, the one that has been here longest.")
    print(
        f"Valid for {limits.CLAIM_SECONDS // 60} minutes, on the hub's page /claim. Every browser is signed out then,"
    )
    print("and for a week every parent is told that the password was set at this console.")
    return 0


def _directory(command: str, description: str | None, arguments: Sequence[str]) -> Path:
    parser = argparse.ArgumentParser(prog=f"stairgate {command}", description=description)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the data directory of the hub")
    directory: Path = parser.parse_args(arguments).data
    if not directory.is_dir():
        parser.error(f"--data: expected the data directory of a hub, got {directory}")
    return directory
