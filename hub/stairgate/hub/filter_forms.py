"""What parents type into the forms of a filter, read and checked: all faults of a form at once, each with its field.

It decides what a list of names may hold. A name is stored and shown as its A-labels, so that letters which only look
like others are seen (RFC 5890).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from stairgate.core.filtering import suffixes
from stairgate.hub import catalogue, limits
from stairgate.hub.categories import CATEGORIES
from stairgate.hub.filters import YOUTUBE
from stairgate.hub.forms import Faults, Form
from stairgate.hub.language import N_, _, ngettext
from stairgate.hub.name_text import NotAName, is_local, is_too_wide, normal
from stairgate.hub.presets import BY_ID, Preset

_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*://")
_BETWEEN = re.compile(r"[\s,;]+")
_AGES = {preset.age for preset in BY_ID.values()}
AGES = tuple(sorted(_AGES))
_SHOWN_CHARACTERS = 40
_WHY = {
    "address": N_("“{word}” is an address. Please give a name, such as example.org."),
    "bad_idna": N_("“{word}” has letters that no name on the internet has."),
    "not_a_name": N_("“{word}” is no name on the internet. A name looks like example.org."),
    "local": N_("“{word}” is a name inside your home; those are never filtered."),
    "too_wide": N_("“{word}” is no single site but a whole ending; please give a name below it."),
}


class NamesForm(NamedTuple):
    """Lists of names as typed and read."""

    allow: tuple[str, ...]
    deny: tuple[str, ...]


def read_revision(form: Form) -> int | None:
    """The revision the page was made from, None where the form names none."""
    text = form.get("revision", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def read_preset(form: Form) -> Preset | None:
    """The preset that was tapped, None when there is none of that name."""
    return BY_ID.get(form.get("preset", ""))


def read_switches(form: Form) -> tuple[tuple[str, ...], int, Faults]:
    """Categories (`block` may repeat), the age of apps (`age`, 0: no limit), and faults."""
    block = form.getlist("block")[: len(CATEGORIES) + 1]
    faults = {}
    if not set(block) <= set(CATEGORIES):
        faults["block"] = _("Please choose categories from this page.")
    age = form.get("age", "0").strip()
    if age not in {str(known) for known in AGES}:
        faults["age"] = _("Please choose an age from the list.")
    return tuple(block), int(age) if "age" not in faults else 0, faults


def read_search(form: Form) -> tuple[bool, str, Faults]:
    """`safesearch` (any value: on), `youtube` (empty, moderate or strict), and faults."""
    youtube = form.get("youtube", "")
    faults = {} if youtube in YOUTUBE else {"youtube": _("Please choose one of the three for YouTube.")}
    return bool(form.get("safesearch")), youtube, faults


def read_apps(form: Form) -> tuple[Mapping[str, str], Faults]:
    """App id -> "", `blocked` or `open`, from fields `app-ID`; and faults."""
    states: dict[str, str] = {}
    for app in catalogue.apps():
        field = f"app-{app.id}"
        if field in form:
            states[app.id] = form[field]
    wrong = [app_id for app_id, state in states.items() if state not in ("", "blocked", "open")]
    return states, {f"app-{app_id}": _("Please choose one of the three.") for app_id in wrong}


def read_names(form: Form) -> tuple[NamesForm, Faults]:
    """`allow` and `deny`, one name a line, and all faults."""
    allow, allow_fault = read_list(form.get("allow", ""), limits.FILTER_NAMES_MAX)
    deny, deny_fault = read_list(form.get("deny", ""), limits.FILTER_NAMES_MAX)
    faults = {"allow": allow_fault, "deny": deny_fault}
    kept = [name for name in deny if any(suffix in catalogue.helplines() for suffix in suffixes(name))]
    if kept and not deny_fault:
        faults["deny"] = _("{name} helps children in need, so it stays open for every child.").format(name=kept[0])
    both = sorted(set(allow) & set(deny))
    if both and not deny_fault:
        faults["deny"] = _("{name} stands in both lists. Please decide for one.").format(name=both[0])
    return NamesForm(allow, deny), {field: text for field, text in faults.items() if text}


def read_only(form: Form) -> tuple[tuple[str, ...], Faults]:
    """`only`, one name a line, and its fault."""
    names, fault = read_list(form.get("only", ""), limits.FILTER_ONLY_MAX)
    return names, {"only": fault} if fault else {}


def read_needs(form: Form) -> tuple[tuple[str, ...], Faults]:
    """The names of `host` (may repeat) and `more` (one a line) together, and their faults."""
    hosts, host_fault = ticked(form)
    more, more_fault = read_list(form.get("more", ""), limits.FILTER_ONLY_MAX)
    faults = {"host": host_fault, "more": more_fault}
    if not (hosts or more or host_fault or more_fault):
        faults["host"] = _("Please tick what should be open, or type a name.")
    return tuple(sorted({*hosts, *more})), {field: text for field, text in faults.items() if text}


def ticked(form: Form) -> tuple[tuple[str, ...], str]:
    """What was ticked of the hosts that a page needs, and its fault."""
    return read_list("\n".join(form.getlist("host")[: limits.FILTER_ONLY_MAX + 1]), limits.FILTER_ONLY_MAX)


def as_typed(text: str) -> str:
    """Lines as they were typed, without what hides or turns one."""
    return "\n".join("".join(letter for letter in line if letter.isprintable()) for line in text.splitlines())


def read_list(text: str, most: int) -> tuple[tuple[str, ...], str]:
    """The names in a text, sorted and each once, and in a few sentences everything that is wrong with it."""
    words = [word for word in _BETWEEN.split(text[: limits.REQUEST_BYTES_MAX]) if word]
    names: set[str] = set()
    wrong: list[str] = []
    for word in words:
        try:
            names.add(read_name(word))
        except ValueError as problem:
            wrong.append(str(problem))
    if wrong:
        said = wrong[: limits.FILTER_FAULTS_SHOWN]
        if more := len(wrong) - len(said):
            said.append(ngettext("And {count} more.", "And {count} more.", more).format(count=more))
        return tuple(sorted(names)), " ".join(said)
    if len(names) > most:
        return tuple(sorted(names)), _("These are {count} names; a list holds {most}.").format(
            count=len(names), most=most
        )
    return tuple(sorted(names)), ""


def read_name(word: str) -> str:
    """The name in a word or in the address of a page. Raises ValueError with a sentence: why it is none."""
    host = _SCHEME.sub("", word.strip())
    host = re.split(r"[/?#]", host, maxsplit=1)[0].rpartition("@")[2]
    if host.count(":") == 1:
        host = host.partition(":")[0]
    host = host.removeprefix("*.").lstrip(".")
    try:
        name = normal(host)
    except NotAName as problem:
        raise _no_name(problem.reason if problem.reason in _WHY else "not_a_name", word) from None
    if is_local(name):
        raise _no_name("local", word)
    if is_too_wide(name):
        raise _no_name("too_wide", word)
    return name


def _no_name(why: str, word: str) -> ValueError:
    return ValueError(_(_WHY[why]).format(word=shown(word.strip())))


def shown(word: str) -> str:
    """What was typed, short and without characters that turn or hide a line."""
    kept = "".join(character if character.isprintable() else "?" for character in word[:_SHOWN_CHARACTERS])
    return kept + ("…" if len(word) > _SHOWN_CHARACTERS else "")
