"""Whose a device is: one tap, undo, visits that end, and two parents who tap at once."""

import threading

import pytest

from stairgate.core.decide import decide
from stairgate.hub import limits
from stairgate.hub.acts import NotPossible
from stairgate.hub.assignment import visit_end
from tests.unit.hub.conftest import EVENING, ROUTER, Hub
from tests.unit.hub.test_acts import berlin
from tests.unit.hub.test_discovery import MAC, device, level, seen

TABLET = "02:00:5e:10:00:01"


@pytest.fixture
def child(hub: Hub) -> str:
    child = hub.add_child("Mia")
    hub.post(f"/children/{child}/bedtime", days="127", start="20:30", end="07:00")
    seen(hub, hostname="Switch")
    return child


def assign(hub: Hub, whose: str, **fields: str) -> int:
    return hub.post(f"/devices/{device(hub).id}/assign", whose=whose, **fields).status_code


def test_the_card_is_on_both_pages_with_everybody_to_choose(hub: Hub, child: str) -> None:
    words = hub.parts.devices.arrivals.words(device(hub))
    for path in ("/", "/devices"):
        page = hub.get(path).text
        for text in (
            "New device: <bdi>Switch</bdi>",
            "seen 18:00",
            words,
            f'value="{child}"',
            "Grown-up’s",
            "Visitor until 22:00",
        ):
            assert text in page, (path, text)
        assert "Ours for all" not in page  # one child only
    hub.add_child("Noah")
    assert "Ours for all" in hub.get("/").text


def test_one_tap_gives_it_to_a_child_and_keeps_its_id(hub: Hub, child: str) -> None:
    before = device(hub)
    answer = hub.post(f"/devices/{before.id}/assign", whose=child, **{"from": "home"})
    assert (answer.status_code, answer.location) == (303, "/")
    assert (device(hub).id, device(hub).persons, device(hub).name) == (before.id, (child,), "Switch")
    page = hub.get("/").text
    assert "is Mia’s now." in page
    assert "New device" not in page


def test_a_new_device_is_chosen_on_the_childs_page(hub: Hub, child: str) -> None:
    assert "Choose a device" in hub.get("/").text
    assert "Switch is Mia’s" in hub.get(f"/children/{child}").text
    answer = hub.post(f"/devices/{device(hub).id}/assign", whose=child, was="new", **{"from": "child"})
    assert (answer.status_code, answer.location) == (303, f"/children/{child}#devices")
    assert "Choose a new device" not in hub.get(f"/children/{child}").text


@pytest.mark.parametrize(("whose", "expected"), [("adult", ("open", "exempt")), ("visitor", ("open", "override_open"))])
def test_a_grown_up_and_a_visitor_have_no_bedtime(hub: Hub, child: str, whose: str, expected: tuple[str, str]) -> None:
    hub.clock.advance(3 * 3600)  # 21:00
    assert level(hub) == ("closed", "week")
    assert assign(hub, whose) == 303
    assert level(hub) == expected


def test_ours_for_all_is_the_strictest_of_all(hub: Hub, child: str) -> None:
    other = hub.add_child("Noah")
    assign(hub, "all")
    assert set(device(hub).persons) == {child, other}
    assert level(hub, at=EVENING)[0] == "open"
    assert level(hub, at=EVENING + 3 * 3600) == ("closed", "week")


@pytest.mark.parametrize("whose", ["", "pnobody", "ADULT", "all,adult"])
def test_nonsense_assigns_nothing(hub: Hub, child: str, whose: str) -> None:
    assert assign(hub, whose) == 409
    assert device(hub).is_unassigned


def test_all_without_children_is_refused(hub: Hub) -> None:
    seen(hub)
    assert assign(hub, "all") == 409
    assert device(hub).is_unassigned


