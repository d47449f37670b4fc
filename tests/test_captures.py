"""The golden cases: what must be found in each capture is found, and nothing else; the packets made are real ones."""

import dataclasses
import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from captures.make import har, wire
from captures.make.__main__ import makers
from captures.make.cases import shop
from captures.make.messages import Call, Host, Reply, Session
from captures.make.packets import Conversation, End, Trouble, in_order
from captures.make.tls import CLIENT, SERVER, Link
from leaktap.config import load_case, load_devices
from leaktap.consent import Timeline
from leaktap.model import Blind, Fault, Finding, Summary
from leaktap.pipeline import Pipeline
from leaktap.sources import Reading, read

CAPTURES = Path(__file__).parents[1] / "captures"
CASES = sorted(file.parent.name for file in CAPTURES.glob("*/case.yaml"))
FILES = sorted((case, file.name) for case in CASES for file in (CAPTURES / case).glob("capture.*"))
tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")


def device_of(case):
    (device,) = load_devices([CAPTURES / case / "device.yaml"])
    return device


def scan(case, file):
    about = load_case(CAPTURES / case / "case.yaml")
    pipeline = Pipeline(about, load_devices(about.devices), Timeline(about.events))
    return list(pipeline.run(read(str(file), Reading())))


def stable(record):
    """What of a record is the same whoever captured it, as one line of expected.jsonl."""
    if isinstance(record, Blind):
        return {"blind": record.why, "host": record.host, "port": record.port}
    owner = record.owner
    return {
        "identifier": record.match.identifier,
        "form": list(record.match.form),
        "basis": record.match.basis,
        "direction": record.direction,
        "path": record.match.leaf.path,
        "host": record.exchange.host,
        "owner": {"party": owner.party, "sdk": owner.sdk, "company": owner.company},
        "phase": record.phase.name,
        "background": record.phase.background,
        "device": record.device.name,
        "app": record.app.package if record.app else "",
        "clauses": sorted(hit.id for hit in record.clauses),
    }


def lines(records):
    return Counter(json.dumps(record, ensure_ascii=False, sort_keys=True) for record in records)


def found(records):
    return lines(stable(record) for record in records if isinstance(record, Finding | Blind))


def expected(case):
    text = (CAPTURES / case / "expected.jsonl").read_text(encoding="utf-8")
    return lines(json.loads(line) for line in text.splitlines())


def differences(got, wanted):
    return {"missing": sorted((wanted - got).elements()), "in error": sorted((got - wanted).elements())}


NONE = {"missing": [], "in error": []}


def test_every_case_is_whole():
    assert sorted(makers()) == CASES
    for case in CASES:
        present = {file.name for file in (CAPTURES / case).iterdir()}
        assert {"ABOUT.md", "case.yaml", "device.yaml", "expected.jsonl"} <= present, case
        assert all(file.stat().st_size < 200_000 for file in (CAPTURES / case).iterdir()), case


@pytest.mark.parametrize(("case", "file"), FILES)
def test_a_case_gives_what_is_expected_and_nothing_else(case, file):
    records = scan(case, CAPTURES / case / file)
    assert differences(found(records), expected(case)) == NONE
    assert [record for record in records if isinstance(record, Fault)] == []


@pytest.mark.parametrize("case", ["shop", "shop-clean"])
def test_twins_say_the_same_at_the_same_moments(case):
    scans = [scan(case, CAPTURES / case / f"capture.{kind}") for kind in ("pcapng", "har", "flows")]
    moments = [
        sorted(
            (record.time, record.value_ref, record.url, record.severity)
            for record in records
            if isinstance(record, Finding)
        )
        for records in scans
    ]
    assert moments[0] == moments[1] == moments[2]


def test_nothing_to_look_into_is_not_nothing_to_find():
    summary = scan("no-keys", CAPTURES / "no-keys" / "capture.pcap")[-1]
    assert isinstance(summary, Summary)
    assert (summary.inspected_share, summary.blind) == (0.0, {"no_key": 6})


@pytest.mark.parametrize("case", CASES)
def test_a_case_made_again_gives_the_same(case, tmp_path):
    makers()[case].make(tmp_path, device_of(case))
    made = sorted(tmp_path.iterdir())
    assert [file.name for file in made] == [name for folder, name in FILES if folder == case]
    for file in made:
        assert differences(found(scan(case, file)), expected(case)) == NONE, file.name


def test_unknown_case_is_refused(capsys):
    from captures.make.__main__ import main

    assert main(["shoop"]) == 2
    assert "shoop" in capsys.readouterr().err


# The maker itself.


def fields(capture, *names, options=(), where=""):
    command = ["tshark", "-r", capture, "-T", "fields", "-o", "tcp.reassemble_out_of_order:TRUE", *options]
    command += [word for name in names for word in ("-e", name)] + (["-Y", where] if where else [])
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in output.splitlines()]


def written(body):
    """Writes a body as this tshark does: as text up to version 4.0, in hex since."""
    version = re.search(r"(\d+)\.(\d+)", subprocess.run(["tshark", "-v"], capture_output=True, text=True).stdout)
    return body.decode() if (int(version[1]), int(version[2])) < (4, 2) else body.hex()


