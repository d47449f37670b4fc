"""The published records: what is written fits the types, and the shipped schemas are those of the types."""

import json
from pathlib import Path

import jsonschema
import orjson
import pytest
from pydantic import ValidationError

from leaktap import schemas
from leaktap.config import load_case, load_devices
from leaktap.consent import Timeline
from leaktap.model import About, CaseApp, CaseDevice, ClauseHit, Declaration, Input, Mark, Phase, Promise
from leaktap.pipeline import Pipeline
from leaktap.records import adapter
from leaktap.sinks._record import record
from leaktap.sinks.jsonl import to_json
from leaktap.sources import Reading, read
from tests.sinks.samples import TIME, blind, declared, fault, finding, inventory, summary

CAPTURES = Path(__file__).parents[1] / "captures"
FILES = sorted(CAPTURES.glob("*/capture.*"))
SHIPPED = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in schemas.FOLDER.glob("*.json")}

ABOUT = About(
    CaseApp("com.example.shop", "Example Shop", "1.10", "Example Ltd", ("example-shop.cn",), "shopping"),
    (CaseDevice("lab", ("a4:50:46:12:34:56",), ("192.0.2.5",)),),
    (Mark(TIME, "consent", "com.example.shop"), Mark(TIME + 1, permission=(("contacts", "denied"),))),
    3,
    Declaration({"imei": Promise("md5", 4)}, ("Umeng",)),
    ("phone",),
    {"responses": True, "consent": "2026-11-21T10:00:19Z"},
)
SAMPLES = {
    "finding": finding(),
    "finding without app": finding(app=False, phase=Phase("unknown"), transport="", stream=None, frames=(), flow="0"),
    "finding with proof": finding(clauses=(ClauseHit("a/1", "t", "low", "case", ("x1", "x2")),)),
    "blind": blind(),
    "fault": fault(),
    "inventory": inventory(),
    "inventory without app": inventory(app=None),
    "declared": declared(),
    "declared and never seen": declared(verdict="unseen", first=None, last=None),
    "summary": summary(),
    "whole summary": summary(
        about=ABOUT,
        files=(Input("a.pcap", 7, "00" * 32), Input("-", 5)),
        declared={"unseen": 1},
        versions={"leaktap": "0.1.0"},
    ),
}


def validator(name):
    return jsonschema.Draft202012Validator(SHIPPED[name])


def test_the_shipped_schemas_are_the_generated_ones():
    assert schemas.generated() == SHIPPED, "run python -m leaktap.schemas"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_schema_is_one(name):
    jsonschema.Draft202012Validator.check_schema(SHIPPED[name])
    assert SHIPPED[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("reveal", [True, False])
@pytest.mark.parametrize("item", SAMPLES.values(), ids=SAMPLES)
def test_what_is_written_is_what_is_described(item, reveal):
    line = to_json(record(item, reveal))
    fields = json.loads(line)
    kind = fields["schema"].removeprefix("leaktap.").partition("/")[0]
    validator(f"{kind}.json").validate(fields)
    validator("record.json").validate(fields)
    assert adapter().validate_json(line) == fields


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "leaktap.finding/2"},
        {"confidence": 1.5},
        {"phase": "later"},
        {"time": "2026-11-21 10:00"},
        {"form": "md5"},
        {"owner": None},
        {"evidence": {}},
        {"background": 0},
    ],
)
def test_what_is_no_finding_is_refused_by_both(change):
    fields = {**record(finding(), False), **change}
    assert not validator("finding.json").is_valid(fields)
    with pytest.raises(ValidationError):
        adapter().validate_json(orjson.dumps(fields))


def test_fields_of_a_later_leaktap_stay():
    fields = {**record(finding(), False), "novel": {"a": [1]}}
    fields["owner"]["novel"] = 1
    validator("finding.json").validate(fields)
    assert adapter().validate_json(orjson.dumps(fields)) == fields


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_records_of_the_golden_cases_validate(file):
    case = load_case(file.parent / "case.yaml")
    pipeline = Pipeline(case, load_devices(case.devices), Timeline(case.events))
    check = validator("record.json")
    for item in pipeline.run(read(str(file), Reading())):
        check.validate(json.loads(to_json(record(item, False))))
