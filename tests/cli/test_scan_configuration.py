"""Every mistake in the files that users write: one line on standard error, exit 2, nothing else."""

import json
import re
import subprocess
import sys

import pytest

from leaktap.cli import run
from tests._waiting import PATIENCE

GOOD_DEVICE = "name: phone\naddresses: {mac: a4:50:46:12:34:56}\nidentifiers: {imei: '867530912345672'}\n"
GOOD_CASE = "app: {package: com.example.shop}\n"
HAR = json.dumps({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": []}})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder where paths are taken from."""
    (tmp_path / "in.har").write_text(HAR)
    (tmp_path / "case.yaml").write_text(GOOD_CASE)
    (tmp_path / "device.yaml").write_text(GOOD_DEVICE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(folder, capsys):
    """Scans, and expects a refusal in these words."""

    def judge(words, *arguments):
        code = run(["scan", *arguments])
        out, err = capsys.readouterr()
        assert (code, out) == (2, "")
        assert re.fullmatch(r"leaktap: [^\n]+\n", err), err
        assert re.search(words, err), err

    return judge


def test_a_process_ends_so(folder):
    (folder / "case.yaml").write_text("app: [")
    command = [sys.executable, "-m", "leaktap", "scan", "in.har", "--case", "case.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"leaktap: case\.yaml:1: is no YAML [^\n]+\n", done.stderr)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("app: [", r"^leaktap: case\.yaml:1: is no YAML \(column \d+\): "),
        ("app: {}\ndevises: []", r"^leaktap: case\.yaml:2: devises: is no key of this file, did you mean 'devices'\?"),
        ("events:\n- {at: 2026-02-30T10:00:00Z, event: launch}", r"case\.yaml:2: events\.0\.at: .* is no time"),
        ("events:\n- {at: 2026-11-21T10:00:00, event: launch}", r"case\.yaml:2: events\.0\.at: .* has no zone"),
        ("app: {}\napp: {}", r"case\.yaml:2: app: stands twice"),
        ("declared: {identifiers: {oiad: {}}}", r"case\.yaml:1: declared\.identifiers\.oiad: .* mean 'oaid'"),
        ("app: {}\nclock_offset: fast", r"case\.yaml:2: clock_offset: 'fast' is no number of seconds: write 3\.2"),
        ("logs: nix.log", r"nix\.log: there is no such file: check the path"),
        ("logs: in.har", r"in\.har:1: is neither a log of adb logcat"),
        ("logs: [{file: a, start: 2026-11-21T10:00:00}]", r"case\.yaml:1: logs\.0\.start: .* has no zone"),
        ("app: {}\nlogs: [{fil: a}]", r"case\.yaml:2: logs\.0\.fil: is no key of this file, did you mean 'file'"),
        ("clock_offset: inf", r"case\.yaml:1: clock_offset: 'inf' is no number"),
        ("clock_offset: {left: x}", r"case\.yaml:1: clock_offset\.left: 'x' is no number"),
        (
            "clock_offset: {left: 3}\nevents: [{at: 2026-11-21T10:00:00Z, event: launch}]",
            r"case\.yaml:1: clock_offset: has no offset for an event that names no device: add it",
        ),
        (
            "clock_offset: {left: 3}\nevents: [{at: 2026-11-21T10:00:00Z, event: launch, device: lfet}]",
            r"case\.yaml:1: clock_offset: has no offset for an event of 'lfet'",
        ),
        ("devices: missing.yaml", r"missing\.yaml: there is no such file: check the path"),
        ("devices: .", r"is a directory: name the file in it"),
        ("", r"case\.yaml:1: is empty"),
        (b"app: {name: \xff}", r"case\.yaml:1: is not UTF-8 \(byte 12\): save it as UTF-8"),
        ("a: " + "[" * 200_000, r"nested deeper"),
        (
            "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1},' * 9}]\n" for i in range(1, 40)),
            r"more than 1,000,000 values",
        ),
    ],
)
def test_a_broken_case(folder, refused, case, words):
    (folder / "case.yaml").write_bytes(case if isinstance(case, bytes) else case.encode())
    refused(words, "in.har", "--case", "case.yaml")


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("identifiers:\n  imie: [1]", r"other\.yaml:2: identifiers\.imie: is no identifier, did you mean 'im"),
        ("identifiers:\n  location: {radius: 3}", r"other\.yaml:2: identifiers\.location\.radius: .*mean 'radius_m'"),
        (
            "addresses:\n  mac: A4-50-46-12-34-56",
            r"other\.yaml:2: addresses\.mac: .*belongs to 'phone' of device\.yaml",
        ),
        ("name: phone", r"other\.yaml:1: name: phone already belongs to 'phone' of device\.yaml"),
    ],
)
def test_a_broken_device(folder, refused, device, words):
    (folder / "other.yaml").write_text(device)
    refused(words, "in.har", "--device", "device.yaml", "--device", "other.yaml")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--case", "none.yaml"], r"none\.yaml: there is no such file"),
        (["--case", "."], r"\.: is a directory"),
        (["--device", "none.yaml"], r"none\.yaml: there is no such file"),
        (["--keys", "none.log"], r"none\.log: .*[Nn]o such file"),
        (["--consent", "2026-11-21T10:00:19"], r"--consent: .* has no zone"),
        (["--consent", "later"], r"--consent: 'later' is no time"),
        (["--consent", "2026-11-21T10:00:19Z", "--before-consent"], r"contradict each other"),
        (["--format", "yaml"], r"'yaml' is no format: use one of csv, .*jsonl, .*text"),
        (["-o", "out.doc"], r"out\.doc: no output is known by this name: end it in .*\.jsonl"),
        (
            ["-o", "none/out.jsonl"],
            r"none/out\.jsonl: cannot be written \(No such file or directory\): make its folder",
        ),
        (["-o", "out.jsonl", "-o", "out.jsonl"], r"out\.jsonl: is named twice"),
        (["-o", "jsonl:in.har"], r"jsonl:in\.har: is an input of this run: write somewhere else"),
        (["--case", "case.yaml", "-o", "text:./case.yaml"], r"is an input of this run"),
    ],
)
def test_a_contradiction_on_the_command_line(folder, refused, arguments, words):
    refused(words, "in.har", *arguments)
    assert (folder / "in.har").read_text() == HAR
    assert (folder / "case.yaml").read_text() == GOOD_CASE


