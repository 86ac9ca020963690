"""A budget for games with the real filter: its addresses are told control, and are cut once the minutes are used up.

Names are asked and connections made by devices in their own namespaces. That others used the minutes is told as the hub
does; nobody waits for them.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.gate_rules import render_removal
from stairgate.core.messages import Usage, encode_usage
from stairgate.core.records import Budget, Pack, Policy
from stairgate.hub.pack_builder import build
from tests.lab import network
from tests.lab.agent_rig import SETTINGS
from tests.lab.home import LabHome
from tests.lab.test_filter_process import GAME, NOERROR, NXDOMAIN, PLAIN, Filtered
from tests.lab.wires import Wires, packed

PORT = 8805
ALL_DAY = b"\xff" * 180


class Gaming(Filtered):
    """Mia has half an hour of games a day; a name of the pack serves one game alone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        built = build([(GAME, ("roblox", "games", "dedicated"))], [], folder / "games")
        self.pack = Pack("names", "v2", built.sha256, built.bytes)
        self.hub.content[f"/packs/{built.sha256}"] = (folder / "games").read_bytes()

    def game_policy(self, revision: int, minutes: int) -> Policy:
        """So many minutes of games a day."""
        lines = (Budget("pmia", "games", (minutes,) * 7, 0),)
        return self.policy(revision, filters=(), budgets=lines)

    def used_elsewhere(self) -> None:
        """The hub tells that all minutes of yesterday, today and tomorrow were used on another device."""
        control = self.agent.control
        today = control._counting.today()
        rows = tuple(("pmia", "games", day, ALL_DAY) for day in range(today - 1, today + 2))
        self.agent.link.deliver("usage", encode_usage(Usage("m1", 5, "r2", (), rows)))


@pytest.fixture(scope="module")
def resolvers(home_network: None, folder: Path) -> Iterator[LabHome]:
    home = LabHome(folder)
    home.start_resolvers()
    yield home
    home.stop()


@pytest.fixture
def home(resolvers: LabHome, tmp_path: Path) -> Iterator[Gaming]:
    with network.inside("router"):
        made = Gaming(tmp_path)
        yield made
        made.close()
    network.nft("router", render_removal(SETTINGS))


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = Wires()
    yield made
    made.close()


def test_a_spent_category_is_refused_and_cut_and_nothing_else_is(home: Gaming, wires: Wires) -> None:
    wires.listener("internet", PORT)
    home.receive(home.game_policy(5, 30))
    home.serving(5)
    assert home.asked(network.PHONE, GAME) == NOERROR
    timed = home.process.timed
    home.until("the game's address", lambda: len(timed) == 1)
    (address,) = timed._categories
    assert timed.of(address) == ("games",)
    place = ".".join(map(str, address))
    assert packed(place) == address
    assert wires.connects("phone", place, PORT)

    home.used_elsewhere()
    home.until("the refusal", lambda: home.asked(network.PHONE, GAME) == NXDOMAIN)

    assert home.asked(network.LAPTOP, GAME) == NOERROR
    assert not wires.connects("phone", place, PORT)
    assert wires.connects("laptop", place, PORT)

    home.receive(home.game_policy(6, -1))
    home.serving(6)
    assert home.asked(network.PHONE, GAME) == NOERROR
    home.until("the way to it", lambda: wires.connects("phone", place, PORT))


def test_an_address_that_others_share_is_neither_counted_nor_cut(home: Gaming, wires: Wires) -> None:
    wires.listener("internet", PORT)
    home.receive(home.game_policy(5, 30))
    home.serving(5)
    assert home.asked(network.PHONE, GAME) == NOERROR
    home.until("the game's address", lambda: len(home.process.timed) == 1)

    # In this internet one server has both names.
    assert home.asked(network.PHONE, PLAIN) == NOERROR
    home.until("that it is taken back", lambda: len(home.process.timed) == 0)
    home.used_elsewhere()
    home.until("the refusal", lambda: home.asked(network.PHONE, GAME) == NXDOMAIN)

    assert home.asked(network.PHONE, PLAIN) == NOERROR
    assert wires.connects("phone", network.WEB_V4, PORT)


def test_without_a_budget_no_address_is_told(home: Gaming) -> None:
    home.receive(home.policy(5, filters=()))
    home.serving(5)
    assert home.asked(network.PHONE, GAME) == NOERROR
    home.receive(home.game_policy(6, 30))
    home.serving(6)
    assert len(home.process.timed) == 0

    assert home.asked(network.PHONE, GAME) == NOERROR
    home.until("the game's address", lambda: len(home.process.timed) == 1)
