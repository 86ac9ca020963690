"""Every bound of the agent in one place: bytes, counts, seconds and milliseconds that it never exceeds, and why.

It decides nothing else. The bounds of the wire formats are `stairgate.core.limits`.
"""

from stairgate.core.limits import ROUTER_POLICY_BYTES, TRUST_BYTES

# The loop
WAIT_MAX_SECONDS = 1.0  # the longest it sleeps
HELLO_SECONDS = 15 * 60  # wire format: at least this often
USAGE_SECONDS = 1.0
USAGE_ROWS = 96  # of at most 80 bytes each: one message stays below its cap, however many devices a home has
SLOW_POLL_SECONDS = 10.0  # between two looks at everything: finds what somebody changed without news
RETRY_SECONDS = 5.0  # after the kernel, or the disk, refused
LOOK_AFTER_SECONDS = 0.05  # the kernel ends grants by itself; a look after the end tells the family and forgets flows

# Time
CLOCK_STEP_SECONDS = 0.5  # a wall clock that moves this much against the monotonic one was set
CLOCK_SLACK_SECONDS = 60  # the hub's clock may be ahead of ours by this much
EARLIEST_TIME = 1_704_067_200  # 2024 began before any of this was written
TIME_ANSWER_SECONDS = 10.0  # the hub's time tells nothing when it comes later after our hello
CLOCKS_AGREE_SECONDS = 2.0  # the hub tells whole seconds; a leap second is no step
JUMP_SECONDS = 900.0  # the hub's clock may be wrong by this much, and is followed all the same
DOUBT_SECONDS = 6 * 3600.0  # so long must a hub stay with a time that nothing else bears out
TIMEX_BYTES = 512  # room for struct timex on any machine (208 on 64 bits)
CLOCK_BYTES = 65536  # the saved record: a device's id takes 35 bytes, a policy holds some 250

# Grants; the longest is core.limits.GRANT_SECONDS_MAX
TCP_RETURN_MS = 1000  # TCP's return path stays open this much longer: the client gets its reset (measured: 4 of 4)
LED_MS = 60_000  # names of exempt devices are led to the filter so long without an agent; renewed at half, every 10 s
SAME_END_MS = 20  # two ends closer than this are the same: writing and reading back take about a millisecond
# Under NAT, forgetting a flow at its end would cut the path of its reset (measured: 8 of 8 hung).
FORGET_AFTER_SECONDS = TCP_RETURN_MS / 1000 + 0.1
NUMBER_BITS = 10  # of the connection mark
NUMBER_MAX = (1 << NUMBER_BITS) - 1  # devices with a number; 0 is everybody else
INTERFACES_IN_SET, PORTS_IN_SET, HUB_ADDRESSES_IN_SET, MACS_IN_SET = 64, 64, 1024, 4096  # nftables refuses more

# Levels that follow one another: a running flow must not die while the agent looks whether it may go on.
BELL_MS = 5000  # the stricter of the two levels stays so long after the bell; without an agent the gate is closed then

