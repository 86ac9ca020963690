"""The trust document and the certificate document as a toy reads them, in little code, yielding while it verifies.

It decides as `trust.accept_trust` and `certificate.accept_certificate` do (a test compares them over the same
documents) without their tables, which a toy has no room for: whoever holds the key has checked each value.
"""

from binascii import a2b_base64, unhexlify

from stairgate.core import limits
from stairgate.core.brief import read_brief
from stairgate.core.envelope import key_id, open_signed_steps, signer
from stairgate.core.lines import split
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    Keys = dict[str, bytes]
    Lines = dict[str, list[list[object]]]


def brief_keys(lines: "list[list[object]]") -> "Keys":
    """Id to point of `key` lines. Raises Refused `bad_message` unless each is named by its id and one is current."""
    try:
        keys = {str(line[0]): unhexlify(str(line[1])) for line in lines}
    except ValueError:
        keys = {}
    if (
        len(keys) != len(lines)
        or len(keys) > limits.TRUSTED_KEYS
        or [1 for name in keys if key_id(keys[name]) != name]
        or [line[2] for line in lines].count("current") != 1
        or [1 for line in lines if line[2] not in ("current", "next")]
    ):
        raise Refused("bad_message", "expected one current key, each key once, each by its id")
    return keys


def brief_der(lines: "list[list[object]]") -> bytes:
    """The bytes of `der` lines. Raises Refused `bad_message`."""
    try:
        return b"".join([a2b_base64(str(line[0])) for line in lines[: limits.CERTIFICATE_CHUNKS]])
    except ValueError:
        raise Refused("bad_message", "expected base64") from None


def read_trust_brief(body: bytes) -> "tuple[str, int, Keys]":
    """Home, revision and keys of a trust document's body. Raises Refused as `brief.read_brief`, and `bad_message`."""
    found = read_brief(split(body), "trust", {"trust": "sii", "key": "sss"}, ())
    head = found["trust"][0]
    return head[0], head[1], brief_keys(found["key"])  # type: ignore[return-value]


def accept_trust_steps(
    data: bytes, home: str, held: int, keys: "Keys", root: bytes
) -> "Generator[None, None, tuple[int, Keys]]":
    """Revision and keys of the trust document that replaces the one held. Arguments, reasons: `trust.accept_trust`."""
    believed = dict(keys)
    believed[key_id(root)] = root
    body = yield from open_signed_steps(data, "trust", believed, limits.TRUST_BYTES)
    said, revision, named = read_trust_brief(body)
    if said != home:
        raise Refused("wrong_home")
    if revision <= held:
        raise Refused("old_revision")
    if revision != held + 1 and signer(data) != key_id(root):
        raise Refused("skipped_revision")
    return revision, named


def accept_certificate_steps(
    data: bytes, home: str, agent: str, point: bytes, keys: "Keys"
) -> "Generator[None, None, bytes]":
    """The DER of the certificate that a believed key sends to this agent, for its point.

    Raises Refused: reasons of `certificate.accept_certificate`, and `bad_certificate` when it is for another key.
    """
    body = yield from open_signed_steps(data, "certificate", keys, limits.CERTIFICATE_BYTES)
    found = read_brief(split(body), "certificate", {"certificate": "ssi", "der": "s"}, ())
    said, to, _ = found["certificate"][0]
    if said != home:
        raise Refused("wrong_home")
    if to != agent:
        raise Refused("wrong_agent")
    der = brief_der(found["der"])
    # Who signed has made it for some key; a mix-up would lock the toy out.
    if point not in der:
        raise Refused("bad_certificate", "expected one for the key of this toy")
    return der
