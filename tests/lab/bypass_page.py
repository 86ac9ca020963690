"""The bypass table as a page for docs/: what is stopped and by what, what goes on working, what gets through.

It decides how verdicts are written down, and says what no home network can stop.
"""

from collections.abc import Iterable, Sequence

from tests.lab.bypass_judge import Verdict
from tests.lab.bypass_table import ASSISTIVE, EVASION, FILTERED, ISOLATED, LIMIT, MUST_WORK, PHASES, RESOLVED

DEVICES = {FILTERED: "filtered", RESOLVED: "only resolved", ISOLATED: "isolated", ASSISTIVE: "assistive"}
LEVELS = {
    "open": "While the internet is on",
    "expired": "After the time of a looked up address is over",
    "disguised": "With a new hardware address",
    "borrowed": "With a parent's IP address",
    "blocked": "After an app or a name was blocked",
    "limited": "While only a few names are on",
    "closed": "While the internet is off",
}

HEAD = """# What was tried to get round it

`make bypass` writes this page. It builds a home with the real hub, broker, agent, filter and kernel, and an internet
with resolvers, tunnels, proxies and sites, and tries every row with real packets. An evasion counts as stopped only if
a device without rules got through with the very same in the same run.

The devices: *filtered* follows a filter for 10 to 12 (names are filtered, VPNs blocked); *only resolved* is a small
child's (preset up to 5), which reaches only addresses that were looked up here; *isolated* speaks to no other machine
of the home; *assistive* is never closed.
"""

NO_NETWORK = """## What no home network can stop

- **Another network.** Mobile data, a friend's Wi-Fi, a neighbour's open one, a hotspot. What a phone does outside this
  home its own system has to decide (Family Link, Screen Time).
- **A VPN or proxy under a name that no list has**, on port 443: it looks like a web site. Allow-only times help, and
  lists that are refreshed; a new name is always ahead of every list.
- **A site that shares its front end with an allowed one.** With an encrypted ClientHello, or a forged one (domain
  fronting), only the provider knows which of them is visited. The filter takes the keys out of its answers, so browsers
  do without; an app that brings its own keys does not.
- **A literal address, from a device that is filtered only.** Nothing was looked up, so nothing can be refused. The
  switch for reaching only what was looked up closes this, at the price of apps with addresses of their own.
- **A grown-up's device.** Whoever may use it, or copies its hardware address, has no rules: Wi-Fi knows nothing better
  than that address. A sibling's address gives a sibling's rules. A Wi-Fi password of each person's own helps.
- **What was looked up stays reachable** for an hour, and for as long as it is used, for a device that reaches only
  that; a site that is denied or listed meanwhile is taken back at once.
- **A router that forwards past its own rules** (flow offloading to hardware): what runs is not seen by them any more.
- **What is inside an allowed app or site**: messages, a translated page, a cached copy, a game in a shared document.
- **A trickle in look-ups.** Whoever owns a domain can hide bytes in its names while the internet is on; while it is off
  nothing is looked up.
- **Machines at home that are set up to help**, on a port that other things use too. An isolated device does not reach
  them.
- **Devices behind a switch or access point that passes frames by itself.** The router never sees what they say to each
  other.

These were tried as well, so that this list stays true:
"""


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(row) for row in rows]
    if not lines:
        return ""
    rule = "|".join("---" for _ in head)
    return "\n".join([title, "", f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {line} |" for line in lines), "", ""])


def _cells(verdict: Verdict) -> tuple[str, str, str, str]:
    row = verdict.row
    return row.what, row.by, ", ".join(DEVICES[device] for device in row.on), verdict.result


def page(verdicts: Sequence[Verdict]) -> str:
    """The whole page."""
    parts = [HEAD]
    counted = {
        kind: [verdict for verdict in verdicts if verdict.row.kind == kind] for kind in (EVASION, MUST_WORK, LIMIT)
    }
    held = {kind: sum(not verdict.failed for verdict in found) for kind, found in counted.items()}
    parts.append(
        f"\n{held[EVASION]} of {len(counted[EVASION])} evasions were stopped, {held[MUST_WORK]} of "
        f"{len(counted[MUST_WORK])} things that must work did.\n\n"
    )
    for kind, title, by in ((EVASION, "Evasions", "what stops it"), (MUST_WORK, "What must work", "why it does")):
        parts.append(f"## {title}\n\n")
        for phase in PHASES:
            rows = [_cells(verdict) for verdict in counted[kind] if verdict.row.phase == phase]
            parts.append(_table(f"### {LEVELS[phase]}", ("tried", by, "devices", "result"), rows))
    parts.append(NO_NETWORK)
    rows = [_cells(verdict) for verdict in counted[LIMIT]]
    parts.append(_table("### What gets through", ("tried", "what stops it", "devices", "result"), rows))
    return "".join(parts).rstrip("\n") + "\n"
