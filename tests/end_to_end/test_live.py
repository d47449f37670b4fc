"""A real mitmdump with leaktap in it, a real TLS server, a real client, and the same traffic once more from packets."""

import gzip
import hashlib
import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from leaktap.config import Event, case_key, load_case, load_devices, to_time
from leaktap.consent import Timeline
from leaktap.model import Exchange, Fault, Finding
from leaktap.pipeline import Pipeline
from leaktap.sinks._record import record
from leaktap.sources import Reading, read
from tests._ports import free_port
from tests._waiting import PATIENCE, wait

LEAKTAP = str(Path(sys.executable).with_name("leaktap"))
IMEI, ANDROID_ID = "867530912345678", "6c1f0be47a93d825"
HOSTS = ("alog.umeng.com", "api.example-shop.cn")
DEVICE = f"name: lab-phone\nidentifiers:\n  imei: ['{IMEI}']\n  android_id: ['{ANDROID_ID}']\n"
CASE = """
app: {package: com.example.shop, name: Example Shop, developer: Example Ltd, domains: [example-shop.cn]}
devices: [device.yaml]
events:
  - {at: 2026-01-01T00:00:00Z, event: launch}
  - {at: 2026-01-01T00:00:01Z, event: notice}
"""


def certificates(folder: Path) -> tuple[Path, Path]:
    """Makes a CA and a server's certificate for HOSTS; returns the CA's file and the server's."""

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def builder(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        today = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("test CA"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - timedelta(days=1))
            .not_valid_after(today + timedelta(days=2))
        )

    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = builder("test CA", ca_key).add_extension(constraints, True).add_extension(usage, True)
    ca = ca.add_extension(authority, False).sign(ca_key, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority)
    own = builder("test server", key).add_extension(names, False).add_extension(issuer, False)
    own = own.sign(ca_key, hashes.SHA256())
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "server.pem").write_bytes(secret + own.public_bytes(serialization.Encoding.PEM))
    return folder / "ca.pem", folder / "server.pem"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers everything with a little JSON."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b'{"ok":true}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *arguments):
        """Says nothing."""


