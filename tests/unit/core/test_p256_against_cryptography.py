"""Our verification against that of `cryptography`: both must say the same about everything."""

import random
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from stairgate.core.p256 import HALF, N, P, inverse, verify

Case = tuple[bytes, bytes, bytes]
ECDSA = ec.ECDSA(Prehashed(SHA256()))
MUTATIONS = 1200


def theirs(point: bytes, signature: bytes, digest: bytes) -> bool:
    """The answer of `cryptography` for our encodings; only uncompressed points, r and s of 32 bytes each."""
    if len(point) != 65 or point[0] != 4 or len(signature) != 64 or len(digest) != 32:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key.verify(encode_dss_signature(r, s), digest, ECDSA)
    except (InvalidSignature, ValueError):
        return False
    return True


def signed(source: random.Random) -> Case:
    """A valid signature of a random key over a random digest."""
    key = ec.derive_private_key(source.randrange(1, N), ec.SECP256R1())
    digest = source.randbytes(32)
    r, s = decode_dss_signature(key.sign(digest, ECDSA))
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return point, r.to_bytes(32, "big") + s.to_bytes(32, "big"), digest


def flip_a_bit(data: bytes, source: random.Random) -> bytes:
    position = source.randrange(len(data) * 8)
    changed = bytearray(data)
    changed[position // 8] ^= 1 << position % 8
    return bytes(changed)


def replace_a_byte(data: bytes, source: random.Random) -> bytes:
    position = source.randrange(len(data))
    return data[:position] + source.randbytes(1) + data[position + 1 :]


def cut_or_lengthen(data: bytes, source: random.Random) -> bytes:
    return data[:-1] if source.random() < 0.5 else data + source.randbytes(1)


def swap_halves(data: bytes, source: random.Random) -> bytes:
    half = len(data) // 2
    return data[: len(data) % 2] + data[-half:] + data[len(data) % 2 : -half]


def change_a_number(data: bytes, source: random.Random) -> bytes:
    """Add, subtract or negate modulo n or p, or put a number there that arithmetic likes to get wrong."""
    start = source.choice([len(data) - 32, max(0, len(data) - 64)])
    number = int.from_bytes(data[start : start + 32], "big")
    number = source.choice(
        [number + N, number + P, N - number, P - number, number + 1, number - 1, 0, 1, N, P, N - 1, P - 1, N + 1]
    )
    return data[:start] + (number % 2**256).to_bytes(32, "big") + data[start + 32 :]


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip_a_bit,
    replace_a_byte,
    cut_or_lengthen,
    swap_halves,
    change_a_number,
)


@pytest.mark.parametrize("seed", range(100))
def test_a_valid_signature_is_valid_for_both(seed: int) -> None:
    case = signed(random.Random(seed))
    assert theirs(*case)
    assert verify(*case)


def test_both_agree_on_each_mutation() -> None:
    source = random.Random(256)
    valid = 0
    for _ in range(MUTATIONS // 10):
        original = signed(source)
        for _ in range(10):
            parts = list(original)
            for _ in range(source.choice([1, 1, 1, 2])):
                index = source.randrange(3)
                if len(parts[index]) > 1:
                    parts[index] = source.choice(CHANGES)(parts[index], source)
            ours = verify(parts[0], parts[1], parts[2])
            assert ours == theirs(parts[0], parts[1], parts[2]), [part.hex() for part in parts]
            valid += ours
    # n - s verifies as well as s, and some bytes are replaced by themselves: not every mutation is invalid.
    assert 0 < valid < MUTATIONS // 4


@pytest.mark.parametrize("multiple", [1, 2, 3, 4, 5, 8, N - 1, N - 2, N - 3, (N + 1) // 2])
@pytest.mark.parametrize("digest_number", [0, 1, 2, N - 1, N, N + 1, 2**256 - 1])
def test_keys_near_the_base_point(multiple: int, digest_number: int) -> None:
    # Here the additions meet equal and opposite points and infinity.
    key = ec.derive_private_key(multiple, ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    digest = digest_number.to_bytes(32, "big")
    r, s = decode_dss_signature(key.sign(digest, ECDSA))
    for first, second in ((r, s), (r, N - s), (s, r), (r, r), (1, 1), (1, N - 1), (r, 1)):
        signature = first.to_bytes(32, "big") + second.to_bytes(32, "big")
        assert verify(point, signature, digest) == theirs(point, signature, digest)


@pytest.mark.parametrize("odd", range(1, 17))
@pytest.mark.parametrize("shift", [0, HALF - 1, HALF])
@pytest.mark.parametrize("sign", [1, -1])
def test_keys_among_the_kept_multiples(odd: int, shift: int, sign: int) -> None:
    # Q = ±k 2^shift G, the points added to the running sum, with scalars that make it meet them.
    secret = sign * (odd << shift) % N
    public = ec.derive_private_key(secret, ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    infinities = 0
    for u2 in (1, 3, 15, 1 << HALF, N - 1):
        for u1 in (secret * u2 % N, -secret * u2 % N, odd, N - odd, odd << HALF):
            total = (u1 + u2 * secret) % N
            infinities += total == 0
            r = ec.derive_private_key(total or 1, ec.SECP256R1()).public_key().public_numbers().x % N
            s = r * inverse(u2, N) % N
            digest = (u1 * s % N).to_bytes(32, "big")
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
            assert verify(point, signature, digest) is (total != 0)
            assert theirs(point, signature, digest) is (total != 0)
    assert infinities >= 5


@pytest.mark.parametrize("doublings", [*range(1, 40, 3), *range(126, 133), 200, 254])
def test_sums_that_meet_themselves(doublings: int) -> None:
    # Q = 2^k G with u1 = 2^k, u2 = 1: the running sum is exactly Q when Q is added; and infinity for Q = -2^k G.
    for sign in (1, -1):
        secret = sign * 2**doublings % N
        point_of = ec.derive_private_key(2 ** (doublings + 1) % N, ec.SECP256R1()).public_key().public_numbers()
        r = point_of.x % N
        digest = (2**doublings * r % N).to_bytes(32, "big")
        key = ec.derive_private_key(secret, ec.SECP256R1()).public_key()
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        signature = r.to_bytes(32, "big") * 2
        assert verify(point, signature, digest) is (sign == 1)
        assert theirs(point, signature, digest) is (sign == 1)
