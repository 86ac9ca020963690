"""Whose the toy is: the home, its keys and its broker, as the hub said at the pairing and in newer documents since.

It decides nothing: what is in the file was believed when it was written (`enrol`, `renewal`). Everything is in one
folder, which goes as a whole when the toy is handed over.
"""

from binascii import a2b_base64, unhexlify

from stairgate.core.brief import read_brief
from stairgate.core.lines import split
from stairgate.core.refused import Refused
from stairgate.micro.limits import IDENTITY_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.micro.storage import Storage

FOLDER = "identity"
PAIRED = FOLDER + "/paired"
# The lines of an answer (`core.pairing`), field by field.
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

    broker, page: hosts of the hub, with broker_port and page_port; authority, certificate: DER; body: the lines that
    say all this.
    """

    if TYPE_CHECKING:
        broker: "tuple[str, ...]"
        page: "tuple[str, ...]"
        broker_port: int
        page_port: int
        trust: int

    def __init__(self, storage: "Storage") -> None:
        self._storage = storage
        self.load()

    def load(self) -> None:
        """Read the file: at a start, and after joining or leaving a home."""
        self.home = self.agent = ""
        self.trust = 0
        self.certificate = b""
        self.body = self._storage.read(PAIRED, IDENTITY_BYTES) or b""
        try:
            found = read_brief(split(self.body), "paired", _SHAPES, ())

            def joined(kind: str) -> bytes:
                return b"".join([a2b_base64(line[0]) for line in found[kind]])  # type: ignore[arg-type]

            self.broker, self.broker_port = found["broker"][0]  # type: ignore[assignment]
            self.page, self.page_port = found["page"][0]  # type: ignore[assignment]
            self.root = unhexlify(found["root"][0][0])  # type: ignore[arg-type]
            self.trust = found["trust"][0][0]  # type: ignore[assignment]
            self.keys = {str(line[0]): unhexlify(line[1]) for line in found["key"]}  # type: ignore[arg-type]
            self.authority, self.certificate = joined("ca"), joined("certificate")
            home, self.agent, self.shard, _ = [str(word) for word in found["paired"][0]]
            self.home = home
        except (Refused, ValueError, IndexError):
            self.home = ""  # none, or not what was written: nobody's, until it is paired again

    def keep(self, body: bytes) -> None:
        """Be what these lines say from now on. Raises OSError; then nothing has changed."""
        self._storage.folder(FOLDER)
        self._storage.write(PAIRED, body)
        self.load()

    def topic(self, direction: str, kind: str) -> str:
        """A topic of this toy."""
        return f"sg/v1/{self.shard}/{self.home}/{self.agent}/{direction}/{kind}"
