"""What is wrong with a page for people who read, see or steer it otherwise: axe-core's verdict and two more.

axe-core comes with `axe-playwright-python`. Only its rules of WCAG 2.2 A and AA decide; its advice beyond them is
counted apart. It cannot see whether a page must be scrolled sideways (1.4.10) and whether what has the focus is
covered (2.4.11), so that is measured here.

axe-core runs by the browser's debugger: the pages' Content-Security-Policy stays as it is.
"""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from playwright.sync_api import Page

LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
ADVICE = "best-practice"
#: Rules of these levels that axe-core keeps off by itself.
_ALSO = ("target-size", "label-content-name-mismatch", "css-orientation-lock")
_RUN = """async ([tags, also]) => (await axe.run(document, {
  runOnly: {type: "tag", values: tags}, rules: Object.fromEntries(also.map((id) => [id, {enabled: true}])),
  resultTypes: ["violations", "incomplete"],
})).violations.map((found) => [found.id, found.tags,
  found.nodes.map((node) => [node.target.join(" "), node.html, node.failureSummary || ""])])"""
# WCAG 2.2, 1.4.10: nothing of a page needs scrolling in two directions, but for what a table needs.
_SIDEWAYS = """() => document.documentElement.scrollWidth > document.documentElement.clientWidth
  ? [...document.querySelectorAll("body *")].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.width && !one.closest(".hidden, svg") && (box.right > innerWidth + 1 || box.left < -1); })
    .slice(0, 5).map((one) => one.outerHTML.slice(0, 120)) : []"""
# WCAG 2.2, 2.4.11: what gets the focus is not wholly under what is fixed to the screen.
_COVERED = """() => {
  const fixed = [...document.querySelectorAll("body *")].filter((one) => getComputedStyle(one).position === "fixed"
    && one.getClientRects().length && !one.matches(".skip")).map((one) => [one, one.getBoundingClientRect()]);
  const covered = [];
  scrollTo(0, 0);
  for (const one of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {
    if (!one.getClientRects().length || one.disabled || one.type === "hidden") continue;
    one.focus();
    const box = one.getBoundingClientRect();
    if (fixed.some(([bar, edge]) => !bar.contains(one) && box.top >= edge.top - 1 && box.bottom <= edge.bottom + 1
      && box.left >= edge.left - 1 && box.right <= edge.right + 1)) covered.push(one.outerHTML.slice(0, 120));
  }
  document.activeElement?.blur();
  scrollTo(0, 0);
  return covered;
}"""
# Live pages replace a part of themselves every other second: not under the judge's eyes.
_STILL = "() => { Object.defineProperty(document, 'hidden', {get: () => true, configurable: true}); }"
_UNFOLD = "() => { document.querySelectorAll('details').forEach((one) => { one.open = true; }); }"


class Finding(NamedTuple):
    """One element that breaks a rule. element: where it is and how it begins; says: what axe-core asks for."""

    rule: str
    element: str
    says: str
    is_advice: bool = False


@cache
def axe_core() -> str:
    """The source of axe-core."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def judge(page: Page) -> list[Finding]:
    """Everything that is wrong with a page, with all that can be unfolded on it open."""
    page.evaluate(_STILL)
    page.evaluate(_UNFOLD)
    page.evaluate(f"() => {{ if (!window.axe) {{ {axe_core()} }} }}")
    found = page.evaluate(_RUN, [[*LEVELS, ADVICE], list(_ALSO)])
    return [*_read(found), *_measured(page)]


def _read(found: list[Any]) -> Iterator[Finding]:
    for rule, tags, nodes in found:
        is_advice = not set(tags) & set(LEVELS)
        for target, html, summary in nodes:
            says = " ".join(summary.split())[:300]
            yield Finding(rule, f"{target}: {html[:160]}", says, is_advice)


def _measured(page: Page) -> Iterator[Finding]:
    for element in page.evaluate(_SIDEWAYS):
        yield Finding("reflow", element, "WCAG 1.4.10: the page is wider than the screen")
    for element in page.evaluate(_COVERED):
        yield Finding("focus-not-obscured", element, "WCAG 2.4.11: with the focus it is covered by what is fixed")
