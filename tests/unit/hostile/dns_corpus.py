"""DNS messages, good and bad, that the fuzz target starts from: what broke other servers, and what ours once got wrong.

It decides which bytes are mutated; `test_dns` says what must come of them. The messages stand as hex in
`dns_corpus.txt`, a name before each.
"""

import tempfile
from functools import cache
from pathlib import Path

from stairgate.hub.pack_builder import build

CORPUS = Path(__file__).with_name("dns_corpus.txt")


@cache
def messages() -> dict[str, bytes]:
    """Every message by its name."""
    found = {}
    for line in CORPUS.read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            name, _, data = line.partition(":")
            found[name] = bytes.fromhex(data)
    return found


@cache
def pack() -> bytes:
    """A small pack."""
    with tempfile.TemporaryDirectory() as folder:
        build((("ads.example", ("ads",)), ("video.example", ("video",))), (), Path(folder, "names.pack"))
        return Path(folder, "names.pack").read_bytes()


QUERY = messages()["a query with EDNS"]
QUESTION = QUERY[12:-11]
REPLY = messages()["a reply"]
