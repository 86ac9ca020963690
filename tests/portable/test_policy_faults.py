"""Every way in which a policy is refused: the reason for the device, the line and field for people."""

from stairgate.core.policy import check_policy, read_policy
from stairgate.core.refused import Refused
from tests.portable.family import HEAD, body

LINES = body().split(b"\n")[:-1]
COUNT = len(LINES)
A_ZONE = b'["zone","zb","Europe/Berlin",'


def only(*lines: bytes) -> bytes:
    return b"\n".join(lines) + b"\n"


def with_line(number: int, line: bytes) -> bytes:
    """The family's policy with one line (from 1) replaced."""
    return only(*(LINES[: number - 1] + [line] + LINES[number:]))


DEVICE = b'["device","dzz",["02:00:5e:00:00:ff"],["pb"],"phone",[]]'

CASES = (
    ("empty", b"", "bad_order", 1, "kind"),
    ("only a newline", b"\n", "bad_line", 1, "line"),
    ("an empty line", body(b""), "bad_line", COUNT + 1, "line"),
    ("no newline at the end", body()[:-1], "bad_end", COUNT, "line"),
    ("carriage returns", body().replace(b"\n", b"\r\n"), "bad_line", 1, "line"),
    ("a byte order mark", b"\xef\xbb\xbf" + body(), "bad_line", 1, "line"),
    ("a line too long", body(b'["x-' + b"a" * 507 + b'"]'), "line_too_long", COUNT + 1, "line"),
    ("16385 bytes", body() + b'["x-a"]\n' * ((16384 - len(body())) // 8 + 1), "too_large", 0, "size"),
    ("no policy line", only(*HEAD[1:3]), "bad_order", 1, "kind"),
    ("an unknown kind first", b'["x-a"]\n' + body(), "unknown_kind", 1, "kind"),
    ("two policy lines", with_line(2, HEAD[0]), "bad_order", 2, "kind"),
    ("an unknown kind", body(b'["gates","pb"]'), "unknown_kind", COUNT + 1, "kind"),
    ("an unknown kind that has x- inside", body(b'["ax-","pb"]'), "unknown_kind", COUNT + 1, "kind"),
    ("a kind in capitals", body(b'["Week","pb",[[1,2,3,"open"]]]'), "unknown_kind", COUNT + 1, "kind"),
    ("a kind that is a number", body(b'[5,"pb"]'), "unknown_kind", COUNT + 1, "kind"),
    ("a kind that is an array", body(b'[["week"],"pb"]'), "unknown_kind", COUNT + 1, "kind"),
    ("an empty array", body(b"[]"), "unknown_kind", COUNT + 1, "kind"),
    ("no array", body(b'"week"'), "bad_line", COUNT + 1, "line"),
    ("policy: a field too few", with_line(1, b'["policy","h1","r1",5]'), "bad_field", 1, "fields"),
    ("policy: a field too many", with_line(1, b'["policy","h1","r1",5,6,7]'), "bad_field", 1, "fields"),
    ("policy: home", with_line(1, b'["policy","H1","r1",5,6]'), "bad_field", 1, "home"),
    ("policy: agent", with_line(1, b'["policy","h1",7,5,6]'), "bad_field", 1, "agent"),
    ("policy: revision zero", with_line(1, b'["policy","h1","r1",0,6]'), "bad_field", 1, "revision"),
    ("policy: revision as text", with_line(1, b'["policy","h1","r1","5",6]'), "bad_field", 1, "revision"),
    ("policy: issued", with_line(1, b'["policy","h1","r1",5,-6]'), "bad_field", 1, "issued"),
    ("zone: no changes", with_line(2, A_ZONE + b"[]]"), "bad_field", 2, "changes"),
    ("zone: out of order", with_line(2, A_ZONE + b"[[9,60],[8,120]]]"), "bad_field", 2, "changes"),
    ("zone: a change twice", with_line(2, A_ZONE + b"[[9,60],[9,120]]]"), "bad_field", 2, "changes"),
    ("zone: offset", with_line(2, A_ZONE + b"[[9,1081]]]"), "bad_field", 2, "changes"),
    ("zone: a change of three", with_line(2, A_ZONE + b"[[9,60,1]]]"), "bad_field", 2, "changes"),
    ("zone: bare numbers", with_line(2, A_ZONE + b"[9,60]]"), "bad_field", 2, "changes"),
    ("zone: name", with_line(2, b'["zone","zb","Berlin!",[[9,60]]]'), "bad_field", 2, "name"),
    ("hub: port zero", with_line(3, b'["hub",[],[],0]'), "bad_field", 3, "port"),
    ("hub: address", with_line(3, b'["hub",[],["hub.example"],80]'), "bad_field", 3, "addresses"),
    ("hub: twice", with_line(4, LINES[2]), "bad_order", 4, "kind"),
    ("person: band", with_line(4, b'["person","pa","7-9","zb","open"]'), "bad_field", 4, "band"),
    ("person: level", with_line(4, b'["person","pa","adult","zb","shut"]'), "bad_field", 4, "default_level"),
    ("person: unknown zone", with_line(4, b'["person","pa","adult","zc","open"]'), "bad_reference", 4, "zone"),
    ("person: twice", with_line(5, LINES[3]), "bad_order", 5, "order"),
    ("person: not sorted", with_line(4, b'["person","pq","adult","zb","open"]'), "bad_order", 5, "order"),
    ("device: mac", body(DEVICE.replace(b"ff", b"FF")), "bad_field", COUNT + 1, "macs"),
    ("device: flag", body(DEVICE.replace(b"[]", b'["free"]')), "bad_field", COUNT + 1, "flags"),
    ("device: a flag as a boolean", body(DEVICE.replace(b"[]", b"[true]")), "bad_line", COUNT + 1, "line"),
    ("device: a flag twice", body(DEVICE.replace(b"[]", b'["exempt","exempt"]')), "bad_field", COUNT + 1, "flags"),
    ("device: kind", body(DEVICE.replace(b"phone", b"a phone")), "bad_field", COUNT + 1, "kind"),
    ("device: unknown person", body(DEVICE.replace(b"pb", b"px")), "bad_reference", COUNT + 1, "persons"),
    ("device: another's mac", body(DEVICE.replace(b"ff", b"03")), "bad_reference", COUNT + 1, "macs"),
    ("device: a person's id", with_line(8, LINES[7].replace(b'"da"', b'"pa"')), "bad_reference", 8, "id"),
    ("week: days", body(b'["week","pb",[[128,0,0,"open"]]]'), "bad_field", COUNT + 1, "windows"),
    ("week: minute 1440", body(b'["week","pb",[[127,0,1440,"open"]]]'), "bad_field", COUNT + 1, "windows"),
    ("week: level", body(b'["week","pb",[[127,0,0,"shut"]]]'), "bad_field", COUNT + 1, "windows"),
    ("week: no window", body(b'["week","pb",[]]'), "bad_field", COUNT + 1, "windows"),
    ("week: a bare window", body(b'["week","pb",[1,0,0,"open"]]'), "bad_field", COUNT + 1, "windows"),
    ("week: unknown person", body(b'["week","px",[[1,0,0,"open"]]]'), "bad_reference", COUNT + 1, "person"),
    ("date: no such day", body(b'["date","pb","2026-02-29","2026-03-01",[]]'), "bad_field", COUNT + 1, "first"),
    ("date: backwards", body(b'["date","pb","2026-03-02","2026-03-01",[]]'), "bad_field", COUNT + 1, "last"),
    (
        "date: a window of the week",
        body(b'["date","pb","2026-03-01","2026-03-01",[[1,0,0,"open"]]]'),
        "bad_field",
        COUNT + 1,
        "windows",
    ),
    ("travel: no such day", body(b'["travel","pb","2026-02-29","2026-03-01","zb"]'), "bad_field", COUNT + 1, "first"),
    ("travel: backwards", body(b'["travel","pb","2026-03-02","2026-03-01","zb"]'), "bad_field", COUNT + 1, "last"),
    ("travel: unknown person", body(b'["travel","px","2026-03-02","2026-03-02","zb"]'), "bad_reference", COUNT + 1, "person"),
    ("travel: unknown zone", body(b'["travel","pb","2026-03-02","2026-03-02","zc"]'), "bad_reference", COUNT + 1, "zone"),
    ("travel: twice", body(*[b'["travel","pb","2026-03-02","2026-03-02","zb"]'] * 2), "bad_order", COUNT + 2, "order"),
    ("travel: nine", body(*[b'["travel","pb","2026-03-0%d","2026-03-09","zb"]' % day for day in range(1, 10)]), "bad_field", COUNT + 9, "person"),
    ("travel: before a date", body(b'["travel","pb","2026-03-02","2026-03-02","zb"]', b'["date","pb","2026-03-02","2026-03-02",[]]'), "bad_order", COUNT + 2, "kind"),
    ("budget: six days", body(b'["budget","pb","total",[1,1,1,1,1,1],0]'), "bad_field", COUNT + 1, "minutes"),
    ("budget: minus two", body(b'["budget","pb","total",[1,1,1,1,1,1,-2],0]'), "bad_field", COUNT + 1, "minutes"),
    ("budget: day_start", body(b'["budget","pb","total",[1,1,1,1,1,1,1],1440]'), "bad_field", COUNT + 1, "day_start"),
    (
        "budget: twice",
        body(b'["budget","pb","total",[1,1,1,1,1,1,1],0]', b'["budget","pb","total",[2,1,1,1,1,1,1],0]'),
        "bad_order",
        COUNT + 2,
        "order",
    ),
    ("override: kind", body(b'["override","o1","pb","stop",5,6,0,""]'), "bad_field", COUNT + 1, "kind"),
    ("override: target", body(b'["override","o1","px","pause",5,6,0,""]'), "bad_reference", COUNT + 1, "target"),
    ("override: empty", body(b'["override","o1","pb","pause",6,6,0,""]'), "bad_field", COUNT + 1, "until"),
    ("override: backwards", body(b'["override","o1","pb","pause",6,5,0,""]'), "bad_field", COUNT + 1, "until"),
    ("override: 367 days", body(b'["override","o1","pb","pause",0,31708800,0,""]'), "bad_field", COUNT + 1, "until"),
    ("override: minutes", body(b'["override","o1","pb","bonus",5,6,1441,""]'), "bad_field", COUNT + 1, "minutes"),
    ("override: a note for a reason", body(b'["override","o1","pb","pause",5,6,0,"be nice"]'), "bad_field", COUNT + 1, "reason"),
    ("pack: hash", body(b'["pack","adult","v1","00",5]'), "bad_field", COUNT + 1, "sha256"),
    ("gate: play is no sensor's", body(b'["gate","dz",[["play",7]]]'), "bad_field", COUNT + 1, "openings"),
    ("gate: a list for a gate", body(b'["gate","dz",[[[],7]]]'), "bad_line", COUNT + 1, "line"),
    ("gate: without an end", body(b'["gate","dz",[["camera"]]]'), "bad_field", COUNT + 1, "openings"),
    ("gate: an end in words", body(b'["gate","dz",[["camera","soon"]]]'), "bad_field", COUNT + 1, "openings"),
    ("gate: no opening", body(b'["gate","dz",[]]'), "bad_field", COUNT + 1, "openings"),
    ("gate: thirteen hours", body(b'["gate","dz",[["camera",43207]]]'), "bad_field", COUNT + 1, "openings"),
    ("gate: not sorted", body(b'["gate","dz",[["microphone",7],["camera",7]]]'), "bad_field", COUNT + 1, "openings"),
    ("gate: one gate twice", body(b'["gate","dz",[["camera",7],["camera",8]]]'), "bad_field", COUNT + 1, "openings"),
    ("gate: unknown device", body(b'["gate","dy",[["camera",7]]]'), "bad_reference", COUNT + 1, "device"),
    ("gate: twice", body(*[b'["gate","dz",[["camera",7]]]'] * 2), "bad_order", COUNT + 2, "order"),
    ("consent: no row", body(b'["consent","dz",[]]'), "bad_field", COUNT + 1, "rows"),
    ("consent: a row twice", body(b'["consent","dz",["voice","voice"]]'), "bad_field", COUNT + 1, "rows"),
    ("consent: a person's", body(b'["consent","pb",["voice"]]'), "bad_reference", COUNT + 1, "device"),
    ("reach: a star", body(b'["reach","dz",["*.example"]]'), "bad_field", COUNT + 1, "names"),
    ("reach: nothing", body(b'["reach","dz",[]]'), "bad_field", COUNT + 1, "names"),
    ("reach: unknown device", body(b'["reach","dy",["a.example"]]'), "bad_reference", COUNT + 1, "device"),
    ("quiet: four in a window", body(b'["quiet","dz",[[1,0,0,"open"]],"tell"]'), "bad_field", COUNT + 1, "windows"),
    ("quiet: minute 1440", body(b'["quiet","dz",[[1,0,1440]],"tell"]'), "bad_field", COUNT + 1, "windows"),
    ("quiet: no day", body(b'["quiet","dz",[[0,0,0]],"tell"]'), "bad_field", COUNT + 1, "windows"),
    ("quiet: another action", body(b'["quiet","dz",[[1,0,0]],"shout"]'), "bad_field", COUNT + 1, "action"),
    ("quiet: twice", body(*[b'["quiet","dz",[[1,0,0]],"tell"]'] * 2), "bad_order", COUNT + 2, "order"),
    ("quiet: unknown device", body(b'["quiet","dy",[[1,0,0]],"tell"]'), "bad_reference", COUNT + 1, "device"),
    ("order: week after override", body(b'["override","o1","pb","pause",5,6,0,""]', b'["week","pb",[[1,0,0,"open"]]]'), "bad_order", COUNT + 2, "kind"),
    ("order: weeks not sorted", body(b'["week","pc",[[1,0,0,"open"]]]', b'["week","pb",[[1,0,0,"open"]]]'), "bad_order", COUNT + 2, "order"),
)  # fmt: skip


def check(data: bytes, reason: str, line: int, field: str) -> None:
    faults = check_policy(data)
    assert (line, field) in [(fault.line, fault.field) for fault in faults]
    assert all(fault.expected and fault.got for fault in faults)
    try:
        read_policy(data)
    except Refused as refused:
        assert refused.reason == reason
        assert refused.detail
    else:
        raise AssertionError("it was accepted")


def test_all_faults_at_once() -> None:
    data = with_line(1, b'["policy","H1","R1",0,-1]') + b'["week","px",[[0,0,0,"open"]]]\n["gates"]\n[1'
    places = [(fault.line, fault.field) for fault in check_policy(data)]
    assert sorted(places) == [
        (1, "agent"),
        (1, "home"),
        (1, "issued"),
        (1, "revision"),
        (COUNT + 1, "windows"),
        (COUNT + 2, "kind"),
        (COUNT + 3, "line"),
    ]


def test_a_fault_says_what_came_but_never_much_of_it() -> None:
    fault = check_policy(with_line(1, b'["policy","' + b"H" * 300 + b'","r1",5,6]'))[0]
    assert fault.got == "H" * 60
    assert "id" in fault.expected


def test_the_family_has_no_fault() -> None:
    assert check_policy(body()) == []


def test_an_opening_of_twelve_hours_is_the_longest() -> None:
    assert check_policy(body(b'["gate","dz",[["camera",43206],["microphone",0]]]')) == []


def test_a_smaller_bound_for_a_toy() -> None:
    data = body()
    assert check_policy(data, len(data)) == []
    assert check_policy(data, len(data) - 1)[0].field == "size"
    try:
        read_policy(data, len(data) - 1)
    except Refused as refused:
        assert refused.reason == "too_large"
    else:
        raise AssertionError("it was accepted")
