"""Fuzzing the filter: whatever a client or a server sends, no error leaves the service, and no memory grows.

It starts from a corpus that is kept (`dns_corpus.txt`); a message that once broke something is added there.
"""

import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.dns.message import BadMessage, read_query, read_reply
from stairgate.agent.limits import UPSTREAM_ASKED, WAITING_A_DEVICE
from tests.unit.agent.dns.rig import MAC, Rig, Server, names, profile, table
from tests.unit.hostile import dns_corpus
from tests.unit.hostile.corpus import mutations

MESSAGES = 400  # made of each message of the corpus
FEW, GROWTH_BYTES = 40, 200_000
CHILD = names(flags=("safesearch",), block=("ads",), deny=("quarrel.example",))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A service for a child, whose upstream server never answers."""
    made = Rig(Server())
    made.hold(profile(CHILD, safesearch=True, youtube="strict"), table=table(tmp_path))
    yield made
    made.close()


def damaged(seed: int, count: int = MESSAGES) -> Iterator[bytes]:
    """Every message of the corpus, then what becomes of them."""
    corpus = list(dns_corpus.messages().values())
    yield from corpus
    for number, message in enumerate(corpus):
        yield from mutations(message, seed * 1000 + number, count)
    chance = random.Random(seed)
    for _ in range(count):  # one's head, another's tail
        one, other = chance.choice(corpus), chance.choice(corpus)
        yield one[: chance.randrange(len(one) + 1)] + other[chance.randrange(len(other) + 1) :]


def serve(rig: Rig, seed: int, count: int = MESSAGES) -> int:
    """Send it all; how many answers came at once. An answer is a response with the query's id."""
    came = 0
    for number, data in enumerate(damaged(seed, count)):
        answer = rig.ask(data, source=("192.0.2.9", number))
        if answer is not None:
            came += 1
            assert answer[:2] == data[:2] and answer[2] & 0x80
            assert len(answer) <= 4096
    return came


def test_whatever_a_client_sends_gets_an_answer_or_nothing(rig: Rig) -> None:
    assert serve(rig, seed=1) > 1000
    assert rig.loop.errors == 0


def test_no_memory_grows(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """With bounds that are soon reached; what they are makes no difference."""
    for module, name in (("service", "DECISIONS"), ("service", "ANSWERS"), ("table", "PARENTS")):
        monkeypatch.setattr(f"stairgate.agent.dns.{module}.{name}", FEW)
    serve(rig, 2, FEW)
    tracemalloc.start()
    try:
        serve(rig, 3, FEW)
        before, _ = tracemalloc.get_traced_memory()
        for seed in (4, 5, 6):
            serve(rig, seed, FEW)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < GROWTH_BYTES
    assert len(rig.service.answers) <= FEW and 0 < len(rig.service._decisions) <= FEW
    assert len(rig.resolver._under_way) <= UPSTREAM_ASKED
    assert rig.resolver.waiting == WAITING_A_DEVICE
    assert rig.subject(MAC).pending == rig.resolver.waiting
    assert rig.loop.errors == 0


def test_whatever_a_server_sends_is_an_answer_or_none(rig: Rig) -> None:
    read = 0
    for data in damaged(seed=6):
        for question in (dns_corpus.QUESTION, data[12:29]):
            try:
                reply = read_reply(data, question)
            except BadMessage:
                continue
            read += 1
            assert all(0 <= offset <= len(reply.records) - 4 and 0 <= ttl < 1 << 31 for offset, ttl in reply.ttls)
            assert {len(address) for address in reply.addresses} <= {4, 16}
            assert reply.ttl >= 0
    assert read > 100


def test_the_corpus_has_good_ones_and_bad_ones() -> None:
    good, bad = 0, 0
    for message in dns_corpus.messages().values():
        try:
            read_query(message)
            good += 1
        except BadMessage:
            bad += 1
    assert good > 15 and bad > 15
