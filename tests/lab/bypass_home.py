"""A family in the bypass lab: the real hub, broker, agent and kernel, and children whose devices try what they can.

It decides what a parent sets before and between the phases of the table, by the hub's own pages, and when a phase may
be tried: once the hub says that the router applies it. What is tried is said by the rows.
"""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stairgate.agent import gate
from tests.lab import bypass_network, network
from tests.lab import bypass_places as places
from tests.lab.bypass_network import STOLEN_V4, THIEF, BypassLab
from tests.lab.bypass_table import ASSISTIVE, BOTH, FILTERED, Step, Tried, step
from tests.lab.home import HUB_PORT
from tests.lab.parent import Parent
from tests.lab.processes import Deadline, wait_until

APPLIED_SECONDS, READY_SECONDS, SETTLE_SECONDS, ANSWER_SECONDS = 45.0, 60.0, 10.0, 40.0
# TCP's way back stays open for a second, so that it gets its reset.
ENDED_SECONDS = 1.4
ALLOWED = step("web", to="www.example.org")
RESOLVED_NAME = step("dns", server=network.ROUTER_V4, name="www.example.org", want=["address"])
# Another one than rows go to by its address: until the list is there, devices are told the address.
REFUSED = step("dns", server=network.ROUTER_V4, name="vpn.example", want=["prompt"])
LISTED_DOH = step("web", to=places.DOH.v4)
DISGUISES = {network.PHONE.name: "da:17:3c:00:77:10", network.CONSOLE.name: "da:17:3c:00:77:11"}


