"""A toy as a whole: whose declaration it believes, which policy it takes, what it remembers, and what it does without."""

from stairgate.core.refused import Refused
from stairgate.micro.agent import Agent
from tests.portable import bear, toy
from tests.portable.refusals import reason_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.micro.platform_fake import FakePlatform

OPENED = (toy.opened(toy.NOON + 600), toy.AGREED)


def level(agent: Agent, gate: str = "microphone") -> str:
    """Level and reason of a gate, for its first row."""
    decision = agent.gates.decision(gate, *(("answers",) if gate == "microphone" else ()))
    return decision.level + " " + decision.reason


def damage(board: "FakePlatform", name: str) -> None:
    """One byte of a file is another."""
    path = board.root + "/" + name
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[len(data) // 2] ^= 1
    with open(path, "wb") as file:
        file.write(data)


def test_a_declaration_of_another_maker_is_not_believed() -> None:
    def act(board: "FakePlatform") -> None:
        document = toy.signed("declaration", bear.declared(), toy.HOME)
        assert reason_of(Agent, document, board) == "unknown_key"
        changed = toy.signed("declaration", bear.declared(), toy.MAKER).replace(b'"sensitive"', b'"aggregated"')
        changed = changed.replace(b"Bruno", b"Brunx")
        assert reason_of(Agent, changed, board) == "bad_signature"

    toy.in_home(act)


def test_a_declaration_is_verified_once() -> None:
    def act(board: "FakePlatform") -> None:
        toy.start(board)
        board.maker = b""  # nothing could be verified any more
        assert toy.start(board).declaration.id == "bear1"
        other = toy.signed("declaration", bear.declared(b'["provision"'), toy.MAKER)
        assert reason_of(Agent, other, board) == "unknown_key"

    toy.in_home(act)


def test_a_toy_that_never_met_a_hub_plays_and_opens_by_its_gesture() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        assert level(agent, "play") == "open no_hub"
        assert level(agent) == "closed no_hub"
        board.held = "both_paws"
        agent.poll()
        board.pass_seconds(4)
        agent.poll()
        assert level(agent) == "closed no_hub"
        board.pass_seconds(1)
        agent.poll()
        assert level(agent) == "open gesture"
        board.held = ""
        agent.poll()
        board.pass_seconds(599)
        assert level(agent) == "open gesture"
        with agent.gates.open("microphone", "answers"):
            board.pass_seconds(1)
            agent.poll()
            assert agent.gates.held() == []
        assert "opened answers microphone:gesture" in toy.kinds(agent)

    for wall in (toy.NOON, None):
        toy.in_home(act, wall)


def test_with_a_hub_the_gesture_opens_nothing() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        agent.open_session(600)
        toy.obey(agent, toy.policy(1, toy.AGREED))
        assert level(agent) == "closed not_opened"
        agent.open_session(600)
        assert level(agent) == "closed not_opened"

    toy.in_home(act)


def test_a_policy_is_held_over_a_start() -> None:
    def act(board: "FakePlatform") -> None:
        toy.obey(toy.start(board), toy.policy(7, *OPENED))
        again = toy.start(board)
        assert again.policy_file.highest == 7
        assert level(again) == "open opened"

    toy.in_home(act)


CASES = (
    ("policy: an older one", toy.policy(6), "older"),
    ("policy: the same number, another content", toy.policy(7, toy.BEDTIME), "revision_reused"),
    ("policy: of another key", toy.signed("policy", bear.toy_body(), toy.MAKER), "unknown_key"),
    ("policy: changed", toy.policy(8).replace(b'"open"', b'"clos"'), "bad_signature"),
    ("policy: of another home", toy.signed("policy", bear.toy_body().replace(b'"h1"', b'"h2"')), "wrong_home"),
    ("policy: of another agent", toy.signed("policy", bear.toy_body().replace(b'"tbear",5', b'"tcat",5')), "wrong_agent"),
    ("policy: for a router", toy.policy(8, b'["x-' + b"a" * 400 + b'"]', *[b'["x-' + b"a" * 400 + b'"]'] * 9), "too_large"),
    ("policy: a kind from tomorrow", toy.policy(8, b'["moat","tbear"]'), "unknown_kind"),
    ("policy: a time for one", toy.signed("time", bear.toy_body()), "wrong_type"),
)  # fmt: skip


def check(document: bytes, reason: str) -> None:
    """What is refused changes nothing."""

    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(7, *OPENED))
        assert reason_of(toy.obey, agent, document) == reason
        assert agent.policy_file.highest == 7
        assert level(agent) == "open opened"
        assert level(toy.start(board)) == "open opened"

    toy.in_home(act)


def test_the_same_policy_again_is_welcome() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        for _ in range(2):
            toy.obey(agent, toy.policy(7, *OPENED))
        assert level(agent) == "open opened"

    toy.in_home(act)


