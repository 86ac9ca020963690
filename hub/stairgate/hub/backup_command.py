"""The commands `stairgate backup` and `stairgate restore`, and completing a restore that a page has begun.

They decide what is asked and told on a console. The passphrase comes from the terminal or a file, never from the
command line, which every user of the machine can read.
"""

import argparse
import fcntl
import getpass
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stairgate.hub import limits
from stairgate.hub.backup import Places, finish, make_backup, stage
from stairgate.hub.local_time import local
from stairgate.hub.sealed_file import BackupError, fault_of_passphrase
from stairgate.port.atomic import read_bounded, write_atomic
from stairgate.port.clock import SystemClock
from stairgate.provisioning import broker_control, home

_log = logging.getLogger(__name__)


def complete_restore(places: Places, announce: Callable[[str], None]) -> bool:
    """Swap in what was staged, and write the broker's settings for where the home is now. True when there was one.

    Raises OSError. The data must be closed.
    """
    if not finish(places):
        return False
    try:
        home.render_broker(places.home, SystemClock())
    except (OSError, ValueError) as problem:
        _log.error("the broker's settings could not be written: %s", problem)
    try:
        # What a running broker takes over by this differs with its version: told all the same.
        broker_control.reload(places.home)
    except (OSError, broker_control.BrokerNotReached) as problem:
        _log.info("the broker was not told: %s", problem)
    announce("Restored from the backup. Restart the broker, so that it uses the restored certificates.")
    return True


def backup_main(arguments: Sequence[str]) -> int:
    """`stairgate backup HOME --data DATA --out FILE`: everything of a hub in one encrypted file."""
    parser = argparse.ArgumentParser(prog="stairgate backup", description=backup_main.__doc__)
    parser.add_argument("home", type=Path, metavar="HOME", help="the directory that `stairgate home init` made")
    _add_common(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the new file; must not exist yet")
    options = parser.parse_args(arguments)
    try:
        if options.out.exists():
            raise BackupError(f"{options.out} exists already.")
        if not options.data.is_dir():
            raise BackupError(f"--data: expected the data directory of a hub, got {options.data}.")
        passphrase = _read_passphrase(options.passphrase_file, is_new=True)
        sealed = make_backup(_places(options), passphrase, SystemClock())
        write_atomic(str(options.out), sealed)
    except (BackupError, OSError, ValueError) as problem:
        print(f"stairgate backup: {problem}", file=sys.stderr)
        return 1
    print(f"Wrote {options.out} ({max(1, len(sealed) // 1024)} KB). Without its passphrase nobody can read it, you")
    print("included. Keep it away from this machine.")
    return 0


def restore_main(arguments: Sequence[str]) -> int:
    """`stairgate restore FILE --home HOME --data DATA`: put a backup in the place of a hub that is stopped."""
    parser = argparse.ArgumentParser(prog="stairgate restore", description=restore_main.__doc__)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--home", type=Path, required=True, metavar="HOME", help="where the home shall be")
    _add_common(parser)
    options = parser.parse_args(arguments)
    places = _places(options)
    try:
        sealed = read_bounded(str(options.file), limits.BACKUP_BYTES_MAX)
        passphrase = _read_passphrase(options.passphrase_file, is_new=False)
        with _stopped(places.data):
            restored = stage(places, sealed, passphrase, SystemClock())
            complete_restore(places, print)
    except (BackupError, OSError, ValueError) as problem:
        print(f"stairgate restore: {problem}", file=sys.stderr)
        return 1
    print(f"This is the hub {restored.home} as of {local(restored.made, 'UTC'):%Y-%m-%d %H:%M} UTC. What was here is")
    print("kept as *.before-restore. Everybody has to sign in again.")
    return 0


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DATA", help="the data directory of the hub")
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="its first line is the passphrase (default: ask)"
    )


def _places(options: argparse.Namespace) -> Places:
    return Places(Path(os.path.abspath(options.home)), Path(os.path.abspath(options.data)))


def _read_passphrase(path: Path | None, is_new: bool) -> str:
    if path:
        passphrase = read_bounded(str(path), 4096).decode().partition("\n")[0].rstrip("\r")
        again = passphrase
    else:
        try:
            passphrase = getpass.getpass("Passphrase of the backup: ")
            again = getpass.getpass("The same again: ") if is_new else passphrase
        except EOFError:
            raise BackupError("There is no terminal to ask for the passphrase; use --passphrase-file.") from None
    if is_new and (fault := fault_of_passphrase(passphrase, again)):
        raise BackupError(fault)
    return passphrase


@contextmanager
def _stopped(data: Path) -> Iterator[None]:
    """Hold the data's lock, so that no hub runs on them."""
    if not data.is_dir():
        yield
        return
    lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError("The hub is running on these data. Stop it first.") from None
        yield
    finally:
        os.close(lock)
