"""Hours of traffic as a router sees them, second by second, and beside each the minutes in which somebody was there.

It decides nothing about the product. The shapes are those of recordings: how a player fills its buffer and pauses, how
often a messenger keeps its line open, what an acknowledgement weighs. The sizes between are drawn with a seed. The
expected minutes were written by hand, from what the person does in the story, never from what the product counts.
"""

import random
from collections.abc import Callable
from typing import NamedTuple

SECONDS = 3600
KB, MB = 1000, 1_000_000
HALF_AN_HOUR = range(600, 2400)  # from 10:00 to 40:00
PUSH, SYNC, MAIN, SIDE = 1, 100, 1000, 2000  # numbers of flows


class Step(NamedTuple):
    """What a flow moved in one second: bytes to the device and from it."""

    second: int
    flow: int
    down: int
    up: int


class Trace(NamedTuple):
    """One hour. expected: the minutes in use; category: what the main flow is told to be, "" for nothing."""

    story: str
    make: Callable[[random.Random], list[Step]]
    expected: frozenset[int]
    category: str = ""


def minutes(*spans: tuple[int, int]) -> frozenset[int]:
    """Whole minutes, first and last included."""
    return frozenset(minute for first, last in spans for minute in range(first, last + 1))


def acknowledged(size: int) -> int:
    """Bytes of the packets that say thank you for so many: 52 to 66 for two packets of 1,448."""
    return size // 2896 * 60 + 60


def chatter(draw: random.Random) -> list[Step]:
    """What every device does all day: push connections kept open, and now and then a look for news."""
    steps, second = [], draw.randrange(40)
    while second < SECONDS:
        steps.append(Step(second, PUSH + draw.randrange(3), draw.randint(60, 700), draw.randint(60, 500)))
        second += draw.randint(15, 75)
    second = draw.randint(60, 500)
    while second < SECONDS - 5:
        for flow in range(draw.randint(1, 4)):
            size = draw.randint(6 * KB, 70 * KB)
            steps.append(Step(second + draw.randrange(4), SYNC + second + flow, size, 2 * KB + acknowledged(size)))
        second += draw.randint(700, 1100)
    return steps


def idle(draw: random.Random) -> list[Step]:
    return chatter(draw)


def watched(draw: random.Random, first: int, last: int, segment: int, flow: int = MAIN) -> list[Step]:
    """A player: its buffer is filled at once, then a piece every ten seconds; and it reports how it goes."""
    steps = []
    for second in range(first, min(last, SECONDS)):
        age = second - first
        if age < 8:
            size = draw.randint(2 * MB, 5 * MB)
        elif age % 10 < 2:
            size = segment * draw.randint(35, 65) // 100
        else:
            size = 0
        if size:
            steps.append(Step(second, flow, size, 900 + acknowledged(size)))
        if age % 30 == 3:
            steps.append(Step(second, SIDE, draw.randint(400, 1500), draw.randint(1 * KB, 3 * KB)))
    return steps


def video(draw: random.Random) -> list[Step]:
    return chatter(draw) + watched(draw, 183, 1670, 6 * MB) + watched(draw, 2291, 3410, 6 * MB, MAIN + 1)


def short_clips(draw: random.Random) -> list[Step]:
    """One clip after the other, each its own piece, loaded some ahead."""
    steps, second = chatter(draw), 600
    while second < 2400:
        size = draw.randint(1 * MB, 6 * MB)
        steps.append(Step(second, MAIN + second % 3, size, 1500 + acknowledged(size)))
        second += draw.randint(8, 45)
    return steps


def game(draw: random.Random) -> list[Step]:
    """Rounds of a shooter: twenty to sixty small packets a second each way; between them a lobby."""
    steps = chatter(draw)
    for number, (first, last) in enumerate(((310, 1080), (1190, 2050), (2130, 2990))):
        for second in range(first, last):
            steps.append(Step(second, MAIN + number, draw.randint(4 * KB, 14 * KB), draw.randint(2 * KB, 6 * KB)))
    for second in range(300, 3000, 5):
        steps.append(Step(second, SIDE, draw.randint(300, 1200), draw.randint(200, 900)))
    return steps


def board_game(draw: random.Random) -> list[Step]:
    """Turns: some hundred bytes each, and a heartbeat every few seconds."""
    steps = chatter(draw)
    for second in range(900, 2700):
        if second % 5 == 0:
            steps.append(Step(second, MAIN, draw.randint(250, 600), draw.randint(250, 500)))
        if draw.random() < 0.08:
            steps.append(Step(second, MAIN, draw.randint(600, 3000), draw.randint(300, 900)))
    return steps


