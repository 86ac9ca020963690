"""Clients of the broker under test: paho as programs use it, and a bare TLS socket that tells why not.

Both verify the broker as strictly as Python can; neither has a way not to.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

DEADLINE_SECONDS = 20.0
# MQTT 3.1.1, 3.1: CONNECT, clean session, keep alive 60 s, client id "probe".
CONNECT = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05probe"
CONNECT_ACCEPTED = b"\x20\x02\x00\x00"


def verifying_context(ca: Path, identity: Path | None) -> ssl.SSLContext:
    """A client's context that trusts only `ca` and shows the certificate `identity` (path without suffix)."""
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if identity is not None:
        context.load_cert_chain(identity.with_suffix(".crt"), identity.with_suffix(".key"))
    return context


class Outcome(NamedTuple):
    """What became of a connection: accepted, or else why not in the words of the TLS library."""

    accepted: bool
    reason: str


def try_to_connect(host: str, port: int, context: ssl.SSLContext) -> Outcome:
    """Connect, send CONNECT and wait for the answer."""
    with socket.create_connection((host, port), timeout=DEADLINE_SECONDS) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as secure:
                secure.sendall(CONNECT)
                answer = secure.recv(64)
        except ssl.SSLCertVerificationError as error:
            return Outcome(False, error.verify_message)
        except ssl.SSLError as error:
            return Outcome(False, error.reason or str(error))
        except ConnectionError as error:
            return Outcome(False, type(error).__name__)
    return Outcome(answer == CONNECT_ACCEPTED, f"answered {answer.hex()}")


class Message(NamedTuple):
    """One message as it was delivered."""

    topic: str
    payload: bytes


class Client:
    """A paho client that keeps what it receives and can be waited for."""

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext, client_id: str, clean_session: bool = True
    ) -> None:
        self.messages: list[Message] = []
        self.session_present = False
        self._changed = threading.Condition()
        self._connected: bool | None = None
        self._subscribed: set[int] = set()
        self._host, self._port = host, port
        self._mqtt = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean_session,
            protocol=mqtt.MQTTv311,
            # A refused publish must show as a lost connection, not be sent again for ever.
            reconnect_on_failure=False,
        )
        self._mqtt.tls_set_context(context)
        self._mqtt.on_connect = self._on_connect
        self._mqtt.on_disconnect = self._on_disconnect
        self._mqtt.on_subscribe = self._on_subscribe
        self._mqtt.on_message = self._on_message

    def connect(self) -> bool:
        """True when the broker accepted the connection, False when it ended it. Raises what TLS raises."""
        self._mqtt.connect(self._host, self._port, keepalive=60)
        self._mqtt.loop_start()
        self._wait_for(lambda: self._connected is not None)
        return bool(self._connected)

    def subscribe(self, *filters: str) -> None:
        """Subscribe with QoS 1 and wait until the broker has confirmed it."""
        _, number = self._mqtt.subscribe([(each, 1) for each in filters])
        assert number is not None
        self._wait_for(lambda: number in self._subscribed)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 and wait until the broker has confirmed it."""
        self._mqtt.publish(topic, payload, qos=1).wait_for_publish(DEADLINE_SECONDS)

    def publish_unconfirmed(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        """Hand a message to paho, whatever becomes of it."""
        self._mqtt.publish(topic, payload, qos=qos, retain=retain)

    def messages_until(self, payload: bytes) -> list[Message]:
        """Wait for the message with this payload; everything received so far, in order."""
        self._wait_for(lambda: any(message.payload == payload for message in self.messages))
        return list(self.messages)

    def is_connected(self) -> bool:
        """True while the connection that `connect` made lasts."""
        return self._connected is True

    def wait_until_disconnected(self) -> None:
        """Return when the broker has ended the connection."""
        self._wait_for(lambda: self._connected is False)

    def close(self) -> None:
        """Disconnect and end paho's thread."""
        self._mqtt.disconnect()
        self._mqtt.loop_stop()

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                assert left > 0, f"nothing came within {DEADLINE_SECONDS} s; received: {self.messages}"
                self._changed.wait(left)

    def _on_connect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        with self._changed:
            self.session_present = bool(flags.session_present)
            self._connected = not reason.is_failure
            self._changed.notify_all()

    def _on_disconnect(self, *_arguments: Any) -> None:
        with self._changed:
            self._connected = False
            self._changed.notify_all()

    def _on_subscribe(self, _client: Any, _data: Any, number: int, *_arguments: Any) -> None:
        with self._changed:
            self._subscribed.add(number)
            self._changed.notify_all()

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.messages.append(Message(message.topic, bytes(message.payload)))
            self._changed.notify_all()
