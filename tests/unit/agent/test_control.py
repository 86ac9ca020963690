"""The agent's loop with everything around it in memory: order of things, restarts, refusals, repairs, what is told."""

from itertools import permutations

import pytest

from stairgate.agent import gate
from stairgate.agent.conntrack import Flow
from stairgate.agent.gate import GRANTED
from stairgate.agent.limits import HELLO_SECONDS, RETRY_SECONDS, SLOW_POLL_SECONDS
from stairgate.agent.sync import open_policy
from stairgate.core.records import Device, Person, Week
from tests.lab.policies import AGENT_ID, family_policy, pause
from tests.unit.agent.rig import identity, signed, signing_key
from tests.unit.agent.router import AT, BENS, EVERYBODY, PHONE, TABLET, Router, paused

ORDERS = list(permutations((43, 44, 45)))


def test_before_the_first_policy_the_gate_is_left_as_it_is(router: Router) -> None:
    router.wait(30)
    router.kernel.touched = True
    router.control.turn()

    assert router.kernel.loaded == ""
    assert router.kernel.commits == 0


def test_a_hello_is_said_on_every_connect(router: Router) -> None:
    router.link.connect()
    router.control.turn()
    router.link.connect()
    router.control.turn()

    first, second = router.hellos()
    assert (first.agent, first.revision, first.digest, first.highest) == (AGENT_ID, 0, "", 0)
    assert (first.state, first.reason, first.devices, first.t) == ("applied", "", (), AT)
    assert first.nonce != second.nonce
    assert first.id != second.id
    assert {one.qos for one in router.link.published} == {1}


def test_a_policy_is_enforced_saved_and_told_as_applied(router: Router) -> None:
    router.receive(signed(paused(5)))

    assert router.open_now() == BENS
    (hello,) = router.hellos()
    assert (hello.revision, hello.highest, hello.state, hello.reason) == (5, 5, "applied", "")
    assert hello.digest == open_policy(signed(paused(5)), identity()).digest
    assert hello.devices == (
        ("dconsole", "closed", AT + 3600),
        ("dlaptop", "open", None),
        ("dphone", "closed", AT + 3600),
        ("dtablet", "open", None),
    )
    saved = router.state.load_policy()
    assert saved is not None
    assert open_policy(saved, identity()).revision == 5


@pytest.mark.parametrize("order", ORDERS)
def test_stale_policies_in_any_order_end_with_the_highest(router: Router, order: tuple[int, ...]) -> None:
    documents = {43: signed(family_policy(43)), 44: signed(family_policy(44)), 45: signed(paused(45))}

    for revision in order:
        router.receive(documents[revision])

    assert router.open_now() == BENS
    assert (router.hellos()[-1].revision, router.hellos()[-1].state) == (45, "applied")


@pytest.mark.parametrize("order", ORDERS)
def test_of_policies_that_come_together_only_the_highest_is_ever_enforced(
    router: Router, order: tuple[int, ...]
) -> None:
    router.receive(signed(paused(42)))
    documents = {43: signed(family_policy(43)), 44: signed(family_policy(44)), 45: signed(paused(45))}

    before = router.kernel.commits
    router.receive(*(documents[revision] for revision in order))

    assert router.kernel.commits == before
    assert router.hellos()[-1].revision == 45
    assert len(router.hellos()) == 2


def test_a_forged_higher_number_does_not_hide_the_genuine_policy_behind_it(router: Router) -> None:
    forged = signed(family_policy(99), signing_key("stranger"))

    router.receive(forged, signed(paused(5)), b"garbage")

    assert router.open_now() == BENS
    assert (router.hellos()[-1].revision, router.hellos()[-1].state) == (5, "applied")


def test_a_refused_policy_is_told_and_the_last_good_one_stays(router: Router) -> None:
    router.receive(signed(paused(5)))

    router.receive(signed(family_policy(6), signing_key("stranger")))

    hello = router.hellos()[-1]
    assert (hello.state, hello.reason, hello.revision) == ("refused", "unknown_key", 5)
    assert router.open_now() == BENS
    router.wait(HELLO_SECONDS + 1)
    assert router.hellos()[-1].state == "refused"
    router.receive(signed(family_policy(7)))
    assert (router.hellos()[-1].state, router.hellos()[-1].revision) == ("applied", 7)
    assert router.open_now() == EVERYBODY


def test_an_older_policy_is_answered_but_the_newest_is_still_applied(router: Router) -> None:
    router.receive(signed(paused(5)))

    router.receive(signed(family_policy(4)))

    first, second = router.hellos()
    assert (second.revision, second.digest, second.devices) == (5, first.digest, first.devices)
    assert (second.state, second.reason) == ("applied", "")


