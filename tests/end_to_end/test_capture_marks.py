"""What a capture tells of apps and of the user's consent shows in the findings of `leaktap scan`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from leaktap.wire.container import windows
from tests._waiting import PATIENCE
from tests.wire._packets import ACK, PSH, SYN, ethernet, ip, pcap, tcp
from tests.wire._pcapdroid import pcapng, trailed

SHOP = Path(__file__).parents[2] / "captures" / "shop"
START = 1_795_255_200_000_000
APPS = {10123: ("com.example.shop", "Example Shop"), 10200: ("org.example.game", "Example Game")}
IMEI = "867531042188306"


def scan(*arguments):
    command = [sys.executable, "-m", "leaktap", "scan", *map(str, arguments), "--format", "jsonl", "--reveal"]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    assert b"Traceback" not in done.stderr
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def of(kind, records):
    return [record for record in records if record["schema"] == f"leaktap.{kind}/1"]


def leak(port, host, seconds):
    """The IP packets of a request with the IMEI in it, and their times."""
    body = json.dumps({"imei": IMEI}).encode()
    head = f"POST /c HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ends, phone, server = {"sport": port, "dport": 80}, "10.215.173.1", "203.0.113.9"
    made = [
        ip(tcp(seq=10, flags=SYN, **ends), phone, server),
        ip(tcp(seq=50, ack=11, flags=SYN | ACK, sport=80, dport=port), server, phone),
        ip(tcp(head.encode() + body, seq=11, ack=51, flags=ACK | PSH, **ends), phone, server),
    ]
    return [(START + seconds * 1_000_000 + number * 1000, packet) for number, packet in enumerate(made)]


PACKETS = [(*packet, 10123) for packet in leak(40001, "a.example", 1)]
PACKETS += [(*packet, 10200) for packet in leak(40002, "b.example", 2)]


@pytest.fixture
def case(tmp_path):
    file = tmp_path / "case.yaml"
    (tmp_path / "device.yaml").write_text(f'name: lab-phone-3\nidentifiers: {{imei: ["{IMEI}"]}}\n')
    about = {
        "app": {"package": "com.example.shop", "name": "Example Shop"},
        "devices": ["device.yaml"],
        "events": [
            {"at": "2026-11-21T09:59:00Z", "event": "launch"},
            {"at": "2026-11-21T11:00:00Z", "event": "consent"},
        ],
    }
    file.write_text(yaml.safe_dump(about))
    return file


@pytest.mark.parametrize("write", [pcapng, trailed])
def test_another_app_s_leak_is_not_blamed_on_the_case_s(tmp_path, case, write):
    file = tmp_path / "capture"
    file.write_bytes(write(PACKETS, APPS))
    _, records = scan(file, "--case", case)
    ours, other = sorted(of("finding", records), key=lambda finding: finding["time"])
    assert ours["app"] == {"package": "com.example.shop", "name": "Example Shop", "basis": "PCAPdroid uid 10123"}
    assert (ours["phase"], bool(ours["clauses"])) == ("before_consent", True)
    package = "org.example.game" if write is pcapng else ""
    assert other["app"] == {"package": package, "name": "Example Game", "basis": "PCAPdroid uid 10200"}
    assert (other["phase"], other["clauses"]) == ("unknown", [])


@pytest.mark.skipif(not shutil.which("editcap"), reason="editcap is not installed")
def test_a_comment_is_the_moment_of_consent(tmp_path):
    """The shop's capture with its case's events as comments: the same phases as by the case."""
    file, case = tmp_path / "capture.pcapng", tmp_path / "case.yaml"
    about = yaml.safe_load((SHOP / "case.yaml").read_text())
    moments = {event["event"]: event["at"].timestamp() * 1e6 for event in about["events"]}
    with (SHOP / "capture.pcapng").open("rb") as stream:
        times = [time for window in windows(stream, "a") for time in window.time.tolist()]
    frame = {event: sum(time < at for time in times) + 1 for event, at in moments.items() if at <= times[-1]}
    said = [part for event, number in frame.items() for part in ("-a", f"{number}:leaktap: {event}")]
    subprocess.run(["editcap", *said, SHOP / "capture.pcapng", file], check=True, capture_output=True)
    about = {key: value for key, value in about.items() if key != "events"}
    case.write_text(yaml.safe_dump({**about, "devices": [str(SHOP / "device.yaml")]}))
    _, expected = scan(SHOP / "capture.pcapng", "--case", SHOP / "case.yaml")
    done, records = scan(file, "--case", case)
    assert not of("fault", records)
    shown = [
        [(one["identifier"], one["path"], one["phase"]) for one in of("finding", both)] for both in (records, expected)
    ]
    assert shown[0] == shown[1]
    assert {phase for _, _, phase in shown[0]} >= {"before_consent", "consented"}
    assert done.returncode == 0
    with file.open("rb") as pipe:
        command = [sys.executable, "-m", "leaktap", "scan", "-", "--case", str(case), "--format", "jsonl"]
        piped = subprocess.run(command, stdin=pipe, capture_output=True, timeout=PATIENCE, check=True)
    assert "consented" in {one["phase"] for one in of("finding", [json.loads(x) for x in piped.stdout.splitlines()])}


@pytest.mark.skipif(not shutil.which("editcap"), reason="editcap is not installed")
def test_an_unknown_mark_is_told_and_costs_nothing(tmp_path):
    file = tmp_path / "capture.pcapng"
    said = ["-a", "3:leaktap: consnet"]
    subprocess.run(["editcap", *said, SHOP / "capture.pcapng", file], check=True, capture_output=True)
    done, records = scan(file, "--case", SHOP / "case.yaml")
    (fault,) = of("fault", records)
    assert (fault["stage"], fault["where"]) == ("mark", "capture.pcapng: packet 3")
    assert b"did you mean 'consent'" in done.stderr
    assert done.returncode == 0


def test_inputs_of_one_name_share_no_finding(tmp_path):
    files = [tmp_path / folder / "a.pcap" for folder in ("one", "two")]
    for file in files:
        file.parent.mkdir()
        file.write_bytes(pcap([(time, ethernet(packet)) for time, packet in leak(40001, "a.example", 1)]))
    _, records = scan(*files)
    first, second = of("finding", records)
    assert first["id"] != second["id"]
    assert [one["evidence"]["source"] for one in (first, second)] == ["one/a.pcap", "two/a.pcap"]
    (summary,) = of("summary", records)
    assert summary["inputs"] == ["one/a.pcap", "two/a.pcap"]
    _, alone = scan(files[1])
    assert of("finding", alone)[0]["evidence"]["source"] == "a.pcap"
