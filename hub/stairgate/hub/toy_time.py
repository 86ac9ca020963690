"""The time for a toy that has no clock: signed, for whoever asks, because without a date no certificate can be checked.

It decides how often one source may ask. The answer holds nothing of the family, and is worth nothing without the key
that the toy was given when it was paired.
"""

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from stairgate.core.refused import Refused
from stairgate.hub.context import parts, source
from stairgate.hub.roster import TOY

toy_time = Blueprint("toy_time", __name__)
MEDIA_TYPE = "application/vnd.stairgate.time"
_NONCE_BYTES_MAX = 64


@toy_time.post("/time")
def tell() -> Response:
    """The signed time for the nonce in the body: 8 to 64 lower-case letters or digits."""
    if not parts().roster.of_kind(TOY) and parts().toys.pairing.window.state().stage != "open":
        abort(404)  # nobody here needs it
    if request.mimetype != MEDIA_TYPE:
        return _plain(415, f"Expected Content-Type: {MEDIA_TYPE}\n")
    if (request.content_length or 0) > _NONCE_BYTES_MAX or len(data := request.get_data(cache=False)) > 64:
        return _plain(413, "Expected a nonce of at most 64 characters.\n")
    if not parts().toys.pace.may_ask(source()):
        return _plain(429, "Too often. Wait a minute.\n")
    try:
        document = parts().exchange.signed_time(data.decode("ascii", "replace"))
    except Refused:
        return _plain(400, "Expected a nonce of 8 to 64 lower-case letters or digits.\n")
    return Response(document, 200, mimetype=MEDIA_TYPE)


def _plain(status: int, text: str) -> Response:
    return Response(text, status, mimetype="text/plain")
