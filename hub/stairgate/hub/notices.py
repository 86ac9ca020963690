"""What every parent is told for a week: that a backup was restored, or a password set at the console.

Both need the hub's machine or its claim code, which a child may get hold of, so neither can be done silently: the
notice is in the store and no page takes it away before its time.
"""

from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.language import _, pgettext
from stairgate.hub.local_time import local
from stairgate.hub.store import Store, Transaction
from stairgate.hub.time_words import full_date_text

RESTORED, PASSWORD_SET = "restored", "password_set"
_SETTINGS = "notices"


def put_notice(rows: Transaction, kind: str, at: float, about: float = 0.0) -> None:
    """Begin to tell. at: now. about: when the backup was made. Both UTC seconds."""
    row = rows.get("settings", _SETTINGS)
    held = row.document if row else {}
    rows.put("settings", _SETTINGS, {**held, kind: {"at": at, "about": about}})


class Notices:
    """The notices of one home."""

    def __init__(self, store: Store, home: str, clock: Clock) -> None:
        self._store = store
        self._home = home
        self._clock = clock

    def since(self, kind: str) -> float | None:
        """When this was, UTC seconds, as long as it is told; else None."""
        held = self._held().get(kind)
        return held["at"] if held else None

    def texts(self, zone: str) -> list[str]:
        """A sentence for each notice that is not yet a week old."""
        held = self._held()
        texts = []
        if notice := held.get(RESTORED):
            restored = _(
                "This hub was restored on {when} from a backup of {made}. "
                "What was changed in between is gone. Please check the rules."
            )
            texts.append(restored.format(when=_moment(notice["at"], zone), made=_moment(notice["about"], zone)))
        if notice := held.get(PASSWORD_SET):
            password_set = _(
                "The owner’s password was set anew on {when} with a code from the hub’s own machine. "
                "If that was none of you, somebody else had that machine in their hands."
            )
            texts.append(password_set.format(when=_moment(notice["at"], zone)))
        return texts

    def _held(self) -> dict[str, dict[str, float]]:
        with self._store.transaction(self._home) as rows:
            row = rows.get("settings", _SETTINGS)
        now = self._clock.wall()
        # By the distance: a clock set back must not hide what has just happened.
        return {
            kind: notice
            for kind, notice in (row.document if row else {}).items()
            if abs(now - notice["at"]) < limits.NOTICE_SECONDS
        }


def _moment(at: float, zone: str) -> str:
    then = local(at, zone)
    return pgettext("in a sentence, after “on” or “of”", "{date}, {time}").format(
        date=full_date_text(then.date()), time=f"{then:%H:%M}"
    )
