"""What browsers trust: this hub at home and nothing else, proven by OpenSSL's own verification, and its renewal."""

import socket
import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from stairgate.provisioning.authority import certificate_pem, key_pem, new_key, read_key
from stairgate.provisioning.web_authority import (
    LEAF_LIFETIME,
    OWN_NAME,
    PRIVATE_NETWORKS,
    RENEW_BEFORE,
    WebAuthority,
)

NOW = datetime.now(UTC).timestamp()
HOSTS = ("hub.lan", "192.168.77.2", "fd00::2", "127.0.0.1")


@pytest.fixture
def authority(tmp_path: Path) -> WebAuthority:
    return WebAuthority.open(tmp_path / "web", "hhome", ["hub.lan", "192.168.77.2", "single"], NOW)


def stolen(directory: Path, host: str) -> Path:
    """A certificate for any host, made with the authority's own key by somebody who bounds nothing."""
    authority_key = read_key((directory / "ca.key").read_bytes())
    authority = x509.load_pem_x509_certificate((directory / "ca.crt").read_bytes())
    key = new_key()
    try:
        name: x509.GeneralName = x509.IPAddress(ip_address(host))
    except ValueError:
        name = x509.DNSName(host)
    moment = datetime.fromtimestamp(NOW, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    file = directory / "stolen.pem"
    file.write_bytes(key_pem(key) + certificate_pem(certificate))
    return file


def handshake(server_file: Path, trusted: Path, host: str) -> str:
    """Connect as a browser that trusts the file, looking for this host; the version, or what was refused."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(server_file)
    client = ssl.create_default_context(cafile=str(trusted))
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=host) as secured:
            return secured.version() or ""
    except ssl.SSLCertVerificationError as refused:
        return refused.verify_message
    finally:
        ours.close()
        thread.join(10)


@pytest.mark.parametrize("host", HOSTS)
def test_a_browser_that_trusts_it_connects(authority: WebAuthority, tmp_path: Path, host: str) -> None:
    leaf, is_new = authority.leaf(HOSTS, NOW)

    assert is_new
    assert leaf.hosts == HOSTS
    assert handshake(leaf.file, tmp_path / "web" / "ca.crt", host) == "TLSv1.3"


@pytest.mark.parametrize(
    "host", ["www.example.com", "lan", "otherhub.lan", "single", "x.home.arpa", "8.8.8.8", "169.254.1.1", "2001:db8::1"]
)
def test_a_stolen_key_speaks_for_nothing_else(authority: WebAuthority, tmp_path: Path, host: str) -> None:
    file = stolen(tmp_path / "web", host)

    assert handshake(file, tmp_path / "web" / "ca.crt", host) == "permitted subtree violation"
    verified = subprocess.run(
        ["openssl", "verify", "-CAfile", str(tmp_path / "web" / "ca.crt"), str(file)], capture_output=True, text=True
    )
    assert verified.returncode != 0
    assert "permitted subtree violation" in verified.stderr


def test_the_same_attempt_for_the_hub_itself_works_so_the_proof_can_fail(
    authority: WebAuthority, tmp_path: Path
) -> None:
    assert handshake(stolen(tmp_path / "web", "hub.lan"), tmp_path / "web" / "ca.crt", "hub.lan") == "TLSv1.3"


def test_without_names_no_name_is_permitted(tmp_path: Path) -> None:
    authority = WebAuthority.open(tmp_path / "web", "hhome", ["192.168.77.2"], NOW)

    assert authority.names == (OWN_NAME,)
    assert "violation" in handshake(stolen(tmp_path / "web", "hub.lan"), tmp_path / "web" / "ca.crt", "hub.lan")


def test_the_authority_vouches_for_servers_below_it_only(authority: WebAuthority) -> None:
    extensions = authority.certificate.extensions
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    constraints = extensions.get_extension_for_class(x509.NameConstraints)

    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert constraints.critical
    trees = [str(tree.value) for tree in constraints.value.permitted_subtrees or ()]
    assert trees == [OWN_NAME, "hub.lan", *PRIVATE_NETWORKS]
    assert authority.certificate.not_valid_after_utc.year < 2050


def test_a_leaf_is_as_short_as_browsers_want_it(authority: WebAuthority, tmp_path: Path) -> None:
    leaf, _ = authority.leaf(HOSTS, NOW)
    certificate = x509.load_pem_x509_certificate(leaf.file.read_bytes())

    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=397)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_every_file_is_its_owner_s(authority: WebAuthority, tmp_path: Path) -> None:
    authority.leaf(HOSTS, NOW)

    assert (tmp_path / "web").stat().st_mode & 0o777 == 0o700
    files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "web").iterdir()}
    assert files == {"ca.key": 0o600, "ca.crt": 0o600, "server.pem": 0o600}
    assert [path.name for path in tmp_path.iterdir()] == ["web"]


def test_it_is_made_once(authority: WebAuthority, tmp_path: Path) -> None:
    leaf, _ = authority.leaf(HOSTS, NOW)
    again = WebAuthority.open(tmp_path / "web", "hhome", ["another.lan"], NOW + 1)

    assert again.fingerprint == authority.fingerprint
    assert again.leaf(HOSTS, NOW) == (leaf, False)
    assert again.vouched(["another.lan", "hub.lan"]) == ("hub.lan",)


def test_a_leaf_is_renewed_before_it_ends(authority: WebAuthority) -> None:
    authority.leaf(HOSTS, NOW)
    late = NOW + (LEAF_LIFETIME - RENEW_BEFORE).total_seconds()

    assert not authority.leaf(HOSTS, late - 60)[1]
    leaf, is_new = authority.leaf(HOSTS, late + 60)
    assert is_new
    assert leaf.not_after.timestamp() > late + RENEW_BEFORE.total_seconds()


def test_a_clock_that_stood_ahead_leaves_no_certificate_of_the_future(authority: WebAuthority) -> None:
    authority.leaf(HOSTS, NOW + 3 * 365 * 86400)

    leaf, is_new = authority.leaf(HOSTS, NOW)
    assert is_new
    assert leaf.not_before.timestamp() < NOW


def test_a_new_address_makes_a_new_leaf_and_one_that_is_gone_does_not(authority: WebAuthority) -> None:
    authority.leaf(HOSTS, NOW)

    assert not authority.leaf(HOSTS[:2], NOW)[1]
    leaf, is_new = authority.leaf(["192.168.99.2"], NOW)
    assert is_new
    assert leaf.hosts == ("192.168.99.2",)


@pytest.mark.parametrize("cut", [0, 1, 100, 300, 600, -1])
def test_a_damaged_leaf_is_made_anew(authority: WebAuthority, tmp_path: Path, cut: int) -> None:
    leaf, _ = authority.leaf(HOSTS, NOW)
    leaf.file.write_bytes(leaf.file.read_bytes()[:cut])

    assert authority.leaf(HOSTS, NOW)[1] or cut == -1
    assert handshake(leaf.file, tmp_path / "web" / "ca.crt", "hub.lan") == "TLSv1.3"


def test_only_private_addresses_and_own_names_are_vouched_for(authority: WebAuthority) -> None:
    hosts = ["203.0.113.7", "hub.lan", "HUB.LAN.", "www.example.com", "10.0.0.1", "x" * 300, "", "hub.lan/x", "fe80::1"]

    assert authority.vouched(hosts) == ("hub.lan", "10.0.0.1")
    with pytest.raises(ValueError, match="private network"):
        authority.leaf(["203.0.113.7"], NOW)


def test_what_does_not_belong_together_is_refused(authority: WebAuthority, tmp_path: Path) -> None:
    (tmp_path / "web" / "ca.key").write_bytes(key_pem(new_key()))

    with pytest.raises(ValueError, match="another key"):
        WebAuthority.open(tmp_path / "web", "hhome", [], NOW)


def test_a_clock_of_1970_makes_no_authority(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="clock"):
        WebAuthority.open(tmp_path / "web", "hhome", [], 100.0)
    assert list(tmp_path.iterdir()) == []
