"""What a family has set and asked: calendar, minutes, questions and accounts of the home that is looked at.

It goes through the hub's own acts, as the pages do; the people and devices are `a11y_home`'s.
"""

from stairgate.core.usage import BITMAP_BYTES
from stairgate.hub.agreed_acts import AgreedActs
from stairgate.hub.answer_acts import AnswerActs
from stairgate.hub.ask_acts import AskActs, Wanted
from stairgate.hub.budget_acts import BudgetActs
from stairgate.hub.filter_acts import FilterActs
from stairgate.hub.roles import CARER
from stairgate.hub.schedule_acts import ScheduleActs
from stairgate.hub.schedule_forms import BudgetForm, DatesForm
from tests.browser.conftest import PASSWORD, ROUTER, LiveHub

OWNER_NAME, CARER_NAME = "Mum", "Grandpa Ali"
#: As long as a child may write, and with a word that cannot be broken.
WORDS = "Please, " + "o" * 80 + " one more chapter of the film that we began yesterday, everybody else has seen it."


def add_calendar(hub: LiveHub, first: str, second: str) -> None:
    """Windows over midnight and over another, holidays, a journey, minutes in total and of a category, some used."""
    acts, clock = hub.parts.acts, hub.clock
    acts.set_bedtime(first, 79, 1230, 420)
    acts.set_bedtime(first, 48, 1380, 540)
    acts.set_bedtime(first, 31, 900, 1020, level="limited")
    acts.set_bedtime(second, 127, 1320, 390, level="limited")
    schedule = ScheduleActs(acts, clock)
    for form in (
        DatesForm("2026-08-10", "2026-08-21", (), "saturday", "", "Summer holidays at the sea, all three", None, 0),
        DatesForm("2026-08-15", "2026-08-15", ((1320, 420, "closed"),), "", "", "", None, 0),
        DatesForm("2026-10-20", "2026-10-30", (), "week", "America/New_York", "", None, 0),
    ):
        schedule.set_dates(first, form)
    budgets = BudgetActs(acts, clock)
    budgets.set_budget(first, BudgetForm("total", (90, 90, 90, 90, 90, 120, 120)))
    budgets.set_budget(first, BudgetForm("video", (30,) * 7))
    budgets.set_budget(second, BudgetForm("total", (60,) * 7))
    minute = int(clock.wall()) % 86400 // 60
    day = int(clock.wall()) // 86400
    for person, category, count in ((first, "total", 76), (first, "video", 30), (second, "total", 10)):
        bits = (((1 << count) - 1) << (minute - count)).to_bytes(BITMAP_BYTES, "little")
        hub.broker.minutes(ROUTER, (person, category, day, bits))


def ask(hub: LiveHub, person: str, device: str) -> None:
    """Three questions that wait and one that a parent has said no to."""
    asking, answers = AskActs(hub.parts.acts, hub.clock), AnswerActs(hub.parts.acts, hub.clock)
    wrong = asking.ask(device, "", Wanted("wrong", WORDS[:120], name="www.example.org"))
    answers.answer(person, wrong.id, wrong.revision, "no", "Not this one: it is a shop.", "")
    asking.ask(device, "", Wanted("time", WORDS[:120], minutes=30))
    asking.ask(device, "", Wanted("site", "For school", name="a-very-long-name-of-a-school.with-many-parts.example"))


def add_accounts(hub: LiveHub) -> None:
    """The owner has a name, and a carer an account."""
    parents = hub.parts.parents
    for owner in parents.accounts():
        parents.rename(owner.id, OWNER_NAME)
    parents.add(CARER, CARER_NAME, PASSWORD)


def offer_rules(hub: LiveHub, device: str) -> None:
    """Rules that a grown-up is asked about on the own device: a bedtime, minutes and a filter."""
    agreed, acts = AgreedActs(hub.parts.acts, hub.clock), hub.parts.acts
    person = agreed.begin(device, WORDS[-60:].strip(), "Europe/Berlin").id
    acts.set_bedtime(person, 127, 1380, 360)
    BudgetActs(acts, hub.clock).set_budget(person, BudgetForm("total", (180,) * 7))
    FilterActs(acts, hub.clock).switch(person, ("gambling", "lootboxes"), 0)
    agreed.offer(device, hub.parts.parents.accounts()[0].id)
