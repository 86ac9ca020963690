"""Where block lists come from: the family's own subscriptions and the known ones that a parent switched on.

Records, how they are stored, and what may be added. When one is fetched is `list_upkeep`'s part, what a good copy is
`source_intake`'s, what its names mean for a child the family's filters'.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import NamedTuple

from stairgate.hub import categories, limits
from stairgate.hub.acts import NotPossible, new_id
from stairgate.hub.known_sources import KNOWN, Known, in_words
from stairgate.hub.language import N_, _
from stairgate.hub.said_tables import SaidTable
from stairgate.hub.sentence import from_kept, kept
from stairgate.hub.store import Document, Row, Store, Transaction

HASHED, ADDRESSES = "hashed", "addresses"
#: The tag of lists nobody may read: it holds for the whole home, grown-ups too.
ILLEGAL = "illegal"
#: The only tag whose addresses are kept, as encrypted resolvers are reached without a name.
DOH = "doh"
#: Forms a list may have -> what a parent reads.
FORMATS: Mapping[str, str] = SaidTable(
    {
        "plain": N_("One name a line"),
        "hosts": N_("Hosts file (0.0.0.0 name)"),
        "adblock": N_("AdBlock (||name^)"),
        "wildcard": N_("Wildcards (*.name)"),
        "rpz": N_("Response policy zone (RPZ)"),
        HASHED: N_("Hashes (SHA-256), for lists nobody may read"),
        ADDRESSES: N_("Addresses of encrypted resolvers"),
    }
)
#: Tags a list may give its names -> what a parent reads.
TAGS: Mapping[str, str] = SaidTable(
    {
        **{category.id: category.named for category in categories.CATEGORIES.values()},
        "unsafe_search": N_("Search without a safe mode"),
        "other": N_("Other"),
        ILLEGAL: N_("Illegal: nobody may read the list"),
    }
)
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Outcome(NamedTuple):
    """What came of the last tries. tried, fetched: UTC seconds, 0 for never. fault: a `Sentence`, empty after success.

    names, dropped, sha256: of the good copy; dropped is (reason, lines). etag, modified: what its server said, to be
    sent back. failures: in a row.
    """

    tried: int = 0
    fetched: int = 0
    fault: str = ""
    failures: int = 0
    names: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    sha256: str = ""
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True)
class Source:
    """One list. title: what the family calls it, or English. url: where it is, or a file in the directory `lists`.

    hours: between two looks. made_by: of a known one. short: a parent takes the next copy even if it shrank.
    """

    id: str
    title: str
    url: str
    format: str
    tag: str
    licence: str = ""
    hours: int = limits.SOURCE_HOURS
    enabled: bool = False
    made_by: str = ""
    short: bool = False
    outcome: Outcome = field(default=Outcome())

    @property
    def name(self) -> str:
        """What it is called: by the family, or, one of the table, in the reader's language."""
        return in_words(self.title) if self.is_known else self.title

    @property
    def is_known(self) -> bool:
        """True for one of the table; it can be switched off, not removed."""
        return bool(self.made_by)

    @property
    def is_file(self) -> bool:
        """True for a file that somebody puts on the hub's machine."""
        return is_file_name(self.url)


def is_file_name(text: str) -> bool:
    """True for the plain name of a file; anything with a scheme or a slash is none."""
    return _FILE_NAME.fullmatch(text) is not None


def read_sources(rows: Transaction) -> tuple[Source, ...]:
    """Every source: the family's own by title, then the known ones in the table's order."""
    kept = {row.id: row for row in rows.page("sources")}
    known = [_known(entry, kept.pop(entry.id, None)) for entry in KNOWN]
    own = [replace(_from_row(row), made_by="") for row in kept.values()]
    return (*sorted(own, key=lambda source: (source.title.lower(), source.id)), *known)


