"""Faults that people make: two parents at once, many browsers, a child's laptop that holds the hub's doors.

They decide who taps what at the same moment. The promise: no act that was answered is lost, everybody sees the same,
and a tap works whoever else is at the door.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from stairgate.hub import limits
from tests.lab import network
from tests.lab.fault_home import FaultHome, demand
from tests.lab.home import HUB_PORT
from tests.lab.parent import Parent
from tests.lab.processes import wait_until

ACTS = (("pause", "30"), ("bonus", "15"), ("end", ""), ("pause", "60"), ("bonus", "30"))
BEDTIMES = 7
BROWSERS, LOOKS = 16, 6
SILENT_SOCKETS = 20
HISTORY_LINE = '<p class="text"><b>'
JOIN_SECONDS = 60.0


def all_at_once(works: list[Callable[[], None]]) -> None:
    """Run all in threads of their own, begun together; the first that failed is raised."""
    start, faults = threading.Barrier(len(works)), []

    def run(work: Callable[[], None]) -> None:
        try:
            start.wait(JOIN_SECONDS)
            work()
        except (AssertionError, OSError) as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(JOIN_SECONDS)
    demand(not any(thread.is_alive() for thread in threads), "a browser still waits for its answer")
    if faults:
        raise faults[0]


def two_parents_tap_at_once(house: FaultHome) -> int:
    """Two parents tap and add bedtimes at the same moment: nothing answered is lost, both see what the router does."""
    child = house.mia.id
    house.may_open(house.mia)
    before = house.parent.get("/history").body.count(HISTORY_LINE)
    added: list[str] = []

    def parent(browser: Parent, hour: int) -> Callable[[], None]:
        def work() -> None:
            for number in range(BEDTIMES):
                what, minutes = ACTS[(number + hour) % len(ACTS)]
                browser.post(f"/children/{child}/{what}", **({"minutes": minutes} if minutes else {}))
                start, end = f"{hour:02}:{number:02}", f"{hour:02}:{number + 20}"
                browser.post(f"/children/{child}/bedtime", days="64", start=start, end=end)
                added.append(f"{start}–{end}")

        return work

    all_at_once([parent(house.parent, 2), parent(house.second, 3)])
    house.promises.bedtimes[child].update(added)
    demand(len(added) == 2 * BEDTIMES, f"{len(added)} of {2 * BEDTIMES} bedtimes were answered")
    told = house.second.get("/history").body.count(HISTORY_LINE)
    # One page shows the newest hundred.
    expected = min(before + 4 * BEDTIMES, limits.HISTORY_SHOWN)
    demand(told >= expected, f"the history tells of {told} acts, expected {expected}")
    lost = house.promises.missing(house.second)
    demand(not lost, f"lost updates: {lost}")
    # Both change the same bedtime as they read it: one is told that the other was faster.
    page = house.parent.get(f"/children/{child}/schedule").body
    week = page.split(f"/children/{child}/bedtime/", 1)[1].split("/", 1)[0]
    fields = {"week": week, "revision": "1", "days": "64", "start": "04:00", "end": "04:30"}
    statuses: list[int] = []
    all_at_once(
        [
            lambda b=browser: statuses.append(b.try_post(f"/children/{child}/bedtime", **fields).status)  # type: ignore[misc]
            for browser in (house.parent, house.second)
        ]
    )
    demand(sorted(statuses) == [303, 409], f"two changes of one bedtime were answered {statuses}")
    # Two last words at once: one of them stands, whoever looks.
    taps = [("pause", house.parent), ("bonus", house.second)]
    all_at_once([lambda w=what, b=browser: b.post(f"/children/{child}/{w}", minutes="15") for what, browser in taps])  # type: ignore[misc]
    house.wait_applied()
    shown = [browser.status()["children"][child] for browser in (house.parent, house.second)]
    demand(shown[0] == shown[1], f"two parents see two states: {shown}")
    demand(shown[0]["reason"] in ("pause", "bonus"), f"neither tap stands: {shown[0]}")
    is_open = shown[0]["level"] == "open"
    wait_until("kernel and page to agree", lambda: house.is_open(house.mia) if is_open else house.is_shut(house.mia))
    house.remove_bedtimes(house.mia)
    return len(added)


def sixteen_browsers(house: FaultHome) -> int:
    """Sixteen browsers look at all pages at once: each is answered, and a tap among them closes."""
    windows = [browser.another_window() for browser in (house.parent, house.second) for _ in range(BROWSERS // 2)]
    house.stream(house.mia)
    answered: list[int] = []

    def browse(browser: Parent) -> Callable[[], None]:
        def work() -> None:
            for _ in range(LOOKS):
                for path in ("/", f"/children/{house.mia.id}", "/devices", "/status"):
                    answer = browser.get(path)
                    demand(answer.status == 200, f"{path} was answered {answer.status}")
                    answered.append(answer.status)

        return work

    def tap() -> None:
        house.tap_pause(house.mia)
        house.must_be_closed(house.mia, house.enforced(house.mia, "closed"))

    try:
        all_at_once([tap, *map(browse, windows)])
    finally:
        for window in windows:
            window.close()
    house.wait_applied()
    demand(len(answered) == BROWSERS * LOOKS * 4, f"{len(answered)} pages were answered")
    return len(windows)


@contextlib.contextmanager
def silent_sockets(count: int) -> Iterator[list[socket.socket]]:
    """Connections of Ben's laptop that say nothing, or half a request, for as long as they may."""
    held = []
    try:
        for number in range(count):
            with network.inside("laptop"):
                held.append(socket.create_connection((network.HOME.v4, HUB_PORT), 5))
            if number % 2:
                held[-1].sendall(b"POST /login HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000\r\n\r\npassw")
        yield held
    finally:
        for one in held:
            one.close()


def twenty_silent_sockets(house: FaultHome) -> int:
    """Twenty silent connections from a child's laptop: a parent's tap works all the same."""
    house.parent.close()
    with silent_sockets(SILENT_SOCKETS) as held:
        house.pause(house.mia)
        house.wait_applied()
        demand(house.second.another_window().get("/").status == 200, "another parent gets no page")
        return len(held)


FAULTS = (two_parents_tap_at_once, sixteen_browsers, twenty_silent_sockets)
