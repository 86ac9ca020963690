"""Which exception holds on a day, and what a policy says of several: never two dates for one day."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from stairgate.core.policy import check_policy, write_policy
from stairgate.hub.compile import Reachable, compile_policy, zone_id
from stairgate.hub.day_windows import LIKE_SATURDAY, LIKE_WEEK, rule_on, spans, travels_of, windows_on, zone_on
from stairgate.hub.family import DateRule, Family, Person, Week

MIA = Person("pmia", "Mia", "6-9", "Europe/Berlin")
WEEKS = (Week("w1", "pmia", 79, 1200, 390), Week("w2", "pmia", 48, 1260, 450))
MONDAY = date(2026, 8, 10)
NOW = 1786118400  # Friday before
HUB = Reachable(("02:00:5e:10:00:f0",), ("192.0.2.5",), 8080)


def rule(rule_id: str, first: str, last: str, at: int = 0, **fields: object) -> DateRule:
    return DateRule(rule_id, "pmia", first, last, at=at, **fields)  # type: ignore[arg-type]


def family(*rules: DateRule) -> Family:
    return Family((MIA,), (), WEEKS, (), dates=rules)


HOLIDAYS = rule("e1", "2026-08-10", "2026-08-21", like=LIKE_SATURDAY)
BIRTHDAY = rule("e2", "2026-08-15", "2026-08-15", windows=((1320, 420, "closed"),))


def test_the_shorter_exception_holds_and_of_equally_long_ones_the_newer() -> None:
    held = (HOLIDAYS, BIRTHDAY)
    assert rule_on(held, date(2026, 8, 14)) == HOLIDAYS
    assert rule_on(held, date(2026, 8, 15)) == BIRTHDAY
    assert rule_on(held, date(2026, 8, 22)) is None
    newer = rule("e0", "2026-08-15", "2026-08-15", at=5)
    assert rule_on((*held, newer), date(2026, 8, 15)) == newer


def test_a_day_like_saturday_follows_the_week_whatever_it_is_then() -> None:
    assert windows_on(family(HOLIDAYS), "pmia", MONDAY) == ((1260, 450, "closed"),)
    assert windows_on(family(), "pmia", MONDAY) == ((1200, 390, "closed"),)


def test_a_policy_gets_dates_that_never_overlap() -> None:
    policy = compile_policy(family(HOLIDAYS, BIRTHDAY), "hhome", "rrouter", NOW, NOW, HUB)
    assert [(line.first, line.last, line.windows) for line in policy.dates] == [
        ("2026-08-10", "2026-08-14", ((1260, 450, "closed"),)),
        ("2026-08-15", "2026-08-15", ((1320, 420, "closed"),)),
        ("2026-08-16", "2026-08-21", ((1260, 450, "closed"),)),
    ]
    assert check_policy(write_policy(policy)) == []


def test_what_is_over_for_two_days_leaves_the_policy_and_a_note_never_enters_it() -> None:
    old = rule("e1", "2026-08-01", "2026-08-04", note="Grandmother’s house")
    late = rule("e2", "2026-08-05", "2026-08-05", note="Grandmother’s house")  # its night lasts into the sixth
    text = write_policy(compile_policy(family(old, late), "hhome", "rrouter", NOW, NOW, HUB)).decode()
    assert "2026-08-04" not in text and "2026-08-05" in text
    assert "Grandmother" not in text


def test_a_journey_changes_the_clock_and_leaves_the_times() -> None:
    journey = rule("e1", "2026-08-10", "2026-08-16", zone="America/New_York", like=LIKE_WEEK)
    policy = compile_policy(family(journey, BIRTHDAY), "hhome", "rrouter", NOW, NOW, HUB)
    assert [tuple(travel) for travel in policy.travels] == [
        ("pmia", "2026-08-10", "2026-08-16", zone_id("America/New_York"))
    ]
    assert [line.first for line in policy.dates] == ["2026-08-15"]
    assert zone_on((journey, BIRTHDAY), date(2026, 8, 15), MIA.zone) == "America/New_York"
    assert zone_on((journey, BIRTHDAY), date(2026, 8, 17), MIA.zone) == "Europe/Berlin"
    assert check_policy(write_policy(policy)) == []


DAYS = st.integers(0, 30).map(lambda later: MONDAY + timedelta(days=later))


@st.composite
def rules(draw: st.DrawFn) -> list[DateRule]:
    found = []
    for index in range(draw(st.integers(0, 6))):
        first, last = sorted((draw(DAYS), draw(DAYS)))
        zone = draw(st.sampled_from(("", "", "Asia/Tokyo", "America/New_York")))
        like = draw(st.sampled_from(("", LIKE_SATURDAY, LIKE_WEEK if zone else "")))
        found.append(
            rule(f"e{index}", first.isoformat(), last.isoformat(), draw(st.integers(0, 3)), zone=zone, like=like)
        )
    return found


@given(rules())
def test_stretches_say_what_each_day_says(held: list[DateRule]) -> None:
    found = spans(held)
    for later in range(-1, 32):
        day = MONDAY + timedelta(days=later)
        assert [one for first, last, one in found if first <= day <= last] == [
            one for one in [rule_on(held, day)] if one
        ]


@given(rules())
def test_travels_say_what_each_day_says(held: list[DateRule]) -> None:
    found = travels_of(family(*held), MIA, NOW)
    for later in range(-1, 32):
        day = MONDAY + timedelta(days=later)
        zones = [zone for _, first, last, zone in found if first <= day.isoformat() <= last]
        assert (zones or [MIA.zone]) == [zone_on(held, day, MIA.zone)]