@tshark
def test_tshark_decrypts_what_was_described(tmp_path):
    session = shop.session(device_of("shop"))
    wire.write(session, tmp_path / "made.pcapng")
    seen = fields(
        tmp_path / "made.pcapng",
        *("frame.time_epoch", "http.request.method", "http.host", "http.request.uri", "http.file_data"),
        where="http.request",
    )
    described = [
        [f"{session.time(call.at) / 1e6:.6f}000", call.method, call.host, call.target, written(call.body)]
        for call in sorted(session.calls, key=lambda call: call.at)
    ]
    assert seen == described


@tshark
@pytest.mark.parametrize("ip", ["192.0.2.7", "2001:db8::7"])
def test_tshark_finds_no_fault_in_headers(tmp_path, ip):
    call = Call(1.0, "POST", "a.example", "/", body=bytes(range(256)) * 31, reply=Reply(body=b"x" * 9001))
    wire.write(Session({"a.example": Host(ip, "")}, (call,)), tmp_path / "made.pcap")
    checks = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
    rows = fields(tmp_path / "made.pcap", "tcp.checksum.status", "ip.checksum.status", "_ws.malformed", options=checks)
    assert len(rows) > 12
    assert {row[0] for row in rows} == {"1"}
    assert {row[1] for row in rows} == ({""} if ":" in ip else {"1"})
    bad = fields(tmp_path / "made.pcap", "frame.number", options=checks, where="tcp.analysis.flags || _ws.malformed")
    assert bad == []


@tshark
def test_trouble_is_seen_by_tshark_and_does_no_harm(tmp_path):
    calls = tuple(Call(i * 1.0, "POST", "a.example", f"/{i}", body=b"%04d" % i * 5000) for i in range(6))
    session = Session({"a.example": Host("192.0.2.7", "1.3")}, calls)
    wire.write(session, tmp_path / "made.pcapng", trouble=Trouble(again=0.1, overtaken=0.2))
    for flag in ("tcp.analysis.out_of_order", "tcp.analysis.retransmission || tcp.analysis.spurious_retransmission"):
        assert fields(tmp_path / "made.pcapng", "frame.number", where=flag) != []
    seen = fields(tmp_path / "made.pcapng", "http.request.uri", "http.file_data", where="http.request")
    assert seen == [[call.target, written(call.body)] for call in calls]


def test_what_was_not_captured_is_not_there():
    def sent(trouble):
        talk = Conversation(
            End("02:00:00:00:00:0a", "192.0.2.1", 4000), End("02:00:00:00:00:0b", "192.0.2.2", 80), 1, trouble
        )
        talk.send(talk.open(0), CLIENT, b"x" * 140_000)
        return sum(len(packet.data) > 1000 for packet in talk.packets)

    assert sent(Trouble()) == 100
    assert 30 < sent(Trouble(unseen=0.5)) < 70


def test_packets_of_all_conversations_come_by_time():
    talks = []
    for start in (0, 10_000, 20_000):
        talk = Conversation(
            End("02:00:00:00:00:0a", "192.0.2.1", 4000), End("02:00:00:00:00:0b", "192.0.2.2", 80), start
        )
        talk.close(talk.send(talk.open(start), SERVER, b"y" * 5000))
        talks.append(talk)
    merged = list(in_order(talks))
    assert [packet.time for packet in merged] == sorted(packet.time for packet in merged)
    assert sorted(merged) == sorted(packet for talk in talks for packet in talk.packets)


@pytest.mark.parametrize(
    ("version", "suite"),
    [
        ("1.3", ""),
        ("1.3", "TLS_AES_128_GCM_SHA256"),
        ("1.3", "TLS_CHACHA20_POLY1305_SHA256"),
        ("1.2", "ECDHE-ECDSA-AES128-SHA"),
        ("1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ],
)
def test_tls_is_the_one_that_was_asked_for(version, suite):
    link = Link("a.example", version, suite)
    flights = link.handshake()
    assert [side for side, _ in flights][:3] == [CLIENT, SERVER, CLIENT]
    assert link.ends[CLIENT].get_protocol_version_name() == f"TLSv{version}"
    assert not suite or link.ends[CLIENT].get_cipher_name() == suite
    labels = {line.split()[0] for line in link.keylog}
    assert (b"CLIENT_RANDOM" in labels) == (version == "1.2")
    assert (b"CLIENT_TRAFFIC_SECRET_0" in labels) == (version == "1.3")
    records = link.send(CLIENT, b"secret" * 10_000)
    assert len(records) > 60_000
    assert b"secretsecret" not in records


def test_har_keeps_bytes_that_are_no_text(tmp_path):
    call = Call(0.0, "POST", "a.example", "/", body=b"\xff\x00\xfe", reply=Reply(body=b"plain"))
    har.write(Session({"a.example": Host("192.0.2.7")}, (call,)), tmp_path / "made.har")
    (entry,) = json.loads((tmp_path / "made.har").read_text())["log"]["entries"]
    assert entry["request"]["postData"] == {"mimeType": "", "text": "/wD+", "encoding": "base64"}
    assert entry["response"]["content"]["text"] == "plain"
    assert entry["startedDateTime"] == "2026-11-21T10:00:00.000000Z"


def test_a_pause_makes_a_new_connection():
    calls = tuple(Call(at, "GET", "a.example", "/") for at in (0.0, 5.0, 60.0))
    session = Session({"a.example": Host("192.0.2.7", "")}, calls)
    assert len(wire.converse(session)[0]) == 2
    assert len(wire.converse(dataclasses.replace(session, calls=calls[:2]))[0]) == 1
