"""The aliases of an answer, with what the list says of each: looked up once, kept beside the cached answer.

It decides what an answer's tags are when it leads through other names. Whether one of them is refused to a device is
`decisions`'s part, reading them `message`'s.
"""

from collections.abc import Sequence

from stairgate.agent.dns.table import Table


class Chain:
    """What the name asked for is an alias of. generation: of the policy and list that it was looked up in; targets:
    each name with the number of its set; tags: of all of them, in the list's order. clear: the bits of the subjects to
    whom none is refused."""

    __slots__ = ("clear", "generation", "tags", "targets")

    def __init__(self, generation: int, targets: tuple[tuple[str, int], ...], tags: tuple[str, ...]) -> None:
        self.generation, self.targets, self.tags = generation, targets, tags
        self.clear = 0


def chain_of(names: Sequence[str], table: Table | None, generation: int) -> Chain:
    """The chain of an answer's aliases; without a list none has a tag."""
    if table is None:
        return Chain(generation, tuple([(name, 0) for name in names]), ())
    targets = tuple([(name, table.set_of(name)) for name in names])
    tags: tuple[str, ...] = ()
    for _, number in targets:
        tags = united(tags, table.sets[number], table.tags)
    return Chain(generation, targets, tags)


def united(some: tuple[str, ...], more: tuple[str, ...], order: Sequence[str]) -> tuple[str, ...]:
    """Both together, in the list's order: a name's tags and those of its alias that says the same are equal."""
    if not more or some == more:
        return some
    return tuple(sorted({*some, *more}, key=order.index)) if some else more
