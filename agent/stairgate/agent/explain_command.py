"""The command `stairgate explain`: why a device may resolve a name or not, by what is on this router's disk.

It decides which policy and which pack count (those that the agent would go by after a restart) and how the answer is
printed. What the answer is, `explain` says. Nothing is written and nobody is asked: it works beside a running agent and
without one.
"""

import argparse
import json
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from stairgate.agent import presence, sync
from stairgate.agent.conntrack import boot_id
from stairgate.agent.explain import Explanation, explain, find_device, local_text, zone_of
from stairgate.agent.pack_file import opened
from stairgate.agent.pack_store import PackStore
from stairgate.agent.packs import wanted_by
from stairgate.agent.settings import AgentSettings, SettingsRefused, read_settings
from stairgate.agent.spending import Used
from stairgate.agent.state import State
from stairgate.agent.trust import HeldTrust
from stairgate.agent.use_state import UseState, run_state
from stairgate.core.fields import is_name
from stairgate.core.records import Policy
from stairgate.core.refused import Refused
from stairgate.core.usage import used_of
from stairgate.core.zone import utc_of_local

FOLDER = Path("/etc/stairgate")
ALIASES = "not followed"
_RESOLVED = "; nobody is asked here: the filter refuses it all the same when it is an alias of a name that is refused"


class NoAnswer(Exception):
    """It cannot be said; the text says why, for whoever sits at the console."""


class Tagged(NamedTuple):
    """What the pack on this router says of a name. sha256: of the pack, "" without one."""

    tags: tuple[str, ...]
    sha256: str


def name_of(text: str) -> str:
    """A name as filters write it, from what a person types. Raises ArgumentTypeError."""
    # As browsers do it. The standard library's codec `idna` is an older standard: it takes ß for ss, another's name.
    labels = unicodedata.normalize("NFKC", text.strip().lower()).rstrip(".").split(".")
    name = ".".join([one if one.isascii() else "xn--" + one.encode("punycode").decode("ascii") for one in labels])
    if not is_name(name):
        raise argparse.ArgumentTypeError(f"expected a name such as www.example.org, got {text[:60]!r}")
    return name


def local_moment(text: str) -> int:
    """Seconds since 1970-01-01 00:00 on the wall clock. Raises ArgumentTypeError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None or moment.microsecond or not 1970 < moment.year < 9999:
        raise argparse.ArgumentTypeError(f"expected a local time such as 2026-03-29T20:30, got {text[:40]!r}")
    return (moment - datetime(1970, 1, 1)) // timedelta(seconds=1)


def saved_policy(settings: AgentSettings) -> tuple[Policy, str]:
    """What the agent would begin with, and a note when it is not the newest. Raises NoAnswer."""
    state = State(str(settings.state_folder))
    identity = HeldTrust(settings.identity, state).identity_of_saved()
    loads: tuple[tuple[Callable[[], bytes | None], str], ...] = (
        (state.load_policy, ""),
        (state.load_previous, "the newest saved policy is not usable: this is the one before it"),
    )
    told = "no policy is saved here yet"
    for load, note in loads:
        try:
            document = load()
            if document is not None:
                return sync.open_policy(document, identity).policy, note
        except (OSError, ValueError, Refused) as error:
            told = f"the saved policy is not usable: {error}"
    raise NoAnswer(told)


def tags_of(settings: AgentSettings, policy: Policy, name: str) -> Tagged:
    """The name's tags in the pack that the policy names, else in the last good one. Raises NoAnswer."""
    named = wanted_by(policy).sha256
    if not named:
        return Tagged((), "")
    store = PackStore(settings.packs())
    try:
        for sha256 in [named, *(one for one in store.kept() if one != named)]:
            if store.is_whole(sha256):
                return Tagged(_look_up(store.path(sha256), name), sha256)
    except (OSError, Refused) as error:
        raise NoAnswer(f"the pack is not usable: {error}") from error
    return Tagged((), "")


