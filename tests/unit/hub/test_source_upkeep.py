"""Lists by themselves: taken when due, kept when the new one is worse, built into a pack that every policy names."""

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stairgate.core.pack import Pack, name_hash
from stairgate.core.policy import read_policy
from stairgate.hub import limits, list_reading, list_worker
from stairgate.hub.acts import NotPossible
from stairgate.hub.backup import Places
from stairgate.hub.clock import ManualClock
from stairgate.hub.keeping import Keeping, on_disk
from stairgate.hub.known_sources import KNOWN
from stairgate.hub.list_formats import ListRefused
from stairgate.hub.list_reading import Base, write_pack
from stairgate.hub.list_upkeep import due_at, is_due
from stairgate.hub.packs import Written
from stairgate.hub.source_copies import Copies
from stairgate.hub.source_fetch import Fetched, Fetcher, FetchFault
from stairgate.hub.sources import FORMATS, TAGS, Outcome, Source, Sources
from stairgate.hub.store import StoreError
from stairgate.hub.tag_sets import PackError
from tests.lab.processes import wait_until
from tests.unit.hub.conftest import EVENING, HOME, ROUTER, Hub

HOUR = 3600


class Internet(Fetcher):
    """The fake of what is out there: lists by address, each with its ETag; a sentence stands for a failure."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str, bytes | str] = {}
        self.asked: list[tuple[str, str]] = []

    def fetch(self, url: str, target: Path, etag: str = "", modified: str = "", room: int = 1 << 62) -> Fetched:
        self.asked.append((url, etag))
        content = self.lists.get(url, "Its server answered 404 instead of the list.")
        if isinstance(content, str):
            raise FetchFault(content)
        digest = name_hash(content.hex()).hex()
        if etag == digest:
            return Fetched(True)
        target.write_bytes(content)
        return Fetched(False, digest, "", len(content), digest)


URL = "https://lists.example/adult.txt"


def names(count: int, word: str = "name") -> bytes:
    return b"".join(f"{word}{number}.example\n".encode() for number in range(count))


class DiskHub(Hub):
    """A hub with a data directory and a fake internet."""

    def __init__(self, data: Path) -> None:
        data.mkdir()

        def keeping(clock: ManualClock) -> Keeping:
            return on_disk(Places(data / "home", data), clock, lambda: None)

        super().__init__(keeping)
        self.data = data
        self.internet = Internet()
        self.upkeep = self.parts.lists.upkeep
        self.upkeep._fetcher = self.internet
        self.sources = self.parts.lists.sources
        self.shelf = self.parts.lists.shelf

    def close(self) -> None:
        self.parts.keeping.history.close()
        self.store.close()

    def add(self, url: str = URL, form: str = "plain", tag: str = "adult") -> Source:
        return self.sources.add(Source("", f"{form} {tag} {url[-12:]}", url, form, tag))

    def outcome(self, source: Source) -> Outcome:
        found = self.sources.get(source.id)
        assert found
        return found.outcome

    def tags(self, name: str) -> tuple[str, ...]:
        """What the newest pack says of a name."""
        newest = self.shelf.newest()
        assert newest
        path = self.shelf.file(newest.sha256)
        assert path
        with path.open("rb") as file:

            def read(offset: int, count: int) -> bytes:
                file.seek(offset)
                return file.read(count)

            pack = Pack(read, path.stat().st_size)
            return tuple(pack.tags_of(name))

    def policy_pack(self) -> str:
        """The digest that the last policy names, empty when it names none."""
        with self.store.transaction(HOME) as rows:
            issued = self.parts.issuer.newest(rows, ROUTER)
        assert issued
        policy = read_policy(issued.document.partition(b"\n")[2])
        return policy.packs[0].sha256 if policy.packs else ""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[DiskHub]:
    hub = DiskHub(tmp_path / "data")
    yield hub
    hub.close()


# A first pack


def test_something_holds_without_any_list(hub: DiskHub) -> None:
    hub.upkeep.prepare()

    assert "youtube" in hub.tags("www.youtube.com")
    assert hub.tags("dns.google") == ("doh",)
    assert hub.tags("name1.example") == ()
    assert hub.internet.asked == []
    newest = hub.shelf.newest()
    assert newest and hub.policy_pack() == newest.sha256
    hub.upkeep.turn()
    assert hub.shelf.newest() == newest and hub.internet.asked == []


def test_nothing_is_kept_or_fetched_where_there_is_no_place_for_it() -> None:
    hub = Hub()
    hub.parts.lists.sources.switch("kadultsb", True)
    hub.parts.lists.upkeep.prepare()
    hub.parts.lists.upkeep.turn()
    assert hub.parts.lists.shelf.newest() is None
    hub.store.close()


# Taking a list


def test_a_list_becomes_part_of_the_pack_and_of_the_policy(hub: DiskHub) -> None:
    hub.upkeep.prepare()
    before = hub.policy_pack()
    source = hub.add()
    hub.internet.lists[URL] = b"# comment\n" + names(500) + b"not a name!\nlocalhost\n"

    hub.upkeep.turn()

    outcome = hub.outcome(source)
    assert (outcome.names, outcome.fault, outcome.fetched) == (500, "", int(EVENING))
    assert dict(outcome.dropped) == {"not_a_name": 1, "local_name": 1}
    assert hub.tags("name1.example") == ("adult",) == hub.tags("www.name499.example")
    assert hub.policy_pack() not in ("", before)


def test_a_list_is_asked_for_again_by_its_etag_when_its_hours_are_over(hub: DiskHub) -> None:
    source = hub.add()
    hub.internet.lists[URL] = names(500)
    hub.upkeep.turn()
    pack = hub.shelf.newest()
    hub.upkeep.turn()
    hub.clock.advance(24 * HOUR - 1)
    hub.upkeep.turn()
    assert len(hub.internet.asked) == 1
    hub.clock.advance(24 * HOUR * limits.SOURCE_JITTER + 2)
    hub.upkeep.turn()
    assert [etag for _, etag in hub.internet.asked] == ["", hub.outcome(source).etag]
    assert hub.outcome(source).fetched == int(hub.clock.wall()) and hub.outcome(source).names == 500
    assert hub.shelf.newest() == pack


def test_a_copy_that_was_lost_is_fetched_anew_without_an_etag(hub: DiskHub) -> None:
    source = hub.add()
    hub.internet.lists[URL] = names(500)
    hub.upkeep.turn()
    Copies(hub.data).path(source.id).unlink()
    hub.upkeep.turn()
    assert [etag for _, etag in hub.internet.asked] == ["", ""]
    assert hub.tags("name1.example") == ("adult",)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("Its server was not found.", "Its server was not found."),
        (b"", "nothing in it"),
        (b"# only\n# comments\n", "nothing in it"),
        (b"\x00\xff" * 1000, "nothing in it"),
        (b"\xef\xbb\xbf \n<!DOCTYPE html><title>Not found</title>", "A web page"),
        (b"<HTML>\nname1.example\n", "A web page"),
        (names(249), "It has 249 entries where it had 500"),
    ],
)
def test_the_last_good_one_stays(hub: DiskHub, content: bytes | str, why: str) -> None:
    source = hub.add()
    hub.internet.lists[URL] = names(500)
    hub.upkeep.turn()
    pack, good = hub.shelf.newest(), hub.outcome(source)

    hub.clock.advance(48 * HOUR)
    hub.internet.lists[URL] = content
    hub.upkeep.turn()

    outcome = hub.outcome(source)
    assert why in outcome.fault and outcome.failures == 1
    assert outcome[4:] == good[4:] and outcome.fetched == good.fetched
    assert hub.shelf.newest() == pack and hub.tags("name499.example") == ("adult",)
    assert Copies(hub.data).path(source.id).read_bytes() == names(500)
    assert sorted(path.name for path in (hub.data / "sources").iterdir()) == [f"{source.id}.list"]


def test_a_list_may_lose_a_half_and_a_short_one_what_it_likes(hub: DiskHub) -> None:
    long, short = hub.add(), hub.add(f"{URL}2")
    hub.internet.lists.update({URL: names(500), f"{URL}2": names(99, "other")})
    hub.upkeep.turn()
    hub.clock.advance(48 * HOUR)
    hub.internet.lists.update({URL: names(250), f"{URL}2": names(1, "other")})
    hub.upkeep.turn()
    assert (hub.outcome(long).names, hub.outcome(short).names) == (250, 1)
    assert hub.tags("name499.example") == ()


def test_a_parent_may_take_a_short_one_all_the_same_but_only_once(hub: DiskHub) -> None:
    source = hub.add()
    for count, fault in ((500, False), (100, True)):
        hub.internet.lists[URL] = names(count)
        hub.upkeep.turn()
        hub.clock.advance(48 * HOUR)
        assert bool(hub.outcome(source).fault) == fault
    hub.sources.refresh(source.id, short=True)
    hub.upkeep.turn()
    assert (hub.outcome(source).names, hub.outcome(source).fault) == (100, "")
    hub.internet.lists[URL] = names(10)
    hub.sources.refresh(source.id)
    hub.upkeep.turn()
    assert hub.outcome(source).names == 100 and hub.outcome(source).fault


def test_failures_are_tried_again_later_and_later(hub: DiskHub) -> None:
    source = hub.add()
    waits = []
    for _ in range(10):
        hub.upkeep.turn()
        asked, start = len(hub.internet.asked), hub.clock.wall()
        while len(hub.internet.asked) == asked:
            hub.clock.advance(600)
            hub.upkeep.turn()
        waits.append(round((hub.clock.wall() - start) / 600))
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 144, 144]
    assert hub.outcome(source).failures == 11


def test_what_cannot_be_written_down_is_not_fetched_on_and_on(hub: DiskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    source = hub.add()
    hub.internet.lists[URL] = names(500)

    def full(*_: object) -> None:
        raise StoreError("full")

    with monkeypatch.context() as patched:
        patched.setattr(Sources, "note", full)
        for _ in range(3):
            hub.upkeep.turn()
    assert len(hub.internet.asked) == 1
    hub.clock.advance(limits.SOURCE_RETRY_SECONDS)
    hub.upkeep.turn()
    assert hub.outcome(source).names == 500


def test_a_full_disk_is_told_and_leaves_everything(hub: DiskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.upkeep.prepare()
    pack = hub.shelf.newest()
    source = hub.add()
    hub.internet.lists[URL] = names(500)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        hub.upkeep.turn()
    assert hub.outcome(source).fault == "The hub’s disk is full or cannot be written."
    assert hub.shelf.newest() == pack
    hub.clock.advance(HOUR)
    with monkeypatch.context() as patched:
        patched.setattr(list_reading, "write_pack", full)
        hub.upkeep.turn()
        hub.upkeep.turn()
    assert hub.outcome(source).names == 500
    assert "what was in force before still is" in hub.upkeep.fault and hub.shelf.newest() == pack
    hub.upkeep.turn()  # not at once
    assert hub.upkeep.fault
    hub.clock.advance(limits.PACK_RETRY_SECONDS)
    hub.upkeep.turn()
    assert not hub.upkeep.fault and hub.tags("name1.example") == ("adult",)


def test_all_copies_together_have_a_bound(hub: DiskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = hub.add(), hub.add(f"{URL}2")
    hub.internet.lists[URL] = names(500)
    hub.upkeep.turn()
    copies = Copies(hub.data)
    size = copies.path(first.id).stat().st_size
    monkeypatch.setattr(limits, "SOURCE_COPIES_BYTES_MAX", size + 100)
    assert (copies.room(first.id), copies.room(second.id)) == (size + 100, 100)


# What is in the pack


def test_a_list_that_is_switched_off_is_out_of_the_pack_and_off_the_disk(hub: DiskHub) -> None:
    source = hub.add()
    hub.internet.lists[URL] = names(500)
    hub.upkeep.turn()
    hub.sources.switch(source.id, False)
    hub.upkeep.turn()
    assert hub.tags("name1.example") == () and not Copies(hub.data).has(source.id)
    hub.sources.switch(source.id, True)
    hub.upkeep.turn()
    assert hub.tags("name1.example") == ("adult",)
    hub.sources.remove(source.id)
    hub.upkeep.turn()
    assert hub.tags("name1.example") == () and hub.sources.get(source.id) is None


def test_a_list_nobody_may_read_holds_for_everybody_and_only_as_long_as_it_is_on(hub: DiskHub) -> None:
    hub.upkeep.prepare()
    source = hub.add("https://hotline.example/h", "hashed", "illegal")
    hub.internet.lists["https://hotline.example/h"] = name_hash("hidden.example").hex().encode() + b"\n"
    hub.upkeep.turn()
    assert hub.tags("www.hidden.example") == ("illegal",)
    assert hub.shelf.listed().everyone == ("illegal",)
    hub.sources.switch(source.id, False)
    hub.upkeep.turn()
    assert hub.shelf.listed().everyone == () and hub.tags("www.hidden.example") == ()


def test_no_list_takes_away_what_helps_a_child(hub: DiskHub) -> None:
    hub.add()
    hub.add(f"{URL}2", "adblock", "drugs")
    hub.internet.lists.update(
        {URL: b"childline.org.uk\nscarleteen.com\n", f"{URL}2": b"||childline.org.uk^$important\n"}
    )
    hub.upkeep.turn()
    assert hub.tags("www.childline.org.uk") == () == hub.tags("scarleteen.com")


def test_addresses_of_resolvers_are_in_the_pack(hub: DiskHub) -> None:
    source = hub.add("https://lists.example/4", "addresses", "doh")
    hub.internet.lists["https://lists.example/4"] = b"93.184.215.14  # one\n10.0.0.1\n2a00:1450::/32\n"
    hub.upkeep.turn()
    assert (hub.outcome(source).names, hub.outcome(source).dropped) == (2, (("own_network", 1),))
    newest = hub.shelf.newest()
    path = hub.shelf.file(newest.sha256) if newest else None
    assert path and bytes((93, 184, 215, 14)) in path.read_bytes()


def test_the_same_lists_make_the_same_bytes(hub: DiskHub, tmp_path: Path) -> None:
    other = DiskHub(tmp_path / "other")
    for each in (hub, other):
        each.internet.lists.update({known.url: names(300, known.tag) for known in KNOWN})
        for known in KNOWN if each is hub else reversed(KNOWN):
            if known.format != "addresses":
                each.sources.switch(known.id, True)
        each.upkeep.turn()
    assert hub.shelf.newest() == other.shelf.newest() is not None
    other.close()


# Files of one's own


def test_a_file_in_the_data_directory_is_a_list(hub: DiskHub) -> None:
    source = hub.add("school.txt", "hosts", "games")
    hub.upkeep.turn()
    assert "no file of this name" in hub.outcome(source).fault
    (hub.data / "lists").mkdir()
    (hub.data / "lists" / "school.txt").write_bytes(b"0.0.0.0 game.example\n")
    hub.sources.refresh(source.id)
    hub.upkeep.turn()
    assert hub.tags("game.example") == ("games",) and hub.internet.asked == []


def test_only_a_plain_file_is_one(hub: DiskHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = hub.data / "lists"
    lists.mkdir()
    (tmp_path / "secret").write_bytes(b"secret.example\n")
    (lists / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(lists / "pipe")
    (lists / "folder").mkdir()
    (lists / "large").write_bytes(names(500))
    monkeypatch.setattr(limits, "SOURCE_BYTES_MAX", 1000)
    for name, why in (
        ("link", "links are not"),
        ("pipe", "not a plain"),
        ("folder", "not a plain"),
        ("large", "larger"),
    ):
        source = hub.add(name)
        hub.upkeep.turn()
        assert why in hub.outcome(source).fault, name


# When


def source(tried: int = 0, fetched: int = 0, failures: int = 0) -> Source:
    return Source("s1", "t", URL, "plain", "adult", enabled=True, outcome=Outcome(tried, fetched, "", failures))


def test_when_a_list_is_due() -> None:
    now = int(EVENING)
    assert due_at(replace(source(), enabled=False)) == float("inf")
    assert due_at(source()) == 0
    due = due_at(source(tried=now, fetched=now))
    assert 24 * HOUR <= due - now <= 24 * HOUR * (1 + limits.SOURCE_JITTER)
    assert len({due_at(source(tried=now + at, fetched=now + at)) - at for at in range(20)}) > 10
    assert due_at(source(tried=now, failures=1)) == now + 600
    assert due_at(source(tried=now, failures=100)) == now + 24 * HOUR
    # Fetched by a clock that was years ahead.
    assert is_due(source(tried=now + 90 * 86400, fetched=now + 90 * 86400), now)
    assert not is_due(source(tried=now + 86400, fetched=now + 86400), now)


def test_builds_are_not_crowded_while_lists_arrive(hub: DiskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    def counted(path: Path, sources: list[Source], copies: Copies, base: Base) -> Written:
        built.append(path)
        return write_pack(path, sources, copies, base)

    monkeypatch.setattr(list_reading, "write_pack", counted)
    for number in range(5):
        hub.add(f"{URL}{number}")
        hub.internet.lists[f"{URL}{number}"] = names(10, f"w{number}x")
    hub.upkeep.turn()
    # One with the first list, for whoever waits, and one with all.
    assert len(built) == 2 and hub.tags("w4x1.example") == ("adult",)


# Large lists, in a process of their own


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list is a large one."""
    monkeypatch.setattr(limits, "LISTS_HERE_BYTES_MAX", -1)


