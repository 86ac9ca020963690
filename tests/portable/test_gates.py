"""The gates of a toy: a table of what is asked, and what core answers, until when and why."""

from stairgate.core import gates
from stairgate.core.gates import decide_gate
from tests.portable import bear
from tests.portable.family import utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.gates import GateDecision
    from stairgate.core.policy import Policy

    Case = tuple[
        str,
        "tuple[bytes, ...] | None",
        str,
        "tuple[str, ...]",
        int,
        "dict[str, object]",
        str,
        "int | None",
        str,
    ]

DECLARATION = bear.declaration()
NOON = utc("2026-03-27 12:00")
EVENING = utc("2026-03-27 20:30")
TEN = NOON + 600
BEDTIME = b'["week","pb",[[127,1230,420,"closed"]]]'
OPENED = b'["gate","tbear",[["microphone",%d]]]' % TEN
AGREED = b'["consent","tbear",["answers"]]'
PAUSE = b'["override","o1","pb","pause",%d,%d,0,""]' % (NOON, NOON + 60)
PLAY_PAUSED = b'["override","o1","tbear","pause",%d,%d,0,""]' % (NOON, NOON + 60)
HOMEWORK = b'["week","pb",[[127,700,900,"limited"]]]'
BUDGET = b'["budget","pb","total",[60,60,60,60,60,60,60],240]'
READY = (OPENED, AGREED)

# (case, lines of the policy, None: it never met a hub, gate, rows, now, keywords, level, until, reason)
CASES: "tuple[Case, ...]" = (
    ("play: open by default", (), "play", (), NOON, {}, "open", None, "default"),
    ("play: until bedtime", (BEDTIME,), "play", (), NOON, {}, "open", EVENING, "default"),
    ("speaker: bedtime silences the bear", (BEDTIME,), "speaker", (), EVENING, {}, "closed", utc("2026-03-28 07:00"), "week"),
    ("play: a pause of the child", (PAUSE,), "play", (), NOON, {}, "closed", NOON + 60, "pause"),
    ("play: a pause of the bear", (PLAY_PAUSED,), "play", (), NOON, {}, "closed", NOON + 60, "pause"),
    ("play: homework", (HOMEWORK,), "play", (), NOON, {}, "closed", utc("2026-03-27 15:00"), "week"),
    ("play: minutes used up", (BUDGET,), "play", (), NOON, {"used": 60}, "closed", utc("2026-03-28 04:00"), "budget_spent"),
    ("play: minutes left", (BUDGET,), "play", (), NOON, {"used": 50}, "open", NOON + 600, "default"),
    ("play: no hub", None, "play", (), NOON, {}, "open", None, "no_hub"),
    ("play: no hub, no time", None, "play", (), NOON, {"trouble": "lost_time"}, "open", None, "no_hub"),
    ("play: a new owner", None, "speaker", (), NOON, {"trouble": "new_owner"}, "open", None, "no_hub"),
    ("play: its policy is broken", None, "play", (), NOON, {"trouble": "corrupt_policy"}, "closed", None, "corrupt_policy"),
    ("play: safe mode follows the level", (BEDTIME,), "play", (), NOON, {"trouble": "safe_mode"}, "open", EVENING, "default"),
    ("play: the device is not in the policy", (), "play", (), NOON, {"device": "tother"}, "closed", None, "not_in_policy"),
    ("gate: not declared", READY, "location", ("answers",), NOON, {}, "closed", None, "not_declared"),
    ("sensor: closed by default", (), "microphone", ("answers",), NOON, {}, "closed", None, "not_opened"),
    ("sensor: opened and agreed to", READY, "microphone", ("answers",), NOON, {}, "open", TEN, "opened"),
    ("sensor: the last second", READY, "microphone", ("answers",), TEN - 1, {}, "open", TEN, "opened"),
    ("sensor: the end", READY, "microphone", ("answers",), TEN, {}, "closed", None, "not_opened"),
    ("sensor: opened, not agreed to", (OPENED,), "microphone", ("answers",), NOON, {}, "closed", None, "no_consent"),
    ("sensor: agreed to something else", READY, "microphone", ("diary",), NOON, {}, "closed", None, "no_consent"),
    ("sensor: agreed to one of two", READY, "microphone", ("answers", "diary"), NOON, {}, "closed", None, "no_consent"),
    ("sensor: agreed to, not opened", (AGREED,), "microphone", ("answers",), NOON, {}, "closed", None, "not_opened"),
    ("sensor: another sensor opened", READY, "camera", ("faces",), NOON, {}, "closed", None, "not_opened"),
    ("sensor: what needs no consent", (b'["gate","tbear",[["camera",%d]]]' % TEN,), "camera", ("faces",), NOON, {}, "open", TEN, "opened"),
    ("sensor: for no purpose", READY, "microphone", (), NOON, {}, "closed", None, "not_declared"),
    ("sensor: an undeclared purpose", READY, "microphone", ("answers", "ads"), NOON, {}, "closed", None, "not_declared"),
    ("sensor: a purpose of another sensor", READY, "microphone", ("faces",), NOON, {}, "closed", None, "not_declared"),
    ("sensor: bedtime goes before a parent's opening", (BEDTIME, OPENED.replace(b"%d" % TEN, b"%d" % (EVENING + 600)), AGREED), "microphone", ("answers",), EVENING, {}, "closed", utc("2026-03-28 07:00"), "week"),
    ("sensor: ends with the level", (BEDTIME, OPENED.replace(b"%d" % TEN, b"%d" % (EVENING + 600)), AGREED), "microphone", ("answers",), EVENING - 60, {}, "open", EVENING, "opened"),
    ("sensor: a pause", (PAUSE,) + READY, "microphone", ("answers",), NOON, {}, "closed", NOON + 60, "pause"),
    ("sensor: lost time", READY, "microphone", ("answers",), NOON, {"trouble": "lost_time"}, "closed", None, "lost_time"),
    ("sensor: no hub, no time", None, "microphone", ("answers",), NOON, {"trouble": "lost_time", "session": TEN}, "open", TEN, "gesture"),
    ("sensor: safe mode", READY, "microphone", ("answers",), NOON, {"trouble": "safe_mode"}, "closed", None, "safe_mode"),
    ("sensor: broken policy", None, "microphone", ("answers",), NOON, {"trouble": "corrupt_policy", "session": TEN}, "closed", None, "corrupt_policy"),
    ("sensor: new owner, old gesture", None, "microphone", ("answers",), NOON, {"trouble": "new_owner", "session": TEN}, "closed", None, "new_owner"),
    ("sensor: no hub", None, "microphone", ("answers",), NOON, {}, "closed", None, "no_hub"),
    ("sensor: no hub, the gesture", None, "microphone", ("answers",), NOON, {"session": TEN}, "open", TEN, "gesture"),
    ("sensor: no hub, the session is over", None, "microphone", ("answers",), TEN, {"session": TEN}, "closed", None, "no_hub"),
    ("sensor: no hub, a gesture gives nothing to others", None, "microphone", ("answers", "research"), NOON, {"session": TEN}, "closed", None, "no_consent"),
    ("sensor: with a hub a gesture opens nothing", (AGREED,), "microphone", ("answers",), NOON, {"session": TEN}, "closed", None, "not_opened"),
)  # fmt: skip


