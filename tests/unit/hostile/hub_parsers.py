"""The parsers of `stairgate.hub`: forms and headers, backups, its own files and the kernel's tables."""

import contextlib
import hashlib
import json
import socket
import struct
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from unittest import mock

from werkzeug.datastructures import MultiDict

from stairgate.core import messages
from stairgate.hub import (
    filter_forms,
    forms,
    growing,
    guard,
    kernel_tables,
    limits,
    network,
    notes,
    page_needs,
    plain_text,
    schedule_forms,
    sealed_file,
)
from stairgate.hub.atomic_storage import Damaged, decode_generation, encode_generation
from stairgate.hub.backup_content import Content, read_content, write_content
from stairgate.hub.claim_code import RESET_FILE_NAME, ClaimFile, read_code, reset_code
from stairgate.hub.clock import ManualClock
from stairgate.hub.config import ConfigError, read_config
from stairgate.hub.discovery import guess_kind
from stairgate.hub.guessing import GuessFile, Guessing
from stairgate.hub.history import History
from stairgate.hub.sealed_file import BackupError, seal, unseal
from stairgate.hub.sessions import session_id
from stairgate.hub.settings import read_settings
from stairgate.hub.source_form import read_source
from stairgate.hub.use_store import UseStore
from tests.unit.hostile.parser import Parser, form, in_file, of_bytes, of_text

PASSPHRASE = "four green owls at dusk"
FORM = b"name=Mia&band=6-9&zone=Europe%2FBerlin&mac=02%3A00%3A5e%3A10%3A00%3A01&days=1&days=2&start=20:30&end=07:00"
EDIT = b"revision=3&name=Blue tablet&kind=tablet&whose=p1&whose=adult&asks_who=1&minutes=30&minute=20:30"
NAMES = b"allow=example.org%0Ab%C3%BCcher.example&deny=ads.example&block=adult&age=9&app-youtube=blocked&app-x=open"
NEEDS = b"host=cdn.example&host=fonts.example&more=b%C3%BCcher.example%0Alms.example"
WEB_PAGE = b"""<!doctype html><base href="//parts.example/"><link rel="stylesheet icon" href="a.css"><style>
@import "//css.example/b.css"; p { background: url('//pictures.example/1.png') } /* url(//no.example) */ </style>
<img srcset="//small.example/1 1x, //large.example/2 2x"><script src="https://scripts.example/a"></script>
<p style="background:url(//style.example/2)"><a href="//link.example">x</a><iframe src="http://203.0.113.7/1"></iframe>"""
DATES = b"first=2026-08-10&last=2026-08-21&as=own&start-0=21:30&end-0=07:00&level-0=closed&zone=Asia/Tokyo&note=Sea"
MINUTES = b"category=games&minutes-0=60&minutes-1=&minutes-5=90&minute=300"
FILTER = b"only=school.example\nwww.a.example&preset=10-12&revision=3&safesearch=on&youtube=strict"
SOURCE = b"title=A list&url=https://lists.example/a.txt&format=hosts&tag=ads&licence=MIT&hours=24"
TABLES = {"people": {"h/p1": {"home": "h", "id": "p1", "revision": 1, "document": {"name": "Mia"}}}}
TOML = b'[hub]\nlisten = ["192.168.77.2:8080"]\nsession_days = 30\nhttps = true\n[agent]\nhello_minutes = 5\n'
CONTENT = write_content(Content("hhome", 1_800_000_000, {"home/home.toml": b"format = 1\n", "data/store.json": b"{}"}))
GUESSES = json.dumps({"wrong_in_a_row": 7, "sources": [["0a" * 10, 6, 12.5], ["0b" * 10, 1, 0.0]]}).encode()
CLAIM = b'{"salt": "a", "digest": "b", "made": 1.5, "tries": 1}'


def quick_key(passphrase: str, salt: bytes, cost: int) -> bytes:
    """The real cost of a key is not under test."""
    return hashlib.sha256(salt + passphrase.encode()).digest()


@contextlib.contextmanager
def quickly() -> Iterator[None]:
    """With a key that costs nothing."""
    with mock.patch.object(sealed_file, "_derive", quick_key):
        yield


with quickly():
    BACKUP = seal(CONTENT, PASSPHRASE)


def open_backup(data: bytes) -> bytes:
    """What the file of a backup holds."""
    with quickly():
        return unseal(data, PASSPHRASE)


def entry(kind: int, fixed: bytes, *attributes: tuple[int, bytes]) -> bytes:
    """One message of the kernel."""
    body = fixed
    for number, value in attributes:
        body += struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body


MAC = bytes.fromhex("02005e100001")
KERNEL = (
    entry(28, struct.pack("=BxxxiHBB", 2, 3, 0x02, 0, 0), (1, bytes((192, 168, 77, 9))), (2, MAC))
    + entry(20, struct.pack("=BBBBI", 2, 24, 0, 0, 3), (2, bytes((192, 168, 77, 2))), (8, struct.pack("=I", 0)))
    + entry(16, struct.pack("=BxHiII", 0, 1, 3, 0x1, 0), (1, MAC))
    + entry(24, struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 0, 0, 0, 1, 0), (5, bytes((192, 168, 77, 1))))
)


