"""Rules for a grown-up: offered by a parent, accepted, refused and taken back on that very device, by nobody else."""

import html
import re

import pytest

from stairgate.core.policy import Policy
from stairgate.hub import limits, roles
from stairgate.hub.agreements import read_agreements
from tests.unit.hub.conftest import HOME, PASSWORD, ROUTER, Hub
from tests.unit.hub.test_discovery import seen
from tests.unit.hub.test_me import THERE, send, there

PHONE, TABLET = "02:00:5e:10:00:aa", "02:00:5e:10:00:01"
MINUTE = 60


def offered_to(hub: Hub) -> "tuple[str, str]":
    """A grown-up's phone with a bedtime, ten minutes a day and a filter, offered on it. Returns device and person."""
    phone = hub.add_device("adult", PHONE, "grey phone")
    hub.network.neighbours[THERE] = PHONE
    assert hub.post(f"/devices/{phone}/rules/begin", name="Kim").status_code == 303
    kim = hub.family().adults[0].id
    assert hub.post(f"/children/{kim}/bedtime", days="127", start="20:30", end="07:00").status_code == 303
    minutes = {f"minutes-{day}": "10" for day in range(7)}
    assert hub.post(f"/children/{kim}/schedule/budget", category="total", **minutes).status_code == 303
    assert hub.post(f"/children/{kim}/filter/categories", block="gambling", age="0").status_code == 303
    assert hub.post(f"/devices/{phone}/rules/offer").status_code == 303
    return phone, kim


@pytest.fixture
def offered(hub: Hub) -> "tuple[str, str]":
    return offered_to(hub)


def policy(hub: Hub) -> Policy:
    return hub.broker.policy(ROUTER)[0]


def digest(hub: Hub) -> str:
    found = re.search(r'name="rules" value="([0-9a-f]+)"', there(hub))
    assert found
    return found[1]


def answer(hub: Hub, what: str = "accept") -> int:
    return send(hub, f"/me/rules/{what}", rules=digest(hub))[0]


def holds(hub: Hub, phone: str) -> bool:
    """Whether the policy has the phone as somebody's with rules; a grown-up's without is exempt."""
    held = policy(hub)
    device = next(one for one in held.devices if one.id == phone)
    assert bool(device.persons) != ("exempt" in device.flags)
    mine = [person for person in held.persons if person.band == "adult"]
    assert bool(mine) == bool(held.weeks) == bool(held.budgets) == bool(held.filters) == bool(device.persons)
    assert device.persons == tuple(person.id for person in mine)
    return bool(device.persons)


def state(hub: Hub) -> str:
    with hub.store.transaction(HOME) as rows:
        return next((one.state for one in read_agreements(rows)), "")


def test_nothing_holds_before_somebody_says_yes_on_the_device(hub: Hub, offered: "tuple[str, str]") -> None:
    phone, _ = offered
    assert not holds(hub, phone)
    page = there(hub)
    for text in (
        "Rules are offered to you",
        "A parent offers rules for this device.",
        "Nothing of it holds, and nothing is counted or filtered, unless you say yes here.",
        "Every night: internet off 20:30–07:00",
        "Minutes a day: In total: 10 min every day",
        "Gambling",
        "What would be seen",
        "minutes of today are left",
        "Always on",
    ):
        assert text in page, text
    hub.clock.advance(3 * 3600)
    assert "Always on" in there(hub)


def test_a_yes_makes_them_hold_and_taking_it_back_ends_them_at_once(hub: Hub, offered: "tuple[str, str]") -> None:
    phone, kim = offered
    assert answer(hub) == 303
    assert holds(hub, phone)
    page = there(hub)
    for text in (
        "You said yes to rules here",
        "The internet is on until today’s time",
        "10 min",
        "Take it back",
        "What is seen",
    ):
        assert text in page, text
    assert "accepted on the device" in html.unescape(hub.get(f"/devices/{phone}/rules").text).lower()
    hub.clock.advance(3 * 3600)
    assert "Bedtime" in there(hub)
    for _ in range(limits.REQUESTS_OF_DEVICE):  # however often somebody has tapped: this one works
        hub.parts.asking.pace.may_ask(phone)
    assert send(hub, "/me/rules/end")[0] == 303
    assert not holds(hub, phone) and state(hub) == "ended"
    assert "not limited" in there(hub)
    assert "Taken back on the device" in hub.get(f"/devices/{phone}").text
    assert hub.family().person(kim)  # written rules stay, and could be offered again


