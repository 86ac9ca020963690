"""Block lists of every usual format, read line by line as entries: names, exceptions, hashes, networks.

It decides what a line means and which names no list may name; a report counts what was left out, with the reason. Which
lists there are, and what they are worth, is for the sources; how lists combine, for the builder of the pack. A name
stands for itself and all below it, whatever its format says of the two.
"""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Protocol

from stairgate.hub.adblock_rules import IMPORTANT, adblock_rules
from stairgate.hub.limits import LIST_LINE_BYTES, LIST_LINES_MAX
from stairgate.hub.list_entry import EXCEPTION, HASHED, LISTED, Entry
from stairgate.hub.list_report import ListReport
from stairgate.hub.name_text import NotAName, is_local, is_sinkhole, is_too_wide, normal
from stairgate.hub.rpz_zone import rpz_records

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Said = Iterator[tuple[str, str]]  # kind, name as the list writes it

HEX = "0123456789abcdef"
HASH_DIGITS = 12  # of the 64 that a pack keeps
# Whoever lists these closes the home, the machine, or what speaks to all.
OWN_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"),
        *("::/8", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
)
SHORTEST_PREFIX = {4: 8, 6: 16}


class ListRefused(ValueError):
    """The whole list is not accepted; the message says what was expected."""


class Readable(Protocol):
    """A file, open for reading bytes."""

    def readline(self, size: int, /) -> bytes: ...


def read_list(file: Readable, form: str, tags: tuple[str, ...], source: str, report: ListReport) -> Iterator[Entry]:
    """The entries of a list, in its order. One line is in RAM at a time.

    form: one of `FORMATS`. tags, source: of every entry. What is left out is counted in the report. Raises
    `ListRefused` for a form that there is not and for more lines than a list has; errors of the file pass.
    """
    if form not in FORMATS:
        raise ListRefused(f"expected a format out of {', '.join(FORMATS)}, got {form!r}")
    for kind, text in FORMATS[form](_lines(file, report), report):
        name = text if kind == HASHED else _acceptable(text, report)
        if not name:
            continue
        report.taken += 1
        if kind == IMPORTANT:
            # A voice of its own, which the exceptions of the list do not reach.
            yield Entry(name, tags, source + "!", LISTED)
        else:
            yield Entry(name, () if kind == EXCEPTION else tags, source, kind)


def read_networks(file: Readable, report: ListReport) -> Iterator[Network]:
    """The networks of a list of addresses, one a line with `#` or `;` before a comment. Raises as `read_list`."""
    for line in _lines(file, report):
        text = line.partition("#")[0].partition(";")[0].strip()
        if not text:
            continue
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            report.drop("not_a_network")
            continue
        if network.prefixlen < SHORTEST_PREFIX[network.version]:
            report.drop("too_wide")
        elif any(own.version == network.version and own.overlaps(network) for own in OWN_NETWORKS):
            report.drop("own_network")
        else:
            report.taken += 1
            yield network


def _lines(file: Readable, report: ListReport) -> Iterator[str]:
    while line := file.readline(LIST_LINE_BYTES + 1):
        report.lines += 1
        if report.lines > LIST_LINES_MAX:
            raise ListRefused(f"expected at most {LIST_LINES_MAX} lines")
        if len(line) > LIST_LINE_BYTES:
            report.drop("long_line")
            while line and not line.endswith(b"\n"):
                line = file.readline(LIST_LINE_BYTES)
            continue
        try:
            # A byte order mark is no part of the first name.
            text = line.decode("utf-8-sig" if report.lines == 1 else "utf-8")
        except UnicodeDecodeError:
            report.drop("not_text")
            continue
        yield text.rstrip()


def _acceptable(text: str, report: ListReport) -> str:
    """The name in its one form, or "" and a reason in the report."""
    try:
        name = normal(text)
    except NotAName as fault:
        report.drop(fault.reason)
        return ""
    if is_local(name):
        report.drop("local_name")
    elif is_too_wide(name):
        report.drop("too_wide")
    else:
        return name
    return ""


def _hosts(lines: Iterator[str], report: ListReport) -> Said:
    for line in lines:
        address, *names = line.partition("#")[0].split() or [""]
        if not address:
            continue
        if not names:
            report.drop("bad_record")
        for name in names:
            if is_sinkhole(address):
                yield LISTED, name
            else:
                report.drop("local_name" if is_local(name.lower()) else "not_blocking")


def _names(lines: Iterator[str], report: ListReport) -> Said:
    for line in lines:
        text = line.partition("#")[0].strip()
        if text:
            yield LISTED, text[2:] if text.startswith("*.") else text[1:] if text.startswith(".") else text


def _hashed(lines: Iterator[str], report: ListReport) -> Said:
    for line in lines:
        text = line.partition("#")[0].strip().lower()
        if len(text) in (HASH_DIGITS, 64) and not text.strip(HEX):
            yield HASHED, text[:HASH_DIGITS]
        elif text:
            report.drop("not_a_hash")


FORMATS: dict[str, Callable[[Iterator[str], ListReport], Said]] = {
    "hosts": _hosts,
    "plain": _names,
    "wildcard": _names,
    "adblock": adblock_rules,
    "rpz": rpz_records,
    "hashed": _hashed,
}
