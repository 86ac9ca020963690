"""One request to the hub's page in plain HTTP, for what proves itself: pairing, and the signed time.

It decides how the request is written and how long an answer may take and be. Nothing here is believed: who answers is
found out by a proof or a signature in the answer.
"""

import asyncio

from stairgate.micro.limits import CONNECT_MS, HTTP_HEAD_BYTES, IDLE_MS, READ_BYTES
from stairgate.micro.link import connected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.micro.link import Ticks


async def post(host: str, port: int, path: str, document: bytes, cap: int, ticks: "Ticks") -> "tuple[int, bytes]":
    """The status and the body, which is cut after `cap` bytes and one; `path` also names the document's media type.

    Raises OSError when nobody answers in time, or with something else than HTTP.
    """
    name = f"[{host}]" if ":" in host else host
    head = (
        f"POST /{path} HTTP/1.0\r\nHost: {name}:{port}\r\nContent-Type: application/vnd.stairgate.{path}\r\n"
        f"Content-Length: {len(document)}\r\n\r\n"
    )
    line = await connected(host, port, ticks)
    until = ticks() + CONNECT_MS
    try:
        left, data, at = head.encode() + document, b"", -1
        while at < 0 or len(data) - at <= cap + 4:
            if ticks() > until or (at < 0 and len(data) > HTTP_HEAD_BYTES):
                raise OSError(110)
            if left:
                left = left[line.write(left) or 0 :]
            found = line.read(READ_BYTES)
            if found is None:
                await asyncio.sleep(IDLE_MS / 1000)
                continue
            if not found:
                break
            data += found
            at = data.find(b"\r\n\r\n")
        words = data[:64].split(b" ")
        if at < 0 or len(words) < 2 or not words[0].startswith(b"HTTP/1.") or words[1].strip(b"0123456789"):
            raise OSError(22)
        return int(words[1]), data[at + 4 : at + 5 + cap]
    finally:
        line.close()
