"""Packs: fetched from a real HTTP server that misbehaves, kept whole or not at all, and killed at any byte."""

import contextlib
import errno
import hashlib
import io
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent import pack_fetch
from stairgate.agent.limits import PACK_BYTES_MAX, PACK_CHUNK_BYTES, PACKS_ON_DISK
from stairgate.agent.pack_fetch import PackFetch
from stairgate.agent.pack_store import PackStore
from stairgate.agent.packs import NOTHING, Found, Wanted, wanted_by
from stairgate.core.records import Pack
from stairgate.core.refused import Refused
from tests.lab.policies import family_policy
from tests.lab.processes import wait_until
from tests.unit.agent.pack_hub import PackHub

CONTENT = b"".join(hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(12_000))
SIZE, SHA = len(CONTENT), hashlib.sha256(CONTENT).hexdigest()
OLDER = b"the last good one"
OLDER_SHA = hashlib.sha256(OLDER).hexdigest()
CUTS = [0, 1, 100, PACK_CHUNK_BYTES - 1, PACK_CHUNK_BYTES, SIZE // 2, SIZE - 1, SIZE]


class Place:
    """A hub, a folder, and a fetch that can be begun anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "packs"
        self.hub = PackHub()
        self.hub.content[f"/packs/{SHA}"] = CONTENT
        self.store = PackStore(self.folder)
        self.wanted = Wanted(SHA, SIZE, (("127.0.0.1", self.hub.port),))
        self.fetches: list[PackFetch] = []

    def begin(self, wanted: Wanted | None = None) -> PackFetch:
        """A new process on the same disk wants the pack."""
        self.fetches.append(PackFetch(PackStore(self.folder)))
        self.fetches[-1].want(wanted or self.wanted)
        return self.fetches[-1]

    def arrived(self, fetch: PackFetch) -> None:
        """Wait for the pack; it is whole."""
        wait_until("the pack", lambda: fetch.found == Found(SHA, str(self.store.path(SHA)), ""))
        assert self.store.path(SHA).read_bytes() == CONTENT
        assert not self.store.part(SHA).exists()

    def keep_older(self) -> None:
        """The last good pack is here."""
        self.folder.mkdir(exist_ok=True)
        self.store.path(OLDER_SHA).write_bytes(OLDER)

    def close(self) -> None:
        """End all."""
        for fetch in self.fetches:
            fetch.close()
            os.close(fetch._wake_read)
            os.close(fetch._wake_write)
        self.hub.close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(pack_fetch, "PACK_RETRY_FIRST_SECONDS", 0.01)
    made = Place(tmp_path)
    yield made
    made.close()


def test_a_pack_is_fetched_once_and_found_again_after_a_restart(place: Place) -> None:
    fetch = place.begin()
    assert select.select([fetch.fileno()], [], [], 20)[0]
    place.arrived(fetch)
    fetch.acknowledge()
    assert not select.select([fetch.fileno()], [], [], 0)[0]

    place.arrived(place.begin())

    assert place.hub.asked == [""]
    assert place.store.path(SHA).stat().st_mode & 0o777 == 0o600


def test_wanting_the_same_again_asks_nobody(place: Place) -> None:
    fetch = place.begin()
    place.arrived(fetch)
    for _ in range(3):
        fetch.want(place.wanted)

    assert place.hub.asked == [""]


@pytest.mark.parametrize("cut", CUTS)
def test_what_was_cut_off_is_gone_on_with(place: Place, cut: int) -> None:
    place.hub.ways = [f"cut {cut:02}"]

    place.arrived(place.begin())

    begun = f"bytes={cut}-" if cut else ""
    assert place.hub.asked == (["", begun] if cut < SIZE else [""])


@pytest.mark.parametrize("cut", CUTS)
def test_after_a_power_cut_at_any_byte_it_is_gone_on_with(place: Place, cut: int) -> None:
    place.keep_older()
    place.store.part(SHA).write_bytes(CONTENT[:cut])

    fetch = place.begin()

    place.arrived(fetch)
    assert place.hub.asked == ([] if cut == SIZE else [f"bytes={cut}-" if cut else ""])


@pytest.mark.parametrize("bad", [b"\0" * 1000, CONTENT[:500] + b"\0" * 500, CONTENT + b"x", b"x" * SIZE])
def test_a_part_that_is_not_the_beginning_of_the_pack_is_given_up(place: Place, bad: bytes) -> None:
    place.folder.mkdir()
    place.store.part(SHA).write_bytes(bad)

    place.arrived(place.begin())

    assert place.hub.asked[-1] == ""


def test_a_hub_that_knows_no_ranges_serves_all(place: Place) -> None:
    place.folder.mkdir()
    place.store.part(SHA).write_bytes(CONTENT[:1000])
    place.hub.ways = ["whole"]

    place.arrived(place.begin())

    assert place.hub.asked == ["bytes=1000-"]


@pytest.mark.parametrize(
    ("way", "failing"),
    [
        ("404", "http_404"),
        ("500", "http_500"),
        ("301", "http_301"),
        ("416", "http_416"),
        ("204", "http_204"),
        ("wrong", "wrong_hash"),
        ("more", "too_large"),
        ("cut 5000", "cut_off"),
    ],
)
def test_what_a_bad_hub_does_is_told_and_the_last_good_pack_stays(place: Place, way: str, failing: str) -> None:
    place.keep_older()
    place.hub.ways = [way] * 1000
    fetch = place.begin()

    wait_until("what fails", lambda: fetch.found == Found(OLDER_SHA, str(place.store.path(OLDER_SHA)), failing))
    wait_until("another try", lambda: len(place.hub.asked) > 1)
    assert place.store.path(OLDER_SHA).read_bytes() == OLDER
    assert place.store.kept() == [OLDER_SHA]
    place.hub.ways.clear()

    place.arrived(fetch)


def test_of_more_bytes_than_the_policy_says_no_more_are_kept(place: Place) -> None:
    place.hub.content[f"/packs/{SHA}"] = CONTENT + b"x" * (1 << 20)
    fetch = place.begin()

    wait_until("a refusal", lambda: fetch.found.failing == "too_large")
    assert place.store.kept() == []
    assert not place.store.part(SHA).exists() or place.store.part(SHA).stat().st_size <= SIZE


def test_a_hub_that_does_not_go_on_is_left_for_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_fetch, "PACK_IDLE_SECONDS", 0.2)
    other = PackHub()
    other.content = place.hub.content
    place.hub.ways = ["stall 1000"]

    place.arrived(place.begin(place.wanted._replace(sources=(*place.wanted.sources, ("127.0.0.1", other.port)))))

    assert (place.hub.asked, other.asked) == ([""], ["bytes=1000-"])
    other.close()


def test_one_try_has_an_end_and_the_next_goes_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_fetch, "PACK_TRY_SECONDS", -1.0)

    place.arrived(place.begin())

    firsts = [int(asked.strip("bytes=-") or 0) for asked in place.hub.asked]
    assert firsts == sorted(set(firsts)) and len(firsts) > 2


def test_an_address_without_a_hub_is_passed_over(place: Place) -> None:
    sources = (("127.0.0.1", 9), ("127.0.0.1", place.hub.port), ("::1", 9))

    place.arrived(place.begin(place.wanted._replace(sources=sources)))


def test_a_pack_that_was_damaged_on_the_disk_is_fetched_again(place: Place) -> None:
    place.keep_older()
    place.store.path(SHA).write_bytes(CONTENT[:-1] + b"x")

    place.arrived(place.begin())

    assert place.hub.asked == [""]


def test_a_last_good_pack_that_was_damaged_is_not_used(place: Place) -> None:
    place.keep_older()
    place.store.path(OLDER_SHA).write_bytes(OLDER + b"x")
    place.hub.ways = ["404"] * 1000
    fetch = place.begin()

    wait_until("what fails", lambda: fetch.found == Found("", "", "http_404"))
    assert place.store.kept() == []


def test_old_packs_go_once_the_new_one_is_used(place: Place) -> None:
    place.keep_older()
    fetch = place.begin()
    place.arrived(fetch)
    assert place.store.path(OLDER_SHA).exists()
    (place.folder / "something else").touch()

    fetch.keep_only(SHA)

    assert sorted(os.listdir(place.folder)) == [f"{SHA}.pack", "something else"]


def test_a_pack_that_the_filter_could_not_use_is_not_fetched_again(place: Place) -> None:
    place.keep_older()
    fetch = place.begin()
    place.arrived(fetch)

    fetch.want(place.wanted._replace(refused=frozenset({SHA})))

    wait_until("the older one", lambda: fetch.found == Found(OLDER_SHA, str(place.store.path(OLDER_SHA)), "bad_pack"))
    assert place.hub.asked == [""]


@pytest.mark.parametrize(
    ("size", "has_source", "failing"), [(PACK_BYTES_MAX + 1, True, "too_large"), (SIZE, False, "no_source")]
)
def test_what_cannot_succeed_is_not_tried(place: Place, size: int, has_source: bool, failing: str) -> None:
    place.keep_older()
    fetch = place.begin(Wanted(SHA, size, place.wanted.sources if has_source else ()))

    wait_until("the reason", lambda: fetch.found == Found(OLDER_SHA, str(place.store.path(OLDER_SHA)), failing))
    assert place.hub.asked == []


def test_a_newer_wish_ends_the_older_one(place: Place) -> None:
    place.hub.ways = ["404"] * 3
    fetch = place.begin(place.wanted._replace(sha256="0" * 64))
    wait_until("a failure", lambda: fetch.found.failing)

    fetch.want(place.wanted)
    place.arrived(fetch)
    fetch.want(Wanted("", 0, ()))

    wait_until("nothing", lambda: fetch.found == NOTHING)


def test_without_room_on_the_disk_nothing_is_written_and_it_is_tried_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.keep_older()
    real = os.statvfs

    class Full:
        f_bavail, f_frsize = 1, 4096

    with monkeypatch.context() as patch:
        patch.setattr("stairgate.agent.pack_store.os.statvfs", lambda path: Full())
        fetch = place.begin()
        wait_until("what fails", lambda: fetch.found.failing == "no_space")
        assert fetch.found.sha256 == OLDER_SHA
        assert place.hub.asked == []
        assert not place.store.part(SHA).exists()
    assert os.statvfs is real

    place.arrived(fetch)


def test_a_disk_that_fills_up_meanwhile_loses_the_part_and_not_the_last_good_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.keep_older()

    class FullFile(io.FileIO):
        def write(self, data: object, /) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("stairgate.agent.pack_store.io.FileIO", FullFile)
        fetch = place.begin()
        wait_until("what fails", lambda: fetch.found.failing == "no_space")
        assert place.store.kept() == [OLDER_SHA]

    place.arrived(fetch)


def test_a_folder_that_cannot_be_made_is_told(place: Place) -> None:
    place.folder.write_text("a file")
    fetch = place.begin()

    wait_until("what fails", lambda: fetch.found.failing)
    assert fetch.found.sha256 == ""


def test_a_link_in_the_part_s_place_is_not_followed(place: Place, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    place.folder.mkdir()
    place.store.part(SHA).symlink_to(precious)
    fetch = place.begin()

    wait_until("what fails", lambda: fetch.found.failing)
    assert precious.read_bytes() == b"precious"


def test_what_is_no_pack_is_left_alone_and_many_are_not_looked_at(place: Place) -> None:
    place.folder.mkdir()
    for number in range(3 * PACKS_ON_DISK):
        (place.folder / f"{number:064x}.pack").touch()
    (place.folder / f"{'z' * 64}.pack").touch()
    place.store.path(SHA).symlink_to(place.folder / "elsewhere")

    assert len(place.store.kept()) == PACKS_ON_DISK
    assert SHA not in place.store.kept()


KILLED = """
import sys, os, signal
from pathlib import Path
from stairgate.agent import pack_store
from stairgate.agent.pack_fetch import PackFetch
from stairgate.agent.packs import Wanted
steps = int(sys.argv[1])
def count(work):
    def counted(*given):
        global steps
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*given)
    return counted
