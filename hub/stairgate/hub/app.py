"""The Flask app: guard, CSRF, pages and error pages of one hub.

It puts the parts of the web together; each page is its own module, each rule for every page is `guard`'s.
"""

import hashlib
import logging
from pathlib import Path

from flask import Flask, g, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped]
from werkzeug.exceptions import HTTPException, InternalServerError, default_exceptions

from stairgate.hub import audit, limits, roles, wording
from stairgate.hub.account_pages import account
from stairgate.hub.accounts_pages import accounts
from stairgate.hub.act_log import add_act_log
from stairgate.hub.agreed_here import agreed_here
from stairgate.hub.agreed_pages import agreed
from stairgate.hub.agreed_pages import line_of as agreed_line
from stairgate.hub.ask_pages import asked_here, asking
from stairgate.hub.child_pages import child
from stairgate.hub.context import may
from stairgate.hub.controlled import controlled
from stairgate.hub.day_pages import day_view
from stairgate.hub.device_pages import device, is_new_here
from stairgate.hub.filter_pages import filters
from stairgate.hub.free_minutes import CHOICES
from stairgate.hub.growing_pages import growing
from stairgate.hub.growing_pages import mine as growing_mine
from stairgate.hub.growing_pages import told as growing_told
from stairgate.hub.guard import add_guard, web_session
from stairgate.hub.home_pages import home
from stairgate.hub.keeping_pages import keeping, week_of
from stairgate.hub.language import N_, _
from stairgate.hub.language_pages import add_language, languages
from stairgate.hub.needs_pages import needs
from stairgate.hub.notify_pages import notify
from stairgate.hub.pack_pages import packs
from stairgate.hub.parts import Parts
from stairgate.hub.public_pages import public
from stairgate.hub.quarantine_pages import quarantine
from stairgate.hub.quiet_pages import alarm_cards, quiet, quiet_card, quiet_here
from stairgate.hub.request_pages import requests
from stairgate.hub.router_pages import pairing, router
from stairgate.hub.schedule_pages import schedule
from stairgate.hub.schedule_words import window_text
from stairgate.hub.secure_pages import secure
from stairgate.hub.source_pages import source
from stairgate.hub.store import StoreError
from stairgate.hub.toy_child_pages import here as toys_here
from stairgate.hub.toy_child_pages import toy_child
from stairgate.hub.toy_file_pages import toy_files
from stairgate.hub.toy_lines import agent_of, open_now
from stairgate.hub.toy_pages import toy
from stairgate.hub.toy_pairing_pages import toy_pairing
from stairgate.hub.toy_time import toy_time
from stairgate.hub.traffic_pages import pictures, traffic_pages
from stairgate.hub.uploads import HubRequest
from stairgate.hub.use_pages import given_back, use_week
from stairgate.hub.web_session import WebSessions
from stairgate.hub.why_pages import why_pages
from stairgate.hub.words_pages import note_text, said_here, words

_log = logging.getLogger(__name__)


def create_app(parts: Parts) -> Flask:
    """The pages of one hub."""
    app = Flask("stairgate.hub", root_path=str(Path(__file__).parent))
    app.request_class = HubRequest
    secret = parts.parents.secret()
    app.config.update(
        SECRET_KEY=secret,
        MAX_CONTENT_LENGTH=limits.REQUEST_BYTES_MAX,
        # The token lives as long as the session it belongs to: a phone keeps pages open for days.
        WTF_CSRF_TIME_LIMIT=None,
        # Over HTTPS it would also ask for a Referer, which some browsers never send; Origin is the guard's.
        WTF_CSRF_SSL_STRICT=False,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.extensions["stairgate"] = parts
    parts.acts.signature = audit.signature
    app.session_interface = WebSessions(parts.sessions, secret)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    add_language(app)
    add_guard(app, parts.network, parts.parents, parts.names, parts.devices.childs_device)
    # A router has no page that it could take a token from; it proves that it knows the code.
    protect = CSRFProtect(app)
    protect.exempt(pairing)
    protect.exempt(toy_time)
    add_act_log(app, parts)
    for blueprint in (
        home,
        child,
        schedule,
        day_view,
        filters,
        needs,
        device,
        quiet,
        agreed,
        agreed_here,
        traffic_pages,
        quarantine,
        account,
        accounts,
        growing,
        words,
        public,
        why_pages,
        asking,
        notify,
        requests,
        secure,
        keeping,
        router,
        pairing,
        source,
        packs,
        languages,
        toy,
        toy_child,
        toy_files,
        toy_pairing,
        toy_time,
    ):
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, _show_error)
    app.register_error_handler(StoreError, _show_store_error)
    app.register_error_handler(Exception, _show_crash)
    _add_words(app)
    return app