class Sources:
    """The sources of one home. Safe for threads: each method is one transaction of the store."""

    def __init__(self, store: Store, home: str) -> None:
        self._store = store
        self._home = home

    def all(self) -> tuple[Source, ...]:
        """Every source, as `read_sources`."""
        with self._store.transaction(self._home) as rows:
            return read_sources(rows)

    def get(self, source_id: str) -> Source | None:
        """One source, None when there is none of this id."""
        return next((source for source in self.all() if source.id == source_id), None)

    def add(self, source: Source) -> Source:
        """A source of the family's own, switched on; its id is made here. Raises `NotPossible`."""
        added = replace(source, id=new_id("s"), enabled=True)
        with self._store.transaction(self._home) as rows:
            others = read_sources(rows)
            if sum(not other.is_known for other in others) >= limits.SOURCES_MAX:
                raise NotPossible(_("There are {count} lists of your own already.").format(count=limits.SOURCES_MAX))
            if same := next((other for other in others if (other.url, other.tag) == (added.url, added.tag)), None):
                raise NotPossible(_("This list is there already, as “{title}”.").format(title=same.name))
            rows.put("sources", added.id, _document(added), expected=0)
        return added

    def switch(self, source_id: str, on: bool) -> None:
        """Use this list, or not. What was counted of it stays with its copy. Raises `NotPossible`."""
        self._change(source_id, lambda source: replace(source, enabled=on, short=False, outcome=_asked_anew(source)))

    def refresh(self, source_id: str, short: bool = False) -> None:
        """Fetch it at the next turn; `short`: take it even if it shrank. Raises `NotPossible`."""
        self._change(source_id, lambda source: replace(source, short=short, outcome=_asked_anew(source)))

    def note(self, source_id: str, outcome: Outcome, url: str) -> None:
        """Keep what came of a fetch from `url`; nothing when the source is gone or elsewhere by now."""
        with self._store.transaction(self._home) as rows:
            source = next((one for one in read_sources(rows) if (one.id, one.url) == (source_id, url)), None)
            if source:
                short = source.short and bool(outcome.fault)
                rows.put("sources", source.id, _document(replace(source, short=short, outcome=outcome)))

    def remove(self, source_id: str) -> None:
        """Forget one of the family's own. Raises `NotPossible`."""
        with self._store.transaction(self._home) as rows:
            source = next((one for one in read_sources(rows) if one.id == source_id), None)
            if source is None or source.is_known:
                raise NotPossible(_("This list is no longer here."))
            rows.delete("sources", source_id)

    def _change(self, source_id: str, edit: Callable[[Source], Source]) -> None:
        with self._store.transaction(self._home) as rows:
            source = next((one for one in read_sources(rows) if one.id == source_id), None)
            if source is None:
                raise NotPossible(_("This list is no longer here."))
            rows.put("sources", source_id, _document(edit(source)))


def _asked_anew(source: Source) -> Outcome:
    return source.outcome._replace(tried=0, failures=0, fault="")


def _known(entry: Known, row: Row | None) -> Source:
    source = Source(entry.id, entry.title, entry.url, entry.format, entry.tag, entry.licence, made_by=entry.made_by)
    if row is None:
        return source
    kept = _from_row(row)
    # The table's address holds: a newer version of the program knows better. Another list is another copy.
    outcome = kept.outcome if (kept.url, kept.format) == (entry.url, entry.format) else Outcome()
    return replace(source, hours=kept.hours, enabled=kept.enabled, short=kept.short, outcome=outcome)


def _document(source: Source) -> Document:
    document = asdict(source)
    del document["id"]
    outcome = source.outcome._asdict()
    outcome["dropped"] = [list(pair) for pair in source.outcome.dropped]
    outcome["fault"] = kept(source.outcome.fault)
    return {**document, "outcome": outcome}


def _from_row(row: Row) -> Source:
    fields = dict(row.document)
    outcome = dict(fields.pop("outcome"))
    outcome["dropped"] = tuple((str(reason), int(lines)) for reason, lines in outcome["dropped"])
    outcome["fault"] = from_kept(outcome["fault"])
    return Source(id=row.id, outcome=Outcome(**outcome), **fields)
