"""Names with rules of their own, and where searches are led: which names, and above all which not."""

from stairgate.core.safesearch import GOOGLE_SUFFIXES, NAMES, engine_target, rewrite
from stairgate.core.special_names import BELOW, EXACT, KINDS, kind_of

KIND_CASES = (
    ("connectivitycheck.gstatic.com", "probe"),
    ("captive.apple.com", "probe"),
    ("www.msftconnecttest.com", "probe"),
    ("detectportal.firefox.com", "probe"),
    ("epdg.epc.mnc001.mcc262.pub.3gppnetwork.org", "epdg"),
    ("sos.epdg.epc.mcc262.visited-country.pub.3gppnetwork.org", "epdg"),
    ("use-application-dns.net", "canary"),
    ("mask.icloud.com", "relay"),
    ("mask-h2.icloud.com", "relay"),
    ("resolver.arpa", "resolver"),
    ("_dns.resolver.arpa", "resolver"),
    ("", ""),
    ("com", ""),
    ("www.example.org", ""),
    ("www.captive.apple.com", ""),
    ("apple.com", ""),
    ("icloud.com", ""),
    ("3gppnetwork.org", ""),
    ("xpub.3gppnetwork.org", ""),
    ("evil3gppnetwork.org", ""),
    ("pub.3gppnetwork.org.example", ""),
    ("xresolver.arpa", ""),
    ("1.77.168.192.in-addr.arpa", ""),
)

REWRITE_CASES = (
    ("www.google.com", "", "forcesafesearch.google.com"),
    ("www.google.co.uk", "", "forcesafesearch.google.com"),
    ("www.google.com.au", "", "forcesafesearch.google.com"),
    ("google.com", "", ""),
    ("mail.google.com", "", ""),
    ("www.google.com.example", "", ""),
    ("www.google.", "", ""),
    ("www.bing.com", "", "strict.bing.com"),
    ("bing.com", "", ""),
    ("duckduckgo.com", "", "safe.duckduckgo.com"),
    ("external-content.duckduckgo.com", "", ""),
    ("yandex.com.tr", "", "familysearch.yandex.ru"),
    ("www.yandex.kz", "", "familysearch.yandex.ru"),
    ("mail.yandex.ru", "", ""),
    ("yandex.example", "", ""),
    ("www.ecosia.org", "", "strict-safe-search.ecosia.org"),
    ("pixabay.com", "", "safesearch.pixabay.com"),
    ("search.brave.com", "", "forcesafe.search.brave.com"),
    ("www.startpage.com", "", "safe.startpage.com"),
    ("api.qwant.com", "", "safeapi.qwant.com"),
    ("www.youtube.com", "", ""),
    ("www.youtube.com", "strict", "restrict.youtube.com"),
    ("m.youtube.com", "moderate", "restrictmoderate.youtube.com"),
    ("youtube.com", "strict", ""),
    ("www.example.org", "strict", ""),
)


# What it is, "kind" or "target", name, YouTube's mode, and what comes out.
CASES = tuple([("kind of " + name, "kind", name, "", kind) for name, kind in KIND_CASES]) + tuple(
    [("target of " + name + " " + youtube, "target", name, youtube, target) for name, youtube, target in REWRITE_CASES]
)


def check(what: str, name: str, youtube: str, expected: str) -> None:
    assert (kind_of(name) if what == "kind" else rewrite(name, youtube)) == expected


def test_without_safe_search_only_youtube_is_led_elsewhere() -> None:
    assert rewrite("www.google.com", "strict", False) == ""
    assert rewrite("www.youtube.com", "strict", False) == "restrict.youtube.com"


def test_every_name_has_its_target_and_none_is_rewritten_twice() -> None:
    for name in NAMES:
        target = rewrite(name, "strict")
        assert target
        assert not rewrite(target, "strict")
    assert len(GOOGLE_SUFFIXES) == 195
    assert engine_target("www.youtube.com") == ""


def test_every_kind_is_known() -> None:
    for kind in list(EXACT.values()) + list(BELOW.values()):
        assert kind in KINDS
    for name in EXACT:
        assert kind_of(name) == EXACT[name]
