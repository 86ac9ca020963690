"""Who streams up in quiet hours: an alarm that begins with a threshold, grows, and ends with the hours or a pause."""

import pytest

from stairgate.agent.streaming import PAUSE_SECONDS, STREAM_BYTES, Streaming
from stairgate.agent.usage import Moved
from stairgate.core.observed import Streamed
from stairgate.core.records import Policy, Quiet
from tests.lab.policies import family_policy

MIDNIGHT = 20539 * 86400
EVENING, NIGHT = MIDNIGHT + 12 * 3600, MIDNIGHT + 22 * 3600
HOURS = ((127, 20 * 60, 7 * 60),)
NUMBERS = {"dphone": 1, "dconsole": 2, "dlaptop": 3}


def quiet(device: str = "dconsole", action: str = "tell") -> Policy:
    return family_policy()._replace(quiets=(Quiet(device, HOURS, action),))


class Night:
    """Readings, a second apart unless said."""

    def __init__(self, policy: Policy, utc: int = NIGHT) -> None:
        self.streaming, self.utc, self.start = Streaming(), utc, utc
        self.streaming.follow(policy)
        self.moved(0, seconds=0)

    def moved(self, sent: int, seconds: int = 1, device: str = "dconsole", received: int = 0) -> list[Streamed]:
        self.utc += seconds
        flow = Moved(7, NUMBERS[device], sent, received, b"")
        # A minute of the monotonic clock begins with the test.
        self.streaming.moved([flow] if sent or received else [], NUMBERS, self.utc, 600.0 + self.utc - self.start)
        return self.streaming.news()


def test_an_alarm_begins_when_a_minute_moves_too_much_and_grows() -> None:
    night = Night(quiet())
    assert night.moved(STREAM_BYTES - 1) == []
    assert night.moved(1) == [Streamed("dconsole", night.utc, night.utc, STREAM_BYTES)]
    began = night.utc
    assert night.moved(5000) == [Streamed("dconsole", began, night.utc, STREAM_BYTES + 5000)]
    assert night.moved(0) == []


def test_what_was_sent_before_the_hours_began_is_not_theirs() -> None:
    """A reading tells what moved since the one before, which may have been by day, or before a parent set the hours."""
    by_day = Night(quiet(), MIDNIGHT + 18 * 3600 - 2)  # 20:00 at home is 18:00 of UTC in summer, 19:00 in winter
    assert by_day.moved(50 * STREAM_BYTES) == []
    while not by_day.streaming._hours["dconsole"].line(by_day.utc + 60):
        assert by_day.moved(0, seconds=60) == []
    assert by_day.moved(50 * STREAM_BYTES, seconds=60) == []
    assert len(by_day.moved(STREAM_BYTES)) == 1


def test_background_never_adds_up_to_one() -> None:
    night = Night(quiet())
    assert [night.moved(STREAM_BYTES // 2, seconds=60) for _ in range(60)] == [[]] * 60


def test_what_comes_down_is_no_alarm() -> None:
    night = Night(quiet())
    assert night.moved(2000, received=50 * STREAM_BYTES) == []


@pytest.mark.parametrize(
    ("policy", "utc", "device"),
    [
        (quiet(), EVENING, "dconsole"),
        (quiet(), NIGHT, "dphone"),
        (quiet(action="close"), NIGHT, "dconsole"),
        (family_policy(), NIGHT, "dconsole"),
        (quiet("dtablet"), NIGHT, "dconsole"),
    ],
    ids=["by day", "another device", "hours that close", "no hours", "an exempt device"],
)
def test_nothing_else_is_watched(policy: Policy, utc: int, device: str) -> None:
    assert Night(policy, utc).moved(50 * STREAM_BYTES, device=device) == []


def test_a_stream_that_goes_on_is_one_alarm_and_one_after_a_pause_another() -> None:
    night = Night(quiet())
    first = night.moved(STREAM_BYTES)[0].began
    assert {row.began for _ in range(5) for row in night.moved(STREAM_BYTES, seconds=PAUSE_SECONDS // 2)} == {first}
    night.moved(0, seconds=PAUSE_SECONDS)
    (second,) = night.moved(STREAM_BYTES)
    assert second.began == night.utc
    assert second.bytes == STREAM_BYTES


def test_it_ends_with_the_hours_and_the_next_night_is_another() -> None:
    night = Night(quiet())
    first = night.moved(STREAM_BYTES)[0].began
    assert night.moved(STREAM_BYTES, seconds=10 * 3600) == []
    assert night.moved(0, seconds=14 * 3600) == []
    (second,) = night.moved(STREAM_BYTES)
    assert second.began > first


def test_a_new_policy_keeps_what_it_still_watches() -> None:
    night = Night(quiet())
    (first,) = night.moved(STREAM_BYTES)
    night.streaming.follow(quiet()._replace(revision=2))
    (second,) = night.moved(10)
    assert second.began == first.began
    night.streaming.follow(family_policy())
    assert night.moved(STREAM_BYTES) == []
    night.streaming.tell_all()
    assert night.streaming.news() == []


def test_it_is_told_again_to_who_has_just_come() -> None:
    night = Night(quiet())
    alarms = night.moved(STREAM_BYTES)
    night.streaming.tell_all()
    assert night.streaming.news() == alarms
