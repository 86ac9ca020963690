"""What toys say, taken by the broker's thread: their declaration, their ledger, and that they are there.

It decides whom to believe: a declaration by the maker's key that came first, a receipt by the key that was paired. What
is believed is kept and acknowledged; an order to erase goes out again at each hello until the toy's receipt is here.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from stairgate.core import limits as core_limits
from stairgate.core import messages, receipt, toy_messages
from stairgate.core.declaration import KIND as DECLARATION_KIND
from stairgate.core.declaration_rules import check_declaration
from stairgate.core.envelope import key_id, open_signed
from stairgate.core.ledger_message import LedgerMessage, read_ledger
from stairgate.core.observed import DECLARED, Reached, Streamed
from stairgate.core.refused import Refused
from stairgate.hub.acts import Acts
from stairgate.hub.clock import Clock
from stairgate.hub.delivery import Outgoing
from stairgate.hub.family import read_family
from stairgate.hub.issue import Signer
from stairgate.hub.store import Transaction
from stairgate.hub.toy_ledger import ToyLedger
from stairgate.hub.toys import COMMAND, FAULTY, GESTURE, HANDOVER, OTHER_MAKER, Toy, read_toys, write_toy

_log = logging.getLogger(__name__)


class ToyIntake:
    """One home's toys, as they speak. One thread at a time (the owner of the broker connection)."""

    def __init__(self, acts: Acts, home: str, signer: Signer, clock: Clock, ledger: ToyLedger) -> None:
        self._acts = acts
        self._home = home
        self._signer = signer
        self._clock = clock
        self._ledger = ledger
        self._nonces: dict[str, str] = {}

    def hello(self, hello: messages.Hello) -> list[Outgoing]:
        """A toy is there: what it still has to erase is said again, with the nonce of this hello."""
        self._nonces[hello.agent] = hello.nonce
        return self.erase_again(hello.agent)

    def erase_again(self, agent: str) -> list[Outgoing]:
        """The order to erase that this toy has not carried out yet; nothing before its first hello."""
        toy, nonce = self._toy(agent), self._nonces.get(agent)
        if toy is None or nonce is None or toy.erasure is None or toy.erasure.done:
            return []
        body = toy_messages.erase_body(self._home, agent, nonce, toy.erasure.why)
        return [Outgoing(agent, "erase", self._signer.sign(toy_messages.ERASE_KIND, body))]

    def message(self, agent: str, kind: str, payload: bytes) -> list[Outgoing]:
        """A message of a toy's own kinds. Raises Refused."""
        toy = self._toy(agent)
        if toy is None:
            raise Refused("bad_topic", "expected a toy of this home")
        if kind == "declaration":
            self._declared(toy, payload)
            return []
        return self._told(toy, read_ledger(payload))

    def observed(self, agent: str, rows: Sequence[Reached | Streamed]) -> None:
        """What a router saw toys reach, or try to; what it tells of other devices is left out here."""
        reached = [row for row in rows if isinstance(row, Reached)]
        if not reached:
            return
        with self._acts.reading() as stored:
            toys = {toy.device: toy.id for toy in read_toys(stored)}
        for device, toy in toys.items():
            own = [row for row in reached if row.device == device]
            if seen := [(row.where, row.verdict == DECLARED, row.day, row.times, row.last) for row in own]:
                self._ledger.saw(toy, seen)

    def _toy(self, agent: str) -> Toy | None:
        with self._acts.reading() as rows:
            return next((toy for toy in read_toys(rows) if toy.id == agent), None)

    def _declared(self, toy: Toy, payload: bytes) -> None:
        point, document = toy_messages.read_declaration_message(payload)
        try:
            text = document.decode()
        except UnicodeDecodeError:
            raise Refused("bad_message", "expected a declaration in UTF-8") from None
        if (toy.maker, toy.document) == (point.hex(), text):
            return
        if toy.maker and toy.maker != point.hex():
            _log.error("a toy’s declaration is signed by another maker’s key than before; it was not taken")
            self._alarm(toy.id, OTHER_MAKER)
            return
        body = open_signed(document, DECLARATION_KIND, {key_id(point): point}, core_limits.DECLARATION_BYTES)
        if faults := check_declaration(body):
            _log.error("a toy’s declaration lacks what it must say (%d faults); it was not taken", len(faults))
            self._alarm(toy.id, FAULTY)
            return
        now = int(self._clock.wall())

        def edit(rows: Transaction) -> None:
            held = read_family(rows).toy(toy.id)
            if held:
                write_toy(rows, replace(held, maker=point.hex(), document=text, declared=now, alarm=""))

        self._acts.change(edit)

    def _alarm(self, agent: str, alarm: str) -> None:
        def edit(rows: Transaction) -> None:
            held = read_family(rows).toy(agent)
            if held and held.alarm != alarm:
                write_toy(rows, replace(held, alarm=alarm))

        self._acts.change(edit)

    def _told(self, toy: Toy, told: LedgerMessage) -> list[Outgoing]:
        if told.agent != toy.id:
            raise Refused("bad_message", "expected the agent of the topic")
        document = told.receipt if self._is_own(toy, told.receipt) else b""
        last = self._ledger.take(toy.id, told.entries, told.last, document)
        if document:
            self._erased(toy, document)
        body = toy_messages.ledger_body(self._home, toy.id, last)
        return [Outgoing(toy.id, "ledger", self._signer.sign(toy_messages.LEDGER_KIND, body))]

    def _is_own(self, toy: Toy, document: bytes) -> bool:
        """Whether this toy's key signed the receipt."""
        if not document:
            return False
        try:
            self.read_receipt(toy, document)
        except Refused as refused:
            _log.error("a toy’s receipt was not believed: %s", refused.reason)
            return False
        return True

    @staticmethod
    def read_receipt(toy: Toy, document: bytes) -> receipt.Receipt:
        """What a receipt of this toy says. Raises Refused."""
        point = bytes.fromhex(toy.point)
        body = open_signed(document, receipt.KIND, {key_id(point): point}, core_limits.RECEIPT_BYTES)
        return receipt.read_receipt(body)

    def _erased(self, toy: Toy, document: bytes) -> None:
        told = self.read_receipt(toy, document)
        if told.why not in (COMMAND, HANDOVER, GESTURE):
            return
        # What the toy has erased is not told by its hub either.
        self._ledger.forget_before(toy.id, told.seq)
        now = int(self._clock.wall())

        def edit(rows: Transaction) -> None:
            held = read_family(rows).toy(toy.id)
            if held and held.erasure and not held.erasure.done and held.erasure.why == told.why:
                write_toy(rows, replace(held, erasure=replace(held.erasure, done=now, receipt=document.decode())))

        self._acts.change(edit)
