"""What MicroPython's boards have in common: pins for lights and buttons, an epoch of their own, LittleFS.

It decides nothing. Only a board can prove that a light is really lit, that a button is really pressed and that its
flash keeps what was written; everything else here runs in tests with modules that stand for the board's.
"""

import os
import time

from machine import RTC, Pin  # type: ignore[import-not-found]

from stairgate.micro.limits import EARLIEST
from stairgate.micro.platform import Platform
from stairgate.micro.scrub import scrub_littlefs
from stairgate.micro.ticks import Ticks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EPOCH_2000 = 946_684_800
GUESS = ".guess"  # beside the root: there while the board's clock was set to a guess, which it keeps over a soft reset


class BoardPlatform(Platform):
    """signs: sensor → number of the pin of its light. drivers: sensor → what makes its driver.

    gestures: code → numbers of the pins of buttons that are held together (they connect the pin to ground).
    """

    def __init__(
        self,
        maker: bytes,
        signs: "dict[str, int]",
        drivers: "dict[str, Callable[[], object]]",
        gestures: "dict[str, tuple[int, ...]]",
        root: str = "/stairgate",
    ) -> None:
        self.maker = maker
        self.root = root
        self._drivers = drivers
        self._signs = {sensor: Pin(signs[sensor], Pin.OUT, value=0) for sensor in signs}
        numbers = {number for code in gestures for number in gestures[code]}
        self._buttons = {number: Pin(number, Pin.IN, Pin.PULL_UP) for number in numbers}
        self._gestures = gestures
        self._ticks = Ticks()
        self._epoch = EPOCH_2000 if time.gmtime(0)[0] == 2000 else 0
        self._is_guess = self._marks_guess()

    def now(self) -> "int | None":
        utc = int(time.time()) + self._epoch
        return utc if utc >= EARLIEST and not self._is_guess else None

    def _marks_guess(self) -> bool:
        try:
            os.stat(self.root + GUESS)
        except OSError:
            return False
        return True

    def set_now(self, utc: int, is_sure: bool) -> None:
        if not is_sure and not self._is_guess:
            with open(self.root + GUESS, "wb"):
                pass
        year, month, day, hour, minute, second, weekday = time.gmtime(utc - self._epoch)[:7]
        RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
        if is_sure and self._is_guess:
            os.remove(self.root + GUESS)
        self._is_guess = not is_sure

    def ticks(self) -> int:
        return self._ticks.now()

    def indicate(self, sensor: str, on: bool) -> None:
        pin = self._signs[sensor]
        pin.value(1 if on else 0)
        if pin.value() != (1 if on else 0):
            raise OSError("the pin of a light does not follow")

    def driver(self, sensor: str) -> "Callable[[], object]":
        return self._drivers[sensor]

    def gesture(self) -> str:
        """The gesture with the most buttons of those that are held: a small one is part of a large one."""
        held = [code for code in self._gestures if all(not self._buttons[n].value() for n in self._gestures[code])]
        return max(held, key=lambda code: (len(self._gestures[code]), code)) if held else ""

    def scrub(self) -> "Iterator[None]":
        return scrub_littlefs(self.root)
