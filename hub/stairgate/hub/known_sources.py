"""Block lists that others keep up and give away, as data: where each is, its form, its licence, who makes it.

None is fetched before a parent switches it on, and none of their content is part of Stairgate. The entries are as
their makers stated them at `AS_OF`; whether an address still answers shows when it is switched on.
"""

from typing import NamedTuple

from stairgate.hub.language import N_, _

#: When the table was put together, from the projects' own descriptions. No address was asked for it.
AS_OF = "2026-11-27"

_HAGEZI = "https://raw.githubusercontent.com/hagezi/dns-blocklists/main/adblock/"
_STEVENBLACK = "https://raw.githubusercontent.com/StevenBlack/hosts/master/"
_UT1 = "https://raw.githubusercontent.com/olbat/ut1-blacklists/master/blacklists/"
_PROJECT = "https://blocklistproject.github.io/Lists/alt-version/"
_DIBDOT = "https://raw.githubusercontent.com/dibdot/DoH-IP-blocklists/master/"

_NOT_STATED = N_("not stated")

_BY_HAGEZI = "HaGeZi, github.com/hagezi/dns-blocklists"
_BY_STEVENBLACK = "Steven Black, github.com/StevenBlack/hosts"
_BY_UT1 = N_("Université Toulouse Capitole, mirrored at github.com/olbat/ut1-blacklists")
_BY_PROJECT = "The Block List Project, github.com/blocklistproject/Lists"
_BY_DIBDOT = "Dirk Brenken, github.com/dibdot/DoH-IP-blocklists"


class Known(NamedTuple):
    """One list. id: stays the same for ever, as homes remember it. made_by: who, and where to read about it.

    Where title, licence and made_by have English words, `in_words` says them in the reader's language.
    """

    id: str
    title: str
    url: str
    format: str
    tag: str
    licence: str
    made_by: str


KNOWN = (
    Known(
        "kadultsb",
        N_("Adult sites"),
        f"{_STEVENBLACK}alternates/porn-only/hosts",
        "hosts",
        "adult",
        "MIT",
        _BY_STEVENBLACK,
    ),
    Known("kadulthz", N_("Adult sites, short"), f"{_HAGEZI}nsfw.txt", "adblock", "adult", "GPL-3.0", _BY_HAGEZI),
    Known("kadultbp", N_("Adult sites, long"), f"{_PROJECT}porn-nl.txt", "plain", "adult", "MIT", _BY_PROJECT),
    Known("kgamblinghz", N_("Gambling"), f"{_HAGEZI}gambling.medium.txt", "adblock", "gambling", "GPL-3.0", _BY_HAGEZI),
    Known("kgamblingut", N_("Gambling"), f"{_UT1}gambling/domains", "plain", "gambling", "CC BY-SA 4.0", _BY_UT1),
    Known("kadshz", N_("Ads and tracking"), f"{_HAGEZI}multi.txt", "adblock", "ads", "GPL-3.0", _BY_HAGEZI),
    Known("kadssb", N_("Ads and harmful sites"), f"{_STEVENBLACK}hosts", "hosts", "ads", "MIT", _BY_STEVENBLACK),
    Known("ktrackingbp", N_("Tracking"), f"{_PROJECT}tracking-nl.txt", "plain", "tracking", "MIT", _BY_PROJECT),
    Known("kmalwarehz", N_("Harmful sites"), f"{_HAGEZI}tif.medium.txt", "adblock", "malware", "GPL-3.0", _BY_HAGEZI),
    Known("kmalwareut", N_("Harmful sites"), f"{_UT1}malware/domains", "plain", "malware", "CC BY-SA 4.0", _BY_UT1),
    Known(
        "kphishingut", N_("Fraud and phishing"), f"{_UT1}phishing/domains", "plain", "phishing", "CC BY-SA 4.0", _BY_UT1
    ),
    Known(
        "kminingut",
        N_("Mining in the browser"),
        f"{_UT1}cryptojacking/domains",
        "plain",
        "malware",
        "CC BY-SA 4.0",
        _BY_UT1,
    ),
    Known("kdrugsbp", N_("Drugs"), f"{_PROJECT}drugs-nl.txt", "plain", "drugs", "MIT", _BY_PROJECT),
    Known("kdatingut", N_("Dating"), f"{_UT1}dating/domains", "plain", "dating", "CC BY-SA 4.0", _BY_UT1),
    Known("kgamesut", N_("Games"), f"{_UT1}games/domains", "plain", "games", "CC BY-SA 4.0", _BY_UT1),
    Known("kchatut", N_("Chat"), f"{_UT1}chat/domains", "plain", "chat", "CC BY-SA 4.0", _BY_UT1),
    Known("kvideout", N_("Music and video"), f"{_UT1}audio-video/domains", "plain", "video", "CC BY-SA 4.0", _BY_UT1),
    Known("ksocialhz", N_("Social networks"), f"{_HAGEZI}social.txt", "adblock", "social", "GPL-3.0", _BY_HAGEZI),
    Known(
        "kwarezhz",
        N_("Pirated films and software"),
        f"{_HAGEZI}anti.piracy.txt",
        "adblock",
        "warez",
        "GPL-3.0",
        _BY_HAGEZI,
    ),
    Known(
        *("kunsafehz", N_("Search without a safe mode"), f"{_HAGEZI}nosafesearch.txt", "adblock"),
        *("unsafe_search", "GPL-3.0", _BY_HAGEZI),
    ),
    Known(
        "kvpnhz", N_("VPNs and proxies"), f"{_HAGEZI}doh-vpn-proxy-bypass.txt", "adblock", "vpn", "GPL-3.0", _BY_HAGEZI
    ),
    Known("kdohhz", N_("Encrypted resolvers"), f"{_HAGEZI}doh.txt", "adblock", "doh", "GPL-3.0", _BY_HAGEZI),
    Known("kdohdd", N_("Encrypted resolvers"), f"{_DIBDOT}doh-domains.txt", "plain", "doh", _NOT_STATED, _BY_DIBDOT),
    Known(
        "kdohdd4",
        N_("Encrypted resolvers’ addresses"),
        f"{_DIBDOT}doh-ipv4.txt",
        "addresses",
        "doh",
        _NOT_STATED,
        _BY_DIBDOT,
    ),
    Known(
        "kdohdd6",
        N_("Encrypted resolvers’ IPv6"),
        f"{_DIBDOT}doh-ipv6.txt",
        "addresses",
        "doh",
        _NOT_STATED,
        _BY_DIBDOT,
    ),
)


_TITLES = frozenset(known.title for known in KNOWN)


def in_words(text: str) -> str:
    """What the table says, in the reader's language; names of people, places and licences are the same everywhere."""
    return _(text) if text in _TITLES or text in (_NOT_STATED, _BY_UT1) else text
