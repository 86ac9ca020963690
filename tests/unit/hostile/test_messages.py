"""Messages between hub and agents that nobody honest sends, or not so often: refused or bounded, nothing lost by it.

What may reach whom at all is the broker's business (`tests/broker`); here somebody has got through.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stairgate.core import messages
from stairgate.core.limits import COUNTER_MAX, ROUTER_POLICY_BYTES
from stairgate.core.messages import Events, Hello, Seen, Usage
from stairgate.hub import limits
from stairgate.hub.store import COLLECTIONS
from tests.unit.agent.rig import signed, signing_key
from tests.unit.agent.router import BENS, EVERYBODY, Router, paused
from tests.unit.agent.test_sync import REFUSED
from tests.unit.hostile.corpus import mutations, noise
from tests.unit.hub.conftest import HOME, ROUTER, Hub
from tests.unit.hub.conftest import hub as hub  # fixtures that are used by name
from tests.unit.hub.conftest import quick_hash as quick_hash
from tests.unit.hub.conftest import unclaimed as unclaimed

TABLET = "02:00:5e:10:00:01"


def body(revision: int = 6) -> bytes:
    """A good policy's lines."""
    return signed(paused(revision)).partition(b"\n")[2]


def by_the_home(content: bytes) -> Callable[[], bytes]:
    """Signed as policies are: what a hub with a fault, or whoever has its key, could send."""
    return lambda: signing_key().sign("policy", content)


