"""`stairgate pair`: what is written when it works, and what is said, with nothing written, when it does not."""

import contextlib
import http.client
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stairgate.agent import pair as command
from stairgate.agent.limits import PAIR_TRIES
from stairgate.agent.pair import Address, NotPaired, Reply, ask, machine_label, main, read_address, read_words
from stairgate.agent.settings import read_settings
from stairgate.agent.state import State
from stairgate.core.limits import PAIR_ANSWER_BYTES
from stairgate.core.pairing import PairRequest, new_code, read_code, read_request, write_answer, write_request
from stairgate.core.trust import Trust
from stairgate.provisioning.authority import read_key
from stairgate.provisioning.endpoints import Endpoints
from stairgate.provisioning.settings import Home, render_agent_toml
from tests.unit.agent.pairing_hub import AGENT, HOME, HUB, Answer, PairingHub, Server
from tests.unit.agent.rig import NOON, signed, signing_key

ANYWHERE = Address("192.168.1.2", 8080)
FILES = ["agent.crt", "agent.key", "agent.toml", "ca.crt"]


@pytest.fixture
def hub() -> PairingHub:
    return PairingHub()


Serve = Callable[[Callable[[bytes], Answer]], Server]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Puts something behind an address; nobody waits between tries."""
    servers: list[Server] = []

    def started(answer: Callable[[bytes], Answer]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    monkeypatch.setattr(command, "PAIR_PAUSE_SECONDS", 0)
    yield started
    for server in servers:
        server.close()


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def run(hub: PairingHub, server: Server, folder: Path, *more: str) -> int:
    return main([hub.code, "--hub", str(server.address), str(folder), *more])


def test_a_router_is_paired(hub: PairingHub, serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "etc" / "stairgate"
    server = serve(hub.answer)

    assert run(hub, server, folder, "--label", "Attic", "--lan", "lo") == 0

    assert names(folder) == FILES
    assert server.seen == [("/pair", "application/vnd.stairgate.pair")]
    ((point, _, kind, label),) = hub.requests
    assert (kind, label) == ("router", "Attic")
    settings = read_settings(folder)
    assert settings.identity[:3] == (HOME, AGENT, "000")
    assert settings.identity.keys == {key.key_id: key.point for key in (signing_key(), signing_key("new"))}
    assert (settings.identity.trust, settings.identity.root) == (4, signing_key("root").point)
    assert (settings.broker, settings.port, settings.lan_interfaces) == (("192.168.1.2", "hub.lan"), 8883, ("lo",))
    numbers = read_key((folder / "agent.key").read_bytes()).public_key().public_numbers()
    assert point == b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    context.load_cert_chain(folder / "agent.crt", folder / "agent.key")
    assert (folder / "agent.key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    told = capsys.readouterr().out
    assert f"stairgate agent {folder}" in told
    assert "http://192.168.1.2:8080/routers" in told


def test_nothing_of_the_code_is_left(
    hub: PairingHub, serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(hub, serve(hub.answer), tmp_path / "folder") == 0
    told = capsys.readouterr()
    everything = b"".join(contents(tmp_path).values()) + (told.out + told.err).encode()
    for trace in (hub.code, hub.code.replace("-", ""), hub.secret.hex()):
        assert trace.lower().encode() not in everything.lower()
    assert names(tmp_path) == ["folder"]


def test_the_settings_are_those_that_a_home_writes(hub: PairingHub, serve: Serve, tmp_path: Path) -> None:
    run(hub, serve(hub.answer), tmp_path / "folder")
    answer = hub.say(hub.requests[0])
    home = Home(HOME, tmp_path, HUB, Endpoints(("192.168.1.2",), ("hub.lan",), 8883), answer.root)
    expected = render_agent_toml(home, AGENT, Trust(HOME, answer.trust, 0, answer.keys))
    assert (tmp_path / "folder" / "agent.toml").read_text(encoding="utf-8") == expected


def test_the_text_of_the_qr_code_is_enough(hub: PairingHub, serve: Serve, tmp_path: Path) -> None:
    code = hub.code.replace("-", "").lower()
    uri = f"stairgate:pair?hub={serve(hub.answer).address}&code={code}"
    assert main([uri, str(tmp_path / "folder")]) == 0
    assert names(tmp_path / "folder") == FILES


def test_the_code_is_asked_for_when_it_is_not_given(
    hub: PairingHub, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: f" {hub.code.lower()} ")
    assert main([str(tmp_path / "folder"), "--hub", str(serve(hub.answer).address)]) == 0
    assert names(tmp_path / "folder") == FILES


def test_a_lost_answer_is_asked_for_again_with_the_same_request(hub: PairingHub, tmp_path: Path) -> None:
    sent: list[bytes] = []

    def lossy(_hub: Address, document: bytes) -> Reply:
        sent.append(document)
        status, body = hub.answer(document)
        if len(sent) < 3:
            raise (ConnectionResetError, http.client.BadStatusLine)[len(sent) - 1]("lost")
        return Reply(status, body)

    assert ask(ANYWHERE, b"", lambda *_: Reply(200, b"x")) == b"x"
    document = write(hub)
    pauses: list[float] = []
    assert ask(ANYWHERE, document, lossy, pauses.append)
    assert sent == [document] * 3
    assert all(pause > 1 for pause in pauses)
    assert len(pauses) == 2


def write(hub: PairingHub) -> bytes:
    return write_request(hub.secret, PairRequest(signing_key().point, "0" * 32, "router", "Attic"))


def test_a_hub_that_is_asked_too_often_is_asked_again(hub: PairingHub) -> None:
    replies = [Reply(429, b""), Reply(429, b""), Reply(200, b"answer")]
    assert ask(ANYWHERE, b"", lambda *_: replies.pop(0), lambda _: None) == b"answer"
    with pytest.raises(NotPaired, match="too often"):
        ask(ANYWHERE, b"", lambda *_: Reply(429, b""), lambda _: None)


FAILURES = [
    (403, "another code"),
    (404, "no open code"),
    (503, "could not write this router down"),
    (302, "sends us elsewhere"),
    (200, "is no hub"),
    (500, "is no hub"),
    (413, "is no hub"),
]


@pytest.mark.parametrize(("status", "sentence"), FAILURES)
def test_what_went_wrong_is_said_and_nothing_is_written(
    hub: PairingHub, serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int, sentence: str
) -> None:
    server = serve(lambda _document: (status, b"<html>a page</html>"))
    assert run(hub, server, tmp_path / "folder") == 1
    told = capsys.readouterr()
    assert sentence in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
    assert names(tmp_path) == []
    assert len(server.seen) == 1


def test_who_does_not_know_the_code_is_not_the_hub(
    hub: PairingHub, serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    impostor = PairingHub()

    def other_code(document: bytes) -> Answer:
        request = read_request(hub.secret, document)
        return 200, write_answer(read_code(new_code(b"otherbytes")), document, impostor.say(request))

    assert run(hub, serve(other_code), tmp_path / "folder") == 1
    assert "not your hub" in capsys.readouterr().err

    recorded = hub.answer(write(hub))
    assert run(hub, serve(lambda _document: recorded), tmp_path / "folder") == 1
    assert "not your hub" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_a_genuine_answer_cut_or_with_one_byte_changed_is_never_taken(hub: PairingHub, tmp_path: Path) -> None:
    document = write(hub)
    whole = hub.answer(document)[1]
    assert command.open_answer(ANYWHERE, hub.secret, document, whole)
    for length in range(0, len(whole), 7):
        changed = whole[:length] + bytes((whole[length] ^ 1,)) + whole[length + 1 :]
        for data in (whole[:length], changed):
            with pytest.raises(NotPaired):
                command.open_answer(ANYWHERE, hub.secret, document, data)


def test_an_endless_answer_is_not_read_to_its_end(hub: PairingHub, serve: Serve, tmp_path: Path) -> None:
    server = serve(lambda _document: (200, b"x" * (100 * PAIR_ANSWER_BYTES)))
    reply = command.post(server.address, b"")
    assert len(reply.body) == PAIR_ANSWER_BYTES + 1
    assert run(hub, server, tmp_path / "folder") == 1


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\nstairgate-paired"])
def test_an_answer_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, beginning: bytes) -> None:
    monkeypatch.setattr(command, "PAIR_SECONDS", 0.3)
    done = threading.Event()

    def drip(server: socket.socket) -> None:
        line, _ = server.accept()
        with line, contextlib.suppress(OSError):
            line.sendall(beginning)
            while not done.wait(0.05):
                line.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip, args=(server,))
        dripping.start()
        with pytest.raises((OSError, http.client.HTTPException)):
            command.post(Address("127.0.0.1", server.getsockname()[1]), b"")
        done.set()
        dripping.join()


def test_a_hub_that_is_not_there(
    hub: PairingHub, serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(hub.answer)
    server.close()
    assert run(hub, server, tmp_path / "folder") == 1
    assert f"does not answer at {server.address}" in capsys.readouterr().err
    tries: list[bytes] = []

    def dead(_hub: Address, document: bytes) -> Reply:
        tries.append(document)
        raise TimeoutError("timed out")

    with pytest.raises(NotPaired, match="timed out"):
        ask(ANYWHERE, b"", dead, lambda _: None)
    assert len(tries) == PAIR_TRIES


@pytest.mark.parametrize(
    ("code", "options", "sentence"),
    [
        ("ABCD-EFGH", ["--hub", "192.168.1.2"], "This is no code"),
        ("U" * 16, ["--hub", "192.168.1.2"], "no U"),
        ("0" * 16, [], "--hub"),
        ("stairgate:unpair?hub=192.168.1.2&code=" + "0" * 16, [], "--hub"),
        ("stairgate:pair?code=" + "0" * 16, [], "--hub"),
        ("stairgate:pair?hub=192.168.1.2", [], "This is no code"),
        ("0" * 16, ["--hub", "http://192.168.1.2/"], "--hub"),
        ("0" * 16, ["--hub", "192.168.1.2:99999"], "--hub"),
        ("0" * 16, ["--hub", "[fe80::1]x"], "--hub"),
        ("0" * 16, ["--hub", "a b"], "--hub"),
        ("0" * 16, ["--hub", "192.168.1.2", "--label", "\u202e"], "--label"),
        ("0" * 16, ["--hub", "192.168.1.2", "--label", "x" * 41], "--label"),
        ("0" * 16, ["--hub", "192.168.1.2", "--lan", "br lan"], "--lan"),
    ],
)
def test_what_was_typed_wrong_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, options: list[str], sentence: str
) -> None:
    assert main([code, str(tmp_path / "folder"), *options]) == 2
    assert sentence in capsys.readouterr().err
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.168.1.2", ("192.168.1.2", 8080)),
        ("192.168.1.2:80", ("192.168.1.2", 80)),
        ("Hub.lan", ("hub.lan", 8080)),
        ("fd00::2", ("fd00::2", 8080)),
        ("[fd00::2]", ("fd00::2", 8080)),
        ("[fd00::2]:81", ("fd00::2", 81)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address
    assert read_address(str(read_address(text))) == address


def test_a_given_address_counts_more_than_the_qr_code_s() -> None:
    _, hub = read_words("stairgate:pair?hub=192.168.1.2:8080&code=" + "0" * 16, "192.168.1.9")
    assert hub == ("192.168.1.9", 8080)


def test_a_machine_with_a_strange_name_is_a_router(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, label in (("attic.lan", "attic"), ("\u202e", "Router"), ("", "Router"), ("x" * 64, "x" * 40)):
        monkeypatch.setattr("socket.gethostname", lambda name=name: name)
        assert machine_label() == label


# Pairing again


@pytest.fixture
def paired(hub: PairingHub, serve: Serve, tmp_path: Path) -> Path:
    """A folder that was paired and used."""
    folder = tmp_path / "folder"
    assert run(hub, serve(hub.answer), folder, "--lan", "lan0") == 0
    state = State(str(folder / "state"))
    state.save_policy(signed())
    state.save_trust(b"what an earlier hub said")
    state.save_numbers({"dphone": 1})
    (folder / "stairgate.toml").write_text("[agent]\nhello_minutes = 5\n", encoding="utf-8")
    return folder


def test_paired_again_it_goes_on_with_the_policy_and_what_was_chosen(
    hub: PairingHub, serve: Serve, paired: Path
) -> None:
    before = contents(paired)
    assert run(hub, serve(hub.answer), paired) == 0
    after = contents(paired)
    assert after["agent.key"] != before["agent.key"]
    assert after["state/policy"] == before["state/policy"]
    assert after["state/numbers.json"] == before["state/numbers.json"]
    assert "state/trust" not in after, "what an earlier hub said of keys would count more than the pairing"
    assert after["stairgate.toml"] == before["stairgate.toml"]
    assert read_settings(paired).lan_interfaces == ("lan0",)
    assert names(paired.parent) == [paired.name]


def test_what_the_running_agent_is_just_writing_is_left_behind(
    hub: PairingHub, serve: Serve, paired: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (paired / "state" / "policy.new").write_bytes(b"half a pol")
    read_bytes = Path.read_bytes

    def gone(file: Path) -> bytes:
        if file.name == "numbers.json":
            raise FileNotFoundError(file)
        return read_bytes(file)

    monkeypatch.setattr(Path, "read_bytes", gone)
    assert run(hub, serve(hub.answer), paired) == 0
    monkeypatch.undo()
    kept = names(paired / "state")
    assert "policy" in kept
    assert not {"policy.new", "numbers.json"} & {*kept}


@pytest.mark.parametrize(("home", "agent"), [("hother", AGENT), (HOME, "rother")])
def test_another_home_s_or_another_agent_s_policy_is_not_kept(
    serve: Serve, paired: Path, home: str, agent: str
) -> None:
    other = PairingHub(home, agent)
    assert run(other, serve(other.answer), paired) == 0
    assert not (paired / "state" / "policy").exists()
    assert read_settings(paired).identity[:2] == (home, agent)


def test_a_pairing_that_fails_leaves_the_folder_as_it_was(
    hub: PairingHub, serve: Serve, paired: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(paired)
    assert run(hub, serve(lambda _document: (403, b"")), paired) == 1
    assert contents(paired) == before


def test_a_disk_that_refuses_at_any_step_leaves_the_folder_as_it_was(
    hub: PairingHub, serve: Serve, paired: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, server = contents(paired), serve(hub.answer)
    calls = ("open", "rename", "fsync", "mkdir")
    failed = 0
    for name in calls:
        real = getattr(os, name)
        for step in range(1000):
            left = [step]

            def failing(
                *words: object,
                name: str = name,
                real: Callable[..., object] = real,
                left: list[int] = left,
                **more: object,
            ) -> object:
                # What is only opened for reading needs no space.
                if name != "open" or int(str(words[1])) & os.O_CREAT:
                    left[0] -= 1
                if left[0] == -1:
                    left[0] -= 1
                    raise OSError(28, "No space left on device")
                return real(*words, **more)

            with monkeypatch.context() as patch:
                patch.setattr(os, name, failing)
                status = run(hub, server, paired)
            if left[0] >= 0:
                before = contents(paired)
                break
            if status:
                failed += 1
                assert contents(paired) == before, (name, step)
                assert names(paired.parent) == [paired.name], (name, step)
            else:
                read_settings(paired)
                before = contents(paired)
        else:
            raise AssertionError(f"{name} is called for ever")
    assert failed > 10
    assert "No space left on device" in capsys.readouterr().err


def test_a_folder_of_something_else_is_left_alone_and_the_code_not_used(
    hub: PairingHub, serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear", encoding="utf-8")
    server = serve(hub.answer)
    assert run(hub, server, folder) == 1
    assert run(hub, server, folder / "letter.txt") == 1
    assert "made by pairing" in capsys.readouterr().err
    assert server.seen == []
    assert names(folder) == ["letter.txt"]


def test_a_mistake_in_what_was_chosen_is_said_before_the_code_is_used(
    hub: PairingHub, serve: Serve, paired: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (paired / "stairgate.toml").write_text("[agent]\nhello_minutes = 0\n", encoding="utf-8")
    server = serve(hub.answer)
    assert run(hub, server, paired) == 1
    assert "hello_minutes" in capsys.readouterr().err
    assert server.seen == []


def test_a_damaged_folder_is_mended_by_pairing(hub: PairingHub, serve: Serve, paired: Path) -> None:
    (paired / "agent.toml").write_bytes(b"\xff\x00 damaged")
    assert run(hub, serve(hub.answer), paired) == 0
    assert read_settings(paired).identity.home == HOME


def test_an_empty_folder_is_filled(hub: PairingHub, serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert run(hub, serve(hub.answer), folder) == 0
    assert names(folder) == FILES


def test_a_certificate_for_another_key_is_not_written(
    hub: PairingHub, serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = hub.say
    foreign = PairRequest(signing_key().point, "0" * 32, "router", "x")
    hub.say = lambda request: said(foreign)  # type: ignore[method-assign]
    assert run(hub, serve(hub.answer), tmp_path / "folder") == 1
    assert "do not belong to this router's key" in capsys.readouterr().err
    assert names(tmp_path) == []


@pytest.mark.parametrize(("now", "is_wrong"), [(NOON, False), (946_684_800.0, True), (NOON + 20 * 365 * 86400, True)])
def test_a_wrong_clock_is_said(hub: PairingHub, serve: Serve, tmp_path: Path, now: float, is_wrong: bool) -> None:
    run(hub, serve(hub.answer), tmp_path / "folder", "--lan", "lo")
    warnings = command.warnings(hub.say(hub.requests[0]), tmp_path / "folder", now)
    assert bool(warnings) == is_wrong
    if now < NOON:
        assert warnings[0].startswith("This machine's clock says 2000-01-01")


def test_an_interface_that_is_not_there_is_said(hub: PairingHub, serve: Serve, tmp_path: Path) -> None:
    run(hub, serve(hub.answer), tmp_path / "folder", "--lan", "br-absent")
    (warning,) = command.warnings(hub.say(hub.requests[0]), tmp_path / "folder", NOON)
    assert "no interface br-absent" in warning
