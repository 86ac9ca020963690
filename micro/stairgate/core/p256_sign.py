"""Signing with ECDSA on the curve P-256 in pure Python: how a toy says with its own key what it erased.

It decides the signature over a SHA-256 digest and nothing about what is signed. The nonce comes from key and digest
(RFC 6979), because a bad source of randomness on a toy would give the key away. Why here and not in a chip, and what a
clock beside it could learn: docs/adr/0012.
"""

from stairgate.core.keyed_hash import keyed_hash
from stairgate.core.p256 import N, inverse, ladder_steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator  # noqa: F401


def nonces(scalar: int, digest32: bytes) -> "Iterator[int]":
    """The nonces of this key for this digest, in the order in which they are tried (RFC 6979, 3.2)."""
    seed = scalar.to_bytes(32, "big") + (int.from_bytes(digest32, "big") % N).to_bytes(32, "big")
    key, value = bytes(32), b"\x01" * 32
    for mark in (b"\x00", b"\x01"):
        key = keyed_hash(key, value + mark + seed)
        value = keyed_hash(key, value)
    while True:
        value = keyed_hash(key, value)
        nonce = int.from_bytes(value, "big")
        if 0 < nonce < N:
            yield nonce
        key = keyed_hash(key, value + b"\x00")
        value = keyed_hash(key, value)


def sign_steps(scalar: int, digest32: bytes) -> "Generator[None, None, bytes]":
    """r and s, 32 bytes each, big-endian; yields while it works. The same key and digest give the same signature.

    scalar: the private key. Raises ValueError for a number that is none, and for a digest of another length.
    """
    if not 0 < scalar < N or len(digest32) != 32:
        raise ValueError("expected a private key and a digest of 32 bytes")
    for nonce in nonces(scalar, digest32):
        x, _ = yield from ladder_steps(nonce)
        r = x % N
        s = inverse(nonce, N) * (int.from_bytes(digest32, "big") + r * scalar) % N
        if r and s:
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    raise ValueError("unreachable: the nonces do not end")
