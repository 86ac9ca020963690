"""Merging sightings: who is remembered, what is news, and what becomes of a hostile name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent.discovery import DNSMASQ, NEIGHBOUR, ODHCPD, Discovery, Sighting, clean_hostname
from stairgate.agent.limits import ADDRESSES_REMEMBERED, DEVICES_SEEN
from stairgate.core.messages import Events, Seen, encode_events, read_events

PHONE, LAPTOP = "02:00:5e:10:00:01", "02:00:5e:10:00:02"


def seen(mac: str = PHONE, address: str = "192.168.1.20", hostname: str = "", source: str = NEIGHBOUR) -> Sighting:
    return Sighting(mac, address, hostname, source)


def numbered(number: int) -> str:
    return f"02:00:5e:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def test_witnesses_of_one_device_become_one_row() -> None:
    discovery = Discovery()
    discovery.note([seen(address="fe80::1"), seen(address="2001:db8::7"), seen(hostname="mias-phone", source=DNSMASQ)])
    addresses = ("192.168.1.20", "2001:db8::7", "fe80::1")
    assert discovery.everything() == [Seen(PHONE, addresses, "mias-phone", "dnsmasq")]


def test_only_what_is_new_is_news() -> None:
    discovery = Discovery()
    assert discovery.note([seen()])
    assert discovery.news(9) == [Seen(PHONE, ("192.168.1.20",), "", "neighbour")]
    assert not discovery.note([seen()])
    assert not discovery.has_news()
    assert discovery.news(9) == []
    assert not discovery.note([seen(address="192.168.1.21")])
    assert [row.addresses for row in discovery.news(9)] == [("192.168.1.20", "192.168.1.21")]
    assert discovery.note([seen(LAPTOP, "192.168.1.30")])
    assert [row.mac for row in discovery.news(9)] == [LAPTOP]


def test_what_was_told_with_everything_is_no_news() -> None:
    discovery = Discovery()
    discovery.note([seen()])
    assert len(discovery.everything()) == 1
    assert not discovery.has_news()
    assert len(discovery.everything()) == 1


def test_news_is_handed_out_in_parts() -> None:
    discovery = Discovery()
    discovery.note([seen(numbered(number), "") for number in range(5)])
    assert [row.mac for row in discovery.news(3)] == [numbered(number) for number in range(3)]
    assert [row.mac for row in discovery.news(3)] == [numbered(3), numbered(4)]


def test_a_name_is_kept_when_a_witness_knows_none_and_the_lease_servers_word_is_the_better_one() -> None:
    discovery = Discovery()
    discovery.note([seen(source=DNSMASQ), seen(hostname="from-odhcpd", source=ODHCPD)])
    assert discovery.everything()[0].hostname == "from-odhcpd"
    discovery.note([seen(hostname="from-dnsmasq", source=DNSMASQ)])
    discovery.note([seen(), seen(hostname="from-odhcpd", source=ODHCPD), seen(source=DNSMASQ)])
    assert discovery.everything() == [Seen(PHONE, ("192.168.1.20",), "from-dnsmasq", "dnsmasq")]
    discovery.note([seen(hostname="from-odhcpd", source=ODHCPD), seen(hostname="from-dnsmasq", source=DNSMASQ)])
    assert not discovery.has_news(), "two servers with two names are news for ever"


@pytest.mark.parametrize(
    "mac",
    [
        "01:00:5e:00:00:fb",
        "33:33:00:00:00:01",
        "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00",
        "02:00:5e:10:00",
        "",
        "x" * 17,
    ],
)
def test_what_is_no_devices_mac_is_not_seen(mac: str) -> None:
    discovery = Discovery()
    assert not discovery.note([seen(mac)])
    assert discovery.everything() == []


@pytest.mark.parametrize(
    "address", ["", "ff02::1", "224.0.0.251", "::", "0.0.0.0", "127.0.0.1", "::ffff:10.0.0.1", "x"]
)
def test_an_address_that_is_no_devices_own_is_left_out(address: str) -> None:
    discovery = Discovery()
    discovery.note([seen(address=address)])
    assert discovery.everything() == [Seen(PHONE, (), "", "neighbour")]


def test_the_device_not_seen_for_longest_makes_room() -> None:
    discovery = Discovery()
    discovery.note([seen(numbered(number), "") for number in range(DEVICES_SEEN)])
    discovery.note([seen(numbered(0), "")])
    discovery.note([seen(LAPTOP, "")])
    macs = [row.mac for row in discovery.everything()]
    assert len(macs) == DEVICES_SEEN
    assert numbered(0) in macs
    assert numbered(1) not in macs
    assert LAPTOP in macs


def test_the_last_eight_addresses_are_told_and_a_ninth_that_comes_again_is_no_news() -> None:
    discovery = Discovery()
    many = [seen(address=f"2001:db8::{number}") for number in range(1, 21)]
    discovery.note(many)
    assert discovery.news(9)[0].addresses == tuple(f"2001:db8::{number}" for number in range(13, 21))
    discovery.note(many)
    assert not discovery.has_news()


def test_addresses_are_forgotten_some_time() -> None:
    discovery = Discovery()
    many = [seen(address=f"2001:db8::{number:x}") for number in range(1, ADDRESSES_REMEMBERED + 2)]
    discovery.note(many)
    discovery.everything()
    discovery.note(many[:1])
    assert discovery.has_news()


def test_an_address_is_the_device_s_that_was_last_seen_with_it() -> None:
    discovery = Discovery()
    discovery.note([seen(), seen(LAPTOP)])
    assert {row.mac: row.addresses for row in discovery.everything()} == {PHONE: (), LAPTOP: ("192.168.1.20",)}


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("mias-phone", "mias-phone"),
        ("Müllers Häuschen", "Müllers Häuschen"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\x1b[2Jb\r\nc\x00\x7f\x85", "a[2Jbc"),
        ("\u200b\ufeff", ""),
        ("half \ud83d", "half"),
        ("  x  ", "x"),
        ("x" * 65536, "x" * 63),
    ],
)
def test_a_name_is_what_is_printable_of_it(name: str, clean: str) -> None:
    assert clean_hostname(name) == clean


@given(st.text(st.characters(), max_size=80))
def test_whatever_a_device_calls_itself_can_be_told(name: str) -> None:
    discovery = Discovery()
    discovery.note([seen(hostname=name, source=DNSMASQ)])
    events = Events("mab", 0, "r1", tuple(discovery.everything()))
    assert read_events(encode_events(events)) == events
