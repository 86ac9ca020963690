"""The home that is looked at: three children, twenty devices, names as long as they may be, and what can go wrong.

It builds states of a live hub through its own parts, as taps and routers would; which pages show them is for
`a11y_pages`.
"""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout

from stairgate.core.messages import Seen
from stairgate.core.observed import Streamed
from stairgate.hub import limits
from stairgate.hub.claim_code import ClaimCode
from stairgate.hub.https_offer import Certificate
from stairgate.hub.notices import RESTORED, put_notice
from stairgate.hub.quiet_acts import QuietActs
from stairgate.hub.source_intake import fault_of
from stairgate.hub.sources import Outcome
from tests.browser import a11y_life, a11y_toys
from tests.browser.conftest import EVENING, HOME, ROUTER, LiveHub

LONG = limits.NAME_CHARACTERS_MAX
#: One that can be broken between words, one that cannot, and one that runs the other way.
CHILDREN = (
    ("Maximiliane-Alexandrina Freifrau von und zu Hohenlohe-Langenb"[:LONG], "10-12"),
    ("Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewiss"[:LONG], "13-15"),
    ("عبد الرحمن بن محمد بن عبد الله بن أحمد بن إبراهيم بن يوسف الأ"[:LONG], "6-9"),
)
DEVICES = 20
HERE = "127.0.0.1"
KINDS = ("phone", "tablet", "computer", "console", "tv", "other")


def mac(number: int) -> str:
    """A hardware address of its own for each device."""
    return f"3c:22:fb:00:00:{number:02x}"


class FullHome:
    """A live hub and what was put into it. ids: what addresses of pages are filled with."""

    def __init__(self, hub: LiveHub) -> None:
        self.hub = hub
        self.ids: dict[str, str] = {"agent": ROUTER}

    def fill(self) -> None:
        """Three children with rules, twenty devices of every kind of owner, traffic, history, lists."""
        acts = self.hub.parts.acts
        children = [acts.add_child(name, band, "Europe/Berlin").id for name, band in CHILDREN]
        first, second, third = children
        self.ids |= {"person": first, "second": second, "third": third}
        for number in range(12):
            owner = children[number % 3]
            device = acts.add_device(_name(number), mac(number), KINDS[number % len(KINDS)], (owner,))
            self.ids.setdefault("device_id", device.id)
        self._arrivals()
        a11y_life.add_calendar(self.hub, first, second)
        a11y_life.ask(self.hub, first, self.ids["device_id"])
        a11y_life.add_accounts(self.hub)
        a11y_life.offer_rules(self.hub, self.ids["agreed"])
        self.hub.parts.growing.set_born(second, "2008-08")  # eighteen in less than thirty days
        self.hub.broker.apply(ROUTER)
        self.ids["toy"] = a11y_toys.add_toy(self.hub, first, second)
        acts.pause(second, 60)
        acts.bonus(third, 30)
        self.hub.broker.apply(ROUTER)
        self._traffic()
        self._lists()
        self.hub.parts.https.open(8443, (HERE,), Certificate(b"a certificate", "AB CD EF 01 " * 8))

    def _arrivals(self) -> None:
        """Eight devices that routers saw: shared, a visitor's, grown-ups', and three of nobody."""
        found = {}
        for number in range(12, DEVICES):
            self.hub.clock.advance(limits.LISTING_SECONDS_LATER)
            addresses = tuple(f"192.0.2.{10 * number - 100 + each}" for each in range(1 + 3 * (number == 19)))
            self.hub.parts.devices.discovery.seen(ROUTER, [Seen(mac(number), addresses, _name(number), "dnsmasq")])
            device = self.hub.family().device_with(mac(number))
            assert device
            found[number] = device.id
        assignment = self.hub.parts.devices.assignment
        for number, whose in ((12, "all"), (13, "all"), (14, "visitor"), (15, "adult"), (16, "adult")):
            assignment.assign(found[number], whose)
        # Seen again as a grown-up's: from now on parents' pages stay closed on children's devices.
        self.hub.parts.devices.discovery.seen(ROUTER, [Seen(mac(15), ("192.0.2.50",), _name(15), "dnsmasq")])
        self.hub.parts.devices.upkeep.run()
        assignment.use(found[12], self.ids["person"])
        self.hub.parts.devices.asks.tell(found[17], "console")
        self.ids |= {"shared": found[12], "visitor": found[14], "new": found[17], "repeater": found[19]}
        self.ids |= {"grown_up": found[15], "agreed": found[16]}

    def _traffic(self) -> None:
        device = self.ids["device_id"]
        for total in (0, 4_000_000, 9_000_000):
            self.hub.broker.usage(ROUTER, (device, total, total // 10))
            self.hub.clock.advance(2)

    def _lists(self) -> None:
        sources, now = self.hub.parts.lists.sources, int(EVENING)
        for source_id, fault in (("kadultsb", ""), ("kgamblinghz", fault_of(12, 201234))):
            sources.switch(source_id, True)
            source = sources.get(source_id)
            assert source
            outcome = Outcome(now - 60, now - 3600, fault, int(bool(fault)), 201234, (("local_name", 12),), "ab")
            sources.note(source_id, outcome, source.url)

    def go_wrong(self) -> None:
        """A router that refuses, a damaged file, a backup that was restored, a trial of closed doors, an alarm."""
        self.hub.store.recovery = "went back to the generation before"
        with self.hub.store.transaction(HOME) as rows:
            put_notice(rows, RESTORED, self.hub.clock.wall(), self.hub.clock.wall() - 86400)
        self.hub.parts.devices.quarantine.try_it()
        shared, now = self.ids["shared"], int(self.hub.clock.wall())
        QuietActs(self.hub.parts.acts, self.hub.clock).set_hours(shared, (127, 1260, 420), "tell", 0)
        self.hub.parts.alarms.take(ROUTER, [Streamed(shared, now - 60, now, 3_400_000)])
        self.hub.parts.acts.change(lambda rows: None)
        self.hub.broker.apply(ROUTER, "failed", "kernel_refused")

    def forget_password(self) -> None:
        """A code for a new password waits."""
        code: ClaimCode = self.hub.parts.keeping.reset_code
        with redirect_stdout(sys.stderr):  # it shows the code; there are figures only
            code.renew()


#: The states of the hub, in the order in which they come, with what leads to each from the one before.
STATES: tuple[tuple[str, Callable[[FullHome], None]], ...] = (
    ("unclaimed", lambda home: None),
    ("empty", lambda home: None),
    ("filled", FullHome.fill),
    ("wrong", FullHome.go_wrong),
    ("forgotten", FullHome.forget_password),
)


def _name(number: int) -> str:
    """A name of a device, as long as it may be; some without a place to break."""
    words = "Wohnzimmer-Fernseher der Großeltern im Erdgeschoss links" if number % 2 else "Q" * LONG
    return f"{number} {words}"[:LONG].ljust(LONG, "x")
