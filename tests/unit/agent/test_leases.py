"""Leases as witnesses: dnsmasq's file and odhcpd's answer, whole, cut, and as a hostile device would have them."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent.discovery import DNSMASQ, ODHCPD, Discovery, Sighting
from stairgate.agent.leases import LeaseFile, OdhcpdLeases, read_dnsmasq, read_odhcpd
from stairgate.agent.limits import LEASE_FILE_BYTES, UBUS_BYTES, UBUS_SECONDS
from tests.lab.processes import wait_until

# As dnsmasq 2.90 writes it, IPv6 part included.
FILE = b"""1774643200 02:00:5e:10:00:01 192.168.1.20 mias-phone 01:02:00:5e:10:00:01
0 02:00:5e:10:00:02 192.168.1.21 * *
duid 00:01:00:01:2c:aa:00:00:02:00:5e:00:00:01
1774643200 1581891 fd00::25c mias-phone 00:01:00:01:2b:00:00:00:02:00:5e:10:00:01
"""
PHONE = Sighting("02:00:5e:10:00:01", "192.168.1.20", "mias-phone", DNSMASQ)
TV = Sighting("02:00:5e:10:00:02", "192.168.1.21", "", DNSMASQ)
# As odhcpd answers `ubus call dhcp ipv4leases`.
ANSWER = {
    "device": {
        "br-lan": {
            "leases": [
                {
                    "mac": "02005e100001",
                    "hostname": "mias-phone",
                    "accept-reconf-nonce": "",
                    "reqopts": "1,3,6",
                    "flags": ["bound"],
                    "address": "192.168.1.20",
                    "valid": 43190,
                },
                {"mac": "02005e100002", "address": "192.168.1.21", "valid": 10},
            ]
        },
        "br-guest": {"leases": [{"mac": "02005e100003", "address": "192.168.2.20"}]},
    }
}


def test_the_leases_of_dnsmasq() -> None:
    assert read_dnsmasq(FILE) == [PHONE, TV]


def test_a_file_cut_at_any_byte_tells_whole_leases_only() -> None:
    for length in range(len(FILE)):
        found = read_dnsmasq(FILE[:length])
        assert found == [PHONE, TV][: len(found)], length
        assert len(found) == min(2, FILE[:length].count(b"\n"))


@pytest.mark.parametrize(
    "line",
    [
        b"x" * 65536,
        b"1 02:00:5e:10:00:09 192.168.1.9 " + b"n" * 65536 + b" *",
        b"<html><body>502 Bad Gateway</body></html>",
        b"1 06-02:00:5e:10:00:01 192.168.1.9 infiniband *",
        b"1 02:00:5e:10:00:09 192.168.1.999 name *",
        b"1 02:00:5e:10:00:09 192.168.1.9 name",
        b"1 02:00:5e:10:00:09 192.168.1.9 a name *",
        b"-1 02:00:5e:10:00:09 192.168.1.9 name *",
        b"\x00" * 100,
        b"",
    ],
)
def test_a_line_that_is_no_lease_is_skipped_and_hides_no_other(line: bytes) -> None:
    assert read_dnsmasq(line + b"\n" + FILE) == [PHONE, TV]


def test_names_with_other_bytes_in_them_are_told_as_what_is_printable() -> None:
    discovery = Discovery()
    discovery.note(read_dnsmasq("1 02:00:5e:10:00:01 192.168.1.20 \u202egpj.exe *\n".encode()))
    discovery.note(read_dnsmasq(b"1 02:00:5e:10:00:02 192.168.1.21 caf\xe9\x1b[31m *\n"))
    assert [row.hostname for row in discovery.everything()] == ["gpj.exe", "caf\ufffd[31m"]


@given(st.binary(max_size=300))
def test_no_bytes_break_either_reader(data: bytes) -> None:
    assert isinstance(read_dnsmasq(FILE + data), list)
    assert isinstance(read_odhcpd(data, ("br-lan",)), list)


def test_the_file_is_read_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "dhcp.leases"
    leases = LeaseFile(str(path))
    assert leases.news() == []
    path.write_bytes(FILE)
    assert leases.news() == [PHONE, TV]
    assert leases.news() == []
    path.write_bytes(FILE + b"5 02:00:5e:10:00:03 192.168.1.22 console *\n")
    assert leases.news()[2:] == [Sighting("02:00:5e:10:00:03", "192.168.1.22", "console", DNSMASQ)]
    path.unlink()
    assert leases.news() == []


def test_of_a_huge_file_the_beginning_is_read(tmp_path: Path) -> None:
    path = tmp_path / "dhcp.leases"
    path.write_bytes(FILE + b"x" * (2 * LEASE_FILE_BYTES))
    assert LeaseFile(str(path)).news() == [PHONE, TV]


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_tells_nothing_and_holds_up_nobody(tmp_path: Path, make: Callable[[str], None]) -> None:
    make(str(tmp_path / "dhcp.leases"))
    assert LeaseFile(str(tmp_path / "dhcp.leases")).news() == []


def test_the_leases_of_odhcpd_on_the_lan_s_interfaces() -> None:
    found = read_odhcpd(json.dumps(ANSWER).encode(), ("br-lan", "br-absent"))
    assert found == [PHONE._replace(source=ODHCPD), TV._replace(source=ODHCPD)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Command failed: Not found\n",
        b"[]",
        b"5",
        b'{"device":[]}',
        b'{"device":{"br-lan":[]}}',
        b'{"device":{"br-lan":{"leases":5}}}',
        b'{"device":{"br-lan":{"leases":{"a":1}}}}',
        b'{"device":{"br-lan":{"leases":[5,null,[],{},{"mac":5,"address":"192.168.1.20"}]}}}',
        b'{"device":{"br-lan":{"leases":[{"mac":"02005E100001","address":"192.168.1.20"}]}}}',
        b'{"device":{"br-lan":{"leases":[{"mac":"02005e100001","address":["192.168.1.20"]}]}}}',
        b"[" * 100000,
        b"\xff\xfe",
    ],
)
def test_an_answer_that_is_none_has_no_leases(data: bytes) -> None:
    assert read_odhcpd(data, ("br-lan",)) == []


def test_a_name_that_is_no_text_is_none() -> None:
    data = b'{"device":{"br-lan":{"leases":[{"mac":"02005e100001","address":"192.168.1.20","hostname":["x"]}]}}}'
    assert read_odhcpd(data, ("br-lan",)) == [Sighting("02:00:5e:10:00:01", "192.168.1.20", "", ODHCPD)]


class Ubus:
    """An executable `ubus` on PATH, and the question asked to it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program = folder / "ubus"
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        self.leases = OdhcpdLeases(("br-lan",))

    def install(self, script: str) -> None:
        self.program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        self.program.chmod(0o755)

    def answer(self) -> list[Sighting]:
        """What comes within the time of a test."""
        self.leases.ask(0.0)
        found: list[Sighting] = []

        def has_come() -> bool:
            found.extend(self.leases.news(0.0))
            return bool(found) or self.is_done()

        wait_until("an answer", has_come)
        return found

    def is_done(self) -> bool:
        return self.leases._running is None


