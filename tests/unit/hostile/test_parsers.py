"""Every parser of the product, given damaged and hostile bytes: a value, or the error it declares, and nothing else.

The tables name each parser with good bytes and the exceptions its docstring promises. What a parser accepts is judged
where it is tested for itself; here it must not crash, hang, recurse without end or let a signature pass that is none.
"""

import ast
import base64
import contextlib
import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from stairgate.core import certificate, envelope, messages, pairing, policy, trust
from stairgate.core.refused import Refused
from stairgate.hub.clock import ManualClock
from stairgate.hub.history import History
from stairgate.hub.sealed_file import BackupError
from stairgate.provisioning.home import create_home
from stairgate.provisioning.web_authority import WebAuthority
from tests.portable import trust_vectors
from tests.portable.test_pairing import ANSWERED, DOCUMENT, OTHER_SECRET, SECRET
from tests.unit.hostile import core_parsers, hub_parsers
from tests.unit.hostile.agent_parsers import AGENT
from tests.unit.hostile.core_parsers import CORE, KEYS, POLICY, SIGNED, body_of
from tests.unit.hostile.corpus import TEXTS, mutations, noise
from tests.unit.hostile.home_parsers import HOME
from tests.unit.hostile.hub_parsers import HUB
from tests.unit.hostile.list_parsers import LISTS
from tests.unit.hostile.parser import Parser
from tests.unit.hostile.toy_parsers import TOY
from tests.unit.provisioning.clocks import FixedClock

