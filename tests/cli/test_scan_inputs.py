"""Broken inputs: one line that names the place, the right exit code, the rest still reported.

What is not broken, and what comes through pipes and signals, goes through real processes; the rest is scanned in this
one, which is the same but for its start.
"""

import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from leaktap.cli import run
from tests._waiting import PATIENCE

SHOP = Path(__file__).parents[2] / "captures" / "shop"
CASE = ["--case", str(SHOP / "case.yaml")]
TWINS = ("capture.pcapng", "capture.flows", "capture.har")


def leak(*arguments):
    command = ["scan", *map(str, arguments)]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = run(command)
    return subprocess.CompletedProcess(command, code, out.buffer.getvalue(), err.buffer.getvalue())


def process(*arguments, **options):
    command = [sys.executable, "-m", "leaktap", "scan", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, **options)


def records(done, kind):
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for line in lines if line["schema"] == f"leaktap.{kind}/1"]


def said(done):
    text = done.stderr.decode()
    assert "Traceback" not in text
    return text.splitlines()


def scanned(file, *arguments):
    return leak(file, *CASE, "--format", "jsonl", *arguments)


@pytest.fixture(scope="module")
def clean():
    """The twins, scanned with nothing wrong."""
    return {name: process(SHOP / name, *CASE, "--format", "jsonl") for name in TWINS}


@pytest.fixture(scope="module")
def whole(clean):
    """How many findings each twin gives then."""
    return {name: len(records(done, "finding")) for name, done in clean.items()}


def test_the_twins_give_the_same_number(whole):
    assert len(set(whole.values())) == 1
    assert min(whole.values()) >= 5


@pytest.mark.parametrize("name", TWINS)
def test_nothing_is_said_when_nothing_is_wrong(clean, name):
    done = clean[name]
    assert (done.returncode, said(done)) == (0, [])
    assert records(done, "fault") == []
    assert len(records(done, "summary")) == 1


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_truncated_input_is_read_as_far_as_it_goes(tmp_path, whole, name, share):
    data = (SHOP / name).read_bytes()
    file = tmp_path / name
    file.write_bytes(data[: int(len(data) * share)])
    done = scanned(file)
    assert done.returncode == 3
    lines = said(done)
    assert [line for line in lines if line.startswith(f"leaktap: {name}")]
    assert 0 < len(records(done, "finding")) <= whole[name]
    assert [fault["stage"] for fault in records(done, "fault")].count("source") == 1
    assert len(records(done, "summary")) == 1


