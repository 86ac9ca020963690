"""A child's filter through its forms: one tap, every fault at once, undo, bounds, and names that want to harm."""

import re
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from stairgate.core.policy import Filter
from stairgate.hub import catalogue, filter_forms, limits
from stairgate.hub.categories import CATEGORIES
from stairgate.hub.filters import ChildFilter, compiled, from_preset
from stairgate.hub.presets import BY_ID
from tests.unit.hostile.corpus import TEXTS
from tests.unit.hub.conftest import ROUTER, Hub

#: Half a surrogate pair cannot be sent in a form.
SENT = [text for text in TEXTS if text.encode("utf-8", "ignore").decode() == text]


@pytest.fixture
def child(hub: Hub) -> str:
    child = hub.add_child()
    hub.add_device(child)
    return child


def held(hub: Hub, child: str) -> ChildFilter:
    found = hub.family().filter_of(child)
    assert found
    return found


def post(hub: Hub, child: str, act: str, **fields: Any) -> TestResponse:
    return hub.post(f"/children/{child}/filter/{act}", **fields)


def issued(hub: Hub) -> tuple[Filter, ...]:
    return hub.broker.policy(ROUTER)[0].filters


def test_a_new_child_begins_with_the_preset_of_its_age_and_an_old_one_with_none(hub: Hub, child: str) -> None:
    assert held(hub, child) == from_preset(child, BY_ID["6-9"], held(hub, child))
    assert issued(hub) == (compiled(held(hub, child)),)
    assert "Preset for ages 6 to 9." in hub.get(f"/children/{child}").text

    with hub.store.transaction("hhome") as rows:  # a store from before there was a filter
        rows.delete("filters", child)
    hub.parts.acts.change(lambda rows: None)
    assert issued(hub) == ()
    page = hub.get(f"/children/{child}/filter").text
    assert "Nothing is filtered." in page and "Nobody has chosen yet" in page
    assert 'aria-current="true"' not in page


def test_one_tap_chooses_a_preset_and_one_takes_it_back(hub: Hub, child: str) -> None:
    before = held(hub, child)
    assert post(hub, child, "preset", preset="13-15").status_code == 303
    assert held(hub, child).preset == "13-15"
    assert issued(hub) == (compiled(held(hub, child)),)
    assert "Undo the last change" in hub.get(f"/children/{child}/filter").text

    assert post(hub, child, "undo").status_code == 303
    assert compiled(held(hub, child)) == compiled(before)
    assert post(hub, child, "undo").status_code == 409

    post(hub, child, "preset", preset="none")
    assert issued(hub) == ()
    hub.clock.advance(limits.UNDO_SECONDS + 1)
    assert "Undo" not in hub.get(f"/children/{child}/filter").text
    assert post(hub, child, "undo").status_code == 409


def test_switches_search_way_and_apps_are_what_the_policy_says(hub: Hub, child: str) -> None:
    assert post(hub, child, "categories", block=["adult", "games"], age="12").status_code == 303
    assert post(hub, child, "search", safesearch="yes", youtube="moderate").status_code == 303
    assert post(hub, child, "way", page="yes").status_code == 303
    fields = {"app-minecraft": "open", "app-spotify": "blocked", "group": "music"}
    answer = post(hub, child, "apps", **fields)
    assert answer.location.endswith(f"/children/{child}/filter?open=music#apps")
    assert (held(hub, child).apps_open, held(hub, child).apps_blocked) == (("minecraft",), ("spotify",))
    (said,) = issued(hub)
    assert set(said.flags) == {"safesearch", "youtube_moderate", "page"}
    assert {"adult", "games", "spotify", "from13"} <= set(said.block) and "roblox" not in said.block
    assert "minecraft.net" in said.allow

    assert post(hub, child, "apps", **{"app-spotify": ""}).status_code == 303
    assert (held(hub, child).apps_open, held(hub, child).apps_blocked) == (("minecraft",), ())


def test_names_are_read_from_what_people_paste(hub: Hub, child: str) -> None:
    allow = "https://www.Example.org/a?b#c\n*.school.example, example.net. \n user@mail.example:8443"
    assert post(hub, child, "names", allow=allow, deny="bücher.example\nхn--a.example").status_code == 303
    said = held(hub, child)
    assert said.allow == ("example.net", "mail.example", "school.example", "www.example.org")
    # The second looks like `xn--a`, and is another: its first letter is Cyrillic.
    assert len(said.deny) == 2 and all(name.startswith("xn--") and name.isascii() for name in said.deny)
    page = hub.get(f"/children/{child}/filter").text
    assert "xn--bcher-kva.example" in page and "bücher" not in page
    assert post(hub, child, "only", only="school.example\nlms.example").status_code == 303
    assert issued(hub)[0].only == ("lms.example", "school.example")


def test_all_faults_at_once_and_what_was_typed_is_still_there(hub: Hub, child: str) -> None:
    before = held(hub, child)
    answer = post(
        hub, child, "names", allow="192.168.1.1\nok.example\nprinter.lan", deny="com\nhttp://\nchildline.org.uk"
    )
    assert answer.status_code == 422
    page = unescape(answer.text)
    for sentence in (
        "“192.168.1.1” is an address",
        "“printer.lan” is a name inside your home",
        "“com” is no single site",
        "“http://” is no name",
    ):
        assert sentence in page
    assert 'id="fault-allow"' in page and 'id="fault-deny"' in page
    assert "ok.example" in page
    assert held(hub, child) == before


