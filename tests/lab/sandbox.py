"""A place of its own for the lab: private network, mounts and processes, gone without a trace when it ends.

`python -m tests.lab.sandbox COMMAND …` runs COMMAND in new namespaces, as root or, where the kernel really lets an
ordinary user, in a user namespace. Nothing in it reaches the host's network, `/run` or resolver settings, and when
COMMAND ends (or the terminal says Ctrl-C) the kernel ends every process in it. It decides only where things run;
`network` builds the home inside.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

INSIDE = "STAIRGATE_LAB"
RESOLVER = "nameserver 192.168.77.1\noptions timeout:1 attempts:2\n"
STOP_SECONDS = 15.0
HEARD_SECONDS = 5.0
# What the lab must be able to do. Only doing it tells whether this kernel and this user may.
PROBE = (
    "mount -t tmpfs lab /run && ip link add probe0 type veth peer name probe1 && "
    "ip link add probe2 type bridge && ip link set probe1 master probe2 && "
    "nft add table inet probe && nft add table bridge probe && ip netns add probe"
)


class NoSandbox(Exception):
    """This machine does not let this user make the namespaces; the text says what was tried and what helps."""


def unshare_words() -> list[str]:
    """The command prefix that makes the namespaces for this user."""
    words = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        words += ["--user", "--map-root-user"]
    return words


def probe() -> None:
    """Try everything the lab needs, once. Raises NoSandbox with the first refusal."""
    try:
        ran = subprocess.run([*unshare_words(), "sh", "-c", PROBE], capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        raise NoSandbox(f"{missing.filename} is not installed") from missing
    if ran.returncode:
        user = "root" if os.geteuid() == 0 else "an ordinary user"
        raise NoSandbox(
            f"{user} may not make the lab's namespaces here: {ran.stderr.strip().splitlines()[-1:]}. "
            "As root it works on any Linux with nftables; without, the kernel must allow user namespaces "
            "(sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)."
        )


def _prepare() -> None:
    subprocess.run(["mount", "-t", "tmpfs", "lab", "/run"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # Every device of the lab asks the lab's router for names.
    real = Path(os.path.realpath("/etc/resolv.conf"))
    if real.is_relative_to("/run"):
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_text(RESOLVER, encoding="ascii")
    elif real.exists():
        ours = Path("/run/lab-resolv.conf")
        ours.write_text(RESOLVER, encoding="ascii")
        subprocess.run(["mount", "--bind", str(ours), str(real)], check=True)


def _first_process(lifeline: int, command: Sequence[str]) -> int:
    """Process 1 of the sandbox: run the command, collect orphans, end when the command or the lifeline ends."""
    _prepare()
    os.set_inheritable(lifeline, False)
    child = subprocess.Popen(command, env=os.environ | {INSIDE: "1"}, close_fds=False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A Ctrl-C reaches the whole foreground group, the command too: here it must only not end process 1 before it.
        signal.signal(number, lambda _number, _frame: None)

    ended = threading.Event()

    def hold() -> None:
        os.read(lifeline, 1)
        os.kill(child.pid, signal.SIGTERM)
        if not ended.wait(STOP_SECONDS):
            os.kill(child.pid, signal.SIGKILL)

    threading.Thread(target=hold, daemon=True).start()
    while True:
        # Orphans become children of process 1; without this they stay as zombies until the sandbox ends.
        pid, status = os.wait()
        if pid == child.pid:
            ended.set()
            return os.waitstatus_to_exitcode(status)


def is_inside() -> bool:
    """True in a process of the sandbox."""
    return INSIDE in os.environ


def run(command: Sequence[str], keep_descriptors: Sequence[int] = ()) -> int:
    """Run a command in a new sandbox and return its exit status. Raises NoSandbox before anything was started.

    The sandbox holds one end of a pipe: when this process ends, in whatever way, so does everything in there.
    """
    probe()
    lifeline, ours = os.pipe()
    first = [sys.executable, "-m", "tests.lab.sandbox", "--first-process", str(lifeline)]
    process = subprocess.Popen([*unshare_words(), *first, *command], pass_fds=[lifeline, *keep_descriptors])
    os.close(lifeline)

    def let_go(_number: int, _frame: object) -> None:
        os.close(ours)

    signal.signal(signal.SIGTERM, let_go)
    # A shell that started us in the background has switched it off.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # At a terminal the command has heard it too and is cleaning up.
            try:
                return process.wait(HEARD_SECONDS)
            except subprocess.TimeoutExpired:
                os.close(ours)


def main(arguments: Sequence[str]) -> int:
    """`python -m tests.lab.sandbox COMMAND …`."""
    if arguments[:1] == ["--first-process"]:
        return _first_process(int(arguments[1]), arguments[2:])
    if is_inside():
        return subprocess.call(list(arguments))
    try:
        return run(arguments)
    except NoSandbox as refused:
        print(f"lab: {refused}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
