"""The page of the device in a child's hand: whose am I, tell a parent, who is using it; and parents' pages on it."""

import html

import pytest
from flask.testing import FlaskClient

from stairgate.hub import limits
from stairgate.hub.two_words import two_words
from tests.unit.hub.conftest import EVENING, PASSWORD, ROUTER, Hub
from tests.unit.hub.test_discovery import MAC, device, level, seen

TABLET = "02:00:5e:10:00:01"
PARENTS = "02:00:5e:10:00:99"
THERE = "192.0.2.20"


def there(hub: Hub, browser: FlaskClient | None = None, address: str = THERE) -> str:
    """What /me says on the device at this address."""
    answer = hub.get("/me", browser or hub.new_browser(), environ_overrides={"REMOTE_ADDR": address})
    return html.unescape(answer.text)


def send(hub: Hub, path: str, address: str = THERE, **fields: str) -> tuple[int, str]:
    """A form sent from the device at this address, by a visitor with a token of the page."""
    browser = hub.new_browser()
    page = browser.get("/me", environ_overrides={"REMOTE_ADDR": address}).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = browser.post(path, data={"csrf_token": token, **fields}, environ_overrides={"REMOTE_ADDR": address})
    return answer.status_code, html.unescape(answer.text)


# Whose am I?


@pytest.fixture
def mia(hub: Hub) -> str:
    mia = hub.add_child("Mia")
    hub.post(f"/children/{mia}/bedtime", days="127", start="20:30", end="07:00")
    return mia


def test_a_new_device_is_told_what_holds_and_shown_its_two_words(hub: Hub, mia: str) -> None:
    seen(hub, hostname="Switch")
    page = there(hub)
    words = two_words(hub.parts.parents.secret(), MAC)
    for text in ("Whose am I?", "Internet is on", "until 20:30", "the strictest rules of this home hold", words):
        assert text in page, text
    assert words in hub.get("/").text
    for secret in ("Mia", "Switch"):
        assert secret not in page
    hub.clock.advance(3 * 3600)
    assert "until tomorrow 07:00" in there(hub)


def test_closed_until_a_parent_decides_is_said_as_the_parents_choice(hub: Hub, mia: str) -> None:
    seen(hub)
    hub.post("/quarantine/try")
    page = there(hub)
    assert "No internet yet" in page
    assert "That is your parents’ choice." in page


def test_a_device_that_only_just_came_is_asked_to_wait(hub: Hub, mia: str) -> None:
    hub.network.neighbours[THERE] = MAC
    page = there(hub)
    assert "In a few seconds this page says more" in page
    assert 'id="live" data-page="unknown" data-every="4000"' in page
    assert "Look again" in page
    assert "Tell a parent" not in page


def test_the_words_are_secret_to_the_home_and_differ() -> None:
    words = {two_words(b"a" * 32, f"3c:22:fb:10:00:{number:02x}") for number in range(48)}
    assert len(words) > 45
    assert two_words(b"a" * 32, MAC) != two_words(b"b" * 32, MAC)
    assert two_words(b"a" * 32, MAC) == two_words(b"a" * 32, MAC)


def test_telling_a_parent_shows_on_the_card_first(hub: Hub, mia: str) -> None:
    for number in range(3):
        seen(hub, f"3c:22:fb:10:00:0{number + 2}")
        hub.clock.advance(10)
    seen(hub)
    hub.clock.advance(60)
    assert send(hub, "/me/tell", kind="tablet")[0] == 303
    page = hub.get("/").text
    assert "asks whose it is (18:01): “it is a tablet”" in page
    assert page.index("asks whose it is") < page.index("<bdi>Mia</bdi></h2>")  # before the children's cards
    assert "Your parents see it when they open Stairgate" in there(hub)
    hub.post(f"/devices/{device(hub).id}/assign", whose="adult")
    assert "asks whose it is" not in hub.get("/").text


