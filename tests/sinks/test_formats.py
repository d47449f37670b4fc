"""Each format is read by somebody else: csv, openpyxl, junitparser, markdown-it. Schemas: `test_published.py`."""

import csv
import io
import json
import re
from pathlib import Path

import openpyxl
import pytest
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from leaktap.model import SEVERITIES
from leaktap.sinks import Options, open_sink
from tests.sinks.samples import HOSTILE, blind, fault, finding, hostile_records, summary

RECORDS = [finding(1), finding(2, clauses=(), identifier="oaid", severity="info"), blind(), fault(), summary()]
EVERYTHING = [RECORDS, *[hostile_records(text) for text in HOSTILE]]
IDS = ["plain", *[f"hostile {number}" for number in range(len(HOSTILE))]]
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")


def written(tmp_path, target, records, **options):
    file = tmp_path / "out"
    ending = target if target.startswith(".") else ""
    sink = open_sink(f"{file}{ending}" if ending else f"{target}{file}", Options(**options), "text")
    for item in records:
        sink.write(item)
    sink.close()
    return Path(f"{file}{ending}").read_bytes()


def lines(data):
    return [json.loads(line) for line in data.splitlines()]


@pytest.mark.parametrize("records", EVERYTHING, ids=IDS)
def test_csv_has_a_row_a_record_and_no_formula(tmp_path, records):
    text = written(tmp_path, ".csv", records).decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["record"] for row in rows] == [type(item).__name__.lower() for item in records]
    for row in rows:
        assert None not in row
        for column, value in row.items():
            assert not CONTROLS.search(value), (column, value)
            assert not value.startswith(("=", "+", "@", "\t", "\r")), (column, value)
            assert not value.startswith("-") or column == "seconds_to_consent"
    assert text.count("\r\n") == len(records) + 1


def test_csv_says_what_the_records_say(tmp_path):
    rows = list(csv.DictReader(io.StringIO(written(tmp_path, ".csv", RECORDS).decode(), newline="")))
    first, _, unseen, wrong, total = rows
    assert (first["id"], first["identifier"], first["severity"]) == ("f0001", "imei", "high")
    assert first["clauses"] == "CAC-191-2019/3.1; MIIT-337-2019/1-2"
    assert (first["destination.host"], first["destination.port"]) == ("log.umeng.example", "443")
    assert (unseen["why"], unseen["destination.host"], unseen["bytes"]) == ("no_key", "push.example.net", "48200")
    assert (wrong["category"], wrong["why"]) == ("source", "cut short")
    assert total["detail"].startswith("high: 2; low: 1")


def test_csv_that_is_gone_on_with_has_one_head(tmp_path):
    file = tmp_path / "out.csv"
    for _ in range(2):
        sink = open_sink(str(file), Options(append=True), "text")
        sink.write(finding())
        sink.close()
    assert [row["id"] for row in csv.DictReader(file.open(newline=""))] == ["f0001", "f0001"]


@pytest.mark.parametrize("records", EVERYTHING, ids=IDS)
def test_a_spreadsheet_has_text_and_numbers_only(tmp_path, records):
    book = openpyxl.load_workbook(io.BytesIO(written(tmp_path, ".xlsx", records)))
    assert book.sheetnames == ["Findings", "Not inspected", "Inventory", "Declared", "Faults", "Summary"]
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n", "inlineStr"), (sheet.title, cell.coordinate, cell.value)
                assert cell.hyperlink is None
    heads = [cell.value for cell in book["Findings"][1]]
    values = dict(zip(heads, [cell.value for cell in book["Findings"][2]], strict=True))
    assert values["id"] == "f0001"
    assert values["destination.port"] == 443
    assert book["Findings"].max_row == 1 + sum(type(item).__name__ == "Finding" for item in records)
    assert book["Not inspected"].max_row == 2