def _add_words(app: Flask) -> None:
    """What templates may use."""
    assert app.static_folder
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in Path(app.static_folder).iterdir()
    }

    def asset(name: str) -> str:
        """A static file's address, which changes with its content."""
        # Not by `url_for`: the page that refuses a Host header that is no host has to work without one.
        return f"{app.static_url_path}/{name}?v={digests[name]}"

    def is_signed_in() -> bool:
        return not g.get("is_stranger") and bool(web_session().signed_in)

    def can_be_secured() -> bool:
        parts: Parts = app.extensions["stairgate"]
        if request.is_secure or request.endpoint in ("account.more", "secure.guide", "secure.check"):
            return False
        return bool(parts.https.port) and is_signed_in() and may(roles.COPARENT)

    def notices() -> list[str]:
        parts: Parts = app.extensions["stairgate"]
        return parts.notices.texts(parts.parents.zone()) if may(roles.COPARENT) else []

    app.jinja_env.globals.update(
        agreed_line=agreed_line,
        alarm_cards=alarm_cards,
        quiet_card=quiet_card,
        quiet_here=quiet_here,
        asked_here=asked_here,
        asset=asset,
        can_be_secured=can_be_secured,
        controlled=controlled,
        given_back=given_back,
        free_choices=CHOICES,
        is_new_here=is_new_here,
        is_signed_in=is_signed_in,
        growing_mine=growing_mine,
        growing_told=growing_told,
        limits=limits,
        may=may,
        note_text=note_text,
        notices=notices,
        use_week=use_week,
        roles=roles,
        said_here=said_here,
        toy_of=agent_of,
        toys_here=toys_here,
        toys_open=open_now,
        week_of=week_of,
        window_text=window_text,
        wording=wording,
        pictures=pictures,
    )


_ERRORS = {
    404: N_("There is no such page here."),
    405: N_("This address does not do that."),
    413: N_("That was more than this form takes."),
}
#: What the library says of its own, in English only.
_LIBRARY = frozenset(problem.description for problem in default_exceptions.values())


def _show_error(problem: HTTPException) -> tuple[str, int]:
    status = problem.code or 500
    if isinstance(problem, CSRFError):
        sentence = _("This page was open for too long, or cookies are switched off. Go back, reload it and try again.")
    elif isinstance(problem, InternalServerError):
        sentence = _("Something went wrong in the hub. What you set before still holds.")
    elif status in _ERRORS:
        sentence = _(_ERRORS[status])
    elif problem.description and problem.description not in _LIBRARY:
        sentence = problem.description  # put into the language where it was raised
    else:
        sentence = _("Something went wrong.")
    return render_template("error.html", status=status, sentence=sentence), status


def _show_store_error(problem: StoreError) -> tuple[str, int]:
    _log.error("the store: %s", problem)
    sentence = _("The hub could not write this down, so nothing was changed. Is its disk full?")
    return render_template("error.html", status=503, sentence=sentence), 503


def _show_crash(problem: Exception) -> tuple[str, int]:
    # The traceback names code, never content: requests are not logged.
    _log.error("a page failed: %s", type(problem).__name__, exc_info=problem)
    return _show_error(InternalServerError())
