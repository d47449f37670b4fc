"""`leaktap explain`: from a finding to its bytes, and the packets for a colleague."""

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from leaktap.cli import run

CAPTURES = Path(__file__).parents[2] / "captures"
SHOP = CAPTURES / "shop"
tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    path = tmp_path_factory.mktemp("result") / "shop.jsonl"
    assert run(["scan", str(SHOP / "capture.pcapng"), "--case", str(SHOP / "case.yaml"), "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def findings(result):
    records = [json.loads(line) for line in result.read_text(encoding="utf-8").splitlines()]
    return [record for record in records if record["schema"] == "leaktap.finding/1"]


def explain(*arguments):
    return run(["explain", *map(str, arguments)])


WITH_CASE = (SHOP / "capture.pcapng", "--case", SHOP / "case.yaml")


def test_every_finding_is_explained_from_its_input(findings, capsys):
    for finding in findings:
        assert explain(finding["id"], *WITH_CASE, "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert told["schema"] == "leaktap.explanation/1"
        assert told["finding"]["id"] == finding["id"]
        assert [clause["id"] for clause in told["finding"]["clauses"]] == [each["id"] for each in finding["clauses"]]
        assert told["steps"][-1]["path"] == finding["path"]
        decoders = finding["path"].count("|")
        assert sum(bool(step["decoder"]) for step in told["steps"]) == decoders


def test_each_form_on_the_way_is_shown_with_reveal(tmp_path, capsys):
    folder, path = CAPTURES / "address-book", tmp_path / "result.jsonl"
    options = [str(folder / "capture.pcapng"), "--case", str(folder / "case.yaml")]
    assert run(["scan", *options, "-o", str(path)]) == 0
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    nested = next(record for record in records if record.get("path", "").count("|") == 4)
    assert explain(nested["id"], *options, "--reveal", "--json") == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert [step["decoder"] for step in steps] == ["", "form", "base64", "gzip", "json"]
    assert all(step.get("text") or step.get("hex") for step in steps)
    assert steps[2]["hex"].startswith("1f8b")
    assert explain(nested["id"], *options, "--reveal") == 0
    assert "0000  1f 8b" in capsys.readouterr().out
    assert explain(nested["id"], *options, "--json") == 0
    assert [step.get("hidden", False) for step in json.loads(capsys.readouterr().out)["steps"]] == [True] * 4 + [False]


def test_without_reveal_no_value_is_shown_in_any_form(findings, capsys):
    for finding in findings:
        assert explain(finding["id"], *WITH_CASE, "--reveal", "--json") == 0
        value = json.loads(capsys.readouterr().out)["finding"]["value"]
        assert explain(finding["id"], *WITH_CASE) == 0
        assert value not in capsys.readouterr().out


def test_a_result_alone_says_what_it_says(findings, result, capsys):
    finding = next(finding for finding in findings if finding["clauses"])
    assert explain(finding["id"][:8], result) == 0
    text = capsys.readouterr().out
    assert finding["clauses"][0]["id"] in text and finding["owner"]["company"] in text
    assert "Name the input too" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("zzzzzzzz", "RESULT"), "no such finding"),
        (("zz", "RESULT"), "too short"),
        (("ID", "nowhere.jsonl"), "no such file"),
        (("ID", "RESULT", "--pcap", "out.pcapng"), "name the capture"),
        (("zzzzzzzz", SHOP / "capture.pcapng"), "options that differ"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_a_line(arguments, words, result, findings, capsys):
    names = {"RESULT": result, "ID": findings[0]["id"]}
    assert explain(*(names.get(each, each) for each in arguments)) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


@pytest.mark.parametrize("case", ["shop", "address-book", "protobuf", "refused"])
def test_the_cut_gives_the_same_finding_and_nothing_of_others(case, tmp_path, capsys):
    folder = CAPTURES / case
    (capture,) = folder.glob("capture.pcap*")
    whole, part = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    options = ["--case", str(folder / "case.yaml")]
    assert run(["scan", str(capture), *options, "-o", str(whole)]) == 0
    findings = [json.loads(line) for line in whole.read_text(encoding="utf-8").splitlines()]
    findings = [finding for finding in findings if finding["schema"] == "leaktap.finding/1"]
    for finding in {finding["evidence"]["stream"]: finding for finding in findings}.values():
        cut = tmp_path / "cut.pcapng"
        assert explain(finding["id"], capture, *options, "--pcap", cut) == 0
        assert stat.S_IMODE(cut.stat().st_mode) == 0o600
        assert run(["scan", str(cut), *options, "-o", str(part)]) == 0
        again = [json.loads(line) for line in part.read_text(encoding="utf-8").splitlines()]
        again = [each for each in again if each["schema"] == "leaktap.finding/1"]
        of_stream = [each for each in findings if each["evidence"]["stream"] == finding["evidence"]["stream"]]
        assert [(each["time"], each["path"], each["value_ref"]) for each in again] == [
            (each["time"], each["path"], each["value_ref"]) for each in of_stream
        ]
        capsys.readouterr()


@tshark
def test_tshark_opens_the_cut_and_its_secrets_are_those_of_the_connection(findings, tmp_path, capsys):
    finding = findings[0]
    cut = tmp_path / "cut.pcapng"
    assert explain(finding["id"], *WITH_CASE, "--pcap", cut) == 0
    command = ["tshark", "-r", str(cut), "-Y", "http.request", "-T", "fields", "-e", "http.host"]
    hosts = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert set(hosts) == {finding["destination"]["host"]}
    randoms = {line.split()[1] for line in cut.read_bytes().split(b"\n") if line.count(b" ") == 2 and b"SECRET" in line}
    assert len(randoms) == 1


def test_the_capture_itself_is_never_overwritten(tmp_path, findings, capsys):
    capture = tmp_path / "capture.pcapng"
    shutil.copy(SHOP / "capture.pcapng", capture)
    before = capture.read_bytes()
    assert explain(findings[0]["id"], capture, "--case", SHOP / "case.yaml", "--pcap", capture) == 2
    assert capture.read_bytes() == before