@pytest.fixture
def ubus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ubus:
    return Ubus(tmp_path, monkeypatch)


def test_ubus_is_asked_without_waiting(ubus: Ubus, tmp_path: Path) -> None:
    ubus.install(f'echo "$@" > {tmp_path}/words\ncat <<END\n{json.dumps(ANSWER)}\nEND')
    assert ubus.answer() == [PHONE._replace(source=ODHCPD), TV._replace(source=ODHCPD)]
    assert (tmp_path / "words").read_text(encoding="utf-8") == "-t 5 call dhcp ipv4leases\n"
    assert ubus.answer(), "a second question is answered as well"


def test_without_ubus_there_are_no_leases(ubus: Ubus) -> None:
    assert ubus.answer() == []


def test_a_router_without_odhcpd_has_no_leases(ubus: Ubus) -> None:
    ubus.install("echo 'Command failed: Not found' >&2; exit 4")
    assert ubus.answer() == []


def test_an_answer_of_a_program_that_failed_is_not_believed(ubus: Ubus) -> None:
    ubus.install(f"cat <<END\n{json.dumps(ANSWER)}\nEND\nexit 1")
    assert ubus.answer() == []


def test_an_endless_answer_is_cut_off(ubus: Ubus) -> None:
    ubus.install("exec cat /dev/zero")
    assert ubus.answer() == []
    assert len(ubus.leases._answer) <= UBUS_BYTES


def test_an_answer_that_does_not_come_is_given_up(ubus: Ubus) -> None:
    ubus.install("exec sleep 1000")
    ubus.leases.ask(0.0)
    assert ubus.leases.news(UBUS_SECONDS - 0.1) == []
    assert not ubus.is_done()
    assert ubus.leases.news(UBUS_SECONDS) == []
    assert ubus.is_done()


def test_closing_ends_a_question(ubus: Ubus) -> None:
    ubus.install("exec sleep 1000")
    ubus.leases.ask(0.0)
    ubus.leases.close()
    assert ubus.is_done()
