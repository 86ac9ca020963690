"""One look at policy, clock and kernel: what the kernel then holds, keeps when it refuses, and forgets later."""

from collections.abc import Callable, Sequence

import pytest

from stairgate.agent import gate
from stairgate.agent.call_ranges import CallApp, Calls
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.gate import BRIDGE_GRANTED, BRIDGE_GRANTED_TCP, GRANTED, GateSettings, SetName
from stairgate.agent.grants import mac_key
from stairgate.agent.kernel_fake import FakeKernel
from stairgate.agent.limits import BELL_MS, FORGET_AFTER_SECONDS, RETRY_SECONDS
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.set_elements import SetChange
from stairgate.core.decide import decide
from stairgate.core.records import Device, Filter, Override, Policy, Week
from tests.lab import network
from tests.lab.policies import family_policy, pause
from tests.unit.agent.rig import NOON, HandClock

PHONE, CONSOLE, LAPTOP, TABLET, HOME = (
    mac_key(each.mac) for each in (network.PHONE, network.CONSOLE, network.LAPTOP, network.TABLET, network.HOME)
)
SIX_HOURS_MS = 6 * 3600 * 1000
AT = int(NOON)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def kernel(clock: HandClock) -> FakeKernel:
    return FakeKernel(clock)


@pytest.fixture
def enforcement(kernel: FakeKernel, clock: HandClock) -> Enforcement:
    return Enforcement(kernel, GateSettings(), ("br-lan",), clock)


def test_everybody_open_is_granted_for_the_cap_in_both_directions(enforcement: Enforcement, kernel: FakeKernel) -> None:
    outcome = enforcement.enforce(family_policy(), {})

    open_now = {PHONE: SIX_HOURS_MS, CONSOLE: SIX_HOURS_MS, LAPTOP: SIX_HOURS_MS}
    assert kernel.elements(GRANTED) == kernel.elements(BRIDGE_GRANTED) == open_now
    assert set(kernel.elements(BRIDGE_GRANTED_TCP).values()) == {SIX_HOURS_MS + 1000}
    assert set(kernel.elements(gate.EXEMPT)) == {TABLET, HOME}
    assert kernel.elements(gate.LAN) == {b"br-lan".ljust(16, b"\0"): None}
    assert {decision.level for decision in outcome.decisions.values()} == {"open"}


