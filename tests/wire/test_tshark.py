"""The wide engine: encrypted Wi-Fi gives what the same traffic gives over a cable, and dissectors fill in the rest."""

import gzip
import hashlib
import json
import os
import re
import shutil
import ssl
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import Blind, Exchange, Fault, Progress
from leaktap.sources import Reading, read
from leaktap.wire import tshark
from leaktap.wire.tshark_links import _packet
from leaktap.wire.tshark_protocols import _filter, _Packet, _text, _tidy, _time
from tests.wire._packets import (
    ACK,
    CAPTURES,
    PSH,
    SERVER_MAC,
    SYN,
    enhanced,
    ethernet,
    interface,
    ip,
    pcap,
    section,
    tcp,
    udp,
)
from tests.wire._packets import tshark as fields_of
from tests.wire._traffic import CLIENT, SERVER, Talk
from tests.wire._wpa import ROUTER, STATION, Network, radiotap

SSID, PASSPHRASE = "Cafe: 5G %", "correct: horse 1"
KEY = f"{SSID}:{PASSPHRASE}"
START = 1_763_700_000_000_000
ENDS = "192.0.2.7", "203.0.113.9"
POST = (
    b"POST /v1/c?imei=867530912345672 HTTP/1.1\r\nHost: t.example\r\nContent-Length: 2600\r\n\r\n"
    + b"hello-" * 433
    + b"h!"
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

pytestmark = pytest.mark.skipif(bool(tshark.missing()), reason=tshark.missing() or "-")
OPAQUE = Random(900).randbytes(900)


def turns(said, port=80, sport=40_000, size=1000, ends=ENDS):
    """Turns of (side, bytes) as (side, IP packet), with the TCP handshake."""
    numbers, made = [100, 500], []

    def add(side, data=b"", flags=ACK):
        ports = (sport, port) if side == CLIENT else (port, sport)
        made.append((side, ip(tcp(data, *ports, numbers[side], numbers[1 - side], flags), *ends[:: 1 - 2 * side])))
        numbers[side] += len(data) + bool(flags & SYN)

    add(CLIENT, flags=SYN)
    add(SERVER, flags=SYN | ACK)
    for side, data in said:
        for at in range(0, len(data), size):
            add(side, data[at : at + size], PSH | ACK)
    return made


HTTP = [(CLIENT, POST), (SERVER, OK)]


def cable(packets, first=0):
    """The packets as an Ethernet capture; `first` is the number of frames before them, which carry nothing."""
    ends = [{"source": STATION, "target": ROUTER}, {"source": ROUTER, "target": STATION}]
    frames = [ethernet(bytes(46), kind=0x0806)] * first + [ethernet(packet, **ends[side]) for side, packet in packets]
    return pcap([(START + number * 1000, frame) for number, frame in enumerate(frames)])


def air(packets, link=127, handshake=True, amsdu=False, ssid=SSID):
    """The packets as a capture of an encrypted Wi-Fi."""
    network = Network(ssid, PASSPHRASE)
    frames = network.handshake() if handshake else [network.handshake()[0]]
    frames += [network.data([packet] if amsdu else packet, bool(side), amsdu) for side, packet in packets]
    before = {105: b"", 127: radiotap(b""), 192: struct.pack("<BBHI", 0, 0, 8, 105)}[link]
    return pcap([(START + number * 1000, before + frame) for number, frame in enumerate(frames)], link=link)


def see(path, data=None, **reading):
    if data is not None:
        path.write_bytes(data)
    seen = read(str(path), Reading(**reading))
    return [item for item in seen if not isinstance(item, Progress)]


def exchanges(seen):
    return [item for item in seen if isinstance(item, Exchange)]


def blinds(seen):
    return [item for item in seen if isinstance(item, Blind)]


@pytest.mark.parametrize("link", [105, 127, 192])
@pytest.mark.parametrize("amsdu", [False, True])
def test_an_encrypted_wifi_gives_what_a_cable_gives(tmp_path, link, amsdu):
    packets = turns(HTTP)
    known = see(tmp_path / "a.pcap", cable(packets, first=4))
    assert see(tmp_path / "a.pcap", air(packets, link, amsdu=amsdu), engine="tshark", wpa=(KEY,)) == known
    (exchange,) = known
    assert exchange.request.body.endswith(b"hello-h!") and exchange.request.frames == (7, 8, 9)
    assert (exchange.client.mac, exchange.origin.stream) == ("02:00:00:00:00:02", 0)


def test_several_packets_in_one_frame(tmp_path):
    network, packets = Network(SSID, PASSPHRASE), turns(HTTP)
    sent = [[packet for side, packet in packets if side == which] for which in (CLIENT, SERVER)]
    frames = [
        *network.handshake(),
        network.data(sent[CLIENT][:1], amsdu=True),
        network.data(sent[SERVER][:1], down=True, amsdu=True),
        network.data(sent[CLIENT][1:], amsdu=True),
        network.data(sent[SERVER][1:], down=True, amsdu=True),
    ]
    data = pcap([(START + number * 1000, frame) for number, frame in enumerate(frames)], link=105)
    (exchange,) = see(tmp_path / "a.pcap", data, engine="tshark", wpa=(KEY,))
    (known,) = see(tmp_path / "b.pcap", cable(packets))
    assert (exchange.request.body, exchange.request.frames) == (known.request.body, (7,))
    assert (exchange.response.body, exchange.response.frames) == (b"ok", (8,))


def test_ipv6_and_fragments_and_control(tmp_path):
    whole = udp(b"a" * 2000, 40_000, 9)
    packets = [
        (CLIENT, ip(whole[:1400], *ENDS, protocol=17, ident=7, more=True)),
        (CLIENT, ip(whole[1400:], *ENDS, protocol=17, ident=7, offset=1400)),
        (CLIENT, ip(b"\x08\0\0\0\0\0\0\0ping", *ENDS, protocol=1)),
        *turns(HTTP, ends=("2001:db8::7", "2001:db8:1::9")),
    ]
    known = see(tmp_path / "a.pcap", cable(packets, first=4))
    assert see(tmp_path / "a.pcap", air(packets), engine="tshark", wpa=(KEY,)) == known
    assert {exchange.origin.transport for exchange in exchanges(known)} == {"tcp", "udp"}


def test_tls_above_an_encrypted_wifi(tmp_path):
    talk = Talk(alpn=["http/1.1"]).say(CLIENT, POST).say(SERVER, OK)
    data = air(turns(talk.turns, port=443))
    (exchange,) = exchanges(see(tmp_path / "a.pcap", data, engine="tshark", wpa=(KEY,), keys=(talk.keylog,)))
    assert exchange.origin.decrypted and exchange.request.body.endswith(b"hello-h!")


def test_as_tshark_reads_it(tmp_path):
    """The judge: tshark's own HTTP dissector above its own decryption."""
    path = tmp_path / "a.pcap"
    second = [(CLIENT, b"GET /2?b HTTP/1.1\r\nHost: u.example\r\n\r\n"), (SERVER, OK)]
    found = exchanges(see(path, air(turns(HTTP) + turns(second, sport=40_001)), engine="tshark", wpa=(KEY,)))
    names = ["tcp.stream", "http.request.method", "http.host", "http.request.uri", "frame.number", "http.file_data"]
    whole = ("-o", "tcp.desegment_tcp_streams:TRUE")
    rows = fields_of(path, *names, options=(*whole, "-Y", "http.request", *tshark.wpa_arguments([KEY])))
    assert len(rows) == 2
    for one, (stream, method, host, target, frame, body) in zip(found, rows, strict=True):
        assert (one.origin.stream, one.request.start[0], one.host) == (int(stream), method, host)
        assert (one.request.start[1], one.request.frames[-1], one.request.body.decode()) == (target, int(frame), body)


@pytest.mark.parametrize(
    "wrap", [gzip.compress, lambda data: section() + interface(127) + b"".join(blocks_of(data))], ids=["gzip", "pcapng"]
)
def test_other_containers(tmp_path, wrap):
    (exchange,) = see(tmp_path / "a.pcap", wrap(air(turns(HTTP))), engine="tshark", wpa=(KEY,))
    assert exchange.request.body.endswith(b"hello-h!")
    assert not leftovers()


def blocks_of(data):
    at = 24
    while at < len(data):
        seconds, micros, size = struct.unpack_from("<III", data, at)
        yield enhanced(seconds * 10**6 + micros, data[at + 16 : at + 16 + size])
        at += 16 + size


@pytest.fixture(autouse=True)
def place(tmp_path_factory, monkeypatch):
    """A folder for temporary files that nobody else uses."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))


def leftovers():
    return list(Path(tempfile.gettempdir()).glob("leaktap-*"))


@pytest.mark.parametrize(
    ("how", "key", "words"),
    [
        ({}, f"{SSID}:wrong horse", "no key opens it: --wpa-pwd"),
        ({}, f"Tea:{PASSPHRASE}", "no key opens it: --wpa-pwd"),
        ({"handshake": False}, KEY, "no key opens it: --wpa-pwd"),
    ],
)
def test_what_no_key_opens_stays_blind(tmp_path, how, key, words):
    data = air(turns(HTTP), **how)
    (blind,) = see(tmp_path / "a.pcap", data, engine="tshark", wpa=(key,))
    (known,) = see(tmp_path / "a.pcap", data)
    assert (blind.protocol, blind.bytes, blind.frames) == (known.protocol, known.bytes, known.frames)
    assert words in blind.detail


@pytest.mark.parametrize(
    ("messages", "opens"), [((0, 1), True), ((0, 1, 3), True), ((0, 2), False), ((1, 2, 3), False)]
)
def test_the_messages_of_a_handshake_that_are_needed(tmp_path, messages, opens):
    network = Network(SSID, PASSPHRASE)
    shake = network.handshake()
    frames = [*(shake[number] for number in messages), *(network.data(one, bool(side)) for side, one in turns(HTTP))]
    data = pcap([(START + number, frame) for number, frame in enumerate(frames)], link=105)
    assert bool(exchanges(see(tmp_path / "a.pcap", data, engine="tshark", wpa=(KEY,)))) == opens


def test_ciphertexts_are_not_taken_for_packets(tmp_path):
    """One in sixteen begins like IPv4."""
    data = air([(CLIENT, ip(udp(bytes([number]) * 40), *ENDS, protocol=17)) for number in range(200)])
    (blind,) = see(tmp_path / "a.pcap", data, engine="tshark", wpa=("Tea:passphrase",))
    assert blind.detail.startswith("200 packets; no key opens it")


def test_several_keys_one_of_which_fits(tmp_path):
    wpa = ("Tea: passphrase", KEY, "Tea:" + "ab" * 32)
    assert exchanges(see(tmp_path / "a.pcap", air(turns(HTTP)), engine="tshark", wpa=wpa))


def test_a_master_key_in_hex(tmp_path):
    master = hashlib.pbkdf2_hmac("sha1", PASSPHRASE.encode(), SSID.encode(), 4096, 32).hex()
    assert exchanges(see(tmp_path / "a.pcap", air(turns(HTTP)), engine="tshark", wpa=(f"{SSID}:{master}",)))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("home:passphrase", ["passphrase:home"]),
        ("a:b:longenough", ["longenough:a%3Ab", "b%3Alongenough:a"]),
        ("a:12345678", ["12345678:a"]),
        ("茶:12345678", ["12345678:%E8%8C%B6"]),
        ('q"u:pass"word\\', ["pass%22word%5C:q%22u"]),
        ("s" * 32 + ":12345678", ["12345678:" + "s" * 32]),
        ("a:" + "p" * 63, ["p" * 63 + ":a"]),
        ("home:" + "0f" * 32, ["0f" * 32]),
        ("home", None),
        ("", None),
        (":passphrase", None),
        ("home:", None),
        ("home:1234567", None),
        ("a:" + "p" * 64, None),
        ("s" * 33 + ":12345678", None),
        ("茶" * 11 + ":12345678", None),
        ("home:pässword", None),
        ("home:pass\nword", None),
    ],
)
def test_wpa_keys(text, keys):
    if keys is None:
        with pytest.raises(ValueError, match="is no SSID:PASSPHRASE"):
            tshark.wpa_arguments([text])
    else:
        found = [re.fullmatch(r'uat:80211_keys:"wpa-p[ws][dk]","(.*)"', one) for one in tshark.wpa_arguments([text])]
        assert sorted(one[1] for one in found if one) == sorted(keys)


def test_no_wpa_key_leaves_decryption_as_it_is():
    assert tshark.wpa_arguments([]) == ()


IRC = [(CLIENT, b"NICK u1\r\nPRIVMSG #a :my phone is 13800138000\r\n"), (SERVER, b":srv 001 u1 :Welcome\r\n")]


def tlv(tag, value):
    return bytes([tag]) + (bytes([len(value)]) if len(value) < 128 else b"\x82" + struct.pack(">H", len(value))) + value


BIND = tlv(
    0x30, tlv(2, b"\1") + tlv(0x60, tlv(2, b"\3") + tlv(4, b"cn=867530912345672" + b"y" * 300) + tlv(0x80, b"pw"))
)


def bodies(found, protocol):
    return [
        (side, json.loads(message.body)[protocol])
        for one in found
        if one.origin.protocol == protocol
        for side, message in ((CLIENT, one.request), (SERVER, one.response))
        if message is not None and message.body
    ]


def test_a_protocol_that_only_a_dissector_knows(tmp_path):
    (*found,) = see(tmp_path / "a.pcap", cable(turns(IRC, port=6667)), engine="tshark")
    (_, asked), (side, answered) = bodies(found, "irc")
    assert asked["irc_request"] == ["NICK u1", "PRIVMSG #a :my phone is 13800138000"]
    assert (side, answered["irc_response_trailer"]) == (SERVER, "Welcome")
    assert [(one.id, one.time, one.request.frames or one.response.frames) for one in found] == [
        ("tcp.0:frame3", START + 2000, (3,)),
        ("tcp.0:frame4", START + 3000, (4,)),
    ]
    for one in found:
        assert (one.client.ip, one.client.mac, one.server.port) == (ENDS[0], STATION.hex(":"), 6667)


def test_a_message_in_several_packets_takes_the_place_of_its_bytes(tmp_path):
    (one,) = see(tmp_path / "a.pcap", cable(turns([(CLIENT, BIND)], port=389, size=150)), engine="tshark")
    assert bodies([one], "ldap")[0][1]["ldap_name"].startswith("cn=867530912345672y")
    assert one.request.frames == (3, 4, 5)


def test_dissectors_above_tls_and_wifi(tmp_path):
    talk = Talk(version=ssl.TLSVersion.TLSv1_2).say(CLIENT, BIND)
    data = air(turns(talk.turns, port=636))
    found = see(tmp_path / "a.pcap", data, engine="tshark", keys=(talk.keylog,), wpa=(KEY,))
    (one,) = [each for each in exchanges(found) if each.origin.protocol == "ldap"]
    assert one.origin.decrypted and b"cn=867530912345672" in one.request.body
    assert not leftovers()


def test_what_a_dissector_leaves_out_stays(tmp_path):
    """An empty IRC command hides the words before it: tshark shows none of a line of NULs and text."""
    data = cable(turns([(CLIENT, b"\0\0 wordsthatnobodyshows\0\0")], port=6667))
    native, found = see(tmp_path / "a.pcap", data), see(tmp_path / "a.pcap", data, engine="tshark")
    assert all(
        b"wordsthatnobodyshows" in b"".join(each.request.body for each in exchanges(all_)) for all_ in (native, found)
    )


@pytest.mark.parametrize("said", [HTTP, [(CLIENT, b"opaque stuff\xff\xfe")], [(CLIENT, OPAQUE)]])
def test_where_no_dissector_helps_it_is_the_native_engine(tmp_path, said):
    data = cable(turns(said, port=9))
    assert see(tmp_path / "a.pcap", data, engine="tshark") == see(tmp_path / "a.pcap", data)


@pytest.mark.parametrize("path", sorted((CAPTURES / "pcap").glob("*.pcap*")), ids=lambda path: path.name)
def test_nothing_is_lost_on_real_traffic(path):
    """What the native engine knows how to read, both read the same."""
    native, wide = (exchanges(see(path, engine=engine)) for engine in ("native", "tshark"))
    known, new = ([one for one in each if one.origin.protocol != "raw"] for each in (native, wide))
    assert [one for one in new if one in known] == known
    assert all(f":frame{(one.request.frames or one.response.frames)[-1]}" in one.id for one in new if one not in known)
    assert [one for one in native if one in wide and one not in known] == [
        one for one in wide if one.origin.protocol == "raw"
    ]


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Lets a test put another tshark in front: a shell script that ends by running `real` with its arguments."""
    real = shutil.which("tshark")

    def put(script):
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "tshark").write_text(f"#!/bin/sh\nreal={real}\n{script}\n")
        (folder / "tshark").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return put


