"""`stairgate off`: the way out at the router's console, for a while or for good, without hub, broker or agent.

It decides how long the gate may be off (every exception has an end, and the kernel keeps it), what happens when no
rules are loaded, what removal takes away, and what a running agent tells the family of it. The rules that let an
interface pass are `gate`'s.
"""

import argparse
import contextlib
import logging
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stairgate.agent import conntrack, presence
from stairgate.agent.gate import BRIDGE_OFF, LAN, OFF, OFF_TCP, GateSettings, SetName
from stairgate.agent.gate_rules import render_gate, render_removal
from stairgate.agent.grants import ARP, IPV4, IPV6
from stairgate.agent.kernel import Kernel, LinuxKernel
from stairgate.agent.limits import OFF_SECONDS_MAX, OFF_SECONDS_MIN, TCP_RETURN_MS
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.set_elements import SetChange
from stairgate.agent.settings import SettingsRefused, read_settings
from stairgate.agent.state import State
from stairgate.core.decide import Decision

UNITS = {"m": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"([1-9][0-9]{0,5})([mhd])", re.ASCII)
log = logging.getLogger("stairgate.agent")
# What neighbours exchange freely while it is off: all that a bridge's rules look at.
PROTOCOLS = (ARP, IPV4, IPV6)
RIGHTS = "expected to be allowed to change nftables (root or CAP_NET_ADMIN)"


class NotDone(Exception):
    """What was asked for was not done; the text says why, for whoever sits at the console."""


class Place(NamedTuple):
    """Where a gate stands. lan_interfaces: those of the settings; state: the agent's folder, if one was named."""

    gate: GateSettings
    lan_interfaces: tuple[str, ...]
    state: State | None


def seconds_of(text: str) -> int:
    """The seconds of a duration such as 30m, 2h, 24h or 3d. Raises ArgumentTypeError for anything else."""
    matched = DURATION.fullmatch(text)
    seconds = int(matched[1]) * UNITS[matched[2]] if matched else 0
    if not OFF_SECONDS_MIN <= seconds <= OFF_SECONDS_MAX:
        raise argparse.ArgumentTypeError(f"expected 1m to 7d, such as 30m, 2h, 24h or 3d, got {text[:20]!r}")
    return seconds


