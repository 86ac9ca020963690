"""The categories of names as parents meet them: what each is called, what it covers, in which order pages show them.

Which names are in a category is the lists' and the catalogue's part, which are on for a child the presets' and the
filter's.
"""

from typing import NamedTuple


class Category(NamedTuple):
    """One category that can be switched for a child. covers: one plain line."""

    id: str
    title: str
    covers: str


class Group(NamedTuple):
    """Categories that stand together on a page."""

    title: str
    categories: tuple[Category, ...]


GROUPS = (
    Group(
        "Not for children",
        (
            Category("adult", "Adult sites", "Pornography, and chats with it. Not: books, health, advice."),
            Category("gambling", "Gambling", "Betting, casinos, poker and lotteries for money."),
            Category("lootboxes", "Loot boxes", "Sites that sell random prizes or bet with game items."),
            Category("dating", "Dating", "Meeting strangers for dates, and video calls with strangers."),
            Category("drugs", "Drugs and vapes", "Shops for drugs, alcohol and vapes. Not: advice and help."),
            Category("violence", "Violence", "Real cruelty shown for its own sake, and games from 18."),
            Category("crypto", "Trading coins", "Exchanges where cryptocurrencies are bought and sold."),
            Category("warez", "Pirated films and games", "Copies that nobody paid for, often with harmful programs."),
        ),
    ),
    Group(
        "Apps and pastimes",
        (
            Category("social", "Social networks", "TikTok, Instagram, Snapchat and others with endless feeds."),
            Category(
                "chat", "Messages and calls", "WhatsApp, Discord, video calls. Blocking it also stops family chats."
            ),
            Category("video", "Videos and films", "YouTube, Netflix, broadcasters’ libraries and others."),
            Category("games", "Games", "Online games, game shops and consoles’ services."),
            Category("music", "Music", "Spotify and other music services."),
            Category("shopping", "Shopping", "Online shops and second-hand sales."),
        ),
    ),
    Group(
        "Safety and privacy",
        (
            Category("malware", "Harmful sites", "Places that spread viruses or steer infected devices."),
            Category("phishing", "Fraud and phishing", "False pages that ask for passwords or money."),
            Category("ads", "Ads", "Companies that place advertisements on pages and in apps."),
            Category("tracking", "Tracking", "Companies that follow people from page to page and app to app."),
        ),
    ),
    Group(
        "Ways round the filter",
        (
            Category("vpn", "VPNs and proxies", "Services that carry everything past this home’s rules."),
            Category("tor", "Tor", "The Tor network and its mirrors."),
            Category("doh", "Other name services", "Encrypted look-ups elsewhere, which would skip this filter."),
        ),
    ),
)
CATEGORIES = {category.id: category for group in GROUPS for category in group.categories}
#: Categories whose minutes can be counted and limited: pastimes that take time by being used.
TIMED = ("video", "games", "social", "chat", "music")
#: Where pages show apps whose first category cannot be switched.
OTHER = Category("other", "Learning, AI and others", "")
#: Tags that are no category: they have their own switch or none. `illegal` covers everybody in the home.
UNSWITCHED = ("other", "unsafe_search", "illegal", "dedicated", "calls")


def title(tag: str) -> str:
    """What a category is called, the tag itself where there is no name for it."""
    held = CATEGORIES.get(tag)
    return held.title if held else tag


def ordered(tags: "tuple[str, ...] | frozenset[str] | set[str]") -> tuple[str, ...]:
    """The categories among the tags, each once, in the order of the pages."""
    return tuple(category for category in CATEGORIES if category in tags)