PARSERS = {**CORE, **AGENT, **HUB, **HOME, **LISTS, **TOY}
NOISE = 60
ROOT = Path(__file__).parents[3]
#: Functions called as parsers are, and why no row of the table runs them.
NOT_IN_THE_TABLE = {
    "stairgate.agent.enforcement.Enforcement.load_rules": "writes our own rules into the kernel",
    "stairgate.agent.kernel.Kernel.load": "writes our own rules into the kernel",
    "stairgate.agent.kernel.LinuxKernel.load": "writes our own rules into the kernel",
    "stairgate.agent.kernel_fake.FakeKernel.load": "a fake",
    "stairgate.agent.set_elements.read_elements": "asks the kernel; its decoder is in the table",
    "stairgate.agent.set_elements.read_counts": "asks the kernel; its decoder is in the table",
    "stairgate.hub.quiet_hours.read_quiet": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.agent.set_elements.read_rules": "asks the kernel and compares bytes as they are",
    "stairgate.agent.conntrack.read_flows": "asks the kernel; its decoder is in the table",
    "stairgate.hub.acts.Acts.reading": "a transaction of the store",
    "stairgate.hub.atomic_storage.AtomicStorage.read": "what decode_generation accepted, by its digest",
    "stairgate.hub.family.read_family": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.filters.read_filter": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.filters.read_filters": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.requests.read_requests": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.passes.read_passes": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.agreements.read_agreements": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.toys.read_toys": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.toy_intake.ToyIntake.read_receipt": "the core's envelope and receipt, which are in the table",
    "stairgate.hub.free_minutes.read_free": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.sources.read_sources": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.accounts.read_account": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.accounts.read_accounts": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.notes.read_notes": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.hub.why_facts.read_known": "documents that the hub wrote, behind the digest of decode_generation",
    "stairgate.micro.kept.Kept.read": "bytes as they are",
    "stairgate.micro.platform_fake.FakeSensor.read": "a fake",
    "stairgate.hub.claim_code.ClaimSlot.read": "RAM",
    "stairgate.hub.guessing.GuessSlot.read": "RAM",
    "stairgate.hub.uploads.UploadParser.parse_header": "waitress's parser; test_server sends hostile requests to it",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real home, whose files are the good bytes of the parsers that read them."""
    made = create_home(
        tmp_path_factory.mktemp("hostile") / "home", ["192.168.77.2"], [], 8883, ["Router"], FixedClock()
    )
    made.agent_directory("Router").rename(made.directory / "agents" / "router")
    WebAuthority.open(made.directory / "web", made.id, ["hub.lan"], FixedClock().wall())
    (made.directory / "history").write_bytes(hub_parsers.history_bytes(made.directory))
    (made.directory / "use").write_bytes(hub_parsers.use_bytes(made.directory))
    return made.directory


def good_bytes(parser: Parser, home: Path) -> bytes:
    """Good bytes; taken from the home once, before anything was damaged."""
    if isinstance(parser.good, bytes):
        return parser.good
    name = parser.good.removeprefix("DER of ")
    kept = home / (name.replace("/", "-") + ".good")
    if not kept.exists():
        kept.write_bytes((home / name).read_bytes())
    data = kept.read_bytes()
    return data if name == parser.good else base64.b64decode(b"".join(data.splitlines()[1:-1]))


@pytest.mark.parametrize("name", PARSERS)
def test_whatever_comes_is_read_or_refused(name: str, home: Path) -> None:
    parser = PARSERS[name]
    good = good_bytes(parser, home)
    parser.parse(good, home)  # else the mutations would try nothing but the first check
    tried = [
        *mutations(good, seed=len(name), count=parser.tries),
        *noise(seed=len(name), count=min(NOISE, parser.tries)),
        *(hostile.encode("utf-8", "surrogatepass") for hostile in TEXTS),
        *(good[:length] for length in range(0, len(good), max(1, len(good) // min(200, parser.tries)))),
        *deep(good),
    ]
    refused = 0
    for data in tried:
        try:
            parser.parse(data, home)
        except parser.refusals:
            refused += 1
        except Exception as error:
            expected = " or ".join(refusal.__name__ for refusal in parser.refusals) or "no error"
            raise AssertionError(f"{name}: expected a value or {expected}, got {error!r} for {data[:200]!r}") from error
    parser.parse(good, home)
    assert len(tried) > parser.tries
    assert refused > 0 or not parser.refusals, f"{name}: nothing was refused"


def deep(good: bytes) -> Iterator[bytes]:
    """Brackets inside brackets, alone, and as a value of JSON, of TOML and of what is there."""
    for depth in (200, 5000):
        brackets = b"[" * depth + b"]" * depth
        yield from (brackets, b'{"agents":' + brackets + b"}", b"home = " + brackets, b"{" * depth)
        yield good + b"\nx = " + brackets + b"\n"
        yield good.replace(b"1", brackets, 1)


def test_every_function_that_is_called_like_a_parser_is_tried(home: Path) -> None:
    """So that none is forgotten: it belongs into a table, or with a reason into the list of those left out."""
    run: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            run.add(f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}")

    for parser in PARSERS.values():
        good = good_bytes(parser, home)
        before = sys.getprofile()
        sys.setprofile(note)
        try:
            parser.parse(good, home)
        finally:
            sys.setprofile(before)
    named = set(functions_named_like_parsers())
    assert len(named) > 60
    assert sorted(named - run - set(NOT_IN_THE_TABLE)) == []
    assert sorted(set(NOT_IN_THE_TABLE) - named) == [], "they are gone"
    assert sorted(set(NOT_IN_THE_TABLE) & run) == [], "they are in the table"


def functions_named_like_parsers() -> Iterator[str]:
    """Each public function and method of the product called read…, parse…, decode… or load…."""
    for folder in ("agent", "hub", "micro", "provisioning"):
        for file in sorted((ROOT / folder / "stairgate").rglob("*.py")):
            module = ".".join(file.relative_to(ROOT / folder).with_suffix("").parts)
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                inside = node.body if isinstance(node, ast.ClassDef) else [node]
                prefix = f"{module}.{node.name}" if isinstance(node, ast.ClassDef) else module
                for each in inside:
                    if isinstance(each, ast.FunctionDef) and re.match("(read|parse|decode|load)(_|ing|$)", each.name):
                        yield f"{prefix}.{each.name}"


def accepted(parser: Parser, home: Path, good: bytes, seed: int, count: int) -> set[object]:
    """What comes of the damaged versions of a good document that are accepted."""
    passed: set[object] = set()
    for data in mutations(good, seed=seed, count=count):
        try:
            passed.add(parser.parse(data, home))
        except (Refused, BackupError):
            continue
    return passed


PROVED = (
    *("envelope", "pairing request", "pairing answer", "trust", "certificate", "agent: policy", "agent: time"),
    *("hub: backup", "preview: document"),
)


@pytest.mark.parametrize("name", PROVED)
def test_nothing_damaged_passes_as_signed_or_proved(name: str, home: Path) -> None:
    parser = PARSERS[name]
    good = good_bytes(parser, home)
    original = parser.parse(good, home)
    passed = accepted(parser, home, good, seed=7, count=700)
    if name == "agent: policy":  # a document accepted keeps the bytes it came as
        passed, original = {received.digest for received in passed}, original.digest  # type: ignore[attr-defined]
    # Mutations that undo themselves leave the document as it was; nothing else may pass.
    assert passed <= {original}


def test_no_damaged_backup_gives_other_files(home: Path) -> None:
    original = PARSERS["hub: backup, its content"].parse(hub_parsers.CONTENT, home)
    for data in mutations(hub_parsers.BACKUP, seed=9, count=700):
        try:
            opened = hub_parsers.open_backup(data)
        except BackupError:
            continue
        assert opened == hub_parsers.CONTENT
    assert original


def test_a_document_of_one_kind_passes_as_no_other() -> None:
    documents = {
        "policy": SIGNED,
        "trust": core_parsers.KEY.sign("trust", body_of(trust_vectors.ANNOUNCED)),
        "certificate": core_parsers.CERTIFICATE,
        "time": core_parsers.KEY.sign("time", core_parsers.TIME),
    }
    for said, document in documents.items():
        for asked in documents:
            if asked == said:
                assert envelope.open_signed(document, asked, KEYS, 20000) == body_of(document)
                continue
            for renamed in (document, document.replace(said.encode(), asked.encode(), 1)):
                with pytest.raises(Refused):
                    envelope.open_signed(renamed, asked, KEYS, 20000)


def test_a_proof_by_another_code_or_for_another_request_is_none() -> None:
    other = pairing.write_request(SECRET, pairing.read_request(SECRET, DOCUMENT)._replace(nonce="0f" * 16))
    for secret, request in ((OTHER_SECRET, DOCUMENT), (SECRET, other), (OTHER_SECRET, other)):
        with pytest.raises(Refused) as refused:
            pairing.read_answer(secret, request, ANSWERED)
        assert refused.value.reason == "bad_proof"
    # What a hub answered is no request, and a request no answer.
    for read in (
        lambda: pairing.read_request(SECRET, ANSWERED),
        lambda: pairing.read_answer(SECRET, DOCUMENT, DOCUMENT),
    ):
        with pytest.raises(Refused):
            read()


@pytest.mark.parametrize(
    "change",
    [
        *("usage SET to_device = 'abc'", "usage SET from_device = x'00ff'", "usage SET to_device = 1.5"),
        *(
            "counted SET to_device = 'abc'",
            "counted SET device = x'ff'",
            "events SET at = 'x'",
            "events SET by = x'ff'",
        ),
    ],
)
def test_a_history_with_values_of_another_kind_is_put_aside(tmp_path: Path, change: str) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(hub_parsers.history_bytes(tmp_path))
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"UPDATE {change}")
        database.commit()
    history = History(path, ManualClock(1_800_000_100.0))
    assert "put aside" in history.recovery
    assert history.events() == []
    history.usage(messages.Usage("m2", 5, "r1", (("d1", 9, 9),), ()), {"d1"})
    history.write()
    history.close()
    assert (tmp_path / "history.sqlite.damaged").exists()


@pytest.mark.parametrize("depth", [4, 100, 5000, 200_000])
def test_depth_is_refused_and_never_recursed_into(depth: int) -> None:
    deepest = b"[" * depth + b"]" * depth
    for read in (policy.read_policy, trust.read_trust, certificate.read_certificate):
        with pytest.raises(Refused):
            read(deepest[:600] + b"\n")
    for read_message, member in (
        (messages.read_hello, b"devices"),
        (messages.read_usage, b"bytes"),
        (messages.read_usage, b"minutes"),
        (messages.read_events, b"events"),
    ):
        with pytest.raises(Refused):
            read_message(b'{"v":1,"id":"m1","t":5,"agent":"r1","' + member + b'":' + deepest + b"}")
    assert POLICY
