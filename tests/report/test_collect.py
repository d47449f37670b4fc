"""What is alike is one row, every number stays true beyond the bounds, and several runs are told as one."""

import pytest

from leaktap.report import _collect as room
from leaktap.report import collect
from leaktap.report._lanes import Lane
from tests.report.made import BLIND, CLAUSE, DECLARED, FAULT, SUMMARY, finding, run

HIT = {"clauses": [CLAUSE], "severity": "high"}


@pytest.mark.parametrize(
    ("changes", "groups"),
    [
        ({"time": "2026-11-21T03:00:00.000000Z"}, 1),
        ({"value": "12***********34", "value_ref": "1" * 16}, 1),
        ({"path": "request.body|gzip|form.data_list|base64|json.$.properties.imei"}, 1),
        ({"path": "request.body|json.$[3].imei"}, 2),
        ({"destination__host": "other.example"}, 1),
        ({"owner": {**finding()["owner"], "sdk": "Other"}}, 2),
        ({"phase": "consented"}, 2),
        ({"background": True}, 2),
        ({"form": ["md5", "hex"]}, 2),
        ({"direction": "response"}, 2),
        ({"device": {"name": "other", "mac": "", "ip": ""}}, 2),
    ],
)
def test_findings_that_are_alike_are_one_group(changes, groups):
    assert len(collect([finding(), finding(**changes)]).groups) == groups


def test_the_first_of_a_group_is_the_earliest():
    later, earlier = finding(id="b"), finding(id="a", time="2026-11-21T01:00:00.000000Z")
    (group,) = collect([later, earlier]).groups.values()
    assert group.first["id"] == "a" and group.count == 2 and group.last == later["time"]


def test_what_finds_no_room_is_counted(monkeypatch):
    monkeypatch.setattr(room, "MOST_GROUPS", 5)
    found = collect(run(300))
    assert len(found.groups) == 5
    assert sum(group.count for group in found.groups.values()) + found.left_out["findings"] == found.findings == 300
    assert sum(lane.count for lane in found.lanes.values()) == 300


def test_clauses_count_findings_and_keep_their_worst():
    mild = {**CLAUSE, "severity": "low"}
    found = collect([finding(clauses=[mild]), finding(clauses=[CLAUSE]), finding()])
    assert found.clauses[CLAUSE["id"]].count == 2
    assert found.clauses[CLAUSE["id"]].hit["severity"] == "high"


def test_clauses_of_the_session_are_there_without_findings():
    found = collect([{**SUMMARY, "session_clauses": [{**CLAUSE, "proof": ["tcp.1:0"]}]}])
    assert found.clauses[CLAUSE["id"]].count == 0 and found.clauses[CLAUSE["id"]].session == ["tcp.1:0"]


def test_what_came_in_is_no_leak():
    assert not collect([finding(direction="response", **HIT)]).leaks


def test_two_runs_have_one_inventory():
    one, both = collect(run(20)), collect([*run(20), *run(30)])
    assert one.inventory.keys() == both.inventory.keys()
    for key, row in one.inventory.items():
        assert both.inventory[key]["count"] == 2 * row["count"]
        assert both.inventory[key]["forms"][0]["count"] == 2 * max(form["count"] for form in row["forms"])
    assert len(both.runs) == 2


@pytest.mark.parametrize("order", [("unseen", "as_declared"), ("as_declared", "unseen")])
def test_what_one_run_saw_is_not_unseen(order):
    found = collect({**DECLARED, "verdict": verdict} for verdict in order)
    assert [row["verdict"] for row in found.declared.values()] == ["as_declared"]


def test_what_was_not_inspected_is_one_row_a_host():
    (unseen,) = collect([BLIND, {**BLIND, "bytes": 100}, FAULT]).blind.values()
    assert (unseen.count, unseen.bytes) == (2, 12000)


def test_packages_are_those_of_the_cases():
    other = {**SUMMARY, "case": {**SUMMARY["case"], "app": {**SUMMARY["case"]["app"], "package": "org.example"}}}
    assert collect([SUMMARY, other, {**SUMMARY, "case": None}]).packages() == {"com.example.shop", "org.example"}


def test_a_lane_is_bounded_and_loses_nothing():
    lane = Lane()
    for number in range(20_000):
        lane.add(f"2026-11-21T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000000Z", "info")
    assert lane.count == 20_000 and len(lane.dots) <= 4000
    times = [time for time, _, _ in lane.dots]
    assert times == sorted(times)
