"""The gates of a whole toy: the order of opening and closing, and everything that closes a sensor."""

import asyncio

from stairgate.core.refused import Refused
from stairgate.micro.agent import drive
from tests.portable import toy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stairgate.micro.agent import Agent
    from stairgate.micro.platform_fake import FakePlatform

    Act = Callable[[Agent, FakePlatform], None]

LATER = toy.NOON + 600


def with_open_policy(act: "Act") -> None:
    """A bear whose microphone a parent has opened for ten minutes, with consent."""

    def begin(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, toy.BEDTIME, toy.opened(LATER), toy.AGREED))
        act(agent, board)

    toy.in_home(begin)


def refusal(agent: "Agent", gate: str, *rows: str) -> str:
    """Why a gate does not open; "" when it did."""
    try:
        with agent.gates.open(gate, *rows):
            return ""
    except Refused as refused:
        return refused.reason


def test_the_sign_is_on_before_the_driver_is_made_and_off_after_its_end() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        agent.gates.on_change = lambda gate, level, reason: board.trace.append(gate + " " + level + " " + reason)
        with agent.gates.open("microphone", "answers") as microphone:
            assert microphone.read(4) == b"ssss"
            assert microphone.rate == 8000
        assert board.trace == [
            "on mic",
            "driver mic",
            "microphone open opened",
            "sample mic",
            "end mic",
            "off mic",
            "microphone closed done",
        ]

    with_open_policy(act)


def test_the_ledger_is_written_before_the_driver_is_made() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        found: "list[str]" = []
        make = board.driver("mic")

        def watched() -> object:
            found.extend(toy.kinds(agent))
            return make()

        board.driver = lambda sensor: watched  # type: ignore[method-assign]
        with agent.gates.open("microphone", "answers", "diary"):
            assert found[-2:] == ["opened answers microphone:opened", "opened diary microphone:opened"]

    with_open_policy(act)


def test_nobody_uses_a_sensor_after_its_gate_has_closed() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        with agent.gates.open("microphone", "answers") as microphone:
            read: "Callable[[int], bytes]" = microphone.read
        for use in (lambda: read(1), lambda: microphone.read(1), lambda: microphone.rate):
            try:
                use()
            except Refused as refused:
                assert refused.reason == "done"
            else:
                raise AssertionError("it was used")
        assert "sample mic" not in board.trace

    with_open_policy(act)


def test_a_sensor_closes_at_its_end_under_the_hand_that_holds_it() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        with agent.gates.open("microphone", "answers") as microphone:
            board.pass_seconds(599)
            assert microphone.read(1) == b"s"
            board.pass_seconds(1)
            try:
                microphone.read(1)
            except Refused as refused:
                assert refused.reason == "not_opened"
            else:
                raise AssertionError("it was used")
            assert board.trace[-2:] == ["end mic", "off mic"]
        assert toy.kinds(agent)[-1] == "closed answers microphone:not_opened"

    with_open_policy(act)


def closing(change: "Act", reason: str) -> None:
    """A sensor that is open closes when something changes, at once, and its sign goes off."""

    def act(agent: "Agent", board: "FakePlatform") -> None:
        with agent.gates.open("microphone", "answers"):
            change(agent, board)
            assert board.trace[-2:] == ["end mic", "off mic"], board.trace
            assert agent.gates.held() == []
        assert "closed answers microphone:" + reason in toy.kinds(agent)
        assert refusal(agent, "microphone", "answers") == reason

    with_open_policy(act)


CASES = (
    ("closes: a parent withdraws consent", lambda a, b: a.withdraw("answers"), "no_consent"),
    ("closes: the hub says so, unsigned", lambda a, b: a.close("microphone"), "shut"),
    ("closes: the time is lost", lambda a, b: a.lose_time(), "lost_time"),
    ("closes: a policy without the opening", lambda a, b: toy.obey(a, toy.policy(2, toy.AGREED)), "not_opened"),
    ("closes: a policy without consent", lambda a, b: toy.obey(a, toy.policy(2, toy.opened(LATER))), "no_consent"),
    ("closes: an erasure begins", lambda a, b: a.erase_soon("command"), "erasing"),
)


def check(change: "Act", reason: str) -> None:
    """One thing that closes."""
    closing(change, reason)


def test_a_closed_gate_by_the_hub_opens_with_the_next_policy() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        agent.close("microphone")
        assert refusal(agent, "microphone", "answers") == "shut"
        toy.obey(agent, toy.policy(2, toy.opened(LATER), toy.AGREED))
        assert refusal(agent, "microphone", "answers") == ""

    with_open_policy(act)


