import gzip
import io
import os
import shutil
import subprocess
import threading
from itertools import groupby

import pytest

from leaktap.config import ConfigError
from leaktap.model import Blind, Exchange, Fault, Progress
from leaktap.sources import Reading, read
from leaktap.sources.pcap import SOURCE
from leaktap.wire._bytes import CLIENT, SERVER
from tests.wire._packets import ACK, PSH, SYN, enhanced, ethernet, interface, ip, pcap, secrets, section, tcp, udp
from tests.wire._traffic import HOST, Talk

START = 1_763_700_000_000_000
POST = b"POST /v1/c?x=1 HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\nContent-Length: 5\r\n\r\nhello"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def packets(turns, dport=443, size=1000, sport=40_000):
    """The turns as packets (time, Ethernet frame) of one TCP connection, with its handshake."""
    seqs = [1001, 5001]
    made = [
        tcp(sport=sport, dport=dport, seq=1000, flags=SYN),
        tcp(sport=dport, dport=sport, seq=5000, ack=1001, flags=SYN | ACK),
    ]
    sides = [CLIENT, SERVER]
    for side, group in groupby(turns, lambda turn: turn[0]):
        data = b"".join(data for _, data in group)
        for at in range(0, len(data), size):
            ports = {"sport": sport, "dport": dport} if side == CLIENT else {"sport": dport, "dport": sport}
            piece = data[at : at + size]
            made.append(tcp(piece, seq=seqs[side], ack=seqs[1 - side], flags=PSH | ACK, **ports))
            seqs[side] += len(piece)
            sides.append(side)
    for number, (side, segment) in enumerate(zip(sides, made, strict=True), 1):
        ends = ("10.0.0.7", "203.0.113.9") if side == CLIENT else ("203.0.113.9", "10.0.0.7")
        yield START + number * 1000, ethernet(ip(segment, *ends))


@pytest.fixture(scope="module")
def talk():
    return Talk(alpn=["http/1.1"]).say(CLIENT, POST).say(SERVER, OK)


