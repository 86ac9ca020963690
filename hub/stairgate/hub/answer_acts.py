"""What a parent's answer to a child's question does: time, a site for today or for good, or no; and its way back.

It decides how an answer becomes an exception, a pass or a line of the filter, in the same transaction that ends the
question: so it counts once. Also what a parent allows without asking, and what is over by itself.
"""

from dataclasses import replace

from stairgate.hub import limits, own_stop
from stairgate.hub.acts import Act, Acts, NoSuchChild, new_id, remember
from stairgate.hub.bedtime_ahead import way_to_bedtime
from stairgate.hub.clock import Clock
from stairgate.hub.extra_minutes import counts
from stairgate.hub.family import Family, Person, read_family, remove
from stairgate.hub.filters import COLLECTION as FILTERS
from stairgate.hub.filters import ChildFilter, from_document, read_filter, write_filter
from stairgate.hub.free_minutes import read_free, write_free
from stairgate.hub.handed_over import hand_over
from stairgate.hub.language import N_, _
from stairgate.hub.passes import COLLECTION as PASSES
from stairgate.hub.passes import SitePass, opened, write_pass
from stairgate.hub.refusal import NotPossible
from stairgate.hub.requests import (
    ALWAYS,
    BEDTIME,
    EXPIRED,
    NO,
    ONCE,
    OPEN,
    YES,
    Request,
    answered,
    find_request,
    pass_end,
    read_requests,
    remove_request,
    reopened,
    to_forget,
    write_request,
)
from stairgate.hub.steady import Steadiness
from stairgate.hub.store import Transaction

_GONE = N_("This question is no longer here, so nothing was changed.")
_LATE = N_("This is too long ago to be undone, or somebody changed it in the meantime.")
_FILTER = "filter:"  # before the revision of the filter that an answer made


class AnswerActs:
    """Everything a parent can do about questions. All raise `NotPossible`, `PolicyTooLarge` and `Conflict`."""

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock
        self._steadiness = Steadiness(clock)

    def answer(self, person: str, request_id: str, revision: int, choice: str, words: str, by: str) -> Request:
        """Answer the question that was seen at `revision`; `choice`: of `requests.CHOICES`; `by`: the account."""

        def edit(rows: Transaction) -> Request:
            now = int(self._clock.wall())
            request = _find(rows, person, request_id)
            done = answered(request, revision, choice, words[: limits.REQUEST_WORDS_MAX], by, now)
            return write_request(rows, replace(done, undo=self._grant(rows, done, now)))

        return self._acts.change(edit)

    def undo(self, person: str, request_id: str, only_by: str = "") -> Request:
        """Take an answer back: what it gave, and the question waits again.

        only_by: the account whose answer it must be, "" for anybody's. A carer takes back the own ones: else a
        parent's no would be undone and answered with a yes.
        """

        def edit(rows: Transaction) -> Request:
            now = int(self._clock.wall())
            request = _find(rows, person, request_id)
            if request.state not in (YES, NO) or not 0 <= now - request.answered_at <= limits.UNDO_SECONDS:
                raise NotPossible(_(_LATE))
            if only_by and request.answered_by != only_by:
                raise NotPossible(_("Somebody else answered this. Only a parent can take that back."))
            if request.granted in (ONCE, ALWAYS):
                _take_back(rows, request)
            elif request.granted:
                self._acts.undo_in(rows, person, request.undo)
                return _find(rows, person, request_id)
            return write_request(rows, reopened(request))

        return self._acts.change(edit)

    def end_pass(self, person: str, pass_id: str) -> None:
        """Close a site again that was opened for today."""

        def edit(rows: Transaction) -> None:
            row = rows.get(PASSES, pass_id)
            if row and row.document["person"] == person:
                rows.delete(PASSES, pass_id)

        self._acts.change(edit)

    def lift_stop(self, person: str) -> Act:
        """Take back what a child wished for itself, whether it has begun or not; Undo puts it there again."""

        def edit(rows: Transaction) -> Act:
            now = self._clock.wall()
            family = read_family(rows)
            wish = own_stop.wish_of(family, person, now)
            if not wish:
                raise NotPossible(_("There is no such wish any more."))
            before = [override for override in family.overrides_of(person) if counts(family, override, now)]
            remove(rows, wish)
            return remember(rows, person, "end", 0, now, before)

        return self._acts.change(edit)

    def allow_free(self, person: str, minutes: int) -> None:
        """How many minutes a day this child may take without asking, 0 for none."""

        def edit(rows: Transaction) -> None:
            if not rows.get("people", person):
                raise NoSuchChild(_("This child is no longer here."))
            write_free(rows, read_free(rows, person)._replace(minutes=min(minutes, limits.FREE_MINUTES_MAX)))

        with self._acts.reading() as rows:
            edit(rows)

    def sweep(self) -> None:
        """Close questions and sites whose time is over, and forget what is no longer kept. Called every few seconds.

        While the clock may be wrong, sites are closed all the same, and no question is.
        """
        now, is_steady = int(self._clock.wall()), self._steadiness.is_steady()
        with self._acts.reading() as rows:
            requests = read_requests(rows)
            gone = to_forget(requests, now, is_steady)
            for request in requests:
                if request in gone:
                    remove_request(rows, request)
                elif is_steady and request.state == OPEN and not request.is_open(now):
                    write_request(rows, replace(request, state=EXPIRED))
            over = [row.id for row in rows.page(PASSES) if row.document["until"] <= now]
        if over:
            self._acts.change(lambda rows: [rows.delete(PASSES, pass_id) for pass_id in over])

    def _grant(self, rows: Transaction, request: Request, now: int) -> str:
        """Do what was answered; returns what Undo needs."""
        family = read_family(rows)
        child = family.person(request.person)
        if not child:
            raise NoSuchChild(_("This child is no longer here."))
        if request.granted == ONCE:
            return _once(rows, family, child, request, now)
        if request.granted == ALWAYS:
            return _always(rows, request, now)
        if request.granted == BEDTIME:
            way = way_to_bedtime(family, child, now)
            if way is None:
                raise NotPossible(_("No bedtime lies ahead now. Please choose minutes."))
            return self._time(rows, request, now, self._acts.to_bedtime_in(rows, child.id, way))
        if request.granted:
            return self._time(rows, request, now, self._acts.bonus_in(rows, child.id, int(request.granted)))
        return ""

    def _time(self, rows: Transaction, request: Request, now: int, act: Act) -> str:
        hand_over(rows, request.device, request.person, act.until, now)
        return act.id


