"""The house: four source roots for one namespace, a first paragraph in every module, a README in every folder."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCE_ROOTS = ("agent", "hub", "micro", "provisioning")
FOLDERS = (*SOURCE_ROOTS, "firmware", "tests")
PARAGRAPH_CHARACTERS = 40
README_LINES = 25
MODULE_LINES = 400
# Where nothing of the house lives: what tools make.
MADE = ("build", "dist", ".venv")


def ours(folder: str, pattern: str) -> list[Path]:
    """Files of the house below a top-level folder."""
    return sorted(path for path in (ROOT / folder).rglob(pattern) if "__pycache__" not in path.parts)


def modules() -> list[Path]:
    """Every Python module of the house."""
    return [path for folder in (*SOURCE_ROOTS, "tests") for path in ours(folder, "*.py")]


def named(path: Path) -> str:
    """How a test shows a file."""
    return str(path.relative_to(ROOT))


def test_the_namespace_has_no_init_in_any_root() -> None:
    assert [named(path) for path in ROOT.glob("*/stairgate/__init__.py")] == []
    assert {path.parent.name for path in ROOT.glob("*/stairgate")} >= set(SOURCE_ROOTS)


def packages() -> list[Path]:
    """Every package of the namespace."""
    return sorted(path.parent for root in SOURCE_ROOTS for path in (ROOT / root).glob("stairgate/*/__init__.py"))


def test_every_package_has_types() -> None:
    assert len(packages()) >= 5
    assert [named(package) for package in packages() if not (package / "py.typed").is_file()] == []


def test_no_package_is_in_two_roots() -> None:
    names = [package.name for package in packages()]

    assert sorted(names) == sorted(set(names))


def first_paragraph(text: str) -> str:
    """The first paragraph of a module's docstring in one line, empty when there is none."""
    docstring = ast.get_docstring(ast.parse(text)) or ""
    return " ".join(docstring.split("\n\n")[0].split())


@pytest.mark.parametrize("path", modules(), ids=named)
def test_every_module_says_what_it_is(path: Path) -> None:
    paragraph = first_paragraph(path.read_text(encoding="utf-8"))

    assert len(paragraph) >= PARAGRAPH_CHARACTERS, f"{named(path)}: expected a first paragraph, got {paragraph!r}"
    assert paragraph[-1] in ".:", f"{named(path)}: expected a whole sentence, got {paragraph!r}"


def test_a_module_that_says_nothing_would_be_found() -> None:
    assert first_paragraph("import os\n") == ""
    assert len(first_paragraph('"""Helpers."""\n')) < PARAGRAPH_CHARACTERS
    assert first_paragraph('"""One\nline.\n\nMore."""\n') == "One line."


def test_modules_are_small() -> None:
    lengths = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    product = {name: length for name, length in lengths.items() if not name.startswith("tests")}

    assert sorted(product.values())[len(product) // 2] < 150
    assert {name: length for name, length in product.items() if length > MODULE_LINES} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_s_readme_is_short_and_names_three_files_to_read(folder: str) -> None:
    path = ROOT / folder / "README.md"
    assert path.is_file(), f"expected {named(path)}: what runs here, what may not be imported, three files to read"
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= README_LINES
    if ours(folder, "*.py"):
        mentioned = set(re.findall(r"[\w./-]+\.(?:py|md|toml|in)\b", text))
        exist = {name for name in mentioned if (ROOT / folder / name).is_file() and "/" in name}
        assert len(exist) >= 3, f"{named(path)}: expected three files of this folder, found {sorted(exist)}"


def tracked() -> list[Path]:
    """Every text file that is part of the project."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode:  # an unpacked archive is no repository
        every = (path for path in ROOT.rglob("*") if path.relative_to(ROOT).parts[0] not in (*MADE, ".git"))
        return [path for path in every if path.is_file() and path.suffix != ".pyc"]
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


FOREIGN = {
    # In pieces, so that this file does not find itself.
    "a path of one machine": re.compile(r"/" + r"(?:work|farm|root|Users)/\w"),
    "somebody's home": re.compile(r"/home/[a-z]\w*/"),
    "a package registry": re.compile(
        r"\b(?:py[p]i|python[h]osted|npm[j]s|deb\.[d]ebian|archive\.[u]buntu)\.(?:org|com)\b"
    ),
    "an address of a mirror": re.compile(r"index-" + r"url|PIP_" + r"INDEX"),
}


def test_no_file_holds_a_path_or_host_of_one_machine() -> None:
    found = []
    for path in tracked():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{named(path)}:{number}: {what}"
            for number, line in enumerate(lines, 1)
            for what, pattern in FOREIGN.items()
            if pattern.search(line)
        ]

    assert len(tracked()) > 50
    assert found == []


@pytest.mark.parametrize(
    "line",
    ["/" + "work/main", "cd /" + "root/x", "/home/" + "kim/x", "https://pypi" + ".org/simple", "--index-" + "url=x"],
)
def test_such_a_line_would_be_found(line: str) -> None:
    assert any(pattern.search(line) for pattern in FOREIGN.values())
