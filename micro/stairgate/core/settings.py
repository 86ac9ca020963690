"""The settings of hub and agent: one table of what may be chosen, and the check of what somebody wrote.

It decides names, kinds, bounds and defaults, and finds everything that is wrong at once, with the name that was
probably meant. Reading files (TOML, OpenWrt's UCI) and acting on values is the business of the programs. What the
family decides is no setting: it comes signed, from the hub.
"""

from collections import namedtuple

from stairgate.core.fields import DIGITS, HEX, IN_ID, is_address, is_integer, is_made_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    class Setting(NamedTuple):
        """One row of the table. least, most: of a number, of a list's length, of a text's characters; both included.

        kind: `number`, `flag`, `path`, or a list: `interfaces`, `endpoints`, `names`, `addresses`. unit: "" for none.
        """

        section: str
        name: str
        kind: str
        default: object
        least: int
        most: int
        unit: str
        meaning: str

    class Fault(NamedTuple):
        """One thing that is wrong: where, what is expected there, what is there, and the name probably meant."""

        path: str
        expected: str
        got: str
        hint: str

else:
    Setting = namedtuple("Setting", ("section", "name", "kind", "default", "least", "most", "unit", "meaning"))
    Fault = namedtuple("Fault", ("path", "expected", "got", "hint"))

SECTIONS = ("hub", "agent")
NAME_CHARACTERS = 40  # longer names are compared with nothing
FAULTS_MAX = 64  # a file of nothing but mistakes still gives a readable answer
_SHOWN_CHARACTERS = 40
_LISTS = ("interfaces", "endpoints", "names", "addresses")
_YES, _NO = ("1", "on", "true", "yes", "enabled"), ("0", "off", "false", "no", "disabled")

TABLE = (
    Setting("hub", "listen", "endpoints", ("0.0.0.0:8080", "[::]:8080"), 1, 8, "", "Where the pages are."),
    Setting("hub", "https", "flag", True, 0, 1, "", "Whether the pages are offered over HTTPS too."),
    Setting(
        "hub", "https_listen", "endpoints", (), 0, 8, "", "Where they are over HTTPS; none: port 8443 of `listen`."
    ),
    Setting("hub", "names", "names", (), 0, 16, "", "More host names that the pages answer to."),
    Setting("hub", "session_days", "number", 90, 1, 365, "days", "A parent signs in again after this long."),
    Setting("hub", "session_idle_days", "number", 30, 1, 90, "days", "A browser unused for this long is signed out."),
    Setting("hub", "history_days", "number", 90, 1, 365, "days", "How long is kept who paused and what routers said."),
    Setting("hub", "usage_days", "number", 30, 1, 90, "days", "How long is kept how much each child's device moved."),
    Setting("hub", "trial_minutes", "number", 10, 2, 60, "minutes", "Closing new devices goes back after this trial."),
    Setting(
        "agent", "lan_interfaces", "interfaces", (), 0, 16, "", "Where the family's devices are; none: `agent.toml`'s."
    ),
    Setting(
        "agent", "lease_file", "path", "/tmp/dhcp.leases", 1, 255, "", "Where dnsmasq writes whom it gave addresses."
    ),
    Setting(
        "agent",
        "forward_priority",
        "number",
        -10,
        -149,
        -1,
        "",
        "Order among other rules, lower first; holds from a reboot on.",
    ),
    Setting(
        "agent",
        "mark_bit",
        "number",
        24,
        0,
        31,
        "",
        "The packet mark's bit that says “forwarded”; the next one is used too.",
    ),
    Setting("agent", "number_shift", "number", 16, 0, 22, "", "Lowest of the eleven connection mark bits in use."),
    Setting(
        "agent", "hello_minutes", "number", 15, 1, 15, "minutes", "The hub hears of the router at least this often."
    ),
    Setting("agent", "usage_seconds", "number", 1, 1, 10, "seconds", "How often moved bytes are told."),
    Setting(
        "agent", "resolvers", "addresses", (), 0, 4, "", "Who resolves names (port 53), in turn; none: `127.0.0.1`."
    ),
    Setting(
        "agent",
        "pack_folder",
        "path",
        "/etc/stairgate/state/packs",
        1,
        255,
        "",
        "Where the block list is kept (some MB); by default in `state/packs` beside `agent.toml`.",
    ),
)


def defaults(section: str) -> "dict[str, object]":
    """The values of a section in which nobody wrote anything."""
    return {row.name: row.default for row in TABLE if row.section == section}


def check(tables: object, are_texts: bool = False) -> "tuple[dict[str, dict[str, object]], list[Fault]]":
    """What was written, as section → name → value, completed with the defaults, and everything that is wrong.

    tables: the file's content, section → name → value, of any shape; never an exception. A value that is wrong is its
    default in the answer. are_texts: numbers and flags are written as text, and a list of one as a single value.
    """
    values = {section: defaults(section) for section in SECTIONS}
    faults: "list[Fault]" = []
    if not isinstance(tables, dict):
        return values, [Fault("file", "tables " + " and ".join(SECTIONS), shown(tables), "")]
    for section, written in tables.items():
        if section not in SECTIONS:
            expected = "one of the tables " + ", ".join(SECTIONS)
            faults.append(Fault(shown_name(section), expected, "an unknown one", near(section, SECTIONS)))
        elif not isinstance(written, dict):
            faults.append(Fault(section, "a table", shown(written), ""))
        else:
            _check_section(section, written, are_texts, values[section], faults)
        if len(faults) >= FAULTS_MAX:
            break
    return values, faults[:FAULTS_MAX]


def sentence(fault: "Fault") -> str:
    """The fault in words: `agent.lan_interface: expected a known setting, got …; did you mean lan_interfaces?`"""
    text = fault.path + ": expected " + fault.expected + ", got " + fault.got
    return text + "; did you mean " + fault.hint + "?" if fault.hint else text


