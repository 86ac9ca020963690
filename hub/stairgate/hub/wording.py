"""The sentences of the pages: what holds, until when and why; and the words of routers and times under one name.

A machine code becomes words here, in `router_words` and in `time_words`, and only there. No jargon and no blame; a
block always says that it is one.
"""

from stairgate.core.decide import Decision
from stairgate.hub.card_state import Applied as Applied
from stairgate.hub.card_state import State as State
from stairgate.hub.day_windows import is_nightly
from stairgate.hub.language import N_, _
from stairgate.hub.router_words import applied_of as applied_of
from stairgate.hub.router_words import router_state as router_state
from stairgate.hub.router_words import switched_off as switched_off
from stairgate.hub.said_tables import SaidTable
from stairgate.hub.time_words import DAY_NAMES as DAY_NAMES
from stairgate.hub.time_words import MONTH_NAMES as MONTH_NAMES
from stairgate.hub.time_words import ago as ago
from stairgate.hub.time_words import and_text as and_text
from stairgate.hub.time_words import at_time as at_time
from stairgate.hub.time_words import bytes_text as bytes_text
from stairgate.hub.time_words import clock_time as clock_time
from stairgate.hub.time_words import date_and_time as date_and_time
from stairgate.hub.time_words import date_text as date_text
from stairgate.hub.time_words import day_and_time as day_and_time
from stairgate.hub.time_words import full_date_text as full_date_text
from stairgate.hub.time_words import in_a_row as in_a_row
from stairgate.hub.time_words import length as length
from stairgate.hub.time_words import minute_time as minute_time
from stairgate.hub.time_words import minutes_text as minutes_text
from stairgate.hub.time_words import rate_text as rate_text

BAND_NAMES = SaidTable(
    {
        "0-5": N_("up to 5"),
        "6-9": N_("6 to 9"),
        "10-12": N_("10 to 12"),
        "13-15": N_("13 to 15"),
        "16-17": N_("16 and 17"),
    }
)
KIND_NAMES = SaidTable(
    {
        "phone": N_("Phone"),
        "tablet": N_("Tablet"),
        "computer": N_("Computer"),
        "console": N_("Games console"),
        "tv": N_("TV"),
        "toy": N_("Toy"),
        "other": N_("Something else"),
    }
)


def state_of(decision: Decision, zone: str, now: float) -> State:
    """What a decision means to people."""
    until = ""
    if decision.until is not None:
        until = _("until {time}").format(time=clock_time(decision.until, zone, now))
    closed = decision.level != "open"
    if decision.level == "limited":
        return State("clock", "night", _("Homework list only"), until, _("Only what is on the homework list is open."))
    if decision.reason == "pause":
        return State("pause", "paused", _("Paused"), until, _("A parent paused it."))
    if decision.reason == "bonus" and not closed:
        return State("plus", "open", _("Extra time"), until, _("A parent gave extra time."))
    if decision.reason == "override_open" and not closed:
        return State("check", "open", _("Internet is on"), until, _("A parent opened it for a visitor."))
    if decision.reason in ("week", "date") and closed:
        if not is_night(decision.rule):
            return State("clock", "night", _("Internet is off"), until, _("It is off at this time of the day."))
        return State("moon", "night", _("Bedtime"), until, _("It is bedtime."))
    if decision.reason in ("unknown_device", "no_person", "not_in_policy"):
        return State("question", "paused", _("No internet yet"), until, _("Nobody has said yet whose this is."))
    if decision.reason in ("exempt", "assistive", "hub"):
        return State("check", "open", _("Always on"), "", _("This device has no rules."))
    if decision.reason == "budget_spent":
        return State("clock", "paused", _("Time is used up"), until, _("Today’s minutes are used."))
    if decision.reason == "quiet":
        return State("moon", "night", _("Quiet hours"), until, _("It is off in its quiet hours."))
    if closed:
        return State("pause", "paused", _("Off"), until, _("The rules say so."))
    if decision.until is None:
        return State("check", "open", _("Internet is on"), "", _("No bedtime is set."))
    is_limited_next = decision.next_level == "limited"
    then = _("Then only the homework list is open.") if is_limited_next else _("Then the internet is off.")
    return State("check", "open", _("Internet is on"), until, then)


def is_night(rule: str) -> bool:
    """Whether the line that won, a window of the week or of dates, is a night's. True for a line that is none."""
    minutes = [int(text) for text in rule.split(" ")[-3:-1] if text.isdigit()]
    return len(minutes) != 2 or is_nightly(*minutes)


def browser_text(user_agent: str) -> str:
    """`Chrome on Android`, in English, as it is kept; only words from here, as the header is a stranger's."""
    systems = {
        "Android": "Android",
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Windows": "Windows",
        "Mac OS": "Mac",
        "CrOS": "Chromebook",
        "Linux": "Linux",
    }
    browsers = {"Firefox": "Firefox", "Edg": "Edge", "OPR": "Opera", "Chrome": "Chrome", "Safari": "Safari"}
    system = next((name for mark, name in systems.items() if mark in user_agent), "")
    browser = next((name for mark, name in browsers.items() if mark in user_agent), "")
    return f"{browser or 'A browser'} on {system}" if system else browser or "Another program"
