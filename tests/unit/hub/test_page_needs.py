"""What a page needs: its parts from bytes, a look over the network within bounds, and one tap that adds them."""

import gzip
import http.server
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from stairgate.hub import limits
from stairgate.hub.page_look import Looked, PageFault, PageLooks
from stairgate.hub.page_needs import merged, read_page, read_sheet
from stairgate.hub.page_references import FONT, FRAME, MEDIA, ONWARD, OTHER, PICTURE, SCRIPT, STYLE, Found
from stairgate.hub.public_http import NotPublic, PublicHttp, Resolved, is_outside
from tests.lab.processes import wait_until
from tests.unit.hub.conftest import Hub
from tests.unit.hub.test_source_fetch import Answer, Server, answer, at_home, identity, serving

BASE = "https://www.school.example/a/b.html"
MORE = "//parts.example/x"


def kinds(html: str, base: str = BASE) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for host, kind in read_page(html.encode(), base).hosts:
        found.setdefault(host, set()).add(kind)
    return found


# From bytes


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        (f"<script src={MORE}></script>", SCRIPT),
        (f"<SCRIPT SRC='{MORE}' defer>", SCRIPT),
        (f"<link href={MORE} rel='Alternate StyleSheet'>", STYLE),
        (f"<link rel='shortcut icon' href={MORE}>", PICTURE),
        (f"<link rel=apple-touch-icon href={MORE}>", PICTURE),
        (f"<link rel=modulepreload href={MORE}>", SCRIPT),
        (f"<link rel=preload as=font href={MORE}>", FONT),
        (f"<link rel=preload as=fetch href={MORE}>", OTHER),
        (f"<link rel=preload as=image imagesrcset='{MORE} 1x'>", PICTURE),
        ("<link rel=preconnect href=https://parts.example>", OTHER),
        (f"<img src='{MORE}'/>", PICTURE),
        (f"<img srcset='/here 1x, {MORE} 2x'>", PICTURE),
        (f"<img srcset='/here 100w,{MORE}?a,b 200w'>", PICTURE),
        (f"<picture><source srcset='/here,\n{MORE}'></picture>", PICTURE),
        (f"<video poster={MORE}></video>", PICTURE),
        (f"<video src={MORE}>", MEDIA),
        (f"<audio><source src={MORE}>", MEDIA),
        (f"<iframe src={MORE}>", FRAME),
        (f"<object data={MORE}>", FRAME),
        (f"<svg><image xlink:href={MORE} /></svg>", PICTURE),
        (f"<style>@import '{MORE}';</style>", STYLE),
        (f"<style>@IMPORT URL( {MORE} ) screen;</style>", STYLE),
        (f'<style>b{{background:URL( "{MORE}.png" )}}</style>', PICTURE),
        (f"<style>/* a */ @font-face{{src:url({MORE}.woff2?v=1)}}</style>", FONT),
        (f"<p style='background:url({MORE})'>", PICTURE),
        (f"<base href={MORE}><img src=1.png>", PICTURE),
        (f"<meta http-equiv=Refresh content='0; URL={MORE}'>", ONWARD),
        ("<img src=' https://PARTS.example:8443/x#y '>", PICTURE),
        ("<img src=https&#58;//parts.example/>", PICTURE),
    ],
)
def test_what_a_browser_loads_is_found(html: str, kind: str) -> None:
    assert kinds(html) | {"www.school.example": set()} == {"parts.example": {kind}, "www.school.example": set()}


@pytest.mark.parametrize(
    "html",
    [
        f"<a href={MORE}>x</a>",
        f"<form action={MORE}>",
        f"<!-- <img src={MORE}> -->",
        f"<script>var a = '<img src={MORE}>'</script>",
        f"<textarea data-src={MORE}></textarea>",
        f"<link rel=canonical href={MORE}><link rel=prefetch href={MORE}>",
        f"<style>/* url({MORE}) */</style>",
        "<img src=data:image/png;base64,AAAA><img src=blob:https://parts.example/1>",
        "<img src=//printer.lan/1><img src=//com/><img src='//[::'><img src=//a..example/>",
        f"<img src={MORE}",
        f"<img src=//{'a' * 3000}.example>",
    ],
)
def test_what_it_does_not_load_is_not(html: str) -> None:
    assert kinds(html) == {}


