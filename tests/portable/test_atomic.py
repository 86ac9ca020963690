"""Files that are old or new, whenever the power goes, and reads that have a bound."""

import os
from binascii import hexlify

from stairgate.port.atomic import read_bounded, write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def in_new_directory(act: "Callable[[str], None]") -> None:
    """Calls `act` with a new directory, and removes what is in it afterwards."""
    directory = "/tmp/stairgate-portable-" + str(hexlify(os.urandom(8)), "ascii")
    os.mkdir(directory)
    try:
        act(directory)
    finally:
        for name in os.listdir(directory):
            os.remove(directory + "/" + name)
        os.rmdir(directory)


def test_written_is_read() -> None:
    def act(directory: str) -> None:
        path = directory + "/policy"
        write_atomic(path, b"old")
        assert read_bounded(path, 3) == b"old"
        write_atomic(path, b"newer")
        assert read_bounded(path, 5) == b"newer"
        assert os.listdir(directory) == ["policy"]

    in_new_directory(act)


def test_a_leftover_of_a_power_cut_is_overwritten() -> None:
    def act(directory: str) -> None:
        path = directory + "/policy"
        with open(path + ".new", "wb") as file:
            file.write(b"half writ")
        write_atomic(path, b"new")
        assert read_bounded(path, 3) == b"new"
        assert os.listdir(directory) == ["policy"]

    in_new_directory(act)


def test_a_failed_write_leaves_the_old_file() -> None:
    def act(directory: str) -> None:
        path = directory + "/policy"
        write_atomic(path, b"old")
        try:
            write_atomic(directory + "/missing/policy", b"new")
        except OSError:
            pass
        else:
            raise AssertionError("it was written into a directory that does not exist")
        assert read_bounded(path, 3) == b"old"

    in_new_directory(act)


def test_a_file_larger_than_its_bound_is_not_read() -> None:
    def act(directory: str) -> None:
        path = directory + "/policy"
        write_atomic(path, b"four")
        try:
            read_bounded(path, 3)
        except ValueError as error:
            assert "3" in str(error)
        else:
            raise AssertionError("it was read")

    in_new_directory(act)


def test_a_missing_file_is_an_os_error() -> None:
    def act(directory: str) -> None:
        try:
            read_bounded(directory + "/policy", 3)
        except OSError:
            return
        raise AssertionError("a missing file was read")

    in_new_directory(act)
