"""What a card shows of how something stands, as values: of a child, a device or a router, and of the routers together.

It decides nothing: the sentences are made by `wording` and `router_words`.
"""

from typing import NamedTuple


class State(NamedTuple):
    """How a child's internet stands, for a card.

    `icon` and `tone` name a picture and a colour, never alone.
    """

    icon: str
    tone: str
    word: str
    until: str
    why: str


class Applied(NamedTuple):
    """Whether the routers do what was asked: `tone` is good, waiting or bad."""

    tone: str
    done: int
    total: int
    text: str
    details: tuple[str, ...]
