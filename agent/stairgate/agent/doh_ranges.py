"""The addresses of encrypted resolvers, rendered as nftables text: `flush set`, then all of them.

It decides only that nothing of the home, no group and no large part of the internet is ever among them, and how many
there are at most. Which they are is the pack's part, when they are loaded `control`'s.
"""

from collections.abc import Iterable

from stairgate.agent.address_spans import Range, internet_spans, merged, replaced, span_text
from stairgate.agent.gate import DOH4, DOH6
from stairgate.agent.limits import DOH_PREFIX4, DOH_PREFIX6, RANGES_IN_SET


def render_doh(ranges: Iterable[Range], table: str) -> str:
    """The text for `nft -f -` that makes both sets hold these ranges and no other; beyond their size, the lowest.

    ranges: of (family 4 or 6, prefix length, 4 or 16 address bytes), overlapping or not. Raises ValueError for a prefix
    that is none.
    """
    text = ""
    families = zip((DOH4, DOH6), (4, 16), internet_spans(ranges, DOH_PREFIX4, DOH_PREFIX6), strict=True)
    for name, address_bytes, spans in families:
        members = [span_text(span, address_bytes) for span in merged(spans)[:RANGES_IN_SET]]
        text += replaced("set", name.name, table, members)
    return text
