"""Settings: what may be written, everything wrong at once, and the name that was probably meant."""

from stairgate.core import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.settings import Fault

# (case, section, name, value, whether it may be)
VALUES: "tuple[tuple[str, str, str, object, bool], ...]" = (
    ("listen: one", "hub", "listen", ["192.168.77.2:8080"], True),
    ("listen: IPv6", "hub", "listen", ["[fd00::2]:8080"], True),
    ("listen: none", "hub", "listen", [], False),
    ("listen: no port", "hub", "listen", ["192.168.77.2"], False),
    ("listen: port 0", "hub", "listen", ["192.168.77.2:0"], False),
    ("listen: port 65536", "hub", "listen", ["192.168.77.2:65536"], False),
    ("listen: a name", "hub", "listen", ["hub.lan:8080"], False),
    ("listen: 256", "hub", "listen", ["192.168.77.256:8080"], False),
    ("listen: IPv6 without brackets", "hub", "listen", ["fd00::2:8080"], False),
    ("listen: a text", "hub", "listen", "192.168.77.2:8080", False),
    ("listen: nine", "hub", "listen", ["192.168.77.2:8080"] * 9, False),
    ("listen: a list in a list", "hub", "listen", [["192.168.77.2:8080"]], False),
    ("https: false", "hub", "https", False, True),
    ("https: zero", "hub", "https", 0, False),
    ("https: text", "hub", "https", "no", False),
    ("names: good", "hub", "names", ["hub.lan", "Stairgate"], True),
    ("names: a space", "hub", "names", ["hub lan"], False),
    ("names: an address", "hub", "names", ["192.168.77.2"], False),
    ("names: empty label", "hub", "names", ["hub..lan"], False),
    ("names: hyphen at the end", "hub", "names", ["hub-.lan"], False),
    ("session_days: least", "hub", "session_days", 1, True),
    ("session_days: most", "hub", "session_days", 365, True),
    ("session_days: below", "hub", "session_days", 0, False),
    ("session_days: above", "hub", "session_days", 366, False),
    ("session_days: true", "hub", "session_days", True, False),
    ("session_days: a float", "hub", "session_days", 7.0, False),
    ("session_days: text", "hub", "session_days", "7", False),
    ("session_days: enormous", "hub", "session_days", 10**40, False),
    ("lan_interfaces: good", "agent", "lan_interfaces", ["br-lan", "eth0.2"], True),
    ("lan_interfaces: 16 characters", "agent", "lan_interfaces", ["a" * 16], False),
    ("lan_interfaces: a slash", "agent", "lan_interfaces", ["../x"], False),
    ("lan_interfaces: a quote", "agent", "lan_interfaces", ['a"b'], False),
    ("lan_interfaces: empty name", "agent", "lan_interfaces", [""], False),
    ("lan_interfaces: beyond ASCII", "agent", "lan_interfaces", ["br\u00fcck"], False),
    ("lease_file: good", "agent", "lease_file", "/var/lib/misc/dnsmasq.leases", True),
    ("lease_file: relative", "agent", "lease_file", "leases", False),
    ("lease_file: a newline", "agent", "lease_file", "/tmp/x\n", False),
    ("forward_priority: least", "agent", "forward_priority", -149, True),
    ("forward_priority: after the firewall", "agent", "forward_priority", 0, False),
    ("mark_bit: 31", "agent", "mark_bit", 31, True),
    ("mark_bit: 32", "agent", "mark_bit", 32, False),
    ("number_shift: 22", "agent", "number_shift", 22, True),
    ("number_shift: 23", "agent", "number_shift", 23, False),
    ("resolvers: both families", "agent", "resolvers", ["192.168.77.1", "fd00::1"], True),
    ("resolvers: a port", "agent", "resolvers", ["192.168.77.1:53"], False),
    ("resolvers: a name", "agent", "resolvers", ["dns.lan"], False),
    ("resolvers: 256", "agent", "resolvers", ["192.168.77.256"], False),
    ("resolvers: five", "agent", "resolvers", ["192.168.77.1"] * 5, False),
    ("resolvers: a text", "agent", "resolvers", "192.168.77.1", False),
    ("pack_folder: good", "agent", "pack_folder", "/tmp/packs", True),
    ("pack_folder: relative", "agent", "pack_folder", "packs", False),
)
CASES = tuple(("value: " + row[0], row[1], row[2], row[3], row[4]) for row in VALUES)


