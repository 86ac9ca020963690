"""Rows about bedtime: what must end and what is tried then, and what is never closed for anyone.

It decides nothing but what is tried; `bypass_table` says what a row is.
"""

from tests.lab import bypass_places as places
from tests.lab.bypass_changes import BELL, FAMILIES, flows, held
from tests.lab.bypass_places import LITERAL, OPEN
from tests.lab.bypass_table import ASSISTIVE, Row, evasion, must_work, step
from tests.lab.network import ROUTER_V4, ROUTER_V6


def _closed() -> list[Row]:
    closed = "the gate is closed for everything"
    rows = flows("closed", "bedtime", "www.example.org", BELL)
    rows += held("closed", "www.example.org", "a site whose address was resolved before", closed)
    rows += [
        evasion(
            "closed-dns-tunnel",
            "a tunnel in names of one's own domain",
            "nothing is resolved but what is never closed",
            step("dns", server=ROUTER_V4, name="data.blocked.example.net", want=["address"]),
            phase="closed",
        ),
        evasion(
            "closed-dns-connection",
            "a TCP connection to the resolver that is held since before",
            "what is answered goes by the level of the moment",
            step("dns", server="closed", name="www.example.org", want=["address"], via="held"),
            phase="closed",
            before=(step("connect", key="closed", to=ROUTER_V4, port=53),),
        ),
        evasion(
            "closed-resolver",
            "another resolver",
            "nothing is resolved but what is never closed",
            step("dns", server=places.RESOLVER.v4, name="www.example.org", want=[OPEN.v4]),
            phase="closed",
        ),
        evasion(
            "closed-ping",
            "a tunnel in echo requests",
            closed,
            step("ping", address=LITERAL.v4, size=1000),
            phase="closed",
        ),
        evasion(
            "closed-ping-v6",
            "a tunnel in echo requests, IPv6",
            closed,
            step("ping", address=LITERAL.v6, size=1000),
            phase="closed",
        ),
        evasion(
            "closed-ntp",
            "a tunnel in the time service's port",
            "the router answers itself",
            step("clock", to=LITERAL.v4, hide=True),
            phase="closed",
        ),
        evasion(
            "closed-ike", "IKE to no phone company", closed, step("datagram", to=LITERAL.v4, port=500), phase="closed"
        ),
        evasion(
            "closed-epdg-port",
            "another port of the phone company's gateway",
            "calls over Wi-Fi need UDP 500 and 4500 alone",
            step("datagram", to=places.EPDG_NAME, port=33445),
            phase="closed",
        ),
        evasion(
            "closed-epdg-tcp",
            "a web server on the gateway's address",
            "calls over Wi-Fi need UDP 500 and 4500 alone",
            step("web", to=places.EPDG.v4, host="x"),
            phase="closed",
        ),
        evasion(
            "closed-probe-site",
            "the sites that share the probes' addresses",
            "probe names lead to the router, never to their own addresses",
            step("dns", server=ROUTER_V4, name="connectivitycheck.gstatic.com", want=[places.PROBE.v4]),
            phase="closed",
        ),
        evasion(
            "closed-neighbour",
            "a neighbour's HTTP proxy",
            "the bridge refuses it",
            step("proxy", kind="http", at=places.NEIGHBOUR.v4, port=places.PROXY_PORT, to=OPEN.v4),
            phase="closed",
        ),
    ]
    for family in FAMILIES:
        for port in (500, 4500):
            rows.append(
                must_work(
                    f"closed-calls-{port}-{family}",
                    f"calls over Wi-Fi and emergency calls, UDP {port}, IP{family}",
                    "addresses of the phone company's gateway are never closed",
                    step("datagram", to=places.EPDG_NAME, port=port, family=family),
                    phase="closed",
                )
            )
    rows += [
        must_work("closed-time", "the time", "the router answers", step("clock", to=LITERAL.v4), phase="closed"),
        must_work(
            "closed-probe",
            "is there internet? (the phone stays in the Wi-Fi)",
            "the router answers itself",
            step("web", to="connectivitycheck.gstatic.com", path="/generate_204", says="204"),
            phase="closed",
        ),
        must_work(
            "closed-probe-apple",
            "is there internet? (iPhone)",
            "the router answers itself",
            step("web", to="captive.apple.com", path="/hotspot-detect.html", says="Success"),
            phase="closed",
        ),
        must_work("closed-hub", "the child's page", "the hub is never closed", step("hub", path="/me"), phase="closed"),
        must_work("closed-help", "helplines", "the hub is never closed", step("hub", path="/help"), phase="closed"),
        must_work(
            "closed-dhcp", "a new lease of the address", "DHCP reaches the router", step("lease"), phase="closed"
        ),
        must_work(
            "closed-print",
            "printing",
            "what is at home stays at home",
            step("banner", to=places.PRINTER.v4, port=9100),
            phase="closed",
        ),
        must_work(
            "closed-ping-router",
            "IPv6 lives, also after a long silence: the router answers",
            "its essentials are always let through",
            step("ping", address=ROUTER_V6),
            phase="closed",
        ),
        must_work(
            "closed-assistive",
            "an assistive device while everything is closed",
            "devices of this kind are never closed",
            step("web", to="www.example.org", expect=[OPEN.v4]),
            (ASSISTIVE,),
            phase="closed",
        ),
    ]
    return rows


ROWS = tuple(_closed())
