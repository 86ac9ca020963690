"""What a device of the family may do: level, reason, line, and the second of the next change."""

from stairgate.core.decide import REASONS, decide, decide_all
from tests.portable.family import policy, utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.rules import Used

BEDTIME = b'["week","pb",[[48,1290,480,"closed"],[79,1230,420,"closed"]]]'
HOMEWORK = b'["week","pb",[[31,840,960,"limited"],[79,1230,420,"closed"]]]'
HOMEWORK_C = b'["week","pc",[[31,840,960,"limited"]]]'
BEDTIME_C = b'["week","pc",[[127,1320,360,"closed"]]]'
CLOSED_C = b'["week","pc",[[127,0,0,"closed"]]]'
NIGHT = b'["week","pb",[[127,150,180,"closed"]]]'
EASTER = b'["date","pb","2026-03-30","2026-04-10",[[1380,540,"closed"]]]'
FREE_DAY = b'["date","pb","2026-03-25","2026-03-25",[]]'
SUMMER = b'["date","pb","2026-07-01","2026-07-31",[[600,660,"closed"]]]'
HOUR = b'["budget","pb","total",[60,60,60,60,60,90,-1],240]'
NONE = b'["budget","pb","total",[0,0,0,0,0,0,0],240]'
VIDEO = b'["budget","pb","video",[0,0,0,0,0,0,0],240]'
HOUR_C = b'["budget","pc","total",[20,20,20,20,20,20,20],240]'
ALL_WEEK = b'["week","pb",[[127,0,0,"closed"]]]'


def over(name: str, target: str, kind: str, start: str, until: str, minutes: int = 0) -> bytes:
    """An override between two local times."""
    return f'["override","{name}","{target}","{kind}",{utc(start)},{utc(until)},{minutes},"ask"]'.encode()


PAUSE = over("op", "pb", "pause", "2026-03-24 15:00", "2026-03-24 16:00")
OPEN = over("oo", "pb", "open", "2026-03-24 15:30", "2026-03-24 21:00")
BONUS = over("ob", "pb", "bonus", "2026-03-24 20:00", "2026-03-24 21:00", 30)
LATE_BONUS = over("ob", "pb", "bonus", "2026-03-24 21:00", "2026-03-24 21:30", 30)
GIVE = over("og", "pb", "give", "2026-03-24 20:00", "2026-03-24 20:01", 20)
PAUSE_TABLET = over("ot", "db", "pause", "2026-03-24 15:00", "2026-03-24 16:00")
PAUSE_C = over("oc", "pc", "pause", "2026-03-24 15:30", "2026-03-24 17:00")
OPEN_CONSOLE = over("og", "dbc", "open", "2026-03-24 22:00", "2026-03-24 23:00")
OPEN_NEW = over("on", "dnew", "open", "2026-03-24 12:00", "2026-03-24 22:00")
PAUSE_EXEMPT = over("ox", "dex", "pause", "2026-03-24 12:00", "2026-03-24 22:00")
LONG = over("ol", "pb", "open", "2026-03-24 12:00", "2026-09-24 12:00")
FAR = over("of", "pb", "pause", "2026-12-24 12:00:07", "2026-12-24 12:00:09")

