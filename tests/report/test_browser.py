"""The page in a real Chromium: nothing cut at any size, no error, no request, nothing runs, axe finds no fault."""

import re

import pytest

from leaktap.report import languages, pdf
from tests._browser import Seen, axe, chromium, layout, patient
from tests.report.made import run
from tests.report.pages import CASES, golden, hostile_run, page
from tests.report.test_page import compared

PHONE, LAPTOP, PAPER = 390, 1280, 695
"""Widths in CSS pixels; A4 less its margins is 184 mm."""


class Window:
    """One page of one browser, used again for every report; `free` is without the content security policy."""

    def __init__(self, browser, folder):
        self.file, self.seen = folder / "report.html", Seen()
        self.strict, self.free, self.plain = (
            patient(browser, **options).new_page()
            for options in ({}, {"bypass_csp": True}, {"java_script_enabled": False})
        )
        self.seen.watch(self.strict)

    def open(self, text, width=LAPTOP, tab=None, media="screen", scheme="light"):
        tab = tab or self.strict
        self.file.write_text(text, encoding="utf-8", errors="replace")
        tab.emulate_media(media=media, color_scheme=scheme)
        tab.set_viewport_size({"width": width, "height": 900})
        tab.goto(self.file.as_uri())
        return tab


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    with chromium() as browser:
        yield Window(browser, tmp_path_factory.mktemp("report"))


OPEN = "document.querySelectorAll('details').forEach((each) => (each.open = true))"
SOME_OPEN = OPEN.replace("(each)", "(each, index)").replace("true", "index < 5")


def sound(window, text):
    """At no size anything is cut; nothing was said on the console, and only the file itself was asked for."""
    window.seen.take()
    tab = window.open(text)
    tab.evaluate(OPEN)
    for width in (LAPTOP, PHONE, PAPER):
        tab.emulate_media(media="print" if width == PAPER else "screen")
        tab.set_viewport_size({"width": width, "height": 900})
        assert layout(tab) == []
    assert window.seen.take() == ([window.file.as_uri()], [])


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("case", CASES)
def test_golden_cases_fit_every_size(window, case, language):
    sound(window, page(golden(case), language))


PAGES = {
    "many": lambda language: page(run(150), language),
    "hostile": lambda language: page(hostile_run(), language),
    "compared": lambda language: compared(run(50), run(80, seed=2), language),
    "nothing": lambda language: page([], language),
}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", PAGES)
def test_whatever_is_in_it_fits_every_size(window, name, language):
    sound(window, PAGES[name](language))


def test_nothing_captured_runs(window):
    tab = window.open(page(hostile_run(), "en"))
    for link in tab.query_selector_all("summary"):
        link.click()
    assert tab.evaluate("window.hacked") is None
    assert tab.evaluate("document.querySelectorAll('img, [onload], [onerror]').length") == 0


@pytest.mark.parametrize("case", CASES)
def test_axe_finds_no_fault_in_golden_cases(window, case):
    place = CASES.index(case)
    width, scheme = (PHONE, LAPTOP)[place % 2], ("light", "dark")[place // 2 % 2]
    tab = window.open(page(golden(case), languages()[place // 4 % 2]), width, window.free, scheme=scheme)
    tab.evaluate(SOME_OPEN)
    assert axe(tab) == []


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (LAPTOP, "light"), (LAPTOP, "dark")])
@pytest.mark.parametrize(
    "made", [lambda: page(run(40), "zh"), lambda: PAGES["compared"]("zh")], ids=["many", "compared"]
)
def test_axe_finds_no_fault(window, made, width, scheme):
    tab = window.open(made(), width, window.free, scheme=scheme)
    tab.evaluate(SOME_OPEN)
    assert axe(tab) == []


def test_the_table_can_be_filtered_and_sorted(window):
    tab = window.open(page(run(150), "en"))
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


def test_a_link_opens_its_evidence(window):
    tab = window.open(page(run(20), "en"))
    tab.click("a[href='#e1'] >> nth=0")
    assert tab.evaluate("document.getElementById('e1').open")


def test_it_reads_without_script(window):
    tab = window.open(page(run(50), "en"), tab=window.plain)
    assert not tab.is_visible(".filter")
    assert tab.is_visible(".clause-block tbody tr >> nth=0")
    assert tab.locator("svg.wide").count() == 2


def test_a_pdf_has_the_evidence(window):
    made = pdf(page(run(5), "en").encode())
    assert made.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", made)) > 1
