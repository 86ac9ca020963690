"""The certificates of a home's own servers, hub and broker, and their renewal in time.

It decides what they promise (the addresses and names of the home) and when they are renewed: long before they end,
under the same key, so that nothing that was copied becomes worthless. Telling the running programs is left to others:
the broker with `broker_control`, the hub by connecting anew.
"""

from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stairgate.provisioning import private_files
from stairgate.provisioning.authority import (
    LEAF_LIFETIME,
    Authority,
    Role,
    certificate_pem,
    read_certificate,
    read_key,
    validity,
)
from stairgate.provisioning.faults import Invalid
from stairgate.provisioning.request_checks import find_clock_faults
from stairgate.provisioning.settings import Home, read_home

RENEW_BEFORE = timedelta(days=180)


def issue_server(
    authority: Authority, role: Role, identifier: str, key: ec.EllipticCurvePublicKey, home: Home, now: float
) -> x509.Certificate:
    """A certificate for a server that is reached at the home's addresses and names."""
    addresses, names = home.endpoints.addresses, home.endpoints.names
    return authority.issue(role, identifier, key, *validity(now, LEAF_LIFETIME), addresses, names)


def renew_servers(directory: Path, now: float) -> tuple[str, ...]:
    """Renew those certificates of the home in `directory` that end soon; the names of the servers they are for.

    Empty when there was nothing to do. Raises OSError, ValueError; then the old ones are still there.
    """
    if faults := find_clock_faults(now):
        raise Invalid(faults)
    home = read_home(directory)
    renewed = []
    for role in (Role.HUB, Role.BROKER):
        path = directory / role.value / f"{role.value}.crt"
        before = read_certificate(private_files.read(path))
        if before.not_valid_after_utc.timestamp() - now >= RENEW_BEFORE.total_seconds():
            continue
        key = read_key(private_files.read(path.with_suffix(".key"))).public_key()
        identifier = str(before.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        authority = Authority.load(home.id, directory / "authority")
        certificate = issue_server(authority, role, identifier, key, home, now)
        private_files.replace(path, certificate_pem(certificate))
        renewed.append(role.value)
    return tuple(renewed)
