"""What the hub does by itself: every step has its turn, and one that fails keeps none of the others from theirs."""

import threading

import pytest

from stairgate.hub import limits
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.store import StoreError
from stairgate.hub.upkeep import Ticker, Upkeep


@pytest.mark.parametrize("problem", [StoreError("full"), PolicyTooLarge("x"), OSError(28, "no space")])
def test_a_step_that_fails_keeps_no_other_from_its_turn(problem: Exception) -> None:
    done: list[int] = []

    def fail() -> None:
        raise problem

    Upkeep((fail, lambda: done.append(1), fail, lambda: done.append(2))).run()
    assert done == [1, 2]


def test_it_goes_on_until_it_is_stopped_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPKEEP_SECONDS", 0.001)
    turns = threading.Semaphore(0)

    def step() -> None:
        turns.release()
        raise RuntimeError("a fault of our own")

    ticker = Ticker(Upkeep((step,)))
    ticker.start()
    for _ in range(5):
        assert turns.acquire(timeout=30)
    ticker.stop()
    assert not ticker._thread.is_alive()
