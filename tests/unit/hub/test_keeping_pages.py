"""Pages about what is kept: backup, restore, a forgotten password, what happened, and taking data along."""

import functools
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from stairgate.hub import claim_code, limits, sealed_file
from stairgate.hub.act_log import _SILENT
from stairgate.hub.backup import Places, finish, make_backup
from stairgate.hub.backup_content import read_content
from stairgate.hub.clock import ManualClock
from stairgate.hub.guard import PUBLIC
from stairgate.hub.guessing import GuessFile, Guessing
from stairgate.hub.history_words import _WORDS
from stairgate.hub.keeping import on_disk
from stairgate.hub.sealed_file import unseal
from stairgate.hub.store import StoreError
from stairgate.provisioning.home import create_home
from stairgate.provisioning.settings import read_home
from tests.unit.hub.conftest import EVENING, PASSWORD, ROUTER, Hub
from tests.unit.hub.test_backup import PASSPHRASE, children, free_port, make_hub
from tests.unit.hub.test_routers import pair, remove

TABLET = "02:00:5e:10:00:01"


class DiskHub(Hub):
    """A hub whose home and data are really there."""

    def __init__(self, directory: Path) -> None:
        home = create_home(
            directory / "home", ["127.0.0.1"], ["hub.lan"], free_port(), ["router"], ManualClock(EVENING), ["127.0.0.1"]
        )
        self.places = Places(home.directory, directory / "data")
        self.places.data.mkdir()
        self.restarts = 0
        super().__init__(lambda clock: on_disk(self.places, clock, self._restart))

    def _restart(self) -> None:
        self.restarts += 1

    def upload(self, data: bytes, browser: FlaskClient | None = None, /, **fields: Any) -> TestResponse:
        browser = browser or self.browser
        self.clock.advance(2)
        token = self.token(browser, "/claim/restore")
        form = {"code": self.codes[-1], "passphrase": PASSPHRASE, **fields, "csrf_token": token}
        return browser.post("/claim/restore", data={**form, "file": (io.BytesIO(data), "b.stairgate")})


@pytest.fixture(autouse=True)
def quick_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_file, "_COST", 2**14)
    monkeypatch.setattr(sealed_file, "_derive", functools.cache(sealed_file._derive))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[DiskHub]:
    hub = DiskHub(tmp_path)
    yield hub
    hub.store.close()
    hub.parts.keeping.history.close()


@pytest.fixture
def claimed(disk: DiskHub) -> DiskHub:
    assert disk.claim().status_code == 303
    return disk


def texts(page: str) -> list[str]:
    return re.findall(r"<b><bdi>(.*?)</bdi></b>", page)


# Backup


def test_a_backup_is_downloaded(claimed: DiskHub) -> None:
    assert "Download the backup" in claimed.get("/backup").text
    answer = claimed.post("/backup", passphrase=PASSPHRASE, again=PASSPHRASE, password=PASSWORD)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="stairgate-backup-2026-08-07.stairgate"'
    assert answer.headers["Cache-Control"] == "no-store"
    content = read_content(unseal(answer.data, PASSPHRASE))
    assert content.home == read_home(claimed.places.home).id
    assert "data/history.sqlite" in content.files
    assert "Made a backup" in texts(claimed.get("/history").text)


@pytest.mark.parametrize(
    ("fields", "status", "fault"),
    [
        ({"passphrase": "too short", "again": "too short"}, 422, "at least 12"),
        ({"again": "something else"}, 422, "differ"),
        ({"password": "wrong password"}, 403, "not the password"),
    ],
)
def test_a_backup_needs_a_passphrase_twice_and_the_password(
    claimed: DiskHub, fields: dict[str, str], status: int, fault: str
) -> None:
    form = {"passphrase": PASSPHRASE, "again": PASSPHRASE, "password": PASSWORD, **fields}
    answer = claimed.post("/backup", **form)
    assert (answer.status_code, fault in answer.text) == (status, True)
    assert PASSPHRASE not in answer.text


def test_a_stolen_cookie_is_no_way_to_guess(claimed: DiskHub) -> None:
    form = {"passphrase": PASSPHRASE, "again": PASSPHRASE}
    statuses = [claimed.post("/backup", password=f"wrong password {n}", **form).status_code for n in range(7)]
    assert statuses == [403] * limits.GUESSES_FREE + [429, 429]
    assert claimed.post("/data/export", password=PASSWORD).status_code == 429


