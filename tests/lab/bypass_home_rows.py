"""Rows about the home itself: neighbours as a way out, the router's services, addresses that are somebody else's.

It decides nothing but what is tried; `bypass_table` says what a row is.
"""

from tests.lab import bypass_places as places
from tests.lab.bypass_places import ADULT, RESOLVER, ROUNDABOUT
from tests.lab.bypass_table import BOTH, FILTERED, ISOLATED, Row, Step, evasion, limit, must_work, step
from tests.lab.network import ROUTER_V4

LAN_RULE = "the bridge refuses the ports of a neighbour's proxy, resolver and tunnel"
ALONE = "an isolated device speaks to no other machine of the home"
BLOCKED = "blocked.example.net"


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
        must_work(
            "stolen-address-allowed",
            "an allowed site from the IP address of a parent's machine",
            "rules go by hardware address: these are the rules of its own",
            step("web", to="www.example.org", source="stolen"),
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
        "literal": ("a server without a name", step("web", to=places.LITERAL.v4)),
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


ROWS = (*_neighbours(), *_routers(), *_disguises())
