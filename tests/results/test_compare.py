"""Two results of one app: what is fixed, new and still there, and an honest word where that cannot be told."""

import itertools

import orjson
import pytest

from leaktap.cli import run
from leaktap.results import read_results
from leaktap.results.compare import Result, compare

UMENG = {"party": "third", "sdk": "Umeng Analytics", "company": "Umeng", "purpose": "analytics", "basis": "host"}
OWN = {"party": "first", "sdk": "", "company": "Example Ltd", "purpose": "", "basis": "case domain"}
NOBODY = {"party": "unknown", "sdk": "", "company": "", "purpose": "", "basis": "not in catalogue"}
CLAUSES = {
    "3.1": {"id": "CAC-191-2019/3.1", "title": "before consent", "severity": "high", "evidence": "direct"},
    "5.1": {"id": "CAC-191-2019/5.1", "title": "to third parties", "severity": "critical", "evidence": "direct"},
    "2.1": {"id": "CAC-191-2019/2.1", "title": "not listed", "severity": "medium", "evidence": "case"},
}
_NUMBERS = itertools.count()


def finding(identifier="imei", owner=UMENG, clauses=(), host="ulogs.umeng.com", form=(), phase="before_consent"):
    hits = [CLAUSES[name] for name in clauses]
    return {
        "schema": "leaktap.finding/1",
        "id": f"{next(_NUMBERS):016x}",
        "time": "2026-11-21T10:00:10.000000Z",
        "identifier": identifier,
        "category": "device_id",
        "value": "86***********82",
        "value_ref": "0" * 16,
        "count": 1,
        "form": list(form),
        "basis": "known",
        "confidence": 1.0,
        "why": "",
        "path": "request.query.i",
        "direction": "request",
        "destination": {"scheme": "https", "host": host, "ip": "192.0.2.1", "port": 443, "method": "GET", "url": "u"},
        "device": {"name": "lab", "mac": "", "ip": ""},
        "app": {"package": "com.example.shop", "name": "", "basis": "case"},
        "owner": owner,
        "phase": phase,
        "background": False,
        "seconds_to_consent": None,
        "clauses": hits,
        "severity": hits[0]["severity"] if hits else "info",
        "evidence": {
            "source": "a",
            "frames": [],
            "stream": None,
            "flow": None,
            "decrypted": True,
            "frame_filter": None,
        },
    }


def blind(host, owner=None):
    fields = {"why": "pinned", "protocol": "tls", "ip": "192.0.2.1", "port": 443, "bytes": 9, "source": "a"}
    rest = {"frames": [], "stream": None, "detail": "", "time": "2026-11-21T10:00:10.000000Z"}
    return {"schema": "leaktap.blind/1", "host": host, "owner": owner, **fields, **rest}


def summary(share=1.0, exchanges=100, session=(), **more):
    return {
        "schema": "leaktap.summary/1",
        "inputs": ["a"],
        "exchanges": exchanges,
        "bytes": 1000,
        "inspected_share": share,
        "findings": {},
        "clauses": {},
        "session_clauses": [CLAUSES[name] for name in session],
        "unobservable": [],
        "blind": {},
        "blind_bytes": {},
        "clock_offset": {},
        "clock_measured": False,
        "faults": 0,
        "seconds": 1.0,
        "mb_per_s": 1.0,
        **more,
    }


def case(package="com.example.shop", declared=None, necessary=None):
    app = {"package": package, "name": "", "version": "", "developer": "", "domains": [], "category": ""}
    rest = {"devices": [], "events": [], "events_left_out": 0, "options": {}}
    return {"app": app, "declared": declared, "necessary": necessary, **rest}


def held(old, new):
    return compare(Result.of([*old, summary()]), Result.of([*new, summary()]))


def ids(clauses):
    return [clause.id.partition("/")[2] for clause in clauses]


@pytest.mark.parametrize(
    ("old", "new", "change", "new_clauses", "still", "fixed"),
    [
        ([finding(clauses=["3.1"])], [], "fixed", [], [], ["3.1"]),
        ([finding(clauses=["3.1"])], [finding(phase="consented")], "fixed", [], [], ["3.1"]),
        ([], [finding(clauses=["3.1"])], "new", ["3.1"], [], []),
        ([finding()], [finding(clauses=["3.1"])], "new", ["3.1"], [], []),
        ([finding(clauses=["3.1"])], [finding(clauses=["3.1"])], "still", [], ["3.1"], []),
        ([finding(clauses=["3.1", "5.1"])], [finding(clauses=["3.1"])], "still", [], ["3.1"], ["5.1"]),
        ([finding(clauses=["3.1"])], [finding(clauses=["3.1", "2.1"])], "new", ["2.1"], ["3.1"], []),
        ([finding(clauses=["3.1"])], [finding(clauses=["2.1"])], "new", ["2.1"], [], ["3.1"]),
        ([], [finding()], "appeared", [], [], []),
        ([finding()], [], "gone", [], [], []),
        ([finding()], [finding(form=["md5", "hex"])], "same", [], [], []),
    ],
)
def test_what_became_of_a_leak(old, new, change, new_clauses, still, fixed):
    (row,) = held(old, new).rows
    assert (row.change, ids(row.new), ids(row.still), ids(row.fixed)) == (change, new_clauses, still, fixed)
    assert row.count == (len(old), len(new))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"host": "ulogs.umeng.com"}, {"host": "plbslog.umeng.com"}, True),
        ({"owner": OWN, "host": "api.example-shop.cn"}, {"owner": OWN, "host": "m.example-shop.cn"}, True),
        ({"owner": NOBODY, "host": "a.example"}, {"owner": NOBODY, "host": "a.example"}, True),
        ({"owner": NOBODY, "host": "a.example"}, {"owner": NOBODY, "host": "b.example"}, False),
        ({"owner": UMENG}, {"owner": OWN}, False),
        ({"identifier": "imei"}, {"identifier": "oaid"}, False),
        ({"owner": UMENG}, {"owner": {**UMENG, "party": "unknown"}}, True),
    ],
)
def test_a_leak_is_told_by_class_and_recipient(one, other, same):
    rows = held([finding(clauses=["3.1"], **one)], [finding(clauses=["3.1"], **other)]).rows
    assert len(rows) == (1 if same else 2)


