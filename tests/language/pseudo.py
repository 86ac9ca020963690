"""A language that nobody speaks: English from right to left, with accents, longer, and between two marks.

As `ar-XB` of the CLDR. What stands on a page without marks was not put into the language: a sentence that somebody
forgot, or put together of parts. Fields, markup and what families typed stay as they are.
"""

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager

from stairgate.hub import language

BEGIN, END = "⟦", "⟧"
PSEUDO = language.Language("ar-XB", "Pseudo", "rtl")
_FIXED = re.compile(r"(<[^>]*>|\{[^}]*\}|%\([^)]*\)[sd]|%%|&\w+;)")
_ODD = str.maketrans("aceinosuyzAEIOUTSN", "áçéíñöšüýžÅÉÎØÛŢŠÑ")


def strange(text: str) -> str:
    """A sentence in the pseudo-language, two fifths longer."""
    parts = _FIXED.split(text)
    said = "".join(part if index % 2 else _longer(part) for index, part in enumerate(parts))
    return f"{BEGIN}{said}{END}"


def _longer(text: str) -> str:
    return re.sub(r"[^\W\d_]+", lambda word: word[0].translate(_ODD) + "ö" * (-(-len(word[0]) * 2 // 5)), text)


class PseudoCatalogue(gettext.NullTranslations):
    """Has every sentence."""

    def gettext(self, message: str) -> str:
        return strange(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return strange(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return strange(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return strange(msgid1 if n == 1 else msgid2)


@contextmanager
def pseudo_offered() -> Iterator[language.Language]:
    """While it lasts, the hub speaks the pseudo-language to whoever has chosen it."""
    language.add(PSEUDO, PseudoCatalogue())
    try:
        yield PSEUDO
    finally:
        del language.LANGUAGES[PSEUDO.code]
