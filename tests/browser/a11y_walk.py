"""The eight commonest tasks of a parent, by keyboard alone, from the opened first page: how many taps each takes.

A tap is a press of Enter or the space bar on what has the focus; moving there and typing are not counted. What a task
must take at the most is a promise; that the page says afterwards what was done is part of the task.
"""

from collections.abc import Callable
from typing import NamedTuple

from playwright.sync_api import Browser, expect
from playwright.sync_api import Error as PlaywrightError

from tests.browser.a11y_home import HERE, FullHome
from tests.browser.conftest import LiveHub, Phone

#: Presses of Tab after which something counts as out of reach: the first page of three children has some 90 stops.
STOPS_MAX = 250


class Keys:
    """A parent who uses no pointer, on the first page."""

    def __init__(self, phone: Phone, home: FullHome) -> None:
        self.page = phone.page
        self.ids = home.ids
        self.taps = 0
        self.page.goto("/")

    def to(self, selector: str) -> None:
        """Move the focus there with Tab. Raises AssertionError when it is never reached."""
        selector = selector.format(**self.ids)
        for _ in range(STOPS_MAX):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("(where) => document.activeElement.matches(where)", selector):
                return
        raise AssertionError(f"expected {selector} to be reached by Tab, got to the end of {self.page.url}")

    def tap(self, selector: str) -> None:
        """Move there and press Enter; what unfolds stays on the page, all else leads to another."""
        self.to(selector)
        self.taps += 1
        if self.page.evaluate("document.activeElement.matches('summary')"):
            self.page.keyboard.press("Enter")
            return
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def reads(self, words: str) -> None:
        """The page says this now."""
        expect(self.page.get_by_text(words).first).to_be_visible()


def time_left(keys: Keys) -> None:
    """How much is left of today."""
    keys.reads("left of")


def pause(keys: Keys) -> None:
    """Pause one child."""
    keys.tap("#pause-{person}")
    keys.reads("is paused until")


def thirty_more(keys: Keys) -> None:
    """Half an hour more."""
    keys.tap("#bonus-{person}-30")
    keys.reads("Extra time")


def answer(keys: Keys) -> None:
    """A child asks for time: yes."""
    keys.tap("[id^=answer-][id$='-30']")
    keys.reads("Extra time")


def bedtime(keys: Keys) -> None:
    """Set a bedtime that fits the age."""
    keys.tap("a[href$='/children/{third}']")
    keys.tap("#calendar-{third}")
    keys.tap("button[name=preset]")
    keys.reads("20:00")


def site_through(keys: Keys) -> None:
    """A child asks for a site: open it for today."""
    keys.tap("[id^=answer-][id$='-once']")
    keys.reads("a-very-long-name-of-a-school")


def new_device(keys: Keys) -> None:
    """Say whose a new device is."""
    keys.tap("article.new button[value='{person}']")
    keys.reads(" now.")


def exception_today(keys: Keys) -> None:
    """No bedtime, only today."""
    keys.tap("#today-{person} > summary")
    keys.tap("[id^='today-{person}-']")
    keys.reads("Only today")


class Task(NamedTuple):
    """What is done, and in how many taps at the most."""

    name: str
    walk: Callable[[Keys], None]
    most: int


TASKS = (
    Task("time_left", time_left, 0),
    Task("pause", pause, 1),
    Task("thirty_more", thirty_more, 1),
    Task("answer", answer, 1),
    Task("bedtime", bedtime, 3),
    Task("site_through", site_through, 2),
    Task("new_device", new_device, 2),
    Task("exception_today", exception_today, 2),
)


class Walked(NamedTuple):
    """How a task went. fault: a sentence when it did not, or took more taps than promised."""

    task: Task
    taps: int
    fault: str


def walk(chromium: Browser) -> list[Walked]:
    """Every task, each in a home as it was before."""
    return [_walk(chromium, task) for task in TASKS]


def _walk(chromium: Browser, task: Task) -> Walked:
    hub = LiveHub()
    home = FullHome(hub)
    hub.start()
    phone = Phone(chromium, hub.address)
    try:
        phone.claim(hub)
        home.fill()
        hub.parts.guessing.succeeded(HERE)
        keys = Keys(phone, home)
        try:
            task.walk(keys)
        except (AssertionError, PlaywrightError) as problem:
            return Walked(task, keys.taps, " ".join(str(problem).split())[:300])
        fault = f"expected at most {task.most} taps, got {keys.taps}" if keys.taps > task.most else ""
        return Walked(task, keys.taps, fault)
    finally:
        phone.context.close()
        hub.stop()
