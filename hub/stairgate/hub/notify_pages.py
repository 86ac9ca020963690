"""`/notify`: where the owner has a word sent that a question waits; off until an address and a topic are given.

It decides nothing about what is sent; that is `notify`'s part.
"""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import language, limits, roles, wording
from stairgate.hub.context import page, parts
from stairgate.hub.notify import Target, fault_of

notify = Blueprint("notify", __name__, url_prefix="/notify")
Answer = Response | tuple[str, int]


@notify.get("")
@roles.needs(roles.OWNER)
def show() -> Answer:
    """The form, and what came of the last try."""
    return _page()


@notify.post("")
@roles.needs(roles.OWNER)
def choose() -> Answer:
    """`url` and `topic`; both empty switches it off. Words speak the language of whoever chooses."""
    url = request.form.get("url", "").strip()[: limits.SOURCE_URL_CHARACTERS]
    topic = request.form.get("topic", "").strip()[: limits.NOTIFY_TOPIC_CHARACTERS + 1]
    target = Target(url, topic, language.current().code)
    if fault := fault_of(target):
        return _page(422, fault, target)
    parts().asking.notifier.choose(target)
    return redirect(url_for("notify.show"), 303)


@notify.post("/try")
@roles.needs(roles.OWNER)
def try_now() -> Answer:
    """Send a word for trial."""
    parts().asking.notifier.try_now()
    return redirect(url_for("notify.show"), 303)


def _page(status: int = 200, fault: str = "", target: Target | None = None) -> Answer:
    notifier = parts().asking.notifier
    held, outcome = notifier.target(), notifier.outcome
    at = wording.at_time(outcome.at, parts().parents.zone(), parts().clock.wall()) if outcome.at else ""
    return page("notify.html", status, held=held, typed=target or held, fault=fault, outcome=outcome, at=at)