# Addresses in the kernel (`addresses` keeps to its own, smaller bounds; expired elements count until they are swept)
ADDRESSES_IN_SET = 16384  # pairs of device and address; 100,000 took 13.5 MB of kernel (measured)
GATEWAYS_IN_SET = 1024  # of phone companies, for calls over Wi-Fi
RANGES_IN_SET = 8192  # of encrypted resolvers, of each family; some 2,000 are known
RANGE_ENDS_IN_SET = 2 * RANGES_IN_SET + 2  # nftables counts where a range begins and where it ends
DOH_PREFIX4, DOH_PREFIX6 = 16, 32  # a shorter prefix is no resolver but a provider with all its customers
CALL_APPS = 8  # with published addresses for calls; the catalogue has four. A chain and a set each
CALL_RANGES = 1024  # of them all, of each family; Zoom, which has most, publishes some 60
CALL_RANGE_ENDS = 2 * CALL_RANGES + 2
CALL_PREFIX4, CALL_PREFIX6 = 14, 32  # the widest that is published for calls alone (Teams, Zoom)
SET_SWEEP_SECONDS = 60  # between two sweeps of a large set
PROTOCOLS_IN_SET = 16  # IPv4, IPv6 and ARP
ADDRESS_SECONDS = 3600  # an answered address is reachable so long, from the answer and from each packet to it
ADDRESS_SECONDS_MAX = 86400  # whatever TTL an answer has
GATEWAY_SECONDS = 86400  # at least so long calls over Wi-Fi find their gateway open
DEVICE_ADDRESSES, HOME_ADDRESSES = 512, 8192  # recorded; the least recently used goes first
GATEWAYS = 256  # recorded, likewise; a phone knows two or three
DEVICE_MACS = 4  # of a device, for which its addresses are recorded
APP_ADDRESSES, ORDINARY_ADDRESSES = 4096, 8192  # of which it is known whether they stand for one app
KERNEL_LOOK_SECONDS = 1.0  # between two looks whether the sets are still those that were filled
BLOCKED_SECONDS = 6 * 3600  # an address of an app that was blocked stays cut so long, and from each packet to it

# Switched off at the console
OFF_SECONDS_MIN, OFF_SECONDS_MAX = 60, 7 * 86400  # every exception has an end

# Conversations with the kernel
NFT_SECONDS = 10.0
ANSWER_SECONDS = 5.0
RECEIVE_BYTES = 1 << 16
RECEIVE_BUFFER_BYTES = 4 << 20
SEND_BUFFER_BYTES = 2 << 20  # a batch must fit into one send: the largest policy's takes 0.6 MB, the default is 0.2
BATCH_MESSAGES = 4096  # sequence numbers that one batch may use
ELEMENTS_A_MESSAGE = 512  # an attribute's length has 16 bits and an element takes 32 bytes: well below, one datagram
DUMP_TRIES = 10  # while somebody else changes the tables

# Usage
FLOWS_MAX = 65536  # a home's router tracks some ten thousand; of children's flows beyond this some go uncounted
FLOWS_A_BREATH = 512  # messages of a reading between two moments at which the loop may turn to something else
READING_SECONDS = 0.02  # of one turn of the loop: a tap must not wait for a reading of a full table (some 2 s)
READING_SHARE = 0.1  # of the processor, at most
FORGETTING_SECONDS = 0.05  # of one turn: each forgetting walks the whole table (12 ms for 20,000 flows, measured)
HEADROOM = 1 << 63  # where a count begins again

# Minutes of use
READ_EVERY_SECONDS = 1.0  # however rarely bytes are told: a player's pauses last some seconds
HEAVY_FLOWS = 64  # of one device in one minute that move much: a browser loading a page has some twenty
TIMED_ADDRESSES = 4096  # of timed categories, in each process: as many as are known to stand for one app; 0.3 MB
TIMED_CATEGORIES = 4  # that one address counts for
TIMED_ROWS = 32  # told in one frame: at most 170 bytes each
TIMED_WAITING = 1024  # rows that control has not read yet
WAITING_MINUTES = 4096  # counted before anybody knew the time: eight hours of eight persons
USE_DAYS = 2  # UTC days before today that are kept: no family day reaches further back
USE_BYTES = 512 << 10  # the book as it is saved: 1024 bitmaps of at most 330 bytes, and the minutes that wait
CHECKPOINT_SECONDS = 600.0  # between two of them on the flash, which wears: at most 144 a day, of some 5 KB

# Devices under a watch: with `reach` or `quiet` lines
TRIED_IN_SET = 1024  # pairs of device and refused address, of each family; a scan beyond it is refused uncounted
TRIED_SECONDS = 3600  # a pair is kept so long after its last packet; it is read every ten seconds
ASKED_ROWS = 24  # in one frame from the filter: a name takes 253 bytes, and a frame 8 KB
ASKED_WAITING = 256  # rows on each side of the channel; what a device asks beyond is counted as one of many
PLACES_A_DAY = 64  # of one device, told by name or address; all others are one count. A toy's maker declares 16
OBSERVED_SECONDS = 5.0  # between two tellings of what was observed
TRIED_LOOK_SECONDS = 10.0  # between two readings of the addresses tried
OBSERVED_TOLD = 96  # rows in one telling: four messages