@pytest.mark.parametrize("option", [["--consent", "2026-11-21T10:00:19Z"], ["--before-consent"]])
def test_consent_is_said_once(folder, refused, option):
    (folder / "case.yaml").write_text("events: {at: 2026-11-21T10:00:19Z, event: consent}")
    refused(f"{option[0]}: the case says itself", "in.har", "--case", "case.yaml", *option)


@pytest.mark.parametrize("name", ["none.pcap", "empty", "none\x1b[31m.pcap"])
def test_an_input_that_is_not_there(folder, refused, name):
    (folder / "empty").mkdir()
    refused(r"there is no such file|has no .* in it", "in.har", name, "-o", "out.jsonl")
    assert not (folder / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("time,event\n2026-11-21T10:00:00Z,lanch\n", r"screen\.csv:2: 'lanch' is no event, did you mean 'launch'"),
        ("time,event\n4,launch\n", r"screen\.csv:2: 4 counts from a start that nobody says"),
        ("time,evnt\n", r"screen\.csv:1: 'evnt' is no column"),
        ("11-21 10:00:00.000 1 2 I am_kill: [0,7,com.a,0,x]\n", r"screen\.csv:1: am_kill: has no time zone"),
    ],
)
def test_a_broken_file_of_events(folder, refused, table, words):
    (folder / "screen.csv").write_text(table)
    refused(words, "in.har", "--events", "screen.csv")


def test_a_file_of_events_is_not_written_over(folder):
    (folder / "screen.csv").write_text("time,event\n")
    assert run(["scan", "in.har", "--events", "screen.csv", "-o", "screen.csv", "--format", "jsonl"]) == 2
    assert (folder / "screen.csv").read_text() == "time,event\n"
