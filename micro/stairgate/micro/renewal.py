"""What a toy needs a few times in its life: other signing keys, another certificate, the time before it can connect.

It decides with `core.trust_brief` whether such a document counts, and writes what it says into the identity. Imported
when one comes, so that it takes no memory meanwhile.
"""

from binascii import b2a_base64

from stairgate.core import limits as core_limits
from stairgate.core.trust_brief import accept_certificate_steps, accept_trust_steps
from stairgate.micro.http import post

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from stairgate.micro.identity import Identity
    from stairgate.micro.platform import Platform


def _without(identity: "Identity", *kinds: bytes) -> bytes:
    """The lines of an identity but for these."""
    lines = [line + b"\n" for line in identity.body.split(b"\n") if line]
    return b"".join([line for line in lines if not [1 for kind in kinds if line.startswith(b'["' + kind + b'"')]])


def trust_steps(identity: "Identity", document: bytes) -> "Generator[None, None, None]":
    """Believe the keys of a trust document, if it may say so. Raises Refused, OSError; what was held stays."""
    held = identity
    revision, _ = yield from accept_trust_steps(document, held.home, held.trust, held.keys, held.root)
    keys = [line + b"\n" for line in document.split(b"\n") if line.startswith(b'["key"')]
    identity.keep(_without(identity, b"key", b"trust") + b"".join(keys) + b'["trust",%d]\n' % revision)


def certificate_steps(identity: "Identity", document: bytes, point: bytes) -> "Generator[None, None, None]":
    """Show the certificate of a document from the next connection on. Raises Refused, OSError; what was shown stays."""
    der = yield from accept_certificate_steps(document, identity.home, identity.agent, point, identity.keys)
    if der != identity.certificate:
        step = core_limits.BASE64_CHARACTERS // 4 * 3
        chunks = [b2a_base64(der[start : start + step])[:-1] for start in range(0, len(der), step)]
        lines = [b'["certificate","' + chunk + b'"]\n' for chunk in chunks]
        identity.keep(_without(identity, b"certificate") + b"".join(lines))


async def signed_time(identity: "Identity", platform: "Platform", nonce: str) -> bytes:
    """What the hub's page answers to this nonce, b"" when nobody does. Nothing of it is verified yet."""
    for host in identity.page:
        try:
            status, data = await post(
                host, identity.page_port, "time", nonce.encode(), core_limits.TIME_BYTES, platform.ticks
            )
        except OSError:
            continue
        if status == 200:
            return data
    return b""
