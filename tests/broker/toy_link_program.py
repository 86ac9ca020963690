"""One connection of a toy to a broker, for real `micropython`: tells what became of it, and its longest step.

It decides nothing. The folder holds `ca`, and `certificate` and `scalar` where the toy has them.

    micropython tests/broker/toy_link_program.py FOLDER HOST PORT CLIENT SUBSCRIPTION
"""

import asyncio
import json
import sys
import time

import tls  # type: ignore[import-not-found]  # only MicroPython has it

from stairgate.core.p256 import public_point
from stairgate.micro.link import context, opened, sec1
from stairgate.micro.mqtt import Broken
from stairgate.micro.ticks import Ticks


def read(name: str) -> bytes:
    """A file of the folder, empty when it is not there."""
    try:
        with open(sys.argv[1] + "/" + name, "rb") as file:
            return file.read()
    except OSError:
        return b""


async def attempt() -> str:
    """Connect, until the broker has accepted or somebody has refused."""
    ticks = Ticks()
    certificate, scalar = read("certificate"), int.from_bytes(read("scalar"), "big")
    if certificate:
        trust = context(read("ca"), certificate, sec1(scalar, public_point(scalar)))
    else:
        # What no toy does: verify the broker and show nothing.
        trust = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        trust.load_verify_locations(read("ca"))
    longest = 0
    link = await opened(sys.argv[2], int(sys.argv[3]), trust, sys.argv[4], sys.argv[5], ticks.now)
    try:
        while not link.session.is_up:
            began = time.ticks_us()  # type: ignore[attr-defined]
            link.step()
            longest = max(longest, time.ticks_diff(time.ticks_us(), began))  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
    finally:
        link.close()
    told["longest_step_us"] = longest
    return "connected"


told: "dict[str, object]" = {}
try:
    outcome = asyncio.run(attempt())
except Broken as broken:
    outcome = "broken " + broken.reason
except (OSError, ValueError) as error:
    outcome = str(error)
told["outcome"] = outcome
print(json.dumps(told))
