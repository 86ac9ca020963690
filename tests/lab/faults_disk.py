"""Faults of what is written down: full and read-only disks, cut files, old backups, processes killed while writing.

They decide what the disk does. The promise: what a parent was told is kept; what could not be kept was not
promised; and no file, however damaged, opens what should be closed.
"""

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.fault_home import FaultHome, demand
from tests.lab.faults_link import policy_in_force
from tests.lab.processes import Deadline, wait_until

STORE = "store.json"
STEPS_LEAST, STEPS_MOST = 6, 16
CUTS = (0.0, 0.02, 0.5, 0.999)
SAVED = ("policy", "policy.previous")


def hub_killed_after_its_answer(house: FaultHome) -> int:
    """The hub is killed the moment it has answered a tap: the tap is kept, and arrives."""
    for _ in range(3):
        house.stream(house.mia)
        house.tap_pause(house.mia)
        house.kill("hub")
        house.start_hub()
        house.wait_applied()
        house.must_be_closed(house.mia)
        lost = house.promises.missing(house.parent)
        demand(not lost, f"an answered tap is lost: {lost}")
        demand(house.is_shut(house.mia), "the tap was kept, and did not arrive")
        house.end_exceptions(house.mia)
        house.wait_applied()
    return 3


@contextmanager
def backup(house: FaultHome) -> Iterator[Path]:
    """A copy of the hub's data, taken with the hub away."""
    with tempfile.TemporaryDirectory(dir=house.folder) as folder:
        copy = Path(folder) / "data"
        house.home.end("hub")
        shutil.copytree(house.home.data, copy)
        house.start_hub()
        yield copy


def restore(house: FaultHome, copy: Path) -> None:
    """Put a copy back in place of what is there; the hub is away."""
    # It may be the top of a disk, and packs lie in a folder of theirs.
    for path in house.home.data.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    shutil.copytree(copy, house.home.data, dirs_exist_ok=True)


def hub_restored_from_yesterday(house: FaultHome) -> int:
    """The hub's data are yesterday's: it learns from the router how far it had been, and a pause works."""
    with backup(house) as copy:
        for _ in range(3):
            house.pause(house.mia)
            house.end_exceptions(house.mia)
        house.pause(house.mia)
        house.wait_applied()
        ahead = policy_in_force(house)[1].revision
        house.home.end("hub")
        # Yesterday nobody had paused Mia.
        house.may_open(house.mia)
        house.promises.exception[house.mia.id] = ""
        restore(house, copy)
        house.start_hub()
    wait_until("a policy beyond the lost ones", lambda: policy_in_force(house)[1].revision > ahead)
    house.wait_applied()
    lost = house.promises.missing(house.parent)
    demand(not lost, f"the backup has lost {lost}")
    house.pause(house.mia)
    house.wait_applied()
    return 1


def same_revision_with_another_digest(house: FaultHome) -> int:
    """A restored hub issues a revision that the router knows with other contents: it issues anew, the tap holds."""
    # A clock behind: revisions are then counted up by one, and two histories meet at the same number.
    now = house.home.clock.wall()
    house.set_clocks(now - 3600)
    with backup(house) as copy:
        house.pause(house.ben)
        house.wait_applied()
        known = policy_in_force(house)[1].revision
        house.home.end("broker")
        house.home.end("hub")
        restore(house, copy)
        house.start_hub()
    house.may_open(house.ben)
    house.promises.exception[house.ben.id] = ""
    house.tap_pause(house.mia)
    stored = (house.home.data / STORE).read_text(encoding="utf-8")
    same = len(re.findall(rf'"revision":{known}\b', stored))
    house.home.start_broker()
    wait_until("a new issue", lambda: policy_in_force(house)[1].revision > known)
    house.must_be_closed(house.mia, house.enforced(house.mia, "closed"))
    house.wait_applied()
    demand(house.is_open(house.ben), "Ben is closed by a pause that the hub does not know")
    house.set_clocks(now)
    return same


