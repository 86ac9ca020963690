"""The shelf of packs: the newest one whole or the one before, whatever happens while it is put there; and its page."""

import errno
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stairgate.core.policy import read_policy
from stairgate.hub import packs
from stairgate.hub.backup import Places
from stairgate.hub.clock import ManualClock
from stairgate.hub.compile import Listed
from stairgate.hub.keeping import Keeping, on_disk
from stairgate.hub.packs import PackShelf, Written
from tests.unit.hub.conftest import HOME, ROUTER, Hub

ROOT = Path(__file__).resolve().parents[3]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def writes(content: bytes, *tags: str) -> Callable[[Path], Written]:
    """A builder of this pack."""

    def build(path: Path) -> Written:
        path.write_bytes(content)
        return Written(3, tags)

    return build


def files(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "packs").iterdir())


@pytest.fixture
def shelf(tmp_path: Path) -> PackShelf:
    return PackShelf(tmp_path)


def test_without_anything_there_is_no_pack(shelf: PackShelf, tmp_path: Path) -> None:
    assert (shelf.newest(), shelf.kept, shelf.listed()) == (None, None, Listed())
    assert PackShelf(None).put("i", writes(b"x"), 1.0) is False
    assert not (tmp_path / "packs").exists()


def test_the_newest_and_the_one_before_are_kept(shelf: PackShelf, tmp_path: Path) -> None:
    for content in (b"one", b"two", b"three"):
        assert shelf.put(f"inputs of {content!r}", writes(content, "adult"), 1000.0)

    line = shelf.newest()
    assert line == ("names", f"p{digest(b'three')[:12]}", digest(b"three"), 5)
    assert files(tmp_path) == sorted([f"{digest(b'two')}.pack", f"{digest(b'three')}.pack", "newest.json"])
    assert shelf.file(digest(b"one")) is None
    again = PackShelf(tmp_path)
    assert again.kept == shelf.kept and again.newest() == line
    for content in (b"two", b"three"):
        path = again.file(digest(content))
        assert path and path.read_bytes() == content


def test_the_same_pack_again_is_no_news_and_pushes_nothing_out(shelf: PackShelf) -> None:
    shelf.put("a", writes(b"one"), 1.0)
    shelf.put("b", writes(b"two"), 2.0)
    assert shelf.put("c", writes(b"two"), 3.0) is False
    assert shelf.kept and (shelf.kept.inputs, shelf.kept.made) == ("c", 3)
    assert shelf.file(digest(b"one"))


def test_a_pack_with_the_tag_illegal_holds_for_everybody(shelf: PackShelf) -> None:
    shelf.put("a", writes(b"one", "adult", "illegal"), 1.0)
    assert shelf.listed().everyone == ("illegal",)
    shelf.put("b", writes(b"two", "adult"), 1.0)
    assert shelf.listed().everyone == ()


def broken(path: Path) -> Written:
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, "full")


@pytest.mark.parametrize("broken_part", ["build", "os.fsync", "os.replace", "packs.write_atomic"])
def test_a_full_disk_leaves_what_was_in_force(
    shelf: PackShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken_part: str
) -> None:
    shelf.put("a", writes(b"zero"), 1.0)
    shelf.put("a", writes(b"one"), 1.0)
    before = (shelf.kept, files(tmp_path))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        if broken_part != "build":
            module, _, name = broken_part.partition(".")
            patched.setattr({"os": os, "packs": packs}[module], name, full)
        with pytest.raises(OSError, match="full"):
            shelf.put("b", broken if broken_part == "build" else writes(b"two"), 2.0)

    assert (shelf.kept, files(tmp_path)) == before
    assert PackShelf(tmp_path).kept == shelf.kept
    assert shelf.put("b", writes(b"two"), 2.0)


# It counts what it does with files, and is gone at the given one: a kill at that very moment.
DYING = """
import itertools, os, sys
from pathlib import Path
from stairgate.hub.packs import PackShelf, Written
data, last = Path(sys.argv[1]), int(sys.argv[2])
shelf = PackShelf(data)
steps = itertools.count()
FILES = ("open", "os.rename", "os.remove", "os.mkdir", "os.listdir", "os.scandir")
def watch(event, _):
    if event in FILES and next(steps) == last:
        os._exit(9)
sys.addaudithook(watch)
shelf.put("new", lambda path: path.write_bytes(b"the new one") and Written(1, ("adult",)), 5.0)
print(next(steps))
"""


