"""Parents and children read what the counting of minutes misses, takes for use, and leaves out."""

import html

import pytest

from tests.unit.hub.conftest import Hub
from tests.unit.hub.test_use_pages import limit
from tests.unit.hub.test_why_minutes import me, mia

__all__ = ["mia"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            (
                "While only the homework list is open, no minute counts.",
                "games streamed from a server, a friend’s shared screen, and films on a line",
                "a group’s chat that is mostly read",
                "a page that goes on loading advertisements",
                "on its own page, while that is open",
            ),
        ),
        (
            "de",
            (
                "Solange nur die Hausaufgabenliste offen ist, zählt keine Minute.",
                "der geteilte Bildschirm eines Freundes",
                "ein Gruppenchat, in dem meist nur gelesen wird",
                "eine Seite, die immer neue Werbung lädt",
                "auf seiner eigenen Seite davon, solange sie offen ist",
            ),
        ),
    ],
)
def test_parents_read_beside_the_minutes_what_is_counted_wrongly(
    hub: Hub, mia: str, language: str, said: tuple[str, ...]
) -> None:
    page = hub.browser.get(f"/children/{mia}/schedule", headers={"Accept-Language": language}).text
    text = html.unescape(page).replace("\N{SOFT HYPHEN}", "")
    for sentence in said:
        assert sentence in text, sentence


def test_a_child_reads_that_homework_takes_nothing_and_where_it_is_warned(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    page = me(hub)
    assert "While only the homework list is open, nothing counts." in page
    assert "this page tells you, while it is open. Nothing else does." in page
    assert "Solange nur die Hausaufgabenliste offen ist, zählt nichts." in me(hub, "de")
