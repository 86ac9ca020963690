"""The cache: how long an answer is kept, and what goes when there are too many."""

from stairgate.agent.dns.cache import OVERHEAD, Cache
from stairgate.agent.dns.message import Reply
from stairgate.agent.limits import CACHED_SECONDS, NEGATIVE_SECONDS


def reply(ttl: int, rcode: int = 0, answers: int = 1, records: bytes = b"x" * 16) -> Reply:
    """A reply that may be kept for `ttl` seconds."""
    return Reply(rcode, 0x8180, answers, 0, records, ((6, ttl),), ttl, ())


def test_an_answer_is_kept_until_its_ttl_ends() -> None:
    cache = Cache()
    cache.put(b"a", reply(60), 100.0)
    assert cache.get(b"b", 100.0) is None
    held = cache.get(b"a", 159.9)
    assert held and held.reply == reply(60) and held.born == 100.0
    assert cache.get(b"a", 160.0) is None
    assert len(cache) == cache.held_bytes == 0


def test_the_longest_life_and_that_of_what_is_not_there_are_bounded() -> None:
    cache = Cache()
    cache.put(b"long", reply(10**9), 0.0)
    cache.put(b"absent", reply(10**9, rcode=3, answers=0), 0.0)
    cache.put(b"empty", reply(10**9, answers=0), 0.0)
    cache.put(b"never", reply(0), 0.0)
    assert cache.get(b"never", 0.0) is None
    assert all(cache.get(key, NEGATIVE_SECONDS - 1.0) for key in (b"long", b"absent", b"empty"))
    assert not any(cache.get(key, float(NEGATIVE_SECONDS)) for key in (b"absent", b"empty"))
    assert cache.get(b"long", CACHED_SECONDS - 1.0)
    assert cache.get(b"long", float(CACHED_SECONDS)) is None


def test_too_many_entries_or_bytes_push_out_the_oldest() -> None:
    cache = Cache(entries=3)
    for number in range(5):
        cache.put(bytes((number,)), reply(60), 0.0)
    assert [bool(cache.get(bytes((number,)), 1.0)) for number in range(5)] == [False, False, True, True, True]
    cache = Cache(size=3 * (OVERHEAD + 200))
    for number in range(50):
        cache.put(bytes((number,)), reply(60, records=b"x" * 100), 0.0)
    assert 0 < len(cache) < 4
    assert cache.held_bytes <= 3 * (OVERHEAD + 200)
    before = cache.held_bytes
    cache.put(b"huge", reply(60, records=b"x" * 4000), 0.0)
    assert cache.held_bytes == before
    assert cache.get(b"huge", 0.0) is None


def test_what_was_asked_for_again_stays_once_longer() -> None:
    cache = Cache(entries=3)
    for name in (b"a", b"b", b"c"):
        cache.put(name, reply(60), 0.0)
    assert cache.get(b"a", 1.0)
    cache.put(b"d", reply(60), 1.0)
    assert [bool(cache.get(name, 1.0)) for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    # All are wanted now: the one that is the longest there goes all the same.
    cache.put(b"e", reply(60), 1.0)
    assert len(cache) == 3
    assert cache.get(b"e", 1.0)
    assert not cache.get(b"c", 1.0)


def test_what_is_over_gets_no_second_chance() -> None:
    cache = Cache(entries=2)
    cache.put(b"short", reply(10), 0.0)
    cache.put(b"long", reply(60), 0.0)
    assert cache.get(b"short", 5.0)
    cache.put(b"new", reply(60), 10.0)
    assert [bool(cache.get(name, 10.0)) for name in (b"short", b"long", b"new")] == [False, True, True]


def test_a_newer_answer_replaces_the_older_one() -> None:
    cache = Cache()
    for second in range(20):
        cache.put(b"a", reply(60), float(second))
    assert len(cache) == 1
    held = cache.get(b"a", 70.0)
    assert held and held.born == 19.0
    cache.put(b"a", reply(0), 71.0)
    assert cache.held_bytes == 0
