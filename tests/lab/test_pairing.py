"""A router's life in a whole home: paired with the command that the page shows, enforcing, paired again, removed.

Hub, broker and agent are the product's own processes, each in its namespace; the parent fills the pages' forms.
"""

import html
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import network
from tests.lab.home import HUB_PORT, LabHome
from tests.lab.parent import PASSWORD, Parent
from tests.lab.processes import python_module, wait_until
from tests.lab.test_gate import can_ping

COMMAND = re.compile(r'id="command"><code>stairgate ([^<]+)</code>')
CODE = re.compile(r'id="code"><code>([0-9A-Z-]{19})</code>')


class House:
    """A claimed home with one child and no router yet."""

    def __init__(self, folder: Path) -> None:
        self.home = LabHome(folder)
        self.home.start_resolvers()
        self.home.start_broker()
        self.home.start_hub()
        self.parent = Parent("tablet", network.HOME.v4, HUB_PORT)
        self.parent.claim(self.home.claim_code())
        self.mia = self.parent.add_child("Mia", "10-12")
        self.parent.add_device(network.PHONE.name, network.PHONE.mac, "phone", self.mia)
        self.folder = folder / "router"

    def remove(self, agent: str) -> None:
        """Remove a router and wait for what the page says of the broker."""
        self.parent.get(f"/routers/{agent}")
        self.parent.post(f"/routers/{agent}/remove", sure="yes", password=PASSWORD)
        wait_until("the broker's answer", lambda: "Being put out" not in self.parent.get("/routers").body)

    def pair(self, code: str = "", again: str = "") -> "subprocess.CompletedProcess[str]":
        """Type on the router what the page shows; code: another one than the page's."""
        self.parent.post("/routers/add", password=PASSWORD, **({"again": again} if again else {}))
        page = self.parent.get("/routers/add").body
        command, shown = COMMAND.search(page), CODE.search(page)
        assert command
        assert shown
        return self.type(html.unescape(command[1]), code or shown[1])

    def type(self, command: str, code: str) -> "subprocess.CompletedProcess[str]":
        """The command on the router's console, and the code when it asks."""
        words = [*shlex.split(command), "--label", "OpenWrt", "", str(self.folder)]
        return subprocess.run(
            [*network.enter_words("router"), *python_module("stairgate.cli", *words)],
            input=f"{code}\n",
            capture_output=True,
            text=True,
            timeout=60,
        )

    def start_agent(self) -> None:
        """The router's agent with what pairing left."""
        self.home.agent_folder = self.folder
        self.home.start_agent()

    def applied(self) -> tuple[int, int]:
        """Routers that apply the newest policy, and all of them."""
        status = self.parent.status()
        return status["applied"], len(status["agents"])

    def wait_applied(self) -> None:
        """Until the one router applies it."""
        wait_until("applied on 1 of 1", lambda: self.applied() == (1, 1), seconds=40)

    def refusals(self) -> int:
        """Connections that the broker has refused for their certificate."""
        return (self.home.folder / "broker.log").read_text(errors="replace").count("certificate verify failed")

    def agent_id(self) -> str:
        """The id of the one router, as its page's address says."""
        (agent,) = set(re.findall(r'href="/routers/(r[a-z0-9]+)"', self.parent.get("/routers").body))
        return str(agent)


@pytest.fixture(scope="module")
def house(home_network: None, folder: Path) -> Iterator[House]:
    made = House(folder)
    yield made
    made.home.stop()
    made.parent.close()


@pytest.fixture(scope="module")
def paired(house: House) -> str:
    """The house with its one router paired and enforcing; the router's id."""
    house.remove(house.agent_id())  # the one whose key the home made
    done = house.pair()
    assert done.returncode == 0, done.stderr
    assert "Router paired" in house.parent.get("/routers/add").body
    house.start_agent()
    house.wait_applied()
    return house.agent_id()


def test_a_paired_router_enforces(house: House, paired: str) -> None:
    open_before = can_ping("phone", network.WEB_V4)
    house.parent.post(f"/children/{house.mia}/pause", minutes="15")
    house.wait_applied()
    paused = [can_ping("phone", network.WEB_V4), can_ping("phone", network.WEB_V6)]
    house.parent.post(f"/children/{house.mia}/end")
    house.wait_applied()

    assert open_before
    assert paused == [False, False]
    assert can_ping("phone", network.WEB_V4)


def test_a_wrong_code_pairs_nothing(house: House, paired: str) -> None:
    refused = house.pair(code="0000-0000-0000-0000")
    page = house.parent.get("/routers/add").body
    house.parent.post("/routers/add/cancel")
    closed = house.type(f"pair --hub {network.HOME.v4}:{HUB_PORT}", "0000-0000-0000-0000")

    assert refused.returncode == 1
    assert "another code" in refused.stderr
    assert "Once, something answered with a wrong code." in page
    assert "no open code" in closed.stderr
    assert house.applied() == (1, 1)


def test_paired_again_the_old_key_is_out_and_the_new_one_enforces(house: House, paired: str) -> None:
    certificate = (house.folder / "agent.crt").read_bytes()
    done = house.pair(again=paired)
    assert done.returncode == 0, done.stderr
    wait_until("the old key to be refused", lambda: "It is out" in house.parent.get("/routers").body, seconds=40)
    house.home.end("agent")
    house.start_agent()
    house.parent.post(f"/children/{house.mia}/pause", minutes="15")
    house.wait_applied()
    paused = can_ping("phone", network.WEB_V4)
    house.parent.post(f"/children/{house.mia}/end")
    house.wait_applied()

    assert (house.folder / "agent.crt").read_bytes() != certificate
    assert not paused
    assert house.agent_id() == paired


def test_a_removed_router_is_gone_and_stays_out(house: House, paired: str) -> None:
    """The last: nothing is paired after it."""
    house.remove(paired)
    page = house.parent.get("/routers").body
    house.parent.post(f"/children/{house.mia}/pause", minutes="15")
    refused = house.refusals()
    wait_until("the agent to come back and be refused", lambda: house.refusals() > refused, seconds=40)

    assert "It is out: its old key was refused." in page
    assert house.applied() == (0, 0)
    # The pause does not reach it: what it was allowed before ends by itself.
    assert can_ping("phone", network.WEB_V4)
