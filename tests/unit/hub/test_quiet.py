"""Quiet hours on a device's page, what a router is told of them, and the alarm of a device that was not quiet."""

import re
import secrets

import pytest

from stairgate.core.decide import decide
from stairgate.core.observed import Streamed, encode_observed
from stairgate.core.policy import Policy, Quiet, write_policy
from stairgate.hub import language, limits
from stairgate.hub.quiet_hours import read_quiet
from tests.unit.hub.conftest import HOME, ROUTER, Hub
from tests.unit.hub.test_language_devices import text
from tests.unit.hub.test_roles import DAD, GRAN, join

THERE = "192.168.77.10"
CAMERA, PHONE = "02:00:5e:10:00:21", "02:00:5e:10:00:22"
NIGHT = {"days": "127", "start": "21:00", "end": "07:00"}
LINE = ((127, 1260, 420),)


@pytest.fixture
def camera(hub: Hub) -> str:
    """A camera that two children share."""
    mia, ben = hub.add_child("Mia"), hub.add_child("Ben")
    device = hub.add_device(mia, CAMERA, "garden camera")
    revision = next(each.revision for each in hub.family().devices if each.id == device)
    shared = {"name": "garden camera", "kind": "other", "whose": [mia, ben], "revision": str(revision)}
    assert hub.post(f"/devices/{device}", **shared).status_code == 303
    return device


def policy(hub: Hub) -> Policy:
    return hub.broker.policy(ROUTER)[0]


def revision(hub: Hub) -> str:
    with hub.store.transaction(HOME) as rows:
        return str(next((held.revision for held in read_quiet(rows)), 0))


def set_hours(hub: Hub, device: str, action: str = "tell", **changed: str) -> int:
    fields = {**NIGHT, "action": action, "revision": revision(hub), **changed}
    return hub.post(f"/devices/{device}/quiet", **fields).status_code


def streams(hub: Hub, device: str, sent: int = 3_000_000, began: float | None = None, seconds: int = 60) -> None:
    """The router says that a device sends."""
    start = int(hub.clock.wall() if began is None else began)
    row = Streamed(device, start, start + seconds, sent)
    data = encode_observed("m" + secrets.token_hex(8), int(hub.clock.wall()), ROUTER, (row,))
    hub.broker.receive(ROUTER, "events", data)


def test_the_router_is_told_and_decides_by_it(hub: Hub, camera: str) -> None:
    assert policy(hub).quiets == ()
    assert set_hours(hub, camera, "close") == 303
    assert policy(hub).quiets == (Quiet(camera, LINE, "close"),)
    night = int(hub.clock.wall()) + 4 * 3600  # 22:00
    assert decide(policy(hub), camera, night, {}).reason == "quiet"
    page = text(hub.get(f"/devices/{camera}"))
    assert "Mon–Sun, 21:00–07:00: its internet is off." in page
    hub.clock.advance(4 * 3600)
    assert "Quiet hoursuntil tomorrow 07:00It is off in its quiet hours." in text(hub.get(f"/devices/{camera}"))

    assert set_hours(hub, camera, "tell", days="31") == 303
    assert policy(hub).quiets == (Quiet(camera, ((31, 1260, 420),), "tell"),)
    assert hub.post(f"/devices/{camera}/quiet/end").status_code == 303
    assert policy(hub).quiets == ()
    assert "No quiet hours: nothing of it is watched." in text(hub.get(f"/devices/{camera}"))


