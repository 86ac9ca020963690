"""HMAC-SHA-256 (RFC 2104) and the comparison that goes with it, because MicroPython has neither.

It decides whether a proof over some bytes was made with a secret, and nothing about whose secret that is.
"""

from hashlib import sha256

BLOCK_BYTES = 64


def keyed_hash(secret: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256 of the message, 32 bytes."""
    if len(secret) > BLOCK_BYTES:
        secret = sha256(secret).digest()
    padded = secret + bytes(BLOCK_BYTES - len(secret))
    inner = sha256(bytes([byte ^ 0x36 for byte in padded]) + message).digest()
    return sha256(bytes([byte ^ 0x5C for byte in padded]) + inner).digest()


def is_same(one: bytes, other: bytes) -> bool:
    """True when both are the same bytes. It always looks at all of them: a guesser learns nothing from the time."""
    if len(one) != len(other):
        return False
    difference = 0
    for position in range(len(one)):
        difference |= one[position] ^ other[position]
    return difference == 0
