"""The catalogues say everything that the code says, with the same fields and markup, and in whole; none says more.

What is wrong with a sentence is found by `faults`, which is tried on planted ones first.
"""

import gettext
import io
import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo

from stairgate.hub import language
from stairgate.hub.language import _
from tests.language import catalogue

#: Marks of quotations, opening and closing.
QUOTES = {"de": ("„", "“")}
_TAG = re.compile(r"<[^>]*>")
_FIELD = re.compile(r"\{\w+\}|%\(\w+\)[sd]")
_BRACES = re.compile(r"\{\w+\}")
_PER_CENT = re.compile(r"%%|%\(\w+\)[sd]")
_FROM_TEMPLATES = ("templates/a.html", 0)

Key = tuple[str, str]


def key(message: Message) -> Key:
    """What a sentence is found by: its context and its English."""
    return message.context or "", _texts(message.id)[0]


def said(catalog: Catalog) -> dict[Key, tuple[str, ...]]:
    """Each sentence and its forms in the language."""
    return {key(message): _texts(message.string) for message in catalog if message.id}


def _texts(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def faults(catalog: Catalog, code: str) -> Iterator[str]:
    """What is wrong with the sentences of a catalogue, each with its English."""
    if catalog.obsolete:
        yield f"sentences that are gone: {list(catalog.obsolete)}"
    for message in catalog:
        if message.id:
            yield from (f"{key(message)}: {what}" for what in _faults_of(message, catalog, code))


def _faults_of(message: Message, catalog: Catalog, code: str) -> Iterator[str]:
    if message.fuzzy:
        yield "fuzzy"
    english, forms = _texts(message.id), _texts(message.string)
    wanted = catalog.num_plurals if len(english) > 1 else 1
    if len(forms) != wanted or not all(form.strip() for form in forms):
        yield f"expected {wanted} forms, got {forms}"
        return
    for number, form in enumerate(forms):
        one_only = wanted > 1 and _numbers(catalog, number) == [1]
        yield from _unlike(english, form, one_only)
        yield from _unquoted(form, code)
        if any(name.startswith("templates/") for name, _line in message.locations) and "%" in _PER_CENT.sub("", form):
            yield "a lonely %"
        if form != form.strip():
            yield "space around it"


def _numbers(catalog: Catalog, form: int) -> list[int]:
    """For which numbers a form of the plural is said, out of the first two hundred."""
    index = gettext.c2py(catalog.plural_expr)
    return [number for number in range(200) if index(number) == form]


def _unlike(english: tuple[str, ...], form: str, one_only: bool) -> Iterator[str]:
    """Fields and markup that are not those of the English. one_only: said for 1, which may stand in it as a word."""
    fields = [set(_FIELD.findall(text)) for text in english]
    here, every = set(_FIELD.findall(form)), fields[-1]
    needed = fields[0] if one_only else every
    if not needed <= here <= every:
        yield f"expected fields {sorted(every)}, got {sorted(here)}"
    if Counter(_TAG.findall(form)) != Counter(_TAG.findall(english[-1])):
        yield "other markup"
    if _BRACES.search(form):
        list(string.Formatter().parse(form))  # raises


def _unquoted(form: str, code: str) -> Iterator[str]:
    plain = _TAG.sub("", form)
    if found := set(plain) & set("\"'"):
        yield f"straight {found}"
    if code in QUOTES:
        opening, closing = QUOTES[code]
        others = set(plain) & (set("„“”«»‚‘‹›") - {opening, closing})
        if others or not re.fullmatch(f"(?:[^{opening}{closing}]|{opening}[^{opening}{closing}]*{closing})*", plain):
            yield f"expected {opening}…{closing}"


# The catalogues


@pytest.mark.parametrize("code", catalogue.CODES)
def test_a_catalogue_has_the_sentences_of_the_code_and_no_others(code: str) -> None:
    there, wanted = said(catalogue.read(code)), said(catalogue.brought_up_to_date(code))
    assert there.keys() == wanted.keys(), "run make words, then translate what is new"


@pytest.mark.parametrize("code", catalogue.CODES)
def test_every_sentence_is_whole(code: str) -> None:
    assert list(faults(catalogue.read(code), code)) == []


@pytest.mark.parametrize("code", catalogue.CODES)
def test_the_hub_reads_what_translators_wrote(code: str) -> None:
    written = catalogue.read(code)
    with catalogue.file_of(code, "mo").open("rb") as file:
        assert said(read_mo(file)) == said(written)
    spoken = language.Language(code, "", "ltr")
    with language.speaking(spoken):
        for message in written:
            if isinstance(message.id, str) and message.id:
                says = language.pgettext(message.context, message.id) if message.context else _(message.id)
                assert says == message.string


def test_every_language_but_english_has_a_catalogue() -> None:
    assert [code for code in language.LANGUAGES if code != "en"] == list(catalogue.CODES)
    assert "de" in catalogue.CODES


def test_the_same_catalogue_is_the_same_bytes() -> None:
    written = catalogue.po_bytes(catalogue.read("de"))
    assert written == catalogue.po_bytes(catalogue.read("de"))
    assert b"POT-Creation-Date" not in written and b"PO-Revision-Date" not in written


# That each fault is found


def planted(english: str | tuple[str, str], german: str | tuple[str, ...], **more: object) -> list[str]:
    """The faults of one sentence."""
    catalog = Catalog(locale="de", fuzzy=False)
    message = catalog.add(english, german, [_FROM_TEMPLATES])
    for name, value in more.items():
        getattr(message, name).add(value)
    return list(faults(catalog, "de"))


@pytest.mark.parametrize(
    ("english", "german", "what"),
    [
        ("Pause", "", "expected 1 forms"),
        (("{n} day", "{n} days"), ("{n} Tag", ""), "expected 2 forms"),
        (("{n} day", "{n} days"), ("{n} Tag",), "expected 2 forms"),
        (("1 day", "{n} days"), ("1 Tag", "Tage"), "expected fields"),
        (("{n} day of {who}", "{n} days of {who}"), ("{n} Tag", "{n} Tage von {who}"), "expected fields"),
        ("Paused by {who}", "Pause", "expected fields"),
        ("Paused by {who}", "Pause von {wer}", "expected fields"),
        ("Paused by %(who)s", "Pause von {who}", "expected fields"),
        ("For <b>%(name)s</b>", "Für %(name)s", "other markup"),
        ('See <a href="/me">here</a>', 'Siehe <a href="/you">hier</a>', "other markup"),
        ("All of it", "100 % davon", "a lonely %"),
        ("Say “yes”", 'Sag "ja"', "straight"),
        ("Say “yes”", "Sag “ja”", "expected „…“"),
        ("Say “yes”", "Sag „ja”", "expected „…“"),
        ("Say “yes”", "Sag “ja„", "expected „…“"),
        ("Say “yes”", "Sag „ja", "expected „…“"),
        ("the child’s", "Mia's", "straight"),
        ("Pause", "Pause ", "space"),
    ],
)
def test_a_fault_is_found(english: str | tuple[str, str], german: str | tuple[str, ...], what: str) -> None:
    assert any(what in fault for fault in planted(english, german))


def test_what_is_right_is_left_alone() -> None:
    assert planted("Say “yes” to <b>%(name)s</b>, 5%%", "Sag „ja“ zu <b>%(name)s</b>, 5%%") == []
    assert planted(("1 day", "{n} days"), ("1 Tag", "{n} Tage")) == []
    assert planted(("1 day", "{n} days"), ("{n} Tag", "{n} Tage")) == []
    assert planted("It’s “a” and “b”", "Das ist’s: „a“ und „b“") == []


def test_what_is_unsure_or_gone_is_found() -> None:
    assert any("fuzzy" in fault for fault in planted("Pause", "Pause", flags="fuzzy"))
    catalog = Catalog(locale="de", fuzzy=False)
    catalog.add("Pause", "Pause")
    catalog.update(Catalog(), no_fuzzy_matching=True)
    assert any("gone" in fault for fault in faults(catalog, "de"))


def test_a_sentence_that_is_new_or_gone_changes_what_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    code = Catalog()
    code.add("Nobody said this before.")
    monkeypatch.setattr(catalogue, "said", lambda: code)
    assert said(catalogue.read("de")).keys() != said(catalogue.brought_up_to_date("de")).keys()


def test_a_compiled_catalogue_that_is_old_is_found() -> None:
    written = catalogue.read("de")
    compiled = io.BytesIO(catalogue.mo_bytes(written))
    written["Language"].string = "Zunge"
    assert said(read_mo(compiled)) != said(written)
