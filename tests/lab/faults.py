"""The fault table: every row that `fault_check` tries, in its order.

A row is a name, a sentence for whoever reads the outcome, and a function that does the fault to a real home, demands
what the family was promised meanwhile, takes the fault away and returns how often it really took place. Rows live
with the part of the home that they break; `fault_check` demands afterwards that all is well again.
"""

from collections.abc import Callable
from typing import NamedTuple

from tests.lab import faults_clock, faults_disk, faults_filter, faults_kernel, faults_link, faults_people
from tests.lab.fault_home import FaultHome


class Row(NamedTuple):
    """One fault. run: does it to the home; returns a count of what was broken, 0 when nothing was."""

    name: str
    sentence: str
    run: Callable[[FaultHome], int]


def _row(run: Callable[[FaultHome], int]) -> Row:
    return Row(run.__name__.replace("_", "-"), (run.__doc__ or "").split("\n")[0], run)


PARTS = (faults_link, faults_people, faults_disk, faults_kernel, faults_clock, faults_filter)
# The hundred come last: every later row would have them to show.
ROWS = tuple(_row(run) for part in PARTS for run in part.FAULTS) + (_row(faults_kernel.hundred_devices),)
