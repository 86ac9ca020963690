"""What a device is told when it has been let into a home: the answer of pairing, from the home's own files.

It decides nothing but which of the home's facts are told; their form is `stairgate.core.pairing`'s.
"""

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from stairgate.core import limits
from stairgate.core.pairing import PairAnswer
from stairgate.provisioning import private_files
from stairgate.provisioning.authority import read_certificate
from stairgate.provisioning.settings import read_home
from stairgate.provisioning.trust_chain import TrustChain


def paired_answer(directory: Path, agent: str, certificate: bytes, page: Sequence[str], page_port: int) -> PairAnswer:
    """The answer for the agent with this id, who was just enrolled in the home in `directory`.

    certificate: DER. page: hosts of the hub's pages; the first `limits.HOSTS` that fit into a line are told, of the
    broker's as well. Raises OSError, ValueError.
    """
    home = read_home(directory)
    trust = TrustChain(directory).latest()
    authority = read_certificate(private_files.read(directory / "authority" / "ca.crt"))
    return PairAnswer(
        home=home.id,
        agent=agent,
        shard=home.shard,
        hub=home.hub,
        broker=_that_fit(home.endpoints.hosts()),
        broker_port=home.endpoints.port,
        page=_that_fit(page),
        page_port=page_port,
        root=home.root,
        keys=trust.keys,
        trust=trust.revision,
        ca=authority.public_bytes(Encoding.DER),
        certificate=certificate,
    )


def _that_fit(hosts: Sequence[str]) -> tuple[str, ...]:
    told: list[str] = []
    # A kind, brackets, a port.
    left = limits.LINE_BYTES - 24
    for host in dict.fromkeys(hosts):
        left -= len(host) + 3
        if left < 0 or len(told) == limits.HOSTS:
            break
        told.append(host)
    return tuple(told)
