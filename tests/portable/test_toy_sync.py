"""What a toy makes of each message: whom it obeys, in which order, and what it answers. Without a network."""

import json
from binascii import b2a_base64, hexlify

from stairgate.core import envelope, limits, toy_messages
from stairgate.core.ledger_message import read_ledger
from stairgate.core.messages import read_hello, read_usage, time_body
from stairgate.core.trust import CURRENT, NEXT, Trust, TrustedKey, write_trust
from stairgate.micro import limits as micro_limits
from stairgate.micro.renewal import renewal_steps
from stairgate.micro.sync import Sync
from tests.portable import bear, toy
from tests.portable.refusals import reason_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from stairgate.micro.platform_fake import FakePlatform

STRANGER, LATER_KEY = 0x5EED << 200 | 3, 0x17 << 240 | 5
NEXT_HOUR = toy.NOON + 3600


def key_line(scalar: int, state: str) -> bytes:
    point = toy.point(scalar)
    return b'["key","%s","%s","%s"]\n' % (envelope.key_id(point).encode(), hexlify(point), state.encode())


IDENTITY = (
    b'["paired","h1","tbear","000","b1"]\n["broker",["192.168.77.2"],8883]\n["page",["192.168.77.2"],8080]\n'
    + b'["root","%s"]\n' % hexlify(toy.point(STRANGER + 1))
    + key_line(toy.HOME, CURRENT)
    + b'["trust",1]\n["ca","%s"]\n["certificate","%s"]\n' % (b2a_base64(b"authority")[:-1], b2a_base64(b"mine!!")[:-1])
)


class Wire:
    """The connection: what was published, as (kind, payload), newest last."""

    def __init__(self) -> None:
        self.session = self
        self.said: "list[tuple[str, bytes]]" = []

    def publish(self, topic: str, payload: bytes, now: int, qos: int = 1) -> None:
        assert topic.startswith("sg/v1/000/h1/tbear/up/")
        self.said.append((topic.split("/")[-1], payload))

    def newest(self, kind: str) -> bytes:
        return [payload for said, payload in self.said if said == kind][-1]


def start(board: "FakePlatform") -> "tuple[Sync, Wire]":
    """The bear, paired and connected."""
    agent = toy.start(board)
    sync, wire = Sync(agent, toy.signed("declaration", bear.declared(), toy.MAKER)), Wire()
    assert sync.identity.home == ""
    sync.identity.keep(IDENTITY)
    assert (sync.identity.home, sync.identity.agent, sync.identity.trust) == ("h1", "tbear", 1)
    assert (sync.identity.authority, sync.identity.certificate) == (b"authority", b"mine!!")
    sync._link = wire  # type: ignore[assignment]
    sync._tell()
    return sync, wire


def put(sync: Sync, kind: str, payload: bytes) -> None:
    sync._put("sg/v1/000/h1/tbear/down/" + kind, payload)


def work(sync: Sync) -> None:
    """Until nothing waits; then what is due is said."""
    while sync._job or sync._inbox:
        sync._work()
    sync._tell()


def say(sync: Sync, kind: str, payload: bytes) -> None:
    put(sync, kind, payload)
    work(sync)


def opened(sync: Sync, revision: int = 9) -> None:
    """By a policy, and held by the toy's code."""
    say(sync, "policy", toy.policy(revision, toy.opened(NEXT_HOUR), toy.AGREED))
    sync.agent.gates.open("microphone", "answers").__enter__()
    assert sync.agent.gates.held() == ["microphone"]


def is_trusted(sync: Sync) -> bool:
    return sync.agent.clock.trusted


def is_leaving(sync: Sync) -> bool:
    return sync._is_leaving


def in_home(act: "Callable[[Sync, Wire], None]") -> None:
    toy.in_home(lambda board: act(*start(board)))


def trust(revision: int, *keys: "tuple[int, str]") -> bytes:
    points = [(toy.point(scalar), state) for scalar, state in keys]
    named = tuple([TrustedKey(envelope.key_id(point), point, state) for point, state in points])
    return write_trust(Trust("h1", revision, toy.NOON, named))


def test_a_hello_says_what_is_in_force() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        first = read_hello(wire.newest("hello"))
        assert (first.agent, first.revision, first.digest, first.devices, first.clock) == (
            "tbear",
            0,
            "",
            (),
            "trusted",
        )
        assert first.trust == 1 and first.nonce == sync.nonce
        read_usage(wire.newest("usage"))
        document = toy.policy(9, toy.BEDTIME)
        say(sync, "policy", document)
        hello = read_hello(wire.newest("hello"))
        assert (hello.revision, hello.highest, hello.state, hello.reason) == (9, 9, "applied", "")
        assert hello.digest == envelope.body_digest(document[document.find(b"\n") + 1 :])
        assert hello.devices[0][:2] == ("tbear", "open") and hello.devices[0][2] and hello.nonce != first.nonce

    in_home(act)


