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

# Connections over HTTPS, before they become connections of the list above
HTTPS_CONNECTIONS_MAX = 64  # each costs 256 KB of buffer while it is open
HTTPS_CONNECTIONS_OF_ONE_SOURCE = 8  # a browser opens six
HTTPS_CONNECTIONS_OF_ONE_DEVICE = 32  # whatever addresses it takes; a Wi-Fi repeater speaks for several phones
HTTPS_HANDSHAKE_SECONDS = 8
HTTPS_STALLED_SECONDS = 30  # for a client to take what it asked for
HTTPS_LAST_SECONDS = 1.0  # for the last bytes when the hub ends
HTTPS_CHUNK_BYTES = 64 * 1024
HTTPS_TICK_SECONDS = 60.0  # how often the hub's addresses are compared with its certificate
HTTPS_ACCEPT_PAUSE_SECONDS = 0.2  # when the machine has no file descriptors left

# The family
NAME_CHARACTERS_MAX = 60  # of a child, a device, a list; two lines of a phone
ROUTER_NAME_CHARACTERS_MAX = 40  # what the list of agents takes: `core.limits.LABEL_CHARACTERS`
CHILDREN_MAX = 20
DEVICES_MAX = 100
BEDTIMES_MAX = 14  # of one child
NEW_DEVICES_MAX = 48  # that nobody has assigned; the one unseen longest makes room
NEW_DEVICES_ON_HOME = 2  # cards beside the children's; the rest is under Devices
NEW_DEVICE_SECONDS_MAX = 30 * 86400  # unseen for so long, it is forgotten
VISIT_MINUTE = 22 * 60  # a visitor's device is open until this minute of the day
VISIT_SECONDS_MIN = 1800  # with less left than this, until the next day's
VISIT_STARTS_EARLIER_SECONDS = 600  # for a router whose clock is a little behind
USING_SECONDS_MAX = 2 * 3600  # "I'm using it now"
QUIET_EDGES = 16  # looked at for the end of quiet hours: two a day for a week, where they never end
USING_CHANGES = 6  # by whoever holds the device, in this time: each is a new policy
USING_CHANGES_SECONDS = 600
TRIAL_SECONDS = 600  # closing new devices goes back by itself after this, unless a parent keeps it
PAUSE_MINUTES = (15, 30, 60)
BONUS_MINUTES = (15, 30, 60)
OVERRIDE_SECONDS_MAX = 36 * 3600
# A pause starts this long before the tap: a router whose clock is behind pauses at once all the same. A day is
# more than such a clock is ever off, and far below the longest exception of the wire format.
PAUSE_STARTS_EARLIER_SECONDS = 86400
MORNING_MINUTE = 6 * 60  # where "until the morning" ends without a bedtime
UNDO_SECONDS = 600  # how long the act can be undone; the toast that offers it stays 8 s
TOAST_SECONDS = 8

# The calendar and budgets of a child: all of it goes into every policy
DATE_RULES_MAX = 16  # of one child: a year's school holidays, and some days more
DATE_WINDOWS_MAX = 8  # of one rule; a line of the policy has 512 bytes
JOURNEYS_MAX = 4  # of them with another clock; where they overlap they make seven stretches, a policy has eight
DATE_RULE_DAYS_MAX = 366  # from its first to its last day: every exception has an end
DATE_RULE_DAYS_AHEAD = 2 * 366  # that it may begin in
DATE_RULE_KEPT_DAYS = 30  # after its end; then it is forgotten with the next change of this child's calendar
NOTE_CHARACTERS_MAX = 120  # a parent's own words about an exception
DAY_START_MINUTE = 4 * 60  # when budgets begin anew, unless a parent says otherwise: nobody is up then
DAY_START_MINUTES = tuple(hour * 60 for hour in range(9))  # that a parent may choose from
BUDGET_MINUTES_MAX = 1440  # a whole day
PREVIEW_DAYS = 400  # that the preview of a day looks back and ahead: what a holiday next year will be like

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
GUESS_SOURCES_PROVEN = 16  # on which the password was right: a flood of others keeps them waiting no longer
GUESSES_FREE_OF_HOME = 50  # wrong ones in a row, from whatever sources; then one in this many seconds
GUESS_SECONDS_OF_HOME = 1.0
GUESS_WRITE_SECONDS = 2.0  # between two writes of the counters: flash wears out
GUESS_WRITE_SECONDS_OF_FLOOD = 60.0  # when sources are being made up
NOTICE_SECONDS = 7 * 86400  # how long every parent is told of a restored backup or a password set at the console

# Accounts and invitations
ACCOUNTS_MAX = 8  # two parents and who else looks after the children
ACCOUNTS_FORMER = 16  # whose names the history still needs
INVITE_SECONDS = 15 * 60  # for somebody in the same room
INVITE_TRIES = 5
INVITE_SECONDS_BETWEEN_TRIES = 1.0

