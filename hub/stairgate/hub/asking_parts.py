"""The parts about a child's questions, put together once: what a child does, what a parent answers, who is told.

It decides only what is made of what; `parts` holds the result beside the rest of the hub.
"""

from dataclasses import dataclass

from stairgate.hub import limits
from stairgate.hub.acts import Acts
from stairgate.hub.answer_acts import AnswerActs
from stairgate.hub.ask_acts import AskActs
from stairgate.hub.asking_pace import AskingPace
from stairgate.hub.clock import Clock


@dataclass(frozen=True)
class AskingParts:
    """Everything about questions that pages and upkeep share. pace: how often one device may post."""

    child: AskActs
    parent: AnswerActs
    pace: AskingPace


def build_asking(acts: Acts, clock: Clock) -> AskingParts:
    """The asking parts of one home."""
    pace = AskingPace(clock, limits.REQUESTS_OF_DEVICE, limits.REQUESTS_OF_DEVICE_SECONDS)
    return AskingParts(AskActs(acts, clock), AnswerActs(acts, clock), pace)