def _find(rows: Transaction, person: str, request_id: str) -> Request:
    request = find_request(rows, request_id)
    if not request or request.person != person:
        raise NotPossible(_(_GONE))
    return request


def _once(rows: Transaction, family: Family, child: Person, request: Request, now: int) -> str:
    running = [one for one in family.passes if one.person == child.id and one.until > now]
    if len(running) >= limits.PASSES_MAX:
        said = _("{count} sites are open for today already. Close one on the child’s page first.")
        raise NotPossible(said.format(count=limits.PASSES_MAX))
    until = pass_end(now, child.zone, family.day_start)
    one = SitePass(new_id("s"), child.id, request.name, request.app, request.is_limited, until)
    write_pass(rows, one)
    return one.id


def _always(rows: Transaction, request: Request, now: int) -> str:
    held = read_filter(rows, request.person) or ChildFilter(request.person)
    changed = opened(held, request.name, request.app, request.is_limited)
    if max(len(changed.allow), len(changed.only)) > limits.FILTER_NAMES_MAX:
        said = _("The list holds {count} names already. Open it for today instead.")
        raise NotPossible(said.format(count=limits.FILTER_NAMES_MAX))
    if len(changed.apps_open) > limits.FILTER_APPS_OPEN_MAX:
        raise NotPossible(_("{count} apps are always open already.").format(count=limits.FILTER_APPS_OPEN_MAX))
    write_filter(rows, changed, held, now)
    return f"{_FILTER}{held.revision + 1}"


def _take_back(rows: Transaction, request: Request) -> None:
    if request.granted == ONCE:
        rows.delete(PASSES, request.undo)
        return
    row = rows.get(FILTERS, request.person)
    before = row.document.get("before") if row else None
    if not row or not before or request.undo != f"{_FILTER}{row.revision}":
        raise NotPossible(_(_LATE))
    write_filter(rows, replace(from_document(request.person, before), revision=row.revision))
