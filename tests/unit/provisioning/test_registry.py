"""The home's agents: who is in, who is out, which certificates the broker refuses, and two programs at once."""

import errno
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from stairgate.core.p256 import public_point
from stairgate.provisioning import agent_records, private_files
from stairgate.provisioning.agent_records import (
    ACTIVE,
    REVOKED,
    AgentRecord,
    Register,
    Serial,
    read_register,
    render_register,
)
from stairgate.provisioning.authority import LEAF_LIFETIME, Authority, validity
from stairgate.provisioning.faults import Invalid
from stairgate.provisioning.home import create_home
from stairgate.provisioning.registry import RENEW_AGAIN, RENEW_BEFORE, Registry
from stairgate.provisioning.request_checks import AGENTS_MAX
from stairgate.provisioning.revocation import render_revocation_list
from stairgate.provisioning.settings import Home
from tests.unit.provisioning.clocks import FixedClock

NOW = FixedClock().wall()
DAY = 86400
POINT, OTHER_POINT = public_point(1001), public_point(1002)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one agent."""
    return create_home(tmp_path / "home", ["192.168.77.2"], [], 8883, ["Router"], FixedClock())


@pytest.fixture
def registry(home: Home) -> Registry:
    return Registry(home.directory)


def refused_serials(registry: Registry) -> set[int]:
    """What the broker's list says now."""
    data = (registry.directory / "broker" / "crl.pem").read_bytes()
    return {revoked.serial_number for revoked in x509.load_pem_x509_crl(data)}


def users(registry: Registry) -> list[str]:
    """Whom the broker's access list names, without the hub."""
    lines = (registry.directory / "broker" / "acl").read_text().splitlines()
    return [line.split(" ")[1] for line in lines if line.startswith("user ")][1:]


def content(registry: Registry) -> dict[str, bytes]:
    """Every file of the home."""
    files = [path for path in registry.directory.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


def test_an_agent_is_enrolled_with_a_certificate_for_its_own_key(home: Home, registry: Registry) -> None:
    before = registry.stamp()

    record, der = registry.enrol("Attic", POINT, "router", NOW)

    assert registry.active() == registry.read() == (*registry.read()[:1], record)
    assert registry.stamp() != before
    certificate = x509.load_der_x509_certificate(der)
    certificate.verify_directly_issued_by(Authority.load(home.id, home.directory / "authority").certificate)
    assert certificate.public_key() == ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), POINT)
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == record.id
    assert record.serials == (Serial(certificate.serial_number, record.not_after),)
    assert record.not_after == NOW + LEAF_LIFETIME.total_seconds()
    assert (record.label, record.kind, record.state, record.point, record.paired) == (
        "Attic",
        "router",
        ACTIVE,
        POINT,
        NOW,
    )
    assert users(registry) == [home.agents["Router"], record.id]
    assert refused_serials(registry) == set()


def test_paired_again_it_keeps_its_name_and_only_the_old_key_is_refused(registry: Registry) -> None:
    first, _ = registry.enrol("Attic", POINT, "router", NOW)

    again, der = registry.re_enrol(first.id, OTHER_POINT, NOW + DAY)

    assert (again.id, again.label, again.point, again.paired) == (first.id, "Attic", OTHER_POINT, NOW + DAY)
    assert refused_serials(registry) == {first.serials[0].number}
    assert x509.load_der_x509_certificate(der).serial_number not in refused_serials(registry)
    assert first.id in users(registry)


def test_a_revoked_agent_is_refused_whatever_certificate_it_shows(home: Home, registry: Registry) -> None:
    router = home.agents["Router"]
    registry.renew(router, NOW + DAY)
    registry.renew(router, NOW + 2 * DAY)

    record = registry.revoke(router, NOW + 3 * DAY)

    assert record.state == REVOKED
    assert registry.active() == () and registry.read() == (record,)
    assert len(refused_serials(registry)) == 3 == len(record.serials)
    assert users(registry) == []
    assert not (home.directory / "agents" / router).exists()
    for act in (registry.revoke, registry.renew):
        with pytest.raises(Invalid, match="the id of an agent of this home"):
            act(router, NOW)
    with pytest.raises(Invalid, match="the id of an agent of this home"):
        registry.re_enrol(router, POINT, NOW)
    # The label is free again.
    registry.enrol("Router", POINT, "router", NOW)


