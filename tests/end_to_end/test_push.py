"""An identifier that goes to a bare address, in protocols that nothing knows, is found from the capture on."""

import json
import random
import subprocess
import sys

from tests.wire._dns import PHONE, RESOLVER, answer, datagram, query, record, stream, write

IMEI = "867530912345678"
LOGIN = b"\x00\x00\x00\x19\x01LOGIN\x00\x0f" + IMEI.encode() + b"\x00"


def test_a_push_protocol_over_tcp_and_udp(tmp_path):
    noise = random.Random(7)
    told = answer("push.example", records=[record("push.example", "A", "198.51.100.9")])
    packets = [datagram(query("push.example")), datagram(told, (RESOLVER, 53), (PHONE, 40_000))]
    packets += stream([(0, LOGIN), (1, b"\0\0\0\x01OK"), (0, noise.randbytes(3000))], 7000, server="198.51.100.9")
    packets.append(datagram(b"\x07\x01imei:" + IMEI.encode(), target=("203.0.113.50", 9999)))
    packets.append(datagram(noise.randbytes(900), target=("203.0.113.51", 9998)))
    capture = write(tmp_path / "a.pcap", packets)
    device = tmp_path / "device.yaml"
    device.write_text(f"name: lab\nidentifiers:\n  imei: ['{IMEI}']\n")
    command = [sys.executable, "-m", "leaktap", "scan", str(capture), "--device", str(device), "--before-consent"]
    said = subprocess.run([*command, "--format", "jsonl"], capture_output=True, text=True, check=False)
    records = [json.loads(line) for line in said.stdout.splitlines()]
    found = [each for each in records if each["schema"] == "leaktap.finding/1"]
    assert [(each["identifier"], each["destination"]["url"]) for each in found] == [
        ("imei", "tcp://push.example:7000"),
        ("imei", "udp://203.0.113.50:9999"),
    ]
    blind = [each for each in records if each["schema"] == "leaktap.blind/1"]
    assert [(each["why"], each["host"], each["bytes"]) for each in blind] == [
        ("unknown_protocol", "push.example", 3000),
        ("unknown_protocol", "", 900),
    ]
    assert records[-1]["inspected_share"] < 0.1