def test_a_hub_in_memory_has_no_backup(hub: Hub) -> None:
    assert "nothing to back up" in hub.get("/backup").text
    answer = hub.post("/backup", passphrase=PASSPHRASE, again=PASSPHRASE, password=PASSWORD)
    assert (answer.status_code, "no directories" in answer.text) == (503, True)


# Restore


@pytest.fixture
def sealed(tmp_path: Path) -> bytes:
    clock = ManualClock(EVENING - 86400)
    return make_backup(make_hub(tmp_path / "old", clock, ["Mia", "Noah"]), PASSPHRASE, clock)


def test_a_new_hub_becomes_the_one_of_a_backup(disk: DiskHub, sealed: bytes) -> None:
    assert "/claim/restore" in disk.get("/claim").text
    answer = disk.upload(sealed)
    assert answer.status_code == 200
    assert "your backup of 6 Aug 2026" in answer.text
    assert disk.restarts == 1
    assert finish(disk.places) is True
    assert children(disk.places) == ["Mia", "Noah"]


@pytest.mark.parametrize(
    ("fields", "cut", "status", "fault"),
    [
        ({"code": "ZZZZ-ZZZZ"}, 0, 403, "not the code"),
        ({"passphrase": "another passphrase"}, 0, 422, "not the passphrase"),
        ({}, 1, 422, "damaged"),
        ({}, 10**9, 422, "not a backup"),
    ],
)
def test_a_restore_that_fails_changes_nothing(
    disk: DiskHub, sealed: bytes, fields: dict[str, str], cut: int, status: int, fault: str
) -> None:
    answer = disk.upload(sealed[: max(0, len(sealed) - cut)], **fields)
    assert (answer.status_code, fault in answer.text) == (status, True), answer.text
    assert disk.restarts == 0
    assert finish(disk.places) is False
    assert disk.claim().status_code == 303


def test_without_a_file_nothing_is_tried(disk: DiskHub) -> None:
    assert disk.post("/claim/restore", code=disk.codes[-1], passphrase=PASSPHRASE).status_code == 422


def test_a_claimed_hub_takes_no_backup(claimed: DiskHub, sealed: bytes) -> None:
    stranger = claimed.new_browser()
    token = claimed.token(stranger, "/login")
    for browser in (stranger, claimed.browser):
        form = {"csrf_token": token, "code": claimed.codes[-1], "passphrase": PASSPHRASE}
        answer = browser.post("/claim/restore", data={**form, "file": (io.BytesIO(sealed), "b")})
        assert answer.status_code in (303, 400)
        assert browser.get("/claim/restore").location == "/login"
    assert claimed.restarts == 0


def test_only_the_upload_may_be_large(disk: DiskHub) -> None:
    large = bytes(limits.REQUEST_BYTES_MAX * 4)
    answer = disk.upload(large)
    assert (answer.status_code, "not a backup" in answer.text) == (422, True)
    kind = "multipart/form-data; boundary=b"
    assert disk.browser.post("/claim", data=large, content_type=kind).status_code == 413
    huge = bytes(limits.BACKUP_BYTES_MAX + 2 * limits.REQUEST_BYTES_MAX)
    assert disk.browser.post("/claim/restore", data=huge, content_type=kind).status_code == 413


