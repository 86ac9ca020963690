"""Every bound of the formats, in one place: bytes, counts and seconds that no input may exceed.

It decides nothing else. The sizes are those of the wire format, version 1 (docs/policy.md).
"""

LINE_BYTES = 512  # one line of a signed document, without its newline
DEPTH = 3  # arrays inside arrays, the line itself counted
HEADER_BYTES = 192  # first line of a signed document; the longest kind gives 169
ID_CHARACTERS = 32
WORD_CHARACTERS = 32  # categories, kinds of device, reasons
ZONE_NAME_CHARACTERS = 64  # the longest of the tz database has 32
ZONE_CHANGES = 28  # ten years have at most 22 (measured over 599 zones), and all must fit into one line
OFFSET_MINUTES = 18 * 60
TIME_MAX = 253_402_300_799  # the last second of the year 9999
COUNTER_MAX = 2**63 - 1  # cumulative bytes
REVISION_MAX = 2**53 - 1  # stays exact in every JSON reader
TRAVELS = 8  # of one person: each decision splices their zones, and a year's travels are sent as they come
OVERRIDE_SECONDS_MAX = 366 * 86400  # every exception has an end
BONUS_MINUTES_MAX = 1440
OPENING_SECONDS_MAX = 12 * 3600  # a sensor of a toy: no longer than a child's day, then a parent opens it again

ROUTER_POLICY_BYTES = 16384  # signed document, header included
TOY_POLICY_BYTES = 4096
HELLO_BYTES = 16384
TIME_BYTES = 512
TRUST_BYTES = 2048
USAGE_BYTES = 8192
EVENTS_BYTES = 4096
EVENT_ROWS = 24  # in one message
SEEN_ADDRESSES = 8  # of one device: IPv4, and what IPv6 privacy leaves behind in a day
HOSTNAME_CHARACTERS = 63  # a DNS label
CERTIFICATE_BYTES = 4096
PAIR_REQUEST_BYTES = 1024
PAIR_ANSWER_BYTES = 8192
TOPIC_CHARACTERS = 128

LABEL_CHARACTERS = 40  # what a parent reads on a card of a phone
HOST_CHARACTERS = 253  # a DNS name, RFC 1035
HOSTS = 8  # addresses and names of one server that a device tries in turn
TRUSTED_KEYS = 4  # the current key, the next one and, after a loss, theirs to come
BASE64_CHARACTERS = 400  # of a certificate in one line: 300 bytes
CERTIFICATE_CHUNKS = 8  # 2400 bytes; ours have about 600
CODE_CHARACTERS = 16  # of the pairing code: 80 bits
TOY_CODE_CHARACTERS = 26  # of a toy's sticker: 128 bits
CODE_TEXT_CHARACTERS = 64  # what a person may type for it, with spaces and hyphens

GRANT_SECONDS_MAX = 6 * 3600  # the longest grant an agent gives before it renews it
DECISION_STEPS = 2048  # moments looked at in search of the next change of level
PERIOD_SECONDS = 10 * 86400  # a week, and the tails of what came before it: after this, rules only repeat

# Use, minute by minute
USE_ROWS = 1024  # bitmaps of 180 bytes: 8 persons with 30 categories over four days; 200 KB of a router's memory
USAGE_MINUTE_ROWS = 24  # bitmaps in one message: 24 rows of 240 characters and three names fit into 8 KB
DAY_MAX = TIME_MAX // 86400

# The pack
PACK_TAGS = 256  # categories and apps; a set is a bitmap of them
PACK_SETS = 256  # a name's set is one byte
PACK_NAMES = 4_000_000  # 20 MB; the largest lists in use have some two million
PACK_RANGES = 16_384  # the addresses of encrypted resolvers that are known are 3,300

# The toy: declaration, ledger
DECLARATION_BYTES = 8192  # signed, header included: a bear with three sensors and words in two languages takes 5 KB
DECLARATION_ROWS = 32  # data rows; what collects more is several toys
DESTINATIONS = 16
SENTENCE_CHARACTERS = 200  # wording of a label, prose of a test lab's table: what fits into a line in any script
CONTACT_CHARACTERS = 120
GESTURE_HOLD_SECONDS = (2, 30)  # shorter happens by chance, longer nobody holds
SESSION_SECONDS = (60, 3600)  # what the gesture opens ends within a game
RETENTION_DAYS_MAX = 3650  # never for ever; most laws ask for far less
WHERE_CHARACTERS = 100  # gate, host or reason of a ledger's entry
ENTRY_BYTES = 240  # one line of the ledger: numbers, a kind, a row's id and the place, with the check
LEDGER_BYTES = 4096  # message up/ledger
LEDGER_ROWS = 64  # entries in one message; the shortest take 40 bytes
DESTINATION_CHARACTERS = WHERE_CHARACTERS  # a declared host must fit into an entry
RECEIPT_BYTES = 2560  # signed, header included: every row of a declaration once
