"""The main job, measured: taps and bedtimes must stop real packets, whoever is still alive.

`make demo-check`. A parent in the lab claims the hub, gives Mia a phone and a console, and ends grants in every way
there is; captures in the devices' namespaces say what passed afterwards. Half of the ends are kept by the kernel alone,
with the agent killed before; hub and broker go away and come back in between. At last the inbound rule is removed, and
the check must see packets. It prints figures as JSON lines and exits 1 when the job was not done, 2 when the run says
nothing.

An end is the moment at which the kernel's element expires, or at which the agent's read-back of a pause was finished.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stairgate.agent.gate import GRANTED, GateSettings
from stairgate.agent.grants import mac_key
from stairgate.agent.netlink import NetlinkSocket
from stairgate.agent.set_elements import read_elements
from tests.lab import gate_check, network
from tests.lab.agent_bench import apply_times_ms
from tests.lab.capture import Seen
from tests.lab.gate_check import MILLISECOND, Window
from tests.lab.home import HUB_PORT, LabHome
from tests.lab.packets import flow_of
from tests.lab.parent import Parent
from tests.lab.processes import Deadline, Program, wait_until
from tests.lab.scene import CLOCK_DRIFT_NS, Footage, Scene

MIAS = ("phone", "console")
TAPS = 100
# A tap that is done before the stream's next datagram measures nothing; a few more are made for those.
SPARE_TAPS = 10
PAUSES, BEDTIMES, EXPIRIES = 7, 7, 2
GRANTS_WANTED = 30
WATCHED_NS = 1300 * MILLISECOND
QUIET_NS = 50 * MILLISECOND
SETTLED_NS = 200 * MILLISECOND
# A grant is cut to this long by moving the wall clock, long enough for the agent to notice the step.
BEDTIME_IN_SECONDS, EXPIRY_IN_SECONDS = 2.6, 5.0
CAPTURED_SHARE = 0.99
SOON_NS = 8000 * MILLISECOND
STALE_SECONDS = 60.0
LIMIT_MS = 100.0


BEGAN = time.monotonic()


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"demo-check {time.monotonic() - BEGAN:5.1f} s: {text}", file=sys.stderr, flush=True)


def figure(name: str, value: float, unit: str) -> None:
    """One figure."""
    print(json.dumps({"figure": name, "value": round(value, 3), "unit": unit}), flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share * 100) // 100) - 1)]


class Check:
    """One run. Every window it makes ends the grants of both of Mia's devices. opened_ns: since when they are open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = LabHome(folder)
        with network.inside("router"):
            self._kernel = NetlinkSocket()
        self.home.start_resolvers()
        self.home.start_broker()
        self.home.start_hub()
        self.agent: Program = self.home.start_agent()
        self.parent = Parent("tablet", network.HOME.v4, HUB_PORT)
        self.windows: list[Window] = []
        self.taps: list[Window] = []
        self.faults: list[str] = []
        self.opened_ns = 0

    def settle_in(self) -> None:
        """The first evening: claim, children, devices, a bedtime."""
        self.parent.claim(self.home.claim_code())
        self.mia = self.parent.add_child("Mia", "10-12")
        ben = self.parent.add_child("Ben", "6-9")
        for device, kind, person in (
            (network.PHONE, "phone", self.mia),
            (network.CONSOLE, "console", self.mia),
            (network.LAPTOP, "computer", ben),
        ):
            self.parent.add_device(device.name, device.mac, kind, person)
        now = self.home.clock.wall()
        # Daytime for the whole run: the bedtime begins in about an hour and is jumped to.
        self.bedtime = int(now // 60 * 60) + 3600
        minute = self.bedtime % 86400 // 60
        self.parent.post(
            f"/children/{self.mia}/bedtime",
            days="127",
            start=clock_text(minute),
            end=clock_text((minute + 600) % 1440),
        )
        self.wait_applied()
        self.scene = Scene(self.folder, MIAS)
        self.reopen()

    def wait_applied(self) -> None:
        """Until the hub says that the router applies what it should."""
        wait_until("applied on 1 of 1", lambda: self.parent.status()["applied"] == 1)

    def enforced(self, level: str) -> dict[str, Any]:
        """The agent's next finished read-back with both of Mia's devices at this level, as of the wall clock now."""
        end = time.monotonic() + 10
        macs = (network.PHONE.mac, network.CONSOLE.mac)
        while time.monotonic() < end:
            told = self.agent.wait_for("enforced")
            levels = [told["levels"].get(mac) for mac in macs]
            # A look from before the clock was moved does not count.
            if levels == [level] * len(macs) and abs(told["wall"] - self.home.clock.wall()) < STALE_SECONDS:
                return told
        raise Deadline(f"the agent did not come to {level!r}:\n{self.agent.tail()}")

    def reopen(self) -> None:
        """Wait until everything streams again after an opening; the next window starts here."""
        self.scene.ask()
        wait_until("all transfers", self.scene.all_connected)
        self.opened_ns = time.monotonic_ns()
        # Connected is not yet streaming: each flow must have something to lose at the end.
        self.watch(self.opened_ns + SETTLED_NS)

    def watch(self, until_ns: int) -> None:
        """Let time pass."""
        wait_until("the end of a watch", lambda: time.monotonic_ns() >= until_ns)

    def tap_pause(self, watched_ns: int) -> Window:
        """Pause and end it again, watching for so long in between."""
        list(self.agent.events())
        started = self.opened_ns
        tapped = self.parent.tap(f"/children/{self.mia}/pause", minutes="30")
        told = self.enforced("closed")
        window = Window("pause", started, told["done_ns"], told["done_ns"] + watched_ns)
        self.watch(window.until_ns)
        window = window._replace(until_ns=time.monotonic_ns())
        self.parent.post(f"/children/{self.mia}/end")
        self.opened_ns = self.enforced("open")["done_ns"]
        self.taps.append(window._replace(start_ns=tapped))
        return window

    def pauses(self, count: int) -> None:
        """Pauses long enough to see TCP's second end."""
        for _ in range(count):
            window = self.tap_pause(WATCHED_NS)
            self.windows.append(window)
            self.reopen()

    def quick_taps(self, count: int) -> None:
        """Pause and back, as fast as the packets show it."""
        for _ in range(count):
            self.tap_pause(QUIET_NS)
            self.scene.ask()
            self.watch(self.opened_ns + QUIET_NS)
        self.reopen()

    def timed(self, kind: str, jump_to: float) -> Window:
        """Move the wall clock to shortly before an end, kill the agent, and watch the kernel keep it."""
        back = self.home.clock.wall() - time.monotonic()
        list(self.agent.events())
        self.home.clock.move_to(jump_to)
        self.enforced("open")
        # The hub's word on the time before the jump may just have been on its way, and hold until its next one.
        wait_until("grants that end after the jump", self.ends_soon, seconds=10)
        self.home.end("agent", kill=True)
        end_ns = self.kernel_end_ns()
        if time.monotonic_ns() > end_ns - 100 * MILLISECOND:
            self.faults.append(f"{kind}: the agent was killed too late to prove anything")
        self.watch(end_ns + WATCHED_NS)
        window = Window(kind, self.opened_ns, end_ns, time.monotonic_ns())
        self.home.clock.move_to(back + time.monotonic())
        return window

    def kernel_end_ns(self) -> int:
        """When the kernel will end the grants of both devices, the earlier of the two."""
        left = read_elements(self._kernel, GateSettings().table, GRANTED)
        now = time.monotonic_ns()
        macs = (network.PHONE.mac, network.CONSOLE.mac)
        return now + min(left.get(mac_key(mac)) or 0 for mac in macs) * MILLISECOND

    def ends_soon(self) -> bool:
        """True when the grants end within the seconds that a jump leaves them."""
        return self.kernel_end_ns() < time.monotonic_ns() + SOON_NS

    def come_back(self) -> None:
        """Start the agent again; it opens from its saved policy, whoever else is there."""
        self.agent = self.home.start_agent()
        self.enforced("open")
        self.reopen()

    def bedtimes(self, count: int) -> None:
        """Bedtime by the calendar, kept with the agent dead."""
        for _ in range(count):
            self.windows.append(self.timed("bedtime", self.bedtime - BEDTIME_IN_SECONDS))
            # By address: with the agent its filter is gone, and names of children's devices are not answered.
            if self.reaches_web("laptop") is False:
                self.faults.append("Ben's laptop was cut at Mia's bedtime")
            self.come_back()

    def expiries(self, count: int) -> None:
        """Extra time in the middle of a bedtime, in its last five seconds."""
        day = self.home.clock.wall()
        for _ in range(count):
            self.home.clock.move_to(self.bedtime + 3600)
            self.enforced("closed")
            self.wait_applied()
            self.parent.post(f"/children/{self.mia}/bonus", minutes="15")
            self.enforced("open")
            ends = self.parent.status()["children"][self.mia]["until"]
            self.reopen()
            window = self.timed("expiry", ends - EXPIRY_IN_SECONDS)
            self.windows.append(window)
            self.parent.post(f"/children/{self.mia}/end")
            self.home.clock.move_to(day)
            self.come_back()
            self.wait_applied()

    def without_hub_and_broker(self) -> None:
        """Both go away, a bedtime passes, both come back and a tap works: the session too has survived."""
        self.home.end("hub")
        self.home.end("broker")
        self.bedtimes(1)
        self.home.start_broker()
        self.home.start_hub()
        wait_until("the agent's hello", lambda: self._is_applied(), seconds=30)
        self.pauses(1)

    def _is_applied(self) -> bool:
        try:
            return bool(self.parent.status()["applied"] == 1)
        except OSError:
            return False

    def negative_control(self) -> Window:
        """The same bedtime with the inbound rule removed: packets must be seen, or the check cannot fail."""
        self.home.clock.move_to(self.bedtime - BEDTIME_IN_SECONDS)
        self.enforced("open")
        end_ns = self.kernel_end_ns()
        self.home.end("agent", kill=True)
        network.nft("router", f"flush chain bridge {GateSettings().table} output")
        self.watch(end_ns + WATCHED_NS)
        return Window("inbound rule removed", self.opened_ns, end_ns, time.monotonic_ns())

    def reaches_web(self, namespace: str) -> bool:
        """True when a device gets a page of the internet by its address."""
        script = f"import urllib.request; urllib.request.urlopen('http://{network.WEB_V4}/', timeout=3).read()"
        words = [*network.enter_words(namespace), sys.executable, "-c", script]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0


def clock_text(minute: int) -> str:
    """A minute of the day as a form takes it."""
    return f"{minute // 60:02}:{minute % 60:02}"


def doubts_about(footage: Footage, windows: Sequence[Window]) -> list[str]:
    """Why this run says nothing; empty when the captures hold what was sent."""
    doubts = []
    if footage.dropped:
        doubts.append(f"the captures dropped {footage.dropped} packets")
    if footage.clock_drift_ns > CLOCK_DRIFT_NS:
        doubts.append(f"the clocks drifted by {footage.clock_drift_ns} ns")
    for flow, (sent, captured) in gate_check.capture_shares(footage.device, footage.sent, windows).items():
        if not sent or captured < CAPTURED_SHARE * sent:
            doubts.append(f"{flow.name}: {captured} of {sent} packets captured")
    by_flow: dict[int, list[Seen]] = {}
    for row in footage.device:
        by_flow.setdefault(row.flow, []).append(row)
    for window in windows:
        connected: dict[str, int] = {}
        for event in footage.events:
            if event["event"] == "connected" and event["t_ns"] < window.end_ns:
                connected[event["flow"]] = max(event["t_ns"], connected.get(event["flow"], 0))
        for name, since_ns in connected.items():
            flow = gate_check.flow_named(name)
            spanned, captured = gate_check.tcp_holes(by_flow.get(flow.number, []), window, since_ns, flow)
            if not spanned or captured < CAPTURED_SHARE * spanned:
                doubts.append(f"{window.kind}: {name}: {captured} of {spanned} bytes captured")
    return doubts


def report(check: Check, footage: Footage, control: Window) -> int:
    """Print all figures, judge, and return the exit status."""
    windows = check.windows
    late = gate_check.late_packets(footage.device, footage.internet, windows)
    missing = [flow for window in windows for flow in gate_check.missing_resets(footage.events, MIAS, window)]
    seen_without = gate_check.late_packets(footage.device, footage.internet, [control])
    took: list[float] = []
    quicker_than_the_stream = 0
    doubts = doubts_about(footage, windows)
    streams = [row for row in footage.device if flow_of(row.flow).kind == "udp_down"]
    for tap in check.taps:
        last = gate_check.last_udp_ns(streams, tap)
        if last is None:
            quicker_than_the_stream += 1
        else:
            took.append((last - tap.start_ns) / MILLISECOND)
    if quicker_than_the_stream > SPARE_TAPS:
        doubts.append(f"no stream came down during {quicker_than_the_stream} taps")
    apply_ms = apply_times_ms(check.folder)
    timed = [window for window in windows if window.kind != "pause"]
    grants = len(windows) * len(MIAS)
    figure("tap_to_last_packet_p50_ms", percentile(took, 0.50), "ms")
    figure("tap_to_last_packet_p99_ms", percentile(took, 0.99), "ms")
    figure("taps", len(took), "1")
    figure("packets_after_grant", len(late), "1")
    figure("grants_ended", grants, "1")
    figure("grants_ended_with_agent_killed", len(timed) * len(MIAS), "1")
    figure("resets_missing", len(missing), "1")
    figure("packets_seen_without_inbound_rule", len(seen_without), "1")
    figure("agent_apply_100_devices_ms", statistics.median(apply_ms), "ms")
    figure("agent_apply_100_devices_max_ms", max(apply_ms), "ms")
    faults = list(check.faults)
    faults += [
        f"{one.window.kind}: {one.flow.name} passed {one.milliseconds:.1f} ms after the end" for one in late[:20]
    ]
    faults += [f"{flow.name}: its client was not told by a reset" for flow in missing[:20]]
    without = {(one.flow.kind, one.flow.family) for one in seen_without}
    if not {("udp_down", "v4"), ("udp_down", "v6")} <= without:
        faults.append(f"without the inbound rule no stream was seen on both families, only {sorted(without)}")
    if grants < GRANTS_WANTED or 2 * len(timed) < len(windows) or len(took) < TAPS:
        faults.append("fewer grants or taps than the check must make")
    for fault in faults:
        say(fault)
    for doubt in doubts:
        say(f"this run says nothing: {doubt}")
    if max(percentile(took, 0.99), 0) > LIMIT_MS:
        say(f"the aim of {LIMIT_MS:g} ms for the 99th percentile was missed; this does not fail the check")
    return 1 if faults else 2 if doubts else 0


def main() -> int:
    """Run everything and report."""
    with tempfile.TemporaryDirectory(prefix="stairgate-") as folder:
        network.build()
        check = Check(Path(folder))
        try:
            say("a parent claims the hub and gives Mia a phone and a console")
            check.settle_in()
            say(f"{PAUSES} pauses")
            check.pauses(PAUSES - 1)
            say(f"{TAPS} taps")
            check.quick_taps(TAPS + SPARE_TAPS - PAUSES)
            say(f"{EXPIRIES} expiries and {BEDTIMES} bedtimes, the agent killed before each")
            check.expiries(EXPIRIES)
            check.bedtimes(BEDTIMES - 1)
            say("a bedtime without hub and broker")
            check.without_hub_and_broker()
            say("and once with the inbound rule removed")
            control = check.negative_control()
            footage = check.scene.cut()
        except (AssertionError, OSError):
            for log in sorted(Path(folder).glob("*.log")):
                say(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}")
            raise
        finally:
            check.home.stop()
        status = report(check, footage, control)
    figure("seconds", time.monotonic() - BEGAN, "s")
    return status


if __name__ == "__main__":
    sys.exit(main())
