"""What the hub keeps, on pages: backup, restore on a new hub, what happened, and everything about the family.

It decides what is asked before data leave or are replaced; the work is `backup`'s and `history`'s.
"""

import json
from datetime import UTC, datetime

from flask import Blueprint, Response, redirect, request, url_for
from flask import render_template as render
from werkzeug.wrappers import Response as AnyResponse

from stairgate.hub import audit, backup, export, forms, history_words, limits, wording
from stairgate.hub.act_log import counted_devices
from stairgate.hub.cards import ChildCard
from stairgate.hub.context import overview, page, parts, source
from stairgate.hub.language import _
from stairgate.hub.sealed_file import BackupError, fault_of_passphrase
from stairgate.hub.step_up import refuse_without_password, too_many_tries

keeping = Blueprint("keeping", __name__)
Answer = AnyResponse | tuple[str, int]


@keeping.route("/backup", endpoint="backup", methods=["GET", "POST"])
def backup_page() -> Answer:
    """A backup to download: password, passphrase, again."""
    places = parts().keeping.places
    if request.method != "POST":
        return page("backup.html", faults={}, is_possible=places is not None)
    passphrase = _text("passphrase")
    faults: forms.Faults = {}
    if fault := fault_of_passphrase(passphrase, _text("again")):
        faults["passphrase"] = fault
        return page("backup.html", 422, faults=faults, is_possible=True)
    if refusal := refuse_without_password():
        return page("backup.html", refusal.status, faults={"password": refusal.sentence}, is_possible=True)
    parts().keeping.history.write()
    try:
        if places is None:
            raise BackupError(_("This hub has no directories to back up."))
        sealed = backup.make_backup(places, passphrase, parts().clock)
    except BackupError as problem:
        return page("backup.html", 503, faults={"backup": str(problem)}, is_possible=True)
    return _download(sealed, "application/octet-stream", "backup")


@keeping.route("/claim/restore", methods=["GET", "POST"])
def restore() -> Answer:
    """A new hub becomes the one of a backup: claim code, file, passphrase."""
    if parts().parents.is_claimed():
        return redirect(url_for("account.login"), 303)
    if request.method != "POST":
        return render("restore.html", faults={}), 200
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return render("restore.html", faults={"file": _("Please choose the file of the backup.")}), 422
    if wait := parts().guessing.begin(source()):
        return render("restore.html", faults={"code": too_many_tries(wait)}), 429
    if fault := parts().claim_code.check(request.form.get("code", "")):
        return render("restore.html", faults={"code": fault}), 403
    parts().guessing.succeeded(source())
    places = parts().keeping.places
    try:
        if places is None:
            raise BackupError(_("This hub has no directories that a backup could replace."))
        restored = backup.stage(places, upload.stream.read(), _text("passphrase"), parts().clock)
    except BackupError as problem:
        return render("restore.html", faults={"file": str(problem)}), 422
    parts().keeping.restart()
    return render("restored.html", made=_day_text(datetime.fromtimestamp(restored.made, UTC))), 200


@keeping.get("/history")
def history() -> Answer:
    """Who did what, and what routers said."""
    now, zone = parts().clock.wall(), parts().parents.zone()
    kept = parts().keeping.history
    routers = {standing.agent.id: standing.agent.label for standing in overview().standings}
    return page(
        "history.html",
        lines=history_words.lines(kept.events(), audit.everybody(), routers, zone, now),
        recovery=kept.recovery,
    )


@keeping.get("/data")
def data() -> Answer:
    """What is kept about the family, to take along or to delete."""
    return page("data.html", faults={})


@keeping.post("/data/export")
def export_data() -> Answer:
    """Everything about the family as JSON: password."""
    if refusal := refuse_without_password():
        return page("data.html", refusal.status, faults={"password": refusal.sentence})
    text = json.dumps(export.everything(parts()), indent=1, ensure_ascii=False)
    return _download(text.encode(), "application/json", "data")


@keeping.post("/data/delete-history")
def delete_history() -> Answer:
    """Delete what happened and all counts; `sure` must be given."""
    if not request.form.get("sure"):
        return page("data.html", 422, faults={"sure": _("Please tick the box first.")})
    parts().keeping.history.forget_everything()
    parts().keeping.use.forget_everything(parts().use.today_began())
    parts().toys.ledger.forget_everything()
    return redirect(url_for("keeping.history"), 303)


def week_of(card: ChildCard) -> history_words.Week:
    """The last seven days of a child's devices, for the child's page."""
    counted = counted_devices(parts())
    devices = {line.device.id for line in card.devices} & counted
    days = parts().keeping.history.days(devices, limits.HISTORY_DAYS_SHOWN)
    return history_words.week(days, parts().clock.wall())


def _day_text(day: datetime) -> str:
    """`3 Aug 2026`."""
    month = wording.MONTH_NAMES[day.month - 1]
    return _("{day} {month} {year}").format(day=day.day, month=month, year=day.year)


def _text(field: str) -> str:
    return request.form.get(field, "")[: limits.PASSWORD_CHARACTERS_MAX + 1]


def _download(content: bytes, kind: str, what: str) -> Response:
    day = datetime.fromtimestamp(parts().clock.wall(), UTC)
    name = f"stairgate-{what}-{day:%Y-%m-%d}.{'json' if what == 'data' else 'stairgate'}"
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
