"""The inside of a backup: a list of files with their sizes and SHA-256, then their bytes one after the other.

It decides which names there may be (plain relative ones, below `home/` or `data/`) and that sizes, digests and
names agree before anybody writes anything. No links, modes or owners exist in it, and nothing is compressed, so
nothing can grow. Which files belong to a hub is `backup`'s.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from stairgate.hub import limits
from stairgate.hub.language import _
from stairgate.hub.sealed_file import BackupError

_NAME = re.compile(r"(?:home|data)(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,63}){1,4}")
_HEAD_BYTES_MAX = 256 * 1024


class Content(NamedTuple):
    """What a backup holds. made: UTC seconds. files: name below `home/` or `data/` -> bytes."""

    home: str
    made: int
    files: Mapping[str, bytes]


def write_content(content: Content) -> bytes:
    """The bytes to seal. Raises `BackupError` for a name or a number of files that `read_content` would refuse."""
    entries = []
    for name, data in sorted(content.files.items()):
        entries.append({"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    _check_names(list(content.files))
    head = {"format": 1, "home": content.home, "made": content.made, "files": entries}
    return (
        json.dumps(head, separators=(",", ":")).encode()
        + b"\n"
        + b"".join(data for _name, data in sorted(content.files.items()))
    )


def read_content(data: bytes) -> Content:
    """What `write_content` wrote. Raises `BackupError` with what was expected."""
    line, newline, body = data.partition(b"\n")
    if not newline or len(line) > _HEAD_BYTES_MAX:
        raise BackupError(_("The backup’s list of files is missing or too long."))
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        raise BackupError(_("The backup’s list of files cannot be read.")) from None
    if not (isinstance(head, dict) and head.get("format") == 1 and _is_number(head.get("made"))):
        raise BackupError(_("The backup’s list of files is of a kind this version does not know."))
    home, entries = head.get("home"), head.get("files")
    if not isinstance(home, str) or not isinstance(entries, list):
        raise BackupError(_("The backup’s list of files is incomplete."))
    if not all(_is_entry(entry) for entry in entries):
        raise BackupError(_("The backup’s list of files has an entry without name, size or digest."))
    _check_names([entry["name"] for entry in entries])
    if sum(entry["bytes"] for entry in entries) != len(body):
        raise BackupError(_("The backup’s files are not as long as its list says."))
    files, at = {}, 0
    for entry in entries:
        held = body[at : at + entry["bytes"]]
        at += entry["bytes"]
        if hashlib.sha256(held).hexdigest() != entry["sha256"]:
            raise BackupError(_("The backup’s file {name} is not what its list says.").format(name=entry["name"]))
        files[entry["name"]] = held
    return Content(home, head["made"], files)


def is_name(name: str) -> bool:
    """True when a file of this name may be in a backup."""
    return _NAME.fullmatch(name) is not None


def _check_names(names: list[str]) -> None:
    if len(names) > limits.BACKUP_FILES_MAX:
        text = _("Expected at most {most} files in a backup, got {count}.")
        raise BackupError(text.format(most=limits.BACKUP_FILES_MAX, count=len(names)))
    for name in names:
        if not is_name(name):
            text = _("Expected a plain name below home or data, got {name}.")
            raise BackupError(text.format(name=repr(name[:80])))
    if len({name.lower() for name in names}) != len(names):
        raise BackupError(_("Expected each file once in a backup."))
    folded = {name.lower() for name in names}
    if any(name[:at] in folded for name in folded for at, character in enumerate(name) if character == "/"):
        raise BackupError(_("Expected no file in a backup to be a directory as well."))


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and _is_number(entry.get("bytes"))
        and isinstance(entry.get("sha256"), str)
    )


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53