@pytest.mark.parametrize(
    ("script", "count", "words"),
    [
        (
            '$real "$@" 2>/dev/null | head -n 6; echo "tshark: out of luck" >&2; exit 3',
            0,
            "ended with code 3: tshark: out of luck",
        ),
        ('$real "$@"; exit 2', 1, "ended with code 2: "),
        ('$real "$@" 2>/dev/null | head -n 6; kill -SEGV $$', 0, "ended with code -11"),
        ("exit 1", 0, "ended with code 1: it did not say why"),
        ('$real "$@" | sed "s/:\\[/!/"', 0, "packets of tshark's output make no sense"),
    ],
)
def test_a_tshark_that_fails_is_a_fault_after_what_it_read(tmp_path, path, script, count, words):
    path(script)
    *seen, fault = see(tmp_path / "a.pcap", air(turns(HTTP)), engine="tshark", wpa=(KEY,))
    assert isinstance(fault, Fault) and (fault.stage, fault.where) == ("source", "a.pcap") and words in fault.why
    assert len([one for one in exchanges(seen) if one.request.body.endswith(b"hello-h!")]) == count


def test_a_capture_that_is_cut_off(tmp_path):
    seen = see(tmp_path / "a.pcap", air(turns(HTTP))[:-10], engine="tshark", wpa=(KEY,))
    assert exchanges(seen)[0].request.body.endswith(b"hello-h!")
    faults = [item for item in seen if isinstance(item, Fault)]
    assert {fault.stage for fault in faults} == {"source"} and "cut short" in faults[-1].why + faults[0].why