class BypassHome:
    """Make it in the sandbox; `close` after."""

    def __init__(self, folder: Path) -> None:
        bypass_network.build()
        self.folder = folder
        self.lab = BypassLab(folder)
        lists = self.lab.data / "lists"
        lists.mkdir(parents=True)
        for name, (_, _, lines) in places.LISTS.items():
            (lists / name).write_text("".join(f"{line}\n" for line in lines))
        self.lab.start_resolvers()
        self.lab.start_far_ends()
        self.lab.start_broker()
        self.lab.start_hub()
        self.lab.start_agent()
        self._devices = self.lab.start_devices()
        self._number = 0
        self.parent = Parent("tablet", network.HOME.v4, HUB_PORT)
        self._settle_in()

    def _settle_in(self) -> None:
        parent = self.parent
        parent.claim(self.lab.claim_code())
        mia, ben = parent.add_child("Mia", "10-12"), parent.add_child("Ben", "0-5")
        self.children = (mia, ben)
        for device, kind, child in (
            (network.PHONE, "phone", mia),
            (network.LAPTOP, "computer", mia),
            (places.AID, "other", mia),
            (network.CONSOLE, "console", ben),
        ):
            parent.add_device(device.name, device.mac, kind, child)
        parent.add_device("notebook", places.NEIGHBOUR.mac, "computer", "adult")
        parent.add_device("printer", places.PRINTER.mac, "other", "adult")
        for name, (form, tag, _) in places.LISTS.items():
            self._subscribe(name, form, tag)
        for child, preset in ((mia, "10-12"), (ben, "0-5")):
            self._filter(child, "preset", preset=preset)
            self._filter(child, "search", safesearch="yes", youtube="strict")
            self._filter(child, "only", only="homework.example.org")
        self._app("open")
        self.wait_applied()
        self.wait_ready()

    def _subscribe(self, name: str, form: str, tag: str) -> None:
        self.parent.post("/lists", title=name, url=name, format=form, tag=tag)

    def _filter(self, child: str, part: str, **fields: str) -> None:
        self.parent.get(f"/children/{child}/filter")
        self.parent.post(f"/children/{child}/filter/{part}", **fields)

    def _app(self, state: str) -> None:
        for child in self.children:
            self._filter(child, "apps", **{f"app-{places.APP_ID}": state})

    def wait_applied(self) -> None:
        """Until the hub says that the router applies what it should."""
        wait_until("applied on 1 of 1", lambda: self.parent.status()["applied"] == 1, APPLIED_SECONDS)

    def wait_ready(self) -> None:
        """Until every managed device has the internet and the filter has its list."""

        def ready() -> bool:
            # Whether the third device gets its pages is a row of its own.
            wanted = [(name, ALLOWED) for name in (FILTERED, ASSISTIVE)] + [(name, REFUSED) for name in BOTH]
            self._seen = self.attempt(wanted)
            return all(tried.reached for tried in self._seen)

        try:
            wait_until("names and pages on every device", ready, READY_SECONDS)
        except Deadline as late:
            raise Deadline(f"{late}: {self._seen}") from late
        # The list's addresses come a moment later. That they never come is told by rows of their own.
        with contextlib.suppress(Deadline):
            listed = [(FILTERED, LISTED_DOH)]
            wait_until("the addresses of the list", lambda: not self.attempt(listed)[0].reached, SETTLE_SECONDS)

    def attempt(self, wanted: Sequence[tuple[str, Step]]) -> list[Tried]:
        """Try all of these at once; what came of each, in the same order."""
        numbers = []
        for name, tried in wanted:
            self._number += 1
            numbers.append(self._number)
            told = {"id": self._number, "do": tried.do, "with": dict(tried.words)}
            self._devices[name].say(json.dumps(told))
        found: dict[int, Tried] = {}
        for name, _ in wanted:
            # One answer for each attempt of this device, in whatever order they come.
            answer = self._devices[name].wait_for("tried", ANSWER_SECONDS)
            found[answer["id"]] = Tried(answer["reached"], answer["saw"])
        return [found[number] for number in numbers]

    def watch(self, seconds: float) -> None:
        """Let time pass in which running flows end."""
        end = time.monotonic() + seconds
        wait_until("the end of a watch", lambda: time.monotonic() >= end, seconds + 5)

    # The phases, in the table's order

    def enter(self, phase: str) -> None:
        """Change the rules as the phase says. Raises Deadline when the router does not come to it."""
        ways: dict[str, Callable[[], None]] = {
            "open": self._begin,
            "expired": self._expire,
            "disguised": self._disguise,
            "borrowed": self._steal,
            "blocked": self._block,
            "limited": self._limit,
            "closed": self._close_all,
        }
        ways[phase]()

    def leave(self, phase: str) -> None:
        """Back to what was before the phase."""
        if phase == "disguised":
            for device in (network.PHONE, network.CONSOLE):
                self._wear(device.name, device.mac)
        elif phase == "borrowed":
            network.ip("-n", THIEF.name, "address", "delete", f"{STOLEN_V4}/32", "dev", "eth0")
            bypass_network.announce(places.NEIGHBOUR.name, places.NEIGHBOUR.mac, STOLEN_V4)
        elif phase == "blocked":
            self._app("open")
            for child in self.children:
                self._filter(child, "names", allow="", deny="")
        elif phase == "limited":
            for child in self.children:
                page = self.parent.get(f"/children/{child}/schedule").body
                for week in {part.split("/", 1)[0] for part in page.split(f"/children/{child}/bedtime/")[1:]}:
                    self.parent.post(f"/children/{child}/bedtime/{week}/remove")
        elif phase == "closed":
            for child in self.children:
                self.parent.post(f"/children/{child}/end")
        if phase != "open":
            self.wait_applied()
            self.wait_ready()

    def _begin(self) -> None:
        self._idle()
        # For the rows in which the other device uses addresses that it has not asked for itself.
        self.attempt([(FILTERED, step("web", to="friend.example.org", family=family)) for family in ("v4", "v6")])

    def _idle(self) -> None:
        # As after a night: nobody knows where anybody is, and IPv6 has to find out.
        for name in ("router", *DISGUISES):
            network.ip("-n", name, "-6", "neigh", "flush", "all")

    def _wear(self, name: str, mac: str) -> None:
        network.ip("-n", name, "link", "set", "eth0", "address", mac)

    def _expire(self) -> None:
        # As the kernel does when an hour is over, for one address; nobody can wait for that here.
        mac = network.CONSOLE.mac
        for name, address in ((gate.RESOLVED4, places.STALE.v4), (gate.RESOLVED6, places.STALE.v6)):
            element = f"{name.family} {gate.GateSettings().table} {name.name} {{ {mac} . {address} }}"
            words = [*network.enter_words("router"), "nft", "delete", "element", *element.split()]
            subprocess.run(words, capture_output=True, check=False)

    def _disguise(self) -> None:
        for name, mac in DISGUISES.items():
            self._wear(name, mac)
        # A new address is closed until the hub has seen it; the rows want to know what it may then.
        wanted = [(name, RESOLVED_NAME) for name in DISGUISES]
        wait_until("the new addresses' rules", lambda: all(t.reached for t in self.attempt(wanted)), READY_SECONDS)

    def _steal(self) -> None:
        network.ip("-n", THIEF.name, "address", "add", f"{STOLEN_V4}/32", "dev", "eth0")

        def taken() -> bool:
            # The router believes a new owner only a second after the one before.
            bypass_network.announce(THIEF.name, THIEF.mac, STOLEN_V4)
            words = ["ip", "-n", "router", "neigh", "show", STOLEN_V4, "dev", "br-lan"]
            return THIEF.mac in subprocess.run(words, capture_output=True, text=True, check=True).stdout

        # Known to the router at all only once it has spoken with somebody there.
        self.attempt([(THIEF.name, step("ping", address=network.ROUTER_V4, source="stolen"))])
        wait_until("the stolen address", taken)

    def _block(self) -> None:
        (self.lab.data / "lists" / places.LATER_LIST).write_text(f"{places.LISTED_NAME}\n")
        self._subscribe(places.LATER_LIST, "plain", "adult")
        self._app("blocked")
        for child in self.children:
            self._filter(child, "names", allow="", deny="later.example.org")
        listed = step("dns", server=network.ROUTER_V4, name=places.LISTED_NAME, want=["prompt"])
        wait_until("the new list", lambda: self.attempt([(FILTERED, listed)])[0].reached, READY_SECONDS)
        self._changed()

    def _limit(self) -> None:
        minute = int(self.lab.clock.wall()) // 60 % 1440
        start, end = (f"{at // 60 % 24:02}:{at % 60:02}" for at in (minute - 30 + 1440, minute + 90))
        for child in self.children:
            self.parent.get(f"/children/{child}")
            self.parent.post(f"/children/{child}/bedtime", days="127", start=start, end=end, level="limited")
        self._changed()

    def _close_all(self) -> None:
        for child in self.children:
            self.parent.post(f"/children/{child}/pause", minutes="60")
        self._changed()
        self._idle()

    def _changed(self) -> None:
        self.wait_applied()
        self.watch(ENDED_SECONDS)

    def close(self) -> None:
        """End everything."""
        self.parent.close()
        self.lab.stop()
