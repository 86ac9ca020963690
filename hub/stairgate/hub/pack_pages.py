"""`/packs/SHA256`: the compiled block lists, for agents to fetch.

Nobody needs to be signed in: a pack holds hashes of names from lists, nothing of the family, and only who knows its
digest, which the signed policy says, gets it. It decides nothing about packs; which there are is `packs`' part.
"""

from flask import Blueprint, abort, request, send_file
from werkzeug.wrappers import Response

from stairgate.hub.context import parts

packs = Blueprint("packs", __name__, url_prefix="/packs")


@packs.get("/<sha256>")
def fetch(sha256: str) -> Response:
    """A pack, or one range of it (RFC 9110, 14); its digest is its ETag, as its bytes never change."""
    path = parts().lists.shelf.file(sha256)
    if path is None or not path.is_file():
        abort(404)
    if "," in request.headers.get("Range", ""):
        # Several ranges at a time are nothing that an agent asks for; the whole is an answer too.
        request.environ.pop("HTTP_RANGE")
    answer = send_file(
        path, mimetype="application/octet-stream", conditional=True, etag=sha256, max_age=None, last_modified=None
    )
    answer.headers["Accept-Ranges"] = "bytes"
    return answer
