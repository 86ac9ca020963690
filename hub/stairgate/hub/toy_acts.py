"""What a parent's tap does to a toy: agree to a data row or take that back, open and close a sensor, erase, remove.

It decides that an opening always has an end, and that whatever closes is said twice: at once and unsigned, and in the
next policy. What holds of a toy is `toys`', what it is told `toy_compile`'s, who is let in `toy_pairing`'s.
"""

from collections.abc import Callable
from dataclasses import replace

from stairgate.core import toy_messages
from stairgate.hub.acts import Acts
from stairgate.hub.clock import Clock
from stairgate.hub.delivery import Outgoing
from stairgate.hub.family import read_family, write
from stairgate.hub.language import _
from stairgate.hub.refusal import NotPossible
from stairgate.hub.roster import Roster
from stairgate.hub.router_acts import RouterActs
from stairgate.hub.store import Transaction
from stairgate.hub.toy_intake import ToyIntake
from stairgate.hub.toy_ledger import ToyLedger
from stairgate.hub.toys import (
    AGREED,
    WITHDRAWN,
    Answer,
    Erasure,
    Opened,
    SwitchedOff,
    Toy,
    meaning_of,
    sensor_gates,
    with_answer,
    write_toy,
)


class ToyActs:
    """Everything a parent can do with a paired toy."""

    def __init__(
        self, roster: Roster, acts: Acts, routers: RouterActs, intake: ToyIntake, ledger: ToyLedger, clock: Clock
    ) -> None:
        self._roster = roster
        self._acts = acts
        self._routers = routers
        self._intake = intake
        self._ledger = ledger
        self._clock = clock

    # Consent

    def agree(self, agent: str, row: str, by: str) -> None:
        """A parent agrees to this data row. Raises `NotPossible`."""
        self._answer(agent, row, AGREED, by)

    def withdraw(self, agent: str, row: str, by: str) -> None:
        """A parent takes it back: the toy closes at once. Raises `NotPossible`."""
        self._answer(agent, row, WITHDRAWN, by)
        self._tell(agent, "close", toy_messages.close_message([row]))

    def _answer(self, agent: str, row: str, word: str, by: str) -> None:
        now = int(self._clock.wall())

        def edit(toy: Toy) -> Toy:
            declaration = toy.declaration
            declared = next((each for each in declaration.rows if each.id == row), None) if declaration else None
            if declared is None or declared.basis != "consent":
                raise NotPossible(_("The maker does not declare this any more."))
            return with_answer(toy, Answer(row, word, by, now, meaning_of(declared)))

        self._edit(agent, edit)

    # Gates

    def open_gate(self, agent: str, gate: str, minutes: int, by: str) -> None:
        """Open a sensor's gate for these minutes from now. Raises `NotPossible`."""
        now = int(self._clock.wall())

        def edit(toy: Toy) -> Toy:
            _check_gate(toy, gate)
            if gate in toy.off_gates():
                raise NotPossible(_("This is switched off. Switch it on first."))
            others = tuple(opened for opened in toy.opened if opened.gate != gate and opened.until > now)
            return replace(toy, opened=(*others, Opened(gate, now + minutes * 60, by, now)))

        self._edit(agent, edit)

    def close_gate(self, agent: str, gate: str) -> None:
        """Close it now. Raises `NotPossible`."""

        def edit(toy: Toy) -> Toy:
            _check_gate(toy, gate)
            return replace(toy, opened=tuple(opened for opened in toy.opened if opened.gate != gate))

        # Every gate closes at once; the policy that follows opens again what a parent left open.
        self._tell(agent, "close", toy_messages.close_message([]))
        self._edit(agent, edit)

    def switch(self, agent: str, gate: str, is_on: bool, by: str) -> None:
        """Switch a sensor off, or on again; on, it is closed until somebody opens it. Raises `NotPossible`."""
        now = int(self._clock.wall())

        def edit(toy: Toy) -> Toy:
            _check_gate(toy, gate)
            others = tuple(switched for switched in toy.off if switched.gate != gate)
            opened = tuple(each for each in toy.opened if each.gate != gate)
            return replace(toy, opened=opened, off=others if is_on else (*others, SwitchedOff(gate, by, now)))

        if not is_on:
            self._tell(agent, "close", toy_messages.close_message([]))
        self._edit(agent, edit)

    # Erasing, and going

    def erase(self, agent: str, why: str, by: str) -> None:
        """Have the toy erase what it holds of the family; for `HANDOVER` also whose it is. Raises `NotPossible`."""
        now = int(self._clock.wall())
        self._edit(agent, lambda toy: replace(toy, erasure=Erasure(why, by, now), opened=()))
        self._acts.tell(self._intake.erase_again(agent))

    def rename(self, agent: str, label: str) -> None:
        """Call a toy something else, as agent and as device. Raises `NotPossible`."""
        self._routers.rename(agent, label)
        found = self._roster.find(agent)

        def edit(rows: Transaction) -> None:
            family = read_family(rows)
            toy = family.toy(agent)
            device = family.device(toy.device) if toy else None
            if device and found:
                write(rows, replace(device, name=found.label))

        self._acts.change(edit)

    def remove(self, agent: str) -> None:
        """Take the toy's rights away for good, and forget it with its ledger. Raises `NotPossible`."""
        self._routers.revoke(agent)

        def edit(rows: Transaction) -> None:
            toy = read_family(rows).toy(agent)
            if toy:
                rows.delete("toys", agent)
                rows.delete("acts", toy.device)
                rows.delete("devices", toy.device)

        self._acts.change(edit)
        self._ledger.forget(agent)

    def _edit(self, agent: str, edit: Callable[[Toy], Toy]) -> None:
        def change(rows: Transaction) -> None:
            toy = read_family(rows).toy(agent)
            if toy is None:
                raise NotPossible(_("This toy is no longer here."))
            write_toy(rows, edit(toy))

        self._acts.change(change)

    def _tell(self, agent: str, kind: str, payload: bytes) -> None:
        self._acts.tell([Outgoing(agent, kind, payload)])


def _check_gate(toy: Toy, gate: str) -> None:
    declaration = toy.declaration
    if declaration is None or gate not in sensor_gates(declaration):
        raise NotPossible(_("This toy has no such sensor."))
