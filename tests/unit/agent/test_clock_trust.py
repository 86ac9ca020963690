"""Which clock is believed, and that no clock opens what should be closed: case by case, and against the true time."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairgate.agent import clock_trust
from stairgate.agent.clock_trust import (
    ClockTrust,
    KernelEvidence,
    Record,
    is_news,
    read_record,
    strictest,
    write_record,
)
from stairgate.agent.clock_trust_fake import FakeEvidence
from stairgate.agent.limits import CLOCK_BYTES, TIME_ANSWER_SECONDS
from stairgate.core.decide import Decision, decide_all
from stairgate.core.messages import time_body
from stairgate.core.records import Policy, Week
from tests.lab.policies import family_policy, pause
from tests.unit.agent.rig import NOON, HandClock, signed, signing_key
from tests.unit.agent.router import AT, BENS, EVERYBODY, Router, paused

YEAR = 365 * 86400
YEAR_2000 = 946_684_800.0 - NOON
ONE_TO_SEVEN = Week("pmia", 127, 13 * 60, 19 * 60, "closed")
STEPS = pytest.mark.parametrize(
    "step", [YEAR, -YEAR, YEAR_2000, 7200.0, -7200.0, 61.0, -61.0, 3.0], ids=lambda step: f"{step:+.0f} s"
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def trust(clock: HandClock, evidence: FakeEvidence, record: Record | None = None) -> ClockTrust:
    return ClockTrust(clock, evidence, record)


def test_a_battery_clock_that_did_not_jump_is_enough(clock: HandClock) -> None:
    time = trust(clock, FakeEvidence())
    time.issued(NOON - 86400)

    assert time.believe() == ((NOON,), True, frozenset())
    clock.move(90_000)
    assert time.believe() == ((NOON + 90_000,), True, frozenset())


def test_without_battery_hub_and_ntp_the_wall_clock_is_used_but_not_trusted(clock: HandClock) -> None:
    time = trust(clock, FakeEvidence(battery=False))
    time.issued(NOON - 86400)

    assert time.believe() == ((NOON,), False, frozenset())


@pytest.mark.parametrize(("behind", "trusted"), [(60, True), (61, False)])
@pytest.mark.parametrize("evidence", [FakeEvidence(), FakeEvidence(battery=False, ntp=True)], ids=["battery", "ntp"])
def test_a_clock_behind_the_policy_s_issue_is_not_believed(
    clock: HandClock, evidence: FakeEvidence, behind: int, trusted: bool
) -> None:
    time = trust(clock, evidence)
    time.issued(NOON + behind)

    assert time.believe() == ((NOON if trusted else NOON + behind,), trusted, frozenset())


def test_ntp_is_followed_whenever_it_says_so(clock: HandClock) -> None:
    evidence = FakeEvidence(battery=False)
    time = trust(clock, evidence)
    clock.step(7200)
    assert time.believe() == ((NOON, NOON + 7200), False, frozenset())

    evidence.ntp = True
    assert time.believe() == ((NOON + 7200,), True, frozenset())
    evidence.ntp = False  # what was believed once goes on
    clock.move(100)

    assert time.believe() == ((NOON + 7300,), True, frozenset())


@STEPS
@pytest.mark.parametrize("source", ["battery", "ntp", "hub"])
def test_a_step_that_nobody_confirms_is_followed_only_where_that_is_stricter(
    clock: HandClock, source: str, step: float
) -> None:
    evidence = FakeEvidence(battery=source == "battery", ntp=source == "ntp")
    time = trust(clock, evidence)
    if source == "hub":
        time.hub_says(NOON, clock.monotonic())
    assert time.believe().trusted

    evidence.ntp = False
    clock.step(step)
    clock.move(10)

    expected = (NOON + 10,) if step < 0 else (NOON + 10, NOON + 10 + step)
    assert time.believe() == (expected, False, frozenset())
    clock.step(-step)
    assert time.believe() == ((NOON + 10,), True, frozenset())


def test_the_hub_s_time_outranks_every_clock(clock: HandClock) -> None:
    evidence = FakeEvidence(ntp=True)
    time = trust(clock, evidence)
    time.issued(NOON)
    assert time.believe().trusted

    for step in (61.0, -61.0, 3.0):
        assert time.hub_says(clock.wall() + step, clock.monotonic())
        assert time.believe() == ((clock.wall() + step,), True, frozenset())
        clock.move(1000)
        time.issued(NOON + 2 * YEAR)
        assert time.wall() == clock.wall() + step


@STEPS
def test_the_hub_s_time_is_believed_where_no_other_was(clock: HandClock, step: float) -> None:
    time = trust(clock, FakeEvidence(battery=False))

    assert time.hub_says(NOON + step, clock.monotonic())
    assert time.believe() == ((NOON + step,), True, frozenset())


JUMPS = pytest.mark.parametrize("jump", [YEAR, -YEAR, YEAR_2000, 7200.0, -7200.0], ids=lambda jump: f"{jump:+.0f} s")


@JUMPS
@pytest.mark.parametrize("source", ["battery", "ntp", "hub"])
def test_a_hub_whose_clock_jumps_against_all_others_is_followed_only_where_that_is_stricter(
    clock: HandClock, source: str, jump: float
) -> None:
    time = trust(clock, FakeEvidence(battery=source == "battery", ntp=source == "ntp"))
    if source == "hub":
        time.hub_says(NOON, clock.monotonic())
    assert time.believe().trusted

    assert not time.hub_says(NOON + jump, clock.monotonic())
    clock.move(10)
    assert time.believe() == ((NOON + 10, NOON + 10 + jump), False, frozenset())

    assert time.hub_says(NOON + 10, clock.monotonic())
    assert time.believe() == ((NOON + 10,), True, frozenset())


@JUMPS
def test_a_hub_s_jump_that_the_wall_clock_makes_too_is_followed(clock: HandClock, jump: float) -> None:
    time = trust(clock, FakeEvidence(battery=False))
    time.hub_says(NOON, clock.monotonic())

    assert not time.hub_says(NOON + jump, clock.monotonic())
    clock.step(jump)

    assert time.hub_says(NOON + jump, clock.monotonic())
    assert time.believe() == ((NOON + jump,), True, frozenset())


def test_a_hub_that_stays_with_its_time_is_believed_in_the_end(clock: HandClock) -> None:
    time = trust(clock, FakeEvidence(battery=False))
    time.hub_says(NOON, clock.monotonic())

    for minutes in range(0, 360, 15):
        assert not time.hub_says(NOON + YEAR + minutes * 60, clock.monotonic())
        clock.move(900)

    assert time.hub_says(NOON + YEAR + 6 * 3600, clock.monotonic())
    assert time.believe() == ((NOON + YEAR + 6 * 3600,), True, frozenset())


def test_a_hub_whose_clock_is_led_astray_bit_by_bit_opens_nothing_against_ntp(clock: HandClock) -> None:
    """Whoever forges NTP to the hub on the LAN turns its clock by less than a jump before each hello."""
    evidence = FakeEvidence(battery=False, ntp=True)
    time = trust(clock, evidence)
    assert time.hub_says(NOON, clock.monotonic())

    for turned in range(0, 12 * 3600, 890):
        time.hub_says(NOON + turned, clock.monotonic())

    assert time.believe() == ((NOON + turned, NOON), False, frozenset())
    # No new hello for the same answer.
    assert not time.hub_says(NOON + turned, clock.monotonic())
    assert time.hub_says(NOON, clock.monotonic())
    assert time.believe() == ((NOON,), True, frozenset())


@pytest.mark.parametrize("ahead", [901, 12 * 3600, YEAR])
def test_the_date_of_a_policy_takes_no_word_from_ntp(clock: HandClock, ahead: int) -> None:
    time = trust(clock, FakeEvidence(battery=False, ntp=True))
    assert time.believe().trusted

    time.issued(int(NOON) + ahead)  # by a hub whose clock somebody has set
    assert time.believe() == ((NOON + ahead, NOON), False, frozenset())
    time.hub_says(NOON + ahead, clock.monotonic())
    assert time.believe() == ((NOON + ahead, NOON), False, frozenset())


def test_a_hub_that_agrees_but_for_its_whole_seconds_makes_no_clock_worse(clock: HandClock) -> None:
    clock.move(0.9)
    time = trust(clock, FakeEvidence(battery=False))

    time.hub_says(NOON, clock.monotonic())

    assert time.believe() == ((NOON + 0.9,), True, frozenset())


def test_a_restarted_process_goes_on_where_the_last_one_was(clock: HandClock) -> None:
    evidence = FakeEvidence(battery=False)
    time = trust(clock, evidence)
    time.hub_says(NOON + 7200, clock.monotonic())
    record = read_record(write_record(time.record(5, ["dphone"])))
    clock.step(YEAR)
    clock.move(300)

    again = trust(clock, evidence, record)

    assert again.believe(5) == ((NOON + 7500, NOON + YEAR + 300), False, frozenset())
    clock.step(-YEAR)
    assert again.believe(5).trusted


def test_after_a_power_cut_without_battery_time_goes_on_from_the_last_that_was_known(clock: HandClock) -> None:
    evidence = FakeEvidence(battery=False)
    time = trust(clock, evidence)
    time.hub_says(NOON, clock.monotonic())
    record = time.record(5, ["dphone"])
    evidence.boots += 1
    clock.start_of_machine(0)
    clock.step(YEAR_2000)

    again = trust(clock, evidence, record)

    assert again.believe(5) == ((NOON + 20,), False, frozenset({"dphone"}))
    assert again.believe(6).held == frozenset()
    clock.move(100)
    assert again.believe(5).times == (NOON + 120,)
    evidence.ntp = True  # of a server that does not know the time either
    assert not again.believe(5).trusted
    again.hub_says(NOON + 999, clock.monotonic())
    assert again.believe(5) == ((NOON + 999,), True, frozenset())


def test_what_an_untrusted_clock_said_is_never_the_last_known_time(clock: HandClock) -> None:
    evidence = FakeEvidence(battery=False)
    time = trust(clock, evidence)
    time.hub_says(NOON, clock.monotonic())
    record = time.record(5, [])
    for _ in range(3):
        evidence.boots += 1
        clock.start_of_machine(0)
        clock.step(YEAR)
        time = trust(clock, evidence, record)
        time.believe(5)
        record = time.record(5, [])

    assert record.known == NOON


def test_a_battery_that_died_is_noticed_by_the_last_known_time(clock: HandClock) -> None:
    evidence = FakeEvidence()
    time = trust(clock, evidence)
    assert time.believe().trusted
    record = time.record(5, ["dphone"])
    evidence.boots += 1
    clock.start_of_machine(0)
    clock.step(YEAR_2000)

    assert trust(clock, evidence, record).believe(5) == ((NOON + 20,), False, frozenset({"dphone"}))


def test_only_what_changes_is_worth_writing(clock: HandClock) -> None:
    time = trust(clock, FakeEvidence())
    time.believe(5)
    first = time.record(5, ["dphone"])
    assert is_news(first, None)
    clock.move(86400)
    time.believe(5)
    assert not is_news(time.record(5, ["dphone"]), first)
    assert is_news(time.record(5, []), first)
    assert is_news(time.record(6, ["dphone"]), first)
    time.hub_says(time.wall() + 1, clock.monotonic())
    assert is_news(time.record(5, ["dphone"]), first)
    told = time.record(5, ["dphone"])
    for _ in range(100):
        clock.move(900)
        time.hub_says(int(time.wall()), clock.monotonic())
        assert not is_news(time.record(5, ["dphone"]), told)


def test_the_largest_record_fits_its_file() -> None:
    devices = tuple(f"d{number:031}" for number in range(1023))

    assert len(write_record(Record("b" * 36, "hub", 1e9, 1e9, 1e9, 2**53, devices))) < CLOCK_BYTES - 65


GOOD = Record("boot1", "hub", 1.5, 2.5, NOON, 5, ("dphone",))


def test_a_record_comes_back() -> None:
    assert read_record(write_record(GOOD)) == GOOD


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"{}", b"[1,2]", b"\xff", b"[" * 60_000, b"NaN"]
    + [
        json.dumps(GOOD._replace(**{field: value})).encode()  # type: ignore[arg-type]
        for field, value in [
            ("boot", 5),
            ("source", "moon"),
            ("offset", "1"),
            ("offset", float("nan")),
            ("wall_offset", float("inf")),
            ("known", None),
            ("known", True),
            ("revision", 5.0),
            ("closed", 7),
            ("closed", [7]),
            ("closed", ["Mia's phone"]),
        ]
    ],
)
def test_a_damaged_record_is_none(content: bytes) -> None:
    assert read_record(content) is None


def test_the_kernel_answers() -> None:
    evidence = KernelEvidence()

    assert evidence.synchronised() in (True, False)
    assert evidence.battery() == Path(clock_trust.BATTERY_CLOCK).exists()
    assert len(evidence.boot()) == 36


def decision(level: str, until: int | None) -> Decision:
    return Decision(level, until, "week", "x", None)


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        (("open", 150), ("open", 1130), ("open", 130)),
        (("open", None), ("open", 1130), ("open", 130)),
        (("open", None), ("open", None), ("open", None)),
        (("closed", 150), ("open", 1130), ("closed", 150)),
        (("open", 150), ("closed", 1130), ("closed", 130)),
        (("closed", 150), ("closed", 1130), ("closed", 150)),
        (("closed", 150), ("closed", None), ("closed", None)),
        (("limited", 150), ("open", 1110), ("limited", 150)),
        (("limited", 150), ("closed", 1110), ("closed", 110)),
    ],
)
def test_the_strictest_of_two_times(
    one: tuple[str, int | None], other: tuple[str, int | None], joined: tuple[str, int | None]
) -> None:
    decided = [{"d": decision(*one)}, {"d": decision(*other)}]

    assert strictest(decided, (100.0, 1100.0), frozenset())["d"][:2] == joined
    assert strictest(decided, (100.0, 1100.0), frozenset({"d"}))["d"].level in ("closed", "limited")


@given(st.floats(1e9, 2e9), st.integers(-(10**8), 10**8), st.floats(0, 10**5))
def test_the_end_at_two_times_is_the_same_second_at_every_look(now: float, apart: int, later: float) -> None:
    until = int(now) + 200_000
    decided = [{"d": decision("open", None)}, {"d": decision("open", until + apart)}]

    ends = {strictest(decided, (at, at + apart), frozenset())["d"].until for at in (now, now + later / 3, now + later)}

    assert ends == {until}


def test_one_time_alone_changes_no_decision() -> None:
    decided = {"d": decision("limited", 5)}

    assert strictest([decided], (1.0,), frozenset({"other"})) == decided


# The loop


def no_evidence(router: Router) -> None:
    """The machine has neither battery nor NTP, as from its last start on."""
    router.evidence.has_battery = False
    router.reboot()


def hub_answers(router: Router, ahead: float = 0.0, after: float = 0.0) -> None:
    """The hub answers the newest hello with the time."""
    nonce = router.hello().nonce
    router.clock.move(after)
    body = time_body(int(router.clock.wall() + ahead), nonce, 0, "")
    router.link.deliver("time", signing_key().sign("time", body))
    router.control.turn()
    router.control.turn()


@STEPS
def test_a_step_opens_nothing_shortens_no_pause_and_closes_no_adult(router: Router, step: float) -> None:
    router.receive(signed(paused(5)._replace(weeks=(ONE_TO_SEVEN,))))

    router.clock.step(step)
    router.control.turn()
    assert router.open_now() <= BENS
    assert router.hellos()[-1].clock == "untrusted"
    levels = {device: level for device, level, _ in router.hellos()[-1].devices}
    assert levels["dtablet"] == "open"
    router.wait(3599)
    assert router.open_now() <= BENS
    router.clock.step(-step)
    router.wait(2)

    assert router.open_now() == BENS
    assert router.hellos()[-1].clock == "trusted"
    router.restart()
    assert router.open_now() == BENS


@pytest.mark.parametrize("step", [YEAR, YEAR_2000, 7200.0])
def test_the_hub_confirms_a_step_within_one_answer(router: Router, step: float) -> None:
    router.receive(signed(family_policy(5, weeks=[Week("pmia", 127, 11 * 60, 13 * 60, "closed")])))
    assert router.open_now() == BENS
    asked = len(router.hellos())

    router.clock.step(step)
    router.control.turn()
    assert len(router.hellos()) > asked, "the hub was not asked"
    hub_answers(router)

    hour = (router.clock.wall() / 3600) % 24
    assert (11 <= hour < 13) == (router.open_now() == BENS)
    assert router.hellos()[-1].clock == "trusted"
    assert router.hellos()[-1].t == int(router.clock.wall())


def test_an_answer_that_took_long_is_asked_for_again(router: Router) -> None:
    no_evidence(router)
    hub_answers(router, after=TIME_ANSWER_SECONDS + 1)
    assert router.hellos()[-1].clock == "untrusted"

    hub_answers(router)

    assert router.hellos()[-1].clock == "trusted"


def test_hello_names_the_time_that_is_believed(router: Router) -> None:
    router.receive(signed(family_policy(5)))
    router.clock.step(-7200)
    router.control.turn()

    assert (router.hellos()[-1].t, router.hellos()[-1].clock) == (AT, "untrusted")


def test_after_a_power_cut_without_clock_what_was_closed_stays_closed_until_the_hub_speaks(router: Router) -> None:
    router.receive(signed(family_policy(5, weeks=[ONE_TO_SEVEN])))
    hub_answers(router)
    router.wait(3700)
    assert router.open_now() == BENS
    no_evidence(router)
    router.clock.step(YEAR_2000)
    router.control.turn()
    assert router.open_now() == BENS
    router.wait(60)
    assert router.open_now() == BENS
    levels = {device: level for device, level, _ in router.hello().devices}
    assert levels["dtablet"] == "open"

    router.clock.step(-YEAR_2000 + 10 * 3600)
    hub_answers(router)

    assert router.open_now() == EVERYBODY


def test_a_parent_s_new_word_counts_whatever_the_clock_says(router: Router) -> None:
    router.receive(signed(paused(5)))
    hub_answers(router)
    no_evidence(router)
    router.clock.step(YEAR_2000)
    router.control.turn()
    assert router.open_now() == BENS

    router.receive(signed(family_policy(6)))

    assert router.open_now() == EVERYBODY


def test_a_damaged_record_leaves_the_rules_and_is_told(router: Router) -> None:
    router.receive(signed(family_policy(5, weeks=[ONE_TO_SEVEN], issued=AT)))
    router.evidence.has_battery = False
    path = router.folder / "clock"
    whole = path.read_bytes()

    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        router.reboot()
        assert router.open_now() == EVERYBODY
        assert router.hello().clock == "untrusted"


def test_the_record_is_written_only_when_something_changed(router: Router) -> None:
    router.receive(signed(family_policy(5, weeks=[ONE_TO_SEVEN])))
    written = (router.folder / "clock").stat().st_ino
    router.wait(3000)
    assert (router.folder / "clock").stat().st_ino == written
    router.wait(700)

    record = read_record(router.state.load_clock() or b"")
    assert record is not None
    assert record.closed == ("dconsole", "dphone")


# Against the true time: whatever is done to the wall clock, with a believable start nobody gains a second.

BEDTIME = Week("pmia", 127, 20 * 60 + 30, 7 * 60, "closed")
PAUSED = pause("pmia", AT - 60, AT + 5400)
POLICY: Policy = family_policy(5, [PAUSED], [BEDTIME, ONE_TO_SEVEN])
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.floats(1, 30_000)),
        st.tuples(
            st.just("step"), st.sampled_from([YEAR, -YEAR, YEAR_2000, 3600.0, -3600.0, 43_200.0, 1.0, -30_000.0])
        ),
        st.tuples(st.just("restart"), st.just(0.0)),
        st.tuples(st.just("look"), st.just(0.0)),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(ACTS, st.sampled_from(["battery", "hub", "ntp at first"]))
def test_no_sequence_of_steps_gains_anybody_a_second(acts: list[tuple[str, float]], source: str) -> None:
    clock, true = HandClock(), HandClock()
    evidence = FakeEvidence(battery=source == "battery", ntp=source == "ntp at first")
    time = ClockTrust(clock, evidence)
    if source == "hub":
        time.hub_says(NOON, clock.monotonic())
    time.issued(POLICY.issued)
    time.believe(5)
    evidence.ntp = False
    record: Record | None = None
    for act, amount in acts:
        if act == "pass":
            clock.move(amount)
            true.move(amount)
        elif act == "step":
            clock.step(amount)
        elif act == "restart":
            time = ClockTrust(clock, evidence, record)
            time.issued(POLICY.issued)
        belief = time.believe(5)
        decided = strictest([decide_all(POLICY, int(at), {}) for at in belief.times], belief.times, belief.held)
        record = time.record(5, [device for device, one in decided.items() if one.level != "open"])
        record = read_record(write_record(record))
        truth = decide_all(POLICY, int(true.wall()), {})
        for device, one in decided.items():
            if one.level == "open":
                assert truth[device].level == "open", (device, act)
                # And not for longer: until an end that the true clock gives as well, or an earlier one.
                left = None if one.until is None else one.until - belief.times[0]
                due = truth[device].until
                assert due is None or (left is not None and left <= due - true.wall() + 1)
        assert decided["dtablet"].level == "open"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 40_000), st.floats(0, 80_000), st.floats(0, 1)), max_size=8))
def test_without_any_clock_the_time_is_never_ahead_and_late_by_what_was_not_seen(
    cuts: list[tuple[float, float, float]],
) -> None:
    clock, evidence = HandClock(), FakeEvidence(battery=False)
    time = ClockTrust(clock, evidence)
    time.hub_says(NOON, clock.monotonic())
    true, unseen = NOON, 0.0
    for on_seconds, off_seconds, restored in cuts:
        clock.move(on_seconds)
        true += on_seconds
        believed = time.believe(5).times[0]
        assert true - unseen - 1 <= believed <= true + 1
        record = time.record(5, [])
        evidence.boots += 1
        clock.start_of_machine(0.0)
        # The system restores some time between 2000 and the last that it had.
        clock.step((YEAR_2000 + NOON) * (1 - restored) + believed * restored - clock.wall())
        true += off_seconds + 20
        unseen = true - max(record.known + 20, clock.wall())
        time = ClockTrust(clock, evidence, record)