def test_a_revoked_agent_is_forgotten_when_its_last_certificate_has_ended_not_before(registry: Registry) -> None:
    (router,) = registry.read()
    registry.revoke(router.id, NOW)
    end = router.serials[0].not_after

    registry.enrol("Attic", POINT, "router", end - 1)
    assert [record.label for record in registry.read()] == ["Router", "Attic"]
    registry.enrol("Garage", OTHER_POINT, "router", end + 1)

    assert [record.label for record in registry.read()] == ["Attic", "Garage"]
    assert refused_serials(registry) == set()


def test_each_list_of_the_broker_begins_later_than_the_one_before_and_ends_with_the_authority(
    home: Home, registry: Registry
) -> None:
    authority = Authority.load(home.id, home.directory / "authority").certificate
    starts = []
    # Also when the clock stands still, or goes back by years.
    for moment in (NOW, NOW, NOW - 200 * DAY, NOW + 4000 * DAY, NOW):
        registry.refresh(moment)
        crl = x509.load_pem_x509_crl((home.directory / "broker" / "crl.pem").read_bytes())
        starts.append(crl.last_update_utc)
        assert crl.next_update_utc == authority.not_valid_after_utc
        assert authority.not_valid_before_utc < crl.last_update_utc

    assert starts == sorted(set(starts))
    assert (starts[-1] - starts[0]).total_seconds() == len(starts) - 1


def test_renaming_changes_the_label_and_nothing_that_the_broker_reads(home: Home, registry: Registry) -> None:
    before = (home.directory / "broker" / "crl.pem").read_bytes()

    registry.rename(home.agents["Router"], "Hall 🐻")

    (record,) = registry.read()
    assert (record.id, record.label) == (home.agents["Router"], "Hall 🐻")
    assert (home.directory / "broker" / "crl.pem").read_bytes() == before


def test_renewal_is_due_long_before_the_end_and_not_twice(home: Home, registry: Registry) -> None:
    router, end = home.agents["Router"], registry.read()[0].not_after
    early, late = end - RENEW_BEFORE.total_seconds(), end - RENEW_BEFORE.total_seconds() + 1
    assert registry.due_for_renewal(early) == ()
    assert registry.due_for_renewal(late) == (router,)

    der = registry.renew(router, late)

    assert registry.due_for_renewal(late) == ()
    (record,) = registry.read()
    certificate = x509.load_der_x509_certificate(der)
    assert certificate.not_valid_after_utc.timestamp() == record.not_after == late + LEAF_LIFETIME.total_seconds()
    # The one in use stays good: the agent may be off for weeks.
    assert [serial.revoked for serial in record.serials] == [False, False]


def test_a_renewal_that_never_reached_its_agent_is_made_up_for(home: Home, registry: Registry) -> None:
    """The hub is restored from a backup, say, and knows nothing of the certificate that it should send."""
    (record,) = registry.read()
    first_end, moment = record.not_after, record.not_after - RENEW_BEFORE.total_seconds() + 1
    renewals = 0
    while moment < first_end:
        if registry.due_for_renewal(moment):
            registry.renew(record.id, moment)
            renewals += 1
            assert registry.due_for_renewal(moment) == ()
        moment += DAY

    assert renewals == RENEW_BEFORE // RENEW_AGAIN
    # When the first one has ended, nothing is due for years.
    assert registry.due_for_renewal(first_end) == ()
    assert registry.due_for_renewal(first_end + 3 * 365 * DAY) == ()
    assert refused_serials(registry) == set()


