"""A maker's declaration: what it says, every way in which it is refused, and what a build must not lack."""

from stairgate.core.declaration import open_declaration_steps, read_brief_declaration
from stairgate.core.declaration_reader import DeclarationReader, read_declaration
from stairgate.core.declaration_rules import check_declaration, write_declaration
from stairgate.core.lines import read_line, split
from stairgate.core.refused import Refused
from tests.portable import bear
from tests.portable.refusals import reason_of

COUNT = len(bear.LINES)


def with_line(number: int, line: bytes) -> bytes:
    """The bear's declaration with one line (from 1) replaced."""
    lines = list(bear.LINES)
    lines[number - 1] = line
    return b"\n".join(lines) + b"\n"


def number_of(start: bytes) -> int:
    """The number of the first line that begins so."""
    return [line.startswith(start) for line in bear.LINES].index(True) + 1


def changed(start: bytes, old: bytes, new: bytes) -> bytes:
    """The declaration with a part of one line replaced."""
    number = number_of(start)
    line = bear.LINES[number - 1]
    assert line.count(old) == 1, line
    return with_line(number, line.replace(old, new))


TOY, GESTURE, SENSOR = b'["toy"', b'["gesture","open"', b'["sensor","mic"'
DESTINATION, ROW = b'["destination","talk', b'["row","answers"'

