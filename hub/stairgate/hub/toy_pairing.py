"""Letting a toy in: a parent has read its sticker, and the toy that knows that secret becomes an agent and a device.

It decides who a toy is (by its sticker: the same one again is the same toy, with nothing agreed to), whose device it
becomes, and which hardware address is its own. The proof and its window are `pairing`'s, keys and certificates
provisioning's. The sticker's secret is in memory only.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from stairgate.core.pairing import PairAnswer, PairRequest, read_toy_code
from stairgate.core.refused import Refused
from stairgate.hub import limits
from stairgate.hub.acts import Acts, check_room, new_id
from stairgate.hub.clock import Clock
from stairgate.hub.family import Device, Family, read_family, remove, write
from stairgate.hub.home_authority import HomeAuthority, Pages
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import N_, _
from stairgate.hub.pairing import Pairing
from stairgate.hub.plain_text import clean_line
from stairgate.hub.refusal import NotPossible
from stairgate.hub.roster import TOY, Agent, Roster
from stairgate.hub.router_acts import RouterActs
from stairgate.hub.said_later import SaidLater
from stairgate.hub.store import StoreError, Transaction
from stairgate.hub.toy_ledger import ToyLedger
from stairgate.hub.toys import Toy, sticker_of, write_toy

_log = logging.getLogger(__name__)


class ToyPairing:
    """`window`: whether a toy is waited for, and what came of it."""

    def __init__(
        self,
        authority: HomeAuthority,
        roster: Roster,
        acts: Acts,
        routers: RouterActs,
        ledger: ToyLedger,
        clock: Clock,
        pages: Callable[[], Pages],
    ) -> None:
        self._authority = authority
        self._roster = roster
        self._acts = acts
        self._routers = routers
        self._ledger = ledger
        self._clock = clock
        self._pages = pages
        self._whose: tuple[str, ...] = ()
        self._sticker = ""
        self.window = Pairing(clock, self._enrol, limits.TOY_PAIRING_TRIES)

    def wait_for(self, code: str, whose: tuple[str, ...], again: str = "") -> None:
        """Wait for the toy whose sticker says this. whose: children's ids. Raises `NotPossible`."""
        try:
            secret = read_toy_code(code)
        except Refused:
            raise NotPossible(
                _("This is not the code of a toy: 26 letters and digits, such as on its sticker.")
            ) from None
        sticker = sticker_of(secret)
        with self._acts.reading() as rows:
            family = read_family(rows)
            # Each pairing makes a new key; by its sticker it is who it was.
            again = again or next((toy.id for toy in family.toys if toy.sticker == sticker), "")
            if not again:
                check_room(family)
        if not again and len(self._roster.of_kind(TOY)) >= limits.TOYS_MAX:
            raise NotPossible(_("This home has {count} toys already.").format(count=limits.TOYS_MAX))
        self._whose, self._sticker = whose, sticker
        self.window.open_for(secret, again)

    def _enrol(self, request: PairRequest, again: str) -> tuple[Agent, PairAnswer]:
        """Let the toy in. Raises OSError and ValueError with a sentence; then it is not in."""
        if request.kind != TOY:
            raise ValueError(SaidLater(N_("expected a toy, got a device of the kind {kind}"), kind=repr(request.kind)))
        label = self._routers.free_label(clean_line(request.label, limits.ROUTER_NAME_CHARACTERS_MAX) or "toy")
        again = again if again in self._roster.ids() else ""
        agent, answer = self._authority.enrol(request, label, again, self._pages(), self._clock.wall())
        try:
            self._acts.change(lambda rows: self._write_down(rows, agent, request.point.hex()), {agent.id: 0})
        except (StoreError, PolicyTooLarge, NotPossible) as problem:
            if not again:
                self._authority.revoke(agent.id, self._clock.wall())
            raise ValueError(SaidLater(N_("Its place in the family could not be written down."))) from problem
        self._routers.tell_broker()
        if again:
            self._routers.replaced(agent)
            self._ledger.forget(agent.id)
        _log.info("a toy was paired")
        return agent, answer

    def _write_down(self, rows: Transaction, agent: Agent, point: str) -> None:
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
        paired = int(self._clock.wall())
        write_toy(rows, Toy(agent.id, device.id, point, paired, sticker=self._sticker, revision=revision))

    def _children(self, family: Family) -> tuple[str, ...]:
        return tuple(person.id for person in family.people if person.id in self._whose)

    def came_from(self, agent: str, mac: str | None) -> None:
        """The toy asked from this hardware address: the device that a router sees there is this toy."""
        if mac:
            self._acts.change(lambda rows: _take_address(rows, agent, mac))


def _take_address(rows: Transaction, agent: str, mac: str) -> None:
    family = read_family(rows)
    toy, known = family.toy(agent), family.device_with(mac)
    device = family.device(toy.device) if toy else None
    if device is None or mac in device.macs:
        return
    if known:
        # A phone on which a toy's software runs is still that phone, and so is another toy.
        is_somebodys = not known.is_unassigned and known.kind != "toy"
        if is_somebodys or len(known.macs) > 1 or family.toy_of(known.id):
            return
        remove(rows, known)
        rows.delete("acts", known.id)
    write(rows, replace(device, macs=(mac,)))
