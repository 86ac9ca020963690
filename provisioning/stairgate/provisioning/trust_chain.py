"""The home's trust documents on the disk, and which of them each agent holds.

    signing/trust/<revision>     the last `KEPT` documents, signed, to be sent to agents that lack them
    signing/trust-held.json      agent id -> revision, as its last hello said; written by the hub, read by `rotation`

It decides how they are kept; what they say and who signs them is `rotation`'s part.
"""

import json
import os
from contextlib import suppress
from pathlib import Path

from stairgate.core import limits
from stairgate.core.fields import DIGITS, is_id, is_integer, is_made_of
from stairgate.core.refused import Refused
from stairgate.core.trust import Trust, read_trust
from stairgate.provisioning import private_files

# An agent that was switched off for longer than so many changes is paired again.
KEPT = 8
_AGENTS_MAX = 1024


class TrustChain:
    """The trust documents of the home in `directory`. Raises OSError, and ValueError when a file is damaged."""

    def __init__(self, directory: Path) -> None:
        self._signing = directory / "signing"
        self._documents = self._signing / "trust"
        self._held = self._signing / "trust-held.json"

    def stamp(self) -> object:
        """Changes when the documents or the key that signs now do; costs two looks at the directory."""
        key, documents = os.stat(self._signing / "policy.key"), os.stat(self._documents)
        return (key.st_mtime_ns, key.st_ino, documents.st_mtime_ns)

    def documents(self) -> tuple[tuple[int, bytes], ...]:
        """(revision, signed document) of those that are kept, ascending."""
        found = []
        for revision in sorted(int(name) for name in os.listdir(self._documents) if is_made_of(name, DIGITS, 1, 16)):
            # Another process may take the oldest away while we look.
            with suppress(FileNotFoundError):
                found.append((revision, private_files.read(self._documents / str(revision))))
        return tuple(found)

    def latest(self) -> Trust:
        """What the newest document says."""
        documents = self.documents()
        if not documents:
            raise ValueError(f"{self._documents}: expected trust documents, got none")
        revision, document = documents[-1]
        try:
            trust = read_trust(document[document.find(b"\n") + 1 :])
        except Refused as refused:
            raise ValueError(f"{self._documents / str(revision)}: expected a trust document, got {refused}") from None
        if trust.revision != revision or len(document) > limits.TRUST_BYTES:
            raise ValueError(f"{self._documents / str(revision)}: expected revision {revision}, got {trust.revision}")
        return trust

    def append(self, revision: int, document: bytes) -> None:
        """Add the newest document; the oldest go."""
        private_files.replace(self._documents / str(revision), document)
        for old, _ in self.documents()[:-KEPT]:
            (self._documents / str(old)).unlink()
        private_files.sync_directory(self._documents)

    def held(self) -> dict[str, int]:
        """Which revision each agent holds, as far as the hub has been told."""
        try:
            content = json.loads(private_files.read(self._held).decode())
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError):
            # The next hello of each agent says it again.
            return {}
        if not isinstance(content, dict):
            return {}
        pairs = content.items()
        return {agent: held for agent, held in pairs if is_id(agent) and is_integer(held, 0, limits.REVISION_MAX)}

    def note_held(self, agent: str, revision: int) -> None:
        """Write down what an agent's hello said; nothing is written when it is known already."""
        with private_files.locked(self._signing / "trust.lock"):
            held = self.held()
            if held.get(agent) == revision:
                return
            held.pop(agent, None)
            held = dict(list(held.items())[-_AGENTS_MAX + 1 :] + [(agent, revision)])
            private_files.replace(self._held, json.dumps(held, indent=1).encode() + b"\n")
