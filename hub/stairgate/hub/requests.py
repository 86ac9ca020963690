"""What a child asked for and what became of it: more time, a site, or that a block is a mistake.

It decides which ask is taken, when one is over, and which answer still counts; records and how they are stored. What an
answer does to the rules is `request_acts`' part, how it is said `request_words`'. All rules here are pure.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from stairgate.hub import limits
from stairgate.hub.handed_over import give_back
from stairgate.hub.language import _
from stairgate.hub.local_time import next_time
from stairgate.hub.refusal import NotPossible
from stairgate.hub.store import Document, Row, Transaction

COLLECTION = "requests"
TIME, SITE, WRONG = "time", "site", "wrong"
KINDS = (TIME, SITE, WRONG)
OPEN, YES, NO, EXPIRED, WITHDRAWN = "open", "yes", "no", "expired", "withdrawn"
STATES = (OPEN, YES, NO, EXPIRED, WITHDRAWN)
BEDTIME, ONCE, ALWAYS = "bedtime", "once", "always"
#: What a parent may answer, by kind of request. `once`: until the family's day ends.
CHOICES = {
    TIME: (*(str(minutes) for minutes in limits.REQUEST_MINUTES), BEDTIME, NO),
    SITE: (ONCE, ALWAYS, NO),
    WRONG: (ONCE, ALWAYS, NO),
}
_SECONDS = {SITE: limits.SITE_REQUEST_SECONDS, WRONG: limits.WRONG_REQUEST_SECONDS}


@dataclass(frozen=True)
class Request:
    """One question of a child. Times are UTC seconds.

    device: the one it was asked on. minutes: of a request for time, 0 for until bedtime. name: of a site, in its one
    form; app: the id of the app it belongs to, where an app is what is blocked. is_limited: asked while only the
    homework list was open. until: it closes by itself then. granted: the parent's choice. undo: what Undo needs.
    objection: the child's words after a no, of a mistake only.
    """

    id: str
    person: str
    device: str
    kind: str
    at: int
    until: int
    words: str = ""
    name: str = ""
    app: str = ""
    is_limited: bool = False
    minutes: int = 0
    state: str = OPEN
    granted: str = ""
    answer: str = ""
    answered_by: str = ""
    answered_at: int = 0
    objected: bool = False
    objection: str = ""
    undo: str = ""
    revision: int = 0

    def state_at(self, now: float) -> str:
        """One of `STATES`: an open one whose time is over has expired, whether or not that was written down."""
        return EXPIRED if self.state == OPEN and self.until <= now else self.state

    def is_open(self, now: float) -> bool:
        """True while it waits for an answer."""
        return self.state_at(now) == OPEN

    def may_object(self, now: float) -> bool:
        """True for a mistake whose answer was no, once."""
        return self.kind == WRONG and self.state_at(now) == NO and not self.objected

    def ended(self) -> int:
        """UTC seconds since which it is over, or will be."""
        return self.answered_at or self.until

    def is_same(self, other: "Request") -> bool:
        """True when both ask for the same, in whatever words."""
        asked = ("person", "kind", "name", "app", "minutes")
        return all(getattr(self, field) == getattr(other, field) for field in asked)


def end_of(kind: str, now: int, zone: str, day_start: int) -> int:
    """When a request of this kind closes by itself: one for time with the family's day (`day_start`: its minute)."""
    if kind in _SECONDS:
        return now + _SECONDS[kind]
    end = min(next_time(now, day_start, zone), now + limits.REQUEST_SECONDS_MAX)
    return max(end, now + limits.REQUEST_SECONDS_MIN)


def pass_end(now: int, zone: str, day_start: int) -> int:
    """When a site opened `once` closes: with the family's day, or with the next one where this has hardly time left."""
    end = next_time(now, day_start, zone)
    return end if end - now >= limits.PASS_SECONDS_MIN else next_time(end, day_start, zone)


def admitted(asked: Request, mine: Sequence[Request], now: int) -> Request:
    """The request to write down: the new one, or the open one that asks for the same already.

    mine: all of this child's. Raises `NotPossible` when three are open.
    """
    waiting = [request for request in mine if request.is_open(now)]
    same = next((request for request in waiting if request.is_same(asked)), None)
    if same:
        return same
    _check_room(waiting)
    return asked


def _check_room(waiting: Sequence[Request]) -> None:
    if len(waiting) >= limits.REQUESTS_OPEN_MAX:
        said = _("{count} of your questions wait already. Please wait for an answer, or take one back.")
        raise NotPossible(said.format(count=limits.REQUESTS_OPEN_MAX))


