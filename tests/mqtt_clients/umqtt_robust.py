"""umqtt.robust in the cases, as its examples use it. MicroPython."""

import time

from umqtt.robust import MQTTClient  # type: ignore[import-not-found]

from tests.mqtt_clients.told import FIRST_ID, HOST, IS_PUBLISHING, KEEPALIVE, MESSAGES, PORT, lost, tell

client = MQTTClient("robust", HOST, PORT, keepalive=KEEPALIVE)
client.set_callback(lambda topic, payload: tell("message", length=len(payload)))
try:
    # Its example relies on a session that the broker keeps; ours keeps none, as after any restart.
    if not client.connect(clean_session=False):
        client.subscribe(b"t", 1)
    tell("up")
    client.pid = FIRST_ID
    if IS_PUBLISHING:
        for _ in range(MESSAGES):
            client.publish(b"t", b"x", qos=1)
        tell("published", n=MESSAGES)
    pinged = time.time()
    while True:
        client.check_msg()
        if time.time() - pinged >= KEEPALIVE // 2:
            client.ping()
            pinged = time.time()
        time.sleep_ms(20)  # type: ignore[attr-defined]
except Exception as error:
    lost(error)
