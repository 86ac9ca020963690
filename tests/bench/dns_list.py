"""The names that the DNS comparison blocks and asks for: the same for every resolver, the same again for a seed.

It decides which names are listed, under which category, for whom each category is blocked, and what is asked. The
real list beside the project is taken where it is present, else one of the same shape is made up. Files for one or
the other resolver are `dns_peers`' part.

The workload: 30 % blocked, half of them Zipf over 5,000 popular names and half uniform over all, half with a
subdomain in front; 70 % allowed, Zipf over 50,000 hosts; A, AAAA and HTTPS 55/30/15.
"""

import lzma
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import NamedTuple

from stairgate.core.filtering import suffixes
from stairgate.hub.name_text import is_too_wide

REAL_LIST = Path("../shared/data/blocklist-1m.tsv.xz")
FULL_SIZE = 1_000_000

CATEGORIES = (
    "adult",
    "gambling",
    "games",
    "social",
    "video",
    "dating",
    "drugs",
    "malware",
    "phishing",
    "ads",
    "tracking",
    "vpn",
    "crypto",
    "shopping",
    "warez",
    "other",
)
# How a real list of this size is divided, in thousandths.
CATEGORY_SHARES = (111, 47, 3, 21, 7, 40, 14, 103, 145, 39, 202, 13, 8, 9, 153, 85)


class Client(NamedTuple):
    """Somebody who asks: the source address, and the categories blocked for whoever asks from it."""

    name: str
    address: str
    blocked: frozenset[str]


CLIENTS = (
    Client("child", "127.0.0.11", frozenset(CATEGORIES)),
    Client("teen", "127.0.0.12", frozenset(CATEGORIES) - {"games", "social", "video", "shopping"}),
    Client("adult", "127.0.0.13", frozenset({"malware", "phishing"})),
    Client("toys", "127.0.0.14", frozenset(CATEGORIES) - {"video"}),
)
CHILD = CLIENTS[0]

POPULAR_NAMES, ALLOWED_HOSTS, BLOCKED_SHARE = 5_000, 50_000, 0.3
RECORD_TYPES, TYPE_SHARES = ("A", "AAAA", "HTTPS"), (55, 30, 15)

# Label counts of a real list without covered names, in thousandths from two labels on.
LABEL_SHARES = (689, 246, 39, 11, 6, 6, 2, 1)
SYLLABLES = tuple(first + vowel for first in "bcdfghjklmnprstvwz" for vowel in ("a", "e", "i", "o", "u", "an", "er"))
ENDS = ("com", "net", "org", "xyz", "de", "tk", "ru", "info", "co.uk", "online", "top", "fr")
END_SHARES = (520, 90, 60, 50, 45, 40, 40, 40, 30, 30, 30, 25)
SUBDOMAINS = ("www", "m", "api", "cdn", "img", "static", "login", "a1", "s3", "eu-west.edge")


class Query(NamedTuple):
    """One question: name and record type."""

    name: str
    type: str


def _label(chance: random.Random) -> str:
    label = "".join(chance.choices(SYLLABLES, k=chance.randint(2, 5)))
    return f"{label}{chance.randrange(1000)}" if chance.random() < 0.3 else label


def _made_up(chance: random.Random) -> str:
    depth = chance.choices(range(1, 1 + len(LABEL_SHARES)), LABEL_SHARES)[0]
    return ".".join([*(_label(chance) for _ in range(depth)), chance.choices(ENDS, END_SHARES)[0]])


def is_under(name: str, listed: Mapping[str, str] | set[str]) -> bool:
    """True when the name or a domain above it is in `listed`."""
    return any(suffix in listed for suffix in suffixes(name))


def made_up_list(count: int, seed: int) -> dict[str, str]:
    """So many names with a category each; none is covered by another."""
    chance = random.Random(seed)
    names: dict[str, str] = {}
    parents: set[str] = set()
    while len(names) < count:
        name = _made_up(chance)
        if name in parents or is_under(name, names):
            continue
        names[name] = chance.choices(CATEGORIES, CATEGORY_SHARES)[0]
        parents.update(islice(suffixes(name), 1, None))
    return names


