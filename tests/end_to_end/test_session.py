"""A tester's session: leaktap live, the phone's page through the proxy, marks from everywhere, and the replay of it."""

import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests._ports import free_port
from tests._waiting import PATIENCE, wait, whole_lines

LEAKTAP = str(Path(sys.executable).with_name("leaktap"))
MITMDUMP = str(Path(sys.executable).with_name("mitmdump"))
PATIENT = str(Path(__file__).with_name("patient.py"))
IMEI = "867530912345678"
DEVICE = f"name: lab-phone\nidentifiers: {{imei: ['{IMEI}']}}\n"
CASE = """
app: {package: com.example.shop, domains: [example-shop.cn]}
devices: [device.yaml]
events:
  - {at: 2026-01-01T00:00:00Z, event: launch, clock: capture}
  - {at: 2026-01-01T00:00:01Z, event: notice, clock: capture}
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        """Says nothing."""


@pytest.fixture(scope="module")
def upstream():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def listens(port) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Session:
    """A running session in `folder`."""

    def __init__(self, folder: Path, command: list[str], *more: str) -> None:
        self.folder, self.port = folder, free_port()
        (folder / "device.yaml").write_text(DEVICE)
        (folder / "case.yaml").write_text(CASE)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
        self.environment.pop("LEAKTAP_TOKEN", None)
        options = ["--listen-host", "127.0.0.1", "-p", str(self.port), "--set", f"confdir={folder / 'conf'}", *more]
        options += ["-s", PATIENT]
        if command[0] == LEAKTAP:  # by itself it takes a port that another session may have taken until it listens
            options += ["--set", f"leaktap_listen=127.0.0.1:{free_port()}"]
        self.process = subprocess.Popen(
            [*command, *options],
            cwd=folder,
            env=self.environment,
            stdout=(folder / "out").open("wb"),
            stderr=(folder / "err").open("wb"),
        )
        try:
            wait(lambda: listens(self.port) or self.process.poll() is not None)
            assert self.process.poll() is None, self.said()
            wait(lambda: list((folder / "leaktap").glob("*.json")))
            self.token = re.search(r"http://leak\.tap/\?k=([\w-]+)", wait(self._announced))[1]
        except BaseException:
            self.process.kill()
            raise

    def _announced(self):
        return self.said() if "leak.tap/?k=" in self.said() else ""

    def said(self) -> str:
        return (self.folder / "out").read_text() + (self.folder / "err").read_text()

    def ask(self, url: str, data: dict | None = None) -> tuple[int, str]:
        """Sends a request through the proxy, as the phone does, and follows no redirect."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        body = urllib.parse.urlencode(data).encode() if data else None
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if data else {}
        connection.request("POST" if data else "GET", url, body, headers)
        reply = connection.getresponse()
        answer = reply.status, reply.read().decode()
        connection.close()
        return answer

    def findings(self, name="alerts.jsonl") -> list[dict]:
        return [line for line in whole_lines(self.folder / name) if line["schema"] == "leaktap.finding/1"]

    def mark(self, *words: str) -> subprocess.CompletedProcess:
        command = [LEAKTAP, "mark", *words]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment, timeout=PATIENCE)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            assert self.process.wait(PATIENCE) == 0, self.said()


@contextmanager
def session(folder: Path, command: list[str], *more: str):
    made = Session(folder, command, *more)
    try:
        yield made
    finally:
        made.stop()


def live(*options: str) -> list[str]:
    return [LEAKTAP, "live", "--ui", "dump", "--case", "case.yaml", "-o", "alerts.jsonl", *options, "--"]


def essence(found: dict) -> tuple:
    target = found["destination"]["url"].partition("?")[2]
    clauses = tuple(sorted(clause["id"] for clause in found["clauses"]))
    return found["identifier"], found["path"], target, found["phase"], found["background"], found["severity"], clauses


