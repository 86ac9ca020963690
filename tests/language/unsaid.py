"""What a page says that was not put into the language: `python -m tests.language.unsaid [NAME…]` looks at every page.

Every page of `a11y_pages` is asked for in the pseudo-language, whose sentences stand between two marks; each text and
each attribute that people hear or see, and that has letters outside of marks, is found. Free of it are names and
addresses: what stands in `bdi`, `code`, `textarea` or an element with `translate="no"` (HTML, 3.2.6.4), and units.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import NamedTuple

from flask.testing import FlaskClient

from stairgate.hub import language
from stairgate.hub.app import create_app
from tests.browser.a11y_home import HERE, STATES, FullHome
from tests.browser.a11y_life import CARER_NAME, OWNER_NAME
from tests.browser.a11y_pages import NOBODY, PARENT, VISITS, Visit
from tests.browser.conftest import PASSWORD, LiveHub
from tests.language.pseudo import BEGIN, END, pseudo_offered

ATTRIBUTES = ("aria-label", "placeholder", "title", "alt", "data-say")
#: The same in every language here.
ALIKE = frozenset({"Stairgate", "https", "B", "kB", "MB", "GB", "QR", "DNS", "DIR", "IPv4", "IPv6"})
_FREE = frozenset({"bdi", "code", "textarea", "script", "style"})
_VOID = frozenset({"area", "br", "hr", "img", "input", "link", "meta", "path", "line", "rect", "wbr", "circle"})
_WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*")


class Leak(NamedTuple):
    """A text that was not put into the language. page: the visit's name; where: an element or attribute."""

    page: str
    where: str
    text: str


class _Reader(HTMLParser):
    """Follows the marks through a document, also where a sentence has markup in it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._depth = 0
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        is_free = held.get("translate") == "no"
        for name in () if is_free else ATTRIBUTES:
            if held.get("translate") != "no" and _is_unsaid(held.get(name) or "", 0)[0]:
                self.found.append((f"{tag}[{name}]", held[name] or ""))
        if tag not in _VOID:
            # The two words of a device are picked out of a row, whose mark may stand at one of them.
            is_picked = "words" in (held.get("class") or "").split()
            self._open.append((tag, is_free or is_picked or tag in _FREE))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if any(is_free for _, is_free in self._open):
            return
        unsaid, self._depth = _is_unsaid(data, self._depth)
        if unsaid:
            self.found.append((self._open[-1][0] if self._open else "", " ".join(data.split())))


def _is_unsaid(text: str, depth: int) -> tuple[bool, int]:
    """Whether words stand outside of marks, beginning at a depth of marks; and the depth at its end."""
    outside = []
    for part in re.split(f"([{BEGIN}{END}])", text):
        if part == BEGIN:
            depth += 1
        elif part == END:
            depth -= 1
        elif depth == 0:
            outside.append(part)
    return any(word not in ALIKE for word in _WORD.findall(" ".join(outside))), depth


def unsaid(html: str) -> list[tuple[str, str]]:
    """Where and what a page says outside of marks."""
    reader = _Reader()
    reader.feed(html)
    return reader.found


def _client(home: FullHome, who: str) -> FlaskClient:
    app = create_app(home.hub.parts)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    client.set_cookie(language.COOKIE, "ar-XB")
    if who != NOBODY:
        home.hub.network.neighbours = {}
        home.hub.parts.guessing.succeeded(HERE)
        is_alone = len(home.hub.parts.parents.accounts()) == 1
        name = {} if is_alone else {"name": OWNER_NAME if who == PARENT else CARER_NAME}
        client.post("/login", data={"password": PASSWORD, **name})
    return client


def look(home: FullHome, visits: Sequence[Visit]) -> Iterator[Leak]:
    """Every visit of the state that the hub is in, as it is before anything is tapped."""
    clients: dict[str, FlaskClient] = {}
    for visit in visits:
        if visit.who not in clients:
            clients[visit.who] = _client(home, visit.who)
        home.hub.network.neighbours = {HERE: visit.mac} if visit.mac else {}
        answer = clients[visit.who].get(visit.path.format(**home.ids))
        if answer.status_code != visit.status:
            raise AssertionError(f"{visit.name}: expected {visit.status}, got {answer.status_code}")
        for where, text in unsaid(answer.text):
            yield Leak(visit.name, where, text)


def look_at_all(names: Sequence[str] = ()) -> Iterator[Leak]:
    """All pages, or those of these names, through all states of one hub."""
    hub = LiveHub()
    hub.start()
    try:
        with pseudo_offered():
            yield from _through_states(FullHome(hub), names)
    finally:
        hub.stop()


def _through_states(home: FullHome, names: Sequence[str]) -> Iterator[Leak]:
    for state, lead_to in STATES:
        if state == "empty":
            client = _client(home, NOBODY)
            home.hub.clock.advance(2)
            form = {"code": home.hub.codes[-1], "password": PASSWORD, "zone": "Europe/Berlin"}
            client.post("/claim", data=form)
        lead_to(home)
        yield from look(home, [each for each in VISITS if each.state == state and (not names or each.name in names)])


def main() -> int:
    """Prints what it finds; exit status 1 when there is something."""
    count = 0
    for leak in look_at_all(sys.argv[1:]):
        count += 1
        print(f"{leak.page}: {leak.where}: {leak.text}")
    print(f"{count} texts not in the language", file=sys.stderr)
    return int(bool(count))


if __name__ == "__main__":
    sys.exit(main())
