"""Faults of what a person asked for, all of them at once.

It decides only how a fault is worded: where it is, what was expected there, what was got. Finding faults is
the business of the modules that own the values.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Fault(NamedTuple):
    """One thing that is wrong. `where` names the argument, `got` quotes it."""

    where: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.got}"


class Invalid(ValueError):
    """The request cannot be carried out, and nothing was changed. `faults` holds every reason, never just
    the first.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