def test_a_no_is_remembered_quietly_and_not_asked_again_for_a_week(hub: Hub, offered: "tuple[str, str]") -> None:
    phone, kim = offered
    assert answer(hub, "refuse") == 303
    assert not holds(hub, phone)
    assert "Rules are offered" not in there(hub)
    assert "The answer on the device was no" in hub.get(f"/devices/{phone}/rules").text
    again = hub.post(f"/devices/{phone}/rules/offer")
    assert again.status_code == 409 and "wait a week" in again.text
    hub.post(f"/children/{kim}/bedtime", days="127", start="23:00", end="05:00")
    assert hub.post(f"/devices/{phone}/rules/offer").status_code == 303  # other rules are another question
    assert answer(hub, "refuse") == 303
    hub.clock.advance(limits.OFFER_AGAIN_SECONDS)
    hub.sign_in(hub.browser)
    assert hub.post(f"/devices/{phone}/rules/offer").status_code == 303


def test_where_nothing_is_left_nothing_is_asked(hub: Hub, offered: "tuple[str, str]") -> None:
    phone, kim = offered
    assert answer(hub) == 303
    assert "with rules by agreement · " in hub.get("/devices").text
    (week,) = hub.family().weeks_of(kim)
    hub.post(f"/children/{kim}/bedtime/{week.id}/remove")
    hub.post(f"/children/{kim}/schedule/budget", category="total", **{f"minutes-{day}": "" for day in range(7)})
    assert "Rules are offered" in there(hub)
    hub.post(f"/children/{kim}/filter/preset", preset="none")
    assert "not limited" in there(hub) and "asks nothing" in hub.get(f"/devices/{phone}").text
    assert "no rules, never watched" in hub.get("/devices").text and not holds_of(hub, phone)


def test_a_changed_rule_ends_what_was_accepted_and_one_put_back_holds_again(
    hub: Hub, offered: "tuple[str, str]"
) -> None:
    phone, kim = offered
    read = digest(hub)
    assert answer(hub) == 303
    for change in (
        ("bedtime", {"days": "31", "start": "19:00", "end": "20:00"}),
        ("schedule/otherwise", {"level": "closed"}),
        ("schedule/budget", {"category": "games", **{f"minutes-{day}": "5" for day in range(7)}}),
    ):
        assert hub.post(f"/children/{kim}/{change[0]}", **change[1]).status_code == 303
        assert not holds(hub, phone), change
        assert "They were changed since" in there(hub)
        status, page = send(hub, "/me/rules/accept", rules=read)
        assert status == 409 and "read them again" in page and not holds(hub, phone)
        assert hub.post(f"/children/{kim}/undo").status_code == 303
        assert holds(hub, phone), change
    hub.post(f"/children/{kim}/filter/categories", block=["gambling", "dating"], age="0")
    assert not holds(hub, phone)
    assert answer(hub) == 303
    assert holds(hub, phone)


