"""Every sentence that a decision can have, by what was decided: a table, whole sentences for whole languages.

It decides nothing: which of them is said, and what stands in its fields, is `why_sentence`'s part.
"""

from stairgate.hub.language import N_

# (reason, level, level that follows or "") -> the sentence. {who}: who set the rule that holds now, {Who}: the same at
# the beginning; {then_who}: who set the rule that follows; {until}: when this ends; {then}: when what follows ends.
# Who is a name, which nobody can inflect, or words of `why_sentence`: a language puts all three of them into one case.
# `bedtime` is a window of the week that lasts over midnight; `week` is any other; `dates` is a date of several
# days. `minutes_spent` is a spent budget of which is known how much it was: {minutes}; `minutes_run` is what such a
# budget ends, at a time nobody knows. `taken` is extra time that a child took, `taken_here` on its own page.
SENTENCES = {
    ("pause", "closed", ""): N_("{Who} paused the internet."),
    ("pause", "closed", "until"): N_("{Who} paused the internet; it is off until {until}."),
    ("pause", "closed", "open"): N_("{Who} paused the internet; it is off until {until}, then on again."),
    ("pause", "closed", "limited"): N_(
        "{Who} paused the internet; it is off until {until}, then only the homework list is open until {then}."
    ),
    ("pause", "closed", "closed"): N_("{Who} paused the internet until {until}; then it stays off until {then}."),
    ("override_open", "open", ""): N_("{Who} opened it for a visitor."),
    ("override_open", "open", "until"): N_("{Who} opened it for a visitor, until {until}."),
    ("override_open", "open", "closed"): N_(
        "{Who} opened it for a visitor, until {until}; then it is off until {then}."
    ),
    ("override_open", "open", "limited"): N_(
        "{Who} opened it for a visitor, until {until}; then only the homework list is open until {then}."
    ),
    ("bonus", "open", ""): N_("{Who} gave extra time; the internet is on."),
    ("bonus", "open", "until"): N_("{Who} gave extra time; the internet is on until {until}."),
    ("bonus", "open", "closed"): N_("{Who} gave extra time; the internet is on until {until}, then off until {then}."),
    ("bonus", "open", "limited"): N_(
        "{Who} gave extra time; the internet is on until {until}, then only the homework list is open until {then}."
    ),
    ("taken", "open", ""): N_("{Who} took extra time that is allowed without asking; the internet is on."),
    ("taken", "open", "until"): N_(
        "{Who} took extra time that is allowed without asking; the internet is on until {until}."
    ),
    ("taken", "open", "closed"): N_(
        "{Who} took extra time that is allowed without asking; the internet is on until {until}, then off until {then}."
    ),
    ("taken", "open", "limited"): N_(
        "{Who} took extra time that is allowed without asking; the internet is on until {until}, then only the "
        "homework list is open until {then}."
    ),
    ("taken_here", "open", ""): N_("You took extra time that you may take without asking; the internet is on."),
    ("taken_here", "open", "until"): N_(
        "You took extra time that you may take without asking; the internet is on until {until}."
    ),
    ("taken_here", "open", "closed"): N_(
        "You took extra time that you may take without asking; the internet is on until {until}, then off until {then}."
    ),
    ("taken_here", "open", "limited"): N_(
        "You took extra time that you may take without asking; the internet is on until {until}, then only the "
        "homework list is open until {then}."
    ),
    ("budget_spent", "closed", ""): N_("Today’s minutes, set by {who}, are used up."),
    ("budget_spent", "closed", "until"): N_(
        "Today’s minutes, set by {who}, are used up; the internet is off until {until}."
    ),
    ("budget_spent", "closed", "open"): N_(
        "Today’s minutes, set by {who}, are used up; the internet is off until {until}, then there are new ones."
    ),
    ("budget_spent", "closed", "limited"): N_(
        "Today’s minutes, set by {who}, are used up; the internet is off until {until}, then only the homework "
        "list is open until {then}."
    ),
    ("minutes_spent", "closed", ""): N_("All of today’s time, {minutes} and set by {who}, is used up."),
    ("minutes_spent", "closed", "until"): N_(
        "All of today’s time, {minutes} and set by {who}, is used up; the internet is off until {until}."
    ),
    ("minutes_spent", "closed", "open"): N_(
        "All of today’s time, {minutes} and set by {who}, is used up; the internet is off until {until}, then "
        "there is new time."
    ),
    ("minutes_spent", "closed", "limited"): N_(
        "All of today’s time, {minutes} and set by {who}, is used up; the internet is off until {until}, then "
        "only the homework list is open until {then}."
    ),
    ("quiet", "closed", ""): N_("These are quiet hours of this device, as {who} set it: the internet is off."),
    ("quiet", "closed", "until"): N_(
        "These are quiet hours of this device, as {who} set it: the internet is off until {until}."
    ),
    ("quiet", "closed", "open"): N_(
        "These are quiet hours of this device, as {who} set it: the internet is off until {until}, then on."
    ),
    ("quiet", "closed", "limited"): N_(
        "These are quiet hours of this device, as {who} set it: the internet is off until {until}, then only the "
        "homework list is open until {then}."
    ),
    ("date", "closed", ""): N_("Today is different, as {who} set it: the internet is off."),
    ("date", "closed", "until"): N_("Today is different, as {who} set it: the internet is off until {until}."),
    ("date", "closed", "open"): N_("Today is different, as {who} set it: the internet is off until {until}, then on."),
    ("date", "closed", "limited"): N_(
        "Today is different, as {who} set it: the internet is off until {until}, then only the homework list is "
        "open until {then}."
    ),
    ("date", "limited", ""): N_("Today is different, as {who} set it: only the homework list is open."),
    ("date", "limited", "until"): N_(
        "Today is different, as {who} set it: only the homework list is open until {until}."
    ),
    ("date", "limited", "open"): N_(
        "Today is different, as {who} set it: only the homework list is open until {until}, then everything."
    ),
    ("date", "limited", "closed"): N_(
        "Today is different, as {who} set it: only the homework list is open until {until}, then the internet is "
        "off until {then}."
    ),
    ("date", "open", ""): N_("Today is different, as {who} set it: the internet is on."),
    ("date", "open", "until"): N_("Today is different, as {who} set it: the internet is on until {until}."),
    ("date", "open", "closed"): N_(
        "Today is different, as {who} set it: the internet is on until {until}, then off until {then}."
    ),
    ("date", "open", "limited"): N_(
        "Today is different, as {who} set it: the internet is on until {until}, then only the homework list is "
        "open until {then}."
    ),
    ("dates", "closed", ""): N_("These days are different, as {who} set it: the internet is off."),
    ("dates", "closed", "until"): N_("These days are different, as {who} set it: the internet is off until {until}."),
    ("dates", "closed", "open"): N_(
        "These days are different, as {who} set it: the internet is off until {until}, then on."
    ),
    ("dates", "closed", "limited"): N_(
        "These days are different, as {who} set it: the internet is off until {until}, then only the homework list is "
        "open until {then}."
    ),
    ("dates", "limited", ""): N_("These days are different, as {who} set it: only the homework list is open."),
    ("dates", "limited", "until"): N_(
        "These days are different, as {who} set it: only the homework list is open until {until}."
    ),
    ("dates", "limited", "open"): N_(
        "These days are different, as {who} set it: only the homework list is open until {until}, then everything."
    ),
    ("dates", "limited", "closed"): N_(
        "These days are different, as {who} set it: only the homework list is open until {until}, then the internet is "
        "off until {then}."
    ),
    ("dates", "open", ""): N_("These days are different, as {who} set it: the internet is on."),
    ("dates", "open", "until"): N_("These days are different, as {who} set it: the internet is on until {until}."),
    ("dates", "open", "closed"): N_(
        "These days are different, as {who} set it: the internet is on until {until}, then off until {then}."
    ),
    ("dates", "open", "limited"): N_(
        "These days are different, as {who} set it: the internet is on until {until}, then only the homework list is "
        "open until {then}."
    ),
    ("bedtime", "closed", ""): N_("It is bedtime, as {who} set it."),
    ("bedtime", "closed", "until"): N_("It is bedtime, as {who} set it: the internet is off until {until}."),
    ("bedtime", "closed", "open"): N_(
        "It is bedtime, as {who} set it: the internet is off until {until}, then on again."
    ),
    ("bedtime", "closed", "limited"): N_(
        "It is bedtime, as {who} set it: the internet is off until {until}, then only the homework list is open "
        "until {then}."
    ),
    ("week", "closed", ""): N_("The internet is off now, as {who} set it."),
    ("week", "closed", "until"): N_("The internet is off until {until}, as {who} set it for each week."),
    ("week", "closed", "open"): N_(
        "The internet is off until {until}, as {who} set it for each week; then it is on again."
    ),
    ("week", "closed", "limited"): N_(
        "The internet is off until {until}, as {who} set it for each week; then only the homework list is open "
        "until {then}."
    ),
    ("week", "limited", ""): N_("Only the homework list is open now, as {who} set it."),
    ("week", "limited", "until"): N_("Only the homework list is open until {until}, as {who} set it for each week."),
    ("week", "limited", "open"): N_(
        "Only the homework list is open until {until}, as {who} set it for each week; then everything is."
    ),
    ("week", "limited", "closed"): N_(
        "Only the homework list is open until {until}, as {who} set it for each week; then the internet is off "
        "until {then}."
    ),
    ("week", "open", ""): N_("The internet is on now, as {who} set it."),
    ("week", "open", "until"): N_("The internet is on until {until}, as {who} set it for each week."),
    ("week", "open", "closed"): N_(
        "The internet is on until {until}, as {who} set it for each week; then it is off until {then}."
    ),
    ("week", "open", "limited"): N_(
        "The internet is on until {until}, as {who} set it for each week; then only the homework list is open "
        "until {then}."
    ),
    ("default", "open", ""): N_("The internet is on: no rule is set for now."),
    ("default", "open", "until"): N_("The internet is on until {until}."),
    ("default", "open", "closed"): N_(
        "The internet is on until {until}; then it is off until {then}, as {then_who} set it."
    ),
    ("default", "open", "limited"): N_(
        "The internet is on until {until}; then only the homework list is open until {then}, as {then_who} set it."
    ),
    ("default", "closed", ""): N_("The internet is off whenever no other time is set, as {who} set it."),
    ("default", "closed", "until"): N_(
        "The internet is off until {until}, as {who} set it for all times that are not named."
    ),
    ("default", "closed", "open"): N_(
        "The internet is off until {until}, as {who} set it for all times that are not named; then it is on."
    ),
    ("default", "closed", "limited"): N_(
        "The internet is off until {until}, as {who} set it for all times that are not named; then only the homework "
        "list is open until {then}."
    ),
    ("default", "limited", ""): N_("Only the homework list is open whenever no other time is set, as {who} set it."),
    ("default", "limited", "until"): N_(
        "Only the homework list is open until {until}, as {who} set it for all times that are not named."
    ),
    ("default", "limited", "open"): N_(
        "Only the homework list is open until {until}, as {who} set it for all times that are not named; then "
        "everything is."
    ),
    ("default", "limited", "closed"): N_(
        "Only the homework list is open until {until}, as {who} set it for all times that are not named; then it is "
        "off until {then}."
    ),
    ("minutes_run", "open", ""): N_("The internet is on until today’s time, set by {who}, is used up."),
    ("minutes_run", "open", "closed"): N_(
        "The internet is on until today’s time, set by {who}, is used up; then it is off until {then}."
    ),
    ("exempt", "open", ""): N_("This device is a grown-up’s, so it has no rules."),
    ("assistive", "open", ""): N_("This device helps somebody, so it has no rules."),
    ("hub", "open", ""): N_("This is the hub itself, so it has no rules."),
    ("unknown_device", "closed", ""): N_("Nobody has said yet whose this is, so it is off."),
    ("unknown_device", "open", ""): N_("Nobody has said yet whose this is."),
    ("no_person", "closed", ""): N_("This device belongs to nobody, so it is off."),
    ("no_person", "open", ""): N_("This device belongs to nobody."),
    ("not_in_policy", "closed", ""): N_("There are more devices than the router can hold, so this one is off."),
}
#: What a child can do about a rule that closes something.
TO_DO = N_("If you need it sooner, ask on this page.")
#: What a child reads where a parent gave no words of their own; it is said by the page, not by the parent.
DEFAULT_PHRASES = {
    "pause": N_("A pause is a break and no punishment; it ends by itself."),
    "bonus": N_("Have a good time with it."),
}
#: For a reason that this version does not know: true for each of them.
ANYHOW = {
    "open": N_("The internet is on."),
    "limited": N_("Only the homework list is open."),
    "closed": N_("The internet is off: the rules say so."),
}
