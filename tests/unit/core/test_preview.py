"""`stairgate preview`: what it prints, what it refuses, and what it says about signatures."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from stairgate.core import envelope
from stairgate.core.decide import decide
from stairgate.core.policy import read_policy, write_policy
from stairgate.provisioning.preview import main

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "family.policy"
KEY = ec.derive_private_key(4711, ec.SECP256R1())
POINT = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def signed(body: bytes, kind: str = "policy") -> bytes:
    digest = envelope.digest_to_sign(kind, body)
    r, s = decode_dss_signature(KEY.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return envelope.header_line(kind, envelope.key_id(POINT), signature) + body


def preview(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[dict[str, object], str]:
    assert main(list(arguments)) == 0
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.err


def at(capsys: pytest.CaptureFixture[str], time: str, *more: str, device: str = "dtablet") -> dict[str, object]:
    return preview(capsys, str(EXAMPLE), "--device", device, "--at", time, *more)[0]


def test_it_is_the_cores_decision(capsys: pytest.CaptureFixture[str]) -> None:
    shown = at(capsys, "2026-03-24T12:00", "--used", "total=30,video=10")
    policy = read_policy(EXAMPLE.read_bytes())
    expected = decide(policy, "dtablet", 1774350000, {"pm7x": {"total": 30}})
    assert shown["at"] == 1774350000
    assert {name: shown[name] for name in expected._fields} == expected._asdict()
    assert shown["until_local"] == "2026-03-24T12:30:00+01:00"
    assert shown["at_local"] == "2026-03-24T12:00:00+01:00"


@pytest.mark.parametrize(
    ("time", "utc"),
    [
        ("2026-03-29T01:59", 1774745940),
        ("2026-03-29T02:30", 1774746000),
        ("2026-03-29T03:00", 1774746000),
        ("2026-10-25T02:30", 1792888200),
        ("2026-10-25T02:30:59", 1792888259),
        ("2026-10-25T03:00", 1792893600),
    ],
)
def test_local_time_at_the_changes_of_the_clock(capsys: pytest.CaptureFixture[str], time: str, utc: int) -> None:
    assert at(capsys, time)["at"] == utc


def test_minutes_used_count_for_each_person_of_the_device(capsys: pytest.CaptureFixture[str]) -> None:
    assert at(capsys, "2026-03-24T12:00", "--used", "total=60")["reason"] == "budget_spent"
    assert at(capsys, "2026-03-24T12:00", "--used", "total=60", device="dconsole")["reason"] == "budget_spent"
    assert at(capsys, "2026-03-24T12:00", "--used", "total=60", device="dphone")["reason"] == "default"


def test_a_limited_time_is_shown_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    shown = at(capsys, "2026-03-24T15:30", device="dphone")
    assert (shown["level"], shown["next_level"], shown["reason"]) == ("limited", "open", "week")


def test_a_device_that_is_not_there_is_closed(capsys: pytest.CaptureFixture[str]) -> None:
    shown = at(capsys, "2026-03-24T15:30", device="dnone")
    assert (shown["level"], shown["reason"], shown["zone"]) == ("closed", "not_in_policy", "Europe/Berlin")


def test_a_policy_without_zones_is_read_in_utc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bare.policy"
    path.write_bytes(b'["policy","h1","r1",5,6]\n')
    shown, _ = preview(capsys, str(path), "--device", "d1", "--at", "2026-03-24T12:00")
    assert (shown["at"], shown["zone"]) == (1774353600, "UTC")


def test_an_unsigned_policy_is_accepted_and_named_so(capsys: pytest.CaptureFixture[str]) -> None:
    shown, message = preview(capsys, str(EXAMPLE), "--device", "dtablet", "--at", "2026-03-24T12:00")
    assert (shown["signed"], shown["signature"]) == (False, "missing")
    assert "no signature" in message


def test_a_signature_is_checked_with_a_key_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "signed.policy"
    path.write_bytes(signed(EXAMPLE.read_bytes()))
    words = [str(path), "--device", "dtablet", "--at", "2026-03-24T12:00"]
    shown, message = preview(capsys, *words)
    assert (shown["signed"], shown["signature"]) == (True, "not checked")
    assert "not checked" in message
    shown, message = preview(capsys, *words, "--key", POINT.hex())
    assert (shown["signed"], shown["signature"]) == (True, "valid")
    assert message == ""


@pytest.mark.parametrize("kind", ["a byte changed", "unsigned", "another kind", "another key"])
def test_with_a_key_only_its_valid_signature_will_do(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = EXAMPLE.read_bytes()
    data, reason = {
        "a byte changed": (signed(body).replace(b'"6-9"', b'"adult"'), "bad_signature"),
        "unsigned": (body, "bad_header"),
        "another kind": (signed(body, "time"), "wrong_type"),
        "another key": (signed(body).replace(b" 1 ", b" 1 0"), "bad_header"),
    }[kind]
    path = tmp_path / "signed.policy"
    path.write_bytes(data)
    assert main([str(path), "--device", "dtablet", "--at", "2026-03-24T12:00", "--key", POINT.hex()]) == 1
    captured = capsys.readouterr()
    assert reason in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(("make", "first_line"), [(bytes, 1), (signed, 2)])
def test_all_faults_are_printed_with_their_lines(
    make: object, first_line: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = EXAMPLE.read_bytes().replace(b'"6-9"', b'"7"').replace(b"1170,420", b"1170,1440").replace(b"8080", b"0")
    path = tmp_path / "bad.policy"
    path.write_bytes(make(body))  # type: ignore[operator]
    assert main([str(path), "--device", "dtablet", "--at", "2026-03-24T12:00"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    places = [(2, "port", "got 0"), (4, "band", "got 7"), (12, "windows", "1440")]
    assert len(lines) == len(places)
    for line, (offset, field, got) in zip(lines, places, strict=True):
        assert f"{path}:{first_line + offset}: {field}: expected " in line
        assert got in line


def test_another_signed_document_is_no_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "signed.time"
    path.write_bytes(signed(EXAMPLE.read_bytes(), "time"))
    assert main([str(path), "--device", "dtablet", "--at", "2026-03-24T12:00"]) == 1
    assert "wrong_type" in capsys.readouterr().err


def test_a_file_that_is_missing_or_too_large(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "large.policy"
    path.write_bytes(b"x" * 16385)
    for name in (str(path), str(tmp_path / "missing.policy")):
        assert main([name, "--device", "dtablet", "--at", "2026-03-24T12:00"]) == 1
        assert name in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--at", "tomorrow"),
        ("--at", "2026-03-29T02:30+02:00"),
        ("--at", "1969-01-01T00:00"),
        ("--used", "total"),
        ("--used", "total=-1"),
        ("--used", "total=1441"),
        ("--used", "Total=1"),
        ("--key", "04"),
        ("--key", "xyz"),
    ],
)
def test_a_command_line_that_is_not_understood(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = {"--device": "dtablet", "--at": "2026-03-24T12:00", option: value}
    with pytest.raises(SystemExit) as exit_:
        main([str(EXAMPLE), *[word for pair in words.items() for word in pair]])
    assert exit_.value.code == 2
    assert "expected" in capsys.readouterr().err


def test_the_example_is_in_canonical_form() -> None:
    data = EXAMPLE.read_bytes()
    assert write_policy(read_policy(data)) == data
