"""Passwords: hashed with scrypt, one at a time.

Each hash takes 32 MiB for a tenth of a second; a semaphore of one and a short queue keep a flood of logins
from taking a small box down. The library (werkzeug, OpenSSL underneath) releases the interpreter meanwhile.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.security import check_password_hash, generate_password_hash

from stairgate.hub import limits
from stairgate.hub.language import _

_METHOD = "scrypt:32768:8:1"
_NOBODYS = f"nobodysPassword0${'0' * 128}"  # salt and hash of no password that anybody knows
_slot = threading.Semaphore(1)
_queue = threading.Semaphore(limits.PASSWORD_QUEUE)


class Busy(Exception):
    """Too many passwords are being checked at once."""


@contextmanager
def _turn() -> Iterator[None]:
    if not _queue.acquire(blocking=False):
        raise Busy
    try:
        if not _slot.acquire(timeout=limits.PASSWORD_WAIT_SECONDS):
            raise Busy
        try:
            yield
        finally:
            _slot.release()
    finally:
        _queue.release()


def hash_password(password: str) -> str:
    """The text to keep. Raises `Busy`."""
    with _turn():
        return generate_password_hash(password, method=_METHOD)


def is_password(kept: str | None, password: str) -> bool:
    """True when `kept` was made from this password, compared in constant time. Raises `Busy`.

    None, where there is no such account, is no password's, and takes as long to say so.
    """
    with _turn():
        return check_password_hash(kept or f"{_METHOD}${_NOBODYS}", password[: limits.PASSWORD_CHARACTERS_MAX])


def fault_of_password(password: str) -> str:
    """What is wrong with a new password, as a sentence for its owner; empty when nothing is."""
    if len(password) < limits.PASSWORD_CHARACTERS_MIN:
        text = _("Please use at least {count} characters; three or four words are a good way.")
        return text.format(count=limits.PASSWORD_CHARACTERS_MIN)
    if len(password) > limits.PASSWORD_CHARACTERS_MAX:
        return _("Please use at most {count} characters.").format(count=limits.PASSWORD_CHARACTERS_MAX)
    if len(set(password)) < 4:
        return _("Please use at least four different characters.")
    return ""
