"""Tunnels: what they carry is read as if it lay on the wire, with tshark's addresses, payloads and stream numbers."""

import io
import shutil
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire.container import windows
from leaktap.wire.engine import exchanges
from leaktap.wire.keys import KeyLog
from leaktap.wire.packets import Packets
from leaktap.wire.streams import Streams
from leaktap.wire.tunnels import KINDS, PORTS, PROTOCOLS
from tests.wire._packets import ACK, CLIENT_MAC, SERVER_MAC, SYN, ethernet, ip, pcap, tcp, tshark, udp
from tests.wire.test_packets import fragments, quote, rows

A, B = "192.0.2.1", "192.0.2.2"
A6, B6 = "2001:db8:9::1", "2001:db8:9::2"
INNER, OTHER = "10.0.0.7", "203.0.113.9"
INNER6, OTHER6 = "2001:db8::7", "2001:db8:1::9"
MAC, OTHER_MAC = bytes.fromhex("02aa00000001"), bytes.fromhex("02aa00000002")


def frame(packet):
    """An Ethernet frame with addresses of its own, as bridging tunnels carry it."""
    return ethernet(packet, source=MAC, target=OTHER_MAC)


def version(packet):
    return 0x0800 if packet[0] >> 4 == 4 else 0x86DD


def over_ip(protocol, payload, source=A, target=B):
    return ethernet(ip(payload, source, target, protocol))


def over_udp(port, payload, sport=40001):
    return ethernet(ip(udp(payload, sport, port), A, B, 17))


def gre(flags, kind, rest):
    return over_ip(47, struct.pack(">HH", flags, kind) + rest)


def gtp(flags, optional, payload, kind=0xFF):
    return over_udp(2152, struct.pack(">BBHI", flags, kind, len(optional + payload), 7) + optional + payload, 2152)


def pppoe(payload, protocol=b"\x00\x21", extra=b""):
    return ethernet(struct.pack(">HHH", 0x1100, 5, len(protocol + payload)) + protocol + payload + extra, 0x8864)


def mpls(payload, labels=(100,), kind=0x8847):
    stack = b"".join(
        struct.pack(">I", label << 12 | (index == len(labels) - 1) << 8 | 64) for index, label in enumerate(labels)
    )
    return ethernet(stack + payload, kind)


def l2tp(flags, options, payload, length=False):
    head = struct.pack(">HH", 7, 9) + options + b"\xff\x03" + payload
    head = struct.pack(">H", 4 + len(head)) + head if length else head
    return over_udp(1701, struct.pack(">H", flags | 2 | (0x4000 if length else 0)) + head, 1701)


def amsdu(*packets):
    """An A-MSDU; its members but the last are padded to four bytes."""
    made = b""
    for packet in packets:
        made += bytes(-len(made) % 4)
        body = bytes.fromhex("aaaa03000000") + struct.pack(">H", version(packet)) + packet
        made += OTHER_MAC + MAC + struct.pack(">H", len(body)) + body
    head = bytes([0x88, 1]) + b"\0\0" + b"bssid." + CLIENT_MAC + SERVER_MAC + b"\0\0" + b"\x80\0"
    return head + made


