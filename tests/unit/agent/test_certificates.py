"""The agent's own certificate: which one is taken, and what happens when the broker wants none of it."""

import os
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent.broker_link_fake import FakeLink
from stairgate.agent.certificates import Certificates, fingerprint, read_certificate_file, validity
from stairgate.agent.limits import REFUSALS
from stairgate.agent.sync import Identity
from stairgate.core.certificate import Certificate, write_certificate
from stairgate.core.refused import Refused
from stairgate.provisioning.authority import Authority, Role, certificate_pem, key_pem, new_key
from tests.lab.policies import AGENT_ID, HOME_ID
from tests.unit.agent.rig import NOON, identity, signing_key
from tests.unit.agent.router import Router

NOW = datetime.fromtimestamp(NOON, UTC)
YEAR = timedelta(days=365)
AUTHORITY = Authority.create(HOME_ID, NOW - YEAR, NOW + 20 * YEAR)
KEY = new_key()


def issued(years: int, key: object = KEY) -> x509.Certificate:
    return AUTHORITY.issue(Role.AGENT, AGENT_ID, key.public_key(), NOW, NOW + years * YEAR)  # type: ignore[attr-defined]


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def ends(certificate: x509.Certificate) -> int:
    return validity(der(certificate)).ends


FIRST, SECOND, THIRD = issued(1), issued(5), issued(6)


def document(certificate: x509.Certificate, **changes: Any) -> bytes:
    said = Certificate(HOME_ID, AGENT_ID, ends(certificate), der(certificate))
    return signing_key().sign("certificate", write_certificate(said._replace(**changes)))


class Bench:
    """A router's folder with its first certificate, and a link that notes which one is shown."""

    def __init__(self, folder: Path) -> None:
        self.file, self.key_file = folder / "agent.crt", folder / "agent.key"
        self.folder = folder
        self.file.write_bytes(certificate_pem(FIRST))
        self.key_file.write_bytes(key_pem(KEY))
        self.link = FakeLink()
        self.restart()

    def restart(self) -> None:
        self.certificates = Certificates(self.file, self.key_file, self.link)

    def accept(self, data: bytes, who: Identity | None = None) -> str:
        """What became of it: "" or why it was refused."""
        try:
            self.certificates.accept(data, who or identity())
        except Refused as refused:
            return refused.reason
        return ""

    def refuse(self, times: int) -> None:
        for _ in range(times):
            self.certificates.refused()

    def shown(self) -> list[bytes]:
        """The certificates that the connection was to show, in order, as the files are now."""
        return [read_certificate_file(file) for file in self.link.certificates]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.link.close()


def test_the_dates_of_a_certificate() -> None:
    assert validity(der(FIRST)) == (NOW.timestamp(), (NOW + YEAR).timestamp())
    late = AUTHORITY.issue(Role.AGENT, AGENT_ID, KEY.public_key(), NOW, datetime(2060, 5, 6, 7, 8, 9, tzinfo=UTC))
    assert validity(der(late)).ends == datetime(2060, 5, 6, 7, 8, 9, tzinfo=UTC).timestamp()


def test_a_certificate_cut_anywhere_is_none() -> None:
    whole = der(FIRST)
    for length in range(len(whole)):
        with pytest.raises(ValueError):
            validity(whole[:length])


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_of_dates(data: bytes) -> None:
    try:
        validity(data)
    except ValueError:
        return


def test_a_newer_certificate_is_used_and_the_one_before_kept(bench: Bench) -> None:
    assert bench.certificates.fingerprint == fingerprint(der(FIRST))
    assert bench.accept(document(SECOND)) == ""
    assert bench.shown() == [der(SECOND)]
    assert read_certificate_file(bench.folder / "agent.crt.previous") == der(FIRST)
    assert bench.certificates.fingerprint == fingerprint(der(SECOND)) != fingerprint(der(FIRST))
    assert sorted(file.name for file in bench.folder.iterdir()) == ["agent.crt", "agent.crt.previous", "agent.key"]
    ssl.create_default_context().load_cert_chain(bench.file, bench.key_file)


def test_what_comes_twice_is_used_once(bench: Bench) -> None:
    for _ in range(3):
        assert bench.accept(document(SECOND)) == ""
    assert len(bench.link.certificates) == 1