def test_asks_are_few_bounded_and_end(hub: Hub, mia: str) -> None:
    addresses = {f"192.0.2.{number}": f"3c:22:fb:10:01:{number:02x}" for number in range(30, 35)}
    for address, mac in addresses.items():
        seen(hub, mac, addresses=(address,))
        hub.clock.advance(10)
    hub.parts.devices.upkeep.run()
    statuses = [send(hub, "/me/tell", address)[0] for address in addresses]
    assert statuses == [303] * limits.ASKS_MAX + [429] * 2
    assert "Other new devices are asking already" in send(hub, "/me/tell", "192.0.2.34")[1]
    hub.clock.advance(limits.ASK_SECONDS_MAX)
    assert "asks whose it is" not in hub.get("/devices").text
    assert send(hub, "/me/tell", "192.0.2.34")[0] == 303


def test_only_a_new_device_can_ask_and_kinds_come_from_a_list(hub: Hub, mia: str) -> None:
    hub.add_device(mia)
    hub.network.neighbours |= {THERE: TABLET}
    hub.parts.devices.asks.answered("x")
    browser = hub.new_browser()
    token = hub.token(browser, "/login")
    for address in (THERE, "192.0.2.200"):
        answer = browser.post("/me/tell", data={"csrf_token": token}, environ_overrides={"REMOTE_ADDR": address})
        assert (answer.status_code, answer.location) == (303, "/me")
    seen(hub, addresses=("192.0.2.21",))
    assert send(hub, "/me/tell", "192.0.2.21", kind="<script>alert(1)</script>")[0] == 303
    page = hub.get("/").text
    assert "asks whose it is" in page
    assert "<script>alert" not in page


def test_forms_of_the_public_page_need_their_token(hub: Hub, mia: str) -> None:
    seen(hub)
    for path in ("/me/tell", "/me/using"):
        answer = hub.new_browser().post(path, environ_overrides={"REMOTE_ADDR": THERE})
        assert answer.status_code == 400
    assert "asks whose it is" not in hub.get("/").text


# Who is using it now?


@pytest.fixture
def ben(hub: Hub, mia: str) -> str:
    """The older of two who share a tablet: Mia's bedtime is 20:30, Ben's 22:00."""
    ben = hub.add_child("Ben", "13-15")
    hub.post(f"/children/{ben}/bedtime", days="127", start="22:00", end="07:00")
    seen(hub, TABLET, "family-tablet")
    hub.post(f"/devices/{device(hub, TABLET).id}/assign", whose="all")
    return ben


def test_a_shared_device_follows_whoever_says_so(hub: Hub, mia: str, ben: str) -> None:
    hub.clock.advance(3 * 3600)  # 21:00
    assert level(hub, TABLET) == ("closed", "week")
    page = there(hub)
    assert "Who is using it now?" in page
    assert "the strictest rules of all of you hold" in page

    assert send(hub, "/me/using", person=ben)[0] == 303

    assert level(hub, TABLET) == ("open", "default")
    assert "Ben is using it, until 22:00 at the latest" in there(hub).replace("<b><bdi>", "").replace("</bdi></b>", "")
    for path in ("/devices", f"/children/{ben}", f"/devices/{device(hub, TABLET).id}"):
        assert "is using it since 21:00" in hub.get(path).text, path
    policy_persons = [held.persons for held in hub.broker.policy("rrouter")[0].devices if TABLET in held.macs]
    assert policy_persons == [(ben,)]


def test_it_is_for_two_hours_at_most(hub: Hub, mia: str, ben: str) -> None:
    send(hub, "/me/using", person=ben)
    hub.clock.advance(limits.USING_SECONDS_MAX)
    hub.parts.devices.upkeep.run()
    held = device(hub, TABLET)
    assert (held.using, held.using_until) == ("", 0)
    persons = [held.persons for held in hub.broker.policy("rrouter")[0].devices if TABLET in held.macs]
    assert len(persons[0]) == 2