def store_cut(house: FaultHome) -> int:
    """The hub's store is cut at several lengths: it goes back one generation and says so, or does not start."""
    house.pause(house.mia)
    house.wait_applied()
    path = house.home.data / STORE
    for share in CUTS:
        # The newest generation holds nothing that the one before does not hold, but for this undoable act.
        house.parent.post(f"/children/{house.ben.id}/bonus", minutes="15")
        house.home.end("hub")
        whole = path.stat().st_size
        os.truncate(path, int(whole * share))
        house.start_hub()
        house.wait_applied()
        demand(house.parent.get("/").status == 200, "the parent is signed out by a cut store")
        demand(house.shows("went back") or house.shows("older"), "the page does not say that the store went back")
        lost = house.promises.missing(house.parent)
        demand(not lost, f"cut at {share:.0%}: {lost}")
        demand(house.is_shut(house.mia), f"cut at {share:.0%}: Mia's devices opened")
    with tempfile.TemporaryDirectory(dir=house.folder) as folder:
        house.home.end("hub")
        aside = shutil.copytree(house.home.data, Path(folder) / "data")
        for damaged in (path, path.with_name(STORE + ".previous")):
            os.truncate(damaged, damaged.stat().st_size // 2)
        told = (house.folder / "hub.log").stat().st_size
        try:
            house.home.start_hub(seconds=3)
        except Deadline:
            house.home.has_ended("hub")
        else:
            raise AssertionError("a hub without a usable store has started")
        said = (house.folder / "hub.log").read_bytes()[told:].decode(errors="replace")
        demand("Claim code" not in said, "a hub whose store is damaged offers itself to be claimed")
        demand(house.is_shut(house.mia), "Mia's devices opened when the hub lost its store")
        restore(house, aside)
        house.start_hub()
    house.wait_applied()
    return len(CUTS) + 1


def hub_disk_full(house: FaultHome) -> int:
    """The hub's disk is full: a tap that cannot be kept is not answered as done, nothing is lost, and it heals."""
    house.pause(house.ben)
    house.wait_applied()
    with house.full(house.home.data) as taken:
        refused_tap(house)
    house.pause(house.mia)
    house.wait_applied()
    return taken


def hub_disk_read_only(house: FaultHome) -> int:
    """The hub's disk turns read-only: a tap that cannot be kept is not answered as done, nothing is lost, it heals."""
    house.pause(house.ben)
    house.wait_applied()
    with house.read_only(house.home.data):
        refused_tap(house)
    house.pause(house.mia)
    house.wait_applied()
    return 1


def refused_tap(house: FaultHome) -> None:
    """A tap while the hub cannot write: not done, and said so; pages and the router go on."""
    answer = house.parent.try_post(f"/children/{house.mia.id}/pause", minutes="60")
    demand(answer.status >= 400, f"a tap that cannot be kept was answered {answer.status}")
    demand("Traceback" not in answer.body, "the parent is shown a traceback")
    demand(house.parent.get("/").status == 200, "the page is gone with the disk")
    lost = house.promises.missing(house.parent)
    demand(not lost, f"lost with the disk: {lost}")
    house.watch(0.5)
    demand(house.is_open(house.mia), "a tap that was refused has closed Mia's devices")
    demand(house.is_shut(house.ben), "Ben's pause is gone")


def router_disk_full(house: FaultHome) -> int:
    """The router's disk is full: a pause closes all the same, the page says it is not saved, and it heals."""
    with house.full(house.state) as taken:
        paused_without_saving(house)
    saved_again(house)
    return taken


def router_disk_read_only(house: FaultHome) -> int:
    """The router's disk turns read-only: a pause closes, also when the agent is started again, and it heals."""
    with house.read_only(house.state):
        paused_without_saving(house)
        house.kill("agent")
        # The saved policy is from before the pause; until the hub has said so, the agent may go by it.
        house.may_open(house.mia)
        house.start_agent()
        house.must_be_closed(house.mia, house.enforced(house.mia, "closed"))
    saved_again(house)
    return 1


def paused_without_saving(house: FaultHome) -> None:
    """A pause while the router cannot write."""
    before = policy_in_force(house)[1].revision
    house.pause(house.mia)
    wait_until("the page to say so", lambda: house.shows("not saved"))
    demand(policy_in_force(house)[1].revision == before, "the policy was saved: no fault")
    demand(house.is_shut(house.mia), "Mia's devices are not closed")


def saved_again(house: FaultHome) -> None:
    """With a disk that works, the next tap is kept."""
    before = policy_in_force(house)[1].revision
    house.tap_pause(house.ben)
    house.must_be_closed(house.ben, house.enforced(house.ben, "closed"))
    wait_until("a saved policy", lambda: policy_in_force(house)[1].revision > before)
    house.wait_applied()
    demand(not house.shows("not saved"), "the page still says that nothing is saved")


def policy_cut(house: FaultHome) -> int:
    """The router's saved policies are cut at several lengths, with nobody to ask: what was closed stays closed."""
    house.pause(house.mia)
    house.pause(house.ben)
    house.end_exceptions(house.ben)
    house.enforced(house.ben, "open")
    house.wait_applied()
    house.home.end("hub")
    house.home.end("broker")
    whole = {name: (house.state / name).read_bytes() for name in SAVED}
    for names, share in [*((SAVED[:1], share) for share in CUTS), (SAVED, CUTS[-1])]:
        house.kill("agent")
        for name in SAVED:
            (house.state / name).write_bytes(whole[name])
        for name in names:
            os.truncate(house.state / name, int(len(whole[name]) * share))
        house.start_agent()
        house.looked()
        demand(house.is_shut(house.mia), f"{', '.join(names)} cut at {share:.0%}: Mia's devices opened")
        demand(house.reaches_web("tablet"), "a parent's device was closed")
    house.watch(1.2)
    house.home.start_broker()
    house.start_hub()
    wait_until("Ben open again", lambda: house.is_open(house.ben))
    house.wait_applied()
    return len(CUTS) + 1


def agent_killed_at_every_step(house: FaultHome) -> int:
    """The agent is killed at each step of applying a pause: started again, it closes, and nothing is damaged."""
    died = 0
    for step in range(1, STEPS_MOST + 1):
        house.kill("agent")
        house.agent = house.home.start_agent("tests.lab.mortal_agent", str(step))
        house.enforced(house.mia, "open")
        house.wait_applied()
        house.stream(house.mia)
        house.agent.signal(signal.SIGUSR1)
        house.agent.wait_for("armed")
        house.tap_pause(house.mia)
        wait_until("the agent's end, or its work's", lambda: not house.agent.is_running() or house.is_applied())
        if house.agent.is_running():
            # Fewer steps than that: the pause is applied and saved, and nothing is left to die at.
            demand(died >= STEPS_LEAST, f"only {died} steps were found at which to kill the agent")
            house.must_be_closed(house.mia)
            break
        status = house.agent.wait_end()
        demand(status == -signal.SIGKILL, f"the agent ended with {status}, not killed")
        died += 1
        house.home.has_ended("agent")
        house.start_agent()
        house.wait_applied()
        house.must_be_closed(house.mia)
        demand(house.is_shut(house.mia), f"killed at step {step}: the page says applied, and the devices are open")
        house.watch(0.3)
        house.end_exceptions(house.mia)
        house.wait_applied()
    house.kill("agent")
    house.start_agent()
    house.looked()
    return died


FAULTS = (
    hub_killed_after_its_answer,
    hub_restored_from_yesterday,
    same_revision_with_another_digest,
    store_cut,
    hub_disk_full,
    hub_disk_read_only,
    router_disk_full,
    router_disk_read_only,
    policy_cut,
    agent_killed_at_every_step,
)
