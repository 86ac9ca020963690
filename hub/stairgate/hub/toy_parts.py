"""The parts of a hub that know toys, put together once.

It decides only what is made of what; `parts` holds the result beside the rest of the hub.
"""

from collections.abc import Callable
from dataclasses import dataclass

from stairgate.hub import limits
from stairgate.hub.acts import Acts
from stairgate.hub.asking_pace import AskingPace
from stairgate.hub.clock import Clock
from stairgate.hub.exchange import Exchange
from stairgate.hub.home_authority import HomeAuthority, Pages
from stairgate.hub.issue import Signer
from stairgate.hub.roster import Roster
from stairgate.hub.router_acts import RouterActs
from stairgate.hub.toy_acts import ToyActs
from stairgate.hub.toy_intake import ToyIntake
from stairgate.hub.toy_ledger import ToyLedger
from stairgate.hub.toy_pairing import ToyPairing


@dataclass(frozen=True)
class ToyParts:
    """Everything about toys that pages and the exchange share. pace: how often somebody may ask for the time."""

    pairing: ToyPairing
    acts: ToyActs
    intake: ToyIntake
    ledger: ToyLedger
    pace: AskingPace


def build_toys(
    authority: HomeAuthority,
    roster: Roster,
    acts: Acts,
    routers: RouterActs,
    home: str,
    signer: Signer,
    clock: Clock,
    ledger: ToyLedger,
    pages: Callable[[], Pages],
    exchange: Exchange,
) -> ToyParts:
    """The toy parts of one home, behind its exchange."""
    intake = ToyIntake(acts, home, signer, clock, ledger)
    exchange.from_toy, exchange.toy_hello = intake.message, intake.hello
    exchange.observers.append(intake.observed)
    pace = AskingPace(clock, limits.TIME_ASKS, limits.TIME_ASKS_SECONDS)
    pairing = ToyPairing(authority, roster, acts, routers, ledger, clock, pages)
    return ToyParts(pairing, ToyActs(roster, acts, routers, intake, ledger, clock), intake, ledger, pace)
