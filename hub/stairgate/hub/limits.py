"""Every bound of the hub in one place: what no request, agent or clock may exceed.

The bounds of the wire formats are `stairgate.core.limits`; those of files are in `store` and
`atomic_storage`.
"""

# Requests
REQUEST_BYTES_MAX = 16 * 1024  # the largest form has ten short fields
CONNECTIONS_MAX = 200
CONNECTIONS_OF_ONE_SOURCE = 16  # a browser opens six
CONNECTIONS_OF_THIS_MACHINE = 64  # where a proxy speaks for the whole home
REQUEST_SECONDS = 15  # for one request to arrive whole
SILENT_CONNECTION_SECONDS = 30
THREADS = 8

# The family
NAME_CHARACTERS_MAX = 40
CHILDREN_MAX = 20
DEVICES_MAX = 100
BEDTIMES_MAX = 14  # of one child
PAUSE_MINUTES = (15, 30, 60)
BONUS_MINUTES = (15, 30, 60)
OVERRIDE_SECONDS_MAX = 36 * 3600
# A pause starts this long before the tap: a router whose clock is behind pauses at once all the same. A day is
# more than such a clock is ever off, and far below the longest exception of the wire format.
PAUSE_STARTS_EARLIER_SECONDS = 86400
MORNING_MINUTE = 6 * 60  # where "until the morning" ends without a bedtime
UNDO_SECONDS = 600  # how long the act can be undone; the toast that offers it stays 8 s
TOAST_SECONDS = 8

# Claim and login
CLAIM_SECONDS = 15 * 60
CLAIM_TRIES = 5
CLAIM_SECONDS_BETWEEN_TRIES = 1.0
PASSWORD_CHARACTERS_MIN = 10
PASSWORD_CHARACTERS_MAX = 200
PASSWORD_WAIT_SECONDS = 10  # for the one slot in which a password is hashed
PASSWORD_QUEUE = 4
GUESSES_FREE = 5
GUESS_SECONDS_MAX = 15 * 60
GUESS_SOURCES = 512
GUESSES_FREE_OF_HOME = 50  # wrong ones in a row, from whatever sources; then one in this many seconds
GUESS_SECONDS_OF_HOME = 1.0

# Sessions
SESSION_SECONDS = 90 * 86400
SESSION_IDLE_SECONDS = 30 * 86400
SESSION_SEEN_SECONDS = 3600  # how stale "last used" may be on disk: flash wears out
SESSIONS_MAX = 50

# Agents
AGENT_SILENT_SECONDS = 20 * 60  # a hello comes every 15 minutes
CLOCK_DIFFERENCE_SECONDS = 30  # more than any message is under way; less than anybody notices at bedtime
LEVEL_CHANGE_SECONDS = 5  # a hello said while a level changes may still tell the one before
QUEUE_MESSAGES = 256
REPEAT_SECONDS = (1, 2, 4, 8, 16, 32, 60)
RECONNECT_SECONDS = (0.5, 1, 2, 5, 10)
KEEPALIVE_SECONDS = 30
MESSAGES_PER_READ = 20
# A revision is at least the second of its issue. A year of a clock that ran ahead is believed; more would use up
# the numbers there are, and no policy could ever be made again.
REVISION_AHEAD_SECONDS = 400 * 86400
POLICY_SECONDS_MAX = 300 * 86400  # issued again after this, for the zone table to reach ten years ahead

# Traffic, RAM only
TRAFFIC_DEVICES = 256
TRAFFIC_BUCKET_SECONDS = 2
TRAFFIC_BUCKETS = 60
