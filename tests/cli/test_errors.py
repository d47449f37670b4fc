"""Every error that a user can cause is one line that names the thing and says the cure, and exit code 2."""

import re
from pathlib import Path

import pytest

from leaktap.cli import run

SHOP = Path(__file__).parents[2] / "captures" / "shop"
HAR = str(SHOP / "capture.har")

ROWS = [
    ("", "bogus", "No such command 'bogus'. (leaktap --help shows"),
    ("", "--bogus", "No such option: --bogus"),
    ("", "scan", "Missing argument 'INPUT'. (leaktap scan --help shows"),
    ("", "scan absent.har", "absent.har: there is no such file: check the path"),
    ("", f"scan {HAR} --case absent.yaml", "absent.yaml: there is no such file: check the path"),
    ("", f"scan {HAR} --device .", ".: is a directory: name the file in it"),
    ("", f"scan {HAR} --keys absent.keys", "absent.keys: cannot be read (No such file or directory): check the path"),
    ("", f"scan {HAR} --keyring absent.yaml", "absent.yaml: there is no such file: check the path"),
    ("", f"scan {HAR} --events absent.log", "absent.log: there is no such file: check the path"),
    ("", f"scan {HAR} --consent noon", "--consent: 'noon'"),
    ("", f"scan {HAR} --consent 2026-11-21T10:00:19Z --before-consent", "contradict each other: give one of them"),
    ("", f"scan {HAR} -o results.docx", "results.docx: no output is known by this name: end it in"),
    ("", f"scan {HAR} -o a.csv -o a.csv", "a.csv: is named twice: remove one"),
    ("", f"scan {HAR} -o absent/a.csv", "absent/a.csv: cannot be written (No such file or directory)"),
    ("", f"scan {HAR} --format xml", "'xml' is no format: use one of "),
    ("", f"scan {HAR} --jobs 0", "--jobs 0: there must be a process: leave it out for one per core"),
    ("", "scan empty", "empty: has no "),
    ("case.yaml", "scan {har} --case case.yaml", "case.yaml:1: is empty or no mapping of keys to values"),
    ("", "live --case absent.yaml", "absent.yaml: there is no such file: check the path"),
    ("", "live --ui window", "Invalid value for '--ui'"),
    ("", "live -o -", "-o -: mitmproxy's console needs the terminal: take --ui dump"),
    ("", "mark party", "party"),
    ("", "mark consent --session 1", "no live session of process 1 runs here: start leaktap live first"),
    ("", "explain 123 results.jsonl", "123: is too short for an id: give 4 characters at least"),
    ("", "explain 12345678 absent.jsonl", "absent.jsonl: there is no such file: check the path"),
    ("", f"explain 12345678 {HAR}", "12345678: there is no such finding in "),
    (
        "",
        "compare absent.jsonl new.jsonl",
        "absent.jsonl: there is no such file: leaktap scan INPUT -o ",
    ),
    ("", "compare - -", "-: standard input can be read only once"),
    ("", f"compare {HAR} {HAR}", "capture.har: line 1: "),
    ("", "compare a b --fail-on worst", "--fail-on worst: is no severity: use one of "),
    ("", f"diff {HAR} {HAR}", "a run is named twice: give each input once"),
    ("", f"diff {HAR} absent.har", "absent.har: there is no such file: check the path"),
    ("", "report absent.jsonl", "absent.jsonl: there is no such file: leaktap scan INPUT -o absent.jsonl makes one"),
    ("", "report absent.jsonl --lang fr", "--lang fr: is no language of reports: use "),
    ("", "decode absent", "absent: cannot be read (No such file or directory): check the path"),
    ("", "decode .", ".: cannot be read (Is a directory): check the path"),
    ("", "rules CAC-191-2018", "CAC-191-2018: is no document, did you mean 'CAC-191-2019'?"),
    ("", "rules CAC-191-2019/99", "CAC-191-2019/99: is no clause: see leaktap rules CAC-191-2019"),
    ("", "rules CAC-191-2019 results.jsonl", "CAC-191-2019: is no clause: name one of leaktap rules CAC-191-2019"),
    ("", "rules CAC-191-2019/3.1 absent.jsonl", "absent.jsonl: cannot be read (No such file or directory): check"),
    ("", "sdk list --kind pish", "--kind pish: is no kind, did you mean 'push'?"),
    ("", "sdk lookup https://[::1", "https://[::1: is no URL (Invalid IPv6 URL): write https://HOST/PATH"),
    ("", "sdk import", "takes either a file or --remove NAME: give one of them"),
    (
        "",
        "sdk import --remove nothing",
        "--remove: there is no import 'nothing': leaktap sdk list --imported ",
    ),
    ("", "sdk bogus", "No such command 'bogus'. (leaktap sdk --help shows"),
    ("", "device new imei", "imei: is no NAME=VALUE: write imei=867530912345673"),
    ("", "device new imej=1", "imej: is no identifier, did you mean 'imei'?"),
    ("device.yaml", "device new imei=867530912345673", "device.yaml: is there already: add --force to replace it"),
    ("", "device show absent.yaml", "absent.yaml: there is no such file: check the path"),
    ("", "device honey -o file/sub", "file/sub: cannot be made (Not a directory): name another folder with -o"),
    ("", "init --package shop", "--package shop: is no package name: it looks like com.example.shop"),
    ("", "init file/sub", "file/sub: cannot be made (Not a directory): name another folder"),
    ("", "doctor --port 0", "Invalid value for '--port'"),
    ("", "deliver --wait soon", "Invalid value for '--wait'"),
    ("", "completion csh", "Invalid value for 'SHELL'"),
]


@pytest.mark.parametrize(("there", "line", "words"), ROWS, ids=[row[1].replace(HAR, "HAR") or "-" for row in ROWS])
def test_an_error_is_one_line_with_its_cure(there, line, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "results.jsonl").write_text("")
    if there:
        (tmp_path / there).write_text("")
    assert run(line.format(har=HAR).split()) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"leaktap: [^\n]+\n", said.err)
    assert words in said.err
    assert "Traceback" not in said.err and "None" not in said.err