def test_a_spreadsheet_keeps_what_a_formula_would_lose(tmp_path):
    book = openpyxl.load_workbook(io.BytesIO(written(tmp_path, ".xlsx", [finding(host="=1+1")])))
    assert "=1+1" in [cell.value for cell in book["Findings"][2]]


@pytest.mark.parametrize("records", EVERYTHING, ids=IDS)
def test_junit_is_read_by_another(tmp_path, records):
    xml = JUnitXml.fromstring(written(tmp_path, ".junit.xml", records))
    suites = {suite.name: suite for suite in xml}
    assert {"CAC-191-2019", "MIIT-337-2019", "leaktap"} <= set(suites)
    failed = [case for case in suites["CAC-191-2019"] if case.result and type(case.result[0]).__name__ == "Failure"]
    assert [case.name.split()[0] for case in failed] == ["3.1"]
    assert "f0001" in failed[0].result[0].text
    assert suites["leaktap"].errors == 1
    assert xml.tests == sum(suite.tests for suite in xml) == sum(len(list(suite)) for suite in xml)
    assert xml.failures == sum(suite.failures for suite in xml) >= 1
    skipped = {case.name.split()[0] for case in suites["CAC-191-2019"] if case.is_skipped}
    assert {"1.1", "1.3"} <= skipped


def test_junit_without_findings_passes(tmp_path):
    xml = JUnitXml.fromstring(written(tmp_path, ".junit.xml", [summary(unobservable=())]))
    assert (xml.failures, xml.errors, xml.skipped) == (0, 0, 0)
    assert xml.tests > 30


@pytest.mark.parametrize("records", EVERYTHING, ids=IDS)
def test_markdown_has_tables_and_no_captured_markup(tmp_path, records):
    text = written(tmp_path, ".md", records).decode()
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inside = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in (*tokens, *inside)}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "fence", "code_block"}
    assert not any(re.search("evil|everyone|script", child.content) for child in inside if child.type == "text")
    assert next(token.content for token in tokens if token.type == "inline").startswith("Personal information")
    rows, width = [], 0
    for token in tokens:
        if token.type == "tr_open":
            width = 0
        elif token.type in ("td_open", "th_open"):
            width += 1
        elif token.type == "tr_close":
            rows.append(width)
    found = len({type(item).__name__ + getattr(getattr(item, "match", None), "identifier", "") for item in records}) - 3
    assert rows[: 1 + found] == [9] * (1 + found)
    assert not CONTROLS.search(text)


def test_markdown_shows_the_value_masked_and_whole_when_asked(tmp_path):
    assert b"867530912345672" not in written(tmp_path, ".md", [finding(), summary()])
    assert b"867530912345672" in written(tmp_path, ".md", [finding(), summary()], reveal=True)


def test_alike_findings_are_one_row(tmp_path):
    text = written(tmp_path, ".md", [finding(number) for number in range(7)]).decode()
    assert text.count("log.umeng.example") == 1
    assert "| 7 |" in text


@pytest.mark.parametrize("records", EVERYTHING, ids=IDS)
def test_sarif_results_name_their_rules_and_have_what_github_shows(tmp_path, records):
    run = json.loads(written(tmp_path, ".sarif", records))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(dict.fromkeys(rule["id"] for rule in rules))
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["partialFingerprints"]
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] == 1
        assert re.fullmatch(r"[\w./%!$&'()*+,;=@~:-]+", place["artifactLocation"]["uri"])
        text = result["message"]["text"]
        assert not CONTROLS.search(text)
        assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]]", text), "an embedded link"
        assert not re.search(r"\{\d", text.replace("{{", "").replace("}}", "")), "a placeholder"
    for rule in rules:
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
    assert run["invocations"][0]["executionSuccessful"] is False
    assert {notice["level"] for notice in run["invocations"][0]["toolExecutionNotifications"]} == {"warning", "note"}