ERSPAN2, ERSPAN3 = bytes.fromhex("1000000100000000"), bytes.fromhex("200000010000000000000000")
TUNNELS = {
    "gre": lambda p: gre(0, version(p), p),
    "gre over ipv6": lambda p: over_ip(47, struct.pack(">HH", 0, version(p)) + p, A6, B6),
    "gre checksum": lambda p: gre(0x8000, version(p), b"\1\2\0\0" + p),
    "gre key and sequence": lambda p: gre(0x3000, version(p), b"\0\0\0\7\0\0\0\1" + p),
    "gre all": lambda p: gre(0xB000, version(p), b"\1\2\0\0\0\0\0\7\0\0\0\1" + p),
    "gre ethernet": lambda p: gre(0x2000, 0x6558, b"\0\0\0\7" + frame(p)),
    "gre mpls": lambda p: gre(0, 0x8847, bytes.fromhex("00064140") + p),
    "gre ppp": lambda p: gre(0x3001, 0x880B, struct.pack(">HHI", len(p) + 4, 1, 5) + b"\xff\x03" + ppp(p)),
    "gre ppp, acknowledged": lambda p: gre(0x3081, 0x880B, struct.pack(">HHII", len(p) + 4, 1, 5, 4) + ppp(p)),
    "erspan 1": lambda p: gre(0, 0x88BE, frame(p)),
    "erspan 2": lambda p: gre(0x1000, 0x88BE, b"\0\0\0\1" + ERSPAN2 + frame(p)),
    "erspan 3": lambda p: gre(0x1000, 0x22EB, b"\0\0\0\1" + ERSPAN3 + frame(p)),
    "erspan 3, longer": lambda p: gre(0x1000, 0x22EB, b"\0\0\0\1" + ERSPAN3[:11] + b"\1" + bytes(8) + frame(p)),
    "ip in ip": lambda p: over_ip(4 if version(p) == 0x0800 else 41, p),
    "ip in ipv6": lambda p: over_ip(4 if version(p) == 0x0800 else 41, p, A6, B6),
    "etherip": lambda p: over_ip(97, b"\x30\0" + frame(p)),
    "mpls in ip": lambda p: over_ip(137, bytes.fromhex("00064140") + p),
    "vxlan": lambda p: over_udp(4789, b"\x08\0\0\0\0\0\7\0" + frame(p)),
    "vxlan, policy": lambda p: over_udp(4789, b"\x88\0\0\5\0\0\7\0" + frame(p)),
    "vxlan-gpe ip": lambda p: over_udp(4790, bytes([0x0C, 0, 0, (p[0] >> 5) - 1]) + b"\0\0\7\0" + p),
    "vxlan-gpe ethernet": lambda p: over_udp(4790, b"\x0c\0\0\3\0\0\7\0" + frame(p)),
    "geneve": lambda p: over_udp(6081, b"\0\0\x65\x58\0\0\7\0" + frame(p)),
    "geneve with options": lambda p: over_udp(6081, b"\2\0\x65\x58\0\0\7\0" + b"\1\2\1\1\0\0\0\0" + frame(p)),
    "geneve ip": lambda p: over_udp(6081, struct.pack(">BBH", 0, 0, version(p)) + b"\0\0\7\0" + p),
    "gtp": lambda p: gtp(0x30, b"", p),
    "gtp with sequence": lambda p: gtp(0x32, b"\0\5\0\0", p),
    "gtp with extension": lambda p: gtp(0x34, b"\0\0\0\x85\1\x10\5\0", p),
    "gtp with two extensions": lambda p: gtp(0x36, b"\0\5\0\x85\1\x10\5\xc0\2\0\0\0\0\0\0\0", p),
    "l2tp": lambda p: l2tp(0, b"", ppp(p)),
    "l2tp with length": lambda p: l2tp(0, b"", ppp(p), length=True),
    "l2tp with sequence": lambda p: l2tp(0x800, b"\0\1\0\2", ppp(p), length=True),
    "l2tp with offset": lambda p: l2tp(0x200, b"\0\2\xee\xee", ppp(p)),
    "tzsp": lambda p: over_udp(37008, b"\1\0\0\1\1" + frame(p)),
    "tzsp with tags": lambda p: over_udp(37008, b"\1\0\0\1\x0a\1\xc4\0\x12\1\6\1" + frame(p)),
    "pppoe": lambda p: pppoe(p, b"\0\x21" if p[0] >> 4 == 4 else b"\0\x57"),
    "pppoe, padded": lambda p: pppoe(p, b"\0\x21" if p[0] >> 4 == 4 else b"\0\x57", b"\xee" * 9),
    "mpls": mpls,
    "mpls, three labels": lambda p: mpls(p, (100, 200, 3)),
    "mpls, multicast": lambda p: mpls(p, kind=0x8848),
    "mpls ethernet": lambda p: mpls(ethernet(p, target=bytes.fromhex("001122334455"))),
    "mpls control word": lambda p: mpls(bytes(4) + ethernet(p)),
    "mpls control word, numbered": lambda p: mpls(b"\0\0\0\7" + ethernet(p)),
    "two vlans, pppoe": lambda p: ethernet(
        struct.pack(">HHHH", 5, 0x8100, 6, 0x8864) + pppoe(p, PPP[p[0] >> 4])[14:], 0x88A8
    ),
}
SIX_ONLY = {
    "teredo": lambda p: over_udp(3544, p),
    "teredo with origin": lambda p: over_udp(3544, bytes.fromhex("0000 1234 abcd abcd") + p),
    "teredo with both": lambda p: over_udp(3544, b"\0\1\0\0" + bytes(9) + bytes.fromhex("0000 1234 abcd abcd") + p),
}
PPP = {4: b"\0\x21", 6: b"\0\x57"}