@pytest.mark.parametrize(
    ("act", "fields", "sentence"),
    [
        ("preset", {"preset": "adult"}, "Please choose one of the presets"),
        ("preset", {}, "Please choose one of the presets"),
        ("categories", {"block": ["adult", "everything"]}, "choose categories"),
        ("categories", {"age": "99"}, "choose an age"),
        ("search", {"youtube": "none"}, "one of the three"),
        ("apps", {"app-youtube": "maybe"}, "one of the three"),
        ("names", {"deny": "www.childline.org.uk"}, "stays open for every child"),
        ("names", {"allow": "a.example", "deny": "a.example"}, "in both lists"),
        ("only", {"only": "\n".join(f"a{n}.example" for n in range(limits.FILTER_ONLY_MAX + 1))}, "a list holds"),
    ],
)
def test_what_makes_no_sense_is_told_and_changes_nothing(
    hub: Hub, child: str, act: str, fields: dict[str, Any], sentence: str
) -> None:
    before = held(hub, child)
    answer = post(hub, child, act, **fields)
    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert held(hub, child) == before


def test_too_many_open_apps_are_told(hub: Hub, child: str) -> None:
    fields = {f"app-{app.id}": "open" for app in catalogue.apps()}
    answer = post(hub, child, "apps", **fields)
    assert answer.status_code == 409 and "At most" in answer.text


def test_somebody_was_faster(hub: Hub, child: str) -> None:
    revision = str(held(hub, child).revision)
    post(hub, child, "search", youtube="moderate", revision=revision)
    answer = post(hub, child, "search", youtube="", revision=revision)
    assert answer.status_code == 409 and "You changed this yourself at" in answer.text
    assert held(hub, child).youtube == "moderate"


def test_more_names_than_a_policy_holds_are_told_and_the_old_filter_stays(hub: Hub, child: str) -> None:
    label = "a" * 60
    long = [f"{label}.{label}.{label}.{number:03}.example" for number in range(limits.FILTER_NAMES_MAX)]
    before = held(hub, child)
    answer = post(hub, child, "names", allow="\n".join(long[:40]), deny="\n".join(long[40:]))
    assert answer.status_code == 303
    before = held(hub, child)
    answer = post(hub, child, "only", only="\n".join(long))
    assert answer.status_code == 409 and "more names than the router can hold" in answer.text
    assert held(hub, child) == before


def test_a_form_of_64_kilobytes_is_refused(hub: Hub, child: str) -> None:
    assert post(hub, child, "names", allow="a" * 65536).status_code == 413


@pytest.mark.parametrize("text", SENT, ids=range(len(SENT)))
def test_hostile_names_do_nothing(hub: Hub, child: str, text: str) -> None:
    answer = post(hub, child, "names", allow=text, deny=text)
    assert answer.status_code in (303, 409, 413, 422)
    found = hub.get(f"/children/{child}/filter?q=x")
    for page in (answer.text, found.text):
        assert "<script>alert" not in page and "<img src=x" not in page
        assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", unescape(page))
    said = held(hub, child)
    assert all(name.isascii() and name == filter_forms.read_name(name) for name in (*said.allow, *said.deny))


def test_a_search_is_only_a_search(hub: Hub, child: str) -> None:
    page = hub.get(f"/children/{child}/filter", query_string={"q": "<script>alert(1)</script>\u202e"}).text
    assert "<script>alert" not in page and "\u202e" not in page
    assert "No app here is called" in page
    page = hub.get(f"/children/{child}/filter", query_string={"q": "tiktok"}).text
    assert 'name="app-tiktok"' in page and 'name="app-youtube"' not in page


def test_every_category_and_app_is_on_the_page(hub: Hub, child: str) -> None:
    page = hub.get(f"/children/{child}/filter").text
    for category in CATEGORIES:
        assert f'name="block" value="{category}"' in page
    for app in catalogue.apps():
        assert f'name="app-{app.id}"' in page


def test_a_child_that_is_gone(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/remove", sure="yes")
    assert hub.family().filters == ()
    assert hub.get(f"/children/{child}/filter").status_code == 404
    for act, fields in {"preset": {"preset": "6-9"}, "undo": {}, "only": {"only": ""}}.items():
        assert post(hub, child, act, **fields).status_code in (404, 409)
    assert hub.family().filters == ()


def test_the_history_says_that_it_changed_never_what_was_typed(hub: Hub, child: str) -> None:
    post(hub, child, "names", deny="secret.example")
    page = hub.get("/history").text
    assert "Changed names in the filter of Mia" in page and "secret.example" not in page


def test_a_limited_time_is_set_shown_and_compiled(hub: Hub, child: str) -> None:
    assert (
        hub.post(f"/children/{child}/bedtime", days="31", start="17:00", end="19:00", level="limited").status_code
        == 303
    )
    policy, _ = hub.broker.policy(ROUTER)
    assert [week.level for week in policy.weeks] == ["limited"]
    page = hub.get(f"/children/{child}").text
    assert "School days (Mon–Fri): only the homework list 17:00–19:00" in page
    assert "homework list</a> is empty" in page
    assert "Homework list only" in hub.get("/").text
    post(hub, child, "only", only="school.example")
    assert "is empty" not in hub.get(f"/children/{child}").text
    answer = hub.post(f"/children/{child}/bedtime", days="31", start="17:00", end="19:00", level="half")
    assert answer.status_code == 422
