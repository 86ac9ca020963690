"""What becomes of a child's question: the rules alone, tried with random walks, hostile times and replayed answers."""

import contextlib
import random
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from stairgate.core.filtering import judge, prepared
from stairgate.hub import catalogue, limits
from stairgate.hub.filters import ChildFilter, compiled, from_preset
from stairgate.hub.free_minutes import FreeMinutes, read_free, write_free
from stairgate.hub.local_time import local
from stairgate.hub.memory_store import MemoryStore
from stairgate.hub.passes import SitePass, read_passes, with_passes, write_pass
from stairgate.hub.presets import BY_ID
from stairgate.hub.refusal import NotPossible
from stairgate.hub.requests import (
    CHOICES,
    EXPIRED,
    KINDS,
    NO,
    OPEN,
    STATES,
    TIME,
    WITHDRAWN,
    WRONG,
    YES,
    Request,
    admitted,
    answered,
    end_of,
    find_request,
    forget_child,
    objected,
    pass_end,
    read_requests,
    remove_request,
    requests_of,
    to_forget,
    withdrawn,
    write_request,
)
from stairgate.hub.site_asks import site_of
from stairgate.hub.store import Conflict, Transaction
from stairgate.hub.tinydb_store import TinyDbStore

#: Friday 2026-08-07, 18:00 in Berlin.
NOW = 1786118400
BERLIN = "Europe/Berlin"
DAY_START = 4 * 60


def asked(kind: str = TIME, number: int = 1, **more: object) -> Request:
    request = Request(f"q{number}", "pmia", "dtablet", kind, NOW, end_of(kind, NOW, BERLIN, DAY_START), minutes=30)
    return replace(request, **more)  # type: ignore[arg-type]


def test_three_are_open_at_most_and_a_repeated_one_is_the_same() -> None:
    mine = [asked(number=number, minutes=minutes) for number, minutes in enumerate((15, 30, 60))]
    assert admitted(asked(number=9, minutes=30, words="other words"), mine, NOW) == mine[1]
    with pytest.raises(NotPossible, match="3 of your questions wait"):
        admitted(asked("site", 9, name="example.org"), mine, NOW)
    over = [replace(mine[0], state=NO), *mine[1:]]
    assert admitted(asked(number=9, minutes=15), over, NOW).id == "q9"
    later = mine[0].until
    assert admitted(asked(number=9, minutes=15), mine, later).id == "q9"


def test_a_repeated_answer_is_refused_and_changes_nothing() -> None:
    request = asked(revision=4)
    done = answered(request, 4, "30", "have fun", "owner", NOW + 5)
    assert (done.state, done.granted, done.answer, done.answered_at) == (YES, "30", "have fun", NOW + 5)
    stored = replace(done, revision=5)
    for revision in (4, 5, 6, 0, -1):
        with pytest.raises(NotPossible, match="answered this already"):
            answered(stored, revision, NO, "", "other", NOW + 6)


