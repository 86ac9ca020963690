"""Settings that the connection cannot use: told, and never the end of its thread. What travels is in `tests/broker`."""

import socket
import ssl
import threading
from pathlib import Path

import pytest

from stairgate.agent import broker_link, command
from stairgate.agent.broker_link import BrokerLink, LoopClient
from stairgate.agent.gate import GateSettings
from stairgate.agent.settings import AgentSettings
from stairgate.port.clock import SystemClock
from stairgate.provisioning.home import create_home
from tests.unit.agent.rig import identity


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example"])
def test_a_malformed_name_does_not_keep_the_agent_from_the_other_address(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(broker_link, "tls_context", lambda _: ssl.create_default_context())
    monkeypatch.setattr(broker_link, "RETRY_FIRST_SECONDS", 0.001)
    connect, tried, thrice = LoopClient.connect, [], threading.Event()

    def noted(client: LoopClient, host: str, port: int, keepalive: int) -> object:
        tried.append(host)
        if len(tried) > 6:
            thrice.set()
        return connect(client, host, port, keepalive)

    monkeypatch.setattr(LoopClient, "connect", noted)
    files = (tmp_path / "ca.crt", tmp_path / "agent.crt", tmp_path / "agent.key")
    # Bound and not listening: nobody else takes the port, and connections are refused.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        settings = AgentSettings(identity(), (name, "127.0.0.1"), port, *files, ("br-lan",), tmp_path, GateSettings())
        link = BrokerLink(settings)
        link.start()
        went_on = thrice.wait(10)
        link.stop()

    assert went_on, tried
    assert tried[:6] == [name, "127.0.0.1"] * 3
    told = [type(error) for record in caplog.records if isinstance(record.args, tuple) for error in record.args]
    assert told == [UnicodeError, ConnectionRefusedError]


@pytest.mark.parametrize("name", ["ca.crt", "agent.crt", "agent.key"])
def test_a_certificate_that_is_none_is_told_as_such(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = create_home(tmp_path / "home", ["192.0.2.1"], [], 8883, ["router"], SystemClock())
    folder = home.directory / "agents" / home.agents["router"]
    (folder / name).write_text("nothing", encoding="ascii")

    assert command.main([str(folder)]) == 2

    assert "expected PEM files" in caplog.text
    assert "nftables" not in caplog.text


def test_a_router_that_is_not_paired_is_told_to_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert command.main([str(tmp_path / "stairgate")]) == 2
    assert "this router is not paired yet (stairgate pair)" in caplog.text
