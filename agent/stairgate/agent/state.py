"""What the agent must still know after a power cut: the last good policy, and the devices' numbers.

It decides file names and how they are written (whole, or not at all); what is in them is judged again by `sync` when
they are read, for a disk is no more trusted than a network.
"""

import json
import os

from stairgate.agent.grants import NUMBER_MAX
from stairgate.core.limits import ROUTER_POLICY_BYTES
from stairgate.port.atomic import read_bounded, write_atomic

NUMBERS_BYTES = 65536


class State:
    """The agent's folder. Only this class writes there."""

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._policy = os.path.join(folder, "policy")
        self._numbers = os.path.join(folder, "numbers.json")

    def load_policy(self) -> bytes | None:
        """The document saved last, None when there is none. Raises OSError, ValueError when it is too large."""
        try:
            return read_bounded(self._policy, ROUTER_POLICY_BYTES)
        except FileNotFoundError:
            return None

    def save_policy(self, document: bytes) -> None:
        """Keep a document; after a power cut either it or the one before is there. Raises OSError."""
        write_atomic(self._policy, document)

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

    def save_numbers(self, numbers: dict[str, int]) -> None:
        """Keep the devices' numbers. Raises OSError."""
        write_atomic(self._numbers, json.dumps(numbers).encode())
