"""The parts of a hub that know block lists, put together once: sources, copies, packs, and the thread that works.

It decides only what is made of what; `parts` holds the result beside the rest of the hub.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stairgate.hub.clock import Clock
from stairgate.hub.list_reading import base
from stairgate.hub.list_upkeep import ListUpkeep
from stairgate.hub.packs import PackShelf
from stairgate.hub.source_copies import Copies
from stairgate.hub.source_fetch import Fetcher
from stairgate.hub.sources import Sources
from stairgate.hub.store import Store


@dataclass(frozen=True)
class ListParts:
    """Everything about block lists that pages and policies share."""

    sources: Sources
    shelf: PackShelf
    upkeep: ListUpkeep


def build_lists(
    store: Store,
    home: str,
    clock: Clock,
    data: Path | None,
    shelf: PackShelf,
    reissue: Callable[[], None],
    fetcher: Fetcher | None = None,
) -> ListParts:
    """The list parts of one home. data: the hub's data directory, None where nothing is kept."""
    sources = Sources(store, home)
    copies = Copies(data) if data else None
    return ListParts(sources, shelf, ListUpkeep(sources, shelf, copies, base(), clock, reissue, fetcher))
