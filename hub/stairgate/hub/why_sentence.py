"""One sentence for each decision, in the family's own words: the rule, who set it, until when, what follows.

It decides only what is said, to a child or to parents; each sentence is whole, so that it can be put into another
language. Which rule won is the core's part, who set it and what follows are looked up by `why_facts`.
"""

from typing import NamedTuple

CHILD, PARENT = "child", "parent"
#: What stands where nobody is known by name.
_SOMEBODY = {CHILD: "your parents", PARENT: "a parent"}

# (reason, level, level that follows or "") -> the sentence. {who}: who set the rule that holds now, {Who}: the same at
# the beginning; {then_who}: who set the rule that follows; {until}: when this ends; {then}: when what follows ends.
# `bedtime` is a window of the week that lasts over midnight; `week` is any other. `minutes_spent` is a spent budget
# of which is known how much it was: {minutes}.
_SENTENCES = {
    ("pause", "closed", ""): "{Who} paused the internet.",
    ("pause", "closed", "until"): "{Who} paused the internet; it is off until {until}.",
    ("pause", "closed", "open"): "{Who} paused the internet; it is off until {until}, then on again.",
    ("pause", "closed", "limited"): (
        "{Who} paused the internet; it is off until {until}, then only the homework list is open until {then}."
    ),
    ("override_open", "open", ""): "{Who} opened it for a visitor.",
    ("override_open", "open", "until"): "{Who} opened it for a visitor, until {until}.",
    ("override_open", "open", "closed"): "{Who} opened it for a visitor, until {until}; then it is off until {then}.",
    ("override_open", "open", "limited"): (
        "{Who} opened it for a visitor, until {until}; then only the homework list is open until {then}."
    ),
    ("bonus", "open", ""): "{Who} gave extra time; the internet is on.",
    ("bonus", "open", "until"): "{Who} gave extra time; the internet is on until {until}.",
    ("bonus", "open", "closed"): "{Who} gave extra time; the internet is on until {until}, then off until {then}.",
    ("bonus", "open", "limited"): (
        "{Who} gave extra time; the internet is on until {until}, then only the homework list is open until {then}."
    ),
    ("budget_spent", "closed", ""): "Today’s minutes, set by {who}, are used up.",
    (
        "budget_spent",
        "closed",
        "until",
    ): "Today’s minutes, set by {who}, are used up; the internet is off until {until}.",
    ("budget_spent", "closed", "open"): (
        "Today’s minutes, set by {who}, are used up; the internet is off until {until}, then there are new ones."
    ),
    ("budget_spent", "closed", "limited"): (
        "Today’s minutes, set by {who}, are used up; the internet is off until {until}, then only the homework list is "
        "open until {then}."
    ),
    ("minutes_spent", "closed", ""): "All of today’s time, {minutes} and set by {who}, is used up.",
    ("minutes_spent", "closed", "until"): (
        "All of today’s time, {minutes} and set by {who}, is used up; the internet is off until {until}."
    ),
    ("minutes_spent", "closed", "open"): (
        "All of today’s time, {minutes} and set by {who}, is used up; the internet is off until {until}, then there is "
        "new time."
    ),
    ("minutes_spent", "closed", "limited"): (
        "All of today’s time, {minutes} and set by {who}, is used up; the internet is off until {until}, then only the "
        "homework list is open until {then}."
    ),
    ("date", "closed", ""): "Today is different, as {who} set it: the internet is off.",
    ("date", "closed", "until"): "Today is different, as {who} set it: the internet is off until {until}.",
    ("date", "closed", "open"): "Today is different, as {who} set it: the internet is off until {until}, then on.",
    ("date", "closed", "limited"): (
        "Today is different, as {who} set it: the internet is off until {until}, then only the homework list is open "
        "until {then}."
    ),
    ("date", "limited", ""): "Today is different, as {who} set it: only the homework list is open.",
    ("date", "limited", "until"): "Today is different, as {who} set it: only the homework list is open until {until}.",
    ("date", "limited", "open"): (
        "Today is different, as {who} set it: only the homework list is open until {until}, then everything."
    ),
    ("date", "limited", "closed"): (
        "Today is different, as {who} set it: only the homework list is open until {until}, then the internet is off "
        "until {then}."
    ),
    ("date", "open", ""): "Today is different, as {who} set it: the internet is on.",
    ("date", "open", "until"): "Today is different, as {who} set it: the internet is on until {until}.",
    ("date", "open", "closed"): (
        "Today is different, as {who} set it: the internet is on until {until}, then off until {then}."
    ),
    ("date", "open", "limited"): (
        "Today is different, as {who} set it: the internet is on until {until}, then only the homework list is open "
        "until {then}."
    ),
    ("bedtime", "closed", ""): "It is bedtime, as {who} set it.",
    ("bedtime", "closed", "until"): "It is bedtime, as {who} set it: the internet is off until {until}.",
    ("bedtime", "closed", "open"): "It is bedtime, as {who} set it: the internet is off until {until}, then on again.",
    ("bedtime", "closed", "limited"): (
        "It is bedtime, as {who} set it: the internet is off until {until}, then only the homework list is open until "
        "{then}."
    ),
    ("week", "closed", ""): "The internet is off now, as {who} set it.",
    ("week", "closed", "until"): "The internet is off until {until}, as {who} set it for each week.",
    (
        "week",
        "closed",
        "open",
    ): "The internet is off until {until}, as {who} set it for each week; then it is on again.",
    ("week", "closed", "limited"): (
        "The internet is off until {until}, as {who} set it for each week; then only the homework list is open until "
        "{then}."
    ),
    ("week", "limited", ""): "Only the homework list is open now, as {who} set it.",
    ("week", "limited", "until"): "Only the homework list is open until {until}, as {who} set it for each week.",
    ("week", "limited", "open"): (
        "Only the homework list is open until {until}, as {who} set it for each week; then everything is."
    ),
    ("week", "limited", "closed"): (
        "Only the homework list is open until {until}, as {who} set it for each week; then the internet is off until "
        "{then}."
    ),
    ("week", "open", ""): "The internet is on now, as {who} set it.",
    ("week", "open", "until"): "The internet is on until {until}, as {who} set it for each week.",
    ("week", "open", "closed"): (
        "The internet is on until {until}, as {who} set it for each week; then it is off until {then}."
    ),
    ("week", "open", "limited"): (
        "The internet is on until {until}, as {who} set it for each week; then only the homework list is open until "
        "{then}."
    ),
    ("default", "open", ""): "The internet is on: no rule is set for now.",
    ("default", "open", "until"): "The internet is on until {until}.",
    (
        "default",
        "open",
        "closed",
    ): "The internet is on until {until}; then it is off until {then}, as {then_who} set it.",
    ("default", "open", "limited"): (
        "The internet is on until {until}; then only the homework list is open until {then}, as {then_who} set it."
    ),
    ("default", "closed", ""): "The internet is off whenever no other time is set.",
    ("default", "closed", "until"): "The internet is off until {until}: no other time is set for now.",
    ("default", "closed", "open"): (
        "The internet is off until {until}: no other time is set for now. Then it is on, as {then_who} set it."
    ),
    ("default", "closed", "limited"): (
        "The internet is off until {until}; then only the homework list is open until {then}, as {then_who} set it."
    ),
    ("default", "limited", ""): "Only the homework list is open whenever no other time is set.",
    ("default", "limited", "until"): "Only the homework list is open until {until}: no other time is set for now.",
    ("default", "limited", "open"): (
        "Only the homework list is open until {until}; then everything is, as {then_who} set it."
    ),
    ("default", "limited", "closed"): (
        "Only the homework list is open until {until}; then it is off until {then}, as {then_who} set it."
    ),
    ("exempt", "open", ""): "This device is a grown-up’s, so it has no rules.",
    ("assistive", "open", ""): "This device helps somebody, so it has no rules.",
    ("hub", "open", ""): "This is the hub itself, so it has no rules.",
    ("unknown_device", "closed", ""): "Nobody has said yet whose this is, so it is off.",
    ("unknown_device", "open", ""): "Nobody has said yet whose this is.",
    ("no_person", "closed", ""): "This device belongs to nobody, so it is off.",
    ("no_person", "open", ""): "This device belongs to nobody.",
    ("not_in_policy", "closed", ""): "There are more devices than the router can hold, so this one is off.",
}
#: Reasons that a rule of a child stands behind, with the levels that it can give.
RULED = {
    "pause": ("closed",),
    "override_open": ("open",),
    "bonus": ("open",),
    "budget_spent": ("closed",),
    "date": ("closed", "limited", "open"),
    "week": ("closed", "limited", "open"),
    "default": ("closed", "limited", "open"),
}
_TO_DO = {
    CHILD: "If you need it sooner, ask on this page.",
    PARENT: "",
}
#: What a child reads where a parent gave no words of their own; it is said by the page, not by the parent.
DEFAULT_PHRASES = {
    "pause": "A pause is a break and no punishment; it ends by itself.",
    "bonus": "Have a good time with it.",
}