def test_sarif_knows_the_same_leak_again(tmp_path):
    def prints(number, **parts):
        run = json.loads(written(tmp_path, ".sarif", [finding(number, **parts)]))["runs"][0]
        return [result["partialFingerprints"]["leaktapGroup/v1"] for result in run["results"]]

    assert prints(1) == prints(2, time=1_800_000_000_000_000, frames=(7,))
    assert len(set(prints(1))) == 2
    assert set(prints(1)).isdisjoint(prints(1, identifier="oaid"))
    assert prints(1, path="request.body|json.$.a[0].b") == prints(1, path="request.body|json.$.a[17].b")


@pytest.mark.parametrize("records", EVERYTHING, ids=IDS)
def test_eve_has_an_event_a_record(tmp_path, records):
    events = lines(written(tmp_path, "eve:", records))
    expected = {"Finding": "alert", "Blind": "anomaly", "Fault": "engine"}
    kinds = [expected[type(item).__name__] for item in records if type(item).__name__ in expected]
    assert [event["event_type"] for event in events] == kinds
    for event in events:
        assert re.match(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+[+\-]\d+$", event["timestamp"])
        assert 0 <= event.get("flow_id", 0) < 1 << 53
        if event["event_type"] == "alert":
            assert {"src_ip", "src_port", "dest_ip", "dest_port", "proto", "flow_id"} <= set(event)
            assert event["alert"]["action"] in ("allowed", "blocked")
            assert 1_000_000 <= event["alert"]["signature_id"] < 2_000_000
            assert 1 <= event["alert"]["severity"] <= 4
            for values in event["alert"]["metadata"].values():
                assert values
                assert all(isinstance(value, str) and not CONTROLS.search(value) for value in values)


def test_eve_says_what_the_finding_says(tmp_path):
    event = lines(written(tmp_path, "eve:", [finding(1, host="log.umeng.example", target="/v1/up?x=1")]))[0]
    assert (event["src_ip"], event["src_port"], event["dest_ip"], event["dest_port"]) == (
        "192.168.1.5",
        40000,
        "203.0.113.7",
        443,
    )
    assert event["alert"]["signature"] == "LEAKTAP imei before consent"
    assert event["alert"]["metadata"]["leaktap_id"] == ["f0001"]
    assert event["alert"]["metadata"]["leaktap_clause"] == ["CAC-191-2019/3.1", "MIIT-337-2019/1-2"]
    assert event["http"] == {
        "hostname": "log.umeng.example",
        "url": "/v1/up?x=1",
        "http_method": "POST",
        "http_port": 443,
    }
    again, other = lines(written(tmp_path, "eve:", [finding(9), finding(2, identifier="oaid", stream=8)]))
    assert again["alert"]["signature_id"] == event["alert"]["signature_id"] != other["alert"]["signature_id"]
    assert again["flow_id"] == event["flow_id"] != other["flow_id"]


@pytest.mark.parametrize("records", EVERYTHING, ids=IDS)
def test_ecs_has_a_document_a_record(tmp_path, records):
    documents = lines(written(tmp_path, "ecs:", records))
    assert len(documents) == len(records)
    for document in documents:
        assert {"@timestamp", "ecs", "event", "message"} <= set(document)
        assert not CONTROLS.search(document["message"])


@pytest.mark.parametrize("target", [".csv", ".xlsx", ".md", ".sarif", ".junit.xml", "eve:", "ecs:"])
def test_values_are_masked_unless_asked_for(tmp_path, target):
    for reveal in (False, True):
        data = written(tmp_path, target, [finding(), summary()], reveal=reveal)
        if target == ".xlsx":
            book = openpyxl.load_workbook(io.BytesIO(data))
            data = repr([[cell.value for cell in row] for row in book["Findings"].iter_rows()]).encode()
        assert (b"867530912345672" in data) is reveal


@pytest.mark.parametrize("target", [".md", ".sarif", ".junit.xml", ".xlsx"])
def test_a_run_that_found_nothing_is_a_whole_file_too(tmp_path, target):
    assert written(tmp_path, target, [])
    assert written(tmp_path, target, [summary(findings=dict.fromkeys(SEVERITIES, 0), clauses={})])