# Files
NUMBERS_BYTES = 65536
BOOT_ID_CHARACTERS = 36  # a UUID
CONSTANTS_BYTES = 65 + ROUTER_POLICY_BYTES  # a SHA-256 in hex and its newline, then part of a policy
TRUST_FILE_BYTES = 65 + TRUST_BYTES  # likewise
PEM_BYTES = 16384  # a certificate or key file; ours take 1 KB
SETTINGS_BYTES = 65536
UCI_LINE_CHARACTERS, UCI_STATEMENTS = 1024, 512  # a file with every setting has 25 lines of at most 80
INTERFACE_CHARACTERS = 15  # the kernel's own bound

# The broker
KEEPALIVE_SECONDS = 30
RETRY_FIRST_SECONDS, RETRY_MAX_SECONDS = 1.0, 60.0  # doubled from one try to the next
INBOX_MESSAGES = 64
QUEUED_MESSAGES = 64

# Devices on the LAN
DEVICES_SEEN = 256  # MAC addresses remembered; the one not seen for longest goes first
ADDRESSES_REMEMBERED = 64  # of a device; core.limits.SEEN_ADDRESSES of them are told
TELL_SECONDS = 1.0  # what is new is told together, at most this late
EVERYBODY_SECONDS = 1800.0  # all of it is told again: 256 devices are 11 messages
TELL_ROWS = 48  # told at once: a child who invents MAC addresses fills two messages a second and no more
LEASE_SECONDS = 1.0  # between two looks at the lease file's date
LEASE_FILE_BYTES = 1 << 17  # 256 leases take a fifth; what is beyond is not read
LEASE_LINE_BYTES = 1024  # the longest line a DHCP server can write takes half
UBUS_SECONDS = 5.0  # odhcpd answers in milliseconds
UBUS_BYTES = 1 << 17
UBUS_EVERY_SECONDS = 60.0
UBUS_AGAIN_SECONDS = 5.0  # sooner after a new device, whose name only its lease knows

