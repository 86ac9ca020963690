"""From a family to a policy: the golden lines, and what never leaves the hub."""

from dataclasses import replace

import pytest

from stairgate.core.envelope import open_signed
from stairgate.core.policy import check_policy, write_policy
from stairgate.hub.compile import Reachable, compile_policy, zone_id
from stairgate.hub.family import Device, Family, Override, Person, Week
from tests.unit.hub.conftest import EVENING, ROUTER, Hub

NOW = int(EVENING)
HUB = Reachable(("02:00:5e:10:00:f0",), ("192.0.2.5", "2001:db8::5"), 8080)
FAMILY = Family(
    people=(Person("pmia", "Mia", "6-9", "UTC"), Person("pnoah", "Noah", "13-15", "UTC")),
    devices=(
        Device("dtab", "blue tablet", ("02:00:5e:10:00:02", "02:00:5e:10:00:01"), ("pnoah", "pmia"), "tablet"),
        Device("dwork", "work laptop", ("02:00:5e:10:00:99",), (), "computer", ("exempt",)),
        Device("dgone", "old phone", ("02:00:5e:10:00:03",), ("pnobody",), "phone"),
    ),
    weeks=(Week("w1", "pmia", 79, 1230, 420), Week("w2", "pnobody", 127, 0, 60)),
    overrides=(
        Override("o2", "pmia", "pause", NOW - 10, NOW + 900, 0, "parent"),
        Override("o1", "pmia", "bonus", NOW - 900, NOW, 15, "parent"),
        Override("o3", "pnobody", "pause", NOW, NOW + 900, 0, "parent"),
    ),
)

GOLDEN = f"""\
["policy","hhome","rrouter",1786118400,1786118400]
["zone","{zone_id("UTC")}","UTC",[[1767225600,0]]]
["hub",["02:00:5e:10:00:f0"],["192.0.2.5","2001:db8::5"],8080]
["person","pmia","6-9","{zone_id("UTC")}","open"]
["person","pnoah","13-15","{zone_id("UTC")}","open"]
["device","dgone",["02:00:5e:10:00:03"],["pmia","pnoah"],"phone",[]]
["device","dtab",["02:00:5e:10:00:01","02:00:5e:10:00:02"],["pmia","pnoah"],"tablet",[]]
["device","dwork",["02:00:5e:10:00:99"],[],"computer",["exempt"]]
["week","pmia",[[79,1230,420,"closed"]]]
["override","o2","pmia","pause",1786118390,1786119300,0,"parent"]
"""


def body(family: Family, issued: int = NOW) -> bytes:
    return write_policy(compile_policy(family, "hhome", "rrouter", NOW, issued, HUB))


def test_the_golden_policy() -> None:
    assert body(FAMILY).decode() == GOLDEN
    assert check_policy(body(FAMILY)) == []


def test_the_same_family_in_another_order_makes_the_same_bytes() -> None:
    shuffled = Family(FAMILY.people[::-1], FAMILY.devices[::-1], FAMILY.weeks[::-1], FAMILY.overrides[::-1])
    assert body(shuffled) == body(FAMILY)


def test_no_name_leaves_the_hub() -> None:
    text = body(FAMILY).decode()
    for name in ("Mia", "Noah", "blue tablet", "work laptop", "old phone"):
        assert name not in text


def test_a_zone_carries_its_changes_from_this_year_on() -> None:
    family = replace(FAMILY, people=(Person("pmia", "Mia", "6-9", "Europe/Berlin"),))
    (zone,) = compile_policy(family, "hhome", "rrouter", 1, NOW, HUB).zones
    assert zone.changes[:3] == ((1767225600, 60), (1774746000, 120), (1792890000, 60))
    assert len(zone.changes) > 19


def test_the_hubs_own_address_is_no_device() -> None:
    device = Device("dhub", "hub", ("02:00:5e:10:00:f0", "02:00:5e:10:00:04"), ("pmia",), "computer")
    (found,) = compile_policy(replace(FAMILY, devices=(device,)), "hhome", "rrouter", 1, NOW, HUB).devices
    assert found.macs == ("02:00:5e:10:00:04",)


# Issuing


def revisions(hub: Hub) -> list[int]:
    documents = [message.payload for message in hub.broker.sent if message.kind == "policy"]
    keys = {hub.key.key_id: hub.key.point}
    bodies = [open_signed(document, "policy", keys, 16384) for document in documents]
    return [int(text.split(b",")[3]) for text in bodies]


def test_a_policy_is_signed_written_down_and_then_sent(hub: Hub) -> None:
    hub.add_child()
    policy, digest = hub.broker.policy(ROUTER)
    with hub.store.transaction("hhome") as rows:
        row = rows.get("policies", ROUTER)
    assert row
    assert (row.document["revision"], row.document["digest"]) == (policy.revision, digest)
    assert row.document["document"].encode() == hub.broker.sent[-1].payload


def test_revisions_are_utc_seconds_or_the_next_number(hub: Hub) -> None:
    hub.add_child("a")
    hub.add_child("b")
    hub.clock.advance(3600)
    hub.add_child("c")
    first, second, third, fourth = revisions(hub)
    assert first == NOW
    assert (second, third) == (NOW + 2, NOW + 3)
    assert fourth == NOW + 2 + 3600


def test_a_clock_set_back_does_not_repeat_a_revision(hub: Hub) -> None:
    hub.add_child("a")
    newest = revisions(hub)[-1]
    hub.clock.advance(-86400 * 400)
    hub.add_child("b")
    assert revisions(hub)[-1] == newest + 1


def test_equal_state_is_not_issued_again(hub: Hub) -> None:
    child = hub.add_child()
    hub.post(f"/children/{child}/pause", minutes="15")
    count = len(revisions(hub))

    hub.clock.advance(3600)
    hub.parts.acts.change(lambda rows: None)
    hub.parts.connect(hub.broker)

    assert len(revisions(hub)) == count


def test_a_policy_is_issued_again_before_its_zones_run_out(hub: Hub) -> None:
    hub.add_child()
    count = len(revisions(hub))
    hub.clock.advance(301 * 86400)
    hub.parts.connect(hub.broker)
    assert len(revisions(hub)) == count + 1


@pytest.mark.parametrize("highest", [NOW + 10_000, NOW + 399 * 86400])
def test_a_router_that_has_seen_more_gets_a_higher_revision(hub: Hub, highest: int) -> None:
    hub.add_child()
    policy, digest = hub.broker.policy(ROUTER)
    hub.broker.hello(ROUTER, policy.revision, digest, highest=highest)
    assert hub.broker.policy(ROUTER)[0].revision == highest + 1
    hub.broker.apply(ROUTER)
    assert revisions(hub)[-1] == highest + 1
