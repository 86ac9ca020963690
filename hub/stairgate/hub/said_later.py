"""Sentences that are found out in one thread or request and read in another, in the language of whoever reads.

It decides only when a sentence is put into a language: as late as `str`. As the argument of an exception it makes the
exception's text; a log, which is written outside of every language, has it in English.
"""

from stairgate.hub.language import _


class SaidLater:
    """`text`: a whole English sentence, marked for the catalogue where it is written; `fields`: what stands in it."""

    def __init__(self, text: str, **fields: object) -> None:
        self._text = text
        self._fields = fields

    def __str__(self) -> str:
        return _(self._text).format(**self._fields)


def what_it_says(problem: Exception) -> str | SaidLater:
    """What an exception says, to be kept without it: its frames may hold what should be forgotten."""
    said = problem.args[0] if len(problem.args) == 1 else None
    return said if isinstance(said, SaidLater) else str(problem)
