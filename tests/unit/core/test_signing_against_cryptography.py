"""What a toy signs in pure code, the library `cryptography` takes; what it did not sign, neither takes."""

from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from stairgate.core.p256 import N, public_point, verify
from stairgate.core.p256_sign import sign_steps
from stairgate.micro.agent import finish


@settings(max_examples=20, deadline=None)
@given(st.integers(1, N - 1), st.binary(max_size=64))
def test_the_library_takes_it(scalar: int, message: bytes) -> None:
    digest = sha256(message).digest()
    made = finish(sign_steps(scalar, digest))
    key = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
    der = utils.encode_dss_signature(int.from_bytes(made[:32], "big"), int.from_bytes(made[32:], "big"))
    key.verify(der, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    assert verify(public_point(scalar), made, digest)
    with pytest.raises(InvalidSignature):
        key.verify(der, sha256(message + b".").digest(), ec.ECDSA(utils.Prehashed(hashes.SHA256())))
