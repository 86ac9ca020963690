"""A list on its way through a whole home: the real hub names and serves it, the real agent fetches and uses it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.gate import CALLS4
from stairgate.hub.pack_builder import build
from stairgate.hub.packs import PackShelf, Written
from tests.lab import network
from tests.lab.home import HUB_PORT, LabHome
from tests.lab.parent import Parent
from tests.lab.processes import wait_until


class Listed:
    """A claimed home with a child's phone; its hub makes a pack of the lists that come with it."""

    def __init__(self, folder: Path) -> None:
        self.home = LabHome(folder)
        self.home.start_resolvers()
        self.home.start_broker()
        self.home.start_hub()
        self.home.start_agent()
        self.parent = Parent("tablet", network.HOME.v4, HUB_PORT)
        self.parent.claim(self.home.claim_code())
        mia = self.parent.add_child("Mia", "10-12")
        self.parent.add_device(network.PHONE.name, network.PHONE.mac, "phone", mia)

    def put(self, *names: str) -> None:
        """Another pack is in force from the hub's next start on."""

        def written(path: Path) -> Written:
            built = build([(name, ("games",)) for name in names], [], path)
            return Written(built.names, built.tags)

        assert PackShelf(self.home.data).put(" ".join(names), written, self.home.clock.wall())

    def packs(self) -> dict[str, bytes]:
        """What is on the router's disk."""
        folder = self.home.agent_folder / "state" / "packs"
        return {path.name: path.read_bytes() for path in folder.glob("*")} if folder.is_dir() else {}

    def wanted(self) -> dict[str, bytes]:
        """What should be there, once all is done: the hub's newest."""
        newest = PackShelf(self.home.data).newest()
        name = f"{newest.sha256}.pack" if newest else ""
        return {name: (self.home.data / "packs" / name).read_bytes()} if newest else {"none yet": b""}

    def arrived(self) -> None:
        """Wait for the hub's newest pack, alone on the router's disk, and for the page to say so."""
        wait_until("the pack", lambda: self.packs() == self.wanted(), seconds=40)
        wait_until("applied", lambda: self.parent.status()["applied"] == 1, seconds=40)
        wait_until("no complaint", lambda: "list of sites" not in self.parent.get("/routers").body)

    def close(self) -> None:
        """End everything."""
        self.home.stop()
        self.parent.close()


@pytest.fixture
def listed(home_network: None, folder: Path) -> Iterator[Listed]:
    made = Listed(folder)
    yield made
    made.close()


def test_the_hub_s_pack_reaches_the_router_and_nothing_is_left_of_those_in_between(listed: Listed) -> None:
    listed.arrived()
    # The gate has the published addresses of calls with it.
    calls = f"map inet stairgate {CALLS4.name}"
    wait_until("the addresses", lambda: network.nft_list("router", calls).count("goto") >= 10)

    listed.home.end("hub")
    # Another one than the hub's own lists give: it names it for a moment, then builds its own anew.
    listed.put("games.example", "more-games.example")
    listed.home.start_hub()
    # As a browser does: the idle connection has ended with the hub.
    listed.parent.get("/")
    listed.parent.add_child("Ben", "6-9")

    listed.arrived()
