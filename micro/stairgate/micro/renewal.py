"""What a toy needs a few times in its life: other signing keys, another certificate, the time before it can connect.

It decides with `core.trust_brief` whether such a document counts, and writes what it says into the identity. Imported
when one comes, so that it takes no memory meanwhile.
"""

import asyncio
from binascii import b2a_base64

from stairgate.core import limits as core_limits
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from stairgate.micro.identity import Identity
    from stairgate.micro.sync import Sync


def _without(identity: "Identity", *kinds: bytes) -> bytes:
    """The lines of an identity but for these."""
    lines = [line + b"\n" for line in identity.body.split(b"\n") if line]
    return b"".join([line for line in lines if not [1 for kind in kinds if line.startswith(b'["' + kind + b'"')]])


def renewal_steps(identity: "Identity", kind: str, document: bytes, point: bytes) -> "Generator[None, None, None]":
    """Believe the keys of a trust document, or show the certificate of another from the next connection on.

    kind: `trust` or `certificate`. Raises Refused, OSError; what was held stays.
    """
    from stairgate.core.trust_brief import accept_certificate_steps, accept_trust_steps  # not for the time alone

    held = identity
    if kind == "trust":
        revision, _ = yield from accept_trust_steps(document, held.home, held.trust, held.keys, held.root)
        lines = [line + b"\n" for line in document.split(b"\n") if line.startswith(b'["key"')]
        identity.keep(_without(held, b"key", b"trust") + b"".join(lines) + b'["trust",%d]\n' % revision)
        return
    der = yield from accept_certificate_steps(document, held.home, held.agent, point, held.keys)
    if der != held.certificate:
        step = core_limits.BASE64_CHARACTERS // 4 * 3
        chunks = [b2a_base64(der[start : start + step])[:-1] for start in range(0, len(der), step)]
        lines = [b'["certificate","' + chunk + b'"]\n' for chunk in chunks]
        identity.keep(_without(held, b"certificate") + b"".join(lines))


async def ask_time(sync: "Sync") -> None:
    """Before a connection whose certificates have dates: the hub's page signs the time for a nonce of ours.

    Without an answer that counts, the last persisted second has to do.
    """
    from stairgate.micro.http import post

    board, identity = sync.agent.platform, sync.identity
    board.set_now(sync.agent.clock.now(), False)
    for host in identity.page:
        sync.nonce = sync.random(16)
        try:
            _, data = await post(
                host, identity.page_port, "time", sync.nonce.encode(), core_limits.TIME_BYTES, board.ticks
            )
            for _ in sync.steps("time", data):
                await asyncio.sleep(0)
            return
        except (OSError, Refused, IndexError):
            continue