# name, lines, device, local time, minutes used, level, reason, local time of the change, level then
CASES: "tuple[tuple[object, ...], ...]" = (
    ("no rules: the default", (), "db", "2026-03-24 12:00", {}, "open", "default", None, None),
    ("a closed default", (), "dz", "2026-03-24 12:00", {}, "closed", "default", None, None),
    ("an adult", (BEDTIME,), "da", "2026-03-24 22:00", {}, "open", "default", None, None),
    ("exempt", (BEDTIME,), "dex", "2026-03-24 22:00", {}, "open", "exempt", None, None),
    ("exempt in spite of a pause", (PAUSE_EXEMPT,), "dex", "2026-03-24 13:00", {}, "open", "exempt", None, None),
    ("assistive", (BEDTIME,), "dhear", "2026-03-24 22:00", {}, "open", "assistive", None, None),
    ("the hub's own machine", (BEDTIME,), "dhub", "2026-03-24 22:00", {}, "open", "hub", None, None),
    ("an unknown device", (), "dnew", "2026-03-24 12:00", {}, "closed", "unknown_device", None, None),
    ("nobody's device with a flag", (), "diso", "2026-03-24 12:00", {}, "closed", "no_person", None, None),
    ("a device that is not there", (), "dnone", "2026-03-24 12:00", {}, "closed", "not_in_policy", None, None),
    ("a visitor until 22:00", (OPEN_NEW,), "dnew", "2026-03-24 12:00", {}, "open", "override_open", "2026-03-24 22:00", "closed"),
    ("a visitor before", (OPEN_NEW,), "dnew", "2026-03-24 11:59", {}, "closed", "unknown_device", "2026-03-24 12:00", "open"),
    ("a visitor after", (OPEN_NEW,), "dnew", "2026-03-24 22:00", {}, "closed", "unknown_device", None, None),
    ("before bedtime", (BEDTIME,), "db", "2026-03-24 20:29:59", {}, "open", "default", "2026-03-24 20:30", "closed"),
    ("bedtime begins", (BEDTIME,), "db", "2026-03-24 20:30", {}, "closed", "week", "2026-03-25 07:00", "open"),
    ("bedtime after midnight", (BEDTIME,), "db", "2026-03-25 06:59:59", {}, "closed", "week", "2026-03-25 07:00", "open"),
    ("bedtime is over", (BEDTIME,), "db", "2026-03-25 07:00", {}, "open", "default", "2026-03-25 20:30", "closed"),
    ("Friday's bedtime is later", (BEDTIME,), "db", "2026-03-27 20:30", {}, "open", "default", "2026-03-27 21:30", "closed"),
    ("the night that loses an hour", (BEDTIME,), "db", "2026-03-28 23:00", {}, "closed", "week", "2026-03-29 08:00", "open"),
    ("the night that gains an hour", (BEDTIME,), "db", "2026-10-24 23:00", {}, "closed", "week", "2026-10-25 08:00", "open"),
    ("a window in the skipped hour never occurs", (NIGHT,), "db", "2026-03-28 03:00", {}, "open", "default", "2026-03-30 02:30", "closed"),
    ("homework", (HOMEWORK,), "db", "2026-03-24 14:00", {}, "limited", "week", "2026-03-24 16:00", "open"),
    ("before homework", (HOMEWORK,), "db", "2026-03-24 12:00", {}, "open", "default", "2026-03-24 14:00", "limited"),
    ("closed all week", (ALL_WEEK,), "db", "2026-03-24 12:00", {}, "closed", "week", None, None),
    ("holidays replace bedtime", (BEDTIME, EASTER), "db", "2026-03-31 20:30", {}, "open", "default", "2026-03-31 23:00", "closed"),
    ("holidays: their own night", (BEDTIME, EASTER), "db", "2026-03-31 23:30", {}, "closed", "date", "2026-04-01 09:00", "open"),
    ("the night before holidays", (BEDTIME, EASTER), "db", "2026-03-29 21:00", {}, "closed", "week", "2026-03-30 07:00", "open"),
    ("the last holiday's night", (BEDTIME, EASTER), "db", "2026-04-11 08:00", {}, "closed", "date", "2026-04-11 09:00", "open"),
    ("the first evening after holidays", (BEDTIME, EASTER), "db", "2026-04-11 12:00", {}, "open", "default", "2026-04-11 21:30", "closed"),
    ("a free day skips a night", (BEDTIME, FREE_DAY), "db", "2026-03-25 12:00", {}, "open", "default", "2026-03-26 20:30", "closed"),
    ("a date a long time ahead", (SUMMER,), "db", "2026-03-25 12:00", {}, "open", "default", "2026-07-01 10:00", "closed"),
    ("after the last date", (SUMMER,), "db", "2026-08-01 12:00", {}, "open", "default", None, None),
    ("pause", (PAUSE,), "db", "2026-03-24 15:00", {}, "closed", "pause", "2026-03-24 16:00", "open"),
    ("before a pause", (PAUSE,), "db", "2026-03-24 14:59:59", {}, "open", "default", "2026-03-24 15:00", "closed"),
    ("after a pause", (PAUSE,), "db", "2026-03-24 16:00", {}, "open", "default", None, None),
    ("a pause that runs into bedtime", (BEDTIME, over("op", "pb", "pause", "2026-03-24 19:00", "2026-03-24 21:00")), "db", "2026-03-24 19:00", {}, "closed", "pause", "2026-03-25 07:00", "open"),
    ("pause beats open", (OPEN, PAUSE), "db", "2026-03-24 15:30", {}, "closed", "pause", "2026-03-24 16:00", "open"),
    ("open after a pause", (BEDTIME, OPEN, PAUSE), "db", "2026-03-24 16:00", {}, "open", "override_open", "2026-03-24 21:00", "closed"),
    ("open beats bedtime", (BEDTIME, OPEN), "db", "2026-03-24 20:45", {}, "open", "override_open", "2026-03-24 21:00", "closed"),
    ("open beats a spent budget", (HOUR, OPEN), "db", "2026-03-24 20:45", {"pb": {"total": 60}}, "open", "override_open", "2026-03-24 21:00", "closed"),
    ("open for half a year", (ALL_WEEK, LONG), "db", "2026-03-24 12:00", {}, "open", "override_open", "2026-09-24 12:00", "closed"),
    ("a pause of two seconds in nine months", (FAR,), "db", "2026-03-24 12:00", {}, "open", "default", "2026-12-24 12:00:07", "closed"),
    ("a pause of the tablet", (PAUSE_TABLET,), "db", "2026-03-24 15:00", {}, "closed", "pause", "2026-03-24 16:00", "open"),
    ("a pause of the tablet leaves the console", (PAUSE_TABLET,), "dbc", "2026-03-24 15:00", {}, "open", "default", None, None),
    ("two: one is paused", (PAUSE,), "dbc", "2026-03-24 15:00", {}, "closed", "pause", "2026-03-24 16:00", "open"),
    ("two: pauses that overlap", (PAUSE_C, PAUSE), "dbc", "2026-03-24 15:00", {}, "closed", "pause", "2026-03-24 17:00", "open"),
    ("two: open for one is not for both", (CLOSED_C, OPEN), "dbc", "2026-03-24 15:30", {}, "closed", "week", None, None),
    ("two: the earlier bedtime", (BEDTIME, BEDTIME_C), "dbc", "2026-03-24 12:00", {}, "open", "default", "2026-03-24 20:30", "closed"),
    ("two: the later morning", (BEDTIME, BEDTIME_C), "dbc", "2026-03-24 23:00", {}, "closed", "week", "2026-03-25 07:00", "open"),
    ("two: limited and closed", (HOMEWORK, CLOSED_C), "dbc", "2026-03-24 14:30", {}, "closed", "week", None, None),
    ("two: open for the device", (BEDTIME, BEDTIME_C, OPEN_CONSOLE), "dbc", "2026-03-24 22:30", {}, "open", "override_open", "2026-03-24 23:00", "closed"),
    ("two: one has spent", (HOUR, HOUR_C), "dbc", "2026-03-24 12:00", {"pc": {"total": 20}}, "closed", "budget_spent", "2026-03-25 04:00", "open"),
    ("two: the smaller rest", (HOUR, HOUR_C), "dbc", "2026-03-24 12:00", {"pb": {"total": 50}, "pc": {"total": 5}}, "open", "default", "2026-03-24 12:10", "closed"),
    ("a budget runs from now", (HOUR,), "db", "2026-03-24 12:00:30", {"pb": {"total": 50}}, "open", "default", "2026-03-24 12:10:30", "closed"),
    ("a budget unused", (HOUR,), "db", "2026-03-24 12:00", {}, "open", "default", "2026-03-24 13:00", "closed"),
    ("bedtime before the budget ends", (BEDTIME, HOUR), "db", "2026-03-24 20:00", {}, "open", "default", "2026-03-24 20:30", "closed"),
    ("a budget that begins again first", (HOUR,), "db", "2026-03-24 03:50", {"pb": {"total": 30}}, "open", "default", "2026-03-24 05:00", "closed"),
    ("spent", (HOUR,), "db", "2026-03-24 12:00", {"pb": {"total": 60}}, "closed", "budget_spent", "2026-03-25 04:00", "open"),
    ("more than spent", (HOUR,), "db", "2026-03-24 12:00", {"pb": {"total": 99}}, "closed", "budget_spent", "2026-03-25 04:00", "open"),
    ("spent before the day begins", (HOUR,), "db", "2026-03-24 03:59:59", {"pb": {"total": 60}}, "closed", "budget_spent", "2026-03-24 04:00", "open"),
    ("spent, then bedtime until later", (BEDTIME, HOUR), "db", "2026-03-24 12:00", {"pb": {"total": 60}}, "closed", "budget_spent", "2026-03-25 07:00", "open"),
    ("spent beats open windows", (b'["week","pb",[[127,0,0,"open"]]]', HOUR), "db", "2026-03-24 12:00", {"pb": {"total": 60}}, "closed", "budget_spent", "2026-03-25 04:00", "open"),
    ("a spent budget of the night stays Saturday's", (HOUR,), "db", "2026-03-29 00:30", {"pb": {"total": 90}}, "closed", "budget_spent", "2026-03-29 04:00", "open"),
    ("no limit on Sundays", (HOUR,), "db", "2026-03-29 12:00", {"pb": {"total": 900}}, "open", "default", "2026-03-30 05:00", "closed"),
    ("a budget of nothing", (NONE,), "db", "2026-03-24 12:00", {}, "closed", "budget_spent", None, None),
    ("a video budget closes nothing", (VIDEO,), "db", "2026-03-24 12:00", {"pb": {"video": 9}}, "open", "default", None, None),
    ("video minutes are no total", (HOUR,), "db", "2026-03-24 12:00", {"pb": {"video": 60}}, "open", "default", "2026-03-24 13:00", "closed"),
    ("another's minutes", (HOUR,), "db", "2026-03-24 12:00", {"pc": {"total": 60}}, "open", "default", "2026-03-24 13:00", "closed"),
    ("homework counts as use", (HOMEWORK, HOUR), "db", "2026-03-24 14:30", {"pb": {"total": 0}}, "limited", "week", "2026-03-24 15:30", "closed"),
    ("bonus opens bedtime", (BEDTIME, LATE_BONUS), "db", "2026-03-24 21:00", {}, "open", "bonus", "2026-03-24 21:30", "closed"),
    ("before a bonus", (BEDTIME, LATE_BONUS), "db", "2026-03-24 20:45", {}, "closed", "week", "2026-03-24 21:00", "open"),
    ("bonus opens a spent budget", (HOUR, BONUS), "db", "2026-03-24 20:00", {"pb": {"total": 60}}, "open", "bonus", "2026-03-24 21:00", "closed"),
    ("bonus minutes outlast the bonus", (HOUR, over("ob", "pb", "bonus", "2026-03-24 20:00", "2026-03-24 20:10", 30)), "db", "2026-03-24 20:00", {"pb": {"total": 60}}, "open", "bonus", "2026-03-24 20:30", "closed"),
    ("bonus minutes stay for the day", (HOUR, BONUS), "db", "2026-03-24 21:00", {"pb": {"total": 80}}, "open", "default", "2026-03-24 21:10", "closed"),
    ("bonus minutes are gone the next day", (HOUR, BONUS), "db", "2026-03-25 12:00", {"pb": {"total": 60}}, "closed", "budget_spent", "2026-03-26 04:00", "open"),
    ("a bonus of another device", (HOUR, over("ob", "dex", "bonus", "2026-03-24 20:00", "2026-03-24 21:00", 30)), "db", "2026-03-24 20:00", {"pb": {"total": 60}}, "closed", "budget_spent", "2026-03-25 04:00", "open"),
    ("pause beats bonus", (BONUS, over("op", "pb", "pause", "2026-03-24 20:00", "2026-03-24 20:20")), "db", "2026-03-24 20:10", {}, "closed", "pause", "2026-03-24 20:20", "open"),
    ("a give opens a spent budget", (HOUR, GIVE), "db", "2026-03-24 20:00", {"pb": {"total": 60}}, "open", "default", "2026-03-24 20:20", "closed"),
    ("before a give", (HOUR, GIVE), "db", "2026-03-24 19:59", {"pb": {"total": 60}}, "closed", "budget_spent", "2026-03-24 20:00", "open"),
    ("a give outlasts its end", (HOUR, GIVE), "db", "2026-03-24 23:00", {"pb": {"total": 75}}, "open", "default", "2026-03-24 23:05", "closed"),
    ("a give is gone the next day", (HOUR, GIVE), "db", "2026-03-25 12:00", {"pb": {"total": 60}}, "closed", "budget_spent", "2026-03-26 04:00", "open"),
    ("a give opens no bedtime", (BEDTIME, HOUR, GIVE), "db", "2026-03-24 20:30", {}, "closed", "week", "2026-03-25 07:00", "open"),
    ("a give without a budget", (GIVE,), "db", "2026-03-24 20:00", {}, "open", "default", None, None),
    ("a give for nobody's device", (over("og", "dnew", "give", "2026-03-24 20:00", "2026-03-24 20:01", 20),), "dnew", "2026-03-24 20:00", {}, "closed", "unknown_device", None, None),
    ("a give and a bonus add up", (HOUR, BONUS, over("og", "pb", "give", "2026-03-24 20:00", "2026-03-24 20:01", 20)), "db", "2026-03-24 21:00", {"pb": {"total": 100}}, "open", "default", "2026-03-24 21:10", "closed"),
    ("a give on one device", (HOUR, over("og", "db", "give", "2026-03-24 20:00", "2026-03-24 20:01", 20)), "dbc", "2026-03-24 20:00", {"pb": {"total": 60}}, "closed", "budget_spent", "2026-03-25 04:00", "open"),
    ("several closed windows, one after the other", (b'["week","pb",[[2,1230,1290,"closed"],[2,1290,60,"closed"],[4,60,420,"closed"],[4,400,425,"closed"]]]',), "db", "2026-03-24 20:30", {}, "closed", "week", "2026-03-25 07:05", "open"),
    ("a closed window that a date's goes on", (b'["week","pb",[[2,1230,60,"closed"]]]', b'["date","pb","2026-03-25","2026-03-25",[[30,600,"closed"],[600,720,"limited"]]]'), "db", "2026-03-24 20:30", {}, "closed", "week", "2026-03-25 10:00", "limited"),
    ("limited, then closed, then open", (b'["week","pb",[[2,840,960,"limited"],[2,960,1020,"closed"]]]',), "db", "2026-03-24 14:00", {}, "limited", "week", "2026-03-24 16:00", "closed"),
    ("a date that is limited", (b'["date","pb","2026-03-24","2026-03-24",[[840,960,"limited"]]]',), "db", "2026-03-24 14:00", {}, "limited", "date", "2026-03-24 16:00", "open"),
    ("a date that is open in a closed default", (b'["date","pz","2026-03-24","2026-03-24",[[840,960,"open"]]]',), "dz", "2026-03-24 14:00", {}, "open", "date", "2026-03-24 16:00", "closed"),
    ("closed by a pause, a spent budget and bedtime in turn", (BEDTIME, HOUR, over("op", "pb", "pause", "2026-03-24 19:00", "2026-03-24 19:30:17")), "db", "2026-03-24 19:00", {"pb": {"total": 60}}, "closed", "pause", "2026-03-25 07:00", "open"),
    ("a pause that ends at a second", (over("op", "pb", "pause", "2026-03-24 19:00", "2026-03-24 19:30:17"),), "db", "2026-03-24 19:00", {}, "closed", "pause", "2026-03-24 19:30:17", "open"),
    ("the last offset lasts", (BEDTIME,), "db", "2029-01-15 20:00", {}, "open", "default", "2029-01-15 20:30", "closed"),
)  # fmt: skip


