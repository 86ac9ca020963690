"""The parsers of block lists and packs: what strangers publish, and what arrives at a router or a toy."""

import io

from stairgate.core.pack import Pack
from stairgate.core.refused import Refused
from stairgate.hub import limits
from stairgate.hub.list_formats import read_list, read_networks
from stairgate.hub.list_report import REASONS, ListReport
from stairgate.hub.name_text import is_local, is_normal, is_too_wide
from tests.portable.pack_vectors import small
from tests.unit.hostile.parser import Parser, of_bytes

PICTURE = small()
GOOD = {
    "hosts": b"# hosts\n127.0.0.1 localhost\n0.0.0.0 ads.example track.example # two\n:: a.example\n",
    "plain": "ads.example\nBücher.example # a shop\nwww.a.example.\n".encode(),
    "wildcard": b"*.ads.example\n.track.example\na.example\n",
    "adblock": b"[Adblock Plus 2.0]\n! title\n||ads.example^\n@@||good.example^\n||a.example^$important\n##.ad\n",
    "rpz": b"$TTL 1h\n@ SOA a. b. (1\n2 3)\na.example CNAME .\n*.b.example CNAME *.\nc.example CNAME rpz-passthru.\n",
    "hashed": b"# hashes\n" + b"0123456789ab\n" + b"ab" * 32 + b"\n",
}


def list_of(form: str, data: bytes) -> object:
    """All entries of a list; whatever comes, a name is one, and a reason is explained."""
    report = ListReport()
    entries = list(read_list(io.BytesIO(data), form, ("ads",), "s1", report))
    for entry in entries:
        if entry.kind != "hashed":
            assert is_normal(entry.name) and not is_local(entry.name) and not is_too_wide(entry.name)
    assert set(report.dropped) <= set(REASONS)
    assert all(len(numbers) <= limits.LIST_LINES_SHOWN for numbers in report.where.values())
    assert len(report.sentences()) == len(report.dropped)
    return len(entries)


def networks_of(data: bytes) -> object:
    """All networks of a list."""
    return list(read_networks(io.BytesIO(data), ListReport()))


def pack_of(data: bytes) -> object:
    """A pack, opened, asked and gone through."""
    pack = Pack(lambda offset, count: data[offset : offset + count], len(data))
    answers = pack.tags_of("ads.shop.example"), pack.sets, list(pack.ranges())
    pack.check()
    return answers


LISTS = {
    **{
        f"list: {form}": Parser(of_bytes(lambda data, form=form: list_of(form, data)), good)  # type: ignore[misc]
        for form, good in GOOD.items()
    },
    "list: addresses": Parser(of_bytes(networks_of), b"# doh\n198.51.100.7 # one\n2001:db8::/48\n203.0.113.0/24\n"),
    # A quarter of a megabyte: fewer tries.
    "pack": Parser(of_bytes(pack_of), PICTURE.read(0, PICTURE.size), (Refused,), 60),
}