def test_nobody_else_can_say_yes(hub: Hub, offered: "tuple[str, str]") -> None:
    phone, kim = offered
    mia = hub.add_child("Mia")
    hub.add_device(mia, TABLET)
    elsewhere = "192.0.2.21"
    hub.network.neighbours[elsewhere] = TABLET
    read = digest(hub)
    assert send(hub, "/me/rules/accept", elsewhere, rules=read)[0] == 303  # a child's device: nothing is offered there
    assert hub.post("/me/rules/accept", rules=read).status_code == 303  # nor does a parent's session elsewhere
    assert not holds_of(hub, phone)
    tablet = hub.family().device_with(TABLET)
    assert tablet
    for path, fields in (
        (f"/devices/{tablet.id}", {"revision": str(tablet.revision), "name": "x", "kind": "tablet", "whose": kim}),
        ("/devices", {"name": "x", "mac": "02:00:5e:10:00:77", "kind": "phone", "person": kim}),
    ):
        hub.post(path, **fields)
    assert all(kim not in device.persons for device in hub.family().devices)
    hub.post("/quarantine/stop")
    seen(hub)
    new = hub.family().new_devices(hub.clock.wall())[0]
    assert hub.post(f"/devices/{new.id}/assign", whose=kim).status_code == 409
    assert hub.post(f"/devices/{new.id}/assign", whose="all").status_code == 303
    assert all(kim not in device.persons for device in policy(hub).devices)


def holds_of(hub: Hub, phone: str) -> bool:
    return bool(next(one for one in policy(hub).devices if one.id == phone).persons)


def test_a_new_device_follows_children_never_a_grown_up(hub: Hub, offered: "tuple[str, str]") -> None:
    assert answer(hub) == 303
    seen(hub)
    new = hub.family().new_devices(hub.clock.wall())[0]
    assert next(one for one in policy(hub).devices if one.id == new.id).flags == ("exempt",)
    mia = hub.add_child("Mia")
    assert next(one for one in policy(hub).devices if one.id == new.id).persons == (mia,)


def test_the_parents_pages_open_on_a_device_with_accepted_rules(hub: Hub, offered: "tuple[str, str]") -> None:
    phone, _ = offered
    assert answer(hub) == 303
    hub.clock.advance(3 * 3600)  # closed for the night
    browser = hub.new_browser()
    there_too = {"environ_overrides": {"REMOTE_ADDR": THERE}}
    page = browser.get("/login", **there_too)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert browser.post("/login", data={"csrf_token": token, "password": PASSWORD}, **there_too).status_code == 303
    assert browser.get("/", **there_too).status_code == 200
    assert browser.get(f"/devices/{phone}/rules", **there_too).status_code == 200


def test_another_owner_of_the_device_ends_everything_and_saving_its_name_ends_nothing(
    hub: Hub, offered: "tuple[str, str]"
) -> None:
    phone, kim = offered
    assert answer(hub) == 303
    device = hub.family().device(phone)
    assert device
    fields = {"revision": str(device.revision), "name": "old phone", "kind": "phone"}
    assert hub.post(f"/devices/{phone}", **fields, whose="adult").status_code == 303
    assert holds(hub, phone)
    mia = hub.add_child("Mia")
    device = hub.family().device(phone)
    assert device
    assert hub.post(f"/devices/{phone}", **{**fields, "revision": str(device.revision)}, whose=mia).status_code == 303
    assert not hub.family().adults and state(hub) == "" and not hub.family().weeks and not hub.family().budgets
    assert hub.post(f"/devices/{phone}/undo").status_code == 303  # a grown-up's again, and free
    assert "exempt" in next(one for one in policy(hub).devices if one.id == phone).flags
    assert hub.family().person(kim) is None


def test_removing_the_device_or_the_rules_leaves_nothing(hub: Hub, offered: "tuple[str, str]") -> None:
    phone, kim = offered
    assert answer(hub) == 303
    assert hub.post(f"/devices/{phone}/rules/discard").status_code == 422
    assert hub.post(f"/devices/{phone}/rules/discard", sure="yes").status_code == 303
    assert not holds_of(hub, phone) and not hub.family().adults and not hub.family().filters
    offered_to_again = hub.post(f"/devices/{phone}/rules/begin", name="Kim")
    assert offered_to_again.status_code == 303
    hub.post(f"/devices/{phone}/remove")
    assert not hub.family().adults and state(hub) == ""
    assert all(person.id != kim for person in policy(hub).persons)


