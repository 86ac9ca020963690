"""What a child's tap on its own page does: ask, take back, object, stop itself, take minutes that a parent allows.

It decides for whom a device may speak: for the one whose it is, and on a shared one for whoever said “I'm using it
now”; a question may also name who of its people asks. Each method is one transaction. The rules of a question are
`requests`' part, the parents' answers `answer_acts`'.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, TypeVar

from stairgate.hub import limits, outlook, own_stop
from stairgate.hub.acts import Acts, new_id
from stairgate.hub.asked_device import check_asking, quiet_says
from stairgate.hub.bedtime_ahead import bedtime_ahead
from stairgate.hub.clock import Clock
from stairgate.hub.family import Device, Family, Override, Person, read_family, remove, write
from stairgate.hub.free_minutes import TAKEN, FreeMinutes, after, read_free, remember_taken, write_free
from stairgate.hub.journeys import as_there
from stairgate.hub.language import N_, _
from stairgate.hub.refusal import NotPossible
from stairgate.hub.requests import (
    TIME,
    Request,
    admitted,
    end_of,
    find_request,
    objected,
    remove_request,
    requests_of,
    to_forget,
    withdrawn,
    write_request,
)
from stairgate.hub.store import Transaction

Result = TypeVar("Result")
WHO = N_("Please say first who of you it is.")
ALONE = N_(
    "On a device that you share nobody is stopped and no minutes are taken, because anybody could tap a name. "
    "It works on a device that is yours alone; if you have none, ask a parent."
)


class Wanted(NamedTuple):
    """What is asked for; see `requests.Request`. minutes 0: until bedtime."""

    kind: str
    words: str = ""
    minutes: int = 0
    name: str = ""
    app: str = ""
    is_limited: bool = False


class AskActs:
    """Everything a child can do on its own page. All raise `NotPossible` with a sentence for the child."""

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock

    def ask(self, device_id: str, person: str, wanted: Wanted) -> Request:
        """Write the question down; a repeated one is the one that waits already. `person`: "" on a device of one."""

        def edit(rows: Transaction, family: Family, device: Device, child: Person, now: int) -> Request:
            if wanted.kind == TIME:
                is_shut_here = check_asking(family, device, child, now, self._acts.use)
                _check_time(family, child, wanted.minutes, now, self._acts.use, is_shut_here)
            mine = requests_of(rows, child.id)
            end = end_of(wanted.kind, now, child.zone, family.day_start)
            new = Request(new_id("q"), child.id, device.id, wanted.kind, now, end, *_fields(wanted))
            request = admitted(new, mine, now)
            if request is not new:
                return request
            for gone in to_forget([*mine, new], now, by_age=False):  # what is old goes with `answer_acts`' upkeep
                remove_request(rows, gone)
            return write_request(rows, new)

        return self._on(device_id, person, False, edit)

    def withdraw(self, device_id: str, request_id: str) -> None:
        """Take a question back that waits."""
        self._change(device_id, request_id, lambda request, mine, now: withdrawn(request, now))

    def appeal(self, device_id: str, request_id: str, words: str) -> None:
        """Say once more why it is a mistake, after a no."""
        self._change(device_id, request_id, lambda request, mine, now: objected(request, words, mine, now))

    def stop(self, device_id: str, minute: int) -> Override:
        """Close this child's internet from a minute of today on until the morning: its own wish."""

        def edit(rows: Transaction, family: Family, device: Device, child: Person, now: int) -> Override:
            wish = own_stop.wish(new_id("o"), family, as_there(family, child, now), minute, now)
            for earlier in own_stop.waiting(family.overrides_of(child.id), now):
                remove(rows, earlier)
            write(rows, wish)
            return wish

        return self._on(device_id, "", True, edit, self._acts.change)

    def take(self, device_id: str, minutes: int) -> FreeMinutes:
        """Take some of the minutes that a parent allows without asking."""

        def edit(rows: Transaction, family: Family, device: Device, child: Person, now: int) -> FreeMinutes:
            free = read_free(rows, child.id)
            if not 0 < minutes <= free.left(now):
                raise NotPossible(_("So many minutes are not left for today. You can ask a parent."))
            if quiet := quiet_says(family, device, child.zone, now):
                raise NotPossible(quiet)
            if not may_take(family, child, now, self._acts.use):
                raise NotPossible(_("You can take them while your internet is on or when its minutes are used up."))
            self._acts.bonus_in(rows, child.id, minutes, reason=TAKEN)
            taken = after(free, minutes, child, family, now)
            write_free(rows, taken)
            remember_taken(rows, taken, minutes)
            return taken

        return self._on(device_id, "", True, edit, self._acts.change)

    def _change(
        self, device_id: str, request_id: str, edit: Callable[[Request, "tuple[Request, ...]", int], Request]
    ) -> None:
        with self._acts.reading() as rows:
            now = int(self._clock.wall())
            device = read_family(rows).device(device_id)
            request = find_request(rows, request_id)
            if not device or not request or not may_see(request, device, now):
                raise NotPossible(_("This question is no longer here."))
            write_request(rows, edit(request, requests_of(rows, request.person), now))

    def _on(
        self,
        device_id: str,
        person: str,
        has_effect: bool,
        edit: Callable[[Transaction, Family, Device, Person, int], Result],
        change: Callable[[Callable[[Transaction], Result]], Result] | None = None,
    ) -> Result:
        def act(rows: Transaction) -> Result:
            now = int(self._clock.wall())
            family = read_family(rows)
            device = family.device(device_id)
            who = speaker(device, now) if device else ""
            if not has_effect and not who and device and person in device.persons:
                who = person
            if has_effect and device and not is_alone(device):
                raise NotPossible(_(ALONE))
            child = family.person(who)
            if not device or not child or (person and person != who):
                raise NotPossible(_(WHO))
            return edit(rows, family, device, child, now)

        if change:
            return change(act)
        with self._acts.reading() as rows:
            return act(rows)


