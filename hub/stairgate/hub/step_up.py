"""Asking for the password once more, before something that a borrowed phone or a stolen cookie must not do.

Tries count with those of the login: a signed-in browser is no way to guess.
"""

from typing import NamedTuple

from flask import request

from stairgate.hub import forms, passwords
from stairgate.hub.context import account, parts, source
from stairgate.hub.language import N_, _, ngettext

BUSY = N_("The hub is checking other passwords right now. Please try again in a few seconds.")


class Refusal(NamedTuple):
    """Why not: a sentence for the field `password` and the status of the answer."""

    sentence: str
    status: int


def too_many_tries(wait: int) -> str:
    """What whoever guesses reads; `wait` in seconds."""
    text = ngettext(
        "Too many tries. Please wait {seconds} second.", "Too many tries. Please wait {seconds} seconds.", wait
    )
    return text.format(seconds=wait)


def refuse_without_password() -> Refusal | None:
    """None when the form's `password` is that of the account that is signed in."""
    if wait := parts().guessing.begin(source()):
        return Refusal(too_many_tries(wait), 429)
    try:
        own = account()
        is_right = own is not None and parts().parents.is_password_of(own.id, forms.password_of(request.form))
    except passwords.Busy:
        return Refusal(_(BUSY), 503)
    if not is_right:
        return Refusal(_("That is not the password you sign in with."), 403)
    parts().guessing.succeeded(source())
    return None
