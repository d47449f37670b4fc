"""What closes a run, over the golden cases: it adds up with the findings, and several processes say the same."""

import hashlib
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from leaktap import __version__
from leaktap.addon._session import Session
from leaktap.addon._settings import Settings
from leaktap.cli._case import timeline
from leaktap.cli._hashes import Hashes
from leaktap.cli._inputs import seen
from leaktap.cli._jobs import examined
from leaktap.closing.about import about
from leaktap.config import Case, Declared, Event, load_case, load_devices
from leaktap.consent import Timeline
from leaktap.model import Blind, Finding, Inventory, Summary
from leaktap.model import Declared as DeclaredRow
from leaktap.pipeline import Pipeline
from leaktap.results import read_results
from leaktap.sinks._record import record
from leaktap.sources import Reading, read
from leaktap.versions import versions

CAPTURES = Path(__file__).parents[1] / "captures"
FILES = sorted((file.parent.name, file.name) for file in CAPTURES.glob("*/capture.*"))
POLICY = Declared.model_validate(
    {"identifiers": {"imei": {"form": "sha256"}, "gaid": {}, "oaid": {}}, "sdks": ["友盟统计SDK", "高德地图"]}
)


def pipeline_of(name, declared=None):
    """Returns the pipeline of a case, with the policy of its own or another."""
    case = load_case(CAPTURES / name / "case.yaml")
    case = case.model_copy(update={"declared": declared or case.declared})
    return Pipeline(case, load_devices(case.devices), Timeline(case.events), key=b"key")