def check(
    lines: "tuple[bytes, ...]",
    device: str,
    moment: str,
    used: "Used",
    level: str,
    reason: str,
    until: "str | None",
    next_level: "str | None",
) -> None:
    decision = decide(policy(*lines), device, utc(moment), used)
    assert (decision.level, decision.reason) == (level, reason)
    assert decision.until == (None if until is None else utc(until))
    assert decision.next_level == next_level
    assert decision.reason in REASONS


def rule(lines: "tuple[bytes, ...]", device: str, moment: str, used: "Used | None" = None) -> str:
    return decide(policy(*lines), device, utc(moment), used or {}).rule


def test_the_rule_names_the_line_that_won() -> None:
    assert rule((BEDTIME,), "db", "2026-03-24 21:00") == "week pb 79 1230 420 closed"
    assert rule((EASTER,), "db", "2026-03-31 23:30") == "date pb 2026-03-30 2026-04-10 1380 540 closed"
    assert rule((PAUSE,), "db", "2026-03-24 15:00") == "override op"
    assert rule((HOUR,), "db", "2026-03-24 15:00", {"pb": {"total": 60}}) == "budget pb total"
    assert rule((), "db", "2026-03-24 15:00") == "person pb open"
    assert rule((), "dex", "2026-03-24 15:00") == "device dex"
    assert rule((), "dnew", "2026-03-24 15:00") == "device dnew"
    assert rule((), "dhub", "2026-03-24 15:00") == "hub"
    assert rule((), "dnone", "2026-03-24 15:00") == ""


