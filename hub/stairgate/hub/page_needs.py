"""Which other hosts a web page loads its parts from: bytes of HTML or CSS in, hosts and what each is for out.

It decides what counts as a part (a resource that a browser fetches to show the page; never a link somebody may follow)
and how much of a page is looked at. Fetching is `page_look`'s part, what is made of the hosts `needs_offer`'s. Whatever
the bytes are, the answer is within its bounds: what cannot be understood is passed over.

Elements and attributes: WHATWG HTML, 4."""

import codecs
import contextlib
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from stairgate.hub import limits
from stairgate.hub.page_references import (
    FONT,
    FRAME,
    MEDIA,
    ONWARD,
    OTHER,
    PICTURE,
    SCHEMES,
    SCRIPT,
    STYLE,
    Found,
    Gathered,
)

_ATTRIBUTES = {
    ("script", "src"): SCRIPT,
    ("img", "src"): PICTURE,
    ("input", "src"): PICTURE,
    ("image", "href"): PICTURE,
    ("image", "xlink:href"): PICTURE,
    ("use", "href"): PICTURE,
    ("use", "xlink:href"): PICTURE,
    ("body", "background"): PICTURE,
    ("video", "poster"): PICTURE,
    ("video", "src"): MEDIA,
    ("audio", "src"): MEDIA,
    ("source", "src"): MEDIA,
    ("track", "src"): MEDIA,
    ("iframe", "src"): FRAME,
    ("frame", "src"): FRAME,
    ("embed", "src"): FRAME,
    ("object", "data"): FRAME,
}
_SETS = frozenset((("img", "srcset"), ("source", "srcset"), ("link", "imagesrcset")))
_RELATIONS = {
    "stylesheet": STYLE,
    "icon": PICTURE,
    "apple-touch-icon": PICTURE,
    "modulepreload": SCRIPT,
    "manifest": OTHER,
    "preconnect": OTHER,
    "dns-prefetch": OTHER,
}
_PRELOADED = {"style": STYLE, "script": SCRIPT, "image": PICTURE, "font": FONT, "video": MEDIA, "audio": MEDIA}
_REFRESH = re.compile(r"url\s{0,16}=\s{0,16}['\"]?([^'\"\s]{1,2048})", re.IGNORECASE)
_BYTE_ORDER = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_page(data: bytes, base: str) -> Found:
    """What an HTML page at the address `base` loads."""
    gathered = Gathered(base)
    page = _Page(gathered)
    # The parser of the standard library gives up like this on some broken declarations: what came before counts.
    with contextlib.suppress(AssertionError):
        # Never closed: what is unfinished at the end is no element, and closing would look through it again and again.
        page.feed(_text(data[: limits.PAGE_BYTES_MAX]))
    return gathered.found(len(data) <= limits.PAGE_BYTES_MAX)


def read_sheet(data: bytes, base: str) -> Found:
    """What a style sheet at the address `base` loads."""
    gathered = Gathered(base)
    gathered.style(_text(data[: limits.PAGE_SHEET_BYTES_MAX]))
    return gathered.found(len(data) <= limits.PAGE_SHEET_BYTES_MAX)


class _Page(HTMLParser):
    """Goes through the elements of a page."""

    def __init__(self, gathered: Gathered) -> None:
        super().__init__(convert_charrefs=True)
        self._gathered = gathered
        self._has_base = False
        self._style: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element begins."""
        values = dict(reversed(attrs))  # of two with one name the first counts
        if tag == "base" and not self._has_base and values.get("href"):
            self._has_base = True
            self._rebase(values["href"] or "")
        if tag == "link":
            self._link(values)
        if tag == "meta" and (values.get("http-equiv") or "").lower() == "refresh":
            found = _REFRESH.search((values.get("content") or "")[: limits.PAGE_URL_CHARACTERS])
            self._gathered.add(ONWARD, found[1] if found else None)
        for name, value in values.items():
            kind = _ATTRIBUTES.get((tag, name))
            if kind:
                self._gathered.add(kind, value)
            elif (tag, name) in _SETS:
                for address in candidates(value or ""):
                    self._gathered.add(PICTURE, address)
            elif name == "style":
                self._gathered.style(value or "")
        if tag == "style":
            self._style = []

    def handle_data(self, data: str) -> None:
        """Text, of which only that of style elements counts."""
        if self._style is not None:
            self._style.append(data)

    def handle_endtag(self, tag: str) -> None:
        """One element ends."""
        if tag == "style" and self._style is not None:
            self._gathered.style("".join(self._style))
            self._style = None

    def _rebase(self, href: str) -> None:
        with contextlib.suppress(ValueError):
            base = urljoin(self._gathered.base, href.strip()[: limits.PAGE_URL_CHARACTERS])
            if urlsplit(base).scheme in SCHEMES:
                self._gathered.base = base

    def _link(self, values: dict[str, str | None]) -> None:
        relations = (values.get("rel") or "").lower().split()
        if "preload" in relations:
            self._gathered.add(_PRELOADED.get((values.get("as") or "").lower(), OTHER), values.get("href"))
        for relation, kind in _RELATIONS.items():
            if relation in relations:
                self._gathered.add(kind, values.get("href"))
                break


def candidates(text: str) -> Iterator[str]:
    """The addresses of a `srcset`: each is followed by a width or a density, then a comma."""
    is_address = True
    for word in text.split():
        if not is_address:
            _, comma, word = word.partition(",")
            is_address = bool(comma)
        if is_address and word:
            yield word.rstrip(",")
            is_address = word.endswith(",")


def merged(parts: Sequence[Found]) -> Found:
    """All of them as one; the style sheets are the first one's."""
    pairs = dict.fromkeys(pair for part in parts for pair in part.hosts)
    names = list(dict.fromkeys(name for name, _ in pairs))[: limits.PAGE_HOSTS_MAX]
    kept = tuple(pair for pair in pairs if pair[0] in set(names))
    return Found(
        kept,
        parts[0].sheets,
        any(part.has_addresses for part in parts),
        all(part.is_whole for part in parts) and len(kept) == len(pairs),
    )


def _text(data: bytes) -> str:
    codec = next((codec for mark, codec in _BYTE_ORDER if data.startswith(mark)), "utf-8")
    return data.decode(codec, "replace")
