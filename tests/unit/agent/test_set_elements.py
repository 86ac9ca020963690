"""The bytes of a batch, message by message; what a kernel does with them is tested in `tests/lab`."""

import struct
from collections.abc import Iterator

import pytest

from stairgate.agent.gate import BRIDGE_GRANTED, EXEMPT, GRANTED, LIMITED4, RESOLVED4, SetName
from stairgate.agent.limits import ELEMENTS_A_MESSAGE
from stairgate.agent.netlink import NLM_F_ACK, NLM_F_CREATE, NLM_F_REQUEST, Message, attributes, messages
from stairgate.agent.set_elements import (
    BATCH_BEGIN,
    BATCH_END,
    DELSETELEM,
    LIST_ELEMENTS,
    NEWSETELEM,
    SetChange,
    encode_changes,
    encode_replacement,
)

PHONE, TABLET = bytes.fromhex("02000000770a"), bytes.fromhex("02000000770d")

GRANT_FOR_4700_MS = """
    14000000 1000 0100 07000000 00000000  00 00 000a                           # begin, for nftables
    58000000 0c0a 0104 08000000 00000000  01 00 0000                           # add element inet …
      0e000100 7374616972676174650000 00 0f000200 6772616e7465645f763100 00    # … stairgate granted_v1
      24000380 20000180 10000180 0a000100 02000000770a 0000                    # … { 02:00:00:00:77:0a
        0c000400 000000000000125c                                              # … timeout 4700ms }
    4c000000 0e0a 0100 09000000 00000000  01 00 0000                           # delete element inet …
      0e000100 7374616972676174650000 00 0f000200 6772616e7465645f763100 00    # … stairgate granted_v1
      18000380 14000180 10000180 0a000100 02000000770a 0000                    # … { 02:00:00:00:77:0a }
    58000000 0c0a 0504 0a000000 00000000  01 00 0000                           # add again, and answer
      0e000100 7374616972676174650000 00 0f000200 6772616e7465645f763100 00
      24000380 20000180 10000180 0a000100 02000000770a 0000
        0c000400 000000000000125c
    14000000 1100 0100 0b000000 00000000  00 00 000a                           # end
"""


def golden(text: str) -> bytes:
    return bytes.fromhex("".join(line.partition("#")[0] for line in text.splitlines()))


def told(message: Message) -> tuple[int, str, list[tuple[bytes, int | None]]]:
    """Kind, set name and elements of one message of a batch, read independently of the encoder's helpers."""
    values = dict(attributes(message.body, 4))
    elements = []
    for _, entry in attributes(values[LIST_ELEMENTS]):
        parts = dict(attributes(entry))
        timeout = struct.unpack("!Q", parts[4])[0] if 4 in parts else None
        elements.append((dict(attributes(parts[1]))[1], timeout))
    return message.kind, values[2].rstrip(b"\0").decode(), elements


def inner(batch: bytes) -> list[Message]:
    """The messages between begin and end."""
    found = list(messages(batch))
    assert [found[0].kind, found[-1].kind] == [BATCH_BEGIN, BATCH_END]
    return found[1:-1]


def test_a_grant_is_added_deleted_and_added_again() -> None:
    change = SetChange(GRANTED, {PHONE: 4700}, frozenset())

    assert encode_changes("stairgate", [change], 7) == (golden(GRANT_FOR_4700_MS), 10)


def test_a_grant_that_was_not_there_is_added_once() -> None:
    change = SetChange(GRANTED, {PHONE: 4700}, frozenset(), frozenset({PHONE}))

    (addition,) = inner(encode_changes("stairgate", [change], 7)[0])

    assert told(addition) == (NEWSETELEM, GRANTED.name, [(PHONE, 4700)])


def test_family_and_set_name_are_those_of_each_change() -> None:
    changes = [SetChange(GRANTED, {PHONE: 1}, frozenset()), SetChange(BRIDGE_GRANTED, {PHONE: 2}, frozenset())]

    batch, _ = encode_changes("stairgate", changes, 1)

    assert [message.body[0] for message in inner(batch)] == [1, 1, 1, 7, 7, 7]


