"""The map of the bypass lab: who sits at which address of its internet, under which name, and what the list says.

It decides names, numbers and tags only; the far ends are `bypass_internet`'s, the rows `bypass_rows`'. A place has the
same number in both families, so that a row can say `ADULT` and mean 203.0.113.20 and 2001:db8:10::20.
"""

import socket
import struct
from typing import NamedTuple

from tests.lab import network
from tests.lab.network import Device


class Place(NamedTuple):
    """One machine of the internet, with an address of each family."""

    number: int

    @property
    def v4(self) -> str:
        """Its IPv4 address."""
        return f"203.0.113.{self.number}"

    @property
    def v6(self) -> str:
        """Its IPv6 address."""
        return f"2001:db8:10::{self.number}"

    def at(self, family: str) -> str:
        """Its address of a family, `v4` or `v6`."""
        return self.v6 if family == "v6" else self.v4


OPEN = Place(10)  # an allowed site
ADULT = Place(20)  # a blocked one
APP = Place(21)  # serves one app only
SHARED = Place(22)  # a front end that serves the app and a school
FRIEND = Place(23)  # allowed, and only the phone asks for it
LATER = Place(24)  # allowed now, denied later
STALE = Place(26)  # allowed, and its time in the set of resolved addresses is over
LISTED = Place(27)  # allowed now, on a list later
TRACKER = Place(25)  # blocked, and hidden behind an allowed alias
DOH = Place(30)  # an encrypted resolver that the list knows, by name and by address
QUIET_DOH = Place(31)  # one that nobody lists
LITERAL = Place(40)  # has no name at all
SPELLED = Place(45)  # has only a name that anybody may give to any address
ROUNDABOUT = Place(44)  # the way there leads over a neighbour
VPN = Place(41)
QUIET_VPN = Place(42)  # a VPN under a name that nobody lists
TOR = Place(43)
EPDG = Place(50)  # the operator's gateway for calls over Wi-Fi
RESOLVER = Place(53)
SAFE_SEARCH = Place(60)
GOOGLE = Place(61)
YOUTUBE = Place(62)
BING, SAFE_BING = Place(63), Place(64)
DUCK, SAFE_DUCK = Place(65), Place(66)
UNSAFE_SEARCH = Place(67)  # a search engine without a safe mode
PUSH = Place(70)
PROBE = Place(71)  # where the probes of operating systems really live: a front end of many sites
ONLY = Place(72)  # on the list of the limited level
PLACES = (
    *(
        OPEN,
        ADULT,
        APP,
        SHARED,
        FRIEND,
        LATER,
        STALE,
        LISTED,
        TRACKER,
        DOH,
        QUIET_DOH,
        LITERAL,
        VPN,
        QUIET_VPN,
        TOR,
        EPDG,
        RESOLVER,
        ROUNDABOUT,
        SPELLED,
    ),
    *(SAFE_SEARCH, GOOGLE, YOUTUBE, BING, SAFE_BING, DUCK, SAFE_DUCK, UNSAFE_SEARCH, PUSH, PROBE, ONLY),
)

EPDG_NAME = "epdg.epc.mnc001.mcc262.pub.3gppnetwork.org"
IDN_NAME = "xn--bcher-kva.example.net"
LISTED_NAME, LATER_LIST = "listed.example.org", "later.txt"
# Names that the hub's own catalogue knows as this app's alone.
APP_ID, APP_NAME, SHARED_NAME = "roblox", "c0.rbxcdn.com", "images.rbxcdn.com"
NAMES = {
    "www.example.org": OPEN,
    "blocked.example.net": ADULT,
    IDN_NAME: ADULT,
    APP_NAME: APP,
    SHARED_NAME: SHARED,
    "school.example.org": SHARED,
    "friend.example.org": FRIEND,
    "later.example.org": LATER,
    "stale.example.org": STALE,
    LISTED_NAME: LISTED,
    "tracker.example.net": TRACKER,
    "doh.example": DOH,
    "vpn.example": VPN,
    "harmless.example.org": QUIET_VPN,
    "notblocked.example.net": OPEN,
    "nothomework.example.org": OPEN,
    # A service that makes a name of every address.
    "203-0-113-45.names.example.org": SPELLED,
    "tor.example": TOR,
    EPDG_NAME: EPDG,
    "forcesafesearch.google.com": SAFE_SEARCH,
    "restrict.youtube.com": SAFE_SEARCH,
    "restrictmoderate.youtube.com": SAFE_SEARCH,
    "www.google.com": GOOGLE,
    "www.google.tg": GOOGLE,
    "www.google.co.uk": GOOGLE,
    "www.youtube.com": YOUTUBE,
    "m.youtube.com": YOUTUBE,
    "youtubei.googleapis.com": YOUTUBE,
    "www.bing.com": BING,
    "strict.bing.com": SAFE_BING,
    "duckduckgo.com": DUCK,
    "safe.duckduckgo.com": SAFE_DUCK,
    "search.example": UNSAFE_SEARCH,
    "1-courier.push.apple.com": PUSH,
    "mtalk.google.com": PUSH,
    "connectivitycheck.gstatic.com": PROBE,
    "captive.apple.com": PROBE,
    "www.msftconnecttest.com": PROBE,
    "homework.example.org": ONLY,
    "use-application-dns.net": PROBE,
    "mask.icloud.com": QUIET_VPN,
    "mask-h2.icloud.com": QUIET_VPN,
}
ALIASES = {"alias.example.org": "tracker.example.net"}