# (case, body, reason for a device, field for people)
REFUSED = (
    ("empty", b"", "bad_order", "kind"),
    ("torn", bear.declared()[:-1], "bad_end", "line"),
    ("8193 bytes", bear.declared() + b'["x-a"]\n' * ((8192 - len(bear.declared())) // 8 + 1), "too_large", "size"),
    ("a policy", b'["policy","h1","r1",5,6]\n', "unknown_kind", "kind"),
    ("an unknown kind", bear.declared() + b'["advertising","answers"]\n', "unknown_kind", "kind"),
    ("no declaration line", b"\n".join(bear.LINES[1:]) + b"\n", "bad_order", "kind"),
    ("version zero", with_line(1, b'["declaration","bear1",0,5]'), "bad_field", "version"),
    ("two toys", with_line(3, bear.LINES[1]), "bad_order", "kind"),
    ("toy: a field too few", changed(TOY, b'"Honey Toys",', b""), "bad_field", "fields"),
    ("toy: no support end", changed(TOY, b"2031-12-31", b""), "bad_field", "support_end"),
    ("toy: support for ever", changed(TOY, b"2031-12-31", b"always"), "bad_field", "support_end"),
    ("toy: no contact", changed(TOY, b"https://honey.example/security", b""), "bad_field", "vulnerability_contact"),
    ("toy: a contact in the clear", changed(TOY, b"https://h", b"http://h"), "bad_field", "vulnerability_contact"),
    ("toy: a scheme that runs", changed(TOY, b"https://honey.example/security", b"javascript:alert(1).x"), "bad_field", "vulnerability_contact"),
    ("toy: an invisible name", changed(TOY, b"Bruno the", "Bruno\u202ethe".encode()), "bad_field", "model"),
    ("gesture: use", changed(GESTURE, b'"open"', b'"sell"'), "bad_field", "use"),
    ("gesture: too short", changed(GESTURE, b"5,600", b"1,600"), "bad_field", "hold"),
    ("gesture: a day", changed(GESTURE, b"5,600", b"5,86400"), "bad_field", "session"),
    ("gate: unknown", changed(b'["gate","camera"', b"camera", b"mind"), "bad_field", "name"),
    ("gate: twice", with_line(number_of(b'["gate","camera"') + 1, b'["gate","camera"]'), "bad_order", "order"),
    ("sensor: no such gate", changed(SENSOR, b'"microphone"', b'"location"'), "bad_reference", "gate"),
    ("sensor: indicator", changed(SENSOR, b'"light"', b'"smell"'), "bad_field", "indicator"),
    ("destination: plain", changed(DESTINATION, b'"tls"', b'"tcp"'), "bad_field", "transport"),
    ("destination: port", changed(DESTINATION, b"443", b"0"), "bad_field", "port"),
    ("destination: country", changed(DESTINATION, b'"de"', b'"germany"'), "bad_field", "country"),
    ("row: no such sensor", changed(ROW, b'"mic"', b'"nose"'), "bad_reference", "sensor"),
    ("row: another gate", changed(ROW, b'"microphone"', b'"camera"'), "bad_reference", "gate"),
    ("row: data type", changed(ROW, b'"voice"', b'"dreams"'), "bad_field", "data_type"),
    ("row: advertising", changed(ROW, b'"answer"', b'"advertising"'), "bad_field", "purpose"),
    ("row: basis", changed(ROW, b'"consent"', b'"legitimate"'), "bad_field", "basis"),
    ("row: undeclared destination", changed(ROW, b"talk.honey", b"ads.honey"), "bad_reference", "destination"),
    ("row: kept for ever", changed(ROW, b",0,[", b",-1,["), "bad_field", "retention_days"),
    ("row: kept eleven years", changed(ROW, b",0,[", b",4015,["), "bad_field", "retention_days"),
    ("row: flag", changed(ROW, b'"child_voice"', b'"fun"'), "bad_field", "flags"),
    ("row: a gate's name", changed(b'["row","minutes"', b'"minutes"', b'"microphone"'), "bad_reference", "id"),
    ("ixit: no such row", changed(b'["ixit","answers"', b'"answers"', b'"answer"'), "bad_reference", "row"),
    ("ixit: column", changed(b'["ixit","answers"', b'"description"', b'"excuse"'), "bad_field", "column"),
    ("ai: no such row", changed(b'["ai"', b'"diary"', b'"dairy"'), "bad_reference", "row"),
    ("provision: state", changed(b'["provision"', b'"not_met"', b'"compliant"'), "bad_field", "state"),
    ("words: about nothing", changed(b'["words","camera","child"', b'"camera"', b'"bamera"'), "bad_reference", "about"),
    ("words: audience", changed(b'["words","camera","child"', b'"child"', b'"buyer"'), "bad_field", "audience"),
    ("words: not sorted", with_line(COUNT - 1, bear.LINES[-1]), "bad_order", "order"),
)  # fmt: skip

# (case, body, the field of what is missing or not allowed): readable, yet no toy may be built from it.
INCOMPLETE = (
    ("no toy line", bear.declared(b'["toy"'), "toy"),
    ("no way to erase", bear.declared(b'["gesture","erase"'), "gesture"),
    ("no way to open without a hub", bear.declared(b'["gesture","open"'), "gesture"),
    ("an erase gesture that opens", changed(b'["gesture","erase"', b"10,0", b"10,600"), "gesture erase session"),
    ("an open gesture that opens nothing", changed(GESTURE, b"5,600", b"5,0"), "gesture open session"),
    ("no row for a sensor", bear.declared(b'["row","faces"', b'["ixit","faces"'), "sensor eye"),
    ("a microphone without a sign", changed(SENSOR, b'"light"', b'"none"'), "sensor mic indicator"),
    ("no words for a small child", bear.declared(b'["words","microphone","child"'), "words microphone child"),
    ("no words for a child who reads", bear.declared(b'["words","camera","reader"'), "words camera reader"),
    ("a destination without a row", bear.declared(b'["row","research"', b'["ixit","research"'), "destination stats.example"),
    ("a child's voice without being asked", changed(ROW, b'"consent"', b'"needed"'), "row answers basis"),
    ("nobody's voice", changed(ROW, b'"child_voice"', b""), "row answers flags"),
    ("to the cloud, nowhere", changed(ROW, b'"talk.honey.example"', b'""'), "row answers destination"),
    ("kept where nothing is stored", changed(b'["row","faces"', b'"",0', b'"",5'), "row faces retention_days"),
    ("not described", bear.declared(b'["ixit","diary"'), "ixit diary description"),
    ("a model that is not named", bear.declared(b'["ai"'), "ai diary"),
)  # fmt: skip
CASES = tuple(
    [("refused: " + row[0], row[1], row[2], row[3]) for row in REFUSED]
    + [("incomplete: " + row[0], row[1], "", row[2]) for row in INCOMPLETE]
)


def check(body: bytes, reason: str, field: str) -> None:
    """A body with at least this fault; `reason` is empty where a device still reads it."""
    faults = check_declaration(body)
    assert field in [fault.field for fault in faults], faults
    assert all(fault.expected and fault.got for fault in faults)
    assert reason_of(read_declaration, body) == reason


def test_the_bear_has_no_fault() -> None:
    assert check_declaration(bear.declared()) == []


def test_what_the_bear_says() -> None:
    said = read_declaration(bear.declared())
    assert (said.id, said.version, said.gates) == ("bear1", 3, ("camera", "microphone", "play", "speaker"))
    assert said.toy is not None
    assert (said.toy.maker, said.toy.support_end) == ("Honey Toys", "2031-12-31")
    assert [(gesture.use, gesture.session) for gesture in said.gestures] == [("erase", 0), ("open", 600)]
    assert [row.id for row in said.rows] == ["answers", "diary", "faces", "minutes", "research"]
    assert said.rows[0].destination == "talk.honey.example"
    assert said.rows[4].flags == ("child_voice", "third_party")
    assert (len(said.ixits), len(said.ais), len(said.provisions), len(said.words)) == (5, 1, 1, 6)


def test_a_toy_keeps_what_it_needs() -> None:
    said, brief = read_declaration(bear.declared()), bear.declaration()
    assert brief[:9] == said[:9]
    assert brief[9:] == ((), (), (), ())


def test_a_toy_refuses_what_it_cannot_enforce() -> None:
    for name, body, reason in (
        ("empty", b"", "bad_order"),
        ("torn", bear.declared()[:-1], "bad_end"),
        ("8193 bytes", bear.declared() + b'["x-a"]\n' * 1000, "too_large"),
        ("a kind it does not know", bear.declared() + b'["switch","x"]\n', "unknown_kind"),
        ("a field too few", changed(TOY, b'"Honey Toys",', b""), "bad_field"),
        ("a text for a number", changed(ROW, b",0,[", b',"0",['), "bad_field"),
        ("a second first line", bear.declared() + bear.LINES[0] + b"\n", "bad_order"),
    ):
        assert reason_of(read_brief_declaration, body) == reason, name


def test_all_faults_at_once() -> None:
    body = changed(ROW, b'"voice"', b'"dreams"') + b'["words","paws","parent","EN","x"]\n["words","toy","parent"]\n'
    fields = [fault.field for fault in check_declaration(body)]
    assert fields == ["data_type", "language", "fields", "destination talk.honey.example"]


def test_what_lines_come_in_any_order_are_written_in_one() -> None:
    lines = [read_line(line) for line in split(bear.declared())]
    lines.reverse()
    assert write_declaration(lines) == bear.declared()


def test_a_declaration_with_faults_is_not_written() -> None:
    lines = [read_line(line) for line in split(bear.declared(b'["toy"', b'["gesture"'))]
    try:
        write_declaration(lines)
    except ValueError as error:
        assert "toy" in str(error) and "erase" in str(error)
    else:
        raise AssertionError("it was written")


def test_a_line_of_a_later_version_is_skipped() -> None:
    later = bear.declared() + b'["x-smell","strong"]\n'
    assert read_declaration(later) == read_declaration(bear.declared())


def test_a_declaration_signed_by_nobody_we_know() -> None:
    data = b"stairgate-declaration 1 " + b"0" * 16 + b" " + b"0" * 128 + b"\n" + bear.declared()
    try:
        for _ in open_declaration_steps(data, {}):
            pass
    except Refused as refused:
        assert refused.reason == "unknown_key"
    else:
        raise AssertionError("it was believed")


def test_a_reader_with_faults_still_says_what_it_read() -> None:
    reader = DeclarationReader()
    for line in split(changed(ROW, b'"voice"', b'"dreams"')):
        reader.take(line)
    assert [row.id for row in reader.declaration().rows] == ["diary", "faces", "minutes", "research"]
    assert len(reader.faults) == 1
