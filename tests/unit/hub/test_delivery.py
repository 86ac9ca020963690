"""Which agent is sent which policy when, and what a hello is answered."""

import pytest

from stairgate.core.envelope import open_signed
from stairgate.core.messages import Hello, read_time, topic
from stairgate.hub.delivery import Delivery
from stairgate.hub.issue import Issued
from stairgate.hub.reports import Reports
from tests.unit.hub.conftest import EVENING, HOME, ROUTER, Hub

FIRST = Issued("r1", 10, "a" * 64, 0, b"first")
SECOND = Issued("r1", 11, "b" * 64, 0, b"second")


def hello(revision: int, digest: str, state: str = "applied") -> Hello:
    return Hello("m1", 0, "r1", "n" * 8, revision, digest, revision, state, "", (), "trusted", 0, "")


def payloads(sent: list[object]) -> list[bytes]:
    return [message.payload for message in sent]  # type: ignore[attr-defined]


def test_an_unacknowledged_policy_is_repeated_ever_more_slowly() -> None:
    delivery = Delivery()
    assert len(delivery.offer(FIRST, 0.0)) == 1
    times = []
    for _ in range(9):
        due = delivery.next_due()
        assert due is not None
        assert delivery.due(due - 0.001) == []
        assert payloads([*delivery.due(due)]) == [b"first"]
        times.append(due)
    assert times == [1, 3, 7, 15, 31, 63, 123, 183, 243]


def test_an_applied_policy_is_not_repeated() -> None:
    delivery = Delivery()
    delivery.offer(FIRST, 0.0)
    assert delivery.hello(hello(10, "a" * 64), 0.5) == []
    assert delivery.next_due() is None
    assert delivery.connected(9.0) == []


def test_only_the_newest_is_ever_sent() -> None:
    delivery = Delivery()
    delivery.offer(FIRST, 0.0)
    assert payloads([*delivery.offer(SECOND, 0.1)]) == [b"second"]
    assert delivery.offer(FIRST, 0.2) == []
    assert payloads([*delivery.due(5.0)]) == [b"second"]
    assert payloads([*delivery.connected(6.0)]) == [b"second"]


def test_a_hello_with_an_older_policy_is_answered_at_once() -> None:
    delivery = Delivery()
    delivery.offer(FIRST, 0.0)
    delivery.hello(hello(10, "a" * 64), 1.0)
    assert payloads([*delivery.hello(hello(0, ""), 100.0)]) == [b"first"]
    assert delivery.next_due() == 101.0


def test_the_same_revision_with_another_digest_is_not_an_acknowledgement() -> None:
    delivery = Delivery()
    delivery.offer(FIRST, 0.0)
    delivery.hello(hello(10, "c" * 64), 0.5)
    assert delivery.next_due() == 1.0


def test_an_agent_that_refuses_again_and_again_makes_no_storm() -> None:
    delivery = Delivery()
    delivery.offer(FIRST, 0.0)
    sent = 1
    for step in range(1, 600):
        now = step / 10
        sent += len(delivery.hello(hello(9, "d" * 64, "refused"), now)) + len(delivery.due(now))
    assert sent == 6  # at 0, 1, 3, 7, 15 and 31 s


def test_a_hello_that_crosses_the_policy_is_not_answered_twice() -> None:
    delivery = Delivery()
    delivery.offer(FIRST, 0.0)
    assert delivery.hello(hello(9, "d" * 64), 0.2) == []
    assert len(delivery.due(1.0)) == 1


def test_a_stranger_gets_nothing() -> None:
    assert Delivery().hello(hello(1, "a" * 64), 0.0) == []


# The exchange, through the broker in memory


def test_each_hello_gets_the_signed_time_with_its_nonce(hub: Hub) -> None:
    policy, digest = hub.broker.policy(ROUTER)
    hub.broker.apply(ROUTER)
    message = hub.broker.sent[-1]
    body = open_signed(message.payload, "time", {hub.key.key_id: hub.key.point}, 512)
    told = read_time(body)
    assert (message.agent, message.kind) == (ROUTER, "time")
    assert (told.utc, told.revision, told.digest) == (int(EVENING) + 2, policy.revision, digest)
    assert len(told.nonce) == 16


@pytest.mark.parametrize("highest", [2**53 - 2, 2**53 - 1, int(EVENING) + 401 * 86400])
def test_a_revision_from_the_far_future_is_not_believed(hub: Hub, highest: int) -> None:
    before, digest = hub.broker.policy(ROUTER)
    hub.broker.hello(ROUTER, before.revision, digest, highest=highest)
    status = hub.get("/status").json
    assert status
    assert status["applied"] == 0
    assert (status["agents"][0]["state"], status["agents"][0]["reason"]) == ("failed", "revision_out_of_range")

    hub.add_child()
    assert hub.broker.policy(ROUTER)[0].revision < before.revision + 86400

    hub.broker.apply(ROUTER)
    assert "failed" not in hub.get("/status").text


def test_a_revision_from_a_restored_backup_is_believed(hub: Hub) -> None:
    before, digest = hub.broker.policy(ROUTER)
    ahead = int(EVENING) + 300 * 86400
    hub.broker.hello(ROUTER, before.revision, digest, highest=ahead)
    assert hub.broker.policy(ROUTER)[0].revision == ahead + 1
    hub.clock.advance(-200 * 86400)  # what the hub issued itself stays believed, whatever its clock says
    hub.broker.hello(ROUTER, before.revision, digest, highest=ahead + 1)
    hub.broker.apply(ROUTER)
    assert hub.parts.reports.standings({})[0].state != "failed"


def test_a_family_that_fits_no_policy_keeps_no_hub_from_starting(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(policy: object) -> bytes:
        raise ValueError("line 0, size: expected at most 16384 bytes, got 16400")

    hub.add_child()
    monkeypatch.setattr("stairgate.hub.issue.write_policy", refuse)
    with hub.store.transaction(HOME) as rows:
        rows.delete("policies", ROUTER)
    hub.parts.connect(hub.broker)
    assert "Mia" in hub.get("/").text


def test_what_a_router_applies_survives_a_restart(hub: Hub) -> None:
    hub.broker.apply(ROUTER)
    again = Reports(hub.store, HOME, hub.clock, hub.parts.roster)
    with hub.store.transaction(HOME) as rows:
        newest = hub.parts.cards._issuer.newest(rows, ROUTER)
    assert newest
    assert [standing.state for standing in again.standings({ROUTER: newest})] == ["applied"]


@pytest.mark.parametrize(
    ("agent", "kind", "payload"),
    [
        (ROUTER, "hello", b"{}"),
        (ROUTER, "hello", b"\xff" * 30000),
        (ROUTER, "usage", b'{"v":1}'),
        (ROUTER, "events", b"[]"),
        ("rstranger", "hello", b"{}"),
    ],
)
def test_malformed_messages_are_dropped(hub: Hub, agent: str, kind: str, payload: bytes) -> None:
    sent = len(hub.broker.sent)
    hub.broker.receive(agent, kind, payload)
    assert len(hub.broker.sent) == sent


def test_an_agent_cannot_speak_for_another(hub: Hub) -> None:
    from stairgate.core.messages import encode_hello

    forged = encode_hello(hello(1, "a" * 64))
    sent = len(hub.broker.sent)
    hub.broker.receive(ROUTER, "hello", forged)
    assert hub.parts.exchange.message(topic("hother", ROUTER, "up", "hello"), forged) == []
    assert hub.parts.exchange.message("sg/v1/000/nonsense", forged) == []
    assert len(hub.broker.sent) == sent
