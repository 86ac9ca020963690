"""The first page: a card for each child; and the number that tells a phone whether to look again."""

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from stairgate.hub import roles
from stairgate.hub.context import may, overview, page

home = Blueprint("home", __name__)


@home.get("/")
@roles.needs(roles.CARER)
def index() -> tuple[str, int]:
    """A card for each child; for a carer with extra time only."""
    return page("home.html" if may(roles.COPARENT) else "carer_home.html")


@home.get("/status")
@roles.needs(roles.CARER)
def status() -> Response:
    """How things stand, for programs: 304 as long as the state number is the one in If-None-Match."""
    now = overview()
    agents = [
        {"label": standing.agent.label, "state": standing.state, "reason": standing.reason, "heard": standing.heard}
        for standing in now.standings
    ]
    response = jsonify(
        state=now.number,
        waiting=now.is_waiting,
        questions=sum(asked.for_carers or may(roles.COPARENT) for asked in now.board.asked),
        applied=now.applied.done,
        **({"agents": agents} if may(roles.COPARENT) else {}),
        children={
            card.person.id: {
                "level": card.level,
                "until": card.until,
                "reason": card.reason,
                "applied": card.applied.done,
                "agents": card.applied.total,
            }
            for card in now.cards
        },
    )
    response.set_etag(str(now.number))
    return response.make_conditional(request)