def test_a_removal_adds_for_a_moment_so_that_an_expired_element_can_be_deleted() -> None:
    batch, _ = encode_changes("stairgate", [SetChange(GRANTED, {}, frozenset({PHONE}))], 1)

    assert [told(message) for message in inner(batch)] == [
        (NEWSETELEM, "granted_v1", [(PHONE, 1000)]),
        (DELSETELEM, "granted_v1", [(PHONE, None)]),
    ]


def test_elements_of_sets_without_timeouts_have_none() -> None:
    batch, _ = encode_changes("stairgate", [SetChange(EXEMPT, {TABLET: None}, frozenset({PHONE}))], 1)

    assert [told(message) for message in inner(batch)] == [
        (NEWSETELEM, "exempt_v1", [(TABLET, None), (PHONE, None)]),
        (DELSETELEM, "exempt_v1", [(TABLET, None), (PHONE, None)]),
        (NEWSETELEM, "exempt_v1", [(TABLET, None)]),
    ]


@pytest.mark.parametrize("timeout", [0, -1, -4700])
def test_a_timeout_that_would_be_for_ever_is_refused(timeout: int) -> None:
    changes = [SetChange(GRANTED, {PHONE: 1000, TABLET: timeout}, frozenset())]

    with pytest.raises(ValueError, match=rf"a timeout of {timeout} ms for 02000000770d in granted_v1: expected 1"):
        encode_changes("stairgate", changes, 1)


def test_nothing_to_change_sends_nothing() -> None:
    assert encode_changes("stairgate", [], 5) == (b"", 5)
    assert encode_changes("stairgate", [SetChange(GRANTED, {}, frozenset())], 5) == (b"", 5)


def keys(count: int) -> Iterator[bytes]:
    return (b"\x02" + number.to_bytes(5, "big") for number in range(count))


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (ELEMENTS_A_MESSAGE, [512] * 3),
        (ELEMENTS_A_MESSAGE + 1, [512, 1] * 3),
        (3 * ELEMENTS_A_MESSAGE, [512] * 9),
    ],
)
def test_many_elements_go_into_several_messages_that_all_stay_whole(count: int, sizes: list[int]) -> None:
    wanted = dict.fromkeys(keys(count), 21_600_000)

    batch, last = encode_changes("stairgate", [SetChange(GRANTED, dict(wanted), frozenset())], 1)

    found = inner(batch)
    assert [len(told(message)[2]) for message in found] == sizes
    assert dict(element for message in found[-len(sizes) // 3 :] for element in told(message)[2]) == wanted
    assert last == found[-1].sequence == len(sizes) + 1


def test_only_the_last_message_asks_for_an_answer_and_only_additions_create() -> None:
    batch, _ = encode_changes("stairgate", [SetChange(SetName("inet", "granted_v1"), {PHONE: 5}, frozenset())], 1)

    assert [message.flags for message in messages(batch)] == [
        NLM_F_REQUEST,
        NLM_F_REQUEST | NLM_F_CREATE,
        NLM_F_REQUEST,
        NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK,
        NLM_F_REQUEST,
    ]


def test_a_replacement_empties_each_set_in_the_same_batch() -> None:
    key = b"\2\0\0\0\0\1\0\0\xcb\0\x71\x0a"

    batch, last = encode_replacement("stairgate", {RESOLVED4: {key: 5000}, LIMITED4: {}}, 7)

    told = list(messages(batch))
    assert [each.kind & 0xFF for each in told] == [0x10, 14, 12, 14, 0x11]
    assert [each.sequence for each in told] == [7, 8, 9, 10, 11]
    assert (last, told[3].flags & NLM_F_ACK) == (10, NLM_F_ACK)
    assert key in told[2].body
    assert LIMITED4.name.encode() in told[3].body
