"""Files that are old or new after a power cut, never half written, and reads that have a bound.

It decides nothing about contents. One writer for each path: the temporary file stands beside it as
`<path>.new`.
"""

import os


def _create(path: str, mode: int) -> "int | None":
    """A descriptor of a new file with these permissions, or None where the interpreter has no such thing."""
    if not hasattr(os, "open"):
        return None
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)


def _sync_directory(path: str) -> None:
    if not hasattr(os, "open"):
        return
    directory = path.rpartition("/")[0] or ("/" if path.startswith("/") else ".")
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: str) -> None:
    try:  # noqa: SIM105 — MicroPython has no contextlib
        os.remove(path)
    except OSError:
        pass


def write_atomic(path: str, data: bytes, mode: int = 0o600) -> None:
    """Replace the file's content: on the disk when this returns, and a reader sees the old or the new.

    `mode` is the permission of the new file, where files have any. Raises OSError; before the
    rename the old file is untouched and nothing else is left behind.
    """
    temporary = path + ".new"
    _remove(temporary)
    try:
        descriptor = _create(temporary, mode)
        with open(temporary if descriptor is None else descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if hasattr(os, "fsync"):
                os.fsync(file.fileno())
        os.rename(temporary, path)
    except OSError:
        _remove(temporary)
        raise
    _sync_directory(path)


def read_bounded(path: str, cap: int) -> bytes:
    """The file's bytes. Raises ValueError when there are more than `cap`, OSError when it cannot be read."""
    with open(path, "rb") as file:
        data = file.read(cap + 1)
    if len(data) > cap:
        raise ValueError(f"{path}: expected at most {cap} bytes, got more")
    return data
