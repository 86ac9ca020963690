"""The command `stairgate agent`: settings in, a running agent, and an exit status that says what was wrong.

It decides how a fault is told at the console. Running is `control`'s part, what may be set `settings`'.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from stairgate.agent.control import run
from stairgate.agent.settings import SettingsRefused, read_settings
from stairgate.port.clock import SystemClock

log = logging.getLogger("stairgate.agent")


def main(arguments: Sequence[str]) -> int:
    """`stairgate agent FOLDER`: run with the settings that `stairgate home init` made for this router."""
    parser = argparse.ArgumentParser(prog="stairgate agent", description="Run the router agent.")
    parser.add_argument("folder", type=Path, help="folder with agent.toml, the certificate and its key")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    try:
        settings = read_settings(options.folder)
    except FileNotFoundError as error:
        log.error("%s is not there: this router is not paired yet (stairgate pair)", error.filename)
        return 2
    except (OSError, SettingsRefused) as error:
        log.error("%s", error)
        return 2
    try:
        run(settings, SystemClock())
    except SettingsRefused as refused:
        log.error("%s", refused)
        return 2
    except OSError as error:
        log.error("expected to be allowed to change nftables (root or CAP_NET_ADMIN): %s", error)
        return 1
    return 0
