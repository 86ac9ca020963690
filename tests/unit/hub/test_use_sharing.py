"""Minutes between the agents: what one counted the other is told, of its own people only, and not too often."""

import json
import random
from collections.abc import Sequence

import pytest

from stairgate.core import messages
from stairgate.core.policy import Policy
from stairgate.core.usage import UseBook
from stairgate.hub import limits
from stairgate.hub.clock import ManualClock
from stairgate.hub.compile import Reachable, compile_policy
from stairgate.hub.delivery import Outgoing
from stairgate.hub.family import Budget, Family, Person
from stairgate.hub.use_file import Row
from stairgate.hub.use_sharing import UseSharing
from stairgate.hub.use_store import UseStore
from tests.unit.hub.conftest import EVENING, HOME, ROUTER, Hub
from tests.unit.hub.test_use_store import TODAY, bits, row

MIA = Person("pmia", "Mia", "6-9", "Europe/Berlin")
NOAH = Person("pnoah", "Noah", "13-15", "Europe/Berlin")
VIDEO = Budget("b1", "pmia", "video", (60,) * 7)


class Home:
    """A hub's side of the sharing with two routers for everybody and a toy that is Noah's."""

    def __init__(self) -> None:
        self.clock = ManualClock(EVENING)
        self.use = UseStore(None, self.clock)
        everybody = Family((MIA, NOAH), (), (), (), budgets=(VIDEO,))
        alone = Family((NOAH,), (), (), ())
        self.families = {"rone": everybody, "rtwo": everybody, "tbear": alone}
        self.sharing = UseSharing(self.use, self.clock, self._policy_of)

    def _policy_of(self, agent: str) -> Policy | None:
        family = self.families.get(agent)
        return compile_policy(family, HOME, agent, 1, int(EVENING), Reachable((), (), 1)) if family else None

    def hello(self, *agents: str) -> None:
        for agent in agents:
            self.sharing.hello(agent)

    def say(self, agent: str, *rows: Row) -> None:
        self.sharing.take(messages.Usage("m1", int(self.clock.wall()), agent, (), rows))

    def due(self) -> dict[str, list[Row]]:
        return told(self.sharing.due())


def told(sent: Sequence[Outgoing]) -> dict[str, list[Row]]:
    """What was sent, by agent; each at most once."""
    found: dict[str, list[Row]] = {}
    for message in sent:
        usage = messages.read_usage(message.payload)
        assert message.kind == "usage"
        assert usage.agent == message.agent
        assert message.agent not in found
        found[message.agent] = list(usage.minutes)
    return found


@pytest.fixture
def home() -> Home:
    home = Home()
    home.hello("rone", "rtwo", "tbear")
    assert home.due() == {}
    return home


def test_what_one_router_counted_the_other_is_told_and_nobody_else(home: Home) -> None:
    home.say("rone", row(1, 2), row(2, category="video"))
    assert home.due() == {"rtwo": [row(1, 2), row(2, category="video")]}
    home.say("rtwo", row(1, 2))
    assert home.due() == {}
    home.say("rone", row(1, 2), row(2, category="video"))
    assert home.due() == {}


def test_a_router_that_knows_less_is_told_the_rest(home: Home) -> None:
    home.say("rone", row(1, 2))
    home.due()
    home.clock.advance(limits.USE_SHARE_SECONDS)
    home.say("rtwo", row(2, 3))
    assert home.due() == {"rone": [row(1, 2, 3)]}


def test_a_toy_is_told_its_own_people_only(home: Home) -> None:
    home.say("rone", row(1), row(7, person="pnoah"))
    assert home.due()["tbear"] == [row(7, person="pnoah")]


def test_an_agent_speaks_for_its_own_people_and_counted_categories_only(home: Home) -> None:
    home.say("tbear", row(1), row(3, person="pnoah"), row(4, person="pnoah", category="video"))
    home.say("rone", row(5, person="pstranger"), row(6, category="games"), row(6, day=0), row(6, day=2_000_000))
    home.say("rgone", row(9))
    assert home.use.rows() == [row(3, person="pnoah")]


def test_two_that_were_apart_for_a_day_merge_when_they_say_hello(home: Home) -> None:
    home.say("rone", row(1000, day=TODAY - 1), row(1))
    home.due()
    home.clock.advance(60)
    home.hello("rtwo")
    home.say("rtwo", row(1001, day=TODAY - 1), row(2))
    assert home.due() == {
        "rone": [row(1, 2), row(1000, 1001, day=TODAY - 1)],
        "rtwo": [row(1, 2), row(1000, 1001, day=TODAY - 1)],
    }


