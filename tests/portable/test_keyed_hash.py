"""HMAC-SHA-256 against the vectors of RFC 4231, and the comparison of proofs."""

from binascii import hexlify, unhexlify

from stairgate.core.keyed_hash import is_same, keyed_hash

CASES = (
    (
        "RFC 4231 case 1",
        "0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        "RFC 4231 case 2",
        "4a656665",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        "RFC 4231 case 3",
        "aa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        "RFC 4231 case 6: a secret longer than a block",
        "aa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    ("nothing at all", "", b"", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
)


def check(secret: str, message: bytes, expected: str) -> None:
    assert hexlify(keyed_hash(unhexlify(secret), message)).decode() == expected


def test_only_the_same_bytes_are_the_same() -> None:
    proof = bytes(range(32))
    assert is_same(proof, bytes(range(32)))
    assert is_same(b"", b"")
    for position in range(32):
        for bit in range(8):
            other = bytearray(proof)
            other[position] ^= 1 << bit
            assert not is_same(proof, bytes(other))
    assert not is_same(proof, proof[:-1])
    assert not is_same(proof[:-1], proof)
    assert not is_same(proof, b"")
