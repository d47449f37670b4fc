"""`leaktap sdk`: what it prints, and what it refuses."""

import json

import pytest

from leaktap.cli import run


def test_lookup_says_whose_a_host_is_and_who_says_so(capsys):
    assert run(["sdk", "lookup", "ULOGS.umeng.com"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["sdk"] == "Umeng Analytics (友盟统计)"
    assert lines["company"] == "Umeng (友盟+), of Alibaba"
    assert (lines["party"], lines["kind"], lines["entry"]) == ("third", "analytics", "ulogs.umeng.com")
    assert lines["source"]


@pytest.mark.parametrize(
    ("arguments", "entry"),
    [
        (["www.gstatic.com", "/generate_204"], "www.gstatic.com/generate_204"),
        (["http://www.gstatic.com:80/generate_204?x=1"], "www.gstatic.com/generate_204"),
        (["https://a.b.jpush.cn/x"], "jpush.cn"),
        (["play.googleapis.com"], None),
        (["play.googleapis.com", "/"], None),
        (["example.org"], None),
        (["https://"], None),
    ],
)
def test_lookup_takes_host_and_path_or_a_url(arguments, entry, capsys):
    assert run(["sdk", "lookup", *arguments]) == 0
    out = capsys.readouterr().out
    assert (f"entry    {entry}\n" in out) == (entry is not None)
    assert ("not in the catalogue" in out) == (entry is None)


def test_list_has_a_line_for_each_sdk(capsys):
    assert run(["sdk", "list"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert len(rows) >= 85 and {len(row) for row in rows} == {4}
    assert ["Aurora Mobile (极光)", "JPush and JCore (极光推送)", "push"] in [row[:3] for row in rows]
    assert run(["sdk", "list", "--kind", "push"]) == 0
    pushes = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert pushes == [row for row in rows if row[2] == "push"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["sdk", "list", "--kind", "pusch"], "did you mean 'push'"),
        (["sdk", "lookup", "http://[::1"], "is no URL"),
        (["sdk", "lookup"], "'host'"),
    ],
)
def test_what_is_wrong_is_one_line(arguments, why, capsys):
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == "" and why in told.err and len(told.err.splitlines()) == 1


def told(arguments, capsys):
    assert run(["sdk", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_lookup_names_the_shorter_rules_that_fit_too(capsys):
    assert run(["sdk", "lookup", "ulogs.umeng.com"]) == 0
    assert "also     umeng.com  Umeng Analytics (友盟统计), Umeng, analytics\n" in capsys.readouterr().out
    said = told(["lookup", "www.gstatic.com", "/generate_204"], capsys)
    assert [one["host"] + one["path"] for one in said["also"]] == ["www.gstatic.com", "gstatic.com"]
    assert said["entry"]["path"] == "/generate_204" and said["party"] == "platform"


def test_lookup_names_a_carrier(capsys):
    said = told(["lookup", "bucket.oss-cn-hangzhou.aliyuncs.com"], capsys)
    assert (said["party"], said["sdk"], said["carrier"], said["kind"]) == ("unknown", "", "Aliyun (Alibaba)", "cdn")
    assert run(["sdk", "lookup", "bucket.oss-cn-hangzhou.aliyuncs.com"]) == 0
    assert "carrier  Aliyun (Alibaba)\n" in capsys.readouterr().out


@pytest.mark.parametrize("host", ["103.229.215.60", "http://103.229.215.60:19000/x"])
def test_lookup_knows_addresses_that_sdks_have_built_in(host, capsys):
    said = told(["lookup", host], capsys)
    assert (said["known"], said["sdk"], said["entry"]) == (True, "JPush and JCore", None)
    assert said["basis"] == "address 103.229.215.60 port 19000 in catalogue"


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("ulogs.umengg.com", "umeng.com"),
        ("growingio.co", "growingio.com"),
        ("nobody.example", None),
        ("localhost", None),
    ],
)
def test_of_a_host_that_nobody_knows_lookup_names_what_is_written_like_it(host, near, capsys):
    said = told(["lookup", host], capsys)
    assert said["known"] is False
    assert (near in [one["host"] for one in said["near"]]) if near else said["near"] == []


def test_lookup_says_where_only_a_path_is_known(capsys):
    assert run(["sdk", "lookup", "play.googleapis.com", "/"]) == 0
    assert "only     play.googleapis.com/generate_204  " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "first"),
    [("极光", "JPush and JCore"), ("umeng", "Umeng Analytics"), ("risk-control", ""), ("nobody", None)],
)
def test_list_filters_by_company_sdk_and_kind(word, first, capsys):
    said = told(["list", word], capsys)
    assert said["sdks"] == len(said["list"]) == sum(said["kinds"].values())
    assert said["companies"] == len({one["company"] for one in said["list"]})
    assert said["hosts"] == sum(len(one["hosts"]) for one in said["list"])
    assert (first is None) == (said["sdks"] == 0)
    assert not first or first in [one["sdk"] for one in said["list"]]
    for one in said["list"]:
        names = (one["company"], one["company_zh"], one["group"], one["sdk"], one["sdk_zh"], one["kind"])
        assert any(word in name.casefold() for name in names)


def test_list_says_how_many_there_are(capsys):
    assert run(["sdk", "list", "geetest"]) == 0
    told_ = capsys.readouterr()
    assert told_.err.endswith(f"{len(told_.out.splitlines())} SDKs of 1 companies, 5 hosts\n")
