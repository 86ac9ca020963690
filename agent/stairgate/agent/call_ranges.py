"""Calls to addresses that nobody looked up: which apps' published ranges a device that reaches nothing else may reach.

It decides that an app's ranges are open to a device when the app is open to each of its persons, by the tags of the
pack and the persons' own names, and which rule stands for which app. Levels need no care here: the gate asks for grant
and limit before. What the ranges are is the hub's catalogue, which loads them `enforcement`'s part.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from stairgate.agent import gate
from stairgate.agent.address_spans import Range, Span, internet_spans, merged, replaced, span_text
from stairgate.agent.declared import RESOLVED_ONLY, reach_of
from stairgate.agent.grants import Contents, is_exempt, mac_key
from stairgate.agent.limits import CALL_APPS, CALL_PREFIX4, CALL_PREFIX6, CALL_RANGES
from stairgate.core.records import Filter, Policy
from stairgate.core.refused import Refused

CALLS = "calls"  # the tag of ranges that may be opened: a list of bad addresses must never be one

# The tags of each of these names. Raises OSError, Refused.
TagsOf = Callable[[Collection[str]], Mapping[str, Collection[str]]]


class CallApp(NamedTuple):
    """An app: its own tag, those of its categories and its age; and where its calls go."""

    tags: frozenset[str]
    ranges: tuple[Range, ...]


def call_apps(ranges: Iterable[tuple[Sequence[str], Range]]) -> tuple[CallApp, ...]:
    """The apps among these (tags, range), in the order of their tags; beyond as many as the gate knows, none."""
    found: dict[tuple[str, ...], list[Range]] = {}
    for tags, each in ranges:
        if CALLS in tags and len(tags) > 1:
            found.setdefault(tuple(sorted(tags)), []).append(each)
    return tuple([CallApp(frozenset(tags) - {CALLS}, tuple(held)) for tags, held in sorted(found.items())[:CALL_APPS]])


def _unshared(spans: Iterable[tuple[Span, int]]) -> list[tuple[Span, int]]:
    """Without those that overlap a lower one of another app: whose they are is not known."""
    kept: list[tuple[Span, int]] = []
    for span, number in sorted(spans):
        if not kept or span[0] > kept[-1][0][1]:
            kept.append((span, number))
    return kept


def render_calls(apps: Sequence[CallApp], table: str) -> str:
    """The text for `nft -f -` that leads the addresses of each app to its chain. Raises ValueError for no prefix.

    It needs the gate to be there: nft itself puts a map's elements before the chains of the same text.
    """
    spans = [internet_spans(app.ranges, CALL_PREFIX4, CALL_PREFIX6) for app in apps]
    text = ""
    for family, (name, address_bytes) in enumerate(((gate.CALLS4, 4), (gate.CALLS6, 16))):
        numbered = _unshared([(span, number) for number, held in enumerate(spans) for span in merged(held[family])])
        members = [
            f"{span_text(span, address_bytes)} : goto {gate.CALL_CHAINS[number]}"
            for span, number in numbered[:CALL_RANGES]
        ]
        text += replaced("map", name.name, table, members)
    return text


def render_no_callers(table: str) -> str:
    """The text for `nft -f -` after which no device reaches any of these ranges."""
    return "".join(replaced("set", name.name, table, []) for name in gate.CALLERS)


def _is_open(record: Filter, app: CallApp, tags_of: Mapping[str, Collection[str]]) -> bool:
    if any(app.tags.issubset(tags_of[name]) for name in record.deny):
        return False
    # A name of the app that is always open: so a policy says that a parent chose it against category or age.
    return app.tags.isdisjoint(record.block) or any(app.tags.issubset(tags_of[name]) for name in record.allow)


class Calls:
    """The apps of the pack in use. tags_of: of names, by the same pack."""

    def __init__(self, apps: tuple[CallApp, ...], tags_of: TagsOf) -> None:
        self.apps = apps
        self._tags_of = tags_of
        self._policy: Policy | None = None
        self._open: Mapping[str, frozenset[int]] = {}

    def open_to(self, policy: Policy) -> Mapping[str, frozenset[int]]:
        """Which apps, by their place, each device may call; devices that may call none are left out.

        One whose persons nobody knows may call none. When the pack cannot be read, nobody may.
        """
        if policy is not self._policy:
            try:
                self._open, self._policy = self._judged(policy), policy
            except (OSError, Refused):
                self._open, self._policy = {}, None
        return self._open

    def _judged(self, policy: Policy) -> dict[str, frozenset[int]]:
        # Whoever may reach only what is named for it calls nobody.
        named = reach_of(policy)
        devices = [
            each
            for each in policy.devices
            if RESOLVED_ONLY in each.flags and not is_exempt(each.flags) and each.id not in named
        ]
        apps = [(number, app) for number, app in enumerate(self.apps) if app.tags.isdisjoint(policy.everyone)]
        if not devices or not apps:
            return {}
        tags_of = self._tags_of({name for record in policy.filters for name in (*record.deny, *record.allow)})
        refused = {
            record.person: {number for number, app in apps if not _is_open(record, app, tags_of)}
            for record in policy.filters
        }
        open_to = {
            device.id: frozenset(number for number, _ in apps).difference(
                *[refused.get(person, set()) for person in device.persons]
            )
            for device in devices
            if device.persons
        }
        return {device: numbers for device, numbers in open_to.items() if numbers}


def callers(policy: Policy, open_to: Mapping[str, frozenset[int]]) -> Contents:
    """What the sets of callers hold: for each app the devices that may reach its ranges."""
    contents: Contents = {name: {} for name in gate.CALLERS}
    for device in policy.devices:
        for number in open_to.get(device.id, ()):
            contents[gate.CALLERS[number]].update(dict.fromkeys(map(mac_key, device.macs)))
    return contents