def test_each_change_can_be_undone_for_ten_minutes(hub: Hub, camera: str) -> None:
    def undo() -> int:
        found = re.search(r'/quiet/undo">.*?name="act" value="(a\w+)"', hub.get(f"/devices/{camera}").text, re.S)
        return hub.post(f"/devices/{camera}/quiet/undo", act=found[1]).status_code if found else 0

    set_hours(hub, camera, "close")
    assert undo() == 303
    assert policy(hub).quiets == ()
    assert undo() == 0
    set_hours(hub, camera, "close")
    set_hours(hub, camera, "tell", start="22:00")
    assert undo() == 303
    assert policy(hub).quiets == (Quiet(camera, LINE, "close"),)
    hub.post(f"/devices/{camera}/quiet/end")
    hub.clock.advance(limits.UNDO_SECONDS + 1)
    assert undo() == 0
    assert hub.post(f"/devices/{camera}/quiet/undo", act="").status_code == 409
    assert policy(hub).quiets == ()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"days": "0"}, "Please choose at least one day."),
        ({"start": ""}, "Please give the time it begins, such as 20:30."),
        ({"end": "21:00"}, "Please let it end at another time than it begins."),
        ({"action": "shout"}, "Please choose what happens in quiet hours."),
    ],
)
def test_a_form_that_says_nothing_sound_changes_nothing(
    hub: Hub, camera: str, changed: dict[str, str], says: str
) -> None:
    answer = hub.post(f"/devices/{camera}/quiet", **{**NIGHT, "action": "tell", "revision": "0", **changed})
    assert answer.status_code == 422
    assert says in text(answer)
    assert policy(hub).quiets == ()


def test_an_older_form_does_not_write_over_a_newer_one(hub: Hub, camera: str) -> None:
    set_hours(hub, camera)
    assert set_hours(hub, camera, "close", revision="0") == 409
    assert policy(hub).quiets == (Quiet(camera, LINE, "tell"),)


def test_a_grown_ups_device_has_none_and_loses_them(hub: Hub, camera: str) -> None:
    phone = hub.add_device("adult", PHONE, "grey phone")
    assert 'id="quiet"' not in hub.get(f"/devices/{phone}").text
    answer = hub.post(f"/devices/{phone}/quiet", **NIGHT, action="tell", revision="0")
    assert answer.status_code == 409
    assert "never watched" in text(answer)

    set_hours(hub, camera)
    held = next(each for each in hub.family().devices if each.id == camera)
    fields = {"name": "garden camera", "kind": "other", "whose": "adult", "revision": str(held.revision)}
    assert hub.post(f"/devices/{camera}", **fields).status_code == 303
    assert policy(hub).quiets == ()


def test_nobodys_device_may_have_them_and_a_removed_one_leaves_none(hub: Hub, camera: str) -> None:
    held = next(each for each in hub.family().devices if each.id == camera)
    fields = {"name": "garden camera", "kind": "other", "revision": str(held.revision)}
    assert hub.post(f"/devices/{camera}", **fields).status_code == 303
    assert next(each for each in hub.family().devices if each.id == camera).is_unassigned
    assert set_hours(hub, camera, "close") == 303
    assert policy(hub).quiets == (Quiet(camera, LINE, "close"),)
    assert write_policy(policy(hub))
    hub.post(f"/devices/{camera}/remove")
    assert policy(hub).quiets == ()
    assert hub.post(f"/devices/{camera}/quiet", **NIGHT, action="tell", revision="1").status_code == 404


def test_where_no_rules_hold_none_are_offered(hub: Hub) -> None:
    mia = hub.add_child("Mia")
    device = hub.add_device(mia, CAMERA, "garden camera")
    hub.parts.acts.remove_child(mia)
    assert 'id="quiet"' not in hub.get(f"/devices/{device}").text
    assert set_hours(hub, device) == 409
    assert policy(hub).quiets == ()
    hub.add_child("Ben")
    assert 'id="quiet"' in hub.get(f"/devices/{device}").text
    assert set_hours(hub, device) == 303
    assert policy(hub).quiets == (Quiet(device, LINE, "tell"),)


def test_a_carer_may_not_and_a_coparent_may(hub: Hub, camera: str) -> None:
    dad, gran = join(hub, "coparent", "Dad", DAD), join(hub, "carer", "Gran", GRAN)
    for browser, status in ((gran, 403), (dad, 303)):
        token = {"csrf_token": hub.token(browser, "/account")}
        fields = {**NIGHT, "action": "tell", "revision": "0", **token}
        assert browser.post(f"/devices/{camera}/quiet", data=fields).status_code == status
    streams(hub, camera)
    assert "garden camera" not in hub.get("/", gran).text
    assert "garden camera" in hub.get("/", dad).text


