"""How routers stand, in sentences: whether they do what was asked, what is wrong with one, and what helps.

Every code that a router's hello can hold becomes words here, but for reasons that no hub knows: those are shown as they
are. What a router is told by its reports is `reports`' part.
"""

import errno
from collections.abc import Sequence

from stairgate.hub.card_state import Applied, State
from stairgate.hub.language import N_, _
from stairgate.hub.reports import SWITCHED_OFF, Standing
from stairgate.hub.time_words import ago, clock_time, length

#: Why a router does not apply what it was sent, after a colon and as a sentence.
_FAULTS = {
    "device_open": (N_("a device is on that should be off"), N_("A device is on that should be off.")),
    "revision_out_of_range": (
        N_("it names rules that this hub cannot have made; remove it, then add it anew"),
        N_("It names rules that this hub cannot have made; remove it, then add it anew."),
    ),
    "kernel": (
        N_("its firewall refused the rules; what it held before stays"),
        N_("Its firewall refused the rules; what it held before stays."),
    ),
    "no_policy": (N_("it has no rules yet that it can use"), N_("It has no rules yet that it can use.")),
    "bad_signature": (
        N_("it does not believe this hub’s signature; pair it again"),
        N_("It does not believe this hub’s signature; pair it again."),
    ),
    "unknown_key": (
        N_("it does not know this hub’s key; pair it again"),
        N_("It does not know this hub’s key; pair it again."),
    ),
    "wrong_home": (N_("it belongs to another home; pair it again"), N_("It belongs to another home; pair it again.")),
    "policy": (N_("it cannot make a firewall of these rules"), N_("It cannot make a firewall of these rules.")),
    "older": (N_("it has met newer rules than this hub’s"), N_("It has met newer rules than this hub’s.")),
    "": (N_("no reason given"), N_("No reason given.")),
}
_REFUSED = (N_("its firewall refused the rules ({code})"), N_("Its firewall refused the rules ({code})."))
# What a router says beside “applied”.
_QUALIFIED = {
    "not_saved": N_(
        "Applied, but not saved on {router}: its disk is full. After a restart it would begin with older rules."
    ),
    "clock_untrusted": N_("{router} does not know the time for sure yet, so it keeps to the stricter rules."),
    "no_dns": N_(
        "Applied, but the filter on {router} does not answer: until it does, children’s devices find no sites."
    ),
    "no_pack": N_(
        "Applied, but the list of sites has not reached {router}: it goes on with the last one, if it has any."
    ),
}
# The same on a router's own card: an icon, a tone, what it is and what follows.
_QUALIFIED_STATES = {
    "not_saved": State(
        "warning",
        "paused",
        N_("Applied, but not saved"),
        "",
        N_("Its disk is full. After a restart it would begin with older rules."),
    ),
    "no_dns": State(
        "warning",
        "paused",
        N_("Applied, but the filter does not answer"),
        "",
        N_("Until it does, children’s devices find no sites; it is started again by itself."),
    ),
    "no_pack": State(
        "warning",
        "paused",
        N_("Applied, but without the newest list of sites"),
        "",
        N_("It goes on with the last one, if it has any, and asks again by itself."),
    ),
    "clock_untrusted": State(
        "check",
        "open",
        N_("Enforcing"),
        "",
        N_("It does not know the time for sure yet, so it keeps to the stricter rules."),
    ),
}
_NOT_WHOLE = ("not_saved", "no_dns", "no_pack")
# By whether only some routers are switched off, and whether it is known until when.
_OFF = {
    (False, False): N_("At the router the rules are switched off for everybody. Meanwhile the internet is on there."),
    (False, True): N_(
        "At the router the rules are switched off for everybody until {time}. Meanwhile the internet is on there."
    ),
    (True, False): N_(
        "At one of the routers the rules are switched off for everybody. Meanwhile the internet is on there."
    ),
    (True, True): N_(
        "At one of the routers the rules are switched off for everybody until {time}. "
        "Meanwhile the internet is on there."
    ),
}


def applied_of(standings: Sequence[Standing], zone: str, now: float) -> Applied:
    """“Applied on 1 of 1”, or what is wrong, with one sentence for each router that does not agree."""
    total = len(standings)
    count = sum(standing.state == "applied" for standing in standings)
    details = tuple(sentence for standing in standings if (sentence := _detail(standing, zone, now)))
    states = {standing.state for standing in standings}
    if not total:
        return Applied("bad", 0, 0, _("No router belongs to this home yet"), ())
    is_partial = any(standing.state == "applied" and standing.reason in _NOT_WHOLE for standing in standings)
    if count == total:
        tone = "bad" if is_partial else "good"
    else:
        tone = "bad" if is_partial or states & {"failed", "silent"} else "waiting"
    text = _("Sending … applied on {count} of {total}") if tone == "waiting" else _("Applied on {count} of {total}")
    return Applied(tone, count, total, text.format(count=count, total=total), details)