def test_a_capped_grant_is_looked_at_again_and_renewed_at_its_half(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    outcome = enforcement.enforce(family_policy(), {})
    assert outcome.next_look == clock.monotonic() + 3 * 3600
    before = kernel.commits

    clock.move(3 * 3600 - 1)
    enforcement.enforce(family_policy(), {})
    assert kernel.commits == before

    clock.move(1.1)
    enforcement.enforce(family_policy(), {})
    assert kernel.elements(GRANTED)[PHONE] == SIX_HOURS_MS


def test_a_look_that_changes_nothing_writes_nothing(enforcement: Enforcement, kernel: FakeKernel) -> None:
    enforcement.enforce(family_policy(), {})
    before = kernel.commits

    enforcement.enforce(family_policy(2), {})

    assert kernel.commits == before


def test_a_pause_takes_the_grant_and_leaves_tcp_a_second(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    enforcement.enforce(family_policy(), {})

    outcome = enforcement.enforce(family_policy(2, overrides=[pause("dphone", AT, AT + 900)]), {}, everything=False)

    assert PHONE not in kernel.elements(GRANTED)
    assert PHONE not in kernel.elements(BRIDGE_GRANTED)
    assert kernel.elements(BRIDGE_GRANTED_TCP)[PHONE] == 1000
    assert outcome.decisions["dphone"].level == "closed"
    assert clock.monotonic() + 900 < outcome.next_look < clock.monotonic() + 901
    clock.move(1)
    assert PHONE not in kernel.elements(BRIDGE_GRANTED_TCP)
    clock.move(899.05)
    enforcement.enforce(family_policy(2, overrides=[pause("dphone", AT, AT + 900)]), {}, everything=False)
    assert PHONE in kernel.elements(GRANTED)


def test_bedtime_is_the_end_of_the_grant_given_before_it(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    bedtime = family_policy(weeks=[Week("pmia", 127, 20 * 60, 7 * 60, "closed")])
    clock.move(7.5 * 3600 + 0.25)  # 19:30:00.25

    outcome = enforcement.enforce(bedtime, {})

    assert kernel.elements(GRANTED)[PHONE] == 1_799_750
    assert kernel.elements(GRANTED)[LAPTOP] == SIX_HOURS_MS
    assert outcome.next_look == pytest.approx(clock.monotonic() + 1799.75 + 0.05)
    clock.move(1799.75)  # and nobody looks
    assert set(kernel.elements(GRANTED)) == {LAPTOP}
    clock.move(0.05)
    assert enforcement.enforce(bedtime, {}).decisions["dphone"].reason == "week"


def test_a_slow_machine_s_grant_ends_when_it_was_decided_to_end(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = AT + 60
    read = kernel.elements

    def slowly(name: SetName) -> dict[bytes, int | None]:
        clock.move(0.01)
        return read(name)

    monkeypatch.setattr(kernel, "elements", slowly)
    enforcement.enforce(family_policy(overrides=[pause("pmia", until, until + 900)]), {})

    assert clock.wall() > AT + 0.1
    clock.move(until - clock.wall())
    assert set(read(GRANTED)) == {LAPTOP}


def test_a_policy_that_loses_a_device_closes_it_and_forgets_its_number(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    enforcement.enforce(family_policy(), {})
    number = enforcement.numbers["dphone"]
    policy = family_policy(2)

    enforcement.enforce(policy._replace(devices=tuple(d for d in policy.devices if d.id != "dphone")), {})

    assert PHONE not in kernel.elements(GRANTED)
    assert PHONE not in kernel.elements(gate.NUMBERED)
    assert "dphone" not in enforcement.numbers
    clock.move(FORGET_AFTER_SECONDS + 0.01)
    enforcement.forget_ended()
    assert kernel.forgotten == [number]


def without(policy: Policy, *devices: str) -> Policy:
    return policy._replace(devices=tuple(device for device in policy.devices if device.id not in devices))


def test_a_number_still_to_be_forgotten_is_given_to_nobody_else(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    enforcement.enforce(family_policy(), {})
    number = enforcement.numbers["dphone"]
    enforcement.enforce(without(family_policy(2), "dphone"), {})

    enforcement.enforce(family_policy(3), {})

    assert enforcement.numbers["dphone"] != number
    clock.move(FORGET_AFTER_SECONDS + 0.01)
    enforcement.forget_ended()
    assert kernel.forgotten == [number]


def test_a_device_that_becomes_exempt_is_never_counted_nor_closed_again(
    enforcement: Enforcement, kernel: FakeKernel
) -> None:
    enforcement.enforce(family_policy(), {})
    policy = family_policy(2)
    exempt = tuple(d._replace(flags=("exempt",)) if d.id == "dphone" else d for d in policy.devices)

    enforcement.enforce(policy._replace(devices=exempt), {})

    assert PHONE in kernel.elements(gate.EXEMPT)
    assert PHONE in kernel.elements(gate.BRIDGE_EXEMPT)
    assert PHONE not in kernel.elements(gate.NUMBERED)
    assert "dphone" not in enforcement.numbers


class Lying(FakeKernel):
    """Acknowledges every change and then does something else to it."""

    def __init__(self, clock: HandClock, twist: Callable[[SetChange], SetChange]) -> None:
        super().__init__(clock)
        self._twist = twist

    def commit(self, changes: Sequence[SetChange]) -> None:
        """See Kernel."""
        super().commit([self._twist(change) for change in changes])


LIES: dict[str, Callable[[SetChange], SetChange]] = {
    "nothing is removed": lambda change: change._replace(remove=frozenset()),
    "nothing is put": lambda change: change._replace(put={}),
    "timeouts are longer": lambda change: change._replace(
        put={key: None if left is None else left + 1000 for key, left in change.put.items()}
    ),
    "timeouts are lost": lambda change: change._replace(put=dict.fromkeys(change.put)),
}


@pytest.mark.parametrize("twist", LIES.values(), ids=LIES)
def test_what_is_not_read_back_is_not_applied(clock: HandClock, twist: Callable[[SetChange], SetChange]) -> None:
    kernel = Lying(clock, lambda change: change)
    enforcement = Enforcement(kernel, GateSettings(), ("br-lan",), clock)
    enforcement.enforce(family_policy(overrides=[pause("pben", AT, AT + 60)]), {})
    later = family_policy(2, overrides=[pause("pmia", AT, AT + 60)])

    kernel._twist = twist
    with pytest.raises(KernelRefused) as refused:
        enforcement.enforce(later, {})
    assert refused.value.code == "EBADMSG"

    kernel._twist = lambda change: change
    enforcement.enforce(later, {})
    assert set(kernel.elements(GRANTED)) == {LAPTOP}


@pytest.mark.parametrize("method", ["elements", "commit"])
def test_a_refusal_keeps_what_was_and_the_next_look_makes_it_good(
    enforcement: Enforcement, kernel: FakeKernel, method: str
) -> None:
    enforcement.enforce(family_policy(), {})
    held = {name: dict(content) for name, content in kernel.sets.items()}
    paused = family_policy(2, overrides=[pause("pmia", AT, AT + 60)])

    kernel.refuse = {method: ["ENFILE"]}
    with pytest.raises(KernelRefused, match="ENFILE"):
        enforcement.enforce(paused, {})
    assert kernel.sets == held

    enforcement.enforce(paused, {})
    assert set(kernel.elements(GRANTED)) == {LAPTOP}


def test_sets_that_somebody_deleted_are_made_again_with_all_that_belongs_in_them(
    enforcement: Enforcement, kernel: FakeKernel
) -> None:
    enforcement.enforce(family_policy(), {})
    kernel.flush_ruleset()

    enforcement.enforce(family_policy(), {}, everything=False)

    assert enforcement.rules_stand()
    assert set(kernel.elements(GRANTED)) == {PHONE, CONSOLE, LAPTOP}
    assert set(kernel.elements(gate.EXEMPT)) == {TABLET, HOME}
    assert kernel.elements(gate.LAN)


def test_without_the_rules_nothing_is_called_enforced(enforcement: Enforcement, kernel: FakeKernel) -> None:
    kernel.refuse = {"load": ["EINVAL"]}

    with pytest.raises(KernelRefused, match="EINVAL"):
        enforcement.enforce(family_policy(), {})

    assert not enforcement.rules_stand()
    enforcement.enforce(family_policy(), {})
    assert enforcement.rules_stand()


def test_rules_that_cannot_be_read_do_not_stand(enforcement: Enforcement, kernel: FakeKernel) -> None:
    enforcement.enforce(family_policy(), {})
    kernel.refuse = {"rules": ["EINTR"]}

    assert not enforcement.rules_stand()
    assert enforcement.rules_stand()


def paused_then(enforcement: Enforcement) -> int:
    """Mia's phone was open and is paused now; its number."""
    enforcement.enforce(family_policy(), {})
    enforcement.enforce(family_policy(2, overrides=[pause("dphone", AT, AT + 900)]), {}, everything=False)
    return enforcement.numbers["dphone"]


def test_flows_are_forgotten_when_tcp_s_second_is_over_and_not_before(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    number = paused_then(enforcement)
    due = enforcement.next_forgetting()
    assert due == pytest.approx(clock.monotonic() + 1.1)

    clock.move(1.099)
    enforcement.forget_ended()
    assert kernel.forgotten == []

    clock.move(0.002)
    enforcement.forget_ended()
    enforcement.forget_ended()
    assert kernel.forgotten == [number]


def test_flows_of_a_device_that_is_open_again_are_not_forgotten(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    paused_then(enforcement)
    clock.move(0.5)
    enforcement.enforce(family_policy(3), {}, everything=False)

    clock.move(5)
    enforcement.forget_ended()

    assert kernel.forgotten == []


def test_a_second_pause_within_the_second_waits_its_own_time(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    """Forgetting by the first pause's entry would cut the resets of the second."""
    number = paused_then(enforcement)
    clock.move(0.5)
    enforcement.enforce(family_policy(3), {}, everything=False)
    clock.move(0.5)
    enforcement.enforce(family_policy(4, overrides=[pause("dphone", AT, AT + 900)]), {}, everything=False)

    clock.move(1.0)
    enforcement.forget_ended()
    assert kernel.forgotten == []
    clock.move(0.11)
    enforcement.forget_ended()
    assert kernel.forgotten == [number]


def test_flows_are_forgotten_after_a_grant_that_ended_by_itself(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    enforcement.enforce(family_policy(overrides=[pause("dphone", AT + 5, AT + 900)]), {})

    clock.move(6.0)
    enforcement.forget_ended()
    assert kernel.forgotten == []
    clock.move(0.11)
    enforcement.forget_ended()

    assert kernel.forgotten == [enforcement.numbers["dphone"]]


def test_a_forgetting_that_the_kernel_refuses_is_tried_again_but_not_in_a_rush(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    number = paused_then(enforcement)
    clock.move(1.2)
    kernel.refuse = {"forget": ["ENOBUFS"]}
    with pytest.raises(KernelRefused):
        enforcement.forget_ended()

    enforcement.forget_ended()
    assert kernel.forgotten == []
    clock.move(RETRY_SECONDS)
    enforcement.forget_ended()

    assert kernel.forgotten == [number]


def test_renewals_for_months_do_not_pile_up(
    enforcement: Enforcement, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stairgate.agent.forgetting.NUMBER_MAX", 10)
    for _ in range(200):
        clock.move(4 * 3600)
        enforcement.enforce(family_policy(), {})

    assert len(enforcement._forgetting._due) <= 8 * 10 + 3


def rich_policy() -> Policy:
    """Every reason to decide differently for devices of the same people."""
    policy = family_policy(overrides=[pause("pmia", AT - 9, AT + 900), Override("oa", "dphone", "open", 0, AT, 0, "x")])
    policy = policy._replace(hub=policy.hub and policy.hub._replace(macs=(network.HOME.mac, "02:00:00:00:77:99")))
    more = (
        Device("da", ("02:00:00:00:77:99",), ("pmia",), "computer", ()),  # the hub runs on a child's computer
        Device("db", ("02:00:00:00:77:98",), ("pmia", "pben"), "tablet", ()),
        Device("dc", ("02:00:00:00:77:97",), ("pben", "pmia"), "tablet", ()),
        Device("dd", (network.HOME.mac,), (), "computer", ()),
        Device("de", ("02:00:00:00:77:96",), (), "unknown", ()),
        Device("df", ("02:00:00:00:77:95",), ("pmia",), "aid", ("assistive",)),
        Device("dg", ("02:00:00:00:77:94",), ("pmia",), "toy", ("resolved_only",)),
    )
    return policy._replace(devices=(*more, *policy.devices))


def test_decisions_of_one_look_are_those_of_each_device(enforcement: Enforcement, kernel: FakeKernel) -> None:
    policy, used = rich_policy(), {"pmia": {"total": 3}}

    decisions = enforcement.enforce(policy, used).decisions

    assert list(decisions) == [device.id for device in policy.devices]
    for device, decision in decisions.items():
        assert decision[:3] == decide(policy, device, AT, used)[:3], device
    assert mac_key("02:00:00:00:77:99") in kernel.elements(gate.EXEMPT)
    assert {PHONE, CONSOLE} & set(kernel.elements(GRANTED)) == set()


def test_flows_of_devices_that_were_closed_while_no_agent_lived_are_forgotten(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    policy = family_policy(overrides=[pause("pmia", AT + 1, AT + 3600)])
    enforcement.enforce(policy, {})
    numbers = enforcement.numbers
    clock.move(5)  # and with the process its memory of what is still to be forgotten is gone
    again = Enforcement(kernel, GateSettings(), ("br-lan",), clock)
    again.numbers = dict(numbers)

    again.enforce(policy, {})
    again.forget_ended()
    assert kernel.forgotten == []
    clock.move(FORGET_AFTER_SECONDS + 0.01)
    again.forget_ended()

    assert sorted(kernel.forgotten) == sorted(numbers[device] for device in ("dconsole", "dphone"))
    for _ in range(5):
        clock.move(3600)
        again.enforce(policy, {})
        again.forget_ended()
    assert kernel.forgotten.count(numbers["dphone"]) == 1


def test_many_forgettings_are_done_a_moment_at_a_time(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    enforcement.enforce(
        family_policy(overrides=[pause("pmia", AT - 1, AT + 3600), pause("pben", AT - 1, AT + 3600)]), {}
    )
    clock.move(FORGET_AFTER_SECONDS + 0.01)
    forget = kernel.forget

    def slowly(number: int, unlisted: bool = False) -> None:
        clock.move(0.2)
        forget(number, unlisted)

    monkeypatch.setattr(kernel, "forget", slowly)
    turns = 0
    while (due := enforcement.next_forgetting()) is not None:
        assert due <= clock.monotonic()
        enforcement.forget_ended()
        turns += 1
        assert len(kernel.forgotten) == turns

    assert sorted(kernel.forgotten) == [1, 2, 3]


def limited(until: int) -> Policy:
    """Mia's devices are open until a moment and limited from then on."""
    return family_policy(default_level="limited", overrides=[Override("oa", "pmia", "open", 0, until, 0, "parent")])


def test_at_a_bell_the_kernel_goes_on_to_limited_by_itself_and_the_agent_renews_in_time(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    outcome = enforcement.enforce(limited(AT + 60), {})
    assert PHONE in kernel.elements(gate.LIMITED)
    assert kernel.elements(gate.STILL_OPEN)[PHONE] == 60_000

    clock.move(60)
    assert PHONE not in kernel.elements(gate.STILL_OPEN)
    assert PHONE in kernel.elements(GRANTED)
    clock.move(outcome.next_look - clock.monotonic())
    assert enforcement.enforce(limited(AT + 60), {}).decisions["dphone"].level == "limited"
    assert kernel.elements(GRANTED)[PHONE] == SIX_HOURS_MS
    assert PHONE in kernel.elements(gate.BRIDGE_LIMITED)


def test_without_an_agent_limited_ends_soon_after_the_bell(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    enforcement.enforce(limited(AT + 60), {})

    clock.move(60 + BELL_MS / 1000)

    assert PHONE not in kernel.elements(GRANTED)


def test_of_a_limited_device_the_flows_from_before_are_forgotten_once(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    enforcement.enforce(limited(AT + 60), {})
    number = enforcement.numbers["dphone"]

    for _ in range(30):
        clock.move(10)
        enforcement.enforce(limited(AT + 60), {})
        enforcement.forget_ended()

    assert kernel.forgotten_unlisted.count(number) == 1
    assert kernel.forgotten == []


def test_a_device_that_may_reach_less_now_begins_its_flows_anew(enforcement: Enforcement, kernel: FakeKernel) -> None:
    enforcement.enforce(family_policy(), {})
    enforcement.forget_ended()
    policy = family_policy(2)
    devices = tuple(d._replace(flags=("resolved_only",)) if d.id == "dphone" else d for d in policy.devices)

    enforcement.enforce(policy._replace(devices=devices), {})
    enforcement.forget_ended()

    assert kernel.forgotten == [enforcement.numbers["dphone"]]


ZOOM = CallApp(frozenset({"zoom"}), ((4, 32, b"\xcb\x00\x71\x09"),))
MEET = CallApp(frozenset({"meet"}), ((4, 32, b"\xcb\x00\x71\x0a"),))


def calls_of(*apps: CallApp) -> Calls:
    return Calls(apps, lambda names: dict.fromkeys(names, ()))


def narrow(revision: int, *block: str) -> Policy:
    """Mia's phone reaches only what was resolved."""
    policy = family_policy(revision)
    devices = tuple(d._replace(flags=("resolved_only",)) if d.id == "dphone" else d for d in policy.devices)
    return policy._replace(devices=devices, filters=(Filter("pmia", (), block, (), (), ()),))


def test_who_may_call_is_in_the_kernel_with_the_pack_in_use_and_not_before(
    enforcement: Enforcement, kernel: FakeKernel
) -> None:
    enforcement.enforce(narrow(1), {})
    assert gate.CALLERS[0] not in kernel.sets
    assert enforcement.lacks_ranges()

    enforcement.refuse_resolvers([])
    enforcement.let_calls(calls_of(MEET, ZOOM))
    enforcement.enforce(narrow(2, "zoom"), {}, everything=False)

    assert not enforcement.lacks_ranges()
    assert "203.0.113.10 : goto call_0" in kernel.ranges
    assert [set(kernel.elements(name)) for name in gate.CALLERS[:2]] == [{PHONE}, set()]
    kernel.flush_ruleset()
    enforcement.load_rules()
    enforcement.enforce(narrow(2, "zoom"), {})
    assert "203.0.113.10 : goto call_0" in kernel.ranges
    assert [set(kernel.elements(name)) for name in gate.CALLERS[:2]] == [{PHONE}, set()]


def test_addresses_of_calls_that_the_kernel_refuses_leave_the_gate_and_nobody_calls(
    enforcement: Enforcement, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    enforcement.enforce(narrow(1), {})
    enforcement.let_calls(calls_of(MEET))
    enforcement.enforce(narrow(1), {})
    load = kernel.load
    refused: list[str] = []

    def refusing(text: str) -> None:
        if text.startswith("flush map"):
            refused.append(text)
            raise KernelRefused("EINVAL", "loading")
        load(text)

    with monkeypatch.context() as patched:
        patched.setattr(kernel, "load", refusing)
        kernel.flush_ruleset()
        enforcement.load_rules()
        enforcement.enforce(narrow(1), {})
        assert enforcement.rules_stand()
        assert kernel.elements(gate.CALLERS[0]) == {}
        with pytest.raises(KernelRefused):
            enforcement.let_calls(calls_of(MEET))
    assert enforcement.lacks_ranges() and len(refused) == 2

    enforcement.let_calls(calls_of(MEET))
    enforcement.enforce(narrow(1), {})

    assert set(kernel.elements(gate.CALLERS[0])) == {PHONE}


def test_chains_that_stand_for_other_apps_have_no_callers_until_the_next_look(
    enforcement: Enforcement, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    enforcement.enforce(narrow(1), {})
    loaded: list[str] = []
    load = kernel.load

    def noted(text: str) -> None:
        loaded.append(text.split()[1])
        load(text)

    monkeypatch.setattr(kernel, "load", noted)
    for apps in ((MEET,), (MEET._replace(ranges=ZOOM.ranges),), (MEET, ZOOM), (MEET, ZOOM)):
        enforcement.let_calls(calls_of(*apps))

    assert loaded == ["table", "map", "table", "map", "set", "table", "map"]


def test_flows_are_forgotten_after_an_app_became_closed_and_not_when_one_is_opened(
    enforcement: Enforcement, kernel: FakeKernel, clock: HandClock
) -> None:
    enforcement.let_calls(calls_of(MEET, ZOOM))

    def forgotten_by(policy: Policy) -> list[int]:
        enforcement.enforce(policy, {})
        at_once = len(kernel.forgotten)
        clock.move(FORGET_AFTER_SECONDS + 0.01)
        before = len(kernel.forgotten)
        enforcement.forget_ended()
        assert at_once == before
        return kernel.forgotten[before:]

    assert forgotten_by(narrow(1, "meet", "zoom")) == []
    assert forgotten_by(narrow(2, "meet")) == []
    assert forgotten_by(narrow(3, "zoom")) == [enforcement.numbers["dphone"]]
    assert forgotten_by(narrow(4, "zoom")) == []


def test_names_of_exempt_devices_are_led_to_the_filter_only_while_it_serves(
    enforcement: Enforcement, kernel: FakeKernel
) -> None:
    policy = family_policy()._replace(everyone=("illegal",))
    found = []
    for serves in (False, True, False):
        enforcement.dns_serves = serves
        enforcement.enforce(policy, {}, everything=False)
        found.append(len(kernel.elements(gate.FILTERED_ALL)))

    assert found == [0, 1, 0]
    assert len(kernel.elements(gate.FILTERED)) == 1
