"""One query, from its bytes to the bytes of its answer, whatever it travels by.

It ties the parts: `message` reads, `decisions` decides, `resolver` asks, `answers` writes. Decisions and answers are
remembered for each device; a new policy forgets them all. A name that turns out to be an alias of a refused one is
refused, too. Before an answer with addresses leaves for a managed device, `addresses` is told, so that the kernel lets
them through.
"""

import socket
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any, Protocol

from stairgate.agent.asked import Asked
from stairgate.agent.dns import answers
from stairgate.agent.dns.aliases import chain_of, united
from stairgate.agent.dns.cache import Entry
from stairgate.agent.dns.decisions import (
    ABSENT,
    HUB,
    NOT_READY,
    PROBE,
    REFUSE,
    RESOLVE,
    REWRITE,
    Decider,
    Decision,
    Rules,
)
from stairgate.agent.dns.devices import STRANGER, Profile, Subject, by_mac
from stairgate.agent.dns.loop import Loop
from stairgate.agent.dns.message import (
    AAAA,
    ANY,
    BADVERS,
    CD,
    CNAME,
    HTTPS,
    IN,
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    PLAIN_SIZE,
    REFUSED,
    SERVFAIL,
    SVCB,
    A,
    BadMessage,
    BadVersion,
    Query,
    read_query,
    wire_of,
)
from stairgate.agent.dns.resolver import Resolver
from stairgate.agent.dns.table import Table
from stairgate.agent.gate import PROBE_ADDRESS
from stairgate.agent.limits import (
    ANSWERS,
    CACHED_SECONDS,
    DECISIONS,
    MANAGED_TTL,
    REFUSED_TTL,
    REWRITTEN_TTL,
    TAGGED_TTL,
)

_PROBES = (socket.inet_aton(PROBE_ADDRESS),)  # never routed; the gate leads it to `probes`
# RFC 6895, 3.1: from 128 on, types are no records but requests, of which only ANY is met.
_REQUESTS = range(128, 256)
_HINTS = (HTTPS, SVCB)
_FOR_EVER = float("inf")


TagsOf = Callable[[str], Sequence[str]]


class Addresses(Protocol):
    """The seam to the kernel's sets of addresses (`stairgate.agent.addresses`)."""

    def answered(self, device: Profile, name: str, tags: Sequence[str], addresses: Sequence[bytes], ttl: int) -> object:
        """These addresses are about to be told to the device, for that name. ttl: seconds."""

    def policy_changed(
        self, profiles: Sequence[Profile], everyone: Collection[str] = (), tags_of: TagsOf | None = None
    ) -> object:
        """These profiles hold from now on. everyone: tags refused in the whole home. tags_of: the tags of a name, where
        the list is another one than before.
        """


class Path(Protocol):
    """Where a query came from and its answer goes to."""

    is_stream: bool

    def send(self, answer: bytes, source: Any, info: object) -> None:
        """Send an answer to the source; info: what the path needs besides."""


class Waiting:
    """A query that waits for upstream. See resolver.Waiter."""

    __slots__ = ("data", "generation", "identity", "info", "path", "query", "service", "source", "subject")

    def __init__(
        self,
        service: "Service",
        query: Query,
        data: bytes,
        subject: Subject,
        path: Path,
        source: Any,
        info: object,
    ) -> None:
        self.service, self.query, self.data, self.subject = service, query, data, subject
        self.path, self.source, self.info = path, source, info
        self.identity: Hashable = (source, query.id)
        self.generation = service.generation

    def resolved(self, entry: Entry | None) -> None:
        """See resolver.Waiter."""
        answer = self.service.resumed(self, entry)
        if answer is not None:
            self.path.send(answer, self.source, self.info)


