"""The certificates' shape, and what it means to the TLS library: who can pose as whom."""

import shutil
import ssl
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stairgate.provisioning import private_files
from stairgate.provisioning.authority import (
    AUTHORITY_LIFETIME,
    BACKDATED,
    LEAF_LIFETIME,
    Authority,
    Role,
    certificate_pem,
    key_pem,
    new_key,
    validity,
)

HOME = "hhome2345"
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
DAY = timedelta(days=1)


@pytest.fixture
def authority() -> Authority:
    """An authority that is valid while the test runs."""
    now = datetime.now(UTC)
    return Authority.create(HOME, now - DAY, now + DAY)


def issue(
    authority: Authority, role: Role, addresses: Sequence[str] = (), names: Sequence[str] = ()
) -> x509.Certificate:
    """A certificate for the id `xleaf`, valid while the test runs."""
    now = datetime.now(UTC)
    return authority.issue(role, "xleaf", new_key().public_key(), now - DAY, now + DAY, addresses, names)


@pytest.mark.parametrize(
    ("role", "usages"), [(Role.AGENT, [CLIENT]), (Role.HUB, [CLIENT, SERVER]), (Role.BROKER, [SERVER])]
)
def test_a_leaf_says_who_it_is_and_what_it_may_be_used_for(
    authority: Authority, role: Role, usages: list[x509.ObjectIdentifier]
) -> None:
    certificate = issue(authority, role, ["192.168.77.2", "2001:db8::2"], ["hub.lan"])

    common_names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [name.value for name in common_names] == ["xleaf"]
    extensions = certificate.extensions
    alternatives = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["xleaf", "hub.lan"]
    assert [str(each) for each in alternatives.get_values_for_type(x509.IPAddress)] == ["192.168.77.2", "2001:db8::2"]
    assert alternatives.get_values_for_type(x509.UniformResourceIdentifier) == [
        f"spiffe://{HOME}.stairgate/{role.value}/xleaf"
    ]
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == usages
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca
    assert key_usages(certificate) == {"digital_signature"}


def test_the_authority_can_only_vouch_for_leaves(authority: Authority) -> None:
    constraints = authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)

    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    assert key_usages(authority.certificate) == {"key_cert_sign", "crl_sign"}


def key_usages(certificate: x509.Certificate) -> set[str]:
    """The names of the key usages that a certificate has; the extension must be critical."""
    extension = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert extension.critical
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
    names += ["key_agreement", "key_cert_sign", "crl_sign"]
    return {name for name in names if getattr(extension.value, name)}


def test_keys_are_p256_and_serial_numbers_random(authority: Authority) -> None:
    leaves = [issue(authority, Role.AGENT) for _ in range(20)]

    for certificate in (*leaves, authority.certificate):
        key = certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)
    serials = {certificate.serial_number for certificate in leaves}
    assert len(serials) == 20
    # 160 bits, of which a random one begins with 96 zero bits once in 2^96.
    assert all(serial.bit_length() > 64 for serial in serials)


def test_validity_begins_a_day_early_and_an_authority_outlasts_its_leaves() -> None:
    start, end = validity(1_767_225_600.9, LEAF_LIFETIME)

    assert start == datetime(2026, 1, 1, tzinfo=UTC) - BACKDATED
    assert end == datetime(2026, 1, 1, tzinfo=UTC) + LEAF_LIFETIME
    assert AUTHORITY_LIFETIME > 2 * LEAF_LIFETIME


def test_an_authority_is_loaded_as_it_was_saved(authority: Authority, tmp_path: Path) -> None:
    authority.save(tmp_path)

    loaded = Authority.load(HOME, tmp_path)

    assert loaded.certificate == authority.certificate
    assert key_pem(loaded.key) == key_pem(authority.key)