def test_secrets_lie_where_only_the_user_reads(tmp_path, path):
    path(
        f'for each in "$@"; do case "$each" in tls.keylog_file:*) ls -l "${{each#*:}}" >>{tmp_path}/seen;; esac; done\n'
        f'for each in "$@"; do case "$each" in */leaktap-*.pcap) ls -l "$each" >>{tmp_path}/seen;; esac; done\n'
        'exec $real "$@"'
    )
    talk = Talk().say(CLIENT, BIND)
    see(tmp_path / "a.gz", gzip.compress(cable(turns(talk.turns, port=636))), engine="tshark", keys=(talk.keylog,))
    lines = (tmp_path / "seen").read_text().splitlines()
    assert len(lines) == 2 and all(line.startswith("-rw-------") for line in lines)
    assert not leftovers()


def test_who_stops_early_stops_tshark(tmp_path, path):
    path(f'echo $$ >{tmp_path}/pid\n$real "$@" | head -n 16\nexec sleep 60')
    (tmp_path / "a.pcap").write_bytes(cable(turns(IRC, port=6667)))
    seen = read(str(tmp_path / "a.pcap"), Reading(engine="tshark"))
    assert any(isinstance(item, Exchange) for item in seen)
    seen.close()
    pid = int((tmp_path / "pid").read_text())
    assert not alive(pid)


