"""Templates for a child's filter, one for each age band: what is on before a parent has changed anything.

It decides which categories, ages of apps and search settings fit an age. A preset never lists names: sexual health,
rights, crisis and LGBT information stays open in each of them, which `make overblock` checks. What a child's filter is
after a parent's changes is `filters`' part.
"""

from typing import NamedTuple

from stairgate.hub.language import N_, _

#: On in every preset: harm and fraud, and what makes money of children.
_ALWAYS = ("malware", "phishing", "ads", "tracking", "gambling", "lootboxes", "adult", "warez", "vpn", "tor", "doh")
#: For everybody under 16, too.
_UNGROWN = ("dating", "drugs", "violence", "crypto")


class Preset(NamedTuple):
    """A template. id: an age band, or `none`. block: categories. age: apps from a higher age are blocked, 0: no limit.

    youtube: "", `moderate` or `strict`. resolved_only: devices reach only addresses that were looked up here. band: the
    ages; about: one plain line; whole: what a filter is called that began with it; all in English.
    """

    id: str
    band: str
    about: str
    whole: str
    block: tuple[str, ...] = ()
    age: int = 0
    safesearch: bool = False
    youtube: str = ""
    resolved_only: bool = False

    @property
    def title(self) -> str:
        """The ages, in the reader's language."""
        return _(self.band)

    @property
    def says(self) -> str:
        """What it blocks, in the reader's language: one plain line."""
        return _(self.about)

    @property
    def name(self) -> str:
        """What a filter is called that began with it, in the reader's language."""
        return _(self.whole)


NONE = Preset(
    "none",
    N_("No filter"),
    N_("Nothing is blocked. Bedtimes and pauses still hold."),
    N_("Filter of your own"),
)
PRESETS = (
    Preset(
        "0-5",
        N_("Up to 5"),
        N_("Apps for up to 5 only. No messages, networks or shops. Only what was looked up is reachable."),
        N_("Preset for ages up to 5"),
        (*_ALWAYS, *_UNGROWN, "social", "chat", "shopping"),
        age=5,
        safesearch=True,
        youtube="strict",
        # A small child needs no direct calls or hard-coded addresses, and apps that hide their way lead nowhere then.
        resolved_only=True,
    ),
    Preset(
        "6-9",
        N_("6 to 9"),
        N_("Apps for up to 9. No social networks or shops; of messengers, those made for children."),
        N_("Preset for ages 6 to 9"),
        (*_ALWAYS, *_UNGROWN, "social", "shopping"),
        age=9,
        safesearch=True,
        youtube="strict",
    ),
    Preset(
        "10-12",
        N_("10 to 12"),
        N_("Apps for up to 12. No social networks. Safe search, moderate YouTube."),
        N_("Preset for ages 10 to 12"),
        (*_ALWAYS, *_UNGROWN, "social"),
        age=12,
        safesearch=True,
        youtube="moderate",
    ),
    Preset(
        "13-15",
        N_("13 to 15"),
        N_("Apps for up to 15, networks and messages too. Safe search; YouTube unrestricted."),
        N_("Preset for ages 13 to 15"),
        (*_ALWAYS, *_UNGROWN),
        age=15,
        safesearch=True,
    ),
    Preset(
        "16-17",
        N_("16 and 17"),
        N_("Apps for up to 17. Pornography, gambling, ads and fraud are blocked; searches are the young person’s own."),
        N_("Preset for ages 16 and 17"),
        (*_ALWAYS, "dating", "drugs"),
        age=17,
    ),
    NONE,
)
BY_ID = {preset.id: preset for preset in PRESETS}
