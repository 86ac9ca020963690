"""The history in sentences: what a parent or a router did, and the picture of a child's last seven days.

Names are looked up when it is shown; the history itself has ids only. Days are UTC days, as they were counted.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from stairgate.hub import limits, wording
from stairgate.hub.history import DAY_SECONDS, Day, Event

_WORDS = {
    "accounts.cancel": "Took an invitation back",
    "accounts.change_password": "Chose another password for themselves",
    "accounts.change_role": "Changed what {account} may do",
    "accounts.invite": "Invited somebody",
    "accounts.join": "Joined with an invitation",
    "accounts.remove": "Removed the account of {account}",
    "accounts.rename": "Changed their own name",
    "accounts.sign_out": "Signed {account} out everywhere",
    "account.revoke": "Signed a browser out",
    "account.revoke_others": "Signed all other browsers out",
    "child.add": "Added {child}",
    "child.remove": "Removed a child, with its history",
    "child.pause": "Paused {child}{minutes}",
    "child.bonus": "Gave {child} extra time{minutes}",
    "child.give": "Gave {amount} of today back to {child}",
    "child.end": "Ended a pause or extra time of {child}",
    "child.undo": "Undid the last change for {child}",
    "child.bedtime": "Changed a bedtime of {child}",
    "child.remove_bedtime": "Removed a bedtime of {child}",
    "schedule.set_window": "Changed a time in the week of {child}",
    "schedule.remove_window": "Removed a time from the week of {child}",
    "schedule.choose_bedtimes": "Chose the bedtimes of an age for {child}",
    "schedule.set_otherwise": "Changed what holds for {child} at all other times",
    "schedule.copy_week": "Copied another child’s week for {child}",
    "schedule.set_dates": "Changed an exception on dates for {child}",
    "schedule.remove_dates": "Removed an exception on dates of {child}",
    "schedule.only_today": "Changed today for {child}",
    "schedule.free_until": "Opened for {child} until a time",
    "schedule.set_budget": "Changed minutes a day of {child}",
    "schedule.choose_budgets": "Chose the minutes of an age for {child}",
    "schedule.set_day_start": "Changed when minutes begin anew",
    "requests.answer": "Answered a question of {child}{minutes}",
    "requests.undo": "Took back an answer to {child}",
    "requests.end_pass": "Closed a site again for {child}",
    "requests.lift_stop": "Took back that {child} wanted to stop",
    "requests.free_minutes": "Said how many minutes {child} may take without asking",
    "asking.stop": "{child} wanted to stop today",
    "asking.take": "{child} took extra time that is allowed without asking{minutes}",
    "growing.accept": "Took the looser preset for the age of {child}",
    "growing.born": "Changed the birth month of {child}",
    "growing.not_now": "Said “not now” to a looser preset for {child}",
    "grown": "Somebody is 18: rules, filter and history ended by themselves",
    "words.save": "Said why to {child}",
    "notify.choose": "Said where a word is sent when a question waits",
    "notify.try_now": "Had a word sent for trial",
    "filter.choose": "Chose a preset of the filter of {child}",
    "filter.switch": "Changed what is blocked for {child}",
    "filter.search": "Changed searching and YouTube for {child}",
    "filter.way": "Changed how the filter of {child} works",
    "filter.set_apps": "Changed apps for {child}",
    "filter.set_names": "Changed names in the filter of {child}",
    "filter.set_only": "Changed the homework list of {child}",
    "needs.add": "Added to the homework list of {child}",
    "filter.undo": "Undid the last change of the filter of {child}",
    "device.add": "Added a device",
    "device.assign": "Said whose {device} is",
    "device.edit": "Changed {device}",
    "device.end_use": "Ended somebody’s turn at {device}",
    "device.exempt_this_one": "Took their own device out of the rules",
    "device.remove": "Removed a device",
    "device.undo": "Undid the last change of {device}",
    "agreed.begin": "Began to write rules that can be offered on {device}",
    "agreed.offer": "Offered rules on {device}",
    "agreed.withdraw": "Took back the rules that were offered on {device}",
    "agreed.discard": "Deleted the rules that were written for {device}",
    "agreed_here.accept": "Rules were accepted on {device}",
    "agreed_here.refuse": "Rules were refused on {device}",
    "agreed_here.end": "Accepted rules were taken back on {device}",
    "quarantine.keep": "New devices stay without internet until somebody says whose they are",
    "quarantine.stop": "New devices follow the strictest child again",
    "quarantine.try_it": "Tried leaving new devices without internet",
    "source.add": "Added a block list",
    "source.refresh": "Had a block list fetched",
    "source.remove": "Removed a block list",
    "source.switch": "Switched a block list on or off",
    "router.cancel": "Stopped waiting for a router",
    "router.open_code": "Asked for a code to add a router",
    "router.put_out": "Put out the last connection of a removed router",
    "router.remove": "Removed a router",
    "router.rename": "Renamed {router}",
    "keeping.backup": "Made a backup",
    "keeping.export_data": "Downloaded all data",
    "keeping.delete_history": "Deleted the history",
    "claimed": "This hub got its owner",
    "restored": "This hub was restored from a backup",
    "password_set": "The owner’s password was set anew with a code from the hub’s machine",
    "router_failed": "{router} could not do what was asked",
    "router_applied": "{router} does what was asked again",
    "paired": "A router was paired with its code",
}
_SVG_WIDTH, _SVG_HEIGHT = 280, 64


class Line(NamedTuple):
    """One event. `by`: who, empty when nobody of the family did it."""

    when: str
    text: str
    by: str


class WeekDay(NamedTuple):
    """One row of the table; `day` as `Mon 3 Aug`, amounts as `3.4 MB`."""

    day: str
    to_devices: str
    from_devices: str


class Week(NamedTuple):
    """A child's last seven days, oldest first.

    down, up: SVG paths. total_to, total_from, peak: amounts in words. is_empty: nothing was counted.
    """

    days: tuple[WeekDay, ...]
    down: str
    up: str
    total_to: str
    total_from: str
    peak: str
    is_empty: bool


def lines(
    events: Sequence[Event], names: Mapping[str, str], routers: Mapping[str, str], zone: str, now: float
) -> list[Line]:
    """Sentences for events. names: id -> name of children, accounts and devices; routers: id -> name."""
    return [_line(event, names, routers, zone, now) for event in events]


def _line(event: Event, names: Mapping[str, str], routers: Mapping[str, str], zone: str, now: float) -> Line:
    # A page of which this table does not know: still told, by the page's name.
    text = _WORDS.get(event.kind) or f"Changed something ({event.kind.replace('.', ': ').replace('_', ' ')})"
    text = text.format(
        child=names.get(event.person, "a child"),
        account=names.get(event.person, "somebody"),
        device=names.get(event.device, "a device"),
        minutes=f" for {event.minutes} minutes" if event.minutes else "",
        amount=f"{event.minutes} minutes",
        router=routers.get(event.agent, "A router"),
    )
    text = text[:1].upper() + text[1:]  # a router’s label may begin small
    return Line(wording.clock_time(event.at, zone, now), text, names.get(event.by, event.by and "a parent"))


def week(days: Sequence[Day], now: float) -> Week:
    """The picture and the table of all devices of one child together."""
    today = int(now) // DAY_SECONDS
    first = today - limits.HISTORY_DAYS_SHOWN + 1
    sums = [
        (
            sum(entry.to_device for entry in days if entry.day == day),
            sum(entry.from_device for entry in days if entry.day == day),
        )
        for day in range(first, today + 1)
    ]
    peak = max(max(pair) for pair in sums)
    rows = tuple(
        WeekDay(_day_name(first + place), wording.bytes_text(to), wording.bytes_text(sent))
        for place, (to, sent) in enumerate(sums)
    )
    to_all, from_all = sum(to for to, _ in sums), sum(sent for _, sent in sums)
    return Week(
        days=rows,
        down=_bars([to for to, _ in sums], peak, 0.0),
        up=_bars([sent for _, sent in sums], peak, 0.5),
        total_to=wording.bytes_text(to_all),
        total_from=wording.bytes_text(from_all),
        peak=wording.bytes_text(peak),
        is_empty=not to_all + from_all,
    )


def _bars(values: Sequence[int], peak: int, side: float) -> str:
    """One bar a day, `side` 0 or a half of its slot to the right."""
    slot = _SVG_WIDTH / len(values)
    width = slot * 0.34
    parts = []
    for place, value in enumerate(values):
        if value:
            height = max(1.0, value / peak * (_SVG_HEIGHT - 4))
            left = place * slot + slot * 0.14 + side * slot * 0.76
            parts.append(f"M{left:.1f} {_SVG_HEIGHT}v-{height:.1f}h{width:.1f}v{height:.1f}z")
    return "".join(parts)


def _day_name(day: int) -> str:
    then = datetime.fromtimestamp(day * DAY_SECONDS, UTC)
    return f"{wording.DAY_NAMES[then.weekday()]} {then.day} {then:%b}"
