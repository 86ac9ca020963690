"""What a router observed of devices under a watch that the policy names: rows of the message up/events, both ways.

It decides what a well-formed row is; whether it is new or true is left to whoever receives it. Every row is cumulative,
so that loss, repetition and order do no harm. Only devices with `reach` or `quiet` lines are in such rows. For routers
and the hub; a toy needs none of it.
"""

import json

from stairgate.core import limits
from stairgate.core.fields import is_address, is_id, is_integer, is_name, is_time
from stairgate.core.messages import EVENTS, VERSION, read_message
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NamedTuple  # noqa: TID251

    class Reached(NamedTuple):
        """How often a device with `reach` lines asked for a place on one UTC day, as far as this agent knows.

        where: a DNS name, an address, or "" for all places beyond the bound of a day. verdict: `declared` (where is
        then the name of the `reach` line) or `refused`. day: since 1970; times: of the day so far, of an address in
        packets; last: UTC seconds of the last time.
        """

        device: str
        where: str
        verdict: str
        day: int
        times: int
        last: int

    class Streamed(NamedTuple):
        """A device sent more than a threshold within a minute of its quiet hours.

        began: UTC seconds; with the device it names the alarm. last: of the newest bytes; bytes: since it began.
        """

        device: str
        began: int
        last: int
        bytes: int

else:
    from collections import namedtuple

    Reached = namedtuple("Reached", ("device", "where", "verdict", "day", "times", "last"))
    Streamed = namedtuple("Streamed", ("device", "began", "last", "bytes"))

DECLARED, REFUSED = "declared", "refused"
VERDICTS = (DECLARED, REFUSED)


def _is_reached(row: "Sequence[object]") -> bool:
    return (
        len(row) == 7
        and is_id(row[1])
        and (row[2] == "" or is_address(row[2]) or is_name(row[2]))
        and row[3] in VERDICTS
        and is_integer(row[4], 0, limits.DAY_MAX)
        and is_integer(row[5], 1, limits.COUNTER_MAX)
        and is_time(row[6])
    )


def _is_streamed(row: "Sequence[object]") -> bool:
    return (
        len(row) == 5
        and is_id(row[1])
        and is_time(row[2])
        and is_time(row[3])
        and is_integer(row[4], 1, limits.COUNTER_MAX)
    )


def encode_observed(id: str, t: int, agent: str, rows: "Sequence[Reached | Streamed]") -> bytes:
    """The message of topic up/events with these rows. Raises Refused `bad_message` or `too_large`."""
    named = [["reached" if len(row) == 6 else "streamed"] + list(row) for row in rows]
    message = {"v": VERSION, "id": id, "t": t, "agent": agent, "events": named}
    data = json.dumps(message).encode()
    if read_observed(data) != tuple(rows):
        raise Refused("bad_message", "expected sound rows of things observed")
    return data


def read_observed(data: bytes) -> "tuple[Reached | Streamed, ...]":
    """What a message of topic up/events says was observed; all its other rows are left out.

    Raises Refused: `too_large`, `unknown_version` or `bad_message`.
    """
    rows = read_message(EVENTS, data, limits.EVENTS_BYTES)[3]
    found: "list[Reached | Streamed]" = []
    for row in rows:  # type: ignore[attr-defined]
        if row[0] == "reached":
            if not _is_reached(row):
                raise Refused("bad_message", 'expected ["reached", device, where, verdict, day, count, last]')
            found.append(Reached(*row[1:]))
        elif row[0] == "streamed":
            if not _is_streamed(row):
                raise Refused("bad_message", 'expected ["streamed", device, began, last, bytes]')
            found.append(Streamed(*row[1:]))
    return tuple(found)
