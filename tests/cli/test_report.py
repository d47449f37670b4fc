"""`leaktap report` and the pages of scan and compare: what is written, and what is refused in a line."""

import json

import pytest

from leaktap.cli import OK, USAGE, run
from leaktap.report._pdf import browser
from tests.report.made import SUMMARY
from tests.report.made import run as made


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three results to work with, one of another app."""
    monkeypatch.chdir(tmp_path)
    other = {**SUMMARY, "case": {**SUMMARY["case"], "app": {**SUMMARY["case"]["app"], "package": "org.example.other"}}}
    for name, records in (("one", made(5)), ("two", made(6, seed=2)), ("other", [other])):
        lines = [json.dumps(each, ensure_ascii=False) for each in records]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("lang", "said"), [("en", "Timeline"), ("zh", "时间线")])
def test_a_report_is_written_for_its_owner_alone(folder, lang, said):
    assert run(["report", "one.jsonl", "--lang", lang]) == OK
    page = folder / "report.html"
    assert said in page.read_text(encoding="utf-8") and page.stat().st_mode & 0o77 == 0


def test_several_results_are_one_report(folder):
    assert run(["report", "one.jsonl", "two.jsonl", "-o", "both.html", "--lang", "en"]) == OK
    assert "240" in (folder / "both.html").read_text(encoding="utf-8")


def test_a_page_goes_to_standard_output(folder, capfdbinary):
    assert run(["report", "one.jsonl", "-o", "-"]) == OK
    assert capfdbinary.readouterr().out.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["report", "one.jsonl", "other.jsonl"],
            "the results are of different apps, com.example.shop, org.example.other",
        ),
        (["report", "none.jsonl"], "none.jsonl: there is no such file"),
        (["report", "one.jsonl", "one.jsonl"], "one.jsonl: is named twice"),
        (["report", "one.jsonl", "-o", "one.jsonl"], "one.jsonl: is no page: end it in .html or .pdf"),
        (["report", "page.html", "-o", "page.html"], "page.html: is an input"),
        (["report", "page.html"], "page.html: line 1: is no JSON"),
        (["report", "one.jsonl", "--lang", "fr"], "--lang fr: is no language of reports: use en or zh"),
        (["report", "one.jsonl", "-o", "nowhere/x.html"], "nowhere/x.html: cannot be written"),
        (["compare", "one.jsonl", "two.jsonl", "-o", "x.txt"], "x.txt: is no page"),
        (["compare", "one.jsonl", "two.jsonl", "--lang", "xx"], "--lang xx: is no language"),
    ],
)
def test_mistakes_are_one_line(folder, capsys, arguments, said):
    (folder / "page.html").write_text("<p>")
    assert run(arguments) == USAGE
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_no_program_for_pdf_is_said_before_anything_is_read(folder, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("leaktap.report._pdf.find_spec", lambda _name: None)
    monkeypatch.setattr("leaktap.report._pdf._MAC", ())
    assert run(["report", "one.jsonl", "-o", "x.pdf"]) == USAGE
    assert "install Chromium or Chrome, or pip install weasyprint" in capsys.readouterr().err
    assert not (folder / "x.pdf").exists()


@pytest.mark.skipif(browser() is None, reason="no Chromium is installed")
def test_a_report_as_pdf(folder):
    assert run(["report", "one.jsonl", "-o", "x.pdf"]) == OK
    assert (folder / "x.pdf").read_bytes().startswith(b"%PDF-")


def test_a_comparison_as_a_page_stands_beside_the_tables(folder, capsys):
    assert run(["compare", "one.jsonl", "two.jsonl", "-o", "c.html", "--lang", "en"]) == OK
    assert "Two results compared" in (folder / "c.html").read_text(encoding="utf-8")
    assert capsys.readouterr().out
