"""A bear for the hub's tests: its own key and its maker's, its declaration, and what it says over MQTT."""

import secrets

from stairgate.core.ledger import message_end, message_head
from stairgate.core.lines import write_line
from stairgate.core.pairing import PairRequest, new_toy_code, read_answer, read_toy_code, write_request
from stairgate.core.toy_messages import declaration_message
from stairgate.provisioning.signing import SigningKey
from tests.portable.bear import declared
from tests.unit.hub.conftest import PASSWORD, Hub

STICKER = new_toy_code(bytes(range(16)))
TYPE = "application/vnd.stairgate.pair"
MAC = "02:00:5e:20:00:01"


class Bear:
    """One bear at a hub. `agent`: its id there once it is paired."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.key = SigningKey.create()
        self.maker = SigningKey.create()
        self.secret = read_toy_code(STICKER)
        self.agent = ""
        self.last = 0

    def ask(self, address: str = "192.0.2.77") -> int:
        """Ask to be paired, as it does while its paws are held; the status of the answer."""
        request = write_request(self.secret, PairRequest(self.key.point, secrets.token_hex(16), "toy", "Bruno"))
        answer = self.hub.new_browser().post(
            "/pair", data=request, content_type=TYPE, environ_base={"REMOTE_ADDR": address}
        )
        if answer.status_code == 200:
            told = read_answer(self.secret, request, answer.data)
            self.agent = told.agent
        return answer.status_code

    def pair(self, *children: str) -> str:
        """A parent types the code, the bear asks; its id."""
        form = {"code": STICKER, "whose": list(children), "password": PASSWORD}
        assert self.hub.post("/toys/add", **form).status_code == 303
        assert self.ask() == 200
        return self.agent

    def declare(self, body: bytes = b"", maker: SigningKey | None = None) -> None:
        """Say what its maker declared."""
        maker = maker or self.maker
        document = maker.sign("declaration", body or declared())
        self.hub.broker.receive(self.agent, "declaration", declaration_message(maker.point, document))

    def tell(self, *rows: tuple[str, str, int, str], receipt: bytes = b"") -> int:
        """Tell the newest entries of its ledger: (kind, row, amount, where); the number that the hub acknowledged."""
        now = int(self.hub.clock.wall())
        lines = []
        for row in rows:
            self.last += 1
            lines.append(write_line((self.last, now, *row))[:-1])
        message = message_head(f"m{self.last}", now, self.agent) + b",".join(lines) + message_end(receipt)
        self.hub.broker.receive(self.agent, "ledger", message)
        return self.acknowledged()

    def receipt(self, why: str, *gone: tuple[str, int]) -> bytes:
        """A receipt as the bear signs it."""
        now = int(self.hub.clock.wall())
        lines = [write_line(("receipt", "bear1", now, why))]
        lines += [write_line(("gone", row, items, why)) for row, items in gone]
        lines += [write_line(("ledger", self.last, "0" * 16))]
        return self.key.sign("receipt", b"".join(lines))

    def acknowledged(self) -> int:
        """The number in the hub's last word about the ledger."""
        said = [each.payload for each in self.hub.broker.sent if (each.agent, each.kind) == (self.agent, "ledger")]
        return int(said[-1].rsplit(b",", 1)[1].rstrip(b"]\n"))

    def sent(self, kind: str) -> list[bytes]:
        """What the hub sent to it of this kind."""
        return [each.payload for each in self.hub.broker.sent if (each.agent, each.kind) == (self.agent, kind)]