def test_refused_is_said_and_changes_nothing() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        opened(sync)
        for document, reason in (
            (toy.policy(8), "older"),
            (toy.policy(9), "revision_reused"),
            (toy.signed("policy", bear.toy_body(), STRANGER), "unknown_key"),
            (toy.signed("trust", bear.toy_body()), "wrong_type"),
            (b"x" * 5000, "too_large"),
            (b"", "bad_header"),
        ):
            say(sync, "policy", document)
            hello = read_hello(wire.newest("hello"))
            assert (hello.state, hello.reason, hello.revision) == ("refused", reason, 9), hello
        assert sync.agent.gates.held() == ["microphone"]

    in_home(act)


def test_of_two_the_newest_counts_and_keys_come_before_what_they_sign() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        body = bear.toy_body().replace(bear.POLICY[0], b'["policy","h1","tbear",12,%d]' % toy.NOON)
        put(sync, "policy", toy.policy(11))
        put(sync, "policy", toy.signed("policy", body, LATER_KEY))
        put(sync, "trust", toy.signed("trust", trust(2, (toy.HOME, CURRENT), (LATER_KEY, NEXT))))
        work(sync)
        hello = read_hello(wire.newest("hello"))
        assert (hello.revision, hello.trust, hello.state) == (12, 2, "applied")
        # And after a restart.
        sync.identity.load()
        assert sync.identity.trust == 2 and len(sync.identity.keys) == 2 and sync.identity.home == "h1"

    in_home(act)


def test_a_key_that_nobody_announced_is_not_believed() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        for body, scalar in (
            (trust(2, (STRANGER, CURRENT)), STRANGER),
            (trust(3, (STRANGER, CURRENT)), toy.HOME),
            (trust(1, (STRANGER, CURRENT)), toy.HOME),
        ):
            say(sync, "trust", toy.signed("trust", body, scalar))
        assert list(sync.identity.keys) == list(toy.keys()) and sync.identity.trust == 1

    in_home(act)


def test_a_certificate_for_another_key_is_not_shown() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        point = sync.agent.key.point()

        def document(der: bytes, agent: str = "tbear") -> bytes:
            lines = b'["certificate","h1","%s",%d]\n' % (agent.encode(), NEXT_HOUR)
            step = limits.BASE64_CHARACTERS // 4 * 3
            for start in range(0, len(der), step):
                lines += b'["der","%s"]\n' % b2a_base64(der[start : start + step])[:-1]
            return toy.signed("certificate", lines)

        def renew(data: bytes) -> None:
            envelope.finish(renewal_steps(sync.identity, "certificate", data, point))

        assert reason_of(renew, document(bytes(500))) == "bad_certificate"
        assert reason_of(renew, document(point * 8, "tother")) == "wrong_agent"
        assert sync.identity.certificate == b"mine!!"
        say(sync, "certificate", document(point * 8))
        sync.identity.load()
        assert sync.identity.certificate == point * 8 and sync.identity.authority == b"authority"

    in_home(act)


def test_the_hub_s_word_about_the_ledger() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        opened(sync)
        for number in range(80):
            sync.agent.ledger.note("answers", number)
        sync._ledger_at = 0
        sync._tell()
        batch = read_ledger(wire.newest("ledger"))
        assert batch.entries[0].seq == 1 and batch.last < sync.agent.ledger.last
        count = len(wire.said)
        sync._tell()
        assert len(wire.said) == count
        for body, scalar in (
            (toy_messages.ledger_body("h1", "tbear", batch.last), STRANGER),
            (toy_messages.ledger_body("h2", "tbear", batch.last), toy.HOME),
            (toy_messages.ledger_body("h1", "tother", batch.last), toy.HOME),
            (toy_messages.ledger_body("h1", "tbear", 9999), toy.HOME),
            (b'["ledger","h1","tbear"]\n', toy.HOME),
            (b'["ledger"]\n', toy.HOME),
        ):
            say(sync, "ledger", toy.signed("ledger", body, scalar))
            assert sync.agent.ledger.acknowledged == 0
        say(sync, "ledger", toy.signed("ledger", toy_messages.ledger_body("h1", "tbear", batch.last)))
        assert sync.agent.ledger.acknowledged == batch.last
        # The rest is not waited for.
        assert read_ledger(wire.newest("ledger")).entries[0].seq == batch.last + 1

    in_home(act)


def test_time_for_the_last_hello_soon_after_it() -> None:
    def act(board: "FakePlatform") -> None:
        sync, _ = start(board)
        assert not is_trusted(sync)
        for nonce, scalar in (("0" * 32, toy.HOME), (sync.nonce, STRANGER)):
            say(sync, "time", toy.signed("time", time_body(NEXT_HOUR, nonce, 1, ""), scalar))
            assert not is_trusted(sync)
        board.millis += micro_limits.TIME_ANSWER_MS + 1
        say(sync, "time", toy.signed("time", time_body(NEXT_HOUR, sync.nonce, 1, "")))
        assert not is_trusted(sync)
        sync._hello_at = 0
        sync._tell()
        say(sync, "time", toy.signed("time", time_body(NEXT_HOUR, sync.nonce, 1, "")))
        assert is_trusted(sync) and sync.agent.clock.now() == NEXT_HOUR

    toy.in_home(act, None)


