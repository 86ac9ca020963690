"""What a parent's tap does to a toy: pair it, agree to a data row or take that back, open and close a sensor, erase.

It decides that an opening always has an end, that whatever closes is said twice (at once and unsigned, and in the next
policy), and the order in which a toy is let in and put out. What holds of it is `toys`', what the toy is told
`toy_compile`'s; proofs of pairing are `pairing`'s.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from stairgate.core import toy_messages
from stairgate.core.pairing import PairAnswer, PairRequest, read_toy_code
from stairgate.core.refused import Refused
from stairgate.hub import limits
from stairgate.hub.acts import Acts, check_room, new_id
from stairgate.hub.clock import Clock
from stairgate.hub.delivery import Outgoing
from stairgate.hub.family import Device, Family, read_family, remove, write
from stairgate.hub.home_authority import HomeAuthority, Pages
from stairgate.hub.language import N_, _
from stairgate.hub.pairing import Pairing
from stairgate.hub.plain_text import clean_line
from stairgate.hub.refusal import NotPossible
from stairgate.hub.roster import TOY, Agent, Roster
from stairgate.hub.router_acts import RouterActs
from stairgate.hub.said_later import SaidLater
from stairgate.hub.store import Transaction
from stairgate.hub.toy_intake import ToyIntake
from stairgate.hub.toy_ledger import ToyLedger
from stairgate.hub.toys import (
    AGREED,
    HANDOVER,
    WITHDRAWN,
    Answer,
    Erasure,
    Opened,
    SwitchedOff,
    Toy,
    meaning_of,
    sensor_gates,
    sticker_of,
    with_answer,
    write_toy,
)

_log = logging.getLogger(__name__)


class ToyActs:
    """Everything a parent can do with toys. `pairing`: the window in which one may come in."""

    def __init__(
        self,
        authority: HomeAuthority,
        roster: Roster,
        acts: Acts,
        routers: RouterActs,
        intake: ToyIntake,
        ledger: ToyLedger,
        clock: Clock,
        pages: Callable[[], Pages],
    ) -> None:
        self._authority = authority
        self._roster = roster
        self._acts = acts
        self._routers = routers
        self._intake = intake
        self._ledger = ledger
        self._clock = clock
        self._pages = pages
        self._whose: tuple[str, ...] = ()
        self._sticker = ""
        self.pairing = Pairing(clock, self._enrol, limits.TOY_PAIRING_TRIES)

    # Pairing

    def wait_for(self, code: str, whose: tuple[str, ...], again: str = "") -> None:
        """Wait for the toy whose sticker says this. whose: children's ids. Raises `NotPossible`."""
        try:
            secret = read_toy_code(code)
        except Refused:
            raise NotPossible(
                _("This is not the code of a toy: 26 letters and digits, such as on its sticker.")
            ) from None
        if not again and len(self._roster.of_kind(TOY)) >= limits.TOYS_MAX:
            raise NotPossible(_("This home has {count} toys already.").format(count=limits.TOYS_MAX))
        self._whose, self._sticker = whose, sticker_of(secret)
        # Each pairing makes a new key; by its sticker it is who it was.
        known = next((toy.id for toy in self._family().toys if toy.sticker == self._sticker), "")
        self.pairing.open_for(secret, again or known)

    def _enrol(self, request: PairRequest, again: str) -> tuple[Agent, PairAnswer]:
        """Let the toy in. Raises OSError and ValueError with a sentence; then it is not in."""
        if request.kind != TOY:
            raise ValueError(SaidLater(N_("expected a toy, got a device of the kind {kind}"), kind=repr(request.kind)))
        label = self._routers.free_label(clean_line(request.label, limits.ROUTER_NAME_CHARACTERS_MAX) or "toy")
        again = again if again in self._roster.ids() else ""
        agent, answer = self._authority.enrol(request, label, again, self._pages(), self._clock.wall())
        self._routers.tell_broker()
        point, now = request.point.hex(), int(self._clock.wall())

        def edit(rows: Transaction) -> None:
            family = read_family(rows)
            before = family.toy(agent.id)
            device = family.device(before.device) if before else None
            if device is None:
                check_room(family)
                device = Device(new_id("d"), agent.label, (), self._children(family), "toy")
                write(rows, device)
            elif children := self._children(family):
                write(rows, replace(device, persons=children, flags=()))
            # Whatever was agreed to before was for the key before, which may have been another family's.
            revision = before.revision if before else 0
            write_toy(rows, Toy(agent.id, device.id, point, now, sticker=self._sticker, revision=revision))

        if again:
            self._routers.replaced(agent)
            self._ledger.forget(agent.id)
        self._acts.change(edit, {agent.id: 0})
        _log.info("a toy was paired")
        return agent, answer

    def _children(self, family: Family) -> tuple[str, ...]:
        return tuple(person.id for person in family.people if person.id in self._whose)

    def came_from(self, agent: str, mac: str | None) -> None:
        """The toy asked from this hardware address: the device that a router sees there is this toy."""
        if not mac:
            return

        def edit(rows: Transaction) -> None:
            family = read_family(rows)
            toy, known = family.toy(agent), family.device_with(mac)
            device = family.device(toy.device) if toy else None
            if device is None or mac in device.macs:
                return
            if known:
                if not known.is_unassigned and known.kind != "toy":
                    return  # a phone that was paired as a toy, or an address that lies
                if len(known.macs) > 1 or family.toy_of(known.id):
                    return
                remove(rows, known)
                rows.delete("acts", known.id)
            write(rows, replace(device, macs=(mac,)))

        self._acts.change(edit)

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

    def _family(self) -> Family:
        with self._acts.reading() as rows:
            return read_family(rows)

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


def is_handed_over(toy: Toy) -> bool:
    """Whether a parent has said that it goes to somebody else."""
    return toy.erasure is not None and toy.erasure.why == HANDOVER
