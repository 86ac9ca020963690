"""The policy on the toy's flash: which document replaces it, and what is left of it after a start.

It decides whether a signed document is newer and meant for this toy, and whether the file is the one that was accepted;
what the policy means is `core`'s. Revisions only rise, also over a damaged file: the highest is kept in one of its own.
"""

from binascii import hexlify
from hashlib import sha256

from stairgate.core import limits as core_limits
from stairgate.core.envelope import body_digest, open_signed_steps
from stairgate.core.lines import split
from stairgate.core.policy_brief import read_toy_policy
from stairgate.core.refused import Refused
from stairgate.micro.limits import STATE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from hashlib import _Hash as Hash
    from typing import IO  # noqa: TID251

    from stairgate.core.records import Policy
    from stairgate.micro.storage import Storage

FILE, HIGHEST = "policy", "highest"
DIGEST_BYTES = 64


def _hashed(file: "IO[bytes]", *hashes: "Hash") -> "Iterator[bytes]":
    """The lines of a file without their newlines, each hashed as it passes."""
    while True:
        line = file.readline(core_limits.LINE_BYTES + 2)
        if not line:
            return
        for one in hashes:
            one.update(line)
        if line[-1:] != b"\n":
            raise Refused("bad_end", "expected a newline after each line")
        yield line[:-1]


def _seal(document: bytes) -> bytes:
    return hexlify(sha256(document).digest())


class PolicyFile:
    """The policy held. `policy`: None before the first, and when the file is damaged, which `is_damaged` tells.

    digest: of its body, "" without one; highest: the highest revision ever held; is_saved: False while only in memory.
    """

    def __init__(self, storage: "Storage") -> None:
        self._storage = storage
        self.policy: "Policy | None" = None
        self.digest = ""
        self.is_saved = True
        self.highest = storage.number(HIGHEST, STATE_BYTES)
        try:
            self._load()
        except (OSError, Refused):
            self.policy = None  # torn, or written by another version of this code
        self.is_damaged = self.policy is None and (self.highest > 0 or storage.exists(FILE))

    def _load(self) -> None:
        """Read the policy line by line: it is never in memory as a whole. Raises OSError, Refused."""
        if self._storage.size(FILE) > DIGEST_BYTES + 1 + core_limits.TOY_POLICY_BYTES:
            raise Refused("too_large", FILE)
        with open(self._storage.path(FILE), "rb") as file:
            seal, header = file.read(DIGEST_BYTES + 1), file.readline()
            whole, body = sha256(header), sha256()
            policy = read_toy_policy(_hashed(file, whole, body))
        if hexlify(whole.digest()) + b"\n" != seal:
            raise Refused("bad_check", FILE)
        self.policy, self.digest = policy, str(hexlify(body.digest()), "ascii")
        self.highest = max(self.highest, policy.revision)

    def accept_steps(
        self, document: bytes, keys: "dict[str, bytes]", home: str, agent: str
    ) -> "Generator[None, None, Policy]":
        """The policy to enforce from now on; it is held, and not saved yet. Yields while it verifies.

        keys: id to point of the keys believed. Raises Refused, and then what was held stays: the reasons of
        `envelope.open_signed` and `read_toy_policy`, `wrong_home`, `wrong_agent`, `older`, and `revision_reused` for
        the revision held with another digest.
        """
        body = yield from open_signed_steps(document, "policy", keys, core_limits.TOY_POLICY_BYTES)
        yield
        policy = read_toy_policy(split(body))
        yield
        if policy.home != home:
            raise Refused("wrong_home", f"expected {home}, got {policy.home}")
        if policy.agent != agent:
            raise Refused("wrong_agent", f"expected {agent}, got {policy.agent}")
        if policy.revision < self.highest:
            raise Refused("older", f"expected a revision from {self.highest}, got {policy.revision}")
        digest = body_digest(body)
        if policy.revision == self.highest and self.policy is not None and digest != self.digest:
            raise Refused("revision_reused", f"revision {policy.revision} with another content")
        self.policy, self.digest, self.highest = policy, digest, policy.revision
        self.is_damaged = self.is_saved = False
        self._document = document
        return policy

    def save(self) -> None:
        """Put what is held on the flash. Raises OSError; the file before is there then."""
        if not self.is_saved:
            self._storage.write(FILE, _seal(self._document) + b"\n" + self._document)
            self._storage.write(HIGHEST, str(self.highest).encode())
            self.is_saved = True
            self._document = b""

    def forget(self) -> None:
        """This toy never met a hub: for a new owner."""
        self._storage.remove(HIGHEST)
        self._storage.remove(FILE)
        self.policy, self.digest, self.highest, self.is_damaged, self.is_saved = None, "", 0, False, True
