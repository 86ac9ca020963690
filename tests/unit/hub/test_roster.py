"""Who belongs to the home, without starting the hub anew; and what a damaged list does."""

import pytest

from stairgate.core import messages
from stairgate.hub.memory_home import MemoryHome
from stairgate.hub.roster import Agent, Roster
from stairgate.provisioning.signing import SigningKey
from tests.unit.hub.conftest import EVENING, HOME, ROUTER, Hub

UPSTAIRS = Agent("rupstairs", "Upstairs")


@pytest.fixture
def register() -> MemoryHome:
    return MemoryHome(HOME, SigningKey.create(), (Agent(ROUTER, "the router"),))


def test_what_joins_and_leaves_is_seen_at_once(register: MemoryHome) -> None:
    roster = Roster(register)
    assert roster.ids() == (ROUTER,)
    register.listed["ra"] = "A router"
    register.changes += 1
    assert [agent.label for agent in roster.agents()] == ["A router", "the router"]
    register.rename(ROUTER, "Abc")
    assert roster.find(ROUTER) == (ROUTER, "Abc", "router")
    register.revoke(ROUTER, EVENING)
    assert roster.ids() == ("ra",)
    assert roster.find(ROUTER) is None


def test_the_list_is_read_only_when_it_changed(register: MemoryHome) -> None:
    roster = Roster(register)
    register.listed["ra"] = "A router"  # its stamp stays
    assert roster.ids() == (ROUTER,)


def test_the_last_good_list_holds_while_the_new_one_cannot_be_read(register: MemoryHome) -> None:
    roster = Roster(register)
    register.disk_fault = "agents.json: expected JSON, got nothing"
    register.changes += 1
    assert roster.ids() == (ROUTER,)
    assert "agents.json" in roster.fault
    register.disk_fault = ""
    register.changes += 1
    register.listed["ra"] = "A router"
    assert set(roster.ids()) == {ROUTER, "ra"}
    assert roster.fault == ""


def test_a_hub_whose_list_cannot_be_read_at_its_start_comes_up_and_says_so(register: MemoryHome) -> None:
    register.disk_fault = "damaged"
    roster = Roster(register)
    assert (roster.ids(), roster.fault) == ((), "damaged")


# The parts that follow it


def add_upstairs(hub: Hub) -> None:
    hub.authority.listed[UPSTAIRS.id] = UPSTAIRS.label
    hub.authority.changes += 1


def test_a_new_router_gets_its_policy_at_the_next_change(hub: Hub) -> None:
    add_upstairs(hub)
    hub.add_child()
    assert hub.broker.policy(UPSTAIRS.id)[0].agent == UPSTAIRS.id
    hub.broker.apply(UPSTAIRS.id)
    assert "Applied on 1 of 2" in hub.get("/more").text
    hub.broker.apply(ROUTER)
    assert "Applied on 2 of 2" in hub.get("/more").text


def test_what_a_removed_router_says_is_dropped(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    add_upstairs(hub)
    hub.add_child()
    hub.broker.apply(UPSTAIRS.id)
    hub.authority.revoke(UPSTAIRS.id, EVENING)
    count = len(hub.broker.sent)
    hub.broker.apply(UPSTAIRS.id)
    hub.broker.usage(UPSTAIRS.id, ("d1", 5, 5))
    assert len(hub.broker.sent) == count
    assert "bad_topic" in caplog.text
    assert "Applied on 0 of 1" in hub.get("/more").text


def test_a_removed_router_is_sent_nothing_more(hub: Hub) -> None:
    add_upstairs(hub)
    hub.add_child()
    hub.authority.revoke(UPSTAIRS.id, EVENING)
    hub.parts.exchange.due()
    hub.clock.advance(60)
    assert {message.agent for message in hub.parts.exchange.due()} == {ROUTER}
    assert {message.agent for message in hub.parts.exchange.connected()} == {ROUTER}


# What agents send: events, and messages that are none


def seen(agent: str, number: int, *rows: messages.Seen) -> bytes:
    return messages.encode_events(messages.Events(f"m{number}", int(EVENING), agent, rows))


ROW = messages.Seen("02:00:5e:10:00:01", ("192.0.2.9",), "mias-tablet", "dnsmasq")


@pytest.fixture
def told(hub: Hub) -> list[tuple[str, object]]:
    heard: list[tuple[str, object]] = []
    hub.parts.exchange.seen = lambda agent, events: heard.append((agent, events))
    return heard


def test_what_a_router_saw_is_handed_on(hub: Hub, told: list[tuple[str, object]]) -> None:
    hub.broker.receive(ROUTER, "events", seen(ROUTER, 1, ROW))
    assert told == [(ROUTER, (ROW,))]


def test_an_event_that_comes_twice_is_taken_once(hub: Hub, told: list[tuple[str, object]]) -> None:
    for number in (1, 2, 1, 2, 1):
        hub.broker.receive(ROUTER, "events", seen(ROUTER, number, ROW))
    assert len(told) == 2


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"x" * 5000,
        b"\xff\xfe",
        b"[" * 3000,
        b'{"v":2}',
        seen("rother", 1, ROW),
        seen(ROUTER, 1, ROW)[:-1],
    ],
    ids=["nothing", "oversize", "not UTF-8", "deep", "another version", "another agent", "cut"],
)
@pytest.mark.parametrize("kind", ["hello", "usage", "events"])
def test_what_is_malformed_or_from_another_agent_changes_nothing(
    hub: Hub, told: list[tuple[str, object]], kind: str, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    hub.broker.apply(ROUTER)
    count = len(hub.broker.sent)
    hub.broker.receive(ROUTER, kind, payload)
    assert (told, len(hub.broker.sent)) == ([], count)
    assert "dropped a message" in caplog.text
    assert "Applied on 1 of 1" in hub.get("/more").text


@pytest.mark.parametrize(
    "topic",
    [
        "sg/v1/000/hother/rrouter/up/events",
        "sg/v1/000/hhome/rother/up/events",
        "sg/v1/000/hhome/rrouter/down/events",
        "sg/v1/000/hhome/rrouter/up/events/more",
        "$SYS/broker/version",
        "",
    ],
)
def test_what_comes_by_another_topic_is_dropped(hub: Hub, told: list[tuple[str, object]], topic: str) -> None:
    assert hub.parts.exchange.message(topic, seen(ROUTER, 1, ROW)) == []
    assert told == []


def test_hellos_out_of_order_heal_with_the_next(hub: Hub) -> None:
    first, first_digest = hub.broker.policy(ROUTER)
    hub.add_child()
    hub.broker.apply(ROUTER)
    hub.broker.hello(ROUTER, first.revision, first_digest)  # an older one, late
    assert "applied on 0 of 1" in hub.get("/more").text
    hub.broker.apply(ROUTER)
    assert "Applied on 1 of 1" in hub.get("/more").text
