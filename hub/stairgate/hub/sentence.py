"""A sentence that somebody reads later: what went wrong at night, read in the morning, in the reader's own language.

It decides how a sentence is kept until then: its English text with fields, and what stands in them. What it is in a
language is `language`'s part.
"""

import re
from collections.abc import Mapping
from typing import Any, Self

from stairgate.hub.language import gettext, number

Field = str | int
_FIELD = re.compile(r"\{(\w+)\}")


class Sentence(str):
    """What is English as it stands, and knows how it is said in another language.

    text: the English sentence as catalogues have it, marked with `N_`; fields: what stands in its braces. A field may
    be a sentence itself.
    """

    text: str
    fields: Mapping[str, Field]

    def __new__(cls, text: str = "", **fields: Field) -> Self:
        made = super().__new__(cls, _filled(text, fields))
        made.text, made.fields = text, fields
        return made

    def said(self) -> str:
        """The sentence in the language that is spoken now."""
        fields = {name: said(field) if isinstance(field, str) else field for name, field in self.fields.items()}
        return _filled(gettext(self.text), fields)


class Told(Exception):
    """An exception whose message is a sentence for people."""

    def __init__(self, text: str, **fields: Field) -> None:
        self.sentence = Sentence(text, **fields)
        super().__init__(self.sentence)


def said(text: str) -> str:
    """A sentence in the language that is spoken now; anything else as it is."""
    return text.said() if isinstance(text, Sentence) else text


def kept(text: str) -> str | list[Any]:
    """How a sentence is stored: a string, with its fields where it has any."""
    return [text.text, dict(text.fields)] if isinstance(text, Sentence) and text.fields else str(text)


def from_kept(stored: str | list[Any]) -> Sentence:
    """The sentence that `kept` made, or a text from before there were fields."""
    if isinstance(stored, str):
        return Sentence(stored)
    text, fields = stored
    return Sentence(text, **fields)


def _filled(text: str, fields: Mapping[str, Field]) -> str:
    # Not `format`: what comes from a file of others must not reach into anything.
    def field(found: re.Match[str]) -> str:
        value = fields.get(found[1], found[0])
        return number(value) if isinstance(value, int) else value

    return _FIELD.sub(field, text)
