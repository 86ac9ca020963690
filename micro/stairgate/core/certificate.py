"""The certificate document: a new certificate for the key that a device has already, sent before the old one ends.

It decides whether a document is meant for this device; whether the certificate fits the device's key, and using it, is
left to the agent, who has a TLS library to ask.
"""

from collections import namedtuple

from stairgate.core import envelope, limits
from stairgate.core.fields import is_id, is_time
from stairgate.core.refused import Refused
from stairgate.core.sections import Section, binary_lines, is_chunk, joined, read_sections, write_sections

KIND = "certificate"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    class Certificate(NamedTuple):
        """For which agent it is; `not_after`: the UTC second at which it ends; `der`: the certificate itself."""

        home: str
        agent: str
        not_after: int
        der: bytes

else:
    Certificate = namedtuple("Certificate", "home agent not_after der")

SECTIONS = (
    Section("certificate", 1, 1, (is_id, is_id, is_time)),
    Section("der", 1, limits.CERTIFICATE_CHUNKS, (is_chunk,)),
)


def write_certificate(certificate: "Certificate") -> bytes:
    """The body of a certificate document, to be signed. Raises Refused `bad_message`."""
    head: "list[object]" = ["certificate", certificate.home, certificate.agent, certificate.not_after]
    return write_sections([head] + binary_lines("der", certificate.der), SECTIONS)


def read_certificate(body: bytes) -> "Certificate":
    """The content of a certificate document whose signature was verified. Raises Refused `bad_message`."""
    (head,), chunks = read_sections(body, SECTIONS)
    return Certificate(head[0], head[1], head[2], joined(chunks))  # type: ignore[arg-type]


def accept_certificate(data: bytes, home: str, agent: str, keys: "dict[str, bytes]") -> "Certificate":
    """The certificate that one of the believed keys (id to point) sends to this agent of this home.

    Raises Refused: reasons of `envelope.open_signed`, `bad_message`, `wrong_home`, `wrong_agent`.
    """
    certificate = read_certificate(envelope.open_signed(data, KIND, keys, limits.CERTIFICATE_BYTES))
    if certificate.home != home:
        raise Refused("wrong_home", f"expected {home}, got {certificate.home}")
    if certificate.agent != agent:
        raise Refused("wrong_agent", f"expected {agent}, got {certificate.agent}")
    return certificate