BROKEN = {
    "empty.pcap": (b"", "is empty"),
    "garbage.pcap": (bytes(range(256)) * 40, "is neither"),
    "garbage.har": (b'{"log": {"entries": [{"a": ]}}', ""),
    "only-a-header.pcapng": (bytes.fromhex("0a0d0d0a1c000000"), ""),
    "cut.har.gz": (gzip.compress((SHOP / "capture.har").read_bytes())[:4000], "cut off"),
    "text.flows": (b"12345:hello", ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_input_is_one_line_and_exit_3(tmp_path, name):
    data, words = BROKEN[name]
    (tmp_path / name).write_bytes(data)
    done = scanned(tmp_path / name)
    assert done.returncode == 3
    lines = said(done)
    assert [line for line in lines if re.match(rf"leaktap: {re.escape(name)}[:, ]", line)] == lines
    assert words in lines[-1]
    assert len(lines) == (2 if name.endswith(".gz") else 1)
    assert len(records(done, "summary")) == 1


def test_one_broken_input_does_not_stop_the_others(tmp_path, whole):
    (tmp_path / "garbage").write_bytes(b"\xff" * 100)
    done = leak(tmp_path / "garbage", SHOP / "capture.har", *CASE, "--format", "jsonl")
    assert done.returncode == 3
    assert len(records(done, "finding")) == whole["capture.har"]


def test_a_corrupt_flow_file_keeps_what_stands_before(tmp_path, whole):
    data = (SHOP / "capture.flows").read_bytes()
    file = tmp_path / "corrupt.flows"
    file.write_bytes(data[:-2000] + b"\0" * 2000)
    done = scanned(file)
    assert done.returncode == 3
    assert [line for line in said(done) if not line.startswith("leaktap: corrupt.flows, flow ")] == []
    assert records(done, "finding")


@pytest.mark.parametrize("text", ["hello\n", "\x00\xff\n", ""])
def test_a_file_that_is_no_key_log_is_refused(tmp_path, text):
    keys = tmp_path / "wrong.keys"
    keys.write_text(text, encoding="latin-1")
    done = scanned(SHOP / "capture.pcapng", "--keys", keys)
    assert (done.returncode, done.stdout) == (2, b"")
    (line,) = said(done)
    assert line == f"leaktap: {keys}: has no TLS secret: give an NSS key log (SSLKEYLOGFILE)"


def test_the_key_log_of_another_run_is_said(tmp_path, whole):
    keys = tmp_path / "other.keys"
    keys.write_text("CLIENT_RANDOM " + "00" * 32 + " " + "11" * 48 + "\n")
    done = scanned(SHOP / "capture.pcapng", "--keys", keys)
    assert done.returncode == 0
    (line,) = said(done)
    assert line.startswith(f"leaktap: {keys}: none of its")
    assert len(records(done, "finding")) == whole["capture.pcapng"]


def test_standard_input(whole):
    with (SHOP / "capture.pcapng").open("rb") as stream:
        done = process("-", *CASE, "--format", "jsonl", stdin=stream)
    assert (done.returncode, said(done)) == (0, [])
    assert len(records(done, "finding")) == whole["capture.pcapng"]


@pytest.mark.parametrize(("severity", "code"), [("critical", 0), ("high", 1), ("info", 1)])
def test_fail_on(severity, code):
    assert leak(SHOP / "capture.har", *CASE, "--fail-on", severity).returncode == code


def test_several_outputs_and_none_on_the_screen(tmp_path, whole):
    done = leak(SHOP / "capture.har", *CASE, "-o", tmp_path / "a.jsonl", "-o", tmp_path / "b.txt", "--reveal")
    assert (done.returncode, done.stdout, said(done)) == (0, b"", [])
    assert (tmp_path / "a.jsonl").read_text().count("leaktap.finding/1") == whole["capture.har"]
    assert "What leaked" in (tmp_path / "b.txt").read_text()


def values():
    """The device's values, as its profile writes them."""
    import yaml

    identifiers = yaml.safe_load((SHOP / "device.yaml").read_text())["identifiers"]
    return [str(value) for group in identifiers.values() for value in group if isinstance(value, str)]


@pytest.mark.parametrize("name", TWINS)
def test_no_value_is_shown_unless_asked_for(tmp_path, name):
    for reveal in ([], ["--reveal"]):
        leak(SHOP / name, *CASE, "-o", tmp_path / "a.jsonl", "-o", tmp_path / "b.txt", *reveal)
        for file in ("a.jsonl", "b.txt"):
            shown = [value for value in values() if value in (tmp_path / file).read_text()]
            assert bool(shown) is bool(reveal)


def test_a_full_disk_is_one_line_and_the_other_outputs_go_on(tmp_path, whole):
    done = leak(SHOP / "capture.har", *CASE, "-o", "jsonl:/dev/full", "-o", tmp_path / "a.jsonl")
    assert done.returncode == 2
    (line,) = said(done)
    assert line.startswith("leaktap: /dev/full: cannot be written (No space left on device)")
    text = (tmp_path / "a.jsonl").read_text()
    assert text.count("leaktap.finding/1") == whole["capture.har"]
    assert text.count('"stage":"sink"') == 1


def test_a_reader_that_leaves_ends_it_quietly():
    command = f"{sys.executable} -m leaktap scan {SHOP}/capture.har --format jsonl | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_interrupt_reports_what_was_read(tmp_path, whole):
    """A whole HAR, and then a pipe that brings nothing."""
    pipe = tmp_path / "slow.pcap"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "leaktap", "scan", SHOP / "capture.har", pipe, *CASE, "--format", "jsonl"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with pipe.open("wb"):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Traceback" not in err
    lines = [json.loads(line)["schema"] for line in out.splitlines()]
    found, closing = lines[: whole["capture.har"]], lines[whole["capture.har"] :]
    assert found == ["leaktap.finding/1"] * whole["capture.har"]
    assert closing[-1] == "leaktap.summary/1" and "leaktap.inventory/1" in closing
    assert set(closing[:-1]) <= {"leaktap.inventory/1", "leaktap.declared/1"}
