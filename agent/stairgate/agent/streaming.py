"""Whether a device streams up in quiet hours that only tell: bytes of each minute, held against one number.

It decides when an alarm begins and what belongs to it; closing is the core's and the gate's part, what a parent sees
the hub's. Bytes are those of the kernel's accounting by device number, as for minutes of use; of a flow that the
internet began they are those that came in, for which side began is not known.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from stairgate.agent.grants import is_exempt
from stairgate.agent.usage import Moved
from stairgate.core.observed import Streamed
from stairgate.core.quiet import QuietHours, quiet_zone
from stairgate.core.records import Policy

#: Bytes up in one minute that make an alarm. Idle speakers, cameras and monitors keep their connections with 1 to 20 KB
#: a minute and report themselves with less than 50; the leanest speech that anybody sends is 16 kbit/s, 120 KB a
#: minute, and one picture of a camera 100 KB and more.
STREAM_BYTES = 100_000
#: So long after its last such minute the next one is a new alarm.
PAUSE_SECONDS = 600
MINUTE_SECONDS = 60


class _Alarm(NamedTuple):
    began: int
    last: int
    bytes: int
    loud: int


class Streaming:
    """Call `follow` with each policy and `moved` after each reading; `news` gives the alarms that began or grew."""

    def __init__(self) -> None:
        self._policy: Policy | None = None
        self._hours: dict[str, QuietHours] = {}
        self._minutes: dict[str, tuple[int, int]] = {}
        self._alarms: dict[str, _Alarm] = {}
        self._untold: dict[str, None] = {}

    def follow(self, policy: Policy) -> None:
        """These quiet hours hold from now on."""
        if policy is self._policy:
            return
        self._policy = policy
        devices = {device.id: device for device in policy.devices if not is_exempt(device.flags)}
        self._hours = {
            quiet.device: QuietHours(quiet_zone(policy, devices[quiet.device]), quiet)
            for quiet in policy.quiets
            if quiet.action == "tell" and quiet.device in devices
        }
        self._minutes = {device: held for device, held in self._minutes.items() if device in self._hours}
        self._alarms = {device: alarm for device, alarm in self._alarms.items() if device in self._hours}
        self._untold = {device: None for device in self._untold if device in self._alarms}

    def moved(self, flows: Iterable[Moved], numbers: Mapping[str, int], utc: int, monotonic: float) -> None:
        """What moved since the last reading. numbers: of the devices."""
        quiet = {numbers[device]: device for device in self._hours if device in numbers}
        sent = dict.fromkeys(quiet, 0)
        for flow in flows if quiet else ():
            if flow.number in sent:
                sent[flow.number] += flow.sent
        for number, device in quiet.items():
            self._judge(device, sent[number], utc, int(monotonic // MINUTE_SECONDS))

    def _judge(self, device: str, sent: int, utc: int, minute: int) -> None:
        if not self._hours[device].line(utc):
            self._minutes.pop(device, None)
            if device not in self._untold:
                self._alarms.pop(device, None)
            return
        if device not in self._minutes:
            # Moved since the reading before, so perhaps before these hours began.
            self._minutes[device] = (minute, 0)
            return
        held, so_far = self._minutes[device]
        so_far = sent if held != minute else so_far + sent
        self._minutes[device] = (minute, so_far)
        alarm = self._alarms.get(device)
        is_loud = so_far >= STREAM_BYTES
        if alarm and utc - alarm.loud >= PAUSE_SECONDS and device not in self._untold:
            del self._alarms[device]
            alarm = None
        if alarm is None and not is_loud:
            return
        # The minute so far is part of what began in it.
        alarm = alarm._replace(bytes=alarm.bytes + sent) if alarm else _Alarm(utc, utc, so_far, utc)
        self._alarms[device] = alarm._replace(last=utc if sent else alarm.last, loud=utc if is_loud else alarm.loud)
        if sent:
            self._untold[device] = None

    def tell_all(self) -> None:
        """What was told before may not have arrived."""
        self._untold = dict.fromkeys(self._alarms)

    def news(self) -> list[Streamed]:
        """The alarms that have begun or grown since they were told."""
        told, self._untold = self._untold, {}
        return [
            Streamed(device, alarm.began, alarm.last, alarm.bytes)
            for device in told
            for alarm in (self._alarms[device],)
        ]
