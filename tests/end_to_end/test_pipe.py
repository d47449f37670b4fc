"""Captures that are still being written: through pipes, in files that grow, and by tcpdump between two namespaces."""

import hashlib
import io
import json
import os
import queue
import select
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
import zlib
from contextlib import contextmanager

import pytest
import zstandard

from leaktap.wire._bytes import CLIENT
from tests._waiting import PATIENCE, wait
from tests.wire._packets import SYN, enhanced, ethernet, interface, ip, pcap, section, tcp
from tests.wire._traffic import Talk

IMEI = "867530912345678"
COUNT = 20
SAID = b'{"phone":"19900000012"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(SAID) + SAID
START = 1_795_000_000_000_000


def request(number):
    body = b'{"imei":"%s","n":1%03d}' % (IMEI.encode(), number)
    head = b"POST /log HTTP/1.1\r\nHost: log.example\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def packets(count=COUNT, answered=False):
    """A connection with `count` requests, as (time, bytes)."""
    to, back = {"sport": 40000, "dport": 80}, {"sport": 80, "dport": 40000}
    made = [ip(tcp(**to, seq=99, flags=SYN))]
    asked = said = 0
    for number in range(count):
        data = request(number)
        made.append(ip(tcp(data, **to, seq=100 + asked, ack=500 + said)))
        asked += len(data)
        if answered:
            made.append(ip(tcp(ANSWER, **back, seq=500 + said, ack=100 + asked), "203.0.113.9", "10.0.0.7"))
            said += len(ANSWER)
    return [(START + number * 1000, ethernet(packet)) for number, packet in enumerate(made)]


def as_pcap(frames):
    return [pcap([])] + [pcap([frame])[24:] for frame in frames]


def as_pcapng(frames):
    return [section() + interface()] + [enhanced(time, data) for time, data in frames]


def as_gzip(pieces):
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]


def as_zstd(pieces):
    packer = zstandard.ZstdCompressor().compressobj()
    return [packer.compress(piece) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for piece in pieces]


FORMS = {
    "pcap": as_pcap,
    "pcapng": as_pcapng,
    "gzip": lambda frames: as_gzip(as_pcap(frames)),
    "zstd": lambda frames: as_zstd(as_pcapng(frames)),
}


