"""What a router says it observed: sound rows both ways, bad ones refused, others left out."""

import json

from stairgate.core import limits, messages
from stairgate.core.observed import Reached, Streamed, encode_observed, read_observed
from stairgate.core.refused import Refused
from tests.portable.test_messages import EVENTS

T = 1774600000
NAME = Reached("dt", "cloud.example", "refused", 20539, 3, T)
ADDRESS = Reached("dt", "2001:db8::7", "refused", 20539, 90, T)
DECLARED = Reached("dt", "bear.example", "declared", 20539, 12, T)
BEYOND = Reached("dt", "", "refused", 20539, 4000, T)
STREAM = Streamed("dc", T - 60, T, 3_000_000)
ROWS = (NAME, ADDRESS, DECLARED, BEYOND, STREAM)


def said(*rows: object) -> bytes:
    return json.dumps({"v": 1, "id": "m1", "t": T, "agent": "r1", "events": rows}).encode()


# name, row, what `read_observed` makes of it: records, or the reason of the refusal
CASES: "tuple[tuple[object, ...], ...]" = (
    ("a name", ["reached", "dt", "cloud.example", "refused", 20539, 3, T], (NAME,)),
    ("an address", ["reached", "dt", "2001:db8::7", "refused", 20539, 90, T], (ADDRESS,)),
    ("all others", ["reached", "dt", "", "refused", 20539, 4000, T], (BEYOND,)),
    ("a stream", ["streamed", "dc", T - 60, T, 3000000], (STREAM,)),
    ("another kind", ["seen", "02:00:5e:00:00:02", [], "", "dnsmasq"], ()),
    ("a kind of a later version", ["later", 1], ()),
    ("reached: no device", ["reached", "", "cloud.example", "refused", 20539, 3, T], "bad_message"),
    ("reached: markup", ["reached", "dt", "<b>", "refused", 20539, 3, T], "bad_message"),
    ("reached: another verdict", ["reached", "dt", "a.example", "allowed", 20539, 3, T], "bad_message"),
    ("reached: never", ["reached", "dt", "a.example", "refused", 20539, 0, T], "bad_message"),
    ("reached: a day too far", ["reached", "dt", "a.example", "refused", 10**9, 3, T], "bad_message"),
    ("reached: a count that is a text", ["reached", "dt", "a.example", "refused", 20539, "3", T], "bad_message"),
    ("reached: a field too many", ["reached", "dt", "a.example", "refused", 20539, 3, T, 1], "bad_message"),
    ("streamed: no time", ["streamed", "dc", -1, T, 3], "bad_message"),
    ("streamed: nothing", ["streamed", "dc", T, T, 0], "bad_message"),
    ("streamed: a field too few", ["streamed", "dc", T, T], "bad_message"),
)


def check(row: object, expected: object) -> None:
    try:
        found: object = read_observed(said(row))
    except Refused as refused:
        found = refused.reason
    assert found == expected


def test_what_is_written_is_read() -> None:
    data = encode_observed("m1", T, "r1", ROWS)
    assert read_observed(data) == ROWS
    assert len(data) <= limits.EVENTS_BYTES


def test_who_knows_only_devices_seen_reads_the_rest_as_nothing() -> None:
    assert messages.read_events(encode_observed("m1", T, "r1", ROWS)).events == ()
    assert read_observed(messages.encode_events(EVENTS)) == ()


def test_too_much_is_refused_by_who_writes() -> None:
    long = Reached("dt", ".".join(["a" * 60] * 4), "refused", 20539, 3, T)
    never = Reached("dt", "cloud.example", "refused", 20539, 0, T)
    for rows, reason in (((long,) * 24, "too_large"), ((NAME,) * 25, "bad_message"), ((never,), "bad_message")):
        try:
            encode_observed("m1", T, "r1", rows)
            raise AssertionError("expected a refusal")
        except Refused as refused:
            assert refused.reason == reason
