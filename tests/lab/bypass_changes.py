"""Rows about changes: what a device held from before must end when an app is blocked, the level falls, bedtime comes.

It decides nothing but what is tried; `bypass_table` says what a row is.
"""

from tests.lab import bypass_places as places
from tests.lab.bypass_places import APP, LATER, LITERAL, OPEN
from tests.lab.bypass_table import ASSISTIVE, BOTH, FILTERED, RESOLVED, Row, evasion, limit, must_work, step
from tests.lab.network import ROUTER_V4, ROUTER_V6

FAMILIES = ("v4", "v6")
BELL = "what runs ends with the level, in both directions"
APP_ADDRESSES = "addresses of names that serve this app alone are refused at packet level"
LISTED_ONLY = "new connections reach only what the list of this level names"


def _flows(phase: str, what: str, name: str, by: str) -> list[Row]:
    """A long flow of each kind, begun before the phase."""
    return [
        evasion(
            f"{phase}-flow-{kind}-{family}",
            f"{'a download' if kind == 'tcp' else 'a one-way stream'} that runs since before {what}, IP{family}",
            by,
            step("alive", key=f"{phase}-{kind}-{family}"),
            phase=phase,
            before=(step("begin", key=f"{phase}-{kind}-{family}", kind=kind, to=name, family=family),),
        )
        for kind in ("tcp", "udp")
        for family in FAMILIES
    ]


def _held(phase: str, name: str, what: str, by: str, on: tuple[str, ...] = BOTH) -> list[Row]:
    """A new connection to an address that was resolved before the phase."""
    return [
        evasion(
            f"{phase}-held-{name.split('.')[0]}-{family}",
            f"{what}, IP{family}",
            by,
            step("web", to=f"held:{phase}-{name}-{family}", host=name),
            on,
            phase=phase,
            before=(step("hold", key=f"{phase}-{name}-{family}", to=name, family=family),),
        )
        for family in FAMILIES
    ]


def _app_blocked() -> list[Row]:
    name = places.APP_NAME
    rows = _flows("blocked", "the app was blocked", name, APP_ADDRESSES)
    rows += _held("blocked", name, "an app with an address that it got before it was blocked", APP_ADDRESSES)
    rows += _held(
        "blocked",
        "later.example.org",
        "a site denied since its address was resolved",
        "the address leaves the device's resolved ones",
        (RESOLVED,),
    )
    rows += [
        evasion(
            "blocked-name",
            "the app's name, asked again",
            "the filter refuses the app's names",
            step("dns", server=ROUTER_V4, name=name, want=[APP.v4]),
            phase="blocked",
        ),
        evasion(
            "blocked-literal",
            "the app by the hosts file",
            APP_ADDRESSES,
            step("web", to=APP.v4, host=name),
            phase="blocked",
            before=(step("hold", key="blocked-literal", to=name),),
        ),
        limit(
            "blocked-later-filtered",
            "a site denied since its address was resolved",
            "nothing: only an app's own addresses are refused at packet level",
            step("web", to=LATER.v4, host="later.example.org"),
            (FILTERED,),
            phase="blocked",
        ),
        must_work(
            "blocked-shared",
            "a school behind the same front end as the blocked app",
            "an address that another name shares is no app's address",
            step("web", to="school.example.org", expect=[places.SHARED.v4]),
            phase="blocked",
            before=(step("hold", key="shared", to=places.SHARED_NAME),),
        ),
        *[
            must_work(
                f"blocked-other-{kind}",
                f"another site's {'download' if kind == 'tcp' else 'call'} goes on",
                "only the app's addresses are refused",
                step("alive", key=f"other-{kind}"),
                phase="blocked",
                before=(step("begin", key=f"other-{kind}", kind=kind, to="www.example.org"),),
            )
            for kind in ("tcp", "udp")
        ],
    ]
    return rows


def _limited() -> list[Row]:
    rows = _flows("limited", "only the listed sites are left", "www.example.org", BELL)
    rows += _held("limited", "www.example.org", "a site whose address was resolved while all was open", LISTED_ONLY)
    rows += [
        evasion(
            "limited-name",
            "a name that is not on the list",
            "the filter refuses it",
            step("dns", server=ROUTER_V4, name="www.example.org", want=[OPEN.v4]),
            phase="limited",
        ),
        evasion("limited-literal", "a literal address", LISTED_ONLY, step("web", to=LITERAL.v4), phase="limited"),
        evasion(
            "limited-udp",
            "a tunnel on any UDP port",
            LISTED_ONLY,
            step("datagram", to=LITERAL.v4, port=33445),
            phase="limited",
        ),
        evasion(
            "limited-ssh",
            "SSH to a literal address",
            LISTED_ONLY,
            step("banner", to=LITERAL.v4, port=22),
            phase="limited",
        ),
        evasion(
            "limited-doh",
            "DNS over HTTPS to an address nobody lists",
            LISTED_ONLY,
            step("dns", server=places.QUIET_DOH.v4, name="www.example.org", want=[OPEN.v4], via="https", port=443),
            phase="limited",
        ),
        *[
            must_work(
                f"limited-listed-{family}",
                f"a listed site, IP{family}",
                "resolved, then reachable",
                step("web", to="homework.example.org", family=family),
                phase="limited",
            )
            for family in FAMILIES
        ],
    ]
    return rows


def _closed() -> list[Row]:
    closed = "the gate is closed for everything"
    rows = _flows("closed", "bedtime", "www.example.org", BELL)
    rows += _held("closed", "www.example.org", "a site whose address was resolved before", closed)
    rows += [
        evasion(
            "closed-dns-tunnel",
            "a tunnel in names of one's own domain",
            "nothing is resolved but what is never closed",
            step("dns", server=ROUTER_V4, name="data.blocked.example.net", want=["address"]),
            phase="closed",
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


ROWS = (*_app_blocked(), *_limited(), *_closed())