def parsed(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and category of each line `name<TAB>number`. Raises ValueError with the line's number."""
    for number, line in enumerate(lines, 1):
        name, tab, place = line.rstrip("\n").partition("\t")
        if not (name and tab and place.isdecimal() and int(place) < len(CATEGORIES)):
            raise ValueError(f"line {number}: expected name, tab, 0..{len(CATEGORIES) - 1}; got {line[:80]!r}")
        yield name, CATEGORIES[int(place)]


def the_list(count: int, seed: int, real: Path = REAL_LIST) -> tuple[dict[str, str], bool]:
    """So many names with their categories, and whether they are the real ones. Raises ValueError for a bad file."""
    if real.exists():
        with lzma.open(real, "rt", encoding="ascii") as lines:
            listed = dict(islice(parsed(lines), count))
        if len(listed) == count:
            return listed, True
    return made_up_list(count, seed), False


def allowed_hosts(listed: Mapping[str, str], count: int, seed: int) -> list[str]:
    """So many different hosts that no list covers."""
    chance = random.Random(seed)
    hosts: dict[str, None] = {}
    while len(hosts) < count:
        name = _made_up(chance)
        host = f"www.{name}" if chance.random() < 0.3 else name
        if not is_under(host, listed):
            hosts[host] = None
    return list(hosts)


def zipf(count: int) -> list[float]:
    """Cumulative weights of 1/rank for `random.choices`."""
    return list(accumulate(1 / rank for rank in range(1, count + 1)))


def listed_for(listed: Mapping[str, str], client: Client) -> list[str]:
    """The listed names that are blocked for this client.

    Our builder drops a line that would close a country's registry: resolvers differ there, and are not timed on it.
    """
    return [name for name, category in listed.items() if category in client.blocked and not is_too_wide(name)]


def blocked_names(theirs: Sequence[str], count: int, seed: int) -> list[str]:
    """So many of these names, popular ones more often, half of them with a subdomain in front."""
    chance = random.Random(seed)
    popular = chance.sample(theirs, min(POPULAR_NAMES, len(theirs)))
    names = chance.choices(popular, cum_weights=zipf(len(popular)), k=count // 2)
    names += chance.choices(theirs, k=count - count // 2)
    chance.shuffle(names)
    return [f"{chance.choice(SUBDOMAINS)}.{name}" if chance.random() < 0.5 else name for name in names]


def workload(theirs: Sequence[str], hosts: Sequence[str], share: float, count: int, seed: int) -> list[Query]:
    """So many questions, `share` of them (0 to 1) for `theirs`, the names that the client may not resolve."""
    chance = random.Random(seed)
    blocked = round(count * share)
    names = blocked_names(theirs, blocked, seed + 1)
    names += chance.choices(hosts, cum_weights=zipf(len(hosts)), k=count - blocked)
    chance.shuffle(names)
    types = chance.choices(RECORD_TYPES, TYPE_SHARES, k=count)
    return [Query(name, kind) for name, kind in zip(names, types, strict=True)]


def samples(listed: Mapping[str, str], hosts: Sequence[str], count: int, seed: int) -> list[str]:
    """Different names that resolvers must agree on: listed ones with and without a subdomain, near misses, others.

    A near miss has a listed name as its end, but no dot before it; or is the parent of a listed name.
    """
    chance = random.Random(seed)
    picked = chance.sample(sorted(listed), count // 2)
    names = dict.fromkeys(picked[::2])
    names.update(dict.fromkeys(f"{chance.choice(SUBDOMAINS)}.{name}" for name in picked[1::2]))
    for name in picked[: count // 10]:
        names[f"x{name}"] = None
        if name.count(".") > 1:
            names[name.partition(".")[2]] = None
    names.update(dict.fromkeys(islice((host for host in hosts if host not in names), count - len(names))))
    return list(names)


def blocking_names(listed: Mapping[str, str], client: Client, name: str) -> list[str]:
    """What the list says, read plainly: the listed names at or above this one that this client has blocked."""
    return [suffix for suffix in suffixes(name) if listed.get(suffix, "") in client.blocked]


def nearest_listed(listed: Mapping[str, str], name: str) -> str:
    """The longest listed name at or above this one, "" when none is."""
    return next((suffix for suffix in suffixes(name) if suffix in listed), "")