def test_names_come_in_their_one_form_and_addresses_without_one_are_told() -> None:
    found = read_page(
        "<img src=//bücher.example/><img src=//203.0.113.7/><script src='//[2001:db8::1]/'>".encode(), BASE
    )
    assert found.hosts == (("xn--bcher-kva.example", PICTURE),) and found.has_addresses
    utf16 = "<img src=//wide.example/>".encode("utf-16")
    assert read_page(utf16, BASE).hosts == (("wide.example", PICTURE),)


def test_every_count_has_a_bound_and_says_so() -> None:
    many = "".join(f"<link rel=stylesheet href=//h{number}.example/>" for number in range(limits.PAGE_HOSTS_MAX + 1))
    found = read_page(many.encode(), BASE)
    assert len(found.hosts) == limits.PAGE_HOSTS_MAX and len(found.sheets) == limits.PAGE_SHEETS_MAX
    assert not found.is_whole
    again = b"<img src=a>" * (limits.PAGE_REFERENCES_MAX + 1)
    assert not read_page(again, BASE).is_whole and read_page(again[11:], BASE).is_whole
    late = b" " * limits.PAGE_BYTES_MAX + b"<img src=//late.example/>"
    assert read_page(late, BASE) == Found((), is_whole=False)
    halves = [Found(tuple((f"{place}{n}.example", SCRIPT) for n in range(40)), (place,)) for place in "ab"]
    both = merged(halves)
    assert (len(both.hosts), both.sheets, both.is_whole) == (limits.PAGE_HOSTS_MAX, ("a",), False)


def test_a_sheet_is_read_relative_to_itself() -> None:
    found = read_sheet(b"a{b:url(1.png)} @import 'c.css';", "https://css.example/d/")
    assert found.hosts == (("css.example", STYLE), ("css.example", PICTURE))
    assert found.sheets == ("https://css.example/d/c.css",)


# Over the network


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


class Internet(PublicHttp):
    """Every name's plain HTTP is a server of the test's; its HTTPS is refused."""

    def __init__(self, port: int, resolver: Callable[[str, int], Resolved] = at_home) -> None:
        super().__init__(resolver, allows=lambda address: True)
        self._port = port

    def connect(self, scheme: str, host: str, port: int, seconds: float) -> socket.socket:
        if scheme == "https":
            raise ConnectionRefusedError
        return super().connect(scheme, host, self._port, seconds)


def looks(server: Server, resolver: Callable[[str, int], Resolved] = at_home) -> PageLooks:
    made = PageLooks()
    made.internet = lambda: Internet(server.port, resolver)
    return made


def html(text: str, **headers: Any) -> Answer:
    return answer(200, text.encode(), Content_Type="text/html", **headers)


def test_a_page_and_its_sheets_are_looked_at_one_level_deep(server: Server) -> None:
    server.answers["/"] = html("<link rel=stylesheet href=//css.example/a.css><script src=//js.example/></script>")
    server.answers["/a.css"] = answer(
        200, b"@import '//deep.example/b.css'; a{b:url(//pictures.example/1.png)}", Content_Type="text/css"
    )
    looked = looks(server).look("school.example")

    assert [host for host, _ in looked.found.hosts] == [
        "school.example",
        "css.example",
        "js.example",
        "deep.example",
        "pictures.example",
    ]
    assert (looked.is_secured, looked.is_whole) == (False, True)
    assert [path for path, _ in server.asked] == ["/", "/a.css"]
    headers = server.asked[0][1]
    assert headers["host"] == "school.example" and "cookie" not in headers