def test_a_process_apart_does_the_same(hub: DiskHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = DiskHub(tmp_path / "other")
    for each in (hub, other):
        each.internet.lists[URL] = names(3000) + b"not a name!\n"
        each.sources.switch("kadultsb", True)
        each.internet.lists[next(known.url for known in KNOWN if known.id == "kadultsb")] = b"0.0.0.0 a.example\n"
    hub.add()
    source = other.sources.all()[0]
    other.upkeep.turn()
    monkeypatch.setattr(limits, "LISTS_HERE_BYTES_MAX", -1)
    hub.upkeep.turn()
    assert hub.tags("name1.example") == ("adult",) == hub.tags("a.example")
    assert dict(hub.outcome(hub.sources.all()[0]).dropped) == {"not_a_name": 1}
    assert source.is_known
    other.close()


@pytest.mark.usefixtures("apart")
def test_what_goes_wrong_apart_is_told_here(hub: DiskHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, good = list_worker.ListWorker(), Source("s1", "", "", "plain", "adult")
    copies = Copies(tmp_path)
    copies.candidate("s1").write_bytes(names(10))
    copies.accept("s1")
    with pytest.raises(FileNotFoundError):
        worker.count(tmp_path / "gone", good)
    with pytest.raises(FileNotFoundError):
        worker.write_pack(tmp_path / "no" / "such" / "pack", [good], copies, list_reading.base())
    with pytest.raises(ListRefused, match="expected a format"):
        worker.count(copies.path("s1"), replace(good, format="exe"))
    with pytest.raises(PackError, match="expected tags that are words"):
        worker.write_pack(tmp_path / "pack", [replace(good, tag="No Word")], copies, list_reading.base())
    monkeypatch.setattr(limits, "LISTS_WORK_SECONDS", 0)
    with pytest.raises(OSError, match="got none"):
        worker.count(copies.path("s1"), good)
    monkeypatch.setattr(limits, "LISTS_WORK_SECONDS", 300)
    worker.stop()
    with pytest.raises(OSError, match="got none"):
        worker.count(copies.path("s1"), good)


def test_the_process_apart_ends_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list")  # nothing ever comes out of it
    request = {"act": "count", "path": str(tmp_path / "list"), "sources": [["s1", "plain", "adult"]]}
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "stairgate.hub.list_worker"],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert worker.stdin
    worker.stdin.write(json.dumps(request).encode() + b"\n")
    worker.stdin.flush()
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.2)
    worker.stdin.close()
    assert worker.wait(30) == 1


