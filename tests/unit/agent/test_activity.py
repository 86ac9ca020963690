"""Minutes of use from traffic: eight kinds of hours and some more, each within two minutes of what really happened."""

import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from stairgate.agent.activity import Runs
from stairgate.agent.activity_data import ENOUGH, NEVER, PLENTY_LINK, PLENTY_POINTS, SOME_POINTS, THRESHOLDS, TOTAL
from stairgate.agent.meter import Counted, Meter
from stairgate.agent.timed_addresses import TimedAddresses, TimedRow
from stairgate.agent.usage import Moved
from tests.unit.agent.use_traces import (
    COUNTED_FOR_NOBODY,
    MAIN,
    NOT_COUNTED,
    SECONDS,
    SIDE,
    TRACES,
    Step,
    chat_in_a_pocket,
    light_pages,
    minutes,
    pictures_in_a_pocket,
)

ALLOWED = 2  # minutes an hour
REMOTE = b"\x01\x02\x03\x04"
SEEDS = range(15)


def counted(steps: list[Step], category: str = "", every: int = 1) -> dict[str, set[int]]:
    """The minutes that count, by category; every: seconds between readings. The main flows are of the category."""
    timed = TimedAddresses()
    timed.take([TimedRow(REMOTE, (category,))] if category else [])
    meter = Meter(timed, 0.0)
    moved: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for step in steps:
        total = moved[min(step.second // every, SECONDS // every - 1)][step.flow]
        total[0] += step.down
        total[1] += step.up
    found: dict[str, set[int]] = defaultdict(set)

    def note(rows: list[Counted]) -> None:
        for row in rows:
            assert not found[row.category].intersection(row.minutes), "a minute counts once"
            found[row.category].update(row.minutes)

    for index in range(SECONDS // every):
        reading = [
            Moved(flow, 1, up, down, REMOTE if MAIN <= flow < SIDE else b"")
            for flow, (down, up) in moved[index].items()
        ]
        began, ended = float(index * every), float((index + 1) * every) - 0.001
        meter.add(reading, {1: "dphone"}, {"dphone": [category]} if category else {}, began, ended)
        note(meter.judge(ended + 0.001))
    return found


def error(name: str, seed: int, every: int = 1) -> int:
    """How many minutes of the hour were judged wrongly, in whichever direction."""
    trace = TRACES[name]
    return len(counted(trace.make(random.Random(seed)), every=every)[TOTAL] ^ trace.expected)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", TRACES)
def test_of_each_hour_at_most_two_minutes_are_judged_wrongly(name: str, seed: int) -> None:
    assert error(name, seed) <= ALLOWED


@pytest.mark.parametrize("seed", SEEDS)
def test_light_pages_are_read(seed: int) -> None:
    found = counted(light_pages(random.Random(seed)))[TOTAL]

    assert len(found ^ minutes((10, 39))) <= 3 * ALLOWED  # one that is left early, or a long look at the last


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("make", "allowed"), [(chat_in_a_pocket, ALLOWED), (pictures_in_a_pocket, 3 * ALLOWED)], ids=["lines", "pictures"]
)
def test_what_only_arrives_at_a_phone_in_a_pocket_is_no_use(
    make: Callable[[random.Random], list[Step]], allowed: int, seed: int
) -> None:
    assert len(counted(make(random.Random(seed)))[TOTAL]) <= allowed


@pytest.mark.parametrize("category", ["", "games"])
def test_a_slow_game_whose_server_talks_most_is_use(category: str) -> None:
    steps = [Step(second, MAIN, 350, 100) for second in range(600, 2400)]

    assert len(counted(steps, category)[category or TOTAL] ^ minutes((10, 39))) <= ALLOWED


@pytest.mark.parametrize("name", [*NOT_COUNTED, *COUNTED_FOR_NOBODY])
def test_the_page_is_true_about_what_no_number_tells_apart(name: str) -> None:
    """When one of these is told apart one day, docs/time.md and the parents' page say too much."""
    for seed in SEEDS[:3]:
        if name in NOT_COUNTED:
            assert len(counted(NOT_COUNTED[name](random.Random(seed)))[TOTAL]) <= ALLOWED
        else:
            assert len(counted(COUNTED_FOR_NOBODY[name](random.Random(seed)))[TOTAL]) >= 60 - ALLOWED


@pytest.mark.parametrize("name", [name for name, trace in TRACES.items() if trace.category])
def test_a_category_has_the_minutes_of_its_own_addresses(name: str) -> None:
    trace = TRACES[name]
    for seed in SEEDS[:4]:
        found = counted(trace.make(random.Random(seed)), trace.category)[trace.category]
        # In a lobby the server of the game is silent: it is bridged like any other gap.
        assert len(found ^ trace.expected) <= ALLOWED, sorted(found ^ trace.expected)


def test_what_is_of_no_timed_address_counts_for_no_category() -> None:
    steps = [step._replace(flow=SIDE + step.flow) for step in TRACES["video"].make(random.Random(1))]
    found = counted(steps, "video")

    assert len(found[TOTAL]) > 40
    assert found["video"] == set()


@pytest.mark.parametrize("name", ["video", "game", "update", "backup", "doorbell", "idle tablet"])
def test_a_full_router_that_reads_more_rarely_is_hardly_worse(name: str) -> None:
    assert error(name, 1, every=3) <= ALLOWED + 1


@pytest.mark.parametrize("every", [6, 10, 20])
@pytest.mark.parametrize("name", ["video", "game", "radio", "call", "video beside an update"])
def test_a_router_that_can_hardly_read_gives_no_film_away(name: str, every: int) -> None:
    """Then an update counts as well: no pause of a player can be seen."""
    trace = TRACES[name]
    missed = trace.expected - counted(trace.make(random.Random(1)), every=every)[TOTAL]
    assert len(missed) <= ALLOWED


def test_the_traces_tell_use_from_background_by_more_than_its_amount() -> None:
    """Else a sum of bytes would do: the update moves more than any film, the doorbell more than a game of chess."""
    moved = {name: sum(step.down + step.up for step in trace.make(random.Random(1))) for name, trace in TRACES.items()}

    assert moved["update"] > moved["video"] > moved["chat"]
    assert moved["backup"] > moved["game"]
    assert moved["doorbell"] > moved["board game"]


PLENTY, SOME = PLENTY_POINTS, SOME_POINTS
# name, minutes with their points, minutes that count
RUNS = {
    "one look for news": ([(7, PLENTY)], []),
    "two minutes of plenty": ([(7, PLENTY), (8, PLENTY)], [7, 8]),
    "the silence between two tracks": ([(7, PLENTY), (12, PLENTY)], [7, 8, 9, 10, 11, 12]),
    "a silence that is too long": ([(7, PLENTY), (13, PLENTY)], []),
    "two lines of a chat": ([(7, SOME), (8, SOME)], []),
    "a conversation": ([(7, SOME), (8, SOME), (10, SOME)], [7, 8, 9, 10]),
    "lines hours apart": ([(7, SOME), (50, SOME), (90, SOME)], []),
    "a conversation that pauses for too long": (
        [(7, SOME), (8, SOME), (9, SOME), (14, SOME), (15, SOME), (16, SOME)],
        [7, 8, 9, 14, 15, 16],
    ),
    "a look for news before a film": ([(4, SOME), (8, PLENTY), (9, PLENTY)], [8, 9]),
    "a film that begins with little": ([(7, SOME), (8, PLENTY), (9, PLENTY)], [7, 8, 9]),
}


@pytest.mark.parametrize(("given", "expected"), RUNS.values(), ids=RUNS)
def test_dense_minutes_count_together(given: list[tuple[int, int]], expected: list[int]) -> None:
    runs, found = Runs(), list[int]()
    for minute, points in given:
        would = runs.expected(minute, points)
        assert runs.add(minute, points) == would
        found += would

    assert found == expected


def test_no_minute_counts_by_itself_and_bridges_are_as_long_as_the_table_says() -> None:
    assert PLENTY < ENOUGH
    assert 2 * SOME < ENOUGH <= min(2 * PLENTY, 3 * SOME)
    for gap in range(1, 12):
        runs = Runs()
        runs.add(100, PLENTY)
        assert bool(runs.add(100 + gap, PLENTY)) == (gap <= PLENTY_LINK)


PAGE = Path(__file__).parents[3] / "docs" / "time.md"
CALLED = {
    TOTAL: "total, and whatever is not below",
    "video": "videos",
    "social": "social networks",
    "games": "games",
    "chat": "messages",
    "music": "music",
}


@pytest.mark.parametrize("category", THRESHOLDS)
def test_the_page_says_the_same_as_the_table(category: str) -> None:
    threshold = THRESHOLDS[category]
    some = "–" if threshold.down == NEVER else f"{threshold.down:,} and {threshold.up:,}"

    if threshold.page != NEVER:
        assert f"with {threshold.page:,} bytes to the device" in PAGE.read_text(encoding="utf-8")
    assert f"| {CALLED[category]} | {threshold.plenty:,} | {some} |" in PAGE.read_text(encoding="utf-8")
