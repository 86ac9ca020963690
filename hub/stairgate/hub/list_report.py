"""What became of a list's lines: how many were taken, how many left out, and why.

It counts, and keeps the numbers of the first lines of each kind, so that somebody can look; it never keeps a name. What
is left out is decided by the readers of the formats and by the builder of the pack.
"""

from collections import Counter

from stairgate.hub.language import N_
from stairgate.hub.limits import LIST_LINES_SHOWN
from stairgate.hub.said_tables import SaidTable

#: Why a line, or a name of it, was left out; in words for whoever maintains the list.
REASONS = SaidTable(
    {
        "address": N_("an address, not a name: the filter answers for names"),
        "bad_idna": N_("a name with characters that no domain name has"),
        "bad_record": N_("not a record of a zone file"),
        "element_hiding": N_("a rule about what a page shows, not about its name"),
        "local_name": N_("a name of the machine or the home network itself"),
        "long_line": N_("longer than any line of a list"),
        "not_a_hash": N_("not 64 or 12 hex digits"),
        "not_a_name": N_("not a domain name"),
        "not_a_network": N_("not an address or a network"),
        "not_blocking": N_("leads a name elsewhere instead of refusing it"),
        "not_text": N_("not UTF-8"),
        "option": N_("an option that the name alone cannot answer"),
        "outside_zone": N_("a name outside the zone of the file"),
        "own_network": N_("addresses of home networks, of the machine itself or of groups"),
        "pattern": N_("a pattern or a path: the filter sees names only"),
        "too_wide": N_("a whole top-level domain, registry or network"),
        "trigger": N_("a rule about something other than the name that is asked for"),
    }
)


class ListReport:
    """Counters of one list. lines: read. taken: names, exceptions, hashes or networks. dropped: by reason."""

    def __init__(self) -> None:
        self.lines = 0
        self.taken = 0
        self.dropped: Counter[str] = Counter()
        self.where: dict[str, list[int]] = {}

    def drop(self, reason: str) -> None:
        """Count something of the line that is being read as left out. reason: one of `REASONS`."""
        self.dropped[reason] += 1
        numbers = self.where.setdefault(reason, [])
        if len(numbers) < LIST_LINES_SHOWN and numbers[-1:] != [self.lines]:
            numbers.append(self.lines)

    def sentences(self) -> list[str]:
        """A sentence for each reason, the most frequent first."""
        ordered = sorted(self.dropped.items(), key=lambda row: (-row[1], row[0]))
        return [
            f"{count} left out: {REASONS[reason]} (line {', '.join(map(str, self.where[reason]))}"
            f"{' …' if count > len(self.where[reason]) else ''})"
            for reason, count in ordered
        ]