def _detail(standing: Standing, zone: str, now: float) -> str:
    router = standing.agent.label
    if standing.reason == "clock_differs":
        behind = standing.clock_difference < 0
        text = (
            _("The clock of {router} is {length} behind, so bedtimes come late there.")
            if behind
            else _("The clock of {router} is {length} ahead, so bedtimes come early there.")
        )
        return text.format(router=router, length=length(abs(standing.clock_difference)))
    if standing.reason == SWITCHED_OFF and standing.until is None:
        return _("{router} was switched off at its console: no rules hold behind it.").format(router=router)
    if standing.reason == SWITCHED_OFF:
        assert standing.until is not None
        text = _("{router} was switched off at its console until {time}: no rules hold behind it.")
        return text.format(router=router, time=clock_time(standing.until, zone, now))
    if standing.state == "applied" and standing.reason in _QUALIFIED:
        return _(_QUALIFIED[standing.reason]).format(router=router)
    if standing.state == "failed":
        return _("Not applied on {router}: {fault}").format(router=router, fault=_fault(standing.reason))
    if standing.state == "silent" and standing.heard is None:
        return _("{router} has not been heard yet").format(router=router)
    if standing.state == "silent":
        assert standing.heard is not None
        text = _("{router} not heard since {time}; its last rules still hold")
        return text.format(router=router, time=clock_time(standing.heard, zone, now))
    return ""


def switched_off(standings: Sequence[Standing], zone: str, now: float) -> str:
    """What a child reads while the rules are off at a router's console, "" when they are in force."""
    off = [standing for standing in standings if standing.reason == SWITCHED_OFF]
    if not off:
        return ""
    ends = [standing.until for standing in off if standing.until is not None]
    time = clock_time(max(ends), zone, now) if ends else ""
    return _(_OFF[len(off) < len(standings), bool(ends)]).format(time=time)


def router_state(standing: Standing, zone: str, now: float) -> State:
    """How a router stands, for its card."""
    if standing.state == "silent" and standing.heard is None:
        return State("clock", "paused", _("Not heard yet"), "", _("It connects by itself once it is on."))
    if standing.state == "silent":
        assert standing.heard is not None
        since = _("since {time}").format(time=clock_time(standing.heard, zone, now))
        return State("warning", "paused", _("Not heard"), since, _("Its last rules still hold. Is it on, and at home?"))
    if standing.reason == SWITCHED_OFF:
        until = _("until {time}").format(time=clock_time(standing.until, zone, now)) if standing.until else ""
        why = _("No rules hold behind it meanwhile.")
        return State("warning", "paused", _("Switched off at its console"), until, why)
    if standing.reason == "clock_differs":
        return _clock_state(standing.clock_difference)
    if standing.state == "failed":
        return State("warning", "paused", _("Not applied"), "", _with_heard(_fault(standing.reason, 1), standing, now))
    if standing.state == "waiting":
        why = _with_heard(_("The newest rules are on their way."), standing, now)
        return State("clock", "paused", _("Sending …"), "", why)
    if told := _QUALIFIED_STATES.get(standing.reason):
        return told._replace(word=_(told.word), why=_with_heard(_(told.why), standing, now))
    return State("check", "open", _("Enforcing"), "", _with_heard("", standing, now))


def _clock_state(difference: int) -> State:
    word, why = (
        (_("Its clock is {length} behind"), _("So bedtimes come late there."))
        if difference < 0
        else (_("Its clock is {length} ahead"), _("So bedtimes come early there."))
    )
    return State("clock", "paused", word.format(length=length(abs(difference))), "", why)


def _with_heard(sentence: str, standing: Standing, now: float) -> str:
    """The sentence, and one more that says when the router was heard last."""
    heard = _("Heard {ago}.").format(ago=ago(now - standing.heard)) if standing.heard is not None else ""
    return f"{sentence} {heard}".strip()


def _fault(reason: str, as_sentence: int = 0) -> str:
    """Why a router refuses: what stands after a colon, or a sentence."""
    if reason.upper() in errno.errorcode.values():
        return _(_REFUSED[as_sentence]).format(code=reason.upper())
    if reason in _FAULTS:
        return _(_FAULTS[reason][as_sentence])
    unknown = reason.replace("_", " ")
    return _("{reason}.").format(reason=unknown[:1].upper() + unknown[1:]) if as_sentence else unknown
