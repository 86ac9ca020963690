"""What Stairgate controls on a device, by its kind, and what it does not: the same sentences for child and parents.

It decides only what is worth saying; which kind a device is, parents say. A home’s router sees what goes through it and
nothing else, so each kind has other ways around: mobile data, somebody else’s Wi-Fi, what is inside an open app.
"""

from collections.abc import Collection
from typing import NamedTuple

from stairgate.hub.language import N_, _


class Controlled(NamedTuple):
    """Whole sentences: what is controlled here, and what is not, what matters most first."""

    here: tuple[str, ...]
    not_here: tuple[str, ...]


_HERE = (
    N_("When its internet at home is on, by Wi-Fi or by cable."),
    N_("Which sites and apps open over it, each as a whole."),
)
_HELPING = (N_("Nothing: it helps somebody, so it is never closed and never filtered."),)
_INSIDE = N_(
    "What happens inside an app that is open: its videos, chats, strangers and purchases. Stairgate opens an app or "
    "closes it; what is in it, it does not see. Only safe search and YouTube’s own limits reach inside, where they "
    "are set."
)
_FRIENDS = N_("The Wi-Fi of friends, of school or of a café: there the rules of this home do not hold.")
_HOTSPOT = N_("The hotspot of a phone: that is mobile data and passes by this home’s router.")
_OFFLINE = N_("What it does without internet, such as games, photos or videos that are on it already.")
_AT_HOME = N_("What stays inside this home, such as a printer or a game from device to device.")
_PHONE = (
    N_("Mobile data: without Wi-Fi no rule of this home holds. The phone’s own settings or its contract limit it."),
    N_("Telephone calls and text messages, over Wi-Fi too: they are never closed."),
)
_SIM = N_("Mobile data, if it has a SIM card: without Wi-Fi no rule of this home holds.")
_GAME = N_(
    "What happens inside a game that is open: voice chat, strangers and purchases. Stairgate opens a game’s internet "
    "or closes it; what is in it, it neither sees nor filters."
)
_CONSOLE = N_("The console’s own settings for age, purchases and playing time: they are on the console or in its app.")
_DISC = N_("Games from a disc or from its memory that need no internet.")
_FILMS = N_(
    "Which film or video runs inside an app that is open. The TV’s profiles and its PIN do that; they are set on the "
    "TV."
)
_BROADCAST = N_("Programmes that come by aerial, satellite or cable, and discs.")
_TOY = N_("What it does without internet, and a direct radio link to a phone, such as Bluetooth.")

_NOT_HERE = {
    "phone": (*_PHONE, _INSIDE, _FRIENDS, _OFFLINE, _AT_HOME),
    "tablet": (_SIM, _INSIDE, _FRIENDS, _HOTSPOT, _OFFLINE, _AT_HOME),
    "computer": (_INSIDE, _HOTSPOT, _FRIENDS, _OFFLINE, _AT_HOME),
    "console": (_GAME, _CONSOLE, _DISC, _FRIENDS, _HOTSPOT, _AT_HOME),
    "tv": (_FILMS, _BROADCAST, _HOTSPOT, _AT_HOME),
    "toy": (_TOY, _FRIENDS, _HOTSPOT, _AT_HOME),
}
_ANY = (_INSIDE, _SIM, _FRIENDS, _HOTSPOT, _OFFLINE, _AT_HOME)


def controlled(kind: str, flags: Collection[str] = ()) -> Controlled:
    """For a kind of device, one that is not known included; flags: as in `family.Device`."""
    here = _HELPING if "assistive" in flags else _HERE
    not_here = [text for text in _NOT_HERE.get(kind, _ANY) if text != _AT_HOME or "isolated" not in flags]
    return Controlled(tuple(_(text) for text in here), tuple(_(text) for text in not_here))
