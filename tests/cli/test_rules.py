import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from leaktap.cli import run
from leaktap.rules import load_documents

BOOK = [(document, clause) for document in load_documents() for clause in document.clauses]


@dataclass
class Done:
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def rules(capsys):
    """Runs `leaktap rules`."""

    def rules(*arguments):
        code = run(["rules", *arguments])
        return Done(code, *capsys.readouterr())

    return rules


def test_every_clause_has_its_line(rules):
    lines = rules().stdout.splitlines()
    for document, clause in BOOK:
        (line,) = [line for line in lines if line.split()[0] == f"{document.document}/{clause.id}"]
        assert line.split()[1] == clause.evidence
        assert line.endswith(clause.title.en)


def test_one_document(rules):
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
def test_one_clause(rules, clause, words):
    done = rules(clause)
    assert (done.returncode, done.stderr) == (0, "")
    for word in words:
        assert word in done.stdout


@pytest.mark.parametrize(
    ("clause", "words"),
    [("CAC-191", "did you mean 'CAC-191-2019'?"), ("CAC-191-2019/99", "is no clause"), ("x", "is no document")],
)
def test_an_unknown_one_is_one_line(rules, clause, words):
    done = rules(clause)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


SHOP = Path(__file__).parents[2] / "captures" / "shop"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    file = tmp_path_factory.mktemp("rules") / "shop.jsonl"
    scan = ["scan", str(SHOP / "capture.pcapng"), "--case", str(SHOP / "case.yaml"), "-o", str(file)]
    assert run(scan) == 0
    return file


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ("CAC-191-2019/3.1", ["fired on 3 findings (5 judged)", "before the notice", "2 × it is after the consent"]),
        ("CAC-191-2019/4.1", ["fired on 0 findings", "missing first: unnecessary: the case has no `necessary`"]),
        ("CAC-191-2019/2.2", ["5 × the case has no `baseline`"]),
        ("MIIT-164-2020/7", ["5 not of its kind"]),
        ("CAC-191-2019/1.1", ["fired on 0 findings", "none: cannot be seen"]),
    ],
)
def test_why_it_fired_or_did_not(rules, results, clause, words):
    done = rules(clause, str(results))
    assert (done.returncode, done.stderr) == (0, "")
    for word in words:
        assert word in done.stdout


def test_another_policy(rules, results, tmp_path):
    case = tmp_path / "case.yaml"
    case.write_text("app: {package: com.example.shop}\nnecessary: [phone]\n", encoding="utf-8")
    done = rules("CAC-191-2019/4.1", str(results), "--case", str(case), "--json")
    found = json.loads(done.stdout)
    assert found["id"] == "CAC-191-2019/4.1"
    assert (found["results"]["fired"], found["results"]["fires"]) == (0, 4)


def test_all_as_json(rules):
    listed = json.loads(rules("--json").stdout)["clauses"]
    assert [clause["id"] for clause in listed] == [f"{doc.document}/{clause.id}" for doc, clause in BOOK]
    assert all(clause["gist"]["zh"] and clause["remedy"]["en"] for clause in listed)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["CAC-191-2019", "x.jsonl"], "is no clause"), (["CAC-191-2019/3.1", "no.jsonl"], "cannot be read")],
)
def test_results_that_cannot_be_asked(rules, arguments, words):
    done = rules(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