# Growing up
GROWING_ASKED_AGAIN_MONTHS = 3  # after “not now”
GROWING_LOOK_SECONDS = 60.0  # between two looks at birth months
GROWING_KEEP_SECONDS = 3600.0  # how old on disk the count of a notice may be: flash wears out
GROWN_NOTICE_DAYS = 30  # before and after rules end by themselves
# For so long by the monotonic clock the notice must have been up, whatever the wall clock says: a wrong date is
# noticed in a week, and ends nobody's rules.
GROWN_NOTICE_SEEN_SECONDS = 7 * 86400.0

# Why: a parent's words to a child
WORDS_CHARACTERS_MAX = 280  # two or three sentences, on a phone

# Sessions
SESSION_SECONDS = 90 * 86400
LANGUAGE_SECONDS = 365 * 86400  # that a phone keeps the language chosen on it
SESSION_IDLE_SECONDS = 30 * 86400
SESSION_SEEN_SECONDS = 3600  # how stale "last used" may be on disk: flash wears out
SESSIONS_MAX = 50

# Agents
AGENT_SILENT_SECONDS = 20 * 60  # a hello comes every 15 minutes
CLOCK_DIFFERENCE_SECONDS = 30  # more than any message is under way; less than anybody notices at bedtime
HELLOS_AT_ONCE = 60  # of one agent: each may be written down and signed for
HELLO_SECONDS_LATER = 1.0  # then the newest one in this time
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

# Routers and their pairing
ROUTERS_MAX = 16  # each gets its own policy, signed at every tap
PAIRING_SECONDS = 600
PAIRING_TRIES = 5
PAIRING_SECONDS_BETWEEN_TRIES = 1.0
REMOVALS_SHOWN = 8  # of routers that were removed or paired again
REMOVAL_STOP_SECONDS = 10  # for a removal under way when the hub ends
FAULT_CHARACTERS_MAX = 300  # of a sentence that is kept for a page
EVENT_IDS_KEPT = 256  # of messages that QoS 1 may bring twice
TRUST_REPEAT_SECONDS = 5  # between two deliveries of what an agent lacks, however often it says hello
DAY_SECONDS = 86400  # between two looks for certificates that end soon
# The highest number that any policy of an honest home ever had: a revision is about the second of its issue. A store
# that holds a higher one is damaged, and its numbers begin again from today.
REVISION_BELIEVABLE_MAX = 2**40

# Toys: pairing, what parents answered, their ledgers
TOYS_MAX = 16  # each gets its own policy, signed at every tap that changes it
TOY_PAIRING_TRIES = 40  # a code of 128 bits cannot be guessed; a toy that tries for minutes with another one is told of
TOY_ANSWERS_KEPT = 128  # of one toy: four for each row it may declare
TOY_OPEN_MINUTES = (10, 30, 60)  # that a sensor is opened for at a tap
TOY_ANSWER_SECONDS = 30  # to new rules; later than that it is taken for switched off, which is no fault of it
TIME_ASKS = 30  # for the time, without a login, from one source in this time: each is a signature
TIME_ASKS_SECONDS = 60.0
LEDGER_DAYS = 90  # of a toy's ledger, as long as the history
LEDGER_ENTRIES_MAX = 50_000  # of all toys; the oldest make room
LEDGER_PAGES_MAX = 2500  # of 4 KB in the file
LEDGER_ROOM = 5000  # entries that go at once where the file is full
LEDGER_SHOWN = 60  # entries on one page
LEDGER_RECEIPTS_KEPT = 16  # of one toy
OBSERVED_MAX = 64  # names of one toy that were seen and not declared; the one unseen longest makes room
ERASE_ANSWER_SECONDS = 30 * 86400  # that a recipient has to answer: a month (GDPR, article 12)
ERASE_ASK_SECONDS = 2 * 86400  # that a toy has to ask it

# What is seen on the network, RAM only
SIGHTINGS = 512  # hardware addresses, the one unseen longest makes room
SIGHTING_ADDRESSES = 8  # of one device
SIGHTING_SECONDS = 7 * 86400  # an address told longer ago than this is nobody's
RELISTED_SECONDS = 86400  # a device removed by a parent comes back as new when it was seen in this time
# New devices are written down at once, on a first evening many times; somebody who makes up address after address
# gets one policy in half a minute, and wears out no disk.
LISTING_SECONDS = 2
LISTINGS_AT_ONCE = 20
LISTING_SECONDS_LATER = 30
REPEATER_ADDRESSES = 3  # IPv4 addresses of one device at a time that make it look like a repeater
REPEATER_SECONDS = 3600
ASKS_MAX = 3  # devices that ask a parent at a time
ASK_SECONDS_MAX = 3600  # how long an ask is shown
ASK_SECONDS_BETWEEN = 60
UPKEEP_SECONDS = 2.0

