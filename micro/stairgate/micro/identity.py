"""Whose the toy is: the home, its keys, its broker, as the hub's answer to the pairing said and newer documents since.

It decides which keys are believed and which certificate is shown. What a document may change is `core`'s rule; joining
and leaving a home is `enrol`'s part. Everything is in one folder, which goes as a whole when the toy is handed over.
"""

from binascii import unhexlify

from stairgate.core.brief import read_brief
from stairgate.core.lines import split
from stairgate.core.refused import Refused
from stairgate.core.trust_brief import (
    accept_certificate_steps,
    accept_trust_steps,
    brief_der,
    brief_keys,
    read_trust_brief,
)
from stairgate.micro.limits import IDENTITY_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from stairgate.micro.storage import Storage

FOLDER = "identity"
PAIRED, TRUST, CERTIFICATE = FOLDER + "/paired", FOLDER + "/trust", FOLDER + "/certificate"
_SHAPES = {
    "paired": "ssss",
    "broker": "li",
    "page": "li",
    "root": "s",
    "key": "sss",
    "trust": "i",
    "ca": "s",
    "certificate": "s",
}


class Identity:
    """home: "" while the toy belongs to nobody. keys: id to point of each believed key; trust: their revision.

    broker, page: hosts of the hub, with broker_port and page_port; authority, certificate: DER.
    """

    def __init__(self, storage: "Storage") -> None:
        self._storage = storage
        self.load()

    def load(self) -> None:
        """Read the folder: at a start, and after joining or leaving a home."""
        self.home, self.agent, self.shard, self.trust = "", "", "", 0
        self.broker: "tuple[str, ...]" = ()
        self.page: "tuple[str, ...]" = ()
        self.broker_port = self.page_port = 0
        self.root = self.authority = self.certificate = b""
        self.keys: "dict[str, bytes]" = {}
        body = self._storage.read(PAIRED, IDENTITY_BYTES)
        if body is None:
            return
        try:
            self._take(read_brief(split(body), "paired", _SHAPES, ()))
        except (Refused, ValueError, IndexError):
            return  # not what was written: nobody's, until it is paired again

    def _take(self, found: "dict[str, list[list[object]]]") -> None:
        self.broker, self.broker_port = found["broker"][0]  # type: ignore[assignment]
        self.page, self.page_port = found["page"][0]  # type: ignore[assignment]
        self.root = unhexlify(str(found["root"][0][0]))
        self.trust = found["trust"][0][0]  # type: ignore[assignment]
        self.authority, self.certificate = brief_der(found["ca"]), brief_der(found["certificate"])
        self.keys = brief_keys(found["key"])
        home, self.agent, self.shard, _ = found["paired"][0]  # type: ignore[assignment]
        self.certificate = self._storage.read(CERTIFICATE, IDENTITY_BYTES) or self.certificate
        try:
            said, revision, keys = read_trust_brief(self._storage.read(TRUST, IDENTITY_BYTES) or b"")
            if said == home and revision > self.trust:
                self.trust, self.keys = revision, keys
        except Refused:
            pass  # none yet, or damaged: those of the pairing, until the hub sends it again
        self.home = str(home)

    def keep(self, body: bytes) -> None:
        """Belong to the home of this answer from now on. Raises OSError; then nothing has changed."""
        self._storage.folder(FOLDER)
        for name in (TRUST, CERTIFICATE):
            self._storage.remove(name)
        self._storage.write(PAIRED, body)
        self.load()

    def trust_steps(self, document: bytes) -> "Generator[None, None, None]":
        """Believe the keys of a trust document, if it may say so. Raises Refused, OSError; what was held stays."""
        found = yield from accept_trust_steps(document, self.home, self.trust, self.keys, self.root)
        self._storage.write(TRUST, document[document.find(b"\n") + 1 :])
        self.trust, self.keys = found

    def certificate_steps(self, document: bytes, point: bytes) -> "Generator[None, None, bool]":
        """Show the certificate of a document from the next connection on; True when it is another one.

        Raises Refused, OSError; what was shown stays.
        """
        der = yield from accept_certificate_steps(document, self.home, self.agent, point, self.keys)
        if der == self.certificate:
            return False
        self._storage.write(CERTIFICATE, der)
        self.certificate = der
        return True

    def topic(self, direction: str, kind: str) -> str:
        """A topic of this toy."""
        return f"sg/v1/{self.shard}/{self.home}/{self.agent}/{direction}/{kind}"
