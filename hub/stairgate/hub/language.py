"""Which language a page speaks, and how a sentence is put into it.

It decides the language of a request: the one that was chosen on this phone, else the first that the browser asks for
and the hub has, else English. What a sentence is in it stands in the catalogues under `locale/`, one for each language
(GNU gettext); English is the text in the code itself. Whether a catalogue is complete is for the tests.
"""

import gettext as _catalogues
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from pathlib import Path
from typing import NamedTuple

from werkzeug.datastructures import LanguageAccept

#: The name of the cookie that holds what was chosen on this phone.
COOKIE = "language"
DOMAIN = "stairgate"
_FOLDER = Path(__file__).parent / "locale"


class Language(NamedTuple):
    """code: BCP 47; name: as its speakers call it; direction: ltr or rtl."""

    code: str
    name: str
    direction: str


ENGLISH = Language("en", "English", "ltr")
#: What the hub speaks, in the order in which it is offered.
LANGUAGES = {one.code: one for one in (ENGLISH, Language("de", "Deutsch", "ltr"))}

_catalogue: dict[str, _catalogues.NullTranslations] = {ENGLISH.code: _catalogues.NullTranslations()}
_current: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def current() -> Language:
    """The language that is spoken now; English outside of a request."""
    return _current.get()


def choose(chosen: str | None, accepted: LanguageAccept) -> Language:
    """What a phone gets: `chosen` is its cookie, `accepted` its Accept-Language header (RFC 9110, 12.5.4)."""
    if chosen in LANGUAGES:
        return LANGUAGES[chosen]
    # Not by `best_match`: it gives German to a phone that asks for en-GB and then for de.
    for wanted, quality in accepted:
        if quality > 0 and (found := _nearest(wanted)):
            return found
    return ENGLISH


def _nearest(wanted: str) -> Language | None:
    """The language for a range, as RFC 4647 looks it up (3.4): for de-AT it is de, for fr none of ours."""
    fitting = [one for one in LANGUAGES.values() if f"{wanted}-".lower().startswith(f"{one.code}-".lower())]
    return max(fitting, key=lambda one: len(one.code), default=None)


def speak(language: Language) -> Token[Language]:
    """From now on, until `stop` gets what this returns."""
    return _current.set(language)


def stop(token: Token[Language]) -> None:
    """Back to what was spoken before."""
    _current.reset(token)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """For a while, for what is said outside of a request: a notification in its reader's language."""
    token = speak(language)
    try:
        yield
    finally:
        stop(token)


def add(language: Language, catalogue: _catalogues.NullTranslations) -> None:
    """One language more, with sentences from elsewhere than the files here."""
    _catalogue[language.code] = catalogue
    LANGUAGES[language.code] = language


def gettext(text: str) -> str:
    """`text`, a whole English sentence, in the language that is spoken."""
    return _of(current().code).gettext(text) if text else ""


def ngettext(one: str, many: str, number: int) -> str:
    """The same where a number decides: its plural in the language that is spoken."""
    return _of(current().code).ngettext(one, many, number)


def pgettext(context: str, text: str) -> str:
    """The same where English has one word for two: `context` says which of them is meant."""
    return _of(current().code).pgettext(context, text)


def npgettext(context: str, one: str, many: str, number: int) -> str:
    """Both at once."""
    return _of(current().code).npgettext(context, one, many, number)


def number(count: int) -> str:
    """`1,234` in English, `1.234` in German."""
    # translators: what stands between 1 and 234 in 1,234
    return f"{count:,}".replace(",", pgettext("thousands", ","))


def N_(text: str) -> str:  # noqa: N802 - gettext's own word for it
    """Marks a sentence of a table for the catalogue; it is put into a language where it is said."""
    return text


#: gettext's own short word.
_ = gettext


def _of(code: str) -> _catalogues.NullTranslations:
    if code not in _catalogue:
        _catalogue[code] = _catalogues.translation(DOMAIN, _FOLDER, [code])
    return _catalogue[code]