@pytest.mark.parametrize("revision", [0, 3, 5, 10**9])
def test_an_answer_to_what_was_not_seen_is_refused(revision: int) -> None:
    with pytest.raises(NotPossible):
        answered(asked(revision=4), revision, "30", "", "owner", NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_a_choice_of_another_kind_is_none(kind: str) -> None:
    for choice in {choice for choices in CHOICES.values() for choice in choices} | {"", "1440", "open", "yes"}:
        request = asked(kind, revision=1)
        if choice in CHOICES[kind]:
            assert answered(request, 1, choice, "", "owner", NOW).state == (NO if choice == NO else YES)
        else:
            with pytest.raises(NotPossible, match="choose one"):
                answered(request, 1, choice, "", "owner", NOW)


def test_no_answer_and_no_withdrawal_after_its_end() -> None:
    request = asked(revision=1)
    assert request.state_at(request.until - 1) == OPEN
    assert request.state_at(request.until) == EXPIRED
    with pytest.raises(NotPossible, match="is over"):
        answered(request, 1, "15", "", "owner", request.until)
    with pytest.raises(NotPossible):
        withdrawn(request, request.until)


def test_one_objection_to_a_mistake_and_none_to_anything_else() -> None:
    no = answered(asked(WRONG, revision=1), 1, NO, "no", "owner", NOW)
    again = objected(no, "it is for school", [no], NOW + 60)
    assert (again.state_at(NOW + 60), again.objection, again.answer) == (OPEN, "it is for school", "no")
    second = answered(again, 1, NO, "still no", "owner", NOW + 90)
    with pytest.raises(NotPossible, match="once"):
        objected(second, "please", [], NOW + 100)
    for kind in (TIME, "site"):
        with pytest.raises(NotPossible):
            objected(answered(asked(kind, revision=1), 1, NO, "", "owner", NOW), "please", [], NOW)
    with pytest.raises(NotPossible):
        objected(answered(asked(WRONG, revision=1), 1, "once", "", "owner", NOW), "please", [], NOW)


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
def test_time_closes_with_the_family_day_a_site_after_a_day_a_mistake_after_a_week(zone: str) -> None:
    chance = random.Random(zone)
    for _ in range(200):
        now = NOW + chance.randrange(400 * 86400)
        end = end_of(TIME, now, zone, DAY_START)
        assert limits.REQUEST_SECONDS_MIN <= end - now <= limits.REQUEST_SECONDS_MAX
        if limits.REQUEST_SECONDS_MIN < end - now < limits.REQUEST_SECONDS_MAX:
            assert local(end, zone).hour == 4
        assert end_of("site", now, zone, DAY_START) - now == limits.SITE_REQUEST_SECONDS
        assert end_of(WRONG, now, zone, DAY_START) - now == limits.WRONG_REQUEST_SECONDS
        assert limits.PASS_SECONDS_MIN <= pass_end(now, zone, DAY_START) - now <= 26 * 3600


#: The ways from one state to another.
ALLOWED = {(OPEN, YES), (OPEN, NO), (OPEN, EXPIRED), (OPEN, WITHDRAWN), (NO, OPEN)}


def step(chance: random.Random, rows: Transaction, number: int, now: int) -> str:
    """One act of a child or a parent; what was done, "" when it was refused."""
    mine = requests_of(rows, "pmia")
    act = chance.choice(("ask", "ask", "answer", "withdraw", "object", "forget"))
    if act == "ask":
        kind = chance.choice(KINDS)
        new = asked(kind, number, at=now, until=end_of(kind, now, BERLIN, DAY_START), name=chance.choice("ab"))
        write_request(rows, admitted(new, mine, now))
    elif act == "forget":
        for gone in to_forget(mine, now):
            assert not gone.is_open(now)
            remove_request(rows, gone)
    elif mine:
        one = chance.choice(mine)
        revision = one.revision if chance.random() < 0.7 else chance.randrange(9)
        choice = chance.choice((*CHOICES[one.kind], "nonsense"))
        if act == "answer":
            write_request(rows, answered(one, revision, choice, "w", "owner", now))
            assert one.is_open(now) and revision == one.revision and choice in CHOICES[one.kind]
        elif act == "withdraw":
            write_request(rows, withdrawn(one, now))
        else:
            write_request(rows, objected(one, "w", mine, now))
    return act


def test_random_walks_never_leave_the_states_nor_answer_twice() -> None:
    done: Counter[str] = Counter()
    for seed in range(60):
        chance = random.Random(seed)
        now, store = NOW, MemoryStore()
        for number in range(120):
            now += chance.choice((0, 1, 60, 3600, 7200))
            with store.transaction("h") as rows:
                before = {request.id: request.state_at(now) for request in requests_of(rows, "pmia")}
                with contextlib.suppress(NotPossible):
                    done[step(chance, rows, number, now)] += 1
                after = {request.id: request.state_at(now) for request in requests_of(rows, "pmia")}
            assert set(after.values()) <= set(STATES)
            changed = {(before[key], state) for key, state in after.items() if before.get(key, state) != state}
            assert changed <= ALLOWED, (seed, number, changed)
            assert sum(state == OPEN for state in after.values()) <= limits.REQUESTS_OPEN_MAX
    assert min(done[act] for act in ("ask", "answer", "withdraw", "object", "forget")) > 20


def test_what_is_over_is_forgotten_after_a_week_and_the_oldest_of_too_many_at_once() -> None:
    old = replace(asked(number=1, revision=1), state=NO, answered_at=NOW)
    assert to_forget([old], NOW + limits.REQUEST_KEPT_SECONDS) == []
    assert to_forget([old], NOW + limits.REQUEST_KEPT_SECONDS + 1) == [old]
    many = [
        replace(asked(number=number), state=NO, answered_at=NOW + number)
        for number in range(limits.REQUESTS_KEPT_MAX + 5)
    ]
    assert to_forget(many, NOW + 100) == many[:5]
    waiting = [asked(WRONG, number=90, until=NOW + 10**6)]
    with pytest.raises(NotPossible, match="wait already"):
        objected(replace(many[0], kind=WRONG), "please", [asked(number=n, minutes=n) for n in range(3)], NOW)
    assert waiting[0] not in to_forget([*many, *waiting], NOW + 100)


def test_two_answers_at_the_same_moment_are_one() -> None:
    store = MemoryStore()
    with store.transaction("h") as rows:
        seen = write_request(rows, asked())
    first = answered(seen, seen.revision, "15", "", "owner", NOW)
    second = answered(seen, seen.revision, "60", "", "coparent", NOW)
    with store.transaction("h") as rows:
        write_request(rows, first)
    with pytest.raises(Conflict), store.transaction("h") as rows:
        write_request(rows, second)
    with store.transaction("h") as rows:
        held = find_request(rows, "q1")
        assert held and held.granted == "15"
        assert read_requests(rows) == (held,)
        forget_child(rows, "pmia")
        assert read_requests(rows) == ()


def test_a_restart_loses_no_question_no_answer_and_no_end(tmp_path: Path) -> None:
    with closing(TinyDbStore(tmp_path)) as store, store.transaction("h") as rows:
        open_one = write_request(rows, asked(number=1, words="warum? ü"))
        other = write_request(rows, asked("site", 2, name="a.example"))
        write_request(rows, answered(other, other.revision, "once", "today only", "owner", NOW))
        write_pass(rows, SitePass("s1", "pmia", "a.example", "", False, NOW + 60))
        write_free(rows, FreeMinutes("pmia", 30, 15, NOW + 60))
    with closing(TinyDbStore(tmp_path)) as store, store.transaction("h") as rows:
        first, second = read_requests(rows)
        assert first == open_one and first.state_at(first.until) == EXPIRED
        assert (second.state, second.granted, second.answer) == (YES, "once", "today only")
        with pytest.raises(NotPossible):
            answered(second, other.revision, "always", "", "owner", NOW)
        assert [one.until for one in read_passes(rows)] == [NOW + 60]
        assert read_free(rows, "pmia").left(NOW) == 15 and read_free(rows, "pmia").left(NOW + 60) == 30


@pytest.mark.parametrize("level", ["open", "closed", "limited"])
@pytest.mark.parametrize(
    "name", ["www.tiktok.com", "deny.example", "x.deny.example", "www.ads.example", "duckduckgo.com"]
)
def test_what_is_asked_for_opens_the_name_and_nothing_blocked_beside_it(level: str, name: str) -> None:
    held = replace(from_preset("pmia", BY_ID["6-9"]), deny=("deny.example",))
    tags = {"www.ads.example": ("ads",)}.get(name, catalogue.tags_of(name))
    judged = "limited" if level == "limited" else "open"

    def is_open(filter_: ChildFilter, name: str, tags: tuple[str, ...]) -> bool:
        return not judge((), (prepared(compiled(filter_)),), judged, name, tags).refused

    if is_open(held, name, tags):
        with pytest.raises(NotPossible, match="Nothing here blocks"):
            site_of(held, level, name, (), tags)
        return
    site = site_of(held, level, name, (), tags)
    one = SitePass("s1", "pmia", site.name, site.app, site.is_limited, NOW + 60)
    assert is_open(with_passes(held, (one,), NOW), name, tags)
    assert not is_open(with_passes(held, (one,), NOW), "www.snapchat.com", catalogue.tags_of("www.snapchat.com"))
    assert with_passes(held, (one,), NOW + 60) == held
    assert with_passes(replace(held, id="pnoah"), (one,), NOW).allow == held.allow


def test_a_rule_of_the_whole_home_and_ways_round_it_cannot_be_asked_for() -> None:
    with pytest.raises(NotPossible, match="rule of the whole home"):
        site_of(None, "open", "bad.example", ("illegal",), ("illegal",))
    with pytest.raises(NotPossible, match="Nobody can open it"):
        site_of(None, "open", "use-application-dns.net", (), ())