def ppp(packet):
    return PPP[packet[0] >> 4] + packet


def talk(source, target, sport=40000, request=b"GET / HTTP/1.1\r\n\r\n", answer=b"HTTP/1.1 204 No\r\n\r\n", at=100):
    """The packets of a TCP connection with a request and its answer."""
    up = [(b"", 0, 0, SYN), (b"", 1, 1, ACK), (request, 1, 1, ACK), (b"", 1 + len(request), 1 + len(answer), ACK)]
    down = [(b"", 0, 1, SYN | ACK), (answer, 1, 1 + len(request), ACK)]
    made = []
    for index, order in ((0, up), (0, down), (1, up), (2, up), (1, down), (3, up)):
        data, seq, ack, flags = order[index]
        ports = (sport, 80) if order is up else (80, sport)
        ends = (source, target) if order is up else (target, source)
        made.append(ip(tcp(data, *ports, at + seq, at + ack if ack else 0, flags), *ends))
    return made


FOUR, SIX = talk(INNER, OTHER), talk(INNER6, OTHER6)
CASES = {
    f"{name}, {family}": (wrap, packets)
    for name, wrap in TUNNELS.items()
    for family, packets in (("v4", FOUR), ("v6", SIX))
}
CASES |= {name: (wrap, SIX) for name, wrap in SIX_ONLY.items()}


def streams(capture, **how):
    """Returns the number of the connection of each packet that brings bytes, by (frame, transport), and the bytes."""
    packets, followed = Packets("a.pcap"), Streams()
    found = {}

    def take(events):
        for event in events:
            if type(event).__name__ == "Arrival":
                segment = event.segment
                ends = [*segment.offsets[1:], len(segment.data)]
                for number, low, high in zip(segment.frames, segment.offsets, ends, strict=True):
                    key = number, event.flow.transport, event.flow.index
                    found[key] = found.get(key, b"") + segment.data[low:high]

    for window in windows(io.BytesIO(capture), "a.pcap", **how):
        take(followed.feed(packets.columns(window)))
    take(followed.close())
    return found, list(packets.finish())