def test_a_child_reads_on_its_own_page_what_parents_are_told(hub: Hub, camera: str) -> None:
    hub.network.neighbours[THERE] = CAMERA
    child, there = hub.new_browser(), {"REMOTE_ADDR": THERE}

    def mine() -> str:
        return text(hub.get("/me", child, environ_overrides=there))

    assert "quiet hours" not in mine()
    set_hours(hub, camera)
    assert "Mon–Sun, 21:00–07:00: your parents are told when this device sends out much." in mine()
    set_hours(hub, camera, "close")
    assert "Mon–Sun, 21:00–07:00: the internet of this device is off. Your parents set these quiet hours." in mine()


# The alarm


def test_an_alarm_is_on_the_first_page_until_a_tap(hub: Hub, camera: str) -> None:
    set_hours(hub, camera)
    number = hub.get("/status").json["state"]  # type: ignore[index]
    streams(hub, camera)
    assert hub.get("/status").json["state"] != number  # type: ignore[index]
    page = hub.get("/")
    assert "It sent 3.0 MB out in its quiet hours, from 18:00 until 18:01." in text(page)
    assert f'href="/devices/{camera}"' in page.text
    assert "It sent 3.0 MB out" in text(hub.get(f"/devices/{camera}"))
    assert "“garden camera” sent data out in its quiet hours" in text(hub.get("/history"))

    assert hub.post(f"/devices/{camera}/quiet/seen", **{"from": "home"}).location == "/"
    assert "It sent" not in text(hub.get("/"))
    # What happened stays on the device's page, without a button.
    there = hub.get(f"/devices/{camera}")
    assert "It sent 3.0 MB out" in text(there)
    assert "quiet/seen" not in there.text


def test_it_grows_and_a_later_one_is_a_new_alarm(hub: Hub, camera: str) -> None:
    set_hours(hub, camera)
    began = hub.clock.wall()
    streams(hub, camera, 3_000_000, began)
    hub.post(f"/devices/{camera}/quiet/seen")
    streams(hub, camera, 4_000_000, began, 120)
    streams(hub, camera, 3_500_000, began, 90)
    assert "It sent" not in text(hub.get("/"))
    assert "It sent 4.0 MB out in its quiet hours, from 18:00 until 18:02." in text(hub.get(f"/devices/{camera}"))
    streams(hub, camera, 200_000, began + 3600)
    assert "It sent 200 kB out in its quiet hours, from 19:00 until 19:01." in text(hub.get("/"))
    # An old one that was late changes nothing.
    streams(hub, camera, 9_000_000, began)
    assert "It sent 200 kB out" in text(hub.get("/"))
    told = [event for event in hub.parts.keeping.history.all_events() if event.kind == "streamed"]
    assert [(event.device, event.agent) for event in told] == [(camera, ROUTER)] * 2


def test_it_outlives_a_new_start_of_the_hub(hub: Hub, camera: str) -> None:
    set_hours(hub, camera)
    streams(hub, camera)
    again = type(hub.parts.alarms)(hub.store, HOME, hub.clock, lambda device, agent: None)
    (alarm,) = again.all()
    assert (alarm.device, alarm.sent, alarm.is_new) == (camera, 3_000_000, True)


def test_nothing_is_believed_of_a_device_without_quiet_hours(hub: Hub, camera: str) -> None:
    streams(hub, camera)
    streams(hub, "dnowhere")
    assert "It sent" not in text(hub.get("/"))
    assert hub.parts.alarms.all() == []


def test_a_device_that_is_gone_takes_its_alarm_with_it(hub: Hub, camera: str) -> None:
    set_hours(hub, camera)
    streams(hub, camera)
    hub.post(f"/devices/{camera}/remove")
    assert hub.parts.alarms.all() == []
    assert "It sent" not in text(hub.get("/"))


def test_in_german_it_is_whole_sentences(hub: Hub, camera: str) -> None:
    hub.browser.set_cookie(language.COOKIE, "de")
    set_hours(hub, camera)
    streams(hub, camera)
    page = text(hub.get(f"/devices/{camera}"))
    assert "In der Ruhezeit hat es 3,0 MB gesendet, von 18:00 bis 18:01." in page
    assert "Mo–So, 21:00–07:00: Du erfährst es, wenn es mehr sendet als in Ruhe üblich." in page
    assert "„garden camera“ hat in der Ruhezeit Daten gesendet" in text(hub.get("/history"))
    assert 'value="tell"' in hub.get(f"/devices/{camera}").text
