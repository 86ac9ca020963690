"""What the pages say about what is really applied, what moves, and to whom."""

import json
import re

import pytest

from stairgate.hub import limits, wording
from tests.unit.hub.conftest import EVENING, ROUTER, Hub

TABLET = "02:00:5e:10:00:01"
ADULT = "02:00:5e:10:00:99"
BUTTON = "This is my own device: no rules here"


@pytest.fixture
def child(hub: Hub) -> str:
    child = hub.add_child()
    hub.add_device(child, TABLET)
    return child


def test_every_page_of_a_parent_answers(hub: Hub, child: str) -> None:
    for path in ("/", f"/children/{child}", "/children/new", "/devices", "/traffic", "/more", "/sessions", "/status"):
        assert hub.get(path).status_code == 200, path
    assert hub.get("/nothing").status_code == 404
    assert "There is no such page here" in hub.get("/nothing").text
    assert hub.get(f"/children/{child}/pause").status_code == 405


def test_a_name_of_sixty_characters_is_kept_whole_and_no_longer_one(hub: Hub) -> None:
    name = "W" * limits.NAME_CHARACTERS_MAX
    assert len(name) == 60
    for typed in (name, name + "W"):
        child = hub.add_child(typed)
        assert hub.family().person(child).name == name  # type: ignore[union-attr]
        assert name in hub.get("/").text
    assert f'maxlength="{len(name)}"' in hub.get("/children/new").text


def test_an_empty_home_says_what_to_do(hub: Hub) -> None:
    assert "Add a child" in hub.get("/").text


def test_applied_becomes_true_with_the_routers_hello(hub: Hub, child: str) -> None:
    hub.broker.apply(ROUTER)
    assert "Applied on 1 of 1" in hub.get("/").text

    hub.post(f"/children/{child}/pause", minutes="15")
    assert "Sending … applied on 0 of 1" in hub.get("/").text

    hub.broker.apply(ROUTER)
    assert "Applied on 1 of 1" in hub.get("/").text


def test_a_router_that_failed_is_named_with_its_reason(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="15")
    hub.broker.apply(ROUTER, "failed", "nft_refused")
    page = hub.get("/").text
    assert "Applied on 0 of 1" in page
    assert "Not applied on the router: nft refused" in page


def test_a_silent_router_is_named_with_when_it_was_heard(hub: Hub, child: str) -> None:
    assert "the router has not been heard yet" in hub.get("/").text
    hub.broker.apply(ROUTER)
    hub.clock.advance(21 * 60)
    page = hub.get("/").text
    assert "the router not heard since 18:00; its last rules still hold" in page
    hub.broker.apply(ROUTER)
    assert "Applied on 1 of 1" in hub.get("/").text


@pytest.mark.parametrize(
    ("difference", "sentence"),
    [
        (-180, "The clock of the router is 3 minutes behind, so bedtimes come late there."),
        (-40, "The clock of the router is 1 minute behind, so bedtimes come late there."),
        (3 * 3600, "The clock of the router is 3 hours ahead, so bedtimes come early there."),
        (-9 * 86400, "The clock of the router is 9 days behind, so bedtimes come late there."),
    ],
)
def test_a_router_with_a_wrong_clock_has_not_applied(hub: Hub, child: str, difference: int, sentence: str) -> None:
    policy, digest = hub.broker.policy(ROUTER)
    hub.broker.hello(ROUTER, policy.revision, digest, clock_difference=difference)
    status = json.loads(hub.get("/status").text)
    assert (status["applied"], status["waiting"]) == (0, False)
    assert status["agents"][0] | {"heard": 0} == {
        "label": "the router",
        "state": "failed",
        "reason": "clock_differs",
        "heard": 0,
    }
    assert sentence in hub.get("/").text

    hub.clock.advance(7 * 3600)
    hub.broker.hello(ROUTER, policy.revision, digest, clock_difference=-30)
    assert "Applied on 1 of 1" in hub.get("/").text
    hub.clock.advance(600)  # judged when it was heard, never later
    assert "Applied on 1 of 1" in hub.get("/").text


def test_a_router_that_lets_a_paused_device_through_has_not_applied(hub: Hub, child: str) -> None:
    device = hub.family().devices[0].id
    hub.post(f"/children/{child}/pause", minutes="15")
    policy, digest = hub.broker.policy(ROUTER)
    hub.broker.hello(ROUTER, policy.revision, digest, devices=((device, "open", None),))
    assert json.loads(hub.get("/status").text)["applied"] == 0
    assert "Not applied on the router: a device is on that should be off" in hub.get("/").text

    hub.broker.hello(ROUTER, policy.revision, digest, devices=((device, "closed", None),))
    assert "Applied on 1 of 1" in hub.get("/").text


