import json
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from leaktap.model import Exchange
from leaktap.wire._bytes import CLIENT
from leaktap.wire.engine import exchanges
from leaktap.wire.keys import KeyLog
from tests.wire._http2_talks import TALKS, many_with_a_small_table

CAPTURES = Path(__file__).parents[3] / "shared/captures/pcap"
PORT = 8080
PSEUDO = (":method", ":path", ":status")

needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")


def listed(value):
    return value if isinstance(value, list) else [value]


def theirs(path, *options):
    """What tshark makes of a capture: head, headers and body of each message."""
    arguments = [
        "tshark",
        "-r",
        str(path),
        "-Y",
        "http2",
        "-T",
        "json",
        "--no-duplicate-keys",
        "-J",
        "http2 tcp",
        *options,
    ]
    packets = json.loads(subprocess.run(arguments, capture_output=True, check=True).stdout)
    heads, bodies = defaultdict(list), defaultdict(bytes)
    for packet in packets:
        layers = packet["_source"]["layers"]
        sender = listed(layers["tcp"])[0]["tcp.srcport"]
        for layer in listed(layers["http2"]):
            for frame in listed(layer.get("http2.stream", [])):
                _frame(frame, sender, listed(layers["tcp"])[0]["tcp.dstport"], heads, bodies)
    messages = []
    for key, lists in heads.items():
        finals = [one for one in lists if not (one and one[0][0] == ":status" and one[0][1].startswith("1"))]
        if finals:
            messages.append(_message([header for one in finals for header in one], bodies[key]))
    return sorted(messages)


def _frame(frame, sender, receiver, heads, bodies):
    stream = frame.get("http2.streamid")
    headers = [
        (one["http2.header.name"], one.get("http2.header.value", "")) for one in listed(frame.get("http2.header", []))
    ]
    if "http2.push_promise.promised_stream_id" in frame:
        heads[receiver, frame["http2.push_promise.promised_stream_id"]].append(headers)
    elif headers:
        heads[sender, stream].append(headers)
    if "http2.body.fragments" in frame:
        bodies[sender, stream] = bytes.fromhex(
            frame["http2.body.fragments"]["http2.body.reassembled.data"].replace(":", "")
        )
    elif "http2.data.data" in frame:
        bodies[sender, stream] += bytes.fromhex(frame["http2.data.data"].replace(":", ""))


def _message(headers, body):
    pseudo = dict(headers)
    return (
        tuple(pseudo[name] for name in PSEUDO if name in pseudo),
        tuple(header for header in headers if not header[0].startswith(":")),
        body,
    )


def ours(path):
    """What the engine makes of it."""
    with path.open("rb") as stream:
        found = [item for item in exchanges(stream, path.name, KeyLog()) if isinstance(item, Exchange)]
    messages = []
    for exchange in found:
        if exchange.origin.protocol == "h2c":
            start = exchange.request.start
            messages.append((start[:2], _text(exchange.request.headers), exchange.request.body))
            if exchange.response:
                messages.append(
                    (exchange.response.start[1:2], _text(exchange.response.headers), exchange.response.body)
                )
    return sorted(messages)


def _text(headers):
    return tuple((name.decode(), value.decode()) for name, value in headers)


@needs_tshark
@pytest.mark.parametrize("talk", [talk for talk in TALKS if talk is not many_with_a_small_table])
def test_what_two_peers_said_as_tshark_reads_it(talk, tmp_path):
    """Left out: where a peer makes the header table smaller, tshark 4.0 shows none of the other's headers."""
    path = tmp_path / "a.pcap"
    write(path, talk()[0].turns)
    found = ours(path)
    assert found and found == theirs(path, "-d", f"tcp.port=={PORT},http2")


def write(path, turns, size=1400):
    """Writes turns of (side, bytes) as a TCP connection."""
    ends, numbers = (("10.0.0.9", 50_000), ("203.0.113.7", PORT)), [1000, 5000]
    packets = []

    def packet(side, flags, data=b""):
        (source, sport), (target, dport) = ends[side], ends[1 - side]
        tcp = TCP(sport=sport, dport=dport, flags=flags, seq=numbers[side], ack=numbers[1 - side], window=60_000)
        one = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src=source, dst=target) / tcp / data
        one.time = 1_763_700_000 + len(packets) / 1000
        packets.append(one)
        numbers[side] += len(data) + ("S" in flags)

    packet(CLIENT, "S")
    packet(1 - CLIENT, "SA")
    packet(CLIENT, "A")
    for side, data in turns:
        for at in range(0, len(data), size):
            packet(side, "PA", data[at : at + size])
    wrpcap(str(path), packets)


@needs_tshark
@pytest.mark.parametrize(
    "name, missed",
    [
        # A header block in seven frames, which tshark 4.0 does not put together.
        ("http2-nghttp2.pcap", [("GET", "/")]),
        # The request of stream 1, which came as HTTP/1.1.
        ("http2_h2c.pcap", [("GET", "/robots.txt")]),
    ],
)
def test_captures_as_tshark_reads_them(name, missed):
    path = CAPTURES / name
    if not path.exists():
        pytest.skip("needs the shared captures")
    found, known = ours(path), theirs(path)
    assert known and [message for message in found if message in known] == known
    assert [message[0] for message in found if message not in known] == missed
