"""The form for a block list of the family's own, read and checked: all faults at once, each with its field.

It decides what a subscription may be; whether there is room for it is `sources`' part.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from stairgate.hub import limits
from stairgate.hub.forms import Faults, Form
from stairgate.hub.language import N_, _, ngettext
from stairgate.hub.plain_text import clean_name
from stairgate.hub.public_http import is_public
from stairgate.hub.source_fetch import is_address
from stairgate.hub.sources import ADDRESSES, DOH, FORMATS, HASHED, ILLEGAL, TAGS, Source, is_file_name

#: Hours between two looks that a parent may choose -> what they read, in English.
HOURS = {
    6: N_("four times a day"),
    24: N_("every day"),
    72: N_("every three days"),
    168: N_("every week"),
}


def how_often(hours: int) -> str:
    """`every day`, `every 12 hours`, in the reader's language."""
    return (
        _(HOURS[hours]) if hours in HOURS else ngettext("every hour", "every {count} hours", hours).format(count=hours)
    )


def read_source(form: Form) -> tuple[Source, Faults]:
    """The form and its faults."""
    url = form.get("url", "").strip()[: limits.SOURCE_URL_CHARACTERS + 1]
    hours = form.get("hours") or str(limits.SOURCE_HOURS)
    source = Source(
        id="",
        title=clean_name(form.get("title", "")),
        url=url,
        format=form.get("format", ""),
        tag=form.get("tag", ""),
        licence=clean_name(form.get("licence", "")),
        hours=int(hours) if hours in map(str, HOURS) else limits.SOURCE_HOURS,
    )
    faults = {}
    if not source.title:
        faults["title"] = _("Please give it a name, such as “list of our school”.")
    if fault := _fault_of_place(url):
        faults["url"] = fault
    if source.format not in FORMATS:
        faults["format"] = _("Please choose the form it has.")
    if source.tag not in TAGS:
        faults["tag"] = _("Please choose what its names are.")
    elif source.format == ADDRESSES and source.tag != DOH:
        faults["tag"] = _("A list of addresses can only be “{category}”.").format(category=TAGS[DOH])
    elif source.format in FORMATS and (source.format == HASHED) != (source.tag == ILLEGAL):
        faults["tag"] = _("“{category}” and a list of hashes belong together: neither goes without the other.").format(
            category=TAGS[ILLEGAL]
        )
    if hours not in map(str, HOURS):
        faults["hours"] = _("Please choose how often it is fetched.")
    return source, faults


def _fault_of_place(url: str) -> str:
    if not url:
        return _("Please give the list’s address, or the name of its file.")
    if is_file_name(url):
        return ""
    if not is_address(url):
        return _("Please give an address that begins with https:// (or http://), or the plain name of a file.")
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        is_at_home = host == "localhost" or "." not in host
    else:
        is_at_home = not is_public(host)
    return (
        _("Lists are not fetched from inside a home network; put the file on the hub’s machine.") if is_at_home else ""
    )
