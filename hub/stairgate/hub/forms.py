"""What people type into forms, read and checked: all faults of a form at once, each with its field.

It decides what a form may say; whether the act is possible now is `acts`' part. Fields that are missing are
empty.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from werkzeug.datastructures import MultiDict

from stairgate.hub import limits
from stairgate.hub.family import CHILD_BANDS, DEVICE_KINDS
from stairgate.hub.language import _
from stairgate.hub.local_time import zone_names
from stairgate.hub.plain_text import clean_name, read_mac

Form = MultiDict[str, str]
Faults = dict[str, str]  # field -> what to do about it


class ChildForm(NamedTuple):
    """A new child."""

    name: str
    band: str
    zone: str


class DeviceForm(NamedTuple):
    """A new device; `person` is a child's id, or `adult` for a device without rules."""

    name: str
    mac: str
    kind: str
    person: str


SPECIAL_FLAGS = ("assistive", "isolated")


class DeviceEditForm(NamedTuple):
    """A device as its own page sends it; `revision` is the one the page was made from. flags: of `SPECIAL_FLAGS`."""

    revision: int
    name: str
    kind: str
    persons: tuple[str, ...]
    is_adult: bool
    asks_who: bool
    flags: tuple[str, ...] = ()


class BedtimeForm(NamedTuple):
    """A bedtime: mask of days, minutes of the day; `week` and `revision` when an old one is changed.

    level: closed, open, or limited for a time at which only the child's list for such times is open.
    """

    days: int
    start: int
    end: int
    week: str | None
    revision: int
    level: str = "closed"


def read_child(form: Form, zone: str) -> tuple[ChildForm, Faults]:
    """The form and its faults; without a zone the home's is taken."""
    child = ChildForm(clean_name(form.get("name", "")), form.get("band", ""), form.get("zone") or zone)
    faults = {}
    if not child.name:
        faults["name"] = _("Please give a name; a nickname is fine.")
    if child.band not in CHILD_BANDS:
        faults["band"] = _("Please choose an age.")
    if child.zone not in zone_names():
        faults["zone"] = _("Please choose a time zone from the list.")
    return child, faults


def read_device(form: Form, people: Mapping[str, str]) -> tuple[DeviceForm, Faults]:
    """The form and its faults. `people`: the children's ids."""
    mac = read_mac(form.get("mac", ""))
    device = DeviceForm(
        clean_name(form.get("name", "")), mac or "", form.get("kind") or "other", form.get("person", "")
    )
    faults = {}
    if not device.name:
        faults["name"] = _("Please give a name, such as “blue tablet”.")
    if not mac:
        faults["mac"] = _("Please type the 12 digits and letters, such as 02:00:5E:10:00:01.")
    if device.kind not in DEVICE_KINDS:
        faults["kind"] = _("Please choose what it is.")
    if device.person != "adult" and device.person not in people:
        faults["person"] = _("Please choose whose it is.")
    return device, faults


def read_device_edit(form: Form, people: Collection[str]) -> tuple[DeviceEditForm, Faults]:
    """The form and its faults. `whose` may repeat: children's ids or `adult`; none means nobody's."""
    whose = form.getlist("whose")[: limits.CHILDREN_MAX + 1]
    persons = tuple(dict.fromkeys(person for person in whose if person != "adult"))
    edit = DeviceEditForm(
        _number(form.get("revision", "")) or 0,
        clean_name(form.get("name", "")),
        form.get("kind") or "other",
        persons,
        "adult" in whose,
        bool(form.get("asks_who")),
        tuple(flag for flag in SPECIAL_FLAGS if form.get(flag)),
    )
    faults = {}
    if not edit.name:
        faults["name"] = _("Please give a name, such as “blue tablet”.")
    if edit.kind not in DEVICE_KINDS:
        faults["kind"] = _("Please choose what it is.")
    if not set(persons) <= set(people):
        faults["whose"] = _("Please choose whose it is.")
    if persons and edit.is_adult:
        faults["whose"] = _("Please choose either children or a grown-up: a grown-up’s device has no rules.")
    if edit.flags == ("isolated",) and not persons and not edit.is_adult:
        faults["whose"] = _("Please choose whose it is, too.")
    return edit, faults


def read_bedtime(form: Form) -> tuple[BedtimeForm, Faults]:
    """The form and its faults. `days` may repeat; each is a sum of Monday 1, Tuesday 2 … Sunday 64."""
    days = 0
    for text in form.getlist("days")[:7]:
        number = _number(text)
        days |= number if number is not None and 0 < number < 128 else 0
    start, end = read_minute(form.get("start", "")), read_minute(form.get("end", ""))
    faults = {}
    if not days:
        faults["days"] = _("Please choose at least one day.")
    if start is None:
        faults["start"] = _("Please give the time it begins, such as 20:30.")
    if end is None:
        faults["end"] = _("Please give the time it ends, such as 07:00.")
    if start is not None and start == end:
        faults["end"] = _("Please let it end at another time than it begins.")
    level = form.get("level") or "closed"
    if level not in ("closed", "limited", "open"):
        faults["level"] = _("Please choose what is on then.")
    bedtime = BedtimeForm(
        days, start or 0, end or 0, form.get("week") or None, _number(form.get("revision", "")) or 0, level
    )
    return bedtime, faults


def read_minutes(form: Form, allowed: tuple[int, ...]) -> int | None:
    """The field `minutes` when it is one of the allowed numbers, else None."""
    number = _number(form.get("minutes", ""))
    return number if number in allowed else None


def read_minute(text: str) -> int | None:
    """The minute of the day for `20:30`, None for anything else."""
    hour, _colon, minute = text.strip()[:8].partition(":")
    hours, minutes = _number(hour), _number(minute[:2])
    if hours is None or minutes is None or not (0 <= hours < 24 and 0 <= minutes < 60):
        return None
    return hours * 60 + minutes


def password_of(form: Form) -> str:
    """The password as typed, with a bound."""
    return form.get("password", "")[: limits.PASSWORD_CHARACTERS_MAX + 1]


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
