"""The talking bear at home: paired by its sticker, closed until a parent says otherwise, asleep at bedtime, watched.

The bear is the example for makers on the real MicroPython, behind a real router; hub, broker and agent are the
product's own. What it says on its log is its own word; what reached the internet, counters there say.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import network
from tests.lab.bear import Bear
from tests.lab.home import HUB_PORT, LabHome
from tests.lab.parent import PASSWORD, Parent
from tests.lab.processes import Program, python_module, wait_until

SECONDS = 40
TEN_MINUTES = 600
COUNTERS = f"""
table inet seen {{
  counter talk {{ }}
  counter undeclared {{ }}
  chain input {{
    type filter hook input priority filter; policy accept;
    ip daddr {network.WEB_V4} tcp dport 443 counter name "talk"
    ip6 daddr {network.WEB_V6} tcp dport 443 counter name "talk"
    ip daddr {network.METRICS_V4} counter name "undeclared"
  }}
}}
"""


class Playroom:
    """A claimed home with Ben, and a bear that is nobody's yet."""

    def __init__(self, folder: Path) -> None:
        self.home = LabHome(folder)
        self.bear = Bear(self.home)
        self.bear.plug_in()
        self.home.start_resolvers()
        self.home.start_broker()
        self.home.start_hub()
        self.home.start_agent()
        internet = Program(
            "internet", python_module("tests.lab.internet", str(folder)), folder, "internet", speaks=True
        )
        internet.wait_for("ready")
        network.nft("internet", COUNTERS)
        self.parent = Parent("tablet", network.HOME.v4, HUB_PORT)
        self.parent.claim(self.home.claim_code())
        self.ben = self.parent.add_child("Ben", "6-9")
        self.agent = ""
        self.bear.start()

    def packets(self, counter: str) -> int:
        """How many packets have reached one of the places of the internet."""
        found = re.search(r"packets (\d+)", network.nft_list("internet", f"counter inet seen {counter}"))
        assert found
        return int(found[1])

    def hears(self, text: str, after: int | None = None) -> int:
        """Wait until the bear tells this from now on; where its log then ends."""
        start = len(self.bear.log()) if after is None else after
        wait_until(f"the bear to say {text!r}", lambda: self.bear.says(text, start), SECONDS)
        return len(self.bear.log())

    def post(self, act: str, **fields: str) -> int:
        """A tap on the bear's page; where its log ended before."""
        before = len(self.bear.log())
        self.parent.post(f"/toys/{self.agent}/{act}", **fields)
        return before

    def account(self) -> dict[str, Any]:
        """What the hub keeps of the bear."""
        found: dict[str, Any] = json.loads(self.parent.get(f"/toys/{self.agent}/account.json").body)
        return found

    def amounts(self, kind: str) -> list[int]:
        """The amounts of the ledger's entries of a kind, as the hub has them."""
        return [entry[4] for entry in self.account()["ledger"] if entry[2] == kind and entry[3] == "answers"]

    def was_let(self) -> dict[str, bool]:
        """Where the bear wanted to, as the router saw it, and whether it was let."""
        return {row["host"]: row["is_let"] for row in self.account()["observed"]}

    def close(self) -> None:
        """End everything."""
        self.bear.stop()
        self.home.stop()
        self.parent.close()


@pytest.fixture(scope="module")
def playroom(home_network: None, folder: Path) -> Iterator[Playroom]:
    made = Playroom(folder)
    yield made
    made.close()
    network.remove_device(network.BEAR)


def test_it_is_paired_by_its_sticker_and_a_held_nose(playroom: Playroom) -> None:
    """The first: the others need its card."""
    bear, parent = playroom.bear, playroom.parent
    playroom.hears("deaf no_hub", 0)
    parent.get("/toys/add")
    parent.post("/toys/add", code=bear.code, whose=playroom.ben, password=PASSWORD)
    bear.hold("nose")
    playroom.hears("pairing paired", 0)
    bear.hold("")
    playroom.hears("sync connected", 0)
    (playroom.agent,) = set(re.findall(r'href="/toys/([a-z][a-z0-9]{6,})"', parent.get("/toys").body))
    wait_until("the label", lambda: 'id="gate-microphone"' in parent.get(f"/toys/{playroom.agent}").body, SECONDS)
    assert "Bruno the bear" in parent.get("/toys").body
    wait_until("applied", lambda: parent.status()["applied"] == 2, SECONDS)


def test_only_what_is_declared_is_reached_and_the_page_says_both(playroom: Playroom) -> None:
    playroom.hears("undeclared refused")
    before = playroom.packets("undeclared")
    playroom.hears("undeclared refused")
    assert playroom.packets("undeclared") == before

    wait_until("the router's report", lambda: playroom.was_let().get("metrics.example.net") is False, SECONDS)
    page = playroom.parent.get(f"/toys/{playroom.agent}").body
    assert "metrics.example.net" in page
    assert "Not declared. Your router stopped it." in page


def test_a_parent_opens_the_microphone_for_ten_minutes_and_the_ledger_counts(playroom: Playroom) -> None:
    playroom.hears("deaf not_opened", 0)
    assert not playroom.bear.says("light of mic on")
    talked = playroom.packets("talk")
    playroom.post("agree", row="answers")
    at = playroom.post("open", gate="microphone", minutes="10")
    playroom.hears("sent 8000 bytes", at)
    said = playroom.bear.log()[at:].splitlines()
    assert said.index("bear: light of mic on") < said.index("bear: microphone open opened")
    assert playroom.packets("talk") > talked

    wait_until("the ledger", lambda: playroom.amounts("sent"), SECONDS)
    sent = playroom.amounts("sent")
    assert set(sent) == {8000} and set(playroom.amounts("collected")) == {8000}
    assert len(sent) <= playroom.bear.log().count("sent 8000 bytes") + 1
    wait_until("the router's report", lambda: playroom.was_let().get("talk.honey.example"), SECONDS)

    # Nobody taps: the ten minutes end by themselves.
    at = len(playroom.bear.log())
    playroom.home.clock.move_to(playroom.home.clock.wall() + TEN_MINUTES + 5)
    playroom.hears("deaf not_opened", at)
    talked = playroom.packets("talk")
    playroom.hears("undeclared refused")
    assert playroom.packets("talk") == talked


def test_what_a_parent_takes_back_closes(playroom: Playroom) -> None:
    at = playroom.post("open", gate="microphone", minutes="10")
    playroom.hears("sent 8000 bytes", at)
    at = playroom.post("withdraw", row="answers")
    playroom.hears("deaf no_consent", at)
    wait_until("the ledger", lambda: playroom.amounts("withdrawn"), SECONDS)
    at = playroom.post("agree", row="answers")
    playroom.hears("sent 8000 bytes", at)


def test_bedtime_closes_the_bear(playroom: Playroom) -> None:
    minute = int(playroom.home.clock.wall()) % 86400 // 60
    start, end = (minute - 60) % 1440, (minute + 540) % 1440
    at = len(playroom.bear.log())
    playroom.parent.post(
        f"/children/{playroom.ben}/bedtime",
        days="127",
        start=f"{start // 60:02}:{start % 60:02}",
        end=f"{end // 60:02}:{end % 60:02}",
    )
    playroom.hears("play closed", at)
    at = playroom.hears("sleeps", at)
    talked = playroom.packets("talk")
    playroom.hears("undeclared refused", at)
    assert playroom.packets("talk") == talked
    assert not playroom.bear.says("light of mic on", at)
    page = playroom.parent.get(f"/toys/{playroom.agent}").body
    assert "Bruno the bear" in page