def expectation(row: "Setting") -> str:
    """What a setting may be, in words."""
    if row.kind == "number":
        return ("a whole number from %d to %d %s" % (row.least, row.most, row.unit)).strip()
    if row.kind == "flag":
        return "true or false"
    if row.kind == "path":
        return "a path that begins with /, of at most %d characters" % row.most
    item = {
        "interfaces": "interface names of at most 15 characters",
        "endpoints": "texts ADDRESS:PORT, IPv6 in brackets",
        "names": "host names such as hub.lan",
        "addresses": "IPv4 or IPv6 addresses",
    }[row.kind]
    return "a list of %d to %d %s" % (row.least, row.most, item)


def near(name: object, candidates: "tuple[str, ...]") -> str:
    """The candidate that was probably meant: the one few changes away, else empty."""
    if not isinstance(name, str) or len(name) > NAME_CHARACTERS:
        return ""
    best, fewest = "", NAME_CHARACTERS
    for candidate in candidates:
        changes = distance(name.lower().replace("-", "_"), candidate)
        if changes < fewest and changes <= max(1, len(candidate) // 3):
            best, fewest = candidate, changes
    return best


def distance(one: str, other: str) -> int:
    """How many letters must be put in, left out, changed, or swapped with their neighbour, to make one of the other."""
    before: "list[int]" = []
    row = list(range(len(other) + 1))
    for i in range(1, len(one) + 1):
        older, before, row = before, row, [i] + [0] * len(other)
        for j in range(1, len(other) + 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[len(other)]


def shown(value: object) -> str:
    """A value for a sentence: never long, never an exception, whatever it is."""
    if isinstance(value, str):
        return repr(value[:_SHOWN_CHARACTERS]) + ("…" if len(value) > _SHOWN_CHARACTERS else "")
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if -(10**18) < value < 10**18 else "a very large number"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list of %d" % len(value)
    return "nothing" if value is None else "a " + type(value).__name__


def shown_name(name: object) -> str:
    """A name as part of a path: as it is when it looks like one, else as a value."""
    return name if isinstance(name, str) and is_made_of(name, IN_ID + "_-.", 1, NAME_CHARACTERS) else shown(name)


def _check_section(
    section: str,
    written: "dict[object, object]",
    are_texts: bool,
    values: "dict[str, object]",
    faults: "list[Fault]",
) -> None:
    rows = {row.name: row for row in TABLE if row.section == section}
    for name, value in written.items():
        path = section + "." + shown_name(name)
        row = rows.get(name) if isinstance(name, str) else None
        if row is None:
            faults.append(Fault(path, "a known setting", "an unknown one", near(name, tuple(rows))))
        else:
            is_good, value = _read(row, _from_text(row.kind, value) if are_texts else value)
            if is_good:
                values[row.name] = value
            else:
                faults.append(Fault(path, expectation(row), _shown_list(value), ""))
        if len(faults) >= FAULTS_MAX:
            return


def _shown_list(value: object) -> str:
    if isinstance(value, (list, tuple)) and 0 < len(value) <= 4:
        return ", ".join(shown(item) for item in value)
    return shown(value)


def _from_text(kind: str, value: object) -> object:
    if kind in _LISTS:
        return value if isinstance(value, (list, tuple)) else [value]
    if not isinstance(value, str):
        return value
    if kind == "number" and is_made_of(value[1:] if value[:1] == "-" else value, DIGITS, 1, 18):
        return int(value)
    if kind == "flag" and value in _YES + _NO:
        return value in _YES
    return value


def _read(row: "Setting", value: object) -> "tuple[bool, object]":
    """Whether the value is one for this row, and the value itself, a list as a tuple."""
    kind = row.kind
    if kind in _LISTS:
        if not isinstance(value, (list, tuple)) or not row.least <= len(value) <= row.most:
            return False, value
        items = tuple(value)
        return all(_ITEMS[kind](item) for item in items), items
    if kind == "number":
        return is_integer(value, row.least, row.most), value
    if kind == "flag":
        return type(value) is bool, value
    return _is_path(value, row.most), value


def _is_path(value: object, most: int) -> bool:
    if not isinstance(value, str) or not 2 <= len(value) <= most or value[0] != "/":
        return False
    return all(" " < letter < "\x7f" for letter in value)


def _is_interface(value: object) -> bool:
    if not isinstance(value, str) or not 1 <= len(value) <= 15 or value in (".", ".."):
        return False
    return all(" " < letter < "\x7f" and letter not in "/:\"'\\" for letter in value)


def _is_endpoint(value: object) -> bool:
    if not isinstance(value, str) or len(value) > 60 or ":" not in value:
        return False
    at = value.rfind(":")
    host, port = value[:at], value[at + 1 :]
    if not is_made_of(port, DIGITS, 1, 5) or not 0 < int(port) < 65536:
        return False
    if host[:1] == "[" and host[-1:] == "]":
        return is_made_of(host[1:-1], HEX + "ABCDEF:.", 2, 45)
    parts = host.split(".")
    return len(parts) == 4 and all(is_made_of(part, DIGITS, 1, 3) and int(part) < 256 for part in parts)


def _is_name(value: object) -> bool:
    if not isinstance(value, str) or not 1 <= len(value) <= 253:
        return False
    labels = value.lower().split(".")
    is_good = all(is_made_of(label, IN_ID + "-", 1, 63) and "-" not in label[0] + label[-1] for label in labels)
    return is_good and not is_made_of(labels[-1], DIGITS, 1, 63)


_ITEMS = {"interfaces": _is_interface, "endpoints": _is_endpoint, "names": _is_name, "addresses": is_address}
