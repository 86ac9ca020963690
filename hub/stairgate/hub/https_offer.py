"""What the pages know of the way in over HTTPS: whether there is one, where, and what a phone has to trust for it.

The process fills it in once the front listens; until then, and where there is none, pages offer nothing. The
certificates are `stairgate.provisioning.web_authority`'s, the listening is `https_front`'s.
"""

from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple


class Certificate(NamedTuple):
    """What a phone is asked to trust. der: the authority's certificate. fingerprint: SHA-256 in groups."""

    der: bytes
    fingerprint: str


class HttpsOffer:
    """One hub's offer. port: where the front listens, 0 for nowhere. hosts: what the certificate vouches for."""

    def __init__(self) -> None:
        self.port = 0
        self.hosts: tuple[str, ...] = ()
        self.certificate = Certificate(b"", "")

    def open(self, port: int, hosts: tuple[str, ...], certificate: Certificate) -> None:
        """From now on there is a way in."""
        self.hosts, self.certificate, self.port = hosts, certificate, port

    def close(self) -> None:
        """From now on there is none."""
        self.port = 0

    def address(self, host: str, path: str) -> str:
        """The same page over HTTPS, empty where there is none. host: the one that the browser used, preferred."""
        if not self.port or not self.hosts:
            return ""
        chosen = host if host in self.hosts else self.hosts[0]
        with suppress(ValueError):
            chosen = f"[{chosen}]" if ip_address(chosen).version == 6 else chosen
        return f"https://{chosen}:{self.port}{path}"
