"""Which files make a hub, and how a backup takes their place: verified, staged beside, then swapped by renames.

A backup holds the home's directory (keys, certificates, settings, agents) and the hub's data (store, history). It
is made while the hub runs: every file is replaced whole by whoever writes it. `stage` makes all of the new state
beside the old one and ends with one file that says it is complete; `finish` renames, at any later time and as
often as a power cut interrupts it. The directories from before are kept as `*.before-restore`.
"""

import contextlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stairgate.hub import limits
from stairgate.hub.atomic_storage import FILE_BYTES_MAX, Damaged, decode_generation
from stairgate.hub.backup_content import Content, is_name, read_content, write_content
from stairgate.hub.clock import Clock
from stairgate.hub.config import ConfigError, read_config
from stairgate.hub.history import FILE_NAME as HISTORY_NAME
from stairgate.hub.history import History
from stairgate.hub.language import _
from stairgate.hub.notices import RESTORED, put_notice
from stairgate.hub.packs import DIRECTORY_NAME as PACKS_NAME
from stairgate.hub.sealed_file import BackupError, seal, unseal
from stairgate.hub.source_copies import COPIES_NAME, LISTS_NAME
from stairgate.hub.store import StoreError
from stairgate.hub.tinydb_store import FILE_NAME as STORE_NAME
from stairgate.hub.tinydb_store import TinyDbStore
from stairgate.hub.toy_ledger import FILE_NAME as TOYS_NAME
from stairgate.hub.use_store import FILE_NAME as USE_NAME
from stairgate.port.atomic import read_bounded, write_atomic
from stairgate.provisioning import private_files
from stairgate.provisioning.settings import read_home
from stairgate.provisioning.signing import SigningKey

_log = logging.getLogger(__name__)
_READY = ".restore-is-complete"
# Codes and counters of this machine's moment, locks, and what is half written or kept beside a good file. Minutes in
# use are deleted after nine days and would outlive that in a backup; of today's the routers know.
_LEFT_OUT = ("lock", "claim.json", "reset.json", "guesses.json", STORE_NAME, HISTORY_NAME, USE_NAME, TOYS_NAME)
# Below the data directory: what is fetched or built again, and the lists that somebody has elsewhere.
_LEFT_OUT_FOLDERS = (PACKS_NAME, COPIES_NAME, LISTS_NAME)
_LEFT_OUT_ENDS = (".new", ".previous", ".damaged", ".pid", ".lock", "-journal", "-wal", "-shm")


class Places(NamedTuple):
    """Where a hub lives. home: what `stairgate home init` made. data: the hub's `--data`."""

    home: Path
    data: Path


class Restored(NamedTuple):
    """What was staged. home: its identifier. made: when the backup was made, UTC seconds."""

    home: str
    made: int


def make_backup(places: Places, passphrase: str, clock: Clock) -> bytes:
    """The sealed bytes of the hub at `places`, which may be running. Raises `BackupError`."""
    try:
        home = read_home(places.home)
        files = dict(_files(places.home, "home", apart=places.data))
        if places.data.is_dir():
            files |= dict(_files(places.data, "data", apart=places.home))
            if store := _newest_generation(places.data):
                files[f"data/{STORE_NAME}"] = store
            if history := _history_snapshot(places.data / HISTORY_NAME):
                files[f"data/{HISTORY_NAME}"] = history
    except (OSError, ValueError) as problem:
        raise BackupError(_("The files of this hub cannot be read: {problem}").format(problem=problem)) from problem
    return seal(write_content(Content(home.id, int(clock.wall()), files)), passphrase)


def stage(places: Places, sealed: bytes, passphrase: str, clock: Clock) -> Restored:
    """Verify a backup and lay it out beside the hub at `places`, for `finish`. Raises `BackupError`; then nothing
    has changed.
    """
    content = read_content(unseal(sealed, passphrase))
    staged = _staged(places)
    if places.home.is_relative_to(places.data):
        text = _("{home} is inside {data}; a restore needs them apart, or the other way round.")
        raise BackupError(text.format(home=places.home, data=places.data))
    for live in places:
        if os.path.ismount(live):
            text = _("{place} is a mount point and cannot be replaced; use a directory below it.")
            raise BackupError(text.format(place=live))
    try:
        _remove_staged(places)
        private_files.make_directory(staged.home)
        _write(content, staged)
        _check(content, staged)
        _prepare(content, staged, clock)
        write_atomic(str(staged.data / _READY), b"")
    except (OSError, ValueError, ConfigError, StoreError) as problem:
        with contextlib.suppress(OSError):
            _remove_staged(places)
        raise BackupError(_("This backup cannot be restored here: {problem}").format(problem=problem)) from problem
    except BackupError:
        _remove_staged(places)
        raise
    return Restored(content.home, content.made)


def finish(places: Places) -> bool:
    """Complete a staged restore; True when there was one. Nobody may have the data open. Raises OSError.

    What was staged but never completed is removed.
    """
    staged = _staged(places)
    if not (staged.data / _READY).exists() and not (places.data / _READY).exists():
        _remove_staged(places)
        return False
    for live, beside in _swaps(places):
        if not beside.exists():
            continue
        if live.exists():
            _give_to_owner_of(live, beside)
            before = _beside(live, "before-restore")
            shutil.rmtree(before, ignore_errors=True)
            os.rename(live, before)
        os.rename(beside, live)
        private_files.sync_directory(live.parent)
    with contextlib.suppress(OSError):
        # The broker goes on running through this; its process is told to read its files anew.
        shutil.copy2(_beside(places.home, "before-restore") / "broker" / "mosquitto.pid", places.home / "broker")
    (places.data / _READY).unlink()
    return True


