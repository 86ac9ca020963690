"""Whether two resolvers refuse the same names, asked before anybody is timed: a wrong answer is quickly given.

It decides what counts as agreement: refused or not, for each client. Where resolvers mean something else by the same
list, the reason is named, counted and bounded; a difference without a reason voids the comparison.

too_wide: a line that would close a country's registry (`co.uk`); our builder drops it and says so, others take it.
nearest_only: a name's own category is not blocked, that of a listed domain above it is; who looks for the nearest
listed name only (dnsdist's key-value store) lets it through, whoever adds both up refuses it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stairgate.hub.name_text import is_too_wide
from tests.bench.dns_ask import NXDOMAIN, ask_all
from tests.bench.dns_list import CLIENTS, Client, blocking_names, nearest_listed
from tests.bench.dns_peers import SERVER, Listed, Resolver

# Of the names asked, so large a share may differ for a named reason.
EXPLAINED_SHARE = 0.02
NOERROR = 0


class Agreement(NamedTuple):
    """How two resolvers' answers compare. explained: differences by reason; unexplained: some of the others."""

    asked: int
    explained: Mapping[str, int]
    unexplained: Sequence[str]

    @property
    def holds(self) -> bool:
        """Whether the one may stand in for the other."""
        return not self.unexplained and sum(self.explained.values()) <= EXPLAINED_SHARE * self.asked


def reason_of(listed: Listed, client: Client, name: str) -> str:
    """Why resolvers may differ about a name, "" when they may not."""
    blocking = blocking_names(listed, client, name)
    if blocking and all(is_too_wide(one) for one in blocking):
        return "too_wide"
    if blocking and listed[nearest_listed(listed, name)] not in client.blocked:
        return "nearest_only"
    return ""


def compared(
    listed: Listed, ours: Mapping[Client, Mapping[str, int]], theirs: Mapping[Client, Mapping[str, int]]
) -> Agreement:
    """The response codes of two resolvers, by client and name. Anything but a refusal or an answer is a difference."""
    reasons: Counter[str] = Counter()
    unexplained = []
    asked = 0
    for client, codes in ours.items():
        for name, code in codes.items():
            other = theirs[client][name]
            asked += 1
            if {code, other} <= {NOERROR, NXDOMAIN}:
                if code == other:
                    continue
                if reason := reason_of(listed, client, name):
                    reasons[reason] += 1
                    continue
            unexplained.append(f"{client.name} {name}: {code} and {other}")
    return Agreement(asked, dict(reasons), unexplained)


def plainly(listed: Listed, names: Sequence[str]) -> dict[Client, dict[str, int]]:
    """The codes of somebody who reads the list himself."""
    return {
        client: {name: NXDOMAIN if blocking_names(listed, client, name) else NOERROR for name in names}
        for client in CLIENTS
    }


def codes_of(resolver: Resolver, names: Sequence[str]) -> dict[Client, dict[str, int]]:
    """What a resolver answers to each client."""
    return {client: ask_all(SERVER, resolver.ports[client.name], client.address, names) for client in CLIENTS}
