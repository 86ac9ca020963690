"""The broker's list of certificates that it must refuse (a CRL, RFC 5280, 5), for one home.

It decides the list's form; which serial numbers stand in it is `registry`'s part, telling the broker is
`broker_control`'s.

A broker refuses *everybody* when the list it has is not valid yet or not any more. So the list's dates say nothing
about the clock: it begins with the authority's certificate, a second later with each edition (OpenSSL prefers the list
that begins later), and ends with the authority, without whom nobody could connect anyway. Nothing has to be renewed,
and no wrong clock locks a family out.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from stairgate.provisioning.authority import Authority


def render_revocation_list(authority: Authority, serials: Sequence[int], edition: int) -> bytes:
    """The signed list as PEM. edition: a number that is higher than that of each list before."""
    start = authority.certificate.not_valid_before_utc
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(start + timedelta(seconds=edition))
        .next_update(authority.certificate.not_valid_after_utc)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(edition), critical=False)
    )
    for serial in sorted(set(serials)):
        # When an agent was revoked is nobody's business but the family's.
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(start).build()
        builder = builder.add_revoked_certificate(revoked)
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def read_revocation_list(authority: x509.Certificate, data: bytes) -> frozenset[int]:
    """The serial numbers on a list that this authority has signed. Raises ValueError for anything else."""
    try:
        found = x509.load_pem_x509_crl(data)
        # The authority's key is of this kind (`authority.read_key`).
        is_ours = found.is_signature_valid(cast(ec.EllipticCurvePublicKey, authority.public_key()))
    except (TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise ValueError(str(error)) from None
    if not is_ours:
        raise ValueError("expected a list signed by this home's authority, got another's")
    return frozenset(revoked.serial_number for revoked in found)
