"""The way in over HTTPS: a thread that ends TLS and passes the bytes on to the plain server of the same process.

It decides who may hold a connection and for how long; what a request means is waitress's business. It tells the
server whose connection is behind each of its own (`client_of`), so that no header has to be believed: a connection
to the inner socket that is not the front's own is nobody's and is refused there.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from stairgate.hub import limits

_log = logging.getLogger(__name__)

#: Whose connection one from this address is: the source (`connections.source_of`), and the device behind it.
SourceOf = Callable[[str], tuple[str, str]]


def server_context(file: str) -> ssl.SSLContext:
    """TLS 1.2 or newer with the key and certificate of one PEM file. Raises OSError, ssl.SSLError among them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(file)
    return context


class _Connection:
    """One client. source, device: whose it is, for bounds. is_secure: its handshake is done."""

    task: "asyncio.Task[None]"

    def __init__(self, client: socket.socket, address: str, whose: tuple[str, str]) -> None:
        self.client = client
        self.address = address
        self.source, self.device = whose
        self.is_secure = False


class HttpsFront:
    """Accepts on `listeners`, passes on to `upstream`, a loopback socket that waitress listens on.

    context: the TLS settings for new connections; setting it anew needs no restart. source_of: whose connection one
    from this address is. tick: called every `limits.HTTPS_TICK_SECONDS` in a thread of its own, to renew what ends.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        upstream: socket.socket,
        context: ssl.SSLContext,
        source_of: SourceOf,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.context = context
        self.upstream = upstream
        self._listeners = list(listeners)
        self._source_of = source_of
        self.tick = tick
        self._open: list[_Connection] = []
        self._clients: dict[int, str] = {}
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._accepting: list[asyncio.Task[None]] = []
        for listener in self._listeners:
            listener.listen(limits.HTTPS_CONNECTIONS_MAX)
            listener.setblocking(False)
        self._thread = threading.Thread(target=self._run_loop, name="https", daemon=True)

    def start(self) -> None:
        """Begin to accept; whoever came since the front was made has waited."""
        self._thread.start()

    def client_of(self, port: int) -> str | None:
        """The address of the client behind the front's own connection from this loopback port. Any thread."""
        return self._clients.get(port)

    def open_count(self) -> int:
        """How many connections are held, those in their handshake among them."""
        return len(self._open)

    def stop_accepting(self) -> None:
        """Let nobody in any more; whoever is in finishes. Any thread."""
        self._call(self._close_listeners)

    def stop(self) -> None:
        """End the thread. Connections whose inner side has ended get a moment to send the last bytes."""
        self._call(lambda: self._stopping.set())
        self._thread.join()

    def _call(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(function)

    def _close_listeners(self) -> None:
        for task in self._accepting:
            task.cancel()

    def _run_loop(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        self._loop.set_exception_handler(_note_problem)
        self._accepting = [self._loop.create_task(self._accept(listener)) for listener in self._listeners]
        ticking = self._loop.create_task(self._keep_ticking())
        await self._stopping.wait()
        self._close_listeners()
        ticking.cancel()
        if serving := [each.task for each in self._open]:
            await asyncio.wait(serving, timeout=limits.HTTPS_LAST_SECONDS)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, *self._accepting, ticking, return_exceptions=True)
        for listener in self._listeners:  # of a task that was cancelled before it began
            listener.close()

    async def _keep_ticking(self) -> None:
        while True:
            await asyncio.sleep(limits.HTTPS_TICK_SECONDS)
            try:
                await asyncio.to_thread(self.tick)
            except Exception:
                _log.exception("renewing the certificate of the pages")

    async def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                try:
                    await self._accept_one(listener)
                except Exception:  # one connection's, never the end of all others
                    _log.exception("accepting a connection")
                    await asyncio.sleep(limits.HTTPS_ACCEPT_PAUSE_SECONDS)

    async def _accept_one(self, listener: socket.socket) -> None:
        try:
            client, address = await self._loop.sock_accept(listener)
        except OSError as problem:  # no more file descriptors, or the client is gone again
            _log.warning("accepting a connection: %s", problem.strerror)
            await asyncio.sleep(limits.HTTPS_ACCEPT_PAUSE_SECONDS)
            return
        connection = _Connection(client, str(address[0]), self._source_of(address[0]))
        if not self._has_room(connection):
            client.close()
            return
        self._open.append(connection)
        connection.task = self._loop.create_task(self._serve(connection))

    def _has_room(self, new: _Connection) -> bool:
        if sum(each.source == new.source for each in self._open) >= limits.HTTPS_CONNECTIONS_OF_ONE_SOURCE:
            return False
        if sum(each.device == new.device for each in self._open) >= limits.HTTPS_CONNECTIONS_OF_ONE_DEVICE:
            return False
        if len(self._open) < limits.HTTPS_CONNECTIONS_MAX:
            return True
        # Whoever has been shaking hands the longest makes room: silent sockets of many addresses keep nobody out.
        # Else the device that holds most loses one to another that holds less: a laptop can be several devices.
        held = Counter(each.device for each in self._open)
        most = max(self._open, key=lambda each: held[each.device])
        giving = next((each for each in self._open if not each.is_secure), most)
        if giving.is_secure and held[giving.device] <= held[new.device] + 1:
            return False
        self._open.remove(giving)
        giving.task.cancel()
        return True

    async def _serve(self, connection: _Connection) -> None:
        try:
            _send_at_once(connection.client)
            outer = await _secured(self._loop, connection.client, self.context)
            connection.is_secure = True
            await self._pass_on(connection.address, outer)
        except OSError:
            pass  # no TLS, an alert, silence (TimeoutError), a cable pulled: the client's affair, and no news
        finally:
            if connection in self._open:
                self._open.remove(connection)

    async def _pass_on(self, address: str, outer: "_Stream") -> None:
        inner = socket.socket()
        inner.setblocking(False)
        _send_at_once(inner)
        inner.bind(("127.0.0.1", 0))
        port = inner.getsockname()[1]
        # Known before it is connected, forgotten before it is closed: nobody else ever has it while it is known.
        self._clients[port] = address
        try:
            async with asyncio.timeout(limits.HTTPS_HANDSHAKE_SECONDS):
                await self._loop.sock_connect(inner, self.upstream.getsockname())
            reader, writer = await asyncio.open_connection(sock=inner)
            await _relay(outer, _Stream(reader, writer))
        finally:
            del self._clients[port]
            inner.close()
            outer.writer.transport.abort()


class _Stream(NamedTuple):
    """Both directions of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


def _send_at_once(connection: socket.socket) -> None:
    # asyncio does so for sockets that were made with a protocol number only. Without it the second part of an answer
    # waits for the acknowledgement of the first: 40 ms for each page (measured).
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def _secured(loop: asyncio.AbstractEventLoop, client: socket.socket, context: ssl.SSLContext) -> _Stream:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol,
        client,
        ssl=context,
        ssl_handshake_timeout=limits.HTTPS_HANDSHAKE_SECONDS,
        ssl_shutdown_timeout=limits.HTTPS_STALLED_SECONDS,
    )
    return _Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


async def _relay(outer: _Stream, inner: _Stream) -> None:
    """Until either side ends. What the server has said is still sent; what a client that left wanted is not."""
    asking = asyncio.ensure_future(_copy(outer.reader, inner.writer))
    answering = asyncio.ensure_future(_copy(inner.reader, outer.writer))
    try:
        await asyncio.wait((asking, answering), return_when=asyncio.FIRST_COMPLETED)
        if answering.done() and not answering.exception():
            outer.writer.close()
            async with asyncio.timeout(limits.HTTPS_STALLED_SECONDS):
                await outer.writer.wait_closed()
    finally:
        asking.cancel()
        answering.cancel()
        await asyncio.gather(asking, answering, return_exceptions=True)
        inner.writer.transport.abort()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(limits.HTTPS_CHUNK_BYTES):
        target.write(data)
        async with asyncio.timeout(limits.HTTPS_STALLED_SECONDS):
            await target.drain()


def _note_problem(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    # The default handler prints addresses; a client that breaks off is no news at all.
    if not isinstance(problem := context.get("exception"), OSError):
        _log.error("a connection failed: %s", type(problem).__name__)
