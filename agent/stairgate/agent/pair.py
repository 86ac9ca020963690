"""`stairgate pair`: this router becomes the home's, with the one-time code that the hub shows.

It decides how the code is read, how the hub is asked, and what is told when it does not work out. Both sides prove the
code over both public keys (`stairgate.core.pairing`), so plain HTTP will do: who does not know the code learns nothing
from it and cannot change it. The code is written nowhere; the key never leaves this machine.
"""

import argparse
import contextlib
import http.client
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from stairgate.agent.certificates import validity
from stairgate.agent.limits import PAIR_PAUSE_SECONDS, PAIR_SECONDS, PAIR_TRIES
from stairgate.agent.own_key import new_key
from stairgate.agent.paired_folder import LAN_INTERFACES, NotWritten, check_folder, earlier_settings, write_folder
from stairgate.agent.settings import is_interface
from stairgate.core.fields import is_host, is_label
from stairgate.core.limits import LABEL_CHARACTERS, PAIR_ANSWER_BYTES
from stairgate.core.pairing import PairAnswer, PairRequest, read_answer, read_code, write_request
from stairgate.core.refused import Refused
from stairgate.port.clock import SystemClock

HUB_PORT = 8080
FOLDER = "/etc/stairgate"
MEDIA_TYPE = "application/vnd.stairgate.pair"
SCHEME = "stairgate"


class NotPaired(Exception):
    """Pairing did not come about and nothing was written; the text says why, in a sentence. status: to exit with."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


class Address(NamedTuple):
    """Where the hub's page is."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Reply(NamedTuple):
    """What came back: the status and at most one byte more than an answer can have."""

    status: int
    body: bytes


Post = Callable[[Address, bytes], Reply]


