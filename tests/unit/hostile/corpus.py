"""Hostile input for every parser and page: texts that networks and children really send, and mutations of good bytes.

It decides what is tried; what must come of it is said by the tests. Everything is made from a seed, so that a failure
comes again. The texts follow what peers were broken by: stored and reflected markup in names that were only looked up,
control characters, direction overrides, oversize, paths, formats and queries.
"""

import random
from collections.abc import Iterator

TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\r\nSet-Cookie: sg=x",
    "\x1b[2J\x1b]0;owned\x07",
    "\x7f\x85\u2028\u2029",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'\" autofocus onfocus=alert(1) x='",
    "</title><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7*7 }}{% for a in b %}",
    "${7*7} #{7*7} %(x)s {0.__class__}",
    "\u202egnp.exe\u202c",
    "\u2066\u2069\u061c\u200e\u200f",
    "a\u0301" * 40,
    "Z\u0335\u0321\u0322\u0316\u0317" * 20,
    "\ud800",
    "\U0010ffff\ue000\ufffe",
    "../../../../etc/passwd",
    "/proc/self/environ",
    "stairgate://[::",
    "stairgate:pair?hub=[&code=[&code=" + "&" * 200,
    "C:\\windows\\system32",
    "; reboot #",
    "$(reboot) `reboot`",
    "' OR 1=1 --",
    "*)(uid=*))(|(uid=*",
    "xn--e1afmkfd.example",
    "-._.-",
    "." * 300,
    "a" * 64 + ".example",
    "a" * 65536,
    "\u00e9" * 65536,
    "9" * 400,
    "9" * 5000,
    "-1",
    "1e309",
    "NaN",
    "0x10",
    "\u0661\u0662",
    "true",
    "null",
    "[[[[[[[[[[",
)

#: What must never stand in a page as it was typed.
MARKUP = ("<script", "<img", "<svg", "onerror=alert(1)>")


def mutations(good: bytes, seed: int, count: int) -> Iterator[bytes]:
    """`count` damaged versions of good bytes: flipped, cut, doubled, stuffed, shuffled; the same for the same seed."""
    chance = random.Random(seed)
    pieces = [text.encode("utf-8", "surrogatepass") for text in TEXTS]
    for _ in range(count):
        data = bytearray(good)
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            at = chance.randrange(len(data) + 1)
            kind = chance.randrange(8)
            if kind == 0 and data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            elif kind == 1:
                del data[at:]
            elif kind == 2:
                del data[at : at + chance.randrange(1, 40)]
            elif kind == 3:
                data[at:at] = data[at : at + chance.randrange(1, 200)]
            elif kind == 4:
                data[at:at] = chance.choice(pieces)
            elif kind == 5:
                data[at:at] = chance.randbytes(chance.randrange(1, 40))
            elif kind == 6:
                lines = bytes(data).split(b"\n")
                chance.shuffle(lines)
                data = bytearray(b"\n".join(lines))
            elif data:
                digits = [index for index, byte in enumerate(data) if 48 <= byte <= 57]
                if digits:
                    place = chance.choice(digits)
                    data[place : place + 1] = chance.choice(
                        (b"9" * 25, b"9" * 5000, b"-1", b"1e999", b"NaN", b"Infinity", b"0", b"true", b"null", b'""')
                    )
        yield bytes(data)


def noise(seed: int, count: int) -> Iterator[bytes]:
    """`count` runs of random bytes up to 300 long, then a few of 64 KB."""
    chance = random.Random(seed)
    for _ in range(count):
        yield chance.randbytes(chance.randrange(300))
    yield from (b"\0" * 65536, b"[" * 65536, b"{" * 65536, b"\xff" * 65536, b'"' * 65536, b"\n" * 65536)
