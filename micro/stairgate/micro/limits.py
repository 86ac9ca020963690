"""Every bound of the toy's own files and times, in one place, with the reason beside each.

It decides nothing else. The sizes of formats that leave the toy are `stairgate.core.limits`'.
"""

SEGMENT_BYTES = 4096  # of the ledger: a block of flash
SEGMENTS = 16  # 64 KB, about 900 entries: weeks of a toy that a hub reads now and then
ITEM_BYTES = 65536  # one thing that a toy keeps: a minute of speech
ITEMS = 64  # of a row
SWEEP_ITEMS = 4  # removed between two looks at the gates: some 30 ms each on a board
RECEIPTS = 16  # the newest; their numbers stay in the ledger
STATE_BYTES = 4096  # a small file of the toy's own
POLL_MS = 200  # five looks at each open gate in the second within which it must close
PERSIST_SECONDS = 600  # of the clock: what a pulled battery can give back, against wear of the flash
BAD_STARTS = 3  # then safe mode
HEALTHY_MS = 60_000  # a start that lasts so long was none of the bad ones
USE_ROWS = 8  # bitmaps: four children on two days
SCRUB_COMMIT_BYTES = 64  # of a small write to a folder: with its tags it takes more than that of the folder's log
SCRUB_TURNS = 3  # a log lives in two blocks that take turns; once more than both
SCRUB_CHUNK = 512  # bytes written at a time, with a look at the gates between
EARLIEST = 1_735_689_600  # 2025-01-01: a clock that says less was never set

# The connection to the hub
MQTT_PACKET_BYTES = 8192 + 160  # the longest message that comes down is usage, 8 KB, and its topic
MQTT_IN_FLIGHT = 8  # packets without an answer: hello, usage, the declaration and a batch of the ledger are four
MQTT_KEEPALIVE_SECONDS = 60  # a ping each half of it; the broker forgets a toy after one and a half
MQTT_WAIT_MS = 15_000  # for an answer, and for one packet to be whole: a slow home network at its worst takes two
CONNECT_MS = 20_000  # TCP and the TLS handshake: a board without a fast chip takes three seconds
READ_BYTES = 1024  # of the connection at a time, with a look at the gates between
IDLE_MS = 50  # between looks at a quiet connection
RETRY_MS = (1000, 60_000)  # the first pause after a failure, and the longest; doubled each time, half of it by chance
HELLO_SECONDS = 900  # a hello that got lost is made good after this
TIME_ANSWER_MS = 10_000  # between a hello and the signed time that is believed for it, as a router does
LEDGER_SECONDS = 60  # between batches: the hub's answer to each costs a verification
PAIR_SECONDS = 600  # after the gesture; the hub's page waits as long
PAIR_PAUSE_MS = 3000  # between tries: the hub takes one a second
HTTP_HEAD_BYTES = 2048  # of an answer
IDENTITY_BYTES = 8192  # the hub's answer when the toy was paired
