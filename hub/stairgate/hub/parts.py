"""The hub's parts, put together once: what pages and the process share.

No globals: each app has its own parts, with its own store and clock.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from stairgate.hub.acts import Acts, Publisher
from stairgate.hub.cards import Cards
from stairgate.hub.claim_code import ClaimCode
from stairgate.hub.clock import Clock
from stairgate.hub.exchange import Exchange
from stairgate.hub.guessing import Guessing
from stairgate.hub.issue import Issued, Issuer, PolicyTooLarge, Signer
from stairgate.hub.network import Network
from stairgate.hub.parents import Parents
from stairgate.hub.reports import Agent, Reports
from stairgate.hub.sessions import Sessions
from stairgate.hub.store import Store
from stairgate.hub.traffic import Traffic

_log = logging.getLogger(__name__)


class _Sender:
    """Stands where the publisher will be until it is known: it needs the exchange, which needs the parts."""

    def __init__(self) -> None:
        self.publisher: Publisher | None = None

    def publish(self, policies: Sequence[Issued]) -> None:
        if self.publisher:
            self.publisher.publish(policies)


@dataclass(frozen=True)
class Parts:
    """Everything one hub consists of. `names`: host names it answers to besides its addresses."""

    home: str
    store: Store
    clock: Clock
    network: Network
    names: frozenset[str]
    parents: Parents
    sessions: Sessions
    claim_code: ClaimCode
    guessing: Guessing
    acts: Acts
    cards: Cards
    reports: Reports
    traffic: Traffic
    exchange: Exchange
    sender: _Sender

    def connect(self, publisher: Publisher) -> None:
        """Send policies through this from now on, and issue what the stored family needs."""
        self.sender.publisher = publisher
        try:
            self.acts.change(lambda rows: None)
        except PolicyTooLarge:
            # The pages come up all the same: only there can the family be made smaller.
            _log.exception("no policy could be issued")


def build(
    home: str,
    agents: Sequence[Agent],
    store: Store,
    signer: Signer,
    clock: Clock,
    network: Network,
    claim_code: ClaimCode,
    port: int,
    names: Sequence[str] = (),
) -> Parts:
    """The parts of a hub for one home. `port`: where its pages are; agents keep it reachable."""
    issuer = Issuer(home, [agent.id for agent in agents], signer, clock, lambda: network.reachable(port))
    reports = Reports(store, home, clock, agents)
    traffic = Traffic(clock)
    exchange = Exchange(store, issuer, signer, clock, reports, traffic)
    sender = _Sender()
    acts = Acts(store, home, clock, issuer, sender)
    exchange.reissue = lambda agent, highest: acts.change(lambda rows: None, {agent: highest})
    return Parts(
        home=home,
        store=store,
        clock=clock,
        network=network,
        names=frozenset(name.lower() for name in names),
        parents=Parents(store, home, clock),
        sessions=Sessions(store, home, clock),
        claim_code=claim_code,
        guessing=Guessing(clock),
        acts=acts,
        cards=Cards(store, clock, issuer, acts, reports, traffic),
        reports=reports,
        traffic=traffic,
        exchange=exchange,
        sender=sender,
    )
