"""What the hub knows of names by itself, as data: apps, small lists by category, and names no list may take away.

It decides which tags a name has before any list is subscribed to; whether a tag is refused is the filters' part. The
data (`catalogue_data/*.toml`) are facts with their source and date; the house's tests check their form.
"""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from stairgate.core.filtering import suffixes
from stairgate.hub.language import _

#: The tag of names that serve one app only, so that their addresses may be used at packet level.
DEDICATED = "dedicated"
#: The tag of ranges that a device may reach though nobody looked them up, while their app is open to it.
CALLS = "calls"
_DATA = Path(__file__).with_name("catalogue_data")


class App(NamedTuple):
    """One app. categories: the first is where pages show it. age: in years, 0: no lower bound; age_by: who says so.

    named: its name; worded: with English words beside the name. dedicated: those of its names that serve nothing else.
    needs: names of other apps without which it does not work. loot: it sells random items. ranges: addresses that the
    maker publishes for calls, as `address/length`; ranges_from: where and when.
    """

    id: str
    named: str
    categories: tuple[str, ...]
    age: int
    age_by: str
    names: tuple[str, ...]
    source: str
    date: str
    dedicated: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    loot: bool = False
    ranges: tuple[str, ...] = ()
    ranges_from: str = ""
    worded: bool = False

    @property
    def title(self) -> str:
        """What it is called; words beside its name are in the reader's language."""
        return _(self.named) if self.worded else self.named

    @property
    def age_from(self) -> str:
        """Who says its age, in the reader's language: `terms`, `PEGI`."""
        return _(self.age_by)

    @property
    def tags(self) -> tuple[str, ...]:
        """What each of its names is tagged with: itself, its categories, its age."""
        return (self.id, *self.categories, *((age_tag(self.age),) if self.age else ()))


class CategoryList(NamedTuple):
    """Names of a category that belong to no app, and addresses where the category has them."""

    category: str
    names: tuple[str, ...]
    source: str
    date: str
    ranges: tuple[str, ...] = ()


class KeptGroup(NamedTuple):
    """Names that no list of a category may take away. group: `helplines`, `health`, `rights`, `lgbt` …"""

    group: str
    about: str
    names: tuple[str, ...]
    date: str


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_DATA / name).read_text(encoding="utf-8"))


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


@cache
def apps() -> tuple[App, ...]:
    """All apps, by title."""
    read = (_app(**_tuples(fields)) for fields in _read("apps.toml")["app"])
    return tuple(sorted(read, key=lambda app: (app.named.casefold(), app.id)))


def _app(title: str, age_from: str, **fields: Any) -> App:
    return App(named=title, age_by=age_from, **fields)


def words() -> tuple[str, ...]:
    """The English texts of the data that pages put into the reader's language."""
    titles = {held.named for held in apps() if held.worded}
    return tuple(sorted(titles | {held.age_by for held in apps()}))


@cache
def app(app_id: str) -> App | None:
    """The app with this id, or None."""
    return next((held for held in apps() if held.id == app_id), None)


@cache
def ages() -> tuple[int, ...]:
    """Every age from which an app is, ascending, without 0."""
    return tuple(sorted({held.age for held in apps() if held.age}))


def age_tag(age: int) -> str:
    """The tag of all apps from this age: so a policy needs no list of them."""
    return f"from{age}"


def app_of(name: str) -> App | None:
    """The app to which a name belongs, None for any other."""
    owners = _owners()
    return next((owners[suffix] for suffix in suffixes(name) if suffix in owners), None)


@cache
def _owners() -> dict[str, App]:
    return {name: held for held in apps() for name in held.names}


@cache
def listed() -> tuple[CategoryList, ...]:
    """The small lists by category."""
    return tuple(CategoryList(category, **_tuples(fields)) for category, fields in _read("names.toml").items())


@cache
def kept() -> tuple[KeptGroup, ...]:
    """The names that stay open whatever a list says, by group."""
    return tuple(KeptGroup(group, **_tuples(fields)) for group, fields in _read("kept.toml").items())


@cache
def helplines() -> frozenset[str]:
    """Names that stay open for every child, whatever a list or a parent says."""
    return frozenset(name for group in kept() if group.group == "helplines" for name in group.names)


def entries() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each name with its tags, for the builder of packs."""
    for held in apps():
        for name in held.names:
            yield name, (*held.tags, *((DEDICATED,) if name in held.dedicated else ()))
    for group in listed():
        for name in group.names:
            yield name, (group.category,)


def exceptions() -> Iterator[str]:
    """Each name that a pack marks as not listed, whatever the lists say of it or of a domain above it."""
    for group in kept():
        yield from group.names


def ranges() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each published range of addresses, as `address/length`, with its tags."""
    for held in apps():
        for addresses in held.ranges:
            yield addresses, (*held.tags, CALLS)
    for group in listed():
        for addresses in group.ranges:
            yield addresses, (group.category,)


@cache
def _index() -> dict[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = dict.fromkeys(exceptions(), ())
    for name, tags in entries():
        index[name] = tuple(dict.fromkeys((*index.get(name, ()), *tags)))
    return index


def tags_of(name: str) -> tuple[str, ...]:
    """The tags of a name without any list: its own and those of the domains above it, up to an exception."""
    found: dict[str, None] = {}
    for suffix in suffixes(name):
        tags = _index().get(suffix)
        if tags == ():
            break
        found.update(dict.fromkeys(tags or ()))
    return tuple(found)