def duration_text(seconds: float) -> str:
    """Whole minutes in words, for example `1 day 2 h 5 min`."""
    minutes = max(1, round(seconds / 60))
    parts = [
        (minutes // 1440, "day" if minutes // 1440 == 1 else "days"),
        (minutes // 60 % 24, "h"),
        (minutes % 60, "min"),
    ]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def interface_key(name: str) -> bytes:
    """An interface's name as nftables keeps it."""
    return name.encode("ascii").ljust(16, b"\0")


def left_ms(kernel: Kernel) -> int | None:
    """Milliseconds for which the gate is still off, 0 when it is not, None when no rules are loaded.

    Raises KernelRefused.
    """
    found = _elements(kernel, OFF)
    if found is None:
        # Rules of an older package know no such set, and close all the same.
        return None if _elements(kernel, LAN) is None else 0
    return max((left or 0 for left in found.values()), default=0)


def _elements(kernel: Kernel, name: SetName) -> dict[bytes, int | None] | None:
    """What a set holds, None when there is no such set."""
    try:
        return kernel.elements(name)
    except KernelRefused as refused:
        if refused.code == "ENOENT":
            return None
        raise


def switch_off(kernel: Kernel, place: Place, seconds: int) -> list[str]:
    """Let every device pass until the kernel ends it; returns the interfaces. Raises KernelRefused, NotDone."""
    keys = set(_elements(kernel, LAN) or ()) | {interface_key(name) for name in place.lan_interfaces}
    if not keys:
        raise NotDone("no interface is known to be the home's network: name the agent's folder")
    if _elements(kernel, OFF) is None or _elements(kernel, BRIDGE_OFF) is None:
        # No agent has run since the last start, or an older one: the rules are the same for every family.
        kernel.load(render_gate(place.gate))
    milliseconds = seconds * 1000
    kernel.commit(
        [
            SetChange(OFF, dict.fromkeys(keys, milliseconds), frozenset()),
            SetChange(OFF_TCP, dict.fromkeys(keys, milliseconds + TCP_RETURN_MS), frozenset()),
            SetChange(BRIDGE_OFF, dict.fromkeys(PROTOCOLS, milliseconds), frozenset()),
        ]
    )
    if not keys <= set(kernel.elements(OFF)):
        raise NotDone("the kernel does not hold what it was told")
    return sorted(key.rstrip(b"\0").decode("ascii", "replace") for key in keys)


def end_now(kernel: Kernel) -> None:
    """Close again what is closed; TCP's return path a second later, as at every end. Raises KernelRefused."""
    keys = frozenset(_elements(kernel, OFF) or ())
    if keys:
        kernel.commit(
            [
                SetChange(OFF, {}, keys),
                SetChange(OFF_TCP, dict.fromkeys(keys, TCP_RETURN_MS), frozenset()),
                SetChange(BRIDGE_OFF, {}, frozenset(PROTOCOLS)),
            ]
        )


def remove(kernel: Kernel, place: Place, boot: str) -> list[str]:
    """Take everything of ours out of the kernel; returns what is left, in sentences. Raises KernelRefused, NotDone.

    boot: the kernel's word for this start of the machine (`conntrack.boot_id`).
    """
    if presence.is_running(place.gate.table):
        raise NotDone("an agent is running and would load the rules again: stop it first")
    kernel.load(render_removal(place.gate))
    if place.state is None:
        return ["The kernel goes on counting bytes (net.netfilter.nf_conntrack_acct) until the next restart."]
    if place.state.load_accounting() == boot:
        conntrack.switch_accounting(False)
    return ["The agent's folder holds its key and its last policy: delete it if the agent is not to come back."]


class OffWatch:
    """What a running agent makes of it. ends: seconds of the monotonic clock, None while it is not switched off."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.ends: float | None = None

    def look(self, now: float) -> None:
        """Read the kernel at `now` (seconds of the monotonic clock). Raises KernelRefused."""
        left = left_ms(self._kernel)
        ends = now + left / 1000 if left else None
        # The same end, read a little earlier or later, is told as the same second.
        if ends is None or self.ends is None or abs(ends - self.ends) >= 1.0:
            self.ends = ends

    def told(self, decisions: Mapping[str, Decision], offset: float) -> tuple[tuple[str, str, int | None], ...]:
        """Each device with the level that the kernel holds and its end, for hello.

        offset: UTC seconds less those of the monotonic clock.
        """
        rows = []
        for device, (level, until, *_) in decisions.items():
            if self.ends is not None:
                off_until = int(offset + self.ends)
                until = off_until if level != "open" or (until is not None and until < off_until) else until
                level = "open"
            rows.append((device, level, until))
        return tuple(rows)


def note_counting(state: State) -> None:
    """Remember that the agent had the kernel begin to count bytes, so that removal can set it back."""
    boot = conntrack.boot_id()
    if state.load_accounting() != boot:
        try:
            state.save_accounting(boot)
        except OSError as error:
            log.warning("not saved: %s", error)


def _place(folder: Path | None) -> Place:
    if folder is None:
        return Place(GateSettings(), (), None)
    try:
        settings = read_settings(folder)
    except (OSError, SettingsRefused) as error:
        # The way out must not depend on a good file: the kernel knows its interfaces.
        print(f"stairgate off: {error}", file=sys.stderr)
        return Place(GateSettings(), (), None)
    return Place(settings.gate, settings.lan_interfaces, State(str(settings.state_folder)))


def _act(options: argparse.Namespace, kernel: Kernel, place: Place) -> str:
    # First of all: reading shows whether we may do anything at all.
    left = left_ms(kernel)
    if options.remove:
        still_there = remove(kernel, place, conntrack.boot_id())
        return "\n".join(["Stairgate's rules are removed: every device reaches the internet.", *still_there])
    if options.seconds:
        names = switch_off(kernel, place, options.seconds)
        until = time.strftime("%A %H:%M", time.localtime(time.time() + options.seconds))
        return (
            f"Switched off on {', '.join(names)} for {duration_text(options.seconds)}, until {until} on this clock.\n"
            "Every device reaches the internet. `stairgate off --end` ends it; so does a restart of this router."
        )
    if left is None:
        return "No rules of Stairgate are loaded here: it closes nothing."
    if options.end:
        end_now(kernel)
        return "The family's rules are in force again." if left else "It was not switched off."
    return f"Switched off for another {duration_text(left / 1000)}." if left else "The family's rules are in force."


def main(arguments: Sequence[str]) -> int:
    """`stairgate off [--for 24h | --end | --remove] [FOLDER]`; without any of them it says how things stand."""
    parser = argparse.ArgumentParser(
        prog="stairgate off", description="Switch this router's gate off for a while, or remove it."
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--for", dest="seconds", type=seconds_of, metavar="TIME", help="1m to 7d: 30m, 2h, 24h, 3d")
    what.add_argument("--end", action="store_true", help="end it now")
    what.add_argument("--remove", action="store_true", help="take everything of Stairgate's out of the kernel")
    parser.add_argument("folder", type=Path, nargs="?", help="the agent's folder, with agent.toml")
    options = parser.parse_args(arguments)
    try:
        place = _place(options.folder)
        with contextlib.closing(LinuxKernel(place.gate, listening=False)) as kernel:
            print(_act(options, kernel, place))
    except (KernelRefused, OSError, NotDone) as error:
        denied = isinstance(error, PermissionError) or getattr(error, "code", "") in ("EPERM", "EACCES")
        print(f"stairgate off: {f'{RIGHTS}: ' if denied else ''}{error}", file=sys.stderr)
        return 1
    return 0
