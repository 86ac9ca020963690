"""The browser of the tests: which Chromium is started, and how.

The headless shell where Debian has it: it is the same engine without a window's frame, and takes half the processor
time (three files of browser tests: 29 s instead of 53 s). Else a whole Chromium, else the one that Playwright brought.
"""

import os
from pathlib import Path

from playwright.sync_api import Browser, Playwright

_INSTALLED = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright, *flags: str, home: Path | None = None) -> Browser:
    """A Chromium without a window. home: the folder in which it looks for certificates that a family trusts."""
    executable = next((path for path in _INSTALLED if os.path.exists(path)), None)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(
        executable_path=executable, args=[*_FLAGS, *sandbox, *flags], env={"HOME": str(home)} if home else None
    )
