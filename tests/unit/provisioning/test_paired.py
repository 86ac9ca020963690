"""What a paired device is told: everything it needs, from the home's own files, in a form that it can read."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from stairgate.core import pairing
from stairgate.core.p256 import public_point
from stairgate.provisioning.home import create_home
from stairgate.provisioning.paired import paired_answer
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.rotation import rotate
from stairgate.provisioning.trust_chain import TrustChain
from tests.unit.provisioning.clocks import FixedClock

NOW = FixedClock().wall()
SECRET = bytes(range(10))
POINT = public_point(77)
REQUEST = pairing.write_request(SECRET, pairing.PairRequest(POINT, "0" * 32, "router", "Router"))


def test_a_device_reads_what_it_needs(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home", ["192.168.77.2"], ["hub.lan"], 8883, [], FixedClock())
    rotate(home, NOW)
    record, certificate = Registry(home.directory).enrol("Router", POINT, "router", NOW)

    answer = paired_answer(home.directory, record.id, certificate, ["192.168.77.2"], 8080)
    read = pairing.read_answer(SECRET, REQUEST, pairing.write_answer(SECRET, REQUEST, answer))

    assert read == answer
    assert (read.home, read.agent, read.shard, read.hub) == (home.id, record.id, "000", home.hub)
    assert (read.broker, read.broker_port) == (("192.168.77.2", "hub.lan"), 8883)
    assert (read.page, read.page_port) == (("192.168.77.2",), 8080)
    assert (read.root, read.trust, read.keys) == (home.root, 2, TrustChain(home.directory).latest().keys)
    assert len(read.keys) == 2
    authority = x509.load_der_x509_certificate(read.ca)
    x509.load_der_x509_certificate(read.certificate).verify_directly_issued_by(authority)
    assert authority.public_bytes(Encoding.PEM) == (home.directory / "hub" / "ca.crt").read_bytes()


def test_a_home_with_many_long_names_can_be_told_too(tmp_path: Path) -> None:
    names = [f"{number}{'a' * 60}.{'b' * 60}.lan" for number in range(9)]
    addresses = [f"2001:db8:1111:2222:3333:4444:5555:{number}" for number in range(7)]
    home = create_home(tmp_path / "home", addresses, names, 8883, [], FixedClock())
    record, certificate = Registry(home.directory).enrol("Router", POINT, "router", NOW)

    answer = paired_answer(home.directory, record.id, certificate, [*addresses, *names], 8080)
    read = pairing.read_answer(SECRET, REQUEST, pairing.write_answer(SECRET, REQUEST, answer))

    assert read.broker[:7] == tuple(addresses)
    assert read.page == read.broker
