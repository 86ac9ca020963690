"""The agent's connection to the broker: mutual TLS, a clean session, a bounded inbox, reconnecting for ever.

It decides how messages travel; what they mean is judged by `sync`, on the control loop's own thread. One thread
supervises the connection and tries the broker's addresses in turn; paho's callbacks only put things into the inbox and
wake the loop. Works with paho-mqtt 1.6.1 (OpenWrt 24.10, 25.12) and 2.x.
"""

import logging
import os
import random
import ssl
import threading
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import paho.mqtt.client as mqtt

from stairgate.agent.limits import (
    INBOX_MESSAGES,
    KEEPALIVE_SECONDS,
    QUEUED_MESSAGES,
    RETRY_FIRST_SECONDS,
    RETRY_MAX_SECONDS,
)
from stairgate.agent.settings import AgentSettings, SettingsRefused
from stairgate.agent.sync import KINDS
from stairgate.core.limits import ROUTER_POLICY_BYTES
from stairgate.core.messages import parse_topic, topic
from stairgate.core.refused import Refused

CONNECTED, REFUSED = "connected", "refused"

log = logging.getLogger("stairgate.agent")


class Arrival(NamedTuple):
    """Something for the control loop: `kind` is a message kind, payload its bytes; or `CONNECTED`, or `REFUSED`.

    `REFUSED`: a broker that proved to be ours ended a connection before it had accepted us.
    """

    kind: str
    payload: bytes


class Link(Protocol):
    """What the control loop needs of a connection."""

    def fileno(self) -> int:
        """A descriptor that becomes readable when `arrivals` has something."""

    def arrivals(self) -> list[Arrival]:
        """What has come since the last call."""

    def publish(self, kind: str, payload: bytes, qos: int) -> None:
        """Send a message on this agent's topic up/<kind>; while there is no connection it is dropped."""

    def use_certificate(self, file: Path) -> None:
        """Show the certificate in this file from the next connection on, and make that connection now."""


class LoopClient(mqtt.Client):
    """paho's client, which also tells when its loop has ended: paho 1.6 says nothing after an error of TLS.

    ended: set when it has.
    """

    ended: threading.Event

    def loop_forever(self, *given: Any, **named: Any) -> Any:
        """What paho's thread runs."""
        try:
            return super().loop_forever(*given, **named)
        except OSError:  # a TLS alert of the broker, for example that our certificate has expired
            return mqtt.MQTT_ERR_CONN_LOST
        finally:
            self.ended.set()


def make_client(client_id: str) -> LoopClient:
    """A paho client with a clean MQTT 3.1.1 session that leaves reconnecting to us; on paho 1.6 and 2.x."""
    words: dict[str, Any] = {
        "client_id": client_id,
        "clean_session": True,
        "protocol": mqtt.MQTTv311,
        "reconnect_on_failure": False,
    }
    if hasattr(mqtt, "CallbackAPIVersion"):
        return LoopClient(mqtt.CallbackAPIVersion.VERSION2, **words)
    return LoopClient(**words)