@pytest.mark.parametrize(
    "label", ["", " x", "x" * 41, "a\nb", "Router", "evil\u202egnp", "\u200b", "a\x00b", "\ud800"], ids=repr
)
def test_labels_that_are_refused(registry: Registry, label: str) -> None:
    before = content(registry)

    with pytest.raises(Invalid, match=r"^agent: expected a label"):
        registry.enrol(label, POINT, "router", NOW)
    attic, _ = registry.enrol("Attic", POINT, "router", NOW)
    with pytest.raises(Invalid, match=r"^agent: expected a label"):
        registry.rename(attic.id, label)

    registry.revoke(attic.id, NOW)
    assert set(content(registry)) == set(before)


def test_every_fault_of_a_request_is_told_and_nothing_is_changed(registry: Registry) -> None:
    before = content(registry)

    with pytest.raises(Invalid) as invalid:
        registry.enrol("Router", bytes(65), "A toy", 0)

    assert {fault.where for fault in invalid.value.faults} == {"agent", "key", "kind", "clock"}
    assert content(registry) == before


def test_a_home_has_so_many_agents_and_no_more(registry: Registry) -> None:
    for number in range(AGENTS_MAX - 1):
        registry.enrol(f"Router {number}", POINT, "router", NOW)
    before = content(registry)

    with pytest.raises(Invalid, match=f"at most {AGENTS_MAX} agents"):
        registry.enrol("One more", POINT, "router", NOW)

    assert content(registry) == before
    registry.revoke(registry.read()[3].id, NOW)
    registry.enrol("One more", POINT, "router", NOW)
    assert len(registry.active()) == AGENTS_MAX


def test_the_number_of_certificates_is_bounded(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_records, "SERIALS_MAX", 4)
    (router,) = registry.read()
    for _ in range(3):
        registry.re_enrol(router.id, POINT, NOW)
    before = content(registry)

    with pytest.raises(Invalid, match="4 certificates"):
        registry.re_enrol(router.id, OTHER_POINT, NOW)

    assert content(registry) == before


def test_the_largest_register_can_be_read_back() -> None:
    serials = tuple(Serial(2**159 + number, 2_000_000_000, True) for number in range(4))
    agents = tuple(
        AgentRecord(f"r{number:015d}", "🐻" * 40, "router", REVOKED, POINT, serials, 2_000_000_000, 1_900_000_000)
        for number in range(agent_records.RECORDS_MAX)
    )
    assert sum(len(record.serials) for record in agents) == agent_records.SERIALS_MAX

    data = render_register(Register(agents, 2**31))

    assert len(data) < private_files.READ_CAP_BYTES
    assert read_register(data) == Register(agents, 2**31)