# Genuine signatures, and still no policies.
SIGNED = {
    "deep": (by_the_home(b"[" * 200 + b"]" * 200 + b"\n"), "bad_line"),
    "deeper than a line": (by_the_home(b"[" * 5000 + b"]" * 5000 + b"\n"), "line_too_long"),
    "not UTF-8": (by_the_home(body().replace(b"policy", b"poli\xff\xfe", 1)), "bad_line"),
    "half a surrogate pair": (by_the_home(body().replace(b"policy", b"\xed\xa0\x80", 1)), "bad_line"),
    "a NUL": (by_the_home(body().replace(b"policy", b"pol\0icy", 1)), "bad_line"),
    "cut": (by_the_home(body()[:-20]), "bad_end"),
    "larger than any": (by_the_home(body() + b'["x-more"]\n' * (ROUTER_POLICY_BYTES // 10)), "too_large"),
    "one line of 64 KB": (by_the_home(b'["' + b"a" * 16000 + b'"]\n'), "line_too_long"),
    "an object": (by_the_home(b'{"policy":1}\n'), "bad_line"),
    "all lines twice": (by_the_home(body() + body()), "bad_order"),
}


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    made = Router(tmp_path / "state")
    yield made
    for link in made.links:
        link.close()


@pytest.mark.parametrize(("document", "reason"), [*REFUSED.values(), *SIGNED.values()], ids=[*REFUSED, *SIGNED])
def test_a_refused_policy_is_told_with_its_reason_and_the_last_good_one_goes_on(
    router: Router, document: Callable[[], bytes], reason: str
) -> None:
    good = signed(paused(5))
    router.receive(good)
    assert router.open_now() == BENS

    router.receive(document())
    hello = router.hellos()[-1]
    assert (hello.state, hello.reason, hello.revision) == ("refused", reason, 5)
    assert router.open_now() == BENS
    assert router.state.load_policy() == good

    router.restart()  # and so it is after a power cut
    assert router.open_now() == BENS
    router.receive(signed(paused(7)))
    assert (router.hellos()[-1].state, router.hellos()[-1].revision) == ("applied", 7)


def test_a_thousand_damaged_policies_change_nothing(router: Router) -> None:
    good = signed(paused(5))
    router.receive(good)
    genuine = signed(paused(6))
    for damaged in [*mutations(genuine, seed=6, count=300), *noise(seed=6, count=40)]:
        if damaged != genuine:
            router.receive(damaged, damaged)
    assert router.open_now() == BENS
    assert router.state.load_policy() == good
    assert router.open_now() != EVERYBODY


# At the hub


def state(hub: Hub) -> dict[str, list[str]]:
    """Every document of each collection."""
    with hub.store.transaction(HOME) as rows:
        return {name: [repr(row) for row in rows.page(name)] for name in COLLECTIONS}


def hello(number: int, **more: object) -> bytes:
    """A hello of the router."""
    held = Hello(
        f"m{number}", 1786118400, ROUTER, f"{number:08d}aa", 0, "", number, "applied", "", (), "trusted", 0, ""
    )
    return messages.encode_hello(held._replace(**more))  # type: ignore[arg-type]


def test_a_storm_of_hellos_costs_no_more_than_some(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each names a higher revision and another state: all that makes the hub write, sign and send."""
    hub.add_device(hub.add_child("Mia"))
    hub.broker.apply(ROUTER)
    policy, _ = hub.broker.policy(ROUTER)
    signatures: list[str] = []
    sign = hub.key.sign

    def counted(kind: str, content: bytes) -> bytes:
        signatures.append(kind)
        return sign(kind, content)

    monkeypatch.setattr(hub.key, "sign", counted)

    def say(number: int) -> None:
        states = ("failed", "refused", "applied")
        payload = hello(number, highest=policy.revision + 10 * number, state=states[number % 3], reason="test")
        hub.broker.receive(ROUTER, "hello", payload)

    for number in range(3000):
        say(number)
    assert len(signatures) <= 3 * limits.HELLOS_AT_ONCE
    # What it said last is what counts, as soon as it is its turn again.
    until = hub.parts.exchange.seconds_to_next()
    assert until is not None
    assert until <= limits.HELLO_SECONDS_LATER
    hub.clock.advance(limits.HELLO_SECONDS_LATER)
    answers = hub.parts.exchange.due()
    assert "time" in {message.kind for message in answers}
    assert hub.broker.policy(ROUTER)[0].revision > policy.revision + 10 * 2999
    # Ten storms later, the router that is well again is believed at once it may speak.
    for number in range(3000, 6000):
        say(number)
    hub.clock.advance(60)
    hub.parts.exchange.due()
    hub.broker.apply(ROUTER)
    assert hub.parts.cards.overview("Europe/Berlin").applied.tone == "good"


def test_an_honest_router_is_never_made_to_wait(hub: Hub) -> None:
    hub.add_device(hub.add_child("Mia"))
    for _ in range(600):  # ten minutes in which a level changes every second
        hub.clock.advance(1)
        sent = len(hub.broker.sent)
        hub.broker.apply(ROUTER)
        assert len(hub.broker.sent) > sent or sent == 1000


@pytest.mark.parametrize("count", [10**18, COUNTER_MAX])
def test_counts_beyond_belief_are_numbers_all_the_same(hub: Hub, count: int) -> None:
    mia = hub.add_child("Mia")
    device = hub.add_device(mia)
    for each in (0, count, 1, count, 0, count):
        hub.broker.usage(ROUTER, (device, each, each))
        hub.clock.advance(31)
        hub.parts.keeping.history.write()
    for path in ("/", "/traffic", "/status", f"/children/{mia}", "/history", "/data"):
        answer = hub.get(path)
        assert answer.status_code == 200, path
        assert "NaN" not in answer.text
        assert "inf" not in answer.text.replace("info", "")
    for day in hub.parts.keeping.history.all_days():
        assert 0 <= day.to_device < 2**64


def test_counts_that_no_number_holds_are_dropped(hub: Hub) -> None:
    device = hub.add_device(hub.add_child("Mia"))
    before = state(hub)
    for count in (f"{2**63}", "9" * 30, "9" * 5000, "-1", "1.5", "1e999", "NaN", "true", '"1"', "null", "[]", "{}"):
        text = f'{{"v":1,"id":"m1","t":5,"agent":"{ROUTER}","bytes":[["{device}",{count},0]]}}'
        hub.broker.receive(ROUTER, "usage", text.encode())
    assert state(hub) == before
    assert hub.parts.keeping.history.all_days() == []


def test_what_comes_twice_late_or_from_somebody_else_changes_nothing(hub: Hub) -> None:
    hub.add_device(hub.add_child("Mia"))
    hub.broker.apply(ROUTER)
    seen = Seen("02:00:5e:30:00:01", ("192.0.2.30",), "tv", "dnsmasq")
    event = messages.encode_events(Events("e1", 5, ROUTER, (seen,)))
    hub.clock.advance(limits.LISTING_SECONDS)
    hub.broker.receive(ROUTER, "events", event)
    before = state(hub)
    assert "02:00:5e:30:00:01" in str(before["devices"])

    for _ in range(50):
        hub.broker.receive(ROUTER, "events", event)
    other = {
        "events": messages.encode_events(Events("e2", 5, "rother", (seen._replace(mac="02:00:5e:30:00:02"),))),
        "hello": hello(1, agent="rother"),
        "usage": messages.encode_usage(Usage("m1", 5, "rother", (("d1", 1, 1),), ())),
    }
    exchange = hub.parts.exchange
    for kind, payload in other.items():
        own = payload.replace(b"rother", ROUTER.encode())
        # In another's name over its own topic; over a topic of nobody; of another home; in the wrong direction.
        for name, said in (
            (f"sg/v1/000/{HOME}/{ROUTER}/up/{kind}", payload),
            (f"sg/v1/000/{HOME}/rother/up/{kind}", payload),
            (f"sg/v1/000/hother/{ROUTER}/up/{kind}", own),
            (f"sg/v1/000/{HOME}/{ROUTER}/down/{kind}", own),
            (f"sg/v1/000/{HOME}/{ROUTER}/up/{kind}/more", own),
            (f"sg/v2/000/{HOME}/{ROUTER}/up/{kind}", own),
            (f"$SYS/{kind}", own),
            ("", own),
            ("a" * 65536, own),
            ("\ud800\0", own),
        ):
            assert exchange.message(name, said) == [], name[:60]
    for kind in ("hello", "usage", "events", "policy", "trust"):
        good = other.get(kind, b"{}").replace(b"rother", ROUTER.encode())
        for oversize in (good + b" " * 65536, b"[" * 65536, b"\xff" * 300):
            assert exchange.message(f"sg/v1/000/{HOME}/{ROUTER}/up/{kind}", oversize) == []
    hub.clock.advance(limits.LISTING_SECONDS_LATER)
    hub.parts.devices.upkeep.run()
    assert {name: rows for name, rows in state(hub).items() if name != "settings"} == {
        name: rows for name, rows in before.items() if name != "settings"
    }


def test_hostile_events_of_any_form_never_stop_the_hub(hub: Hub) -> None:
    hub.add_device(hub.add_child("Mia"))
    seen = Seen("02:00:5e:30:00:01", ("192.0.2.30", "fd00::30"), "tv", "dnsmasq")
    good = messages.encode_events(Events("e1", 5, ROUTER, (seen, seen._replace(mac=TABLET))))
    for number, data in enumerate([*mutations(good, seed=8, count=600), *noise(seed=8, count=40)]):
        hub.broker.receive(ROUTER, "events", data.replace(b'"e1"', f'"e{number}"'.encode()))
        hub.clock.advance(limits.LISTING_SECONDS_LATER / 10)
    devices = hub.family().devices
    assert len(devices) <= limits.NEW_DEVICES_MAX + 1
    assert hub.get("/devices").status_code == 200
    hub.broker.apply(ROUTER)  # the policy still compiles, and is taken
    assert hub.parts.cards.overview("Europe/Berlin").applied.tone == "good"
