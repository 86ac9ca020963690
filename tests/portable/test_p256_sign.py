"""Signing: the vectors of RFC 6979 (A.2.5), and a signature that the verifier takes."""

from binascii import hexlify, unhexlify
from hashlib import sha256

from stairgate.core.p256 import N, public_point, verify
from stairgate.core.p256_sign import nonces, sign_steps

TYPE_CHECKING = False

KEY = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
CASES = (
    (
        "sample",
        b"sample",
        "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60",
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ),
    (
        "test",
        b"test",
        "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0",
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
        "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    ),
)


def sign(scalar: int, digest: bytes) -> bytes:
    """The signature, at once."""
    steps = sign_steps(scalar, digest)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return bytes(end.value)


def check(message: bytes, nonce: str, signature: str) -> None:
    """A vector: the nonce, the signature, and that it verifies."""
    digest = sha256(message).digest()
    assert next(nonces(KEY, digest)) == int(nonce, 16)
    made = sign(KEY, digest)
    assert str(hexlify(made), "ascii") == signature
    assert verify(public_point(KEY), unhexlify(signature), digest)
    assert not verify(public_point(KEY), made, sha256(message + b".").digest())


def test_it_yields_often() -> None:
    assert sum([1 for _ in sign_steps(KEY, sha256(b"x").digest())]) >= 64


def test_what_is_no_key_and_no_digest() -> None:
    for scalar, digest in ((0, bytes(32)), (N, bytes(32)), (1, bytes(31))):
        try:
            sign(scalar, digest)
        except ValueError:
            pass
        else:
            raise AssertionError("it signed")