def test_where_it_is_sent_on_to_is_needed_too(server: Server) -> None:
    server.answers["/"] = answer(302, b"", Location="http://login.example/start?a=" + "b" * 900)
    server.answers["/start?a=" + "b" * 900] = html("<img src=1.png>")
    looked = looks(server).look("school.example")
    assert ("login.example", ONWARD) in looked.found.hosts


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (answer(404, b"none"), "Its server answered 404 instead of the page."),
        (answer(302, b"", Location="/"), "Its server sends us on and on."),
        (answer(302, b"", Location="ftp://a.example/"), "It leads to something that is no address of a web page."),
        (answer(302, b"", Location="http://[::"), "It leads to something that is no address of a web page."),
        (html("", Content_Encoding="br"), "It came packed in a way that was not asked for."),
        (html("x", Content_Encoding="gzip", X="y"), None),
    ],
)
def test_what_goes_wrong_is_said(server: Server, reply: Answer, sentence: str | None) -> None:
    server.answers["/"] = reply
    if sentence is None:
        assert looks(server).look("school.example").found.hosts == (("school.example", ONWARD),)
        return
    with pytest.raises(PageFault, match=re.escape(sentence)):
        looks(server).look("school.example")


def test_what_is_inside_the_home_is_not_looked_at() -> None:
    made = PageLooks()
    made.internet = lambda: PublicHttp(at_home)
    with pytest.raises(PageFault, match="inside a home network"):
        made.look("school.example")


def test_a_page_that_leads_into_the_home_is_not_followed(server: Server) -> None:
    def resolve(host: str, port: int) -> Resolved:
        if host != "school.example":
            raise NotPublic(host)
        return at_home(host, port)

    server.answers["/"] = answer(302, b"", Location="http://router.example/reboot")
    with pytest.raises(PageFault):
        looks(server, resolve).look("school.example")
    server.answers["/"] = html("<link rel=stylesheet href=//router.example/reboot>")
    looked = looks(server, resolve).look("school.example")
    assert ("router.example", STYLE) in looked.found.hosts and not looked.is_whole
    assert [path for path, _ in server.asked] == ["/", "/"]


def test_a_page_that_unpacks_to_too_much_is_read_to_the_bound(server: Server) -> None:
    page = b"<img src=//first.example/>" + b" " * (limits.PAGE_BYTES_MAX * 20)
    server.answers["/"] = answer(200, gzip.compress(page), Content_Encoding="gzip")
    looked = looks(server).look("school.example")
    assert ("first.example", PICTURE) in looked.found.hosts and not looked.is_whole


@pytest.fixture
def held_back() -> Iterator[threading.Event]:
    """Set at the latest when the test ends, so that no server waits for ever."""
    event = threading.Event()
    yield event
    event.set()


def slowly(event: threading.Event) -> Answer:
    def send(request: object) -> None:
        event.wait(20)

    return send


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PAGE_SECONDS_MAX", 0.3)


@pytest.mark.usefixtures("quick")
def test_a_server_that_says_nothing_costs_no_more_than_the_bound_and_few_wait_at_a_time(
    server: Server, held_back: threading.Event
) -> None:
    server.answers["/"] = slowly(held_back)
    resolving = threading.Event()

    def resolve(host: str, port: int) -> Resolved:
        resolving.wait(20)  # a name server that does not answer cannot be broken off
        return at_home(host, port)

    made = looks(server, resolve)
    for _ in range(limits.PAGE_LOOKS_AT_ONCE):
        with pytest.raises(PageFault, match="in time"):
            made.look("school.example")
    with pytest.raises(PageFault, match="other pages"):
        made.look("school.example")
    resolving.set()
    held_back.set()
    server.answers["/"] = html("")
    found: list[Looked] = []

    def again() -> bool:
        try:
            found.append(made.look("school.example"))
        except PageFault:
            return False
        return True

    wait_until("a free place", again)
    assert found


@pytest.mark.usefixtures("quick")
def test_the_page_counts_although_a_sheet_never_comes(server: Server, held_back: threading.Event) -> None:
    server.answers["/"] = html("<link rel=stylesheet href=//slow.example/a.css>")
    server.answers["/a.css"] = slowly(held_back)
    looked = looks(server).look("school.example")
    assert ("slow.example", STYLE) in looked.found.hosts and not looked.is_whole