def test_the_same_number_with_other_rules_is_told_so_that_the_hub_issues_anew(router: Router) -> None:
    router.receive(signed(paused(5)))

    router.receive(signed(family_policy(5)))

    assert (router.hellos()[-1].state, router.hellos()[-1].reason) == ("refused", "revision_reused")
    assert router.open_now() == BENS


def test_a_failed_change_is_told_keeps_what_was_and_is_told_again_when_it_worked(router: Router) -> None:
    router.receive(signed(paused(5)))
    router.kernel.refuse = {"commit": ["ENFILE"]}

    router.receive(signed(paused(6)._replace(overrides=())))

    hello = router.hellos()[-1]
    assert (hello.state, hello.reason) == ("failed", "enfile")
    assert router.open_now() == BENS
    router.wait(RETRY_SECONDS + 1)
    assert router.open_now() == EVERYBODY
    hello = router.hellos()[-1]
    assert (hello.state, hello.reason, hello.revision) == ("applied", "", 6)


def test_a_change_that_failed_is_told_as_applied_when_it_worked_though_no_level_changed(router: Router) -> None:
    router.receive(signed(paused(5)))
    router.kernel.refuse = {"elements": ["ENOMEM"]}
    router.receive(signed(paused(6)))
    assert router.hellos()[-1].state == "failed"

    router.wait(RETRY_SECONDS + 1)

    assert (router.hellos()[-1].state, router.hellos()[-1].revision) == ("applied", 6)


def test_a_failure_without_any_message_is_told_too(router: Router) -> None:
    router.receive(signed(family_policy(5)))
    router.kernel.refuse = {"elements": ["ENOMEM"]}

    router.wait(SLOW_POLL_SECONDS + 0.5)

    assert [hello.state for hello in router.hellos()] == ["applied", "failed"]


def test_a_policy_delivered_again_is_answered_but_not_written_again(router: Router) -> None:
    router.receive(signed(paused(5)))
    before, commits = router.state.load_policy(), router.kernel.commits

    router.receive(signed(paused(5)))

    assert router.state.load_policy() == before
    assert router.kernel.commits == commits
    assert [hello.revision for hello in router.hellos()] == [5, 5]


def test_bedtime_is_told_when_it_comes_and_the_flows_are_forgotten_after_it(router: Router) -> None:
    bedtime = Week("pmia", 127, 12 * 60 + 1, 7 * 60, "closed")
    router.receive(signed(family_policy(5, weeks=[bedtime])))
    router.wait(59.5)
    assert router.open_now() == EVERYBODY

    router.wait(0.75)

    assert router.open_now() == BENS
    levels = {device: level for device, level, _ in router.hellos()[-1].devices}
    assert levels == {"dconsole": "closed", "dlaptop": "open", "dphone": "closed", "dtablet": "open"}
    assert router.kernel.forgotten == []
    router.wait(1.5)
    assert sorted(router.kernel.forgotten) == [1, 3]


