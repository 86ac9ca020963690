"""A domain name as people and lists write it, brought once into the one form that packs and policies know.

It decides what is a name and how it is spelt: lower case, A-labels, no dot at the end (RFC 1035, RFC 5890). Whether it
may stand in a list is for `is_too_wide` and `is_local`, what is done with it for others.

Names in other scripts follow UTS 46 without its transitional part, as browsers do: every character in lower case and in
its compatibility form (NFKC), then Punycode of each label. The standard library's codec `idna` does not serve: it is
IDNA2003, which makes `strasse` of `straße`, and so would block another's name.
"""

import re
import unicodedata

from stairgate.core.limits import HOST_CHARACTERS

LABEL_BYTES = 63  # RFC 1035, 2.3.4

_LABEL = r"[a-z0-9_-]{1,63}"
_IS_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*").fullmatch
# What UTS 46 takes for a dot, and what for nothing: soft hyphens, variation selectors, invisible joints of words.
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_NOTHING = re.compile("[\u00ad\u200b\u2060\ufeff\ufe00-\ufe0f]")
# Letters, marks, digits, and symbols, which some registries sold; never what is invisible, a space or a private sign.
_CATEGORIES = frozenset(("Ll", "Lm", "Lo", "Mn", "Mc", "Nd", "So"))

# Names that never leave the home, or that the resolver itself lives on (RFC 6761, 6762, 8375).
_LOCAL = frozenset(("local", "localhost", "localdomain", "arpa", "internal", "lan", "home", "broadcasthost"))
_LOCAL_NAMES = frozenset(
    (
        "ip6-localhost",
        "ip6-loopback",
        "ip6-localnet",
        "ip6-mcastprefix",
        "ip6-allnodes",
        "ip6-allrouters",
        "ip6-allhosts",
    )
)
# Registries that sell names under a label before their country's code: `co.uk` is no more somebody's than `uk` is.
_COUNTRIES = (
    " af ag ai ao ar at au bd bh bn bo br bw bz ck cn co cr cu cy do ec eg et fj gh gi gt hk hu id il in jm jp ke kh kr"
    " kw lb ls ly ma mm mt mx my mz na nf ng ni np nz om pa pe pg ph pk pl pr py qa ru sa sb sg sl sv th tj tr tw tz ua"
    " ug uk uy uz vc ve vi vn za zm zw "
)
_BEFORE = " ac co com edu go gob gov gv mil ne net nom or org sch "


class NotAName(ValueError):
    """This text is no domain name. `reason` is one of `list_report.REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def normal(text: str) -> str:
    """The name in its one form. Raises `NotAName`: `not_a_name`, `address` or `bad_idna`."""
    name = text.lower() if text.isascii() else _ascii(text)
    if name.endswith("."):
        name = name[:-1]
    if not _IS_NAME(name) or len(name) > HOST_CHARACTERS:
        raise NotAName("address" if _is_ipv6(name) else "not_a_name")
    if name[name.rfind(".") + 1 :].isdigit():
        raise NotAName("address")
    return name


def is_normal(name: str) -> bool:
    """True for a name that `normal` leaves as it is."""
    return bool(_IS_NAME(name)) and len(name) <= HOST_CHARACTERS and not name[name.rfind(".") + 1 :].isdigit()


def is_local(name: str) -> bool:
    """True for a name of the machine or the home itself: hosts files begin with them."""
    return name[name.rfind(".") + 1 :] in _LOCAL or name in _LOCAL_NAMES


def is_too_wide(name: str) -> bool:
    """True for a top-level domain and for what a country's registry sells names under: `com`, `co.uk`.

    With such a line a list would close the internet, or a country of it. The rule knows the usual ones; whatever else
    many share (`github.io`) may be listed.
    """
    first, dot, last = name.partition(".")
    return not dot or (len(last) == 2 and f" {last} " in _COUNTRIES and f" {first} " in _BEFORE)


def is_sinkhole(address: str) -> bool:
    """True for an address that leads nowhere: lists of addresses name the refused beside it."""
    return address in ("0.0.0.0", "::", "::0", "::1", "0:0:0:0:0:0:0:0") or address.startswith("127.")


def _is_ipv6(name: str) -> bool:
    return name.count(":") > 1 and not name.strip("0123456789abcdef:.[]")


def _ascii(text: str) -> str:
    # Letter by letter: the sigma at the end of a word is a letter of its own for `str.lower`, not for UTS 46.
    lower = "".join([letter.lower() for letter in _NOTHING.sub("", text)])
    labels = _DOTS.sub(".", unicodedata.normalize("NFKC", lower)).split(".")
    return ".".join([label if label.isascii() else _a_label(label) for label in labels])


def _a_label(label: str) -> str:
    known = all(letter in "-_" or unicodedata.category(letter) in _CATEGORIES for letter in label)
    if not known or len(label) > LABEL_BYTES or unicodedata.category(label[0]).startswith("M"):
        raise NotAName("bad_idna")
    return "xn--" + label.encode("punycode").decode("ascii")
