"""The cards of new devices: what a parent needs to recognise the device in a child's hand and to say whose it is.

It joins the stored device with what was seen and asked; templates lay it out, `assignment` does what is tapped.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from stairgate.core.decide import Decision
from stairgate.hub import wording
from stairgate.hub.asking import Asks
from stairgate.hub.discovery import Discovery
from stairgate.hub.family import Device, Family
from stairgate.hub.two_words import two_words


class NewCard(NamedTuple):
    """A new device as parents see it. `words`: what its own page shows too; `asked`: when, or empty."""

    device: Device
    words: str
    state: wording.State
    since: str
    asked: str
    asked_kind: str
    is_repeater: bool


class Arrivals:
    """Makes the cards. `secret`: gives the hub's own secret."""

    def __init__(self, discovery: Discovery, asks: Asks, secret: Callable[[], bytes]) -> None:
        self._discovery = discovery
        self._asks = asks
        self._secret = secret

    def words(self, device: Device) -> str:
        """The two words of a device."""
        return two_words(self._secret(), device.macs[0])

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
            asked=wording.clock_time(ask.at, zone, now) if ask else "",
            asked_kind=wording.KIND_NAMES[ask.kind].lower() if ask and ask.kind else "",
            is_repeater=self.is_repeater(device),
        )