def test_a_window_in_the_doubled_hour_counts_twice() -> None:
    rules = policy(NIGHT)
    first = utc("2026-10-25 02:30")
    # 02:30 to 03:00, then the clock is set back to 02:00, and 02:30 to 03:00 once more.
    for begin in (first, first + 3600):
        assert decide(rules, "db", begin - 1, {})[:2] == ("open", begin)
        assert decide(rules, "db", begin, {})[:2] == ("closed", begin + 1800)
        assert decide(rules, "db", begin + 1799, {}).level == "closed"


def test_a_window_that_begins_in_the_gap_begins_at_the_jump() -> None:
    rules = policy(b'["week","pb",[[127,150,300,"closed"]]]')
    jump = utc("2026-03-29 03:00")
    assert decide(rules, "db", jump - 1, {})[:2] == ("open", jump)
    assert decide(rules, "db", jump, {})[:2] == ("closed", utc("2026-03-29 05:00"))


def test_for_two_the_highest_layer_is_the_reason() -> None:
    rules = policy(CLOSED_C, PAUSE)
    assert decide(rules, "dbc", utc("2026-03-24 15:00"), {}).reason == "pause"


def test_until_skips_edges_that_change_no_level() -> None:
    rules = policy(b'["week","pb",[[127,600,660,"closed"],[127,660,720,"closed"],[127,700,780,"closed"]]]')
    assert decide(rules, "db", utc("2026-03-24 10:00"), {}).until == utc("2026-03-24 13:00")


def test_years_of_windows_that_change_no_level_give_no_change() -> None:
    windows = ",".join([f'[{start},{start + 5},"open"]' for start in range(0, 200, 10)])
    dates = []
    for year in range(2026, 2031):
        for month in range(10, 13):
            dates.append(f'["date","pb","{year}-{month}-01","{year}-{month}-28",[{windows}]]'.encode())
    decision = decide(policy(*dates), "db", utc("2026-03-24 10:00"), {})
    assert decision == ("open", None, "default", "person pb open", None)


def test_all_at_once_is_the_same_as_one_by_one() -> None:
    rules = policy(BEDTIME, HOMEWORK_C, EASTER, HOUR, PAUSE_C, PAUSE_TABLET)
    for moment in (utc("2026-03-24 15:40"), utc("2026-03-24 20:00"), utc("2026-03-31 23:30")):
        used = {"pb": {"total": 55}}
        decisions = decide_all(rules, moment, used)
        assert sorted(decisions) == sorted([device.id for device in rules.devices])
        for device in rules.devices:
            assert decisions[device.id] == decide(rules, device.id, moment, used)
