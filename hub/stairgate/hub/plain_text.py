"""What people type, made safe to keep: names without control characters, hardware addresses in one spelling.

It decides what a name may contain. Escaping for HTML is Jinja's; this keeps out what would reorder or hide a
line.
"""

import re
import unicodedata

from stairgate.hub import limits

# Direction marks, embeddings, overrides and isolates (UAX #9): a name could turn the rest of a sentence around.
# The pages isolate each name with <bdi> instead.
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Controls, surrogates, private use, unassigned, line and paragraph separators.
_REFUSED = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
# More than this many marks on one letter run over the lines above and below.
_MARKS_MAX = 4

_MAC_SEPARATORS = re.compile(r"[:\-. ]")
_TWELVE_HEX = re.compile(r"[0-9a-f]{12}")


def clean_name(text: str) -> str:
    """The name in NFC without control characters, at most `limits.NAME_CHARACTERS_MAX`; empty when nothing is left."""
    return clean_line(text, limits.NAME_CHARACTERS_MAX)


def clean_line(text: str, longest: int) -> str:
    """One line of somebody's words, as `clean_name`, of at most `longest` characters."""
    kept = []
    marks = 0
    for character in unicodedata.normalize("NFC", text[: longest * 8]):
        if character in _BIDI_CONTROLS:
            continue
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MARKS_MAX:
            kept.append(" " if unicodedata.category(character) in _REFUSED else character)
    name = " ".join("".join(kept).split())[:longest].strip()
    visible = any(unicodedata.category(character)[0] in "LNPS" for character in name)
    return name if visible else ""


def read_mac(text: str) -> str | None:
    """`aa:bb:cc:dd:ee:ff` from any usual spelling; None when it is no address of a single device."""
    digits = _MAC_SEPARATORS.sub("", text.strip().lower())
    if not _TWELVE_HEX.fullmatch(digits):
        return None
    group_address = int(digits[:2], 16) & 1
    if group_address or digits == "000000000000":
        return None
    return ":".join(digits[index : index + 2] for index in range(0, 12, 2))