def test_a_hello_said_just_as_bedtime_begins_is_no_contradiction(hub: Hub, child: str) -> None:
    device = hub.family().devices[0].id
    hub.post(f"/children/{child}/bedtime", days="127", start="18:10", end="07:00")
    policy, digest = hub.broker.policy(ROUTER)
    for second, applied in ((0, 1), (3, 1), (60, 0)):
        hub.clock.advance(EVENING + 600 + second - hub.clock.wall())
        hub.broker.hello(ROUTER, policy.revision, digest, devices=((device, "open", None),))
        assert json.loads(hub.get("/status").text)["applied"] == applied, second


def test_a_device_that_is_open_after_its_minutes_are_used_up_is_told_when_the_router_must_know(
    hub: Hub, child: str
) -> None:
    device = hub.family().devices[0].id
    hub.post(f"/children/{child}/schedule/budget", category="total", **{f"minutes-{day}": "30" for day in range(7)})
    policy, digest = hub.broker.policy(ROUTER)

    def hello(level: str) -> None:
        hub.broker.hello(ROUTER, policy.revision, digest, devices=((device, level, None),))

    def used(count: int) -> None:
        now = int(hub.clock.wall())
        bits = (((1 << count) - 1) << (now // 60 % 1440 - count)).to_bytes(180, "little")
        hub.broker.minutes(ROUTER, (child, "total", now // 86400, bits))

    def applied() -> int:
        return int(json.loads(hub.get("/status").text)["applied"])

    hello("open")
    used(29)
    hub.clock.advance(60)
    assert applied() == 1
    used(30)
    for _ in range(3):  # it is told, and closes: nobody is blamed meanwhile
        assert applied() == 1
        hub.clock.advance(5)
    hub.clock.advance(limits.USE_SETTLED_SECONDS)
    used(31)  # which a game goes on to use: that is no grace
    assert applied() == 0
    assert "a device is on that should be off" in hub.get("/").text
    hello("open")
    assert applied() == 0
    hello("closed")
    assert applied() == 1
    hello("open")  # killed, and not yet told
    assert applied() == 1
    hub.clock.advance(limits.USE_SETTLED_SECONDS)
    assert applied() == 0
    hub.post(f"/children/{child}/give", minutes="15")
    policy, digest = hub.broker.policy(ROUTER)
    hello("open")
    hub.clock.advance(60)
    assert applied() == 1


def test_a_hello_that_waited_at_the_broker_is_asked_for_again_once(hub: Hub, child: str) -> None:
    policy, digest = hub.broker.policy(ROUTER)
    hub.parts.exchange.connected()
    for kinds in (["time", "policy"], ["time"]):
        count = len(hub.broker.sent)
        hub.broker.hello(ROUTER, policy.revision, digest, clock_difference=-900)
        assert [message.kind for message in hub.broker.sent[count:]] == kinds


def test_the_same_revision_with_another_digest_is_not_applied(hub: Hub, child: str) -> None:
    revision = hub.broker.policy(ROUTER)[0].revision
    hub.broker.hello(ROUTER, revision, "0" * 64)
    assert "applied on 0 of 1" in hub.get("/").text
    assert hub.broker.policy(ROUTER)[0].revision > revision


def test_status_is_304_until_something_changes(hub: Hub, child: str) -> None:
    hub.broker.apply(ROUTER)
    first = hub.get("/status")
    tag = first.headers["ETag"]
    assert hub.get("/status", headers={"If-None-Match": tag}).status_code == 304

    hub.post(f"/children/{child}/pause", minutes="15")

    second = hub.get("/status", headers={"If-None-Match": tag})
    state = json.loads(second.text)
    assert second.status_code == 200
    assert state["state"] > json.loads(first.text)["state"]
    assert state["waiting"] is True
    assert state["children"][child] == {
        "level": "closed",
        "until": int(hub.clock.wall()) + 900,
        "reason": "pause",
        "applied": 0,
        "agents": 1,
    }


def test_status_changes_by_itself_when_a_pause_ends(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="15")
    hub.broker.apply(ROUTER)
    tag = hub.get("/status").headers["ETag"]
    hub.clock.advance(15 * 60)
    assert json.loads(hub.get("/status", headers={"If-None-Match": tag}).text)["children"][child]["level"] == "open"


# Traffic


def test_traffic_is_shown_per_device_with_a_text_twin(hub: Hub, child: str) -> None:
    device = hub.family().devices[0].id
    hub.broker.usage(ROUTER, (device, 5_000_000, 1_000))
    hub.clock.advance(2)
    hub.broker.usage(ROUTER, (device, 8_000_000, 41_000))
    hub.clock.advance(2)

    page = hub.get("/traffic").text

    assert "1.5 MB/s" in page
    assert "3.0 MB to the device, 40 kB from it" in page
    assert "<td>3.0 MB</td><td>40 kB</td>" in page
    assert "1.5 MB/s" in hub.get("/").text


def test_a_counter_that_begins_again_counts_from_zero(hub: Hub, child: str) -> None:
    device = hub.family().devices[0].id
    for count in (9_000_000, 9_500_000, 250_000):
        hub.broker.usage(ROUTER, (device, count, 0))
    assert hub.parts.traffic.of(device).total_to == 750_000


def test_traffic_moves_out_of_the_picture(hub: Hub, child: str) -> None:
    device = hub.family().devices[0].id
    hub.broker.usage(ROUTER, (device, 0, 0))
    hub.broker.usage(ROUTER, (device, 1000, 0))
    assert sum(hub.parts.traffic.of(device).to_device) == 1000
    number = json.loads(hub.get("/status").text)["state"]
    hub.clock.advance(2)
    assert json.loads(hub.get("/status").text)["state"] > number
    hub.clock.advance(120)
    assert sum(hub.parts.traffic.of(device).to_device) == 0


def test_nothing_of_an_exempt_or_unknown_device_is_kept(hub: Hub, child: str) -> None:
    hub.post("/devices", name="work laptop", mac=ADULT, kind="computer", person="adult")
    devices = {device.name: device.id for device in hub.family().devices}
    for count in (0, 7_000_000):
        hub.broker.usage(
            ROUTER,
            (devices["work laptop"], count, count),
            ("dunknown", count, count),
            (devices["blue tablet"], count, 0),
        )

    assert hub.parts.traffic.of(devices["work laptop"]).total_to == 0
    assert hub.parts.traffic.of("dunknown").total_to == 0
    page = hub.get("/traffic").text
    assert "work laptop" not in page
    assert "blue tablet" in page


def test_traffic_kept_before_a_device_became_exempt_is_forgotten(hub: Hub, child: str) -> None:
    device = hub.family().devices[0].id
    for count in (0, 1000):
        hub.broker.usage(ROUTER, (device, count, 0))
    hub.post(f"/devices/{device}/remove")
    hub.broker.usage(ROUTER, ("dother", 1, 1))
    assert hub.parts.traffic.of(device).total_to == 0


# /me


def test_me_says_what_why_and_until_when_without_a_login(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="20:30", end="07:00")
    hub.post(f"/children/{child}/pause", minutes="15")
    hub.broker.apply(ROUTER)
    hub.network.neighbours["192.0.2.7"] = TABLET

    answer = hub.get("/me", hub.new_browser(), environ_overrides={"REMOTE_ADDR": "192.0.2.7"})

    assert answer.status_code == 200
    for sentence in (
        "Paused",
        "until 18:15",
        "Your parents paused the internet; it is off until 18:15, then on again.",
        "Every night: internet off 20:30–07:00",
        "Who sees what",
    ):
        assert sentence in answer.text
    for secret in ("Mia", "blue tablet", TABLET):
        assert secret not in answer.text
    # A pause is nothing to answer: all that can be chosen is the language.
    assert re.findall(r'<form[^>]* action="([^"]*)"', answer.text) == ["/language"]


@pytest.mark.parametrize(
    "source", ["192.0.2.7", "2001:db8::7", "fe80::7%eth0", "::ffff:192.0.2.7"], ids=["v4", "v6", "link-local", "mapped"]
)
def test_me_knows_a_device_by_any_of_its_addresses(hub: Hub, child: str, source: str) -> None:
    hub.network.neighbours |= dict.fromkeys(("192.0.2.7", "2001:db8::7", "fe80::7"), TABLET)
    answer = hub.get("/me", hub.new_browser(), environ_overrides={"REMOTE_ADDR": source})
    assert "This tablet" in answer.text


def test_me_says_until_the_router_agrees_that_it_does_not_know(hub: Hub, child: str) -> None:
    hub.network.neighbours["127.0.0.1"] = TABLET
    assert "The router has not confirmed this yet" in hub.get("/me").text
    hub.broker.apply(ROUTER)
    assert "The router has not confirmed" not in hub.get("/me").text


def test_me_is_honest_with_an_unknown_device(hub: Hub, child: str) -> None:
    hub.network.neighbours["127.0.0.1"] = "02:00:5e:10:00:77"
    page = hub.get("/me", hub.new_browser()).text
    assert "This device is not known yet" in page
    assert "02:00:5e:10:00:77" in page
    hub.network.neighbours.clear()
    assert "cannot see which device this is" in hub.get("/me", hub.new_browser()).text


def test_me_on_a_grown_ups_device_says_that_nothing_is_watched(hub: Hub) -> None:
    hub.post("/devices", name="laptop", mac=ADULT, kind="computer", person="adult")
    hub.network.neighbours["127.0.0.1"] = ADULT
    page = hub.get("/me").text
    assert "No rules, no watching" in page
    assert "This computer" in page


# Who is exempt


def test_the_device_a_parent_claims_the_hub_from_is_exempt(unclaimed: Hub) -> None:
    unclaimed.network.neighbours["127.0.0.1"] = ADULT
    unclaimed.claim()
    (device,) = unclaimed.broker.policy(ROUTER)[0].devices
    assert (device.macs, device.persons, device.flags) == ((ADULT,), (), ("exempt",))
    unclaimed.sign_in(unclaimed.new_browser())
    assert len(unclaimed.family().devices) == 1
    assert BUTTON not in unclaimed.get("/devices").text


def test_signing_in_later_exempts_nothing_until_the_parent_says_so(hub: Hub) -> None:
    hub.network.neighbours["127.0.0.1"] = ADULT
    assert hub.sign_in(hub.new_browser()).status_code == 303
    assert hub.family().devices == ()
    assert BUTTON in hub.get("/devices").text

    answer = hub.post("/devices/this-one")

    assert (answer.status_code, answer.location) == (303, "/devices")
    assert [(device.macs, device.flags) for device in hub.family().devices] == [((ADULT,), ("exempt",))]
    assert BUTTON not in hub.get("/devices").text


def test_this_one_needs_a_parent_and_a_form_of_the_page(hub: Hub) -> None:
    hub.network.neighbours["127.0.0.1"] = ADULT
    assert hub.post("/devices/this-one", hub.new_browser()).status_code in (303, 403)
    assert hub.browser.post("/devices/this-one").status_code in (303, 400, 403)
    assert hub.family().devices == ()


def test_this_one_frees_no_childs_device_and_none_that_the_hub_cannot_see(hub: Hub, child: str) -> None:
    hub.network.neighbours["127.0.0.1"] = TABLET
    assert BUTTON not in hub.get("/devices").text
    answer = hub.post("/devices/this-one")
    assert (answer.status_code, "belongs to “blue tablet” already" in answer.text) == (409, True)
    hub.network.neighbours.clear()
    assert BUTTON not in hub.get("/devices").text
    answer = hub.post("/devices/this-one")
    assert (answer.status_code, "cannot see which device this is" in answer.text) == (409, True)
    assert [device.flags for device in hub.family().devices] == [()]


def test_a_wrong_password_exempts_nobody(hub: Hub) -> None:
    hub.network.neighbours["127.0.0.1"] = ADULT
    assert hub.post("/login", hub.new_browser(), password="not the password").status_code == 403
    assert hub.family().devices == ()


def test_signing_in_on_a_childs_device_does_not_free_it(hub: Hub, child: str) -> None:
    hub.network.neighbours["127.0.0.1"] = TABLET
    assert hub.sign_in(hub.new_browser()).status_code == 303
    assert [device.flags for device in hub.family().devices] == [()]


def test_a_device_a_parent_used_once_can_become_a_childs(hub: Hub, child: str) -> None:
    hub.network.neighbours["127.0.0.1"] = ADULT
    hub.post("/devices/this-one")
    hub.add_device(child, ADULT, "old phone")
    device = hub.family().device_with(ADULT)
    assert device
    assert (device.name, device.persons, device.flags) == ("old phone", (child,), ())


# Words


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.6, "1 kB"),
        (12_345, "12 kB"),
        (1_250_000, "1.2 MB"),
        (123e6, "123 MB"),
        (5e13, "50000 GB"),
    ],
)
def test_bytes_in_words(count: float, text: str) -> None:
    assert wording.bytes_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "18:00"),
        (6 * 3600, "tomorrow 00:00"),
        (-86400, "yesterday 18:00"),
        (3 * 86400, "Mon 18:00"),
        (9 * 86400, "Sun 16 Aug, 18:00"),
    ],
)
def test_times_in_words(seconds: int, text: str) -> None:
    assert wording.clock_time(1786118400 + seconds, "Europe/Berlin", 1786118400) == text


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone"),
        ("<script>alert(1)</script>", "Another program"),
        ("", "Another program"),
    ],
)
def test_browsers_in_words(header: str, text: str) -> None:
    assert wording.browser_text(header) == text


def test_the_list_of_browsers_claims_no_more_than_it_knows(hub: Hub) -> None:
    """When a browser was last used is written once an hour; of the one that asks it is known."""
    hub.sign_in(hub.new_browser())
    hub.clock.advance(600)
    page = hub.get("/sessions").text
    assert page.count("in use now") == 1
    assert page.count("last used about") == 1
