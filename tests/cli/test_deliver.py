"""leaktap is killed at random moments under load; what it printed arrives at its receivers, in order."""

import json
import os
import random
import signal
import subprocess
import sys

import pytest

from tests._waiting import PATIENCE
from tests.sinks.receivers import Hook, Rsyslog

KILLS = int(os.environ.get("LEAKTAP_KILLS", "8"))
ENTRIES = 400


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """A HAR with a finding or two an entry."""
    entries = [
        {
            "startedDateTime": f"2026-11-21T10:{number // 60 % 60:02}:{number % 60:02}.000Z",
            "time": 1,
            "request": {
                "method": "GET",
                "url": f"https://log.tracker.example/up?imei=867530912345672&n={number}",
                "httpVersion": "HTTP/1.1",
                "headers": [],
                "queryString": [],
                "cookies": [],
                "headersSize": -1,
                "bodySize": 0,
            },
            "response": {
                "status": 204,
                "statusText": "",
                "httpVersion": "HTTP/1.1",
                "headers": [],
                "cookies": [],
                "content": {"size": 0, "mimeType": ""},
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": 0,
            },
            "cache": {},
            "timings": {"send": 0, "wait": 1, "receive": 0},
        }
        for number in range(ENTRIES)
    ]
    file = tmp_path_factory.mktemp("load") / "load.har"
    file.write_text(
        json.dumps({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}})
    )
    return file


def command(*arguments):
    return [sys.executable, "-m", "leaktap", *map(str, arguments)]


def findings(ids):
    return list(dict.fromkeys(one for one in ids if one))


def test_what_was_printed_before_a_kill_arrives(load, tmp_path):
    moments = random.Random(20261121)
    hook, server = Hook(tmp_path), Rsyslog(tmp_path, "tcp")
    try:
        for turn in range(KILLS):
            spool = tmp_path / f"spool{turn}"
            targets = [f"https://127.0.0.1:{hook.port}/#ca={hook.ca}", f"syslog+tcp://127.0.0.1:{server.port_}"]
            outputs = [part for target in targets for part in ("-o", target)]
            environment = {**os.environ, "LEAKTAP_SPOOL": str(spool)}
            for file in (tmp_path / "taken", server.file):
                file.write_bytes(b"")
            scan = command("scan", load, "--jobs", 1, "--format", "jsonl", "-o", "-", *outputs)
            run = subprocess.Popen(scan, stdout=subprocess.PIPE, env=environment)
            last = moments.randrange(1, ENTRIES)
            lines = []
            for line in run.stdout:
                lines.append(line)
                if len(lines) == last:
                    run.send_signal(signal.SIGKILL)
            run.wait(PATIENCE)
            printed = [json.loads(line).get("id") for line in lines if line.endswith(b"\n")]
            printed = [one for one in printed if one]
            assert len(printed) >= last - 3
            done = subprocess.run(
                command("deliver", "--wait", 240), capture_output=True, env=environment, timeout=PATIENCE
            )
            assert done.returncode == 0, done
            for ids in (findings(hook.ids()), findings(server.ids())):
                assert ids[: len(printed)] == printed
    finally:
        hook.stop(signal.SIGKILL)
        server.stop(signal.SIGKILL)


def test_what_waits_is_listed_and_a_receiver_that_is_away_is_said(tmp_path):
    from leaktap.spool import Store

    store = Store(tmp_path, "syslog+tcp://127.0.0.1:9", "syslog+tcp://127.0.0.1:9#format=cef")
    store.put("f1", b'{"schema":"leaktap.finding/1"}')
    store.close()
    listed = subprocess.run(command("deliver", "--spool", tmp_path, "--list"), capture_output=True, text=True)
    assert (listed.returncode, listed.stdout) == (1, "syslog+tcp://127.0.0.1:9#format=cef: 1 waiting\n")
    tried = subprocess.run(command("deliver", "--spool", tmp_path, "--wait", "0.3"), capture_output=True, text=True)
    assert tried.returncode == 1
    assert tried.stdout == listed.stdout
    assert "Connection refused" in tried.stderr or "1 record waits" in tried.stderr


def test_an_empty_folder_is_no_error(tmp_path):
    done = subprocess.run(command("deliver", "--spool", tmp_path), capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path}: no queues\n", "")


def test_a_file_that_is_no_queue_is_an_error(tmp_path):
    (tmp_path / "x.sqlite3").write_bytes(b"no database at all, but long enough to be looked at\n" * 100)
    done = subprocess.run(command("deliver", "--spool", tmp_path), capture_output=True, text=True)
    assert done.returncode == 2
    assert "move the file away" in done.stderr
