"""Fetching one list over HTTP: what came is on the disk whole and within its bounds, or a sentence says why not.

It decides what is asked (conditional, RFC 9110), which redirects are followed and when an answer is too large, too
slow, cut short or no list at all. Where connections may go is `public_http`'s part, whether a whole list is a good
one `source_intake`'s.
"""

import contextlib
import hashlib
import http.client
import itertools
import os
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from stairgate.hub import limits
from stairgate.hub.language import N_
from stairgate.hub.public_http import NotPublic, PublicHttp
from stairgate.hub.sentence import Told

_CHUNK_BYTES = 64 * 1024
_GZIP = b"\x1f\x8b"
#: Answers that name another address (RFC 9110, 15.4).
REDIRECTS = (301, 302, 303, 307, 308)
_LATE = N_("It did not arrive in time.")
_CUT_SHORT = N_("It was cut short on its way.")
NO_LIST = N_("A web page came instead of a list.")
FULL_DISK = N_("The hub’s disk is full or cannot be written.")
#: {megabytes}: how large it may be.
TOO_LARGE = N_("It is larger than {megabytes} MB.")
_AGENT = "Stairgate (block lists for a home)"


class FetchFault(Told):
    """The list could not be fetched; the sentence is for a parent."""


class Fetched(NamedTuple):
    """What a server said. unchanged: the copy from before still holds, and nothing was written.

    etag, modified: what to send along next time. sha256: of the bytes on the disk, unpacked.
    """

    unchanged: bool
    etag: str = ""
    modified: str = ""
    bytes: int = 0
    sha256: str = ""


def is_address(text: str, most: int = limits.SOURCE_URL_CHARACTERS) -> bool:
    """True for a URL that a list may be at: http or https, a host, no name or password in it, `most` characters."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= most
    return bool(
        is_plain and parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and port != 0
    )


class Fetcher:
    """Fetches one list at a time. `stop` from another thread ends the one under way."""

    def __init__(self, internet: PublicHttp | None = None) -> None:
        self._internet = internet or PublicHttp()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the fetch under way; there is none after it."""
        self._stopped.set()
        self._internet.close()

    def fetch(self, url: str, target: Path, etag: str = "", modified: str = "", room: int = 1 << 62) -> Fetched:
        """Write the list at `url` into the new file `target`, unpacked. Raises `FetchFault`, then there is no file.

        etag, modified: of the copy that is there. room: bytes left on the disk for it.
        """
        late = threading.Event()

        def end() -> None:
            late.set()
            self._internet.close()

        alarm = threading.Timer(limits.SOURCE_SECONDS_MAX, end)
        alarm.daemon = True
        alarm.start()
        try:
            return self._fetch(url, target, etag, modified, min(room, limits.SOURCE_BYTES_MAX), late)
        except FetchFault:
            target.unlink(missing_ok=True)
            raise
        except (OSError, http.client.HTTPException, zlib.error) as problem:
            target.unlink(missing_ok=True)
            if late.is_set():
                raise FetchFault(_LATE) from problem
            raise FetchFault(_sentence(problem)) from problem
        finally:
            alarm.cancel()

    def _fetch(self, url: str, target: Path, etag: str, modified: str, room: int, late: threading.Event) -> Fetched:
        for _ in range(limits.SOURCE_REDIRECTS_MAX + 1):
            self._check(late)
            if not is_address(url):
                raise FetchFault(N_("Its address leads to something that is no address of a web server."))
            with self._asked(urlsplit(url), etag, modified) as answer:
                if answer.status in REDIRECTS:
                    onward = urljoin(url, answer.getheader("Location", ""))
                    if url.startswith("https:") and not onward.startswith("https:"):
                        raise FetchFault(N_("Its server sends us on to a connection that is not secured."))
                    url = onward
                    continue
                fetched = _taken(answer, target, bool(etag or modified), room)
                # Where no length is announced, a connection that we ended looks like the end of the list.
                self._check(late)
                return fetched
        raise FetchFault(N_("Its server sends us on and on."))

    def _check(self, late: threading.Event) -> None:
        if late.is_set():
            raise FetchFault(_LATE)
        if self._stopped.is_set():
            raise FetchFault(N_("It was broken off, as the hub ends."))

    def _asked(
        self, url: SplitResult, etag: str, modified: str
    ) -> contextlib.AbstractContextManager[http.client.HTTPResponse]:
        headers = {"User-Agent": _AGENT, "Accept": "text/plain, */*;q=0.5"}
        if etag:
            headers["If-None-Match"] = etag
        if modified:
            headers["If-Modified-Since"] = modified
        return asked(self._internet.connect, url, headers, limits.SOURCE_SILENT_SECONDS)


