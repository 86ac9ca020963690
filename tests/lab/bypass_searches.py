"""Rows about searching: an engine without its safe mode, by whatever name, family or record.

It decides nothing but what is tried; `bypass_table` says what a row is.
"""

from tests.lab import bypass_places as places
from tests.lab.bypass_names import ask
from tests.lab.bypass_places import GOOGLE, SAFE_SEARCH
from tests.lab.bypass_table import RESOLVED, Row, evasion, must_work, step
from tests.lab.network import ROUTER_V4


def _searches() -> list[Row]:
    safe = "the filter answers with the engine's safe address"
    rows = []
    for name, place in (
        ("www.google.com", GOOGLE),
        ("www.google.tg", GOOGLE),
        ("www.google.co.uk", GOOGLE),
        ("www.youtube.com", places.YOUTUBE),
        ("m.youtube.com", places.YOUTUBE),
        ("youtubei.googleapis.com", places.YOUTUBE),
        ("www.bing.com", places.BING),
        ("duckduckgo.com", places.DUCK),
    ):
        rows.append(evasion(f"search-{name}", f"`{name}` without its safe mode", safe, ask(ROUTER_V4, name, place)))
    rows += [
        evasion(
            "search-ipv6", "Google's own IPv6 address", safe, ask(ROUTER_V4, "www.google.com", GOOGLE, family="v6")
        ),
        evasion(
            "search-https-record",
            "the address hints in Google's HTTPS record",
            "HTTPS records of rewritten names are not handed out",
            step("dns", server=ROUTER_V4, name="www.google.com", type="HTTPS", want=["type65"]),
        ),
        evasion(
            "search-unsafe-engine",
            "a search engine without a safe mode",
            "the filter refuses names with the tag `unsafe_search`",
            ask(ROUTER_V4, "search.example", places.UNSAFE_SEARCH),
        ),
        evasion(
            "search-literal",
            "Google by a literal address",
            "only what was resolved",
            step("web", to=GOOGLE.v4, host="www.google.com"),
            (RESOLVED,),
        ),
        *[
            must_work(
                f"search-safe-{family}",
                f"searching in safe mode, IP{family}",
                "the safe address is resolved and reachable",
                step("web", to="www.google.com", family=family, expect=[SAFE_SEARCH.at(family), GOOGLE.at(family)]),
            )
            for family in ("v4", "v6")
        ],
    ]
    return rows


ROWS = tuple(_searches())
