"""The catalogues of `hub/stairgate/hub/locale`, written anew from the code: `make words`.

It decides which sentences of the code are in a catalogue: those that Babel finds in the hub's Python modules and
templates, and the words beside apps. A sentence that is new gets an empty place in every `.po` file, one that is gone
is taken away, and the `.mo` files, which the hub reads, are compiled. What the sentences mean is for those who
translate; that none is missing is for `test_catalogue`.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from stairgate.hub import catalogue, language

HUB = Path(language.__file__).parent
LOCALE = HUB / "locale"
#: Every language that has a catalogue; English is in the code.
CODES = tuple(code for code in language.LANGUAGES if code != language.ENGLISH.code)
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
_DATED = tuple(
    b'"' + word
    for word in (
        b"POT-Creation",
        b"PO-Revision",
        b"Last-Translator",
        b"Language-Team",
        b"Report-Msgid",
        b"Generated-By",
    )
)
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def said() -> Catalog:
    """Every sentence of the code, with the files it stands in."""
    catalog = Catalog(domain=language.DOMAIN, project="Stairgate", fuzzy=False)
    found = extract_from_dir(HUB, _METHODS, _OPTIONS, _KEYWORDS, ("translators:",), strip_comment_tags=True)
    for name, _line, text, comments, context in found:
        catalog.add(text, None, [(name, 0)], auto_comments=comments, context=context)
    for text in catalogue.words():
        catalog.add(text, None, [("catalogue_data/apps.toml", 0)])
    return catalog


def file_of(code: str, ending: str) -> Path:
    """A catalogue's file: `ending` is po or mo."""
    return LOCALE / code / "LC_MESSAGES" / f"{language.DOMAIN}.{ending}"


def read(code: str) -> Catalog:
    """The catalogue of a language as it stands in its `.po` file, empty where there is none yet."""
    path = file_of(code, "po")
    if not path.exists():
        return Catalog(locale=code, domain=language.DOMAIN, project="Stairgate", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=code, domain=language.DOMAIN)


def brought_up_to_date(code: str) -> Catalog:
    """The catalogue with the sentences of the code: no others, and none missing."""
    catalog = read(code)
    # A sentence that is only like another has another meaning: it is put into the language anew.
    catalog.update(said(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.fuzzy = False
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    """The same catalogue is the same bytes: sorted, without line numbers, dates and versions."""
    catalog.header_comment = "# What the hub says, in another language. See docs/language.md."
    file = io.BytesIO()
    write_po(file, catalog, width=120, sort_output=True, include_lineno=False)
    return b"\n".join(line for line in file.getvalue().split(b"\n") if not line.startswith(_DATED))


def mo_bytes(catalog: Catalog) -> bytes:
    """What the hub reads."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def main() -> int:
    """Write every catalogue."""
    for code in CODES:
        catalog = brought_up_to_date(code)
        missing = [message for message in catalog if message.id and not message.string]
        file_of(code, "po").parent.mkdir(parents=True, exist_ok=True)
        file_of(code, "po").write_bytes(po_bytes(catalog))
        file_of(code, "mo").write_bytes(mo_bytes(read(code)))
        print(f"{code}: {len(catalog)} sentences, {len(missing)} not yet in this language", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