# The thread


def test_the_thread_works_when_it_is_woken_and_ends(hub: DiskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTS_SETTLE_SECONDS", 0.01)
    hub.internet.lists[URL] = names(500)
    hub.upkeep.start()
    wait_until("a first pack", hub.shelf.newest)
    source = hub.add()
    hub.upkeep.wake()
    wait_until("the list in it", lambda: hub.outcome(source).names == 500 and hub.tags("name1.example"))
    hub.upkeep.stop()
    assert not any(thread.name == "lists" for thread in threading.enumerate())


def test_a_turn_that_fails_does_not_end_the_thread(hub: DiskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTS_TURN_SECONDS", 0.01)
    turns = threading.Semaphore(0)

    def fail(*_: object) -> None:
        turns.release()
        raise RuntimeError("a fault of our own")

    monkeypatch.setattr(Sources, "all", fail)
    hub.upkeep.start()
    for _ in range(3):
        assert turns.acquire(timeout=30)
    hub.upkeep.stop()


# The table and the store


def test_the_known_ones_are_off_and_in_order(hub: DiskHub) -> None:
    every = hub.sources.all()
    assert [each.id for each in every] == [known.id for known in KNOWN] and len({known.id for known in KNOWN}) == len(
        KNOWN
    )
    assert not any(each.enabled for each in every)
    assert all(known.tag in TAGS and known.format in FORMATS for known in KNOWN)
    assert all(known.url.startswith("https://") and known.licence and known.made_by for known in KNOWN)
    assert not any(known.format == "hashed" or known.tag == "illegal" for known in KNOWN)


def test_a_known_one_follows_the_table_and_outlives_it(hub: DiskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.sources.switch("kadultsb", True)
    known = next(each for each in KNOWN if each.id == "kadultsb")
    hub.sources.note("kadultsb", Outcome(1, 1, "", 0, 5, (), "ab", "tag"), known.url)
    moved = known._replace(url="https://moved.example/list")
    monkeypatch.setattr("stairgate.hub.sources.KNOWN", (moved,))
    found = hub.sources.get("kadultsb")
    assert found and found.url == moved.url and found.enabled and found.outcome == Outcome()
    monkeypatch.setattr("stairgate.hub.sources.KNOWN", ())
    found = hub.sources.get("kadultsb")
    assert found and found.url == known.url and not found.is_known
    hub.sources.remove("kadultsb")


def test_what_came_of_another_address_is_not_noted(hub: DiskHub) -> None:
    source = hub.add()
    hub.sources.note(source.id, Outcome(1, 1, "", 0, 5), "https://elsewhere.example/")
    hub.sources.note("gone", Outcome(1, 1, "", 0, 5), URL)
    assert hub.outcome(source) == Outcome()


def test_there_is_room_for_so_many(hub: DiskHub) -> None:
    for number in range(limits.SOURCES_MAX):
        hub.add(f"{URL}{number}")
    with pytest.raises(NotPossible, match="32 lists"):
        hub.add()
    hub.sources.remove(hub.sources.all()[0].id)
    with pytest.raises(NotPossible, match="there already"):
        hub.add(f"{URL}20")