def test_a_key_beside_a_foreign_certificate_is_refused(authority: Authority, tmp_path: Path) -> None:
    authority.save(tmp_path)
    private_files.replace(tmp_path / "ca.key", key_pem(new_key()))

    with pytest.raises(ValueError, match="expected the key of the certificate beside it"):
        Authority.load(HOME, tmp_path)


@pytest.mark.parametrize("identifier", ["", "a", "A2", "a.b", "a/b", "+", "#", "a b", "2a", "a" * 33])
def test_an_id_that_could_mean_another_topic_gets_no_certificate(authority: Authority, identifier: str) -> None:
    now = datetime.now(UTC)

    with pytest.raises(ValueError, match="expected"):
        authority.issue(Role.AGENT, identifier, new_key().public_key(), now, now + DAY)
    with pytest.raises(ValueError, match="expected"):
        Authority.create(identifier, now, now + DAY)


def test_a_key_of_another_curve_gets_no_certificate(authority: Authority) -> None:
    now = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP384R1()).public_key()

    with pytest.raises(ValueError, match="expected a P-256 key"):
        authority.issue(Role.AGENT, "xleaf", key, now, now + DAY)


def handshake(directory: Path, authority: Authority, server: Role, client: Role) -> None:
    """A whole TLS handshake in memory by address, both ends verifying strictly. Raises ssl.SSLError."""
    now = datetime.now(UTC)
    contexts = []
    for end, role in ((ssl.Purpose.CLIENT_AUTH, server), (ssl.Purpose.SERVER_AUTH, client)):
        place = directory / end.name
        place.mkdir()
        key = new_key()
        # An address in each, so that a role is refused for what it is and not for the missing address.
        leaf = authority.issue(role, "xleaf", key.public_key(), now - DAY, now + DAY, ["127.0.0.1"])
        private_files.write_new(place / "key", key_pem(key))
        private_files.write_new(place / "crt", certificate_pem(leaf))
        context = ssl.create_default_context(end, cadata=certificate_pem(authority.certificate).decode())
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_cert_chain(place / "crt", place / "key")
        contexts.append(context)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        contexts[0].wrap_bio(to_server, to_client, server_side=True),
        contexts[1].wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
    ]
    for _ in range(4):
        for each in reversed(ends):
            try:
                each.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert all(each.version() is not None for each in ends)


@pytest.mark.parametrize(
    ("server", "client"), [(Role.BROKER, Role.AGENT), (Role.BROKER, Role.HUB), (Role.HUB, Role.AGENT)]
)
def test_strict_verification_accepts(authority: Authority, tmp_path: Path, server: Role, client: Role) -> None:
    handshake(tmp_path, authority, server, client)


@pytest.mark.parametrize(("server", "client"), [(Role.AGENT, Role.AGENT), (Role.BROKER, Role.BROKER)])
def test_nobody_can_pose_as_what_its_certificate_does_not_say(
    authority: Authority, tmp_path: Path, server: Role, client: Role
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unsuitable certificate purpose"):
        handshake(tmp_path, authority, server, client)


@pytest.mark.parametrize(
    ("role", "purpose"),
    [(Role.AGENT, "sslclient"), (Role.HUB, "sslclient"), (Role.HUB, "sslserver"), (Role.BROKER, "sslserver")],
)
def test_openssl_accepts_them_strictly(authority: Authority, tmp_path: Path, role: Role, purpose: str) -> None:
    """A second opinion on RFC 5280: key identifiers, criticality and the self-signature."""
    program = shutil.which("openssl")
    assert program is not None, "expected the program openssl, found none"
    private_files.write_new(tmp_path / "ca.crt", certificate_pem(authority.certificate))
    private_files.write_new(tmp_path / "leaf.crt", certificate_pem(issue(authority, role, ["127.0.0.1"])))

    strictly = ["-x509_strict", "-check_ss_sig", "-purpose", purpose]
    command = [program, "verify", *strictly, "-CAfile", "ca.crt", "leaf.crt"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
