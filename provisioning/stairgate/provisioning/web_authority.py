"""The authority that browsers of the family trust, and the certificate of the hub's pages that it vouches for.

It decides what a phone takes upon itself by trusting it: nothing but this hub's names and addresses in private
networks, so that a stolen key cannot speak for any site of the internet. It is not the home's authority
(`authority`), which programs trust. When to renew is decided here, when to look by the caller.

Critical name constraints (RFC 5280, 4.2.1.10) permit the hub's DNS names and the private networks as a whole, not
the hub's addresses of today: an address changes with a new router or lease, and each change would then ask every
phone to trust a new authority, which is what parents should not get used to. The price is that a stolen key could
speak for other devices of a private network; they are at home or behind it. A name of one label is left out: as a
constraint, `dev` would permit a whole top-level domain.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stairgate.provisioning import private_files
from stairgate.provisioning.authority import BACKDATED, certificate_pem, key_pem, new_key, read_certificate, read_key
from stairgate.provisioning.endpoints import find_endpoint_faults
from stairgate.provisioning.request_checks import EARLIEST_CLOCK

#: RFC 1918, RFC 4193 and loopback, which never leaves its machine. Public addresses are not vouched for.
PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128")
#: Always permitted, so that no name at all never means every name; RFC 8375 keeps it for homes.
OWN_NAME = "stairgate.home.arpa"
#: With the day before it 397, the most that Apple and Chrome accept of a public site.
LEAF_LIFETIME = timedelta(days=396)
RENEW_BEFORE = timedelta(days=30)
# Longer than a hub lives: with it, what every phone trusts would end.
AUTHORITY_LIFETIME = timedelta(days=10 * 365)
HOSTS_MAX = 32
_SERVER_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


@dataclass(frozen=True)
class Leaf:
    """The certificate that the pages use now. file: PEM, key and certificate. hosts: what it vouches for."""

    file: Path
    hosts: tuple[str, ...]
    not_before: datetime
    not_after: datetime


class WebAuthority:
    """The web authority in one directory: `ca.key`, `ca.crt`, `server.pem`, all mode 0600."""

    def __init__(self, directory: Path) -> None:
        """Read it. Raises OSError, and ValueError when key and certificate do not match."""
        self._directory = directory
        self._key = read_key(private_files.read(directory / "ca.key"))
        self.certificate = read_certificate(private_files.read(directory / "ca.crt"))
        if self.certificate.public_key() != self._key.public_key():
            raise ValueError(f"{directory}: expected the key of the certificate beside it, got another key")
        try:
            permitted = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
            raise ValueError(f"{directory}: expected a certificate with its bounds, got: {error}") from None
        self.names = tuple(tree.value for tree in permitted.permitted_subtrees or () if isinstance(tree, x509.DNSName))

    @classmethod
    def open(cls, directory: Path, home: str, names: Iterable[str], now: float) -> "WebAuthority":
        """The authority in `directory`; where there is none, one is made, whole or not at all.

        An ended one is not replaced: a clock that ran ahead would take away what every phone trusts. names: the
        hub's DNS names; what is no such name is left out. now: UTC seconds. Raises OSError, ValueError.
        """
        if directory.is_dir():
            return cls(directory)
        if now < EARLIEST_CLOCK:
            raise ValueError(f"clock: expected a time after 2025 began ({EARLIEST_CLOCK}), got {int(now)}")
        building = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
        try:
            _write_new(building, home, names, now)
            # The kernel refuses this when something came to be there in the meantime.
            os.rename(building, directory)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
        private_files.sync_directory(directory.parent)
        return cls(directory)

    @property
    def der(self) -> bytes:
        """The certificate as phones take it."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as 16 groups of four digits for people to compare."""
        return grouped(hashlib.sha256(self.der).hexdigest())

    def vouched(self, hosts: Iterable[str]) -> tuple[str, ...]:
        """Those of the hosts that it may speak for, each once, in their usual spelling and in the given order."""
        found = [plain for host in hosts if (plain := self._permitted(host))]
        return tuple(dict.fromkeys(found))[:HOSTS_MAX]

    def leaf(self, hosts: Iterable[str], now: float) -> tuple[Leaf, bool]:
        """The certificate for these hosts at `now`, and whether it was made anew.

        It is when there is none, it is damaged, it ends within 30 days or has not begun, or a host is missing in it;
        a host that is gone for a while changes nothing. Raises OSError, and ValueError when no host is permitted.
        """
        moment = datetime.fromtimestamp(now, UTC)
        wanted = self.vouched(hosts)
        held = self._held()
        if held and set(wanted) <= set(held.hosts) and held.not_before <= moment < held.not_after - RENEW_BEFORE:
            return held, False
        if not wanted:
            raise ValueError("hosts: expected an address in a private network or a name of the hub, got neither")
        key = new_key()
        certificate = self._issue(key.public_key(), wanted, moment)
        # One file: a reader never gets the key of one certificate with another.
        private_files.replace(self._file, key_pem(key) + certificate_pem(certificate))
        return _leaf(self._file, certificate), True

    @property
    def _file(self) -> Path:
        return self._directory / "server.pem"

    def _held(self) -> Leaf | None:
        try:
            data = private_files.read(self._file)
            certificate = x509.load_pem_x509_certificate(data)
            certificate.verify_directly_issued_by(self.certificate)
            is_whole = certificate.public_key() == read_key(data).public_key()
            return _leaf(self._file, certificate) if is_whole else None
        except Exception:  # whatever a damaged file makes of its parser: it is made anew
            return None

    def _permitted(self, host: str) -> str:
        try:
            address = ip_address(host)
        except ValueError:
            name = host.lower().rstrip(".")
            is_ours = any(name == own or name.endswith(f".{own}") for own in self.names)
            return name if is_ours and not find_endpoint_faults((), (name,), 1) else ""
        return str(address) if any(address in ip_network(network) for network in PRIVATE_NETWORKS) else ""

    def _issue(self, key: ec.EllipticCurvePublicKey, hosts: Sequence[str], moment: datetime) -> x509.Certificate:
        alternatives = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        return (
            _start(x509.Name([]), self.certificate.subject, key, moment, LEAF_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(_SERVER_ONLY, critical=False)
            # Critical where the subject is empty (RFC 5280, 4.2.1.6): an address does not belong into a CN.
            .add_extension(alternatives, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _leaf(file: Path, certificate: x509.Certificate) -> Leaf:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    return Leaf(file, tuple(hosts), _utc(certificate, "not_valid_before"), _utc(certificate, "not_valid_after"))


def _utc(certificate: x509.Certificate, name: str) -> datetime:
    # Renamed by cryptography 42; OpenWrt 24.10 has 41.
    moment: datetime | None = getattr(certificate, f"{name}_utc", None)
    return moment or getattr(certificate, name).replace(tzinfo=UTC)


def grouped(digits: str) -> str:
    """`A1B2 C3D4 …` of hexadecimal digits."""
    return " ".join(digits[at : at + 4].upper() for at in range(0, len(digits), 4))


def _write_new(directory: Path, home: str, names: Iterable[str], now: float) -> None:
    key = new_key()
    own = [name.lower().rstrip(".") for name in names]
    permitted = [OWN_NAME, *(name for name in own if "." in name and not find_endpoint_faults((), (name,), 1))]
    trees: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys(permitted[:HOSTS_MAX])]
    trees += [x509.IPAddress(ip_network(network)) for network in PRIVATE_NETWORKS]
    # What a phone lists it under.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Stairgate hub of home {home}")])
    certificate = (
        _start(subject, subject, key.public_key(), datetime.fromtimestamp(now, UTC), AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(trees, None), critical=True)
        .add_extension(_SERVER_ONLY, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private_files.write_new(directory / "ca.key", key_pem(key))
    private_files.write_new(directory / "ca.crt", certificate_pem(certificate))
    private_files.sync_directory(directory)


def _start(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, moment: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - BACKDATED)
        .not_valid_after(moment + lifetime)
    )


def _key_usage(signs_certificates: bool) -> x509.KeyUsage:
    nothing_else = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        **dict.fromkeys((*nothing_else, "encipher_only", "decipher_only"), False),
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
