"""Rows about changes: what a device held from before must end when an app is blocked, the level falls, bedtime comes.

It decides nothing but what is tried; `bypass_table` says what a row is.
"""

from tests.lab import bypass_places as places
from tests.lab.bypass_places import APP, LATER, LITERAL, OPEN
from tests.lab.bypass_table import BOTH, FILTERED, RESOLVED, Row, evasion, limit, must_work, step
from tests.lab.network import ROUTER_V4

FAMILIES = ("v4", "v6")
BELL = "what runs ends with the level, in both directions"
APP_ADDRESSES = "addresses of names that serve this app alone are refused at packet level"
LISTED_ONLY = "new connections reach only what the list of this level names"


def flows(phase: str, what: str, name: str, by: str) -> list[Row]:
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


def held(phase: str, name: str, what: str, by: str, on: tuple[str, ...] = BOTH) -> list[Row]:
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


def _expired() -> list[Row]:
    name, by = "stale.example.org", "its time is over in the kernel; the name has to be asked again"
    going_on = "only new connections are checked"
    rows = held("expired", name, "a site whose address was resolved more than an hour ago", by, (RESOLVED,))
    rows += [
        must_work(
            f"expired-flow-{kind}",
            f"{'a download' if kind == 'tcp' else 'a call'} that began while the address was fresh",
            going_on,
            step("alive", key=f"expired-{kind}"),
            (RESOLVED,),
            phase="expired",
            before=(step("begin", key=f"expired-{kind}", kind=kind, to=name),),
        )
        for kind in ("tcp", "udp")
    ]
    return rows


def _app_blocked() -> list[Row]:
    name = places.APP_NAME
    rows = flows("blocked", "the app was blocked", name, APP_ADDRESSES)
    rows += held("blocked", name, "an app with an address that it got before it was blocked", APP_ADDRESSES)
    rows += held(
        "blocked",
        "later.example.org",
        "a site denied since its address was resolved",
        "the address leaves the device's resolved ones",
        (RESOLVED,),
    )
    rows += held(
        "blocked",
        places.LISTED_NAME,
        "a site that is on a list since its address was resolved",
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
    rows = flows("limited", "only the listed sites are left", "www.example.org", BELL)
    rows += held("limited", "www.example.org", "a site whose address was resolved while all was open", LISTED_ONLY)
    rows += [
        evasion(
            "limited-name",
            "a name that is not on the list",
            "the filter refuses it",
            step("dns", server=ROUTER_V4, name="www.example.org", want=[OPEN.v4]),
            phase="limited",
        ),
        evasion(
            "limited-lookalike",
            "a name that only ends like a listed one",
            "names are compared label by label",
            step("web", to="nothomework.example.org"),
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


ROWS = (*_expired(), *_app_blocked(), *_limited())