class Service:
    """answers: rendered ones, by the device's key and the query without its id: (good until, bytes after the id).

    asked: what devices with `reach` lines asked for; of theirs no answer is remembered, so that each query is counted.
    """

    def __init__(self, loop: Loop, resolver: Resolver, addresses: Addresses) -> None:
        self._loop, self._resolver, self._addresses = loop, resolver, addresses
        self.answers: dict[bytes, tuple[float, bytes]] = {}
        self.generation = 0
        self.asked = Asked()
        self.stranger = Subject(STRANGER, 0)
        self._deciders: dict[bytes, Decider] = {}
        self._decisions: dict[bytes, Decision] = {}
        self._subjects: dict[bytes, Subject] = {}
        self._rules = Rules()
        self._table: Table | None = None
        self._page: tuple[bytes, ...] = ()

    def take(self, profiles: Sequence[Profile], rules: Rules, table: Table | None, page: tuple[bytes, ...]) -> None:
        """All of this holds from now on, and nothing of what did before. page: the hub's addresses."""
        self._loop.flush()  # no answer by the old rules leaves after the word that the new ones hold
        self.generation += 1
        self._subjects = by_mac(tuple(profiles))
        self.stranger = Subject(STRANGER, 0)
        tags_of = table.tags_of if table is not None and table is not self._table else None
        self._rules, self._table, self._page = rules, table, page
        self._deciders.clear()
        self._decisions.clear()
        self.answers.clear()
        self._addresses.policy_changed(profiles, rules.everyone, tags_of)

    def subject_of(self, mac: bytes | None) -> Subject:
        """Whose queries come from a MAC address."""
        return self._subjects.get(mac, self.stranger) if mac is not None else self.stranger

    def answer(self, data: bytes, subject: Subject, path: Path, source: Any, info: object) -> bytes | None:
        """The answer to a message; None for none, or when it will be sent later. May raise anything: count it."""
        try:
            query = read_query(data)
        except BadVersion as bad:
            return answers.failure(bad.query, BADVERS)
        except BadMessage as bad:
            return None if bad.rcode is None else answers.malformed(data, bad.rcode)
        return self._respond(query, data, subject, path, source, info)

    def resumed(self, waiting: Waiting, entry: Entry | None) -> bytes | None:
        """The answer to a query whose reply has come. What was decided before a change of policy is decided anew."""
        query, subject = waiting.query, waiting.subject
        if waiting.generation != self.generation:
            subject = self.subject_of(subject.profile.macs[0] if subject.profile.macs else None)
            return self._respond(query, waiting.data, subject, waiting.path, waiting.source, waiting.info)
        key = subject.key + query.name
        decision = self._decisions.get(key) or self._decided(key, subject, query.text)
        return self._sized(query, waiting.path, self._with_reply(query, subject, decision, entry))

    def _decider(self, subject: Subject) -> Decider:
        decider = self._deciders.get(subject.key)
        if decider is None:
            sets = self._table.sets if self._table else ((),)
            decider = self._deciders[subject.key] = Decider(subject.profile, self._rules, sets)
        return decider

    def _decided(self, key: bytes, subject: Subject, name: str) -> Decision:
        decider = self._deciders.get(subject.key) or self._decider(subject)
        decision = decider.decide(name, self._table.set_of(name) if self._table else 0)
        if len(self._decisions) >= DECISIONS:
            self._decisions.clear()
        self._decisions[key] = decision
        return decision

    def _respond(
        self, query: Query, data: bytes, subject: Subject, path: Path, source: Any, info: object
    ) -> bytes | None:
        kind = query.type
        if query.klass != IN or kind in _REQUESTS:
            return self._declined(query)
        key = subject.key + query.name
        decision = self._decisions.get(key)
        # Most names are asked for once: only what comes again is worth to be remembered whole.
        again = decision is not None
        if decision is None:
            decision = self._decided(key, subject, query.text)
        reach = subject.profile.reach
        if reach and decision.act != HUB:
            self.asked.note(subject.profile.device, reach, query.text)
        until = _FOR_EVER
        answer = self._own(query, subject.profile, decision)
        if answer is None:
            question = query.question[-4:]
            question = (query.name if decision.act == RESOLVE else wire_of(decision.target)) + question
            cd = bool(query.flags & CD)
            entry = self._resolver.known(question, query.do, cd)
            if entry is None:
                waiting = Waiting(self, query, data, subject, path, source, info)
                if self._resolver.wait(question, query.do, cd, waiting):
                    return None
                return answers.failure(query, SERVFAIL, answers.OTHER, "busy")
            answer = self._with_reply(query, subject, decision, entry)
            until = entry.born + int(self._loop.now - entry.born) + 1
        if len(answer) > PLAIN_SIZE:
            return self._sized(query, path, answer)
        if again and not reach and len(data) <= PLAIN_SIZE:
            self._remember(subject.key + data[2:], until, answer[2:])
        return answer

    def _declined(self, query: Query) -> bytes:
        if query.klass != IN:
            return answers.failure(query, REFUSED)
        return answers.any_type(query) if query.type == ANY else answers.failure(query, NOTIMP)

    def _own(self, query: Query, profile: Profile, decision: Decision) -> bytes | None:
        """The answer that needs nobody upstream, None when there is none."""
        act = decision.act
        if act == REFUSE:
            return self._refused(query, profile, decision)
        if act in (RESOLVE, REWRITE):
            # Of a managed device they are never forwarded: their hints lead round what is recorded and rewritten, and
            # without them there is no encrypted greeting. A client goes on with the addresses (RFC 9460, 3).
            if query.type in _HINTS and not profile.exempt:
                return answers.negative(query, NOERROR, ttl=REWRITTEN_TTL)
            if act == RESOLVE or query.type in (A, AAAA):
                return None
            if query.type == CNAME:
                return answers.rewritten(query, wire_of(decision.target), (), REWRITTEN_TTL)
            return answers.negative(query, NOERROR, ttl=REWRITTEN_TTL)
        if act == PROBE:
            return answers.addresses(query, _PROBES, REFUSED_TTL)
        if act == HUB:
            return answers.addresses(query, self._page, REWRITTEN_TTL)
        if act == NOT_READY:
            return answers.failure(query, SERVFAIL, answers.NOT_READY, "list")
        return answers.negative(query, NXDOMAIN if act == ABSENT else NOERROR)

    def _refused(self, query: Query, profile: Profile, decision: Decision) -> bytes:
        if profile.page and self._page:
            return answers.addresses(query, self._page, REFUSED_TTL, answers.FILTERED, decision.code)
        return answers.negative(query, NXDOMAIN, answers.FILTERED, decision.code)

    def _through_aliases(self, subject: Subject, name: str, decision: Decision, entry: Entry) -> Decision:
        """What is done with a name that is an alias: it has the tags of its targets too, and is refused with them."""
        chain = entry.chain
        if chain is None or chain.generation != self.generation:
            chain = entry.chain = chain_of(entry.reply.aliases, self._table, self.generation)
        if not chain.clear & subject.bit:
            decider = self._decider(subject)
            if decider.clears(chain.targets):
                chain.clear |= subject.bit
            else:
                is_exception = self._table is not None and self._table.is_exception(name)
                refusal = decider.decide_aliases(name, chain.targets, is_exception)
                if refusal is not None:
                    return refusal
        if not chain.tags or self._table is None:
            return decision
        return decision._replace(tags=united(decision.tags, chain.tags, self._table.tags))

    def _with_reply(self, query: Query, subject: Subject, decision: Decision, entry: Entry | None) -> bytes:
        if entry is None:
            return answers.failure(query, SERVFAIL, answers.NO_AUTHORITY, "upstream")
        profile, reply = subject.profile, entry.reply
        if reply.aliases:
            decision = self._through_aliases(subject, query.text, decision, entry)
            if decision.act == REFUSE:
                return self._refused(query, profile, decision)
        elapsed = int(self._loop.now - entry.born)
        cap = CACHED_SECONDS if profile.exempt else TAGGED_TTL if decision.tags else MANAGED_TTL
        left = max(0, reply.ttl - elapsed)
        if decision.act != RESOLVE:
            if reply.rcode != NOERROR:
                return answers.failure(query, SERVFAIL, answers.OTHER, "safesearch")
            cap = min(REWRITTEN_TTL, left)
            answer = answers.rewritten(query, wire_of(decision.target), reply.addresses, cap)
        else:
            answer = answers.relayed(query, reply, elapsed, cap)
        if reply.addresses and not profile.exempt:
            try:
                self._addresses.answered(profile, query.text, decision.tags, reply.addresses, min(cap, left))
            except Exception as error:  # the kernel refused: what it does not know stays shut
                self._loop.failed(error)
        return answer

    def _remember(self, key: bytes, until: float, answer: bytes) -> None:
        """Give the same answer to the same query, as long as its TTLs are right."""
        if len(self.answers) >= ANSWERS:
            self.answers.clear()
        self.answers[key] = (until, answer)

    def _sized(self, query: Query, path: Path, answer: bytes) -> bytes:
        if len(answer) <= PLAIN_SIZE or path.is_stream:
            return answer
        return answers.fitting(query, answer)
