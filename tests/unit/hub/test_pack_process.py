"""A hub as a process: its first policy names a pack that anybody can fetch, also after it was killed while it built."""

import hashlib
import json
import signal
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from stairgate.core.policy import read_policy
from stairgate.hub.sources import Source, Sources
from stairgate.hub.tinydb_store import TinyDbStore
from stairgate.provisioning.settings import Home
from tests.unit.hub.test_process import SECONDS, Hub, home, start, wait_for

__all__ = ["home", "start"]  # fixtures

NAMES = 30_000


def newest(data: Path) -> dict[str, object]:
    held = json.loads((data / "packs" / "newest.json").read_text())["newest"]
    assert isinstance(held, dict)
    return held


def names(data: Path) -> int:
    """Of the pack in force, 0 while there is none."""
    return int(str(newest(data)["names"])) if (data / "packs" / "newest.json").exists() else 0


def fetch(hub: Hub, sha256: str, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(f"{hub.address}/packs/{sha256}", headers=headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=SECONDS) as answer:
        return answer.status, answer.read()


def is_served(hub: Hub, sha256: str) -> bool:
    try:
        return fetch(hub, sha256)[0] == 200
    except urllib.error.HTTPError as refused:
        refused.close()
        return False


def policy_pack(data: Path, home: Home) -> str:
    store = TinyDbStore(data)
    try:
        with store.transaction(home.id) as rows:
            (row,) = rows.page("policies")
    finally:
        store.close()
    return read_policy(row.document["document"].encode().partition(b"\n")[2]).packs[0].sha256


def killed(hub: Hub) -> None:
    hub.process.send_signal(signal.SIGKILL)
    with pytest.raises(AssertionError):
        hub.stop()


def test_the_first_policy_names_a_pack_that_can_be_fetched(
    home: Home, start: Callable[[], Hub], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    hub = start()
    hub.line("Claim code: ")
    sha256 = str(newest(data)["sha256"])

    status, whole = fetch(hub, sha256)
    assert (status, hashlib.sha256(whole).hexdigest()) == (200, sha256)
    assert fetch(hub, sha256, Range="bytes=1000-1999") == (206, whole[1000:2000])
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(hub, "0" * 64)
    refused.value.close()
    assert refused.value.code == 404
    hub.stop()
    assert policy_pack(data, home) == sha256


def test_killed_while_it_fetches_and_builds_it_comes_back_with_a_whole_pack(
    home: Home, start: Callable[[], Hub], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "lists").mkdir()
    (data / "lists" / "own.txt").write_text("".join(f"name{number}.example\n" for number in range(NAMES)))
    store = TinyDbStore(data)
    Sources(store, home.id).add(Source("", "own", "own.txt", "plain", "games"))
    store.close()

    packs = data / "packs"
    for moment in (
        (packs / "newest.json").exists,
        (data / "sources").exists,
        lambda: any(packs.glob("building-*")) or names(data) > NAMES,
    ):
        hub = start()
        wait_for(moment, "a moment to kill it at")
        killed(hub)

    hub = start()
    wait_for(lambda: names(data) > NAMES, "the pack")
    sha256 = str(newest(data)["sha256"])
    # It is on the disk a moment before the hub serves it, and served before a policy names it.
    wait_for(lambda: is_served(hub, sha256), "the pack to be served")
    assert hashlib.sha256(fetch(hub, sha256)[1]).hexdigest() == sha256
    hub.stop()
    assert policy_pack(data, home) == sha256
    assert [path.suffix for path in (data / "sources").iterdir()] == [".list"]
