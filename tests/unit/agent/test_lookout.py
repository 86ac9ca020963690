"""Who is asked how often: the kernel always, the lease file when it changes, odhcpd now and then."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.discovery import Sighting
from stairgate.agent.limits import LEASE_SECONDS, UBUS_AGAIN_SECONDS, UBUS_EVERY_SECONDS
from stairgate.agent.lookout import HomeLookout
from tests.lab.processes import wait_until

LEASE = b"0 02:00:5e:10:00:02 192.168.1.21 tv *\n"


class Bench:
    """A lookout over loopback, a lease file, and an `ubus` that counts how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self.leases, self.asked_file = folder / "leases", folder / "asked"
        program = folder / "ubus"
        program.write_text(f"#!/bin/sh\necho x >> {self.asked_file}\n", encoding="utf-8")
        program.chmod(0o755)
        self.lookout = HomeLookout(("lo",), str(self.leases))

    def look(self, now: float) -> list[Sighting]:
        """What is seen at a moment; whoever was asked then has answered."""
        found = self.lookout.sightings(now)

        def has_ended() -> bool:
            found.extend(self.lookout.sightings(now))
            return not self.lookout._odhcpd._running

        wait_until("ubus to end", has_ended)
        return found

    def asked(self) -> int:
        return self.asked_file.read_text(encoding="utf-8").count("x") if self.asked_file.exists() else 0


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    made = Bench(tmp_path)
    yield made
    made.lookout.close()


def test_odhcpd_is_asked_at_the_start_and_now_and_then(bench: Bench) -> None:
    for now in (0.0, 1.0, UBUS_EVERY_SECONDS - 1):
        bench.look(now)
    assert bench.asked() == 1
    bench.look(UBUS_EVERY_SECONDS)
    assert bench.asked() == 2


def test_after_a_newcomer_it_is_asked_sooner_but_not_for_each(bench: Bench) -> None:
    bench.look(0.0)
    for now in (1.0, 1.1, 2.0):
        bench.lookout.newcomer(now)
        bench.look(now)
    assert bench.asked() == 1
    bench.look(UBUS_AGAIN_SECONDS)
    assert bench.asked() == 2
    bench.look(UBUS_AGAIN_SECONDS + 1)
    assert bench.asked() == 2
    bench.lookout.newcomer(30.0)
    bench.look(30.0)
    assert bench.asked() == 3


def test_the_lease_file_is_looked_at_once_a_second(bench: Bench) -> None:
    assert bench.look(0.0) == []
    bench.leases.write_bytes(LEASE)
    assert bench.look(LEASE_SECONDS / 2) == []
    assert [sighting.hostname for sighting in bench.look(LEASE_SECONDS)] == ["tv"]
    assert bench.look(2 * LEASE_SECONDS) == []


def test_the_loop_can_wait_for_the_kernel_s_news(bench: Bench) -> None:
    (descriptor,) = bench.lookout.watch()
    os.fstat(descriptor)
