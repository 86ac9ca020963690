"""Quiet hours of a device: when they hold, by whose clock, and what closing ones are among the other rules."""

from stairgate.core.decide import decide, decide_all
from stairgate.core.policy import read_policy
from stairgate.core.quiet import QuietHours, quiet_zone
from tests.portable.family import policy, utc
from tests.portable.test_decide import BEDTIME, over

NIGHT = b'["quiet","db",[[127,1200,420]],"close"]'
SHARED = b'["quiet","dbc",[[127,1200,420]],"close"]'
SCHOOL = b'["quiet","db",[[31,480,780]],"close"]'
TOLD = b'["quiet","db",[[127,1200,420]],"tell"]'
NEW = b'["quiet","dnew",[[127,1200,420]],"close"]'
EXEMPT = b'["quiet","dex",[[127,1200,420]],"close"]'
NIGHT_OF_CAMERA = b'["quiet","dcam",[[127,1200,420]],"tell"]'
HUB = b'["quiet","dhub",[[127,1200,420]],"close"]'
DOUBLED = b'["quiet","db",[[127,150,165]],"close"]'
TWO = b'["quiet","db",[[31,480,720],[31,720,780]],"close"]'
PAUSE = over("op", "db", "pause", "2026-03-24 21:00", "2026-03-24 22:00")
OPEN = over("oo", "db", "open", "2026-03-24 21:00", "2026-03-24 22:00")
OPEN_PERSON = over("oo", "pb", "open", "2026-03-24 21:00", "2026-03-24 22:00")
VISIT = over("ov", "dnew", "open", "2026-03-24 12:00", "2026-03-24 22:00")

# name, lines, device, local time, level, reason, local time of the change, level then
CASES: "tuple[tuple[object, ...], ...]" = (
    ("before quiet hours", (NIGHT,), "db", "2026-03-24 19:59:59", "open", "default", "2026-03-24 20:00", "closed"),
    ("they begin", (NIGHT,), "db", "2026-03-24 20:00", "closed", "quiet", "2026-03-25 07:00", "open"),
    ("their last second", (NIGHT,), "db", "2026-03-25 06:59:59", "closed", "quiet", "2026-03-25 07:00", "open"),
    ("they end", (NIGHT,), "db", "2026-03-25 07:00", "open", "default", "2026-03-25 20:00", "closed"),
    ("on their days only", (SCHOOL,), "db", "2026-03-28 09:00", "open", "default", "2026-03-30 08:00", "closed"),
    ("two in a row have one end", (TWO,), "db", "2026-03-24 09:00", "closed", "quiet", "2026-03-24 13:00", "open"),
    ("hours that only tell close nothing", (TOLD,), "db", "2026-03-24 21:00", "open", "default", None, None),
    ("another device of the same person", (NIGHT,), "dc", "2026-03-24 21:00", "open", "default", None, None),
    ("a shared device", (SHARED,), "dbc", "2026-03-24 21:00", "closed", "quiet", "2026-03-25 07:00", "open"),
    ("bedtime is the better reason", (BEDTIME, NIGHT), "db", "2026-03-24 21:00", "closed", "week", "2026-03-25 07:00", "open"),
    ("before bedtime", (BEDTIME, NIGHT), "db", "2026-03-24 20:15", "closed", "quiet", "2026-03-25 07:00", "open"),
    ("a pause of the device", (PAUSE, NIGHT), "db", "2026-03-24 21:00", "closed", "pause", "2026-03-25 07:00", "open"),
    ("a parent opened the device", (OPEN, NIGHT), "db", "2026-03-24 21:00", "open", "override_open", "2026-03-24 22:00", "closed"),
    ("a parent opened it for the person", (OPEN_PERSON, NIGHT), "db", "2026-03-24 21:00", "closed", "quiet", "2026-03-25 07:00", "open"),
    ("nobody's is closed anyway", (NEW,), "dnew", "2026-03-24 21:00", "closed", "unknown_device", None, None),
    ("nobody's that a parent opened", (VISIT, NEW), "dnew", "2026-03-24 21:00", "open", "override_open", "2026-03-24 22:00", "closed"),
    ("never an exempt one", (EXEMPT,), "dex", "2026-03-24 21:00", "open", "exempt", None, None),
    ("never the hub", (HUB,), "dhub", "2026-03-24 21:00", "open", "hub", None, None),
    ("in the skipped hour: not at all", (DOUBLED,), "db", "2026-03-29 01:59", "open", "default", "2026-03-30 02:30", "closed"),
    ("in the doubled hour: twice", (DOUBLED,), "db", "2026-10-25 02:30", "closed", "quiet", "2026-10-25 02:45", "open"),
)  # fmt: skip


def check(
    lines: "tuple[bytes, ...]",
    device: str,
    moment: str,
    level: str,
    reason: str,
    until: "str | None",
    next_level: "str | None",
) -> None:
    whole = policy(*lines)
    decision = decide(whole, device, utc(moment), {})
    assert (decision.level, decision.reason) == (level, reason)
    assert decision.until == (None if until is None else utc(until))
    assert decision.next_level == next_level
    assert decide_all(whole, utc(moment), {})[device] == decision


def test_the_rule_names_the_window() -> None:
    assert decide(policy(NIGHT), "db", utc("2026-03-24 21:00"), {}).rule == "quiet db 127 1200 420"


def test_hours_that_tell_are_known_by_the_same_clock() -> None:
    whole = policy(TOLD)
    device = [device for device in whole.devices if device.id == "db"][0]
    hours = QuietHours(quiet_zone(whole, device), whole.quiets[0])
    assert hours.line(utc("2026-03-24 19:59:59")) == ""
    assert hours.line(utc("2026-03-24 20:00")) == "quiet db 127 1200 420"
    assert hours.line(utc("2026-03-25 06:59:59"))
    assert hours.next_edge(utc("2026-03-24 20:00")) == utc("2026-03-25 07:00")
    assert hours.next_edge(utc("2026-03-25 07:00")) == utc("2026-03-25 20:00")


def test_nobodys_device_goes_by_the_first_zone() -> None:
    whole = policy(NEW)
    device = [device for device in whole.devices if device.id == "dnew"][0]
    assert quiet_zone(whole, device) == whole.zones[0]


def test_without_any_zone_it_is_utc() -> None:
    lines = b'["policy","h1","r1",5,6]', b'["device","dcam",["02:00:5e:00:00:09"],[],"camera",[]]', NIGHT_OF_CAMERA
    whole = read_policy(b"".join([line + b"\n" for line in lines]))
    hours = QuietHours(quiet_zone(whole, whole.devices[0]), whole.quiets[0])
    assert hours.line(20 * 3600)
    assert hours.next_edge(20 * 3600) == 86400 + 7 * 3600