def chat(draw: random.Random) -> list[Step]:
    """Two conversations, with typing shown to the other, receipts, and a picture now and then."""
    steps = chatter(draw)
    for first, last in ((605, 1790), (2705, 3300)):
        second = first
        while second < last:
            ours = draw.random() < 0.5
            for before in range(draw.randint(1, 5)):
                steps.append(Step(second + before, MAIN, draw.randint(150, 400), draw.randint(150, 400)))
            small, large = draw.randint(150, 400), draw.randint(500, 1500)
            steps.append(Step(second + 5, MAIN, *((small, large) if ours else (large, small))))
            if draw.random() < 0.12:
                size = draw.randint(60 * KB, 250 * KB)
                both = (acknowledged(size), size) if ours else (size, 800 + acknowledged(size))
                steps.append(Step(second + 6, SIDE + second, *both))
            second += draw.randint(5, 22)
    return steps


def music(draw: random.Random) -> list[Step]:
    """Tracks of three minutes or so, each loaded in one piece while the one before ends; the last is not heard out."""
    begun, last = [125], 3180
    while last - begun[-1] > 520:
        begun.append(begun[-1] + draw.randint(140, 260))
    steps = chatter(draw)
    for second in [*begun, (begun[-1] + last) // 2, last]:
        size, took = draw.randint(4 * MB, 9 * MB), draw.randint(2, 8)
        for part in range(took):
            steps.append(Step(second + part, MAIN, size // took, acknowledged(size // took)))
        steps.append(Step(second + took, SIDE, draw.randint(20 * KB, 90 * KB), 3 * KB))
    return steps


def radio(draw: random.Random) -> list[Step]:
    """A live stream of 96 kbit/s."""
    steps = chatter(draw)
    for second in range(1200, 3000):
        size = draw.randint(9 * KB, 15 * KB)
        steps.append(Step(second, MAIN, size, acknowledged(size)))
    return steps


def call(draw: random.Random) -> list[Step]:
    """A video call."""
    steps = chatter(draw)
    for second in range(480, 2220):
        steps.append(Step(second, MAIN, draw.randint(90 * KB, 180 * KB), draw.randint(60 * KB, 160 * KB)))
    return steps


def loaded(draw: random.Random, first: int, last: int, a_second: int, flows: int = 1) -> list[Step]:
    """A download as fast as the line, over some connections."""
    steps = []
    for second in range(first, last):
        for flow in range(flows):
            size = a_second // flows * draw.randint(70, 110) // 100
            steps.append(Step(second, MAIN + 50 + first + flow, size, acknowledged(size)))
    return steps


def update(draw: random.Random) -> list[Step]:
    """The system's update on a line of 16 Mbit/s; then an app's, which is short."""
    return chatter(draw) + loaded(draw, 527, 2845, 2 * MB) + loaded(draw, 3120, 3149, 2 * MB)


def game_update(draw: random.Random) -> list[Step]:
    """A console loads a game over eight connections, for the whole hour."""
    return chatter(draw) + loaded(draw, 0, SECONDS, 6 * MB, 8)


def backup(draw: random.Random) -> list[Step]:
    """Pictures to the cloud, one after the other."""
    steps, second = chatter(draw), 300
    while second < 3000:
        left = draw.randint(2 * MB, 9 * MB)
        while left > 0:
            size = min(left, draw.randint(500 * KB, 900 * KB))
            steps.append(Step(second, MAIN, acknowledged(size), size))
            left -= size
            second += 1
        steps.append(Step(second, MAIN, 700, 1100))
        second += draw.randint(1, 4)
    return steps


def doorbell(draw: random.Random) -> list[Step]:
    """A line kept open, and a film of half a minute whenever somebody passes by."""
    steps = [Step(second, PUSH, draw.randint(90, 180), draw.randint(90, 220)) for second in range(4, SECONDS, 15)]
    for first in (410, 1333, 1420, 2800):
        steps.append(Step(first - 1, SIDE + first, 5 * KB, 3 * KB))
        for second in range(first, first + draw.randint(25, 45)):
            size = draw.randint(80 * KB, 160 * KB)
            steps.append(Step(second, MAIN + first, acknowledged(size), size))
    return steps


def video_beside_an_update(draw: random.Random) -> list[Step]:
    """Nobody gains time by starting a download first."""
    return chatter(draw) + loaded(draw, 0, SECONDS, 3 * MB) + watched(draw, 903, 2395, 4 * MB, MAIN + 7)


TRACES = {
    "video": Trace(
        "a film from 3:03 to 27:50, another from 38:11 to 56:50", video, minutes((3, 27), (38, 56)), "video"
    ),
    "short clips": Trace("clips from 10:00 to 40:00", short_clips, minutes((10, 39)), "video"),
    "game": Trace("rounds with lobbies between, 5:00 to 50:00", game, minutes((5, 49)), "games"),
    "board game": Trace("turns from 15:00 to 45:00", board_game, minutes((15, 44)), "games"),
    "chat": Trace("two conversations, 10:05 to 29:50 and 45:05 to 55:00", chat, minutes((10, 29), (45, 54)), "chat"),
    "music": Trace("from 2:05 to 55:00", music, minutes((2, 54)), "music"),
    "radio": Trace("from 20:00 to 50:00", radio, minutes((20, 49)), "music"),
    "call": Trace("from 8:00 to 37:00", call, minutes((8, 36)), "chat"),
    "idle tablet": Trace("it lies on the sofa", idle, minutes()),
    "update": Trace("it loads by itself", update, minutes()),
    "game update": Trace("a console in its sleep", game_update, minutes()),
    "backup": Trace("it sends by itself", backup, minutes()),
    "doorbell": Trace("nobody holds it", doorbell, minutes()),
    "video beside an update": Trace("a film from 15:03 to 39:55", video_beside_an_update, minutes((15, 39)), "video"),
}


def light_pages(draw: random.Random) -> list[Step]:
    """Reading: a light page every minute or two, and nothing between."""
    steps, second = chatter(draw), 600
    while second < 2400:
        size = draw.randint(100 * KB, 350 * KB)
        steps.append(Step(second, MAIN + second, size, 3 * KB + acknowledged(size)))
        second += draw.randint(40, 120)
    return steps


def chat_in_a_pocket(draw: random.Random) -> list[Step]:
    """A lively group writes all hour; the phone takes each line and sends its receipt."""
    steps, every = chatter(draw), draw.randint(6, 9)
    for second in range(0, SECONDS, every):
        steps.append(Step(second, PUSH, draw.randint(800, 2500), draw.randint(300, 600)))
    return steps


def pictures_in_a_pocket(draw: random.Random) -> list[Step]:
    """The same, with a picture every five to nine minutes."""
    steps, second = chat_in_a_pocket(draw), draw.randint(60, 400)
    while second < SECONDS - 2:
        size = draw.randint(60 * KB, 250 * KB)
        steps.append(Step(second, SIDE + second, size, 800 + acknowledged(size)))
        second += draw.randint(300, 540)
    return steps


def cloud_game(draw: random.Random) -> list[Step]:
    """A game that runs elsewhere and comes as a film of 20 Mbit/s, without a pause."""
    stream = [
        Step(second, MAIN, draw.randint(2 * MB, 3 * MB), draw.randint(6 * KB, 12 * KB)) for second in HALF_AN_HOUR
    ]
    return chatter(draw) + stream


def friends_stream(draw: random.Random) -> list[Step]:
    """Somebody else's screen, 3 Mbit/s without a pause."""
    stream = [
        Step(second, MAIN, draw.randint(340 * KB, 420 * KB), draw.randint(3 * KB, 6 * KB)) for second in HALF_AN_HOUR
    ]
    return chatter(draw) + stream


def film_on_a_slow_line(draw: random.Random) -> list[Step]:
    """A line of 4 Mbit/s, on which a film never stops loading."""
    size = 450 * KB
    return chatter(draw) + [
        Step(second, MAIN, draw.randint(420 * KB, 500 * KB), acknowledged(size)) for second in HALF_AN_HOUR
    ]


def tab_with_advertisements(draw: random.Random) -> list[Step]:
    """A page that nobody looks at loads new advertisements twice a minute."""
    return chatter(draw) + [
        Step(second, MAIN + second % 7, draw.randint(200 * KB, 600 * KB), 4 * KB) for second in range(0, SECONDS, 30)
    ]


#: What docs/time.md says cannot be told apart: half an hour from 10:00 that is not counted, and an hour that is.
NOT_COUNTED = {"cloud game": cloud_game, "friend's stream": friends_stream, "film on a slow line": film_on_a_slow_line}
COUNTED_FOR_NOBODY = {"tab with advertisements": tab_with_advertisements}
