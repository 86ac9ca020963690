"""A real browser on a device of the lab: it opens pages of the hub by its LAN address and tells what it saw.

`python -m tests.lab.visit URL …` runs in the device's namespace and prints a JSON line for each page: status, visible
text, and everything the browser's console said. A page at a LAN address is no secure context, as at home; one on
localhost is, and hides what a family's browser would complain about.
"""

import json
import sys
from collections.abc import Sequence

from playwright.sync_api import sync_playwright

from tests.chromium import launch


def visit(urls: Sequence[str]) -> None:
    """Open each page on a phone's screen."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
        console: list[str] = []
        page.on("console", lambda message: console.append(message.text))
        page.on("pageerror", lambda error: console.append(str(error)))
        for url in urls:
            console.clear()
            answer = page.goto(url, wait_until="load")
            seen = {
                "url": url,
                "status": answer.status if answer else 0,
                "text": page.locator("body").inner_text(),
                "console": list(console),
                "width": page.evaluate("document.documentElement.scrollWidth"),
            }
            print(json.dumps(seen), flush=True)
        browser.close()


if __name__ == "__main__":
    visit(sys.argv[1:])
