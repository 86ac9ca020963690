"""A toy's code beside its declaration: what is used and not declared is found, and what is declared is not."""

from pathlib import Path

import pytest

from stairgate.core.declaration_reader import read_declaration
from stairgate.provisioning.toy_code import CODES, findings
from stairgate.provisioning.toy_command import main
from tests.portable import bear

DECLARATION = read_declaration(bear.declared())
EXAMPLE = Path(__file__).parents[3] / "micro" / "stairgate" / "micro" / "examples"

#: A fragment of a toy's code, and the codes with what was found.
CODE = {
    "a microphone in its table": (
        "from machine import I2S\nclass Mic:\n    def __init__(self): self.i = I2S(0)\nB(drivers={'mic': Mic})",
        [],
    ),
    "a lambda in the table": ("import machine\nB(drivers={'mic': lambda: machine.I2S(0)})", []),
    "a table by name": ("import machine as m\nself.drivers = {'eye': lambda: camera.Camera()}\nimport camera", []),
    "a microphone beside the table": ("import machine\nmic = machine.I2S(0)", ["past_the_gate machine.I2S"]),
    "another name for it": ("from machine import PDM as Ear\near = Ear(1)", ["past_the_gate machine.PDM"]),
    "a radio that nobody declared": ("import bluetooth\nble = bluetooth.BLE()", ["undeclared_sensor bluetooth.BLE"]),
    "a position that nobody declared": (
        "from adafruit_gps import GPS\nB(drivers={'mic': lambda: GPS(uart)})",
        ["undeclared_sensor adafruit_gps.GPS"],
    ),
    "a camera as a microphone": (
        "import camera\nB(drivers={'mic': lambda: camera.Camera()})",
        ["undeclared_sensor camera.Camera as mic"],
    ),
    "a sensor of no declared name": ("B(drivers={'nose': Nose})", ["undeclared_sensor nose"]),
    "what is around": ("w.scan()", ["undeclared_sensor networks around, which tell where it is"]),
    "a driver taken from the platform": ("board.driver('mic')()", ["past_the_gate board.driver"]),
    "a declared gate and row": ("with agent.gates.open('microphone', 'answers'): pass", []),
    "an undeclared gate": ("agent.gates.open('location')", ["undeclared_gate location"]),
    "an undeclared row": ("agent.gates.open('microphone', 'ads')", ["undeclared_row ads"]),
    "a row of another gate": ("agent.gates.open('camera', 'answers')", ["undeclared_row answers"]),
    "noted as declared": ("agent.ledger.note('answers', n, 'talk.honey.example')", []),
    "noted for another": ("agent.ledger.note('answers', n, 'x.example')", ["undeclared_destination x.example"]),
    "noted for nothing": ("agent.ledger.note('mood', n)", ["undeclared_row mood"]),
    "kept where declared": ("agent.kept.keep('diary', d)", []),
    "kept where not": ("agent.kept.keep('answers', d)", ["undeclared_row answers"]),
    "a declared host": ("await asyncio.open_connection('talk.honey.example', 443)", []),
    "a host": ("asyncio.open_connection('ads.example', 443)", ["undeclared_destination ads.example"]),
    "an address": ("s.getaddrinfo('203.0.113.9', 443)", ["undeclared_destination 203.0.113.9"]),
    "a broker": ("MQTTClient('me', 'mq.example')", ["undeclared_destination mq.example"]),
    "a URL": ("U = 'https://t.example/x'", ["undeclared_destination t.example"]),
    "a declared URL": ("U = 'https://talk.honey.example/x'", []),
    "in the clear": ("U = 'http://talk.honey.example/x'", ["in_the_clear http://talk.honey.example"]),
    "put together": ("open_connection(host + '.example', 443)", ["unclear host + '.example'"]),
    "a TLS that verifies nothing": ("import ssl", ["unverified ssl"]),
    "what is built on it": ("from umqtt.simple import MQTTClient", ["unverified umqtt.simple"]),
    "a table by position": (
        "import machine\nUnixPlatform(f, m, {'mic': lambda: machine.I2S(0)}, s)\nRp2Platform(m, {'mic': 5}, {}, {})",
        [],
    ),
    "no Python": ("def (", ["not_python"]),
    "a sentence with dots": ("say('see you. tomorrow. at 8.30')", []),
}  # fmt: skip


@pytest.mark.parametrize("name", CODE)
def test_what_code_does(name: str) -> None:
    source, expected = CODE[name]
    found = [f"{one.code} {one.found}" for one in findings(source, "toy.py", DECLARATION)]
    if expected == ["not_python"]:
        assert [one.split(" ")[0] for one in found] == expected
    else:
        assert found == expected


def test_every_code_is_tried() -> None:
    tried = {one.split(" ")[0] for _, expected in CODE.values() for one in expected}
    assert tried == set(CODES)


def test_the_example_is_as_declared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(EXAMPLE / "bear.declaration"), str(EXAMPLE)]) == 0
    assert capsys.readouterr().out == ""


def test_the_example_is_short() -> None:
    assert len((EXAMPLE / "bear.py").read_text(encoding="utf-8").splitlines()) <= 60


def test_a_source_with_faults_is_not_signed_and_says_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, key, target = tmp_path / "toy.declaration", tmp_path / "maker.key", tmp_path / "toy.signed"
    assert main(["key", str(key)]) == 0
    assert len(capsys.readouterr().out.strip()) == 130
    text = (EXAMPLE / "bear.declaration").read_text(encoding="utf-8")
    source.write_text(text.replace('"2031-12-31"', '""').replace('["gesture","erase"', '["x-erase"'), encoding="utf-8")
    assert main(["sign", str(source), "--key", str(key), "--to", str(target)]) == 1
    told = capsys.readouterr().err
    assert f"{source}:4: support_end" in told
    assert "gesture: expected a gesture erase" in told
    assert not target.exists()


def test_a_sound_source_is_signed_in_the_formats_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, target = tmp_path / "maker.key", tmp_path / "toy.signed"
    main(["key", str(key)])
    assert main(["sign", str(EXAMPLE / "bear.declaration"), "--key", str(key), "--to", str(target)]) == 0
    header, _, body = target.read_bytes().partition(b"\n")
    assert header.startswith(b"stairgate-declaration 1 ")
    assert read_declaration(body).id == "bear1"


def test_a_makers_key_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "maker.key"
    main(["key", str(key)])
    before = key.read_bytes()
    assert main(["key", str(key)]) == 1
    assert key.read_bytes() == before


def test_findings_end_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = tmp_path / "toy.py"
    code.write_text("import bluetooth\nbluetooth.BLE()\n", encoding="utf-8")
    assert main(["check", str(EXAMPLE / "bear.declaration"), str(code)]) == 1
    assert f"{code}:2: undeclared_sensor" in capsys.readouterr().out
    code.write_text("open_connection(host, 443)\n", encoding="utf-8")
    assert main(["check", str(EXAMPLE / "bear.declaration"), str(code)]) == 0


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "/nowhere/toy.declaration"]) == 1
    assert "nowhere" in capsys.readouterr().err
