"""The broker connection: one thread owns it, everybody else leaves a note.

Web threads put policies into a bounded queue and wake the owner through a socket pair; it sleeps in `select`
on that and on the broker's socket, so that a tap goes out at once and nothing polls. It runs paho's loop
itself: paho is not safe for threads that publish beside its own. MQTT 3.1.1, persistent session, mutual TLS;
what is said is `exchange`'s.
"""

import logging
import queue
import select
import socket
import ssl
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

from stairgate.core import messages
from stairgate.core.refused import Refused
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.delivery import Outgoing
from stairgate.hub.exchange import Exchange
from stairgate.hub.issue import Issued

_log = logging.getLogger(__name__)
_POLL_SECONDS = 5.0  # paho wants to see the clock for its keepalive
_QOS_POLICY, _QOS_HELLO, _QOS_EVENTS, _QOS_USAGE, _QOS_TOY = 1, 1, 1, 0, 1


@dataclass(frozen=True)
class BrokerSettings:
    """Where the broker is and who we are.

    `hosts` are tried in turn; each is verified by the certificate's SAN.
    """

    hosts: tuple[str, ...]
    port: int
    client_id: str
    shard: str
    ca: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer, the broker's certificate and name verified, our own shown."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(str(self.certificate), str(self.key))
        return context


def new_client(client_id: str) -> Any:
    """A paho client, of 1.6 or 2.x, with a persistent session; callbacks get the arguments of either version."""
    arguments: dict[str, Any] = {"client_id": client_id, "clean_session": False, "protocol": mqtt.MQTTv311}
    version = getattr(mqtt, "CallbackAPIVersion", None)
    return mqtt.Client(version.VERSION2, **arguments) if version else mqtt.Client(**arguments)


