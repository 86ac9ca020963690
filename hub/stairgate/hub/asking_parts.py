"""The parts about a child's questions, put together once: what a child does, what a parent answers, who is told.

It decides only what is made of what; `parts` holds the result beside the rest of the hub.
"""

from collections.abc import Callable
from dataclasses import dataclass

from stairgate.hub import limits
from stairgate.hub.acts import Acts
from stairgate.hub.answer_acts import AnswerActs
from stairgate.hub.ask_acts import AskActs
from stairgate.hub.asking_pace import AskingPace
from stairgate.hub.clock import Clock
from stairgate.hub.notify import Notifier
from stairgate.hub.public_http import PublicHttp
from stairgate.hub.store import Store
from stairgate.hub.upkeep import Upkeep


@dataclass(frozen=True)
class AskingParts:
    """Everything about questions that pages and upkeep share. pace: how often one device may post."""

    child: AskActs
    parent: AnswerActs
    pace: AskingPace
    notifier: Notifier


def build_asking(
    store: Store, home: str, acts: Acts, clock: Clock, upkeep: Upkeep, internet: Callable[[], PublicHttp]
) -> AskingParts:
    """The asking parts of one home, with what `upkeep` does for them. internet: for words to the owner's server."""
    notifier = Notifier(store, home, clock, internet)
    answers = AnswerActs(acts, clock)
    upkeep.add(answers.sweep)
    upkeep.add(notifier.turn)
    pace = AskingPace(clock, limits.REQUESTS_OF_DEVICE, limits.REQUESTS_OF_DEVICE_SECONDS)
    return AskingParts(AskActs(acts, clock), answers, pace, notifier)