def test_it_ends_when_that_childs_internet_does(hub: Hub, mia: str, ben: str) -> None:
    send(hub, "/me/using", person=ben)
    hub.post(f"/children/{ben}/pause", minutes="15")
    assert level(hub, TABLET)[0] == "closed"
    hub.parts.devices.upkeep.run()
    assert device(hub, TABLET).using == ""
    hub.clock.advance(16 * 60)
    assert "the strictest rules of all of you hold" in there(hub)


def test_nobody_can_use_it_whose_internet_is_off_or_whose_it_is_not(hub: Hub, mia: str, ben: str) -> None:
    stranger = hub.add_child("Tom")
    hub.post(f"/children/{ben}/pause", minutes="15")
    status, page = send(hub, "/me/using", person=ben)
    assert (status, "The internet is off for Ben now" in page) == (409, True)
    for person in (stranger, "pnobody", "<b>"):
        assert send(hub, "/me/using", person=person)[0] == 409
    assert device(hub, TABLET).using == ""


def test_it_is_given_back_and_ended_by_a_parent(hub: Hub, mia: str, ben: str) -> None:
    send(hub, "/me/using", person=ben)
    assert send(hub, "/me/using", person="")[0] == 303
    assert device(hub, TABLET).using == ""
    send(hub, "/me/using", person=ben)
    assert hub.post(f"/devices/{device(hub, TABLET).id}/end-use").status_code == 303
    assert device(hub, TABLET).using == ""


def test_whoever_holds_it_cannot_make_policy_after_policy(hub: Hub, mia: str, ben: str) -> None:
    sent = len(hub.broker.sent)
    statuses = [send(hub, "/me/using", person=person)[0] for person in (ben, "") * 10]
    assert statuses == [303] * limits.USING_CHANGES + [409] * (20 - limits.USING_CHANGES)
    assert len(hub.broker.sent) - sent == limits.USING_CHANGES
    assert "changed often just now" in send(hub, "/me/using", person=ben)[1]
    hub.clock.advance(limits.USING_CHANGES_SECONDS)
    assert send(hub, "/me/using", person=ben)[0] == 303


def test_parents_switch_the_choice_off(hub: Hub, mia: str, ben: str) -> None:
    send(hub, "/me/using", person=ben)
    held = device(hub, TABLET)
    form = {"revision": str(held.revision), "name": held.name, "kind": "tablet", "whose": [mia, ben]}
    assert hub.post(f"/devices/{held.id}", **form).status_code == 303
    assert device(hub, TABLET).using == ""
    assert "Who is using it now?" not in there(hub)
    browser = hub.new_browser()
    data = {"csrf_token": hub.token(browser, "/login"), "person": ben}
    answer = browser.post("/me/using", data=data, environ_overrides={"REMOTE_ADDR": THERE})
    assert answer.status_code == 409


def test_a_child_who_leaves_takes_the_choice_along(hub: Hub, mia: str, ben: str) -> None:
    send(hub, "/me/using", person=ben)
    hub.post(f"/children/{ben}/remove", sure="yes")
    hub.parts.devices.upkeep.run()
    assert (device(hub, TABLET).using, device(hub, TABLET).persons) == ("", (mia,))


# A parent's session on a child's device


@pytest.fixture
def on_childs(hub: Hub, mia: str) -> str:
    """A child's tablet, from which the browser of the parent asks; a grown-up's device was here today."""
    hub.add_device(mia)
    hub.add_device("adult", PARENTS, "work laptop")
    hub.network.neighbours["192.0.2.99"] = PARENTS
    hub.parts.devices.upkeep.run()
    hub.network.neighbours["127.0.0.1"] = TABLET
    return mia


def test_parents_pages_stay_closed_on_a_childs_device(hub: Hub, on_childs: str) -> None:
    for path in ("/", "/devices", f"/children/{on_childs}", "/more", "/quarantine", "/login"):
        answer = hub.get(path)
        assert answer.status_code == 403, path
        assert "This is a child’s device" in answer.text
        assert "Mia" not in answer.text
    assert hub.get("/status").status_code == 401
    assert "This tablet" in hub.get("/me").text
    assert hub.get("/help").status_code == 200


