"""What a toy keeps, how it goes, the receipts for it, and the export of everything."""

import json
import os

from stairgate.core import envelope, limits
from stairgate.core.ledger_message import read_ledger
from stairgate.core.receipt import read_receipt
from stairgate.core.refused import Refused
from stairgate.micro.agent import finish
from stairgate.micro.export import day, html_pieces, json_pieces
from tests.portable import toy
from tests.portable.refusals import reason_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.receipt import Receipt
    from stairgate.micro.agent import Agent
    from stairgate.micro.platform_fake import FakePlatform

DAY = 86400


def receipt_of(agent: "Agent", document: bytes) -> "Receipt":
    """The receipt, if this toy's key signed it."""
    point = agent.key.point()
    keys = {envelope.key_id(point): point}
    return read_receipt(envelope.open_signed(document, "receipt", keys, limits.RECEIPT_BYTES))


def files_below(path: str) -> "list[str]":
    """Every file below a folder."""
    found: "list[str]" = []
    for name in os.listdir(path):
        inner = path + "/" + name
        found += files_below(inner) if os.stat(inner)[0] & 0x4000 else [inner]
    return found


def holding(root: str, text: bytes) -> "list[str]":
    """The files below a folder that hold these bytes."""
    found = []
    for path in files_below(root):
        with open(path, "rb") as file:
            if text in file.read():
                found.append(path)
    return found


def test_what_is_kept_goes_at_its_age_with_a_receipt() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        agent.kept.keep("diary", b"we talked about the moon")
        board.pass_seconds(29 * DAY)
        agent.kept.keep("diary", b"and about the sun")
        agent.kept.sweep()
        assert len(agent.kept.items("diary")) == 2
        board.pass_seconds(DAY)
        agent.kept.sweep()
        assert [agent.kept.read("diary", name) for name in agent.kept.items("diary")] == [b"and about the sun"]
        assert holding(board.root, b"moon") == []
        assert "erased diary retention" in toy.kinds(agent)
        receipt = receipt_of(agent, finish(agent.receipts.make_steps()))
        assert (receipt.toy, receipt.why, receipt.gone) == ("bear1", "retention", (("diary", 1, "retention"),))
        assert receipt.seq == agent.ledger.last - 1
        assert finish(agent.receipts.make_steps()) == b""

    toy.in_home(act)


def test_a_sweep_looks_at_the_gates_between() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        for _ in range(10):
            agent.kept.keep("diary", b"moon")
        board.pass_seconds(31 * DAY)
        left = [len(agent.kept.items("diary")) for _ in agent.kept.sweep_steps()]
        assert left == [6, 2, 0]
        assert toy.kinds(agent)[-3:] == ["erased diary retention"] * 3

    toy.in_home(act)


def test_a_toy_that_sweeps_by_itself_signs_by_itself() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        agent.kept.keep("diary", b"moon")
        board.pass_seconds(31 * DAY)
        agent.poll()
        while agent.step():
            pass
        assert len(agent.receipts.documents()) == 1
        assert toy.kinds(agent)[-2:] == ["erased diary retention", "receipt retention"]

    toy.in_home(act)


def test_a_receipt_that_a_power_cut_left_owed_is_made_later() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        agent.kept.keep("diary", b"moon")
        agent.kept.remove("diary", agent.kept.items("diary"), "command")
        again = toy.start(board)
        assert finish(again.receipts.owed_steps()) == [("diary", 1, "command")]
        assert receipt_of(again, finish(again.receipts.make_steps())).gone == (("diary", 1, "command"),)

    toy.in_home(act)


def test_what_was_for_an_answer_goes_when_the_gate_closes() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, toy.opened(toy.NOON + 600, "camera")))
        path = board.root + "/data/faces"
        for name in (board.root + "/data", path):
            os.mkdir(name)
        with open(path + "/0000000005-0", "wb") as file:
            file.write(b"a face")
        with agent.gates.open("camera", "faces"):
            assert agent.kept.items("faces") == ["0000000005-0"]
        assert agent.kept.items("faces") == []
        assert toy.kinds(agent)[-1] == "erased faces answered"

    toy.in_home(act)


def test_only_what_is_declared_to_stay_on_the_toy_is_kept() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        assert reason_of(agent.kept.keep, "answers", b"voice") == "not_declared"
        assert reason_of(agent.kept.keep, "dreams", b"voice") == "not_declared"
        assert reason_of(agent.kept.keep, "diary", b"x" * 65537) == "too_large"
        for _ in range(64):
            agent.kept.keep("diary", b"x")
        assert reason_of(agent.kept.keep, "diary", b"x") == "full"
        assert len(agent.kept.items("diary")) == 64

    toy.in_home(act)


