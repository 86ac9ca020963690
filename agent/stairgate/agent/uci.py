"""OpenWrt's configuration file `/etc/config/stairgate`, read as text and turned into the tables of `core.settings`.

It decides what is a statement (`config TYPE ['NAME']`, `option NAME 'VALUE'`, `list NAME 'VALUE'`, comments; quoting as
libuci's `uci_parse_argument`) and refuses what libuci would take two ways: an option given twice, one that is a list
too, two sections of one type. Which settings there are and what they may be is the table's. The file is read without
`uci`, so that the agent needs nothing that a router in trouble may lack.
"""

from stairgate.agent.limits import UCI_LINE_CHARACTERS, UCI_STATEMENTS
from stairgate.core.fields import IN_ID, is_made_of
from stairgate.core.settings import NAME_CHARACTERS, Fault, near, shown

Tables = dict[str, dict[str, "str | list[str]"]]
_STATEMENTS = ("config", "option", "list", "package")


def read_uci(text: str) -> tuple[Tables, list[Fault]]:
    """Section type → option → text or list of texts, and everything that is no such file. Never raises."""
    tables: Tables = {}
    faults: list[Fault] = []
    section: dict[str, str | list[str]] | None = None
    for number, line in enumerate(text.split("\n")[: UCI_STATEMENTS + 1], 1):
        path = f"line {number}"
        if number > UCI_STATEMENTS:
            faults.append(Fault(path, f"at most {UCI_STATEMENTS} lines", "more", ""))
            break
        words = _words(line)
        if words is None:
            faults.append(Fault(path, "quotes that end on the line, and printable text", shown(line.strip()), ""))
        elif words and words[0] == "config":
            # Options of a section that is none are checked all the same, and belong to nobody.
            section = _section(path, words, tables, faults)
        elif words:
            _option(path, words, section, faults)
    return tables, faults


def _section(path: str, words: list[str], tables: Tables, faults: list[Fault]) -> dict[str, str | list[str]]:
    if not 2 <= len(words) <= 3 or not all(_is_name(word) for word in words[1:]):
        faults.append(Fault(path, "config TYPE 'NAME'", shown(" ".join(words)), ""))
    elif words[1] in tables:
        faults.append(Fault(path, f"one section of type {words[1]}", "another one", ""))
    else:
        return tables.setdefault(words[1], {})
    return {}


def _option(path: str, words: list[str], section: dict[str, str | list[str]] | None, faults: list[Fault]) -> None:
    kind = words[0]
    if kind not in _STATEMENTS:
        faults.append(Fault(path, "config, option or list", shown(kind), near(kind, _STATEMENTS)))
    elif kind == "package":
        if words[1:] != ["stairgate"]:
            faults.append(Fault(path, "package stairgate", shown(" ".join(words)), ""))
    elif len(words) != 3 or not _is_name(words[1]):
        faults.append(Fault(path, f"{kind} NAME 'VALUE'", shown(" ".join(words)), ""))
    elif section is None:
        faults.append(Fault(path, "a config line before it", f"{kind} {words[1]}", ""))
    elif kind == "option":
        if words[1] in section:
            faults.append(Fault(path, f"{words[1]} once", "another one", ""))
        section[words[1]] = words[2]
    else:
        held = section.setdefault(words[1], [])
        if isinstance(held, list):
            held.append(words[2])
        else:
            faults.append(Fault(path, f"{words[1]} as an option or as a list", "both", ""))


def _words(line: str) -> list[str] | None:
    """The words of a line without its comment; None when it is no text of this kind."""
    line = line.rstrip("\r")
    if len(line) > UCI_LINE_CHARACTERS or not all(letter.isprintable() or letter == "\t" for letter in line):
        return None
    words: list[str] = []
    word: str | None = None
    quote, at = "", 0
    while at < len(line):
        letter = line[at]
        if letter == "\\" and quote != "'":
            at += 1
            if at == len(line):
                return None
            word = (word or "") + line[at]
        elif quote:
            if letter == quote:
                quote = ""
            else:
                word = (word or "") + letter
        elif letter in "'\"":
            quote, word = letter, word or ""
        elif letter in " \t":
            words += [] if word is None else [word]
            word = None
        elif letter == "#" and word is None:
            break
        else:
            word = (word or "") + letter
        at += 1
    if quote:
        return None
    return words if word is None else [*words, word]


def _is_name(text: str) -> bool:
    return is_made_of(text, IN_ID + "_", 1, NAME_CHARACTERS)
