"""The devices of the home: the list, a form for a new one, and their traffic as a picture with its text twin."""

from typing import NamedTuple

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import forms, limits, wording
from stairgate.hub.acts import NotPossible
from stairgate.hub.cards import DeviceLine
from stairgate.hub.context import asking_mac, overview, page, parts
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.traffic import Flow

device = Blueprint("device", __name__)
Answer = Response | tuple[str, int]

_BAR_STEP, _BAR_WIDTH, _PICTURE_HEIGHT = 5, 4, 64
_TWIN_BUCKETS = 10  # rows of the text twin sum this many buckets: 20 seconds


class TwinRow(NamedTuple):
    """One row of the picture's text twin: how long ago it began, and bytes in words."""

    ago: str
    to_device: str
    from_device: str


class Picture(NamedTuple):
    """A device's last two minutes: SVG paths (down stands on the line at `base`, up hangs from it), and words."""

    line: DeviceLine
    base: int
    down: str
    up: str
    peak: str
    now_to: str
    now_from: str
    total_to: str
    total_from: str
    is_quiet: bool
    twin: tuple[TwinRow, ...]


@device.get("/devices")
def index() -> Answer:
    """Every device, and the form for a new one."""
    return _list()


@device.post("/devices")
def add() -> Answer:
    """Add a device: name, mac, kind, person (a child's id, or `adult` for a device without rules)."""
    people = {card.person.id: card.person.name for card in overview().cards}
    wanted, faults = forms.read_device(request.form, people)
    if not faults:
        is_adult = wanted.person == "adult"
        try:
            parts().acts.add_device(
                wanted.name,
                wanted.mac,
                wanted.kind,
                () if is_adult else (wanted.person,),
                ("exempt",) if is_adult else (),
            )
            if request.form.get("from") == "child" and not is_adult:
                return redirect(url_for("child.show", person=wanted.person, _anchor="devices"), 303)
            return redirect(url_for("device.index"), 303)
        except NotPossible as problem:
            faults["mac"] = str(problem)
        except PolicyTooLarge:
            faults["mac"] = "These are more devices than the router can hold."
    return _list(422, faults)


def _list(status: int = 200, faults: forms.Faults | None = None) -> Answer:
    mac = asking_mac()
    known = next((line for line in overview().devices if mac in line.device.macs), None)
    return page(
        "devices.html",
        status,
        form=request.form if request.method == "POST" else request.args,
        faults=faults or {},
        # Offered where it can work: a child's device is removed from the list first.
        is_unknown=mac is not None and known is None,
    )


@device.post("/devices/this-one")
def exempt_this_one() -> Answer:
    """Keep the device that asks out of all rules: it is the parent's own."""
    mac = asking_mac()
    fault = "The hub cannot see which device this is. Please add it below."
    if mac:
        try:
            parts().acts.exempt_parent(mac)
            return redirect(url_for("device.index"), 303)
        except NotPossible as problem:
            fault = str(problem)
        except PolicyTooLarge:
            fault = "These are more devices than the router can hold."
    return _list(409, {"this": fault})


@device.post("/devices/<device_id>/remove")
def remove(device_id: str) -> Answer:
    """Forget a device."""
    parts().acts.remove_device(device_id)
    return redirect(url_for("device.index"), 303)


@device.get("/traffic")
def traffic() -> Answer:
    """What moves now, for each device that has rules."""
    return page("traffic.html", pictures=pictures(overview().devices))


def pictures(lines: tuple[DeviceLine, ...]) -> tuple[Picture, ...]:
    """The pictures of these devices; exempt ones and those of nobody have none."""
    return tuple(
        _picture(line, parts().traffic.of(line.device.id))
        for line in lines
        if line.owners and "exempt" not in line.device.flags
    )


def _picture(line: DeviceLine, flow: Flow) -> Picture:
    top, bottom = max(flow.to_device), max(flow.from_device)
    scale = _PICTURE_HEIGHT / max(top + bottom, 1)
    base = min(max(round(top * scale), 2), _PICTURE_HEIGHT - 2) if top + bottom else _PICTURE_HEIGHT - 2
    seconds = limits.TRAFFIC_BUCKET_SECONDS
    # The last bucket is still filling; the one before says what moves now.
    now_to, now_from = flow.to_device[-2] / seconds, flow.from_device[-2] / seconds
    rows = []
    for start in range(0, limits.TRAFFIC_BUCKETS, _TWIN_BUCKETS):
        window = slice(start, start + _TWIN_BUCKETS)
        ago = (limits.TRAFFIC_BUCKETS - start) * seconds
        rows.append(
            TwinRow(
                f"{ago}–{ago - _TWIN_BUCKETS * seconds} s ago",
                wording.bytes_text(sum(flow.to_device[window])),
                wording.bytes_text(sum(flow.from_device[window])),
            )
        )
    return Picture(
        line=line,
        base=base,
        down=_bars(flow.to_device, base, -scale),
        up=_bars(flow.from_device, base, scale),
        peak=f"{wording.bytes_text(max(top, bottom) / seconds)}/s",
        now_to=f"{wording.bytes_text(now_to)}/s",
        now_from=f"{wording.bytes_text(now_from)}/s",
        total_to=wording.bytes_text(sum(flow.to_device)),
        total_from=wording.bytes_text(sum(flow.from_device)),
        is_quiet=not (flow.to_device[-2] or flow.from_device[-2] or flow.to_device[-1] or flow.from_device[-1]),
        twin=tuple(reversed(rows)),
    )


def _bars(values: tuple[int, ...], base: int, scale: float) -> str:
    """An SVG path of bars from the line at `base`; at least one unit high where anything moved."""
    commands = []
    for index, value in enumerate(values):
        if value:
            height = round(value * scale) or (1 if scale > 0 else -1)
            commands.append(f"M{index * _BAR_STEP} {base}v{height}h{_BAR_WIDTH}v{-height}z")
    return "".join(commands)
