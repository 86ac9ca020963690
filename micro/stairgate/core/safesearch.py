"""Where searches are sent so that they are safe: which name is answered as an alias of which other.

It decides by the name alone. Who gets this, and the answer on the wire, is the DNS server's part; engines without a
safe mode have no row here but the pack's tag `unsafe_search`. The rows follow what the engines document themselves:
Google and YouTube (support.google.com/websearch/answer/186669, support.google.com/a/answer/6214622), Bing, DuckDuckGo,
Ecosia, Yandex, Pixabay, Brave, Startpage. Qwant documents none for its main page; its programming interface has one,
which a drift test must watch (2026-11).
"""

GOOGLE = "forcesafesearch.google.com"
STRICT, MODERATE = "restrict.youtube.com", "restrictmoderate.youtube.com"
YOUTUBE = {"strict": STRICT, "moderate": MODERATE}
YANDEX = "familysearch.yandex.ru"

YOUTUBE_NAMES = (
    "www.youtube.com",
    "m.youtube.com",
    "youtubei.googleapis.com",
    "youtube.googleapis.com",
    "www.youtube-nocookie.com",
)

ENGINES = {
    "www.bing.com": "strict.bing.com",
    "edgeservices.bing.com": "strict.bing.com",
    "duckduckgo.com": "safe.duckduckgo.com",
    "www.duckduckgo.com": "safe.duckduckgo.com",
    "start.duckduckgo.com": "safe.duckduckgo.com",
    "duck.com": "safe.duckduckgo.com",
    "www.duck.com": "safe.duckduckgo.com",
    "www.ecosia.org": "strict-safe-search.ecosia.org",
    "pixabay.com": "safesearch.pixabay.com",
    "search.brave.com": "forcesafe.search.brave.com",
    "startpage.com": "safe.startpage.com",
    "www.startpage.com": "safe.startpage.com",
    "eu.startpage.com": "safe.startpage.com",
    "api.qwant.com": "safeapi.qwant.com",
    "ya.ru": YANDEX,
    "www.ya.ru": YANDEX,
    "xn--d1acpjx3f.xn--p1ai": YANDEX,
    "www.xn--d1acpjx3f.xn--p1ai": YANDEX,
}

# Google's search in each country: www.google.<suffix>. Never the bare zone, where mail and maps live.
GOOGLE_COUNTRIES = (
    "ac ad ae al am as at az ba be bf bg bi bj bs bt by ca cat cd cf cg ch ci cl cm cn co com cv cz de dj dk dm dz ee "
    "es fi fm fr ga ge gg gl gm gp gr gy hn hr ht hu ie im iq is it je jo kg ki kz la li lk lt lu lv md me mg mk ml mn "
    "ms mu mv mw ne nl no nr nu pl pn ps pt ro rs ru rw sc se sh si sk sm sn so sr st td tg tk tl tm tn to tt vg vu ws"
)
GOOGLE_CO = "ao bw ck cr id il in jp ke kr ls ma mz nz th tz ug uk uz ve vi za zm zw"
GOOGLE_COM = (
    "af ag ai ar au bd bh bn bo br bz co cu cy do ec eg et fj gh gi gt hk jm kh kw lb ly mm mt mx my na nf ng ni np om "
    "pa pe pg ph pk pr py qa sa sb sg sl sv tj tr tw ua uy vc vn"
)
YANDEX_COUNTRIES = "az by com de ee eu fi fr kz lt lv md net org pl ru tj tm uz co.il com.am com.ge com.ru com.tr"

GOOGLE_SUFFIXES = frozenset(
    GOOGLE_COUNTRIES.split()
    + ["co." + country for country in GOOGLE_CO.split()]
    + ["com." + country for country in GOOGLE_COM.split()]
)
YANDEX_SUFFIXES = frozenset(YANDEX_COUNTRIES.split())


NAMES = frozenset(
    list(ENGINES)
    + list(YOUTUBE_NAMES)
    + ["www.google." + suffix for suffix in GOOGLE_SUFFIXES]
    + [bare + suffix for suffix in YANDEX_SUFFIXES for bare in ("yandex.", "www.yandex.")]
)  # every name that `rewrite` may have a target for


def engine_target(name: str) -> str:
    """The safe name of a search engine's, "" when it is none that has one."""
    if name.startswith("www.google."):
        return GOOGLE if name[11:] in GOOGLE_SUFFIXES else ""
    bare = name[4:] if name.startswith("www.") else name
    if bare.startswith("yandex."):
        return YANDEX if bare[7:] in YANDEX_SUFFIXES else ""
    return ENGINES.get(name, "")


def rewrite(name: str, youtube: str, search: bool = True) -> str:
    """The name to answer with, "" for none. youtube: "", "moderate" or "strict"; search: safe search is on."""
    if youtube and name in YOUTUBE_NAMES:
        return YOUTUBE[youtube]
    return engine_target(name) if search else ""
