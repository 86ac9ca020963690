"""Rows about ways: literal addresses, tunnels, proxies, neighbours; and what must get through beside them.

It decides nothing but what is tried; `bypass_table` says what a row is.
"""

from tests.lab import bypass_places as places
from tests.lab.bypass_places import ADULT, FRIEND, LITERAL
from tests.lab.bypass_table import FILTERED, RESOLVED, Row, Step, evasion, limit, step

ONLY_RESOLVED = "only what was resolved for this device is reachable"
NO_TUNNELS = "known tunnels and proxies are refused to whom VPNs are blocked"
LIMIT = "nothing: make the device one that reaches only what was resolved"
LAN_RULE = "the bridge refuses the ports of a neighbour's proxy, resolver and tunnel"
ALONE = "an isolated device speaks to no other machine of the home"
BLOCKED = "blocked.example.net"
FAMILIES = ("v4", "v6")


def _only_resolved(name: str, what: str, tried: Step) -> list[Row]:
    """What one device cannot do because only resolved addresses are reachable, and the other can."""
    return [
        evasion(name, what, ONLY_RESOLVED, tried, (RESOLVED,)),
        limit(f"{name}-filtered", what, LIMIT, tried, (FILTERED,)),
    ]


def _literals() -> list[Row]:
    rows = []
    for family in FAMILIES:
        hosts = step("web", to=ADULT.at(family), host=BLOCKED)
        rows += _only_resolved(f"hosts-file-{family}", f"a blocked site by the hosts file, IP{family}", hosts)
        rows += _only_resolved(
            f"literal-{family}", f"a server without a name, IP{family}", step("web", to=LITERAL.at(family))
        )
        rows += [
            evasion(
                f"neighbour-resolved-{family}",
                f"an address that only another device has resolved, IP{family}",
                ONLY_RESOLVED,
                step("web", to=FRIEND.at(family)),
                (RESOLVED,),
            ),
            evasion(
                f"quic-{family}",
                f"QUIC to an allowed site, IP{family}: the name cannot be seen",
                "UDP 443 is refused; apps fall back to TCP",
                step("datagram", to="www.example.org", port=443, family=family),
            ),
        ]
    rows += _only_resolved(
        "hosts-file-tls",
        "a blocked site by the hosts file over TLS",
        step("web", to=ADULT.v4, port=443, host=BLOCKED),
    )
    rows += _only_resolved(
        "proxy-8080", "a server on port 8080 of a literal address", step("web", to=LITERAL.v4, port=8080)
    )
    rows += _only_resolved(
        "tor-relay", "a Tor relay by its address, port 9001", step("web", to=places.TOR.v4, port=9001)
    )
    return rows


def _tunnels() -> list[Row]:
    named = {1194: "OpenVPN", 51820: "WireGuard", 500: "IKE to no phone company", 4500: "IPsec to no phone company"}
    rows = []
    for port, what in named.items():
        rows += [
            evasion(
                f"udp-{port}-{family}",
                f"{what}, UDP {port}, IP{family}",
                NO_TUNNELS,
                step("datagram", to=LITERAL.at(family), port=port, family=family),
            )
            for family in FAMILIES
        ]
    for name, number in places.PROTOCOLS.items():
        rows += [
            evasion(
                f"{name}-{family}",
                f"{name if name == '6in4' else name.upper()}, IP protocol {number}, IP{family}",
                NO_TUNNELS,
                step("protocol", address=LITERAL.at(family), number=number),
            )
            for family in FAMILIES
            if family == "v4" or name in ("gre", "esp")
        ]
    rows += [
        evasion("ssh", "SSH to a literal address", NO_TUNNELS, step("banner", to=LITERAL.v4, port=22)),
        evasion(
            "http-proxy",
            "an HTTP proxy in the internet, port 3128",
            NO_TUNNELS,
            step("proxy", kind="http", at=LITERAL.v4, port=places.PROXY_PORT, to=ADULT.v4),
        ),
        evasion(
            "socks-proxy",
            "a SOCKS proxy in the internet, port 1080",
            NO_TUNNELS,
            step("proxy", kind="socks", at=LITERAL.v4, port=places.SOCKS_PORT, to=ADULT.v4),
        ),
        *_only_resolved("udp-any", "a tunnel on any UDP port", step("datagram", to=LITERAL.v4, port=33445)),
        limit(
            "spelled-address",
            "a literal address by a name that spells it, as some services give one to each",
            "nothing, unless the service is on a list",
            step("web", to="203-0-113-45.names.example.org"),
        ),
        limit(
            "vpn-443",
            "a VPN on port 443 under a name that nobody lists",
            "nothing: it looks like a web site",
            step("web", to="harmless.example.org", port=443, host="harmless.example.org"),
        ),
    ]
    for family in FAMILIES:
        rows.append(
            evasion(
                f"ntp-tunnel-{family}",
                f"a tunnel in the port of time, IP{family}",
                "time is asked of the router, whatever address is named",
                step("clock", to=LITERAL.at(family), family=family, hide=True),
            )
        )
        rows += _only_resolved(
            f"ping-tunnel-{family}",
            f"a tunnel in echo requests of 1,000 bytes, IP{family}",
            step("ping", address=LITERAL.at(family), size=1000),
        )
    return rows


ROWS = (*_literals(), *_tunnels())
