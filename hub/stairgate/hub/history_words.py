"""The history in sentences: what a parent or a router did, and the picture of a child's last seven days.

Names are looked up when it is shown; the history itself has ids only. Days are UTC days, as they were counted.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from stairgate.hub import limits, wording
from stairgate.hub.history import DAY_SECONDS, Day, Event
from stairgate.hub.language import N_, _, ngettext

_WORDS = {
    "accounts.cancel": N_("Took an invitation back"),
    "accounts.change_password": N_("Chose another password for themselves"),
    "accounts.change_role": N_("Changed what {account} may do"),
    "accounts.invite": N_("Invited somebody"),
    "accounts.join": N_("Joined with an invitation"),
    "accounts.remove": N_("Removed the account of {account}"),
    "accounts.rename": N_("Changed their own name"),
    "accounts.sign_out": N_("Signed {account} out everywhere"),
    "account.revoke": N_("Signed a browser out"),
    "account.revoke_others": N_("Signed all other browsers out"),
    "child.add": N_("Added {child}"),
    "child.remove": N_("Removed a child, with its history"),
    "child.pause": N_("Paused {child}"),
    "child.bonus": N_("Gave {child} extra time"),
    "child.give": N_("Gave {length} of today back to {child}"),
    "child.end": N_("Ended a pause or extra time of {child}"),
    "child.undo": N_("Undid the last change for {child}"),
    "child.bedtime": N_("Changed a bedtime of {child}"),
    "child.remove_bedtime": N_("Removed a bedtime of {child}"),
    "schedule.set_window": N_("Changed a time in the week of {child}"),
    "schedule.remove_window": N_("Removed a time from the week of {child}"),
    "schedule.choose_bedtimes": N_("Chose the bedtimes of an age for {child}"),
    "schedule.set_otherwise": N_("Changed what holds for {child} at all other times"),
    "schedule.copy_week": N_("Copied another child’s week for {child}"),
    "schedule.set_dates": N_("Changed an exception on dates for {child}"),
    "schedule.remove_dates": N_("Removed an exception on dates of {child}"),
    "schedule.only_today": N_("Changed today for {child}"),
    "schedule.free_until": N_("Opened for {child} until a time"),
    "schedule.set_budget": N_("Changed minutes a day of {child}"),
    "schedule.choose_budgets": N_("Chose the minutes of an age for {child}"),
    "schedule.set_day_start": N_("Changed when minutes begin anew"),
    "requests.answer": N_("Answered a question of {child}"),
    "requests.undo": N_("Took back an answer to {child}"),
    "requests.end_pass": N_("Closed a site again for {child}"),
    "requests.lift_stop": N_("Took back that {child} wanted to stop"),
    "requests.free_minutes": N_("Said how many minutes {child} may take without asking"),
    "asking.stop": N_("{child} wanted to stop today"),
    "asking.take": N_("{child} took extra time that is allowed without asking"),
    "growing.accept": N_("Took the looser preset for the age of {child}"),
    "growing.born": N_("Changed the birth month of {child}"),
    "growing.not_now": N_("Said “not now” to a looser preset for {child}"),
    "grown": N_("Somebody is 18: rules, filter and history ended by themselves"),
    "words.save": N_("Said why to {child}"),
    "notify.choose": N_("Said where a word is sent when a question waits"),
    "notify.try_now": N_("Had a word sent for trial"),
    "filter.choose": N_("Chose a preset of the filter of {child}"),
    "filter.switch": N_("Changed what is blocked for {child}"),
    "filter.search": N_("Changed searching and YouTube for {child}"),
    "filter.way": N_("Changed how the filter of {child} works"),
    "filter.set_apps": N_("Changed apps for {child}"),
    "filter.set_names": N_("Changed names in the filter of {child}"),
    "filter.set_only": N_("Changed the homework list of {child}"),
    "needs.add": N_("Added to the homework list of {child}"),
    "filter.undo": N_("Undid the last change of the filter of {child}"),
    "device.add": N_("Added a device"),
    "device.assign": N_("Said whose {device} is"),
    "device.edit": N_("Changed {device}"),
    "device.end_use": N_("Ended somebody’s turn at {device}"),
    "device.exempt_this_one": N_("Took their own device out of the rules"),
    "device.remove": N_("Removed a device"),
    "device.undo": N_("Undid the last change of {device}"),
    "quiet.set_hours": N_("Set quiet hours of {device}"),
    "quiet.end": N_("Took the quiet hours of {device} away"),
    "quiet.undo": N_("Undid the last change of the quiet hours of {device}"),
    "quiet.seen": N_("Has seen the alarm of {device}"),
    "streamed": N_("{device} sent data out in its quiet hours"),
    "agreed.begin": N_("Began to write rules that can be offered on {device}"),
    "agreed.offer": N_("Offered rules on {device}"),
    "agreed.withdraw": N_("Took back the rules that were offered on {device}"),
    "agreed.discard": N_("Deleted the rules that were written for {device}"),
    "agreed_here.accept": N_("Rules were accepted on {device}"),
    "agreed_here.refuse": N_("Rules were refused on {device}"),
    "agreed_here.end": N_("Accepted rules were taken back on {device}"),
    "quarantine.keep": N_("New devices stay without internet until somebody says whose they are"),
    "quarantine.stop": N_("New devices follow the strictest child again"),
    "quarantine.try_it": N_("Tried leaving new devices without internet"),
    "source.add": N_("Added a block list"),
    "source.refresh": N_("Had a block list fetched"),
    "source.remove": N_("Removed a block list"),
    "source.switch": N_("Switched a block list on or off"),
    "router.cancel": N_("Stopped waiting for a router"),
    "router.open_code": N_("Asked for a code to add a router"),
    "router.put_out": N_("Put out the last connection of a removed router"),
    "router.remove": N_("Removed a router"),
    "router.rename": N_("Renamed {router}"),
    "toy.agree": N_("Agreed to something that {toy} takes in"),
    "toy_pairing.cancel": N_("Stopped waiting for a toy"),
    "toy.close_gate": N_("Closed a sensor of {toy}"),
    "toy.erase": N_("Had {toy} erase what it holds"),
    "toy.give_away": N_("Had {toy} forget this family"),
    "toy.open_gate": N_("Opened a sensor of {toy}"),
    "toy.remove": N_("Removed a toy"),
    "toy.rename": N_("Renamed {toy}"),
    "toy.switch_off": N_("Switched a sensor of {toy} off"),
    "toy.switch_on": N_("Switched a sensor of {toy} on again"),
    "toy_pairing.wait": N_("Waited for a toy to be paired"),
    "toy.withdraw": N_("Took an agreement for {toy} back"),
    "toy_paired": N_("A toy was paired with its code"),
    "keeping.backup": N_("Made a backup"),
    "keeping.export_data": N_("Downloaded all data"),
    "keeping.delete_history": N_("Deleted the history"),
    "claimed": N_("This hub got its owner"),
    "restored": N_("This hub was restored from a backup"),
    "password_set": N_("The owner’s password was set anew with a code from the hub’s machine"),
    "router_failed": N_("{router} could not do what was asked"),
    "router_applied": N_("{router} does what was asked again"),
    "paired": N_("A router was paired with its code"),
}
# The same where minutes are known.
_WITH_MINUTES = {
    "child.pause": N_("Paused {child} for {length}"),
    "child.bonus": N_("Gave {child} extra time for {length}"),
    "requests.answer": N_("Answered a question of {child} for {length}"),
    "asking.take": N_("{child} took extra time that is allowed without asking for {length}"),
}
_SVG_WIDTH, _SVG_HEIGHT = 280, 64


class Line(NamedTuple):
    """One event. `by`: by whom, in words; empty when nobody of the family did it."""

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
    text = _(_WITH_MINUTES.get(event.kind, "")) if event.minutes else ""
    text = text or _(_WORDS.get(event.kind, ""))
    if not text:
        # A page of which this table does not know: still told, by the page's name.
        text = _("Changed something ({page})").format(page=event.kind.replace(".", ": ").replace("_", " "))
    text = text.format(
        child=names.get(event.person) or _("a child"),
        account=names.get(event.person) or _("somebody"),
        device=names.get(event.device) or _("a device"),
        length=ngettext("{count} minute", "{count} minutes", event.minutes).format(count=event.minutes),
        router=routers.get(event.agent) or _("A router"),
        toy=routers.get(event.agent) or _("a toy"),
    )
    text = text[:1].upper() + text[1:]  # a router’s label may begin small
    return Line(wording.clock_time(event.at, zone, now), text, _by(event, names))


def _by(event: Event, names: Mapping[str, str]) -> str:
    if name := names.get(event.by):
        return _("by {name}").format(name=name)
    return _("by a parent") if event.by else ""


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
    return wording.date_text(datetime.fromtimestamp(day * DAY_SECONDS, UTC).date())
