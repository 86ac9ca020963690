"""The pictures of the pages: each page of the list is drawn, shown in the README, and nothing else lies there."""

import re

from tests.lab import pictures
from tests.unit.house.test_structure import ROOT

PNG = b"\x89PNG\r\n\x1a\n"


def test_every_page_is_drawn_and_shown() -> None:
    groups = (
        *(pictures.BEFORE_THE_CLAIM, pictures.PARENTS, pictures.CHILD_S),
        *(pictures.NEW_DEVICE_S, pictures.OTHER_CHILD_S, pictures.ASKING_CHILD_S),
    )
    wanted = {picture.name for group in groups for picture in group}
    drawn = {path.stem: path for path in (ROOT / "docs" / "pictures").iterdir()}
    shown = set(re.findall(r"docs/pictures/([\w-]+)\.png", (ROOT / "README.md").read_text(encoding="utf-8")))

    assert len(wanted) > 20
    assert set(drawn) == wanted == shown
    assert all(path.suffix == ".png" and path.read_bytes().startswith(PNG) for path in drawn.values())
