"""Where a toy connects: what its maker declared beside what the home's routers observed.

It decides what belongs to what: a name that was observed counts for the declared name it is below. What routers let
through is the policy's `reach` lines (`toy_compile`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from stairgate.core.declaration import Declaration
from stairgate.hub import limits
from stairgate.hub.language import ngettext
from stairgate.hub.toy_ledger import Observed
from stairgate.hub.toy_view import Moment


class Seen(NamedTuple):
    """A name the toy connects to. is_declared: by the maker; is_let: whether routers let it; last, who: words."""

    host: str
    who: str
    country: str
    is_declared: bool
    was_seen: bool
    is_let: bool
    times: str
    last: str


def connections_of(declaration: Declaration, observed: Sequence[Observed], moment: Moment) -> tuple[Seen, ...]:
    """Declared against observed: what the maker declared first, then what was seen besides."""
    found = []
    left = list(observed)
    for declared in declaration.destinations:
        own = [each for each in left if _is_below(each.host, declared.host)]
        left = [each for each in left if each not in own]
        last = max((each.last for each in own), default=0)
        found.append(
            Seen(
                declared.host,
                declared.controller,
                declared.country.upper(),
                True,
                bool(own),
                all(each.is_let for each in own),
                _times(sum(each.times for each in own)),
                moment.time(last) if last else "",
            )
        )
    found += [
        Seen(each.host, "", "", False, True, each.is_let, _times(each.times), moment.time(each.last))
        for each in left[: limits.OBSERVED_MAX]
    ]
    return tuple(found)


def _times(count: int) -> str:
    return ngettext("once", "{count} times", count).format(count=count) if count else ""


def _is_below(host: str, declared: str) -> bool:
    return host == declared or host.endswith("." + declared)
