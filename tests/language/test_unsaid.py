"""Nothing on any page is left out of its language: in the pseudo-language, no words stand outside of its marks.

It is looked at each page of `a11y_pages` as it is before anything is tapped. First, that a text which was left out is
found, wherever it stands.
"""

import pytest

from tests.language.pseudo import strange
from tests.language.unsaid import look_at_all, unsaid

SAID = strange("Pause until 7")


@pytest.mark.parametrize(
    ("page", "where", "text"),
    [
        ("<p>Pause</p>", "p", "Pause"),
        (f"<p>{SAID} Pause</p>", "p", "⟦Pööáúšéöö úñtíöö 7⟧ Pause"),
        (f"<p>{SAID} <b>Pause</b></p>", "b", "Pause"),
        ("<p>⟦Šéé <b>hérér</b>⟧ now</p>", "p", "⟧ now"),
        ("<bdi>Mia</bdi>’s phone", "", "’s phone"),
        ("<option>by day</option>", "option", "by day"),
        ("<input placeholder=tablet>", "input[placeholder]", "tablet"),
        (f"<button aria-label=Pause>{SAID}</button>", "button[aria-label]", "Pause"),
        ("<div data-say='It is on.'></div>", "div[data-say]", "It is on."),
        (f"<title>{SAID}, Calendar · Stairgate</title>", "title", "⟦Pööáúšéöö úñtíöö 7⟧, Calendar · Stairgate"),
    ],
)
def test_what_was_left_out_is_found(page: str, where: str, text: str) -> None:
    found = unsaid(page)
    assert [each for each, _ in found] == [where]
    assert text.replace("⟦Pööáúšéöö úñtíöö 7⟧", SAID) == found[0][1]


@pytest.mark.parametrize(
    "page",
    [
        f"<p>{SAID}</p>",
        "<p>⟦Šéé <b>hérér</b> ñöw⟧</p>",
        "<p>⟦Öf⟧ <bdi>Mia</bdi>, 12:30, 3 MB, +15</p>",
        "<b class=words>⟦hümbléö žébráö⟧⟧</b><p>⟦Öf⟧</p>",
        "<code>stairgate hub</code><button translate=no>Deutsch</button><textarea>a.example</textarea>",
        "<script>let word = 1</script><style>p { color: red }</style><input value=typed>",
    ],
)
def test_what_families_typed_and_numbers_are_free(page: str) -> None:
    assert unsaid(page) == []


def test_every_page_is_put_into_the_language_as_a_whole() -> None:
    assert list(look_at_all()) == []
