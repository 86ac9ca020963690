"""mqtt_as in the cases, as its examples use it: it subscribes in the handler of connections. MicroPython."""

import asyncio

from mqtt_as import MQTTClient, config  # type: ignore[import-not-found]

from tests.mqtt_clients.told import FIRST_ID, HOST, IS_PUBLISHING, KEEPALIVE, MESSAGES, PORT, lost, tell

subscribed = asyncio.Event()


async def subscribe(client: "MQTTClient") -> None:
    """Each time that a connection stands."""
    await client.subscribe("t", 1)
    subscribed.set()
    tell("up")


config["client_id"] = b"mqtt_as"
config["server"] = HOST
config["port"] = PORT
config["keepalive"] = KEEPALIVE
config["subs_cb"] = lambda topic, payload, retained: tell("message", length=len(payload))
config["connect_coro"] = subscribe


async def main() -> None:
    """Connect, publish, listen."""
    client = MQTTClient(config)
    try:
        await client.connect(quick=True)
        for _ in range(FIRST_ID - 1):
            next(client.newpid)
        await subscribed.wait()
        if IS_PUBLISHING:
            for _ in range(MESSAGES):
                await client.publish("t", b"x", qos=1)
            tell("published", n=MESSAGES)
        while True:
            await asyncio.sleep(1)
    except Exception as error:
        lost(error)


asyncio.run(main())
