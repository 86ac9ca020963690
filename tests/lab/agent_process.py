"""The agent as the lab runs it: the product's own loop, with the lab's clock and a witness of each finished read-back.

`python -m tests.lab.agent_process FOLDER CLOCK` tells a JSON line for each policy that the kernel now holds, with
the monotonic times at which the look began and the read-back was done.
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from stairgate.agent import broker_link, control
from stairgate.agent.clock_trust import KernelEvidence
from stairgate.agent.enforcement import Enforcement, Outcome, Used
from stairgate.agent.settings import read_settings
from stairgate.agent.spending import Spending
from stairgate.core.records import Policy
from stairgate.port.clock import SystemClock
from tests.lab.lab_clock import LabClock, keepalive


class RouterEvidence(KernelEvidence):
    """A router with neither a battery clock nor a time server: this machine's own would vouch for the lab's jumps."""

    def synchronised(self) -> bool:
        """See Evidence."""
        return False

    def battery(self) -> bool:
        """See Evidence."""
        return False


class WitnessedEnforcement(Enforcement):
    """Tells when each look was done."""

    def enforce(
        self, policy: Policy, used: Used, everything: bool = True, spending: Mapping[str, Spending] | None = None
    ) -> Outcome:
        """See Enforcement."""
        begun, wall = time.monotonic_ns(), self._clock.wall()
        outcome = super().enforce(policy, used, everything, spending)
        done = time.monotonic_ns()
        told: dict[str, object] = {"event": "enforced", "revision": policy.revision, "begun_ns": begun, "done_ns": done}
        told["levels"] = {mac: outcome.decisions[device.id].level for device in policy.devices for mac in device.macs}
        # Which time of day the look went by: the lab moves it.
        told["wall"] = wall
        print(json.dumps(told), flush=True)
        return outcome


def run_in_the_lab(folder: Path, clock: SystemClock) -> None:
    """Until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    names = vars(broker_link)
    names["KEEPALIVE_SECONDS"] = keepalive(names["KEEPALIVE_SECONDS"])
    vars(control)["KernelEvidence"] = RouterEvidence
    control.run(read_settings(folder), clock, WitnessedEnforcement)


if __name__ == "__main__":
    run_in_the_lab(Path(sys.argv[1]), LabClock(Path(sys.argv[2])))
