"""The page “Block lists”: what a parent reads of each list, switches, adds and removes; never a name that is in one."""

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from stairgate.hub import limits
from stairgate.hub.backup import Places
from stairgate.hub.keeping import on_disk
from stairgate.hub.known_sources import KNOWN
from stairgate.hub.packs import PackShelf, Written
from stairgate.hub.sources import Outcome, Source
from tests.unit.hub.conftest import EVENING, Hub

OWN = {"title": "Our school’s list", "url": "https://lists.example/school.txt", "format": "plain", "tag": "games"}


def text(hub: Hub) -> str:
    """The words of the page."""
    answer = hub.get("/lists")
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def own(hub: Hub) -> Source:
    return next(source for source in hub.parts.lists.sources.all() if not source.is_known)


def test_nothing_is_on_before_a_parent_switches_it_on(hub: Hub) -> None:
    page = text(hub)
    assert "Nothing is fetched before you switch it on" in page
    assert page.count("Switch on") == len(KNOWN)
    assert "Block lists" in hub.get("/more").text


def test_a_known_list_is_switched_on_and_off(hub: Hub) -> None:
    woken = hub.parts.lists.upkeep._woken
    assert hub.post("/lists/kadultsb/switch", on="yes").location == "/lists"
    assert woken.is_set()
    assert re.search(r"Adult sites (\S+ ){0,3}Will be fetched in a moment\.", text(hub))
    assert "Steven Black, github.com/StevenBlack/hosts Licence: MIT" in text(hub)
    assert hub.post("/lists/kadultsb/switch", on="no").location == "/lists"
    assert "Will be fetched" not in text(hub)
    assert "Switched a block list on or off" in hub.get("/history").text


def test_how_a_list_stands(hub: Hub) -> None:
    sources = hub.parts.lists.sources
    hub.post("/lists/kadultsb/switch", on="yes")
    url = next(known.url for known in KNOWN if known.id == "kadultsb")
    good = Outcome(int(EVENING) - 60, int(EVENING) - 60, "", 0, 76543, (("local_name", 1200), ("bad_idna", 3)), "ab")

    sources.note("kadultsb", good, url)
    assert "76,543 entries, checked 17:59" in text(hub)
    assert "1,200 left out: a name of the machine or the home network itself" in text(hub)
    sources.note("kadultsb", good._replace(fault="Its server answered 404 instead of the list.", failures=1), url)
    assert "answered 404 instead of the list. The one of 17:59 holds (76,543 entries)." in text(hub)
    assert "Take the new one all the same" in text(hub)
    sources.note("kadultsb", Outcome(int(EVENING), 0, "Its server was not found.", 1), url)
    assert "Its server was not found. Nothing of it is in use." in text(hub)
    assert "all the same" not in text(hub)


def test_a_list_of_ones_own_is_added_fetched_again_and_removed(hub: Hub) -> None:
    assert hub.post("/lists", **OWN, licence="CC0", hours="72").location == "/lists"
    added = own(hub)
    assert (added.url, added.format, added.tag, added.hours) == (OWN["url"], "plain", "games", 72)
    assert (added.enabled, added.licence, added.title) == (True, "CC0", OWN["title"])
    assert "every three days" in text(hub) and "Our school’s list Games" in text(hub)
    assert "not secured" not in text(hub)

    hub.parts.lists.sources.note(added.id, Outcome(1, 1, "", 0, 500, (), "ab"), added.url)
    assert hub.post(f"/lists/{added.id}/refresh", short="yes").status_code == 303
    assert own(hub).short and own(hub).outcome.tried == 0 and own(hub).outcome.names == 500
    assert hub.post(f"/lists/{added.id}/remove").status_code == 303
    assert "Our school’s list" not in text(hub)


def test_a_plain_connection_is_said_to_be_one(hub: Hub) -> None:
    hub.post("/lists", **{**OWN, "url": "http://lists.example/"})
    assert "http://lists.example/ – not secured on its way" in text(hub)


