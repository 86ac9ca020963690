"""A child's filter as the hub keeps it, and what it makes of each category and app.

It decides which apps are blocked by a choice, an age or a category, and which names must stay open for an app that is
not. What a name's tags are is the pack's part, whether it is refused `stairgate.core.filtering`'s.
"""

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from stairgate.core import policy as core
from stairgate.hub import catalogue
from stairgate.hub.categories import CATEGORIES, ordered
from stairgate.hub.presets import BY_ID, NONE, Preset
from stairgate.hub.store import Row, Transaction

COLLECTION = "filters"
YOUTUBE = ("", "moderate", "strict")
_LISTS = ("block", "apps_blocked", "apps_open", "allow", "deny", "only")


@dataclass(frozen=True)
class ChildFilter:
    """What a parent set for one child; `id` is the child's.

    preset: the template it began with. block: categories. age: apps from a higher age are blocked, 0: no limit.
    apps_blocked, apps_open: choices for single apps, which win over age and category. allow, deny, only: names, each
    with all below it; only: what is open in a limited time. youtube: one of `YOUTUBE`. resolved_only: devices reach
    only addresses that were looked up here. page: a blocked name leads to the child's page.
    """

    id: str
    preset: str = NONE.id
    block: tuple[str, ...] = ()
    age: int = 0
    apps_blocked: tuple[str, ...] = ()
    apps_open: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    safesearch: bool = False
    youtube: str = ""
    resolved_only: bool = False
    page: bool = False
    revision: int = 0

    @property
    def template(self) -> Preset:
        """The preset it began with."""
        return BY_ID.get(self.preset, NONE)

    @property
    def is_off(self) -> bool:
        """True when nothing is blocked or changed. What is open in a limited time may be listed all the same."""
        return not (
            self.block
            or self.age
            or self.apps_blocked
            or self.deny
            or self.safesearch
            or self.youtube
            or self.resolved_only
        )


class AppState(NamedTuple):
    """How an app stands. by: `choice`, `category`, `age`, or "" where nothing blocks it; `category` names that."""

    app: catalogue.App
    blocked: bool
    by: str
    category: str = ""


def from_preset(person: str, preset: Preset, held: ChildFilter | None = None) -> ChildFilter:
    """The filter of a preset. Of an older filter `held` its names stay: they were typed by hand."""
    return ChildFilter(
        person,
        preset.id,
        ordered(set(preset.block)),
        preset.age,
        allow=held.allow if held else (),
        deny=held.deny if held else (),
        only=held.only if held else (),
        safesearch=preset.safesearch,
        youtube=preset.youtube,
        resolved_only=preset.resolved_only,
        page=held.page if held else False,
        revision=held.revision if held else 0,
    )


def changes(held: ChildFilter) -> int:
    """In how many things a filter differs from its preset; names by hand count as one for each list."""
    like = from_preset(held.id, held.template)
    count = len(set(held.block) ^ set(like.block)) + len(held.apps_blocked) + len(held.apps_open)
    for name in ("age", "safesearch", "youtube", "resolved_only", "allow", "deny"):
        count += getattr(held, name) != getattr(like, name)
    return count


def app_state(held: ChildFilter, app: catalogue.App) -> AppState:
    """Whether this app is blocked, and by what."""
    if app.id in held.apps_open:
        return AppState(app, False, "choice")
    if app.id in held.apps_blocked:
        return AppState(app, True, "choice")
    for category in app.categories:
        if category in held.block:
            return AppState(app, True, "category", category)
    if held.age and app.age > held.age:
        return AppState(app, True, "age")
    return AppState(app, False, "")


def app_states(held: ChildFilter) -> tuple[AppState, ...]:
    """Every app of the catalogue, by title."""
    return tuple(app_state(held, app) for app in catalogue.apps())


@lru_cache(maxsize=64)  # each page asks for it several times, and it goes through the whole catalogue
def compiled(held: ChildFilter) -> core.Filter:
    """What a policy says of it: tags and names only.

    Apps that an age or a blocked category covers need no tag of their own. An app that is open keeps the names it
    needs, also those that are a blocked app's, or of a blocked category: children's videos come from where all videos
    come from.
    """
    states = app_states(held)
    ages = {catalogue.age_tag(age) for age in catalogue.ages() if held.age and age > held.age}
    block = {*held.block, *ages, *held.apps_blocked} - set(held.apps_open)
    kept = {
        name
        for state in states
        if not state.blocked
        for name in (*state.app.names, *state.app.needs)
        if block.intersection(catalogue.tags_of(name))
    }
    flags = {"safesearch": held.safesearch, "page": held.page and not held.is_off}
    youtube = (f"youtube_{held.youtube}",) if held.youtube else ()
    return core.Filter(
        held.id,
        (*(flag for flag, on in flags.items() if on), *youtube),
        tuple(sorted(block)),
        held.deny,
        tuple(sorted({*held.allow, *kept})),
        held.only,
    )


def to_document(held: ChildFilter) -> dict[str, Any]:
    """What is stored: the fields without id and revision, which are the row's."""
    document = asdict(held)
    del document["id"], document["revision"]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in document.items()}


def from_document(person: str, document: dict[str, Any], revision: int = 0) -> ChildFilter:
    """The filter that `to_document` made. Categories and apps that this version does not know are left out."""
    known = {name: document[name] for name in ChildFilter.__dataclass_fields__ if name in document}
    fields: dict[str, Any] = {name: tuple(value) if name in _LISTS else value for name, value in known.items()}
    fields["block"] = ordered(set(fields.get("block", ())) & set(CATEGORIES))
    for name in ("apps_blocked", "apps_open"):
        fields[name] = tuple(app_id for app_id in fields.get(name, ()) if catalogue.app(app_id))
    return ChildFilter(**{**fields, "id": person, "revision": revision})


def read_filter(rows: Transaction, person: str) -> ChildFilter | None:
    """The filter of this child, None when none was ever chosen."""
    row = rows.get(COLLECTION, person)
    return from_row(row) if row else None


def read_filters(rows: Transaction) -> tuple[ChildFilter, ...]:
    """All filters of the home, by child."""
    return tuple(from_row(row) for row in rows.page(COLLECTION))


def from_row(row: Row) -> ChildFilter:
    """The filter of a stored row."""
    return from_document(row.id, row.document["filter"], row.revision)


def write_filter(rows: Transaction, held: ChildFilter, before: ChildFilter | None = None, at: float = 0) -> None:
    """Write a filter over the revision it was read at; `before`: what Undo puts back, changed at `at` (UTC seconds).

    Raises `Conflict`.
    """
    document = {"filter": to_document(held), "before": to_document(before) if before else None, "at": at}
    rows.put(COLLECTION, held.id, document, expected=held.revision)
