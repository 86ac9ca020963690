"""The recovery kit: read back from paper, whatever a tired person makes of it, and never on a disk."""

import builtins
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.core.p256 import N
from stairgate.core.pairing import ALPHABET
from stairgate.provisioning.faults import Invalid
from stairgate.provisioning.home import create_home
from stairgate.provisioning.home_command import main
from stairgate.provisioning.recovery_kit import ROWS, key_rows, read_kit, render_kit
from stairgate.provisioning.settings import Home
from stairgate.provisioning.signing import SigningKey
from tests.unit.provisioning.clocks import FixedClock

HOME = "h2345abcd"
SECRETS = st.integers(1, N - 1).map(lambda number: number.to_bytes(32, "big"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "home", ["192.168.77.2"], ["hub.lan"], 8883, ["Router"], FixedClock())


def root_of(home: Home) -> SigningKey:
    return SigningKey.load(home.directory / "root" / "root.key")


def rows_of(page: str) -> list[str]:
    """The rows of the key as they stand on the page."""
    return [line.strip() for line in page.splitlines() if line.count("-") == 3 and len(line.strip()) == 19]


def test_the_page_tells_what_is_needed(home: Home) -> None:
    page = render_kit(home, root_of(home), date(2026, 3, 1))

    assert page.isascii()
    assert max(map(len, page.splitlines())) <= 80 + len(str(home.directory))
    for part in (home.id, "192.168.77.2, hub.lan", "8883", "2026-03-01", "--by-root", str(home.directory)):
        assert part in page
    assert len(rows_of(page)) == ROWS


def test_what_is_printed_is_read_back_and_is_the_key_that_agents_know(home: Home) -> None:
    page = render_kit(home, root_of(home), date(2026, 3, 1))

    assert read_kit(home.id, "\n".join(rows_of(page))).point == home.root


@given(SECRETS)
def test_each_key_is_read_back(secret: bytes) -> None:
    rows = key_rows(HOME, secret)

    assert read_kit(HOME, "\n".join(rows)).secret() == secret
    typed = "\r\n\n".join(f"  {row.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} " for row in rows)
    assert read_kit(HOME, typed).secret() == secret


@given(SECRETS, st.integers(0, ROWS - 1), st.integers(0, 15), st.sampled_from(ALPHABET))
def test_a_wrong_letter_is_found_in_its_row(secret: bytes, number: int, position: int, letter: str) -> None:
    rows = key_rows(HOME, secret)
    letters = rows[number].replace("-", "")
    wrong = letters[:position] + letter + letters[position + 1 :]
    changed = [*rows[:number], wrong, *rows[number + 1 :]]
    if wrong == letters:
        return
    # Three letters of checksum: one mistake in 32768 is not seen in the row, but then the key is another one.
    found, faults = b"", ""
    try:
        found = read_kit(HOME, "\n".join(changed)).secret()
    except Invalid as invalid:
        faults = str(invalid)
    assert found != secret
    assert bool(found) != faults.startswith(f"row {number + 1}: ")
    assert wrong not in faults and "\n" not in faults


def test_every_wrong_row_is_told_and_none_repeated(home: Home) -> None:
    rows = key_rows(home.id, root_of(home).secret())
    text = "\n".join([rows[1], rows[0], rows[2], rows[3][:-1]])

    with pytest.raises(Invalid) as invalid:
        read_kit(home.id, text)

    assert [fault.where for fault in invalid.value.faults] == ["row 1", "row 2", "row 4"]
    assert not any(row in str(invalid.value) for row in rows)


def test_another_home_s_page_is_refused(home: Home) -> None:
    rows = key_rows("hanother", root_of(home).secret())

    with pytest.raises(Invalid, match=f"row 1 of the root key of the home {home.id}"):
        read_kit(home.id, "\n".join(rows))


@given(st.text(max_size=200))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_kit(HOME, text)


def test_a_number_that_is_no_key_is_refused() -> None:
    for number in (0, N, 2**256 - 1):
        with pytest.raises(Invalid, match="a private key of P-256"):
            read_kit(HOME, "\n".join(key_rows(HOME, number.to_bytes(32, "big"))))


def test_printing_it_writes_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every way of opening a file is watched: only reading is seen, and the directory stays as it was."""
    opened: list[str] = []
    before = {path: path.stat().st_mtime_ns for path in home.directory.rglob("*")}
    real_open, real_os_open = builtins.open, os.open

    def watched_open(file: object, mode: str = "r", *more: object, **named: object) -> object:
        opened.append(mode)
        return real_open(file, mode, *more, **named)  # type: ignore[call-overload]

    def watched_os_open(path: str, flags: int, *more: int, **named: int) -> int:
        opened.append("w" if flags & (os.O_WRONLY | os.O_RDWR) else "r")
        return real_os_open(path, flags, *more, **named)

    monkeypatch.setattr(builtins, "open", watched_open)
    monkeypatch.setattr(os, "open", watched_os_open)
    status = main(["recovery-kit", str(home.directory)], FixedClock())
    monkeypatch.undo()

    said = capsys.readouterr()
    assert status == 0
    assert opened and {mode.replace("b", "") for mode in opened} == {"r"}
    assert read_kit(home.id, "\n".join(rows_of(said.out))).point == home.root
    assert said.err == ""
    assert {path: path.stat().st_mtime_ns for path in home.directory.rglob("*")} == before


def test_no_row_of_it_is_in_any_file_of_the_home(home: Home) -> None:
    main(["recovery-kit", str(home.directory)], FixedClock())
    rows = [row.encode() for row in key_rows(home.id, root_of(home).secret())]

    for path in home.directory.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(row in data or row.replace(b"-", b"") in data for row in rows)
