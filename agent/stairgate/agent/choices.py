"""What a person chose for this router: `stairgate.toml` beside `agent.toml`, else OpenWrt's `/etc/config/stairgate`.

It decides which of the two is read and makes values of it; the table of settings is `core.settings`. Neither file has
to be there. A mistake in the hub's part is the hub's affair, and does not keep the gate from standing.
"""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from stairgate.agent.limits import SETTINGS_BYTES
from stairgate.agent.uci import read_uci
from stairgate.core.settings import Fault, check, sentence
from stairgate.port.atomic import read_bounded

FILE_NAME = "stairgate.toml"
UCI_FILE = Path("/etc/config/stairgate")


class Choices(NamedTuple):
    """The agent's values by name, where they were read, and a sentence for each thing wrong there."""

    values: dict[str, Any]
    path: Path
    faults: list[str]


def read_choices(folder: Path, uci: Path = UCI_FILE) -> Choices:
    """The choices of the agent in this folder. Raises OSError when a file is there and cannot be read."""
    path = folder / FILE_NAME
    is_uci = not path.exists() and uci.exists()
    if is_uci:
        path = uci
    try:
        text = read_bounded(str(path), SETTINGS_BYTES).decode()
        tables, faults = read_uci(text) if is_uci else (tomllib.loads(text), [])
    except FileNotFoundError:
        tables, faults = {}, []
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, UnicodeDecodeError, a file too large
        tables, faults = {}, [Fault("file", "UCI" if is_uci else "TOML", str(error)[:200], "")]
    values, wrong = check(tables, are_texts=is_uci)
    faults += [fault for fault in wrong if not fault.path.startswith("hub.") and fault.path != "hub"]
    return Choices(dict(values["agent"]), path, [sentence(fault) for fault in faults])