class Facts(NamedTuple):
    """What a sentence is made of.

    reason, level, next_level: as decided, `bedtime` for a week's window over midnight. until, then: when this and what
    follows end, in words or "". who, then_who: who set them, by name or "". note: a parent's words. minutes: how much
    time there was today, in words or "".
    """

    reason: str
    level: str
    next_level: str = ""
    until: str = ""
    then: str = ""
    who: str = ""
    then_who: str = ""
    note: str = ""
    minutes: str = ""


class Why(NamedTuple):
    """What is said. to_do: what a child can do about it, or "". note: a parent's words, by note_by, or "".

    phrase: what stands where a parent said nothing of a pause or of extra time, or "".
    """

    sentence: str
    to_do: str = ""
    note: str = ""
    note_by: str = ""
    phrase: str = ""


def why(facts: Facts, view: str) -> Why:
    """The words for a decision, in the view of a child or of parents."""
    who = facts.who or _SOMEBODY[view]
    then_who = facts.then_who or _SOMEBODY[view]
    sentence = _template(facts).format(
        who=who,
        Who=who[:1].upper() + who[1:],
        then_who=then_who,
        until=facts.until,
        then=facts.then,
        minutes=facts.minutes,
    )
    is_shut = facts.level != "open" and facts.reason in (*RULED, "bedtime")
    phrase = DEFAULT_PHRASES.get(facts.reason, "") if view == CHILD and not facts.note else ""
    return Why(sentence, _TO_DO[view] if is_shut else "", facts.note, who if facts.note else "", phrase)


def _template(facts: Facts) -> str:
    """The fullest sentence that the facts allow."""
    follows = facts.next_level
    if follows in ("closed", "limited") and not facts.then:
        follows = "until"
    reason = "minutes_spent" if facts.reason == "budget_spent" and facts.minutes else facts.reason
    tried = (follows or "until", "until", "") if facts.until else ("",)
    for ending in tried:
        if found := _SENTENCES.get((reason, facts.level, ending)):
            return found
    # A reason that this version does not know: true for each of them.
    return {"open": "The internet is on.", "limited": "Only the homework list is open."}.get(
        facts.level, "The internet is off: the rules say so."
    )
