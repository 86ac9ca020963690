"""The home's certificate authority: it vouches which key belongs to which agent, hub or broker of one home.

It decides the shape of every certificate (RFC 5280 profile below) and leaves to `home` whom to issue one,
for which addresses and when. A certificate carries its id as CN, because the broker makes that the user
name, and as DNS SAN and URI SAN, because other brokers and services read those; servers also carry every
address clients connect to.

Keys are P-256, which every TLS stack of a router or toy has. There are no name constraints: RFC 5280 makes
them critical, and mbedTLS, which toys use, refuses a certificate with a critical extension that it does not
know. They would bound nothing either: this authority is trusted by the home's own programs, for this one
purpose, and is never installed in a browser.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stairgate.core.fields import is_id
from stairgate.provisioning import private_files

# A router without a battery-backed clock starts from the time of its newest file, and one that keeps local
# time is up to 14 hours off: a day covers both.
BACKDATED = timedelta(days=1)
# Nobody looks at these certificates until they stop working, and then the phone can no longer pause
# anything. So they outlive a device: a stolen key is answered by revoking it, not by waiting. (The 397 days
# of browsers are about public HTTPS.)
LEAF_LIFETIME = timedelta(days=5 * 365)
# Longer than any leaf by far: replacing the authority means visiting every device. Ends before 2050, where
# the encoding of dates changes.
AUTHORITY_LIFETIME = timedelta(days=20 * 365)


class Role(Enum):
    """What a certificate's holder is, as its URI SAN says, and so what it can be used for."""

    AGENT = "agent"
    HUB = "hub"
    BROKER = "broker"

    def usages(self) -> list[x509.ObjectIdentifier]:
        """Extended key usages: an agent cannot pose as a server, the broker cannot log in as a client."""
        client, server = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
        return {Role.AGENT: [client], Role.HUB: [client, server], Role.BROKER: [server]}[self]


def validity(now: float, lifetime: timedelta) -> tuple[datetime, datetime]:
    """First and last moment of a certificate made at `now` (UTC seconds)."""
    moment = datetime.fromtimestamp(int(now), UTC)
    return moment - BACKDATED, moment + lifetime


def new_key() -> ec.EllipticCurvePrivateKey:
    """A new P-256 private key."""
    return ec.generate_private_key(ec.SECP256R1())


def public_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """The key as devices hold it: 65 bytes, uncompressed."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key as PKCS#8 PEM, without a passphrase: programs start without a person. Its file is guarded."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_key(data: bytes) -> ec.EllipticCurvePrivateKey:
    """The P-256 key of a PKCS#8 PEM text. Raises ValueError for any other content."""
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (TypeError, UnsupportedAlgorithm) as error:  # behind a passphrase, or of an unknown curve
        raise ValueError(f"expected a P-256 private key, got: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("expected a P-256 private key, got a key of another kind")
    return key


def read_certificate(data: bytes) -> x509.Certificate:
    """The certificate of a PEM text, for a P-256 key. Raises ValueError for any other content."""
    try:
        certificate = x509.load_pem_x509_certificate(data)
        key = certificate.public_key()
    except (TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise ValueError(f"expected a certificate for a P-256 key, got: {error}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("expected a certificate for a P-256 key, got one for a key of another kind")
    return certificate


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """The certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True)
class Authority:
    """One home's authority: its id, its key and its self-signed certificate."""

    home: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, home: str, valid_from: datetime, valid_until: datetime) -> "Authority":
        """A new authority for the home with this id. Raises ValueError when the id is malformed."""
        _check_identifier("home", home)
        key = new_key()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Stairgate home {home}")])
        certificate = (
            _start(subject, subject, key.public_key(), valid_from, valid_until)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(home, key, certificate)

    @classmethod
    def load(cls, home: str, directory: Path) -> "Authority":
        """The authority that `save` wrote. Raises OSError, and ValueError when key and certificate do not
        match.
        """
        key = read_key(private_files.read(directory / "ca.key"))
        certificate = read_certificate(private_files.read(directory / "ca.crt"))
        if certificate.public_key() != key.public_key():
            raise ValueError(f"{directory}: expected the key of the certificate beside it, got another key")
        return cls(home, key, certificate)

    def save(self, directory: Path) -> None:
        """Write `ca.key` and `ca.crt` as new files into `directory`."""
        private_files.write_new(directory / "ca.key", key_pem(self.key))
        private_files.write_new(directory / "ca.crt", certificate_pem(self.certificate))

    def issue(
        self,
        role: Role,
        identifier: str,
        public_key: ec.EllipticCurvePublicKey,
        valid_from: datetime,
        valid_until: datetime,
        addresses: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> x509.Certificate:
        """Vouch that `public_key` is the key of `identifier`, and a server's at these addresses and DNS
        names.

        The private key is never seen here, so a device can make its own. Raises ValueError for a malformed
        id or address, for a key that is not P-256 and for an end before the start.
        """
        _check_identifier("id", identifier)
        if not isinstance(public_key.curve, ec.SECP256R1):
            raise ValueError(f"expected a P-256 key for {identifier}, got {public_key.curve.name}")
        uri = f"spiffe://{self.home}.stairgate/{role.value}/{identifier}"
        alternatives: list[x509.GeneralName] = [x509.DNSName(identifier), x509.UniformResourceIdentifier(uri)]
        alternatives += [x509.DNSName(name) for name in names]
        alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identifier)])
        return (
            _start(subject, self.certificate.subject, public_key, valid_from, valid_until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(role.usages()), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def _start(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    valid_from: datetime,
    valid_until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_until)
    )


def _key_usage(certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _check_identifier(where: str, identifier: str) -> None:
    if not is_id(identifier):
        raise ValueError(f"{where}: expected [a-z][a-z0-9]{{1,31}}, got {identifier!r}")
