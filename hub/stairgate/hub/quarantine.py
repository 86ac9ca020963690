"""Closing new devices until a parent decides: a choice, tried for ten minutes and taken back unless kept.

It decides when a trial is over: after its time by the monotonic clock, and at once when the hub was started again,
so that neither a changed clock nor a crash leaves a home closed by accident. What closed means is `compile`'s part;
grown-ups' devices, visitors' and the hub are never concerned.
"""

import threading
from dataclasses import replace

from stairgate.hub import limits, outlook
from stairgate.hub.acts import Acts, NotPossible
from stairgate.hub.clock import Clock
from stairgate.hub.family import Device, Family, read_family, write_new_device_rule
from stairgate.hub.language import _
from stairgate.hub.store import Transaction


class Quarantine:
    """The home's choice for devices of nobody. Safe for threads."""

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock
        self._lock = threading.Lock()
        self._ends: float | None = None  # of the trial that this process began, monotonic

    def try_it(self) -> None:
        """Close new devices on trial, from now for ten minutes."""
        until = int(self._clock.wall()) + limits.TRIAL_SECONDS

        def edit(rows: Transaction) -> None:
            if _is_kept(read_family(rows)):
                raise NotPossible(_("New devices are closed already."))
            write_new_device_rule(rows, True, until)

        with self._lock:  # before anybody can see the trial, who would take it for one from before a restart
            self._ends = self._clock.monotonic() + limits.TRIAL_SECONDS
        self._acts.change(edit)

    def keep(self) -> None:
        """Keep them closed. Raises `NotPossible` when the trial is over."""

        def edit(rows: Transaction) -> None:
            family = read_family(rows)
            if not family.new_closed or (family.trial_until and self._is_over()):
                raise NotPossible(_("The ten minutes are over, so new devices follow the strictest rules again."))
            write_new_device_rule(rows, True)

        self._acts.change(edit)

    def stop(self) -> None:
        """Let new devices follow the strictest child again."""
        self._acts.change(lambda rows: write_new_device_rule(rows, False))

    def sweep(self) -> None:
        """Take a trial back that is over. Called every few seconds."""
        with self._acts.reading() as rows:
            is_trial = read_family(rows).trial_until > 0
        if not is_trial or not self._is_over():
            return

        def edit(rows: Transaction) -> None:
            if read_family(rows).trial_until:
                write_new_device_rule(rows, False)

        self._acts.change(edit)

    def _is_over(self) -> bool:
        with self._lock:
            return self._ends is None or self._clock.monotonic() >= self._ends


def would_lose(family: Family, now: int, use: outlook.Use = outlook.nothing_used) -> tuple[Device, ...]:
    """The devices that have internet at `now` and would not if new ones were closed, by the core's own decisions."""
    before = outlook.of_everybody(replace(family, new_closed=False), now, use)
    after = outlook.of_everybody(replace(family, new_closed=True), now, use)
    return tuple(
        device
        for device in family.devices
        if before[device.id].level != "closed" and after[device.id].level == "closed"
    )


def _is_kept(family: Family) -> bool:
    return family.new_closed and not family.trial_until