def test_a_page_is_asked_for_securely_first_and_plainly_where_that_fails(tmp_path: Path) -> None:
    with serving(identity(tmp_path, "school.example")) as secured, serving() as plain:
        trust = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
        secured.answers["/"] = html("<img src=//secured.example/>")
        plain.answers["/"] = html("<img src=//plain.example/>")

        class Both(PublicHttp):
            def connect(self, scheme: str, host: str, port: int, seconds: float) -> socket.socket:
                there = secured.port if scheme == "https" else plain.port
                return super().connect(scheme, host, there, seconds)

        made = PageLooks()
        made.internet = lambda: Both(at_home, lambda address: True, trust)
        looked = made.look("school.example")
        assert ("secured.example", PICTURE) in looked.found.hosts and looked.is_secured and plain.asked == []
        # Another's certificate proves nothing: what is said then is what anybody on the way may have said.
        looked = made.look("other.example")
        assert ("plain.example", PICTURE) in looked.found.hosts and not looked.is_secured and len(secured.asked) == 1
        del plain.answers["/"]
        plain.answers["/"] = broken
        with pytest.raises(PageFault, match="certificate is wrong"):
            made.look("other.example")


def broken(request: http.server.BaseHTTPRequestHandler) -> None:
    """Nothing at all, and the end."""


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("8.8.8.8", True),
        ("8.8.4.4", False),
        ("2600::1", True),
        ("2a00:1234:5:6::1", False),
        ("2a00:1234:5:7::1", True),
        ("192.168.1.1", False),
        ("fe80::1", False),
        ("x", False),
    ],
)
def test_what_stands_beside_the_hub_is_not_outside(address: str, outside: bool) -> None:
    own = ("8.8.4.4", "2a00:1234:5:6:7:8:9:a", "fe80::7%eth0", "192.168.1.2", "")
    assert is_outside(address, own) == outside


# On the parent's phone


@pytest.fixture
def child(hub: Hub, server: Server) -> str:
    hub.parts.looks.internet = lambda: Internet(server.port)
    child = hub.add_child()
    hub.add_device(child)
    return child


def needs(hub: Hub, child: str, path: str = "", **fields: object) -> TestResponse:
    return hub.post(f"/children/{child}/filter/needs{path}", **fields)


def only(hub: Hub, child: str) -> tuple[str, ...]:
    held = hub.family().filter_of(child)
    assert held
    return held.only


def lines(answer: TestResponse) -> dict[str, tuple[bool, str]]:
    """Host -> whether it is ticked, and what is said of it."""
    found = {}
    for label in re.findall(r'<label class="tick tall"><input type="checkbox" name="host".*?</label>', answer.text):
        host = re.search(r'value="([^"]*)"', label)
        assert host
        said = " ".join(re.findall(r'class="hint">(.*?)</span>', label))
        found[host[1]] = (" checked" in label, unescape(said))
    return found


