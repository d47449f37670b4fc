import json
import shutil
import struct
import subprocess
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.model import ClauseHit, Owner, Phase
from leaktap.sinks._record import frame_filter, record, rfc3339
from tests.sinks.samples import IMEI, MAC, blind, fault, finding, summary


def test_a_finding_has_the_published_fields():
    assert record(finding(url=f"https://log.umeng.example/v1/up?imei={IMEI}"), reveal=False) == {
        "schema": "leaktap.finding/1",
        "id": "f0001",
        "time": "2026-11-21T10:00:03.250001Z",
        "identifier": "imei",
        "category": "device_id",
        "value": "86***********72",
        "value_ref": "v_5f2c",
        "count": 1,
        "form": [],
        "basis": "known",
        "confidence": 0.99,
        "why": "",
        "path": "request.body|json.$.imei",
        "direction": "request",
        "destination": {
            "scheme": "https",
            "host": "log.umeng.example",
            "ip": "203.0.113.7",
            "port": 443,
            "method": "POST",
            "url": "https://log.umeng.example/v1/up?imei=86***********72",
        },
        "device": {"name": "lab-phone-3", "mac": "a4*************56", "ip": "192.168.1.5"},
        "app": {"package": "com.example.shop", "name": "Example Shop", "basis": "case"},
        "owner": {
            "party": "third",
            "sdk": "Umeng Analytics",
            "company": "Umeng",
            "purpose": "analytics",
            "basis": "host suffix umeng.example",
            "kind": "",
            "group": "",
            "carrier": "",
            "confidence": 1.0,
        },
        "phase": "before_consent",
        "background": False,
        "seconds_to_consent": 15.75,
        "clauses": [
            {
                "id": "CAC-191-2019/3.1",
                "title": "Collecting before the user consents",
                "severity": "high",
                "evidence": "direct",
            },
            {
                "id": "MIIT-337-2019/1-2",
                "title": "Collecting before the user agrees",
                "severity": "medium",
                "evidence": "direct",
            },
        ],
        "severity": "high",
        "evidence": {
            "source": "capture.pcapng",
            "frames": [12, 14, 15, 16, 17],
            "stream": 3,
            "exchange": "x1",
            "flow": None,
            "decrypted": True,
            "frame_filter": "tcp.stream eq 3 && frame.number in {12, 14..17}",
        },
    }


def test_what_is_not_known_is_null():
    item = finding(app=False, phase=Phase("unknown"), transport="", stream=None, frames=(), flow="0")
    fields = record(item, reveal=False)
    assert (fields["app"], fields["seconds_to_consent"]) == (None, None)
    assert (fields["evidence"]["frame_filter"], fields["evidence"]["flow"]) == (None, "0")


def test_a_clause_about_counts_carries_its_proof():
    clause = ClauseHit("CAC-191-2019/4.4", "Too often", "medium", "direct", ("x1", "x2"))
    assert record(finding(clauses=(clause,)), False)["clauses"][0]["proof"] == ["x1", "x2"]


HIDING_PLACES = {
    "path": finding(path=f"request.body|json.$.{IMEI}.seen"),
    "url": finding(target=f"/up/{IMEI}?x={IMEI}"),
    "encoded url": finding(target="/up?x=%2538%2536%2537%2535%2533%2530912345672"),
    "host": finding(host=f"{IMEI}.track.example"),
    "the device's own address": finding(value=MAC, identifier="mac_wifi"),
    "the device's own ip": finding(value="192.168.1.5", identifier="ip_local"),
    "the leaf": finding(value=IMEI, raw=b"imei=867530912345672"),
}


@pytest.mark.parametrize("item", HIDING_PLACES.values(), ids=HIDING_PLACES)
def test_a_masked_value_is_nowhere_in_the_record(item):
    text = json.dumps(record(item, reveal=False))
    assert item.match.value not in text
    assert "%2538%2536" not in text
    assert item.match.value in json.dumps(record(item, reveal=True))


def test_with_reveal_nothing_is_changed():
    item = finding(target=f"/up?imei={IMEI}&mac={MAC}")
    fields = record(item, reveal=True)
    assert (fields["value"], fields["destination"]["url"]) == (IMEI, item.url)
    assert fields["device"]["mac"] == MAC


def test_blind_fault_and_summary():
    fields = record(blind(), False)
    assert fields["schema"] == "leaktap.blind/1"
    assert (fields["owner"], fields["frames"], fields["stream"]) == (None, [3, 9], 4)
    assert record(blind(owner=Owner("third", "JPush", "Jiguang")), False)["owner"]["company"] == "Jiguang"
    assert record(fault(), False) == {
        "schema": "leaktap.fault/1",
        "stage": "source",
        "where": "capture.pcapng: byte 4711, packet 12",
        "why": "cut short",
    }
    fields = record(summary(session_clauses=(ClauseHit("a/1", "t", "low", "direct"),)), False)
    assert fields["schema"] == "leaktap.summary/1"
    assert fields["findings"] == {"high": 2, "low": 1}
    assert fields["session_clauses"] == [{"id": "a/1", "title": "t", "severity": "low", "evidence": "direct"}]


@given(st.datetimes())
def test_times_read_back(moment):
    micro = round((moment - datetime(1970, 1, 1)).total_seconds()) * 1_000_000 + moment.microsecond
    text = rfc3339(micro)
    assert len(text) == 27
    assert text[-1] == "Z"
    assert datetime.fromisoformat(text).microsecond == moment.microsecond


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1 << 63, "9999-12-31T23:59:59.999999Z"),
        (-(1 << 63), "0001-01-01T00:00:00.000000Z"),
        (1 << 80, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_moments_beyond_the_calendar(time, text):
    assert rfc3339(time) == text


@pytest.mark.parametrize(
    ("transport", "stream", "frames", "filter_"),
    [
        ("tcp", 0, (), "tcp.stream eq 0"),
        ("udp", 2, (5,), "udp.stream eq 2 && frame.number in {5}"),
        ("tcp", None, (5, 6), "frame.number in {5..6}"),
        ("", None, (), None),
        ("tcp", 1, (9, 1, 2, 3, 9, 7), "tcp.stream eq 1 && frame.number in {1..3, 7, 9}"),
    ],
)
def test_filters(transport, stream, frames, filter_):
    assert frame_filter(transport, stream, frames) == filter_


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    """Twenty UDP packets of two conversations, in turn."""
    file = tmp_path_factory.mktemp("filters") / "twenty.pcap"
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for number in range(20):
        udp = struct.pack(">HHHH", 4000 + number % 2, 9, 8, 0)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, number, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
        data += struct.pack("<IIII", number, 0, 28, 28) + ip + udp
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("frames", [(1, 3, 5, 7), (2,), (1, 2, 3, 4, 5, 11, 19, 20)])
def test_tshark_takes_the_filters(capture, frames):
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    command = ["tshark", "-r", capture, "-Y", frame_filter("udp", 0, frames), "-T", "fields", "-e", "frame.number"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [int(number) for number in out.split()] == [number for number in frames if number % 2]


@given(st.text(), st.text(), st.binary(max_size=30))
def test_any_captured_text_is_taken(value, path, raw):
    item = finding(value=value, raw=raw, path=path, url=path)
    record(replace(item, url=value), reveal=False)
