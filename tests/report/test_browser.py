"""The page in a real Chromium: nothing cut at any size, no error, no request, nothing runs, axe finds no fault."""

import os
import re
from pathlib import Path

import pytest

from leaktap.report import languages
from leaktap.report._pdf import browser, pdf
from tests.report.made import run
from tests.report.pages import CASES, golden, hostile_run, page
from tests.report.test_page import compared

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(browser() is None, reason="no Chromium is installed")

AXE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leaktap-tests" / "axe-4.10.2.min.js"
PHONE, LAPTOP, PAPER = 390, 1280, 695
"""Widths in CSS pixels; A4 less its margins is 184 mm."""


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as play:
        program = play.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        yield program
        program.close()


@pytest.fixture
def look(chromium, tmp_path):
    """Opens a page at a width and returns it with what it said and asked for."""
    opened = []

    def at(text, width=LAPTOP, **options):
        file = tmp_path / "report.html"
        file.write_text(text, encoding="utf-8", errors="replace")
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        opened.append(context)
        tab = context.new_page()
        tab.said, tab.asked = [], []
        tab.on("console", lambda message: tab.said.append(message.text))
        tab.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.on("request", lambda request: tab.asked.append(request.url))
        tab.goto(file.as_uri())
        return tab

    yield at
    for context in opened:
        context.close()


CUT = """() => [...document.querySelectorAll('td, th, dd, h1, h2, h3, li, pre, p')].filter((each) => {
    const box = each.getBoundingClientRect();
    const out = box.right > innerWidth + 1 || each.scrollWidth > each.clientWidth + 2;
    const seen = each.checkVisibility() && !each.closest('thead') && getComputedStyle(each).display !== 'inline';
    return out && seen && box.width > 2;
}).map((each) => each.outerHTML.slice(0, 200))"""


def sound(tab):
    """At no size anything is cut; nothing was said on the console, and only the file itself was asked for."""
    for width in (PHONE, LAPTOP, PAPER):
        tab.emulate_media(media="print" if width == PAPER else "screen")
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate(CUT) == []
    assert tab.said == []
    assert [url for url in tab.asked if not url.startswith("data:")] == [tab.url.partition("#")[0]]


@pytest.mark.parametrize("case", CASES)
def test_golden_cases_fit_every_size(look, case):
    for language in languages():
        sound(look(page(golden(case), language)))


PAGES = {
    "many": lambda language: page(run(150), language),
    "hostile": lambda language: page(hostile_run(), language),
    "compared": lambda language: compared(run(50), run(80, seed=2), language),
    "nothing": lambda language: page([], language),
}


@pytest.mark.parametrize("name", PAGES)
def test_whatever_is_in_it_fits_every_size(look, name):
    for language in languages():
        sound(look(PAGES[name](language)))


def test_nothing_captured_runs(look):
    tab = look(page(hostile_run(), "en"))
    for link in tab.query_selector_all("summary"):
        link.click()
    assert tab.evaluate("window.hacked") is None
    assert tab.evaluate("document.querySelectorAll('img, [onload], [onerror]').length") == 0


@pytest.mark.skipif(not AXE.exists(), reason=f"axe-core is not in {AXE}")
@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (LAPTOP, "light"), (LAPTOP, "dark")])
@pytest.mark.parametrize("name", ["many", "compared"])
def test_axe_finds_no_fault(look, name, width, scheme):
    tab = look(PAGES[name]("zh"), width, color_scheme=scheme, bypass_csp=True)
    tab.evaluate("document.querySelectorAll('details').forEach((each, index) => (each.open = index < 5))")
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    faults = tab.evaluate("axe.run().then((found) => found.violations)")
    assert [(fault["impact"], fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []


def test_the_table_can_be_filtered_and_sorted(look):
    tab = look(page(run(150), "en"))
    rows = "[...document.querySelectorAll('.clause-block tbody tr')].filter((row) => row.checkVisibility())"
    whole = tab.evaluate(f"{rows}.length")
    tab.fill(".filter input", "example push")
    some = tab.evaluate(f"{rows}.map((row) => row.textContent.toLowerCase())")
    assert 0 < len(some) < whole and all("example push" in row for row in some)
    assert tab.inner_text(".filter output") == f"{len(some)} rows shown"
    tab.fill(".filter input", "")
    tab.select_option(".filter select", "critical")
    assert set(tab.evaluate(f"{rows}.map((row) => row.dataset.severity)")) == {"critical"}
    tab.select_option(".filter select", "")
    assert tab.evaluate(f"{rows}.length") == whole
    tab.click(".clause-block .c-class button")
    names = tab.evaluate(
        "[...document.querySelector('.clause-block tbody').rows].map((row) => row.cells[1].textContent)"
    )
    assert names == sorted(names, key=str.lower)


def test_a_link_opens_its_evidence(look):
    tab = look(page(run(20), "en"))
    tab.click("a[href='#e1'] >> nth=0")
    assert tab.evaluate("document.getElementById('e1').open")


def test_it_reads_without_script(look):
    tab = look(page(run(50), "en"), java_script_enabled=False)
    assert not tab.is_visible(".filter")
    assert tab.is_visible(".clause-block tbody tr >> nth=0")
    assert tab.locator("svg.wide").count() == 2


def test_a_pdf_has_the_evidence():
    made = pdf(page(run(5), "en").encode())
    assert made.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", made)) > 1
