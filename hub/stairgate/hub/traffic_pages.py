"""What moves now: for each device with rules the last two minutes, as a picture with its text twin."""

from typing import NamedTuple

from flask import Blueprint
from werkzeug.wrappers import Response

from stairgate.hub import limits, wording
from stairgate.hub.cards import DeviceLine
from stairgate.hub.context import overview, page, parts
from stairgate.hub.language import _
from stairgate.hub.traffic import Flow

traffic_pages = Blueprint("traffic", __name__)
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


@traffic_pages.get("/traffic")
def show() -> Answer:
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
                _("{begin}–{end} s ago").format(begin=ago, end=ago - _TWIN_BUCKETS * seconds),
                wording.bytes_text(sum(flow.to_device[window])),
                wording.bytes_text(sum(flow.from_device[window])),
            )
        )
    return Picture(
        line=line,
        base=base,
        down=_bars(flow.to_device, base, -scale),
        up=_bars(flow.from_device, base, scale),
        peak=wording.rate_text(max(top, bottom) / seconds),
        now_to=wording.rate_text(now_to),
        now_from=wording.rate_text(now_from),
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
