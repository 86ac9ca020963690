"""From a source to its good copy on the disk: fetched or read, looked through, and put in the place of the old one.

It decides what a good list is: it has names, it is no web page, and it did not lose most of what it had. Anything else
leaves the copy from before where it is, and a sentence for the parents. How bytes arrive is `source_fetch`'s part, what
a line means `list_formats`'.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from stairgate.hub import limits
from stairgate.hub.language import N_
from stairgate.hub.list_formats import ListRefused
from stairgate.hub.list_worker import ListWorker
from stairgate.hub.sentence import Sentence
from stairgate.hub.source_copies import LISTS_NAME, Copies
from stairgate.hub.source_fetch import FULL_DISK, NO_LIST, TOO_LARGE, Fetched, Fetcher, FetchFault
from stairgate.hub.sources import Outcome, Source

_CHUNK_BYTES = 64 * 1024
_HEAD_BYTES = 1024
_SHRUNK = N_("It has {taken} entries where it had {before}, so it is taken for broken.")
_NO_FILE = N_("There is no file of this name in the folder “{folder}” of the hub’s data; links are not followed.")


class Looked(NamedTuple):
    """What is in a list. taken: its names, hashes or addresses. dropped: (reason, lines), the most frequent first."""

    taken: int
    dropped: tuple[tuple[str, int], ...]


def take(source: Source, fetcher: Fetcher, worker: ListWorker, copies: Copies, now: float) -> Outcome:
    """Bring the copy of a source up to date; what came of it, also when nothing did."""
    before, at = source.outcome, int(now)
    try:
        candidate = copies.candidate(source.id)
        has_copy = copies.has(source.id)
        fetched = _bring(source, fetcher, copies, candidate, before if has_copy else Outcome())
        if fetched.unchanged or (has_copy and fetched.sha256 == before.sha256):
            candidate.unlink(missing_ok=True)
            etag, modified = (fetched.etag, fetched.modified) if not fetched.unchanged else before[-2:]
            return before._replace(tried=at, fetched=at, fault="", failures=0, etag=etag, modified=modified)
        looked = look_through(candidate, source, worker)
        if fault := fault_of(looked.taken, before.names if has_copy and not source.short else 0):
            candidate.unlink(missing_ok=True)
            return _failed(before, at, fault)
        copies.accept(source.id)
    except FetchFault as problem:
        return _failed(before, at, problem.sentence)
    except ListRefused:
        return _failed(before, at, Sentence(N_("It has more lines than any list.")))
    except OSError as problem:
        full = problem.errno in (28, 122, 30)  # full, over quota, read-only
        return _failed(before, at, Sentence(FULL_DISK if full else N_("It cannot be read.")))
    return Outcome(at, at, "", 0, looked.taken, looked.dropped, fetched.sha256, fetched.etag, fetched.modified)


def fault_of(taken: int, before: int) -> Sentence:
    """Why a list with so many names does not take the place of one with `before`; empty when it does."""
    if not taken:
        return Sentence(N_("There is nothing in it that a filter could use. Is its form the right one?"))
    if before >= limits.SOURCE_SHRINK_NAMES and taken < before * (1 - limits.SOURCE_SHRINK_MAX):
        return Sentence(_SHRUNK, taken=taken, before=before)
    return Sentence()


def look_through(path: Path, source: Source, worker: ListWorker) -> Looked:
    """Read a whole list without keeping anything of it. Raises `FetchFault` for a web page, OSError."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise FetchFault(NO_LIST)
    counted = worker.count(path, source)
    dropped = sorted(counted.dropped.items(), key=lambda row: (-row[1], row[0]))
    return Looked(counted.taken, tuple(dropped[: limits.SOURCE_REASONS_SHOWN]))


def _bring(source: Source, fetcher: Fetcher, copies: Copies, candidate: Path, before: Outcome) -> Fetched:
    room = copies.room(source.id)
    if source.is_file:
        return _copied(copies.lists / source.url, candidate, min(room, limits.SOURCE_BYTES_MAX))
    return fetcher.fetch(source.url, candidate, before.etag, before.modified, room)


def _copied(path: Path, candidate: Path, room: int) -> Fetched:
    """A file that somebody put into `lists`: no link, no pipe. Raises `FetchFault`, OSError."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as problem:
        raise FetchFault(_NO_FILE, folder=LISTS_NAME) from problem
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise FetchFault(N_("It is not a plain file."))
    with open(file, "rb") as held, open(candidate, "xb") as out:
        digest, total = hashlib.sha256(), 0
        while piece := held.read(_CHUNK_BYTES):
            total += len(piece)
            if total > room:
                raise FetchFault(TOO_LARGE, megabytes=room // 1_000_000)
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    return Fetched(False, "", "", total, digest.hexdigest())


def _failed(before: Outcome, at: int, fault: Sentence) -> Outcome:
    return before._replace(tried=at, fault=fault, failures=min(before.failures + 1, 100))