def test_everything_goes_by_command_and_the_rules_stay() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, toy.BEDTIME, toy.opened(toy.NOON + 600), toy.AGREED))
        agent.kept.keep("diary", b"the moon is a secret")
        last = agent.ledger.last
        agent.erase_soon("command")
        assert agent.gates.decision("microphone", "answers").reason == "erasing"
        while agent.step():
            pass
        assert holding(board.root, b"secret") == []
        assert agent.policy is not None
        assert agent.kept.rows() == []
        told = [(entry.seq, entry.kind, entry.row, entry.amount) for entry in agent.ledger.entries()]
        assert told[:2] == [(last + 1, "erased", "diary", 1), (last + 2, "erased", "", 1)]
        (document,) = agent.receipts.documents()
        assert receipt_of(agent, document).gone == (("diary", 1, "command"), ("toy", 1, "command"))
        data, number = agent.ledger.message("m1", "tbear")
        assert (read_ledger(data).receipt, number) == (document, agent.ledger.last)
        assert agent.gates.decision("microphone", "answers").level == "open"
        again = toy.start(board)
        assert [entry.seq for entry in again.ledger.entries()] == [last + 1, last + 2, last + 3]

    toy.in_home(act)


def test_a_gesture_erases_when_it_was_held_long_enough_and_once() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        agent.kept.keep("diary", b"moon")
        board.held = "both_paws_and_nose"
        agent.poll()
        board.pass_seconds(9)
        agent.poll()
        assert agent.kept.items("diary") != []
        board.pass_seconds(1)
        agent.poll()
        while agent.step():
            pass
        assert agent.kept.items("diary") == []
        assert "erased diary gesture" in toy.kinds(agent)
        number = agent.ledger.last
        board.pass_seconds(20)
        agent.poll()
        assert agent.ledger.last == number

    toy.in_home(act)


def test_a_hand_over_leaves_nothing_of_the_family_that_was() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, toy.BEDTIME, toy.opened(toy.NOON + 600), toy.AGREED))
        agent.kept.keep("diary", b"the moon is a secret")
        agent.storage.folder("identity")
        agent.storage.write("identity/certificate", b"of home h1")
        point = agent.key.point()
        agent.erase_soon("handover")
        while agent.step():
            pass
        for text in (b"secret", b"h1", b"pb", b"Berlin"):
            assert holding(board.root, text) == [], text
        again = toy.start(board)
        assert again.policy is None
        assert again.key.point() != point
        assert again.gates.decision("microphone", "answers").reason == "new_owner"
        assert again.gates.is_open("play")
        board.held = "both_paws"
        again.poll()
        board.pass_seconds(5)
        again.poll()
        assert again.gates.decision("microphone", "answers").reason == "gesture"
        assert toy.start(board).gates.decision("microphone", "answers").reason == "no_hub"

    toy.in_home(act)


def test_who_holds_more_is_asked_and_it_is_remembered() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        agent.erase_soon("command")
        while agent.step():
            pass
        assert agent.requests.waiting() == ["stats.example", "talk.honey.example"]
        agent.requests.asked("talk.honey.example")
        again = toy.start(board)
        assert again.requests.waiting() == ["stats.example"]
        again.requests.confirmed("talk.honey.example")
        assert toy.kinds(again)[-2:] == ["asked talk.honey.example", "confirmed talk.honey.example"]
        assert min(toy.start(board).requests.open["talk.honey.example"]) > 0

    toy.in_home(act)


def test_the_export_holds_everything() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        toy.obey(agent, toy.policy(1, toy.AGREED))
        agent.kept.keep("diary", b"<moon>")
        said = json.loads("".join(json_pieces(agent)))
        assert (said["toy"][:3], said["agreed"]) == (["bear1", 3, "Bruno the bear"], ["answers", "diary"])
        assert [item[0] for item in said["kept"]] == ["diary"]
        assert said["kept"][0][2] == "PG1vb24+"
        assert [entry[2] for entry in said["ledger"]] == ["consent", "consent", "collected"]
        assert len(said["rows"]) == 5
        page = "".join(html_pieces(agent))
        for text in ("Bruno the bear", "2026-03-27 11:00", "collected", "talk.honey.example", "not needed"):
            assert text in page, text
        assert "<script" not in page

    toy.in_home(act)


def test_an_export_after_an_erasure_is_empty_of_the_family() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        agent.kept.keep("diary", b"moon")
        agent.erase_soon("command")
        while agent.step():
            pass
        said = json.loads("".join(json_pieces(agent)))
        assert said["kept"] == []
        assert [entry[2] for entry in said["ledger"]] == ["erased", "erased", "receipt"]
        assert len(said["receipts"]) == 1

    toy.in_home(act)


def test_days_of_the_calendar() -> None:
    for utc, text in ((0, "1970-01-01 00:00"), (951782399, "2000-02-28 23:59"), (951868800, "2000-03-01 00:00")):
        assert day(utc) == text


def test_a_receipt_of_another_toy_is_not_believed() -> None:
    def act(board: "FakePlatform") -> None:
        agent = toy.start(board)
        agent.kept.keep("diary", b"moon")
        agent.kept.remove("diary", agent.kept.items("diary"), "command")
        document = finish(agent.receipts.make_steps())
        agent.key.forget()
        try:
            receipt_of(agent, document)
        except Refused as refused:
            assert refused.reason == "unknown_key"
        else:
            raise AssertionError("it was believed")

    toy.in_home(act)
