"""Rows about names: other resolvers, other transports, queries written to be misread, searches that are not safe.

It decides nothing but what is tried; `bypass_table` says what a row is.
"""

from tests.lab import bypass_places as places
from tests.lab.bypass_places import ADULT, DOH, RESOLVER, Place
from tests.lab.bypass_table import BOTH, FILTERED, RESOLVED, Row, Step, evasion, limit, must_work, step
from tests.lab.network import ROUTER_V4, ROUTER_V6

BLOCKED = "blocked.example.net"
DEEP = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 30, BLOCKED])
LINK_LOCAL = "fe80::ff:fe00:7701%eth0"
REDIRECT = "port 53 is redirected to the filter, in both families"
REFUSED = "the filter refuses the name, and whatever is below it"
PORT = "the port is refused: encrypted or alternative DNS"


def ask(server: str, name: str = BLOCKED, want: Place = ADULT, family: str = "v4", **words: object) -> Step:
    """A query whose answer must not hold the place's own address."""
    return step(
        "dns", server=server, name=name, type="AAAA" if family == "v6" else "A", want=[want.at(family)], **words
    )


def _others() -> list[Row]:
    rows = []
    for family in ("v4", "v6"):
        resolver, doh = RESOLVER.at(family), DOH.at(family)
        for via in ("udp", "tcp"):
            rows.append(
                evasion(
                    f"other-resolver-{via}-{family}",
                    f"DNS over {via.upper()} to a resolver in the internet, IP{family}",
                    REDIRECT,
                    ask(resolver, family=family, via=via),
                )
            )
        rows += [
            evasion(
                f"dot-{family}",
                f"DNS over TLS, port 853, IP{family}",
                PORT,
                ask(doh, family=family, via="tls", port=853),
            ),
            evasion(
                f"doq-{family}",
                f"DNS over UDP 853, as QUIC uses it, IP{family}",
                PORT,
                ask(doh, family=family, port=853),
            ),
            evasion(
                f"doh-listed-{family}",
                f"DNS over HTTPS to a listed address, IP{family}",
                "the pack's addresses of encrypted resolvers are refused",
                ask(doh, via="https", port=443),
            ),
        ]
    for via in ("udp", "tcp"):
        what, elsewhere = f"DNS over {via.upper()} on port", ask(RESOLVER.v4, via=via, port=8443)
        rows += [
            evasion(f"dns-5053-{via}", f"{what} 5053", PORT, ask(RESOLVER.v4, via=via, port=5053)),
            evasion(f"dns-8443-{via}", f"{what} 8443", "only what was resolved", elsewhere, (RESOLVED,)),
            limit(f"dns-8443-{via}-filtered", f"{what} 8443", "nothing: web sites use it too", elsewhere, (FILTERED,)),
        ]
    rows.append(
        evasion(
            "doh-by-name",
            "DNS over HTTPS to a listed name",
            "the filter refuses names with the tag `doh`",
            ask("doh.example", via="https", port=443, host="doh.example"),
        )
    )
    quiet = ask(places.QUIET_DOH.v4, via="https", port=443)
    rows.append(
        evasion(
            "doh-unlisted", "DNS over HTTPS to an address nobody lists", "only what was resolved", quiet, (RESOLVED,)
        )
    )
    rows.append(
        limit("doh-unlisted-filtered", "DNS over HTTPS to an address nobody lists", "nothing", quiet, (FILTERED,))
    )
    return rows


def _routers_own() -> list[Row]:
    own = [
        ("router-v6", "the router's IPv6 address as resolver", REDIRECT, ask(ROUTER_V6, family="v6")),
        ("router-link-local", "the router's link-local address as resolver", REDIRECT, ask(LINK_LOCAL)),
        ("router-wan", "the router's resolver by its address on the other side", REDIRECT, ask(places.WAN_V4)),
        (
            "router-second",
            "a second resolver of the router on another port",
            "managed devices reach only a few services of the router",
            ask(ROUTER_V4, port=places.SECOND_RESOLVER_PORT),
        ),
    ]
    return [evasion(*row) for row in own]


