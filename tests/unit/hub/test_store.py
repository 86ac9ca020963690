"""The contract of `stairgate.hub.store`, run against every store, and what only the one on disk promises."""

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stairgate.hub import store as contract
from stairgate.hub.atomic_storage import Damaged, decode_generation
from stairgate.hub.memory_store import MemoryStore
from stairgate.hub.store import ROWS_MAX, Conflict, Full, InUse, Store, StoreError, Unreadable
from stairgate.hub.tinydb_store import TinyDbStore

HOME = "hhome"


@pytest.fixture(params=["memory", "tinydb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else TinyDbStore(tmp_path / "data")
    yield opened
    opened.close()


def names(store: Store, collection: str = "people", home: str = HOME) -> list[str]:
    with store.transaction(home) as rows:
        return [row.document["name"] for row in rows.page(collection)]


def test_a_row_comes_back_with_its_revision(store: Store) -> None:
    with store.transaction(HOME) as rows:
        assert rows.get("people", "p1") is None
        assert rows.put("people", "p1", {"name": "Mia \N{TEDDY BEAR}", "band": "6-9"}, expected=0) == 1
        assert rows.put("people", "p1", {"name": "Mia"}, expected=1) == 2

    with store.transaction(HOME) as rows:
        row = rows.get("people", "p1")
    assert row == contract.Row("p1", 2, {"name": "Mia"})


def test_a_raised_block_writes_nothing(store: Store) -> None:
    with store.transaction(HOME) as rows:
        rows.put("people", "p1", {"name": "Mia", "toys": ["bear"]})
    assert names(store) == ["Mia"]

    def fail_half_way() -> None:
        with store.transaction(HOME) as rows:
            rows.put("people", "p1", {"name": "changed"})
            rows.put("people", "p2", {"name": "new"})
            rows.delete("people", "p1")
            rows.page("people")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()

    assert names(store) == ["Mia"]


def test_documents_are_copies(store: Store) -> None:
    mine = {"name": "Mia", "toys": ["bear"]}
    with store.transaction(HOME) as rows:
        rows.put("people", "p1", mine)
        mine["toys"] = []
        read = rows.get("people", "p1")
        assert read
        read.document["toys"].append("car")
        rows.page("people")[0].document["toys"].append("boat")

    with store.transaction(HOME) as rows:
        again = rows.get("people", "p1")
    assert again
    assert again.document == {"name": "Mia", "toys": ["bear"]}


@pytest.mark.parametrize(
    ("held", "expected"), [(1, 0), (1, 2), (0, 1)], ids=["must be new", "changed meanwhile", "gone meanwhile"]
)
def test_a_stale_revision_is_refused(store: Store, held: int, expected: int) -> None:
    with store.transaction(HOME) as rows:
        if held:
            rows.put("people", "p1", {"name": "Mia"})

    with store.transaction(HOME) as rows:
        with pytest.raises(Conflict) as put:
            rows.put("people", "p1", {"name": "other"}, expected=expected)
        with pytest.raises(Conflict):
            rows.delete("people", "p1", expected=expected)
    assert (put.value.expected, put.value.got) == (expected, held)
    assert names(store) == ["Mia"][:held]


def test_delete_says_whether_there_was_a_row(store: Store) -> None:
    with store.transaction(HOME) as rows:
        rows.put("people", "p1", {"name": "Mia"})
        assert rows.delete("people", "p1", expected=1) is True
        assert rows.delete("people", "p1") is False
    assert names(store) == []


def test_homes_never_meet(store: Store) -> None:
    for home in ("hone", "htwo"):
        with store.transaction(home) as rows:
            rows.put("devices", "d1", {"name": home, "macs": ["02:00:00:00:00:01"]}, expected=0)

    with store.transaction("hone") as rows:
        found = rows.find("devices", "macs", "02:00:00:00:00:01")
        rows.delete("devices", "d1")
    assert [row.document["name"] for row in found] == ["hone"]
    assert names(store, "devices", "htwo") == ["htwo"]


def test_find_uses_declared_indexes_only(store: Store) -> None:
    with store.transaction(HOME) as rows:
        rows.put("devices", "d2", {"name": "two", "macs": ["b", "c"], "persons": ["p1", "p2"]})
        rows.put("devices", "d1", {"name": "one", "macs": ["a"], "persons": ["p1"]})
        rows.put("weeks", "w1", {"name": "week", "person": "p2"})

        assert [row.id for row in rows.find("devices", "persons", "p1")] == ["d1", "d2"]
        assert [row.id for row in rows.find("devices", "macs", "c")] == ["d2"]
        assert [row.id for row in rows.find("weeks", "person", "p2")] == ["w1"]
        with pytest.raises(ValueError, match="undeclared index"):
            rows.find("devices", "name", "one")
        with pytest.raises(ValueError, match="undeclared"):
            rows.put("gardens", "g1", {})


def test_pages_follow_each_other(store: Store) -> None:
    with store.transaction(HOME) as rows:
        for number in range(7):
            rows.put("people", f"p{number}", {"name": str(number)})
        first = rows.page("people", limit=4)
        rest = rows.page("people", after=first[-1].id, limit=4)
    assert [row.id for row in first + rest] == [f"p{number}" for number in range(7)]


def test_a_collection_has_a_bound(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stairgate.hub.memory_store.ROWS_MAX", 3)
    monkeypatch.setattr("stairgate.hub.tinydb_store.ROWS_MAX", 3)
    with store.transaction(HOME) as rows:
        for number in range(3):
            rows.put("people", f"p{number}", {"name": str(number)})
        rows.put("people", "p1", {"name": "again"})
        with pytest.raises(Full):
            rows.put("people", "p3", {"name": "3"})
    assert names(store) == ["0", "again", "2"]


def test_a_transaction_inside_a_transaction_is_an_error(store: Store) -> None:
    with store.transaction(HOME), pytest.raises(RuntimeError, match="inside"), store.transaction(HOME):
        raise AssertionError("never reached")
    assert names(store) == []


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"), store.transaction(HOME):
        raise AssertionError("never reached")


def test_two_thousand_rows_and_not_one_more(store: Store) -> None:
    with store.transaction(HOME) as rows:
        for number in range(ROWS_MAX):
            document = {"name": str(number), "macs": [f"m{number}"], "persons": [f"p{number % 7}"]}
            rows.put("devices", f"d{number:04}", document)
        with pytest.raises(Full):
            rows.put("devices", "one more", {"name": "x"})
    with store.transaction(HOME) as rows:
        assert len(rows.page("devices")) == ROWS_MAX
        assert [row.id for row in rows.find("devices", "macs", "m1999")] == ["d1999"]
        assert len(rows.find("devices", "persons", "p3")) == 286
        rows.put("devices", "d0000", {"name": "changed"}, expected=1)
        rows.put("people", "p1", {"name": "another collection has its own bound"})
    with store.transaction("hother") as rows:
        rows.put("devices", "d1", {"name": "another home, too"})
    assert names(store, "devices")[0] == "changed"


@pytest.mark.parametrize("thread_count", [2, 16])
def test_who_was_second_is_told(store: Store, thread_count: int) -> None:
    """Two parents at once: one change holds, the other is refused, none is lost silently."""
    with store.transaction(HOME) as rows:
        rows.put("weeks", "w1", {"person": "p1", "by": "nobody"})
    together = threading.Barrier(thread_count)
    told: list[str] = []

    def tap(parent: int) -> None:
        together.wait(30)
        try:
            with store.transaction(HOME) as rows:
                rows.put("weeks", "w1", {"person": "p1", "by": str(parent)}, expected=1)
            told.append(str(parent))
        except Conflict:
            told.append("refused")

    parents = [threading.Thread(target=tap, args=(number,)) for number in range(thread_count)]
    for parent in parents:
        parent.start()
    for parent in parents:
        parent.join(60)
    assert told.count("refused") == thread_count - 1
    with store.transaction(HOME) as rows:
        row = rows.get("weeks", "w1")
    assert row
    assert row.revision == 2
    assert row.document["by"] == next(name for name in told if name != "refused")


@pytest.mark.parametrize("threads", [2, 16])
def test_threads_lose_nothing(store: Store, threads: int) -> None:
    each = 25
    with store.transaction(HOME) as rows:
        rows.put("settings", "count", {"value": 0})
    failures: list[BaseException] = []

    def work(writer: int) -> None:
        try:
            for number in range(each):
                with store.transaction(HOME) as rows:
                    rows.put("people", f"p{writer}x{number}", {"name": "x"}, expected=0)
                    row = rows.get("settings", "count")
                    assert row
                    rows.put("settings", "count", {"value": row.document["value"] + 1}, expected=row.revision)
        except BaseException as failure:
            failures.append(failure)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert failures == []
    assert len(names(store)) == each * threads
    with store.transaction(HOME) as rows:
        count = rows.get("settings", "count")
    assert count
    assert count.document == {"value": each * threads}


# What only the store on disk promises.


def write_names(directory: Path, *written: str) -> None:
    store = TinyDbStore(directory)
    for name in written:
        with store.transaction(HOME) as rows:
            rows.put("people", "p1", {"name": name})
    store.close()


def read_names(directory: Path) -> tuple[list[str], str]:
    store = TinyDbStore(directory)
    try:
        return names(store), store.recovery
    finally:
        store.close()


def test_the_next_process_reads_what_was_committed(tmp_path: Path) -> None:
    write_names(tmp_path, "first", "second")
    assert read_names(tmp_path) == (["second"], "")
    assert (tmp_path / "store.json").stat().st_mode & 0o077 == 0


def test_reading_writes_nothing(tmp_path: Path) -> None:
    write_names(tmp_path, "first")
    before = (tmp_path / "store.json").stat().st_mtime_ns
    assert read_names(tmp_path) == (["first"], "")
    assert (tmp_path / "store.json").stat().st_mtime_ns == before


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip(data: bytes) -> bytes:
    return data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]


DAMAGE: list[Callable[[bytes], bytes]] = [
    cut,
    flip,
    lambda data: b"",
    lambda data: b"{}",
    lambda data: data + b"\n",
]


@pytest.mark.parametrize("damage", DAMAGE, ids=["torn", "one bit", "empty", "foreign", "longer"])
def test_a_damaged_file_falls_back_and_says_so(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    write_names(tmp_path, "first", "second")
    path = tmp_path / "store.json"
    path.write_bytes(damage(path.read_bytes()))

    found, recovery = read_names(tmp_path)

    assert found == ["first"]
    assert "went back to the generation before" in recovery
    assert (tmp_path / "store.json.damaged").exists()
    write_names(tmp_path, "third", "fourth")
    assert read_names(tmp_path) == (["fourth"], "")


@pytest.mark.parametrize("damage", DAMAGE, ids=["torn", "one bit", "empty", "foreign", "longer"])
def test_two_damaged_generations_are_an_error_never_an_empty_store(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    write_names(tmp_path, "first", "second")
    for path in (tmp_path / "store.json", tmp_path / "store.json.previous"):
        path.write_bytes(damage(path.read_bytes()))

    for _ in range(2):
        with pytest.raises(Unreadable, match=r"store\.json"):
            TinyDbStore(tmp_path)


def test_a_crash_between_the_renames_is_survived(tmp_path: Path) -> None:
    write_names(tmp_path, "first", "second")
    os.replace(tmp_path / "store.json", tmp_path / "store.json.previous")
    assert read_names(tmp_path) == (["second"], "")


def test_a_full_disk_keeps_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = TinyDbStore(tmp_path)
    with store.transaction(HOME) as rows:
        rows.put("people", "p1", {"name": "first"})

    def no_space(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("stairgate.hub.atomic_storage.os.fsync", no_space)
        with pytest.raises(StoreError, match="No space left"), store.transaction(HOME) as rows:
            rows.put("people", "p1", {"name": "second"})
    assert names(store) == ["first"]

    with store.transaction(HOME) as rows:
        rows.put("people", "p1", {"name": "third"})
    store.close()
    assert read_names(tmp_path) == (["third"], "")


# A crash, or a refusal of the disk, at every system call of a commit

CALLS = ("open", "write", "fsync", "close", "replace")


class PowerCut(BaseException):
    """Nothing runs after this, no cleaning up either."""


class Disk:
    """Stands for `os` in `atomic_storage`: the call number `fatal` of a commit fails."""

    def __init__(self, fatal: int, problem: BaseException) -> None:
        self._left = fatal
        self._problem = problem
        self.failed_at = ""

    def __getattr__(self, name: str) -> object:
        real = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*arguments: object, **options: object) -> object:
            self._left -= 1
            if self._left == 0:
                self.failed_at = name
                if name == "write":  # torn: half of it is there
                    real(arguments[0], bytes(arguments[1])[: len(bytes(arguments[1])) // 2])  # type: ignore[call-overload]
                if name == "close":
                    real(*arguments)
                raise self._problem
            return real(*arguments, **options)

        return call


def commit_until(directory: Path, monkeypatch: pytest.MonkeyPatch, fatal: int, problem: BaseException) -> str:
    """Commit "new" over what is there, failing at call number `fatal`; the call's name, empty when all went well."""
    store = TinyDbStore(directory)
    disk = Disk(fatal, problem)
    with monkeypatch.context() as patch:
        patch.setattr("stairgate.hub.atomic_storage.os", disk)
        try:
            with store.transaction(HOME) as rows:
                rows.put("people", "p1", {"name": "new"})
        except (PowerCut, StoreError):
            assert disk.failed_at
    store.close()
    return disk.failed_at


@pytest.mark.parametrize("before", [0, 1, 2], ids=["first commit", "second", "third"])
def test_a_power_cut_at_every_call_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    seen = set()
    for fatal in itertools.count(1):
        directory = tmp_path / str(fatal)
        write_names(directory, *[f"old {number}" for number in range(before)])
        failed_at = commit_until(directory, monkeypatch, fatal, PowerCut())
        found, recovery = read_names(directory)
        assert recovery == ""
        assert found in ([f"old {before - 1}"] if before else [], ["new"]), failed_at
        seen.add((failed_at, tuple(found)))
        write_names(directory, "after")
        assert read_names(directory) == (["after"], "")
        if not failed_at:
            break
    assert {name for name, _ in seen} == {*CALLS, ""}
    assert {found for _, found in seen} == {("old " + str(before - 1),) if before else (), ("new",)}


@pytest.mark.parametrize("number", [5, 28, 30, 122], ids=["EIO", "ENOSPC", "EROFS", "EDQUOT"])
@pytest.mark.parametrize("before", [0, 2], ids=["first commit", "third"])
def test_a_disk_that_refuses_any_call_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, number: int
) -> None:
    old = [f"old {before - 1}"] if before else []
    for fatal in itertools.count(1):
        directory = tmp_path / str(fatal)
        write_names(directory, *[f"old {each}" for each in range(before)])
        store = TinyDbStore(directory)
        disk = Disk(fatal, OSError(number, os.strerror(number)))
        with monkeypatch.context() as patch:
            patch.setattr("stairgate.hub.atomic_storage.os", disk)
            told = ""
            try:
                with store.transaction(HOME) as rows:
                    rows.put("people", "p1", {"name": "new"})
            except StoreError as problem:
                told = str(problem)
        assert (os.strerror(number) in told) is bool(disk.failed_at)
        if not disk.failed_at:
            assert names(store) == ["new"]
            store.close()
            break
        assert names(store) == old, disk.failed_at
        with store.transaction(HOME) as rows:  # the disk is well again
            rows.put("people", "p2", {"name": "later"})
        store.close()
        assert read_names(directory) == ([*old, "later"], ""), disk.failed_at
        if fatal == 1:
            continue
        # And when the hub was started again instead, what was refused has not come to life.
        again = tmp_path / f"{fatal} again"
        write_names(again, *[f"old {each}" for each in range(before)])
        commit_until(again, monkeypatch, fatal, OSError(number, os.strerror(number)))
        assert read_names(again)[0] == old, disk.failed_at


def test_a_file_cut_at_every_length(tmp_path: Path) -> None:
    write_names(tmp_path, "first", "second")
    newest, previous = tmp_path / "store.json", tmp_path / "store.json.previous"
    two, one = newest.read_bytes(), previous.read_bytes()

    def found() -> list[str] | None:
        try:
            return read_names(tmp_path)[0]
        except Unreadable:
            return None

    for length in range(max(len(one), len(two)) + 1):
        newest.write_bytes(two[:length])
        previous.write_bytes(one)
        assert found() == (["second"] if length >= len(two) else ["first"]), length
        newest.write_bytes(two)
        previous.write_bytes(one[:length])
        assert found() == ["second"], length
        newest.write_bytes(two[:length])
        previous.write_bytes(one[:length])
        expected = ["second"] if length >= len(two) else ["first"] if length >= len(one) else None
        assert found() == expected, length


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    write_names(tmp_path, "first", "second")
    newest, previous = tmp_path / "store.json", tmp_path / "store.json.previous"
    two, one = newest.read_bytes(), previous.read_bytes()
    number = two.split(b" ")[2]
    for at in range(len(two)):
        newest.write_bytes(two[:at] + bytes([two[at] ^ 0x41]) + two[at + 1 :])
        previous.write_bytes(one)
        # The generation's number is only counted on; what is kept is under the digest.
        is_number = two.index(number) <= at < two.index(number) + len(number)
        assert read_names(tmp_path)[0] in (["first"], ["second"] if is_number else ["first"]), at


def test_a_store_too_large_for_its_file_keeps_the_old_state(tmp_path: Path) -> None:
    store = TinyDbStore(tmp_path)
    with store.transaction(HOME) as rows:
        rows.put("people", "p1", {"name": "old"})

    def write_nine_megabytes() -> None:
        with store.transaction(HOME) as rows:
            for number in range(9):
                rows.put("people", f"p{number}", {"name": "x" * 2**20})

    with pytest.raises(StoreError, match="expected at most"):
        write_nine_megabytes()
    assert names(store) == ["old"]
    store.close()
    assert read_names(tmp_path) == (["old"], "")


REFUSED = """
import resource, sys
from pathlib import Path
from stairgate.hub.store import StoreError
from stairgate.hub.tinydb_store import TinyDbStore
store = TinyDbStore(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    with store.transaction("hhome") as rows:
        rows.put("people", "p1", {"name": "x" * 10000})
except StoreError as problem:
    print("told:", problem)
with store.transaction("hhome") as rows:
    print(rows.page("people")[0].document["name"])
"""


def test_a_kernel_that_refuses_to_write_more_is_told(tmp_path: Path) -> None:
    write_names(tmp_path, "old")
    answer = subprocess.run(
        [sys.executable, "-c", REFUSED, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.stdout.splitlines() == ["told: writing store.json: File too large", "old"], answer.stderr
    assert read_names(tmp_path) == (["old"], "")


def test_one_process_at_a_time(tmp_path: Path) -> None:
    first = TinyDbStore(tmp_path)
    with pytest.raises(InUse):
        TinyDbStore(tmp_path)
    first.close()
    TinyDbStore(tmp_path).close()


WRITER = """
import sys
from pathlib import Path
from stairgate.hub.tinydb_store import TinyDbStore
store = TinyDbStore(Path(sys.argv[1]))
with store.transaction("hhome") as rows:
    row = rows.get("settings", "count")
    count = row.document["value"] if row else 0
while True:
    count += 1
    with store.transaction("hhome") as rows:
        rows.put("settings", "count", {"value": count, "filler": "x" * 20000})
    print(count, flush=True)
"""


def test_a_killed_writer_never_leaves_an_unreadable_store(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    acknowledged = 0
    for kill in range(20):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, env=environment, text=True
        )
        assert writer.stdout
        for line in itertools.islice(writer.stdout, 3 + 7 * kill % 11):
            acknowledged = int(line)
        writer.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout if line.endswith("\n"))])
        writer.wait(30)
        writer.stdout.close()

        store = TinyDbStore(tmp_path)
        with store.transaction(HOME) as rows:
            row = rows.get("settings", "count")
        assert store.recovery == ""
        store.close()
        assert row
        assert row.document["value"] in (acknowledged, acknowledged + 1)


def test_the_file_names_its_own_damage() -> None:
    with pytest.raises(Damaged, match="expected a first line"):
        decode_generation(b"stairgate-store 2 1 2 00\n{}")
