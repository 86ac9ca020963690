"""The rendered settings against files that a person has read; what they do is shown in tests/broker."""

from pathlib import Path

import pytest

from stairgate.provisioning.broker import BrokerSettings, render_acl, render_mosquitto_conf

GOLDEN = Path(__file__).parent / "golden"
BROKER = Path("/srv/our home/broker")


def test_settings_for_all_addresses() -> None:
    text = render_mosquitto_conf(BrokerSettings(BROKER, 8883, [], None))

    assert text == (GOLDEN / "mosquitto.conf").read_text()


def test_settings_for_two_addresses_and_an_account() -> None:
    text = render_mosquitto_conf(BrokerSettings(BROKER, 18883, ["192.168.77.2", "2001:db8::2"], "broker"))

    assert text == (GOLDEN / "mosquitto-bound.conf").read_text()


def test_access_list() -> None:
    text = render_acl("hhome2345", "bhub2345", "000", ["rrouter2345", "rattic2345"])

    assert text == (GOLDEN / "acl").read_text()


@pytest.mark.parametrize("directory", ["broker", "/srv/a\nallow_anonymous true", "/srv/a ", "/srv/\x7f"])
def test_a_path_that_the_file_cannot_hold_is_refused(directory: str) -> None:
    with pytest.raises(ValueError, match="expected an absolute path"):
        render_mosquitto_conf(BrokerSettings(Path(directory), 8883, [], None))
