"""When the hub is told who is there: everybody at each connect, what is new at once, and never what it knows."""

from stairgate.agent.discovery import DNSMASQ, NEIGHBOUR, Sighting
from stairgate.agent.limits import DEVICES_SEEN, EVERYBODY_SECONDS, TELL_ROWS, TELL_SECONDS
from tests.unit.agent.router import Router

PHONE = Sighting("02:00:5e:10:00:01", "192.168.1.20", "", NEIGHBOUR)


def told(router: Router) -> list[str]:
    """MAC addresses in the order in which they were told."""
    return [seen.mac for events in router.events() for seen in events.events]


def strangers(count: int) -> list[Sighting]:
    return [
        PHONE._replace(mac=f"02:00:5e:20:{number >> 8:02x}:{number & 255:02x}", address="") for number in range(count)
    ]


def test_a_new_device_is_told_at_once_and_once(router: Router) -> None:
    router.lookout.seen = [PHONE]
    router.control.turn()
    assert told(router) == [PHONE.mac]
    router.lookout.seen = [PHONE]
    router.wait(60)
    assert told(router) == [PHONE.mac]
    assert len(router.events()) == 1


def test_it_is_told_with_qos_1_by_the_agent(router: Router) -> None:
    router.lookout.seen = [PHONE]
    router.control.turn()
    (sent,) = [one for one in router.link.published if one.kind == "events"]
    assert sent.qos == 1
    assert router.events()[0].agent == router.hello().agent


def test_everybody_is_told_at_each_connect_after_the_hello(router: Router) -> None:
    router.lookout.seen = [PHONE]
    router.control.turn()
    router.link.published.clear()
    for _ in range(2):
        router.hello()
    kinds = [one.kind for one in router.link.published if one.kind != "usage"]
    assert kinds == ["hello", "events", "hello", "events"]
    assert told(router) == [PHONE.mac] * 2


def test_everybody_is_told_again_every_half_hour_for_a_hub_that_was_started_again(router: Router) -> None:
    router.lookout.seen = [PHONE]
    router.hello()
    router.lookout.seen = []
    router.wait(EVERYBODY_SECONDS - 60)
    assert told(router) == [PHONE.mac]
    router.wait(120)
    assert told(router) == [PHONE.mac] * 2


def test_without_anybody_there_is_nothing_to_tell(router: Router) -> None:
    router.hello()
    router.wait(5)
    assert router.events() == []


def test_a_name_that_comes_later_is_told(router: Router) -> None:
    router.lookout.seen = [PHONE]
    router.control.turn()
    router.lookout.seen = [PHONE._replace(hostname="mias-phone", source=DNSMASQ)]
    router.wait(TELL_SECONDS + 1)
    assert [seen.hostname for events in router.events() for seen in events.events] == ["", "mias-phone"]


def test_a_newcomer_is_looked_up(router: Router) -> None:
    router.lookout.seen = [PHONE]
    router.control.turn()
    router.lookout.seen = [PHONE._replace(address="192.168.1.21")]
    router.control.turn()
    assert len(router.lookout.newcomers) == 1


def test_a_device_that_invents_itself_anew_does_not_flood_the_hub(router: Router) -> None:
    router.lookout.seen = strangers(3 * TELL_ROWS)
    router.control.turn()
    assert len(told(router)) == TELL_ROWS
    router.wait(TELL_SECONDS / 2)
    assert len(told(router)) == TELL_ROWS
    router.wait(TELL_SECONDS * 3)
    assert len(told(router)) == len(set(told(router))) == 3 * TELL_ROWS


def test_a_full_house_with_long_names_fits_into_messages(router: Router) -> None:
    crowd = strangers(DEVICES_SEEN)
    router.lookout.seen = [
        sighting._replace(address=f"2001:db8:{index:x}:1:2:3:4:{number}", hostname="名" * 63, source=DNSMASQ)
        for index, sighting in enumerate(crowd)
        for number in range(8)
    ]
    router.hello()
    assert told(router) == [sighting.mac for sighting in crowd]
    assert max(len(one.payload) for one in router.link.published if one.kind == "events") <= 4096
