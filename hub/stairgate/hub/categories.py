"""The categories of names as parents meet them: what each is called, what it covers, in which order pages show them.

Which names are in a category is the lists' and the catalogue's part, which are on for a child the presets' and the
filter's.
"""

from typing import NamedTuple

from stairgate.hub.language import N_, _


class Category(NamedTuple):
    """One category that can be switched for a child. named, about: its title and what it covers, in English."""

    id: str
    named: str
    about: str

    @property
    def title(self) -> str:
        """What it is called, in the reader's language."""
        return _(self.named)

    @property
    def covers(self) -> str:
        """What is in it, in the reader's language: one plain line."""
        return _(self.about)


class Group(NamedTuple):
    """Categories that stand together on a page. named: their title in English."""

    named: str
    categories: tuple[Category, ...]

    @property
    def title(self) -> str:
        """What they are together, in the reader's language."""
        return _(self.named)


GROUPS = (
    Group(
        N_("Not for children"),
        (
            Category("adult", N_("Adult sites"), N_("Pornography, and chats with it. Not: books, health, advice.")),
            Category("gambling", N_("Gambling"), N_("Betting, casinos, poker and lotteries for money.")),
            Category("lootboxes", N_("Loot boxes"), N_("Sites that sell random prizes or bet with game items.")),
            Category("dating", N_("Dating"), N_("Meeting strangers for dates, and video calls with strangers.")),
            Category("drugs", N_("Drugs and vapes"), N_("Shops for drugs, alcohol and vapes. Not: advice and help.")),
            Category("violence", N_("Violence"), N_("Real cruelty shown for its own sake, and games from 18.")),
            Category("crypto", N_("Trading coins"), N_("Exchanges where cryptocurrencies are bought and sold.")),
            Category(
                "warez", N_("Pirated films and games"), N_("Copies that nobody paid for, often with harmful programs.")
            ),
        ),
    ),
    Group(
        N_("Apps and pastimes"),
        (
            Category("social", N_("Social networks"), N_("TikTok, Instagram, Snapchat and others with endless feeds.")),
            Category(
                "chat",
                N_("Messages and calls"),
                N_("WhatsApp, Discord, video calls. Blocking it also stops family chats."),
            ),
            Category("video", N_("Videos and films"), N_("YouTube, Netflix, broadcasters’ libraries and others.")),
            Category("games", N_("Games"), N_("Online games, game shops and consoles’ services.")),
            Category("music", N_("Music"), N_("Spotify and other music services.")),
            Category("shopping", N_("Shopping"), N_("Online shops and second-hand sales.")),
        ),
    ),
    Group(
        N_("Safety and privacy"),
        (
            Category("malware", N_("Harmful sites"), N_("Places that spread viruses or steer infected devices.")),
            Category("phishing", N_("Fraud and phishing"), N_("False pages that ask for passwords or money.")),
            Category("ads", N_("Ads"), N_("Companies that place advertisements on pages and in apps.")),
            Category("tracking", N_("Tracking"), N_("Companies that follow people from page to page and app to app.")),
        ),
    ),
    Group(
        N_("Ways round the filter"),
        (
            Category("vpn", N_("VPNs and proxies"), N_("Services that carry everything past this home’s rules.")),
            Category("tor", N_("Tor"), N_("The Tor network and its mirrors.")),
            Category(
                "doh", N_("Other name services"), N_("Encrypted look-ups elsewhere, which would skip this filter.")
            ),
        ),
    ),
)
CATEGORIES = {category.id: category for group in GROUPS for category in group.categories}
#: Categories whose minutes can be counted and limited: pastimes that take time by being used.
TIMED = ("video", "games", "social", "chat", "music")
#: Where pages show apps whose first category cannot be switched.
OTHER = Category("other", N_("Learning, AI and others"), "")
#: Tags that are no category: they have their own switch or none. `illegal` covers everybody in the home.
UNSWITCHED = ("other", "unsafe_search", "illegal", "dedicated", "calls")


def title(tag: str) -> str:
    """What a category is called, the tag itself where there is no name for it."""
    held = CATEGORIES.get(tag)
    return held.title if held else tag


def ordered(tags: "tuple[str, ...] | frozenset[str] | set[str]") -> tuple[str, ...]:
    """The categories among the tags, each once, in the order of the pages."""
    return tuple(category for category in CATEGORIES if category in tags)
