"""The filter's process: real children that answer, die, hang, say nonsense or do not read; the parent never waits."""

import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stairgate.agent import gate
from stairgate.agent.dns.__main__ import options
from stairgate.agent.filter_channel import Serving, framed, read_serving
from stairgate.agent.filter_process import ENVIRONMENT, FilterProcess, dns_words
from stairgate.agent.gate import GateSettings
from stairgate.agent.limits import (
    FILTER_ANSWER_SECONDS,
    FILTER_CHECK_SECONDS,
    FILTER_PAUSE_FIRST_SECONDS,
    FILTER_PAUSE_MAX_SECONDS,
    FILTER_STEADY_SECONDS,
    FRAME_BYTES,
)
from stairgate.agent.settings import AgentSettings
from tests.lab.processes import wait_until
from tests.unit.agent.rig import identity

CHILD = Path(__file__).with_name("filter_child.py")
FRAME = b'{"v":1}\n["policy"]\n'


class Parent:
    """A filter process whose clock stands still until a test moves it."""

    def __init__(self, mode: str, log: Path) -> None:
        self.log = log
        self.now = 1000.0
        self.process = FilterProcess([sys.executable, "-S", str(CHILD), mode, str(log)])

    def turn_until(self, what: str, done: Callable[[], Any]) -> Any:
        """Turn without letting time pass until something is so."""

        def turned() -> Any:
            self.process.turn(self.now)
            return done()

        return wait_until(what, turned)

    def told(self, event: str) -> list[dict[str, Any]]:
        """What the children have noted."""
        text = self.log.read_text(encoding="ascii") if self.log.exists() else ""
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in lines if line["event"] == event]

    def frames(self) -> list[str]:
        """The hashes of the frames that were taken."""
        return [frame["sha256"] for frame in self.told("frame")]

    def pid(self) -> int:
        """Of the newest child."""
        return int(self.told("start")[-1]["pid"])

    def serve(self, frame: bytes = FRAME) -> None:
        """Tell a frame and wait for the answer."""
        self.process.tell(frame)
        self.turn_until("an answer", self.process.is_current)

    def pass_pause(self) -> float:
        """Let time pass until the next child is due; the pause."""
        self.turn_until("the end of it", lambda: self.process._child is None)
        pause = self.process.next_moment() - self.now
        self.now += pause
        return pause


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[str], Parent]]:
    parents: list[Parent] = []

    def start(mode: str) -> Parent:
        parents.append(Parent(mode, tmp_path / f"{mode}.log"))
        return parents[-1]

    yield start
    for parent in parents:
        parent.process.close()


def sha256(frame: bytes) -> str:
    return hashlib.sha256(frame).hexdigest()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_nothing_runs_before_there_is_something_to_tell(started: Callable[[str], Parent]) -> None:
    parent = started("good")
    parent.process.turn(parent.now)

    assert parent.process.next_moment() == float("inf")
    assert not parent.log.exists()
    assert not parent.process.is_current()


def test_frames_arrive_whole_and_are_answered(started: Callable[[str], Parent]) -> None:
    parent = started("good")
    largest = FRAME + b"x" * (FRAME_BYTES - len(FRAME))

    parent.serve()
    parent.serve(largest)

    assert parent.frames() == [sha256(FRAME), sha256(largest)]
    assert parent.process.serving == Serving(2, "")
    with pytest.raises(ValueError, match="expected at most"):
        parent.process.tell(largest + b"x")


def test_an_answer_makes_the_descriptor_readable_and_so_does_an_end(started: Callable[[str], Parent]) -> None:
    parent = started("good")
    descriptor = parent.process.fileno()
    parent.process.tell(FRAME)
    parent.process.turn(parent.now)

    assert select.select([descriptor], [], [], 20)[0]
    parent.turn_until("an answer", parent.process.is_current)
    assert not select.select([descriptor], [], [], 0)[0]
    os.kill(parent.pid(), signal.SIGKILL)
    assert select.select([descriptor], [], [], 20)[0]