def test_what_closes_is_heard_between_two_steps() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        opened(sync)
        put(sync, "policy", toy.policy(10, toy.opened(NEXT_HOUR), toy.AGREED))
        for _ in range(5):
            sync._work()
        assert sync._job is not None
        put(sync, "close", toy_messages.close_message([]))
        assert sync.agent.gates.held() == [] and sync._job is not None
        work(sync)
        assert read_hello(wire.newest("hello")).revision == 10 and sync.agent.gates.held() == []

    in_home(act)


def test_rows_that_are_taken_back_stay_so() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        opened(sync)
        put(sync, "close", toy_messages.close_message(["faces", "nothing"]))
        assert sync.agent.consents.withdrawn == ["faces"]
        put(sync, "close", toy_messages.close_message(["answers"]))
        assert sync.agent.gates.held() == []
        say(sync, "policy", toy.policy(10, toy.opened(NEXT_HOUR), toy.AGREED))
        assert reason_of(sync.agent.gates.open("microphone", "answers").__enter__) == "no_consent"

    in_home(act)


# Unsigned words that are no such words: whatever they say, nothing opens, and nobody minds.
CASES = tuple(
    [
        (kind + " " + name, kind, payload)
        for kind in ("close", "usage")
        for name, payload in (
            ("nothing", b""),
            ("no JSON", b"\xff{"),
            ("a list", b"[]"),
            ("a number", b"7"),
            ("rows of another form", b'{"rows":7,"minutes":{}}'),
            (
                "values of another form",
                b'{"rows":[7,null,[],{}],"minutes":[7,null,[],{},["pb"],["pb","total","x","!"]]}',
            ),
            ("of somebody else", b'{"rows":["x"],"minutes":[["px","total",20000,"' + b"A" * 240 + b'"]]}'),
            ("an opening", b'{"rows":["x"],"open":["microphone"],"gates":["microphone"]}'),
            ("deep", b'{"rows":' + b"[" * 300 + b"]" * 300 + b"}"),
        )
    ]
)


def check(kind: str, payload: bytes) -> None:
    def act(sync: Sync, wire: Wire) -> None:
        say(sync, "policy", toy.policy(9, toy.AGREED))
        put(sync, kind, payload)
        assert sync.agent.gates.held() == [] and sync.agent.minutes.book.rows(0) == []
        assert reason_of(sync.agent.gates.open("microphone", "answers").__enter__) == "not_opened"

    in_home(act)


def test_minutes_of_its_own_people_count() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        say(sync, "policy", toy.policy(9))
        day = toy.NOON // 86400
        minutes = [["pb", "total", day, str(b2a_base64(b"\xff" * 180), "ascii")[:-1]]]
        put(sync, "usage", json.dumps({"minutes": minutes}).encode())
        assert sync.agent.minutes.book.minutes("pb", "total", toy.NOON, NEXT_HOUR) == 60
        sync._hello_at = 0
        sync._tell()
        assert read_usage(wire.newest("usage")).minutes[0][:3] == ("pb", "total", day)
        # Days that are long over or far away must not take the room of those that count.
        for other in list(range(day - 40, day - 2)) + list(range(day + 3, day + 40)):
            put(sync, "usage", json.dumps({"minutes": [["pb", "total", other, minutes[0][3]]]}).encode())
        assert [row[2] for row in sync.agent.minutes.book.rows(0)] == [day]

    in_home(act)


def test_topics_of_others_are_not_for_this_toy() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        opened(sync)
        for topic in (
            "sg/v1/000/h1/tother/down/close",
            "sg/v1/000/h2/tbear/down/close",
            "close",
            "sg/v1/000/h1/tbear/up/close",
        ):
            sync._put(topic, b'{"rows":[]}')
        for kind in ("", "x", "events", "close/x"):
            put(sync, kind, b'{"rows":[]}')
        assert sync.agent.gates.held() == ["microphone"] and not sync._inbox

    in_home(act)


def test_erasing_answers_one_hello_and_giving_away_ends_the_connection() -> None:
    def act(sync: Sync, wire: Wire) -> None:
        opened(sync)
        for home, nonce, why, scalar in (
            ("h1", "0" * 32, "command", toy.HOME),
            ("h2", sync.nonce, "command", toy.HOME),
            ("h1", sync.nonce, "command", STRANGER),
        ):
            body = toy_messages.erase_body(home, "tbear", nonce, why)
            say(sync, "erase", toy.signed("erase", body, scalar))
        say(sync, "erase", toy.signed("erase", b'["erase","h1","tbear","%s","sell"]\n' % sync.nonce.encode()))
        assert sync.agent.gates.held() == ["microphone"] and not is_leaving(sync)
        document = toy.signed("erase", toy_messages.erase_body("h1", "tbear", sync.nonce, "handover"))
        say(sync, "erase", document)
        assert sync.agent.gates.held() == [] and is_leaving(sync)
        while sync.agent.step():
            pass
        sync.identity.load()
        assert sync.identity.home == "" and sync.agent.policy is None and sync.agent.trouble() == "new_owner"
        # The same words again are for nobody.
        sync.identity.keep(IDENTITY)
        say(sync, "erase", document)
        assert not sync.agent.step()

    in_home(act)