def dying(data: Path, step: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", DYING, str(data), str(step)],
        env={**os.environ, "PYTHONPATH": ":".join(str(ROOT / root) for root in ("hub", "micro", "provisioning"))},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_hub_killed_at_any_step_has_a_whole_pack_when_it_is_back(tmp_path: Path) -> None:
    outcomes = set()
    for step in range(40):
        data = tmp_path / str(step)
        shelf = PackShelf(data)
        shelf.put("a", writes(b"zero"), 1.0)
        shelf.put("old", writes(b"the old one"), 1.0)
        ended = dying(data, step)
        assert ended.returncode in (0, 9), ended.stderr

        again = PackShelf(data)
        assert again.kept and again.kept.inputs in ("old", "new")
        path = again.file(again.kept.sha256)
        assert path and digest(path.read_bytes()) == again.kept.sha256
        outcomes.add(again.kept.inputs)
        # The one that routers were told of last can still be fetched, and what was half done is no obstacle.
        assert again.file(digest(b"the old one"))
        assert again.put("newer", writes(b"newer"), 9.0)
        assert len(files(data)) == 3
        if ended.returncode == 0:
            assert step == int(ended.stdout) > 8
            assert outcomes == {"old", "new"}
            return
    pytest.fail("it never ended by itself")


@pytest.mark.parametrize("damage", [b"", b"the Old one", b"the old one and more", None])
def test_a_damaged_pack_is_none(shelf: PackShelf, tmp_path: Path, damage: bytes | None) -> None:
    shelf.put("older", writes(b"the one before"), 1.0)
    shelf.put("old", writes(b"the old one"), 1.0)
    path = shelf.file(digest(b"the old one"))
    assert path
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)

    again = PackShelf(tmp_path)

    # What it was built of is not known any more, so that the next build is due.
    assert again.kept and (again.kept.sha256, again.kept.inputs) == (digest(b"the one before"), "")
    assert again.file(digest(b"the old one")) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "null", "\0", '{"newest": 1, "previous": null}', "[" * 100_000),
        json.dumps({"newest": {"sha256": "../../etc/passwd"}, "previous": None}),
        json.dumps(
            {
                "newest": {"sha256": "../x", "bytes": 1, "names": 1, "tags": [], "inputs": "", "made": 1},
                "previous": None,
            }
        ),
    ],
)
def test_a_damaged_note_of_the_newest_is_no_pack(shelf: PackShelf, tmp_path: Path, text: str) -> None:
    shelf.put("a", writes(b"one"), 1.0)
    (tmp_path / "packs" / "newest.json").write_text(text)
    again = PackShelf(tmp_path)
    assert again.newest() is None
    assert again.put("a", writes(b"one"), 1.0)


# The page


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with a data directory and a pack in it."""
    PackShelf(tmp_path).put("a", writes(bytes(range(256)) * 100, "adult", "illegal"), 1.0)

    def keeping(clock: ManualClock) -> Keeping:
        return on_disk(Places(tmp_path / "home", tmp_path), clock, lambda: None)

    hub = Hub(keeping)
    hub.claim()
    yield hub
    hub.parts.keeping.history.close()
    hub.store.close()


CONTENT = bytes(range(256)) * 100
PATH = f"/packs/{digest(CONTENT)}"


def test_anybody_who_knows_the_digest_gets_the_pack(hub: Hub) -> None:
    answer = hub.new_browser().get(PATH)
    assert (answer.status_code, answer.data) == (200, CONTENT)
    assert answer.headers["ETag"] == f'"{digest(CONTENT)}"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    head = hub.new_browser().head(PATH)
    assert (head.status_code, head.data, head.content_length) == (200, b"", len(CONTENT))
    assert hub.new_browser().get(PATH, headers={"If-None-Match": f'"{digest(CONTENT)}"'}).status_code == 304


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=25000-", 25000, 25599), ("bytes=-1", 25599, 25599), ("bytes=5-999999", 5, 25599)],
)
def test_the_rest_of_a_pack(hub: Hub, asked: str, first: int, last: int) -> None:
    answer = hub.new_browser().get(PATH, headers={"Range": asked, "If-Range": f'"{digest(CONTENT)}"'})
    assert (answer.status_code, answer.data) == (206, CONTENT[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Range": "bytes=25600-"}, 416),
        ({"Range": "bytes=0-1,5-6"}, 200),
        ({"Range": "nonsense"}, 416),
        ({"Range": "bytes=0-1", "If-Range": '"another"'}, 200),
    ],
)
def test_other_ranges(hub: Hub, headers: dict[str, str], status: int) -> None:
    answer = hub.new_browser().get(PATH, headers=headers)
    assert answer.status_code == status
    assert status != 200 or answer.data == CONTENT


@pytest.mark.parametrize(
    "name",
    ["newest.json", "x", "0" * 64, digest(CONTENT).upper(), digest(CONTENT) + ".pack", ".."],
)
def test_any_other_name_is_no_page(hub: Hub, name: str) -> None:
    answer = hub.new_browser().get(f"/packs/{name}")
    assert answer.status_code == 404 and "There is no such page here." in answer.text
    assert hub.new_browser().get("/packs/").location == "/login"


def test_a_pack_that_is_gone_from_the_disk_is_no_page(hub: Hub) -> None:
    path = hub.parts.lists.shelf.file(digest(CONTENT))
    assert path
    path.unlink()
    assert hub.get(PATH).status_code == 404


def test_the_guard_is_before_packs_too(hub: Hub) -> None:
    assert hub.new_browser().get(PATH, headers={"Host": "evil.example"}).status_code == 400
    assert hub.new_browser().post(PATH).location == "/login"


def test_every_policy_names_the_pack_and_what_holds_for_everybody(hub: Hub) -> None:
    with hub.store.transaction(HOME) as rows:
        issued = hub.parts.issuer.newest(rows, ROUTER)
    assert issued
    policy = read_policy(issued.document.partition(b"\n")[2])
    assert policy.packs == (hub.parts.lists.shelf.newest(),)
    assert policy.everyone == ("illegal",)