def tls_context(settings: AgentSettings) -> ssl.SSLContext:
    """A context that verifies the broker, by name or address, and shows our certificate. Raises SettingsRefused."""
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(settings.authority_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(str(settings.certificate_file), str(settings.key_file))
    except OSError as error:  # ssl.SSLError among them
        names = ", ".join(file.name for file in (settings.authority_file, settings.certificate_file, settings.key_file))
        fault = f"{names}: expected PEM files that belong together, got {error}"
        raise SettingsRefused(settings.certificate_file.parent, [fault]) from error
    return context


def has_failed(reason_code: Any) -> bool:
    """True when a connect answer is a refusal: paho 1.6 gives a number, 2.x an object."""
    return bool(getattr(reason_code, "is_failure", reason_code != 0))


class BrokerLink:
    """See Link. Call `start` once, and `stop` once."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings, self._identity = settings, settings.identity
        self._inbox: deque[Arrival] = deque(maxlen=INBOX_MESSAGES)
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopping = threading.Event()
        self._lost = threading.Event()
        self._accepted = False
        self._client = make_client(self._identity.agent)
        self._client.ended = self._lost
        self._context = tls_context(settings)
        # To be taken by the next connection.
        self._certificate: Path | None = None
        self._client.tls_set_context(self._context)
        self._client.max_queued_messages_set(QUEUED_MESSAGES)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._thread = threading.Thread(target=self._supervise, name="broker-link", daemon=True)

    def start(self) -> None:
        """Begin to connect, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye and end the thread."""
        self._stopping.set()
        self._lost.set()
        self._thread.join()

    def fileno(self) -> int:
        """See Link."""
        return self._wake_read

    def arrivals(self) -> list[Arrival]:
        """See Link."""
        try:
            os.read(self._wake_read, 4096)
        except BlockingIOError:
            return []
        taken = []
        while self._inbox:
            taken.append(self._inbox.popleft())
        return taken

    def publish(self, kind: str, payload: bytes, qos: int) -> None:
        """See Link."""
        if self._client.is_connected():
            self._client.publish(self._topic("up", kind), payload, qos)

    def use_certificate(self, file: Path) -> None:
        """See Link."""
        self._certificate = file
        self._lost.set()

    def _take_certificate(self) -> None:
        file, self._certificate = self._certificate, None
        if file is None:
            return
        try:
            # The context of later connections takes it; one that is open keeps its own.
            self._context.load_cert_chain(str(file), str(self._settings.key_file))
        except OSError as error:
            log.error("%s is not usable: %s", file.name, error)

    def _topic(self, direction: str, kind: str) -> str:
        return topic(self._identity.home, self._identity.agent, direction, kind, self._identity.shard)

    def _put(self, arrival: Arrival) -> None:
        self._inbox.append(arrival)
        try:
            os.write(self._wake_write, b"!")
        except BlockingIOError:  # the pipe is full of wake-ups already
            return

    def _supervise(self) -> None:
        pause, turn = RETRY_FIRST_SECONDS, 0
        told: set[type[Exception]] = set()
        while True:
            # In this order: `stop` sets the one, then the other.
            self._lost.clear()
            if self._stopping.is_set():
                return
            self._take_certificate()
            address = self._settings.broker[turn % len(self._settings.broker)]
            turn += 1
            self._accepted = False
            try:
                self._client.connect(address, self._settings.port, KEEPALIVE_SECONDS)
            except (OSError, ValueError) as error:  # a name that is none is a UnicodeError
                # In TLS 1.2 the broker's alert comes here; that we do not believe the broker is another matter.
                if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLCertVerificationError):
                    self._put(Arrival(REFUSED, b""))
                # Once for each kind of fault and outage.
                if type(error) not in told:
                    told.add(type(error))
                    log.warning("no connection to the broker: %s", error)
            else:
                self._client.loop_start()
                self._lost.wait()
                asked = self._stopping.is_set() or self._certificate is not None
                if asked:
                    self._client.disconnect()
                self._client.loop_stop()
                if not self._accepted and not asked:
                    self._put(Arrival(REFUSED, b""))
            # Spread out, so that the agents of a home do not all come back in the same second. A broker that ends
            # connections without having accepted them is not tried any faster than one that is not there.
            if self._accepted:
                told.clear()
                pause = RETRY_FIRST_SECONDS
                self._stopping.wait(random.uniform(0.05, 0.5))
            else:
                self._stopping.wait(pause * random.uniform(0.5, 1.0))
                pause = min(pause * 2, RETRY_MAX_SECONDS)

    def _on_connect(self, *given: Any) -> None:
        if has_failed(given[3]):
            return
        self._accepted = True
        self._client.subscribe([(self._topic("down", kind), 1) for kind in KINDS])
        self._put(Arrival(CONNECTED, b""))

    def _on_message(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            parts = parse_topic(message.topic)
        except Refused:
            return
        if (parts.home, parts.agent, parts.direction) == (self._identity.home, self._identity.agent, "down"):
            # No message is longer; what is cut here is refused as too large.
            self._put(Arrival(parts.kind, bytes(message.payload[: ROUTER_POLICY_BYTES + 1])))
