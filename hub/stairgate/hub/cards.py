"""What the pages show, as values: one card for each child, one line for each device.

Built from the family, the core's decisions and the agents' reports at one moment; templates only lay it out.
The state number changes exactly when a card does, so that a page can ask cheaply whether to look again; a page in
another language has other numbers, as its cards say other words.
"""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from stairgate.core.decide import Decision
from stairgate.hub import language, limits, outlook, use_words, wording
from stairgate.hub.acts import Act, Acts
from stairgate.hub.agreed import agreed_person
from stairgate.hub.alarms import COLLECTION as ALARMS
from stairgate.hub.arrivals import Arrivals, NewCard
from stairgate.hub.assignment import names_of, possessive, visit_end
from stairgate.hub.clock import Clock
from stairgate.hub.day_windows import morning
from stairgate.hub.discovery import shown_name
from stairgate.hub.family import Device, Family, Person, Week, read_family
from stairgate.hub.free_minutes import read_free
from stairgate.hub.issue import Issued, Issuer
from stairgate.hub.journeys import Away, away_of
from stairgate.hub.language import N_, _
from stairgate.hub.local_time import local
from stairgate.hub.own_stop import is_own
from stairgate.hub.pause_end import until_pause_ends
from stairgate.hub.pauses import BONUS_TO_BEDTIME, BONUS_TO_WISH
from stairgate.hub.reports import Reports, Standing
from stairgate.hub.request_words import Board, board
from stairgate.hub.requests import read_requests
from stairgate.hub.roster import ROUTER
from stairgate.hub.store import Store
from stairgate.hub.today import Today, today_of
from stairgate.hub.traffic import Traffic
from stairgate.hub.use_acts import GIVE
from stairgate.hub.why_facts import read_known, why_of_person
from stairgate.hub.why_sentence import PARENT, Why
from stairgate.hub.wish_words import with_taken, with_wish


class DeviceLine(NamedTuple):
    """A device as parents see it. `user`: who of its people uses it now; `visit_until`: words, for a visitor's.

    by_agreement: rules hold that were accepted on it, a grown-up's.
    """

    device: Device
    kind: str
    owners: tuple[str, ...]
    state: wording.State
    user: str = ""
    using_since: str = ""
    visit_until: str = ""
    by_agreement: bool = False


class ChildCard(NamedTuple):
    """A child as parents see it, by the clock at home; `away`: that of a journey, None without one.

    `morning`: the time of day at which “until the morning” would end.
    """

    person: Person
    state: wording.State
    level: str
    until: int | None
    reason: str
    applied: wording.Applied
    has_exception: bool
    is_paused: bool
    can_extend: bool
    morning: str
    devices: tuple[DeviceLine, ...]
    bedtimes: tuple[Week, ...]
    undo: Act | None
    use: use_words.TimeLeft | None
    today: Today
    why: Why
    away: Away | None = None


class Toast(NamedTuple):
    """What just happened: the act that Undo takes back, a sentence, and the seconds it is still shown."""

    act: Act
    text: Markup
    seconds: int
    is_device: bool = False
    request: str = ""


#: For a grown-up whose rules hold nowhere.
_NOT_ACCEPTED = Decision("open", None, "exempt", "", None)


