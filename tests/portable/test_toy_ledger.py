"""The ledger on a toy's files: honest, bounded, on the flash, and whole after whatever was torn."""

from stairgate.core.ledger import Entry
from stairgate.core.ledger_message import read_ledger
from stairgate.micro import ledger as ledger_module
from stairgate.micro import limits
from stairgate.micro.ledger import FOLDER, Ledger
from stairgate.micro.storage import Storage, overwrite_and_unlink
from tests.portable import bear, toy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stairgate.micro.platform_fake import FakePlatform

DECLARATION = bear.declaration()


def in_storage(act: "Callable[[Storage], None]") -> None:
    """Calls `act` with an empty folder."""
    toy.in_home(lambda board: act(Storage(board.root, overwrite_and_unlink)))


def ledger_of(storage: Storage) -> Ledger:
    """As after a start."""
    return Ledger(storage, DECLARATION, lambda: 1774602000)


def files(storage: Storage) -> "list[str]":
    """The files of the ledger."""
    return storage.names(FOLDER)


def spoil(storage: Storage, name: str, change: "Callable[[bytes], bytes]") -> None:
    """Change the bytes of a file."""
    path = storage.path(FOLDER + "/" + name)
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(change(data))


def test_what_is_noted_is_there_after_a_start() -> None:
    def act(storage: Storage) -> None:
        ledger = ledger_of(storage)
        ledger.note("answers", 5120)
        ledger.note("answers", 700, "talk.honey.example")
        assert list(ledger_of(storage).entries()) == [
            Entry(1, 1774602000, "collected", "answers", 5120, ""),
            Entry(2, 1774602000, "sent", "answers", 700, "talk.honey.example"),
        ]

    in_storage(act)


CASES = (
    ("undeclared: a row", "dreams", "", "undeclared  dreams"),
    ("undeclared: a destination", "answers", "ads.example", "undeclared answers ads.example"),
    ("undeclared: another row's destination", "answers", "stats.example", "undeclared answers stats.example"),
    ("undeclared: a row that stays at home", "diary", "talk.honey.example", "undeclared diary talk.honey.example"),
    ("undeclared: what would break a line", "a b", 'x"y\n', "undeclared  x_y_"),
)


def check(row: str, destination: str, told: str) -> None:
    """What the declaration lacks is told all the same."""

    def act(storage: Storage) -> None:
        ledger = ledger_of(storage)
        ledger.note(row, 9, destination)
        (entry,) = ledger_of(storage).entries()
        assert f"{entry.kind} {entry.row} {entry.where}" == told
        assert entry.amount == 9

    in_storage(act)


def test_numbers_go_on_over_files_and_starts() -> None:
    def act(storage: Storage) -> None:
        for _ in range(20):
            ledger = ledger_of(storage)
            for _ in range(20):
                ledger.note("answers", 1)
        assert len(files(storage)) > 5
        assert max([storage.size(FOLDER + "/" + name) for name in files(storage)]) <= limits.SEGMENT_BYTES
        assert [entry.seq for entry in ledger_of(storage).entries()] == list(range(1, 401))
        assert [entry.seq for entry in ledger_of(storage).entries(395)] == [396, 397, 398, 399, 400]

    in_storage(act)


def test_it_is_bounded_and_says_what_the_hub_never_had() -> None:
    def act(storage: Storage) -> None:
        ledger = ledger_of(storage)
        for _ in range(60):
            ledger.note("answers", 1)
        ledger.acknowledge(60)
        while "dropped" not in [entry.kind for entry in ledger.entries(ledger.last - 2)]:
            ledger.note("answers", 1)
        assert len(files(storage)) == 3
        (dropped,) = [entry for entry in ledger.entries(ledger.last - 2) if entry.kind == "dropped"]
        first = next(iter(ledger.entries()))
        assert dropped.amount == first.seq - 1 - max(60, first.seq - 1 - dropped.amount)
        assert ledger_of(storage).last == ledger.last

    setattr(ledger_module, "SEGMENTS", 3)  # noqa: B010 — full sooner
    try:
        in_storage(act)
    finally:
        setattr(ledger_module, "SEGMENTS", limits.SEGMENTS)  # noqa: B010


def test_a_torn_end_is_left_behind() -> None:
    def act(storage: Storage) -> None:
        ledger = ledger_of(storage)
        for amount in range(5):
            ledger.note("answers", amount)
        spoil(storage, files(storage)[-1], lambda data: data[:-7])
        again = ledger_of(storage)
        assert again.last == 4
        again.note("diary", 77)
        again = ledger_of(storage)
        assert [(entry.seq, entry.amount) for entry in again.entries()] == [(1, 0), (2, 1), (3, 2), (4, 3), (5, 77)]
        again.note("diary", 78)
        assert len(files(storage)) == 2

    in_storage(act)


def test_a_file_with_nothing_whole_is_left_behind() -> None:
    def act(storage: Storage) -> None:
        ledger_of(storage).note("answers", 1)
        for rest in (b"", b"0000", b"\xff\xfe" * 30, b"\x00" * 300):
            with open(storage.path(FOLDER + "/0000000002"), "wb") as file:
                file.write(rest)
            again = ledger_of(storage)
            assert again.last == 1
            again.note("answers", 2)
            assert [entry.amount for entry in ledger_of(storage).entries()] == [1, 2]
            storage.remove(FOLDER + "/0000000002")

    in_storage(act)


def test_a_changed_line_and_all_after_it_in_its_file_are_not_believed() -> None:
    def act(storage: Storage) -> None:
        ledger = ledger_of(storage)
        for amount in (100, 200, 300):
            ledger.note("answers", amount)
        spoil(storage, files(storage)[0], lambda data: data.replace(b",200,", b",201,"))
        assert [entry.amount for entry in ledger_of(storage).entries()] == [100]

    in_storage(act)


def test_a_failed_write_does_not_break_the_chain() -> None:
    def act(storage: Storage) -> None:
        ledger = ledger_of(storage)
        ledger.note("answers", 1)
        append = storage.append

        def fail(name: str, data: bytes) -> None:
            append(name, data[: len(data) // 2])
            raise OSError(28)

        storage.append = fail  # type: ignore[method-assign]
        try:
            ledger.note("answers", 2)
        except OSError:
            pass
        else:
            raise AssertionError("it was noted")
        storage.append = append  # type: ignore[method-assign]
        ledger.note("answers", 3)
        assert [(entry.seq, entry.amount) for entry in ledger_of(storage).entries()] == [(1, 1), (2, 3)]

    in_storage(act)


def test_messages_carry_everything_once_and_in_order() -> None:
    def act(storage: Storage) -> None:
        ledger = ledger_of(storage)
        for amount in range(150):
            ledger.note("answers", amount, "talk.honey.example")
        got: "list[int]" = []
        while True:
            data, last = ledger.message("m1", "tbear")
            assert len(data) <= 4096
            if not last:
                break
            message = read_ledger(data)
            assert message.last == last
            got += [entry.amount for entry in message.entries]
            ledger.acknowledge(last)
            assert ledger_of(storage).acknowledged == last
        assert got == list(range(150))
        ledger.acknowledge(9000)
        assert ledger.acknowledged == 150

    in_storage(act)


def test_an_acknowledgement_that_is_no_number_is_none() -> None:
    def act(board: "FakePlatform") -> None:
        storage = Storage(board.root, overwrite_and_unlink)
        storage.write("acked", b"many")
        assert ledger_of(storage).acknowledged == 0

    toy.in_home(act)
