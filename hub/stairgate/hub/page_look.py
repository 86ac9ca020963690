"""Looking at one page of the internet while a parent waits: it and its style sheets, in a few seconds, or why not.

It decides what is asked, which redirects are followed, and that nobody waits longer than `limits.PAGE_SECONDS_MAX`:
the looking is done by a thread of its own, which may still wait for a name server when the answer has long gone out.
Where connections may go is `public_http`'s part, what the bytes load `page_needs`'. Nothing is kept and nothing logged.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from stairgate.hub import limits, page_needs
from stairgate.hub.language import N_
from stairgate.hub.name_text import NotAName
from stairgate.hub.page_references import ONWARD, Found, name_of
from stairgate.hub.public_http import NotPublic, PublicHttp, outside_of
from stairgate.hub.said_later import SaidLater
from stairgate.hub.source_fetch import REDIRECTS, FetchFault, asked, is_address, unpacked

_CHUNK_BYTES = 64 * 1024
_LATE = SaidLater(N_("It did not answer in time."))
_HEADERS = {
    # Some servers answer nothing else than what begins like this; the rest says who asks.
    "User-Agent": "Mozilla/5.0 (compatible; Stairgate; what a page needs)",
    "Accept": "text/html, application/xhtml+xml, text/css, */*;q=0.5",
}


class PageFault(Exception):
    """The page could not be looked at; its text is a sentence for the parent who waits, in their language."""


class Looked(NamedTuple):
    """What was seen. is_secured: all came over HTTPS. is_whole: with all style sheets, and no bound was met."""

    found: Found
    is_secured: bool
    is_whole: bool


class PageLooks:
    """Looks at pages for parents, a few at a time.

    own_addresses: the hub's, beside which nothing is looked at. internet: makes the connections of one look; tests have
    one of their own.
    """

    def __init__(self, own_addresses: Callable[[], Collection[str]] = tuple) -> None:
        self.internet: Callable[[], PublicHttp] = lambda: PublicHttp(allows=outside_of(own_addresses))
        self._slots = threading.BoundedSemaphore(limits.PAGE_LOOKS_AT_ONCE)

    def look(self, name: str) -> Looked:
        """What the page at this name loads. Raises `PageFault`; takes no longer than `limits.PAGE_SECONDS_MAX`."""
        if not self._slots.acquire(blocking=False):
            raise PageFault(SaidLater(N_("The hub is looking at other pages just now. Please try again in a minute.")))
        look = _Look(name, self.internet(), self._slots.release)
        look.start()
        return look.seen(limits.PAGE_SECONDS_MAX)


class _Look(threading.Thread):
    """One page. `ended` is called once, whatever happens; may be long after `seen` has answered."""

    def __init__(self, name: str, internet: PublicHttp, ended: Callable[[], None]) -> None:
        super().__init__(name="look at a page", daemon=True)
        self._page = name
        self._internet = internet
        self._ended = ended
        self._done = threading.Event()
        self._late = threading.Event()
        self._looked: Looked | None = None
        self._fault = PageFault(_LATE)

    def seen(self, seconds: float) -> Looked:
        """What is known after this time at most. Raises `PageFault`."""
        if not self._done.wait(seconds):
            self._late.set()
            self._internet.close()
        looked = self._looked
        if looked is None:
            raise self._fault
        return looked

    def run(self) -> None:
        """Look; see Thread."""
        try:
            self._look()
        except PageFault as problem:
            self._fault = problem
        except (OSError, http.client.HTTPException, FetchFault, zlib.error) as problem:
            self._fault = PageFault(_sentence(problem))
        finally:
            self._done.set()
            self._ended()

    def _look(self) -> None:
        try:
            page, way = self._get(f"https://{self._page}/", limits.PAGE_BYTES_MAX)
        except (NotPublic, socket.gaierror):
            raise
        except (OSError, http.client.HTTPException) as problem:
            page, way = self._plainly(problem)
        found = page_needs.read_page(page, way[-1])
        parts = [found._replace(hosts=(*_onward(way), *found.hosts))]
        is_secured = all(place.startswith("https:") for place in way)
        # Told before the style sheets are there: whatever they are, the page itself has come.
        self._looked = Looked(parts[0], is_secured, not found.sheets and found.is_whole)
        missing = 0
        for sheet in found.sheets:
            try:
                data, places = self._get(sheet, limits.PAGE_SHEET_BYTES_MAX)
            except (OSError, http.client.HTTPException, FetchFault, PageFault, zlib.error):
                missing += 1
                continue
            parts.append(page_needs.read_sheet(data, places[-1]))
            self._looked = Looked(page_needs.merged(parts), is_secured, False)
        whole = page_needs.merged(parts)
        self._looked = Looked(whole, is_secured, whole.is_whole and not missing)

    def _plainly(self, problem: Exception) -> tuple[bytes, list[str]]:
        """The page over plain HTTP, where HTTPS had a problem; both failing, the first one is told."""
        self._check()
        try:
            return self._get(f"http://{self._page}/", limits.PAGE_BYTES_MAX)
        except (OSError, http.client.HTTPException):
            raise problem from None

    def _get(self, url: str, most: int) -> tuple[bytes, list[str]]:
        """At most so many bytes (and one more, to show that there are), and the addresses that led to them."""
        way = [url]
        for _ in range(limits.PAGE_REDIRECTS_MAX + 1):
            if not is_address(url, limits.PAGE_URL_CHARACTERS):
                raise PageFault(SaidLater(N_("It leads to something that is no address of a web page.")))
            with asked(self._connect, urlsplit(url), _HEADERS, limits.PAGE_SILENT_SECONDS) as answer:
                if answer.status in REDIRECTS:
                    url = _joined(url, answer.getheader("Location", ""))
                    way.append(url)
                    continue
                if answer.status != 200:
                    raise PageFault(
                        SaidLater(N_("Its server answered {status} instead of the page."), status=answer.status)
                    )
                return self._bytes(answer, most), way
        raise PageFault(SaidLater(N_("Its server sends us on and on.")))

    def _bytes(self, answer: http.client.HTTPResponse, most: int) -> bytes:
        encoding = answer.getheader("Content-Encoding", "identity").lower()
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise PageFault(SaidLater(N_("It came packed in a way that was not asked for.")))
        data = bytearray()
        # What was cut short is looked at as far as it came.
        with contextlib.suppress(FetchFault):
            for piece in unpacked(self._wire(answer, most)):
                data += piece
                if len(data) > most:
                    break
        return bytes(data[: most + 1])

    def _wire(self, answer: http.client.HTTPResponse, most: int) -> Iterator[bytes]:
        left = most + 1
        while left > 0 and (piece := answer.read1(min(left, _CHUNK_BYTES))):
            self._check()
            left -= len(piece)
            yield piece

    def _connect(self, scheme: str, host: str, port: int, seconds: float) -> socket.socket:
        self._check()
        joined = self._internet.connect(scheme, host, port, seconds)
        if self._late.is_set():
            joined.close()
        self._check()
        return joined

    def _check(self) -> None:
        if self._late.is_set():
            raise PageFault(_LATE)


def _joined(url: str, onward: str) -> str:
    try:
        return urljoin(url, onward)
    except ValueError:
        return ""


def _onward(way: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Where a page led to, one host after the other."""
    for place in way:
        with contextlib.suppress(NotAName):
            if name := name_of(place):
                yield name, ONWARD


def _sentence(problem: Exception) -> SaidLater:
    """What went wrong, without names and numbers of the network."""
    if isinstance(problem, NotPublic):
        return SaidLater(N_("It is at an address inside a home network, where the hub looks at nothing."))
    if isinstance(problem, ssl.SSLCertVerificationError):
        return SaidLater(N_("Its server could not prove that it is the right one (its certificate is wrong)."))
    if isinstance(problem, TimeoutError):
        return _LATE
    if isinstance(problem, socket.gaierror):
        return SaidLater(N_("There is no such page, or the internet connection does not work."))
    return SaidLater(N_("The connection to its server failed."))
