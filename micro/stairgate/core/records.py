"""What a policy says, as plain values: one record for each kind of line.

They hold meaning only; reading, checking and writing lines is `policy`'s part. Two policies that say the same
are equal after `policy.canonical`.
"""

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    class Zone(NamedTuple):
        """Offsets from UTC of one time zone: from each second `utc` on, so many minutes; ascending, never empty."""

        id: str
        name: str
        changes: "tuple[tuple[int, int], ...]"

    class Hub(NamedTuple):
        """The parents' app: its machines are always exempt, its addresses and port always reachable."""

        macs: "tuple[str, ...]"
        addresses: "tuple[str, ...]"
        port: int

    class Person(NamedTuple):
        """Somebody of the home: `band` is an age band, `zone` the id of the zone whose clock counts."""

        id: str
        band: str
        zone: str
        default_level: str

    class Device(NamedTuple):
        """A device with its MAC addresses, the ids of the persons it belongs to, and its flags."""

        id: str
        macs: "tuple[str, ...]"
        persons: "tuple[str, ...]"
        kind: str
        flags: "tuple[str, ...]"

    class Week(NamedTuple):
        """One weekly window: `days` is a mask (Monday 1 … Sunday 64) of the days on which it starts.

        `start` and `end` are minutes of the local day; `end <= start` ends on the next day.
        """

        person: str
        days: int
        start: int
        end: int
        level: str

    class Date(NamedTuple):
        """Windows (start, end, level) instead of the week's from day `first` to `last` (YYYY-MM-DD)."""

        person: str
        first: str
        last: str
        windows: "tuple[tuple[int, int, str], ...]"

    class Travel(NamedTuple):
        """From day `first` to `last` (YYYY-MM-DD) the clock of another zone counts for the person."""

        person: str
        first: str
        last: str
        zone: str

    class Budget(NamedTuple):
        """Minutes for each weekday, Monday first, -1: no limit; the day begins at minute `day_start`."""

        person: str
        category: str
        minutes: "tuple[int, ...]"
        day_start: int

    class Override(NamedTuple):
        """An exception with an end, for a person or a device, in UTC seconds: `pause`, `open`, `bonus` or `give`.

        The last two add `minutes` to the budgets of the family day in which they begin; a `give` does nothing else.
        """

        id: str
        target: str
        kind: str
        start: int
        until: int
        minutes: int
        reason: str

    class Pack(NamedTuple):
        """A compiled block list: which bytes to accept for a category."""

        category: str
        version: str
        sha256: str
        bytes: int

    class Filter(NamedTuple):
        """What names a person's devices may resolve; what the lists mean is `filtering`'s part.

        flags: of `fields.FILTER_FLAGS`. block: tags of the pack, categories and apps. deny, allow: names, each with all
        below it, whatever the pack says. only: what is reachable while the level is `limited`.
        """

        person: str
        flags: "tuple[str, ...]"
        block: "tuple[str, ...]"
        deny: "tuple[str, ...]"
        allow: "tuple[str, ...]"
        only: "tuple[str, ...]"

    class Opening(NamedTuple):
        """A parent opened this gate of this toy until that second of UTC."""

        device: str
        gate: str
        until: int

    class Consent(NamedTuple):
        """The data rows of the toy's declaration that a parent agreed to; the newest policy is the whole answer."""

        device: str
        rows: "tuple[str, ...]"

    class Reach(NamedTuple):
        """The only names that this device resolves and reaches, each with all below it."""

        device: str
        names: "tuple[str, ...]"

    class Quiet(NamedTuple):
        """Windows (days, start, end) in which a device without our agent should send nothing up.

        `days` is a mask as a week's. action: of `fields.QUIET_ACTIONS`.
        """

        device: str
        windows: "tuple[tuple[int, int, int], ...]"
        action: str

    class Policy(NamedTuple):
        """All rules of a home that one agent enforces. `issued` is UTC seconds; `hub` may be missing.

        everyone: tags of the pack that no device of the home resolves, a grown-up's neither.
        """

        home: str
        agent: str
        revision: int
        issued: int
        zones: "tuple[Zone, ...]"
        hub: "Hub | None"
        persons: "tuple[Person, ...]"
        devices: "tuple[Device, ...]"
        weeks: "tuple[Week, ...]"
        dates: "tuple[Date, ...]"
        travels: "tuple[Travel, ...]"
        budgets: "tuple[Budget, ...]"
        overrides: "tuple[Override, ...]"
        packs: "tuple[Pack, ...]"
        everyone: "tuple[str, ...]"
        filters: "tuple[Filter, ...]"
        openings: "tuple[Opening, ...]"
        consents: "tuple[Consent, ...]"
        reaches: "tuple[Reach, ...]"
        quiets: "tuple[Quiet, ...]"

    class Fault(NamedTuple):
        """One thing wrong with a policy: the line (from 1), the field, what was expected there and what came."""

        line: int
        field: str
        expected: str
        got: str

else:
    Zone = namedtuple("Zone", ("id", "name", "changes"))
    Hub = namedtuple("Hub", ("macs", "addresses", "port"))
    Person = namedtuple("Person", ("id", "band", "zone", "default_level"))
    Device = namedtuple("Device", ("id", "macs", "persons", "kind", "flags"))
    Week = namedtuple("Week", ("person", "days", "start", "end", "level"))
    Date = namedtuple("Date", ("person", "first", "last", "windows"))
    Travel = namedtuple("Travel", ("person", "first", "last", "zone"))
    Budget = namedtuple("Budget", ("person", "category", "minutes", "day_start"))
    Override = namedtuple("Override", ("id", "target", "kind", "start", "until", "minutes", "reason"))
    Pack = namedtuple("Pack", ("category", "version", "sha256", "bytes"))
    Filter = namedtuple("Filter", ("person", "flags", "block", "deny", "allow", "only"))
    Opening = namedtuple("Opening", ("device", "gate", "until"))
    Consent = namedtuple("Consent", ("device", "rows"))
    Reach = namedtuple("Reach", ("device", "names"))
    Quiet = namedtuple("Quiet", ("device", "windows", "action"))
    Policy = namedtuple(
        "Policy",
        (
            "home",
            "agent",
            "revision",
            "issued",
            "zones",
            "hub",
            "persons",
            "devices",
            "weeks",
            "dates",
            "travels",
            "budgets",
            "overrides",
            "packs",
            "everyone",
            "filters",
            "openings",
            "consents",
            "reaches",
            "quiets",
        ),
    )
    Fault = namedtuple("Fault", ("line", "field", "expected", "got"))