class Scan:
    """A running `leaktap scan`, whose lines are taken in as they come."""

    def __init__(self, folder, *arguments, **how):
        device = folder / "device.yaml"
        device.write_text(f"name: lab-phone\nidentifiers:\n  imei: ['{IMEI}']\n")
        command = [sys.executable, "-m", "leaktap", "scan", *map(str, arguments), "--device", str(device)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        self.process = subprocess.Popen(command, bufsize=0, **pipes)
        self._lines = queue.Queue()
        if pipes["stdout"] == subprocess.PIPE:
            threading.Thread(target=self._take_in, daemon=True).start()

    def _take_in(self):
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def send(self, data):
        self.process.stdin.write(data)

    def line(self):
        """Returns the next line, waiting for it; nothing at the end."""
        return self._lines.get(timeout=PATIENCE)

    def record(self):
        return json.loads(self.line())

    def rest(self):
        """Returns the records up to the end."""
        return [json.loads(line) for line in iter(self.line, b"")]

    def end(self):
        """Waits for the end; returns the exit code and what was said on standard error."""
        code = self.process.wait(PATIENCE)
        said = self.process.stderr.read().decode()
        assert "Traceback" not in said
        return code, said


@contextmanager
def scan(folder, *arguments, **how):
    running = Scan(folder, *arguments, **how)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def kind(record):
    return record["schema"].removeprefix("leaktap.").removesuffix("/1")


def findings(records):
    """What findings say, except where they were read: a pipe has another name than a file."""
    return [
        {key: value for key, value in record.items() if key not in ("id", "evidence", "value_ref")}
        for record in records
        if kind(record) == "finding"
    ]


@pytest.mark.parametrize("form", FORMS)
def test_a_finding_comes_while_the_pipe_stays_open(tmp_path, form):
    """No request is ever answered, and nothing follows the packet that is waited for."""
    with scan(tmp_path, "-", "--format", "jsonl") as running:
        begin, *pieces = FORMS[form](packets())
        running.send(begin + pieces.pop(0))
        found = []
        for piece in pieces:
            running.send(piece)
            found.append(running.record())
        assert [kind(record) for record in found] == ["finding"] * COUNT
        running.process.stdin.close()
        (*_, summary) = running.rest()
        assert (kind(summary), summary["exchanges"]) == ("summary", COUNT)


@pytest.mark.parametrize("responses", [[], ["--responses"]])
@pytest.mark.parametrize("form", ["pcap", "zstd"])
def test_a_pipe_and_a_file_give_the_same(tmp_path, form, responses):
    """The pipe is cut at every packet and stays open in between, so that responses come apart from their requests."""
    begin, *pieces = FORMS[form](packets(answered=True))
    file = tmp_path / "-"
    file.write_bytes(b"".join([begin, *pieces]))
    with scan(tmp_path, file, "--format", "jsonl", *responses) as running:
        whole = running.rest()
    with scan(tmp_path, "-", "--format", "jsonl", *responses) as running:
        running.send(begin + pieces.pop(0))
        live = []
        while pieces:
            running.send(pieces.pop(0))  # a request
            live.append(running.record())
            running.send(pieces.pop(0))  # its answer
            if responses:
                live.append(running.record())
        running.process.stdin.close()
        live += running.rest()
    assert sorted(map(repr, findings(live))) == sorted(map(repr, findings(whole)))
    assert len(findings(live)) == COUNT * (1 + len(responses))
    assert {r["id"] for r in live if kind(r) == "finding"} == {r["id"] for r in whole if kind(r) == "finding"}
    (told,) = whole[-1]["files"]
    assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()  # which of a pipe nobody takes
    assert live[-1]["files"][0]["sha256"] is None
    counted = [{**each[-1], "files": [], "seconds": 0, "mb_per_s": 0} for each in (live, whole)]
    assert counted[0] == counted[1]


def test_the_table_shows_a_line_at_once(tmp_path):
    with scan(tmp_path, "-") as running:
        running.send(b"".join(as_pcap(packets(1))))
        assert running.line().startswith(b"Times are ")
        assert b"imei" in running.line().lower()
        running.process.stdin.close()
        assert any(b"1 finding" in line for line in iter(running.line, b""))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("cut", [0, 5], ids=["between records", "within a record"])
def test_a_signal_ends_with_all_that_was_read(tmp_path, number, cut):
    """Also what the connection is in the middle of is told, and a record that is cut there is no fault."""
    output = tmp_path / "records.jsonl"
    begun = packets(2)
    half = (START + 9000, ethernet(ip(tcp(request(2)[:60], seq=100 + 2 * len(request(0))))))
    with scan(tmp_path, "-", "--format", "jsonl", "-o", "-", "-o", output) as running:
        running.send(b"".join(as_pcap([*begun, half])) + pcap([half])[24 : 24 + cut])
        assert [kind(running.record()) for _ in range(2)] == ["finding"] * 2
        running.process.send_signal(number)
        rest = running.rest()
        assert running.end() == (130, "")
    assert [kind(record) for record in rest] == ["blind", "inventory", "summary"]
    assert (rest[0]["why"], rest[0]["bytes"]) == ("truncated", 60)
    assert rest[2]["exchanges"] == 2
    assert len(output.read_text().splitlines()) == 5 and all(map(json.loads, output.read_text().splitlines()))


def test_a_second_interrupt_ends_it_at_once(tmp_path):
    """The first waits until what was read is told, which here cannot be: nobody reads the output."""
    reading, writing = os.pipe()
    with scan(tmp_path, "-", "--format", "jsonl", stdout=writing) as running:
        running.send(b"".join(as_pcap(packets(1))))
        os.read(reading, 1 << 16)
        frames = packets(1000)[2:]
        threading.Thread(target=running.send, args=(b"".join(as_pcap(frames)[1:]),), daemon=True).start()
        wait(lambda: not select.select([], [writing], [], 0)[1])  # the output is full
        time.sleep(1)
        running.process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            running.process.wait(0.5)
        running.process.send_signal(signal.SIGINT)
        assert running.end() == (-signal.SIGINT, "")
    os.close(reading)
    os.close(writing)


def test_a_writer_that_dies_within_a_record_is_said(tmp_path):
    with scan(tmp_path, "-", "--format", "jsonl") as running:
        running.send(b"".join(as_pcap(packets(2)))[:-7])
        assert kind(running.record()) == "finding"
        running.process.stdin.close()
        assert [kind(record) for record in running.rest()] == ["fault", "inventory", "summary"]
        code, said = running.end()
    assert code == 3 and "ends within a record" in said


def test_a_reader_that_leaves_ends_it_quietly(tmp_path):
    reading, writing = os.pipe()
    with scan(tmp_path, "-", "--format", "jsonl", stdout=writing) as running:
        os.close(writing)
        begin, syn, first, second = as_pcap(packets(2))
        running.send(begin + syn + first)
        assert json.loads(os.read(reading, 1 << 16))
        os.close(reading)
        running.send(second)
        assert running.end() == (141, "")


# Files that grow


def as_flows(frames):
    """A mitmproxy flow for each frame but the first: only their number counts."""
    from mitmproxy.io import FlowWriter
    from mitmproxy.test import tflow

    made = [b""]
    for number in range(len(frames) - 1):
        flow, out = tflow.tflow(resp=True), io.BytesIO()
        flow.request.content = request(number).partition(b"\r\n\r\n")[2]
        flow.request.headers["content-type"] = "application/json"
        FlowWriter(out).add(flow)
        made.append(out.getvalue())
    return [b"", *made]


@pytest.mark.parametrize("make", [as_pcap, as_pcapng, as_flows], ids=["pcap", "pcapng", "flows"])
def test_a_file_is_followed(tmp_path, make):
    """Half of a record is waited for, and is no fault."""
    file = tmp_path / "growing"
    begin, syn, *pieces = make(packets(4))
    with file.open("wb", buffering=0) as out:
        out.write(begin)
        with scan(tmp_path, file, "--follow", "--format", "jsonl") as running:
            out.write(syn)
            for piece in pieces:
                out.write(piece[:9])
                time.sleep(0.3)
                out.write(piece[9:])
                assert kind(running.record()) == "finding"
            out.write(pieces[0][:9])
            time.sleep(0.5)
            running.process.send_signal(signal.SIGINT)
            assert [kind(record) for record in running.rest()] == ["inventory", "summary"]
            assert running.end() == (130, "")


def test_a_followed_file_that_is_written_anew_is_said(tmp_path):
    file = tmp_path / "growing"
    file.write_bytes(b"".join(as_pcap(packets(2))))
    with scan(tmp_path, file, "--follow", "--format", "jsonl") as running:
        assert [kind(running.record()) for _ in range(2)] == ["finding"] * 2
        file.write_bytes(pcap([]))
        assert [kind(record) for record in running.rest()] == ["fault", "inventory", "summary"]
        code, said = running.end()
    assert code == 3 and "wrote it anew" in said


def test_only_the_last_input_is_followed(tmp_path):
    first, last = tmp_path / "first.pcap", tmp_path / "last.pcap"
    for file in (first, last):
        file.write_bytes(b"".join(as_pcap(packets(1))))
    with scan(tmp_path, first, last, "--follow", "--format", "jsonl") as running:
        assert [running.record()["evidence"]["source"] for _ in range(2)] == ["first.pcap", "last.pcap"]
        running.process.send_signal(signal.SIGINT)
        assert [kind(record) for record in running.rest()] == ["inventory", "summary"]


def over_tls(talk):
    """The packets of a TLS conversation, as (time, bytes)."""
    ends = [("10.0.0.7", 40000), ("203.0.113.9", 443)]
    place = [100, 500]
    made = [ip(tcp(sport=40000, dport=443, seq=99, flags=SYN))]
    for side, data in talk.turns:
        (source, sport), (target, dport) = ends[side], ends[1 - side]
        for at in range(0, len(data), 1400):
            piece = data[at : at + 1400]
            made.append(ip(tcp(piece, sport, dport, place[side], place[1 - side]), source, target))
            place[side] += len(piece)
    return [(START + number * 1000, ethernet(packet)) for number, packet in enumerate(made)]


def test_a_key_that_comes_late_opens_what_waits(tmp_path):
    """Nothing more comes on the pipe: the key log alone has grown."""
    talk = Talk().say(CLIENT, request(1))
    keys = tmp_path / "keys.log"
    keys.touch()
    with scan(tmp_path, "-", "--format", "jsonl", "--keys", keys) as running:
        running.send(b"".join(as_pcap([*over_tls(talk), *packets(1)])))
        assert running.record()["evidence"]["decrypted"] is False
        keys.write_bytes(talk.keylog.read_bytes())
        found = running.record()
        assert (kind(found), found["evidence"]["decrypted"]) == ("finding", True)
        running.process.send_signal(signal.SIGINT)
        assert kind(running.rest()[-1]) == "summary"


# tcpdump between two namespaces

SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *arguments): pass
server = http.server.HTTPServer(("198.51.100.1", 8080), Handler)
print("ready", flush=True)
server.serve_forever()
"""
PHONE = """
import http.client, json, sys, time
for line in sys.stdin:
    time.sleep(0.05)
    print(time.time(), flush=True)
    connection = http.client.HTTPConnection("198.51.100.1", 8080)
    connection.request("POST", "/log", json.dumps({"imei": line.strip()}), {"Content-Type": "application/json"})
    connection.getresponse().read()
