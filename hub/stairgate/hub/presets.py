"""Templates for a child's filter, one for each age band: what is on before a parent has changed anything.

It decides which categories, ages of apps and search settings fit an age. A preset never lists names: sexual health,
rights, crisis and LGBT information stays open in each of them, which `make overblock` checks. What a child's filter is
after a parent's changes is `filters`' part.
"""

from typing import NamedTuple

#: On in every preset: harm and fraud, and what makes money of children.
_ALWAYS = ("malware", "phishing", "ads", "tracking", "gambling", "lootboxes", "adult", "warez", "vpn", "tor", "doh")
#: For everybody under 16, too.
_UNGROWN = ("dating", "drugs", "violence", "crypto")


class Preset(NamedTuple):
    """A template. id: an age band, or `none`. block: categories. age: apps from a higher age are blocked, 0: no limit.

    youtube: "", `moderate` or `strict`. resolved_only: devices reach only addresses that were looked up here. says: one
    plain line.
    """

    id: str
    title: str
    says: str
    block: tuple[str, ...] = ()
    age: int = 0
    safesearch: bool = False
    youtube: str = ""
    resolved_only: bool = False


NONE = Preset("none", "No filter", "Nothing is blocked. Bedtimes and pauses still hold.")
PRESETS = (
    Preset(
        "0-5",
        "Up to 5",
        "Apps for up to 5 only. No messages, networks or shops. Only what was looked up is reachable.",
        (*_ALWAYS, *_UNGROWN, "social", "chat", "shopping"),
        age=5,
        safesearch=True,
        youtube="strict",
        # A small child needs no direct calls or hard-coded addresses, and apps that hide their way lead nowhere then.
        resolved_only=True,
    ),
    Preset(
        "6-9",
        "6 to 9",
        "Apps for up to 9. No social networks or shops; of messengers, those made for children.",
        (*_ALWAYS, *_UNGROWN, "social", "shopping"),
        age=9,
        safesearch=True,
        youtube="strict",
    ),
    Preset(
        "10-12",
        "10 to 12",
        "Apps for up to 12. No social networks. Safe search, moderate YouTube.",
        (*_ALWAYS, *_UNGROWN, "social"),
        age=12,
        safesearch=True,
        youtube="moderate",
    ),
    Preset(
        "13-15",
        "13 to 15",
        "Apps for up to 15, networks and messages too. Safe search; YouTube unrestricted.",
        (*_ALWAYS, *_UNGROWN),
        age=15,
        safesearch=True,
    ),
    Preset(
        "16-17",
        "16 and 17",
        "Apps for up to 17. Pornography, gambling, ads and fraud are blocked; searches are the young person’s own.",
        (*_ALWAYS, "dating", "drugs"),
        age=17,
    ),
    NONE,
)
BY_ID = {preset.id: preset for preset in PRESETS}
