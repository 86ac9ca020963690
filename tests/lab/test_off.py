"""The way out on a real kernel: what was closed passes, the kernel ends it alone, and removal leaves nothing behind."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent import off, presence
from stairgate.agent.gate import GRANTED, OFF, GateSettings
from stairgate.agent.grants import mac_key
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.off import Place
from stairgate.agent.state import State
from stairgate.port.clock import SystemClock
from stairgate.provisioning.home import create_home
from tests.lab import gate_check, network
from tests.lab.gate_check import Window
from tests.lab.policies import family_policy, pause
from tests.lab.processes import python_module, wait_until
from tests.lab.scene import Scene
from tests.lab.test_gate import MIAS, SETTINGS, WATCHED_SECONDS, assert_believable, can_ping, enforcement_of, kernel

__all__ = ["kernel"]

OFF_SECONDS = 4
PLACE = Place(SETTINGS, ("br-lan",), None)


def paused_for_an_hour(kernel: LinuxKernel) -> None:
    now = int(time.time())
    with network.inside("router"):
        enforcement_of(kernel).enforce(family_policy(overrides=[pause("pmia", now - 1, now + 3600)]), {})


def test_what_is_closed_passes_in_both_directions_until_the_kernel_ends_it(kernel: LinuxKernel, tmp_path: Path) -> None:
    paused_for_an_hour(kernel)
    assert mac_key(network.PHONE.mac) not in kernel.elements(GRANTED)
    with network.inside("router"):
        scene = Scene(tmp_path, MIAS)
        off.switch_off(kernel, PLACE, OFF_SECONDS)
        left = off.left_ms(kernel)
        end_ns = time.monotonic_ns() + (left or 0) * 1_000_000
    scene.ask()
    wait_until("all transfers", scene.all_connected)
    start_ns = time.monotonic_ns()
    assert start_ns < end_ns - 500_000_000, "the machine was too slow for this test"
    # From here on nobody does anything: no agent runs, and the kernel's timer is alone.
    until_ns = end_ns + int(WATCHED_SECONDS * 1e9)
    wait_until("the end of the watch", lambda: time.monotonic_ns() > until_ns)
    footage, window = scene.cut(), Window("off", start_ns, end_ns, until_ns)

    # Every packet sent while it was off came through: streams up and down, pings, over both families.
    assert_believable(footage, window)
    assert gate_check.late_packets(footage.device, footage.internet, [window]) == []
    assert gate_check.missing_resets(footage.events, MIAS, window) == []


def test_the_router_s_own_services_are_open_too_and_loading_the_rules_keeps_it(kernel: LinuxKernel) -> None:
    paused_for_an_hour(kernel)
    assert not can_ping("phone", network.WEB_V4)
    off.switch_off(kernel, PLACE, 600)

    with network.inside("router"):
        enforcement_of(kernel).load_rules()

    assert can_ping("phone", network.WEB_V4)
    assert can_ping("phone", network.WEB_V6)
    off.end_now(kernel)
    assert not can_ping("phone", network.WEB_V4)


def test_a_listening_kernel_hears_that_it_was_switched_off(kernel: LinuxKernel) -> None:
    paused_for_an_hour(kernel)
    kernel.rules_touched()

    off.switch_off(kernel, PLACE, 600)
    wait_until("news of it", kernel.rules_touched)
    off.end_now(kernel)

    wait_until("news of the end", kernel.rules_touched)


NO_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs")


def command(*words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`stairgate off` on the router's console."""
    return subprocess.run(
        [*network.enter_words("router"), *before, *python_module("stairgate.cli", "off", *words)],
        capture_output=True,
        text=True,
        check=False,
    )


def ruleset() -> str:
    return network.nft_list("router", "ruleset")


@pytest.fixture
def bare_router(home_network: None) -> Iterator[None]:
    """A router with its own firewall alone, whose kernel counts nothing."""
    network.nft("router", "flush ruleset\n" + network.ROUTER_FIREWALL)
    network.set_sysctls("router", {"netfilter/nf_conntrack_acct": "0"})
    yield
    network.nft("router", "flush ruleset\n" + network.ROUTER_FIREWALL)


@pytest.fixture(scope="module")
def agent_folder(folder: Path) -> Path:
    home = create_home(
        folder / "home",
        addresses=[network.HOME.v4],
        names=["stairgate.lan"],
        broker_port=8883,
        agents=["router"],
        clock=SystemClock(),
        user="root",
    )
    return home.agent_directory("router")


def test_removal_leaves_the_ruleset_as_it_was_before(bare_router: None, agent_folder: Path) -> None:
    before = ruleset()
    with network.inside("router"):
        kernel = LinuxKernel(SETTINGS)
        assert kernel.began_counting
        off.note_counting(State(str(agent_folder / "state")))
        agent = presence.announce(SETTINGS.table)
    assert agent is not None
    paused_for_an_hour(kernel)
    off.switch_off(kernel, PLACE, 600)
    assert ruleset() != before

    refused = command("--remove", str(agent_folder))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "stop it first" in refused.stderr
    agent.close()
    removed = command("--remove", str(agent_folder))

    assert removed.returncode == 0, removed.stderr
    assert ruleset() == before
    assert "delete it" in removed.stdout
    assert acct_of_router() == "0"
    kernel.close()
    again = command("--remove")
    assert again.returncode == 0
    assert ruleset() == before
    assert "nf_conntrack_acct" in again.stdout


def acct_of_router() -> str:
    words = [*network.enter_words("router"), "cat", "/proc/sys/net/netfilter/nf_conntrack_acct"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def test_the_command_works_without_any_agent_and_says_how_it_stands(bare_router: None, agent_folder: Path) -> None:
    nothing = command()
    off_for_a_day = command("--for", "24h", str(agent_folder))
    standing = command()
    with network.inside("router"):
        looking = LinuxKernel(GateSettings(), listening=False)
    assert set(looking.elements(OFF)) == {off.interface_key("br-lan")}
    ended = command("--end")
    assert looking.elements(OFF) == {}
    looking.close()

    assert "closes nothing" in nothing.stdout
    assert "Switched off on br-lan for 1 day" in off_for_a_day.stdout, off_for_a_day.stderr
    assert "another 1 day" in standing.stdout or "another 23 h" in standing.stdout
    assert "in force again" in ended.stdout
    assert [one.returncode for one in (nothing, off_for_a_day, standing, ended)] == [0, 0, 0, 0]
    assert command("--for", "8d").returncode == 2


@pytest.mark.parametrize("words", [[], ["--for", "1h"], ["--end"], ["--remove"]])
def test_without_the_rights_it_says_what_is_needed(bare_router: None, words: list[str]) -> None:
    before = ruleset()

    ran = command(*words, before=NO_RIGHTS)

    assert ran.returncode == 1
    assert "root or CAP_NET_ADMIN" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ruleset() == before