def test_it_inherits_its_end_of_the_channel_and_a_small_environment(
    started: Callable[[str], Parent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAIRGATE_SECRET", "x")
    parent = started("good")
    with socket.socket() as other:
        os.set_inheritable(other.fileno(), True)
        parent.serve()

    (child,) = parent.told("start")
    assert set(child["environment"]) <= {*ENVIRONMENT, "LC_CTYPE"}
    assert len(child["descriptors"]) == 4


def test_behind_a_child_that_does_not_read_only_the_newest_frame_waits(started: Callable[[str], Parent]) -> None:
    parent = started("slow")
    parent.serve()
    channel = parent.process._channel
    assert channel
    # The kernel rounds up: a large frame does not fit.
    channel._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    partial = FRAME + b"p" * 100_000
    parent.process.tell(partial)
    parent.process.turn(parent.now)
    assert 0 < len(channel._unsent) < len(partial)

    for number in range(100):
        parent.process.tell(FRAME + b"%d" % number)
        parent.process.turn(parent.now)
    assert parent.frames() == [sha256(FRAME)]
    parent.log.with_name(parent.log.name + ".go").touch()
    parent.turn_until("the newest", parent.process.is_current)

    assert parent.frames() == [sha256(FRAME), sha256(partial), sha256(FRAME + b"99")]


def test_killed_ten_times_it_comes_back_with_the_newest_frame(started: Callable[[str], Parent]) -> None:
    parent = started("good")
    parent.serve()
    newest = FRAME + b"newest"
    parent.serve(newest)
    pauses = []
    for times in range(10):
        assert parent.process.serving
        os.kill(parent.pid(), signal.SIGKILL)
        parent.turn_until("the end to be seen", lambda: parent.process.serving is None)
        assert not parent.process.is_current() and not parent.process.is_asked()
        pauses.append(parent.pass_pause())
        parent.turn_until("an answer", parent.process.is_current)
        assert parent.frames()[2:] == [sha256(newest)] * (times + 1)

    assert len({start["pid"] for start in parent.told("start")}) == 11
    assert pauses == pytest.approx(
        [min(FILTER_PAUSE_FIRST_SECONDS * 2**times, FILTER_PAUSE_MAX_SECONDS) for times in range(10)]
    )


def test_one_that_lived_long_comes_back_soon(started: Callable[[str], Parent]) -> None:
    parent = started("good")
    parent.serve()
    for _ in range(4):
        os.kill(parent.pid(), signal.SIGKILL)
        parent.turn_until("the end to be seen", lambda: parent.process.serving is None)
        last = parent.pass_pause()
        parent.turn_until("an answer", parent.process.is_current)

    parent.now += FILTER_STEADY_SECONDS
    os.kill(parent.pid(), signal.SIGKILL)
    parent.turn_until("the end to be seen", lambda: parent.process.serving is None)

    assert parent.pass_pause() == pytest.approx(FILTER_PAUSE_FIRST_SECONDS) != pytest.approx(last)


@pytest.mark.parametrize("mode", ["mute", "deaf"])
def test_one_that_does_not_answer_is_killed_and_the_next_gets_more_time(
    started: Callable[[str], Parent], mode: str
) -> None:
    parent = started(mode)
    parent.process.tell(FRAME)
    parent.turn_until("its start", lambda: parent.told("start"))
    first = parent.pid()

    parent.now += FILTER_ANSWER_SECONDS - 0.1
    parent.process.turn(parent.now)
    assert is_alive(first) and parent.process.is_asked()
    parent.now += 0.2
    parent.turn_until("its end", lambda: not is_alive(first))
    parent.pass_pause()
    parent.turn_until("the next", lambda: len(parent.told("start")) == 2)

    parent.now += FILTER_ANSWER_SECONDS + 0.1
    parent.process.turn(parent.now)
    assert is_alive(parent.pid()) and parent.process.is_asked()
    parent.now += FILTER_ANSWER_SECONDS
    parent.turn_until("its end too", lambda: not is_alive(parent.pid()))


def test_one_that_hangs_later_is_found_though_nothing_changes(started: Callable[[str], Parent]) -> None:
    parent = started("later")
    parent.serve()

    parent.now += FILTER_CHECK_SECONDS
    parent.turn_until("the question", lambda: len(parent.frames()) == 2)
    # That it is asked whether it answers is no news to anybody.
    assert parent.process.is_current() and not parent.process.is_asked()
    parent.now += FILTER_ANSWER_SECONDS
    parent.turn_until("its end", lambda: not is_alive(parent.pid()))

    assert parent.process.serving is None


def test_one_that_answers_is_asked_again_and_goes_on(started: Callable[[str], Parent]) -> None:
    parent = started("good")
    parent.serve()
    for _ in range(3):
        parent.now += FILTER_CHECK_SECONDS
        parent.turn_until("the question", lambda: parent.process.next_moment() == parent.now + FILTER_CHECK_SECONDS)

    assert len(parent.told("start")) == 1
    assert parent.frames() == [sha256(FRAME)] * 4


@pytest.mark.parametrize("mode", ["babbling", "garbled", "dying"])
def test_one_that_talks_nonsense_or_ends_at_once_is_replaced_ever_more_slowly(
    started: Callable[[str], Parent], mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    parent = started(mode)
    parent.process.tell(FRAME)
    pauses = [parent.pass_pause() for _ in range(3)]

    assert pauses == pytest.approx([FILTER_PAUSE_FIRST_SECONDS * 2**times for times in range(3)])
    assert len(caplog.records) == 1


def test_one_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    process = FilterProcess([str(tmp_path / "missing")])
    process.tell(FRAME)
    process.turn(1.0)

    assert process.next_moment() == pytest.approx(1.0 + FILTER_PAUSE_FIRST_SECONDS)
    assert process.serving is None
    process.close()


@pytest.mark.parametrize("mode", ["good", "deaf"])
def test_nothing_is_left_of_it(tmp_path: Path, mode: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    parent = Parent(mode, tmp_path / "log")
    parent.process.tell(FRAME)
    parent.turn_until("its start", lambda: parent.told("start"))

    parent.process.close()

    assert not is_alive(parent.pid())
    assert len(os.listdir("/proc/self/fd")) == before


def test_it_ends_with_an_agent_that_was_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        "import sys, time\n"
        "from stairgate.agent.filter_process import FilterProcess\n"
        f"process = FilterProcess([sys.executable, {str(CHILD)!r}, 'good', {str(log)!r}])\n"
        f"process.tell({FRAME!r})\n"
        "while True:\n"
        "    process.turn(time.monotonic())\n"
        "    time.sleep(0.01)\n"
    )
    parent = Parent("good", log)
    with subprocess.Popen([sys.executable, "-c", program]) as agent:
        wait_until("a frame", parent.frames)
        assert is_alive(parent.pid())
        agent.kill()
    wait_until("its end", lambda: not is_alive(parent.pid()))
    parent.process.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"7",
        b"{}",
        b"\xff",
        b"[" * 900,
        b'{"v":2,"state":"serving","revision":1,"pack":""}',
        b'{"v":1,"state":"dying","revision":1,"pack":""}',
        b'{"v":1,"state":"serving","revision":true,"pack":""}',
        b'{"v":1,"state":"serving","revision":1,"pack":7}',
    ],
)
def test_what_is_no_state_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        read_serving(content)


def test_the_filter_understands_its_command_line(tmp_path: Path) -> None:
    files = (tmp_path / "ca.crt", tmp_path / "agent.crt", tmp_path / "agent.key")
    settings = AgentSettings(
        identity(), ("hub",), 8883, *files, ("br-lan", "br-guest"), tmp_path, GateSettings("other")
    )
    interpreter, flag, module, *words = dns_words(settings._replace(resolvers=("192.168.77.1", "fd00::1")))
    chosen = options([*words, "--channel", "7"])

    assert (interpreter, flag, module) == (sys.executable, "-m", "stairgate.agent.dns")
    assert (chosen.channel, chosen.lan, chosen.table) == (7, ["br-lan", "br-guest"], "other")
    assert chosen.resolver == [("192.168.77.1", 53), ("fd00::1", 53)]
    assert (chosen.port, chosen.probe_port) == (gate.DNS_PORT, gate.PROBE_PORT)


def test_a_frame_begins_with_its_length() -> None:
    assert framed(b"abc") == b"\0\0\0\3abc"