def read_address(text: str) -> Address:
    """The address in `HOST`, `HOST:PORT`, `[IPv6]:PORT` or an IPv6 address. Raises NotPaired."""
    host, port = text, str(HUB_PORT)
    if text.startswith("[") and "]" in text:
        host, _, rest = text[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else rest or port
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    host = host.lower()
    if not is_host(host) or not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
        raise NotPaired(f"--hub: expected the address that the hub shows, such as 192.168.1.2:8080, got {text!r}", 2)
    return Address(host, int(port))


def read_words(code: str, hub: str | None) -> tuple[bytes, Address]:
    """The code's secret and the hub's address, as typed or from the text of the QR code. Raises NotPaired."""
    if code.strip().lower().startswith(SCHEME + ":"):
        try:
            parts = urlsplit(code.strip())
        except ValueError:  # brackets where an address would be
            raise NotPaired("This is no text of a QR code that the hub shows.", 2) from None
        said = parse_qs(parts.query) if parts.path == "pair" else {}
        code, hub = said.get("code", [""])[0], hub or said.get("hub", [""])[0]
    if not hub:
        raise NotPaired("--hub: expected the address that the hub shows beside the code, got none", 2)
    try:
        secret = read_code(code)
    except Refused as refused:
        raise NotPaired(f"This is no code: {refused.detail}. The hub shows it on the page “Add a router”.", 2) from None
    return secret, read_address(hub)


def post(hub: Address, document: bytes) -> Reply:
    """Send a request to the hub. Raises OSError, http.client.HTTPException; it takes `PAIR_SECONDS` at most."""
    connection = http.client.HTTPConnection(hub.host, hub.port, timeout=PAIR_SECONDS)
    connection.connect()
    late = threading.Event()

    def cut(line: socket.socket) -> None:
        # The connection's own timeout begins anew with each byte that drips in.
        late.set()
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    ending = threading.Timer(PAIR_SECONDS, cut, (connection.sock,))
    ending.start()
    try:
        connection.request("POST", "/pair", document, {"Content-Type": MEDIA_TYPE, "Connection": "close"})
        response = connection.getresponse()
        body = b""
        while len(body) <= PAIR_ANSWER_BYTES and (chunk := response.read1(PAIR_ANSWER_BYTES + 1)):
            body += chunk
        if late.is_set():
            raise TimeoutError("the answer came too slowly")
        return Reply(response.status, body[: PAIR_ANSWER_BYTES + 1])
    finally:
        ending.cancel()
        connection.close()


def ask(hub: Address, document: bytes, send: Post = post, pause: Callable[[float], None] = time.sleep) -> bytes:
    """The hub's answer to a request; the same one is sent again when it may have got lost. Raises NotPaired."""
    lost: Exception | None = None
    for attempt in range(PAIR_TRIES):
        if attempt:
            pause(PAIR_PAUSE_SECONDS)
        try:
            reply = send(hub, document)
        except (OSError, http.client.HTTPException) as error:
            lost = error
            continue
        if reply.status == 200:
            return reply.body
        lost = None
        if reply.status != 429:
            raise NotPaired(_refusal(hub, reply))
    if lost:
        raise NotPaired(
            f"The hub does not answer at {hub} ({lost}). Is it running, is this router in its network, and is this the "
            "address that it shows beside the code?"
        )
    raise NotPaired(
        "The hub is being asked too often at the moment. Somebody else may be trying codes; look at its page."
    )


def _refusal(hub: Address, reply: Reply) -> str:
    if reply.status == 403:
        return "The hub shows another code. Compare each letter and try again; after five wrong tries the code is void."
    if reply.status == 404:
        return "The hub has no open code: it has run out, or was used. Make a new one on its page “Add a router”."
    if reply.status == 503:
        return "The hub knows the code, but could not write this router down; its page says why. The code still holds."
    if 300 <= reply.status < 400:
        return (
            f"{hub} sends us elsewhere. A hub does that only while it has no owner: open its page first, and use the "
            "address that it shows beside the code."
        )
    return f"{hub} is no hub, or one of another version (it answered {reply.status})."


def open_answer(hub: Address, secret: bytes, document: bytes, data: bytes) -> PairAnswer:
    """What the hub said, once it has proved that it knows the code. Raises NotPaired."""
    try:
        return read_answer(secret, document, data)
    except Refused as refused:
        if refused.reason == "bad_proof":
            raise NotPaired(f"What answered at {hub} does not know the code, so it is not your hub.") from None
        raise NotPaired(f"{hub} is no hub, or one of another version ({refused.reason}).") from None


def machine_label() -> str:
    """How this machine calls itself, as far as a page can show it."""
    label = socket.gethostname().split(".")[0][:LABEL_CHARACTERS].strip()
    return label if is_label(label) else "Router"


def pair(secret: bytes, hub: Address, folder: Path, label: str, lan_interfaces: Sequence[str]) -> PairAnswer:
    """Make a key, have it certified, and write the folder. Raises NotPaired, NotWritten; then nothing was written."""
    check_folder(folder)  # before the code is used up
    key = new_key()
    document = write_request(secret, PairRequest(key.point, secrets.token_hex(16), "router", label))
    answer = open_answer(hub, secret, document, ask(hub, document))
    write_folder(folder, answer, key.pem, lan_interfaces)
    return answer


def warnings(answer: PairAnswer, folder: Path, now: float) -> list[str]:
    """What will keep the agent from working although it is paired. now: this machine's UTC seconds."""
    told = []
    begins, ends = validity(answer.certificate)
    if not begins <= now <= ends:
        told.append(
            f"This machine's clock says {_day(now)}, but its certificate counts from {_day(begins)} to {_day(ends)}. "
            "Until the clock is right, no connection to the hub comes about."
        )
    there = {name for _, name in socket.if_nameindex()}
    named = earlier_settings(folder).get("lan_interfaces", [])
    if not there & set(named):
        told.append(
            f"This machine has no interface {' or '.join(named)}. Name the one of the home's network under "
            f"lan_interfaces in {folder / 'agent.toml'}."
        )
    return told


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def main(arguments: Sequence[str]) -> int:
    """`stairgate pair [CODE] [FOLDER] --hub ADDRESS[:PORT]`: asks for the code when it is not given."""
    parser = argparse.ArgumentParser(prog="stairgate pair", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("code", nargs="?", default="", help="the code that the hub shows, or the text of its QR code")
    parser.add_argument("folder", nargs="?", help=f"where key and settings are kept (default: {FOLDER})")
    parser.add_argument("--hub", metavar="ADDRESS[:PORT]", help=f"address of the hub (default port: {HUB_PORT})")
    parser.add_argument("--label", default=machine_label(), help="how parents see this router (default: %(default)s)")
    parser.add_argument(
        "--lan",
        action="append",
        default=[],
        metavar="INTERFACE",
        help=f"interface of the home's network (default: {LAN_INTERFACES[0]})",
    )
    options = parser.parse_intermixed_args(arguments)
    code, folder = options.code, options.folder
    if folder is None and "/" in code and not code.lower().startswith(SCHEME + ":"):
        code, folder = "", code
    try:
        if not is_label(options.label):
            raise NotPaired(f"--label: expected 1 to {LABEL_CHARACTERS} visible characters, got {options.label!r}", 2)
        for name in options.lan:
            if not is_interface(name):
                raise NotPaired(f"--lan: expected the name of an interface, such as br-lan, got {name!r}", 2)
        if options.hub:
            read_address(options.hub)
        secret, hub = read_words(code or input("Code: "), options.hub)
        target = Path(folder or FOLDER)
        print(f"Asking {hub} …", file=sys.stderr, flush=True)
        answer = pair(secret, hub, target, options.label, options.lan)
    except (EOFError, KeyboardInterrupt):
        print("\nNot paired.", file=sys.stderr)
        return 1
    except NotPaired as refused:
        print(refused, file=sys.stderr)
        return refused.status
    except NotWritten as refused:
        print(f"Not paired: {refused}", file=sys.stderr)
        return 1
    print(f"Paired. {target} holds this router's key and settings.")
    for warning in warnings(answer, target, SystemClock().wall()):
        print(f"But: {warning}", file=sys.stderr)
    page = Address(answer.page[0], answer.page_port)
    print(f"Next: start the agent, or restart it when it is running:\n\n    stairgate agent {target}\n")
    print(f"Then http://{page}/routers shows whether it works.")
    return 0