"""


@pytest.fixture
def namespaces():
    """Two network namespaces with a cable between them: a phone's and a server's."""
    for program in ("ip", "tcpdump"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    names = [f"leaktap-{end}-{os.getpid()}" for end in ("phone", "server")]
    addresses = ["198.51.100.2/24", "198.51.100.1/24"]
    try:
        for name in names:
            made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
            if made.returncode:
                pytest.skip(f"network namespaces need root: {made.stderr.strip()}")
        cable = ["ip", "-n", names[0], "link", "add", "wlan0", "type", "veth", "peer", "wlan0", "netns", names[1]]
        made = subprocess.run(cable, capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"no virtual cable can be made: {made.stderr.strip()}")
        for name, address in zip(names, addresses, strict=True):
            subprocess.run(["ip", "-n", name, "address", "add", address, "dev", "wlan0"], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "wlan0", "up"], check=True)
        yield [["ip", "netns", "exec", name] for name in names]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def test_tcpdump_between_two_namespaces(tmp_path, namespaces, capsys):
    """The finding comes while tcpdump runs on. The latency is printed, not judged: the machine may be busy."""
    phone, server = namespaces
    python = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    capture = ["tcpdump", "--immediate-mode", "-U", "-i", "wlan0", "-w", "-", "tcp"]
    running = []
    try:
        running.append(subprocess.Popen([*server, sys.executable, "-c", SERVER], **python))
        assert running[0].stdout.readline() == "ready\n"
        tap = subprocess.Popen([*server, *capture], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        running.append(tap)
        assert any(b"listening" in line for line in tap.stderr)
        running.append(subprocess.Popen([*phone, sys.executable, "-c", PHONE], **python))
        latencies = []
        with scan(tmp_path, "-", "--format", "jsonl", stdin=tap.stdout) as leaktap:
            for _ in range(10):
                running[-1].stdin.write(IMEI + "\n")
                sent = float(running[-1].stdout.readline())
                found = leaktap.record()
                latencies.append(time.time() - sent)
                assert (kind(found), found["identifier"]) == ("finding", "imei")
                assert (found["destination"]["ip"], found["destination"]["port"]) == ("198.51.100.1", 8080)
            assert tap.poll() is None
            tap.terminate()
            assert kind(leaktap.rest()[-1]) == "summary"
            assert leaktap.end()[0] == 0
        first, *later = (1000 * seconds for seconds in latencies)
        with capsys.disabled():
            print(f"\nfrom sending to the finding: {statistics.median(later):.0f} ms, the first {first:.0f} ms")
    finally:
        for process in running:
            process.kill()
            process.wait()
