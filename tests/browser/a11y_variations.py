"""In which ways each page is looked at: light, dark, from right to left, in German on a narrow screen, no JavaScript.

The hub has no language from right to left yet, so that one is a pseudo-language (as `ar-XB` of the CLDR): every word
is longer by two fifths, has accents and is turned round. It is made in the browser from the English page; what
families typed stays as it is. Pages on which something is tapped or typed first are English everywhere: the table of
visits names buttons and fields in English.
"""

from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from stairgate.hub import language

SCREEN = {"width": 360, "height": 740}
NARROW = {"width": 320, "height": 640}
# The text between these two marks runs from right to left, whatever its letters (UAX #9).
_PSEUDO = """() => {
  const root = document.documentElement;
  root.dir = "rtl";
  root.lang = "ar-XB";
  const odd = {a: "á", c: "ç", e: "é", i: "í", n: "ñ", o: "ö", s: "š", u: "ü", y: "ý", z: "ž",
    A: "Å", E: "É", I: "Î", O: "Ø", U: "Û", T: "Ţ", S: "Š", N: "Ñ"};
  const word = (text) => "\\u202e" + [...text].map((letter) => odd[letter] || letter).join("")
    + "ö".repeat(Math.ceil(text.length * 2 / 5)) + "\\u202c";
  const typed = [...new Set([...document.querySelectorAll("bdi")].map((one) => one.textContent.trim()))]
    .filter(Boolean).sort((one, other) => other.length - one.length)
    .map((name) => name.replace(/[.*+?^${}()|[\\]\\\\]/g, "\\\\$&"));
  const names = new RegExp(`(${typed.join("|") || "(?!)"})`, "u");
  const strange = (text) => text.split(names)
    .map((part, at) => at % 2 ? part : part.replace(/\\p{L}+/gu, word)).join("");
  const own = "bdi, code, textarea, script, style, [dir=ltr]";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest(own)) walker.currentNode.data = strange(walker.currentNode.data);
  }
  document.title = strange(document.title);
  for (const name of ["aria-label", "placeholder", "alt", "title"]) {
    for (const one of document.querySelectorAll(`[${name}]`)) one.setAttribute(name, strange(one.getAttribute(name)));
  }
}"""


class Variation(NamedTuple):
    """One way of looking. options: of the browser's window."""

    name: str
    options: dict[str, Any]
    has_scripts: bool = True
    is_pseudo: bool = False
    language: str = "en"


VARIATIONS = (
    Variation("light", {"color_scheme": "light", "viewport": SCREEN}),
    Variation("dark", {"color_scheme": "dark", "viewport": SCREEN}),
    Variation("right to left", {"color_scheme": "light", "viewport": SCREEN}, is_pseudo=True),
    Variation("German, 320 px", {"color_scheme": "dark", "viewport": NARROW}, language="de"),
    Variation("no JavaScript", {"color_scheme": "light", "viewport": SCREEN}, has_scripts=False),
)


class Window:
    """One browser window of a variation.

    Without JavaScript no script of a page runs and its `<noscript>` parts show; after that, scripts are let in again,
    for axe-core is one.
    """

    def __init__(self, chromium: Browser, address: str, variation: Variation, state: StorageState | None) -> None:
        self.variation = variation
        self._address = address
        self.context: BrowserContext = chromium.new_context(
            base_url=address, reduced_motion="reduce", storage_state=state, **variation.options
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self._debugger = self.context.new_cdp_session(self.page)

    def begin(self, language_code: str = "en") -> Page:
        """The window before a page is opened, in a language."""
        self.context.add_cookies([{"name": language.COOKIE, "value": language_code, "url": self._address}])
        self._let_scripts_in(self.variation.has_scripts)
        return self.page

    def finish(self) -> Page:
        """The window as it is to be judged."""
        self._let_scripts_in(True)
        if self.variation.is_pseudo:
            self.page.evaluate(_PSEUDO)
        return self.page

    def close(self) -> None:
        """Close it."""
        self.context.close()

    def _let_scripts_in(self, allowed: bool) -> None:
        self._debugger.send("Emulation.setScriptExecutionDisabled", {"value": not allowed})