def test_the_worst_change_comes_first_and_severities_are_those_of_the_side_that_has_them():
    old = [finding("imei", clauses=["5.1"]), finding("oaid", clauses=["3.1"])]
    new = [finding("oaid", clauses=["3.1"]), finding("phone", clauses=["2.1"]), finding("email")]
    rows = held(old, new).rows
    assert [(row.change, row.severity, row.leak.identifier) for row in rows] == [
        ("new", "medium", "phone"),
        ("still", "high", "oaid"),
        ("fixed", "critical", "imei"),
        ("appeared", "info", "email"),
    ]
    assert rows[2].findings == (old[0]["id"],)


def test_what_was_not_seen_again_may_be_where_the_second_run_was_blind():
    old = [finding(clauses=["3.1"])]
    assert held(old, [blind("ulogs.umeng.com", UMENG)]).rows[0].unsure.startswith("1 ")
    assert held(old, [blind("a.example")]).rows[0].unsure == ""
    assert held(old, [finding(), blind("ulogs.umeng.com", UMENG)]).rows[0].unsure == ""


def test_clauses_of_the_whole_session_are_compared_too():
    comparison = compare(Result.of([summary(session=["3.1"])]), Result.of([summary()]))
    assert [(row.change, row.leak.identifier, ids(row.fixed)) for row in comparison.rows] == [("fixed", "", ["3.1"])]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ([summary()], [summary()], None),
        ([summary()], [], "newer result has no summary"),
        ([summary(share=0.9)], [summary(share=0.5)], "inspect 50%"),
        ([summary(share=0.9)], [summary(share=0.88)], None),
        ([summary(exchanges=100)], [summary(exchanges=30)], "saw 30 messages"),
        ([summary(case=case())], [summary(case=case("com.example.other"))], "different apps"),
        ([summary(case=case(necessary=["phone"]))], [summary(case=case())], "function needs"),
        ([finding(), summary()], [finding(phase="unknown"), summary()], "when the user consented"),
        ([finding(), summary()], [finding(phase="consented"), summary()], None),
        ([summary(versions={"rules": "1"})], [summary(versions={"rules": "2"})], "rule book"),
        ([summary(versions={"rules": "1"})], [summary(versions={"rules": "1"})], None),
    ],
)
def test_what_makes_results_hard_to_compare_is_said(old, new, words):
    caveats = compare(Result.of(old), Result.of(new)).caveats
    assert caveats == () if words is None else len(caveats) == 1 and words in caveats[0]


@pytest.fixture
def results(tmp_path):
    def write(name, records):
        path = tmp_path / name
        path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
        assert list(read_results(path)) == records
        return str(path)

    old = write("old.jsonl", [finding(clauses=["5.1"]), finding("oaid", clauses=["3.1"]), summary()])
    new = write("new.jsonl", [finding("oaid", clauses=["3.1"]), finding("phone", clauses=["2.1"]), summary()])
    return old, new


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--fail-on", "critical"], 0),
        (["--fail-on", "high"], 1),
        (["--fail-on-new", "high"], 0),
        (["--fail-on-new", "medium"], 1),
        (["--fail-on", "critical", "--fail-on-new", "low"], 1),
        (["--fail-on", "terrible"], 2),
    ],
)
def test_exit_codes(results, options, code):
    assert run(["compare", *results, *options]) == code


def test_the_tables_say_what_changed(results, capsys):
    assert run(["compare", *results]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "new: 1" in text and "fixed: 1" in text and "still: 1" in text
    assert "CAC-191-2019/2.1" in text


def test_json_has_the_whole(results, capsys):
    assert run(["compare", *results, "--json"]) == 0
    data = orjson.loads(capsys.readouterr().out)
    assert data["schema"] == "leaktap.comparison/1"
    assert data["counts"] == {"new": 1, "still": 1, "fixed": 1, "appeared": 0, "gone": 0, "same": 0}


@pytest.mark.parametrize("text", [None, b"", b"hello", b'{"schema": "leaktap.finding/1"}\n'])
def test_what_is_no_result_is_refused_in_a_line(tmp_path, results, text, capsys):
    path = tmp_path / "bad.jsonl"
    if text is not None:
        path.write_bytes(text)
    code = run(["compare", results[0], str(path)])
    error = capsys.readouterr().err
    if text == b"":
        assert code == 0  # an empty result: said as a caveat
    else:
        assert code == 2 and error.count("\n") == 1 and "bad.jsonl" in error


def test_hostile_names_stay_text(tmp_path, capsys):
    path = tmp_path / "hostile.jsonl"
    record = finding(owner=NOBODY, host="[red]\x1b[31mx.example", clauses=["3.1"])
    path.write_bytes(orjson.dumps(record) + b"\n")
    assert run(["compare", str(path), str(path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "[red]" in out
