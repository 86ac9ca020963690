"""The broker's bounds and what it keeps for the hub, measured on a real one."""

from stairgate.core import limits
from tests.broker.clients import Message
from tests.broker.rig import HUB, ROUTER, Rig


def test_the_largest_message_passes_and_a_larger_one_is_refused(rig: Rig) -> None:
    rig.start()
    hub = rig.connected(HUB)
    topic = rig.topic(ROUTER, "up/hello")
    hub.subscribe(topic)
    router = rig.connected(ROUTER)

    router.publish_unconfirmed(topic, b"x" * 2 * limits.HELLO_BYTES)
    router.wait_until_disconnected()

    largest = b"y" * limits.HELLO_BYTES
    rig.connected(ROUTER).publish(topic, largest)
    assert hub.messages_until(largest) == [Message(topic, largest)]


def test_a_policy_of_the_largest_size_reaches_the_agent(rig: Rig) -> None:
    rig.start()
    router = rig.connected(ROUTER)
    router.subscribe(rig.topic(ROUTER, "down/#"))
    largest = b"y" * limits.ROUTER_POLICY_BYTES

    rig.connected(HUB).publish(rig.topic(ROUTER, "down/policy"), largest)

    assert router.messages_until(largest) == [Message(rig.topic(ROUTER, "down/policy"), largest)]


def test_what_was_said_while_the_hub_was_away_is_delivered_when_it_is_back(rig: Rig) -> None:
    rig.start()
    topics = f"sg/v1/{rig.home.shard}/{rig.home.id}/+/up/#"
    hub = rig.connected(HUB, clean_session=False)
    assert not hub.session_present
    hub.subscribe(topics)
    hub.close()

    router = rig.connected(ROUTER)
    for number in range(50):
        router.publish(rig.topic(ROUTER, "up/events"), b"event %d" % number)
    # Cumulative and of no use later: QoS 0 is not kept.
    router.publish_unconfirmed(rig.topic(ROUTER, "up/usage"), b"usage")
    router.publish(rig.topic(ROUTER, "up/events"), b"last")

    back = rig.connected(HUB, clean_session=False)
    received = [message.payload for message in back.messages_until(b"last")]
    assert back.session_present
    assert received == [b"event %d" % number for number in range(50)] + [b"last"]


def test_the_broker_writes_no_file_and_logs_no_content(rig: Rig) -> None:
    before = sorted(rig.home.directory.rglob("*"))
    rig.start()
    hub = rig.connected(HUB, clean_session=False)
    hub.subscribe(rig.topic(ROUTER, "up/#"))
    router = rig.connected(ROUTER)
    router.publish(rig.topic(ROUTER, "up/hello"), b"of a child")
    hub.messages_until(b"of a child")
    assert rig.broker is not None

    rig.broker.stop()

    assert sorted(rig.home.directory.rglob("*")) == before
    log = rig.broker.log_text()
    assert "of a child" not in log
    for identifier in (rig.home.id, rig.home.hub, *rig.home.agents.values()):
        assert identifier not in log
