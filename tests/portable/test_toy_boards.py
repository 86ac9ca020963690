"""The boards: pins, key and clock of ESP32 and RP2, with modules that stand for MicroPython's own."""

import os
import sys
import time

from tests.portable import toy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from stairgate.micro.platform_board import BoardPlatform
    from stairgate.micro.platform_fake import FakePlatform

EYE, PAW, NOSE = 4, 12, 13
GESTURES = {"paw": (PAW,), "paw_and_nose": (PAW, NOSE)}


class Pin:
    """A pin; `levels`: what is on each. A pin in `stuck` follows nobody."""

    OUT, IN, PULL_UP = 1, 2, 3
    levels: "dict[int, int]" = {}
    stuck: "list[int]" = []

    def __init__(self, number: int, mode: int, pull: int = 0, value: int = 1) -> None:
        self._number = number
        Pin.levels[number] = value

    def value(self, level: "int | None" = None) -> "int | None":
        """Set or read."""
        if level is None:
            return Pin.levels[self._number]
        if self._number not in Pin.stuck:
            Pin.levels[self._number] = level
        return None


class NVS:
    """Non-volatile storage: set is in memory until commit."""

    kept: "dict[str, bytes]" = {}

    def __init__(self, space: str) -> None:
        self._now = dict(NVS.kept)

    def get_blob(self, name: str, buffer: bytearray) -> int:
        """Raises OSError where there is none."""
        if name not in NVS.kept:
            raise OSError(-4354)
        buffer[:] = NVS.kept[name]
        return len(NVS.kept[name])

    def set_blob(self, name: str, value: bytes) -> None:
        """To be committed."""
        self._now[name] = bytes(value)

    def erase_key(self, name: str) -> None:
        """To be committed."""
        del self._now[name]

    def commit(self) -> None:
        """Now it is there."""
        NVS.kept.clear()
        NVS.kept.update(self._now)


class Partitions:
    """`esp32.Partition`."""

    TYPE_DATA = 1
    found: "list[object]" = []

    @staticmethod
    def find(kind: int, label: str) -> "list[object]":
        """The partitions of that name."""
        return Partitions.found if label == "stairgate" else []


class Vfs:
    """`vfs`: the first mount fails where nothing was made yet."""

    made: "list[object]" = []
    mounted: "list[str]" = []

    class VfsLfs2:
        """A LittleFS."""

        def __init__(self, chip: object) -> None:
            if chip not in Vfs.made:
                raise OSError(19)

        @staticmethod
        def mkfs(chip: object) -> None:
            """Now there is one."""
            Vfs.made.append(chip)

    @staticmethod
    def mount(system: object, path: str) -> None:
        """Mount."""
        Vfs.mounted.append(path)


class RTC:
    """The clock. `told`: what it was set to."""

    told: "list[tuple[int, ...]]" = []

    def datetime(self, moment: "tuple[int, ...]") -> None:
        """Set it."""
        RTC.told.append(moment)


class Machine:
    """`machine`."""

    Pin = Pin
    RTC = RTC


class Esp32:
    """`esp32`."""

    NVS = NVS
    Partition = Partitions


MODULES = {"machine": Machine, "esp32": Esp32, "vfs": Vfs}
OURS = ("platform_board", "platform_esp32", "platform_rp2")


def loaded(name: str) -> "ModuleType":
    """One of our modules, with the board's beside it; forgotten afterwards."""
    before = {known: sys.modules.get(known) for known in MODULES}
    sys.modules.update(MODULES)  # type: ignore[arg-type]
    try:
        __import__("stairgate.micro." + name)
        return sys.modules["stairgate.micro." + name]
    finally:
        for ours in OURS:
            sys.modules.pop("stairgate.micro." + ours, None)
        for known in MODULES:
            module = before[known]
            if module is None:
                del sys.modules[known]
            else:
                sys.modules[known] = module


def esp32(root: str) -> "BoardPlatform":
    """An ESP32 with an eye, a paw and a nose."""
    return loaded("platform_esp32").Esp32Platform(b"maker", {"eye": EYE}, {"eye": object}, GESTURES, root)  # type: ignore[no-any-return]