def test_a_device_that_is_gone(hub: Hub) -> None:
    for path in ("assign", "undo", "end-use"):
        assert hub.post(f"/devices/dgone/{path}", whose="adult").status_code == 404
    assert hub.get("/devices/dgone").status_code == 404


# Visitors


@pytest.mark.parametrize(
    ("now", "until", "longer"),
    [
        ("2026-08-07T18:00", "2026-08-07T22:00", "2026-08-08T22:00"),
        ("2026-08-07T21:29", "2026-08-07T22:00", "2026-08-08T22:00"),
        ("2026-08-07T21:31", "2026-08-08T22:00", "2026-08-08T22:00"),
        ("2026-08-07T23:59", "2026-08-08T22:00", "2026-08-08T22:00"),
        ("2026-10-24T21:45", "2026-10-25T23:00", "2026-10-25T23:00"),  # written in summer time: 22:00 in winter's
    ],
)
def test_a_visit_ends_at_ten(now: str, until: str, longer: str) -> None:
    assert visit_end(berlin(now), "Europe/Berlin") == berlin(until)
    assert visit_end(berlin(now), "Europe/Berlin", longer=True) == berlin(longer)


def test_a_visit_ends_in_the_router_and_the_device_is_new_again(hub: Hub, child: str) -> None:
    assign(hub, "visitor")
    assert "Visitor" in hub.get(f"/devices/{device(hub).id}").text
    assert level(hub, at=berlin("2026-08-07T21:59")) == ("open", "override_open")
    assert level(hub, at=berlin("2026-08-07T22:00"))[0] == "closed"
    hub.clock.advance(16 * 3600)  # 10:00, Mia is on
    assert level(hub)[0] == "closed"  # the router alone: until the hub says otherwise
    hub.parts.devices.upkeep.run()
    assert level(hub)[0] == "open"
    assert hub.family().overrides == ()
    assert device(hub) in hub.family().new_devices(hub.clock.wall())


def test_a_visit_is_not_paused_with_a_child(hub: Hub, child: str) -> None:
    assign(hub, "visitor")
    hub.post(f"/children/{child}/pause", minutes="60")
    assert level(hub) == ("open", "override_open")


def test_a_visit_is_extended_ended_and_turned_into_something_else(hub: Hub, child: str) -> None:
    assign(hub, "visitor")
    assign(hub, "visitor-longer")
    (visit,) = hub.family().overrides_of(device(hub).id)
    assert visit.until == berlin("2026-08-08T22:00")
    assign(hub, "nobody")
    assert hub.family().overrides == ()
    assign(hub, "visitor")
    assign(hub, child)
    assert (device(hub).persons, hub.family().overrides) == ((child,), ())


# Undo


@pytest.mark.parametrize("whose", ["child", "adult", "visitor", "all"])
def test_one_tap_takes_it_back(hub: Hub, child: str, whose: str) -> None:
    before = device(hub)
    assign(hub, child if whose == "child" else whose)
    assert "Undo" in hub.get("/").text
    assert hub.post(f"/devices/{before.id}/undo").status_code == 303
    after = device(hub)
    assert (after.persons, after.flags, after.name) == ((), (), "Switch")
    assert hub.family().overrides == ()
    assert hub.post(f"/devices/{before.id}/undo").status_code == 409


def test_undo_after_ten_minutes_or_after_somebody_else_undoes_nothing(hub: Hub, child: str) -> None:
    first = hub.parts.devices.assignment.assign(device(hub).id, "visitor")
    hub.parts.devices.assignment.assign(device(hub).id, child)
    assert hub.post(f"/devices/{device(hub).id}/undo", act=first.id).status_code == 409
    hub.clock.advance(limits.UNDO_SECONDS + 1)
    assert hub.post(f"/devices/{device(hub).id}/undo").status_code == 409
    assert device(hub).persons == (child,)


