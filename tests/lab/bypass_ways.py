"""Rows about ways: literal addresses, tunnels, proxies, neighbours; and what must get through beside them.

It decides nothing but what is tried; `bypass_table` says what a row is.
"""

from tests.lab import bypass_places as places
from tests.lab.bypass_places import ADULT, FRIEND, LITERAL, OPEN, RESOLVER, ROUNDABOUT
from tests.lab.bypass_table import BOTH, FILTERED, ISOLATED, RESOLVED, Row, Step, evasion, limit, must_work, step
from tests.lab.network import ROUTER_V4, ROUTER_V6

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
                f"{name.upper() if name != '6in4' else name}, IP protocol {number}, IP{family}",
                NO_TUNNELS,
                step("protocol", address=LITERAL.at(family), number=number),
            )
            for family in FAMILIES
            if family == "v4" or name != "6in4"
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


def _neighbours() -> list[Row]:
    home = places.NEIGHBOUR
    three = (*BOTH, ISOLATED)
    proxied = step("proxy", kind="http", at=home.v4, port=8080, to=ADULT.v4)

    def ask(server: str, port: int = 53) -> Step:
        return step("dns", server=server, name=BLOCKED, want=[ADULT.v4], port=port)

    return [
        evasion(
            "neighbour-http",
            "a neighbour's HTTP proxy, port 3128",
            LAN_RULE,
            step("proxy", kind="http", at=home.v4, port=places.PROXY_PORT, to=ADULT.v4),
            three,
        ),
        evasion(
            "neighbour-socks",
            "a neighbour's SOCKS proxy, port 1080",
            LAN_RULE,
            step("proxy", kind="socks", at=home.v4, port=places.SOCKS_PORT, to=ADULT.v4),
            three,
        ),
        evasion("neighbour-any", "a neighbour's proxy on any port", ALONE, proxied, (ISOLATED,)),
        limit("neighbour-any-filtered", "a neighbour's proxy on any port", "nothing but isolating the device", proxied),
        evasion("neighbour-resolver-v4", "a neighbour as resolver, IPv4", LAN_RULE, ask(home.v4), three),
        evasion("neighbour-resolver-v6", "a neighbour as resolver, IPv6", LAN_RULE, ask(home.v6[0]), three),
        evasion("neighbour-resolver-5053", "a neighbour as resolver, port 5053", LAN_RULE, ask(home.v4, 5053), three),
        evasion(
            "neighbour-tunnel",
            "a neighbour's WireGuard, UDP 51820",
            LAN_RULE,
            step("datagram", to=home.v4, port=51820),
            three,
        ),
        evasion(
            "neighbour-gateway-v4",
            "a neighbour as gateway, IPv4",
            "frames between neighbours stay within the home's own addresses",
            step("web", to=ROUNDABOUT.v4),
            three,
        ),
        evasion(
            "neighbour-gateway-v6", "a neighbour as gateway, IPv6", ALONE, step("web", to=ROUNDABOUT.v6), (ISOLATED,)
        ),
        limit(
            "neighbour-gateway-v6-filtered",
            "a neighbour as gateway, IPv6, on a machine set up to forward",
            "nothing but isolating the device: the home's own IPv6 addresses change",
            step("web", to=ROUNDABOUT.v6),
        ),
    ]


def _routers() -> list[Row]:
    services = "managed devices reach only a few services of the router"
    return [
        evasion(
            "router-admin",
            "the router's own administration",
            services,
            step("banner", to=ROUTER_V4, port=places.ADMIN_PORT),
        ),
        evasion(
            "port-mapping",
            "a port of the internet mapped to the device (NAT-PMP)",
            services,
            step("datagram", to=ROUTER_V4, port=places.MAPPING_PORT),
        ),
        evasion(
            "stolen-address",
            "a blocked name, asked from the IP address of a parent's machine",
            "rules go by hardware address, not by IP address",
            step("dns", server=ROUTER_V4, name=BLOCKED, want=[ADULT.v4], source="stolen"),
            (FILTERED,),
            phase="borrowed",
        ),
        evasion(
            "stolen-address-doh",
            "DNS over HTTPS from the IP address of a parent's machine",
            "rules go by hardware address, not by IP address",
            step("web", to=places.DOH.v4, source="stolen"),
            (FILTERED,),
            phase="borrowed",
        ),
    ]


