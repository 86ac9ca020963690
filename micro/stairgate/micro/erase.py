"""Erasing: everything about the family goes from the toy, for good, whatever happens to the power meanwhile.

It decides what goes, in which order, and what is left: the ledger's numbers, so that a gap is seen, and a signed
receipt. A note on the flash comes first and goes last; a start that finds it goes on. A change of owner takes rules,
key and identity as well. Overwriting what was removed is the platform's `scrub`.
"""

from stairgate.core.ledger import START
from stairgate.core.words import DIGITS, is_id, is_made_of
from stairgate.micro.agent import MARK, OWNER
from stairgate.micro.ledger import ACKNOWLEDGED, FOLDER, ORIGIN, RECEIPTS
from stairgate.micro.limits import STATE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from stairgate.micro.agent import Agent

IDENTITY = "identity"  # the folder of whom the toy belongs to: certificate, trust, home
HANDOVER = "handover"
WHYS = ("command", "gesture", HANDOVER)


def erase_steps(agent: "Agent", why: str) -> "Generator[None, None, bytes]":
    """Erase, and return the signed receipt. why: `command`, `gesture` or `handover`. Yields all the time.

    Raises OSError when the flash fails; the next start goes on then.
    """
    agent.is_erasing = True
    agent.gates.close_all("erasing")
    counts = ["%s:%d" % (row, len(agent.kept.items(row))) for row in agent.kept.rows()]
    mark = [why, str(agent.ledger.last), agent.ledger.check] + counts
    agent.storage.write(MARK, " ".join(mark).encode())
    return (yield from finish_steps(agent))


def _is_count(parts: "list[str]") -> bool:
    return len(parts) == 2 and is_id(parts[0]) and is_made_of(parts[1], DIGITS, 1, 9)


def finish_steps(agent: "Agent") -> "Generator[None, None, bytes]":
    """Go on with an erasure from its note. As `erase_steps`."""
    storage = agent.storage
    note = storage.words(MARK, STATE_BYTES)
    # A note that cannot be read was spoilt from outside: what was begun is done all the same.
    why, last, check = note[:3] if len(note) >= 3 and note[0] in WHYS else ("command", "0", START)
    counts = [(one[0], int(one[1])) for one in [word.split(":") for word in note[3:]] if _is_count(one)]
    if why == HANDOVER:
        storage.write(OWNER, b"new")
        agent.policy_file.forget()
        agent.key.forget()
        storage.remove_folder(IDENTITY)
        for name in ("withdrawn", ORIGIN):
            storage.remove(name)
        agent.is_new = True
    else:
        storage.write(ORIGIN, (last + " " + check).encode())
    yield
    agent.minutes.forget()
    agent.consents.forget()
    for folder in ("data", RECEIPTS, FOLDER):
        storage.remove_folder(folder)
        yield
    storage.remove(ACKNOWLEDGED)
    yield from agent.platform.scrub()
    agent.begin_ledger()
    agent.ledger.record(*[("erased", row, items, why) for row, items in counts], ("erased", "", len(counts), why))
    agent.requests.want()
    storage.remove(MARK)
    agent.session = 0
    agent.is_erasing = False
    return (yield from agent.receipts.make_steps())
