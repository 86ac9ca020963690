"""The certificates of hub and broker are renewed in time, under the same key and for the same addresses."""

from pathlib import Path

import pytest
from cryptography import x509

from stairgate.provisioning.authority import LEAF_LIFETIME, Authority
from stairgate.provisioning.faults import Invalid
from stairgate.provisioning.home import create_home
from stairgate.provisioning.servers import RENEW_BEFORE, renew_servers
from stairgate.provisioning.settings import Home
from tests.unit.provisioning.clocks import FixedClock

NOW = FixedClock().wall()
DUE = NOW + (LEAF_LIFETIME - RENEW_BEFORE).total_seconds()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "home", ["192.168.77.2"], ["hub.lan"], 8883, [], FixedClock())


def certificate(home: Home, server: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((home.directory / server / f"{server}.crt").read_bytes())


def test_nothing_is_renewed_before_its_time(home: Home) -> None:
    before = certificate(home, "hub"), certificate(home, "broker")

    assert renew_servers(home.directory, DUE) == ()

    assert (certificate(home, "hub"), certificate(home, "broker")) == before


def test_a_renewed_certificate_differs_in_its_dates_and_serial_number_only(home: Home) -> None:
    authority = Authority.load(home.id, home.directory / "authority").certificate
    before = {server: certificate(home, server) for server in ("hub", "broker")}
    keys = {server: (home.directory / server / f"{server}.key").read_bytes() for server in before}

    assert renew_servers(home.directory, DUE + 1) == ("hub", "broker")

    for server, old in before.items():
        new = certificate(home, server)
        new.verify_directly_issued_by(authority)
        assert new.not_valid_after_utc.timestamp() == DUE + 1 + LEAF_LIFETIME.total_seconds()
        assert new.serial_number != old.serial_number
        assert (new.subject, new.public_key()) == (old.subject, old.public_key())
        assert [extension.value for extension in new.extensions] == [extension.value for extension in old.extensions]
        assert (home.directory / server / f"{server}.key").read_bytes() == keys[server]
    assert renew_servers(home.directory, DUE + 1) == ()


def test_a_clock_that_stands_in_the_past_renews_nothing(home: Home) -> None:
    with pytest.raises(Invalid, match="clock"):
        renew_servers(home.directory, 0)