def test_every_act_has_words(hub: Hub) -> None:
    """An act that two parents read as “Changed something” helps neither."""
    acts = {rule.endpoint for rule in hub.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert sorted(acts - PUBLIC - _SILENT - set(_WORDS)) == []


# A forgotten password


def reset(hub: DiskHub, code: str, password: str = "a new password here") -> TestResponse:
    hub.clock.advance(2)
    browser = hub.new_browser()
    return browser.post("/claim", data={"csrf_token": hub.token(browser, "/login"), "code": code, "password": password})


def test_a_forgotten_password_is_set_with_a_code_of_the_console(claimed: DiskHub) -> None:
    assert "stairgate reset-password" in claimed.new_browser().get("/login").text
    assert claimed.get("/claim").location == "/login"
    code = claimed.parts.keeping.reset_code.renew()
    assert "Set a new password" in claimed.new_browser().get("/claim").text

    answer = reset(claimed, code)
    assert (answer.status_code, answer.location) == (303, "/")

    assert claimed.get("/").location == "/login"  # who was signed in no longer is
    assert claimed.sign_in(claimed.new_browser()).status_code == 403
    parent = claimed.new_browser()
    assert claimed.post("/login", parent, password="a new password here").location == "/"
    banner = "set anew on Fri 7 Aug 2026, 18:00 with a code from the hub’s own machine"
    assert banner in claimed.get("/", parent).text
    assert "set anew with a code" in claimed.get("/history", parent).text
    claimed.clock.advance(limits.NOTICE_SECONDS - 100)
    assert banner in claimed.get("/", parent).text
    claimed.clock.advance(200)
    assert banner not in claimed.get("/", parent).text
    assert claimed.get("/claim").location == "/login"
    assert reset(claimed, code).location == "/login"  # used once


def test_five_wrong_codes_end_it(claimed: DiskHub) -> None:
    code = claimed.parts.keeping.reset_code.renew()
    answers = [reset(claimed, "ZZZZ-ZZZZ").text for _ in range(limits.CLAIM_TRIES)]
    assert "five times" in answers[-1]
    claimed.clock.advance(limits.GUESS_SECONDS_MAX)
    assert reset(claimed, code).location == "/login"
    assert claimed.get("/").status_code == 200 or claimed.sign_in(claimed.browser).status_code == 303


def test_a_code_is_for_one_purpose_and_fifteen_minutes(claimed: DiskHub, tmp_path: Path) -> None:
    claimed.parts.keeping.reset_code.renew()
    assert reset(claimed, claimed.codes[-1]).status_code == 403
    claimed.clock.advance(limits.CLAIM_SECONDS)
    assert claimed.get("/claim").location == "/login"
    fresh = DiskHub(tmp_path / "fresh")
    code = fresh.parts.keeping.reset_code.renew()
    fresh.clock.advance(2)
    assert fresh.post("/claim", code=code, password=PASSWORD).status_code == 403
    fresh.store.close()
    fresh.parts.keeping.history.close()


def test_a_weak_new_password_costs_no_try(claimed: DiskHub) -> None:
    code = claimed.parts.keeping.reset_code.renew()
    for _ in range(limits.CLAIM_TRIES + 1):
        assert reset(claimed, code, "short").status_code == 422
    assert reset(claimed, code).status_code == 303


def test_the_command_prints_a_code_while_the_hub_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = DiskHub(tmp_path)
    monkeypatch.setattr(claim_code, "SystemClock", lambda: hub.clock)
    hub.claim()
    assert claim_code.reset_main(["--data", str(hub.places.data)]) == 0
    found = re.search(r"new password: (\S+)", capsys.readouterr().out)
    assert found
    assert found[1].replace("-", "") not in (hub.places.data / "reset.json").read_text()
    assert reset(hub, found[1]).status_code == 303
    assert not (hub.places.data / "reset.json").exists()
    hub.store.close()
    hub.parts.keeping.history.close()
    with pytest.raises(SystemExit):
        claim_code.reset_main(["--data", str(tmp_path / "nothing")])


# Wrong tries outlive a restart


def test_pulling_the_plug_is_no_way_to_guess_on(tmp_path: Path) -> None:
    clock = ManualClock(EVENING)
    guessing = Guessing(clock, GuessFile(tmp_path))
    waits = [guessing.begin("child") for _ in range(8)]
    assert waits[:5] == [0] * 5
    for moved in (0, -40 * 365 * 86400, 40 * 365 * 86400):
        again = Guessing(ManualClock(EVENING + moved, monotonic=5.0), GuessFile(tmp_path))
        # Written at the first of them; what came within two seconds is written with the next.
        assert again.begin("parent") == 0
    guessing.write()
    restarted = ManualClock(0.0, monotonic=1.0)
    again = Guessing(restarted, GuessFile(tmp_path))
    assert again.begin("child") > 0
    assert again.begin("parent") == 0
    restarted.advance(limits.GUESS_SECONDS_MAX)
    assert again.begin("child") == 0
    assert again.begin("child") > 2  # and it goes on where it was
    again.succeeded("child")
    again.write()
    assert Guessing(restarted, GuessFile(tmp_path)).begin("child") == 0


def test_the_first_wrong_try_is_written_before_its_answer(tmp_path: Path) -> None:
    for _ in range(limits.GUESSES_FREE):
        assert Guessing(ManualClock(EVENING), GuessFile(tmp_path)).begin("child") == 0
    assert Guessing(ManualClock(EVENING), GuessFile(tmp_path)).begin("child") > 0


def test_a_flood_of_sources_wears_out_no_flash(tmp_path: Path) -> None:
    clock, slot = ManualClock(EVENING), GuessFile(tmp_path)
    writes: list[int] = []
    slot.write = lambda guesses: writes.append(len(guesses.sources))  # type: ignore[method-assign]
    guessing = Guessing(clock, slot)
    for number in range(3600):
        clock.advance(1)
        guessing.begin(f"source {number}")
        guessing.write_due()
    assert len(writes) < 100
    assert max(writes) <= limits.GUESS_SOURCES
    guessing = Guessing(clock, GuessFile(tmp_path))
    for number in range(600):
        clock.advance(1)
        guessing.begin(f"source {number}")
    guessing.write()
    size = (tmp_path / "guesses.json").stat().st_size
    assert size < 32 * 1024
    assert (tmp_path / "guesses.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"sources": 5}', b'{"wrong_in_a_row": 1, "sources": [["a", 1]]}', b"9" * 70000,
             b'{"wrong_in_a_row": 1e999, "sources": []}', b"[" * 60000]
)  # fmt: skip
def test_a_damaged_file_of_counters_keeps_nobody_out(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "guesses.json").write_bytes(text)
    assert Guessing(ManualClock(EVENING), GuessFile(tmp_path)).begin("parent") == 0


