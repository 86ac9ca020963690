"""Cuts a toy's power after every single operation of its flash, and looks what the next start finds.

    MICROPYPATH=.:micro:.frozen micropython tests/micro/power_cut.py [SCENARIO …]

Runs on MicroPython only: LittleFS on a flash in memory. Each scenario is something a toy does; for each operation of
the flash it is done with power for so many operations, the toy starts anew, and everything that was acknowledged must
be there: old or new, never neither. Prints figures as JSON lines, `power_cut_points` and `power_cut_lost`; exit status
1 when something was lost. (Other lines are of files that a cut left open and that are collected later.) With `--broken`
first, the toy writes its files in place and does not scrub: then something must be lost.
"""

import gc
import json
import sys

from stairgate.core import envelope, limits
from stairgate.core.receipt import read_receipt
from stairgate.micro import ledger as ledger_module
from stairgate.micro.agent import Agent, finish
from stairgate.micro.platform_fake import FakePlatform
from stairgate.micro.scrub import scrub_littlefs
from stairgate.micro.storage import Storage, unlink
from tests.micro.flash import ENDLESS, Flash, mounted, unmounted
from tests.portable import toy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Prepare = Callable[[Agent], None]
    Act = Callable[[Agent, list[str]], None]
    Holds = Callable[[Agent, list[str]], bool]

PATH = "/chip"
BLOCKS, BLOCK_BYTES = 64, 512
PLANTED = (b"PLANTED-in-a-thing", b"PLANTED-at-a-place")
OPENED = (toy.opened(toy.NOON + 600), toy.AGREED)


class Board(FakePlatform):
    """The fake board with its files on the flash; its key lies elsewhere and survives, as in an ESP32."""

    def forget(self, path: str) -> None:
        unlink(path)

    def scrub(self) -> "Iterator[None]":
        return scrub_littlefs(self.root)


class Toy:
    """A toy on a flash. `acknowledged`: what it said it has done, in order."""

    def __init__(self, data: "bytes | None", budget: int) -> None:
        self.flash = Flash(BLOCKS, BLOCK_BYTES, data, budget)
        self.board = Board(PATH, toy.point(toy.MAKER), toy.NOON)
        self.board.kept = (77).to_bytes(32, "big")
        self.acknowledged: "list[str]" = []
        self.system: object = None

    def start(self) -> Agent:
        """Switch it on."""
        self.system = mounted(self.flash, PATH)
        return toy.start(self.board)

    def off(self) -> None:
        """Switch it off. Files that a cut left open are collected now, and find a chip that says nothing."""
        unmounted(PATH)
        self.flash.is_dead = True
        gc.collect()


def with_policy(agent: Agent) -> None:
    """A toy that has a home."""
    toy.obey(agent, toy.policy(1, *OPENED))


def with_things(agent: Agent) -> None:
    """A toy that has heard and kept something."""
    with_policy(agent)
    agent.key.point()
    for _ in range(3):
        agent.kept.keep("diary", PLANTED[0])
    agent.kept.keep("diary", PLANTED[0] * 60)
    agent.ledger.note("answers", 1, str(PLANTED[1], "ascii"))
    agent.minutes.mark(agent.policy, toy.NOON)  # type: ignore[arg-type]
    agent.minutes.save(toy.NOON)


def new_policies(agent: Agent, said: "list[str]") -> None:
    """Two policies, one after the other."""
    for revision in (2, 3):
        toy.obey(agent, toy.policy(revision, toy.BEDTIME, *OPENED[: revision - 1]))
        if not agent.policy_file.is_saved:  # enforced, and the hub is told that it is not on the flash
            return
        said.append(str(revision))


def a_whole_policy(agent: Agent, said: "list[str]") -> bool:
    """The newest that was acknowledged, or the one after; never none."""
    held = agent.policy_file
    least = int(said[-1]) if said else 1
    return held.policy is not None and not held.is_damaged and held.highest in (least, least + 1)


def many_notes(agent: Agent, said: "list[str]") -> None:
    """Entries over several files of the ledger, with the oldest making room."""
    for number in range(40):
        agent.ledger.note("answers", 1000 + number)
        said.append(str(1000 + number))


def no_note_lost(agent: Agent, said: "list[str]") -> bool:
    """Every acknowledged entry that the bound has not pushed out, in order and without a gap."""
    entries = list(agent.ledger.entries())
    numbers = [entry.seq for entry in entries]
    amounts = [str(entry.amount) for entry in entries if entry.kind == "collected" and entry.amount >= 1000]
    first = int(amounts[0]) - 1000 if amounts else 0
    kept = said[first:]
    return (
        numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        and amounts[: len(kept)] == kept
        and len(amounts) <= len(kept) + 1
    )


def withdrawal(agent: Agent, said: "list[str]") -> None:
    """A parent takes back two rows, and a policy in between agrees to one of them again."""
    agent.withdraw("answers")
    said.append("answers")
    toy.obey(agent, toy.policy(2, *OPENED))
    agent.withdraw("diary")
    said.append("diary")


