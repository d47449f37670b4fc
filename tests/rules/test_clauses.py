"""The bundled rule book is whole, and clause files that say nonsense are refused with their place."""

import re

import pytest

from leaktap.config import ConfigError
from leaktap.rules import load_documents
from leaktap.rules._clauses import load_document

HEAD = """document: TEST-1
number: none
issued: 2026-01-01
title: {zh: 测试, en: test}
clauses:
"""
CLAUSE = '  - {id: "1", evidence: direct, severity: high, title: {zh: 甲, en: a}, '


def test_all_documents_and_clauses_are_there():
    ids = {f"{doc.document}/{clause.id}": clause.evidence for doc in load_documents() for clause in doc.clauses}
    expected = {
        "CAC-191-2019": "1.1 1.2 1.3 1.4 2.1 2.2 2.3 2.4 3.1 3.2 3.3 3.4 3.5 3.6 3.7 3.8 3.9 4.1 4.2 4.3 4.4 4.5 4.6"
        " 5.1 5.2 5.3 6",
        "MIIT-337-2019": "1-1 1-2 2-1 2-2 2-3 3-1 3-2 4 5 6 7 8",
        "MIIT-164-2020": "1 2 3 4 5 6 7 8 9 10",
        "MIIT-26-2023": "1.1.1 1.1.2 1.2.3 1.3.1 1.3.2 1.3.3 2.1.3 2.2.1 2.2.2 2.2.3 2.3.1 2.3.2 2.4.1 2.4.2",
        "CAC-APP-2022": "non-essential",
    }
    assert set(ids) == {f"{doc}/{clause}" for doc, clauses in expected.items() for clause in clauses.split()}


def test_every_direct_clause_is_judged():
    unjudged = [c.id for doc in load_documents() for c in doc.clauses if c.evidence == "direct" and not c.when]
    assert unjudged == []


@pytest.mark.parametrize(
    ("clause", "why"),
    [
        (CLAUSE + "when: [{phase: [before_consnt]}]}", r":6: clauses\.0\.when\.0\.phase\.0"),
        (CLAUSE + "when: [{fase: [refused]}]}", r":6: clauses\.0\.when\.0\.fase: is no key of this file, did you mean"),
        (CLAUSE + "when: [{}]}", "an empty condition would fire on everything"),
        (CLAUSE + "when: [{evidence: case}]}", "an empty condition would fire on everything"),
        (CLAUSE + "when: [{more_than: 3}]}", "go together"),
        (CLAUSE + "when: [{more_than: 3, within: soon}]}", "'soon' is no duration"),
        (CLAUSE + "severity_: high}", "severity_: is no key of this file, did you mean 'severity'"),
        (CLAUSE.replace("high", "grave") + "}", "severity"),
        (CLAUSE.replace("direct", "none") + "when: [{phase: [refused]}]}", "nothing can show it"),
        (CLAUSE + "}\n" + CLAUSE + "}", "clauses 1 stand twice"),
    ],
)
def test_nonsense_is_refused_with_its_place(tmp_path, clause, why):
    file = tmp_path / "test.yaml"
    file.write_text(HEAD + clause + "\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_document(file)
    assert re.search(why, str(error.value)), str(error.value)
    assert str(error.value).startswith(str(file))


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [("30s", 30_000_000), ("5min", 300_000_000), ("1h", 3_600_000_000), ("1d", 86_400_000_000)],
)
def test_durations(tmp_path, text, microseconds):
    file = tmp_path / "test.yaml"
    file.write_text(f"{HEAD}{CLAUSE}when: [{{more_than: 1, within: {text}}}]}}\n", encoding="utf-8")
    assert load_document(file).clauses[0].when[0].within == microseconds