def answered(request: Request, revision: int, choice: str, words: str, by: str, now: int) -> Request:
    """The request with its answer. Raises `NotPossible` when it is no longer the one that was seen (`revision`)."""
    if choice not in CHOICES[request.kind]:
        raise NotPossible(_("Please choose one of the answers."))
    state = request.state_at(now)
    if state == WITHDRAWN:
        raise NotPossible(_("The question was taken back in the meantime, so nothing was changed."))
    if state == EXPIRED:
        raise NotPossible(_("This question is over, so nothing was changed. You can give time on the child’s card."))
    if state != OPEN or request.revision != revision:
        raise NotPossible(_("Somebody has answered this already, so nothing was changed."))
    granted = "" if choice == NO else choice
    return replace(
        request,
        state=NO if choice == NO else YES,
        granted=granted,
        answer=words,
        answered_by=by,
        answered_at=now,
    )


def withdrawn(request: Request, now: int) -> Request:
    """The request taken back by the child. Raises `NotPossible` when it no longer waits."""
    if not request.is_open(now):
        raise NotPossible(_("There was an answer already; you see it here."))
    return replace(request, state=WITHDRAWN, answered_at=now)


def objected(request: Request, words: str, mine: Sequence[Request], now: int) -> Request:
    """The request open again after a no, with the child's words; mine: all of this child's.

    Raises `NotPossible`: once, of a mistake only, and not while three others wait.
    """
    if not request.may_object(now):
        raise NotPossible(_("You can object once, after a no. Now it is best to talk about it."))
    _check_room([other for other in mine if other.is_open(now)])
    until = now + limits.WRONG_REQUEST_SECONDS
    return replace(
        request, state=OPEN, objected=True, objection=words, until=until, granted="", answered_at=0, answered_by=""
    )


def reopened(request: Request) -> Request:
    """The request as it was before its answer: a parent took the answer back."""
    return replace(request, state=OPEN, granted="", answer="", answered_by="", answered_at=0, undo="")


def to_forget(requests: Sequence[Request], now: int, by_age: bool = True) -> list[Request]:
    """What is no longer kept: over for a week (`by_age`: the clock can be trusted), or the oldest of too many."""
    gone = [request for request in requests if by_age and now - request.ended() > limits.REQUEST_KEPT_SECONDS]
    for person in {request.person for request in requests}:
        mine = [request for request in requests if request.person == person and request not in gone]
        over = sorted((r for r in mine if not r.is_open(now)), key=lambda request: (request.ended(), request.id))
        gone += over[: max(0, len(mine) - limits.REQUESTS_KEPT_MAX)]
    return gone


# How they are stored


def read_requests(rows: Transaction) -> tuple[Request, ...]:
    """All requests of the home, the oldest first."""
    return _sorted(rows.page(COLLECTION))


def requests_of(rows: Transaction, person: str) -> tuple[Request, ...]:
    """The requests of one child, the oldest first."""
    return _sorted(rows.find(COLLECTION, "person", person))


def find_request(rows: Transaction, request_id: str) -> Request | None:
    """The request with this id, or None."""
    row = rows.get(COLLECTION, request_id)
    return _from_row(row) if row else None


def write_request(rows: Transaction, request: Request) -> Request:
    """Write over the revision it was read at, 0 for a new one; as it is stored then. Raises `Conflict`."""
    document: Document = asdict(request)
    del document["id"], document["revision"]
    return replace(request, revision=rows.put(COLLECTION, request.id, document, expected=request.revision))


def remove_request(rows: Transaction, request: Request) -> None:
    """Forget a request. Raises `Conflict`."""
    rows.delete(COLLECTION, request.id, expected=request.revision)


def reopen_answered(rows: Transaction, person: str, act: str) -> None:
    """Let the request wait again whose answer was this act, which is being undone; nothing where none was."""
    for request in requests_of(rows, person):
        if request.state == YES and request.undo == act:
            write_request(rows, reopened(request))
            give_back(rows, request.device, person, request.answered_at)


def forget_child(rows: Transaction, person: str) -> None:
    """Delete everything that a child asked for, was opened for it, or may take."""
    for collection in (COLLECTION, "passes"):
        for row in rows.find(collection, "person", person):
            rows.delete(collection, row.id)
    rows.delete("free_minutes", person)


def _sorted(rows: Sequence[Row]) -> tuple[Request, ...]:
    return tuple(sorted((_from_row(row) for row in rows), key=lambda request: (request.at, request.id)))


def _from_row(row: Row) -> Request:
    known: dict[str, Any] = {name: row.document[name] for name in Request.__dataclass_fields__ if name in row.document}
    return Request(**{**known, "id": row.id, "revision": row.revision})