def _disguises() -> list[Row]:
    new = "a hardware address that nobody knows has the strictest child's rules, and a parent is told"
    resolver = step("dns", server=RESOLVER.v6, name=BLOCKED, want=[ADULT.v6], type="AAAA")
    https = step("dns", server=places.DOH.v4, name=BLOCKED, want=[ADULT.v4], via="https", port=443)
    tried = {
        "name": ("a blocked name", step("dns", server=ROUTER_V4, name=BLOCKED, want=[ADULT.v4])),
        "resolver": ("another resolver", resolver),
        "doh": ("DNS over HTTPS", https),
        "search": (
            "Google without its safe mode",
            step("dns", server=ROUTER_V4, name="www.google.com", want=[places.GOOGLE.v4]),
        ),
    }
    rows = [
        evasion(f"new-mac-{name}", f"{what} from a new random hardware address", new, way, phase="disguised")
        for name, (what, way) in tried.items()
    ]
    rows.append(
        must_work(
            "new-mac-allowed",
            "an allowed site from a new hardware address, once it was seen",
            new,
            step("web", to="www.example.org"),
            phase="disguised",
        )
    )
    return rows


def _allowed() -> list[Row]:
    rows = []
    for family in FAMILIES:
        rows += [
            must_work(
                f"allowed-{family}",
                f"an allowed site, IP{family}",
                "resolved, then reachable",
                step("web", to="www.example.org", family=family, expect=[OPEN.at(family)]),
            ),
            must_work(
                f"push-{family}",
                f"push messages, port 5223, IP{family}",
                "resolved, then reachable",
                step("banner", to="1-courier.push.apple.com", port=5223, family=family),
            ),
            must_work(
                f"ping-router-{family}",
                f"the router answers, IP{family}",
                "IPv6 needs it to live",
                step("ping", address=ROUTER_V6 if family == "v6" else ROUTER_V4),
            ),
            must_work(
                f"time-{family}",
                f"the time from any server, IP{family}",
                "the router answers",
                step("clock", to=LITERAL.at(family), family=family),
            ),
            must_work(
                f"wifi-calling-{family}",
                f"Wi-Fi calling, UDP 500, IP{family}",
                "the phone company's gateway, by its name",
                step("datagram", to=places.EPDG_NAME, port=500, family=family),
            ),
        ]
    probes = {
        "connectivitycheck.gstatic.com": ("/generate_204", ("204",)),
        "captive.apple.com": ("/hotspot-detect.html", ("Success",)),
        "www.msftconnecttest.com": ("/connecttest.txt", ("Microsoft Connect Test",)),
    }
    rows += [
        must_work(
            f"probe-{name.split('.')[1]}",
            f"`{name}`: is there internet?",
            "the name is resolved while the internet is on",
            step("web", to=name, path=path, says=says[0]),
        )
        for name, (path, says) in probes.items()
    ]
    rows += [
        must_work(
            "allowed-tls",
            "an allowed site over TLS",
            "resolved, then reachable",
            step("web", to="www.example.org", port=443, host="www.example.org"),
        ),
        must_work(
            "push-5228",
            "push messages, port 5228",
            "resolved, then reachable",
            step("banner", to="mtalk.google.com", port=5228),
        ),
        must_work("dhcp", "a new lease of the address", "DHCP reaches the router", step("lease")),
        must_work("hub", "the child's page", "the hub is never closed", step("hub", path="/me")),
        must_work("help", "helplines", "the hub is never closed", step("hub", path="/help")),
    ]
    rows += [
        must_work(
            f"lan-{port}",
            f"{what} on a machine of the home, port {port}",
            "what is at home stays at home",
            step("banner", to=places.PRINTER.v4, port=port),
        )
        for port, what in zip(places.PRINT_PORTS, ("printing", "printing", "casting"), strict=True)
    ]
    return rows


ROWS = (*_literals(), *_tunnels(), *_neighbours(), *_routers(), *_disguises(), *_allowed())
