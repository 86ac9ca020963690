"""What a board has and a PC lacks: a number of its own and a clock. MicroPython."""


def unique_id() -> bytes:
    """The number."""
    return b"lab"


class RTC:
    """Midnight."""

    def datetime(self) -> "tuple[int, ...]":
        """Always."""
        return (2026, 1, 1, 3, 0, 0, 0, 0)
