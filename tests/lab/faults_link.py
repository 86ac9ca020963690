"""Faults between hub, broker and agent: connections that break or fall silent, and documents that come wrong.

They decide what is done to the way a tap takes. The promise: what a parent tapped arrives as soon as there is a way,
what a queue held back never returns, and a grant ends on its second with nobody to talk to.
"""

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Sequence

from stairgate.core.envelope import open_signed
from stairgate.core.limits import ROUTER_POLICY_BYTES
from stairgate.core.messages import topic
from stairgate.core.policy import read_policy, write_policy
from stairgate.core.records import Policy
from stairgate.hub.config import read_config
from stairgate.hub.link import new_client
from stairgate.provisioning.signing import SigningKey
from tests.lab import broken_path, network
from tests.lab.fault_home import FaultHome, clock_text, demand
from tests.lab.processes import wait_until

BEDTIME_IN_SECONDS = 6
SILENT_SECONDS = 2.0
REFUSED, LATE = "refused: older", 3
SILENT = """
table inet lab_silence {
  chain input {
    type filter hook input priority 0; policy accept;
    iif lo tcp sport 8883 counter drop
    iif lo tcp dport 8883 counter drop
  }
}
"""


def router_s_connections_dropped(house: FaultHome) -> int:
    """The broker drops every second connection of the router, at once, in the handshake or when MQTT speaks."""
    return dropped_connections(house, "router")


def hub_s_connections_dropped(house: FaultHome) -> int:
    """The broker drops every second connection of the hub: what was tapped in between arrives all the same."""
    return dropped_connections(house, "home")


def dropped_connections(house: FaultHome, namespace: str) -> int:
    """Pause and end while the way to the broker breaks, as often as it has places to break at."""
    with house.broken_path(namespace) as path:
        path.do("drop-second")
        for _ in broken_path.DROP_AFTER_BYTES:
            path.do("cut")
            house.pause(house.mia)
            house.wait_applied()
            demand(house.is_shut(house.mia), "the page says applied, and Mia's devices are not closed")
            house.end_exceptions(house.mia)
            house.wait_applied()
        house.pause(house.mia)
        return int(path.do("carry")["dropped"])


def half_open_to_the_router(house: FaultHome) -> int:
    """The router's connection is swallowed silently: a bedtime still ends the grant, and a pause arrives later."""
    with house.broken_path("router") as path:
        minute = int(house.home.clock.wall()) // 60 + 1
        house.bedtime(house.mia, clock_text(minute), clock_text(minute + 30))
        house.wait_applied()
        house.stream(house.mia)
        path.do("swallow")
        house.set_clocks(minute * 60 - BEDTIME_IN_SECONDS)
        house.tap_pause(house.ben)
        house.stream(house.mia)
        demand(house.is_open(house.mia), "Mia was closed before her bedtime")
        house.must_be_closed(house.mia, house.enforced(house.mia, "closed"))
        demand(house.is_shut(house.mia), "the kernel kept a grant beyond the bedtime")
        demand(house.is_open(house.ben), "a pause went through a way that swallows everything: no fault")
        demand(not house.is_applied(), "the page says that a pause is applied which cannot have arrived")
        swallowed = path.counts()["swallowed"]
        path.do("carry")
        # Nobody says that the old connection is dead: the agent must find out.
        house.must_be_closed(house.ben, house.enforced(house.ben, "closed"))
        house.wait_applied()
        house.watch(1.2)
        house.remove_bedtimes(house.mia)
        return int(swallowed)


def half_open_to_the_hub(house: FaultHome) -> int:
    """Packets between hub and broker vanish without a reset: the page does not say "applied", then it heals."""
    network.nft("home", SILENT)
    try:
        house.tap_pause(house.mia)
        demand(not house.is_applied(), "the page says that a pause is applied which cannot have arrived")
        house.watch(SILENT_SECONDS)
        demand(not house.is_shut(house.mia), "the pause arrived although packets vanish: no fault")
        listed = network.nft_list("home", "table inet lab_silence")
    finally:
        subprocess.run([*network.enter_words("home"), "nft", "delete", "table", "inet", "lab_silence"], check=False)
    dropped = sum(int(part.split()[0]) for part in listed.split("counter packets ")[1:])
    house.must_be_closed(house.mia, house.enforced(house.mia, "closed"))
    house.wait_applied()
    return dropped


