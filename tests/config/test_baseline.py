"""A result file of an earlier version, read with patience; what is none is refused with its place."""

import json

import pytest

from leaktap.config import ConfigError, load_case


def row(identifier="oaid", company="Some Ltd", host="log.sdk.example", party="third", **more):
    owner = {"party": party, "sdk": "", "company": company}
    return {
        "schema": "leaktap.finding/1",
        "identifier": identifier,
        "owner": owner,
        "destination": {"host": host},
    } | more


SUMMARY = {
    "schema": "leaktap.summary/1",
    "case": {"declared": {"identifiers": {"oaid": {"form": "", "max_per_hour": None}}, "sdks": ["Umeng"]}},
}


def written(tmp_path, *lines, end="\n"):
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + end
    (tmp_path / "old.jsonl").write_text(text, encoding="utf-8")
    (tmp_path / "case.yaml").write_text("baseline: old.jsonl\n", encoding="utf-8")
    return load_case(tmp_path / "case.yaml").baseline


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        ([row()], {("oaid", "Some Ltd", ""), ("oaid", "log.sdk.example", "")}),
        ([row(company="", app={"package": "com.a"})], {("oaid", "log.sdk.example", "com.a")}),
        ([row(party="platform"), row(direction="response")], set()),
        ([{"schema": "leaktap.finding/2", "new": 1}, {"schema": "leaktap.blind/1"}, "", SUMMARY], set()),
        ([row(owner=None, destination=None, app=None)], set()),
    ],
)
def test_class_and_recipient_are_read(tmp_path, lines, sent):
    assert written(tmp_path, *lines).sent == sent


def test_what_was_declared_is_in_the_summary(tmp_path):
    baseline = written(tmp_path, row(), SUMMARY)
    assert (baseline.declared, baseline.sdks) == ({"oaid"}, {"Umeng"})
    assert written(tmp_path, row()).declared is None


def test_a_last_line_that_was_cut_off_is_passed_over(tmp_path):
    assert len(written(tmp_path, row(), '{"schema": "leaktap.fin', end="").sent) == 2


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["[1, 2]"], "is no result file"),
        ([""], "is no result file"),
        (["{broken", json.dumps(row())], "old.jsonl:1: is no record"),
        (['{"log": {"version": "1.2"}}'], "is no result file"),
    ],
)
def test_what_is_no_result_file_is_refused(tmp_path, lines, why):
    with pytest.raises(ConfigError, match=why):
        written(tmp_path, *lines)


def test_a_file_that_is_not_there(tmp_path):
    (tmp_path / "case.yaml").write_text("baseline: none.jsonl\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"none\.jsonl: there is no such file"):
        load_case(tmp_path / "case.yaml")