def _written() -> list[Row]:
    tricks = [
        ("case", "a name in mixed case", ask(ROUTER_V4, trick="case")),
        (
            "upper-idn",
            "an internationalised name, its A-label in capitals",
            ask(ROUTER_V4, places.IDN_NAME, trick="upper"),
        ),
        ("compressed", "a question whose name ends in a pointer", ask(ROUTER_V4, trick="compressed")),
        ("deep", "a name of 250 characters below a blocked one", ask(ROUTER_V4, DEEP)),
        ("padded", "a query padded to 1,000 bytes", ask(ROUTER_V4, trick="padded")),
        ("fragments", "a query in IP fragments of 16 bytes", ask(ROUTER_V4, via="fragments")),
        ("pipelined", "a query over TCP, behind a harmless one", ask(ROUTER_V4, via="pipelined")),
        ("split", "a query over TCP, one byte a segment", ask(ROUTER_V4, via="split")),
        ("behind-options", "a query behind IPv6 destination options", ask(RESOLVER.v6, family="v6", via="options")),
        ("other-family", "the blocked name's IPv6 address over IPv4", ask(ROUTER_V4, family="v6")),
    ]
    rows = [evasion(f"query-{name}", what, REFUSED, tried) for name, what, tried in tricks]
    rows.append(
        evasion(
            "alias",
            "an allowed name that is an alias of a blocked one",
            "the filter judges every name on the way to the address",
            ask(ROUTER_V4, "alias.example.org", places.TRACKER),
        )
    )
    rows.append(
        evasion(
            "privacy-address",
            "asking a foreign resolver from another IPv6 address of the device",
            "rules go by hardware address, not by IP address",
            ask(RESOLVER.v6, family="v6", source="privacy"),
        )
    )
    rows.append(
        evasion(
            "static-address",
            "asking the router from a static IPv4 address that DHCP never gave",
            "rules go by hardware address, not by IP address",
            ask(ROUTER_V4, source="static"),
        )
    )
    return rows


def _signals() -> list[Row]:
    addresses = {"want": ["address"]}
    return [
        evasion(
            "firefox-canary",
            "Firefox asks whether it may use its own resolver",
            "the canary name does not exist",
            step("dns", server=ROUTER_V4, name="use-application-dns.net", **addresses),
        ),
        *[
            evasion(
                f"private-relay-{name.split('.')[0]}",
                f"iCloud Private Relay looks for `{name}`",
                "a prompt negative answer, on which the phone says so",
                step("dns", server=ROUTER_V4, name=name, **addresses),
            )
            for name in ("mask.icloud.com", "mask-h2.icloud.com")
        ],
        evasion(
            "designated-resolver",
            "the device asks for the network's encrypted resolver (DDR)",
            "there is none, and the question is not forwarded",
            step("dns", server=ROUTER_V4, name="_dns.resolver.arpa", type="SVCB", want=["type64"]),
        ),
        evasion(
            "encrypted-hello",
            "keys for an encrypted ClientHello of an allowed site",
            "the filter takes them out",
            step("dns", server=ROUTER_V4, name="www.example.org", type="HTTPS", want=["ech"]),
        ),
        must_work(
            "prompt-refusal",
            "a refused name is answered at once, so that no app hangs",
            "the filter answers",
            step("dns", server=ROUTER_V4, name="mask.icloud.com", want=["prompt", "address"]),
        ),
    ]


def _tags() -> list[Row]:
    return [
        evasion(
            f"{tag}-by-name",
            f"a {what} under a listed name",
            f"the filter refuses names with the tag `{tag}`",
            step("web", to=f"{tag}.example"),
            BOTH,
        )
        for tag, what in (("vpn", "VPN"), ("tor", "Tor relay"))
    ]


ROWS = (*_others(), *_routers_own(), *_written(), *_signals(), *_tags())