def test_a_damaged_policy_closes_and_a_new_one_heals() -> None:
    def act(board: "FakePlatform") -> None:
        toy.obey(toy.start(board), toy.policy(7, *OPENED))
        damage(board, "policy")
        again = toy.start(board)
        assert level(again) == "closed corrupt_policy"
        assert level(again, "play") == "closed corrupt_policy"
        again.open_session(600)
        assert level(again) == "closed corrupt_policy"
        assert reason_of(toy.obey, again, toy.policy(6, *OPENED)) == "older"
        toy.obey(again, toy.policy(7, *OPENED))
        assert level(again) == "open opened"

    toy.in_home(act)


def test_a_policy_that_has_vanished_is_a_damaged_one() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(7, *OPENED))
        agent.storage.remove("policy")
        assert level(toy.start(board), "play") == "closed corrupt_policy"

    toy.in_home(act)


def test_a_full_flash_does_not_stop_a_policy() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, *OPENED))
        write = agent.storage.write

        def fail(name: str, data: bytes) -> None:
            raise OSError(28)

        agent.storage.write = fail  # type: ignore[method-assign]
        toy.obey(agent, toy.policy(2))
        assert level(agent) == "closed not_opened"
        assert [agent.policy_file.is_saved] == [False]
        agent.storage.write = write  # type: ignore[method-assign]
        agent.poll()
        assert agent.policy_file.is_saved
        assert toy.start(board).policy_file.highest == 2

    toy.in_home(act)


def test_the_time_goes_on_from_the_last_known_and_is_not_trusted() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, toy.BEDTIME, *OPENED))
        board.pass_seconds(3600)
        agent.poll()
        board.wall = None
        board.millis = 0
        again = toy.start(board)
        assert not again.clock.trusted
        assert again.clock.now() == toy.NOON + 3600
        assert level(again) == "closed lost_time"
        assert level(again, "play") == "open default"
        assert toy.kinds(again)[-1] == "time lost"
        toy.obey(again, toy.policy(2, toy.opened(toy.NOON + 9000), toy.AGREED))
        assert level(again) == "closed lost_time"
        again.set_time(toy.NOON + 5000)
        assert level(again) == "open opened"
        assert toy.kinds(again)[-1] == "time set"

    toy.in_home(act)


def test_a_battery_pulled_at_bedtime_gains_nothing() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, toy.BEDTIME))
        board.pass_seconds(8 * 3600 + 1800)
        agent.poll()
        assert level(agent, "play") == "closed week"
        board.wall = None
        for _ in range(3):
            board.millis = 0
            agent = toy.start(board)
            agent.clock.not_before(0)
            assert level(agent, "play").startswith("closed")
        agent.set_time(toy.NOON + 86400)
        assert level(agent, "play") == "open default"

    toy.in_home(act)


def test_a_clock_that_was_never_set_is_none() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, *OPENED))
        assert agent.clock.now() >= toy.NOON
        assert level(agent) == "closed lost_time"

    for wall in (None, 0, 946684800, toy.NOON - 10**9):
        toy.in_home(act, wall)


def test_a_clock_that_went_back_is_not_trusted() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        agent.set_time(toy.NOON + 500)
        assert not toy.start(board).clock.trusted
        board.wall = toy.NOON + 501
        assert toy.start(board).clock.trusted

    toy.in_home(act)


def test_bad_starts_lead_to_safe_mode_and_a_good_one_out_of_it() -> None:
    def act(board: "FakePlatform") -> None:
        for _ in range(3):
            agent = toy.start(board)
            assert agent.trouble() == ""
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, *OPENED))
        assert level(agent) == "closed safe_mode"
        assert level(agent, "play") == "open default"
        board.pass_seconds(60)
        agent.poll()
        assert level(agent) == "open opened"
        board.wall = agent.clock.now()
        assert level(toy.start(board)) == "open opened"

    toy.in_home(act)


def test_minutes_of_play_are_there_after_a_start() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1))
        with agent.gates.open("play"):
            for _ in range(21):
                board.pass_seconds(60)
                agent.poll()
        board.wall = toy.NOON + 1260
        board.millis = 0
        again = toy.start(board)
        assert again.policy is not None
        used = again.minutes.used(again.policy, again.clock.now())["pb"]["total"]
        assert 20 <= used <= 21

    toy.in_home(act)


def test_the_gesture_to_pair_is_told() -> None:
    pair = bear.LINES[3].replace(b'"open"', b'"pair"').replace(b"both_paws", b"one_paw").replace(b"5,600", b"5,0")
    document = toy.signed(
        "declaration", bear.declared().replace(bear.LINES[4], pair + b"\n" + bear.LINES[4]), toy.MAKER
    )

    def act(board: "FakePlatform") -> None:
        told: "list[str]" = []
        agent = Agent(document, board)
        board.held = "one_paw"
        for _ in range(8):
            agent.poll()
            board.pass_seconds(1)
            agent.on_pair = lambda: told.append("pair")
        assert told == ["pair"]

    toy.in_home(act)


def test_what_cannot_be_decided_is_closed() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, *OPENED))
        agent.minutes.used = None  # type: ignore[method-assign, assignment]
        assert level(agent) == "closed corrupt_policy"
        try:
            with agent.gates.open("play"):
                raise AssertionError("it opened")
        except Refused as refused:
            assert refused.reason == "corrupt_policy"

    toy.in_home(act)