# The DNS process; a home asks some 100 names a second when busy
DATAGRAMS_A_TURN = 64  # taken from one socket before the others get their turn
DATAGRAM_BYTES = 4096  # taken of one datagram: EDNS sizes above this serve nobody
UDP_PAYLOAD_BYTES = 1232  # offered and asked for: no path fragments it (DNS flag day 2020)
NAME_BYTES, LABEL_BYTES = 255, 63  # RFC 1035, 2.3.4
POINTERS = 16  # followed in one name; ours end after one
EXTRA_RECORDS = 4  # beside the question of a query: OPT, a signature
REPLY_RECORDS = 512  # of an answer from upstream: 64 KB hold more, nobody needs them
ALIASES = 16  # in a row, of one answer: resolvers give up after 8 to 12
DECISIONS = 4096  # remembered: 0.4 KB each; all are forgotten together
ANSWERS = 2048  # rendered ones remembered, 0.5 KB each
NEGATIVE_ENDS = 512  # of refusals, one for each reason: a hundred tags and what a query may want
PARENTS = 4096  # sets of domains above the names asked
CACHE_ENTRIES, CACHE_BYTES = 10_000, 5 << 20  # answers from upstream, for everybody
CACHED_SECONDS = 3600  # kept at most, whatever its owner says
NEGATIVE_SECONDS = 300  # likewise for what is not there (RFC 2308 allows three hours)
MANAGED_TTL = 300  # handed to managed devices: the addresses recorded outlive it
TAGGED_TTL = 60  # for names with a tag: a bell must take effect soon
REFUSED_TTL = 10  # so soon does a device ask again after a release
REWRITTEN_TTL = 60  # switching the mode of a search engine
UPSTREAM_ASKED = 1024  # questions upstream at the same time
WAITING = 4096  # queries that wait for them, of everybody
WAITING_A_DEVICE = 128  # of one device: a quarter of what eight busy ones may hold
TRY_SECONDS, TRIES = 0.8, 3  # of one server, and all of them: 2.4 s, less than a client's own patience
SERVER_REST_SECONDS = 10.0  # after so many failures in a row a server is asked last
SERVER_FAILURES = 3
LOWER_CASE_SECONDS = 600.0  # a server that does not keep the case is asked in lower case so long
PORTS = 8  # sockets to one server, each with its own random port
PORT_USES, PORT_SECONDS = 128, 10.0  # then it is closed for a new one
PORTS_CLOSING = 256  # closed once their last answer came
UPSTREAM_CONNECTIONS = 16
TCP_CONNECTIONS, TCP_CONNECTIONS_A_CLIENT = 96, 8  # of one interface and family
TCP_IDLE_SECONDS = 5.0  # RFC 7766, 6.2.3: a few seconds
TCP_UNSENT_BYTES = 65536  # for a client that does not read
TCP_QUERIES = 32  # of one connection without an answer yet; then nothing more is read from it
PROBE_CONNECTIONS, PROBE_CONNECTIONS_A_CLIENT = 64, 8
PROBE_BYTES, PROBE_SECONDS = 4096, 5.0  # of a request's head; such a request takes 300
CHANNEL_BYTES = 128 << 10  # one frame between control and dns
CLIENTS_REMEMBERED = 2048  # addresses of a LAN with their MAC; the kernel's table ends at 1024
ASK_NEIGHBOURS_SECONDS = 0.1  # between two readings of the neighbour table for addresses nobody knows
ADDRESSES_ASKED = 8  # of ours, on one interface and of one family, with a socket of their own; others share one
INTERFACE_SECONDS = 2.0  # between two looks for interfaces that came or were made anew
CHECK_BYTES = 128 << 10  # of a new pack between two turns of the loop: about a millisecond

# Certificates
REFUSALS, REFUSALS_MAX = 3, 48  # of the broker in a row, before the other certificate is tried; doubled each time

# Pairing
PAIR_SECONDS = 10.0  # for one try
PAIR_TRIES = 4
PAIR_PAUSE_SECONDS = 1.1  # the hub takes one try a second

# The filter's process
FRAME_BYTES = 1 << 17  # the largest policy and the level of each of its devices take a quarter
STATE_BYTES = 8192  # one frame of what it says: 120 bytes, or addresses of timed categories (`TIMED_ROWS`)
FILTER_ANSWER_SECONDS, FILTER_ANSWER_MAX_SECONDS = 10.0, 60.0  # then it is killed; doubled until one answered
FILTER_CHECK_SECONDS = 60.0  # without any change it is asked this often whether it still answers
FILTER_PAUSE_FIRST_SECONDS, FILTER_PAUSE_MAX_SECONDS = 0.2, 5.0  # before it is started again; doubled each time
FILTER_STEADY_SECONDS = 30.0  # one that lived so long is started again as if it were the first time
FILTER_STOP_SECONDS = 2.0  # to end by itself when the agent does
FILTER_DYING_SECONDS = 0.05  # between two looks at one that was killed
FILTER_PACK_SECONDS = 20.0  # to check and use a pack; the largest takes five on a slow router
FILTER_APPLIED_SECONDS = 2.0  # hello waits so long to say that the filter has a change too: it takes milliseconds

# Packs
PACK_BYTES_MAX = 32 << 20  # the most names that a pack may have take 20 MB
PACK_CHUNK_BYTES = 1 << 16
PACK_IDLE_SECONDS = 10.0  # without a byte
PACK_TRY_SECONDS = 60.0  # one try; the next goes on where it ended, so that a slow hub does not keep out another
PACK_RETRY_FIRST_SECONDS, PACK_RETRY_MAX_SECONDS = 1.0, 60.0  # doubled from one try to the next
PACK_HEADROOM_BYTES = 1 << 18  # of the disk, left for what the agent must save
PACKS_ON_DISK = 8  # looked at; two are kept