def alive(pid):
    for _ in range(3000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.02)
    return True


def test_a_config_of_pyshark_in_the_folder_is_not_obeyed(tmp_path, monkeypatch):
    (tmp_path / "evil").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "evil").chmod(0o755)
    (tmp_path / "config.ini").write_text(f"[tshark]\ntshark_path = {tmp_path}/evil\n")
    monkeypatch.chdir(tmp_path)
    assert exchanges(see(tmp_path / "a.pcap", air(turns(HTTP)), engine="tshark", wpa=(KEY,)))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: air(turns(HTTP)), "tshark can read this: --engine tshark --wpa-pwd SSID:PASSPHRASE"),
        (lambda: air(turns(HTTP), handshake=False), "no handshake was captured"),
        (lambda: pcap([(START, bytes(20))], link=187), "tshark may read this: --engine tshark"),
        (lambda: cable(turns([(CLIENT, b"\x16\x03\x01\0\x05" + bytes(5))], port=443)), ""),
        (lambda: cable(turns([(CLIENT, OPAQUE)], port=9)), ""),
        (lambda: cable(turns(HTTP)), ""),
    ],
)
def test_hints(tmp_path, monkeypatch, data, words):
    content = data()
    seen = see(tmp_path / "a.pcap", content, engine="auto")
    assert words in "".join(blind.detail for blind in blinds(seen))
    if not words:
        assert "tshark" not in "".join(blind.detail for blind in blinds(seen))
    monkeypatch.setenv("PATH", str(tmp_path))
    tshark.is_installed.cache_clear()
    try:
        without = see(tmp_path / "a.pcap", content, engine="auto")
    finally:
        tshark.is_installed.cache_clear()
    assert without == see(tmp_path / "a.pcap", content, engine="native")


