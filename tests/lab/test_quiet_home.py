"""A camera in a whole home: a parent sets quiet hours, it sends, the phone says so, and a tap closes it at the router.

Real hub, broker, agent and kernel; the parent's browser and the camera are in their own namespaces.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.grants import mac_key
from stairgate.agent.streaming import STREAM_BYTES
from tests.lab import network
from tests.lab.processes import wait_until
from tests.lab.test_home import Evening
from tests.lab.wires import FAR, Wires

PORT, CHUNK, SECONDS = 8811, 20_000, 20
CAMERA = mac_key(network.CONSOLE.mac)


@pytest.fixture(scope="module")
def evening(home_network: None, folder: Path) -> Iterator[Evening]:
    made = Evening(folder)
    yield made
    made.close()


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = Wires()
    yield made
    made.close()


def nearly_always() -> dict[str, str]:
    """Every day, all but one minute of noon that is half an hour of the clock away, in any zone of whole hours."""
    minute = (int(time.time() // 60) + 30) % 60
    last = (minute + 1) % 60
    return {"days": "127", "start": f"{13 if last == 0 else 12}:{last:02}", "end": f"12:{minute:02}"}


def stream(wires: Wires, size: int) -> bool:
    """The camera sends so many bytes, all of which arrive; False when it is closed."""
    listener = wires.listener("internet", PORT)
    near = wires.connection("console", FAR["v4"], PORT)
    if near is None:
        return False
    far = wires.accepted(listener)
    for _ in range(size // CHUNK):
        near.sendall(bytes(CHUNK))
        got = 0
        while got < CHUNK:
            got += len(far.recv(CHUNK))
    return True


def test_it_is_told_and_then_closed(evening: Evening, wires: Wires) -> None:
    parent = evening.parent
    found = re.search(r'id="device-(d[0-9a-f]+)"(?:(?!id="device-).)*console', parent.get("/devices").body, re.S)
    assert found
    place = f"/devices/{found[1]}"

    # Without quiet hours nobody says anything of what it sends.
    assert stream(wires, 2 * STREAM_BYTES)
    parent.post(f"{place}/quiet", **nearly_always(), action="tell", revision="0")
    evening.wait_applied()
    assert "out in its quiet hours" not in parent.get("/").body

    def streams_and_is_told() -> bool:
        wires.close()
        assert stream(wires, 3 * STREAM_BYTES)
        return "out in its quiet hours" in parent.get("/").body

    # The first reading in quiet hours may tell of what was before them.
    wait_until("the alarm", streams_and_is_told, SECONDS)
    assert CAMERA in evening.granted()
    parent.post(f"{place}/quiet/seen")
    assert "out in its quiet hours" not in parent.get("/").body
    assert "sent data out in its quiet hours" in parent.get("/history").body

    revision = re.search(r'/quiet">.*?name="revision" value="(\d+)"', parent.get(place).body, re.S)
    assert revision
    parent.post(f"{place}/quiet", **nearly_always(), action="close", revision=revision[1])
    evening.wait_applied()
    wires.close()
    assert CAMERA not in evening.granted()
    assert not stream(wires, CHUNK)
    assert wires.connects("phone", FAR["v4"], PORT)
    assert "Quiet hours" in parent.get(place).body

    parent.post(f"{place}/quiet/end")
    evening.wait_applied()
    assert CAMERA in evening.granted()