def test_nothing_can_be_changed_from_there_and_no_password_is_tried(hub: Hub, on_childs: str) -> None:
    browser = hub.new_browser()
    elsewhere = {"REMOTE_ADDR": "192.0.2.50"}
    page = browser.get("/login", environ_overrides=elsewhere).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    fields = {"csrf_token": token, "password": PASSWORD}
    assert browser.post("/login", data=fields).status_code == 403
    answer = browser.post("/login", data=fields, environ_overrides=elsewhere)
    assert answer.status_code == 303  # the same browser on a grown-up's device
    page = browser.get("/children/new", environ_overrides=elsewhere).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"csrf_token": token, "minutes": "60"}
    assert browser.post(f"/children/{on_childs}/bonus", data=data).status_code == 403
    assert hub.family().overrides == ()
    # Its session is not lost by that: on the grown-up's device it goes on.
    assert browser.post(f"/children/{on_childs}/bonus", data=data, environ_overrides=elsewhere).status_code == 303


def test_on_a_new_or_a_grown_ups_device_a_session_is_a_session(hub: Hub, on_childs: str) -> None:
    for mac in (MAC, PARENTS):
        hub.network.neighbours["127.0.0.1"] = mac
        assert hub.get("/").status_code == 200


def test_a_family_with_childrens_devices_only_is_not_locked_out(hub: Hub, mia: str) -> None:
    hub.add_device(mia)
    hub.network.neighbours["127.0.0.1"] = TABLET
    assert hub.get("/").status_code == 200  # the password was given just now
    hub.clock.advance(limits.STEP_UP_SECONDS)
    assert hub.get("/").location == "/login"
    assert "asks for your password every 15 minutes" in hub.get("/login").text
    browser = hub.browser
    token = hub.token(browser, "/login")
    assert browser.post("/login", data={"csrf_token": token, "password": PASSWORD}).status_code == 303
    assert hub.get("/").status_code == 200


@pytest.mark.parametrize(("days", "status"), [(29, 403), (32, 303)])
def test_a_grown_ups_device_counts_for_thirty_days(hub: Hub, on_childs: str, days: int, status: int) -> None:
    hub.network.neighbours.pop("192.0.2.99")
    hub.get("/")
    for _ in range(days):
        hub.clock.advance(86400)
        hub.parts.devices.upkeep.run()
    assert hub.get("/").status_code == status


def test_a_grown_ups_device_that_was_removed_counts_no_more(hub: Hub, on_childs: str) -> None:
    hub.parts.acts.remove_device(device(hub, PARENTS).id)
    assert hub.sign_in(hub.new_browser()).status_code == 303


def test_a_parents_phone_with_a_new_address_is_asked_on_home(hub: Hub, mia: str) -> None:
    hub.network.neighbours["127.0.0.1"] = MAC
    assert "Is this your own device?" in hub.get("/").text
    hub.post("/devices/this-one", **{"from": "home"})
    assert device(hub).flags == ("exempt",)
    assert "Is this your own device?" not in hub.get("/").text
    assert level(hub, at=EVENING + 6 * 3600) == ("open", "exempt")


def test_rules_that_are_off_at_the_console_are_told_to_the_child_with_their_end(hub: Hub, mia: str) -> None:
    hub.add_device(mia, mac=MAC)
    hub.network.neighbours[THERE] = MAC
    policy, digest = hub.broker.policy(ROUTER)
    off = (("d1", "open", int(EVENING) + 3600),)
    hub.broker.hello(ROUTER, policy.revision, digest, "failed", "switched_off", devices=off)
    page = there(hub)
    assert "the rules are switched off for everybody until 19:00" in page
    assert "has not confirmed" not in page

    hub.broker.hello(ROUTER, policy.revision, digest, "applied", "")
    assert "switched off" not in there(hub)
