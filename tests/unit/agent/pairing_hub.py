"""A hub as far as pairing goes: it knows a code, certifies the key of a request, and answers over real HTTP."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from stairgate.agent.pair import MEDIA_TYPE, Address
from stairgate.core.pairing import PairAnswer, PairRequest, new_code, read_code, read_request, write_answer
from stairgate.core.trust import CURRENT, NEXT, TrustedKey
from stairgate.provisioning.authority import LEAF_LIFETIME, Authority, Role, validity
from tests.unit.agent.rig import NOON, signing_key

HOME, AGENT, HUB = "hpaired", "rpaired", "uhub"
Answer = tuple[int, bytes]


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


class PairingHub:
    """One home and one code. `now` is the time of its certificates; `requests` what came, in order."""

    def __init__(self, home: str = HOME, agent: str = AGENT, now: float = NOON) -> None:
        self.home, self.agent, self.now = home, agent, now
        begins = datetime.fromtimestamp(now, UTC)
        self.authority = Authority.create(home, begins, begins + 2 * LEAF_LIFETIME)
        self.code = new_code(bytes(range(10)))
        self.secret = read_code(self.code)
        self.requests: list[PairRequest] = []
        self.trust = 4

    def say(self, request: PairRequest) -> PairAnswer:
        """What the hub answers to a request that was proven."""
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), request.point)
        certificate = self.authority.issue(Role.AGENT, self.agent, public, *validity(self.now, LEAF_LIFETIME))
        keys = tuple(
            TrustedKey(key.key_id, key.point, state)
            for key, state in ((signing_key(), CURRENT), (signing_key("new"), NEXT))
        )
        return PairAnswer(
            home=self.home,
            agent=self.agent,
            shard="000",
            hub=HUB,
            broker=("192.168.1.2", "hub.lan"),
            broker_port=8883,
            page=("192.168.1.2",),
            page_port=8080,
            root=signing_key("root").point,
            keys=keys,
            trust=self.trust,
            ca=_der(self.authority.certificate),
            certificate=_der(certificate),
        )

    def answer(self, document: bytes) -> Answer:
        """Status and body."""
        request = read_request(self.secret, document)
        self.requests.append(request)
        return 200, write_answer(self.secret, document, self.say(request))


class Server:
    """`answer` behind HTTP at a free port of loopback. seen: path and content type of each request."""

    def __init__(self, answer: Callable[[bytes], Answer]) -> None:
        seen = self.seen = list[tuple[str, str]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                seen.append((self.path, self.headers.get("Content-Type", "")))
                status, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Type", MEDIA_TYPE)
                if 300 <= status < 400:
                    self.send_header("Location", "http://127.0.0.1:1/pair")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """Silent."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = Address("127.0.0.1", self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