def test_start_up_does_not_load_pyshark():
    program = "import sys, leaktap.sources, leaktap.wire.tshark; print('pyshark' in sys.modules, 'lxml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False False\n"


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("68:65:6c:6c:6f", "hello"),
        ("e4:bd:a0:e5:a5:bd", "e4:bd:a0:e5:a5:bd"),
        ("a4:50:46:10:20:30", "a4:50:46:10:20:30"),
        ("00:01:02", "000102"),
        ("e4:bd:a0", "你"),
        ("ab", "ab"),
        ("ab:cd:e", "ab:cd:e"),
        ("2001:db8::1", "2001:db8::1"),
        ("", ""),
    ],
)
def test_bytes_in_a_field(value, known):
    assert _text(value) == known


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("1000000000.006000000", 10**15 + 6000),
        ("7.5", 7_500_000),
        ("7", 7_000_000),
        ("2001-09-09T01:46:40.006000123Z", 10**15 + 6000),
    ],
)
def test_times(text, known):
    assert _time(text) == known


def test_a_filter_names_runs():
    assert _filter({3, 1, 2, 9}) == "tcp.stream in {1..3,9} or udp.stream in {1..3,9}"
    assert _filter(range(0, 100_000, 2)) == "tcp or udp"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
NAMES = [
    "frame_frame_number",
    "frame_frame_protocols",
    "frame_frame_time_epoch",
    "tcp_tcp_stream",
    "tcp_tcp_len",
    "tcp_tcp_srcport",
]
LAYER = st.dictionaries(st.sampled_from(NAMES), JSON) | JSON


