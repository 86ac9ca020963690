"""The one upload there is: a backup onto a hub without an owner. Everything else stays as small as a form.

It decides the size a request may have, by its path, before its body is read: for waitress, which would buffer it, and
for Flask, which would parse it.
"""

import copy
from collections.abc import Callable
from typing import Any

from flask import Request
from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]

from stairgate.hub import limits

UPLOAD_PATH = "/claim/restore"
# The file, and the fields and boundaries around it.
_BYTES_MAX = limits.BACKUP_BYTES_MAX + limits.REQUEST_BYTES_MAX


class UploadParser(HTTPRequestParser):  # type: ignore[misc]
    """Reads a request; one to the upload's path may be long while `may_upload` says so."""

    is_upload = False
    adj: Any

    def __init__(self, adjustments: Any, may_upload: Callable[[], bool]) -> None:
        super().__init__(adjustments)
        self._may_upload = may_upload

    def parse_header(self, header_plus: bytes) -> None:
        """See waitress."""
        super().parse_header(header_plus)
        if self.path == UPLOAD_PATH and self.command == "POST" and self._may_upload():
            self.is_upload = True
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = _BYTES_MAX


class HubRequest(Request):
    """A request whose bound depends on its path."""

    @property
    def max_content_length(self) -> int | None:
        """Bytes of the body, at most."""
        return _BYTES_MAX if self.path == UPLOAD_PATH else limits.REQUEST_BYTES_MAX

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        raise AttributeError("the bound of a request is fixed by its path")
