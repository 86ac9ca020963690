"""The hub's parts, put together once: what pages and the process share.

No globals: each app has its own parts, with its own store and clock.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from stairgate.core.limits import HOSTS
from stairgate.hub.acts import Acts, Publisher
from stairgate.hub.agreed import counted_people
from stairgate.hub.alarms import Alarms
from stairgate.hub.asking_pace import AskingPace
from stairgate.hub.asking_parts import AskingParts, build_asking
from stairgate.hub.cards import Cards
from stairgate.hub.claim_code import ClaimCode
from stairgate.hub.clock import Clock
from stairgate.hub.credentials import Credentials
from stairgate.hub.delivery import Outgoing
from stairgate.hub.device_parts import DeviceParts, build_devices
from stairgate.hub.exchange import Exchange
from stairgate.hub.family import read_family
from stairgate.hub.growing_acts import Growing
from stairgate.hub.guessing import Guessing
from stairgate.hub.home_authority import HomeAuthority, Pages
from stairgate.hub.https_offer import HttpsOffer
from stairgate.hub.invitations import Invitations
from stairgate.hub.issue import Issued, Issuer, PolicyTooLarge, Signer
from stairgate.hub.keeping import Keeping, in_memory
from stairgate.hub.list_parts import ListParts, build_lists
from stairgate.hub.network import Network
from stairgate.hub.notices import Notices
from stairgate.hub.packs import PackShelf
from stairgate.hub.page_look import PageLooks
from stairgate.hub.pairing import Pairing
from stairgate.hub.parents import Parents
from stairgate.hub.public_http import PublicHttp, outside_of
from stairgate.hub.removal import Removal
from stairgate.hub.reports import Reports
from stairgate.hub.roster import Roster
from stairgate.hub.router_acts import RouterActs
from stairgate.hub.sessions import Sessions
from stairgate.hub.source_fetch import Fetcher
from stairgate.hub.store import Store, StoreError
from stairgate.hub.toy_parts import ToyParts, build_toys
from stairgate.hub.traffic import Traffic
from stairgate.hub.use_today import UseToday

_log = logging.getLogger(__name__)


class _Sender:
    """Stands where the publisher will be until it is known: it needs the exchange, which needs the parts."""

    def __init__(self) -> None:
        self.publisher: Publisher | None = None

    def publish(self, policies: Sequence[Issued]) -> None:
        if self.publisher:
            self.publisher.publish(policies)

    def tell(self, messages: Sequence[Outgoing]) -> None:
        if self.publisher:
            self.publisher.tell(messages)


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
    invitations: Invitations
    claim_code: ClaimCode
    guessing: Guessing
    acts: Acts
    cards: Cards
    reports: Reports
    traffic: Traffic
    use: UseToday
    exchange: Exchange
    sender: _Sender
    issuer: Issuer
    roster: Roster
    pairing: Pairing
    removal: Removal
    router_acts: RouterActs
    pages: Callable[[], Pages]
    notices: Notices
    keeping: Keeping
    devices: DeviceParts
    lists: ListParts
    asking_pace: AskingPace
    asking: AskingParts
    growing: Growing
    looks: PageLooks
    toys: ToyParts
    alarms: Alarms
    https: HttpsOffer = field(default_factory=HttpsOffer)

    def connect(self, publisher: Publisher) -> None:
        """Send policies through this from now on, and issue what the stored family needs."""
        self.sender.publisher = publisher
        try:
            self.acts.change(lambda rows: None)
        except PolicyTooLarge:
            # The pages come up all the same: only there can the family be made smaller.
            _log.exception("no policy could be issued")
        except StoreError as problem:
            # Nor does a full or read-only disk keep them away; the routers go on with what they have.
            _log.error("no policy could be written down: %s", problem)


def build(
    home: str,
    authority: HomeAuthority,
    store: Store,
    signer: Signer,
    clock: Clock,
    network: Network,
    claim_code: ClaimCode,
    port: int,
    names: Sequence[str] = (),
    keeping: Keeping | None = None,
) -> Parts:
    """The parts of a hub for one home. `port`: where its pages are; agents keep it reachable."""
    keeping = keeping or in_memory(clock)
    roster = Roster(authority)
    data = keeping.places.data if keeping.places else None
    shelf = PackShelf(data)
    issuer = Issuer(home, roster, signer, clock, lambda: network.reachable(port), shelf.listed)
    reports = Reports(store, home, clock, roster)
    traffic = Traffic(clock)
    credentials = Credentials(authority, roster, store, home, signer, clock)
    reports.policy_of, reports.use = issuer.policy_of, keeping.use.settled
    exchange = Exchange(store, issuer, signer, clock, reports, traffic, credentials, keeping.use)
    sender = _Sender()
    acts = Acts(store, home, clock, issuer, sender)
    acts.use = keeping.use.used
    exchange.reissue = lambda agent, highest: acts.change(lambda rows: None, {agent: highest})
    exchange.refresh = lambda: acts.change(lambda rows: None)
    parents = Parents(store, home, clock)
    devices = build_devices(store, home, acts, clock, network, parents)
    outside = outside_of(network.own_addresses)
    asking = build_asking(store, home, acts, clock, devices.upkeep, lambda: PublicHttp(allows=outside))
    growing = Growing(acts, clock, lambda person, own: _forget_grown(keeping, store, home, person, own))
    devices.upkeep.add(growing.sweep)
    exchange.seen = devices.discovery.seen
    removal = Removal(authority, store, home, clock)

    def pages() -> Pages:
        return pages_of(network, port, names)

    router_acts = RouterActs(authority, roster, acts, removal, reports, credentials, clock, pages)

    def connected() -> None:
        removal.retry()
        router_acts.broker_is_there()

    exchange.on_connected = connected
    toys = build_toys(authority, roster, acts, router_acts, home, signer, clock, keeping.toys, pages, exchange)
    alarms = Alarms(store, home, clock, lambda device, agent: keeping.history.event("streamed", "", device, agent))
    exchange.observers.append(alarms.take)
    exchange.counted, exchange.told = keeping.history.usage, keeping.history.agent_said
    return Parts(
        home=home,
        store=store,
        clock=clock,
        network=network,
        names=frozenset(name.lower() for name in names),
        parents=parents,
        sessions=Sessions(store, home, clock),
        invitations=Invitations(clock),
        claim_code=claim_code,
        guessing=Guessing(clock, keeping.guess_slot),
        acts=acts,
        cards=Cards(store, clock, issuer, acts, reports, traffic, devices.arrivals, keeping.use.used),
        reports=reports,
        traffic=traffic,
        use=UseToday(keeping.use, store, home, clock),
        exchange=exchange,
        sender=sender,
        issuer=issuer,
        roster=roster,
        pairing=Pairing(clock, router_acts.enrol),
        removal=removal,
        router_acts=router_acts,
        pages=pages,
        notices=Notices(store, home, clock),
        keeping=keeping,
        devices=devices,
        asking_pace=AskingPace(clock),
        asking=asking,
        growing=growing,
        looks=PageLooks(network.own_addresses),
        toys=toys,
        alarms=alarms,
        lists=build_lists(
            store,
            home,
            clock,
            data,
            shelf,
            lambda: acts.change(lambda rows: None),
            Fetcher(PublicHttp(allows=outside_of(network.own_addresses))),
        ),
    )


def _forget_grown(keeping: Keeping, store: Store, home: str, person: str, devices: Sequence[str]) -> None:
    """Delete what was counted and written down of somebody who is of age now."""
    with store.transaction(home) as rows:
        counted = counted_people(read_family(rows))
    keeping.history.forget_person(person, devices)
    keeping.use.keep_persons(counted)
    keeping.history.event("grown")


def pages_of(network: Network, port: int, names: Sequence[str]) -> Pages:
    """Where a router finds the pages: by address, as not every router resolves the home's names.

    First those that the home was made with: a machine may have others that no router reaches.
    """
    addresses = [*network.reachable(port).addresses] or [*names] or [*network.own_addresses()]
    return Pages(tuple(sorted(addresses, key=lambda address: (address not in names, ":" in address)))[:HOSTS], port)