def nothing_reopens(agent: Agent, said: "list[str]") -> bool:
    """What was taken back stays so; what was not is as before."""
    told = [entry.row for entry in agent.ledger.entries() if entry.kind == "withdrawn"]
    reasons = {row: agent.gates.decision("microphone", row).reason for row in ("answers", "diary")}
    return (
        all(reasons[row] == "no_consent" for row in said)
        and all(row in told for row in said)
        and all(reason in ("opened", "no_consent") for reason in reasons.values())
    )


def old_things_go(agent: Agent, said: "list[str]") -> None:
    """What is old enough goes, with a receipt."""
    agent.set_time(toy.NOON + 31 * 86400)
    agent.kept.sweep()
    finish(agent.receipts.make_steps())
    said.append("receipt")


def receipts_are_true(agent: Agent, said: "list[str]") -> bool:
    """A signed receipt for what the ledger says is gone, at the latest after another look."""
    agent.set_time(toy.NOON + 31 * 86400)
    agent.kept.sweep()
    finish(agent.receipts.make_steps())
    point = agent.key.point()
    keys = {envelope.key_id(point): point}
    for document in agent.receipts.documents():
        read_receipt(envelope.open_signed(document, "receipt", keys, limits.RECEIPT_BYTES))
    return (
        agent.kept.rows() == [] and finish(agent.receipts.owed_steps()) == [] and len(agent.receipts.documents()) <= 2
    )


def erasure(agent: Agent, said: "list[str]") -> None:
    """Everything goes by command."""
    agent.erase_soon("command")
    said.append("wanted")
    while agent.step():
        pass
    if not agent.is_erasing:
        said.append("erased")


def all_or_nothing(agent: Agent, said: "list[str]") -> bool:
    """Nothing was erased yet, or everything and nothing can be read from the chip; the rules are there in any case."""
    things = len(agent.kept.items("diary"))
    if things == 4:
        return "erased" not in said
    finish(agent.receipts.make_steps())
    return things == 0 and agent.policy is not None and len(agent.receipts.documents()) == 1


# What is there before, what is done, what must hold afterwards.
SCENARIOS: "dict[str, tuple[Prepare, Act, Holds]]"
SCENARIOS = {
    "policy": (with_policy, new_policies, a_whole_policy),
    "ledger": (with_policy, many_notes, no_note_lost),
    "consent": (with_policy, withdrawal, nothing_reopens),
    "retention": (with_things, old_things_go, receipts_are_true),
    "erase": (with_things, erasure, all_or_nothing),
}


def base(prepare: "Prepare") -> bytes:
    """The flash of a toy before the scenario."""
    before = Toy(None, ENDLESS)
    prepare(before.start())
    before.off()
    return bytes(before.flash.data)


def cut(name: str, data: bytes, budget: int) -> "tuple[bool, bool]":
    """One run with power for so many operations: whether something was lost, and whether the power lasted."""
    _, act, holds = SCENARIOS[name]
    one = Toy(data, budget)
    try:
        act(one.start(), one.acknowledged)
    except OSError:
        pass
    lasted = one.flash.budget >= 0
    one.off()
    again = Toy(bytes(one.flash.data), ENDLESS)
    try:
        agent = again.start()
        fine = holds(agent, one.acknowledged)
        if name == "erase" and not agent.kept.items("diary"):
            fine = fine and not any(text in again.flash.data for text in PLANTED)
    except (OSError, ValueError, IndexError) as error:
        print("#", name, budget, repr(error))
        fine = False
    again.off()
    return not fine, lasted


def write_in_place(storage: Storage, name: str, data: bytes) -> None:
    """How files are written by those who have never pulled a plug."""
    with open(storage.path(name), "wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        file.write(data[len(data) // 2 :])


def sabotage() -> None:
    """Take away what the sweep is there to prove."""
    Storage.write = write_in_place  # type: ignore[method-assign, assignment]
    Board.scrub = lambda board: iter(())  # type: ignore[method-assign, assignment]


def figure(name: str, value: int) -> None:
    """One figure, a count."""
    print(json.dumps({"figure": name, "value": value, "unit": "1"}))


def main(names: "list[str]") -> int:
    """Sweep these scenarios; the exit status."""
    if hasattr(gc, "threshold"):
        gc.threshold(-1)  # files that a cut left open are collected in `off`, not in the middle of something
    for constant, value in (("SEGMENT_BYTES", 1024), ("SEGMENTS", 3)):
        setattr(ledger_module, constant, value)  # so that the ledger is full soon
    if names[:1] == ["--broken"]:
        names = names[1:]
        sabotage()
    points = lost = 0
    for name in names or sorted(SCENARIOS):
        data = base(SCENARIOS[name][0])
        if name == "erase" and not all(text in data for text in PLANTED):
            raise ValueError("nothing was planted")
        budget, lasted, missing = 0, False, 0
        while not lasted:
            was_lost, lasted = cut(name, data, budget)
            missing += was_lost
            budget += 1
        figure("power_cut_points_" + name, budget - 1)
        points += budget - 1
        lost += missing
    figure("power_cut_points", points)
    figure("power_cut_lost", lost)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
