"""Every page of the hub, looked at in five ways by axe-core in a headless Chromium; then eight tasks by keyboard.

`make a11y`; `python -m tests.browser.a11y_check [--page NAME]… [--variation NAME]…`. It prints figures as JSON lines
and, beside them, each violation of WCAG 2.2 A or AA with its page, variation, rule and element. Exit status 1 when
there is one, when no page was looked at, when an address of the URL map is left out, or when a task takes more taps
than promised.

Which pages there are is `a11y_pages`' part, what is wrong with one `a11y_judge`'s, the tasks are `a11y_walk`'s.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, StorageState, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from stairgate.hub.app import create_app
from stairgate.hub.backup import Places
from stairgate.hub.keeping import in_memory
from tests.browser.a11y_home import HERE, STATES, FullHome
from tests.browser.a11y_judge import Finding, judge
from tests.browser.a11y_life import CARER_NAME, OWNER_NAME
from tests.browser.a11y_pages import NOBODY, PARENT, VISITS, Visit, nothing, stale, unvisited
from tests.browser.a11y_variations import VARIATIONS, Variation, Window
from tests.browser.a11y_walk import walk
from tests.browser.conftest import LiveHub, Phone
from tests.chromium import launch

BEGAN = time.monotonic()


def say(text: str) -> None:
    """Progress and findings, for whoever waits."""
    print(f"a11y {time.monotonic() - BEGAN:5.1f} s: {text}", file=sys.stderr, flush=True)


def figure(name: str, value: float, unit: str) -> None:
    """One figure."""
    print(json.dumps({"figure": name, "value": value, "unit": unit}), flush=True)


class Look(NamedTuple):
    """What was found on one page in one variation."""

    visit: Visit
    variation: Variation
    findings: tuple[Finding, ...]

    @property
    def violations(self) -> list[Finding]:
        """Without advice."""
        return [finding for finding in self.findings if not finding.is_advice]


def open_page(home: FullHome, window: Window, visit: Visit) -> Page:
    """The page of a visit, as it is to be judged. Raises AssertionError when it answers otherwise."""
    hub = home.hub
    hub.parts.guessing.succeeded(HERE)
    hub.parts.pairing.cancel()
    hub.parts.toys.pairing.window.cancel()
    hub.network.neighbours = {HERE: visit.mac} if visit.mac else {}
    page = window.begin(window.variation.language if visit.then is nothing else "en")
    path = visit.path.format(**home.ids)
    answer = page.goto(path)
    assert answer, path
    kind = answer.headers.get("content-type", "")
    expected = (visit.status, path, "text/html")
    got = (answer.status, page.url.removeprefix(hub.address), kind.partition(";")[0])
    assert got == expected, f"{visit.name}: expected {expected}, got {got}"
    visit.then(page)
    page.wait_for_load_state()
    return window.finish()


def look(home: FullHome, chromium: Browser, visits: Sequence[Visit], variations: Sequence[Variation]) -> Iterator[Look]:
    """Every visit of the state the hub is in, in every variation."""
    states = {who: sign_in(home, chromium, who) for who in {visit.who for visit in visits} - {NOBODY}}
    for variation in variations:
        say(f"{len(visits)} pages, {visits[0].state}, {variation.name}")
        for who in sorted({visit.who for visit in visits}):
            window = Window(chromium, home.hub.address, variation, states.get(who))
            for visit in visits:
                if visit.who == who:
                    yield Look(visit, variation, look_once(home, window, visit))
            window.close()


def look_once(home: FullHome, window: Window, visit: Visit) -> tuple[Finding, ...]:
    """What is wrong with a page; that it cannot be opened or used as the table says is a finding, too."""
    try:
        return tuple(judge(open_page(home, window, visit)))
    except (AssertionError, PlaywrightError) as problem:
        return (Finding("not-as-expected", visit.path, " ".join(str(problem).split())[:300]),)


def sign_in(home: FullHome, chromium: Browser, who: str) -> StorageState:
    """The cookies of a parent, or of a carer."""
    home.hub.network.neighbours = {}
    home.hub.parts.guessing.succeeded(HERE)
    is_alone = len(home.hub.parts.parents.accounts()) == 1
    phone = Phone(chromium, home.hub.address)
    phone.sign_in("" if is_alone else OWNER_NAME if who == PARENT else CARER_NAME)
    state = phone.context.storage_state()
    phone.context.close()
    return state


def look_at_all(
    chromium: Browser, pages: Collection[str] = (), variations: Sequence[Variation] = VARIATIONS
) -> Iterator[Look]:
    """All visits, or those of these names, through all states of one hub."""
    with tempfile.TemporaryDirectory(prefix="stairgate-") as temporary:
        yield from _through_all_states(chromium, Path(temporary), pages, variations)


def _through_all_states(
    chromium: Browser, folder: Path, pages: Collection[str], variations: Sequence[Variation]
) -> Iterator[Look]:
    hub = LiveHub(lambda clock: replace(in_memory(clock), places=Places(folder, folder)))
    home = FullHome(hub)
    hub.start()
    try:
        for state, lead_to in STATES:
            if state == "empty":
                claim(hub, chromium)
            lead_to(home)
            visits = [visit for visit in VISITS if visit.state == state and (not pages or visit.name in pages)]
            if visits:
                yield from look(home, chromium, visits, variations)
    finally:
        hub.stop()


def claim(hub: LiveHub, chromium: Browser) -> None:
    """The hub gets its owner."""
    hub.parts.guessing.succeeded(HERE)
    hub.parts.claim_code.renew()
    phone = Phone(chromium, hub.address)
    phone.claim(hub)
    phone.context.close()


def left_out() -> list[str]:
    """Addresses that nobody looks at, and reasons for addresses that are none."""
    hub = LiveHub()
    home = FullHome(hub)
    hub.start()
    try:
        home.fill()
        app = create_app(hub.parts)
    finally:
        hub.stop()
    return [f"{rule}: not looked at" for rule in unvisited(app, home.ids)] + [
        f"{endpoint}: no address any more" for endpoint in stale(app)
    ]


def report(looks: Iterator[Look]) -> tuple[int, int, int]:
    """Says what is found as it is found; how many pages, violations and pieces of advice."""
    count = violations = advice = 0
    for one in looks:
        count += 1
        violations += len(one.violations)
        advice += len(one.findings) - len(one.violations)
        for finding in one.findings:
            word = "advice" if finding.is_advice else "VIOLATION"
            say(f"{word}: {one.visit.name}, {one.variation.name}: {finding.rule}: {finding.element} – {finding.says}")
    return count, violations, advice


def look_in_a_browser(pages: Sequence[str], variations: Sequence[Variation]) -> tuple[int, int, int]:
    """Look and report, in a process of its own."""
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        counts = report(look_at_all(chromium, pages, variations))
        chromium.close()
    return counts


def walk_in_a_browser() -> list[tuple[str, int, str]]:
    """Name, taps and fault of each task, in a process of its own."""
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        walked = [(one.task.name, one.taps, one.fault) for one in walk(chromium)]
        chromium.close()
    return walked


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="append", default=[], choices=[visit.name for visit in VISITS])
    parser.add_argument("--variation", action="append", default=[], choices=[each.name for each in VARIATIONS])
    options = parser.parse_args()
    variations = [each for each in VARIATIONS if not options.variation or each.name in options.variation]
    missing = left_out()
    for text in missing:
        say(f"LEFT OUT: {text}")
    # Two browsers: a page is waited for as much as it is worked on.
    groups = [group for group in (variations[::2], variations[1::2]) if group]
    with ProcessPoolExecutor(len(groups), mp_context=get_context("spawn")) as pool:
        looks = [pool.submit(look_in_a_browser, options.page, group) for group in groups]
        walking = pool.submit(walk_in_a_browser) if not (options.page or options.variation) else None
        count, violations, advice = (sum(counts) for counts in zip(*(one.result() for one in looks), strict=True))
        walked = walking.result() if walking else []
    figure("a11y_pages", count, "pages")
    figure("a11y_violations", violations, "elements")
    figure("a11y_advice", advice, "elements")
    figure("a11y_left_out", len(missing), "addresses")
    for name, taps, fault in walked:
        figure(f"taps_{name}", taps, "taps")
        if fault:
            say(f"TASK {name}: {fault}")
    return 1 if violations or missing or not count or any(fault for _, _, fault in walked) else 0


if __name__ == "__main__":
    sys.exit(main())
