"""Signed lines: the first line of a document names its type, the key and the signature over all that follows.

It decides whether a document was signed by a known key for the purpose it is used for; what the body says is
left to `policy` and `messages`. The signature covers DSSE's pre-authentication encoding (dsse/protocol.md of
secure-systems-lab) of the body's bytes as received, so that nothing is parsed before it is verified.
"""

from binascii import hexlify, unhexlify
from hashlib import sha256

from stairgate.core import limits
from stairgate.core.p256 import verify_steps
from stairgate.core.refused import Refused
from stairgate.core.words import HEX, is_made_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import IO, TypeVar  # noqa: TID251

    Result = TypeVar("Result")

CHUNK_BYTES = 256


def key_id(point65: bytes) -> str:
    """The first 16 hex digits of SHA-256 over the uncompressed point."""
    return str(hexlify(sha256(point65).digest()), "ascii")[:16]


def payload_type(kind: str) -> str:
    """The media type that binds a signature to one kind of document: a signed time is no signed policy."""
    return "application/vnd.stairgate." + kind + ".1"


def pre_authentication_encoding_head(kind: str, body_length: int) -> bytes:
    """What DSSE puts before the body: lengths and type, so that no two documents encode alike."""
    name = payload_type(kind)
    return f"DSSEv1 {len(name)} {name} {body_length} ".encode()


def digest_to_sign(kind: str, body: bytes) -> bytes:
    """The 32 bytes that are signed."""
    hashed = sha256(pre_authentication_encoding_head(kind, len(body)))
    hashed.update(body)
    return hashed.digest()


def body_digest(body: bytes) -> str:
    """SHA-256 of the body in hex: the digest that hello and time documents carry."""
    return str(hexlify(sha256(body).digest()), "ascii")


def header_line(kind: str, key_id: str, signature64: bytes) -> bytes:
    """The first line of a document, with its newline."""
    return f"stairgate-{kind} 1 {key_id} {str(hexlify(signature64), 'ascii')}\n".encode()


def signer(data: bytes) -> str:
    """The key id that a document names. Only of a document that `open_signed` has accepted it says who signed."""
    return str(data[: data.find(b"\n")].split(b" ")[2], "ascii")


def _read_header(line: bytes, kind: str, keys: "dict[str, bytes]") -> "tuple[bytes, bytes]":
    """The point and the signature that a first line (without newline) names."""
    try:
        words = str(line, "utf-8").split(" ")
    except ValueError:
        words = []
    if len(words) != 4 or not words[0].startswith("stairgate-"):
        raise Refused("bad_header", "expected: stairgate-<type> 1 <key id> <signature>")
    if words[0] != "stairgate-" + kind:
        raise Refused("wrong_type", f"expected stairgate-{kind}, got {words[0][:40]}")
    if words[1] != "1":
        raise Refused("unknown_version", f"expected 1, got {words[1][:8]}")
    if not is_made_of(words[2], HEX, 16, 16) or not is_made_of(words[3], HEX, 128, 128):
        raise Refused("bad_header", "expected a key id of 16 and a signature of 128 lower-case hex digits")
    if words[2] not in keys:
        raise Refused("unknown_key", f"no trusted key has the id {words[2]}")
    return keys[words[2]], unhexlify(words[3])


def finish(steps: "Generator[None, None, Result]") -> "Result":
    """What the steps come to, done at once. Raises whatever they raise."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def open_signed_steps(data: bytes, kind: str, keys: "dict[str, bytes]", cap: int) -> "Generator[None, None, bytes]":
    """As `open_signed`, but yields while it verifies."""
    if len(data) > cap:
        raise Refused("too_large", f"expected at most {cap} bytes, got {len(data)}")
    end = data.find(b"\n", 0, limits.HEADER_BYTES)
    if end < 0:
        raise Refused("bad_header", f"expected a first line of at most {limits.HEADER_BYTES} bytes")
    point, signature = _read_header(data[:end], kind, keys)
    body = data[end + 1 :]
    if not (yield from verify_steps(point, signature, digest_to_sign(kind, body))):
        raise Refused("bad_signature", "the signature does not belong to this body and key")
    return body


def open_signed(data: bytes, kind: str, keys: "dict[str, bytes]", cap: int) -> bytes:
    """The body of a document of this kind, signed by one of `keys` (key id to 65-byte point).

    `cap` bounds the whole document in bytes. Raises Refused: `too_large`, `bad_header`, `wrong_type`,
    `unknown_version`, `unknown_key` or `bad_signature`.
    """
    return finish(open_signed_steps(data, kind, keys, cap))


def verify_stream_steps(
    file: "IO[bytes]", size: int, kind: str, keys: "dict[str, bytes]", cap: int
) -> "Generator[None, None, tuple[int, str]]":
    """Verify a document of `size` bytes in constant memory; yields while it works.

    Returns where the body begins and its digest: read the lines from there afterwards, from the same file.
    Raises Refused as `open_signed`, and `torn` when the file ends before `size` bytes.
    """
    if size > cap:
        raise Refused("too_large", f"expected at most {cap} bytes, got {size}")
    head = file.read(min(size, limits.HEADER_BYTES))
    end = head.find(b"\n")
    if end < 0:
        raise Refused("bad_header", f"expected a first line of at most {limits.HEADER_BYTES} bytes")
    point, signature = _read_header(head[:end], kind, keys)
    start = end + 1
    signed = sha256(pre_authentication_encoding_head(kind, size - start))
    plain = sha256()
    chunk = head[start:]
    left = size - len(head)
    while True:
        signed.update(chunk)
        plain.update(chunk)
        if left == 0:
            break
        chunk = file.read(min(left, CHUNK_BYTES))
        if not chunk:
            raise Refused("torn", f"expected {size} bytes, {left} are missing")
        left -= len(chunk)
        yield
    if not (yield from verify_steps(point, signature, signed.digest())):
        raise Refused("bad_signature", "the signature does not belong to this body and key")
    return start, str(hexlify(plain.digest()), "ascii")
