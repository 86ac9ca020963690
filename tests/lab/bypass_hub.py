"""The hub of the bypass lab: the product's own, plus flags of devices that no form sets yet.

`python -m tests.lab.bypass_hub HOME/hub DATA CLOCK FLAGS` runs `hub_process`; FLAGS is a JSON file of hardware
addresses with the flags that their devices get in every policy (`isolated`, `assistive`).
"""

import json
import logging
import sys
from pathlib import Path
from typing import Any

from stairgate.core.policy import Policy, canonical
from stairgate.hub import issue
from tests.lab import hub_process


def flagged(policy: Policy, flags: dict[str, list[str]]) -> Policy:
    """The policy with more flags for some devices."""
    devices = [
        device._replace(flags=(*device.flags, *(flag for mac in device.macs for flag in flags.get(mac, ()))))
        for device in policy.devices
    ]
    return canonical(policy._replace(devices=tuple(devices)))


def run(directory: Path, data: Path, clock_file: Path, flags: dict[str, list[str]]) -> None:
    """Serve until SIGTERM."""
    names = vars(issue)
    compile_policy = names["compile_policy"]

    def compile_flagged(*words: Any) -> Policy:
        return flagged(compile_policy(*words), flags)

    names["compile_policy"] = compile_flagged
    hub_process.run(directory, data, clock_file, [])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    home, data, clock = (Path(word) for word in sys.argv[1:4])
    run(home, data, clock, json.loads(Path(sys.argv[4]).read_text()))
