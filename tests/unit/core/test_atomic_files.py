"""What the atomic file promises where files have permissions and fsync."""

import os
import stat
from pathlib import Path

import pytest

from stairgate.port.atomic import write_atomic


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_permission_is_set_from_the_first_byte_on(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "policy"
    path.write_bytes(b"old")
    path.chmod(0o666)
    before = os.umask(0)
    try:
        write_atomic(str(path), b"new", mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_bytes() == b"new"


def test_a_temporary_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"untouched")
    (tmp_path / "policy.new").symlink_to(elsewhere)
    write_atomic(str(tmp_path / "policy"), b"new")
    assert elsewhere.read_bytes() == b"untouched"
    assert (tmp_path / "policy").read_bytes() == b"new"


def test_file_then_name_then_directory_reach_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real_sync, real_rename = os.fsync, os.rename

    def sync(descriptor: int) -> None:
        order.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_sync(descriptor)

    def rename(source: str, target: str) -> None:
        order.append("rename")
        real_rename(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "rename", rename)
    write_atomic(str(tmp_path / "policy"), b"new")
    assert order == ["file", "rename", "directory"]


def test_a_disk_that_refuses_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "policy"
    path.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_atomic(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["policy"]


def test_a_name_without_directory_is_in_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_atomic("policy", b"new")
    assert (tmp_path / "policy").read_bytes() == b"new"
