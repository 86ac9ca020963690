"""The pack in memory: it answers as the core's own reader, and a file that is not whole is refused."""

import random
from hashlib import sha256
from pathlib import Path

import pytest

from stairgate.agent.dns.table import Table
from stairgate.core.pack import Pack
from stairgate.core.refused import Refused
from stairgate.hub.pack_builder import build
from tests.unit.agent.dns.rig import LISTED, table


def names(count: int) -> list[str]:
    """Names at random, the same each time."""
    chance = random.Random(4)
    return [
        ".".join(str(chance.randrange(40)) for _ in range(chance.randrange(1, 4))) + ".example" for _ in range(count)
    ]


def test_it_answers_as_the_core_does(tmp_path: Path) -> None:
    listed = [(name, (("ads", "games", "other")[len(name) % 3],)) for name in names(3000)]
    built = build(listed, (), tmp_path / "names.pack")
    data = (tmp_path / "names.pack").read_bytes()
    pack = Pack(lambda offset, count: data[offset : offset + count], len(data))
    made = Table(str(tmp_path / "names.pack"))
    for _ in made.checking():
        pass
    assert (made.sha256, made.names) == (built.sha256, built.names)
    hits = 0
    for name in [*names(4000), "example", "com", "other.org", ""]:
        for asked in (name, "www." + name):
            number = made.set_of(asked)
            hits += number > 0
            assert number == pack.set_of(asked)
            assert made.tags_of(asked) == pack.tags_of(asked)
    assert hits > 1000
    made.close()


def test_bytes_that_match_across_two_fingerprints_are_no_match(tmp_path: Path) -> None:
    made = table(tmp_path)
    digest = sha256(b"ads.example").digest()
    data = bytearray((tmp_path / "names.pack").read_bytes())
    place = bytes(data).index(digest[2:6])
    # The same four bytes, one place further on.
    data[place : place + 4] = b"\0" + digest[2:5]
    data[place + 4 : place + 5] = digest[5:6]
    data[-32:] = sha256(data[:-32]).digest()
    (tmp_path / "shifted.pack").write_bytes(data)
    shifted = Table(str(tmp_path / "shifted.pack"))
    assert made.set_of("ads.example") > 0
    assert shifted.set_of("ads.example") == 0
    made.close()
    shifted.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:40],
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"SGPX" + data[4:],
        lambda data: data[:-1] + bytes((data[-1] ^ 1,)),
        lambda data: data[:-40] + bytes((data[-40] ^ 1,)) + data[-39:],
        lambda data: resealed(data[:5000] + b"\xff\xff\xff\xff" + data[5004:-32]),  # an index that runs away
        lambda data: resealed(data[:-33] + b"\xff"),  # the set of the last name
    ],
)
def test_a_damaged_pack_is_refused(tmp_path: Path, damage: object) -> None:
    table(tmp_path).close()
    path = tmp_path / "damaged.pack"
    path.write_bytes(damage((tmp_path / "names.pack").read_bytes()))  # type: ignore[operator]
    with pytest.raises(Refused) as raised:
        for _ in Table(str(path)).checking():
            pass
    assert raised.value.reason == "bad_pack"


def resealed(content: bytes) -> bytes:
    """The content with a trailer that fits."""
    return content + sha256(content).digest()


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(OSError):
        Table("/nowhere/names.pack")
    assert LISTED
