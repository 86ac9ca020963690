"""Response policy zones as text: which names a zone refuses and which it passes.

It decides what a record of such a zone asks for. The names themselves are checked by `list_formats`. Formats: RFC 1035,
5.1 (zone files) and draft-vixie-dnsop-dns-rpz (actions and triggers); of the triggers only the name that is asked for.
"""

import re
from collections.abc import Iterable, Iterator

from stairgate.hub.limits import ZONE_RECORD_LINES
from stairgate.hub.list_entry import EXCEPTION, LISTED
from stairgate.hub.list_report import ListReport
from stairgate.hub.name_text import is_sinkhole

_ACTIONS = {".": LISTED, "*.": LISTED, "rpz-drop.": LISTED, "rpz-passthru.": EXCEPTION}
_TRIGGERS = ("rpz-ip", "rpz-client-ip", "rpz-nsip", "rpz-nsdname")
_OF_THE_ZONE = frozenset(("SOA", "NS", "DNSKEY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "CDS", "CDNSKEY", "ZONEMD"))
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_TTL = re.compile(r"[0-9]+|(?:[0-9]+[smhdw])+", re.IGNORECASE).fullmatch
_CLASSES = frozenset(("IN", "CH", "HS"))


def rpz_records(lines: Iterable[str], report: ListReport) -> Iterator[tuple[str, str]]:
    """(kind, name) of each record that refuses or passes a name; the others are counted in the report."""
    zone = _Zone()
    for indented, words in _records(lines, report):
        if words[0].startswith("$"):
            if not zone.directive(words):
                report.drop("bad_record")
            continue
        if not indented:
            zone.owner = zone.absolute(words.pop(0))
        while words and (_TTL(words[0]) or words[0].upper() in _CLASSES):
            words.pop(0)
        kind, *data = words or [""]
        if not data:
            report.drop("bad_record")
        elif kind.upper() == "SOA":
            zone.apex = zone.owner
        elif kind.upper() not in _OF_THE_ZONE:
            action = _action(kind.upper(), data[0].lower())
            trigger = zone.trigger()
            if not trigger:
                report.drop("outside_zone")
            elif trigger.rpartition(".")[2] in _TRIGGERS:
                report.drop("trigger")
            elif not action:
                report.drop("not_blocking")
            else:
                yield action, trigger.removeprefix("*.")


def _action(kind: str, data: str) -> str:
    """What a record asks for: a kind of entry, or "" for data of its own."""
    if kind == "CNAME":
        return _ACTIONS.get(data, "")
    return LISTED if kind in ("A", "AAAA") and is_sinkhole(data) else ""


class _Zone:
    """Where in the zone the reader is. Absolute names end with a dot; others are below an apex that no line names."""

    def __init__(self) -> None:
        self.origin = ""
        self.apex = ""
        self.owner = ""

    def absolute(self, text: str) -> str:
        text = text.lower()
        if text == "@":
            return self.origin
        return text if text.endswith(".") or not self.origin else f"{text}.{self.origin}"

    def directive(self, words: list[str]) -> bool:
        """False for one that is not understood."""
        if words[0].upper() == "$ORIGIN" and len(words) == 2:
            self.origin = self.absolute(words[1])
            # The first one is the zone's, unless an SOA says otherwise.
            self.apex = self.apex or self.origin
            return True
        return words[0].upper() == "$TTL"

    def trigger(self) -> str:
        """The name of the owner below the apex, "" for one outside the zone and for the apex."""
        if not self.owner.endswith("."):
            return self.owner
        below = "." + self.apex
        return self.owner.removesuffix(below) if self.apex and self.owner.endswith(below) else ""


def _records(lines: Iterable[str], report: ListReport) -> Iterator[tuple[bool, list[str]]]:
    """(no owner of its own, words) of each record, its parentheses resolved."""
    depth = length = 0
    indented = False
    words: list[str] = []
    for line in lines:
        text = _QUOTED.sub("-", line).partition(";")[0]
        if not depth:
            words, length, indented = [], 0, text[:1].isspace()
        words += text.replace("(", " ").replace(")", " ").split()
        depth += text.count("(") - text.count(")")
        length += 1
        if depth < 0 or length > ZONE_RECORD_LINES:
            report.drop("bad_record")
            depth = 0
        elif not depth and words:
            yield indented, words
    if depth:
        report.drop("bad_record")
