"""aiomqttc in the cases, as its examples use it. MicroPython."""

import asyncio

from aiomqttc import MQTTClient  # type: ignore[import-not-found]

from tests.mqtt_clients.told import FIRST_ID, HOST, IS_PUBLISHING, KEEPALIVE, MESSAGES, PORT, lost, tell


async def heard(client: object, topic: str, payload: bytes, retain: object) -> None:
    """A message came."""
    tell("message", length=len(payload))


async def main() -> None:
    """Connect, publish, listen."""
    client = MQTTClient("aiomqttc", HOST, PORT, keepalive=KEEPALIVE)
    client.on_message = heard
    client.reconnect_interval, client.max_reconnect_interval = 1, 10
    try:
        if not await client.connect():
            raise OSError("not connected")
        await client.subscribe("t", qos=1)
        while not client.subscriptions["t"]["confirmed"]:
            await asyncio.sleep(0.1)
        tell("up")
        client.protocol.pid = FIRST_ID
        if IS_PUBLISHING:
            for _ in range(MESSAGES):
                if not await client.publish("t", b"x", qos=1):
                    raise OSError("not published")
            tell("published", n=MESSAGES)
        while True:
            await asyncio.sleep(1)
            if not client.connected:
                tell("lost", why="says that it is not connected")
    except Exception as error:
        lost(error)


asyncio.run(main())
