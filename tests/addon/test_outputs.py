"""A session's outputs that are far away: through a real mitmdump to a real web server, also when it is killed."""

import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from leaktap.addon._outputs import Outputs
from leaktap.cli.addon_path import script
from tests._ports import free_port
from tests._waiting import PATIENCE, whole_lines
from tests.sinks.receivers import Hook, answers, until
from tests.sinks.samples import finding, summary


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture
def hook(tmp_path):
    server = Hook(tmp_path)
    yield server
    server.stop(signal.SIGKILL)


def mitmdump(port, *settings, **environment):
    run = "import sys; sys.argv[0] = 'mitmdump'; from mitmproxy.tools.main import mitmdump as run; run()"
    options = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-c", run, "-q", "--listen-host", "127.0.0.1", "-p", str(port), "-s", script(), *options]
    command += ["-s", Path(__file__).parents[1] / "end_to_end" / "patient.py"]
    process = subprocess.Popen([*map(str, command)], env={**os.environ, **environment})
    assert until(lambda: process.poll() is not None or answers(port)) and process.poll() is None
    return process


def ask(port, site, number):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", f"http://127.0.0.1:{site}/up?imei=867530912345672&n={number}")
    assert connection.getresponse().status == 204
    connection.close()


def ids(file):
    return [line["id"] for line in whole_lines(file) if line["schema"] == "leaktap.finding/1"]


def test_findings_of_a_session_arrive_and_its_end_drains(tmp_path, site, hook):
    port, file = free_port(), tmp_path / "out.jsonl"
    target = f"https://127.0.0.1:{hook.port}/#ca={hook.ca}&records=finding,summary"
    outputs = [f"leaktap_output={file}", f"leaktap_output={target}"]
    process = mitmdump(port, *outputs, f"leaktap_spool={tmp_path / 'spool'}", LEAKTAP_SPOOL=str(tmp_path / "unused"))
    try:
        for number in range(5):
            ask(port, site, number)
        assert until(lambda: len(ids(file)) == 5)
        assert until(lambda: len(hook.ids()) == 5)
        assert list((tmp_path / "spool").iterdir()) and not (tmp_path / "unused").exists()
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert until(lambda: len(hook.ids()) == 6)
    assert hook.ids()[:5] == ids(file)
    assert json.loads(hook.taken()[-1]["body"])["schema"] == "leaktap.summary/1"


def test_what_a_killed_session_wrote_is_sent_by_the_next_run(tmp_path, site, hook):
    port, file = free_port(), tmp_path / "out.jsonl"
    hook.mode("500")
    environment = {"LEAKTAP_SPOOL": str(tmp_path / "spool")}
    outputs = [f"leaktap_output={file}", f"leaktap_output=https://127.0.0.1:{hook.port}/#ca={hook.ca}&records=finding"]
    process = mitmdump(port, *outputs, **environment)
    for number in range(5):
        ask(port, site, number)
    assert until(lambda: len(ids(file)) == 5)
    process.kill()
    process.wait(PATIENCE)
    hook.mode("")
    deliver = [sys.executable, "-m", "leaktap", "deliver", "--wait", "30"]

    def delivered():
        subprocess.run(deliver, env={**os.environ, **environment}, capture_output=True, timeout=PATIENCE)
        return len(set(hook.ids())) == 5

    assert until(delivered)
    assert list(dict.fromkeys(hook.ids())) == ids(file)


def test_what_is_far_away_has_a_record_first(tmp_path, hook, monkeypatch):
    monkeypatch.setenv("LEAKTAP_SPOOL", str(tmp_path / "spool"))
    outputs = Outputs([str(tmp_path / "a.jsonl"), f"https://127.0.0.1:{hook.port}/#ca={hook.ca}"], reveal=False)
    assert [type(sink).__name__ for _, sink in outputs._sinks] == ["Spooled", "JsonLines"]
    outputs.write(finding())
    outputs.write(summary())
    outputs.close()
    assert until(lambda: len(hook.ids()) == 2)


def test_an_outage_is_a_fault_in_the_other_outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("LEAKTAP_SPOOL", str(tmp_path / "spool"))
    file = tmp_path / "a.jsonl"
    outputs = Outputs([str(file), f"syslog+tcp://127.0.0.1:{free_port()}"], reveal=False)
    outputs.write(finding(1))
    assert until(lambda: outputs._told.qsize())
    outputs.write(finding(2))
    outputs.close()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["schema"] for line in lines] == ["leaktap.finding/1", "leaktap.fault/1", "leaktap.finding/1"]
    assert lines[1]["stage"] == "sink"
    assert "Connection refused" in lines[1]["why"]