def test_what_was_lost_is_told_again_after_the_next_hello(home: Home) -> None:
    home.say("rone", row(1))
    assert home.due() == {"rtwo": [row(1)]}  # lost
    home.clock.advance(900)
    assert home.due() == {}
    home.hello("rtwo")
    assert home.due() == {"rtwo": [row(1)]}
    home.clock.advance(60)
    home.sharing.connected()
    assert home.due() == {"rone": [row(1)], "rtwo": [row(1)]}


def test_one_message_in_five_seconds_with_24_rows_the_newest_first(home: Home) -> None:
    people = [Person(f"p{number:02}", "x", "6-9", "UTC") for number in range(20)]
    home.families["rone"] = home.families["rtwo"] = Family(tuple(people), (), (), ())
    rows = [row(number, person=person.id, day=TODAY - day) for day in range(3) for number, person in enumerate(people)]
    for first in range(0, len(rows), 20):
        home.say("rone", *rows[first : first + 20])
    got = [home.due()["rtwo"]]
    home.say("rone", row(1439, person="p00"))
    assert (home.due(), home.sharing.next_due()) == ({}, home.clock.monotonic() + limits.USE_SHARE_SECONDS)
    while home.sharing.next_due() is not None:
        home.clock.advance(limits.USE_SHARE_SECONDS)
        got += home.due().values()
    assert [len(part) for part in got] == [24, 24, 13]
    assert [one[2] for part in got[:1] for one in part] == [TODAY] * 20 + [TODAY - 1] * 4
    book = UseBook()
    for part in got:
        for one in part:
            book.merge(*one)
    assert book.rows(0) == home.use.rows()


def test_old_days_and_removed_agents_are_not_told(home: Home) -> None:
    home.say("rone", row(1, day=TODAY - limits.USE_SHARED_DAYS), row(2))
    home.sharing.keep(["rone"])
    assert home.due() == {}
    home.hello("rtwo")
    assert home.due() == {"rtwo": [row(2)]}
    assert len(home.use.rows()) == 2


@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_lost_everybody_ends_with_the_same_minutes(seed: int) -> None:
    """Routers that count, lose messages and begin anew, with a hello now and then."""
    home, chance = Home(), random.Random(seed)
    books = {"rone": UseBook(), "rtwo": UseBook()}
    minute = TODAY * 1440

    def carry(lossless: bool) -> None:
        for agent, rows in home.due().items():
            if lossless or chance.random() < 0.5:
                for one in rows:
                    books[agent].merge(*one)

    for _ in range(200):
        home.clock.advance(chance.choice((1, 7, 60)))
        agent = chance.choice(("rone", "rtwo"))
        minute += 1
        books[agent].mark("pmia", chance.choice(("total", "video")), minute)
        if chance.random() < 0.7:
            home.say(agent, *books[agent].rows(TODAY))
        if chance.random() < 0.1:
            home.hello(agent)
        carry(lossless=False)
    for agent in books:
        home.hello(agent)
        home.say(agent, *books[agent].rows(TODAY))
    for _ in range(3):
        home.clock.advance(60)
        carry(lossless=True)
    assert books["rone"].rows(0) == books["rtwo"].rows(0) == home.use.rows()
    assert sum(bin(int.from_bytes(one[3], "little")).count("1") for one in home.use.rows()) == 200


# In the exchange


def down(hub: Hub) -> list[Row]:
    return [one for rows in told(hub.parts.exchange.due()).values() for one in rows]


def test_the_exchange_merges_what_a_router_says_and_answers_its_hello(hub: Hub) -> None:
    mia = hub.add_child()
    hub.broker.minutes(ROUTER, row(1, person=mia), row(1, person="pother"))
    assert hub.parts.keeping.use.rows() == [row(1, person=mia)]
    assert down(hub) == []
    hub.broker.apply(ROUTER)
    assert hub.parts.exchange.seconds_to_next() == 0
    assert down(hub) == [row(1, person=mia)]


@pytest.mark.parametrize(
    "minutes",
    [
        [["pmia", "total", TODAY, "A" * 239]],
        [["pmia", "total", -1, "A" * 240]],
        [["pmia", "total", TODAY, "A" * 240]] * 25,
        [["pmia", "total", 1e5, "A" * 240]],
        "AAAA",
    ],
)
def test_hostile_minutes_are_dropped_whole(hub: Hub, minutes: object) -> None:
    message = {"v": 1, "id": "m1", "t": int(EVENING), "agent": ROUTER, "bytes": [], "minutes": minutes}
    hub.broker.receive(ROUTER, "usage", json.dumps(message).encode())
    assert hub.parts.keeping.use.rows() == []


def test_bits_helper_sets_the_least_significant_first() -> None:
    book = UseBook()
    book.mark("pmia", "total", TODAY * 1440 + 9)
    assert book.rows(0) == [("pmia", "total", TODAY, bits(9))]
