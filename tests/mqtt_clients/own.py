"""Our own client in the cases: `mqtt` and `link` of the toy, without TLS. MicroPython."""

import asyncio
import sys

from stairgate.micro import mqtt
from stairgate.micro.link import Link, connected
from stairgate.micro.ticks import Ticks
from tests.mqtt_clients.told import FIRST_ID, HOST, IS_PUBLISHING, KEEPALIVE, MESSAGES, PORT, lost, tell

WAIT_MS = 4000
setattr(mqtt, "MQTT_KEEPALIVE_SECONDS", KEEPALIVE)  # noqa: B010
if "careless" in sys.argv:  # so that the cases are seen to fail
    WAIT_MS = 10**9
    setattr(mqtt, "MQTT_PACKET_BYTES", 2**28)  # noqa: B010
    setattr(mqtt, "MQTT_KEEPALIVE_SECONDS", 0xFFFF)  # noqa: B010
ticks = Ticks()


async def connection() -> None:
    """One connection, until it ends."""
    line = await connected(HOST, PORT, ticks.now)
    session = mqtt.Session("own", "t", ticks.now(), WAIT_MS)
    link = Link(line, session, ticks.now)
    is_new, count = True, 0
    try:
        while True:
            for _, payload in link.step():
                tell("message", length=len(payload))
            if session.is_up and is_new:
                is_new = False
                session._id = FIRST_ID
                tell("up")
            if session.is_up and IS_PUBLISHING and count < MESSAGES and len(session._due) < 2:
                session.publish("t", b"x", ticks.now())
                count += 1
            if count == MESSAGES and not session._due:
                tell("published", n=count)
                count += 1
            await asyncio.sleep(0.01)
    finally:
        link.close()


async def main() -> None:
    """Come back for ever."""
    while True:
        try:
            await connection()
        except (OSError, MemoryError, mqtt.Broken) as error:
            lost(error)
        await asyncio.sleep(0.3)


asyncio.run(main())
