"""Framing of netlink messages, whatever bytes come, and how answers of the kernel become errors."""

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent import conntrack, netlink, set_elements
from stairgate.agent.conntrack import Flow, decode_flow
from stairgate.agent.gate import GRANTED, GateSettings
from stairgate.agent.limits import BATCH_MESSAGES, DUMP_TRIES
from stairgate.agent.netlink import (
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    Interrupted,
    KernelRefused,
    NetlinkSocket,
    attribute,
    attributes,
    message,
    messages,
    nested,
)

SHIFT, MASK = GateSettings().number_shift, GateSettings().number_mask()
ELEMENT_SECONDS = 5

# Bytes that are nearly right: attributes in attributes, cut, stretched or with a wrong length.
pieces = st.recursive(
    st.binary(max_size=24),
    lambda inner: st.builds(
        lambda kind, parts, lie: struct.pack("=HH", max(0, 4 + len(b"".join(parts)) + lie), kind) + b"".join(parts),
        st.sampled_from([1, 2, 3, 5, 8, 9, 10, 12, 0x8001, 0x8003, 0xFFFF]),
        st.lists(inner, max_size=3),
        st.sampled_from([0, 0, 0, -1, -4, 1, 9]),
    ),
    max_leaves=12,
)
odd_bytes = st.one_of(st.binary(max_size=200), st.lists(pieces, max_size=4).map(b"".join))


@given(odd_bytes, st.integers(0, 8))
def test_attributes_of_any_bytes_end_inside_them(data: bytes, offset: int) -> None:
    found = list(attributes(data, offset))

    assert sum(4 + len(value) for _, value in found) <= len(data)


@given(st.lists(st.tuples(st.integers(1, 0x3FFF), st.binary(max_size=40)), max_size=6), st.integers(0, 200))
def test_attributes_come_back_as_written_up_to_a_cut(written: list[tuple[int, bytes]], cut: int) -> None:
    data = b"".join(attribute(kind, value) for kind, value in written)

    found = list(attributes(data))
    of_a_part = list(attributes(data[:cut]))

    assert found == written
    assert of_a_part == written[: len(of_a_part)]


@given(odd_bytes)
def test_messages_of_any_bytes_end_inside_them(data: bytes) -> None:
    found = list(messages(data))

    assert sum(16 + len(one.body) for one in found) <= len(data)


@given(st.lists(st.binary(max_size=20), max_size=5), st.integers(0, 200))
def test_messages_come_back_as_written_up_to_a_cut(bodies: list[bytes], cut: int) -> None:
    padded = [body + b"\0" * (-len(body) % 4) for body in bodies]
    data = b"".join(message(7, 0, number, body) for number, body in enumerate(padded))

    of_a_part = list(messages(data[:cut]))

    assert [one.body for one in messages(data)] == padded
    assert [(one.sequence, one.body) for one in of_a_part] == list(enumerate(padded))[: len(of_a_part)]


@given(odd_bytes)
def test_a_flow_of_any_bytes_is_one_with_a_number_of_ours_or_none(body: bytes) -> None:
    flow = decode_flow(body, SHIFT, MASK)

    assert flow is None or 1 <= flow.number <= 1023


def test_a_flow_s_bytes_are_told_by_direction_and_other_bits_of_the_mark_are_not_the_number() -> None:
    def counters(kind: int, count: int) -> bytes:
        return nested(kind, attribute(conntrack.CTA_COUNTERS_BYTES, struct.pack("!Q", count)))

    body = (
        bytes(4)
        + attribute(conntrack.CTA_MARK, struct.pack("!I", 0xF000_00FF | 5 << SHIFT))
        + counters(conntrack.CTA_COUNTERS_ORIG, 100)
        + counters(conntrack.CTA_COUNTERS_REPLY, 2000)
        + attribute(conntrack.CTA_ID, struct.pack("!I", 77))
    )

    assert decode_flow(body, SHIFT, MASK) == Flow(id=77, number=5, sent=100, received=2000)
    assert decode_flow(bytes(4) + attribute(conntrack.CTA_MARK, struct.pack("!I", 0xF000_00FF)), SHIFT, MASK) is None


class Replies:
    """A socket of the kernel that answers as a test wants: lists of (kind, flags, body), asked one after another."""

    def __init__(self, *answers: list[tuple[int, int, bytes]]) -> None:
        self._answers = list(answers)
        self._sequence = 0
        self.asked = 0

    def send(self, request: bytes) -> None:
        """Note whose question comes next."""
        self.asked += 1
        self._sequence = max(one.sequence for one in messages(request) if one.kind != set_elements.BATCH_END)

    def recv(self, _size: int) -> bytes:
        """The next answers, each to the last question."""
        if not self._answers:
            raise TimeoutError
        return b"".join(
            struct.pack("=IHHII", 16 + len(body), kind, flags, self._sequence, 0) + body
            for kind, flags, body in self._answers.pop(0)
        )