@given(st.dictionaries(st.sampled_from(["frame", "eth", "ip", "ipv6", "tcp", "udp", "tcp_tcp_segment", "x"]), LAYER))
@settings(max_examples=200, deadline=None)
def test_any_output_is_a_packet_or_none(layers):
    packet = _Packet.of(layers)
    assert packet is None or packet.transport in ("tcp", "udp")
    json.dumps(_tidy(layers, "x_"))


def test_deep_fields():
    value = "end"
    for _ in range(5000):
        value = {"a": value}
    assert json.loads(json.dumps(_tidy({"a": {"a": "68:65"}}, ""))) == {"a": {"a": "he"}}
    assert _tidy({"a": json.loads('{"a":' * 500 + "1" + "}" * 500)}, "")


@given(
    st.dictionaries(
        st.sampled_from(["data_data", "llc_type", "wlan_sa", "wlan_da", "eth_src"]),
        st.lists(st.text("0123456789abcdef:", max_size=90), min_size=1),
    )
)
@settings(max_examples=200, deadline=None)
def test_any_fields_are_a_packet_or_none(fields):
    packet = _packet(fields)
    assert packet is None or packet[0] in (1, 105)


def test_addresses_of_each_packet_in_an_aggregate():
    one, other = ip(b"", *ENDS), ip(b"", *ENDS[::-1])
    fields = {
        "data_data": [one.hex(":"), other.hex(":")],
        "wlan_sa": ["02:00:00:00:00:09", STATION.hex(":"), SERVER_MAC.hex(":")],
        "wlan_da": [ROUTER.hex(":")],
    }
    link, packet = _packet(fields)
    assert link == 105
    assert packet[26:46] == ROUTER + STATION + struct.pack(">H", len(one) + 8) + bytes.fromhex("aaaa03000000")
    assert packet[26 + 14 + 28 + 2 :][:12] == ROUTER + SERVER_MAC


def test_a_tshark_that_cannot_be_run_is_a_fault(tmp_path, path):
    path("")
    (tmp_path / "bin" / "tshark").write_text("#!/there/is/no/such/interpreter\n")
    blind, fault = see(tmp_path / "a.pcap", air(turns(HTTP)), engine="tshark", wpa=(KEY,))
    assert isinstance(blind, Blind) and isinstance(fault, Fault) and "tshark cannot be run" in fault.why
