"""A hub that serves one pack, in every bad way a hub, a network or somebody else's machine can.

It decides nothing of the product's. What it is asked is kept, so that a test sees what was fetched twice.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class PackHub:
    """Listens on `address`. content: by path; asked: the Range of each request.

    ways: what to do with the next requests, then all is well: a status to answer; `cut N`: N bytes of the body, then
    the end; `whole`: without regard to Range; `more`: a byte too many; `wrong`: other bytes; `stall N`: N bytes, then
    nothing until `go_on` is set.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.content: dict[str, bytes] = {}
        self.ways: list[str] = []
        self.asked: list[str] = []
        self.go_on = threading.Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                """Nothing."""

            def do_GET(self) -> None:
                hub.answer(self)

        self._server = ThreadingHTTPServer((address, 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        wanted = request.headers.get("Range", "")
        self.asked.append(wanted)
        way, _, count = (self.ways.pop(0) if self.ways else "good").partition(" ")
        content = self.content.get(request.path)
        if way.isdigit() or content is None:
            request.send_error(int(way) if way.isdigit() else 404)
            return
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and way != "whole" else 0
        body = content[first:]
        if way == "wrong":
            body = bytes(byte ^ 1 for byte in body)
        if way == "more":
            body += b"x"
        request.send_response(206 if first else 200)
        if first:
            request.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(body[: int(count)] if count else body)
        request.wfile.flush()
        if way == "stall":
            self.go_on.wait(20)
        request.close_connection = True
