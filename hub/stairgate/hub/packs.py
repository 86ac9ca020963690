"""The compiled block lists on the disk: the newest pack that policies name, and the one before it.

It decides which pack is in force and what may be fetched by its hash: a pack is written whole beside the others,
synced and renamed before anything names it, so that a full disk or a power cut leaves the one from before. What is in a
pack is `pack_builder`'s part, when one is built `list_upkeep`'s.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stairgate.core import policy as core
from stairgate.core.fields import is_word
from stairgate.hub import limits
from stairgate.hub.compile import NO_LISTS, Listed
from stairgate.hub.sources import ILLEGAL
from stairgate.port.atomic import read_bounded, write_atomic

_log = logging.getLogger(__name__)
DIRECTORY_NAME = "packs"
_NEWEST_NAME = "newest.json"
_BEING_BUILT = "building-"
_NEWEST_BYTES_MAX = 64 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")
CATEGORY = "names"


class Kept(NamedTuple):
    """A pack on the disk. inputs: a digest of what it was built of. tags: those it gives. made: UTC seconds.

    trimmed: names that do not have all of their tags, as the combinations were too many.
    """

    sha256: str
    bytes: int
    names: int
    tags: tuple[str, ...]
    inputs: str
    made: int
    trimmed: int = 0

    @property
    def line(self) -> core.Pack:
        """What a policy says of it: equal bytes, an equal line."""
        return core.Pack(CATEGORY, f"p{self.sha256[:12]}", self.sha256, self.bytes)


class Written(NamedTuple):
    """What a builder has written: names and tags of the pack. trimmed: names that do not have all of their tags."""

    names: int
    tags: tuple[str, ...]
    trimmed: int = 0


class PackShelf:
    """The packs of one hub; without a directory there are none. `put` is for one thread, the rest for all."""

    def __init__(self, data: Path | None) -> None:
        self._directory = data / DIRECTORY_NAME if data else None
        self._newest: Kept | None = None
        self._previous: Kept | None = None
        if self._directory:
            self._load(self._directory)

    @property
    def kept(self) -> Kept | None:
        """The pack in force, None when there is none yet."""
        return self._newest

    def newest(self) -> core.Pack | None:
        """What a policy says of the pack in force, None when there is none yet."""
        return self._newest.line if self._newest else None

    def listed(self) -> Listed:
        """What every policy says of the lists."""
        newest = self._newest
        if newest is None:
            return NO_LISTS
        return Listed((newest.line,), (ILLEGAL,) if ILLEGAL in newest.tags else ())

    def file(self, sha256: str) -> Path | None:
        """The file with this digest, None when it is neither the newest nor the one before."""
        if self._directory and any(kept and kept.sha256 == sha256 for kept in (self._newest, self._previous)):
            return self._directory / f"{sha256}.pack"
        return None

    def put(self, inputs: str, build: Callable[[Path], Written], now: float) -> bool:
        """Build a pack and put it in force; False when it is the same as before, byte for byte.

        `build` writes the file it is given. Raises OSError, and whatever `build` raises; then nothing has changed.
        """
        if not self._directory:
            return False
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A name of this process: of one that was killed something may still be about to end.
        building = self._directory / f"{_BEING_BUILT}{os.getpid()}.pack"
        try:
            _remove_half_built(self._directory)
            written = build(building)
            size, sha256 = _synced(building)
            if size > limits.PACK_BYTES_MAX:
                raise OSError(f"expected a pack of at most {limits.PACK_BYTES_MAX} bytes, got {size}")
            is_new = not self._newest or self._newest.sha256 != sha256
            kept = Kept(sha256, size, written.names, written.tags, inputs, int(now), written.trimmed)
            previous = self._newest if is_new else self._previous
            os.replace(building, self._directory / f"{sha256}.pack")
            # Its renaming syncs the directory, and with it that of the pack.
            write_atomic(str(self._directory / _NEWEST_NAME), _encode(kept, previous))
        except BaseException:
            with contextlib.suppress(OSError):
                _remove_half_built(self._directory)
            self._tidy(self._directory)
            raise
        self._newest, self._previous = kept, previous
        self._tidy(self._directory)
        return is_new

    def _load(self, directory: Path) -> None:
        try:
            held = json.loads(read_bounded(str(directory / _NEWEST_NAME), _NEWEST_BYTES_MAX))
            found = [_read(held[name]) if held[name] else None for name in ("newest", "previous")]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
            _log.error("what is known of the packs cannot be read, so one is built anew: %s", type(problem).__name__)
            return
        # A pack that is not what it was is none: agents would refuse it, and go on with theirs.
        usable = [kept for kept in found if kept and _is_whole(directory, kept)]
        if len(usable) < len([kept for kept in found if kept]):
            _log.error("a pack on the disk is damaged; it is built anew")
        if found[0] in usable:
            self._newest = found[0]
            self._previous = found[1] if found[1] in usable else None
        elif usable:
            # In force until the next build, which is due as nothing says what this one was built of.
            self._newest = usable[0]._replace(inputs="")

    def _tidy(self, directory: Path) -> None:
        """Remove what nobody may ask for any more."""
        named = {f"{kept.sha256}.pack" for kept in (self._newest, self._previous) if kept}
        with contextlib.suppress(OSError):
            for path in directory.iterdir():
                if path.suffix == ".pack" and path.name not in named:
                    path.unlink(missing_ok=True)


def _remove_half_built(directory: Path) -> None:
    for path in directory.glob(f"{_BEING_BUILT}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def is_digest(text: str) -> bool:
    """True for the text of a SHA-256."""
    return _DIGEST.fullmatch(text) is not None


def _synced(path: Path) -> tuple[int, str]:
    """Size and digest of a file, which is on the disk when this returns."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
        return file.tell(), digest


def _is_whole(directory: Path, kept: Kept) -> bool:
    try:
        return _synced(directory / f"{kept.sha256}.pack") == (kept.bytes, kept.sha256)
    except OSError:
        return False


def _encode(newest: Kept, previous: Kept | None) -> bytes:
    held = {"format": 1, "newest": newest._asdict(), "previous": previous._asdict() if previous else None}
    return json.dumps(held, indent=1).encode() + b"\n"


def _read(held: Mapping[str, Any]) -> Kept:
    kept = Kept(
        str(held["sha256"]),
        int(held["bytes"]),
        int(held["names"]),
        tuple(held["tags"]),
        str(held["inputs"]),
        int(held["made"]),
        int(held.get("trimmed", 0)),
    )
    if not is_digest(kept.sha256) or not all(is_word(tag) for tag in kept.tags):
        raise ValueError("expected a digest and words")
    return kept