def test_a_file_is_a_list(hub: Hub) -> None:
    hub.post("/lists", **{**OWN, "url": "school.txt"})
    assert own(hub).is_file
    assert "The file school.txt in the folder lists of the hub’s data." in text(hub)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title", "", "Please give it a name"),
        ("title", "\u202e", "Please give it a name"),
        ("url", "", "Please give the list’s address"),
        ("url", "ftp://lists.example/", "begins with https://"),
        ("url", "../../etc/passwd", "begins with https://"),
        ("url", ".hidden", "begins with https://"),
        ("url", "https://user:word@lists.example/", "begins with https://"),
        ("url", "https://lists.example/" + "a" * 500, "begins with https://"),
        ("url", "http://192.168.1.1/list", "not fetched from inside a home network"),
        ("url", "http://[fe80::1]/list", "not fetched from inside a home network"),
        ("url", "http://localhost/list", "not fetched from inside a home network"),
        ("url", "http://router/list", "not fetched from inside a home network"),
        ("format", "", "Please choose the form"),
        ("format", "exe", "Please choose the form"),
        ("format", "hashed", "neither goes without the other"),
        ("format", "addresses", "A list of addresses can only be"),
        ("tag", "", "Please choose what its names are"),
        ("tag", "youtube", "Please choose what its names are"),
        ("tag", "illegal", "neither goes without the other"),
        ("hours", "0", "Please choose how often"),
        ("hours", "x", "Please choose how often"),
    ],
)
def test_what_a_list_may_not_be(hub: Hub, field: str, value: str, sentence: str) -> None:
    answer = hub.post("/lists", **{**OWN, field: value})
    assert answer.status_code == 422 and sentence in html.unescape(answer.text)
    # What was typed is still there, and the form open.
    assert field == "title" or "Our school’s list" in html.unescape(answer.text)
    assert '<details id="own" open>' in answer.text
    assert all(source.is_known for source in hub.parts.lists.sources.all())


def test_a_list_for_everybody_says_so_and_what_helps(hub: Hub) -> None:
    assert "grown-ups’ too" not in text(hub)
    assert hub.post("/lists", **{**OWN, "format": "hashed", "tag": "illegal"}).status_code == 303
    page = text(hub)
    assert "It closes them on every device at home, grown-ups’ too." in page
    assert "inhope.org" in page and "stopitnow.org" in page
    hub.post(f"/lists/{own(hub).id}/switch", on="no")
    assert "It closes them" not in text(hub)


@pytest.mark.parametrize("act", ["switch", "refresh", "remove"])
@pytest.mark.parametrize("which", ["gone", "kadultsb"])
def test_what_is_not_there_cannot_be_changed(hub: Hub, act: str, which: str) -> None:
    answer = hub.post(f"/lists/{which}/{act}")
    if which == "kadultsb" and act != "remove":
        assert answer.status_code == 303
    else:
        assert answer.status_code == 409 and "no longer here" in answer.text


def test_there_are_only_so_many(hub: Hub) -> None:
    template = Source("", "one", "https://lists.example/", "plain", "games")
    for number in range(limits.SOURCES_MAX):
        hub.parts.lists.sources.add(replace(template, url=f"https://lists.example/{number}"))
    answer = hub.post("/lists", **OWN)
    assert answer.status_code == 409 and "32 lists of your own" in answer.text


def test_what_cannot_be_built_is_told(hub: Hub) -> None:
    hub.parts.lists.upkeep.fault = "The lists could not be put together."
    assert "The lists could not be put together." in text(hub)


def test_what_is_in_force_is_shown(tmp_path: Path) -> None:
    def build(path: Path) -> Written:
        path.write_bytes(b"a pack")
        return Written(1_234_567, ("adult",), 12)

    PackShelf(tmp_path).put("a", build, EVENING - 60)
    hub = Hub(lambda clock: on_disk(Places(tmp_path / "home", tmp_path), clock, lambda: None))
    hub.claim()
    assert "1,234,567 names , put together 17:59." in text(hub)
    assert "12 names are in so many lists that only their strictest kinds were kept." in text(hub)
    hub.parts.keeping.history.close()
    hub.store.close()
