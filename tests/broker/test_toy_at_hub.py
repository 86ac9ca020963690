"""The real hub, the real Mosquitto and a toy on the real `micropython`: what a family does, from sticker to receipt."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stairgate.core.pairing import new_toy_code
from stairgate.provisioning.signing import SigningKey
from tests.broker.mosquitto import LOOPBACK
from tests.broker.rig import Rig
from tests.broker.toy_rig import LABEL, Toy, ToyHome
from tests.lab.processes import wait_until
from tests.unit.hub.test_process import PASSWORD, Hub


@pytest.fixture
def hub(rig: Rig, tmp_path: Path) -> Iterator[Hub]:
    """A hub with a parent and a child."""
    rig.start()
    hub = Hub(rig.home, tmp_path / "data")
    hub.claim()
    hub.post("/children", "/children/new", name="Mia", band="6-9")
    yield hub
    hub.stop()


@pytest.fixture
def toy(hub: Hub, tmp_path: Path) -> Iterator[Toy]:
    """A toy that nobody has paired yet."""
    port = int(hub.address.rpartition(":")[2])
    home = SimpleNamespace(maker=SigningKey.create(), server=SimpleNamespace(address=SimpleNamespace(port=port)))
    toy = Toy(cast(ToyHome, home), tmp_path / "toy", (), None)
    yield toy
    toy.stop()


def wait_for_page(hub: Hub, path: str, what: str) -> str:
    def look() -> str | None:
        page = hub.get(path)
        return page if what in page else None

    return wait_until(what, look) or ""


def paired(hub: Hub, toy: Toy) -> str:
    """A parent types the code on the sticker, the gesture is held; the path of the toy's page."""
    child = re.search(r'name="whose" value="([^"]+)"', hub.get("/toys/add?new=1"))
    assert child
    form = {"code": new_toy_code(LABEL), "whose": child[1], "password": PASSWORD}
    assert "Waiting for the toy" in hub.post("/toys/add", "/toys/add?new=1", **form)
    agent: dict[str, Any] = toy.pair()
    return f"/toys/{agent['agent']}"


def test_a_family_pairs_a_toy_opens_it_closes_it_and_has_it_erased(hub: Hub, toy: Toy) -> None:
    assert LOOPBACK in hub.address
    path = paired(hub, toy)
    page = wait_for_page(hub, path, "Enforcing")
    assert "Bruno the bear" in wait_for_page(hub, path, "Bruno the bear")
    assert "Nobody has agreed to this, so it does not happen." in page or "Microphone" in hub.get(path)
    assert toy.tries("microphone", "answers") == "not_opened"

    hub.post(f"{path}/agree", path, row="answers")
    hub.post(f"{path}/open", path, gate="microphone", minutes="10")
    wait_until("the policy", lambda: toy.tries("microphone", "answers") == "")
    wait_until("held", lambda: toy.state()["open"] == ["microphone"])
    toy.program.say("note answers 4000")
    wait_for_page(hub, path, "Once in the last 24 hours, 4 kB; nothing was sent.")

    hub.post(f"{path}/withdraw", path, row="answers")
    wait_until("closed", lambda: toy.state()["open"] == [])
    wait_until("why", lambda: toy.tries("microphone", "answers") == "no_consent")

    hub.post(f"{path}/erase", path, sure="yes", password=PASSWORD)
    page = wait_for_page(hub, path, "and the toy signed a receipt.")
    assert "4 kB" not in page
    assert "The toy asks it once it has erased its own." in page
    log = "".join(hub.lines)
    assert "Traceback" not in log
    assert "Bruno" not in log and "honey" not in log


def test_it_is_given_away_and_removed(hub: Hub, toy: Toy) -> None:
    path = paired(hub, toy)
    wait_for_page(hub, path, "Bruno the bear")
    hub.post(f"{path}/give-away", path, sure="yes", password=PASSWORD)
    wait_until("forgotten", lambda: toy.state()["home"] == "")
    hub.post(f"{path}/remove", path, sure="yes", password=PASSWORD)
    assert "No toy yet" in hub.get("/toys")
