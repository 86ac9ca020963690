"""Two routers share a child's minutes through a real hub and a real Mosquitto, also when the hub is killed."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stairgate.core import messages
from stairgate.core.policy import read_policy
from stairgate.core.usage import BITMAP_BYTES, UseBook
from stairgate.hub.link import BrokerSettings, new_client
from stairgate.port.clock import SystemClock
from stairgate.provisioning.home import create_home
from stairgate.provisioning.settings import Home
from tests.unit.hub.test_process import SECONDS, Hub, broker, free_port, start, wait_for

__all__ = ["broker", "start"]

Row = tuple[str, str, int, bytes]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    routers = ["router", "attic"]
    return create_home(
        tmp_path / "home", ["127.0.0.1"], ["hub.lan"], free_port(), routers, SystemClock(), ["127.0.0.1"]
    )


def bits(*minutes: int) -> bytes:
    return sum(1 << minute for minute in minutes).to_bytes(BITMAP_BYTES, "little")


class Router:
    """A router's end of the broker: says what it counted, keeps what it is told."""

    def __init__(self, home: Home, label: str) -> None:
        self._home = home
        self.id = home.agents[label]
        directory = home.agent_directory(label)
        files = (directory / "ca.crt", directory / "agent.crt", directory / "agent.key")
        settings = BrokerSettings(("127.0.0.1",), home.endpoints.port, self.id, "000", *files)
        self.received: list[tuple[str, bytes, int]] = []
        self._said: list[Row] = []
        self._client = new_client(self.id)
        self._client.tls_set_context(settings.context())
        self._client.on_message = lambda client, data, message: self.received.append(
            (message.topic.rpartition("/")[2], message.payload, message.qos)
        )
        self._granted: list[int] = []
        self._client.on_subscribe = lambda *rest: self._granted.append(1)
        self._client.connect("127.0.0.1", home.endpoints.port)
        self._client.loop_start()
        self._client.subscribe(f"sg/v1/000/{home.id}/{self.id}/down/#", 1)
        wait_for(lambda: self._granted, "the subscription")

    def hello(self) -> None:
        hello = messages.Hello(
            "m1", int(time.time()), self.id, "nonce123", 0, "", 0, "applied", "", (), "trusted", 0, ""
        )
        self._publish("hello", messages.encode_hello(hello), 1)

    def count(self, *rows: Row) -> None:
        self._said += rows
        usage = messages.Usage("m1", int(time.time()), self.id, (), rows)
        self._publish("usage", messages.encode_usage(usage), 0)

    def people(self) -> list[str]:
        documents = [payload for kind, payload, _ in list(self.received) if kind == "policy"]
        return [person.id for person in read_policy(documents[-1].partition(b"\n")[2]).persons] if documents else []

    def told(self) -> dict[tuple[str, str, int], bytes]:
        """What it was told, newest last."""
        usages = [messages.read_usage(payload) for kind, payload, _ in list(self.received) if kind == "usage"]
        return {row[:3]: row[3] for usage in usages for row in usage.minutes}

    def knows(self) -> list[Row]:
        """What it counted and was told together."""
        book = UseBook()
        for row in [*self._said, *(key + (held,) for key, held in self.told().items())]:
            book.merge(*row)
        return book.rows(0)

    def _publish(self, kind: str, payload: bytes, qos: int) -> None:
        self._client.publish(messages.topic(self._home.id, self.id, "up", kind), payload, qos)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def routers(home: Home, broker: subprocess.Popen[bytes]) -> Iterator[list[Router]]:
    both = [Router(home, label) for label in ("router", "attic")]
    yield both
    for router in both:
        router.stop()


def test_what_one_router_counts_the_other_is_told_also_after_the_hub_was_killed(
    start: Callable[[], Hub], home: Home, routers: list[Router], tmp_path: Path
) -> None:
    one, two = routers
    hub = start()
    hub.claim()
    hub.post("/children", "/children/new", name="Mia", band="6-9")
    hub.line("connected to the broker")
    for router in routers:
        router.hello()
        wait_for(router.people, "the policy")
    (mia,) = one.people()
    day = int(time.time()) // 86400

    one.count((mia, "total", day, bits(1, 2)), ("pstranger", "total", day, bits(3)))
    one._said.pop()
    wait_for(lambda: two.told() == {(mia, "total", day): bits(1, 2)}, "the first one's minutes")
    two.count((mia, "total", day, bits(2, 9)))
    wait_for(lambda: one.told() == {(mia, "total", day): bits(1, 2, 9)}, "both routers' minutes")
    assert {qos for kind, _, qos in one.received + two.received if kind == "usage"} == {0}

    # A day's minutes of a router that was away, and a hub that had no time to write anything down.
    hub.process.kill()
    hub.process.wait(SECONDS)
    one.received.clear()
    two.received.clear()
    two._said.clear()
    with pytest.raises(AssertionError):  # it did not end well
        hub.stop(signal.SIGKILL)
    again = start()
    again.line("connected to the broker")
    two.hello()
    two.count((mia, "total", day - 1, bits(1000)), (mia, "total", day, bits(2, 9)))
    one.hello()
    one.count((mia, "total", day, bits(1, 2)))
    whole = {(mia, "total", day - 1): bits(1000), (mia, "total", day): bits(1, 2, 9)}
    rows = [(*key, held) for key, held in sorted(whole.items())]
    wait_for(lambda: one.knows() == two.knows() == rows, "what both know together")
    again.stop()

    third = start()  # a hub that ended well has them on its disk
    third.line("connected to the broker")
    one.received.clear()
    one.hello()
    wait_for(lambda: one.told() == whole, "what the hub has kept")
