"""Ad blockers' rules, as far as a name alone can answer them: `||name^`, its exception `@@||name^`, a few options.

It decides which rules keep their meaning when only the name is known: one that would refuse or open more than it says
is left out. The names themselves are checked by `list_formats`. Syntax: the filter documentation of AdGuard and of
Adblock Plus.
"""

import re
from collections.abc import Iterable, Iterator

from stairgate.hub.list_entry import EXCEPTION, LISTED
from stairgate.hub.list_report import ListReport

#: A rule that the list's own exceptions do not reach: option `important`.
IMPORTANT = "important"

# Options that do not narrow a rule down: the whole name is meant. `third-party`, `domain=`, `script` and the like mean
# part of its use only, `badfilter` another rule, `denyallow=` other names.
_WHOLE = frozenset((IMPORTANT, "all", "document", "doc"))
_HIDING = re.compile(r"#@?[?$%]{0,2}#\S|\$\$")
_RULE = re.compile(r"(?P<exception>@@)?\|\|(?:\*\.)?(?P<name>[^\s/^$|*:?=&]+)\^\|?(?:\$(?P<options>.*))?").fullmatch


def adblock_rules(lines: Iterable[str], report: ListReport) -> Iterator[tuple[str, str]]:
    """(kind, name) of each rule that can be followed; the others are counted in the report."""
    for line in lines:
        text = line.strip()
        if not text or text[0] in "![":
            continue
        if _HIDING.search(text) and not text.startswith("# "):
            report.drop("element_hiding")
        elif text[0] != "#":
            yield from _rule(text, report)


def _rule(text: str, report: ListReport) -> Iterator[tuple[str, str]]:
    rule = _RULE(text)
    if rule is None:
        report.drop("pattern")
        return
    options = {option.strip().lower() for option in (rule["options"] or "").split(",") if option.strip()}
    # An exception of pages (`document`) means what is on them: the name of the page is not opened by it.
    if options - ({IMPORTANT} if rule["exception"] else _WHOLE):
        report.drop("option")
    elif rule["exception"]:
        yield EXCEPTION, rule["name"]
    else:
        yield IMPORTANT if IMPORTANT in options else LISTED, rule["name"]
