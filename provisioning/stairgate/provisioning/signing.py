"""The key that signs what devices obey: policies and time.

It decides how the key is made and kept; the form of a signed document is `stairgate.core.envelope`'s, the
same code that a device checks it with. Signing the same body again gives another signature and the same
digest (ECDSA with a random nonce, from the library).
"""

from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from stairgate.core import envelope
from stairgate.provisioning import private_files
from stairgate.provisioning.authority import key_pem, new_key, public_point, read_key

_SCALAR_BYTES = 32


class SigningKey:
    """A P-256 key that signs bodies as signed lines (wire.md).

    point: the public key as devices hold it, 65 bytes, uncompressed. key_id: the 16 hex digits that name it.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.point = public_point(key.public_key())
        self.key_id = envelope.key_id(self.point)

    @classmethod
    def create(cls) -> "SigningKey":
        """A new key."""
        return cls(new_key())

    @classmethod
    def from_secret(cls, secret: bytes) -> "SigningKey":
        """The key with this private number (32 bytes). Raises ValueError for a number that is none."""
        return cls(ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1()))

    def secret(self) -> bytes:
        """The private number, 32 bytes: for the recovery kit, and nothing else."""
        return self._key.private_numbers().private_value.to_bytes(_SCALAR_BYTES, "big")

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """The key that `save` wrote. Raises OSError, and ValueError when the file holds no P-256 key."""
        return cls(read_key(private_files.read(path)))

    def save(self, path: Path) -> None:
        """Write the key to `path` for its owner only; replaces what was there, whole or not at all."""
        private_files.replace(path, key_pem(self._key))

    def sign(self, kind: str, body: bytes) -> bytes:
        """The signed document of this kind (`policy`, `time` …): header line and body."""
        digest = envelope.digest_to_sign(kind, body)
        der = self._key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        r, s = utils.decode_dss_signature(der)
        signature = r.to_bytes(_SCALAR_BYTES, "big") + s.to_bytes(_SCALAR_BYTES, "big")
        return envelope.header_line(kind, self.key_id, signature) + body
