"""The agent's own private key, made on the router itself: nobody else ever holds it, and no library is needed for it.

It decides how the number is drawn and how it is written; the curve is `stairgate.core.p256`'s. PKCS#8 (RFC 5958) around
an ECPrivateKey (RFC 5915) of P-256: every byte but number and point is always the same.
"""

import base64
import os
from collections.abc import Callable
from typing import NamedTuple

from stairgate.core.p256 import N, public_point

_SCALAR_BYTES = 32
# PrivateKeyInfo, version 0, id-ecPublicKey on prime256v1; then ECPrivateKey, version 1, with the number …
_BEFORE_SCALAR = bytes.fromhex("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420")
# … and the public key in [1], a BIT STRING without unused bits.
_BEFORE_POINT = bytes.fromhex("a144034200")


class OwnKey(NamedTuple):
    """pem: the private key; point: the public one, 65 bytes."""

    pem: bytes
    point: bytes


def new_key(random: Callable[[int], bytes] = os.urandom) -> OwnKey:
    """A new key. Numbers outside 1 to N - 1 are drawn again, so that all others are equally likely."""
    while True:
        drawn = random(_SCALAR_BYTES)
        scalar = int.from_bytes(drawn, "big")
        if 0 < scalar < N:
            point = public_point(scalar)
            return OwnKey(_pem(_BEFORE_SCALAR + drawn + _BEFORE_POINT + point), point)


def _pem(der: bytes) -> bytes:
    text = base64.b64encode(der)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join([b"-----BEGIN PRIVATE KEY-----", *lines, b"-----END PRIVATE KEY-----", b""])