def broker_killed(house: FaultHome) -> int:
    """The broker is killed, a parent taps meanwhile; both sides find back, and the tap arrives."""
    house.kill("broker")
    house.tap_pause(house.mia)
    house.end_exceptions(house.ben)
    demand(not house.is_applied(), "the page says that a pause is applied which cannot have arrived")
    house.home.start_broker()
    house.must_be_closed(house.mia, house.enforced(house.mia, "closed"))
    house.wait_applied()
    return 1


def policy_in_force(house: FaultHome) -> tuple[bytes, Policy]:
    """The document that the router has saved, as bytes and read."""
    document = (house.state / "policy").read_bytes()
    key = signing_key(house)
    return document, read_policy(open_signed(document, "policy", {key.key_id: key.point}, ROUTER_POLICY_BYTES))


def signing_key(house: FaultHome) -> SigningKey:
    """The home's own, for documents that its hub might have signed."""
    return SigningKey.load(house.home.home.directory / "signing" / "policy.key")


@contextlib.contextmanager
def in_the_hub_s_place(house: FaultHome) -> Iterator[Callable[[Sequence[bytes]], None]]:
    """While the hub is away, somebody with its certificate; the function given sends policies to the router."""
    config = read_config(house.home.home.directory / "hub")
    client = new_client(config.broker.client_id)
    client.tls_set_context(config.broker.context())
    hellos: list[bytes] = []
    client.on_message = lambda *given: hellos.append(given[2].payload)
    with network.inside("home"):
        client.connect(network.HOME.v4, config.broker.port, 30)
    client.loop_start()
    agent = house.home.agent_folder.name
    name = topic(config.home, agent, "down", "policy", config.broker.shard)

    def send(documents: Sequence[bytes]) -> None:
        before = len(hellos)
        for sent in [client.publish(name, document, qos=1) for document in documents]:
            sent.wait_for_publish(10)
        # The agent answers whatever it took from its inbox; the next burst finds it waiting.
        wait_until("a hello", lambda: len(hellos) > before)

    try:
        wait_until("the broker's welcome", client.is_connected)
        client.subscribe(topic(config.home, agent, "up", "hello", config.broker.shard), 1)
        yield send
    finally:
        client.disconnect()
        client.loop_stop()


def documents_twice_late_and_out_of_order(house: FaultHome) -> int:
    """Genuine policies come twice, late and out of order: only the newest counts, and none ever comes back."""
    opened, _ = policy_in_force(house)
    house.pause(house.mia)
    house.wait_applied()
    paused, policy = policy_in_force(house)
    demand(opened != paused, "two recorded documents are the same: no fault")
    key = signing_key(house)
    without = policy._replace(overrides=())
    later = [
        key.sign("policy", write_policy(base._replace(revision=policy.revision + more)))
        for more, base in ((3, policy), (1, without), (2, without), (3, policy))
    ]
    log = house.folder / "agent.log"
    before = log.read_text().count(REFUSED)

    def refused() -> int:
        return log.read_text().count(REFUSED) - before

    house.home.end("hub")
    with in_the_hub_s_place(house) as send:
        for burst in ([paused, paused], [opened], [opened, paused, opened], later, later[1:3], [opened], later[2:]):
            send(burst)
        wait_until("the newest", lambda: policy_in_force(house)[1].revision == policy.revision + 3)
        # Each document that came late was looked at, and refused.
        wait_until("refused documents", lambda: refused() >= LATE)
        house.watch(1.0)
    demand(house.is_shut(house.mia), "a document that came late has opened Mia's devices")
    house.start_hub()
    wait_until("a policy beyond those", lambda: policy_in_force(house)[1].revision > policy.revision + 3)
    house.wait_applied()
    demand(house.is_shut(house.mia), "the hub's return has opened Mia's devices")
    return refused()


FAULTS = (
    router_s_connections_dropped,
    hub_s_connections_dropped,
    half_open_to_the_router,
    half_open_to_the_hub,
    broker_killed,
    documents_twice_late_and_out_of_order,
)