def answering(monkeypatch: pytest.MonkeyPatch, *answers: list[tuple[int, int, bytes]]) -> tuple[NetlinkSocket, Replies]:
    opened = NetlinkSocket()
    opened.close()
    replies = Replies(*answers)
    monkeypatch.setattr(opened, "_socket", replies)
    return opened, replies


def refusal(code: int) -> tuple[int, int, bytes]:
    return NLMSG_ERROR, 0, struct.pack("=i", -code)


DONE = (NLMSG_DONE, 0, struct.pack("=i", 0))
TORN = (set_elements.NEWSETELEM, NLM_F_DUMP_INTR, bytes(4))


def an_element(key: bytes, left: int) -> tuple[int, int, bytes]:
    element = nested(1, nested(1, attribute(1, key)), attribute(ELEMENT_SECONDS, struct.pack("!Q", left)))
    return set_elements.NEWSETELEM, 0, bytes(4) + nested(set_elements.LIST_ELEMENTS, element)


@given(odd_bytes)
def test_elements_of_any_bytes_have_a_key(body: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        opened, _ = answering(patch, [(set_elements.NEWSETELEM, 0, body)], [DONE])

        found = set_elements.read_elements(opened, "stairgate", GRANTED)

    assert b"" not in found


def test_a_dump_that_was_torn_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, replies = answering(monkeypatch, [TORN, DONE], [an_element(b"phone!", 4700), DONE])

    assert set_elements.read_elements(opened, "stairgate", GRANTED) == {b"phone!": 4700}
    assert replies.asked == 2


def test_rules_are_read_again_when_somebody_changes_them_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = (set_elements.GETRULE, 0, bytes(4) + attribute(1, b"stairgate\0") + attribute(3, b"rule"))
    foreign = (set_elements.GETRULE, 0, bytes(4) + attribute(1, b"fw4\0") + attribute(3, b"else"))
    opened, replies = answering(monkeypatch, [TORN, DONE], [rule, foreign, DONE], [DONE], [DONE], [DONE])

    assert set_elements.read_rules(opened, "stairgate") == rule[2][4:]
    assert replies.asked == 5


def test_a_dump_that_is_always_torn_is_a_refusal_after_a_bounded_number_of_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, replies = answering(monkeypatch, *([[TORN, DONE]] * 50))

    with pytest.raises(Interrupted) as caught:
        set_elements.read_rules(opened, "stairgate")

    assert isinstance(caught.value, KernelRefused)
    assert caught.value.code == "EINTR"
    assert replies.asked == DUMP_TRIES


@pytest.mark.parametrize("body", [struct.pack("=i", -errno.ENOENT), struct.pack("=i", -errno.ENOENT) + bytes(16)])
def test_a_refused_dump_names_errno_and_question(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    opened, _ = answering(monkeypatch, [(NLMSG_ERROR, 0, body)])

    with pytest.raises(KernelRefused, match=r"^reading set inet granted_v1: ENOENT$"):
        set_elements.read_elements(opened, "stairgate", GRANTED)


def request(sequence: int) -> bytes:
    return message(set_elements.NEWSETELEM, netlink.NLM_F_ACK, sequence, bytes(4))


def test_silence_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = answering(monkeypatch)

    with pytest.raises(KernelRefused, match="a change: ETIMEDOUT"):
        opened.transact(request(5), 5, "a change")


def test_an_answer_cut_short_is_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = answering(monkeypatch, [(NLMSG_ERROR, 0, b"\1\2")], [refusal(errno.ENFILE)])
    opened.transact(request(5), 5, "a change")

    with pytest.raises(KernelRefused, match="ENFILE"):
        opened.transact(request(6), 6, "a change")


def test_an_answer_to_an_earlier_question_is_no_answer_to_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, replies = answering(monkeypatch, [refusal(errno.ENOENT)], [refusal(0)])
    monkeypatch.setattr(replies, "send", lambda data: None)
    monkeypatch.setattr(replies, "_sequence", 4)
    old = replies.recv(0)
    monkeypatch.setattr(replies, "_sequence", 9000)
    answers = [old, replies.recv(0)]
    monkeypatch.setattr(replies, "recv", lambda size: answers.pop(0))

    opened.transact(request(9000), 9000, "a change")

    assert answers == []


def test_numbers_of_questions_leave_room_for_the_messages_of_a_batch() -> None:
    opened = NetlinkSocket()
    first, second = opened.next_sequence(), opened.next_sequence()
    opened.close()

    assert (second - first) % 0x80000000 >= BATCH_MESSAGES


@pytest.mark.parametrize(("code", "name"), [(errno.ENFILE, "ENFILE"), (524, "E524")])
def test_every_error_has_a_name_that_a_hello_can_carry(code: int, name: str) -> None:
    assert netlink.error_name(code) == name
    assert name[0].isalpha()
