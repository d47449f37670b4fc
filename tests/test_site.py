"""The documentation builds as a site: no broken link, anchor or forgotten page; its reference is the code's."""

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leaktap.attribution._catalogue import catalogue
from leaktap.cli import tree
from leaktap.cli._tree import commands, options
from leaktap.rulebook import rule_book
from tests._waiting import PATIENCE

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return folder


def page(site, name):
    return html.unescape((site / name / "index.html").read_text())


def test_every_option_of_every_command_is_in_the_reference(site):
    text = page(site, "reference/commands")
    for words, command in commands(tree()):
        assert " ".join(("leaktap", *words)) in text
        for name in options(command):
            assert f"--{name}" in text


def test_every_clause_is_in_the_reference(site):
    text = page(site, "reference/clauses")
    for document in rule_book():
        assert document.number in text
        for clause in document.clauses:
            assert clause.title.zh in text


def test_every_company_is_in_the_reference(site):
    text = " ".join(page(site, "reference/catalogue").split())
    assert f"{len(catalogue().companies):,} companies" in text
    for company in catalogue().companies:
        assert " ".join(company.company.split()) in text


def test_the_schemas_lie_in_the_site(site):
    for file in (ROOT / "leaktap" / "schemas").glob("*.json"):
        assert (site / "reference" / "schemas" / file.name).read_text() == file.read_text()


def test_pages_load_nothing_from_elsewhere(site):
    for file in site.rglob("*.html"):
        assert not re.findall(
            r'<(?:script|img|iframe)[^>]+src="?(https?:)?//|<link[^>]+stylesheet[^>]+href="?(?:https?:)?//',
            file.read_text(),
        )
