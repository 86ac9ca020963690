"""The home's directory as the hub uses it: the real side of `home_authority`, over `stairgate.provisioning`.

It decides nothing: it puts provisioning's functions behind the hub's seam, turns their errors into the seam's, and
follows the signing key when another process changes it.
"""

import logging
import os
import threading
from pathlib import Path

from stairgate.core.certificate import Certificate
from stairgate.core.pairing import PairAnswer, PairRequest
from stairgate.hub.clock import Clock
from stairgate.hub.home_authority import BrokerFault, Pages
from stairgate.hub.language import N_
from stairgate.hub.roster import Agent
from stairgate.hub.said_later import SaidLater
from stairgate.provisioning import broker_control
from stairgate.provisioning.paired import paired_answer
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.servers import renew_servers
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.trust_chain import TrustChain

_log = logging.getLogger(__name__)
# What provisioning says of the broker, as a sentence of a page. Files, commands and numbers stay as they are.
_SENTENCES = {
    broker_control.OTHER_USER: N_(
        "The broker (process {process}) runs as another user; tell it as that user or as root: kill -HUP {process}."
    ),
    broker_control.NOT_OUR_LIST: N_(
        "{file}: expected a list of this home's authority; write it anew with: stairgate home render {home}."
    ),
    broker_control.NO_NUMBER: N_("{file}: expected the number of a process, got {got}; restart the broker."),
    broker_control.NOT_RUNNING: N_("No broker runs with {file} on this machine; its lists are read at its next start."),
    broker_control.REFUSES_TO_END: N_("The broker refused to end the connection of {agent} ({reason}); restart it."),
    broker_control.REFUSES_NOBODY: N_(
        "The broker does not refuse certificates that are revoked ({reason}); restart it."
    ),
}


class HomeDirectory:
    """The home in `directory`; `home` is its id. See `home_authority.HomeAuthority` for each method."""

    def __init__(self, directory: Path, home: str, clock: Clock) -> None:
        self._directory = directory
        self._home = home
        self._clock = clock
        self._registry = Registry(directory)
        self._trust = TrustChain(directory)

    def stamp(self) -> object:
        """See `HomeAuthority`."""
        return self._registry.stamp()

    def agents(self) -> tuple[Agent, ...]:
        """See `HomeAuthority`."""
        return tuple(Agent(record.id, record.label, record.kind) for record in self._registry.active())

    def enrol(self, request: PairRequest, label: str, again: str, pages: Pages, now: float) -> tuple[Agent, PairAnswer]:
        """See `HomeAuthority`."""
        if again:
            record, certificate = self._registry.re_enrol(again, request.point, now)
        else:
            record, certificate = self._registry.enrol(label, request.point, request.kind, now)
        answer = paired_answer(self._directory, record.id, certificate, pages.hosts, pages.port)
        return Agent(record.id, record.label, record.kind), answer

    def rename(self, agent: str, label: str) -> None:
        """See `HomeAuthority`."""
        self._registry.rename(agent, label)

    def revoke(self, agent: str, now: float) -> None:
        """See `HomeAuthority`."""
        self._registry.revoke(agent, now)

    def reload_broker(self) -> None:
        """See `HomeAuthority`."""
        try:
            broker_control.reload(self._directory)
        except broker_control.BrokerNotReached as problem:
            raise BrokerFault(_sentence(problem)) from problem

    def take_over(self, agent: str) -> None:
        """See `HomeAuthority`."""
        try:
            broker_control.take_over(self._directory, agent, self._clock.wall)
        except broker_control.BrokerNotReached as problem:
            raise BrokerFault(_sentence(problem)) from problem

    def trust_stamp(self) -> object:
        """See `HomeAuthority`."""
        return self._trust.stamp()

    def trust_chain(self) -> tuple[tuple[int, bytes], ...]:
        """See `HomeAuthority`."""
        return self._trust.documents()

    def note_trust(self, agent: str, revision: int) -> None:
        """See `HomeAuthority`."""
        self._trust.note_held(agent, revision)

    def due_for_renewal(self, now: float) -> tuple[str, ...]:
        """See `HomeAuthority`."""
        return self._registry.due_for_renewal(now)

    def renew(self, agent: str, now: float) -> Certificate:
        """See `HomeAuthority`."""
        der = self._registry.renew(agent, now)
        ends = next(record.not_after for record in self._registry.active() if record.id == agent)
        return Certificate(self._home, agent, ends, der)

    def repair_lists(self) -> None:
        """Put the broker's lists in step with the list of agents, where a power cut or a bad disk left them apart."""
        if self._registry.repair(self._clock.wall()):
            _log.warning("the broker's lists did not follow the list of agents; they were made anew")
            try:
                broker_control.reload(self._directory)
            except broker_control.BrokerNotReached as problem:
                _log.warning("the broker reads them at its next start: %s", problem)

    def renew_servers(self, now: float) -> bool:
        """See `HomeAuthority`."""
        renewed = renew_servers(self._directory, now)
        if "broker" in renewed:
            try:
                broker_control.reload(self._directory)
            except broker_control.BrokerNotReached as problem:
                # Its old certificate is good for months; it reads the new one at its next start.
                _log.warning("the broker has a new certificate and does not know: %s", problem)
        return bool(renewed)


class FollowedKey:
    """The home's signing key as its file has it now: `stairgate home rotate-signing-key` replaces it while we run.

    Safe for threads. Raises OSError and ValueError where the first key cannot be read; later the last one stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._is_unreadable = False
        self._stamp = _stamp(path)
        self._key = SigningKey.load(path)

    @property
    def key_id(self) -> str:
        """See `Signer`."""
        return self._current().key_id

    def sign(self, kind: str, body: bytes) -> bytes:
        """See `Signer`."""
        return self._current().sign(kind, body)

    def _current(self) -> SigningKey:
        with self._lock:
            try:
                stamp = _stamp(self._path)
                if stamp != self._stamp:
                    self._key, self._stamp = SigningKey.load(self._path), stamp
                    _log.info("the signing key was changed")
                self._is_unreadable = False
            except (OSError, ValueError) as problem:
                if not self._is_unreadable:
                    _log.error("the signing key cannot be read, the last one is used: %s", problem)
                self._is_unreadable = True
            return self._key


def _stamp(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)
    return (status.st_mtime_ns, status.st_ino, status.st_size)


def _sentence(problem: broker_control.BrokerNotReached) -> SaidLater:
    return SaidLater(_SENTENCES[problem.text], **problem.fields)
