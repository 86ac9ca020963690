"""The cards of new devices: what a parent needs to recognise the device in a child's hand and to say whose it is.

It joins the stored device with what was seen and asked; templates lay it out, `assignment` does what is tapped.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from stairgate.core.decide import Decision
from stairgate.hub import wording
from stairgate.hub.asking import Ask, Asks
from stairgate.hub.discovery import Discovery
from stairgate.hub.family import Device, Family
from stairgate.hub.language import ENGLISH, N_, _, speaking
from stairgate.hub.two_words import two_words

# What whoever holds the device says of it.
_CLAIMS = {
    "phone": N_("it is a phone"),
    "tablet": N_("it is a tablet"),
    "computer": N_("it is a computer"),
    "console": N_("it is a games console"),
    "tv": N_("it is a tv"),
    "toy": N_("it is a toy"),
    "other": N_("it is something else"),
}
# The English word of each state that rules can lead to, and the word as it stands inside of a sentence.
_INSIDE = {
    "Homework list only": N_("homework list only"),
    "Paused": N_("paused"),
    "Extra time": N_("extra time"),
    "Internet is on": N_("internet is on"),
    "Internet is off": N_("internet is off"),
    "Bedtime": N_("bedtime"),
    "No internet yet": N_("no internet yet"),
    "Always on": N_("always on"),
    "Time is used up": N_("time is used up"),
    "Off": N_("off"),
    "Quiet hours": N_("quiet hours"),
}


class NewCard(NamedTuple):
    """A new device as parents see it.

    words: what its own page shows too; asked: that somebody holds it and asks, a sentence or empty; follows: what rules
    it has until somebody has said whose it is.
    """

    device: Device
    words: str
    state: wording.State
    since: str
    asked: str
    follows: str
    is_repeater: bool


class Arrivals:
    """Makes the cards. `secret`: gives the hub's own secret."""

    def __init__(self, discovery: Discovery, asks: Asks, secret: Callable[[], bytes]) -> None:
        self._discovery = discovery
        self._asks = asks
        self._secret = secret

    def words(self, device: Device) -> str:
        """The two words of a device."""
        return two_words(self._secret(), device.macs[0] if device.macs else device.id)

    def is_repeater(self, device: Device) -> bool:
        """True when several devices seem to be behind this one."""
        sightings = [self._discovery.sighting(mac) for mac in device.macs]
        return any(sighting and sighting.is_repeater for sighting in sightings)

    def cards(self, family: Family, decisions: Mapping[str, Decision], zone: str, now: float) -> tuple[NewCard, ...]:
        """The cards of all new devices: those that ask first, then the newest."""
        cards = [self._card(device, decisions[device.id], zone, now) for device in family.new_devices(now)]
        return tuple(sorted(cards, key=lambda card: (not card.asked, -card.device.first_seen, card.device.id)))

    def _card(self, device: Device, decision: Decision, zone: str, now: float) -> NewCard:
        ask = self._asks.of(device.id)
        return NewCard(
            device=device,
            words=self.words(device),
            state=wording.state_of(decision, zone, now),
            since=wording.clock_time(device.first_seen, zone, now) if device.first_seen else "",
            asked=_asked(ask, zone, now) if ask else "",
            follows=_follows(decision, zone, now),
            is_repeater=self.is_repeater(device),
        )


def _asked(ask: Ask, zone: str, now: float) -> str:
    when = wording.clock_time(ask.at, zone, now)
    if not ask.kind:
        return _("Somebody holds it and asks whose it is ({when}).").format(when=when)
    claim = _(_CLAIMS[ask.kind])
    return _("Somebody holds it and asks whose it is ({when}): “{claim}”.").format(when=when, claim=claim)


def _follows(decision: Decision, zone: str, now: float) -> str:
    with speaking(ENGLISH):
        word = wording.state_of(decision, zone, now).word
    state, until = _(_INSIDE.get(word, word.lower())), wording.state_of(decision, zone, now).until
    if not until:
        return _("Until you say so, it follows your strictest child’s rules: {state}.").format(state=state)
    sentence = _("Until you say so, it follows your strictest child’s rules: {state} {until}.")
    return sentence.format(state=state, until=until)