class BrokerLink:
    """Owns the connection from `start` to `stop`; `publish` may be called by any thread."""

    def __init__(self, settings: BrokerSettings, exchange: Exchange, clock: Clock) -> None:
        self._settings = settings
        self._exchange = exchange
        self._clock = clock
        self._notes: queue.Queue[Issued | Outgoing] = queue.Queue(limits.QUEUE_MESSAGES)
        self._overflow = threading.Event()
        self._stopping = threading.Event()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._connected = False
        self._is_dropped = False
        self._failures = 0
        self._client = new_client(settings.client_id)
        self._client.max_queued_messages_set(limits.QUEUE_MESSAGES)
        self._client.max_inflight_messages_set(limits.MESSAGES_PER_READ)
        self._context = settings.context()
        self._client.tls_set_context(self._context)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._thread = threading.Thread(target=self._run, name="broker-link", daemon=True)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye to the broker and end the thread.

        What was not sent is in the store and goes out next time.
        """
        self._stopping.set()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(10)

    def publish(self, policies: Sequence[Issued]) -> None:
        """See `delivery.Publisher`. A full queue loses nothing: the owner reads the store again."""
        for issued in policies:
            try:
                self._notes.put_nowait(issued)
            except queue.Full:
                self._overflow.set()
        self._wake()

    def tell(self, messages: Sequence[Outgoing]) -> None:
        """See `delivery.Publisher`. What finds no room is lost: a policy says the same."""
        for message in messages:
            with suppress(queue.Full):
                self._notes.put_nowait(message)
        self._wake()

    @property
    def is_connected(self) -> bool:
        """True from the broker's welcome to the loss of the connection."""
        return self._connected

    def _wake(self) -> None:
        with suppress(OSError):  # the pipe is full of wake-ups, or closed
            self._wake_write.send(b"!")

    def _run(self) -> None:
        try:
            self._overflow.set()  # begin with what the store holds
            while not self._stopping.is_set():
                try:
                    self._step()
                except Exception:
                    # One bad message must not end the only connection.
                    _log.exception("the broker connection begins again")
                    self._drop()
                    self._stopping.wait(limits.RECONNECT_SECONDS[0])
            self._client.disconnect()
        finally:
            self._wake_read.close()
            self._wake_write.close()

    def _step(self) -> None:
        link = self._client.socket()
        if link is None or self._is_dropped:
            self._connect()
            return
        due = self._exchange.seconds_to_next() if self._connected else None
        timeout = _POLL_SECONDS if due is None else min(due, _POLL_SECONDS)
        # Bytes that TLS has decrypted already do not make the socket readable.
        pending = isinstance(link, ssl.SSLSocket) and link.pending() > 0
        readable, writable, _ = select.select(
            [link, self._wake_read], [link] if self._client.want_write() else [], [], 0 if pending else timeout
        )
        if self._wake_read in readable:
            self._clear_wake()
        self._send(self._take_notes())
        # One loss is one: counted again it would skip an address, and wait twice.
        if (link in readable or pending) and self._is_lost(self._client.loop_read(limits.MESSAGES_PER_READ)):
            return
        if link in writable and self._is_lost(self._client.loop_write()):
            return
        if not self._is_lost(self._client.loop_misc()) and self._connected:
            self._send(self._exchange.due())

    def _connect(self) -> None:
        self._connected = self._is_dropped = False
        host = self._settings.hosts[self._failures % len(self._settings.hosts)]
        try:
            # It may have been renewed since.
            self._context.load_cert_chain(str(self._settings.certificate), str(self._settings.key))
            self._client.connect(host, self._settings.port, limits.KEEPALIVE_SECONDS)
        except (OSError, ValueError) as problem:
            if not self._failures:
                _log.warning("the broker cannot be reached at %s, port %d: %s", host, self._settings.port, problem)
            self._lost()

    def _lost(self) -> None:
        self._drop()
        delay = limits.RECONNECT_SECONDS[min(self._failures, len(limits.RECONNECT_SECONDS) - 1)]
        self._failures += 1
        until = self._clock.monotonic() + delay
        while not self._stopping.is_set() and (left := until - self._clock.monotonic()) > 0:
            select.select([self._wake_read], [], [], min(left, 1.0))
            self._clear_wake()
            self._send(self._take_notes())  # taken note of; they go out when the broker is back

    def _drop(self) -> None:
        self._connected = False
        link = self._client.socket()
        if link is not None:
            with suppress(OSError, ValueError):  # it is broken already
                self._client.disconnect()
                self._client.loop_write()
            link.close()
            self._is_dropped = True  # paho may still hold it; connecting lets go of it

    def _is_lost(self, code: int) -> bool:
        if code == mqtt.MQTT_ERR_SUCCESS or self._client.socket() is not None:
            return False
        if self._connected:
            _log.warning("the broker connection was lost")
        self._lost()
        return True

    def _clear_wake(self) -> None:
        try:
            while self._wake_read.recv(4096):
                pass
        except BlockingIOError:
            pass

    def _take_notes(self) -> list[Outgoing]:
        outgoing = []
        if self._overflow.is_set():
            self._overflow.clear()
            outgoing += self._exchange.stored()
        while True:
            try:
                note = self._notes.get_nowait()
                outgoing += self._exchange.offer([note]) if isinstance(note, Issued) else [note]
            except queue.Empty:
                return outgoing

    def _send(self, outgoing: Iterable[Outgoing]) -> None:
        if not self._connected:
            return  # `connected` sends the newest of everything that is unacknowledged
        for message in outgoing:
            try:
                name = messages.topic(self._exchange.home, message.agent, "down", message.kind, self._settings.shard)
            except Refused as refused:
                _log.warning("not sent: %s", refused.reason)
                continue
            # Minutes are cumulative: what is lost is told again after the next hello.
            qos = _QOS_USAGE if message.kind == "usage" else _QOS_POLICY
            self._client.publish(name, message.payload, qos=qos)

    def _on_connect(self, client: Any, userdata: Any, flags: Any, code: Any, *rest: Any) -> None:
        if code != 0:
            _log.warning("the broker refused the hub: %s", code)
            return
        self._connected, self._failures = True, 0
        up = f"sg/v1/{self._settings.shard}/{self._exchange.home}/+/up"
        client.subscribe([(f"{up}/hello", _QOS_HELLO), (f"{up}/events", _QOS_EVENTS), (f"{up}/usage", _QOS_USAGE)])
        client.subscribe([(f"{up}/ledger", _QOS_TOY), (f"{up}/declaration", _QOS_TOY)])
        self._send(self._exchange.connected())
        _log.info("connected to the broker")

    def _on_message(self, client: Any, userdata: Any, message: Any) -> None:
        self._send(self._exchange.message(message.topic, message.payload))
