"""The addresses of encrypted resolvers, rendered as nftables text: `flush set`, then all of them.

It decides only that nothing of the home, no group and no large part of the internet is ever among them, and how many
there are at most. Which they are is the pack's part, when they are loaded `control`'s.
"""

import socket
from collections.abc import Iterable

from stairgate.agent.gate import DOH4, DOH6, SetName
from stairgate.agent.limits import DOH_PREFIX4, DOH_PREFIX6, RANGES_IN_SET
from stairgate.agent.routed import RESERVED4

# (first, last) as numbers. Numbers and not `ipaddress`, whose objects took four seconds for the largest pack.
Span = tuple[int, int]


def _span(prefix: int, address: bytes) -> Span:
    bits = 8 * len(address)
    if not 0 <= prefix <= bits:
        raise ValueError(f"prefix: expected 0 to {bits}, got {prefix}")
    size = 1 << (bits - prefix)
    first = int.from_bytes(address, "big") & -size
    return first, first + size - 1


def _may_be_refused(prefix: int, address: bytes, span: Span) -> bool:
    if len(address) == 16:
        # 2000::/3, what is routed.
        return prefix >= DOH_PREFIX6 and address[0] >> 5 == 1
    return prefix >= DOH_PREFIX4 and not any(span[0] <= last and first <= span[1] for first, last in RESERVED4)


def _merged(spans: list[Span]) -> list[Span]:
    """Intervals that overlap or touch are refused by some versions of nft."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _text(name: SetName, table: str, spans: list[Span], address_bytes: int) -> str:
    family = socket.AF_INET if address_bytes == 4 else socket.AF_INET6
    members = [
        "-".join([socket.inet_ntop(family, end.to_bytes(address_bytes, "big")) for end in dict.fromkeys((first, last))])
        for first, last in _merged(spans)[:RANGES_IN_SET]
    ]
    lines = [f"flush set inet {table} {name.name}"]
    lines += [f"add element inet {table} {name.name} {{ {', '.join(members)} }}"] if members else []
    return "\n".join(lines) + "\n"


def render_doh(ranges: Iterable[tuple[int, int, bytes]], table: str) -> str:
    """The text for `nft -f -` that makes both sets hold these ranges and no other; beyond their size, the lowest.

    ranges: of (family 4 or 6, prefix length, 4 or 16 address bytes), overlapping or not. Raises ValueError for a prefix
    that is none.
    """
    spans: dict[int, list[Span]] = {4: [], 16: []}
    for family, prefix, address in ranges:
        significant = address[: 4 if family == 4 else 16]
        span = _span(prefix, significant)
        if _may_be_refused(prefix, significant, span):
            spans[len(significant)].append(span)
    return _text(DOH4, table, spans[4], 4) + _text(DOH6, table, spans[16], 16)