def test_a_step_of_the_clock_in_the_middle_of_a_turn_is_told(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has rules for looks the same before and after: the hello would come in a quarter of an hour."""
    router.receive(signed(family_policy(5)))
    router.clock.step(3600)  # from now on it does not know the time for sure, and that is no news afterwards
    router.wait(30)
    told = len(router.hellos())

    def step_meanwhile() -> bool:
        router.clock.step(86400)
        return True

    with monkeypatch.context() as changed:
        changed.setattr(router.kernel, "rules_touched", step_meanwhile)
        router.control.turn()
    router.wait(2)

    assert len(router.hellos()) == told + 1


@pytest.mark.parametrize(("step", "expected"), [(7200, BENS), (-7200, EVERYBODY)])
def test_a_step_of_the_clock_is_followed_at_once(router: Router, step: float, expected: set[bytes]) -> None:
    one_to_seven = Week("pmia", 127, 13 * 60, 19 * 60, "closed")
    router.receive(signed(family_policy(5, weeks=[one_to_seven])))
    if step < 0:
        router.clock.step(7200)
        router.control.turn()
        assert router.open_now() == BENS

    router.clock.step(step)
    router.control.turn()

    assert router.open_now() == expected


def test_moving_the_wall_clock_back_gains_nothing_before_the_loop_turns(router: Router) -> None:
    router.receive(signed(family_policy(5, overrides=[pause("pmia", AT + 60, AT + 3600)])))

    router.clock.step(-3600)
    router.clock.move(60)

    assert router.open_now() == BENS


def test_a_flush_is_repaired_with_the_next_turn(router: Router) -> None:
    router.receive(signed(paused(5)))
    loaded = router.kernel.loaded

    router.kernel.flush_ruleset()
    router.control.turn()

    assert router.kernel.loaded == loaded
    assert router.open_now() == BENS
    assert TABLET in router.kernel.elements(gate.EXEMPT)


def test_rules_changed_without_news_are_repaired_with_the_slow_poll(router: Router) -> None:
    router.receive(signed(paused(5)))
    loaded = router.kernel.loaded
    router.kernel.loaded += "insert rule inet stairgate forward accept\n"

    router.wait(SLOW_POLL_SECONDS + 0.5)

    assert router.kernel.loaded == loaded


def test_elements_changed_by_somebody_are_put_right_with_the_slow_poll(router: Router) -> None:
    router.receive(signed(paused(5)))
    router.kernel.sets[GRANTED][PHONE] = None
    router.kernel.sets[gate.EXEMPT].clear()

    router.wait(SLOW_POLL_SECONDS + 0.5)

    assert router.open_now() == BENS
    assert TABLET in router.kernel.elements(gate.EXEMPT)


def test_a_repair_that_fails_is_told_and_tried_again(router: Router) -> None:
    router.receive(signed(paused(5)))
    router.kernel.flush_ruleset()
    router.kernel.refuse = {"load": ["EINVAL", "EINVAL"]}

    router.control.turn()
    router.control.turn()
    assert (router.hellos()[-1].state, router.hellos()[-1].reason) == ("failed", "einval")
    router.wait(RETRY_SECONDS + 1)

    assert router.open_now() == BENS
    assert router.hellos()[-1].state == "applied"


def test_a_hello_every_quarter_of_an_hour_heals_the_rest(router: Router) -> None:
    router.receive(signed(family_policy(5)))

    router.wait(2 * HELLO_SECONDS + 1)

    assert len(router.hellos()) == 3


def test_a_grown_up_who_accepts_rules_is_closed_as_a_child_and_free_as_soon_as_they_are_taken_back(
    router: Router,
) -> None:
    free = family_policy(5)
    night = Week("pkim", 127, 0, 0, "closed")
    accepted = tuple(
        device._replace(persons=("pkim",), flags=()) if device.id == "dtablet" else device for device in free.devices
    )
    people = (*free.persons[:1], Person("pkim", "adult", "zutc", "open"), *free.persons[1:])
    router.receive(signed(free))
    assert TABLET in router.kernel.elements(gate.EXEMPT)

    router.receive(signed(free._replace(revision=6, persons=people, devices=accepted, weeks=(night,))))
    assert TABLET not in router.kernel.elements(gate.EXEMPT) and TABLET not in router.open_now()
    assert {device: level for device, level, _ in router.hellos()[-1].devices}["dtablet"] == "closed"

    router.receive(signed(free._replace(revision=7)))
    assert TABLET in router.kernel.elements(gate.EXEMPT)


def test_usage_is_told_only_when_bytes_moved_and_only_of_devices_of_the_policy(router: Router) -> None:
    router.receive(signed(family_policy(5)))
    router.kernel.live_flows = [Flow(1, 3, sent=10, received=100), Flow(2, 900, 5, 5)]
    router.wait(3)
    assert [usage.bytes for usage in router.usages()] == [(("dphone", 100, 10),)]

    router.kernel.live_flows = [Flow(1, 3, sent=11, received=100)]
    router.wait(3)

    assert [usage.bytes for usage in router.usages()][1:] == [(("dphone", 100, 11),)]
    assert {one.qos for one in router.link.published if one.kind == "usage"} == {0}


def test_usage_and_hello_of_as_many_devices_as_a_policy_can_hold_stay_below_their_caps(router: Router) -> None:
    policy = family_policy(5)
    devices = tuple(
        Device(f"d{number:010}", (f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}",), ("pmia",), "x", ())
        for number in range(250)
    )
    router.receive(signed(policy._replace(devices=devices)))
    router.kernel.live_flows = [Flow(number, number, 2**60, 2**60) for number in range(1, 251)]

    router.wait(2)

    told = {row[0] for usage in router.usages() for row in usage.bytes}
    assert told == {device.id for device in devices}
    assert len(router.hellos()[-1].devices) == 250


@pytest.mark.parametrize("kind", ["time", "trust", "usage"])
def test_messages_that_no_part_understands_yet_change_nothing(router: Router, kind: str) -> None:
    router.receive(signed(paused(5)))
    told, commits = len(router.link.published), router.kernel.commits

    router.link.deliver(kind, signed(family_policy(6)))
    router.control.turn()

    assert (len(router.link.published), router.kernel.commits) == (told, commits)
