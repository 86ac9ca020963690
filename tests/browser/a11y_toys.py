"""A toy in the home that is looked at: paired, declared, opened, erased, with an account and what was observed."""

from stairgate.core.ledger import message_end, message_head
from stairgate.core.lines import write_line
from stairgate.core.pairing import PairRequest, new_toy_code, read_answer, read_toy_code, write_request
from stairgate.core.toy_messages import declaration_message
from stairgate.provisioning.signing import SigningKey
from tests.browser.conftest import ROUTER, LiveHub
from tests.portable.bear import declared

STICKER, ANOTHER = new_toy_code(bytes(range(16))), new_toy_code(b"another toy, 16b")
MAC = "3c:22:fb:00:01:01"
_LABEL = "Bruno-Balthasar der sprechende Teddybär"
_ROWS = (
    ("opened", "answers", 0, "microphone:opened"),
    ("collected", "answers", 40_000, ""),
    ("sent", "answers", 40_000, "talk.honey.example"),
    ("undeclared", "", 1200, "ads.example"),
    ("closed", "answers", 95, "microphone:not_opened"),
    ("refused", "answers", 0, "microphone:week"),
    ("erased", "diary", 4, "command"),
    ("asked", "", 0, "talk.honey.example"),
    ("time", "", 0, "set"),
    ("receipt", "", 8, "command"),
)


def add_toy(hub: LiveHub, *children: str) -> str:
    """A bear of these children with everything that its page can show; its id."""
    acts, pairing, now = hub.parts.toys.acts, hub.parts.toys.pairing, int(hub.clock.wall())
    key, maker, secret = SigningKey.create(), SigningKey.create(), read_toy_code(STICKER)
    pairing.wait_for(STICKER, children)
    request = write_request(secret, PairRequest(key.point, "0a" * 16, "toy", _LABEL))
    agent = str(read_answer(secret, request, pairing.window.answer(request).answer).agent)
    pairing.window.cancel()
    pairing.came_from(agent, MAC)
    document = maker.sign("declaration", declared())
    hub.broker.receive(agent, "declaration", declaration_message(maker.point, document))
    owner = hub.parts.parents.accounts()[0].id
    for row in ("answers", "diary"):
        acts.agree(agent, row, owner)
    acts.withdraw(agent, "diary", owner)
    acts.erase(agent, "command", owner)
    acts.open_gate(agent, "microphone", 30, owner)
    acts.switch(agent, "camera", False, owner)
    lines = [write_line((number, now, *row))[:-1] for number, row in enumerate(_ROWS, 1)]
    said = [("receipt", "bear1", now, "command"), ("gone", "diary", 4, "command"), ("ledger", 9, "0" * 16)]
    receipt = key.sign("receipt", b"".join(write_line(line) for line in said))
    hub.broker.receive(agent, "ledger", message_head("m1", now, agent) + b",".join(lines) + message_end(receipt))
    day = now // 86400
    seen = [("talk.honey.example", True, day, 12, now - 90), ("ads.example", False, day, 3, now - 50)]
    hub.parts.toys.ledger.saw(agent, seen)
    hub.broker.apply(agent)
    hub.broker.apply(ROUTER)
    return agent
