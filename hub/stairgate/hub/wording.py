"""The sentences of the pages: what holds, until when, why and whether the router agrees.

Every machine code becomes words here, and only here. No jargon and no blame; a block always says that it is
one.
"""

import errno
from collections.abc import Sequence
from typing import NamedTuple

from stairgate.core.decide import Decision
from stairgate.hub.language import N_
from stairgate.hub.reports import SWITCHED_OFF, Standing
from stairgate.hub.said_tables import SaidTable
from stairgate.hub.time_words import DAY_NAMES as DAY_NAMES
from stairgate.hub.time_words import MONTH_NAMES as MONTH_NAMES
from stairgate.hub.time_words import ago as ago
from stairgate.hub.time_words import and_text as and_text
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
# Why a router does not apply what it was sent; its other reasons are shown as they are.
_FAULTS = {
    "device_open": "a device is on that should be off",
    "revision_out_of_range": "it names rules that this hub cannot have made; remove it, then add it anew",
    "kernel": "its firewall refused the rules; what it held before stays",
    "no_policy": "it has no rules yet that it can use",
    "bad_signature": "it does not believe this hub’s signature; pair it again",
    "unknown_key": "it does not know this hub’s key; pair it again",
    "wrong_home": "it belongs to another home; pair it again",
    "policy": "it cannot make a firewall of these rules",
    "older": "it has met newer rules than this hub’s",
}
# What a router says beside “applied”: {} is its label.
_QUALIFIED = {
    "not_saved": "Applied, but not saved on {}: its disk is full. After a restart it would begin with older rules.",
    "clock_untrusted": "{} does not know the time for sure yet, so it keeps to the stricter rules.",
    "no_dns": "Applied, but the filter on {} does not answer: until it does, children’s devices find no sites.",
    "no_pack": "Applied, but the list of sites has not reached {}: it goes on with the last one, if it has any.",
}
_NOT_WHOLE = ("not_saved", "no_dns", "no_pack")
_EVENING_MINUTE = 17 * 60
_LONG_SECONDS = 6 * 86400


class State(NamedTuple):
    """How a child's internet stands, for a card.

    `icon` and `tone` name a picture and a colour, never alone.
    """

    icon: str
    tone: str
    word: str
    until: str
    why: str


class Applied(NamedTuple):
    """Whether the routers do what was asked: `tone` is good, waiting or bad."""

    tone: str
    done: int
    total: int
    text: str
    details: tuple[str, ...]


def state_of(decision: Decision, zone: str, now: float) -> State:
    """What a decision means to people."""
    until = ""
    if decision.until is not None:
        until = f"until {clock_time(decision.until, zone, now)}"
    closed = decision.level != "open"
    if decision.level == "limited":
        return State("clock", "night", "Homework list only", until, "Only what is on the homework list is open.")
    if decision.reason == "pause":
        return State("pause", "paused", "Paused", until, "A parent paused it.")
    if decision.reason == "bonus" and not closed:
        return State("plus", "open", "Extra time", until, "A parent gave extra time.")
    if decision.reason == "override_open" and not closed:
        return State("check", "open", "Internet is on", until, "A parent opened it for a visitor.")
    if decision.reason in ("week", "date") and closed:
        if not is_night(decision.rule):
            return State("clock", "night", "Internet is off", until, "It is off at this time of the day.")
        return State("moon", "night", "Bedtime", until, "It is bedtime.")
    if decision.reason in ("unknown_device", "no_person", "not_in_policy"):
        return State("question", "paused", "No internet yet", until, "Nobody has said yet whose this is.")
    if decision.reason in ("exempt", "assistive", "hub"):
        return State("check", "open", "Always on", "", "This device has no rules.")
    if decision.reason == "budget_spent":
        return State("clock", "paused", "Time is used up", until, "Today’s minutes are used.")
    if closed:
        return State("pause", "paused", "Off", until, "The rules say so.")
    if decision.until is None or decision.until - now > _LONG_SECONDS:
        return State("check", "open", "Internet is on", "", "No bedtime is set.")
    then = "Then only the homework list is open." if decision.next_level == "limited" else "Then it is bedtime."
    return State("check", "open", "Internet is on", until, then)


def is_night(rule: str) -> bool:
    """Whether the line that won, a window of the week or of dates, lasts over midnight or begins in the evening.

    True for a line that is none.
    """
    minutes = [int(text) for text in rule.split(" ")[-3:-1] if text.isdigit()]
    return len(minutes) != 2 or minutes[1] <= minutes[0] or minutes[0] >= _EVENING_MINUTE


