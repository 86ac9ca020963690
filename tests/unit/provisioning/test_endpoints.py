"""Which addresses and names a certificate may promise."""

import pytest

from stairgate.provisioning.endpoints import Endpoints, check_endpoints, find_endpoint_faults

GOOD_ADDRESSES = ["192.168.1.2", "10.0.0.1", "127.0.0.1", "2001:db8::2", "fd00::1", "::1"]
BAD_ADDRESSES = ["", "hub.lan", "192.168.1.0/24", "192.168.1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255"]
BAD_ADDRESSES += ["fe80::1", "fe80::1%eth0", "2001:db8::1%3", "01.2.3.4", " 10.0.0.1", "10.0.0.1\n"]
GOOD_NAMES = ["hub.lan", "hub", "a.b.c", "xn--bcher-kva.lan", "HUB.lan", "1and1.lan"]
BAD_NAMES = ["", "hub.", ".hub", "-hub", "hub-", "hub_1", "*.lan", "hub lan", "10.0.0.1", "bücher", "a" * 64]
BAD_NAMES += ["hub\n", ".".join(["a" * 60] * 5)]


@pytest.mark.parametrize("address", GOOD_ADDRESSES)
def test_address_accepted(address: str) -> None:
    assert find_endpoint_faults([address], [], 8883) == []


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_address_refused(address: str) -> None:
    (fault,) = find_endpoint_faults([address], [], 8883)

    assert (fault.where, fault.got) == ("address", repr(address))


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_name_accepted(name: str) -> None:
    assert find_endpoint_faults([], [name], 8883) == []


@pytest.mark.parametrize("name", BAD_NAMES)
def test_name_refused(name: str) -> None:
    (fault,) = find_endpoint_faults([], [name], 8883)

    assert (fault.where, fault.got) == ("name", repr(name))


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_port_refused(port: int) -> None:
    (fault,) = find_endpoint_faults(["10.0.0.1"], [], port)

    assert (fault.where, fault.got) == ("port", f"{port}")


def test_too_many_and_too_few_are_refused() -> None:
    addresses = [f"10.0.0.{number}" for number in range(1, 18)]
    names = [f"hub{number}.lan" for number in range(17)]

    assert [fault.where for fault in find_endpoint_faults(addresses, names, 8883)] == ["address", "name"]
    assert [fault.where for fault in find_endpoint_faults([], [], 8883)] == ["address"]


def test_endpoints_are_canonical_and_named_once() -> None:
    endpoints = check_endpoints(["2001:DB8:0::2", "10.0.0.1", "2001:db8::2"], ["Hub.lan", "hub.LAN"], 8883)

    assert endpoints == Endpoints(("2001:db8::2", "10.0.0.1"), ("hub.lan",), 8883)
    assert endpoints.hosts() == ("2001:db8::2", "10.0.0.1", "hub.lan")
