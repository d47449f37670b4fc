"""A real Chromium for tests of pages: what they ask for and say is noted, and what is wrong with how they look."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests._kept import KEPT
from tests._waiting import PATIENCE

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_AXE = KEPT / "axe-4.10.2.min.js"


@dataclass
class Seen:
    """What pages did: addresses that were asked for, what stood in the console, dialogs."""

    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def watch(self, page) -> None:
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: (self.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def take(self) -> tuple[list[str], list[str]]:
        """Returns what was asked for and what was said since the last time, addresses inside of the page left out."""
        asked, said = [url for url in self.asked if not url.startswith("data:")], [*self.said]
        self.asked.clear()
        self.said.clear()
        return asked, said


@contextmanager
def chromium(*arguments: str) -> Iterator:
    """Starts the browser; the test is skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage", *arguments]
        browser = playwright.chromium.launch(executable_path=program, args=options, timeout=PATIENCE * 1000)
        try:
            yield browser
        finally:
            browser.close()


def patient(browser, **options):
    """Returns a new context of the browser, in which things may take long."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 1000)
    return context


def axe(page) -> list[tuple[str, str, str]]:
    """Returns what axe-core finds on a page (whose context has `bypass_csp`): how grave, which rule, where first.

    The test is skipped where axe-core is not there.
    """
    if not _AXE.exists():
        pytest.skip(f"axe-core is not in {_AXE}")
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.read_text(encoding="utf-8"))
    options = "{resultTypes: ['violations'], elementRef: false}"
    faults = page.evaluate(f"axe.run({options}).then((found) => found.violations)")
    return [(fault["impact"], fault["id"], fault["nodes"][0]["html"]) for fault in faults]


_LAYOUT = """() => {
  const faults = [], named = (node) => `${node.parentElement.outerHTML.slice(0, 80)} ${node.textContent.slice(0, 40)}`;
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is wider than the screen");
  for (const each of document.querySelectorAll("td, th, dd, h1, h2, h3, li, pre, p, span, code")) {
    const box = each.getBoundingClientRect();
    if (box.width <= 2 || !each.checkVisibility() || each.closest("thead")) continue;
    if (box.right > innerWidth + 1) faults.push("over the edge: " + each.outerHTML.slice(0, 120));
    if (getComputedStyle(each).display !== "inline" && each.scrollWidth > each.clientWidth + 2)
      faults.push("cut: " + each.outerHTML.slice(0, 120));
  }
  const texts = [], range = document.createRange();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.textContent.trim() || parent.closest("script, style, title, select, .skip") || !parent.checkVisibility())
      continue;
    const style = getComputedStyle(parent), head = parent.closest("thead");
    if (head && getComputedStyle(head).position === "absolute") continue;
    range.selectNodeContents(node);
    const svg = parent.closest("svg"), frame = svg && svg.getBoundingClientRect();
    const scale = svg ? frame.width / svg.viewBox.baseVal.width : 1;
    if (parseFloat(style.fontSize) * scale < 8) faults.push("too small to read: " + named(node));
    for (const box of range.getClientRects()) {
      if (box.width < 1 || style.clip !== "auto") continue;
      if (frame && (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1))
        faults.push("out of its picture: " + named(node));
      const trim = (box.bottom - box.top) * 0.22;
      texts.push({left: box.left, right: box.right, top: box.top + trim, bottom: box.bottom - trim, node});
    }
  }
  texts.sort((one, other) => one.top - other.top);
  for (let i = 0; i < texts.length; i++)
    for (let j = i + 1; j < texts.length && texts[j].top < texts[i].bottom - 1; j++) {
      const one = texts[i], other = texts[j];
      if (one.node !== other.node && one.left < other.right - 2 && other.left < one.right - 2)
        faults.push(`overlap: ${named(one.node)} | ${named(other.node)}`);
    }
  return faults.slice(0, 10);
}"""


def layout(page) -> list[str]:
    """Returns what is cut, runs over an edge, stands on other text or is too small, on the page as it is shown now."""
    return page.evaluate(_LAYOUT)
