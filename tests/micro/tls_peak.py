"""One TLS connection of a toy that has a home, to its real broker, and the bytes that the TLS library took for it.

It decides nothing. Run with `tests/bench/malloc_peak.c` loaded; prints the peak, and what the open connection holds.

    LD_PRELOAD=… micropython tests/micro/tls_peak.py FOLDER
"""

import asyncio
import os
import sys

from stairgate.core.p256 import public_point
from stairgate.micro.identity import Identity
from stairgate.micro.link import context, opened, sec1
from stairgate.micro.storage import Storage, unlink
from stairgate.micro.ticks import Ticks


async def connect() -> None:
    """Until the broker has accepted the subscription."""
    ticks = Ticks().now
    identity = Identity(Storage(sys.argv[1] + "/flash", unlink))
    with open(sys.argv[1] + "/flash.key", "rb") as file:
        scalar = int.from_bytes(file.read(), "big")
    key = sec1(scalar, public_point(scalar))
    os.getenv("MALLOC_MARK")
    trust = context(identity.authority, identity.certificate, key)
    link = await opened(
        identity.broker[0], identity.broker_port, trust, identity.agent, identity.topic("down", "#"), ticks
    )
    while not link.session.is_up:
        link.step()
        await asyncio.sleep(0.01)
    print(os.getenv("MALLOC_PEAK"), os.getenv("MALLOC_HELD"))
    link.close()


asyncio.run(connect())
