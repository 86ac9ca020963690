"""The device on which a child asks for time: what minutes open there, and what is said where they open nothing.

It decides that minutes for a child end no quiet hours of a device, so that none are asked for there. That a shared
device is the child's for the minutes that it is given is `handed_over`'s part, what an answer gives `answer_acts`'.
"""

from collections.abc import Sequence

from markupsafe import Markup

from stairgate.core.quiet import QuietHours, quiet_zone
from stairgate.hub import limits, outlook, wording
from stairgate.hub.discovery import shown_name
from stairgate.hub.family import Device, Family, Override, Person
from stairgate.hub.language import N_, _
from stairgate.hub.refusal import NotPossible

_QUIET = N_(
    "This device has quiet hours until {until}, and minutes for you do not end them. A parent can change them on this "
    "device’s page in Stairgate. If you have another device, you can ask there."
)


def quiet_end(family: Family, device_id: str, now: int) -> int | None:
    """Until when (UTC seconds) quiet hours close a device whatever its people may; None where none do."""
    policy = outlook.policy_of(family, now)
    device = next((one for one in policy.devices if one.id == device_id), None)
    quiet = next((one for one in policy.quiets if one.device == device_id and one.action == "close"), None)
    if device is None or quiet is None:
        return None
    hours, end = QuietHours(quiet_zone(policy, device), quiet), now
    for _step in range(limits.QUIET_EDGES):
        if not hours.line(end):
            break
        end = hours.next_edge(end)
    return end if end > now else None


def quiet_says(family: Family, device: Device, zone: str, now: int) -> str:
    """Why asking for time leads nowhere on this device now, and what does; "" where it leads somewhere."""
    end = quiet_end(family, device.id, now)
    return _(_QUIET).format(until=wording.clock_time(end, zone, now)) if end else ""


def check_asking(family: Family, device: Device, child: Person, now: int, use: outlook.Use) -> bool:
    """Whether minutes can be asked for here though the child's own rules are open without an end.

    Raises `NotPossible` where minutes would not open this device, with what does.
    """
    if quiet := quiet_says(family, device, child.zone, now):
        raise NotPossible(quiet)
    if len(device.persons) < 2 or device.user(now) == child.id or _is_open(family, device, now, use):
        return False
    own = outlook.of_person(family, child, now, use)
    if device.asks_who and own.level == "open" and own.until is None:
        said = _("Your internet is on. Tap “{name}” at “Who is using it now?” on your page, and your rules hold here.")
        raise NotPossible(said.format(name=child.name))
    return True


def extra_says(family: Family, device: Device, people: Sequence[Person], now: int, use: outlook.Use) -> str:
    """What whoever holds a device reads where extra time of these people is running and it is closed all the same."""
    running = [(one, bonus) for one in people if (bonus := _bonus(family, one, now))]
    if not running or _is_open(family, device, now, use):
        return ""
    child, bonus = running[0]
    until = wording.clock_time(bonus.until, child.zone, now)
    if quiet := quiet_end(family, device.id, now):
        ends = wording.clock_time(quiet, child.zone, now)
        said = _(
            "There is extra time until {until}, but this device has quiet hours until {ends}, which it does not end. "
            "A parent can change them on this device’s page in Stairgate."
        )
        return said.format(until=until, ends=ends)
    if len(device.persons) < 2 or device.user(now):
        return ""
    if device.asks_who:
        said = _(
            "{name} has extra time until {until}, but here the strictest rules of all of you hold. Tap “{name}” at "
            "“Who is using it now?”, and it counts here."
        )
    else:
        said = _(
            "{name} has extra time until {until}, but here the strictest rules of all of you hold. A parent can change "
            "that on this device’s page in Stairgate, or say yes to a new question."
        )
    return said.format(name=child.name, until=until)


def parents_read(family: Family, device: Device, child: Person, now: float) -> Markup:
    """What a yes to a question for time does to the device it was asked on, where that is more than minutes; or ""."""
    fields = {"name": child.name, "device": shown_name(device.name)}
    if quiet := quiet_end(family, device.id, int(now)):
        said = _(
            "<bdi>{device}</bdi> has quiet hours until {until}. Minutes do not end them: to open it, change them on "
            "its page."
        )
        return Markup(said).format(until=wording.clock_time(quiet, child.zone, now), **fields)
    if len(device.persons) < 2 or child.id not in device.persons:
        return Markup("")
    if device.user(now) not in ("", child.id):
        said = _("Somebody else is using <bdi>{device}</bdi> now: a yes does not open it there for <bdi>{name}</bdi>.")
    else:
        said = _(
            "<bdi>{device}</bdi> is shared: with a yes the rules of <bdi>{name}</bdi> hold there for these minutes, "
            "two hours at most."
        )
    return Markup(said).format(**fields)


def _is_open(family: Family, device: Device, now: int, use: outlook.Use) -> bool:
    return outlook.of_everybody(family, now, use)[device.id].level == "open"


def _bonus(family: Family, child: Person, now: int) -> Override | None:
    return next((o for o in family.overrides_of(child.id) if o.kind == "bonus" and o.start <= now < o.until), None)
