"""What the DNS comparison must show: each figure's name, unit and aim, and which aims were missed.

It decides only from figures; measuring is `dns_bench`'s part. A figure that could not be measured is `missing` and
meets no aim.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple


class Figure(NamedTuple):
    """A measured value, None when it is missing."""

    name: str
    value: float | None
    unit: str

    def line(self) -> str:
        """As a JSON line."""
        if self.value is None:
            return json.dumps({"figure": self.name, "value": None, "unit": "missing"})
        return json.dumps({"figure": self.name, "value": round(self.value, 3), "unit": self.unit})


class Aim(NamedTuple):
    """A limit: the figure is to be at least, or else at most, this much."""

    figure: str
    limit: float
    at_least: bool

    def is_met(self, value: float) -> bool:
        """Whether this value will do."""
        return value >= self.limit if self.at_least else value <= self.limit

    def words(self, value: float) -> str:
        """For the one who reads what was missed."""
        return f"{self.figure}: expected at {'least' if self.at_least else 'most'} {self.limit:g}, got {value:.2f}"


# Per CPU second, a million names. Without a number at the end dnsmasq runs four times, once for each person.
AIMS = (
    Aim("dns_vs_dnsmasq", 4.0, True),
    Aim("dns_vs_dnsmasq_blocked", 6.0, True),
    Aim("dns_vs_dnsmasq_1", 4.0, True),
    Aim("dns_vs_dnsmasq_1_blocked", 6.0, True),
    Aim("dns_vs_unbound_cpu", 1.5, False),
    Aim("table_bytes", 5_500_000, False),
    Aim("filter_pss_mb", 30.0, False),
    Aim("reload_lost", 0.0, False),
)
# These hold for a list of any size.
AIMS_OF_ANY_SIZE = tuple(aim for aim in AIMS if aim.figure in ("filter_pss_mb", "reload_lost"))


def judged(figures: Mapping[str, Figure], aims: tuple[Aim, ...] = AIMS) -> tuple[list[str], list[str]]:
    """(aims missed, in words; figures that are missing)."""
    missed, missing = [], []
    for aim in aims:
        found = figures.get(aim.figure)
        if found is None or found.value is None:
            missing.append(aim.figure)
        elif not aim.is_met(found.value):
            missed.append(aim.words(found.value))
    return missed, missing


def ratio(above: float | None, below: float | None) -> float | None:
    """One figure over another, None when either is missing."""
    return above / below if above is not None and below else None
