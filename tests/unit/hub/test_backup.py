"""Backups: sealed and opened, refused in every damaged form, and swapped in whole or not at all."""

import contextlib
import functools
import json
import os
import random
import shutil
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stairgate.core import messages
from stairgate.hub import backup_command, limits, roles, sealed_file
from stairgate.hub.backup import Places, finish, make_backup, stage
from stairgate.hub.backup_content import Content, is_name, read_content, write_content
from stairgate.hub.clock import ManualClock
from stairgate.hub.history import History
from stairgate.hub.notes import Note, read_notes, write_note
from stairgate.hub.notices import RESTORED, Notices
from stairgate.hub.parents import Parents
from stairgate.hub.sealed_file import PIECE_BYTES, BackupError, fault_of_passphrase, seal, unseal
from stairgate.hub.sources import Sources
from stairgate.hub.tinydb_store import TinyDbStore
from stairgate.provisioning.home import create_home
from stairgate.provisioning.settings import read_home
from tests.unit.hub.conftest import EVENING, HOME, ROUTER, Hub

PASSPHRASE = "four green owls at dusk"


@pytest.fixture(autouse=True)
def quick_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real cost of a key is not under test, but in one case."""
    monkeypatch.setattr(sealed_file, "_COST", 2**14)
    monkeypatch.setattr(sealed_file, "_derive", functools.cache(sealed_file._derive))


# Outside: the sealed file


@pytest.mark.parametrize("length", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_what_was_sealed_is_unsealed(length: int) -> None:
    content = random.Random(length).randbytes(length)
    sealed = seal(content, PASSPHRASE)
    assert unseal(sealed, PASSPHRASE) == content
    assert length < 9 or content[:9] not in sealed
    with pytest.raises(BackupError, match="not the passphrase"):
        unseal(sealed, PASSPHRASE + " ")


def test_the_default_cost_is_the_documented_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    sealed = seal(b"x", PASSPHRASE)
    assert sealed.startswith(b"stairgate-backup 1 scrypt 65536 8 1 ")
    assert unseal(sealed, PASSPHRASE) == b"x"


def test_a_cut_at_any_place_is_refused() -> None:
    content = random.Random(1).randbytes(2 * PIECE_BYTES + 100)
    sealed = seal(content, PASSPHRASE)
    head = sealed.index(b"\n") + 1
    boundaries = [head, head + 16, *(head + 16 + piece * (PIECE_BYTES + 16) for piece in (1, 2)), len(sealed)]
    lengths = {at + by for at in boundaries for by in (-17, -16, -1, 0, 1)} | set(range(head + 40))
    for length in sorted(length for length in lengths if 0 <= length < len(sealed)):
        with pytest.raises(BackupError):
            unseal(sealed[:length], PASSPHRASE)
    with pytest.raises(BackupError, match="damaged"):
        unseal(sealed + b"\0", PASSPHRASE)


def test_pieces_have_their_place() -> None:
    sealed = seal(b"a" * PIECE_BYTES + b"b" * PIECE_BYTES + b"c", PASSPHRASE)
    start, step = sealed.index(b"\n") + 17, PIECE_BYTES + 16
    first, second, rest = (
        sealed[start : start + step],
        sealed[start + step : start + 2 * step],
        sealed[start + 2 * step :],
    )
    for forged in (second + first + rest, first + rest, first + second, first + first + rest, rest):
        with pytest.raises(BackupError, match="damaged"):
            unseal(sealed[:start] + forged, PASSPHRASE)


def test_every_flipped_bit_of_a_small_one_is_refused() -> None:
    sealed = seal(b"the whole house", PASSPHRASE)
    for at in range(len(sealed)):
        for bit in range(8):
            with pytest.raises(BackupError):
                unseal(sealed[:at] + bytes([sealed[at] ^ 1 << bit]) + sealed[at + 1 :], PASSPHRASE)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"", "not a backup"),
        (b"PK\x03\x04", "not a backup"),
        (b"stairgate-backup 2 scrypt 65536 8 1 " + b"0" * 32 + b"\n", "newer version"),
        (b"stairgate-backup 1 scrypt 999999 8 1 " + b"0" * 32 + b"\n", "cost"),
        (b"stairgate-backup 1 scrypt 65536 99 1 " + b"0" * 32 + b"\n", "cost"),
        (b"stairgate-backup 1 scrypt 65536 8 1 xyz\n", "first line"),
        (b"stairgate-backup 1 " + b"9" * 5000, "first line"),
    ],
)
def test_what_is_no_backup_is_told_as_such(head: bytes, why: str) -> None:
    with pytest.raises(BackupError, match=why):
        unseal(head + b"\0" * 100, PASSPHRASE)


def test_too_large_is_refused_either_way() -> None:
    with pytest.raises(BackupError, match="larger than"):
        seal(bytes(limits.BACKUP_BYTES_MAX), PASSPHRASE)
    with pytest.raises(BackupError, match="larger than"):
        unseal(bytes(limits.BACKUP_BYTES_MAX + 1), PASSPHRASE)


@pytest.mark.parametrize(
    ("passphrase", "again", "fault"),
    [
        ("short words", "short words", "at least 12"),
        ("aaaaabbbbbcc", "aaaaabbbbbcc", "different characters"),
        ("x" * 300, "x" * 300, "at most"),
        (PASSPHRASE, PASSPHRASE + "!", "differ"),
        (PASSPHRASE, PASSPHRASE, ""),
    ],
)
def test_a_new_passphrase(passphrase: str, again: str, fault: str) -> None:
    assert (fault in fault_of_passphrase(passphrase, again)) if fault else not fault_of_passphrase(passphrase, again)


# Inside: the list of files


CONTENT = Content(
    "hhome", 1786118400, {"home/hub/hub.toml": b"a = 1\n", "data/store.json": b"", "home/home.toml": b"x"}
)


def test_a_list_of_files_comes_back() -> None:
    assert read_content(write_content(CONTENT)) == CONTENT


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "home/../../etc/passwd",
        "/etc/passwd",
        "home//x",
        "home/./x",
        "home",
        "data/",
        "home/.ssh",
        "other/x",
        "home/a b",
        "home/a\\b",
        "home/a\0b",
        "home/a\nb",
        "home/" + "x" * 65,
        "home/a/b/c/d/e",
        "home/..",
        "home/\N{RIGHT-TO-LEFT OVERRIDE}x",
        "C:/x",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    assert not is_name(name)
    line, _, body = write_content(CONTENT).partition(b"\n")
    head = json.loads(line)
    head["files"][0]["name"] = name
    with pytest.raises(BackupError, match="plain name"):
        read_content(json.dumps(head).encode() + b"\n" + body)


@pytest.mark.parametrize("names", [["home/a", "home/A"], ["home/a", "home/a/b"], ["home/a/b/c", "home/a"]])
def test_names_that_collide_are_refused(names: list[str]) -> None:
    with pytest.raises(BackupError):
        write_content(Content("hhome", 0, dict.fromkeys(names, b"")))


def test_too_many_files_are_refused() -> None:
    with pytest.raises(BackupError, match="at most"):
        write_content(Content("hhome", 0, {f"home/f{number}": b"" for number in range(limits.BACKUP_FILES_MAX + 1)}))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_the_reader_of_the_list_stands_anything(data: st.DataObject) -> None:
    good = write_content(CONTENT)
    mutated = bytearray(good)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(mutated) - 1)) if mutated else 0
        action = data.draw(st.sampled_from(["set", "cut", "insert", "junk"]))
        if action == "set" and mutated:
            mutated[at] = data.draw(st.integers(0, 255))
        elif action == "cut":
            del mutated[at:]
        elif action == "insert":
            mutated[at:at] = data.draw(st.binary(max_size=20))
        else:
            mutated[:0] = data.draw(st.sampled_from([b"[" * 3000, b"{}\n", b'{"format":1,"files":0}\n', b"\n"]))
    try:
        content = read_content(bytes(mutated))
    except BackupError:
        return
    assert all(is_name(name) for name in content.files)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_the_reader_of_the_file_stands_anything(junk: bytes) -> None:
    for data in (junk, b"stairgate-backup 1 " + junk):
        with pytest.raises(BackupError):
            unseal(data, PASSPHRASE)


# A hub's directories


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(EVENING)


def make_hub(directory: Path, clock: ManualClock, names: list[str]) -> Places:
    """A home and data of a hub with these children, somebody signed in, and some history."""
    directory.mkdir()
    home = create_home(directory / "home", ["127.0.0.1"], ["hub.lan"], free_port(), ["router"], clock, ["127.0.0.1"])
    places = Places(home.directory, directory / "data")
    store = TinyDbStore(places.data)
    with store.transaction(home.id) as rows:
        for name in names:
            rows.put("people", f"p{name.lower()}", {"name": name})
        rows.put("sessions", "s1", {"parent": "owner", "browser": "x", "created": EVENING, "seen": EVENING})
        rows.put("policies", "rrouter", {"revision": 42})
    store.close()
    history = History(places.data / "history.sqlite", clock)
    history.event("child.pause", person="pmia", by="owner", minutes=15)
    history.close()
    return places


def state(places: Places) -> dict[str, bytes]:
    """Every file of a hub and what stands beside it, locks and journals left out."""
    found = {}
    for root in (places.home.parent, places.data.parent):
        for at, _, names in os.walk(root):
            for name in names:
                path = Path(at, name)
                if name != "lock" and not name.endswith("-journal"):
                    found[str(path)] = path.read_bytes()
    return found


def children(places: Places) -> list[str]:
    store = TinyDbStore(places.data)
    try:
        with store.transaction(read_home(places.home).id) as rows:
            return [row.document["name"] for row in rows.page("people")]
    finally:
        store.close()


@pytest.fixture
def old(tmp_path: Path, clock: ManualClock) -> Places:
    return make_hub(tmp_path / "old", clock, ["Mia", "Noah"])


@pytest.fixture
def fresh(tmp_path: Path, clock: ManualClock) -> Places:
    return make_hub(tmp_path / "fresh", clock, [])


def test_which_lists_are_used_is_in_a_backup_and_what_was_fetched_is_not(
    old: Places, fresh: Places, clock: ManualClock
) -> None:
    home = read_home(old.home).id
    with contextlib.closing(TinyDbStore(old.data)) as store:
        Sources(store, home).switch("kadultsb", True)
    for folder, name in (("packs", "newest.json"), ("sources", "s1.list"), ("lists", "school.txt")):
        (old.data / folder).mkdir()
        # More than a backup may hold.
        (old.data / folder / name).write_bytes(bytes(limits.BACKUP_BYTES_MAX + 1))

    stage(fresh, make_backup(old, PASSPHRASE, clock), PASSPHRASE, clock)
    finish(fresh)

    with contextlib.closing(TinyDbStore(fresh.data)) as store:
        known = Sources(store, home).get("kadultsb")
    assert known and known.enabled
    assert not any((fresh.data / folder).exists() for folder in ("packs", "sources", "lists"))


def test_accounts_and_the_words_beside_rules_come_along(old: Places, fresh: Places, clock: ManualClock) -> None:
    home = read_home(old.home).id
    with contextlib.closing(TinyDbStore(old.data)) as store:
        parents = Parents(store, home, clock)
        parents.claim("correct horse battery")
        parents.rename("owner", "Mum")
        parents.add(roles.CARER, "Gran", "gran likes long passwords")
        with store.transaction(home) as rows:
            write_note(rows, "w1", Note("owner", EVENING, "You need your sleep."))

    stage(fresh, make_backup(old, PASSPHRASE, clock), PASSPHRASE, clock)
    finish(fresh)

    with contextlib.closing(TinyDbStore(fresh.data)) as store:
        parents = Parents(store, home, clock)
        assert [(each.role, each.name) for each in parents.accounts()] == [("owner", "Mum"), ("carer", "Gran")]
        found = parents.find("gran", "gran likes long passwords")
        assert found and found.role == roles.CARER
        with store.transaction(home) as rows:
            assert read_notes(rows)["w1"].text == "You need your sleep."


def test_one_hub_becomes_the_other(old: Places, fresh: Places, clock: ManualClock) -> None:
    sealed = make_backup(old, PASSPHRASE, clock)
    before = state(fresh)
    clock.advance(3 * 86400)

    restored = stage(fresh, sealed, PASSPHRASE, clock)
    assert restored == (read_home(old.home).id, int(EVENING))
    assert {name: data for name, data in state(fresh).items() if "being-restored" not in name} == before
    assert finish(fresh) is True
    assert finish(fresh) is False

    assert children(fresh) == ["Mia", "Noah"]
    home = read_home(fresh.home)
    for name in ("authority/ca.key", "signing/policy.key", "hub/hub.key", "hub/hub.toml", "broker/broker.key"):
        assert (fresh.home / name).read_bytes() == (old.home / name).read_bytes(), name
        assert (fresh.home / name).stat().st_mode & 0o077 == 0
    assert (fresh.home / "agents" / home.agents["router"] / "agent.key").exists()
    assert fresh.home.stat().st_mode & 0o077 == 0
    store = TinyDbStore(fresh.data)
    with store.transaction(home.id) as rows:
        assert rows.page("sessions") == []
        policy = rows.get("policies", "rrouter")
    assert policy
    assert policy.document == {"revision": 42}
    notices = Notices(store, home.id, clock)
    assert notices.since(RESTORED) == clock.wall()
    assert "from a backup of Fri 7 Aug 2026, 18:00" in notices.texts("Europe/Berlin")[0]
    clock.advance(limits.NOTICE_SECONDS + 1)
    assert notices.texts("Europe/Berlin") == []
    store.close()
    history = History(fresh.data / "history.sqlite", clock)
    assert [event.kind for event in history.events()] == ["restored", "child.pause"]
    history.close()
    for live in fresh:
        assert live.with_name(f"{live.name}.before-restore").is_dir()


def test_data_may_be_inside_the_home(tmp_path: Path, old: Places, clock: ManualClock) -> None:
    places = make_hub(tmp_path / "nested", clock, ["Ben"])
    shutil.move(places.data, places.home / "data")
    places = places._replace(data=places.home / "data")
    mine = make_backup(places, PASSPHRASE, clock)

    stage(places, make_backup(old, PASSPHRASE, clock), PASSPHRASE, clock)
    finish(places)
    assert children(places) == ["Mia", "Noah"]
    stage(places, mine, PASSPHRASE, clock)
    finish(places)
    assert children(places) == ["Ben"]
    with pytest.raises(BackupError, match="inside"):
        stage(Places(places.data / "home", places.data), mine, PASSPHRASE, clock)


def test_a_backup_is_made_while_the_hub_writes(old: Places, clock: ManualClock) -> None:
    store = TinyDbStore(old.data)
    history = History(old.data / "history.sqlite", clock)
    home = read_home(old.home).id
    for number in range(5):
        with store.transaction(home) as rows:
            rows.put("people", "pnew", {"name": f"child {number}"})
        history.event("child.add")
        history.write()
        content = read_content(unseal(make_backup(old, PASSPHRASE, clock), PASSPHRASE))
        assert f"child {number}".encode() in content.files["data/store.json"]
        assert b"child.add" in content.files["data/history.sqlite"]
    store.close()
    history.close()


def test_between_two_renames_the_previous_generation_is_taken(old: Places, clock: ManualClock) -> None:
    os.replace(old.data / "store.json", old.data / "store.json.previous")
    assert b"Noah" in read_content(unseal(make_backup(old, PASSPHRASE, clock), PASSPHRASE)).files["data/store.json"]
    (old.data / "store.json.previous").write_bytes(b"junk")
    with pytest.raises(BackupError, match="expected a first line"):
        make_backup(old, PASSPHRASE, clock)


def test_codes_locks_and_counters_stay_out(old: Places, clock: ManualClock) -> None:
    for name in ("claim.json", "reset.json", "guesses.json", "store.json.new"):
        (old.data / name).write_bytes(b"secret of this machine")
    (old.home / "broker" / "mosquitto.pid").write_text("1")
    names = set(read_content(unseal(make_backup(old, PASSPHRASE, clock), PASSPHRASE)).files)
    assert {name for name in names if name.startswith("data/")} == {"data/store.json", "data/history.sqlite"}
    assert "home/broker/mosquitto.pid" not in names
    assert "home/home.toml" in names


@pytest.mark.parametrize(
    "spoil",
    [
        lambda files: files.pop("home/hub/hub.toml"),
        lambda files: files.pop("home/signing/policy.key"),
        lambda files: files.update({"home/signing/policy.key": b"no key"}),
        lambda files: files.update({"data/store.json": b"torn"}),
        lambda files: files.update({"home/home.toml": b"format = 9\n"}),
        lambda files: files.pop("home/hub/hub.key"),
    ],
)
def test_what_no_hub_could_start_from_is_refused(old: Places, fresh: Places, clock: ManualClock, spoil: object) -> None:
    content = read_content(unseal(make_backup(old, PASSPHRASE, clock), PASSPHRASE))
    files = dict(content.files)
    spoil(files)  # type: ignore[operator]
    before = state(fresh)
    with pytest.raises(BackupError, match="cannot be restored here"):
        stage(fresh, seal(write_content(content._replace(files=files)), PASSPHRASE), PASSPHRASE, clock)
    assert state(fresh) == before
    assert finish(fresh) is False
    assert state(fresh) == before


def test_a_damaged_history_does_not_keep_a_backup_back(old: Places, fresh: Places, clock: ManualClock) -> None:
    (old.data / "history.sqlite").write_bytes(b"junk" * 2000)
    stage(fresh, make_backup(old, PASSPHRASE, clock), PASSPHRASE, clock)
    finish(fresh)
    assert children(fresh) == ["Mia", "Noah"]


class Cut(Exception):
    """The power went."""


@pytest.mark.parametrize("nested", [False, True], ids=["beside", "nested"])
def test_a_power_cut_at_every_step_leaves_one_hub_or_the_other(
    tmp_path: Path, old: Places, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, nested: bool
) -> None:
    sealed = make_backup(old, PASSPHRASE, clock)
    outcomes = set()
    for step in range(60):
        places = make_hub(tmp_path / f"hub{step}", clock, ["Ben"])
        if nested:
            shutil.move(places.data, places.home / "data")
            places = places._replace(data=places.home / "data")
        left = step

        def cut(real: object, *arguments: object, **options: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                raise Cut
            return real(*arguments, **options)  # type: ignore[operator]

        completed = False
        with monkeypatch.context() as patch:
            for name in ("rename", "mkdir", "replace"):
                patch.setattr(f"stairgate.hub.backup.os.{name}", functools.partial(cut, getattr(os, name)))
            try:
                stage(places, sealed, PASSPHRASE, clock)
                finish(places)
                completed = True
            except Cut:
                pass
        finish(places)  # as the hub does when it starts
        outcomes.add(tuple(children(places)))
        assert not list(tmp_path.glob(f"hub{step}/*being-restored*"))
        if completed:
            assert children(places) == ["Mia", "Noah"]
            break
    else:
        raise AssertionError("never completed")
    assert outcomes == {("Ben",), ("Mia", "Noah")}


def test_a_disk_that_is_full_half_way_changes_nothing(
    old: Places, fresh: Places, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed, before = make_backup(old, PASSPHRASE, clock), state(fresh)
    real, left = os.fsync, 0

    def refuse(file: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        real(file)

    for calls in range(0, 60, 7):
        left = calls
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", refuse)
            try:
                stage(fresh, sealed, PASSPHRASE, clock)
            except BackupError as problem:
                message = str(problem)
            else:
                break
        assert "No space left" in message
        assert state(fresh) == before
    assert calls > 20


def test_a_mount_point_and_a_closed_parent_are_told(
    old: Places, fresh: Places, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = make_backup(old, PASSPHRASE, clock)
    with monkeypatch.context() as patch:
        patch.setattr("stairgate.hub.backup.os.path.ismount", lambda path: path == fresh.data)
        with pytest.raises(BackupError, match="mount point"):
            stage(fresh, sealed, PASSPHRASE, clock)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("stairgate.provisioning.private_files.make_directory", refuse)
    with pytest.raises(BackupError, match="Permission denied"):
        stage(fresh, sealed, PASSPHRASE, clock)


def test_an_older_revision_than_a_routers_is_healed(unclaimed: Hub) -> None:
    """The hub goes back, the router does not: what is issued next is above anything that it has met."""
    hub = unclaimed
    hub.claim()
    hub.add_device(hub.add_child())

    def revision() -> int:
        with hub.store.transaction(HOME) as rows:
            newest = rows.get("policies", ROUTER)
        assert newest
        return int(newest.document["revision"])

    highest = revision() + 1000
    said = messages.Hello(
        "m1", int(EVENING), ROUTER, "nonce123", highest, "0" * 64, highest, "applied", "", (), "trusted", 0, ""
    )
    hub.parts.exchange.message(messages.topic(HOME, ROUTER, "up", "hello"), messages.encode_hello(said))
    assert revision() == highest + 1
    assert hub.post(f"/children/{hub.family().people[0].id}/pause", minutes="15").status_code == 303
    assert revision() > highest + 1


# Commands


def run(command: object, *words: object) -> int:
    return int(command([str(word) for word in words]))  # type: ignore[operator]


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    return path


def test_the_commands_round_trip(
    old: Places, tmp_path: Path, passphrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, secret = tmp_path / "b.stairgate", ("--passphrase-file", passphrase_file)
    assert run(backup_command.backup_main, old.home, "--data", old.data, "--out", out, *secret) == 0
    assert out.stat().st_mode & 0o077 == 0
    assert run(backup_command.backup_main, old.home, "--data", old.data, "--out", out, *secret) == 1
    assert "exists already" in capsys.readouterr().err

    target = Places(tmp_path / "new" / "home", tmp_path / "new" / "data")
    target.home.parent.mkdir()
    words = (out, "--home", target.home, "--data", target.data, *secret)
    assert run(backup_command.restore_main, *words) == 0
    assert children(target) == ["Mia", "Noah"]
    assert str(target.home / "broker" / "ca.crt") in (target.home / "broker" / "mosquitto.conf").read_text()
    shown = capsys.readouterr()
    assert PASSPHRASE not in shown.out + shown.err

    running = TinyDbStore(target.data)
    assert run(backup_command.restore_main, *words) == 1
    assert "Stop it first" in capsys.readouterr().err
    running.close()
    passphrase_file.write_text("another passphrase\n")
    before = state(target)
    assert run(backup_command.restore_main, *words) == 1
    assert "not the passphrase" in capsys.readouterr().err
    assert state(target) == before


def test_the_passphrase_is_asked_for_twice(
    old: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter([PASSPHRASE, "something else", "short", "short", PASSPHRASE, PASSPHRASE])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    out = tmp_path / "b.stairgate"
    words = (old.home, "--data", old.data, "--out", out)
    assert [run(backup_command.backup_main, *words) for _ in range(3)] == [1, 1, 0]
    assert "differ" in capsys.readouterr().err

    def no_terminal(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", no_terminal)
    assert run(backup_command.backup_main, *words[:-1], tmp_path / "another") == 1
    assert "--passphrase-file" in capsys.readouterr().err
    assert run(backup_command.backup_main, old.home, "--data", tmp_path / "nothing", "--out", tmp_path / "c") == 1
