"""The agent's own certificate: a newer one is tested, kept beside the old one, used, and given up if nobody takes it.

It decides which certificate the connection shows. Whether the document is genuine is the rule of
`stairgate.core.certificate`; only the broker knows whether a certificate still counts, so its refusals are listened to.
The TLS library tells whether a certificate belongs to our key.
"""

import hashlib
import logging
import os
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from stairgate.agent.broker_link import CONNECTED, REFUSED, Arrival
from stairgate.agent.limits import PEM_BYTES, REFUSALS, REFUSALS_MAX
from stairgate.agent.sync import CERTIFICATE_KIND, Identity
from stairgate.core.certificate import accept_certificate
from stairgate.core.refused import Refused
from stairgate.port.atomic import read_bounded, write_atomic

_SEQUENCE, _INTEGER, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x02, 0x17, 0x18, 0xA0

log = logging.getLogger("stairgate.agent")


class Validity(NamedTuple):
    """First and last second of a certificate, UTC."""

    begins: int
    ends: int


class CertificateUser(Protocol):
    """Who shows the certificate."""

    def use_certificate(self, file: Path) -> None:
        """Show the certificate in this file from the next connection on, and make that connection now."""


def _element(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Tag and content of the DER element at an offset, and the offset after it. Raises ValueError (X.690, 8.1)."""
    if at + 2 > len(data):
        raise ValueError("an element is missing")
    tag, length, start = data[at], data[at + 1], at + 2
    if length >= 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
        if not 1 <= size <= 3:
            raise ValueError("an element of unknown length")
    if start + length > len(data):
        raise ValueError("an element is cut")
    return tag, data[start : start + length], start + length


def _seconds(tag: int, content: bytes) -> int:
    """The moment in a Time (RFC 5280, 4.1.2.5). Raises ValueError."""
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("a date of unknown kind")
    return int(datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp())


def validity(der: bytes) -> Validity:
    """When a certificate counts (RFC 5280, 4.1). Raises ValueError for what is no certificate."""
    _, certificate, _ = _element(der, 0)
    _, content, _ = _element(certificate, 0)
    at = 0
    # Version, serial number, algorithm and issuer stand before it.
    for expected in (_VERSION, _INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE):
        tag, element, at = _element(content, at)
        if tag != expected:
            raise ValueError("the fields of a certificate in another order")
    tag, first, at = _element(element, 0)
    begins = _seconds(tag, first)
    tag, last, _ = _element(element, at)
    return Validity(begins, _seconds(tag, last))


def _ends(der: bytes) -> int:
    try:
        return validity(der).ends
    except ValueError:
        return 0


def fingerprint(der: bytes) -> str:
    """How hello names a certificate: 16 hex digits; "" for none."""
    return hashlib.sha256(der).hexdigest()[:16] if der else ""


def read_certificate_file(file: Path) -> bytes:
    """The DER of a PEM file, b"" when it is not readable."""
    try:
        return ssl.PEM_cert_to_DER_cert(read_bounded(str(file), PEM_BYTES).decode("ascii"))
    except (OSError, ValueError):
        return b""


def check_belongs(certificate_file: Path, key_file: Path) -> None:
    """Raises OSError (ssl.SSLError among it) unless the TLS library takes this certificate with this key."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(str(certificate_file), str(key_file))


class Certificates:
    """The certificate in use and the one before it. certificate_file, key_file: PEM; user: told what to show.

    fingerprint: of the certificate in use.
    """

    def __init__(self, certificate_file: Path, key_file: Path, user: CertificateUser) -> None:
        self._current, self._key_file, self._user = certificate_file, key_file, user
        self._previous = certificate_file.with_name(certificate_file.name + ".previous")
        self._in_use = self._current
        self._given_up = b""
        self._refusals, self._patience = 0, REFUSALS
        self.fingerprint = fingerprint(read_certificate_file(self._current))

    def note(self, arrival: Arrival, identity: Identity) -> None:
        """Something came over the link: a certificate, or the broker's word about the one in use."""
        if arrival.kind == CONNECTED:
            self.connected()
        elif arrival.kind == REFUSED:
            self.refused()
        elif arrival.kind == CERTIFICATE_KIND:
            try:
                self.accept(arrival.payload, identity)
            except Refused as refused:
                log.warning("a certificate was refused: %s", refused)
            except OSError as error:
                log.error("a new certificate could not be saved: %s", error)

    def accept(self, document: bytes, identity: Identity) -> None:
        """Change to the certificate of a document, if it is for us and newer. Raises Refused, OSError."""
        offered = accept_certificate(document, identity.home, identity.agent, dict(identity.keys))
        held = read_certificate_file(self._in_use)
        if offered.der == held:
            return
        if offered.der == self._given_up:
            raise Refused("given_up", "the broker has refused this certificate before")
        try:
            ends = validity(offered.der).ends
        except ValueError as error:
            raise Refused("bad_certificate", str(error)) from None
        if ends != offered.not_after:
            raise Refused("bad_certificate", f"expected an end at {offered.not_after}, got {ends}")
        if held and ends < _ends(held):
            raise Refused("older", "the certificate in use ends later")
        pem = ssl.DER_cert_to_PEM_cert(offered.der).encode("ascii")
        self._test(pem)
        if held:
            write_atomic(str(self._previous), ssl.DER_cert_to_PEM_cert(held).encode("ascii"))
        write_atomic(str(self._current), pem)
        self._use(self._current)
        log.info("a new certificate is used from now on")

    def _test(self, pem: bytes) -> None:
        file = self._current.with_name(self._current.name + ".test")
        write_atomic(str(file), pem)
        try:
            check_belongs(file, self._key_file)
        except ssl.SSLError as error:
            raise Refused("bad_certificate", f"expected one for our key, got {error.reason}") from None
        finally:
            os.unlink(file)

    def refused(self) -> None:
        """The broker ended a connection without accepting us; after some of these, the other certificate is tried."""
        self._refusals += 1
        if self._refusals == REFUSALS:
            log.warning("the broker refuses this agent: if it was removed from the home, it has to be paired again")
        if self._refusals < self._patience or not read_certificate_file(self._previous):
            return
        self._patience = min(2 * self._patience, REFUSALS_MAX)
        log.warning("trying the other certificate")
        self._use(self._previous if self._in_use == self._current else self._current)

    def connected(self) -> None:
        """The broker has accepted us: the certificate in use is the good one, and so it is after a restart."""
        self._refusals, self._patience = 0, REFUSALS
        if self._in_use == self._current:
            return
        good, bad = read_certificate_file(self._previous), read_certificate_file(self._current)
        self._given_up = bad
        try:
            write_atomic(str(self._current), ssl.DER_cert_to_PEM_cert(good).encode("ascii"))
        except OSError as error:
            log.error("the certificate could not be put back: %s", error)
            return
        self._in_use = self._current

    def _use(self, file: Path) -> None:
        self._refusals, self._in_use = 0, file
        self.fingerprint = fingerprint(read_certificate_file(file))
        self._user.use_certificate(file)
