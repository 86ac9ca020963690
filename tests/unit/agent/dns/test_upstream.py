"""Questions upstream: random ids, ports and spelling, forged answers, failing servers, TCP; real sockets."""

import socket
from collections.abc import Iterator

import pytest

from stairgate.agent.dns import upstream
from stairgate.agent.dns.ports import Chance
from stairgate.agent.limits import SERVER_FAILURES, TRIES, TRY_SECONDS
from tests.lab.processes import wait_until
from tests.unit.agent.dns.rig import MAC, OPT, A, Rig, Server, names, profile, query, record, response

V4, FORGED = bytes((203, 0, 113, 10)), bytes((203, 0, 113, 66))
SERVFAIL = 2


@pytest.fixture
def two() -> Iterator[Rig]:
    """A service with two upstream servers."""
    yield from made(Server(), Server())


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A service with one upstream server."""
    yield from made(Server())


def made(*servers: Server) -> Iterator[Rig]:
    """A service for one child."""
    one = Rig(*servers)
    one.hold(profile(names()))
    yield one
    one.close()


def answered(rig: Rig) -> bytes:
    """The next answer to a client."""

    def turned() -> list[bytes]:
        rig.loop.turn()
        return rig.path.answers

    return wait_until("an answer", turned).pop()


def let_pass(rig: Rig, seconds: float) -> None:
    """What is due within these seconds is done."""
    rig.loop.now += seconds
    rig.loop._ticks = dict.fromkeys(rig.loop._ticks, 0.0)
    for tick in list(rig.loop._ticks):
        tick(rig.loop.now)
    rig.loop.flush()


def test_nobody_can_foresee_id_port_and_spelling(rig: Rig) -> None:
    ids, ports, spellings = set(), set(), set()
    for number in range(60):
        assert rig.ask(query(f"www.example-{number}.org", ident=number)) is None
        sent, source = rig.servers[0].take()
        assert sent[12:].lower() == query(f"www.example-{number}.org", opt=bytes(11))[12:-11] + sent[-11:]
        ids.add(sent[:2])
        ports.add(source[1])
        spellings.add(bytes([byte & 0x20 for byte in sent[13:28]]))
    assert len(ids) > 55
    assert len(ports) > 4
    assert len(spellings) > 50


def test_a_port_is_not_kept_for_long(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stairgate.agent.dns.ports.PORTS", 1)
    monkeypatch.setattr("stairgate.agent.dns.ports.PORT_USES", 3)
    rig.close()
    rig = next(made(Server()))
    ports = []
    for number in range(9):
        rig.ask_upstream(query(f"n{number}.example.org", ident=number), record(A, 60, V4))
        ports.append(rig.resolver._upstream._servers[0].ports._open[0])
    assert len(set(ports)) == 3
    # All but the last are closed: nothing was outstanding on them.
    assert [port.socket.fileno() < 0 for port in ports if port] == [True] * 6 + [False] * 3
    rig.close()


def test_spelling_changes_letters_and_nothing_else() -> None:
    question = b"\x1aabcdefghijklmnopqrstuvwxyz\x0a0123456789\x04-_.\xff\0\0\1\0\1"
    for _ in range(50):
        spelled = upstream.spelled(question, Chance())
        assert spelled.lower() == question
        assert spelled[28:] == question[28:]
    assert upstream.spelled(b"\0\0\1\0\1", Chance()) == b"\0\0\1\0\1"


def test_an_answer_that_does_not_fit_is_not_believed(rig: Rig) -> None:
    assert rig.ask(query("www.example.org")) is None
    sent, source = rig.servers[0].take()
    forged = response(sent, record(A, 60, FORGED))
    for wrong in (
        bytes((sent[0] ^ 1,)) + forged[1:],  # the id
        forged[:14] + bytes((forged[14] ^ 1,)) + forged[15:],  # another name
        forged[:30] + b"\x1c" + forged[31:],  # another type
        forged[:2] + b"\1" + forged[3:],
        forged[:-3],
        b"",
        b"\0" * 5,
    ):
        rig.servers[0].give(wrong, source)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(forged, source)  # right in everything but where it comes from
    for _ in range(3):
        rig.loop.hurry(rig.resolver._upstream._tick)
        rig.loop.turn()
    assert not rig.path.answers
    rig.servers[0].give(response(sent, record(A, 60, V4)), source)
    assert answered(rig).endswith(V4)


def by_tcp(server: Server, *answers: bytes, spoil: bool = False) -> bytes:
    """Take a question that comes by TCP, answer it, and return it."""
    connection, _ = server.tcp.accept()
    with connection:
        connection.settimeout(5)
        size = int.from_bytes(connection.recv(2), "big")
        asked = connection.recv(size)
        answer = response(asked, *answers)
        if not spoil:
            connection.sendall(len(answer).to_bytes(2, "big") + answer[:5])
            connection.sendall(answer[5:])
    return asked


def test_what_is_cut_off_is_asked_for_by_tcp(rig: Rig) -> None:
    asked = query("many.example.org", opt=OPT)
    assert rig.ask(asked) is None
    sent, source = rig.servers[0].take()
    rig.servers[0].give(response(sent, flags=0x0200), source)
    rig.loop.turn()
    rig.loop.hurry(rig.resolver._upstream._tick)
    rig.loop.turn()  # connected: it sends
    many = [record(A, 60, bytes((203, 0, 113, number))) for number in range(40)]
    by_tcp(rig.servers[0], *many)
    assert answered(rig)[6:8] == b"\0\x28"


def test_a_server_that_hangs_up_is_no_end_of_the_loop(rig: Rig) -> None:
    assert rig.ask(query("many.example.org")) is None
    sent, source = rig.servers[0].take()
    rig.servers[0].give(response(sent, flags=0x0200), source)
    rig.loop.turn()
    rig.loop.hurry(rig.resolver._upstream._tick)
    rig.loop.turn()
    by_tcp(rig.servers[0], spoil=True)
    assert answered(rig)[3] & 15 == SERVFAIL
    assert rig.loop.errors == 0


def test_a_server_that_does_not_keep_the_case_is_asked_by_tcp_and_then_in_lower_case(rig: Rig) -> None:
    for number in range(3):
        assert rig.ask(query(f"with-many-letters-{number}.example.org", ident=number)) is None
        sent, source = rig.servers[0].take()
        assert sent != sent.lower()
        lowered = response(sent, record(A, 60, FORGED))
        rig.servers[0].give(lowered[:12] + lowered[12:-16].lower() + lowered[-16:], source)
        rig.loop.turn()
        rig.loop.hurry(rig.resolver._upstream._tick)
        rig.loop.turn()
        asked = by_tcp(rig.servers[0], record(A, 60, V4))
        assert asked[12:-11] == query(f"with-many-letters-{number}.example.org")[12:]
        assert answered(rig).endswith(V4)
    assert rig.ask(query("with-many-letters-4.example.org")) is None
    sent, _ = rig.servers[0].take()
    assert sent[12:-11] == query("with-many-letters-4.example.org")[12:]


def test_the_next_server_is_asked_when_one_is_silent(two: Rig) -> None:
    asked = query("www.example.org")
    assert two.ask(asked) is None
    two.servers[0].take()
    let_pass(two, TRY_SECONDS)
    sent, source = two.servers[1].take()
    two.servers[1].give(response(sent, record(A, 60, V4)), source)
    assert answered(two).endswith(V4)


def test_when_nobody_answers_the_client_is_told(two: Rig) -> None:
    asked = query("www.example.org", opt=OPT)
    assert two.ask(asked) is None
    for _ in range(TRIES):
        assert not two.path.answers
        let_pass(two, TRY_SECONDS)
    failed = two.path.answers.pop()
    assert failed[3] & 15 == SERVFAIL
    assert failed.endswith(b"\0\x0f\0\x0a\0\x16upstream")
    assert two.resolver.waiting == two.subject(MAC).pending == 0
    # An answer that comes now is too late, and harmless.
    sent, source = two.servers[0].take()
    two.servers[0].give(response(sent, record(A, 60, V4)), source)
    let_pass(two, 0)
    assert not two.path.answers


@pytest.mark.parametrize("rcode", [2, 5])
def test_a_server_s_failure_is_not_the_last_word(two: Rig, rcode: int) -> None:
    assert two.ask(query("www.example.org")) is None
    sent, source = two.servers[0].take()
    two.servers[0].give(response(sent, rcode=rcode), source)
    two.loop.turn()
    sent, source = two.servers[1].take()
    two.servers[1].give(response(sent, record(A, 60, V4)), source)
    assert answered(two).endswith(V4)


def test_a_server_that_fails_rests_and_one_question_tries_it_out(two: Rig) -> None:
    for number in range(SERVER_FAILURES):
        assert two.ask(query(f"n{number}.example.org", ident=number)) is None
        two.servers[0].take()
        let_pass(two, TRY_SECONDS)
        sent, source = two.servers[1].take()
        two.servers[1].give(response(sent, record(A, 60, V4)), source)
        answered(two)
    assert two.ask(query("rests.example.org")) is None
    sent, source = two.servers[1].take()
    assert two.servers[0].is_quiet()
    two.servers[1].give(response(sent, record(A, 60, V4)), source)
    answered(two)
    let_pass(two, 20.0)
    assert two.ask(query("tries.example.org")) is None
    assert two.ask(query("waits.example.org")) is None
    sent, source = two.servers[0].take()
    assert sent[12:].lower().startswith(b"\5tries") and two.servers[0].is_quiet()
    two.servers[0].give(response(sent, record(A, 60, V4)), source)
    answered(two)
    assert two.ask(query("again.example.org")) is None
    assert two.servers[0].take()


def test_a_port_where_nobody_listens_is_noticed_at_once(two: Rig) -> None:
    two.servers[0].close()
    assert two.ask(query("www.example.org")) is None

    def asked() -> bool:
        two.loop.hurry(two.resolver._upstream._tick)
        two.loop.turn()
        return not two.servers[1].is_quiet()

    wait_until("the other server being asked", asked)
    sent, source = two.servers[1].take()
    two.servers[1].give(response(sent, record(A, 60, V4)), source)
    assert answered(two).endswith(V4)
