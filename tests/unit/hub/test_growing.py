"""Growing up: bands by birth month, a preset that a parent accepts, rules that end at eighteen, and no wrong clock."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairgate.hub import growing, limits
from stairgate.hub.family import CHILD_BANDS, Family
from stairgate.hub.filters import from_preset
from stairgate.hub.growing import NotNow, adult_from, age_on, band_of, changes, months_later, proposed, read_born
from stairgate.hub.growing_acts import Growing
from stairgate.hub.presets import BY_ID
from tests.unit.hub.conftest import EVENING, HOME, Hub

TABLET, PHONE = "02:00:5e:10:00:01", "02:00:5e:10:00:02"
DAY = 86400
TODAY = date(2026, 8, 7)  # of the hub's clock at the beginning

months = st.builds(lambda year, month: f"{year}-{month:02}", st.integers(1995, 2040), st.integers(1, 12))
days = st.dates(date(1995, 1, 1), date(2070, 12, 31))


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# The calendar


@given(months, days)
def test_an_age_is_counted_from_the_first_of_the_month(born: str, day: date) -> None:
    year, month = int(born[:4]), int(born[5:])
    birthdays = [date(year + age, month, 1) for age in range(1, 80)]  # the first of a month is there in every year
    if day >= date(year, month, 1):
        assert age_on(born, day) == sum(birthday <= day for birthday in birthdays)
    else:
        assert age_on(born, day) < 0


@given(months, days)
def test_bands_follow_each_other_and_nobody_of_age_is_proposed_anything(born: str, day: date) -> None:
    fits = band_of(max(0, age_on(born, day)))
    for band in CHILD_BANDS:
        found = proposed(band, born, day)
        if day >= adult_from(born):
            assert found == ""
        elif found:
            assert found == fits
            assert CHILD_BANDS.index(found) > CHILD_BANDS.index(band)
        else:
            assert CHILD_BANDS.index(fits) <= CHILD_BANDS.index(band)


@given(months)
def test_a_band_changes_four_times_each_on_its_birthday(born: str) -> None:
    year, month = int(born[:4]), int(born[5:])
    for age, before, after in ((6, "0-5", "6-9"), (10, "6-9", "10-12"), (13, "10-12", "13-15"), (16, "13-15", "16-17")):
        birthday = date(year + age, month, 1)
        assert proposed(before, born, birthday - timedelta(days=1)) == ""
        assert proposed(before, born, birthday) == after
    assert adult_from(born) == date(year + 18, month, 1)


@given(days, st.integers(0, 30))
def test_months_later_is_that_day_or_the_last_of_the_month(day: date, count: int) -> None:
    later = months_later(day, count)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == count
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (date(2023, 11, 30), date(2024, 2, 29)),
        (date(2022, 11, 30), date(2023, 2, 28)),
        (date(2024, 2, 29), date(2024, 5, 29)),
        (date(2025, 10, 31), date(2026, 1, 31)),
    ],
)
def test_three_months_after_the_end_of_a_month(day: date, later: date) -> None:
    assert months_later(day, 3) == later


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2013-05", "2013-05"),
        (" 2013-05 ", "2013-05"),
        ("", ""),
        ("2008-09", "2008-09"),
        ("2008-08", None),  # is 18 this month
        ("2026-09", None),  # not born
        ("2013-13", None),
        ("2013-00", None),
        ("0000-01", None),
        ("2013-5", None),
        ("2013-05-01", None),
        ("٢٠١٣-٠٥", None),
        ("05/2013", None),
        ("x" * 5000, None),
    ],
)
def test_a_birth_month_as_typed(typed: str, kept: str | None) -> None:
    assert read_born(typed, TODAY) == kept


def test_not_now_holds_for_its_band_until_its_day() -> None:
    no = NotNow("10-12", "2026-11-07")
    assert proposed("6-9", "2016-08", date(2026, 11, 6), no) == ""
    assert proposed("6-9", "2016-08", date(2026, 11, 7), no) == "10-12"
    assert proposed("6-9", "2013-08", date(2026, 11, 6), no) == "13-15"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("6-9", "10-12", ("No longer blocked: Shopping.", "Apps: up to 12 years instead of 9.")),
        ("13-15", "16-17", ("Apps: up to 17 years instead of 15.", "Searches are no longer made safe.")),
    ],
)
def test_what_a_preset_changes_is_said(before: str, after: str, said: tuple[str, ...]) -> None:
    text = " ".join(changes(from_preset("p1", BY_ID[before]), BY_ID[after]))
    for sentence in said:
        assert sentence.rpartition(": ")[2] in text


def test_what_gets_stricter_is_said_too() -> None:
    assert "Newly blocked" in " ".join(changes(None, BY_ID["10-12"]))
    assert changes(from_preset("p1", BY_ID["10-12"]), BY_ID["10-12"]) == ("Nothing but the age itself.",)


# On the pages


def family(hub: Hub) -> Family:
    return hub.family()


def born_of(hub: Hub, child: str) -> str:
    person = hub.family().person(child)
    assert person
    return person.born


@pytest.fixture
def child(hub: Hub) -> str:
    child = hub.add_child("Mia", "6-9").partition("?")[0]
    hub.add_device(child, TABLET)
    hub.network.neighbours["192.0.2.7"] = TABLET
    return child


def me(hub: Hub) -> str:
    return text_of(hub.get("/me", hub.new_browser(), environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).text)


def give(hub: Hub, child: str, born: str) -> None:
    assert hub.post(f"/children/{child}/growing/born", born=born).status_code == 303


def pass_days(hub: Hub, count: float) -> None:
    """Let the hub run: its upkeep turns meanwhile."""
    for _ in range(int(count * 2)):
        hub.clock.advance(DAY / 2)
        hub.parts.devices.upkeep.run()


def test_a_birth_month_is_optional_and_can_be_forgotten(hub: Hub, child: str) -> None:
    assert born_of(hub, child) == ""
    assert hub.post(f"/children/{child}/growing/born", born="1999-01").status_code == 422
    give(hub, child, "2017-03")
    assert born_of(hub, child) == "2017-03"
    assert 'value="2017-03"' in hub.get(f"/children/{child}").text
    give(hub, child, "")
    assert born_of(hub, child) == ""
    assert hub.post("/children/pnobody/growing/born", born="2017-03").status_code == 404


def test_a_birth_month_stays_in_the_hub(hub: Hub, child: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    give(hub, child, "2016-07")
    hub.post(f"/children/{child}/growing/accept", band="10-12")
    hub.post(f"/children/{child}/pause", minutes="15")
    assert len(hub.broker.sent) > 2
    assert not any(b"2016-07" in message.payload for message in hub.broker.sent)
    assert "2016-07" not in caplog.text
    assert "2016-07" not in me(hub)
    assert "2016-07" not in hub.get("/status").text
    assert not any("2016-07" in str(event) for event in hub.parts.keeping.history.all_events())


def test_a_looser_preset_is_proposed_and_changes_nothing_until_it_is_taken(hub: Hub, child: str) -> None:
    assert "would fit" not in hub.get("/").text
    give(hub, child, "2016-07")
    page = text_of(hub.get("/").text)
    assert "Mia is 10 now The preset for 10 to 12 would fit." in page
    assert "Apps: up to 12 years instead of 9." in page
    policy = hub.broker.policy("rrouter")[0]
    assert [person.band for person in policy.persons] == ["6-9"]

    assert hub.post(f"/children/{child}/growing/accept", band="13-15").status_code == 409
    assert hub.post(f"/children/{child}/growing/accept", band="10-12").status_code == 303

    assert [person.band for person in hub.broker.policy("rrouter")[0].persons] == ["10-12"]
    held = hub.family().filter_of(child)
    assert held and (held.preset, held.age) == ("10-12", 12)
    assert "would fit" not in hub.get("/").text
    assert "Took the looser preset for the age of Mia" in text_of(hub.get("/history").text)


def test_not_now_is_asked_again_after_three_months(hub: Hub, child: str) -> None:
    give(hub, child, "2016-07")
    assert hub.post(f"/children/{child}/growing/not-now", band="10-12").status_code == 303
    assert "would fit" not in hub.get("/").text
    hub.clock.advance(91 * DAY)
    assert "would fit" not in hub.get("/").text
    hub.clock.advance(DAY)  # the 7th of November
    hub.sign_in(hub.browser)
    assert "would fit" in hub.get("/").text


def test_the_birthday_is_the_one_where_the_child_lives(hub: Hub, child: str) -> None:
    give(hub, child, "2016-09")
    hub.clock.advance((date(2026, 8, 31) - TODAY).days * DAY + 5 * 3600)  # 23:00 on the 31st in Berlin
    assert "would fit" not in hub.get("/").text
    hub.clock.advance(3600)
    assert "would fit" in hub.get("/").text


# Eighteen


def rules(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="22:00", end="06:00", note="Sleep well.")
    hub.post(f"/children/{child}/pause", minutes="15")


def test_rules_filter_and_history_end_and_both_are_told_before_and_after(hub: Hub, child: str) -> None:
    hub.add_child("Noah", "10-12")
    rules(hub, child)
    give(hub, child, "2008-09")
    pass_days(hub, 0.5)
    assert "On Tue 1 Sep 2026 Mia is 18." in text_of(hub.get("/").text)
    assert "On Tue 1 Sep 2026 you are 18: rules, filter and history end by themselves." in me(hub)
    pass_days(hub, 22)
    assert {person.name for person in hub.family().people} == {"Mia", "Noah"}

    pass_days(hub, 4)

    held = hub.family()
    assert [person.name for person in held.people] == ["Noah"]
    assert held.weeks == () and held.overrides == () and held.filter_of(child) is None
    device = held.device_with(TABLET)
    assert device and (device.persons, device.flags) == ((), ("exempt",))
    assert [person.band for person in hub.broker.policy("rrouter")[0].persons] == ["10-12"]
    assert not any(event.person == child for event in hub.parts.keeping.history.all_events())
    hub.sign_in(hub.browser)
    assert "Mia is 18: rules, filter and history ended on" in text_of(hub.get("/").text)
    page = me(hub)
    assert "because you are 18" in page and "No rules, no watching" in page

    pass_days(hub, limits.GROWN_NOTICE_DAYS + 1)
    hub.sign_in(hub.browser)
    assert "Mia" not in text_of(hub.get("/").text)
    assert "because you are 18" not in me(hub)


def test_more_than_thirty_days_before_nothing_is_said(hub: Hub, child: str) -> None:
    give(hub, child, "2008-10")
    pass_days(hub, 1)
    assert "is 18" not in text_of(hub.get("/").text)


@pytest.mark.parametrize("years", [2, 10, 40])
def test_a_clock_that_jumps_ends_nothing_for_a_week(hub: Hub, child: str, years: int) -> None:
    rules(hub, child)
    give(hub, child, "2010-01")
    pass_days(hub, 1)
    hub.clock._wall += years * 366 * DAY
    pass_days(hub, 7.5)
    assert hub.family().person(child), "a day until the clock is steady, and a week of the notice"
    hub.clock._wall -= years * 366 * DAY  # somebody has noticed
    pass_days(hub, 40)
    assert hub.family().person(child)
    assert len(hub.family().weeks) == 1


wrong = st.tuples(st.sampled_from([0.5, 1.0, 2.5]), st.integers(1, 60), st.sampled_from([0.5, 1.0, 2.0]))


@given(st.lists(wrong, min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_no_row_of_wrong_clocks_shorter_than_a_week_ends_anything(
    jumps: list[tuple[float, int, float]],
) -> None:
    hub = Hub()
    hub.claim()
    child = hub.add_child("Mia", "6-9").partition("?")[0]
    rules(hub, child)
    give(hub, child, "2016-02")
    for right_days, years, wrong_days in jumps:
        pass_days(hub, right_days)
        hub.clock._wall += years * 365.25 * DAY
        pass_days(hub, wrong_days)
        hub.clock._wall -= years * 365.25 * DAY
    pass_days(hub, 3)
    assert hub.family().person(child)
    assert len(hub.family().weeks) == 1
    hub.store.close()


def test_a_clock_that_is_put_right_every_day_ends_nothing(hub: Hub, child: str) -> None:
    give(hub, child, "2010-01")
    for _ in range(20):
        hub.clock._wall += 10 * 366 * DAY
        pass_days(hub, 1)
        hub.clock._wall -= 10 * 366 * DAY
        pass_days(hub, 1)
    assert hub.family().person(child)


@pytest.mark.parametrize("change", ["put right", "forgotten", "removed"])
def test_a_parent_who_is_faster_than_the_end_is_not_overtaken(
    hub: Hub, child: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules(hub, child)
    give(hub, child, "2008-09")
    end, late = hub.parts.growing._end, []

    def change_then_end(person: str) -> None:
        late.append(person)
        if change == "removed":
            hub.parts.acts.remove_child(child)
        else:
            hub.parts.growing.set_born(child, "2010-09" if change == "put right" else "")
        end(person)

    monkeypatch.setattr(hub.parts.growing, "_end", change_then_end)
    pass_days(hub, 27)
    assert late == [child]
    assert [person.id for person in hub.family().people] == ([] if change == "removed" else [child])
    assert hub.parts.growing.grown() == ()


def test_what_was_said_of_a_child_that_is_gone_is_not_kept(hub: Hub, child: str) -> None:
    other = hub.add_child("Noah", "6-9").partition("?")[0]
    for one in (child, other):
        give(hub, one, "2016-07")
    assert hub.post(f"/children/{child}/growing/not-now", band="10-12").status_code == 303
    hub.post(f"/children/{child}/remove", sure="yes")
    assert hub.post(f"/children/{other}/growing/not-now", band="10-12").status_code == 303
    with hub.store.transaction(HOME) as rows:
        row = rows.get("settings", "growing")
    assert row and set(row.document["not_now"]) == {other}


def test_what_was_counted_survives_a_restart(hub: Hub, child: str) -> None:
    give(hub, child, "2008-09")
    pass_days(hub, 20)
    ended: list[str] = []
    again = Growing(hub.parts.acts, hub.clock, lambda person, own: ended.append(person))
    for _ in range(12):  # begun anew every day, as on a machine that is switched off at night
        hub.clock.advance(DAY / 2)
        again.sweep()
        again = Growing(hub.parts.acts, hub.clock, lambda person, own: ended.append(person))
        hub.clock.advance(DAY / 2)
        again.sweep()
    assert ended == [child]


def test_a_shared_device_stays_the_others(hub: Hub, child: str) -> None:
    other = hub.add_child("Noah", "10-12").partition("?")[0]
    device = hub.family().devices[0]
    fields = {"revision": str(device.revision), "name": "tablet", "kind": "tablet", "whose": [child, other]}
    assert hub.post(f"/devices/{device.id}", **fields).status_code == 303
    give(hub, child, "2008-09")
    pass_days(hub, 1)
    assert "Mia is 18: rules, filter and history end" in me(hub)
    pass_days(hub, 30)
    held = hub.family().device_with(TABLET)
    assert held and (held.persons, held.flags) == ((other,), ())


# Adults


def test_no_rule_can_be_set_on_an_adult(hub: Hub, child: str) -> None:
    for band in ("adult", "18", ""):
        assert hub.post("/children", name="Dad", band=band, zone="Europe/Berlin").status_code == 422
    hub.post("/devices", name="phone", mac=PHONE, kind="phone", person="adult")
    phone = hub.family().device_with(PHONE)
    assert phone and phone.flags == ("exempt",)
    # None of a child's acts knows a device or an account as somebody to set rules on.
    for target in (phone.id, "owner"):
        for path, fields in (
            ("pause", {"minutes": "15"}),
            ("bonus", {"minutes": "15"}),
            ("bedtime", {"days": "127", "start": "20:00", "end": "07:00"}),
            ("filter/preset", {"preset": "6-9"}),
            ("growing/born", {"born": "2016-01"}),
        ):
            assert hub.post(f"/children/{target}/{path}", **fields).status_code == 404, (target, path)
    assert {person.band for person in hub.family().people} <= set(CHILD_BANDS)
    assert [o for o in hub.family().overrides if o.target == phone.id] == []


def test_the_bands_are_those_of_the_family() -> None:
    assert tuple(band for band, _ in growing.BANDS) == CHILD_BANDS
    assert EVENING and TODAY
