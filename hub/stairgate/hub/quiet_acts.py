"""What a tap does to quiet hours of a device: set, taken away, undone. Each is one transaction, then new policies.

It decides whose devices may have them (a child's, a shared one, nobody's; a grown-up's has no rules and is never
watched) and how long a change can be undone. What they mean is the core's part.
"""

from collections.abc import Callable
from dataclasses import replace

from stairgate.hub import limits
from stairgate.hub.acts import Acts, new_id
from stairgate.hub.assignment import NoSuchDevice
from stairgate.hub.clock import Clock
from stairgate.hub.family import Device, Family, read_family
from stairgate.hub.language import _
from stairgate.hub.quiet_hours import TELL, QuietHours, Window, quiet_of, remove_gone, write_quiet
from stairgate.hub.refusal import NotPossible, Overtaken
from stairgate.hub.store import Conflict, Transaction


def may_have(family: Family, device: Device) -> bool:
    """Whether a device can have quiet hours: one that rules hold for.

    In a home without children nothing that is nobody's has any, unless new devices are closed.
    """
    is_free = {"exempt", "assistive"} & set(device.flags)
    return not is_free and bool(device.persons or family.people or family.new_closed)


class QuietActs:
    """By the id of the device. All raise `NoSuchDevice`, `NotPossible` and `PolicyTooLarge`."""

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock

    def set_hours(self, device: str, window: Window, action: str, revision: int) -> None:
        """These hours hold. revision: of those that the form showed, 0 for none. Raises `Conflict` for older ones."""

        def change(held: QuietHours) -> QuietHours:
            if held.revision != revision:
                raise Conflict("quiet", device, revision, held.revision)
            return replace(held, windows=(window,), action=action)

        self._change(device, change)

    def end(self, device: str) -> None:
        """No quiet hours any more."""
        self._change(device, lambda held: replace(held, windows=()))

    def undo(self, device: str, act: str) -> None:
        """Put back what the last change replaced. act: the change that the page showed."""

        def edit(rows: Transaction) -> None:
            held = quiet_of(rows, device)
            if not held or not act or held.act != act:
                raise Overtaken(_("Somebody changed this in the meantime, so nothing was undone."))
            if not self.can_undo(held):
                raise NotPossible(_("This is too long ago to be undone."))
            write_quiet(rows, replace(held, windows=held.before_windows, action=held.before_action, act=""))

        self._acts.change(edit)

    def can_undo(self, held: QuietHours) -> bool:
        """Whether the last change is not too long ago."""
        return bool(held.act) and 0 <= self._clock.wall() - held.at <= limits.UNDO_SECONDS

    def _change(self, device: str, change: Callable[[QuietHours], QuietHours]) -> None:
        def edit(rows: Transaction) -> None:
            family = read_family(rows)
            found = family.device(device)
            if found is None:
                raise NoSuchDevice(_("This device is no longer here."))
            if not may_have(family, found):
                raise NotPossible(_("No rules hold for this device, so it has no quiet hours and is never watched."))
            remove_gone(rows, [each.id for each in family.devices])
            held = quiet_of(rows, device) or QuietHours(device, (), TELL)
            changed = change(held)
            write_quiet(
                rows,
                replace(
                    changed,
                    act=new_id("a"),
                    at=int(self._clock.wall()),
                    before_windows=held.windows,
                    before_action=held.action,
                ),
            )

        self._acts.change(edit)
