"""What a board has and a PC lacks: a Wi-Fi that is always there. MicroPython."""

STA_IF = 0


class WLAN:
    """Connected."""

    def __init__(self, interface: int) -> None:
        pass

    def active(self, on: bool = True) -> bool:
        """On."""
        return True

    def connect(self, *credentials: object) -> None:
        """Done."""

    def disconnect(self) -> None:
        """It is there all the same."""

    def isconnected(self) -> bool:
        """Yes."""
        return True
