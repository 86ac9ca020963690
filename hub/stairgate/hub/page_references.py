"""The references of a page, gathered up to their bounds (hosts by what they are for, style sheets), and those of CSS.

It decides what counts as a name of the web, and what CSS loads (CSS Values 4, 4.5 `url()`; CSS Cascade 5, 2 `@import`).
Which elements of a page load something is `page_needs`' part.
"""

import re
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin, urlsplit

from stairgate.hub import limits
from stairgate.hub.name_text import NotAName, is_local, is_too_wide, normal

STYLE, SCRIPT, PICTURE, FONT, MEDIA = "style", "script", "picture", "font", "media"
FRAME, OTHER, ONWARD = "frame", "other", "onward"
#: What a host is for, in the order of the pages. onward: the page itself leads there.
KINDS = (ONWARD, STYLE, SCRIPT, PICTURE, FONT, MEDIA, FRAME, OTHER)

# Each repetition has a bound and each match consumes what it read: time grows with the length and no faster.
_IMPORT = re.compile(r"@import\s{0,16}(?:url\(\s{0,16})?[\"']?([^\"'()\s;]{1,2048})", re.IGNORECASE)
_URL = re.compile(r"url\(\s{0,16}[\"']?([^\"'()\s]{1,2048})", re.IGNORECASE)
_FONTS = (".woff2", ".woff", ".ttf", ".otf", ".eot")
SCHEMES = frozenset(("http", "https", "ws", "wss"))


class Found(NamedTuple):
    """What some bytes load. hosts: (host as A-labels, kind), each pair once, in the order of appearance.

    sheets: addresses of style sheets. has_addresses: something comes from an address without a name. is_whole: no bound
    was met.
    """

    hosts: tuple[tuple[str, str], ...]
    sheets: tuple[str, ...] = ()
    has_addresses: bool = False
    is_whole: bool = True


def name_of(url: str) -> str:
    """The name in an absolute address, "" for none that a list could hold. Raises NotAName for a literal address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme not in SCHEMES:
        return ""
    try:
        name = normal(host)
    except NotAName as problem:
        if problem.reason == "address":
            raise
        return ""
    return "" if is_local(name) or is_too_wide(name) else name


class Gathered:
    """Hosts and style sheets as they are met, up to the bounds."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._hosts: dict[tuple[str, str], None] = {}
        self._names: set[str] = set()
        self._sheets: dict[str, None] = {}
        self._has_addresses = False
        self._is_whole = True
        self._left = limits.PAGE_REFERENCES_MAX

    def found(self, is_whole: bool) -> Found:
        """What was gathered; `is_whole`: of all the bytes there were."""
        return Found(tuple(self._hosts), tuple(self._sheets), self._has_addresses, self._is_whole and is_whole)

    def add(self, kind: str, text: str | None) -> None:
        """A reference, relative or not. What is no address of the web is passed over."""
        if not text or len(text) > limits.PAGE_URL_CHARACTERS:
            return
        if self._left <= 0:
            self._is_whole = False
            return
        self._left -= 1
        try:
            url = urldefrag(urljoin(self.base, text.strip())).url
            name = name_of(url)
        except NotAName:
            self._has_addresses = True
            return
        except ValueError:
            return
        if not name:
            return
        if kind == STYLE:
            self._sheet(url)
        if len(self._names | {name}) > limits.PAGE_HOSTS_MAX:
            self._is_whole = False
            return
        self._names.add(name)
        self._hosts[name, kind] = None

    def _sheet(self, url: str) -> None:
        if len(self._sheets) < limits.PAGE_SHEETS_MAX:
            self._sheets[url] = None
        elif url not in self._sheets:
            self._is_whole = False

    def style(self, text: str) -> None:
        """Everything that CSS loads."""
        text = _without_comments(text)
        for match in _IMPORT.finditer(text):
            self.add(STYLE, match[1])
        for match in _URL.finditer(_IMPORT.sub(" ", text)):
            path = match[1].partition("?")[0].partition("#")[0].lower()
            self.add(FONT if path.endswith(_FONTS) else PICTURE, match[1])


def _without_comments(text: str) -> str:
    pieces, at = [], 0
    while (start := text.find("/*", at)) >= 0:
        pieces.append(text[at:start])
        end = text.find("*/", start + 2)
        if end < 0:
            return " ".join(pieces)
        at = end + 2
    return " ".join([*pieces, text[at:]])
