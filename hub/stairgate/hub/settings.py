"""What a person chose for the hub: the table `[hub]` of `stairgate.toml`, beside `hub.toml` or named at the start.

It decides which file is read and puts the chosen bounds into force; which settings there are and what they may be is
`stairgate.core.settings`. A mistake in the agents' part is theirs, and keeps no page away.
"""

import tomllib
from pathlib import Path
from typing import Any

from stairgate.core.settings import Fault, check, sentence
from stairgate.hub import limits
from stairgate.hub.config import ConfigError
from stairgate.port.atomic import read_bounded

FILE_NAME = "stairgate.toml"
_BYTES_MAX = 64 * 1024
_DAY_SECONDS = 86400


def read_settings(directory: Path, file: Path | None = None) -> dict[str, Any]:
    """The hub's values by name, defaults where nothing is said. Raises `ConfigError` with every fault.

    file: the one to read, which then has to be there; None for the one in the hub's directory, which need not.
    """
    path = file or directory / FILE_NAME
    faults: list[Fault] = []
    try:
        tables = tomllib.loads(read_bounded(str(path), _BYTES_MAX).decode())
    except FileNotFoundError:
        tables = {}
        if file:
            faults.append(Fault("file", "settings as docs/settings.md has them", "no such file", ""))
    except OSError as problem:
        raise ConfigError(f"{path}: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:  # TOMLDecodeError, UnicodeDecodeError, a file too large
        tables = {}
        faults.append(Fault("file", "TOML", str(problem)[:200], ""))
    values, wrong = check(tables)
    faults += [fault for fault in wrong if not fault.path.startswith("agent.") and fault.path != "agent"]
    if faults:
        raise ConfigError(f"{path}: " + "; ".join(sentence(fault) for fault in faults))
    return dict(values["hub"])


def put_in_force(values: dict[str, Any]) -> None:
    """Make these the bounds of this process. Call it once, before any part of the hub is made."""
    limits.SESSION_SECONDS = values["session_days"] * _DAY_SECONDS
    limits.SESSION_IDLE_SECONDS = values["session_idle_days"] * _DAY_SECONDS
    limits.HISTORY_EVENT_DAYS = values["history_days"]
    limits.HISTORY_USAGE_DAYS = values["usage_days"]
    limits.TRIAL_SECONDS = values["trial_minutes"] * 60