# A parent's session on a child's device, where the home has no grown-up's
GROWN_UP_SECONDS = 30 * 86400
STEP_UP_SECONDS = 900

# Traffic, RAM only
TRAFFIC_DEVICES = 256
TRAFFIC_BUCKET_SECONDS = 2
TRAFFIC_BUCKETS = 60

# Backups: the store (8 MB) and the history at their largest, keys and settings of a hundred agents
BACKUP_BYTES_MAX = 16 * 1024 * 1024
BACKUP_FILES_MAX = 1000
UPLOAD_SECONDS = 120  # for a backup to arrive whole
PASSPHRASE_CHARACTERS_MIN = 12

# History on disk
HISTORY_EVENT_DAYS = 90
HISTORY_USAGE_DAYS = 30
HISTORY_WRITE_SECONDS = 30.0  # between two writes: flash wears out
HISTORY_PAGES_MAX = 1500  # of 4 KB in the file; the oldest day makes room
HISTORY_PENDING_MAX = 500  # events that wait for a disk that refuses them
HISTORY_SHOWN = 100  # events on one page
HISTORY_DAYS_SHOWN = 7
HISTORY_JUMP_SECONDS = 3600  # of the clock; more is taken for a wrong date, and nothing is deleted for a day
HISTORY_AGENT_SECONDS = 60  # between two remarks about the same router, should it flap

# Minutes in use: bitmaps of 180 bytes for each child, category and UTC day
USE_DAYS = 9  # today and eight before: seven family days touch nine UTC days at most
USE_ROWS_MAX = 2000  # in RAM and in the file: 20 children, ten categories; 400 KB
USE_PAGES_MAX = 400  # of 4 KB in the file
USE_WRITE_SECONDS = 300.0  # between two writes: flash wears out, and routers tell again what was lost
USE_SHARE_SECONDS = 5.0  # between two messages to one router, of 24 bitmaps each
USE_SETTLED_SECONDS = 20.0  # then every router has been told, and has closed what it closes
USE_RECENT_ROWS = 512  # taken within that time: some routers, each with a message of 24 in a few seconds
USE_SHARED_DAYS = 3  # that routers are told: a family day has 50 hours at most
FAMILY_DAY_SECONDS_MAX = 50 * 3600  # with a clock that is set back, or a travel: more than any family day has
GIVE_MINUTES = (15, 30)  # that a parent gives back at a tap

# Block lists: sources, what is fetched of them, and the pack that is built of them
SOURCES_MAX = 32  # of the family's own, beside the table of known ones
SOURCE_TITLE_CHARACTERS = 60
SOURCE_URL_CHARACTERS = 500
SOURCE_HOURS_MIN = 6  # those who give lists away are not asked more often
SOURCE_HOURS_MAX = 30 * 24
SOURCE_HOURS = 24
SOURCE_WIRE_BYTES_MAX = 32 * 1024 * 1024  # as it comes, perhaps compressed; a million names are 8 MB then
SOURCE_BYTES_MAX = 64 * 1024 * 1024  # unpacked; a million names are 25 MB
SOURCE_COPIES_BYTES_MAX = 256 * 1024 * 1024  # all good copies together
SOURCE_SECONDS_MAX = 300.0  # for one list to arrive whole
SOURCE_SILENT_SECONDS = 30.0  # for a server to say its next word
SOURCE_REDIRECTS_MAX = 5
SOURCE_VALIDATOR_CHARACTERS = 256  # of an ETag or a date that is sent back
SOURCE_SHRINK_MAX = 0.5  # a list that lost more than this share is taken for broken
SOURCE_SHRINK_NAMES = 100  # below this many names a list may shrink as it likes
SOURCE_RETRY_SECONDS = 600  # after a failure, then twice as long, until the source's own hours
SOURCE_JITTER = 0.1  # of the hours, so that not every hub asks in the same minute
SOURCE_REASONS_SHOWN = 8  # why lines were left out
LISTS_TURN_SECONDS = 30.0  # between two looks for what is due
LISTS_SETTLE_SECONDS = 2.0  # after a tap, for the next tap
LISTS_STOP_SECONDS = 5.0  # for the thread when the hub ends; a list under way is broken off
LISTS_HERE_BYTES_MAX = 512 * 1024  # worked through in the hub's own process: a quarter of a second
LISTS_WORK_SECONDS = 1800.0  # for the process that works through large ones, on a slow machine
PACK_SECONDS_BETWEEN = 60.0  # between two builds while lists arrive: each is a new policy and 5 MB for each router
PACK_RETRY_SECONDS = 600.0  # after a build that failed: it is the processor's work of half a minute
PACK_BYTES_MAX = 32 * 1024 * 1024  # what agents accept: six million names