# The family's own lists: (form, what its names are, its lines).
LISTS = {
    "adult.txt": ("plain", "adult", ("blocked.example.net", IDN_NAME, "tracker.example.net")),
    "vpn.txt": ("hosts", "vpn", ("0.0.0.0 vpn.example",)),
    "tor.txt": ("adblock", "tor", ("||tor.example^",)),
    "search.txt": ("plain", "unsafe_search", ("search.example",)),
    "resolvers.txt": ("plain", "doh", ("doh.example",)),
    "resolver-addresses.txt": ("addresses", "doh", (DOH.v4, DOH.v6)),
}

SVCB, HTTPS = 64, 65
_ALPN, _IPV4_HINT, _ECH = 1, 4, 5

PRINTER = Device("printer", "02:00:00:00:77:20", "192.168.77.20", ("2001:db8:77::a:20",))
AID = Device("aid", "02:00:00:00:77:21", "192.168.77.21", ("2001:db8:77::a:21",))
# A family's own machine that serves as a way out for others: a proxy, a resolver.
NEIGHBOUR = network.NOTEBOOK
WAN_V4 = "198.51.100.2"

STREAM_PORT = 8801  # UDP, as calls and games use such
ECHO_PORTS = (443, 500, 1194, 4500, 8801, 33445, 51820)
DNS_PORTS = (853, 5053, 8443)  # beside 53, where a real server answers
PUSH_PORTS = (5223, 5228)
PROXY_PORT, SOCKS_PORT = 3128, 1080
PRINT_PORTS = (631, 9100, 8009)
SECOND_RESOLVER_PORT, ADMIN_PORT, MAPPING_PORT = 5054, 22, 5351
PROTOCOLS = {"ipip": 4, "6in4": 41, "gre": 47, "esp": 50}
MARK = b"stairgate far end"


def _service_record(parameters: dict[int, bytes]) -> str:
    """The hex of an SVCB or HTTPS record of priority 1 for the name itself (RFC 9460, 2.2)."""
    data = struct.pack("!HB", 1, 0)
    for key, value in sorted(parameters.items()):
        data += struct.pack("!HH", key, len(value)) + value
    return data.hex()


def resolver_words() -> list[str]:
    """The options that make dnsmasq the name server of this internet."""
    words = [f"--host-record={name},{place.v4},{place.v6}" for name, place in NAMES.items()]
    # Every name below a blocked one exists too.
    words += [f"--address=/blocked.example.net/{address}" for address in (ADULT.v4, ADULT.v6)]
    words += [f"--cname={alias},{name}" for alias, name in ALIASES.items()]
    hint = {_ALPN: b"\x02h3", _IPV4_HINT: socket.inet_aton(GOOGLE.v4)}
    words.append(f"--dns-rr=www.google.com,{HTTPS},{_service_record(hint)}")
    hello = {_ALPN: b"\x02h2", _ECH: b"x" * 32}
    words.append(f"--dns-rr=www.example.org,{HTTPS},{_service_record(hello)}")
    designated = {_ALPN: b"\x03dot", _IPV4_HINT: socket.inet_aton(DOH.v4)}
    words.append(f"--dns-rr=_dns.resolver.arpa,{SVCB},{_service_record(designated)}")
    return words