def test_one_look_and_one_tap_open_what_a_page_needs(hub: Hub, child: str, server: Server) -> None:
    server.answers["/"] = html(
        "<link rel=preload as=style href=//css.example/a><img src=//googleads.g.doubleclick.net/1>"
        "<script src=//www.youtube.com/a></script><script src=//css.example/></script><img src=//cdn.school.example/>"
        "<img src=//gone.example/1><iframe src=//listed.example>"
    )
    server.answers["/a"] = answer(200, b"")
    hub.post(f"/children/{child}/filter/only", only="school.example\nlisted.example")
    hub.post(f"/children/{child}/filter/names", deny="gone.example")
    assert "Find what this page needs" in hub.get(f"/children/{child}/filter").text
    before = only(hub, child)

    looked = needs(hub, child, name="https://school.example/a?b")

    assert looked.status_code == 200 and only(hub, child) == before
    said = lines(looked)
    assert said["css.example"] == (True, "How it looks, scripts")
    ticked, words = said["googleads.g.doubleclick.net"]
    assert not ticked and "Ads" in words and "which is blocked here" in words
    ticked, words = said["www.youtube.com"]
    assert not ticked and "It belongs to YouTube, which is blocked here." in words
    ticked, words = said["gone.example"]
    assert not ticked and "always blocked" in words
    assert not {"school.example", "cdn.school.example", "listed.example"} & set(said)
    assert "1 of the names it loads from is on the list already." in looked.text

    added = needs(hub, child, "/add", host=["css.example", "www.youtube.com"], more="lms.example")
    assert (added.status_code, added.location) == (303, f"/children/{child}/filter#only")
    assert only(hub, child) == ("css.example", "listed.example", "lms.example", "school.example", "www.youtube.com")
    hub.post(f"/children/{child}/filter/undo")
    assert only(hub, child) == before


def test_the_name_added_last_is_the_one_that_is_offered(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/filter/only", only="a.example\nschool.example")
    assert "<option selected>a.example" in hub.get(f"/children/{child}/filter").text
    hub.post(f"/children/{child}/filter/only", only="a.example\nschool.example\nz.example")
    assert "<option selected>z.example" in hub.get(f"/children/{child}/filter").text
    hub.clock.advance(limits.UNDO_SECONDS + 1)
    assert "<option selected>" not in hub.get(f"/children/{child}/filter").text


def test_a_page_that_cannot_be_fetched_says_why_and_takes_names_by_hand(hub: Hub, child: str, server: Server) -> None:
    server.answers["/"] = answer(503, b"")
    looked = needs(hub, child, name="school.example")
    assert looked.status_code == 200 and "answered 503 instead of the page" in looked.text
    assert lines(looked) == {"school.example": (True, "The page itself")}
    assert needs(hub, child, "/add", host="school.example", more="cdn.example").status_code == 303
    assert only(hub, child) == ("cdn.example", "school.example")


def test_what_is_refused_to_everybody_is_counted_and_not_shown(
    hub: Hub, child: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "stairgate.hub.needs_pages.tags_of", lambda shelf, host: ("illegal",) if host == "bad.example" else ()
    )
    shelf = hub.parts.lists.shelf
    monkeypatch.setattr(shelf, "listed", lambda: type(shelf).listed(shelf)._replace(everyone=("illegal",)))
    server.answers["/"] = html("<img src=//bad.example/><img src=//good.example/>")
    looked = needs(hub, child, name="school.example")
    assert "bad.example" not in looked.text and "good.example" in looked.text
    assert "1 more is blocked for everybody in this home, and not shown." in looked.text


def test_faults_of_the_form(hub: Hub, child: str) -> None:
    for name, sentence in (
        ("", "Please type a name"),
        ("192.168.1.1", "is an address"),
        ("printer.lan", "inside your"),
    ):
        answered = needs(hub, child, name=name)
        assert answered.status_code == 422 and sentence in answered.text
    assert needs(hub, child, "/add").status_code == 422
    wrong = needs(hub, child, "/add", host=["css.example", "<script>x"], more="com\nfine.example")
    assert wrong.status_code == 422 and only(hub, child) == ()
    assert lines(wrong) == {"css.example": (True, "")} and "com\nfine.example" in wrong.text
    many = "\n".join(f"n{number}.example" for number in range(limits.FILTER_ONLY_MAX))
    assert needs(hub, child, "/add", more=many).status_code == 303
    full = needs(hub, child, "/add", host="one.example")
    assert full.status_code == 409 and "it holds 60" in full.text
    assert len(only(hub, child)) == limits.FILTER_ONLY_MAX
    assert needs(hub, "nobody", name="a.example").status_code == 404
    assert needs(hub, "nobody", "/add", host="a.example").status_code == 404
    assert hub.get("/children/nobody/filter/needs").status_code == 404
    assert hub.get(f"/children/{child}/filter/needs").status_code == 200