class KernelSocket:
    """A kernel that answers one datagram of any bytes, then that this was all."""

    def __init__(self, data: bytes) -> None:
        self._answers = [data, struct.pack("=IHHII", 20, 3, 2, 1, 0) + bytes(4)]

    def __enter__(self) -> "KernelSocket":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def settimeout(self, seconds: float) -> None:
        """See socket."""

    def sendall(self, data: bytes) -> None:
        """See socket."""

    def recv(self, size: int) -> bytes:
        """See socket."""
        return self._answers.pop(0)


def kernel(data: bytes) -> object:
    """All four tables from these bytes."""
    found = []
    for read in (kernel_tables.neighbours, kernel_tables.own_addresses, kernel_tables.own_macs, kernel_tables.gateways):
        with mock.patch.object(socket, "socket", return_value=KernelSocket(data)):
            found.append(read())
    return found


def history_bytes(directory: Path) -> bytes:
    """The file of a history with everything in it."""
    path = directory / "good-history.sqlite"
    if not path.exists():
        clock = ManualClock(1_800_000_000.0)
        history = History(path, clock)
        for number in range(40):
            history.event("device.pause", person=f"p{number}", minutes=30)
        for count in (0, 500, 900):
            history.usage(messages.Usage("m1", 5, "r1", (("d1", count, count),), ()), {"d1"})
        history.write()
        history.close()
    return path.read_bytes()