def applied_of(standings: Sequence[Standing], zone: str, now: float) -> Applied:
    """“Applied on 1 of 1”, or what is wrong, with one sentence for each router that does not agree."""
    total = len(standings)
    count = sum(standing.state == "applied" for standing in standings)
    details = tuple(sentence for standing in standings if (sentence := _detail(standing, zone, now)))
    states = {standing.state for standing in standings}
    if not total:
        return Applied("bad", 0, 0, "No router belongs to this home yet", ())
    is_partial = any(standing.state == "applied" and standing.reason in _NOT_WHOLE for standing in standings)
    if count == total:
        tone = "bad" if is_partial else "good"
        return Applied(tone, count, total, f"Applied on {count} of {total}", details)
    tone = "bad" if is_partial or states & {"failed", "silent"} else "waiting"
    text = f"Applied on {count} of {total}"
    return Applied(tone, count, total, text if tone == "bad" else f"Sending … {text.lower()}", details)


def _detail(standing: Standing, zone: str, now: float) -> str:
    label = standing.agent.label
    if standing.reason == "clock_differs":
        off = length(abs(standing.clock_difference))
        side, effect = ("behind", "late") if standing.clock_difference < 0 else ("ahead", "early")
        return f"The clock of {label} is {off} {side}, so bedtimes come {effect} there."
    if standing.reason == SWITCHED_OFF:
        until = f" until {clock_time(standing.until, zone, now)}" if standing.until is not None else ""
        return f"{label} was switched off at its console{until}: no rules hold behind it."
    if standing.state == "applied" and standing.reason in _QUALIFIED:
        return _QUALIFIED[standing.reason].format(label)
    if standing.state == "failed":
        return f"Not applied on {label}: {_fault(standing.reason)}"
    if standing.state == "silent" and standing.heard is None:
        return f"{label} has not been heard yet"
    if standing.state == "silent":
        assert standing.heard is not None
        return f"{label} not heard since {clock_time(standing.heard, zone, now)}; its last rules still hold"
    return ""


def switched_off(standings: Sequence[Standing], zone: str, now: float) -> str:
    """What a child reads while the rules are off at a router's console, "" when they are in force."""
    off = [standing for standing in standings if standing.reason == SWITCHED_OFF]
    if not off:
        return ""
    ends = [standing.until for standing in off if standing.until is not None]
    until = f" until {clock_time(max(ends), zone, now)}" if ends else ""
    where = "the router" if len(off) == len(standings) else "one of the routers"
    return f"At {where} the rules are switched off for everybody{until}. Meanwhile the internet is on there."


def router_state(standing: Standing, zone: str, now: float) -> State:
    """How a router stands, for its card."""
    heard = f"Heard {ago(now - standing.heard)}." if standing.heard is not None else ""
    if standing.state == "silent" and standing.heard is None:
        return State("clock", "paused", "Not heard yet", "", "It connects by itself once it is on.")
    if standing.state == "silent":
        assert standing.heard is not None
        since = f"since {clock_time(standing.heard, zone, now)}"
        return State("warning", "paused", "Not heard", since, "Its last rules still hold. Is it on, and at home?")
    if standing.reason == SWITCHED_OFF:
        until = f"until {clock_time(standing.until, zone, now)}" if standing.until is not None else ""
        return State("warning", "paused", "Switched off at its console", until, "No rules hold behind it meanwhile.")
    if standing.reason == "clock_differs":
        off = length(abs(standing.clock_difference))
        side, effect = ("behind", "late") if standing.clock_difference < 0 else ("ahead", "early")
        return State("clock", "paused", f"Its clock is {off} {side}", "", f"So bedtimes come {effect} there.")
    if standing.state == "failed":
        return State("warning", "paused", "Not applied", "", f"{_sentence(_fault(standing.reason))} {heard}".strip())
    if standing.state == "waiting":
        return State("clock", "paused", "Sending …", "", f"The newest rules are on their way. {heard}".strip())
    if standing.reason == "not_saved":
        why = "Its disk is full. After a restart it would begin with older rules."
        return State("warning", "paused", "Applied, but not saved", "", f"{why} {heard}".strip())
    if standing.reason == "no_dns":
        why = "Until it does, children’s devices find no sites; it is started again by itself."
        return State("warning", "paused", "Applied, but the filter does not answer", "", f"{why} {heard}".strip())
    if standing.reason == "no_pack":
        why = "It goes on with the last one, if it has any, and asks again by itself."
        return State("warning", "paused", "Applied, but without the newest list of sites", "", f"{why} {heard}".strip())
    if standing.reason == "clock_untrusted":
        why = "It does not know the time for sure yet, so it keeps to the stricter rules."
        return State("check", "open", "Enforcing", "", f"{why} {heard}".strip())
    return State("check", "open", "Enforcing", "", heard)


def _fault(reason: str) -> str:
    if reason.upper() in errno.errorcode.values():
        return f"its firewall refused the rules ({reason.upper()})"
    return _FAULTS.get(reason, reason.replace("_", " ")) or "no reason given"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def browser_text(user_agent: str) -> str:
    """`Chrome on Android`; only words from here, as the header is a stranger's."""
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