def speaker(device: Device, now: float) -> str:
    """The child that this device speaks for: its only one, or who said that it uses it now; "" for neither."""
    if "exempt" in device.flags:
        return ""
    return device.persons[0] if len(device.persons) == 1 else device.user(now)


def is_alone(device: Device) -> bool:
    """Whether a device is one child's alone: only there it is stopped and takes minutes by its own tap.

    On a shared one a brother who taps her name could stop his sister until the morning.
    """
    return "exempt" not in device.flags and len(device.persons) == 1


def may_see(request: Request, device: Device, now: float) -> bool:
    """Whether a device shows a question: its child's; on a shared one that nobody uses now, what was asked there."""
    who = speaker(device, now)
    if who:
        return request.person == who
    return request.device == device.id and request.person in device.persons and "exempt" not in device.flags


def may_take(family: Family, child: Person, now: int, use: outlook.Use) -> bool:
    """Whether minutes can be taken without asking: while what is open ends, or when minutes are used up.

    Never in a pause, a bedtime or while only the homework list is open: they go on with what would be open otherwise.
    """
    decision = outlook.of_person(family, child, now, use)
    if decision.reason == "budget_spent":
        return outlook.of_person(replace(family, budgets=()), child, now).level == "open"
    return decision.level == "open" and decision.until is not None


def _check_time(family: Family, child: Person, minutes: int, now: int, use: outlook.Use, is_shut_here: bool) -> None:
    if minutes == 0 and bedtime_ahead(family, child, now) is None:
        raise NotPossible(_("No bedtime lies ahead. Please ask for minutes."))
    decision = outlook.of_person(family, child, now, use)
    endless = decision.level == "open" and decision.until is None
    if endless and not is_shut_here and not family.budgets_of(child.id):
        raise NotPossible(_("Your internet is on and no end is set, so there is nothing to ask for."))


def _fields(wanted: Wanted) -> tuple[str, str, str, bool, int]:
    return wanted.words[: limits.REQUEST_WORDS_MAX], wanted.name, wanted.app, wanted.is_limited, wanted.minutes
