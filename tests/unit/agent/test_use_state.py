"""Minutes of use on the disk: two files merge, damage counts nothing, the flash is spared, a full disk costs none."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent.limits import CHECKPOINT_SECONDS, RETRY_SECONDS, USE_BYTES, WAITING_MINUTES
from stairgate.agent.state import State
from stairgate.agent.use_state import NOTHING, Kept, UseState, Waiting, read_kept, write_kept
from stairgate.core.limits import USE_ROWS
from stairgate.core.usage import UseBook

DAY = 20454
BITS = bytes(90) + b"\x81" + bytes(89)


def opened(folder: Path, boot: str = "boot1") -> UseState:
    made = UseState(State(str(folder / "flash")), State(str(folder / "run")), boot)
    made.open()
    return made


rows = st.lists(
    st.tuples(
        st.sampled_from(("pmia", "pben")),
        st.sampled_from(("total", "games")),
        st.integers(0, 30000),
        st.binary(min_size=180, max_size=180),
    ),
    max_size=4,
).map(tuple)
waiting = st.lists(st.builds(Waiting, st.just("pmia"), st.just("total"), st.integers(0, 1 << 40)), max_size=4).map(
    tuple
)


@given(st.builds(Kept, rows, st.text(max_size=40), waiting))
def test_what_is_written_is_read(kept: Kept) -> None:
    assert read_kept(write_kept(kept)) == kept


@given(st.binary(max_size=200))
def test_anything_else_is_nothing(content: bytes) -> None:
    assert read_kept(content) == NOTHING


UNUSABLE = {
    "another version": b'{"v":2,"boot":"","rows":[],"waiting":[]}',
    "a bitmap that is too short": b'{"v":1,"boot":"","rows":[["pmia","total",5,"AAAA"]],"waiting":[]}',
    "no person": b'{"v":1,"boot":"","rows":[],"waiting":[["P!","total",5]]}',
    "a minute of nobody's": b'{"v":1,"boot":"","rows":[],"waiting":[["pmia","total",-5]]}',
    "a number for the boot": b'{"v":1,"boot":5,"rows":[],"waiting":[]}',
    "deep": b"[" * 60_000,
}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_is_taken_whole_or_not_at_all(content: bytes) -> None:
    assert read_kept(content) == NOTHING


def test_both_files_count_together(tmp_path: Path) -> None:
    for name, minute in (("flash", 7), ("run", 8)):
        book = UseBook()
        book.mark("pmia", "total", DAY * 1440 + minute)
        State(str(tmp_path / name)).save_use(write_kept(Kept(tuple(book.rows(0)), "boot1", ())))

    assert opened(tmp_path).book.minutes("pmia", "total", 0, 1 << 40) == 2
    for name in ("flash", "run"):
        path = tmp_path / name / "use"
        path.write_bytes(path.read_bytes()[:-3] + b"xxx")
        assert opened(tmp_path).book.minutes("pmia", "total", 0, 1 << 40) == (1 if name == "flash" else 0)


def test_minutes_that_wait_are_of_one_start_of_the_machine(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.wait_for_time(Waiting("pmia", "total", 17))
    state.save(0.0, at_once=True)

    assert opened(tmp_path).waiting == [Waiting("pmia", "total", 17)]
    assert opened(tmp_path, "boot2").waiting == []


def test_of_minutes_that_wait_for_ever_the_oldest_are_lost() -> None:
    state = UseState(State("/nowhere"), None, "boot1")
    for minute in range(WAITING_MINUTES + 10):
        state.wait_for_time(Waiting("pmia", "total", minute))

    assert len(state.waiting) == WAITING_MINUTES
    assert state.waiting[0].minute == 10


def test_the_flash_has_its_rest_and_what_is_at_once_is_kept_at_once(tmp_path: Path) -> None:
    state = opened(tmp_path)
    flash = State(str(tmp_path / "flash"))

    def on_the_flash() -> int:
        kept = read_kept(flash.load_use() or b"")
        return sum(bits.bit_count() for *_, row in kept.rows for bits in row)

    for minute in range(int(CHECKPOINT_SECONDS // 60) + 2):
        state.book.mark("pmia", "total", DAY * 1440 + minute)
        state.save(60.0 * minute)
        assert on_the_flash() == (1 if minute * 60 < CHECKPOINT_SECONDS else CHECKPOINT_SECONDS // 60 + 1)
    state.save(60.0 * minute, at_once=True)
    assert on_the_flash() == minute + 1


def test_a_full_disk_is_tried_again_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    state = opened(tmp_path)
    state.book.mark("pmia", "total", DAY * 1440)

    def full(self: State, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(State, "save_use", full)
        for now in range(30):
            state.save(float(now))
    assert len(caplog.records) == 1

    state.save(30.0 + RETRY_SECONDS)
    assert opened(tmp_path).book.rows(0) == state.book.rows(0)


def test_a_folder_in_memory_that_cannot_be_made_costs_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"a file in its place")
    state = opened(tmp_path)
    state.book.mark("pmia", "total", DAY * 1440)
    state.save(0.0)

    assert State(str(tmp_path / "flash")).load_use()


def test_the_fullest_book_can_be_read_again() -> None:
    row = tuple(("p" * 32, "c" * 32, day, b"\xff" * 180) for day in range(20_000, 20_000 + USE_ROWS))
    waits = tuple(Waiting("p" * 32, "c" * 32, 29_000_000 + minute) for minute in range(1000))

    assert len(write_kept(Kept(row, "b" * 36, waits))) + 65 <= USE_BYTES