def test_undo_does_not_bring_a_removed_child_back(hub: Hub, child: str) -> None:
    assign(hub, child)
    form = {"revision": str(device(hub).revision), "name": "Switch", "kind": "console", "whose": "adult"}
    assert hub.post(f"/devices/{device(hub).id}", **form).status_code == 303
    hub.post(f"/children/{child}/remove", sure="yes")
    assert hub.post(f"/devices/{device(hub).id}/undo").status_code == 409
    assert device(hub).flags == ("exempt",)


# Two parents at once


def test_the_second_of_two_parents_is_told_whose_it_is(hub: Hub, child: str) -> None:
    assert assign(hub, child) == 303
    answer = hub.post(f"/devices/{device(hub).id}/assign", whose="adult")
    assert answer.status_code == 409
    assert "Somebody has answered already: “Switch” is Mia’s." in answer.text
    assert device(hub).flags == ()


def test_of_parents_who_tap_in_the_same_moment_one_is_right_and_all_others_are_told(hub: Hub, child: str) -> None:
    others = [hub.add_child(f"child {number}") for number in range(7)]
    target = device(hub).id
    ready = threading.Barrier(8)
    done: list[str] = []
    told: list[str] = []

    def tap(person: str) -> None:
        ready.wait(30)
        try:
            hub.parts.devices.assignment.assign(target, person, was_visitors=False)
            done.append(person)
        except NotPossible as problem:
            told.append(str(problem))

    threads = [threading.Thread(target=tap, args=(person,)) for person in (child, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(done), len(told)) == (1, 7)
    assert device(hub).persons == (done[0],)


def test_a_visit_that_another_parent_began_is_not_overwritten_by_an_older_page(hub: Hub, child: str) -> None:
    path = f"/devices/{device(hub).id}/assign"
    assert hub.post(path, whose="visitor", was="new").status_code == 303
    answer = hub.post(path, whose=child, was="new")
    assert (answer.status_code, "“Switch” is a visitor’s" in answer.text) == (409, True)
    assert hub.post(path, whose="nobody", was="visitor").status_code == 303
    assert hub.post(path, whose="visitor-longer", was="visitor").status_code == 409
    assert device(hub).is_unassigned


def test_the_parents_own_device_is_taken_back_by_one_tap_too(hub: Hub, child: str) -> None:
    hub.network.neighbours["127.0.0.1"] = MAC
    assert hub.post("/devices/this-one").status_code == 303
    assert "is a grown-up’s now: no rules." in hub.get("/devices").text
    assert hub.post(f"/devices/{device(hub).id}/undo").status_code == 303
    assert device(hub).is_unassigned


def test_the_form_of_a_device_does_not_overwrite_what_it_has_not_seen(hub: Hub, child: str) -> None:
    assign(hub, child)
    revision = device(hub).revision
    form = {"revision": str(revision), "kind": "console", "whose": child}
    assert hub.post(f"/devices/{device(hub).id}", name="Mias Switch", **form).status_code == 303
    answer = hub.post(f"/devices/{device(hub).id}", name="Noahs Switch", **form)
    assert answer.status_code == 409
    assert "You changed this yourself at" in answer.text
    assert 'value="Mias Switch"' in answer.text
    assert device(hub).name == "Mias Switch"


# The device's page


def edit(hub: Hub, **fields: object) -> int:
    form = {"revision": str(device(hub).revision), "name": "console", "kind": "console", **fields}
    return hub.post(f"/devices/{device(hub).id}", **form).status_code


def test_several_share_it(hub: Hub, child: str) -> None:
    other = hub.add_child("Noah")
    assert edit(hub, whose=[child, other], asks_who="yes") == 303
    assert (set(device(hub).persons), device(hub).asks_who, device(hub).name) == ({child, other}, True, "console")
    assert edit(hub, whose=[child, other]) == 303
    assert not device(hub).asks_who


def test_an_edited_device_may_become_nobodys_again(hub: Hub, child: str) -> None:
    assign(hub, child)
    assert edit(hub) == 303
    assert device(hub).is_unassigned
    assert "Whose is it?" in hub.get("/devices").text


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": ""}, "Please give a name"),
        ({"kind": "spaceship"}, "Please choose what it is"),
        ({"whose": "pnobody"}, "Please choose whose it is"),
        ({"whose": ["CHILD", "adult"]}, "either children or a grown-up"),
        ({"isolated": "yes"}, "choose whose it is, too"),
    ],
)
def test_faults_of_the_form(hub: Hub, child: str, fields: dict[str, object], fault: str) -> None:
    if isinstance(fields.get("whose"), list):
        fields = {"whose": [child, "adult"]}
    form = {"revision": "1", "name": "x", "kind": "console", **fields}
    answer = hub.post(f"/devices/{device(hub).id}", **form)
    assert answer.status_code == 422
    assert fault in answer.text
    assert device(hub).is_unassigned