def test_what_was_withdrawn_at_the_toy_stays_so_until_the_hub_has_heard() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        agent.withdraw("answers")
        toy.obey(agent, toy.policy(2, toy.opened(LATER), toy.AGREED))  # was on its way already
        again = toy.start(board)
        assert refusal(again, "microphone", "answers") == "no_consent"
        assert refusal(again, "microphone", "diary") == ""
        toy.obey(again, toy.policy(3, toy.opened(LATER)))
        toy.obey(again, toy.policy(4, toy.opened(LATER), toy.AGREED))
        assert refusal(again, "microphone", "answers") == ""
        told = [kind for kind in toy.kinds(again) if kind.split(" ")[0] in ("consent", "withdrawn")]
        assert told == [
            "consent answers hub",
            "consent diary hub",
            "withdrawn answers toy",
            "withdrawn diary hub",
            "consent answers hub",
            "consent diary hub",
        ]

    with_open_policy(act)


def test_a_light_that_fails_keeps_the_sensor_closed() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        board.dark.append("mic")
        assert refusal(agent, "microphone", "answers") == "no_sign"
        assert "driver mic" not in board.trace

    with_open_policy(act)


def test_a_ledger_that_cannot_be_written_keeps_the_sensor_closed() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        def fail(*found: "tuple[str, str, int, str]") -> None:
            raise OSError(28)

        agent.ledger.record = fail  # type: ignore[method-assign]
        assert refusal(agent, "microphone", "answers") == "no_ledger"
        assert board.trace == ["on mic", "off mic"]

    with_open_policy(act)


def test_a_driver_that_fails_leaves_no_sign_on() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        board.missing.append("mic")
        try:
            refusal(agent, "microphone", "answers")
        except OSError:
            pass
        else:
            raise AssertionError("it was made")
        assert board.trace == ["on mic", "off mic"]
        assert toy.kinds(agent)[-1] == "closed answers microphone:no_driver"

    with_open_policy(act)


def test_a_driver_that_does_not_end_keeps_its_sign_on() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        board.broken.append("mic")
        assert refusal(agent, "microphone", "answers") == ""
        assert board.trace == ["on mic", "driver mic", "end mic"]
        assert toy.kinds(agent)[-1] == "closed answers microphone:stuck"

    with_open_policy(act)


def test_an_error_in_the_toys_own_code_closes() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        try:
            with agent.gates.open("microphone", "answers"):
                raise ValueError("a bug of the maker")
        except ValueError:
            pass
        assert board.trace[-1] == "off mic"

    with_open_policy(act)


def test_one_gate_is_held_once() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        with agent.gates.open("microphone", "answers"):
            assert refusal(agent, "microphone", "diary") == "busy"

    with_open_policy(act)


def test_refusals_are_told_once_a_minute() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        for _ in range(50):
            assert refusal(agent, "microphone", "answers") == "no_hub"
        assert toy.kinds(agent) == ["refused answers microphone:no_hub"]
        board.pass_seconds(60)
        refusal(agent, "microphone", "answers")
        assert len(toy.kinds(agent)) == 2

    toy.in_home(act)


def test_play_is_silenced_at_bedtime_and_its_minutes_count() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        agent.gates.decision("play")
        with agent.gates.open("play"):
            for _ in range(10):
                board.pass_seconds(60)
                agent.poll()
            assert agent.policy is not None
            assert agent.minutes.used(agent.policy, agent.clock.now())["pb"]["total"] == 10
            board.pass_seconds(9 * 3600)
            agent.poll()
            assert agent.gates.held() == []
        assert not agent.gates.is_open("speaker")

    with_open_policy(act)


def test_a_budget_of_play_runs_out() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, b'["budget","pb","total",[5,5,5,5,5,5,5],240]'))
        minutes = 0
        with agent.gates.open("play"):
            while agent.gates.held():
                board.pass_seconds(60)
                agent.poll()
                minutes += 1
        assert minutes in (5, 6)
        assert refusal(agent, "play") == "budget_spent"

    toy.in_home(act)


def test_a_sensor_closes_while_a_signature_is_verified() -> None:
    def act(agent: "Agent", board: "FakePlatform") -> None:
        events: "list[str]" = []
        document = toy.policy(2, toy.opened(LATER), toy.AGREED)

        async def listen() -> None:
            async with agent.gates.open("microphone", "answers") as microphone:
                while agent.gates.held():
                    microphone.read(1)
                    await asyncio.sleep(0)
            events.append("closed")

        async def verify() -> None:
            await drive(agent.accept_steps(document, toy.keys(), "h1", "tbear"))
            events.append("verified")

        async def withdraw() -> None:
            for _ in range(3):
                await asyncio.sleep(0)
            agent.withdraw("answers")
            events.append("withdrawn")

        async def all_three() -> None:
            await asyncio.gather(listen(), verify(), withdraw())

        asyncio.run(all_three())
        assert events == ["withdrawn", "closed", "verified"]
        assert board.trace[-2:] == ["end mic", "off mic"]

    with_open_policy(act)