def test_a_full_disk_keeps_nobody_out(tmp_path: Path) -> None:
    guessing = Guessing(ManualClock(EVENING), GuessFile(tmp_path / "nothing"))
    assert [guessing.begin("child") for _ in range(5)] == [0] * 5
    assert guessing.begin("child") > 0
    guessing.succeeded("child")


def test_a_full_disk_signs_nobody_out_and_takes_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    child = hub.add_child("Mia")
    hub.clock.advance(2 * limits.SESSION_SEEN_SECONDS)

    def refuse(*arguments: object, **options: object) -> int:
        raise StoreError("writing store.json: No space left on device")

    monkeypatch.setattr("stairgate.hub.memory_store._MemoryTransaction.put", refuse)
    monkeypatch.setattr("stairgate.hub.memory_store._MemoryTransaction.delete", refuse)
    for path in ("/", f"/children/{child}", "/sessions", "/history", "/more", "/data"):
        assert hub.get(path).status_code == 200, path
    answer = hub.post(f"/children/{child}/pause", minutes="15")
    assert (answer.status_code, "nothing was changed" in answer.text) == (503, True)
    assert [event.kind for event in hub.parts.keeping.history.events()] == ["child.add", "claimed"]


# What happened


def test_every_parent_reads_who_did_what(hub: Hub) -> None:
    child = hub.add_child("Mia")
    hub.add_device(child)
    hub.post(f"/children/{child}/pause", minutes="15")
    hub.post(f"/children/{child}/end")
    hub.post(f"/children/{child}/bonus", minutes="30")
    hub.post(f"/children/{child}/undo")
    hub.post(f"/children/{child}/pause", minutes="7")  # refused: not worth a line
    page = hub.get("/history").text
    assert texts(page) == [
        "Undid the last change for Mia",
        "Gave Mia extra time for 30 minutes",
        "Ended a pause or extra time of Mia",
        "Paused Mia for 15 minutes",
        "Added a device",
        "Added Mia",
        "This hub got its owner",
    ]
    assert page.count("by a parent") == 7
    assert all("Mia" not in str(event) for event in hub.parts.keeping.history.events())


def test_what_a_router_says_is_in_it(hub: Hub) -> None:
    hub.add_device(hub.add_child())
    for state in ("applied", "failed", "applied"):
        hub.clock.advance(limits.HISTORY_AGENT_SECONDS)
        hub.broker.apply(ROUTER, state, "" if state == "applied" else "nft_refused")
    assert texts(hub.get("/history").text)[:2] == [
        "The router does what was asked again",
        "The router could not do what was asked",
    ]


def test_pairing_and_removing_a_router_are_in_it(hub: Hub) -> None:
    assert remove(hub, pair(hub)) == 303
    assert texts(hub.get("/history").text)[:3] == [
        "Removed a router",
        "A router was paired with its code",
        "Asked for a code to add a router",
    ]


def test_a_page_that_the_words_do_not_know_is_told_by_its_name(hub: Hub) -> None:
    hub.parts.keeping.history.event("garden.open_gate", by="owner")
    assert texts(hub.get("/history").text)[0] == "Changed something (garden: open gate)"


def test_hostile_names_in_the_history_are_only_names(hub: Hub) -> None:
    child = hub.add_child("<script>alert(1)</script>{minutes}")
    hub.post(f"/children/{child}/pause", minutes="15")
    page = hub.get("/history").text
    assert "<script>alert" not in page
    assert "Paused &lt;script&gt;alert(1)&lt;/script&gt;{minutes} for 15 minutes" in page