def test_minutes_are_taken_only_while_rules_are_accepted_and_deleted_with_the_yes(
    hub: Hub, offered: "tuple[str, str]"
) -> None:
    _, kim = offered
    now = int(hub.clock.wall())
    bits = bytearray(180)
    minute = now // MINUTE % 1440
    bits[minute // 8] |= 1 << minute % 8

    def used() -> bool:
        hub.broker.minutes(ROUTER, (kim, "total", now // 86400, bytes(bits)))
        return any(row[0] == kim for row in hub.parts.keeping.use.rows())

    assert not used()
    assert answer(hub) == 303
    assert used()
    assert "9 min" in there(hub)
    assert send(hub, "/me/rules/end")[0] == 303
    assert not [row for row in hub.parts.keeping.use.rows() if row[0] == kim]
    assert not used()


def test_what_is_for_children_only_is_turned_away(hub: Hub, offered: "tuple[str, str]") -> None:
    phone, kim = offered
    answer(hub)
    assert hub.get(f"/children/{kim}").location.endswith(f"/devices/{phone}/rules")
    for act, fields in (("pause", {"minutes": "30"}), ("bonus", {"minutes": "30"}), ("remove", {"sure": "yes"})):
        assert hub.post(f"/children/{kim}/{act}", **fields).status_code == 409
    assert not hub.family().overrides
    hub.clock.advance(limits.TOAST_SECONDS)
    assert "Kim" not in hub.get("/").text
    for page in ("schedule", "day", "filter", "filter/needs"):
        assert hub.get(f"/children/{kim}/{page}").status_code == 200, page
    nowhere = "nothing is filtered anywhere"
    assert nowhere not in hub.get(f"/children/{kim}/filter").text
    send(hub, "/me/rules/end")
    assert nowhere in hub.get(f"/children/{kim}/filter").text


def test_open_until_opens_longer_and_ends_no_yes(hub: Hub, offered: "tuple[str, str]") -> None:
    phone, kim = offered
    answer(hub)
    hub.clock.advance(3 * 3600)
    assert "Bedtime" in there(hub)
    assert hub.post(f"/children/{kim}/schedule/free", until="21:45").status_code == 303
    assert holds(hub, phone) and "until 21:45" in there(hub)


def test_history_says_who_offered_and_that_the_device_answered(hub: Hub, offered: "tuple[str, str]") -> None:
    answer(hub)
    send(hub, "/me/rules/end")
    page = html.unescape(hub.get("/history").text)
    for text in ("Offered rules on “grey phone”", "Rules were accepted on “grey phone”", "taken back on “grey phone”"):
        assert text in page, text


def test_what_cannot_be_offered_is_said(hub: Hub) -> None:
    mia = hub.add_child("Mia")
    tablet = hub.add_device(mia, TABLET)
    assert hub.get(f"/devices/{tablet}/rules").status_code == 404
    assert hub.post(f"/devices/{tablet}/rules/offer").status_code == 404
    assert "Rules by agreement" not in hub.get(f"/devices/{tablet}").text
    phone = hub.add_device("adult", PHONE)
    assert "Rules by agreement" in hub.get(f"/devices/{phone}").text
    assert hub.post(f"/devices/{phone}/rules/begin", name=" ").status_code == 422
    assert hub.post(f"/devices/{phone}/rules/begin", name="Kim").status_code == 303
    assert hub.post(f"/devices/{phone}/rules/begin", name="Kim").status_code == 409
    empty = hub.post(f"/devices/{phone}/rules/offer")
    assert empty.status_code == 409 and "nothing to offer" in empty.text


def test_a_carer_may_not_offer_rules(hub: Hub, offered: "tuple[str, str]") -> None:
    for view in ("show", "begin", "offer", "withdraw", "discard"):
        function = hub.app.view_functions[f"agreed.{view}"]
        assert roles.role_needed(function, "agreed") == roles.COPARENT


def test_the_page_speaks_german(hub: Hub, offered: "tuple[str, str]") -> None:
    browser = hub.new_browser()
    browser.set_cookie("language", "de")
    page = there(hub, browser)
    assert "Dir werden Regeln angeboten" in page and "Das wäre zu sehen" in page
