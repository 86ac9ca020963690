"""The language of a request, and the choice of one: a button for each, kept in a cookie of this phone.

It decides for how long a choice holds and where a phone is sent after it; which languages there are, and which one a
phone gets, is `language`'s part. Whoever sees a page may choose its language: no account and no child is changed.
"""

from urllib.parse import quote

from flask import Blueprint, Flask, abort, current_app, g, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from stairgate.hub import language, limits

languages = Blueprint("languages", __name__)


def add_language(app: Flask) -> None:
    """Put the choice before every request of `app`, and the sentences into its templates. To be called first."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        language.gettext,
        language.ngettext,
        newstyle=True,
        pgettext=language.pgettext,
        npgettext=language.npgettext,
    )
    app.jinja_env.globals.update(language=language.current, languages=language.LANGUAGES, number=language.number)

    @app.before_request
    def choose_language() -> None:
        chosen = language.choose(request.cookies.get(language.COOKIE), request.accept_languages)
        g.language = language.speak(chosen)

    @app.teardown_request
    def stop_language(problem: BaseException | None) -> None:
        if token := g.pop("language", None):
            language.stop(token)


@languages.post("/language")
def choose() -> Response:
    """From now on this phone reads that language; back to the page it was chosen on."""
    code = request.form.get("code", "")
    if code not in language.LANGUAGES:
        abort(400, language.gettext("This hub does not speak that language."))
    answer = redirect(_back(request.form.get("back", "")), 303)
    answer.set_cookie(
        language.COOKIE, code, max_age=limits.LANGUAGE_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure
    )
    return answer


def _back(path: str) -> str:
    """`path` where it is a page of this hub, else the first page: a form must not send anybody elsewhere."""
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return "/"
    # Written anew as a path: a name in it may hold a line's end, or what browsers read as a slash.
    return quote(path, errors="replace") if path.startswith("/") and not path.startswith("//") else "/"