def test_a_removed_child_leaves_no_history(hub: Hub) -> None:
    child = hub.add_child("Mia")
    device = hub.add_device(child)
    hub.post(f"/children/{child}/pause", minutes="15")
    for moved in ((0, 0), (5_000_000, 100)):
        hub.broker.usage(ROUTER, (device, *moved))
    assert hub.parts.keeping.history.all_days()
    hub.post(f"/children/{child}/remove", sure="yes")
    assert hub.parts.keeping.history.all_days() == []
    assert [event for event in hub.parts.keeping.history.events() if event.person == child] == []
    assert texts(hub.get("/history").text)[0] == "Removed a child, with its history"


# The last seven days


def test_a_childs_week_is_a_picture_with_a_table(hub: Hub) -> None:
    child = hub.add_child("Mia")
    device = hub.add_device(child)
    assert "Nothing counted yet" in hub.get(f"/children/{child}").text
    for day in range(3):
        hub.broker.usage(ROUTER, (device, 2_000_000 * day, 100_000 * day))
        hub.clock.advance(86400)
    page = hub.get(f"/children/{child}").text
    assert "The last 7 days: 4.0 MB to the devices, 200 kB from them." in page
    rows = re.findall(r'<th scope="row">(\w+ \d+ \w+)</th><td>(.*?)</td><td>(.*?)</td>', page)
    assert rows[:3] == [
        ("Mon 10 Aug", "0 B", "0 B"),
        ("Sun 9 Aug", "2.0 MB", "100 kB"),
        ("Sat 8 Aug", "2.0 MB", "100 kB"),
    ]
    assert len(rows) == 7


def test_nothing_is_kept_of_a_device_without_rules(hub: Hub) -> None:
    child = hub.add_child("Mia")
    hub.add_device(child)
    hub.post("/devices", name="mine", mac="02:00:5e:10:00:09", kind="phone", person="adult")
    own = hub.family().device_with("02:00:5e:10:00:09")
    assert own
    for moved in ((0, 0), (5_000_000, 100)):
        hub.broker.usage(ROUTER, (own.id, *moved))
    assert hub.parts.keeping.history.all_days() == []


def test_what_becomes_a_grown_ups_is_forgotten_at_once(hub: Hub) -> None:
    device = hub.add_device(hub.add_child("Mia"))
    for moved in ((0, 0), (5_000_000, 100)):
        hub.broker.usage(ROUTER, (device, *moved))
    assert hub.parts.keeping.history.all_days()
    assert hub.post(f"/devices/{device}", name="phone", kind="phone", whose="adult", revision="1").status_code == 303
    assert hub.parts.keeping.history.all_days() == []


def test_me_says_what_is_kept(hub: Hub) -> None:
    hub.add_device(hub.add_child())
    hub.network.neighbours["127.0.0.1"] = TABLET
    page = hub.new_browser().get("/me").text
    assert f"each day, for {limits.HISTORY_USAGE_DAYS} days" in page
    assert re.search(rf"what your parents changed, such as a pause[^.]*, for {limits.HISTORY_EVENT_DAYS} days", page)
    assert "Not kept:</b> what you do" in page


# Your data


def test_everything_can_be_taken_along(hub: Hub) -> None:
    child = hub.add_child("Mia")
    device = hub.add_device(child)
    for moved in ((0, 0), (5, 7)):
        hub.broker.usage(ROUTER, (device, *moved))
    assert hub.post("/data/export", password="wrong password").status_code == 403
    answer = hub.post("/data/export", password=PASSWORD)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    data = json.loads(answer.data)
    assert [person["name"] for person in data["people"]] == ["Mia"]
    assert data["usage"] == [{"day": int(EVENING) // 86400, "device": device, "to_device": 5, "from_device": 7}]
    assert data["zone"] == "Europe/Berlin"
    assert "scrypt" not in answer.text
    assert "secret" not in answer.text


def test_the_history_can_be_deleted(hub: Hub) -> None:
    child = hub.add_child("Mia")
    assert hub.post("/data/delete-history").status_code == 422
    assert len(hub.parts.keeping.history.all_events()) == 2
    assert hub.post("/data/delete-history", sure="yes").location == "/history"
    assert texts(hub.get("/history").text) == ["Deleted the history"]
    assert [person.id for person in hub.family().people] == [child]
