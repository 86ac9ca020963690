"""Sites of the lab's internet, each at an address of its own: what they serve depends on the name that is asked for.

It decides that a name is served at its own address only, so that a part of a page that arrives has come from there.
"""

import http.server
import threading
from collections.abc import Mapping
from typing import NamedTuple

from tests.lab import network


class Site(NamedTuple):
    """One name. files: path -> (content type, body)."""

    address: str
    files: Mapping[str, tuple[str, bytes]]


class Sites:
    """Serves sites on port 80 of the internet's namespace, in threads of this process."""

    def __init__(self, sites: Mapping[str, Site]) -> None:
        for site in sites.values():
            network.ip("-n", "internet", "address", "add", f"{site.address}/32", "dev", "lo")

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host = (self.headers.get("Host") or "").partition(":")[0]
                here = self.connection.getsockname()[0]
                by_name = sites.get(host) or next((site for site in sites.values() if site.address == host), None)
                file = by_name.files.get(self.path) if by_name and by_name.address == here else None
                self.send_response(200 if file else 404)
                kind, body = file or ("text/plain", b"")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:
                """Nothing."""

        with network.inside("internet"):
            self._server = http.server.ThreadingHTTPServer(("0.0.0.0", 80), Handler)  # noqa: S104
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Serve no longer."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
