"""`leaktap sdk`: what it prints, and what it refuses."""

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
        (["www.gstatic.com"], None),
        (["www.gstatic.com", "/"], None),
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
