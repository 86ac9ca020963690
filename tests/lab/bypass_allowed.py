"""Rows about what must go on working for managed devices: sites, push, time, calls, leases, printing, the hub.

It decides nothing but what is tried; `bypass_table` says what a row is. What must go on while the internet is off
stands with what must not, in `bypass_closed`.
"""

from tests.lab import bypass_places as places
from tests.lab.bypass_places import LITERAL, OPEN
from tests.lab.bypass_table import Row, must_work, step
from tests.lab.network import ROUTER_V4, ROUTER_V6

FAMILIES = ("v4", "v6")


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
            "allowed-lookalike",
            "a site whose name only ends like a blocked one",
            "names are compared label by label",
            step("web", to="notblocked.example.net"),
        ),
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


ROWS = tuple(_allowed())