@contextmanager
def upstream(certificate: Path):
    """Runs the server and yields its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Proxy:
    """A running mitmdump. `log` is what it said."""

    def __init__(self, folder: Path, ca: Path, upstream_port: int) -> None:
        self.folder, self.port = folder, free_port()
        self.orders = folder / "order"
        script = subprocess.run([LEAKTAP, "addon-path"], capture_output=True, text=True, check=True).stdout.strip()
        settings = {
            "confdir": folder / "conf",
            "leaktap_case": folder / "case.yaml",
            "leaktap_output": folder / "live.jsonl",
            "save_stream_file": folder / "saved.mitm",
            "ssl_verify_upstream_trusted_ca": ca,
            "connection_strategy": "lazy",
        }
        self.log = folder / "log"
        environment = {
            **os.environ,
            "SSLKEYLOGFILE": str(folder / "keys.txt"),
            "UPSTREAM_PORT": str(upstream_port),
            "ORDERS": str(self.orders),
        }
        arguments = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        self.process = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("mitmdump")),
                *("--listen-host", "127.0.0.1", "--listen-port", str(self.port)),
                *("-s", script, "-s", str(Path(__file__).with_name("marker.py"))),
                *("-s", str(Path(__file__).with_name("patient.py"))),
                *arguments,
            ],
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            env=environment,
        )
        wait(lambda: self.listening() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def order(self, command: str) -> str:
        """Runs a mitmproxy command inside and returns what it answered."""
        done, draft = self.orders.with_suffix(".done"), self.orders.with_suffix(".draft")
        draft.write_text(command)
        draft.rename(self.orders)
        wait(done.exists)
        answer = done.read_text()
        done.unlink()
        return answer

    def send(self, host: str, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        """Sends one request as an app would: CONNECT, TLS with the proxy's CA, HTTP."""
        trusted = ssl.create_default_context(cafile=str(self.folder / "conf/mitmproxy-ca-cert.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=trusted, timeout=PATIENCE)
        connection.set_tunnel(host, 443)
        connection.request(method, path, body or None, {k.replace("_", "-"): v for k, v in headers.items()})
        assert connection.getresponse().read() == b'{"ok":true}'
        connection.close()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE) == 0, self.log.read_text()


def has_last(capture: Path, port: int) -> bool:
    """Tells whether a capture has all that was sent until now: a connection that is made and ended, its port says."""
    with socket.create_connection(("127.0.0.1", port)) as last:
        ports = struct.pack(">HH", last.getsockname()[1], port)
    time.sleep(0.05)
    return ports in capture.read_bytes()


def leak(proxy: Proxy, when: str) -> None:
    """Sends the phone's values in three disguises to an SDK and to the app's own server."""
    hashed = hashlib.md5(IMEI.encode()).hexdigest()
    packed = gzip.compress(json.dumps({"when": when, "device": {"imei_md5": hashed}}).encode(), mtime=0)
    proxy.send(
        HOSTS[0], "POST", f"/app_logs?when={when}", packed, content_encoding="gzip", content_type="application/json"
    )
    proxy.send(HOSTS[1], "GET", f"/home?when={when}&android_id={ANDROID_ID}")
    proxy.send(HOSTS[1], "GET", "/picture.png", b"")


def same(found: dict) -> str:
    """What a finding says, without where and when it was found."""
    names = ("identifier", "form", "path", "direction", "value", "value_ref", "owner", "phase", "basis", "app", "count")
    said = {name: found[name] for name in names}
    said["to"] = [found["destination"][name] for name in ("scheme", "host", "method")]
    said["target"] = found["destination"]["url"].partition(found["destination"]["host"])[2].partition("/")[2]
    said["clauses"] = sorted(clause["id"] for clause in found["clauses"])
    return json.dumps(said, sort_keys=True)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """One session: a leak, the consent, the leak again. Yields what is left of it."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "case.yaml").write_text(CASE)
    (folder / "device.yaml").write_text(DEVICE)
    ca, certificate = certificates(folder)
    capture = None
    with upstream(certificate) as port:
        proxy = Proxy(folder, ca, port)
        try:
            if os.geteuid() == 0 and shutil.which("tcpdump"):
                arguments = ["-i", "lo", "-U", "-s", "0", "--immediate-mode", "-w", str(folder / "up.pcap")]
                capture = subprocess.Popen(
                    ["tcpdump", *arguments, "tcp", "port", str(port)], stderr=subprocess.PIPE, text=True
                )
                if not any("listening" in line for line in iter(capture.stderr.readline, "")):
                    capture = None
            leak(proxy, "early")
            marked = to_time(datetime.now(UTC))
            phases = [proxy.order("leaktap.phase"), proxy.order("leaktap.mark consent"), proxy.order("leaktap.phase")]
            leak(proxy, "late")
            wait(lambda: proxy.order("marker.noted") == "4")
            proxy.order(f"marker.save {folder / 'noted.mitm'}")
        finally:
            proxy.stop()
            if capture:
                wait(lambda: has_last(folder / "up.pcap", port))
                capture.terminate()
                capture.communicate()
    lines = [json.loads(line) for line in (folder / "live.jsonl").read_text().splitlines()]
    yield folder, lines, marked, phases, capture is not None


def findings(lines: list[dict]) -> list[dict]:
    return [line for line in lines if line["schema"] == "leaktap.finding/1"]


def test_findings_have_the_phase_of_their_moment(session):
    _, lines, _, phases, _ = session
    assert phases == ["before consent", "None", "after consent"]
    found = {(f["identifier"], "early" in f["destination"]["url"]): f["phase"] for f in findings(lines)}
    assert found == {
        ("imei", True): "before_consent",
        ("android_id", True): "before_consent",
        ("imei", False): "consented",
        ("android_id", False): "consented",
    }
    assert {f["owner"]["party"] for f in findings(lines)} == {"third", "first"}
    (summary,) = [line for line in lines if line["schema"] == "leaktap.summary/1"]
    assert summary["exchanges"] == 6
    assert [line for line in lines if line["schema"] == "leaktap.fault/1"] == []


def test_flows_carry_the_comment_and_the_marker(session):
    folder, *_ = session
    from mitmproxy import flowfilter
    from mitmproxy.io import FlowReader

    with (folder / "noted.mitm").open("rb") as stream:
        flows = list(FlowReader(stream).stream())
    assert [bool(flow.comment) for flow in flows] == [True, True, False] * 2
    assert flows[0].comment.startswith("leaktap found imei (") and "before consent" in flows[0].comment
    assert "after consent" in flows[3].comment
    assert [flow for flow in flows if flowfilter.match("~comment leaktap", flow)] == [f for f in flows if f.marked]
    assert all(flow.marked.endswith("_circle:") for flow in flows if flow.comment)


def test_nothing_went_wrong_inside(session):
    log = (session[0] / "log").read_text()
    assert "Traceback" not in log and "rror" not in log, log


def offline(folder: Path, file: Path, marked: int, **reading) -> list[dict]:
    case = load_case(folder / "case.yaml")
    timeline = Timeline([*case.events, Event(at=marked, event="consent")])
    pipeline = Pipeline(case, load_devices(case.devices), timeline, key=case_key(case))
    records = list(pipeline.run(read(str(file), Reading(**reading))))
    assert not [item for item in records if isinstance(item, Fault)]
    return [record(item, False) for item in records if isinstance(item, Finding)]


def test_the_saved_flows_say_the_same(session):
    folder, lines, marked, *_ = session
    found = offline(folder, folder / "saved.mitm", marked)
    assert sorted(map(same, found)) == sorted(map(same, findings(lines)))
    assert {f["evidence"]["flow"] for f in found} == {f["evidence"]["flow"] for f in findings(lines)}


def test_the_packets_say_the_same(session):
    folder, lines, marked, _, captured = session
    if not captured:
        pytest.skip("capturing on lo needs root and tcpdump")
    seen = [
        item for item in read(str(folder / "up.pcap"), Reading((folder / "keys.txt",))) if isinstance(item, Exchange)
    ]
    assert len(seen) == 6 and all(item.origin.decrypted for item in seen)
    found = offline(folder, folder / "up.pcap", marked, keys=(folder / "keys.txt",))
    assert sorted(map(same, found)) == sorted(map(same, findings(lines)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--case", "none.yaml"], "none.yaml: there is no such file"),
        (["--device", "wrong.yaml"], "wrong.yaml:1: identifiers.imeii"),
        (["--consent", "noon"], "noon"),
        (["-o", "out.nonsense"], "out.nonsense"),
        (["--ui", "console", "-o", "-"], "needs the terminal"),
        (["--ui", "cosole"], "cosole"),
    ],
)
def test_leaktap_live_says_what_is_wrong_before_it_starts(tmp_path, arguments, words):
    (tmp_path / "wrong.yaml").write_text("identifiers: {imeii: 1}\n")
    done = subprocess.run([LEAKTAP, "live", *arguments], capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and words in done.stderr


def test_leaktap_live_becomes_mitmproxy(tmp_path):
    (tmp_path / "device.yaml").write_text(DEVICE)
    port = free_port()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [LEAKTAP, "live", "--ui", "dump", "--before-consent", "--device", "device.yaml", "-o", "out.jsonl"]
        options = ["--listen-host", "127.0.0.1", "-p", str(port), "--set", f"confdir={tmp_path}", "-q"]
        options += [
            "-s",
            str(Path(__file__).with_name("patient.py")),
            "--set",
            f"leaktap_listen=127.0.0.1:{free_port()}",
        ]
        process = subprocess.Popen(
            [*command, "--", *options], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

        def answered() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0 or process.poll() is not None

        wait(answered)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", f"http://127.0.0.1:{server.server_address[1]}/?imei={IMEI}")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        server.shutdown()
    assert (process.returncode, out, err) == (0, b"", b"")
    found, *_, summary = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert (found["identifier"], found["phase"], found["form"]) == ("imei", "before_consent", [])
    assert summary["exchanges"] == 1


def test_a_wrong_option_ends_mitmdump_with_one_line(tmp_path):
    script = subprocess.run([LEAKTAP, "addon-path"], capture_output=True, text=True, check=True).stdout.strip()
    command = [str(Path(sys.executable).with_name("mitmdump")), "-s", script, "-p", str(free_port())]
    options = ["--set", "leaktap_case=none.yaml", "--set", f"confdir={tmp_path}"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE)
    assert done.returncode == 1
    assert "none.yaml: there is no such file" in done.stdout and "Traceback" not in done.stdout + done.stderr
