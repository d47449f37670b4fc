"""`leaktap sdk import`: what it takes in, says of it, and refuses; what is imported shows in lookups and scans."""

import json

import pytest

from leaktap.attribution.imports._store import imported
from leaktap.cli import run

COMPANIES = [
    {"owner_name": "Example Ads", "doms": ["ads.example.org", "umeng.com", "192.0.2.1"], "parent": None},
    {"owner_name": "Other", "doms": [], "parent": None},
]


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    imported.cache_clear()
    yield tmp_path / "data/leaktap/sdk"
    imported.cache_clear()


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "companies.json"
    file.write_text(json.dumps(COMPANIES))
    return str(file)


def test_an_import_shows_in_lookups_and_goes_again(file, data, capsys):
    assert run(["sdk", "import", file]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"companies: TrackerControl, 1 companies, 2 hosts, kept as {data / 'companies.json'}",
        "conflict umeng.com: theirs Example Ads, ours Umeng, which stands",
    ]
    assert err == "leaktap: 1 entries passed over: addresses, the first '192.0.2.1'\n"
    assert run(["sdk", "lookup", "a.ads.example.org"]) == 0
    assert "source   imported from companies\n" in capsys.readouterr().out
    assert run(["sdk", "lookup", "umeng.com"]) == 0
    assert "company  Umeng " in capsys.readouterr().out
    assert run(["sdk", "list", "--imported"]) == 0
    row = capsys.readouterr().out.rstrip("\n").split("\t")
    assert row == ["companies", "TrackerControl", "1 companies", "2 hosts", str(data / "companies.json")]
    assert run(["sdk", "import", "--remove", "companies"]) == 0
    assert run(["sdk", "lookup", "a.ads.example.org"]) == 0
    assert "not in the catalogue" in capsys.readouterr().out


def test_an_import_of_the_same_name_takes_the_others_place(file, capsys):
    assert run(["sdk", "import", file, "--name", "mine"]) == run(["sdk", "import", file, "--name", "mine"]) == 0
    capsys.readouterr()
    assert run(["sdk", "list", "--imported"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["mine"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "takes either a file or --remove NAME"),
        (["{file}", "--remove", "a"], "takes either a file or --remove NAME"),
        (["--remove", "never"], "there is no import 'never'"),
        (["{file}", "--name", "../up"], "is no name for an import"),
        (["{file}.none"], "cannot be read"),
        (["{bad}"], "bad.json:2:1: is no JSON"),
    ],
)
def test_what_cannot_be_done_is_one_line_with_its_place(arguments, why, file, tmp_path, capsys):
    (tmp_path / "bad.json").write_text('{"a": 1,\n')
    filled = [each.format(file=file, bad=tmp_path / "bad.json") for each in arguments]
    assert run(["sdk", "import", *filled]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line


@pytest.mark.parametrize("arguments", ["sdk lookup a.example", "sdk list --imported", "scan {file}"])
def test_a_broken_import_is_said_with_the_cure(arguments, file, data, capsys):
    data.mkdir(parents=True)
    (data / "odd.json").write_text("{}")
    assert run([each.format(file=file) for each in arguments.split()]) == 2
    assert "remove it with: leaktap sdk import --remove odd" in capsys.readouterr().err