def test_what_is_not_for_us_or_does_not_fit_changes_nothing(bench: Bench) -> None:
    stranger = issued(5, new_key())
    cases = [
        (document(stranger), "bad_certificate"),
        (document(SECOND, not_after=ends(SECOND) + 1), "bad_certificate"),
        (document(SECOND, der=b"no certificate"), "bad_certificate"),
        (document(SECOND, der=der(SECOND)[:-1]), "bad_certificate"),
        (document(SECOND, home="hother"), "wrong_home"),
        (document(SECOND, agent="rother"), "wrong_agent"),
        (signing_key("stranger").sign("certificate", document(SECOND).partition(b"\n")[2]), "unknown_key"),
        (document(SECOND).replace(b'["certificate"', b'["certificatE"'), "bad_signature"),
        (signing_key().sign("policy", document(SECOND).partition(b"\n")[2]), "wrong_type"),
        (b"x" * 5000, "too_large"),
        (b"", "bad_header"),
    ]
    for data, reason in cases:
        assert bench.accept(data) == reason
    assert bench.link.certificates == []
    assert read_certificate_file(bench.file) == der(FIRST)
    assert sorted(file.name for file in bench.folder.iterdir()) == ["agent.crt", "agent.key"]


def test_an_older_certificate_does_not_come_back(bench: Bench) -> None:
    bench.accept(document(SECOND))
    assert bench.accept(document(FIRST)) == "older"


def test_a_damaged_certificate_is_replaced_by_any(bench: Bench) -> None:
    bench.file.write_bytes(b"damaged")
    bench.restart()
    assert bench.certificates.fingerprint == ""
    assert bench.accept(document(FIRST)) == ""
    assert read_certificate_file(bench.file) == der(FIRST)


def test_one_that_the_broker_refuses_is_given_up_for_the_one_before(bench: Bench) -> None:
    bench.accept(document(SECOND))
    bench.refuse(REFUSALS - 1)
    assert len(bench.link.certificates) == 1
    bench.refuse(1)
    assert bench.shown()[-1] == der(FIRST)
    assert bench.certificates.fingerprint == fingerprint(der(FIRST))

    bench.certificates.connected()
    bench.restart()
    assert bench.certificates.fingerprint == fingerprint(der(FIRST))


def test_one_that_was_given_up_is_not_tried_again_but_another_is(bench: Bench) -> None:
    bench.accept(document(SECOND))
    bench.refuse(REFUSALS)
    bench.certificates.connected()
    assert bench.accept(document(SECOND)) == "given_up"
    assert bench.accept(document(THIRD)) == ""
    assert read_certificate_file(bench.file) == der(THIRD)


def test_refusals_now_and_then_change_nothing(bench: Bench) -> None:
    bench.accept(document(SECOND))
    for _ in range(10):
        bench.refuse(REFUSALS - 1)
        bench.certificates.connected()
    assert bench.shown() == [der(SECOND)]


def test_when_neither_is_taken_both_are_tried_less_and_less(bench: Bench) -> None:
    bench.accept(document(SECOND))
    bench.refuse(1000)
    turns = bench.shown()[1:]
    assert turns[:4] == [der(FIRST), der(SECOND), der(FIRST), der(SECOND)]
    assert 4 < len(turns) < 30


def test_without_one_before_there_is_nothing_to_go_back_to(bench: Bench) -> None:
    bench.refuse(100)
    assert bench.link.certificates == []


def test_after_a_restart_the_one_before_is_still_there_to_go_back_to(bench: Bench) -> None:
    bench.accept(document(SECOND))
    bench.restart()
    bench.refuse(REFUSALS)
    assert bench.shown()[-1] == der(FIRST)


def test_a_disk_that_refuses_leaves_what_was(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    real = os.rename

    def failing(source: str, target: str) -> None:
        if left and left.pop() == 0:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "rename", failing)
    for before in range(3):  # the file for the test, the one before, the new one
        left[:] = range(before + 1)
        with pytest.raises(OSError):
            bench.accept(document(SECOND))
        assert read_certificate_file(bench.file) == der(FIRST)
        assert bench.link.certificates == []
        assert bench.certificates.fingerprint == fingerprint(der(FIRST))
    assert bench.accept(document(SECOND)) == ""


def test_the_loop_takes_a_certificate_and_tells_which_one_it_shows(router: Router, bench: Bench) -> None:
    router.certificates = Certificates(bench.file, bench.key_file, router.link)
    router.restart()
    router.certificates._user = router.link
    assert router.hello().certificate == fingerprint(der(FIRST))

    router.link.deliver("certificate", b"rubbish")
    router.link.deliver("certificate", document(SECOND))
    router.control.turn()
    assert [read_certificate_file(file) for file in router.link.certificates] == [der(SECOND)]
    assert router.hello().certificate == fingerprint(der(SECOND))

    for _ in range(REFUSALS):
        router.link.refuse()
    router.control.turn()
    assert [read_certificate_file(file) for file in router.link.certificates[1:]] == [der(FIRST)]
    assert router.hello().certificate == fingerprint(der(FIRST))
