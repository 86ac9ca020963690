"""What the agent must still know after a power cut: two generations of the policy, its constants, numbers, minutes.

It decides file names and how they are written (whole, or not at all); what is in them is judged again by `sync` when
they are read, for a disk is no more trusted than a network.
"""

import contextlib
import hashlib
import json
import os

from stairgate.agent.limits import (
    BOOT_ID_CHARACTERS,
    CLOCK_BYTES,
    CONSTANTS_BYTES,
    NUMBER_MAX,
    NUMBERS_BYTES,
    TRUST_FILE_BYTES,
    USE_BYTES,
)
from stairgate.core.limits import ROUTER_POLICY_BYTES
from stairgate.port.atomic import read_bounded, write_atomic


def _load(path: str, cap: int) -> bytes | None:
    try:
        return read_bounded(path, cap)
    except FileNotFoundError:
        return None


def _with_digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def _load_whole(path: str, cap: int) -> bytes | None:
    """What was written `_with_digest`, None when there is nothing or it is damaged."""
    try:
        data = _load(path, cap) or b""
    except (OSError, ValueError):
        return None
    content = data.partition(b"\n")[2]
    return content if data == _with_digest(content) else None


class State:
    """The agent's folder. Only this class writes there."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._policy = os.path.join(folder, "policy")
        self._previous = os.path.join(folder, "policy.previous")
        self._constants = os.path.join(folder, "constants")
        self._numbers = os.path.join(folder, "numbers.json")
        self._clock = os.path.join(folder, "clock")
        self._accounting = os.path.join(folder, "accounting")
        self._use = os.path.join(folder, "use")
        self._trust = os.path.join(folder, "trust")
        self._previous_trust = os.path.join(folder, "trust.previous")

    def _write(self, path: str, content: bytes) -> None:
        # Here, not at the start: an agent whose disk is read-only enforces all the same.
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        write_atomic(path, content)

    def remove_unfinished(self) -> None:
        """Remove what a process that was killed while writing left behind: a small disk has no room for it."""
        with contextlib.suppress(OSError):
            for name in os.listdir(self._folder):
                if name.endswith(".new"):
                    os.remove(os.path.join(self._folder, name))

    def load_policy(self) -> bytes | None:
        """The document saved last, None when there is none. Raises OSError, ValueError when it is too large."""
        return _load(self._policy, ROUTER_POLICY_BYTES)

    def load_previous(self) -> bytes | None:
        """The document in force before that one; otherwise as `load_policy`."""
        return _load(self._previous, ROUTER_POLICY_BYTES)

    def save_policy(self, document: bytes, previous: bytes | None = None) -> None:
        """Keep a document, and the good one it replaces. Raises OSError.

        previous: as it was enforced, never as the disk had it: a damaged file must not push a whole one out. It is
        written first, so that a power cut at any moment leaves the newest file as it was or as it will be; and only
        when the disk does not have it, for a disk that is full is tried again every few seconds.
        """
        if previous is not None and not self._has(self._previous, previous):
            self._write(self._previous, previous)
        self._write(self._policy, document)

    @staticmethod
    def _has(path: str, content: bytes) -> bool:
        try:
            return read_bounded(path, len(content)) == content
        except (OSError, ValueError):
            return False

    def load_constants(self) -> bytes | None:
        """What `save_constants` kept, None when there is nothing or it is damaged: nobody has signed it."""
        return _load_whole(self._constants, CONSTANTS_BYTES)

    def save_constants(self, content: bytes) -> None:
        """Keep what holds whatever the rules are (`sync.constant_part`). Raises OSError."""
        self._write(self._constants, _with_digest(content))

    def load_trust(self) -> tuple[bytes, ...]:
        """The trust documents that `save_trust` kept, the newest first; without those that are damaged.

        Who signed them may no longer be believed: they were judged when they came.
        """
        kept = (_load_whole(path, TRUST_FILE_BYTES) for path in (self._trust, self._previous_trust))
        return tuple(document for document in kept if document)

    def save_trust(self, document: bytes) -> None:
        """Keep an accepted trust document, and the one that it replaces. Raises OSError."""
        before = _load_whole(self._trust, TRUST_FILE_BYTES)
        if before and before != document:
            self._write(self._previous_trust, _with_digest(before))
        self._write(self._trust, _with_digest(document))

    def load_numbers(self) -> dict[str, int]:
        """Device numbers, empty when there are none or they are not readable: they are then given anew."""
        try:
            numbers = json.loads(read_bounded(self._numbers, NUMBERS_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(numbers, dict) or len(set(map(repr, numbers.values()))) < len(numbers):
            return {}
        if any(type(number) is not int or not 1 <= number <= NUMBER_MAX for number in numbers.values()):
            return {}
        return numbers

    def load_clock(self) -> bytes | None:
        """What `save_clock` kept, None when there is nothing or it is damaged."""
        return _load_whole(self._clock, CLOCK_BYTES)

    def save_clock(self, record: bytes) -> None:
        """Keep what is known of the time (`clock_trust.write_record`). Raises OSError."""
        self._write(self._clock, _with_digest(record))

    def load_use(self) -> bytes | None:
        """What `save_use` kept, None when there is nothing or it is damaged."""
        return _load_whole(self._use, USE_BYTES)

    def save_use(self, content: bytes) -> None:
        """Keep minutes of use (`use_state.write_kept`). Raises OSError."""
        self._write(self._use, _with_digest(content))

    def load_accounting(self) -> str:
        """In which start of the machine the agent had the kernel begin to count bytes; "" when it never did."""
        try:
            return read_bounded(self._accounting, BOOT_ID_CHARACTERS).decode("ascii")
        except (OSError, ValueError):
            return ""

    def save_accounting(self, boot: str) -> None:
        """Keep that, so that removal can set it back. Raises OSError."""
        self._write(self._accounting, boot.encode("ascii"))

    def save_numbers(self, numbers: dict[str, int]) -> None:
        """Keep the devices' numbers. Raises OSError."""
        self._write(self._numbers, json.dumps(numbers).encode())