def used_at(settings: AgentSettings, policy: Policy, now: int) -> Used:
    """The minutes used on the family day that holds a moment, as an agent would go by them that starts now."""
    kept = UseState(State(str(settings.state_folder)), run_state(settings.identity.agent), boot_id())
    kept.open()
    return used_of(policy, now, kept.book)


def _look_up(path: Path, name: str) -> tuple[str, ...]:
    with opened(str(path)) as pack:
        return tuple(pack.tags_of(name))


def _parts(settings: AgentSettings, policy: Policy, found: Explanation, sha256: str, note: str) -> list[str]:
    """The lines below the sentence."""
    device = find_device(policy, found.device)
    assert device
    zone = zone_of(policy, device)
    until = "no change in sight" if found.until is None else f"until {local_text(zone, found.until)}"
    then = f", then {found.next_level}" if found.next_level else ""
    named = wanted_by(policy).sha256
    which = "the policy names none" if not named else "none is on this router" if not sha256 else sha256[:16]
    if sha256 and sha256 != named:
        which += ", the last good one: the one that the policy names is not here"
    rows = [
        ("at", local_text(zone, found.at)),
        ("level", f"{found.level}, {until}{then} ({found.level_reason}: {found.level_rule or 'no rule'})"),
        ("answer", f"{found.act}{f', as {found.target}' if found.target else ''}"),
        ("verdict", f"{found.reason}{f': {found.rule}' if found.rule else ''}"),
        ("tags", " ".join(found.tags) or "none"),
        ("special", found.kind or "no"),
        ("aliases", ALIASES + (_RESOLVED if found.act in ("resolved", "rewritten") else "")),
        ("pack", which),
        ("policy", f"revision {policy.revision}{f'; {note}' if note else ''}"),
    ]
    if not presence.is_running(settings.gate.table):
        rows.append(("agent", "not running here: until it does, the family’s devices resolve no names"))
    return [f"  {name:<9}{text}" for name, text in rows]


def _answer(options: argparse.Namespace) -> str:
    settings = read_settings(options.folder)
    policy, note = saved_policy(settings)
    device = find_device(policy, options.device)
    if device is None:
        raise NoAnswer(f"the policy has no device {options.device[:40]!r}: one that nobody knows is closed")
    now = int(time.time()) if options.at is None else utc_of_local(zone_of(policy, device), options.at)
    tagged = tags_of(settings, policy, options.name)
    has_list = bool(tagged.sha256) or not wanted_by(policy).sha256
    found = explain(policy, device, options.name, now, tagged.tags, has_list, used_at(settings, policy, now))
    if options.json:
        more = {"pack": tagged.sha256, "revision": policy.revision, "note": note, "aliases": ALIASES}
        return json.dumps(found._asdict() | more, indent=2, ensure_ascii=False)
    lines = [
        found.sentence,
        *([found.help] if found.help else []),
        *_parts(settings, policy, found, tagged.sha256, note),
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """`stairgate explain DEVICE NAME`: 0 answered, 1 unknown device or no policy, 2 not understood."""
    parser = argparse.ArgumentParser(
        prog="stairgate explain", description="Say why a device may resolve a name or not.", allow_abbrev=False
    )
    parser.add_argument("device", metavar="DEVICE", help="the device's id in the policy, or its MAC address")
    parser.add_argument("name", metavar="NAME", type=name_of, help="a DNS name, e.g. www.example.org")
    parser.add_argument("--at", type=local_moment, metavar="TIME", help="local time, e.g. 2026-03-29T20:30; else now")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the agent's folder, with agent.toml")
    parser.add_argument("--json", action="store_true", help="all parts, for programs")
    options = parser.parse_args(arguments)
    try:
        print(_answer(options))
    except FileNotFoundError as error:
        print(f"stairgate explain: {error.filename} is not there: name the agent's --folder", file=sys.stderr)
        return 1
    except (NoAnswer, OSError, SettingsRefused) as error:
        print(f"stairgate explain: {error}", file=sys.stderr)
        return 1
    return 0
