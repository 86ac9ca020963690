"""What is controlled on a kind of device and what is not, on the child's page and on the parents'."""

import html
import re

import pytest

from stairgate.hub.controlled import controlled
from stairgate.hub.family import DEVICE_KINDS
from stairgate.hub.language import LANGUAGES, speaking
from tests.unit.hub.conftest import Hub
from tests.unit.hub.test_asking import MIAS, TABLET, at
from tests.unit.hub.test_asking import mia as mia


def section(page: str) -> str:
    found = html.unescape(page).partition('id="controlled"')[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def pages(hub: Hub, kind: str, language: str = "en", **more: str) -> tuple[str, str]:
    """The section on the child's page and on the parents', for the same device as this kind."""
    device = hub.family().device_with(TABLET)
    assert device
    form = {"revision": str(device.revision), "name": "the thing", "kind": kind, "whose": device.persons[0], **more}
    assert hub.post(f"/devices/{device.id}", **form).status_code == 303
    spoken = {"Accept-Language": language}
    child = hub.get("/me", hub.new_browser(), environ_overrides=at(MIAS), headers=spoken).text
    return section(child), section(hub.get(f"/devices/{device.id}", headers=spoken).text)


@pytest.mark.parametrize("kind", DEVICE_KINDS)
def test_both_read_the_same_and_that_inside_of_apps_nothing_is_controlled(hub: Hub, mia: str, kind: str) -> None:
    child, parents = pages(hub, kind)
    assert child == parents and "What is not controlled" in child
    assert "inside a" in child or kind == "toy"


@pytest.mark.parametrize(
    ("kind", "said", "unsaid"),
    [
        ("phone", ("Mobile data: without Wi-Fi", "Telephone calls"), ("SIM card", "console")),
        ("tablet", ("Mobile data, if it has a SIM card", "Wi-Fi of friends"), ("Telephone", "console")),
        ("computer", ("hotspot of a phone",), ("Mobile data,", "console")),
        ("console", ("The console’s own settings", "voice chat", "from a disc"), ("Mobile data,", "Telephone")),
        ("tv", ("PIN", "aerial"), ("Mobile data,", "Telephone", "Wi-Fi of friends")),
    ],
)
def test_a_kind_has_its_own_ways_round(
    hub: Hub, mia: str, kind: str, said: tuple[str, ...], unsaid: tuple[str, ...]
) -> None:
    page, _parents = pages(hub, kind)
    assert [text for text in said if text not in page] == [] and [text for text in unsaid if text in page] == []


def test_a_device_that_helps_is_not_said_to_be_controlled(hub: Hub, mia: str) -> None:
    child, parents = pages(hub, "phone", assistive="yes")
    assert child == parents and "never closed and never filtered" in child and "Which sites" not in child


def test_a_device_kept_apart_reaches_nothing_at_home(hub: Hub, mia: str) -> None:
    assert "printer" in pages(hub, "tablet")[0] and "printer" not in pages(hub, "tablet", isolated="yes")[0]


def test_a_grown_ups_device_has_no_such_section(hub: Hub, mia: str) -> None:
    device = hub.family().device_with(TABLET)
    assert device
    form = {"revision": str(device.revision), "name": "phone", "kind": "phone", "whose": "adult"}
    assert hub.post(f"/devices/{device.id}", **form).status_code == 303
    assert section(hub.get(f"/devices/{device.id}").text) == ""


@pytest.mark.parametrize("kind", DEVICE_KINDS)
def test_every_sentence_is_german_in_german(kind: str) -> None:
    english = controlled(kind)
    with speaking(LANGUAGES["de"]):
        german = controlled(kind)
    for spoken, written in zip((*german.here, *german.not_here), (*english.here, *english.not_here), strict=True):
        assert spoken != written


def test_a_console_in_german(hub: Hub, mia: str) -> None:
    assert "Was in einem offenen Spiel geschieht" in pages(hub, "console", "de")[0]
