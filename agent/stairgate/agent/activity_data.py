"""What counts as use, as data: how many bytes a minute must move, and how dense such minutes must lie.

It decides nothing by itself; `activity` goes by it. All bytes are those of one device in one minute, both directions as
the router's kernel counts them, headers included. Where the numbers come from, and what no number can tell apart, is
in docs/time.md; traces with the minutes expected of each keep them honest (tests/unit/agent/use_traces.py).
"""

from typing import NamedTuple

TOTAL = "total"
NEVER = 1 << 40  # more than any minute moves


class Threshold(NamedTuple):
    """The bytes that make a minute of use of one category.

    plenty: bytes to the device that nobody's background moves minute after minute: somebody watches, listens or loads.
    down, up: less than that, but in both directions and spread over the minute, as in a conversation or a slow game.
    page: less than plenty and in one go, as a light page; it counts with other such minutes only, and NEVER where
    no pages are read.
    """

    plenty: int
    down: int
    up: int
    page: int = NEVER


#: One line for each category whose traffic is not like the rest; all others go by `total`.
THRESHOLDS = {
    # Idle tablets and phones move 1 to 3 KB a minute, and 20 to 300 KB when an app looks for news (one minute in
    # fifteen). The leanest video is 250 kbit/s (1.9 MB a minute), radio 48 to 128 kbit/s (360 to 960 KB); a line of
    # text in a chat is 0.5 to 1 KB with its receipt, and a lively chat some of them a minute in each direction.
    # A light page is 100 to 350 KB; background moves as much too, but not in three minutes of six.
    TOTAL: Threshold(400_000, 4_000, 4_000, 80_000),
    # Pages of all kinds show previews from video servers; a preview is less than 1 MB, a minute of video more.
    "video": Threshold(1_000_000, NEVER, NEVER),
    # One picture in a feed is 50 to 300 KB; what an app asks for news while nobody looks stays below.
    "social": Threshold(300_000, 6_000, 6_000),
    # Slow games (turns, cards) move little, and only while they run: their apps are silent in the background.
    "games": Threshold(200_000, 3_000, 3_000),
    # Of the messenger's own servers alone, less is enough: what arrives while nobody reads is not answered.
    "chat": Threshold(300_000, 2_000, 2_000),
    # A track comes in one piece of 3 to 10 MB, then nothing until the next; a cover picture is less than 200 KB.
    "music": Threshold(250_000, NEVER, NEVER),
}

#: Flows that nobody watches, set aside before a minute is judged.
SAMPLE_BYTES = 16_000  # a flow moves so much between two readings, or is not looked at: keep-alives, single messages
ONE_SIDED = 0.06  # acknowledgements take 0.3 to 3 % of what they acknowledge; a call or a game far more
STEADY = 0.8  # of its time in which a download moves something; a player fills its buffer and pauses
COARSE_SECONDS = 5.0  # readings further apart than this show no pause of a player: then nothing is taken for a download
STEADY_SECONDS = 20.0  # a track or a part of a film is there sooner, on lines from 4 Mbit/s on
STEADY_BYTES_A_SECOND = 330_000  # slower and steady is rather a live stream on a slow line than a download

#: A little both ways is use only when it is spread over the minute; a look for news is over in some seconds.
SPREAD_SECONDS = 8.0

#: And when it is given and taken: what only arrives, such as a lively group's chat on a phone in a pocket, is answered
#: with receipts alone, a fifth to two fifths of it. A game that moves in every third second need not give as much.
BOTH_WAYS = 0.4
BUSY_SECONDS = 20.0

#: Minutes that count together: when linked ones, this and those shortly before it, are worth enough.
PLENTY_POINTS, SOME_POINTS, PAGE_POINTS = 9, 7, 6
ENOUGH = 18  # two minutes of plenty, or three with a little both ways or a page; one alone is none
WINDOW = 6  # minutes that are looked at
PLENTY_LINK = 5  # from one minute of plenty to the next: four quiet ones between two tracks are bridged
LINK = 3  # else: two quiet minutes are bridged
NO_LINK = 0  # from a page to anything else: a look for news near a film is none of it
