"""Tables of words that are put into the language of a page only where somebody reads them.

It decides that a table at the head of a module may be read as one of English words, in every language. Its words are
marked there with `N_`; what they are in a language is `language`'s part.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from stairgate.hub.language import _


class SaidRow(Sequence[str]):
    """Words in a row: the days of the week."""

    def __init__(self, *words: str) -> None:
        self._words = words

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [_(word) for word in self._words[place]]
        return _(self._words[place])

    def __len__(self) -> int:
        return len(self._words)


class SaidTable(Mapping[str, str]):
    """Words for codes: what kinds of devices there are."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words

    def __getitem__(self, code: str) -> str:
        return _(self._words[code])

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)