@pytest.mark.parametrize("failing", ["crl.pem", "acl", "agents.json"])
def test_a_full_disk_leaves_who_belongs_to_the_home_as_it_was(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    attic, _ = registry.enrol("Attic", POINT, "router", NOW)
    before = registry.read(), users(registry), refused_serials(registry)
    write = private_files.replace
    failures: list[Path] = []

    def fail_once(path: Path, data: bytes) -> None:
        if path.name == failing and not failures:
            failures.append(path)
            raise OSError(errno.ENOSPC, "no space left")
        write(path, data)

    monkeypatch.setattr(private_files, "replace", fail_once)

    with pytest.raises(OSError, match="no space left"):
        registry.revoke(attic.id, NOW)

    assert (registry.read(), users(registry), refused_serials(registry)) == before
    registry.revoke(attic.id, NOW)
    assert attic.id not in users(registry)


def test_lists_that_do_not_follow_the_register_are_noticed_and_made_anew(
    home: Home, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a power cut between them, or a disk that lost one."""
    attic, _ = registry.enrol("Attic", POINT, "router", NOW)
    write = private_files.replace

    class PowerCut(BaseException):
        pass

    def cut(path: Path, data: bytes) -> None:
        if path.name == "agents.json":
            raise PowerCut
        write(path, data)

    assert not registry.repair(NOW)
    monkeypatch.setattr(private_files, "replace", cut)
    with pytest.raises(PowerCut):
        registry.revoke(attic.id, NOW)
    monkeypatch.undo()
    # Locked out, though still in the list.
    assert attic.id not in users(registry) and attic in registry.active()

    assert registry.repair(NOW)
    assert attic.id in users(registry) and refused_serials(registry) == set()
    assert not registry.repair(NOW)

    registry.revoke(attic.id, NOW)
    crl, acl = home.directory / "broker" / "crl.pem", home.directory / "broker" / "acl"
    foreign = Authority.create(home.id, *validity(NOW, LEAF_LIFETIME))
    for damage in (crl.unlink, acl.unlink, lambda: crl.write_bytes(b"x"), lambda: acl.write_bytes(b"\xff")):
        damage()
        assert registry.repair(NOW)
        assert refused_serials(registry) == {attic.serials[0].number}
        assert users(registry) == [home.agents["Router"]]
    crl.write_bytes(render_revocation_list(foreign, [attic.serials[0].number], 9))
    assert registry.repair(NOW)
    assert not registry.repair(NOW)


PROGRAM = """
import sys
from pathlib import Path
from stairgate.core.p256 import public_point
from stairgate.provisioning.registry import Registry
registry = Registry(Path(sys.argv[1]))
for number in range(6):
    registry.enrol(f"{sys.argv[2]} {number}", public_point(number + 1), "router", 1767225600)
"""


def test_programs_that_change_it_at_once_lose_nothing_of_each_other(home: Home, registry: Registry) -> None:
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    programs = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(home.directory), who], env=environment)
        for who in ("One", "Two", "Three")
    ]

    assert [program.wait(60) for program in programs] == [0, 0, 0]

    labels = {record.label for record in registry.active()}
    assert labels == {"Router"} | {f"{who} {number}" for who in ("One", "Two", "Three") for number in range(6)}
    assert users(registry) == [record.id for record in registry.active()]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"format": 2}, "agents.json"),
        ({"agents": {}}, "agents"),
        ({"agents": [7]}, "agents[0]"),
        ({"edition": -1}, "edition"),
        ({"edition": "1"}, "edition"),
    ],
)
def test_a_file_that_is_no_register_is_refused(registry: Registry, change: dict[str, Any], where: str) -> None:
    path = registry.directory / "agents" / "agents.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    with pytest.raises(Invalid) as invalid:
        registry.read()

    assert invalid.value.faults[0].where == where


def test_every_fault_of_a_record_is_told(registry: Registry) -> None:
    path = registry.directory / "agents" / "agents.json"
    text = json.loads(path.read_text())
    bad = {"id": "R1", "label": "", "kind": 5, "state": "gone", "point": "04", "serials": [["g", 1, True]]}
    text["agents"] = [text["agents"][0] | bad | {"not_after": -1, "paired": None}]
    path.write_text(json.dumps(text))

    with pytest.raises(Invalid) as invalid:
        registry.read()

    assert [fault.where.split(".")[1] for fault in invalid.value.faults] == list(bad) + ["not_after", "paired"]


def test_the_same_id_or_label_twice_is_refused(registry: Registry) -> None:
    path = registry.directory / "agents" / "agents.json"
    text = json.loads(path.read_text())
    text["agents"] *= 2
    path.write_text(json.dumps(text))

    with pytest.raises(Invalid, match="each id once"):
        registry.read()


def test_cut_anywhere_it_is_refused(registry: Registry) -> None:
    whole = (registry.directory / "agents" / "agents.json").read_bytes()
    for length in range(len(whole) - 1):
        with pytest.raises(Invalid):
            read_register(whole[:length])


@given(st.one_of(st.binary(max_size=300), st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b"1e999"])))
def test_any_bytes_are_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(Invalid):
        read_register(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=6), children, max_size=4),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["id", "label", "kind", "state", "point", "serials", "not_after", "paired"]), JSON, min_size=1
    )
)
def test_any_record_is_refused_with_a_reason_or_read(entry: dict[str, Any]) -> None:
    data = json.dumps({"format": 1, "edition": 1, "agents": [entry]}).encode()
    with pytest.raises(Invalid):
        read_register(data)
