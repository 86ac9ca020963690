"""The outside of a backup: bytes sealed with a passphrase, told apart from damage, read within bounds.

It decides the format (`docs/backup.md`): one line with version and scrypt parameters, then AES-256-GCM pieces of
64 KiB. Each piece is bound to that line, to its place and to being the last or not, so that a cut at any byte, a
swapped piece and a flipped bit are all refused. What is inside is `backup_content`'s.
"""

import hashlib
import re
import secrets
import threading

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stairgate.hub import limits
from stairgate.hub.language import _

MAGIC = "stairgate-backup 1"
PIECE_BYTES = 64 * 1024
_TAG_BYTES = 16
_HEAD = re.compile(rb"stairgate-backup 1 scrypt ([0-9]{1,6}) ([0-9]{1,2}) ([0-9]{1,2}) ([0-9a-f]{32})\n")
_HEAD_BYTES_MAX = 80
# scrypt: 64 MiB and about a fifth of a second on a small computer. A reader takes no more than twice that from a
# file somebody hands it.
_COST, _BLOCK, _PARALLEL = 2**16, 8, 1
_MEMORY_MAX = 256 * 1024 * 1024
_COSTS = (2**14, 2**15, 2**16, 2**17)
# One at a time: each takes its memory.
_turn = threading.Lock()

_CHECK, _MORE, _LAST = 0, 1, 2


class BackupError(Exception):
    """The backup cannot be made, read or restored; the sentence says why. Nothing was changed."""


def seal(content: bytes, passphrase: str) -> bytes:
    """The file's bytes. Raises `BackupError` when it would be too large."""
    head = f"{MAGIC} scrypt {_COST} {_BLOCK} {_PARALLEL} {secrets.token_hex(16)}\n".encode()
    cipher = _cipher(head, passphrase)
    pieces = [content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES)] or [b""]
    last = len(pieces) - 1
    sealed = [head, cipher.encrypt(_nonce(_CHECK, 0), b"", head)]
    sealed += [
        cipher.encrypt(_nonce(_LAST if place == last else _MORE, place), piece, head)
        for place, piece in enumerate(pieces)
    ]
    data = b"".join(sealed)
    if len(data) > limits.BACKUP_BYTES_MAX:
        raise BackupError(_("The backup would be larger than {size} MB.").format(size=limits.BACKUP_BYTES_MAX // 2**20))
    return data


def unseal(data: bytes, passphrase: str) -> bytes:
    """What `seal` was given. Raises `BackupError` with a sentence: no backup, wrong passphrase, or damaged."""
    if len(data) > limits.BACKUP_BYTES_MAX:
        text = _("This file is larger than any backup ({size} MB).")
        raise BackupError(text.format(size=limits.BACKUP_BYTES_MAX // 2**20))
    head = data[:_HEAD_BYTES_MAX].partition(b"\n")[0] + b"\n"
    if not data.startswith(MAGIC.encode() + b" "):
        if data.startswith(b"stairgate-backup "):
            raise BackupError(_("This backup was made by a newer version of Stairgate."))
        raise BackupError(_("This file is not a backup of Stairgate."))
    cipher = _cipher(head, passphrase)
    start = len(head) + _TAG_BYTES
    try:
        cipher.decrypt(_nonce(_CHECK, 0), data[len(head) : start], head)
    except InvalidTag:
        raise BackupError(_("That is not the passphrase of this backup, or the file’s beginning is damaged.")) from None
    step = PIECE_BYTES + _TAG_BYTES
    places = range(start, len(data), step)
    content = []
    try:
        for place, at in enumerate(places):
            kind = _LAST if place == len(places) - 1 else _MORE
            content.append(cipher.decrypt(_nonce(kind, place), data[at : at + step], head))
    except InvalidTag:
        content.clear()
    if not content:
        raise BackupError(_("This backup is damaged or was cut short. Nothing was changed."))
    return b"".join(content)


def _cipher(head: bytes, passphrase: str) -> AESGCM:
    match = _HEAD.fullmatch(head)
    if not match:
        raise BackupError(_("The first line of this backup is damaged."))
    cost, block, parallel = (int(match[number]) for number in (1, 2, 3))
    if cost not in _COSTS or block != _BLOCK or parallel != _PARALLEL:
        raise BackupError(_("The first line of this backup names a cost that Stairgate does not use."))
    return AESGCM(_derive(passphrase, bytes.fromhex(match[4].decode()), cost))


def _derive(passphrase: str, salt: bytes, cost: int) -> bytes:
    secret = passphrase.encode("utf-8", "surrogatepass")
    with _turn:
        return hashlib.scrypt(secret, salt=salt, n=cost, r=_BLOCK, p=_PARALLEL, maxmem=_MEMORY_MAX, dklen=32)


def _nonce(kind: int, place: int) -> bytes:
    """Unique under one key, as each file has its own salt and each piece its own place."""
    return kind.to_bytes(8, "big") + place.to_bytes(4, "big")


def fault_of_passphrase(passphrase: str, again: str) -> str:
    """What is wrong with a new passphrase, as a sentence; empty when nothing is."""
    if len(passphrase) < limits.PASSPHRASE_CHARACTERS_MIN:
        text = _("Please use at least {count} characters; four or five words are a good way.")
        return text.format(count=limits.PASSPHRASE_CHARACTERS_MIN)
    if len(passphrase) > limits.PASSWORD_CHARACTERS_MAX:
        return _("Please use at most {count} characters.").format(count=limits.PASSWORD_CHARACTERS_MAX)
    if len(set(passphrase)) < 5:
        return _("Please use at least five different characters.")
    if passphrase != again:
        return _("The two passphrases differ. Please type the same twice.")
    return ""
