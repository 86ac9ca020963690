"""The parsers of `stairgate.core` and `stairgate.port`: the formats, and the one way in which files are read."""

import json
from pathlib import Path
from typing import Any

from stairgate.core import (
    certificate,
    declaration,
    declaration_reader,
    declaration_rules,
    envelope,
    gates,
    ledger,
    ledger_message,
    lines,
    messages,
    p256,
    pairing,
    policy,
    policy_brief,
    receipt,
    settings,
    trust,
)
from stairgate.core.messages import Events, Hello, Seen, Usage
from stairgate.core.observed import Reached, Streamed, encode_observed, read_observed
from stairgate.core.refused import Refused
from stairgate.micro.examples import bear as bear_example
from stairgate.micro.platform_fake import FakePlatform
from stairgate.port.atomic import read_bounded
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.toy_code import findings
from stairgate.provisioning.toy_command import body_of as body_of_source
from tests.portable import bear, family, toy, trust_vectors
from tests.portable.test_pairing import ANSWERED, DOCUMENT, SECRET
from tests.unit.hostile.parser import Parser, in_file, of_bytes, of_text

KEY = SigningKey.create()
KEYS = {KEY.key_id: KEY.point}
POLICY = family.body()
SIGNED = KEY.sign("policy", POLICY)
TRUST = trust_vectors.ANNOUNCED
TRUSTED = {envelope.key_id(trust_vectors.A): trust_vectors.A}
CERTIFICATE = KEY.sign(
    "certificate", certificate.write_certificate(certificate.Certificate("h1", "r1", 1_900_000_000, b"der" * 200))
)
HELLO = Hello(
    "m1",
    5,
    "r1",
    "aa" * 8,
    5,
    "bb" * 32,
    6,
    "applied",
    "",
    (("d1", "open", 9), ("d2", "closed", None)),
    "trusted",
    0,
    "0a" * 8,
)
USAGE = Usage("m1", 5, "r1", (("d1", 10, 20),), (("p1", "total", 20_000, b"\x01" * 180),))
OBSERVED = (Reached("dt", "spy.example", "refused", 20539, 3, 1774600000), Streamed("dc", 5, 65, 3_000_000))
EVENTS = Events("m1", 5, "r1", (Seen("02:00:5e:10:00:01", ("192.168.77.9",), "mias-tablet", "dnsmasq"),))
TIME = messages.time_body(5, "aa" * 8, 6, "bb" * 32)
TOY_POLICY = bear.toy_body(
    b'["gate","tbear",[["camera",1774602600],["microphone",1774602700]]]',
    b'["consent","tbear",["answers","diary"]]',
    b'["reach","tbear",["talk.honey.example"]]',
    b'["quiet","tbear",[[31,1200,420]],"close"]',
)
ENTRY = ledger.Entry(17, 1774602000, "sent", "answers", 5120, "talk.honey.example")
ENTRY_LINE = ledger.entry_line(ledger.START, ENTRY)
LEDGER = ledger.message_head("m1", 5, "tbear") + ENTRY_LINE.partition(b" ")[2][:-1] + ledger.message_end()
RECEIPT = b'["receipt","bear1",5,"command"]\n["gone","answers",3,"command"]\n["ledger",9,"00112233445566ff"]\n'
DECLARATION = bear.declaration()
DECLARED_WHOLE = declaration_reader.read_declaration(bear.declared())
TOY_CODE = (Path(bear_example.__file__)).read_bytes()
TOY_FILE = ledger.START.encode() + b"\n" + ENTRY_LINE
DECLARED = KEY.sign("declaration", bear.declared())
SETTINGS = json.dumps({"hub": {"listen": ["0.0.0.0:8080"], "https": True}, "agent": {"hello_minutes": 5}}).encode()


def read_all(data: bytes) -> list[Any]:
    """Every line of a body."""
    return [lines.read_line(line) for line in lines.split(data)]


def check_settings(data: bytes) -> object:
    """A table of settings of any shape, as TOML, JSON or UCI may yield it."""
    try:
        tables = json.loads(data)
    except (ValueError, RecursionError):
        tables = data.decode("latin-1")
    values, faults = settings.check(tables, are_texts=len(data) % 2 == 0)
    assert len(faults) <= settings.FAULTS_MAX
    assert all(len(settings.sentence(fault)) < 500 for fault in faults)
    return values


def read_on_toy(data: bytes) -> object:
    """A toy's policy, and what the toy then asks of it."""
    held = policy_brief.read_toy_policy(lines.split(data))
    device = held.devices[0].id
    decided = [
        gates.decide_gate(held, DECLARATION, device, gate, ("answers",), 1_774_602_100, {})
        for gate in DECLARATION.gates
    ]
    assert all(one.until is not None for one in decided if one.reason == "opened")
    return decided


