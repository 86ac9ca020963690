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
SAME_END_MS = 20  # two ends closer than this are the same: writing and reading back take about a millisecond
# Under NAT, forgetting a flow at its end would cut the path of its reset (measured: 8 of 8 hung).
FORGET_AFTER_SECONDS = TCP_RETURN_MS / 1000 + 0.1
NUMBER_BITS = 10  # of the connection mark
NUMBER_MAX = (1 << NUMBER_BITS) - 1  # devices with a number; 0 is everybody else
INTERFACES_IN_SET, PORTS_IN_SET, HUB_ADDRESSES_IN_SET, MACS_IN_SET = 64, 64, 1024, 4096  # nftables refuses more

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

# Certificates
REFUSALS, REFUSALS_MAX = 3, 48  # of the broker in a row, before the other certificate is tried; doubled each time

# Pairing
PAIR_SECONDS = 10.0  # for one try
PAIR_TRIES = 4
PAIR_PAUSE_SECONDS = 1.1  # the hub takes one try a second