def rp2(root: str) -> "BoardPlatform":
    """An RP2 with the same."""
    return loaded("platform_rp2").Rp2Platform(b"maker", {"eye": EYE}, {"eye": object}, GESTURES, root)  # type: ignore[no-any-return]


CASES = (("esp32", esp32), ("rp2", rp2))


def check(make: "Callable[[str], BoardPlatform]") -> None:
    """What both boards do."""

    def act(board: "FakePlatform") -> None:
        NVS.kept.clear()
        one = make(board.root)
        assert (one.root, one.maker) == (board.root, b"maker")
        assert Pin.levels == {EYE: 0, PAW: 1, NOSE: 1}
        one.indicate("eye", True)
        assert Pin.levels[EYE] == 1
        one.indicate("eye", False)
        assert Pin.levels[EYE] == 0
        Pin.stuck.append(EYE)
        try:
            one.indicate("eye", True)
        except OSError:
            pass
        else:
            raise AssertionError("the light did not follow, and nobody said so")
        finally:
            Pin.stuck.clear()
        assert one.gesture() == ""
        Pin.levels[PAW] = 0
        assert one.gesture() == "paw"
        Pin.levels[NOSE] = 0
        assert one.gesture() == "paw_and_nose"
        assert one.driver("eye") is object
        assert one.secret() is None
        one.keep_secret(b"k" * 32)
        assert make(board.root).secret() == b"k" * 32
        one.keep_secret(None)
        one.keep_secret(None)
        assert make(board.root).secret() is None
        first = one.ticks()
        assert first >= 0 and one.ticks() >= first
        assert len(one.random(16)) == 16

    toy.in_home(act)


def test_an_epoch_of_the_year_2000_and_a_clock_that_was_never_set() -> None:
    def act(board: "FakePlatform") -> None:
        one = rp2(board.root)
        now = one.now()
        assert now is not None and abs(now - int(time.time()) - one._epoch) < 5
        one._epoch = -int(time.time())
        assert one.now() is None

    toy.in_home(act)


def test_a_guess_at_the_time_is_not_given_out_as_the_time() -> None:
    def act(board: "FakePlatform") -> None:
        for make in (esp32, rp2):
            RTC.told.clear()
            one = make(board.root)
            assert one.now() is not None
            one.set_now(toy.NOON, False)
            # A Friday in March; after a soft reset the board's clock still says so, and nobody believes it.
            assert RTC.told == [(2026, 3, 27, 4, 11, 0, 0, 0)]
            assert one.now() is None and make(board.root).now() is None
            one.set_now(toy.NOON, True)
            assert one.now() is not None and make(board.root).now() is not None
            one.set_now(toy.NOON, True)
            assert len(RTC.told) == 3

    toy.in_home(act)


def test_the_sticker_s_secret_is_what_the_factory_wrote() -> None:
    def act(board: "FakePlatform") -> None:
        NVS.kept.clear()
        assert esp32(board.root).label_secret() is None and rp2(board.root).label_secret() is None
        NVS.kept["label"] = b"s" * 16
        with open(board.root + ".label", "wb") as file:
            file.write(b"s" * 16)
        for one in (esp32(board.root), rp2(board.root)):
            assert one.label_secret() == b"s" * 16
            one.keep_secret(b"k" * 32)
            one.keep_secret(None)
            assert one.label_secret() == b"s" * 16
        os.remove(board.root + ".label")
        NVS.kept.clear()

    toy.in_home(act)


def test_a_partition_is_made_once_and_mounted() -> None:
    module = loaded("platform_esp32")
    chip = object()
    Partitions.found[:] = [chip]
    for _ in range(2):
        module.mount_partition("stairgate", "/stairgate")
    assert (Vfs.made, Vfs.mounted) == ([chip], ["/stairgate", "/stairgate"])
    try:
        module.mount_partition("elsewhere", "/stairgate")
    except OSError as error:
        assert "elsewhere" in str(error)
    else:
        raise AssertionError("it was mounted")


def test_a_scrub_begins_by_filling_the_folder() -> None:
    def act(board: "FakePlatform") -> None:
        one = rp2(board.root)
        steps: "Iterator[None]" = one.scrub()
        next(steps)
        assert "fill" in os.listdir(board.root)

    toy.in_home(act)
