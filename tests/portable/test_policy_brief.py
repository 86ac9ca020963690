"""The policy as a toy reads it: the same as the complete reader for what a toy needs, and refused in fewer words."""

from stairgate.core.decide import decide
from stairgate.core.lines import split
from stairgate.core.policy_brief import read_toy_policy
from stairgate.core.policy_reader import read_policy
from tests.portable import bear
from tests.portable.family import utc
from tests.portable.refusals import reason_of

FULL = (
    b'["week","pb",[[79,1230,420,"closed"],[48,1290,480,"closed"]]]',
    b'["date","pb","2026-03-30","2026-04-10",[[0,60,"closed"]]]',
    b'["date","pb","2026-12-24","2026-12-24",[]]',
    b'["travel","pb","2026-07-06","2026-07-12","zb"]',
    b'["budget","pb","total",[60,60,60,60,60,-1,-1],240]',
    b'["override","o1","pb","pause",1774602000,1774605600,0,"dinner"]',
    b'["gate","tbear",[["camera",1774602600],["microphone",1774645200]]]',
    b'["consent","tbear",["answers","diary"]]',
)
FOR_ROUTERS = (
    (b'["person","pb"', b'["hub",[],["192.168.77.2"],8080]\n["person","pb"'),
    (b'["gate","tbear"', b'["pack","names","v1","' + b"0a" * 32 + b'",9]\n["block","pb",["ads"]]\n["gate","tbear"'),
)
SECOND = b'["device","tz",[],["pb"],"toy",[]]'

CASES = (
    ("nothing", b"", "bad_order"),
    ("torn", bear.toy_body()[:-1], "bad_end"),
    ("no policy line", b"\n".join(bear.POLICY[1:]) + b"\n", "bad_order"),
    ("two policy lines", bear.toy_body(bear.POLICY[0]), "bad_order"),
    ("two devices", bear.toy_body(SECOND), "bad_reference"),
    ("no device", b"\n".join(bear.POLICY[:3]) + b"\n", "bad_reference"),
    ("an unknown kind", bear.toy_body(b'["siren","tbear"]'), "unknown_kind"),
    ("a kind that is no text", bear.toy_body(b'[1,"tbear"]'), "unknown_kind"),
    ("an empty line", bear.toy_body(b"[]"), "unknown_kind"),
    ("no line of JSON", bear.toy_body(b"{}"), "bad_line"),
    ("a line too long", bear.toy_body(b'["x-' + b"a" * 520 + b'"]'), "line_too_long"),
    ("a field too many", bear.toy_body(b'["consent","tbear",["answers"],1]'), "bad_field"),
    ("a text for a number", bear.toy_body(b'["override","o1","pb","pause","now",9,0,""]'), "bad_field"),
    ("a level that is none", bear.toy_body(b'["week","pb",[[127,0,0,"shut"]]]'), "bad_field"),
    ("a window too short", bear.toy_body(b'["week","pb",[[127,0,"closed"]]]'), "bad_field"),
    ("a bare window", bear.toy_body(b'["week","pb",[127]]'), "bad_field"),
    ("an opening without an end", bear.toy_body(b'["gate","tbear",[["camera"]]]'), "bad_field"),
    ("an opening until some day", bear.toy_body(b'["gate","tbear",[["camera","soon"]]]'), "bad_field"),
    ("a zone without offsets", bear.toy_body().replace(bear.POLICY[1], b'["zone","zb","Europe/Berlin",[]]'), "bad_field"),
    ("a zone that is not there", bear.toy_body().replace(b'"6-9","zb"', b'"6-9","zc"'), "bad_field"),
)  # fmt: skip


def check(body: bytes, reason: str) -> None:
    """A body that a toy does not take."""
    assert reason_of(lambda: read_toy_policy(split(body))) == reason


def test_a_toy_reads_what_the_complete_reader_reads() -> None:
    body = bear.toy_body(*FULL)
    brief, whole = read_toy_policy(split(body)), read_policy(body)
    assert brief == whole
    for moment in range(utc("2026-03-27 06:00"), utc("2026-03-28 12:00"), 1800):
        assert decide(brief, "tbear", moment, {}) == decide(whole, "tbear", moment, {})


def test_lines_for_routers_are_skipped() -> None:
    body = bear.toy_body(*FULL)
    for old, new in FOR_ROUTERS:
        body = body.replace(old, new)
    read_policy(body)
    assert read_toy_policy(split(body)) == read_toy_policy(split(bear.toy_body(*FULL)))
