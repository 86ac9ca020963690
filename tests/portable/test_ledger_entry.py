"""An entry of the ledger: its line, the chain through all lines, and the message that carries entries to the hub."""

from stairgate.core.ledger import KINDS, START, Entry, chained, entry_line, message_end, message_head, plain, read_entry
from stairgate.core.ledger_message import read_ledger
from tests.portable.refusals import reason_of

ENTRY = Entry(17, 1774602000, "sent", "answers", 5120, "talk.honey.example")
NEXT = Entry(18, 1774602001, "closed", "answers", 12, "microphone:opened")
LINE = entry_line(START, ENTRY)[:-1]
BAD = b'["x",5,"sent","answers",1,""]'

CASES = (
    ("another number", LINE.replace(b"17", b"18"), "bad_check"),
    ("more bytes", LINE.replace(b"5120", b"512"), "bad_check"),
    ("torn", LINE[:-3], "bad_check"),
    ("torn in the check", LINE[:9], "bad_entry"),
    ("empty", b"", "bad_entry"),
    ("too long", LINE + b" " * 300, "bad_entry"),
    ("another line before", entry_line("f" * 16, ENTRY)[:-1], "bad_check"),
)


def check(line: bytes, reason: str) -> None:
    """A line that is not taken."""
    assert reason_of(read_entry, START, line) == reason


def test_written_is_read() -> None:
    check_of, entry = read_entry(START, LINE)
    assert entry == ENTRY
    assert len(check_of) == 16
    assert read_entry(check_of, entry_line(check_of, NEXT)[:-1])[1] == NEXT


def test_a_missing_line_breaks_the_chain() -> None:
    first, _ = read_entry(START, LINE)
    second = entry_line(first, NEXT)
    assert reason_of(read_entry, START, second[:-1]) == "bad_check"


def test_a_line_with_a_true_check_and_no_entry() -> None:
    for text in (BAD, b"[]", b'[1,5,"sold","answers",1,""]'):
        assert reason_of(read_entry, START, chained(START, text).encode() + b" " + text) == "bad_entry"


def test_a_place_is_plain_and_short() -> None:
    assert plain('a "b"\\c\u00e9\n', 100) == "a__b__c__"
    assert plain("x" * 500, 100) == "x" * 100


def message(*entries: bytes) -> bytes:
    """The message with these entries."""
    return message_head("m1", 5, "tbear") + b",".join(entries) + message_end()


def test_the_message() -> None:
    lines = [entry_line(START, entry)[17:-1] for entry in (ENTRY, NEXT)]
    read = read_ledger(message(*lines))
    assert (read.id, read.t, read.agent, read.entries, read.last) == ("m1", 5, "tbear", (ENTRY, NEXT), 18)
    assert read_ledger(message()).last == 0
    assert read.receipt == b""


def test_a_receipt_rides_along() -> None:
    document = b'stairgate-receipt 1 00 00\n["receipt","bear1",5,"retention"]\n'
    data = message_head("m1", 5, "tbear") + b'[3,5,"receipt","",1,"retention"]' + message_end(document)
    assert read_ledger(data).receipt == document
    assert reason_of(read_ledger, data.replace(b'"stairgate', b'["stairgate').replace(b'n"}', b'n"]}')) == "bad_message"


def test_a_kind_of_a_later_version_counts_as_received() -> None:
    read = read_ledger(message(b'[17,5,"hugged","answers",1,""]', b'[18,5,"closed","",1,"microphone:opened"]'))
    assert (len(read.entries), read.last) == (1, 18)


def test_what_is_no_message() -> None:
    for entries in (
        (b'[18,5,"sent","answers",1,""]', b'[17,5,"sent","answers",1,""]'),
        (b'[0,5,"sent","answers",1,""]',),
        (b'[1,5,"sent","a b",1,""]',),
        (b'[1,5,"sent","answers",-1,""]',),
        (b'[1,5,"sent","answers",1,"a b"]',),
        (b'[1,5,"sent","answers",1]',),
        (b'[1,5,"sent",1,1,""]',),
    ):
        assert reason_of(read_ledger, message(*entries)) == "bad_message", entries
    rows = [b'[%d,5,"sent","",1,""]' % number for number in range(1, 66)]
    assert reason_of(read_ledger, message(*rows)) == "bad_message"
    assert read_ledger(message(*rows[:64])).last == 64
    assert reason_of(read_ledger, message(*rows) + b" " * 4096) == "too_large"


def test_every_kind_fits_into_a_line() -> None:
    longest = Entry(2**53 - 1, 253_402_300_799, "undeclared", "r" * 32, 2**63 - 1, "w" * 100)
    assert len(entry_line(START, longest)) <= 240
    assert max([len(kind) for kind in KINDS]) <= len("undeclared")