class Overview(NamedTuple):
    """The home at one moment. `recovery`: a sentence when the store went back to an older state.

    devices: those that are somebody's, or a visitor's; new_devices: those of nobody. `new_closed` and `trial_until`
    (words, empty for no trial) say what holds for the latter. cards: the children's; grown_ups: of those for whom rules
    are written, which hold as `agreed` says.
    """

    now: float
    number: int
    cards: tuple[ChildCard, ...]
    devices: tuple[DeviceLine, ...]
    new_devices: tuple[NewCard, ...]
    new_closed: bool
    trial_until: str
    visit_until: str
    standings: tuple[Standing, ...]
    applied: wording.Applied
    toast: Toast | None
    recovery: str
    board: Board = Board()
    grown_ups: tuple[ChildCard, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """True while a router has not answered yet."""
        return self.applied.tone == "waiting"

    def card(self, person_id: str) -> ChildCard | None:
        """The card of this child, or of a grown-up for whom rules are written, or None."""
        return next((card for card in (*self.cards, *self.grown_ups) if card.person.id == person_id), None)


class Cards:
    """Makes overviews and numbers them. Safe for threads."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        issuer: Issuer,
        acts: Acts,
        reports: Reports,
        traffic: Traffic,
        arrivals: Arrivals,
        use: outlook.Use,
    ) -> None:
        self._store = store
        self._clock = clock
        self._issuer = issuer
        self._acts = acts
        self._reports = reports
        self._traffic = traffic
        self._arrivals = arrivals
        self._use = use
        self._lock = threading.Lock()
        # Not from 1: a phone may still show a number from before the hub was started again.
        self._number = int(clock.wall())
        # For each language: what its cards said last, and the number of that.
        self._said: dict[str, tuple[bytes, int]] = {}

    def overview(self, zone: str) -> Overview:
        """Everything the pages of parents show, now."""
        now = self._clock.wall()
        with self._store.transaction(self._issuer.home) as rows:
            family = read_family(rows)
            newest = {agent: policy for agent in self._issuer.agents if (policy := self._issuer.newest(rows, agent))}
            everybody = (*family.people, *family.adults)
            targets = [*(person.id for person in everybody), *(device.id for device in family.devices)]
            undo = {target: act for target in targets if (act := self._acts.last_act(rows, target))}
            free = {person.id: read_free(rows, person.id) for person in family.people}
            asked = board(family, read_requests(rows), free, now)
            known = read_known(rows, family, now)
            alarms = [(row.id, row.revision) for row in rows.page(ALARMS)]
        standings = tuple(self._reports.standings(newest))
        applied = wording.applied_of(_counted(standings, newest, now), zone, now)
        decisions = outlook.of_everybody(family, int(now), self._use)
        left = outlook.allowances_of(family, int(now), self._use)
        new_devices = self._arrivals.cards(family, decisions, zone, now)
        new_ids = {card.device.id for card in new_devices}
        lines = tuple(
            _line(family, device, decisions[device.id], zone, now)
            for device in sorted(family.devices, key=lambda device: (device.name.casefold(), device.id))
            if device.id not in new_ids
        )
        cards = []
        for person in sorted(everybody, key=lambda person: (person.name.casefold(), person.id)):
            decision = decisions.get(person.id, _NOT_ACCEPTED)
            running = [o for o in family.overrides_of(person.id) if o.until > now and not (is_own(o) and o.start > now)]
            running = [o for o in running if o.kind != GIVE]
            why = why_of_person(family, person, decision, known, now, PARENT, self._use)
            state = wording.state_of(until_pause_ends(decision, family), person.zone, now)._replace(why=why.sentence)
            state = use_words.told(state, decision, left.get(person.id, ()), now)
            cards.append(
                ChildCard(
                    person=person,
                    state=with_wish(state, decision, family),
                    level=decision.level,
                    until=decision.until,
                    reason=decision.reason,
                    applied=applied,
                    has_exception=bool(running),
                    is_paused=decision.reason == "pause",
                    can_extend=decision.level != "open" or decision.until is not None,
                    morning=f"{local(morning(family, person, now), person.zone):%H:%M}",
                    devices=tuple(line for line in lines if _is_theirs(family, line, person)),
                    bedtimes=family.weeks_of(person.id),
                    undo=undo.get(person.id),
                    use=use_words.time_left(left.get(person.id, ()), person.zone, now),
                    today=today_of(family, person, now),
                    why=why,
                    away=away_of(family, person, now),
                )
            )
        trial_until = wording.clock_time(family.trial_until, zone, now) if family.trial_until else ""
        visit_until = wording.clock_time(visit_end(now, zone), zone, now)
        shown = repr((asked, alarms)) + repr(
            (cards, lines, new_devices, family.new_closed, trial_until, visit_until, standings, self._traffic.marker())
        )
        return Overview(
            now=now,
            number=self._count(shown.encode("utf-8", "replace")),
            cards=tuple(card for card in cards if family.child(card.person.id)),
            grown_ups=tuple(card for card in cards if not family.child(card.person.id)),
            devices=lines,
            new_devices=new_devices,
            new_closed=family.new_closed,
            trial_until=trial_until,
            visit_until=visit_until,
            standings=standings,
            applied=applied,
            toast=_newest(_answer_toast(asked, now), _device_toast(family, undo, zone, now), _toast(cards, now)),
            recovery=self._store.recovery,
            board=asked,
        )

    def _count(self, shown: bytes) -> int:
        fingerprint, spoken = hashlib.sha256(shown).digest(), language.current().code
        with self._lock:
            before, number = self._said.get(spoken, (b"", 0))
            if fingerprint != before:
                number = self._number = self._number + 1
                self._said[spoken] = fingerprint, number
            return number


def _counted(standings: Sequence[Standing], newest: Mapping[str, Issued], now: float) -> Sequence[Standing]:
    """Who has to agree before something is applied: every router, and toys that are on; a toy may lie in a box."""
    if not any(standing.agent.kind == ROUTER for standing in standings):
        return ()

    def is_on(standing: Standing) -> bool:
        issued = newest.get(standing.agent.id)
        is_late = issued is not None and now - issued.issued > limits.TOY_ANSWER_SECONDS
        return standing.state != "silent" and not (standing.state == "waiting" and is_late)

    return [standing for standing in standings if standing.agent.kind == ROUTER or is_on(standing)]


def _line(family: Family, device: Device, decision: Decision, zone: str, now: float) -> DeviceLine:
    zone = _zone_of(family, device, zone)
    visit = family.visit_of(device, now)
    user = family.person(device.user(now))
    state = wording.state_of(until_pause_ends(decision, family), zone, now)
    return DeviceLine(
        device,
        wording.KIND_NAMES.get(device.kind, device.kind),
        tuple(names_of(family, device)),
        with_wish(with_taken(state, decision, family), decision, family),
        user.name if user else "",
        wording.clock_time(device.using_since, zone, now) if user else "",
        wording.clock_time(visit.until, zone, now) if visit else "",
        agreed_person(family, device) is not None,
    )


def _is_theirs(family: Family, line: DeviceLine, person: Person) -> bool:
    return person.id in line.device.persons or (line.by_agreement and agreed_person(family, line.device) == person)


def _zone_of(family: Family, device: Device, zone: str) -> str:
    owners = [person for person in family.people if person.id in device.persons]
    return owners[0].zone if owners else zone


_TOASTS = {
    "pause": N_("<bdi>{name}</bdi> is paused until {time}."),
    "bonus": N_("<bdi>{name}</bdi> has extra time until {time}."),
    BONUS_TO_WISH: N_(
        "<bdi>{name}</bdi> has extra time until {time} and wants to stop then: an own wish, which stays."
    ),
    BONUS_TO_BEDTIME: N_("<bdi>{name}</bdi> has time until bedtime, {time}; times off before it stay."),
    "end": N_("<bdi>{name}</bdi> is back to the usual rules."),
    GIVE: N_("<bdi>{name}</bdi> got minutes of today back."),
    "today": N_("<bdi>{name}</bdi> has an exception, only today."),
    "budget": N_("<bdi>{name}</bdi> has other minutes a day."),
    "calendar": N_("<bdi>{name}</bdi> has another calendar."),
}
_OTHER_RULES = N_("<bdi>{name}</bdi> has other rules now.")


def _toast(cards: list[ChildCard], now: float) -> Toast | None:
    recent = [card for card in cards if card.undo and now - card.undo.at < limits.TOAST_SECONDS]
    if not recent:
        return None
    card = max(recent, key=lambda card: card.undo.at if card.undo else 0)
    act = card.undo
    assert act is not None
    until = wording.clock_time(act.until, card.person.zone, now) if act.until else ""
    text = Markup(_(_TOASTS.get(act.kind, _OTHER_RULES))).format(name=card.person.name, time=until)
    return Toast(act, text, max(1, round(limits.TOAST_SECONDS - (now - act.at))))


def _newest(*toasts: Toast | None) -> Toast | None:
    return max((toast for toast in toasts if toast), key=lambda toast: toast.act.at, default=None)


def _answer_toast(asked: Board, now: float) -> Toast | None:
    if not asked.answered:
        return None
    request = asked.answered.request
    act = Act(request.id, request.person, "answer", 0, request.answered_at)
    seconds = max(1, round(limits.TOAST_SECONDS - (now - request.answered_at)))
    return Toast(act, asked.answered.text, seconds, request=request.id)


def _device_toast(family: Family, undo: dict[str, Act], zone: str, now: float) -> Toast | None:
    recent = [
        (undo[device.id], device)
        for device in family.devices
        if device.id in undo and now - undo[device.id].at < limits.TOAST_SECONDS
    ]
    if not recent:
        return None
    act, device = max(recent, key=lambda pair: pair[0].at)
    fields = {"name": shown_name(device.name)}
    if visit := family.visit_of(device, now):
        text = _("<bdi>{name}</bdi> is a visitor’s until {time}.")
        fields["time"] = wording.clock_time(visit.until, zone, now)
    elif device.persons:
        text = _("<bdi>{name}</bdi> is {owners} now.")
        fields["owners"] = possessive(names_of(family, device))
    elif device.flags:
        text = _("<bdi>{name}</bdi> is a grown-up’s now: no rules.")
    else:
        text = _("<bdi>{name}</bdi> is new again.")
    return Toast(act, Markup(text).format(**fields), max(1, round(limits.TOAST_SECONDS - (now - act.at))), True)
