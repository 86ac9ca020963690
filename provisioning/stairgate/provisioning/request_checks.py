"""What a person may ask for when a home is made or an agent added.

It finds every fault of a request at once, before anything is written; addresses, names and the port are
checked by `endpoints`.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from stairgate.core.fields import is_label
from stairgate.core.limits import LABEL_CHARACTERS
from stairgate.core.p256 import read_point
from stairgate.provisioning.endpoints import find_address_faults, find_endpoint_faults
from stairgate.provisioning.faults import Fault

AGENTS_MAX = 32
BIND_MAX = 16
# 2025-01-01. Certificates made by a clock that stands before this would have ended when they are needed.
EARLIEST_CLOCK = 1_735_689_600
_ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")


def find_home_faults(
    directory: Path,
    addresses: Sequence[str],
    names: Sequence[str],
    port: int,
    agents: Sequence[str],
    now: float,
    bind: Sequence[str],
    user: str | None,
) -> list[Fault]:
    """Every fault of a request to make a home in `directory` (absolute) at `now` (UTC seconds)."""
    faults = find_endpoint_faults(addresses, names, port)
    faults += find_address_faults("bind", bind)
    if len(bind) > BIND_MAX:
        faults.append(Fault("bind", f"at most {BIND_MAX} addresses", f"{len(bind)}"))
    faults += _find_directory_faults(directory)
    faults += find_agent_faults(agents, now)
    if user is not None and not _ACCOUNT.fullmatch(user):
        faults.append(Fault("broker-user", "the name of an account", repr(user)))
    return faults


def find_agent_faults(labels: Sequence[str], now: float) -> list[Fault]:
    """Every fault of these labels for a home's agents, and of a clock that certificates cannot go by."""
    return find_label_faults(labels) + find_clock_faults(now)


def find_label_faults(labels: Sequence[str]) -> list[Fault]:
    """Every fault of these labels of the agents that a home has at the same time."""
    expected = f"a label of 1 to {LABEL_CHARACTERS} visible characters, such as Router"
    faults = [Fault("agent", expected, repr(label)) for label in labels if not is_label(label)]
    repeated = sorted({label for label in labels if labels.count(label) > 1})
    faults += [Fault("agent", "a label for each agent that no other has", repr(label)) for label in repeated]
    if len(labels) > AGENTS_MAX:
        faults.append(Fault("agent", f"at most {AGENTS_MAX} agents", f"{len(labels)}"))
    return faults


def find_clock_faults(now: float) -> list[Fault]:
    """The fault of a clock (UTC seconds) that certificates cannot go by."""
    if now < EARLIEST_CLOCK:
        return [Fault("clock", f"a time after 2025 began ({EARLIEST_CLOCK})", f"{int(now)}")]
    return []


def find_key_faults(point: bytes) -> list[Fault]:
    """The fault of a public key that is none."""
    if read_point(point) is None:
        return [Fault("key", "a point of P-256, 65 bytes, uncompressed", f"{len(point)} bytes {point.hex()[:16]}")]
    return []


def _find_directory_faults(directory: Path) -> list[Fault]:
    path = str(directory)
    # Mosquitto's configuration names it, and takes the rest of a line as it stands.
    if not path.isprintable() or path != path.strip():
        return [Fault("directory", "a path without control characters or space at its ends", repr(path))]
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        return [Fault("directory", "a directory that does not exist yet", f"a file or link: {path}")]
    if directory.is_dir() and any(directory.iterdir()):
        got = "a home made before" if (directory / "home.toml").exists() else "a directory with other files"
        return [Fault("directory", "a directory that does not exist yet or is empty", f"{got}: {path}")]
    return []
