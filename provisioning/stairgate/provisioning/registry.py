"""The home's agents: who is one, with which key and which certificates, for the hub and for the command line alike.

It decides who gets a certificate, when one is renewed and which are refused, and keeps the broker's two lists (topics
and revoked certificates) in step with `agents/agents.json`. The file's form is `agent_records`'; making a running
broker read its lists is `broker_control`'s.

Two processes may use it at once: every change is made under a lock, from the file as it is then. The broker's lists
are written first. A power cut in between leaves a revoked agent locked out, or lets nobody in who holds no certificate;
`refresh` puts everything in step again.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from stairgate.core.fields import is_word
from stairgate.provisioning import identifiers, private_files
from stairgate.provisioning.agent_records import (
    ACTIVE,
    REVOKED,
    AgentRecord,
    Register,
    Serial,
    read_register,
    render_register,
    revoke_serials,
)
from stairgate.provisioning.authority import LEAF_LIFETIME, Authority, Role, read_certificate, validity
from stairgate.provisioning.broker import render_acl
from stairgate.provisioning.faults import Fault, Invalid
from stairgate.provisioning.request_checks import find_clock_faults, find_key_faults, find_label_faults
from stairgate.provisioning.revocation import read_revocation_list, render_revocation_list
from stairgate.provisioning.settings import REGISTER_FILE, Home, read_home

RENEW_BEFORE = timedelta(days=180)
RENEW_AGAIN = timedelta(days=30)
_LOCK_FILE = "agents.lock"


class Registry:
    """The agents of the home in `directory`. Holds nothing but the path: each call sees what the disk says.

    All methods raise OSError when the disk fails and ValueError when the home's files are damaged; those that change
    something raise Invalid (a ValueError) with every fault. Then the list is as it was. `now`: UTC seconds.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self) -> tuple[AgentRecord, ...]:
        """Every agent, the revoked ones too."""
        return self._read().agents

    def active(self) -> tuple[AgentRecord, ...]:
        """The agents that belong to the home now, in the order in which they came."""
        return self._read().active()

    def stamp(self) -> object:
        """Changes whenever the list does; costs one look at the directory."""
        status = os.stat(self.directory / REGISTER_FILE)
        return (status.st_mtime_ns, status.st_ino, status.st_size)

    def enrol(self, label: str, point: bytes, kind: str, now: float) -> tuple[AgentRecord, bytes]:
        """A new agent for the public key `point` (65 bytes), and its certificate (DER)."""
        with self._changing(now) as change:
            faults = find_clock_faults(now) + find_key_faults(point)
            faults += find_label_faults([*(other.label for other in change.register.active()), label])
            if not is_word(kind):
                faults.append(Fault("kind", "a word such as router", repr(kind)))
            if faults:
                raise Invalid(faults)
            identifier = identifiers.new_identifier(identifiers.ROUTER_AGENT)
            certificate, serial = change.issue(identifier, point)
            record = AgentRecord(identifier, label, kind, ACTIVE, point, (serial,), serial.not_after, int(now))
            change.put(record)
        return record, certificate

    def re_enrol(self, identifier: str, point: bytes, now: float) -> tuple[AgentRecord, bytes]:
        """The same agent with another key: id and label stay, every certificate before this one is refused."""
        with self._changing(now) as change:
            before = change.register.find(identifier)
            if faults := find_clock_faults(now) + find_key_faults(point):
                raise Invalid(faults)
            certificate, serial = change.issue(identifier, point)
            record = replace(
                before,
                point=point,
                serials=(*revoke_serials(before.serials), serial),
                not_after=serial.not_after,
                paired=int(now),
            )
            change.put(record)
        return record, certificate

    def rename(self, identifier: str, label: str) -> AgentRecord:
        """Give an agent another label. Needs neither the clock nor the authority's key."""
        with self._changing(now=0) as change:
            record = replace(change.register.find(identifier), label=label)
            change.put(record)
        return record

    def revoke(self, identifier: str, now: float) -> AgentRecord:
        """Take an agent's rights away for good. A connection that it has goes on until `broker_control.take_over`."""
        with self._changing(now) as change:
            before = change.register.find(identifier)
            record = replace(before, state=REVOKED, serials=revoke_serials(before.serials))
            change.put(record)
        # What was made for it to be copied by hand is of no use now.
        shutil.rmtree(self.directory / "agents" / identifier, ignore_errors=True)
        return record

    def renew(self, identifier: str, now: float) -> bytes:
        """A new certificate (DER) for the key that an agent has. The one before is good until it ends."""
        with self._changing(now) as change:
            before = change.register.find(identifier)
            if faults := find_clock_faults(now):
                raise Invalid(faults)
            certificate, serial = change.issue(identifier, before.point)
            change.put(replace(before, serials=(*before.serials, serial), not_after=serial.not_after))
        return certificate

    def due_for_renewal(self, now: float) -> tuple[str, ...]:
        """Ids of the agents of whom some certificate that is still good ends in less than `RENEW_BEFORE`.

        Nobody says here whether an agent uses the newest one. So it gets another each `RENEW_AGAIN`, until the older
        one has ended: what was lost on the way to it heals by itself.
        """
        limit, last = now + RENEW_BEFORE.total_seconds(), now - RENEW_AGAIN.total_seconds()

        def is_due(record: AgentRecord) -> bool:
            ends = [serial.not_after for serial in record.serials if not serial.revoked and serial.not_after > now]
            issued = record.not_after - LEAF_LIFETIME.total_seconds()
            return record.not_after < limit or (min(ends, default=limit) < limit and issued <= last)

        return tuple(record.id for record in self.active() if is_due(record))

    def issue_for_take_over(
        self, identifier: str, point: bytes, lifetime: timedelta, revoked: bool, now: float
    ) -> tuple[bytes, int]:
        """A short-lived certificate (DER) with the name of an agent, revoked or not, and its serial number.

        revoked: refused from the beginning. Otherwise it is accepted until `refuse`.
        """
        with self._changing(now) as change:
            record = next((record for record in change.register.agents if record.id == identifier), None)
            if record is None:
                raise Invalid([Fault("agent", "the id of an agent that this home has or had", repr(identifier))])
            certificate, serial = change.issue(identifier, point, lifetime)
            change.put(replace(record, serials=(*record.serials, serial._replace(revoked=revoked))))
        return certificate, serial.number

    def refuse(self, identifier: str, number: int, now: float) -> None:
        """Have the broker refuse one certificate of an agent from now on."""
        with self._changing(now) as change:
            for record in change.register.agents:
                if record.id == identifier:
                    refused = [each._replace(revoked=each.revoked or each.number == number) for each in record.serials]
                    change.put(replace(record, serials=tuple(refused)))
                    break

    def refresh(self, now: float) -> None:
        """Write the broker's lists anew from the list of agents: after a restore, or a power cut at a bad moment."""
        with self._changing(now) as change:
            change.is_forced = True

    def repair(self, now: float) -> bool:
        """`refresh`, but only where the broker's lists do not say what the list of agents says; True when they did not.

        For the hub's start: cheap, and needs the authority's key only when something is wrong.
        """
        with private_files.locked(self.directory / "agents" / _LOCK_FILE):
            home, register, broker = read_home(self.directory), self._read(), self.directory / "broker"
            authority = read_certificate(private_files.read(self.directory / "authority" / "ca.crt"))
            try:
                refused = read_revocation_list(authority, private_files.read(broker / "crl.pem"))
                acl = private_files.read(broker / "acl").decode()
            except (OSError, ValueError):
                refused, acl = frozenset(), ""
            if acl == _acl(home, register) and refused == frozenset(register.revoked_serials()):
                return False
        self.refresh(now)
        return True

    def _read(self) -> Register:
        return read_register(private_files.read(self.directory / REGISTER_FILE))

    @contextmanager
    def _changing(self, now: float) -> Iterator["_Change"]:
        with private_files.locked(self.directory / "agents" / _LOCK_FILE):
            before = self._read()
            change = _Change(self.directory, before, now)
            yield change
            after = replace(change.register, edition=before.edition + 1)
            tells_broker = change.is_forced or _of_interest_to_broker(after) != _of_interest_to_broker(before)
            try:
                if tells_broker:
                    self._write_broker_lists(change, after)
                private_files.replace(self.directory / REGISTER_FILE, render_register(after))
            except OSError:
                # The lists follow the register, which stays; where the disk refuses that too, `refresh` will do it.
                if tells_broker:
                    with suppress(OSError):
                        self._write_broker_lists(change, before)
                raise

    def _write_broker_lists(self, change: "_Change", register: Register) -> None:
        broker = self.directory / "broker"
        crl = render_revocation_list(change.authority, register.revoked_serials(), register.edition)
        private_files.replace(broker / "crl.pem", crl)
        private_files.replace(broker / "acl", _acl(change.home, register).encode())


def _acl(home: Home, register: Register) -> str:
    return render_acl(home.id, home.hub, home.shard, [record.id for record in register.active()])


def _of_interest_to_broker(register: Register) -> object:
    return [record.id for record in register.active()], register.revoked_serials()


class _Change:
    """One change under way: what the register was and what it becomes."""

    def __init__(self, directory: Path, register: Register, now: float) -> None:
        self.register = register
        self.is_forced = False
        self._directory = directory
        self._now = now

    @cached_property
    def home(self) -> Home:
        return read_home(self._directory)

    @cached_property
    def authority(self) -> Authority:
        return Authority.load(self.home.id, self._directory / "authority")

    def issue(self, identifier: str, point: bytes, lifetime: timedelta = LEAF_LIFETIME) -> tuple[bytes, Serial]:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        certificate = self.authority.issue(Role.AGENT, identifier, key, *validity(self._now, lifetime))
        not_after = int(certificate.not_valid_after_utc.timestamp())
        return certificate.public_bytes(Encoding.DER), Serial(certificate.serial_number, not_after)

    def put(self, record: AgentRecord) -> None:
        self.register = self.register.with_agent(record, self._now)
