"""What a parent's tap on the routers' page does: let one in, call it something else, put one out.

It decides the order: first the home's list, then the broker, then the policy; so that nobody is told more than holds.
The proof of a pairing is `pairing`'s part, ending a live connection `removal`'s, files and certificates
provisioning's.
"""

import logging
from collections.abc import Callable

from stairgate.core.pairing import PairAnswer, PairRequest
from stairgate.hub import limits
from stairgate.hub.acts import Acts, NotPossible
from stairgate.hub.clock import Clock
from stairgate.hub.credentials import Credentials
from stairgate.hub.home_authority import BrokerFault, HomeAuthority, Pages
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import N_, _
from stairgate.hub.plain_text import clean_name
from stairgate.hub.removal import Removal
from stairgate.hub.reports import Reports
from stairgate.hub.roster import ROUTER, Agent, Roster
from stairgate.hub.said_later import SaidLater, what_it_says
from stairgate.hub.store import StoreError, Transaction

_log = logging.getLogger(__name__)


class RouterActs:
    """Everything a parent can do with routers."""

    def __init__(
        self,
        authority: HomeAuthority,
        roster: Roster,
        acts: Acts,
        removal: Removal,
        reports: Reports,
        credentials: Credentials,
        clock: Clock,
        pages: Callable[[], Pages],
    ) -> None:
        self._authority = authority
        self._roster = roster
        self._acts = acts
        self._removal = removal
        self._reports = reports
        self._credentials = credentials
        self._clock = clock
        self._pages = pages
        self._broker_fault: str | SaidLater = ""

    def enrol(self, request: PairRequest, again: str) -> tuple[Agent, PairAnswer]:
        """Let in a router that has proven the code; `again`: the id of one that gets a new key.

        Raises OSError and ValueError with a sentence, which a parent reads later; then it is not in.
        """
        if request.kind != "router":
            raise ValueError(
                SaidLater(N_("expected a router, got a device of the kind {kind}"), kind=repr(request.kind))
            )
        before = self._roster.find(again) if again else None
        if again and before is None:
            raise ValueError(SaidLater(N_("The router that was to be paired again has been removed. Make a new code.")))
        if not again and len(self._roster.of_kind(ROUTER)) >= limits.ROUTERS_MAX:
            raise ValueError(SaidLater(N_("This home has {count} routers already."), count=limits.ROUTERS_MAX))
        label = self.free_label(_clean_label(request.label) or "router")
        agent, answer = self._authority.enrol(request, label, again, self._pages(), self._clock.wall())
        self.tell_broker()
        try:
            self._acts.change(lambda rows: None, {agent.id: 0})
        except (StoreError, PolicyTooLarge):
            # It is in, and its first hello asks for the policy again.
            _log.exception("no policy could be issued for a router that was paired")
        if before:
            self.replaced(agent)
        _log.info("a router was paired")
        return agent, answer

    def rename(self, agent: str, label: str) -> None:
        """Call a router something else. Raises `NotPossible`."""
        label = _clean_label(label)
        if not label:
            raise NotPossible(_("Please give a name, such as “router upstairs”."))
        others = [other for other in self._roster.agents() if other.id != agent]
        if any(other.label.casefold() == label.casefold() for other in others):
            raise NotPossible(_("Another router has this name already."))
        self._change(agent, lambda: self._authority.rename(agent, label))

    def revoke(self, agent: str) -> None:
        """Take a router's rights away for good, and have it put out. Raises `NotPossible`."""
        label = self._find(agent).label
        self._change(agent, lambda: self._authority.revoke(agent, self._clock.wall()))
        self.tell_broker()

        self._removal.begin(agent, label)

        def edit(rows: Transaction) -> None:
            rows.delete("policies", agent)

        try:
            self._acts.change(edit)
            self._forget(agent)
        except (StoreError, PolicyTooLarge):
            # It is out all the same; what is left of it in the store is asked for by nobody.
            _log.exception("what was kept of a removed router could not be deleted")
        _log.info("a router was removed")

    def replaced(self, agent: Agent) -> None:
        """It was paired again: what it said before is no word of the new key’s holder, and the old key is put out."""
        self._forget(agent.id)
        self._removal.begin(agent.id, agent.label, is_again=True)

    def _forget(self, agent: str) -> None:
        self._reports.forget(agent)
        self._credentials.forget(agent)

    def _find(self, agent: str) -> Agent:
        found = self._roster.find(agent)
        if not found:
            raise NotPossible(_("This router has been removed already."))
        return found

    def _change(self, agent: str, act: Callable[[], None]) -> None:
        self._find(agent)
        try:
            act()
        except (OSError, ValueError) as problem:
            _log.error("the list of routers could not be changed: %s", problem)
            raise NotPossible(_("The hub could not write this down: {problem}").format(problem=problem)) from problem

    def free_label(self, label: str) -> str:
        """The label, with a number behind it where another agent has it already."""
        taken = {agent.label.casefold() for agent in self._roster.agents()}
        for number in range(2, limits.ROUTERS_MAX + limits.TOYS_MAX + 3):
            if label.casefold() not in taken:
                break
            base = label.rstrip("0123456789").rstrip() or label
            label = f"{base[: limits.ROUTER_NAME_CHARACTERS_MAX - 3]} {number}"
        return label

    @property
    def broker_fault(self) -> str:
        """What to do where the broker was not reached, in the language of whoever asks; else empty."""
        return str(self._broker_fault)

    def broker_is_there(self) -> None:
        """The hub has reached the broker (again): what it could not be told before, it is told now."""
        if self._broker_fault:
            self.tell_broker()

    def tell_broker(self) -> None:
        """Have the broker read who belongs to the home; where it cannot be reached, `broker_fault` says what to do."""
        try:
            self._authority.reload_broker()
            self._broker_fault = ""
        except BrokerFault as problem:
            _log.error("the broker was not reached: %s", problem)
            self._broker_fault = what_it_says(problem)


def _clean_label(text: str) -> str:
    """A name that the home's list takes: joiners and soft hyphens, which nobody sees, are left out."""
    visible = "".join(character for character in clean_name(text) if character.isprintable())
    return visible[: limits.ROUTER_NAME_CHARACTERS_MAX].strip()
