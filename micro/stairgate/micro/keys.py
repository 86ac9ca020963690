"""The toy's own key: made once, kept where the board keeps secrets, used to sign receipts and to be recognised.

It decides when a key is made. The numbers are `core.p256`'s, the place is the platform's; a new owner gets a new key.
"""

from stairgate.core import envelope
from stairgate.core.p256 import N, public_point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from stairgate.micro.platform import Platform
    from stairgate.micro.storage import Storage

POINT = "point"  # the public point, so that it is not computed at each start


class DeviceKey:
    """The key pair of this toy. It is made when it is first asked for, which takes a second or two on a board."""

    def __init__(self, platform: "Platform", storage: "Storage") -> None:
        self._platform = platform
        self._storage = storage

    def scalar(self) -> int:
        """The private number, made now if there is none."""
        number = int.from_bytes(self._platform.secret() or b"", "big")
        while not 0 < number < N:
            secret = self._platform.random(32)
            number = int.from_bytes(secret, "big")
            if 0 < number < N:
                self._storage.remove(POINT)
                self._platform.keep_secret(secret)
        return number

    def point(self) -> bytes:
        """The public point, 65 bytes."""
        number = self.scalar()
        held = self._storage.read(POINT, 65)
        if held is None or len(held) != 65:
            held = public_point(number)
            self._storage.write(POINT, held)
        return held

    def signed_steps(self, kind: str, body: bytes) -> "Generator[None, None, bytes]":
        """The document of this kind, signed; yields while it works."""
        from stairgate.core.p256_sign import sign_steps  # loaded when the first receipt is made

        signature = yield from sign_steps(self.scalar(), envelope.digest_to_sign(kind, body))
        return envelope.header_line(kind, envelope.key_id(self.point()), signature) + body

    def replace(self, number: int, point: bytes) -> None:
        """Another key, which a pairing has made, instead of the one before. Raises OSError."""
        self._storage.remove(POINT)
        self._platform.keep_secret(number.to_bytes(32, "big"))
        self._storage.write(POINT, point)

    def forget(self) -> None:
        """Nobody is this toy any more: the next use makes another key."""
        self._platform.keep_secret(None)
        self._storage.remove(POINT)