pack_store.Part.write = count(pack_store.Part.write)
pack_store.Part.finish = count(pack_store.Part.finish)
pack_store.os.rename = count(pack_store.os.rename)
pack_store.os.fsync = count(pack_store.os.fsync)
fetch = PackFetch(pack_store.PackStore(Path(sys.argv[2])))
fetch.want(Wanted(sys.argv[3], int(sys.argv[4]), (("127.0.0.1", int(sys.argv[5])),)))
while not fetch.found.sha256 == sys.argv[3]:
    pass
"""


def test_killed_at_any_step_of_its_work_it_leaves_all_or_nothing(place: Place) -> None:
    place.keep_older()
    ends = []
    for step in range(1, 40):
        words = [str(step), str(place.folder), SHA, str(SIZE), str(place.hub.port)]
        ran = subprocess.run([sys.executable, "-c", KILLED, *words], check=False, timeout=60)
        ends.append(ran.returncode)
        if place.store.path(SHA).exists():
            assert place.store.path(SHA).read_bytes() == CONTENT
        assert place.store.path(OLDER_SHA).read_bytes() == OLDER
        if ran.returncode == 0:
            break
        with contextlib.suppress(FileNotFoundError):
            assert CONTENT.startswith(place.store.part(SHA).read_bytes())

    assert ends[0] == -signal.SIGKILL and ends[-1] == 0
    place.arrived(place.begin())


def test_a_part_refuses_more_than_it_should_have(place: Place) -> None:
    with place.store.begin(SHA, 10) as part:
        part.write(b"x" * 10)
        with pytest.raises(Refused, match="too_large"):
            part.write(b"x")
    with place.store.begin(SHA, 10) as part:
        part.write(b"x" * 10)
        with pytest.raises(Refused, match="wrong_hash"):
            part.finish()
    assert os.listdir(place.folder) == []


def test_what_a_policy_wants_is_its_pack_of_names_from_its_hub() -> None:
    policy = family_policy(5)
    assert policy.hub
    sources = ((policy.hub.addresses[0], 8080),)
    assert wanted_by(policy) == Wanted("", 0, sources)

    packs = (Pack("other", "1", "1" * 64, 7), Pack("names", "2", SHA, SIZE))
    assert wanted_by(policy._replace(packs=packs)) == Wanted(SHA, SIZE, sources)
    assert wanted_by(policy._replace(packs=packs, hub=None)).sources == ()
