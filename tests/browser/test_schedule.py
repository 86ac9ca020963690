"""A parent sets the calendar on a phone, with taps counted; with and without scripts, in light and dark, at 320 px."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from stairgate.hub.bedtime_presets import BY_BAND
from stairgate.hub.budget_acts import BudgetActs
from stairgate.hub.schedule_acts import ScheduleActs
from stairgate.hub.schedule_forms import BudgetForm, DatesForm
from tests.browser.conftest import ROUTER, LiveHub, Phone
from tests.browser.test_parent import PALE, SMALL, STRAYED, TINY

REFUSED = "status of 422"


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def phone(request: pytest.FixtureRequest, chromium: Browser, hub: LiveHub) -> Iterator[Phone]:
    phone = Phone(chromium, hub.address, java_script_enabled=request.param)
    yield phone
    phone.context.close()
    # A form with a fault answers 422, which Chromium tells its console.
    assert [text for text in phone.complaints if REFUSED not in text] == []


class Thumb:
    """Taps, and counts them; typing is none."""

    def __init__(self) -> None:
        self.taps = 0

    def tap(self, what: Locator) -> None:
        what.click()
        self.taps += 1


def test_a_bedtime_preset_takes_three_taps(phone: Phone, hub: LiveHub) -> None:
    page, thumb = phone.page, Thumb()
    phone.claim(hub)
    ids = hub.seed()
    page.goto("/")
    thumb.tap(page.get_by_role("link", name="Mia"))
    thumb.tap(page.locator(f"#calendar-{ids['Mia']}"))
    thumb.tap(page.get_by_role("button", name="Bedtimes for ages 6 to 9"))
    expect(page.locator("#week").get_by_text("School nights (Sun–Thu): internet off 20:00–06:30").first).to_be_visible()
    assert thumb.taps == 3
    expect(page.locator("#toast")).to_contain_text("Mia has another calendar.")
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#week").get_by_text("School nights (Sun–Thu): internet off 20:30–07:00").first).to_be_visible()
    assert page.url.endswith("/schedule")


def test_own_times_take_five_taps(phone: Phone, hub: LiveHub) -> None:
    page, thumb = phone.page, Thumb()
    phone.claim(hub)
    ids = hub.seed()
    page.goto("/")
    thumb.tap(page.get_by_role("link", name="Mia"))
    thumb.tap(page.locator(f"#calendar-{ids['Mia']}"))
    thumb.tap(page.locator("#add-time > summary"))
    page.locator("#new-start").fill("19:15")
    page.locator("#new-end").fill("06:45")
    thumb.tap(page.locator("#add-time").get_by_label("Fri", exact=True))
    thumb.tap(page.get_by_role("button", name="Add this time"))
    expect(page.locator("#week").get_by_text("Sun–Fri: internet off 19:15–06:45").first).to_be_visible()
    assert thumb.taps == 5


def test_an_exception_today_takes_two_taps(phone: Phone, hub: LiveHub) -> None:
    page, thumb = phone.page, Thumb()
    phone.claim(hub)
    noah = hub.seed()["Noah"]
    hub.broker.apply(ROUTER)
    page.goto("/")
    thumb.tap(page.locator(f"#today-{noah} > summary"))
    thumb.tap(page.locator(f"#today-{noah}-later"))
    expect(page.get_by_text("Only today: bedtime at 23:00")).to_be_visible()
    assert thumb.taps == 2
    expect(page.locator("#toast")).to_contain_text("Noah has an exception, only today.")
    page.locator(f"#usual-{noah}").click()
    expect(page.get_by_text("Only today: bedtime at 23:00")).to_be_hidden()
    assert hub.family().dates == ()


def test_an_open_fold_and_its_time_field_stay_while_the_page_looks_again(chromium: Browser, hub: LiveHub) -> None:
    phone = Phone(chromium, hub.address)
    phone.claim(hub)
    ids = hub.seed()
    hub.broker.apply(ROUTER)
    phone.page.goto("/")
    phone.page.locator(f"#today-{ids['Noah']} > summary").click()
    hub.parts.acts.pause(ids["Mia"], 15)
    expect(phone.page.get_by_text("until 18:15", exact=True)).to_be_visible()
    expect(phone.page.locator(f"#today-{ids['Noah']}-none")).to_be_visible()
    phone.context.close()


def test_holidays_and_a_look_at_a_day_of_them(phone: Phone, hub: LiveHub) -> None:
    page = phone.page
    phone.claim(hub)
    ids = hub.seed()
    page.goto(f"/children/{ids['Mia']}/schedule")
    page.locator("#add-dates > summary").click()
    page.locator("#new-first").fill("2026-08-10")
    page.locator("#new-last").fill("2026-08-09")
    page.locator("#new-note").fill("At the sea")
    page.get_by_role("button", name="Add this exception").click()
    expect(page.get_by_role("alert")).to_contain_text("not be before the first")
    expect(page.locator("#new-first")).to_have_value("2026-08-10")
    page.locator("#new-last").fill("2026-08-21")
    page.locator("#add-dates").get_by_label("Other times, which are:").check()
    page.locator("#new-start-0").fill("22:00")
    page.locator("#new-end-0").fill("08:00")
    page.get_by_role("button", name="Add this exception").click()
    expect(page.get_by_text("Mon 10 Aug to Fri 21 Aug: internet off 22:00–08:00").first).to_be_visible()
    page.get_by_role("link", name="Look at any day").click()
    page.locator("#date").fill("2026-08-12")
    page.locator("#at").fill("22:30")
    page.get_by_role("button", name="Look", exact=True).click()
    expect(page.get_by_role("heading", name="Wednesday 12 August 2026")).to_be_visible()
    expect(page.locator("#moment")).to_contain_text("At 22:30 the internet is off until Thu 08:00.")
    expect(page.locator("#moment")).to_contain_text("At the sea")
    page.get_by_role("link", name="Day after").click()
    expect(page.get_by_role("heading", name="Thursday 13 August 2026")).to_be_visible()


def test_minutes_by_weekday(phone: Phone, hub: LiveHub) -> None:
    page = phone.page
    phone.claim(hub)
    ids = hub.seed()
    page.goto(f"/children/{ids['Mia']}/schedule")
    page.get_by_role("button", name="Minutes for ages 6 to 9").click()
    expect(page.locator("#minutes").get_by_text("In total: Mon–Fri 1 h; Sat, Sun 1 h 30 min").first).to_be_visible()
    page.locator("#add-minutes > summary").click()
    page.locator("#minutes-games > summary").click()
    page.locator("#games-0").fill("30")
    page.locator("#minutes-games").get_by_role("button").click()
    expect(page.get_by_text("Games: Mon 30 min; Tue–Sun no limit").first).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 320)])
def test_everything_is_readable_and_within_reach(chromium: Browser, hub: LiveHub, scheme: str, width: int) -> None:
    phone = Phone(chromium, hub.address, color_scheme=scheme, viewport={"width": width, "height": 740})
    page = phone.page
    phone.claim(hub)
    mia = hub.seed()["Mia"]
    fill(hub, mia)
    for path in ("/", f"/children/{mia}", f"/children/{mia}/schedule", f"/children/{mia}/day?date=2026-10-25&at=21:00"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        for check in (STRAYED, SMALL, TINY, PALE):
            assert page.evaluate(check) == [], (path, check[:40])
        assert page.locator("h1").count() == 1, path
    phone.context.close()
    assert phone.complaints == []


def fill(hub: LiveHub, mia: str) -> None:
    """A calendar with everything in it, and with what is worth a look."""
    schedule, budgets = ScheduleActs(hub.parts.acts, hub.parts.clock), BudgetActs(hub.parts.acts, hub.parts.clock)
    schedule.choose_bedtimes(mia, BY_BAND["6-9"])
    hub.parts.acts.set_bedtime(mia, 31, 900, 1020, level="limited")
    hub.parts.acts.set_bedtime(mia, 1, 960, 1000, level="limited")
    schedule.set_dates(mia, DatesForm("2026-08-10", "2026-08-21", (), "saturday", "", "Holidays", None, 0))
    schedule.set_dates(mia, DatesForm("2026-08-15", "2026-08-15", ((1320, 420, "closed"),), "", "", "", None, 0))
    schedule.set_dates(mia, DatesForm("2026-10-20", "2026-10-30", (), "week", "America/New_York", "", None, 0))
    budgets.choose(mia, BY_BAND["6-9"])
    budgets.set_budget(mia, BudgetForm("games", (90,) * 7))
    schedule.only_today(mia, "none")


def test_all_of_it_can_be_done_by_keyboard(chromium: Browser, hub: LiveHub) -> None:
    phone = Phone(chromium, hub.address)
    page = phone.page
    phone.claim(hub)
    noah = hub.seed()["Noah"]
    page.goto("/")
    for wanted in (f"#today-{noah} > summary", f"#today-{noah}-none"):
        for _ in range(60):
            if page.evaluate("selector => document.activeElement.matches(selector)", wanted):
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    expect(page.get_by_text("Only today: no bedtime")).to_be_visible()
    phone.context.close()
    assert phone.complaints == []
