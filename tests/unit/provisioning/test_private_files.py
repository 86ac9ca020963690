"""Files of a home belong to whom their directory belongs to, whoever runs the command, and are never half written."""

import fcntl
import os
from pathlib import Path

import pytest

from stairgate.provisioning import private_files

OWNER, GROUP = 4242, 4343


def test_what_root_writes_belongs_to_the_owner_of_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or hub and broker, which run as somebody else, could not read it any more."""
    given: list[tuple[str, int, int]] = []
    real = os.stat

    def stat(path: Path) -> os.stat_result:
        found = list(real(path))
        found[4:6] = (OWNER, GROUP) if path == tmp_path else (0, 0)
        return os.stat_result(found)

    def chown(path: Path, owner: int, group: int, follow_symlinks: bool = True) -> None:
        assert not follow_symlinks
        given.append((path.name, owner, group))

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(os, "chown", chown)
    private_files.make_directory(tmp_path / "folder")
    private_files.write_new(tmp_path / "new", b"x")
    private_files.replace(tmp_path / "file", b"x")
    with private_files.locked(tmp_path / "lock"):
        pass
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    private_files.replace(tmp_path / "file", b"x")

    assert given == [(name, OWNER, GROUP) for name in ("folder", "new", "file", "lock")]


def test_a_lock_is_held_until_the_end_and_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with private_files.locked(path):
        descriptor = os.open(path, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


def test_a_lock_is_no_link_to_another_file(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError), private_files.locked(tmp_path / "lock"):
        raise AssertionError("not reached")

    assert not (tmp_path / "elsewhere").exists()
