"""A real browser on a device of the lab, asked whether a page is whole: its style, its script and its picture.

`python -m tests.lab.page_parts URL …` runs in the device's namespace and prints a JSON line for each page: whether it
came at all, the colour of its heading, what its script wrote, how wide its picture is, and what failed. Each run is a
browser of its own, which remembers no answer of a name server.
"""

import json
import sys
from collections.abc import Sequence

from playwright.sync_api import Error, Page, sync_playwright

from tests.chromium import launch

PARTS = """() => ({
    colour: getComputedStyle(document.querySelector('h1')).color,
    script: document.body.dataset.script || '',
    picture: document.querySelector('img').naturalWidth,
})"""


def look(page: Page, url: str) -> dict[str, object]:
    """What this page is like, once everything of it has come or failed."""
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    try:
        answer = page.goto(url, wait_until="load", timeout=8000)
    except Error as problem:
        return {"url": url, "came": False, "failed": failed, "says": str(problem)}
    came = answer is not None and answer.ok
    return {"url": url, "came": came, "failed": failed, **page.evaluate(PARTS)}


def visit(urls: Sequence[str]) -> None:
    """Open each page in a tab of its own."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for url in urls:
            print(json.dumps(look(browser.new_page(), url)), flush=True)
        browser.close()


if __name__ == "__main__":
    visit(sys.argv[1:])