# Block lists: their lines, and the building of a pack (its own bounds are in `stairgate.core.limits`)
LIST_LINE_BYTES = 2048  # a rule of a list has some 60; a hosts file puts a few names on a line
LIST_LINES_MAX = 6_000_000  # of one list; the largest in use has two million
LIST_LINES_SHOWN = 5  # numbers of lines for each reason why something was left out
ZONE_RECORD_LINES = 32  # of one record in parentheses; an SOA has seven
ENTRIES_MAX = 12_000_000  # of all lists together, doubles included: half a gigabyte of temporary file
ENTRY_RULES_MAX = 8192  # sources, times the different lists of tags that each gives
CHUNK_ENTRIES = 100_000  # sorted in RAM at a time: 10 MB
HASHED_MAX = 100_000  # hashed names, kept in RAM while the pack is built; hotlines' lists have some ten thousand
BUILDER_STATES = 4096  # of inheritance that are remembered
BUILDER_SETS_MAX = 16_384  # different sets of tags until it is known how many the pack needs; 12 MB

# A child's filter: its names go into every policy, which has 16 KB for the whole family
FILTER_NAMES_MAX = 60  # that are always open, and as many that are always blocked; a usual name has 20 bytes
FILTER_ONLY_MAX = 60  # that are open in limited times: a school's sites and what they load
FILTER_APPS_OPEN_MAX = 24  # against their category: each adds its names
FILTER_FAULTS_SHOWN = 5  # words that are no names, told at once
WHY_ASKS = 20  # "why is this blocked?" of one device in this time: enough to ask, too few to try out a list
WHY_SECONDS = 60
WHY_SOURCES = 256  # that ask; the one unseen longest makes room

# What a page needs: one page and its style sheets, looked at while a parent waits
PAGE_SECONDS_MAX = 5.0  # for all of it; then the answer says what is known, and the phone has waited long enough
PAGE_SILENT_SECONDS = 2.5  # for a server's next word: half, so that plain HTTP can be tried as well
PAGE_BYTES_MAX = 512 * 1024  # of HTML, which is a second of a slow machine at worst
PAGE_SHEET_BYTES_MAX = 512 * 1024  # of one style sheet
PAGE_SHEETS_MAX = 8  # that are looked into; what they import themselves is not
PAGE_REDIRECTS_MAX = 5
PAGE_REFERENCES_MAX = 4000  # of one page or sheet
PAGE_URL_CHARACTERS = 2048  # longer ones are pictures written into the page
PAGE_HOSTS_MAX = 60  # as many as a homework list holds
PAGE_LOOKS_AT_ONCE = 2  # of the eight threads that answer pages

# What a child asks for
REQUESTS_OPEN_MAX = 3  # of one child: a parent answers each with a tap, and reads no fourth
REQUESTS_KEPT_MAX = 30  # of one child; the oldest one that is over makes room
REQUEST_KEPT_SECONDS = 7 * 86400  # after its end, for the child to read the answer; `/me` says so
REQUEST_WORDS_MAX = 200  # characters, of a child or a parent
REQUEST_SECONDS_MAX = 12 * 3600  # for time: at the latest until the family day ends
REQUEST_SECONDS_MIN = 3600  # for one just before that
SITE_REQUEST_SECONDS = 86400
WRONG_REQUEST_SECONDS = 7 * 86400  # a mistake stays one; also after an objection
REQUEST_MINUTES = (15, 30, 60)  # a child may ask for, and take without asking where a parent allows it
REQUESTS_OF_DEVICE = 8  # whatever is posted from one device in this time: each is written down
REQUESTS_OF_DEVICE_SECONDS = 600
BEDTIME_AHEAD_SECONDS = 16 * 3600  # "until bedtime" is offered when it begins within this time
PASSES_MAX = 6  # sites opened for a day, of one child: each goes into every policy
PASS_SECONDS_MIN = 1800  # with less left of the family day than this, a pass is for the next one too
FREE_MINUTES_MAX = 120  # a day that a child may take without asking
STOP_SECONDS_MAX = 18 * 3600  # that "stop me at" may lie ahead: today

# Rules that a grown-up accepts
OFFER_AGAIN_SECONDS = 7 * 86400  # the same rules after a no: a question is asked once, not every day

# A word to a parent's phone that a question waits (ntfy)
NOTIFY_SECONDS_BETWEEN = 60.0  # however many questions come
NOTIFY_RETRY_SECONDS = 300.0  # after a failure, three times
NOTIFY_TRIES = 3
NOTIFY_SECONDS = 8.0  # for a server's next word
NOTIFY_TOPIC_CHARACTERS = 64  # ntfy's own bound
