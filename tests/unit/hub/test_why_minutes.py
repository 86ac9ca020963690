"""What is said while minutes run, in homework time, outside all windows and of days that are long gone or long."""

import html
import re

import pytest

from stairgate.hub import wording
from stairgate.hub.language import LANGUAGES, speaking
from stairgate.hub.roles import COPARENT
from tests.unit.hub.conftest import EVENING, Hub
from tests.unit.hub.test_asking import answer, requests, see, send
from tests.unit.hub.test_roles import DAD, join
from tests.unit.hub.test_use_pages import count, limit

HERE = "192.168.77.20"
MAC = "aa:bb:cc:00:00:01"


@pytest.fixture
def mia(hub: Hub) -> str:
    person = hub.add_child()
    hub.add_device(person, MAC)
    hub.network.neighbours[HERE] = MAC
    hub.post(f"/children/{person}/bedtime", days="127", start="20:30", end="07:00")
    return person


def read(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def me(hub: Hub, language: str = "en") -> str:
    browser = hub.new_browser()
    return read(browser.get("/me", headers={"Accept-Language": language}, environ_overrides={"REMOTE_ADDR": HERE}).text)


def home(hub: Hub, language: str = "en") -> str:
    return read(hub.browser.get("/", headers={"Accept-Language": language}).text)


def test_while_minutes_run_who_set_them_and_what_follows_is_said_and_no_time_of_day(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    count(hub, mia, 20)
    said = "The internet is on until today’s time, set by {}, is used up; then it is off until tomorrow 07:00."
    assert said.format("your parents") in me(hub)
    assert said.format("a parent") in home(hub)
    assert "Das Internet ist an, bis die Zeit für heute" in me(hub, "de")


def test_a_bedtime_that_comes_before_the_minutes_end_is_said_as_usual(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=600)
    assert "The internet is on until 20:30; then it is off until tomorrow 07:00" in me(hub)


def test_in_homework_time_its_own_end_is_said_whatever_minutes_are_left(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/bedtime", days="127", start="17:00", end="20:00", level="limited")
    limit(hub, mia, minutes=60)
    count(hub, mia, 20)
    for page in (me(hub), home(hub)):
        assert "Only the homework list is open until 20:00" in page
        assert "then everything is." in page
        assert "set by your parents, is used up" not in page and "set by a parent, is used up" not in page
    assert "Bis 20:00 ist nur die Hausaufgabenliste offen" in me(hub, "de")


def test_extra_time_keeps_its_sentence_and_what_follows_it(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    count(hub, mia, 60)
    hub.post(f"/children/{mia}/bonus", minutes="30")
    assert "A parent gave extra time; the internet is on until 18:30, then off until tomorrow 07:00." in home(hub)


def test_what_holds_outside_all_windows_has_somebody_behind_it(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/schedule/otherwise", level="closed")
    said = "The internet is off until 20:30, as your parents set it for all times that are not named"
    assert "The internet is off" in me(hub) and "as your parents set it" in me(hub), said

    dad = join(hub, COPARENT, "Dad", DAD)
    assert hub.post(f"/children/{mia}/schedule/otherwise", dad, level="limited").status_code == 303
    assert "Only the homework list is open until 20:30, as Dad set it for all times that are not named" in me(hub)
    assert "so von Dad für alle übrigen Zeiten eingestellt" in me(hub, "de")


@pytest.mark.parametrize(("last", "first_words"), [("2026-08-07", "Today is"), ("2026-08-20", "These days are")])
def test_the_days_of_a_holiday_are_not_each_today(hub: Hub, mia: str, last: str, first_words: str) -> None:
    fields = {"first": "2026-08-07", "last": last, "as": "own", "start-0": "17:00", "end-0": "19:00"}
    assert hub.post(f"/children/{mia}/schedule/dates", **fields, **{"level-0": "closed"}).status_code == 303
    assert f"{first_words} different, as your parents set it: the internet is off until 19:00, then on." in me(hub)


@pytest.mark.parametrize(
    ("hours", "english", "german"),
    [
        (0, "at 18:00", "um 18:00"),
        (10, "tomorrow at 04:00", "morgen um 04:00"),
        (-24, "yesterday at 18:00", "gestern um 18:00"),
        (72, "on Mon at 18:00", "am Mo um 18:00"),
        (24 * 10, "on Mon 17 Aug at 18:00", "am Mo 17. August um 18:00"),
    ],
)
def test_a_moment_within_a_sentence(hours: int, english: str, german: str) -> None:
    def said(language: str) -> str:
        with speaking(LANGUAGES[language]):
            return wording.at_time(EVENING + hours * 3600, "Europe/Berlin", EVENING)

    assert (said("en"), said("de")) == (english, german)


def test_an_answer_of_yesterday_is_said_as_one(hub: Hub, mia: str) -> None:
    assert send(hub, "/me/ask", HERE, kind="time", minutes="15")[0] == 303
    assert answer(hub, requests(hub)[-1], "no") == 303
    hub.clock.advance(24 * 3600)
    assert "Your parents answered yesterday at 18:00." in me(hub)
    assert "Deine Eltern haben gestern um 18:00 geantwortet." in me(hub, "de")


def test_one_parent_reads_and_two_read(hub: Hub, mia: str) -> None:
    assert "The parents of this home read this." in read(see(hub, "/me/ask", HERE))
    hub.post("/account/name", name="Mum")
    assert "Mum reads this." in read(see(hub, "/me/ask", HERE))
