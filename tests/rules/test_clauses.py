"""The bundled rule book is whole, and clause files that say nonsense are refused with their place."""

import re
from typing import get_args

import pytest

from leaktap.attribution._catalogue import Kind
from leaktap.config import ConfigError
from leaktap.identifiers import classes, names
from leaktap.rulebook import rule_book
from leaktap.rules import Vocabulary, load_documents
from leaktap.rules._clauses import load_document

HEAD = """document: TEST-1
number: none
issued: 2026-01-01
title: {zh: 测试, en: test}
clauses:
"""
CLAUSE = '  - {id: "1", evidence: direct, severity: high, title: {zh: 甲, en: a}, '


EVIDENCE = {
    "CAC-191-2019": {
        "none": "1.1 1.3 1.4 2.3 2.4 3.4 3.5 3.7 4.2 4.5 4.6 5.2 6",
        "direct": "3.1 3.2 3.8 4.4 5.1",
        "case": "2.1 2.2 3.3 3.9 4.1 4.3",
        "indicator": "1.2 3.6 5.3",
    },
    "MIIT-337-2019": {
        "none": "5 6 7 8",
        "direct": "1-1 1-2 2-2 3-1",
        "case": "2-1 2-3",
        "indicator": "3-2 4",
    },
    "MIIT-164-2020": {"none": "5 9 10", "direct": "1 2 3 7", "case": "8", "indicator": "4 6"},
    "MIIT-26-2023": {
        "none": "2.2.1 2.2.3",
        "direct": "1.1.1 1.1.2 2.2.2 2.3.2 2.4.1",
        "case": "1.3.1 1.3.3 2.1.3 2.3.1",
        "indicator": "1.2.3 2.4.2",
        "produces": "1.3.2",
    },
    "CAC-APP-2022": {"indicator": "non-essential"},
}
"""What traffic can show of each clause of the five documents."""

WORDS = Vocabulary(
    names(), frozenset(known.category for known in classes().values()), frozenset(get_args(Kind.__value__))
)


def test_all_documents_and_clauses_are_there():
    assert {f"{doc.document}/{clause.id}": clause.evidence for doc in load_documents() for clause in doc.clauses} == {
        f"{document}/{clause}": evidence
        for document, kinds in EVIDENCE.items()
        for evidence, clauses in kinds.items()
        for clause in clauses.split()
    }


def test_every_clause_that_can_be_shown_is_judged_and_only_those():
    for doc in load_documents():
        for clause in doc.clauses:
            assert bool(clause.when) == (clause.evidence in ("direct", "case", "indicator")), clause.id


def test_every_clause_says_in_both_languages_what_it_is_about():
    for clause in (clause for doc in load_documents() for clause in doc.clauses):
        for words in (clause.title, clause.gist, clause.remedy):
            assert words is not None, clause.id
            assert any(ord(sign) > 0x4E00 for sign in words.zh), clause.id
            assert words.en.isascii(), clause.id


def test_the_words_of_the_bundled_clauses_are_those_of_the_other_rooms():
    assert load_documents(WORDS) == load_documents()
    assert rule_book() == load_documents()


@pytest.mark.parametrize(
    ("clause", "why"),
    [
        (CLAUSE + "when: [{phase: [before_consnt]}]}", r":6:88: clauses\.0\.when\.0\.phase\.0"),
        (
            CLAUSE + "when: [{fase: [refused]}]}",
            r":6:80: clauses\.0\.when\.0\.fase: is no key of this file, did you mean",
        ),
        (CLAUSE + "when: [{}]}", "an empty condition would fire on everything"),
        (CLAUSE + "when: [{evidence: case}]}", "an empty condition would fire on everything"),
        (CLAUSE + "when: [{more_than: 3}]}", "go together"),
        (CLAUSE + "when: [{more_than: 3, within: soon}]}", "'soon' is no duration"),
        (CLAUSE + "severity_: high}", "severity_: is no key of this file, did you mean 'severity'"),
        (CLAUSE.replace("high", "grave") + "}", "severity"),
        (CLAUSE.replace("direct", "none") + "when: [{phase: [refused]}]}", "nothing can show it"),
        (CLAUSE + "}\n" + CLAUSE + "}", "clauses 1 stand twice"),
        (CLAUSE.replace("direct", "produces") + "}", "go together"),
        (CLAUSE + "produces: inventory}", "go together"),
        (CLAUSE + "when: [{identifier: [imie]}]}", r":6:80: .*identifier: 'imie' is no identifier, did you mean"),
        (CLAUSE + "when: [{category: [device]}]}", "'device' is no category, did you mean 'device_i"),
        (CLAUSE + "when: [{kind: [adds]}]}", "'adds' is no kind, did you mean 'ads'"),
        (CLAUSE + "when: [{code: [dex]}]}", "add identifier: \\[code_download"),
        (CLAUSE + "when: [{identifier: [code_download, imei]}]}", "a condition of its own"),
        (CLAUSE + "when: [{identifier: [code_download], code: [exe]}]}", r"code\.0"),
        (CLAUSE + "when: [{more_than: 1000000, within: 1h}]}", "more_than"),
    ],
)
def test_nonsense_is_refused_with_its_place(tmp_path, clause, why):
    file = tmp_path / "test.yaml"
    file.write_text(HEAD + clause + "\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_document(file, WORDS)
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
