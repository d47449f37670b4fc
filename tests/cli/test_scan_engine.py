"""`scan --engine`: what it refuses, and the exit codes of an encrypted Wi-Fi."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from leaktap.wire import tshark
from tests._waiting import PATIENCE, wait
from tests.wire._packets import SYN, ip, pcap, tcp
from tests.wire._wpa import Network

needs_tshark = pytest.mark.skipif(bool(tshark.missing()), reason=tshark.missing() or "-")
POST = b"POST /v1/c?imei=867530912345672 HTTP/1.1\r\nHost: t.example\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def air(tmp_path):
    network = Network("home", "passphrase")
    packets = [tcp(seq=1, flags=SYN), tcp(POST, seq=2, ack=1)]
    frames = [*network.handshake(), *(network.data(ip(packet, "192.0.2.7", "203.0.113.9")) for packet in packets)]
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([(number, frame) for number, frame in enumerate(frames)], link=105))
    return path


def scan(*arguments, **more):
    command = [sys.executable, "-m", "leaktap", "scan", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **more)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engine", "dpkt"], "--engine dpkt: is no engine: use native, tshark or auto"),
        (["--wpa-pwd", "home:passphrase"], "--wpa-pwd: only tshark opens encrypted Wi-Fi: add --engine tshark"),
        (["--wpa-pwd", "home:passphrase", "--engine", "native"], "--wpa-pwd: only tshark"),
        (["--engine", "tshark", "--follow"], "leave out --follow"),
        pytest.param(
            ["--engine", "tshark", "--wpa-pwd", "home"], "--wpa-pwd: is no SSID:PASSPHRASE", marks=needs_tshark
        ),
    ],
)
def test_refused(air, arguments, words):
    done = scan(air, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"leaktap: [^\n]+\n", done.stderr) and words in done.stderr
    assert "passphrase" not in done.stderr.lower().replace("ssid:passphrase", "")


def test_without_tshark(air, tmp_path):
    done = scan(air, "--engine", "tshark", env={**os.environ, "PATH": str(tmp_path)})
    assert done.returncode == 2
    assert re.fullmatch(r"leaktap: --engine tshark: tshark is not installed: install [^\n]+\n", done.stderr)


@needs_tshark
@pytest.mark.parametrize(
    ("arguments", "code", "found"),
    [
        (["--engine", "tshark", "--wpa-pwd", "home:passphrase"], 1, True),
        (["--engine", "tshark", "--wpa-pwd", "tea:passphrase", "--wpa-pwd", "home:passphrase", "--jobs", "1"], 1, True),
        (["--engine", "tshark", "--wpa-pwd", "home:wrong horse"], 0, False),
        ([], 0, False),
    ],
)
def test_what_left_an_encrypted_wifi(air, arguments, code, found):
    done = scan(air, "--format", "jsonl", "--fail-on", "info", *arguments)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == code
    assert [each["identifier"] for each in records if each["schema"] == "leaktap.finding/1"] == ["imei"] * found
    assert [each["detail"] for each in records if each["schema"] == "leaktap.blind/1"] == [
        "2 packets; tshark can read this: --engine tshark --wpa-pwd SSID:PASSPHRASE"
        if not arguments
        else "2 packets; no key opens it: --wpa-pwd SSID:PASSPHRASE, and its handshake must have been captured"
    ] * (not found)


@needs_tshark
def test_cut_off_is_3(air):
    air.write_bytes(air.read_bytes()[:-9])
    done = scan(air, "--engine", "tshark", "--wpa-pwd", "home:passphrase")
    assert done.returncode == 3


@needs_tshark
def test_ctrl_c_ends_tshark(air, tmp_path):
    script = f"#!/bin/sh\necho $$ >{tmp_path}/pid.new && mv {tmp_path}/pid.new {tmp_path}/pid\nexec sleep 60\n"
    (tmp_path / "tshark").write_text(script)
    (tmp_path / "tshark").chmod(0o755)
    child = subprocess.Popen(
        [sys.executable, "-m", "leaktap", "scan", str(air), "--engine", "tshark"],
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        wait((tmp_path / "pid").exists)
        pid = int((tmp_path / "pid").read_text())
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=PATIENCE)
        assert child.returncode == 130
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    finally:
        child.kill()
