"""What devices with `reach` lines tried: counted by day, bounded, told when it has grown."""

from ipaddress import ip_address

from stairgate.agent.asked import AskedRow
from stairgate.agent.grants import mac_key
from stairgate.agent.limits import PLACES_A_DAY
from stairgate.agent.reached import ReachedBook
from stairgate.core.observed import Reached

BEAR, PHONE = mac_key("02:00:5e:10:00:09"), mac_key("02:00:5e:10:00:01")
DEVICES = {BEAR: "dbear"}
NOON = 20539 * 86400 + 43200


def pair(address: str, mac: bytes = BEAR) -> bytes:
    return mac + b"\0\0" + ip_address(address).packed


def refused(where: str, times: int, day: int = 20539, last: int = NOON) -> Reached:
    return Reached("dbear", where, "refused", day, times, last)


def test_names_add_up_over_a_day_and_are_told_when_they_have_grown() -> None:
    book = ReachedBook()
    book.asked([AskedRow("dbear", "spy.example", "refused", 2), AskedRow("dbear", "bear.example", "declared", 1)], NOON)
    assert book.news(9) == [refused("spy.example", 2), Reached("dbear", "bear.example", "declared", 20539, 1, NOON)]
    assert book.news(9) == []
    book.asked([AskedRow("dbear", "spy.example", "refused", 3)], NOON + 60)
    assert book.news(9) == [refused("spy.example", 5, last=NOON + 60)]
    book.asked([AskedRow("dbear", "spy.example", "refused", 1)], NOON + 86400)
    assert book.news(9) == [refused("spy.example", 1, 20540, NOON + 86400)]


def test_addresses_are_counted_in_packets_since_the_last_look() -> None:
    book = ReachedBook()
    book.tried({pair("203.0.113.9"): 3, pair("2001:db8::9"): 1}, DEVICES, NOON)
    assert book.news(9) == [refused("203.0.113.9", 3), refused("2001:db8::9", 1)]
    book.tried({pair("203.0.113.9"): 3, pair("2001:db8::9"): 2}, DEVICES, NOON)
    assert book.news(9) == [refused("2001:db8::9", 2)]
    # It ended and began anew.
    book.tried({pair("2001:db8::9"): 1}, DEVICES, NOON)
    book.tried({pair("203.0.113.9"): 2, pair("2001:db8::9"): 1}, DEVICES, NOON)
    assert book.news(9) == [refused("2001:db8::9", 3), refused("203.0.113.9", 5)]


def test_nobody_elses_and_nothing_of_the_home_is_told() -> None:
    book = ReachedBook()
    local = ("192.168.77.1", "239.255.255.250", "ff02::c", "fe80::1", "fd00::1", "127.0.0.1")
    book.tried({pair("203.0.113.9", PHONE): 3, **{pair(address): 1 for address in local}}, DEVICES, NOON)
    assert book.news(99) == []


def test_a_day_of_a_device_has_a_bound_and_what_is_beyond_is_one_count() -> None:
    book = ReachedBook()
    book.asked([AskedRow("dbear", f"n{number}.example", "refused", 1) for number in range(PLACES_A_DAY + 40)], NOON)
    book.asked([AskedRow("dother", "n.example", "refused", 1)], NOON)
    book.asked([AskedRow("dbear", "n0.example", "refused", 1)], NOON)
    rows = book.news(999)
    assert len([row for row in rows if row.device == "dbear"]) == PLACES_A_DAY + 1
    assert refused("", 40) in rows
    assert refused("n0.example", 2) in rows
    assert Reached("dother", "n.example", "refused", 20539, 1, NOON) in rows


def test_days_before_yesterday_are_forgotten() -> None:
    book = ReachedBook()
    for day in range(5):
        book.asked([AskedRow("dbear", "spy.example", "refused", 1)], NOON + day * 86400)
    assert [row.day for row in book.news(99)] == [20542, 20543]


def test_all_is_told_again_to_who_has_just_come_and_nothing_of_who_left() -> None:
    book = ReachedBook()
    book.asked([AskedRow("dbear", "spy.example", "refused", 2), AskedRow("dcat", "spy.example", "refused", 2)], NOON)
    book.news(99)
    book.keep({"dbear"})
    book.tell_all()
    assert book.news(99) == [refused("spy.example", 2)]
    assert book.news(99) == []


def test_one_telling_has_a_bound() -> None:
    book = ReachedBook()
    book.asked([AskedRow("dbear", f"n{number}.example", "refused", 1) for number in range(10)], NOON)
    assert [len(book.news(4)) for _ in range(4)] == [4, 4, 2, 0]