def sent_flags(hub: Hub) -> tuple[str, ...]:
    policy, _ = hub.broker.policy(ROUTER)
    (sent,) = [held for held in policy.devices if MAC in held.macs]
    return sent.flags


def test_an_assistive_device_is_one_until_a_parent_says_otherwise(hub: Hub, child: str) -> None:
    assign(hub, child)
    assert edit(hub, whose=child, assistive="yes") == 303
    assert (device(hub).flags, device(hub).persons, sent_flags(hub)) == (("assistive",), (child,), ("assistive",))
    assert 'name="assistive" value="yes" checked' in hub.get(f"/devices/{device(hub).id}").text
    assert edit(hub, whose=child) == 303
    assert (device(hub).flags, sent_flags(hub)) == ((), ())


def test_an_assistive_device_may_be_nobodys(hub: Hub, child: str) -> None:
    assert edit(hub, assistive="yes") == 303
    assert not device(hub).is_unassigned
    assert sent_flags(hub) == ("assistive",)


def test_a_device_is_kept_apart(hub: Hub, child: str) -> None:
    assert edit(hub, whose=child, isolated="yes") == 303
    assert sent_flags(hub) == ("isolated",)
    assert edit(hub, whose="adult", isolated="yes") == 303
    assert set(sent_flags(hub)) == {"exempt", "isolated"}


def test_a_home_holds_a_hundred_devices_that_are_somebodys(hub: Hub, child: str) -> None:
    for number in range(limits.DEVICES_MAX):
        hub.add_device(child, f"02:00:5e:30:00:{number:02x}")
    assert assign(hub, child) == 409
    assert device(hub).is_unassigned


def test_a_removed_childs_devices_are_new_ones(hub: Hub, child: str) -> None:
    other = hub.add_child("Noah")
    assign(hub, child)
    hub.post(f"/children/{child}/remove", sure="yes")
    assert device(hub).is_unassigned
    policy, _ = hub.broker.policy(ROUTER)
    (sent,) = [held for held in policy.devices if MAC in held.macs]
    assert sent.persons == (other,)


def test_a_device_kept_before_these_fields_existed_is_read(hub: Hub) -> None:
    with hub.parts.acts.reading() as rows:
        rows.put("devices", "dold", {"name": "old", "macs": [TABLET], "persons": [], "kind": "tv", "flags": ["exempt"]})
    held = hub.family().device("dold")
    assert held
    assert (held.first_seen, held.asks_who, held.user(0)) == (0, True, "")


def test_the_same_tablet_typed_in_while_it_is_new_becomes_that_childs(hub: Hub, child: str) -> None:
    seen(hub, TABLET)
    hub.clock.advance(5)
    hub.parts.devices.upkeep.run()
    assert hub.add_device(child, TABLET)
    policy, _ = hub.broker.policy(ROUTER)
    ids = [held.id for held in policy.devices if TABLET in held.macs]
    assert decide(policy, ids[0], int(hub.clock.wall()), {}).reason == "default"
    assert device(hub, TABLET).persons == (child,)
