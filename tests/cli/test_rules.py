import subprocess
import sys

import pytest

from leaktap.rules import load_documents

BOOK = [(document, clause) for document in load_documents() for clause in document.clauses]


def rules(*arguments):
    command = [sys.executable, "-m", "leaktap", "rules", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_every_clause_has_its_line():
    lines = rules().stdout.splitlines()
    for document, clause in BOOK:
        (line,) = [line for line in lines if line.split()[0] == f"{document.document}/{clause.id}"]
        assert line.split()[1] == clause.evidence
        assert line.endswith(clause.title.en)


def test_one_document():
    shown = rules("MIIT-337-2019").stdout
    assert "MIIT-337-2019/1-2" in shown
    assert "CAC-191-2019" not in shown


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ("CAC-191-2019/3.1", ["direct: traffic", "severity  high", "fires on  phase: before_notice or before_consent"]),
        ("CAC-191-2019/4.4", ["within: 60 min", "more_than: 60"]),
        ("CAC-191-2019/5.1", ["low where the value is salted", "party: third"]),
        ("CAC-191-2019/1.1", ["none: cannot be seen in traffic"]),
        ("CAC-191-2019/3.6", ["needs     event personalisation_off", "kind: ads", "关闭个性化"]),
        ("CAC-191-2019/2.2", ["`baseline`", "changed: identifier"]),
        ("MIIT-26-2023/1.3.2", ["produces: a record", "leaktap.inventory/1"]),
    ],
)
def test_one_clause(clause, words):
    done = rules(clause)
    assert (done.returncode, done.stderr) == (0, "")
    for word in words:
        assert word in done.stdout


@pytest.mark.parametrize(
    ("clause", "words"),
    [("CAC-191", "did you mean 'CAC-191-2019'?"), ("CAC-191-2019/99", "is no clause"), ("x", "is no document")],
)
def test_an_unknown_one_is_one_line(clause, words):
    done = rules(clause)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
