"""Ranges of addresses as nftables writes them: merged, and none of them the home or half of the internet.

It decides over prefixes and bytes alone; what a range is for is said by `doh_ranges` and `call_ranges`.
"""

import socket
from collections.abc import Iterable, Sequence

from stairgate.agent.routed import RESERVED4

# (family 4 or 6, prefix length, address bytes), as a pack has them.
Range = tuple[int, int, bytes]
# (first, last) as numbers. Numbers and not `ipaddress`, whose objects took four seconds for the largest pack.
Span = tuple[int, int]


def _span(prefix: int, address: bytes) -> Span:
    bits = 8 * len(address)
    if not 0 <= prefix <= bits:
        raise ValueError(f"prefix: expected 0 to {bits}, got {prefix}")
    size = 1 << (bits - prefix)
    first = int.from_bytes(address, "big") & -size
    return first, first + size - 1


def _is_internet(address: bytes, span: Span) -> bool:
    if len(address) == 16:
        # 2000::/3, what is routed.
        return address[0] >> 5 == 1
    return not any(span[0] <= last and first <= span[1] for first, last in RESERVED4)


def internet_spans(ranges: Iterable[Range], prefix4: int, prefix6: int) -> tuple[list[Span], list[Span]]:
    """The ranges of the internet that are no wider than these prefixes: IPv4, IPv6. Raises ValueError for no prefix."""
    spans: tuple[list[Span], list[Span]] = ([], [])
    for family, prefix, address in ranges:
        significant = address[: 4 if family == 4 else 16]
        span = _span(prefix, significant)
        if prefix >= (prefix4 if family == 4 else prefix6) and _is_internet(significant, span):
            spans[family == 6].append(span)
    return spans


def merged(spans: Iterable[Span]) -> list[Span]:
    """Ascending; intervals that overlap or touch are one, for some versions of nft refuse them."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def span_text(span: Span, address_bytes: int) -> str:
    """An interval, or a single address, as nftables writes it."""
    family = socket.AF_INET if address_bytes == 4 else socket.AF_INET6
    return "-".join([socket.inet_ntop(family, end.to_bytes(address_bytes, "big")) for end in dict.fromkeys(span)])


def replaced(kind: str, name: str, table: str, members: Sequence[str]) -> str:
    """The text that makes a `set` or `map` of the inet table hold these members and no other."""
    lines = [f"flush {kind} inet {table} {name}"]
    lines += [f"add element inet {table} {name} {{ {', '.join(members)} }}"] if members else []
    return "\n".join(lines) + "\n"
