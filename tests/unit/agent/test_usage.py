"""Counters of flows that come and go become one growing count for each device."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent import usage
from stairgate.agent.broker_link_fake import FakeLink
from stairgate.agent.conntrack import BREATH, Flow
from stairgate.agent.kernel_fake import FakeKernel
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.outbox import Outbox
from stairgate.agent.tally import Tally
from stairgate.agent.usage import ByteCounts, Reading
from tests.lab.policies import family_policy
from tests.unit.agent.rig import HandClock, signed
from tests.unit.agent.router import Router

NUMBERS = {"dphone": 1, "dlaptop": 2}


def counted(*readings: list[Flow]) -> list[tuple[str, int, int]]:
    counts = ByteCounts()
    for reading in readings:
        counts.add(reading)
    return counts.by_device(NUMBERS)


def test_flows_of_a_device_are_added_up_received_first() -> None:
    reading = [Flow(1, 1, sent=10, received=100), Flow(2, 1, sent=5, received=50), Flow(3, 2, sent=1, received=2)]

    assert counted(reading) == [("dphone", 150, 15), ("dlaptop", 2, 1)]


def test_a_flow_that_goes_on_is_counted_once() -> None:
    assert counted([Flow(1, 1, 10, 100)], [Flow(1, 1, 15, 100)], [Flow(1, 1, 15, 160)]) == [("dphone", 160, 15)]


def test_the_last_bytes_of_a_flow_that_ended_are_counted() -> None:
    live, ended = Flow(1, 1, 10, 100), Flow(1, 1, 12, 130)

    assert counted([live], [ended], []) == [("dphone", 130, 12)]
    assert counted([live, ended], []) == [("dphone", 130, 12)]


def test_the_count_never_falls_when_flows_end() -> None:
    assert counted([Flow(1, 1, 10, 100)], [], [], [Flow(2, 1, 1, 1)]) == [("dphone", 101, 11)]


def test_a_flow_forgotten_and_begun_again_with_the_same_id_is_counted_anew() -> None:
    assert counted([Flow(1, 1, 500, 9000)], [Flow(1, 1, 20, 30)], [Flow(1, 1, 25, 40)]) == [("dphone", 9040, 525)]


def test_a_reading_that_breaks_off_counts_nothing_and_the_next_nothing_twice() -> None:
    def broken() -> Iterator[Flow]:
        yield Flow(1, 1, 10, 100)
        raise KernelRefused("ETIMEDOUT", "reading flows")

    counts = ByteCounts()
    with pytest.raises(KernelRefused):
        counts.add(broken())
    counts.add([Flow(1, 1, 10, 100)])

    assert counts.by_device(NUMBERS) == [("dphone", 100, 10)]


def test_a_number_that_no_device_has_any_more_is_not_counted_on() -> None:
    counts = ByteCounts()
    counts.add([Flow(1, 1, 10, 100), Flow(2, 2, 1, 2)])

    counts.drop([2])

    assert counts.by_device({"dnew": 1, "dlaptop": 2}) == [("dlaptop", 2, 1)]


def test_a_count_stays_a_number_that_a_message_can_carry() -> None:
    counts = ByteCounts()
    counts.add([Flow(1, 1, 2**64 - 1, 2**64 - 1), Flow(2, 1, 2**64 - 1, 2**64 - 1)])

    assert all(0 <= count < 2**63 for _, *both in counts.by_device(NUMBERS) for count in both)


def test_of_more_flows_than_the_bound_some_go_uncounted_and_none_is_counted_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(usage, "FLOWS_MAX", 3)
    counts = ByteCounts()
    # The kernel's order changes from one reading to the next.
    for turn in range(1, 6):
        counts.add(Flow((number + turn) % 10, 1, turn, 1000 * turn) for number in range(10))

    assert len(counts._seen) == 3
    ((_, received, sent),) = counts.by_device({"d": 1})
    assert 3 * 1000 <= received <= 10 * 5000
    assert sent * 1000 == received


class SlowReading(HandClock):
    """A clock on which each look at it takes ten milliseconds."""

    def monotonic(self) -> float:
        self.move(0.010)
        return super().monotonic()


def test_a_long_reading_is_made_a_moment_at_a_time() -> None:
    told = [Flow(number, 1 + number % 2, 1, 1) for number in range(1000)] + [BREATH] * 20
    reading, turns = Reading(told, SlowReading()), 1

    while not reading.go_on():
        turns += 1

    assert reading.flows == told[:1000]
    assert turns > 5
    assert reading.took > 0.2


def test_a_reading_of_nobody_s_flows_lets_go_as_well() -> None:
    reading = Reading(iter([BREATH] * 50), SlowReading())

    assert not reading.go_on()
    assert reading.flows == []


def test_a_refusal_ends_a_reading(router: Router) -> None:
    def broken() -> Iterator[Flow]:
        yield Flow(1, 1, 5, 5)
        raise KernelRefused("ENOMEM", "reading flows")

    router.receive(signed(family_policy(5)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(router.kernel, "flows", broken)
        router.wait(3)
    assert router.usages() == []
    router.kernel.live_flows = [Flow(1, 1, 5, 5)]
    router.wait(3)

    assert [usage.bytes for usage in router.usages()] == [(("dconsole", 5, 5),)]


steps = st.lists(st.lists(st.integers(0, 1000), min_size=3, max_size=3), max_size=8)


@given(steps)
def test_whatever_flows_do_the_count_is_the_sum_of_what_moved(moves: list[list[int]]) -> None:
    counts, totals = ByteCounts(), [0, 0, 0]
    for move in moves:
        totals = [total + step for total, step in zip(totals, move, strict=True)]
        counts.add(Flow(flow_id, 1, total, 2 * total) for flow_id, total in enumerate(totals))

    assert counts.by_device(NUMBERS) == ([("dphone", 2 * sum(totals), sum(totals))] if moves else [])


def test_flows_are_read_every_second_however_rarely_bytes_are_told() -> None:
    clock, link = HandClock(), FakeLink()
    kernel, read = FakeKernel(clock), list[float]()

    def flows(remotes: bool = False) -> list[Flow]:
        read.append(clock.monotonic())
        return [Flow(1, 1, len(read), len(read))]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "flows", flows)
        tally = Tally(kernel, Outbox(link, clock, "rtest"), clock, 10.0)
        for _ in range(41):
            tally.tell(clock.monotonic(), NUMBERS)
            clock.move(0.5)
    link.close()

    assert len(read) == 21
    assert len(link.published) == 3
