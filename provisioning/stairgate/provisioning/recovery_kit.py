"""The recovery kit: one page of paper that lets a family keep its routers when the hub's machine is gone.

It decides how the root key is written for people and read back; nothing here is ever written to a disk. The key is 32
bytes in four rows of sixteen letters and digits in Crockford's base32, each row with a checksum of its own, so that a
mistake is found in the row where it was made.
"""

import hashlib
from datetime import date

from stairgate.core.p256 import N
from stairgate.core.pairing import ALPHABET, MISREAD
from stairgate.provisioning.faults import Fault, Invalid
from stairgate.provisioning.settings import Home
from stairgate.provisioning.signing import SigningKey

ROWS = 4
ROW_BYTES = 8
ROW_CHARACTERS = 16
_CHECK_BITS = 15  # three letters; the other 13 hold the 64 bits of the key and one that is always 0


def render_kit(home: Home, root: SigningKey, today: date) -> str:
    """The page. `today`: printed, so that an old page is known from a newer one."""
    hosts = ", ".join(home.endpoints.hosts())
    rows = "\n".join(f"    {row}" for row in key_rows(home.id, root.secret()))
    return f"""STAIRGATE RECOVERY KIT, {today.isoformat()}

Keep this page where you keep passports. Whoever has it can give orders to
your routers. Throw it away when you make a new home.

  Home      {home.id}
  Broker    {hosts}, port {home.endpoints.port}
  Hub       the same machine; its directory was {home.directory}

  Root key
{rows}

When the signing key is lost, or somebody else may have it:
  1. On the hub's machine, in the directory of this home or a restored backup:
       stairgate home rotate-signing-key DIR --by-root
     It asks for the four rows above unless root/root.key is there.
  2. Start broker and hub. Each router takes the new key up by itself.

When the hub's machine is gone:
  1. Restore your backup on a new machine with one of the addresses above.
  2. Start broker and hub. Nothing has to be done on the routers.

Without a backup and without this page: make a new home, and pair each router
again. Until then the routers go on with the rules that they have, and
"stairgate off" at a router's console opens it.
"""


def key_rows(home: str, secret: bytes) -> list[str]:
    """The rows of a root key (32 bytes) of the home with this id."""
    rows = []
    for number in range(ROWS):
        part = secret[number * ROW_BYTES : (number + 1) * ROW_BYTES]
        value = int.from_bytes(part, "big") << _CHECK_BITS | _checksum(home, number, part)
        letters = "".join(ALPHABET[value >> shift & 31] for shift in range(5 * ROW_CHARACTERS - 5, -1, -5))
        rows.append("-".join(letters[start : start + 4] for start in range(0, ROW_CHARACTERS, 4)))
    return rows


def read_kit(home: str, text: str) -> SigningKey:
    """The root key of the home with this id, from its rows as a person typed them. Raises Invalid with every fault."""
    rows = [line for line in text.splitlines() if line.strip()]
    if len(rows) != ROWS:
        raise Invalid([Fault("root key", f"{ROWS} rows", f"{len(rows)}")])
    faults, secret = [], b""
    for number, row in enumerate(rows):
        part = _read_row(home, number, row)
        if part is None:
            expected = f"row {number + 1} of the root key of the home {home}"
            # The row itself is not repeated: it may be right but for a letter, and screens are logged.
            faults.append(Fault(f"row {number + 1}", expected, "something that its last letters do not fit"))
        else:
            secret += part
    if faults:
        raise Invalid(faults)
    scalar = int.from_bytes(secret, "big")
    if not 0 < scalar < N:
        raise Invalid([Fault("root key", "a private key of P-256", "another number")])
    return SigningKey.from_secret(secret)


def _read_row(home: str, number: int, row: str) -> bytes | None:
    letters = [MISREAD.get(letter, letter) for letter in row.upper() if letter not in " -\t\r"]
    if len(letters) != ROW_CHARACTERS or any(letter not in ALPHABET for letter in letters):
        return None
    value = 0
    for letter in letters:
        value = value << 5 | ALPHABET.index(letter)
    check = value & (1 << _CHECK_BITS) - 1
    if value >> _CHECK_BITS >= 1 << 8 * ROW_BYTES:
        return None
    part = (value >> _CHECK_BITS).to_bytes(ROW_BYTES, "big")
    return part if check == _checksum(home, number, part) else None


def _checksum(home: str, number: int, part: bytes) -> int:
    digest = hashlib.sha256(f"stairgate root key {home} {number} ".encode() + part).digest()
    return int.from_bytes(digest[:2], "big") >> 1