def check(section: str, name: str, value: object, is_good: bool) -> None:
    """One value of one setting."""
    values, faults = settings.check({section: {name: value}})
    if is_good:
        assert faults == []
        assert values[section][name] == (tuple(value) if isinstance(value, list) else value)
    else:
        assert [fault.path for fault in faults] == [section + "." + name]
        assert values[section] == settings.defaults(section)


def words(faults: "list[Fault]") -> "list[str]":
    return sorted(settings.sentence(fault) for fault in faults)


def test_nothing_written_is_all_defaults() -> None:
    cases: "tuple[dict[str, dict[str, object]], ...]" = ({}, {"hub": {}}, {"agent": {}, "hub": {}})
    for tables in cases:
        assert settings.check(tables) == ({name: settings.defaults(name) for name in settings.SECTIONS}, [])


def test_every_default_may_be_written() -> None:
    for row in settings.TABLE:
        value = list(row.default) if isinstance(row.default, tuple) else row.default
        values, faults = settings.check({row.section: {row.name: value}})
        assert (values[row.section][row.name], faults) == (row.default, []), row.name


def test_every_bound_of_a_number_holds() -> None:
    for row in settings.TABLE:
        if row.kind == "number":
            for value, count in ((row.least - 1, 1), (row.least, 0), (row.most, 0), (row.most + 1, 1)):
                assert len(settings.check({row.section: {row.name: value}})[1]) == count, (row.name, value)


def test_all_faults_at_once_with_the_names_that_were_meant() -> None:
    _, faults = settings.check(
        {
            "agent": {"lan_interface": ["br-lan"], "mark_bit": 40, "lease_fiel": "x", "quite_different": 1},
            "hub": {"listen": ["8080"], "sesion_days": 7},
            "agnet": {},
        }
    )
    assert words(faults) == [
        "agent.lan_interface: expected a known setting, got an unknown one; did you mean lan_interfaces?",
        "agent.lease_fiel: expected a known setting, got an unknown one; did you mean lease_file?",
        "agent.mark_bit: expected a whole number from 0 to 31, got 40",
        "agent.quite_different: expected a known setting, got an unknown one",
        "agnet: expected one of the tables hub, agent, got an unknown one; did you mean agent?",
        "hub.listen: expected a list of 1 to 8 texts ADDRESS:PORT, IPv6 in brackets, got '8080'",
        "hub.sesion_days: expected a known setting, got an unknown one; did you mean session_days?",
    ]


def test_texts_as_openwrt_writes_them() -> None:
    written = {"forward_priority": "-20", "lan_interfaces": "br-lan", "mark_bit": "3"}
    values, faults = settings.check({"agent": written, "hub": {"https": "off"}}, True)
    assert faults == []
    agent = values["agent"]
    assert (agent["forward_priority"], agent["lan_interfaces"], agent["mark_bit"]) == (-20, ("br-lan",), 3)
    assert values["hub"]["https"] is False
    for text in ("", "-", "+3", "3.0", "0x3", " 3", "\u0663", "9" * 400):
        assert len(settings.check({"agent": {"mark_bit": text}}, True)[1]) == 1, text


def test_what_is_no_table_of_tables() -> None:
    cases: "tuple[object, ...]" = (None, 1, "x", [], [{}])
    for tables in cases:
        assert len(settings.check(tables)[1]) == 1
    sections: "tuple[object, ...]" = (None, 1, "x", [], 10**5000)
    for section in sections:
        (fault,) = settings.check({"hub": section})[1]
        assert fault.path == "hub"
        assert len(settings.sentence(fault)) < 200


def test_a_file_of_mistakes_is_answered_shortly() -> None:
    _, faults = settings.check({"hub": {"x" * 500 + str(number): number for number in range(1000)}})
    assert len(faults) == settings.FAULTS_MAX
    assert max(len(settings.sentence(fault)) for fault in faults) < 300


def test_the_distance_between_names() -> None:
    for one, other, changes in (
        ("", "", 0),
        ("", "abc", 3),
        ("table", "table", 0),
        ("tabel", "table", 1),
        ("tables", "table", 1),
        ("tble", "table", 1),
        ("cable", "table", 1),
        ("kitten", "sitting", 3),
    ):
        assert settings.distance(one, other) == settings.distance(other, one) == changes, (one, other)