def use_bytes(directory: Path) -> bytes:
    """The file of minutes in use with everything in it."""
    path = directory / "good-use.sqlite"
    if not path.exists():
        use = UseStore(path, ManualClock(1_800_000_000.0))
        use.forget_everything(1_799_900_000)
        use.take([(f"p{number}", "total", 1_800_000_000 // 86400, b"\xf0" * 180) for number in range(40)])
        use.close()
    return path.read_bytes()


def use(file: Path) -> object:
    """Everything that pages and agents do with minutes in use."""
    for leftover in file.parent.glob("use.sqlite?*"):
        leftover.unlink()
    opened = UseStore(file, ManualClock(1_800_000_100.0))
    try:
        opened.take([("p1", "video", 1_800_000_000 // 86400, b"\x01" * 180)])
        opened.keep_persons({"p1"})
        opened.write()
        return opened.rows(), opened.minutes("p1", "total", 0, 1_900_000_000)
    finally:
        opened.close()


def history(file: Path) -> object:
    """Everything that pages and agents do with a history."""
    clock = ManualClock(1_800_000_100.0)
    for leftover in file.parent.glob("history.sqlite?*"):
        leftover.unlink()
    opened = History(file, clock)
    try:
        opened.event("device.pause", "p1")
        opened.usage(messages.Usage("m2", 5, "r1", (("d1", 9, 9),), ()), {"d1"})
        opened.usage(messages.Usage("m3", 5, "r1", (("d1", 99, 99),), ()), {"d1"})
        opened.forget_devices({"d2"})
        opened.write()
        return opened.events(), opened.days({"d1"}, 7), opened.recovery
    finally:
        opened.close()


def guesses(file: Path) -> int:
    """The counters as the hub's start takes them; whatever they say, a try is answered and nobody waits for ever."""
    waiting = Guessing(ManualClock(1_800_000_000.0), GuessFile(file.parent)).begin("a source")
    assert 0 <= waiting <= limits.GUESS_SECONDS_MAX
    return waiting


def reset(file: Path) -> str:
    """The code for a new password, as the page asks for it."""
    clock = ManualClock(1_800_000_000.0)
    code = reset_code(ClaimFile(file.parent, RESET_FILE_NAME), clock, lambda shown: None)
    assert code.check("0000-0000")  # whatever is on the disk: nobody gets in by it
    return str(code.is_open())


def hub_settings(file: Path) -> object:
    """What a person chose."""
    return read_settings(file.parent)


def hostname(name: str) -> str:
    """What is kept of a name that a device gave itself."""
    kept = plain_text.clean_name(name)
    assert len(kept) <= limits.NAME_CHARACTERS_MAX
    assert not any(ord(each) < 32 or each in "\u202e\u2066\x7f\u2028" for each in kept)
    guess_kind(kept)
    return kept


def filter_form(data: bytes) -> object:
    """Every reader of a filter's small forms, on one form."""
    sent: MultiDict[str, str] = form(data)
    return (
        filter_forms.read_only(sent),
        filter_forms.read_preset(sent),
        filter_forms.read_revision(sent),
        filter_forms.read_search(sent),
    )


def minutes_form(data: bytes) -> object:
    """Both readers of the forms about minutes a day."""
    sent: MultiDict[str, str] = form(data)
    return schedule_forms.read_day_start(sent), schedule_forms.read_budget(sent)


def web_page(data: bytes) -> object:
    """What a page, and a style sheet of the same bytes, load: names only, and no more than the bounds say."""
    page, sheet = page_needs.read_page(data, "https://page.example/"), page_needs.read_sheet(data, "http://a.example/b")
    both = page_needs.merged((page, sheet))
    for found in (page, sheet, both):
        names = {name for name, _ in found.hosts}
        assert len(names) <= limits.PAGE_HOSTS_MAX and len(found.sheets) <= limits.PAGE_SHEETS_MAX
        assert all(filter_forms.read_name(name) == name for name in names)
    return both


def typed_words(text: str) -> object:
    """A code, a birth month and a note: what is kept of them is bounded and plain."""
    note, born = notes.clean_note(text), growing.read_born(text, date(2026, 8, 7))
    assert len(note) <= limits.WORDS_CHARACTERS_MAX and not any(
        ord(each) < 32 or each in "\u202e\u2066" for each in note
    )
    assert not born or 0 <= growing.age_on(born, date(2026, 8, 7)) < growing.ADULT_AGE
    return note, born, read_code(text)


def edit(data: bytes) -> object:
    """Every reader of a form, on one form."""
    sent: MultiDict[str, str] = form(data)
    return (
        forms.read_device_edit(sent, {"p1"}),
        forms.read_minutes(sent, limits.PAUSE_MINUTES),
        forms.read_minute(sent.get("minute", "")),
        forms.password_of(sent),
    )


HUB = {
    "hub: settings of the home": Parser(
        in_file(lambda file: read_config(file.parent), "hub/hub.toml"), "hub/hub.toml", (ConfigError,)
    ),
    "hub: settings": Parser(in_file(hub_settings, "hub-chosen/stairgate.toml"), TOML, (ConfigError,)),
    "hub: store": Parser(of_bytes(decode_generation), encode_generation(TABLES, 7), (Damaged,)),
    "hub: claim state": Parser(in_file(lambda file: ClaimFile(file.parent).read(), "claim.json"), CLAIM),
    "hub: reset code": Parser(in_file(reset, "reset.json"), CLAIM),
    "hub: counters of guesses": Parser(in_file(guesses, "guesses.json"), GUESSES),
    "hub: history": Parser(in_file(history, "history.sqlite"), "history", (), 60),
    "hub: minutes in use": Parser(in_file(use, "use.sqlite"), "use", (), 60),
    "hub: backup": Parser(of_bytes(open_backup), BACKUP, (BackupError,)),
    "hub: backup, its content": Parser(of_bytes(read_content), CONTENT, (BackupError,)),
    "hub: name": Parser(of_text(hostname), "Zoë’s Tablet".encode()),
    "hub: hardware address": Parser(of_text(plain_text.read_mac), b"02:00:5E:10:00:01"),
    "hub: host": Parser(of_text(guard.host_name), b"[2001:db8::1]:8080"),
    "hub: address": Parser(of_text(network.plain_address), b"fe80::1%br-lan"),
    "hub: session": Parser(of_text(session_id), b"A" * 43),
    "hub: child form": Parser(of_bytes(lambda data: forms.read_child(form(data), "Europe/Berlin")), FORM),
    "hub: device form": Parser(of_bytes(lambda data: forms.read_device(form(data), {"p1": "Mia"})), FORM),
    "hub: bedtime form": Parser(of_bytes(lambda data: forms.read_bedtime(form(data))), FORM),
    "hub: exception on dates": Parser(
        of_bytes(lambda data: schedule_forms.read_dates(form(data), date(2026, 8, 7))), DATES
    ),
    "hub: minutes a day": Parser(of_bytes(minutes_form), MINUTES),
    "hub: names of a filter": Parser(of_bytes(lambda data: filter_forms.read_names(form(data))), NAMES),
    "hub: apps of a filter": Parser(of_bytes(lambda data: filter_forms.read_apps(form(data))), NAMES),
    "hub: categories of a filter": Parser(of_bytes(lambda data: filter_forms.read_switches(form(data))), NAMES),
    "hub: searches and limited times of a filter": Parser(of_bytes(filter_form), FILTER),
    "hub: what a page needs, ticked": Parser(of_bytes(lambda data: filter_forms.read_needs(form(data))), NEEDS),
    "hub: web page and style sheet": Parser(of_bytes(web_page), WEB_PAGE),
    "hub: a block list's form": Parser(of_bytes(lambda data: read_source(form(data))), SOURCE),
    "hub: name of a question": Parser(
        of_text(filter_forms.read_name), "https://bücher.example/a?b".encode(), (ValueError,)
    ),
    "hub: codes, months and notes": Parser(of_text(typed_words), b"2013-05"),
    "hub: device's own form": Parser(of_bytes(edit), EDIT),
    "hub: kernel's tables": Parser(of_bytes(kernel), KERNEL, (OSError,)),
}
