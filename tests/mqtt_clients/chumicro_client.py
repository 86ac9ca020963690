"""chumicro-mqtt in the cases, as its documentation uses it: one tick after the other. MicroPython."""

import time

from chumicro_mqtt import MQTTClient  # type: ignore[import-not-found]
from chumicro_sockets import connector  # type: ignore[import-not-found]
from chumicro_timing import ticks  # type: ignore[import-not-found]

from tests.mqtt_clients.told import FIRST_ID, HOST, IS_PUBLISHING, KEEPALIVE, MESSAGES, PORT, lost, tell

acknowledged: "list[object]" = []
client = MQTTClient(
    transport_factory=lambda: connector(HOST, PORT),
    client_id="chumicro",
    keep_alive_seconds=KEEPALIVE,
    ack_timeout_seconds=4.0,
)
client.on_message = lambda topic, payload, *more: tell("message", length=len(payload))
client.on_disconnect = lambda *more: tell("lost", why=str(client.last_error)[:60])
client.on_subscribe = lambda *more: tell("up")
client.subscribe("t", qos=1)
client.connect()
sent = 0
try:
    while True:
        client.handle(ticks.ticks_ms())
        if client.state == "connected" and IS_PUBLISHING and sent == 0:
            client._next_packet_id = FIRST_ID + 1
        if client.state == "connected" and IS_PUBLISHING and sent < MESSAGES and len(acknowledged) == sent:
            client.publish("t", b"x", qos=1, on_publish=lambda topic, payload: acknowledged.append(topic))
            sent += 1
        if len(acknowledged) == MESSAGES:
            acknowledged.append("")
            tell("published", n=MESSAGES)
        time.sleep_ms(5)  # type: ignore[attr-defined]
except Exception as error:
    lost(error)