def ng(talk, where):
    """A pcapng file with the talk's secrets at its begin, in its middle or at its end."""
    blocks = [enhanced(time, data) for time, data in packets(talk.turns)]
    place = {"begin": 0, "middle": len(blocks) // 2, "end": len(blocks)}[where]
    blocks.insert(place, secrets(talk.keylog.read_bytes()))
    return section() + interface() + b"".join(blocks)


def see(path, *keys):
    return list(read(str(path), Reading(keys=keys)))


def of(kind, seen):
    return [item for item in seen if isinstance(item, kind)]


def check(seen):
    (exchange,) = of(Exchange, seen)
    assert (exchange.host, exchange.request.start[:2]) == (HOST, ("POST", "/v1/c?x=1"))
    assert (exchange.request.body, exchange.response.body) == (b"hello", b"ok")
    assert (exchange.client.ip, exchange.client.port, exchange.client.mac) == ("10.0.0.7", 40000, "a4:50:46:10:20:30")
    assert (exchange.origin.decrypted, exchange.id) == (True, "tcp.0:0")
    assert not of((Blind, Fault), seen)


def test_a_key_log_beside_the_capture(tmp_path, talk):
    file = tmp_path / "a.pcap"
    file.write_bytes(pcap(packets(talk.turns)))
    seen = see(file, talk.keylog)
    check(seen)
    assert of(Progress, seen)[-1] == Progress("a.pcap", file.stat().st_size)


@pytest.mark.parametrize("where", ["begin", "middle", "end"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_secrets_in_the_capture(tmp_path, talk, where, ending):
    file = tmp_path / f"a.pcapng{ending}"
    file.write_bytes(gzip.compress(ng(talk, where)) if ending else ng(talk, where))
    check(see(file))


@pytest.mark.parametrize("where", ["begin", "middle", "end"])
def test_secrets_in_a_pipe(talk, where):
    reader, writer = os.pipe()
    data = ng(talk, where)

    def write():
        with os.fdopen(writer, "wb", 0) as pipe:
            for at in range(0, len(data), 700):
                pipe.write(data[at : at + 700])

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reader, "rb") as pipe:
        check(list(SOURCE.read(pipe, "-", Reading())))
    thread.join()


@pytest.mark.skipif(not shutil.which("editcap"), reason="editcap is not installed")
def test_secrets_that_wireshark_put_in(tmp_path, talk):
    plain, file = tmp_path / "a.pcap", tmp_path / "b.pcapng"
    plain.write_bytes(pcap(packets(talk.turns)))
    subprocess.run(["editcap", "--inject-secrets", f"tls,{talk.keylog}", plain, file], check=True)
    check(see(file))


def test_without_keys(tmp_path, talk):
    file = tmp_path / "a.pcap"
    file.write_bytes(pcap(packets(talk.turns)))
    seen = see(file)
    assert not of((Exchange, Fault), seen)
    assert [(blind.why, blind.host, blind.source) for blind in of(Blind, seen)] == [("no_key", HOST, "a.pcap")]


def test_the_key_log_of_another_run_is_told(tmp_path, talk):
    file, other = tmp_path / "a.pcap", Talk().keylog
    file.write_bytes(pcap(packets(talk.turns)))
    seen = see(file, talk.keylog, other)
    assert len(of(Exchange, seen)) == 1
    (fault,) = of(Fault, seen)
    assert (fault.stage, fault.where) == ("keys", str(other))
    assert "was it written in the same run?" in fault.why


def test_bad_lines_of_a_key_log_are_told(tmp_path, talk):
    file, keys = tmp_path / "a.pcap", tmp_path / "keys.txt"
    file.write_bytes(pcap(packets(talk.turns)))
    keys.write_bytes(b"CLIENT_RANDOM 12 34\n" + talk.keylog.read_bytes())
    seen = see(file, keys)
    assert [fault.where for fault in of(Fault, seen)] == [f"{keys}:1"]
    assert len(of(Exchange, seen)) == 1


def test_a_key_log_that_is_none_is_a_usage_error(tmp_path, talk):
    file = tmp_path / "a.pcap"
    file.write_bytes(pcap(packets(talk.turns)))
    with pytest.raises(ConfigError):
        see(file, file)


def test_a_file_that_breaks_off_gives_what_it_has(tmp_path):
    file = tmp_path / "a.pcap"
    whole = pcap([*packets([(CLIENT, POST), (SERVER, OK)], 80), *packets([(CLIENT, POST)], 80, sport=40_001)])
    file.write_bytes(whole[:-10])
    seen = see(file)
    assert [exchange.response.body for exchange in of(Exchange, seen)] == [b"ok"]
    assert isinstance(seen[-1], Fault)
    assert seen[-1].stage == "source"


def test_names_of_packets_in_wireshark(tmp_path):
    """Frames and streams count as tshark does, over all packets."""
    noise = [(START, ethernet(ip(udp(b"\0" * 12), protocol=17)))] * 3
    file = tmp_path / "a.pcap"
    file.write_bytes(pcap([*noise, *packets([(CLIENT, POST), (SERVER, OK)], 8080, size=40)]))
    seen = see(file)
    (exchange,) = [each for each in of(Exchange, seen) if each.origin.protocol == "http/1.1"]
    assert (exchange.origin.stream, exchange.request.frames, exchange.response.frames) == (0, (6, 7), (8,))
    noise_seen = [each for each in of(Exchange, seen) if each is not exchange]
    assert {(each.origin.protocol, each.origin.stream) for each in noise_seen} == {("raw", 0)}


@pytest.mark.parametrize("data", [pcap([]), section(), pcap([])[:24], pcap([], ">", 0xA1B23C4D)])
def test_captures_without_packets(data):
    seen = list(SOURCE.read(io.BytesIO(data), "a", Reading()))
    assert not of((Exchange, Blind), seen)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (pcap([]), True),
        (pcap([], ">"), True),
        (pcap([], magic=0xA1B23C4D), True),
        (pcap([], magic=0xA1B2CD34), True),
        (section(), True),
        (section(">"), True),
        (b"", False),
        (b"\xd4\xc3", False),
        (b"GET / HTTP/1.1", False),
        (b'{"log": {}}', False),
    ],
)
def test_sniff(head, expected):
    assert SOURCE.sniff(head) is expected
