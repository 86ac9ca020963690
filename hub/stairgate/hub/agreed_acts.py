"""What a tap does to rules that are offered to a grown-up: a parent writes and offers them, the device answers.

It decides what may follow what: nothing is offered that is empty, an answer is to the rules that were read, what was
accepted is taken back at once and by nobody's leave, and a no is not asked again for a week unless the rules changed.
Each method is one transaction and raises `NotPossible` with a sentence. Whether rules hold is `agreed`'s part.
"""

from collections.abc import Callable
from dataclasses import replace

from stairgate.hub import limits
from stairgate.hub.acts import Acts, new_id
from stairgate.hub.agreed import agreement_of, digest_of, is_grown_ups
from stairgate.hub.agreements import (
    ACCEPTED,
    BAND,
    DRAFT,
    ENDED,
    OFFERED,
    REFUSED,
    Agreement,
    remove_agreement,
    write_agreement,
)
from stairgate.hub.clock import Clock
from stairgate.hub.family import Family, Person, read_family, write
from stairgate.hub.language import _
from stairgate.hub.refusal import NotPossible
from stairgate.hub.store import Transaction

Change = Callable[[Agreement, Family, Person], Agreement]


class AgreedActs:
    """Everything about rules for grown-ups, by the id of the device."""

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock

    # What a parent does

    def begin(self, device_id: str, name: str, zone: str) -> Person:
        """Somebody to write rules for; nothing is offered and nothing holds."""

        def edit(rows: Transaction) -> Person:
            family = read_family(rows)
            device = family.device(device_id)
            if not device or not is_grown_ups(device):
                raise NotPossible(_("Rules can be offered on a grown-up’s device only."))
            if agreement_of(family, device):
                raise NotPossible(_("Somebody has begun rules for this device already."))
            if len(family.people) + len(family.adults) >= limits.CHILDREN_MAX:
                text = _("This home has rules for {count} people already.")
                raise NotPossible(text.format(count=limits.CHILDREN_MAX))
            person = Person(new_id("p"), name, BAND, zone)
            write(rows, person)
            write_agreement(rows, Agreement(device_id, person.id, at=int(self._clock.wall())))
            return person

        return self._acts.change(edit)

    def offer(self, device_id: str, by: str) -> None:
        """Ask on the device whether these rules may hold. by: the account that offers them."""

        def change(held: Agreement, family: Family, person: Person) -> Agreement:
            if held.state in (OFFERED, ACCEPTED):
                raise NotPossible(_("These rules are offered already."))
            if is_empty(family, person):
                raise NotPossible(_("There is nothing to offer yet: set a time, minutes or a filter first."))
            age = self._clock.wall() - held.at
            is_same = held.digest == digest_of(family, person)
            if held.state in (REFUSED, ENDED) and is_same and 0 <= age < limits.OFFER_AGAIN_SECONDS:
                raise NotPossible(
                    _("The answer to exactly these rules was no. Offer others, or wait a week after the answer.")
                )
            return replace(held, state=OFFERED, by=by, digest="")

        self._change(device_id, change)

    def withdraw(self, device_id: str) -> None:
        """Offer them no more, and end what was accepted; the rules stay to be offered again."""
        self._change(device_id, lambda held, family, person: replace(held, state=DRAFT, digest=""))

    def discard(self, device_id: str) -> None:
        """Forget the rules and the person they were for."""

        def edit(rows: Transaction) -> None:
            held, _family, person = self._find(rows, device_id)
            remove_agreement(rows, held)
            self._acts.remove_child_in(rows, person.id)

        self._acts.change(edit)

    # What whoever holds the device does

    def answer(self, device_id: str, accepts: bool, digest: str) -> None:
        """Yes or no to the rules with this digest: the ones that were read."""

        def change(held: Agreement, family: Family, person: Person) -> Agreement:
            now = digest_of(family, person)
            if not is_asked(held, now):
                raise NotPossible(_("No rules are offered here any more. Nothing was changed."))
            if digest != now:
                raise NotPossible(_("The rules were changed just now, so nothing holds. Please read them again."))
            return replace(held, state=ACCEPTED if accepts else REFUSED, digest=now)

        self._change(device_id, change)

    def end(self, device_id: str) -> None:
        """Take back what was accepted. Nothing of it holds from now on."""

        def change(held: Agreement, family: Family, person: Person) -> Agreement:
            if held.state != ACCEPTED:
                raise NotPossible(_("No rules hold here. Nothing was changed."))
            return replace(held, state=ENDED)

        self._change(device_id, change)

    def _change(self, device_id: str, change: Change) -> None:
        def edit(rows: Transaction) -> None:
            held, family, person = self._find(rows, device_id)
            write_agreement(rows, replace(change(held, family, person), at=int(self._clock.wall())))

        self._acts.change(edit)

    def _find(self, rows: Transaction, device_id: str) -> tuple[Agreement, Family, Person]:
        family = read_family(rows)
        device = family.device(device_id)
        held = agreement_of(family, device) if device else None
        person = family.person(held.person) if held else None
        if not held or not person:
            raise NotPossible(_("There are no rules for this device."))
        return held, family, person


def is_asked(held: Agreement, digest: str) -> bool:
    """Whether the device asks: after an offer, and where rules changed since they were accepted."""
    return held.state == OFFERED or (held.state == ACCEPTED and held.digest != digest)


def is_empty(family: Family, person: Person) -> bool:
    """Whether nothing would hold."""
    held = family.filter_of(person.id)
    is_set = family.weeks_of(person.id) or family.dates_of(person.id) or family.budgets_of(person.id)
    return not is_set and person.default_level == "open" and (held is None or held.is_off)