def places_of(hub_directory: Path, data: Path) -> Places:
    """The places of a hub that was started with these two directories."""
    return Places(Path(os.path.abspath(hub_directory)).parent, Path(os.path.abspath(data)))


def _files(directory: Path, prefix: str, apart: Path) -> Iterator[tuple[str, bytes]]:
    total = 0
    for at, folders, names in os.walk(directory):
        # Either directory may be in the other one.
        folders[:] = [name for name in folders if Path(at, name) != apart and not name.endswith("-restore")]
        if prefix == "data" and Path(at) == directory:
            folders[:] = [name for name in folders if name not in _LEFT_OUT_FOLDERS]
        for name in names:
            path = Path(at, name)
            inside = f"{prefix}/{path.relative_to(directory)}"
            if name in _LEFT_OUT or name.endswith(_LEFT_OUT_ENDS) or not path.is_file():
                continue
            if not is_name(inside):
                _log.warning("not in the backup, as the name is none of ours: a file in %s", at)
                continue
            data = read_bounded(str(path), limits.BACKUP_BYTES_MAX)
            total += len(data)
            if total > limits.BACKUP_BYTES_MAX:
                raise ValueError(f"expected at most {limits.BACKUP_BYTES_MAX} bytes in {directory}")
            yield inside, data


def _newest_generation(data: Path) -> bytes:
    """The store as it was committed last; empty when there is none. Raises ValueError when none can be trusted."""
    problem = ""
    for name in (STORE_NAME, f"{STORE_NAME}.previous"):
        try:
            held = read_bounded(str(data / name), FILE_BYTES_MAX)
            decode_generation(held)
            return held
        except FileNotFoundError:
            continue
        except Damaged as damage:
            problem = f"{name}: {damage}"
    if problem:
        raise ValueError(problem)
    return b""


def _history_snapshot(path: Path) -> bytes:
    """The history's file as of its last write, empty when there is none or it is damaged: a backup does without."""
    if not path.exists():
        return b""
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as source,
            contextlib.closing(sqlite3.connect(":memory:")) as copy,
        ):
            source.backup(copy)
            return copy.serialize()
    except (sqlite3.Error, UnicodeDecodeError) as problem:
        _log.warning("the history is not in the backup: %s", problem)
        return b""


def _write(content: Content, staged: Places) -> None:
    staged.data.mkdir(mode=private_files.DIRECTORY_MODE, parents=True, exist_ok=True)
    roots = {"home": staged.home, "data": staged.data}
    for name, data in content.files.items():
        top, _slash, rest = name.partition("/")
        path = roots[top] / rest
        path.parent.mkdir(mode=private_files.DIRECTORY_MODE, parents=True, exist_ok=True)
        private_files.write_new(path, data)
    for name in ("agents", "broker"):  # an empty directory is no file
        (staged.home / name).mkdir(mode=private_files.DIRECTORY_MODE, exist_ok=True)
    for root in staged:
        for at, _folders, _names in os.walk(root):
            private_files.sync_directory(Path(at))


def _check(content: Content, staged: Places) -> None:
    """Raise unless a hub could start from what is staged."""
    config = read_config(staged.home / "hub")
    if not content.home == config.home == read_home(staged.home).id:
        raise ValueError("expected one home in it, got several")
    SigningKey.load(config.signing_key)
    for path in (config.broker.ca, config.broker.certificate, config.broker.key):
        private_files.read(path)


def _prepare(content: Content, staged: Places, clock: Clock) -> None:
    """Nobody stays signed in, and everybody is told."""
    store = TinyDbStore(staged.data)
    try:
        with store.transaction(content.home) as rows:
            for session in rows.page("sessions"):
                rows.delete("sessions", session.id)
            put_notice(rows, RESTORED, clock.wall(), float(content.made))
    finally:
        store.close()
    history = History(staged.data / HISTORY_NAME, clock)
    history.event("restored")
    history.close()


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}.{what}")


def _staged(places: Places) -> Places:
    home = _beside(places.home, "being-restored")
    if places.data.is_relative_to(places.home):
        return Places(home, home / places.data.relative_to(places.home))
    return Places(home, _beside(places.data, "being-restored"))


def _swaps(places: Places) -> list[tuple[Path, Path]]:
    pairs = list(zip(places, _staged(places), strict=True))
    return pairs[:1] if places.data.is_relative_to(places.home) else pairs


def _remove_staged(places: Places) -> None:
    for _live, beside in _swaps(places):
        if beside.exists():
            shutil.rmtree(beside)


def _give_to_owner_of(live: Path, tree: Path) -> None:
    """What root restores belongs to whom it belonged before: hub and broker run as that account."""
    if os.geteuid() != 0:
        return
    owner = live.stat()
    for at, folders, names in os.walk(tree):
        for name in (".", *folders, *names):
            os.chown(os.path.join(at, name), owner.st_uid, owner.st_gid)