def test_a_session_with_marks_from_everywhere_and_its_replay(tmp_path, upstream):
    leak = f"http://127.0.0.1:{upstream}/log?imei={IMEI}"
    with session(tmp_path, live("--events-out", "session.csv"), "--set", "save_stream_file=flows.mitm") as made:
        assert "█" in made.said() and "before consent" in made.said()
        state = f"http://leak.tap/state?k={made.token}"

        assert made.ask(f"{leak}&n=1")[0] == 200
        wait(lambda: len(made.findings()) == 1)
        assert made.ask("http://leak.tap/")[0] == 403
        assert made.ask("http://leak.tap/mark", {"event": "consent"})[0] == 403
        wait(lambda: "imei" in made.ask(f"http://leak.tap/?k={made.token}")[1])
        status, page = made.ask(f"http://leak.tap/?k={made.token}")
        assert status == 200 and "before consent" in page and IMEI not in page

        assert made.ask("http://leak.tap/mark", {"event": "consent", "k": made.token})[0] == 303
        assert json.loads(made.ask(state)[1])["phase"] == "consented"
        assert made.ask(f"{leak}&n=2")[0] == 200

        done = made.mark("background")
        assert (done.returncode, done.stdout) == (0, "consented, in the background\n"), done.stderr
        assert made.ask(f"{leak}&n=3")[0] == 200

        (file,) = (tmp_path / "leaktap").glob("*.json")
        said = json.loads(file.read_text())
        body = json.dumps({"event": "withdraw"}).encode()
        headers = {"Authorization": f"Bearer {said['token']}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{said['url']}/mark", body, headers)) as reply:
            assert json.load(reply) == {"phase": "withdrawn", "background": True}
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{said['url']}/state")
        assert made.ask(f"{leak}&n=4")[0] == 200

        done = made.mark("agree")
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "no event" in done.stderr
        wait(lambda: len(made.findings()) == 4)
    assert not list((tmp_path / "leaktap").glob("*.json")), "a session that is over is not announced"
    done = made.mark("consent")
    assert done.returncode == 2 and "no live session" in done.stderr

    phases = [(found["phase"], found["background"]) for found in made.findings()]
    assert phases == [("before_consent", False), ("consented", False), ("consented", True), ("withdrawn", True)]
    summary = json.loads((tmp_path / "alerts.jsonl").read_text().splitlines()[-1])
    assert summary["schema"] == "leaktap.summary/1" and summary["exchanges"] == 4, "the page is no traffic of the phone"

    replay = [LEAKTAP, "scan", "flows.mitm", "--case", "case.yaml", "--events", "session.csv", "-o", "replay.jsonl"]
    done = subprocess.run(replay, cwd=tmp_path, env=made.environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert list(map(essence, made.findings("replay.jsonl"))) == list(map(essence, made.findings()))
    replayed = json.loads((tmp_path / "replay.jsonl").read_text().splitlines()[-1])
    assert replayed["exchanges"] == 4 and replayed["session_clauses"] == summary["session_clauses"]


def test_marks_are_kept_beside_the_case_unless_told_otherwise(tmp_path, upstream):
    with session(tmp_path, live()) as made:
        assert not list(tmp_path.glob("*.events.csv"))
        assert made.mark("consent", "--at", "2026-01-01T00:00:02Z").returncode == 0
        (kept,) = tmp_path.glob("case-*.events.csv")
    assert kept.read_text().splitlines()[1] == "2026-01-01T00:00:02.000000Z,consent,,,capture"


def test_two_sessions_at_once_do_not_mix(tmp_path, upstream):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with session(folders[0], live()) as one, session(folders[1], live()) as two:
        assert one.token != two.token
        assert one.ask("http://leak.tap/mark", {"event": "consent", "k": two.token})[0] == 403
        shared = {**one.environment, "XDG_RUNTIME_DIR": str(tmp_path)}
        (tmp_path / "leaktap").mkdir(mode=0o700)
        for folder in folders:
            for file in (folder / "leaktap").glob("*.json"):
                shutil.copy(file, tmp_path / "leaktap" / f"{folder.name}.json")
        command = [LEAKTAP, "mark", "consent"]
        done = subprocess.run(command, capture_output=True, text=True, env=shared, timeout=PATIENCE)
        assert done.returncode == 2 and "--session" in done.stderr
        command = [LEAKTAP, "mark", "consent", "--session", str(two.process.pid)]
        done = subprocess.run(command, capture_output=True, text=True, env=shared, timeout=PATIENCE)
        assert (done.returncode, done.stdout) == (0, "consented\n")
        phases = [json.loads(each.ask(f"http://leak.tap/state?k={each.token}")[1])["phase"] for each in (one, two)]
        assert phases == ["before_consent", "consented"]


def test_a_reload_of_the_script_loses_nothing_beside_other_addons(tmp_path, upstream):
    other = tmp_path / "other.py"
    other.write_text("def response(flow):\n    flow.response.headers['x-other'] = 'there'\n")
    script = subprocess.run([LEAKTAP, "addon-path"], capture_output=True, text=True, check=True).stdout.strip()
    copy = tmp_path / "script.py"
    shutil.copy(script, copy)
    command = [MITMDUMP, "-s", str(other), "-s", str(copy)]
    options = ["leaktap_case=case.yaml", "leaktap_output=alerts.jsonl"]
    leak = f"http://127.0.0.1:{upstream}/log?imei={IMEI}"
    with session(tmp_path, command, *(part for option in options for part in ("--set", option))) as made:
        assert made.ask(f"{leak}&n=1")[0] == 200
        assert made.mark("consent").returncode == 0
        loads = made.said().count("Loading script")
        os.utime(copy, (time.time() + 5, time.time() + 5))
        wait(lambda: made.said().count("Loading script") > loads)
        wait(lambda: list((tmp_path / "leaktap").glob("*.json")))
        assert json.loads(made.ask(f"http://leak.tap/state?k={made.token}")[1])["phase"] == "consented"
        assert made.ask(f"{leak}&n=2")[0] == 200
        wait(lambda: len(made.findings()) == 2)
    assert [found["phase"] for found in made.findings()] == ["before_consent", "consented"]
    assert "Traceback" not in made.said() and "rror" not in made.said(), made.said()


def test_a_proxy_that_is_killed_leaves_its_findings_and_a_summary(tmp_path, upstream):
    with session(tmp_path, live()) as made:
        for n in range(20):
            assert made.ask(f"http://127.0.0.1:{upstream}/log?imei={IMEI}&n={n}")[0] == 200
        wait(lambda: len(made.findings()) == 20)  # what is still gathered in the proxy would die with it
        made.process.kill()
        made.process.wait()
        wait(lambda: '"leaktap.summary/1"' in (tmp_path / "alerts.jsonl").read_text())
    assert len(made.findings()) == 20


class Push(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(1000):
            self.request.sendall(b"welcome to the push service\n")


def test_a_push_service_without_http(tmp_path):
    """Plain TCP in mitmproxy's reverse mode: each turn is inspected as it comes, while the connection stays open."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Push) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mode = f"reverse:tcp://127.0.0.1:{server.server_address[1]}"
        with (
            session(tmp_path, live(), "--mode", mode) as made,
            socket.create_connection(("127.0.0.1", made.port), timeout=PATIENCE) as phone,
        ):
            phone.sendall(f"LOGIN imei={IMEI} app=com.example.shop\n".encode())
            assert phone.recv(100).startswith(b"welcome")
            wait(made.findings)
            assert made.mark("consent").returncode == 0
            phone.sendall(f"PING imei={IMEI} once more and again\n".encode())
            assert phone.recv(100).startswith(b"welcome")
            wait(lambda: len(made.findings()) == 2)
        server.shutdown()
    assert [(found["identifier"], found["phase"]) for found in made.findings()] == [
        ("imei", "before_consent"),
        ("imei", "consented"),
    ]
    assert {found["destination"]["ip"] for found in made.findings()} == {"127.0.0.1"}


def test_a_socks_proxy(tmp_path, upstream):
    with (
        session(tmp_path, live(), "--mode", "socks5") as made,
        socket.create_connection(("127.0.0.1", made.port), timeout=PATIENCE) as phone,
    ):
        phone.sendall(b"\x05\x01\x00")
        assert phone.recv(2) == b"\x05\x00"
        phone.sendall(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + upstream.to_bytes(2))
        assert phone.recv(10)[:2] == b"\x05\x00"
        phone.sendall(f"GET /?imei={IMEI} HTTP/1.1\r\nHost: api.example-shop.cn\r\nConnection: close\r\n\r\n".encode())
        assert b"200" in phone.recv(1000)
        wait(made.findings)
    (found,) = made.findings()
    assert (found["owner"]["party"], found["destination"]["host"]) == ("first", "api.example-shop.cn")


def test_sigterm_writes_the_summary(tmp_path, upstream):
    with session(tmp_path, live()) as made:
        for n in range(50):
            assert made.ask(f"http://127.0.0.1:{upstream}/log?imei={IMEI}&n={n}")[0] == 200
        made.process.terminate()
        assert made.process.wait(PATIENCE) == 0
    assert len(made.findings()) == 50
    assert json.loads((tmp_path / "alerts.jsonl").read_text().splitlines()[-1])["schema"] == "leaktap.summary/1"