def ask(
    policy: "Policy | None", gate: str, rows: "tuple[str, ...]", now: int, how: "dict[str, object]"
) -> "GateDecision":
    """The answer for the bear."""
    used = {"pb": {"total": int(how.get("used", 0))}}  # type: ignore[call-overload]
    device = str(how.get("device", "tbear"))
    trouble, session = str(how.get("trouble", "")), int(how.get("session", 0))  # type: ignore[call-overload]
    return decide_gate(policy, DECLARATION, device, gate, rows, now, used, trouble, session)


def check(
    lines: "tuple[bytes, ...] | None",
    gate: str,
    rows: "tuple[str, ...]",
    now: int,
    how: "dict[str, object]",
    level: str,
    until: "int | None",
    reason: str,
) -> None:
    """One question and its answer."""
    policy = None if lines is None else bear.toy_policy(*lines)
    answer = ask(policy, gate, rows, now, how)
    assert (answer.level, answer.until, answer.reason) == (level, until, reason), answer


def test_every_trouble_closes_every_sensor_and_says_so() -> None:
    policy = bear.toy_policy(*READY)
    for trouble in gates.TROUBLES:
        answer = ask(policy, "microphone", ("answers",), NOON, {"trouble": trouble})
        assert (answer.level, answer.reason) == ("closed", trouble)


def test_an_open_sensor_always_has_an_end() -> None:
    for session in (NOON + 1, TEN):
        assert ask(None, "microphone", ("answers",), NOON, {"session": session}).until == session
    assert ask(bear.toy_policy(*READY), "microphone", ("answers",), NOON, {}).until is not None


def test_two_purposes_that_are_both_agreed_to() -> None:
    policy = bear.toy_policy(OPENED, b'["consent","tbear",["answers"]]', b'["consent","tbear",["diary"]]')
    assert ask(policy, "microphone", ("answers", "diary"), NOON, {}).level == "open"
