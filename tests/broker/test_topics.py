"""What a certificate opens: its own branch of topics, and nothing else.

The witnesses are the hub, who hears every `up`, and the other agent. A test waits for a permitted message that was
sent after the forbidden ones, over the same way; had they been let through, they would have come before it.
"""

from typing import NamedTuple

import pytest

from tests.broker.clients import Client, Message
from tests.broker.rig import ATTIC, HUB, ROUTER, Rig

# Rules that open everything, for the tests that show that the others can fail.
EVERYTHING = "pattern readwrite #\n"


def watch(rig: Rig) -> tuple[Client, Client]:
    """Hub and the other agent, connected and subscribed as they are in a home."""
    hub, attic = rig.connected(HUB), rig.connected(ATTIC)
    hub.subscribe(f"sg/v1/{rig.home.shard}/{rig.home.id}/+/up/#")
    attic.subscribe(rig.topic(ATTIC, "down/#"))
    return hub, attic


class Seen(NamedTuple):
    """What each witness received."""

    hub: list[Message]
    attic: list[Message]
    router: list[Message]


def publish_where_it_must_not(rig: Rig) -> Seen:
    """One agent publishes on the other's topics and as the hub, then what is permitted."""
    hub, attic = watch(rig)
    router = rig.connected(ROUTER)
    router.subscribe(rig.topic(ROUTER, "down/#"))
    router.publish(rig.topic(ATTIC, "up/hello"), b"as another")
    router.publish(rig.topic(ATTIC, "down/policy"), b"as the hub")
    router.publish(rig.topic(ROUTER, "down/policy"), b"to itself as the hub")
    router.publish("$SYS/broker/version", b"as the broker")
    router.publish(rig.topic(ROUTER, "up/hello"), b"permitted")
    seen_by_hub = hub.messages_until(b"permitted")
    for agent in (ATTIC, ROUTER):
        hub.publish(rig.topic(agent, "down/policy"), b"permitted")
    return Seen(seen_by_hub, attic.messages_until(b"permitted"), router.messages_until(b"permitted"))


def test_on_another_agent_s_topics_nothing_is_delivered(rig: Rig) -> None:
    rig.start()

    seen = publish_where_it_must_not(rig)

    assert seen.hub == [Message(rig.topic(ROUTER, "up/hello"), b"permitted")]
    assert seen.attic == [Message(rig.topic(ATTIC, "down/policy"), b"permitted")]
    assert seen.router == [Message(rig.topic(ROUTER, "down/policy"), b"permitted")]


def test_the_witnesses_would_see_it_without_the_rules(rig: Rig) -> None:
    rig.start(acl=lambda _: EVERYTHING)

    seen = publish_where_it_must_not(rig)

    assert Message(rig.topic(ATTIC, "up/hello"), b"as another") in seen.hub
    assert Message(rig.topic(ATTIC, "down/policy"), b"as the hub") in seen.attic
    assert Message(rig.topic(ROUTER, "down/policy"), b"to itself as the hub") in seen.router


def listen_to_everything(rig: Rig) -> list[Message]:
    """One agent subscribes to all it can think of while the home talks. What it received."""
    router, attic, hub = rig.connected(ROUTER), rig.connected(ATTIC), rig.connected(HUB)
    router.subscribe(
        "#",
        "+/#",
        "sg/v1/#",
        "$SYS/#",
        f"sg/v1/+/{rig.home.id}/+/+/#",
        rig.topic(ATTIC, "down/#"),
        rig.topic(ATTIC, "up/#"),
        rig.topic(ROUTER, "down/#"),
    )
    router.publish(rig.topic(ROUTER, "up/hello"), b"its own hello")
    attic.publish(rig.topic(ATTIC, "up/hello"), b"another's hello")
    hub.publish(rig.topic(ATTIC, "down/policy"), b"another's policy")
    hub.publish(rig.topic(ROUTER, "down/policy"), b"permitted")
    return router.messages_until(b"permitted")


def test_a_wide_subscription_hears_only_what_is_its_own(rig: Rig) -> None:
    rig.start()

    received = listen_to_everything(rig)

    assert {message.topic for message in received} == {rig.topic(ROUTER, "down/policy")}


def test_a_wide_subscription_would_hear_all_without_the_rules(rig: Rig) -> None:
    rig.start(acl=lambda _: EVERYTHING)

    received = listen_to_everything(rig)

    expected = {
        rig.topic(ROUTER, "up/hello"),
        rig.topic(ATTIC, "up/hello"),
        rig.topic(ATTIC, "down/policy"),
        rig.topic(ROUTER, "down/policy"),
    }
    assert {message.topic for message in received} == expected


def test_the_hub_hears_no_other_home_and_cannot_speak_as_an_agent(rig: Rig) -> None:
    rig.start()
    hub, attic = watch(rig)
    hub.subscribe("#")
    elsewhere = rig.topic(ATTIC, "down/policy").replace(rig.home.id, "hanotherhome")

    hub.publish(elsewhere, b"to another home")
    hub.publish(rig.topic(ATTIC, "up/hello"), b"as an agent")
    hub.publish(rig.topic(ATTIC, "down/policy"), b"permitted")
    assert attic.messages_until(b"permitted") == [Message(rig.topic(ATTIC, "down/policy"), b"permitted")]

    attic.publish(rig.topic(ATTIC, "up/hello"), b"done")
    assert {message.payload for message in hub.messages_until(b"done")} == {b"done"}


def test_a_claimed_client_id_is_replaced_by_the_certificate_s_name(rig: Rig) -> None:
    rig.start()
    hub, attic = watch(rig)
    first = rig.connected(ROUTER)

    # Were the claim believed, the broker would end the session of the agent that it names.
    second = rig.connected(ROUTER, client_id=rig.home.agents[ATTIC])
    first.wait_until_disconnected()
    second.subscribe(rig.topic(ATTIC, "down/#"), rig.topic(ROUTER, "down/#"))
    hub.publish(rig.topic(ATTIC, "down/policy"), b"for the attic")
    hub.publish(rig.topic(ROUTER, "down/policy"), b"for the router")

    assert second.messages_until(b"for the router") == [Message(rig.topic(ROUTER, "down/policy"), b"for the router")]
    assert attic.messages_until(b"for the attic") == [Message(rig.topic(ATTIC, "down/policy"), b"for the attic")]
    assert attic.is_connected()


def test_a_claimed_client_id_would_end_another_s_session_without_the_rule(rig: Rig) -> None:
    rig.start(conf=lambda text: text.replace("use_username_as_clientid true\n", ""))
    attic = rig.connected(ATTIC, client_id=rig.home.agents[ATTIC])

    rig.connected(ROUTER, client_id=rig.home.agents[ATTIC])

    attic.wait_until_disconnected()


@pytest.mark.parametrize(
    ("qos", "retain"), [(0, True), (1, True), (2, False)], ids=["retained 0", "retained 1", "QoS 2"]
)
def test_retained_messages_and_qos_2_are_refused(rig: Rig, qos: int, retain: bool) -> None:
    rig.start()
    hub, _ = watch(rig)
    topic = rig.topic(ROUTER, "up/hello")
    router = rig.connected(ROUTER)

    router.publish_unconfirmed(topic, b"kept for whoever comes", qos, retain)
    router.wait_until_disconnected()

    again = rig.connected(ROUTER)
    again.publish(topic, b"permitted")
    assert hub.messages_until(b"permitted") == [Message(topic, b"permitted")]
    late = rig.connected(HUB)
    late.subscribe(topic)
    again.publish(topic, b"later")
    assert late.messages_until(b"later") == [Message(topic, b"later")]
