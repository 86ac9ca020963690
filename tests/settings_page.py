"""Writes the tables of docs/settings.md from `stairgate.core.settings`, so that the page says what the code does.

`python -m tests.settings_page` (from the root of the sources) brings the page up to date; a test compares.
"""

from pathlib import Path

from stairgate.core.settings import TABLE, Setting, expectation

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
_HEAD = ("| setting | may be | default | means |", "|---|---|---|---|")


def row(setting: Setting) -> str:
    """One line of a table."""
    return f"| `{setting.name}` | {expectation(setting)} | {written(setting.default)} | {setting.meaning} |"


def written(value: object) -> str:
    """A default as it stands in the file."""
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def with_tables(text: str) -> str:
    """The page with fresh tables between its marks."""
    for section in ("hub", "agent"):
        begin, end = f"<!-- table: {section} -->\n", "<!-- end -->"
        before, mark, rest = text.partition(begin)
        table = "\n".join([*_HEAD, *(row(setting) for setting in TABLE if setting.section == section)])
        text = before + mark + table + "\n" + rest[rest.index(end) :]
    return text


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