@contextlib.contextmanager
def asked(
    connect: Callable[[str, str, int, float], socket.socket],
    url: SplitResult,
    headers: Mapping[str, str],
    seconds: float,
) -> Iterator[http.client.HTTPResponse]:
    """The answer to a GET over a connection of its own, which `connect` makes as `PublicHttp.connect` does.

    Raises OSError and `http.client.HTTPException`.
    """
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    joined = connect(url.scheme, host, port, seconds)
    connection = http.client.HTTPConnection(host, port)
    connection.sock = joined
    ours = {"Host": url.netloc, "Accept-Encoding": "gzip", "Connection": "close"}
    path = quote(url.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{url.query}" if url.query else "")
    try:
        connection.request("GET", path, headers={**ours, **headers})
        with connection.getresponse() as answer:
            yield answer
    finally:
        connection.close()
        joined.close()


def _taken(answer: http.client.HTTPResponse, target: Path, is_conditional: bool, room: int) -> Fetched:
    if answer.status == 304 and is_conditional:
        return Fetched(True)
    if answer.status != 200:
        raise FetchFault(N_("Its server answered {status} instead of the list."), status=str(answer.status))
    if answer.getheader("Content-Type", "").lower().startswith("text/html"):
        raise FetchFault(NO_LIST)
    if answer.getheader("Content-Encoding", "identity").lower() not in ("identity", "gzip", "x-gzip"):
        raise FetchFault(N_("It came packed in a way that was not asked for."))
    digest, total = hashlib.sha256(), 0
    file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(file, "wb") as out:
        for piece in unpacked(_wire(answer)):
            total += len(piece)
            if total > room:
                raise FetchFault(TOO_LARGE, megabytes=room // 1_000_000)
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    etag, modified = _validator(answer.getheader("ETag", "")), _validator(answer.getheader("Last-Modified", ""))
    return Fetched(False, etag, modified, total, digest.hexdigest())


def _wire(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body as it comes; a body that is shorter than announced is told, which `read` alone does not."""
    announced = answer.length
    total = 0
    while piece := answer.read(_CHUNK_BYTES):
        total += len(piece)
        if total > limits.SOURCE_WIRE_BYTES_MAX:
            raise FetchFault(TOO_LARGE, megabytes=limits.SOURCE_WIRE_BYTES_MAX // 1_000_000)
        yield piece
    if announced is not None and total != announced:
        raise FetchFault(_CUT_SHORT)


def unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes without gzip, where they have any: by their first two, for files named `.gz` come without a word.

    At most `_CHUNK_BYTES` at a time. Raises `FetchFault` where they end too early, and zlib.error.
    """
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= len(_GZIP):
            break
    if not first.startswith(_GZIP):
        yield first
        yield from pieces
        return
    unpacker = zlib.decompressobj(wbits=31)
    for packed in itertools.chain((first,), pieces):
        waiting, piece = packed, b""
        while waiting or (len(piece) == _CHUNK_BYTES and not unpacker.eof):
            if unpacker.eof:  # the next member (RFC 1952, 2.2)
                unpacker = zlib.decompressobj(wbits=31)
            piece = unpacker.decompress(waiting, _CHUNK_BYTES)
            yield piece
            waiting = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if not unpacker.eof:
        raise FetchFault(_CUT_SHORT)


def _validator(text: str) -> str:
    is_kept = text.isascii() and text.isprintable() and len(text) <= limits.SOURCE_VALIDATOR_CHARACTERS
    return text if is_kept else ""


def _sentence(problem: Exception) -> str:
    """What went wrong, without names and numbers of the network."""
    if isinstance(problem, NotPublic):
        return N_("Its address leads into a home network, where no list is fetched from.")
    if isinstance(problem, ssl.SSLCertVerificationError):
        return N_("Its server could not prove that it is the right one (its certificate is wrong).")
    if isinstance(problem, TimeoutError):
        return N_("Its server did not answer in time.")
    if isinstance(problem, socket.gaierror):
        return N_("Its server was not found. Is the internet connection working?")
    if isinstance(problem, OSError) and problem.errno in (28, 122, 30):  # full, over quota, read-only
        return FULL_DISK
    if isinstance(problem, zlib.error):
        return N_("It came damaged.")
    return N_("The connection to its server failed.")
