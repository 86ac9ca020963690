"""Names that others choose, in a real browser on a small phone: nothing runs, nothing is wider, nothing turns around.

Host names come as an agent tells them, from whatever answers to DHCP; names of devices, children and routers as people
type them, or as somebody types them who wants to harm.
"""

import contextlib
import re

import pytest
from playwright.sync_api import Browser, Dialog

from stairgate.core.messages import Events, Seen, encode_events, topic
from stairgate.core.refused import Refused
from stairgate.hub import limits
from stairgate.hub.acts import NotPossible
from stairgate.hub.plain_text import clean_name
from tests.browser.conftest import HOME, ROUTER, LiveHub, Phone
from tests.unit.hostile.corpus import TEXTS

HERE = "127.0.0.1"
#: What changes a line for whoever reads it: controls, directions, separators, halves of surrogate pairs.
INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# What a browser made of the page's names: elements that no template has.
STRANGE = """[...document.querySelectorAll(`img:not([src^="/static/"]), iframe, object, embed, svg script, [onload],
  script:not([src^="/static/"]), [onerror], [onfocus], [autofocus]`)].map(e => e.outerHTML)"""


def tell(hub: LiveHub, number: int, name: str) -> bool:
    """An agent's message about a device of this name; False when the format itself refuses it."""
    seen = Seen(f"02:00:5e:30:00:{number:02x}", (f"192.0.2.{100 + number}",), name, "dnsmasq")
    try:
        payload = encode_events(Events(f"m{number}", int(hub.clock.wall()), ROUTER, (seen,)))
    except (Refused, UnicodeEncodeError):
        return False
    hub.clock.advance(limits.LISTING_SECONDS_LATER)
    hub.parts.exchange.message(topic(HOME, ROUTER, "up", "events"), payload)
    return True


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_names_that_others_choose_are_only_names(chromium: Browser, hub: LiveHub, scripts: bool) -> None:
    phone = Phone(chromium, hub.address, java_script_enabled=scripts)
    page = phone.page
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    phone.claim(hub)
    ids = hub.seed()
    told = [name for number, name in enumerate(TEXTS) if tell(hub, number, name[:63])]
    assert len(told) > 25
    # Not through the forms alone: whatever is stored once is shown for ever.
    typed = [name for name in TEXTS if clean_name(name)]
    acts = hub.parts.acts
    children = [acts.add_child(clean_name(name), "6-9", "Europe/Berlin").id for name in typed[:8]]
    for number, name in enumerate(typed[8:20]):
        acts.add_device(clean_name(name), f"02:00:5e:40:00:{number:02x}", "tablet", (ids["Mia"],))
    labelled = 0
    for name in typed:
        with contextlib.suppress(NotPossible):  # a sentence for the parent, never a crash
            hub.parts.router_acts.rename(ROUTER, name)
            labelled += 1
    hub.parts.router_acts.rename(ROUTER, "<img src=x onerror=alert(1)>")
    assert labelled > 5

    family = hub.family()
    names = [device.name for device in family.devices] + [person.name for person in family.people]
    assert not [name for name in names if INVISIBLE.search(name) or len(name) > limits.NAME_CHARACTERS_MAX]
    assert hub.parts.cards.overview("Europe/Berlin").applied  # compiled, signed and offered
    new = [device.id for device in family.devices if not device.persons]
    assert len(new) > 15

    markup_mac = f"02:00:5e:30:00:{TEXTS.index('<script>alert(1)</script>'):02x}"
    paths = ["/", "/devices", "/more", "/traffic", "/history", "/routers", f"/routers/{ROUTER}", "/quarantine", "/me"]
    paths += [f"/children/{child}" for child in [ids["Mia"], *children[:3]]]
    paths += [f"/devices/{device}" for device in new[:4]]
    for path in paths:
        hub.network.neighbours = {HERE: markup_mac} if path == "/me" else {}
        answer = page.goto(path)
        assert answer, path
        assert answer.status == 200, path
        page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert page.evaluate(STRANGE) == [], path
        shown = page.evaluate("document.body.innerText")
        assert not INVISIBLE.search(shown.replace("\n", "").replace("\t", "")), path
    page.goto("/devices")
    markup = [name for name in names if "<" in name]
    isolated = page.evaluate("[...document.querySelectorAll('bdi')].map(e => e.textContent.trim())")
    assert markup
    assert set(markup) & set(isolated)
    phone.context.close()
    assert dialogs == []
    assert phone.complaints == []