def as_tshark(path, capture, link=1):
    """Checks stream numbers, payloads and addresses of a capture against tshark's; returns the columns and Blinds."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    path.write_bytes(capture)
    found, _ = streams(capture)
    ports = ("udp.dstport", "udp.srcport")
    fields = ("frame.number", "tcp.stream", "tcp.payload", "udp.stream", "udp.payload", *ports, "ip.src", "ipv6.src")
    shown = [[each.split(",")[-1] for each in line] for line in tshark(path, *fields)]
    assert shown
    brought, innermost = {}, {}
    for number, stream, data, datagrams, payload, target, source, four, six in shown:
        innermost[int(number)] = (four, six)
        if data:
            brought[int(number), "tcp", int(stream)] = bytes.fromhex(data)
        elif payload and not stream and not {int(source), int(target)} & {*PORTS}:
            brought[int(number), "udp", int(datagrams)] = bytes.fromhex(payload)
    assert found == brought
    columns, blinds = rows(capture)
    for row in columns:
        if row["wire"]:
            assert row["ends"][0] in innermost[row["frame"]]
    return columns, blinds


@pytest.mark.parametrize(("wrap", "packets"), CASES.values(), ids=CASES.keys())
def test_what_a_tunnel_carries_is_read(wrap, packets):
    plain, _ = rows(pcap([(i, frame(packet)) for i, packet in enumerate(packets)]))
    found, blinds = rows(pcap([(i, wrap(packet)) for i, packet in enumerate(packets)]))
    inner = [row for row in found if row["ports"] in ((40000, 80), (80, 40000))]
    for row, bare in zip(inner, plain, strict=True):
        assert {**row, "macs": 0} == {**bare, "macs": 0}
    assert all(not row["wire"] for row in found if row not in inner)
    assert not blinds


def test_requests_in_all_tunnels_are_exchanges_as_tshark(tmp_path):
    talks = []
    for number, (wrap, packets) in enumerate(CASES.values()):
        ends = (INNER, OTHER) if packets is FOUR else (INNER6, OTHER6)
        asked = b"POST /collect?in=%d HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 9\r\n\r\nimei=1234" % number
        talks.append([wrap(packet) for packet in talk(*ends, 41000 + number, asked)])
    seen = [packet for turn in zip(*talks, strict=True) for packet in turn]
    capture = pcap(list(enumerate(seen)))
    path = tmp_path / "a.pcap"
    as_tshark(path, capture)
    found = list(exchanges(io.BytesIO(capture), "a.pcap", KeyLog()))
    assert not [item for item in found if type(item).__name__ in ("Blind", "Fault")]
    mine = [
        (str(one.request.frames[0]), str(one.origin.stream), one.request.start[0], one.host, one.request.start[1])
        for one in found
        if type(one).__name__ == "Exchange"
    ]
    fields = ("frame.number", "tcp.stream", "http.request.method", "http.host", "http.request.uri")
    assert mine == [tuple(line) for line in tshark(path, *fields) if line[2]]
    assert len(mine) == len(CASES)
    for one in found:
        if type(one).__name__ == "Exchange":
            assert one.request.body == b"imei=1234"
            assert one.response.start[1] == "204"
            assert (one.client.ip, one.server.ip, one.server.port) in ((INNER, OTHER, 80), (INNER6, OTHER6, 80))


def test_linux_kernels_own_port_for_vxlan(tmp_path):
    capture = pcap([(i, over_udp(8472, b"\x08\0\0\0\0\0\7\0" + frame(packet))) for i, packet in enumerate(FOUR)])
    found, blinds = rows(capture)
    assert b"".join(row["data"] for row in found) == b"GET / HTTP/1.1\r\n\r\nHTTP/1.1 204 No\r\n\r\n"
    assert not blinds


@pytest.mark.parametrize("name", ["vxlan", "geneve", "gre ethernet", "mpls ethernet", "erspan 2", "tzsp", "etherip"])
def test_a_bridged_frame_has_its_own_hardware_addresses(name):
    (row,) = (each for each in rows(pcap([(0, TUNNELS[name](FOUR[3]))]))[0] if each["data"])
    assert row["macs"][1] in (OTHER_MAC, bytes.fromhex("001122334455"))


@pytest.mark.parametrize("name", ["gre", "pppoe", "ip in ip", "mpls", "gtp"])
def test_a_routed_packet_has_those_of_what_carries_it(name):
    (row,) = (each for each in rows(pcap([(0, TUNNELS[name](FOUR[3]))]))[0] if each["data"])
    assert row["macs"] == [CLIENT_MAC, SERVER_MAC]


def test_streams_are_numbered_from_outside_to_inside_as_tshark(tmp_path):
    dns = ip(udp(b"question", 50000, 53), INNER, OTHER, 17)
    talks = [talk(INNER, OTHER, 41000 + number) for number in range(4)]
    seen = []
    for one, two, three, four in zip(*talks, strict=True):
        seen += [frame(one), TUNNELS["vxlan"](two), TUNNELS["vxlan"](dns), TUNNELS["gtp"](three), frame(dns)]
        seen += [TUNNELS["geneve"](TUNNELS["gtp"](dns)[14:]), TUNNELS["gre"](four)]
    columns, blinds = as_tshark(tmp_path / "a.pcap", pcap(list(enumerate(seen))))
    assert [row["frame"] for row in columns] == sorted(row["frame"] for row in columns)
    assert not blinds


def bridged(packet):
    """A VXLAN packet that carries a frame."""
    return over_udp(4789, b"\x08\0\0\0\0\0\7\0" + packet)


NESTED = {
    "gre in gre": lambda p: gre(0, 0x0800, gre(0, 0x0800, p)[14:]),
    "pppoe in vxlan": lambda p: bridged(pppoe(p)),
    "vxlan over pppoe over mpls": lambda p: mpls(bytes.fromhex("001122334455") + pppoe(bridged(frame(p))[14:])[6:]),
    "everything": lambda p: l2tp(0, b"", ppp(gre(0, 0x6558, mpls(over_ip(4, gtp(0x30, b"", p)[14:])[14:]))[14:])),
}


@pytest.mark.parametrize("wrap", NESTED.values(), ids=NESTED.keys())
def test_tunnels_in_tunnels(wrap, tmp_path):
    columns, blinds = as_tshark(tmp_path / "a.pcap", pcap([(i, wrap(packet)) for i, packet in enumerate(FOUR)]))
    assert [row["data"] for row in columns if row["data"]] == [b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 204 No\r\n\r\n"]
    assert not blinds


@pytest.mark.parametrize(("depth", "read"), [(8, True), (9, False), (40, False)])
def test_nesting_is_bounded(depth, read):
    packet = FOUR[3]
    for _ in range(depth):
        packet = ip(packet, A, B, 4)
    found, blinds = rows(pcap([(5, ethernet(packet))]))
    assert bool(found) == read
    if not read:
        (blind,) = blinds
        assert (blind.why, blind.protocol, blind.frames) == ("limit", "tunnels", (1,))
        assert blind.bytes == len(FOUR[3]) + 20 * (depth - 9)


def wrapped(packet, name):
    return TUNNELS[name](packet)[14:]


LONG = bytes(range(256)) * 10


@pytest.mark.parametrize("name", ["gre", "vxlan", "ip in ip", "gtp", "mpls", "pppoe"])
def test_fragments_within_a_tunnel(name, tmp_path):
    parts = fragments(INNER, OTHER, transport=udp(LONG, 50000, 53))
    seen = [TUNNELS[name](part) for part in parts]
    columns, blinds = as_tshark(tmp_path / "a.pcap", pcap([(i, each) for i, each in enumerate([*seen, *seen[:2]])]))
    assert [(row["frame"], row["data"]) for row in columns if row["data"]] == [(3, LONG)]
    assert [(blind.protocol, blind.bytes) for blind in blinds] == [("ip fragments", 2000)]


@pytest.mark.parametrize(("source", "target"), [(A, B), (A6, B6)])
def test_a_tunnel_in_fragments(source, target, tmp_path):
    inner = ip(udp(LONG, 50000, 53), INNER, OTHER, 17)
    carrier = udp(b"\x08\0\0\0\0\0\7\0" + frame(inner), 40001, 4789)
    seen = [ethernet(part) for part in fragments(source, target, transport=carrier)]
    seen += [TUNNELS["vxlan"](packet) for packet in FOUR]
    columns, blinds = as_tshark(tmp_path / "a.pcap", pcap(list(enumerate(seen))))
    assert next((row["data"], row["macs"]) for row in columns if row["data"]) == (LONG, [MAC, OTHER_MAC])
    assert not blinds


def test_a_tunnel_in_fragments_carries_fragments(tmp_path):
    seen = []
    for part in fragments(INNER, OTHER, transport=udp(LONG, 50000, 53), size=1600):
        carrier = udp(b"\x08\0\0\0\0\0\7\0" + frame(part), 40001, 4789)
        seen += [ethernet(each) for each in fragments(A, B, transport=carrier, ident=len(seen))]
    columns, blinds = as_tshark(tmp_path / "a.pcap", pcap(list(enumerate(seen))))
    assert [row["data"] for row in columns if row["wire"]] == [LONG]
    assert not blinds


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_quotes_within_tunnels_and_tunnels_within_quotes(tmp_path):
    lost = ip(udp(b"12345678", 50001, 9), INNER, OTHER, 17)
    seen = [
        TUNNELS["vxlan"](quote(lost)[14:]),
        quote(wrapped(FOUR[3], "vxlan")),
        quote(wrapped(FOUR[3], "gre")),
        *(frame(packet) for packet in talk(INNER, OTHER, 43000)),
        frame(ip(udp(b"late", 50002, 9), INNER, OTHER, 17)),
        frame(FOUR[3]),
    ]
    path = tmp_path / "a.pcap"
    capture = pcap(list(enumerate(seen)))
    path.write_bytes(capture)
    found, blinds = streams(capture)
    shown = tshark(path, "frame.number", "tcp.stream", "udp.stream")
    last = {
        (int(number), kind, int(each.split(",")[-1]))
        for number, *two in shown
        for kind, each in zip(("tcp", "udp"), two, strict=True)
        if each
    }
    assert set(found) <= last
    assert {index for _, _, index in found} == {0, 1, 2}
    assert not blinds
    columns, _ = rows(capture)
    assert [row["frame"] for row in columns if row["quoted"]] == [1, 2, 2, 3]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_a_wireless_frame_of_many_packets(tmp_path):
    other = talk(INNER, OTHER, 41000)
    seen = [amsdu(*three) for three in zip(FOUR, other, SIX, strict=True)]
    capture = pcap(list(enumerate(seen)), link=105)
    columns, blinds = rows(capture)
    bare = [packet for three in zip(FOUR, other, SIX, strict=True) for packet in three]
    plain, _ = rows(pcap([(i, frame(packet)) for i, packet in enumerate(bare)]))
    assert [{**row, "frame": 0} for row in columns] == [{**row, "frame": 0} for row in plain]
    assert [row["frame"] for row in columns] == [1 + i // 3 for i in range(18)]
    assert not blinds
    path = tmp_path / "a.pcap"
    path.write_bytes(capture)
    found, _ = streams(capture)
    numbers = {
        (int(frame), int(each))
        for frame, all_of_it in tshark(path, "frame.number", "tcp.stream")
        for each in all_of_it.split(",")
    }
    assert {(frame, index) for frame, _, index in found} <= numbers
    assert len({index for _, _, index in found}) == 3


def test_a_wireless_frame_of_very_many_packets():
    many = amsdu(*[ip(udp(b"x"), INNER, OTHER, 17)] * 700)
    columns, (blind,) = rows(pcap([(0, many)], link=105))
    assert len(columns) == 64 * 8
    assert (blind.why, blind.protocol) == ("limit", "tunnels")


KEPT = {
    "vxlan without a network": (over_udp(4789, bytes(8) + frame(FOUR[3])), "udp"),
    "vxlan, reserved": (over_udp(4789, b"\x08\0\0\0\0\0\7\1" + frame(FOUR[3])), "udp"),
    "vxlan, empty": (over_udp(4789, b"\x08\0\0"), "udp"),
    "gtp echo": (gtp(0x32, b"\0\5\0\0", b"", 1), "udp"),
    "gtp version": (gtp(0x50, b"", FOUR[3]), "udp"),
    "gtp prime": (gtp(0x20, b"", FOUR[3]), "udp"),
    "gtp, not ip": (gtp(0x30, b"", b"\xee" * 40), "udp"),
    "gtp, extension of nothing": (gtp(0x34, b"\0\0\0\x85\0\x10\5\0", FOUR[3]), "udp"),
    "gtp, lying length": (over_udp(2152, b"\x30\xff\xff\xff\0\0\0\7" + FOUR[3]), "udp"),
    "geneve version": (over_udp(6081, b"\x40\0\x65\x58\0\0\7\0" + frame(FOUR[3])), "udp"),
    "l2tp control": (over_udp(1701, bytes.fromhex("c802000c0001000000000000"), 1701), "udp"),
    "l2tp version 3": (over_udp(1701, bytes.fromhex("0003000000000001") + FOUR[3]), "udp"),
    "teredo bubble of nothing": (over_udp(3544, bytes.fromhex("0000 1234 abcd abcd")), "udp"),
    "tzsp keepalive": (over_udp(37008, bytes.fromhex("0104000001000000")), "udp"),
    "another port": (over_udp(4788, b"\x08\0\0\0\0\0\7\0" + frame(FOUR[3])), "udp"),
    "gre with routing": (gre(0x4000, 0x0800, bytes(8) + FOUR[3]), "gre"),
    "gre version": (gre(2, 0x0800, FOUR[3]), "gre"),
    "gre, unknown": (gre(0, 0x1234, FOUR[3]), "ethertype 0x1234"),
    "gre, broken off": (gre(0x2000, 0x0800, b"")[:-2], "gre"),
    "erspan version": (gre(0x1000, 0x88BE, b"\0\0\0\1" + bytes(8) + frame(FOUR[3])), "erspan"),
    "etherip version": (over_ip(97, b"\x20\0" + frame(FOUR[3])), "etherip"),
    "ip in ip of nothing": (over_ip(4, b"\xee" * 40), "ip-in-ip"),
    "esp": (over_ip(50, bytes(40)), "esp"),
    "mpls without a bottom": (ethernet(b"\0\6\x40\x40" * 20, 0x8847), "mpls"),
    "mpls of anything": (mpls(b"\xee" * 40), "mpls"),
    "pppoe version": (ethernet(b"\x21" + pppoe(FOUR[3])[15:], 0x8864), "pppoe"),
    "ppp compressed": (pppoe(FOUR[3], b"\0\xfd"), "not ip"),
}


@pytest.mark.parametrize(("packet", "protocol"), KEPT.values(), ids=KEPT.keys())
def test_what_is_no_such_tunnel_stays_what_it_is(packet, protocol):
    found, blinds = rows(pcap([(0, packet)]))
    if protocol == "udp":
        (row,) = found
        assert row["wire"] == len(packet) - 42
        assert not blinds
    else:
        (blind,) = blinds
        assert (blind.why, blind.protocol) == ("unknown_protocol", protocol)
        assert not found


SILENT = {
    "gre keepalive": gre(0, 0, b""),
    "pptp acknowledgment": gre(0x2081, 0x880B, struct.pack(">HHI", 0, 1, 5)),
    "lcp": pppoe(b"\1\1\0\4", b"\xc0\x21"),
    "associated channel": mpls(bytes.fromhex("10000007") + bytes(24)),
}


@pytest.mark.parametrize("packet", SILENT.values(), ids=SILENT.keys())
def test_what_only_controls_a_tunnel_is_nothing_to_inspect(packet):
    assert rows(pcap([(0, packet)])) == ([], [])


@pytest.mark.parametrize("name", TUNNELS)
def test_a_tunnel_cut_at_any_byte_is_told(name):
    packet = TUNNELS[name](FOUR[3])
    for size in range(14, len(packet) - 9 * ("padded" in name)):
        found, blinds = rows(pcap([(0, packet[:size], len(packet))]))
        assert sum(row["wire"] - len(row["data"]) for row in found) == sum(
            blind.bytes for blind in blinds if blind.protocol == "payload"
        )
        assert blinds or found, size
        assert {blind.why for blind in blinds} <= {"truncated", "unknown_protocol"}
        assert sum(blind.bytes for blind in blinds) > 0, size


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*CASES.values()]), st.data())
def test_mutated_tunnels_raise_nothing(case, draw):
    wrap, packets = case
    seen = []
    for packet in packets[:4]:
        made = bytearray(wrap(packet))
        for _ in range(draw.draw(st.integers(0, 3))):
            made[draw.draw(st.integers(12, len(made) - 1))] = draw.draw(st.integers(0, 255))
        cut = draw.draw(st.integers(1, len(made)))
        seen.append((0, bytes(made[:cut]), len(made)))
    found, _ = rows(pcap(seen))
    for row in found:
        assert 0 <= len(row["data"]) <= row["wire"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*KINDS]), st.sampled_from([*PROTOCOLS]), st.sampled_from([*PORTS]), st.binary(max_size=80)
        )
    )
)
def test_rubbish_in_tunnels_raises_nothing(made):
    seen = []
    for kind, protocol, port, noise in made:
        seen += [ethernet(noise, kind), over_ip(protocol, noise), over_udp(port, noise), gre(0, kind, noise)]
    rows(pcap([(0, packet) for packet in seen]))
    rows(pcap([(0, amsdu(noise or b"\x45")) for *_, noise in made], link=105))