def expected(name):
    return [json.loads(line) for line in (CAPTURES / name / "expected.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("name", "file"), FILES)
def test_what_closes_a_run_adds_up(name, file):
    *records, summary = pipeline_of(name).run(read(str(CAPTURES / name / file), Reading()))
    lines = expected(name)
    found = [line for line in lines if "identifier" in line]
    rows = [record for record in records if isinstance(record, Inventory)]
    declared = [record for record in records if isinstance(record, DeclaredRow)]
    assert isinstance(summary, Summary) and records[len(records) - len(rows) - len(declared) :] == [*rows, *declared]
    assert sum(summary.findings.values()) == len(found) == sum(row.count for row in rows)
    assert summary.clauses == dict(sorted(Counter(id_ for line in found for id_ in line["clauses"]).items()))
    assert summary.blind.keys() == {line["blind"] for line in lines if "blind" in line}
    told = Counter((line["identifier"], line["direction"], *line["owner"].values()) for line in found)
    counted = Counter()
    for row in rows:
        counted[row.identifier, row.direction, row.owner.party, row.owner.sdk, row.owner.company] += row.count
    assert counted == told
    ids = {record.id for record in records if isinstance(record, Finding)}
    named = {id_ for row in rows for id_ in row.findings}
    assert named <= ids and len(named) == sum(min(row.count, 10) for row in rows)
    assert sum(map(Counter, (row.phases for row in rows)), Counter()) == Counter(line["phase"] for line in found)
    assert sum(row.background for row in rows) == sum(line["background"] for line in found)
    assert summary.declared == (Counter(row.verdict for row in declared) if declared else None)
    size = (CAPTURES / name / file).stat().st_size
    assert [(input_.name, input_.sha256) for input_ in summary.files] == [(file, "")] and summary.files[0].bytes <= size


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("name", ["shop", "refused", "no-keys", "shop-clean"])
def test_several_processes_close_a_run_alike(name, jobs):
    def closing(jobs):
        pipeline = pipeline_of(name, POLICY)
        file = str(next((CAPTURES / name).glob("capture.pcap*")))
        items = examined([file], Reading(), pipeline.examiner, jobs) if jobs else seen([file], Reading())
        for _, item in items:
            list(pipeline.inspect(item))
        return list(pipeline.closing(1.0))

    assert closing(jobs) == closing(0)


def test_the_policy_of_a_golden_case():
    *records, summary = pipeline_of("shop", POLICY).run(read(str(CAPTURES / "shop" / "capture.har"), Reading()))
    rows = {(row.subject, row.name): row for row in records if isinstance(row, DeclaredRow)}
    assert {key: row.verdict for key, row in rows.items()} == {
        ("identifier", "imei"): "as_declared",
        ("identifier", "gaid"): "unseen",
        ("identifier", "oaid"): "as_declared",
        ("identifier", "mac_wifi"): "undeclared",
        ("identifier", "phone"): "undeclared",
        ("sdk", "JPush and JCore"): "undeclared",
        ("sdk", "友盟统计SDK"): "as_declared",
        ("sdk", "高德地图"): "unseen",
    }
    assert summary.declared == Counter(row.verdict for row in rows.values())


def test_never_seen_without_keys_says_so():
    records = list(pipeline_of("no-keys", POLICY).run(read(str(CAPTURES / "no-keys" / "capture.pcap"), Reading())))
    rows = {row.name: row for row in records if isinstance(row, DeclaredRow)}
    assert {row.verdict for row in rows.values()} == {"unseen"}
    assert rows["友盟统计SDK"].coverage.blind == {
        "no_key": sum(isinstance(record, Blind) and record.host == "ulogs.umeng.com" for record in records)
    }
    assert rows["高德地图"].coverage.blind == {} and rows["imei"].coverage.blind == {"no_key": 6}
    assert {row.coverage.inspected_share for row in rows.values()} == {0.0}


def test_the_case_is_told_as_it_was_when_the_run_ended():
    case = Case.model_validate(
        {
            "app": {"package": "com.example.shop", "name": "Shop", "version": "1.10", "domains": "example-shop.cn"},
            "events": [{"at": "2026-11-21T10:00:03Z", "event": "launch"}],
            "clock_offset": "3",
            "declared": {
                "identifiers": {"imei": {"form": "md5", "max_per_hour": 2, "shared": "false"}},
                "sdks": "Umeng",
            },
            "necessary": ["phone"],
        }
    )
    happened = timeline(case, "2026-11-21T10:00:19Z", False)
    happened.mark(Event.model_validate({"at": "2026-11-21T10:00:09Z", "permission": {"sms": "denied"}}))
    said = Pipeline(case, [], happened, options={"consent": "2026-11-21T10:00:19Z"}).finish(1.0).about
    assert (said.app.version, said.app.domains) == ("1.10", ("example-shop.cn",))
    times = [(mark.time % 60_000_000 // 1_000_000, mark.event, mark.permission) for mark in said.events]
    assert times == [(0, "launch", ()), (9, "", (("sms", "denied"),)), (19, "consent", ())]
    promise = said.declared.identifiers["imei"]
    assert (promise.form, promise.max_per_hour, promise.collected, promise.shared) == ("md5", 2, True, False)
    assert (said.declared.sdks, said.necessary) == (("Umeng",), ("phone",))
    assert said.options == {"consent": "2026-11-21T10:00:19Z"}


def test_very_many_events_are_counted_not_listed():
    events = [Event.model_validate({"at": second, "event": "foreground"}) for second in range(1500)]
    said = about(Case(), [], events, {})
    assert (len(said.events), said.events_left_out, said.declared, said.necessary) == (1000, 500, None, None)


def test_versions_are_of_program_and_data():
    told = versions()
    assert told["leaktap"] == __version__ and told.keys() == {"leaktap", "rules", "catalogue"}
    assert len({told["rules"], told["catalogue"]}) == 2 and all(
        len(told[name]) == 16 for name in ("rules", "catalogue")
    )


def test_files_are_hashed_and_pipes_are_not(tmp_path):
    file, pipe = tmp_path / "a.pcap", tmp_path / "pipe"
    file.write_bytes(bytes(range(256)) * 20_000)
    os.mkfifo(pipe)
    hashes = Hashes({str(file): "a.pcap", str(pipe): "pipe", "-": "-", str(tmp_path / "none"): "none"})
    assert hashes.result(wait=True) == {"a.pcap": hashlib.sha256(file.read_bytes()).hexdigest()}


def test_nobody_waits_for_a_hash_that_is_not_wanted(tmp_path):
    file = tmp_path / "large.pcap"
    with file.open("wb") as stream:
        stream.truncate(64 << 30)
    assert Hashes({str(file): "large.pcap"}).result(wait=False) == {}


def test_a_live_session_is_closed_like_a_scan(tmp_path):
    case = load_case(CAPTURES / "shop" / "case.yaml").model_copy(update={"declared": POLICY})
    file = tmp_path / "live.jsonl"
    session = Session(Settings(case, load_devices(case.devices), case.events, (str(file),), False, False))
    session.take(read(str(CAPTURES / "shop" / "capture.har"), Reading()))
    session.finish()
    closing = [item for item in read_results(file) if item["schema"] not in ("leaktap.finding/1", "leaktap.blind/1")]
    scanned = pipeline_of("shop", POLICY).run(read(str(CAPTURES / "shop" / "capture.har"), Reading()))
    rows = [record(item, False) for item in scanned if isinstance(item, Inventory | DeclaredRow)]
    assert [item for item in closing[:-1] if item["schema"] != "leaktap.fault/1"] == rows
    assert closing[-1]["schema"] == "leaktap.summary/1"
    assert closing[-1]["declared"] == Counter(row["verdict"] for row in rows if "verdict" in row)