def start_toy(data: bytes, home: Path) -> object:
    """A toy whose small files all hold this; whatever it is, it starts, and nothing opens a sensor."""
    root = home / "toy"
    (root / "ledger").mkdir(parents=True, exist_ok=True)
    for name in ("acked", "agreed", "clock", "highest", "ledger/0000000007", "origin", "policy", "requests", "starts"):
        (root / name).write_bytes(data)
    for name in ("use", "withdrawn", "declared"):
        (root / name).write_bytes(data)
    if data[:1] > b"\x80":
        (root / "erasing").write_bytes(data)
    agent = toy.start(FakePlatform(str(root), toy.point(toy.MAKER), toy.NOON))
    agent.poll()
    assert agent.gates.decision("microphone", "answers").level == "closed"
    return agent


def check_toy(data: bytes) -> object:
    """Everything that a maker got wrong: readable, whatever came; none only for what a toy can read."""
    faults = declaration_rules.check_declaration(data)
    assert all(len(fault.got) <= 60 for fault in faults)
    return faults or declaration_reader.read_declaration(data)


def open_declaration(data: bytes) -> object:
    """A signed declaration, as a toy opens it."""
    steps = declaration.open_declaration_steps(data, KEYS)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def body_of(document: bytes) -> bytes:
    """A signed document without its first line."""
    return document.partition(b"\n")[2]


CORE = {
    "lines": Parser(of_bytes(read_all), POLICY, (Refused,)),
    "policy": Parser(of_bytes(policy.read_policy), POLICY, (Refused,)),
    "toy's policy": Parser(of_bytes(policy.read_policy), TOY_POLICY, (Refused,)),
    "toy's policy on the toy": Parser(of_bytes(read_on_toy), TOY_POLICY, (Refused,)),
    "declaration": Parser(of_bytes(declaration_reader.read_declaration), bear.declared(), (Refused,)),
    "declaration on the toy": Parser(of_bytes(declaration.read_brief_declaration), bear.declared(), (Refused,)),
    "declaration of a toy": Parser(of_bytes(check_toy), bear.declared()),
    "signed declaration": Parser(of_bytes(open_declaration), DECLARED, (Refused,)),
    "a toy's code": Parser(of_text(lambda source: list(findings(source, "toy.py", DECLARED_WHOLE))), TOY_CODE),
    "a declaration's source": Parser(of_bytes(body_of_source), b"# The bear.\n" + bear.declared()),
    "a toy's files": Parser(start_toy, TOY_FILE, tries=60),
    "envelope": Parser(of_bytes(lambda data: envelope.open_signed(data, "policy", KEYS, 20000)), SIGNED, (Refused,)),
    "hello": Parser(of_bytes(messages.read_hello), messages.encode_hello(HELLO), (Refused,)),
    "usage": Parser(of_bytes(messages.read_usage), messages.encode_usage(USAGE), (Refused,)),
    "events": Parser(of_bytes(messages.read_events), messages.encode_events(EVENTS), (Refused,)),
    "observed": Parser(of_bytes(read_observed), encode_observed("m1", 1774600000, "r1", OBSERVED), (Refused,)),
    "ledger": Parser(of_bytes(ledger_message.read_ledger), LEDGER, (Refused,)),
    "receipt": Parser(of_bytes(receipt.read_receipt), RECEIPT, (Refused,)),
    "ledger's line": Parser(of_bytes(lambda data: ledger.read_entry(ledger.START, data)), ENTRY_LINE[:-1], (Refused,)),
    "time": Parser(of_bytes(messages.read_time), TIME, (Refused,)),
    "topic": Parser(of_text(messages.parse_topic), b"sg/v1/000/h1/r1/down/policy", (Refused,)),
    "pairing code": Parser(of_text(pairing.read_code), b"000G-40R4-0M30-E209", (Refused,)),
    "pairing request": Parser(of_bytes(lambda data: pairing.read_request(SECRET, data)), DOCUMENT, (Refused,)),
    "pairing answer": Parser(of_bytes(lambda data: pairing.read_answer(SECRET, DOCUMENT, data)), ANSWERED, (Refused,)),
    "trust": Parser(
        of_bytes(lambda data: trust.accept_trust(data, "h1", 1, TRUSTED, trust_vectors.ROOT)), TRUST, (Refused,)
    ),
    "trust, its body": Parser(of_bytes(trust.read_trust), body_of(TRUST), (Refused,)),
    "certificate": Parser(
        of_bytes(lambda data: certificate.accept_certificate(data, "h1", "r1", KEYS)), CERTIFICATE, (Refused,)
    ),
    "certificate, its body": Parser(of_bytes(certificate.read_certificate), body_of(CERTIFICATE), (Refused,)),
    "point": Parser(of_bytes(p256.read_point), KEY.point),
    "settings, their values": Parser(of_bytes(check_settings), SETTINGS),
    "file": Parser(in_file(lambda file: read_bounded(str(file), 4096), "some.file"), POLICY[:4000], (ValueError,)),
}
