"""Packet headers: every link type, addresses and payloads as tshark sees them, and nothing passed over in silence."""

import gzip
import io
import socket
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire.container import windows
from leaktap.wire.packets import Packets
from tests.wire._packets import (
    CAPTURES,
    CLIENT,
    CLIENT_MAC,
    SERVER,
    SERVER_MAC,
    SYN,
    block,
    enhanced,
    ethernet,
    interface,
    ip,
    pcap,
    section,
    tcp,
    tshark,
    udp,
)

SIX, OTHER_SIX = "2001:db8::7", "2001:db8:1::9"
SEGMENT = tcp(b"hello", seq=77, ack=99, options=b"\1\1\1\0")
LLC = bytes.fromhex("aaaa03000000")


def rows(capture, **how):
    """Returns what the columns hold, packet by packet, and the Blinds."""
    packets = Packets("a.pcap")
    found = []
    for window in windows(io.BytesIO(capture), "a.pcap", **how):
        columns = packets.columns(window)
        for i in range(len(columns.frame)):
            start, size = int(columns.start[i]), int(columns.size[i])
            macs = [
                bytes(columns.data[at : at + 6]) if at >= 0 else None
                for at in (int(columns.sender[i]), int(columns.receiver[i]))
            ]
            found.append(
                {
                    "frame": int(columns.frame[i]),
                    "ends": [
                        address(int(columns.version[i]), end[0][i], end[1][i])
                        for end in (columns.source, columns.target)
                    ],
                    "ports": (int(columns.sport[i]), int(columns.dport[i])),
                    "tcp": (int(columns.seq[i]), int(columns.ack[i]), int(columns.flags[i])),
                    "data": bytes(columns.data[start : start + size]),
                    "wire": int(columns.wire[i]),
                    "macs": macs,
                    "quoted": bool(columns.quoted[i]),
                }
            )
    return found, list(packets.finish())


def address(version, high, low):
    if version == 4:
        return socket.inet_ntop(socket.AF_INET, int(low).to_bytes(4))
    return socket.inet_ntop(socket.AF_INET6, (int(high) << 64 | int(low)).to_bytes(16))


def one(packet, link=1, original=None):
    """Returns the only row of a capture of one packet."""
    (row,), blinds = rows(pcap([(0, packet, len(packet) if original is None else original)], link=link))
    return row, blinds


def wifi(payload, flags, *, quality=False, extra=b"", protected=0, kind=0x08, control=b"\0\0"):
    """A data frame: `flags` are 1 to the access point, 2 from it."""
    kind |= 0x80 if quality else 0
    order = {
        0: (SERVER_MAC, CLIENT_MAC, b"bssid."),
        1: (b"bssid.", CLIENT_MAC, SERVER_MAC),
        2: (SERVER_MAC, b"bssid.", CLIENT_MAC),
        3: (b"recv..", b"trans.", SERVER_MAC),
    }[flags]
    head = bytes([kind, flags | protected]) + b"\0\0" + b"".join(order) + b"\0\0"
    head += CLIENT_MAC if flags == 3 else b""
    return head + (control if quality else b"") + extra + LLC + struct.pack(">H", 0x0800) + payload


def tap(present, fields, frame):
    return struct.pack("<BBH", 0, 0, 4 + len(present) + len(fields)) + present + fields + frame


V4, V6 = ip(SEGMENT), ip(SEGMENT, SIX, OTHER_SIX)
BOTH = [CLIENT_MAC, SERVER_MAC]
LINKS = {
    "ethernet": (1, ethernet(V4), BOTH),
    "ethernet, padded": (1, ethernet(V4) + b"\xee" * 9, BOTH),
    "vlan": (1, ethernet(struct.pack(">HH", 5, 0x0800) + V4, 0x8100), BOTH),
    "two vlans": (1, ethernet(struct.pack(">HHHH", 5, 0x8100, 6, 0x0800) + V4, 0x88A8), BOTH),
    "ethernet snap": (1, ethernet(LLC + b"\x08\0" + V4, 8 + len(V4)), BOTH),
    "raw 101": (101, V4, [None, None]),
    "raw 12": (12, V4, [None, None]),
    "raw 228": (228, V4, [None, None]),
    "null, little": (0, struct.pack("<I", 2) + V4, [None, None]),
    "null, big": (0, struct.pack(">I", 2) + V4, [None, None]),
    "loop": (108, struct.pack(">I", 2) + V4, [None, None]),
    "cooked": (113, struct.pack(">HHH", 4, 1, 6) + CLIENT_MAC + b"\0\0\x08\0" + V4, [CLIENT_MAC, None]),
    "cooked, no address": (113, struct.pack(">HHH", 4, 772, 0) + bytes(8) + b"\x08\0" + V4, [None, None]),
    "cooked, vlan": (
        113,
        struct.pack(">HHH", 4, 1, 6) + CLIENT_MAC + b"\0\0\x81\0\0\5\x08\0" + V4,
        [CLIENT_MAC, None],
    ),
    "cooked 2": (276, b"\x08\0\0\0" + struct.pack(">IHBB", 3, 1, 4, 6) + CLIENT_MAC + b"\0\0" + V4, [CLIENT_MAC, None]),
    "ppp": (9, b"\xff\x03\x00\x21" + V4, [None, None]),
    "ppp, bare": (50, b"\x00\x21" + V4, [None, None]),
    "wifi between stations": (105, wifi(V4, 0), BOTH),
    "wifi up": (105, wifi(V4, 1), BOTH),
    "wifi down": (105, wifi(V4, 2), BOTH),
    "wifi four addresses": (105, wifi(V4, 3), BOTH),
    "wifi qos": (105, wifi(V4, 1, quality=True), BOTH),
    "wifi qos and ht": (105, wifi(V4, 1, quality=True, extra=b"\0\0\0\0", protected=0x80), BOTH),
    "radiotap": (127, tap(struct.pack("<I", 0), b"", wifi(V4, 1)), BOTH),
    "radiotap flags": (127, tap(struct.pack("<I", 2), b"\x10", wifi(V4, 1) + b"fcs!"), BOTH),
    "radiotap padded": (127, tap(struct.pack("<I", 2), b"\x20", wifi(V4, 1, quality=True, extra=b"\0\0")), BOTH),
    "radiotap time, padded": (
        127,
        tap(struct.pack("<II", 0x80000003, 0), bytes(12) + b"\x20", wifi(V4, 2, quality=True, extra=b"\0\0")),
        BOTH,
    ),
}


@pytest.mark.parametrize(("link", "packet", "macs"), LINKS.values(), ids=LINKS.keys())
def test_link_types(link, packet, macs):
    row, blinds = one(packet, link)
    assert (row["ends"], row["ports"], row["tcp"], row["data"]) == (
        [CLIENT, SERVER],
        (40000, 80),
        (77, 99, 16),
        b"hello",
    )
    assert row["macs"] == macs
    assert not blinds


def test_tshark_reads_the_same_of_all_link_types_and_headers(tmp_path):
    picks = [(link, packet) for link, packet, _ in LINKS.values()] + [(1, ethernet(each)) for each in NETWORKS.values()]
    capture = section() + b"".join(interface(link) for link, _ in picks)
    capture += b"".join(enhanced(i, packet, interface=i) for i, (_, packet) in enumerate(picks))
    path = tmp_path / "a.pcapng"
    path.write_bytes(capture)
    found, _ = rows(capture)
    mine = [[row["ends"][0], str(row["ports"][0]), row["data"].hex()] for row in found]
    shown = tshark(path, "ip.src", "ipv6.src", "tcp.srcport", "tcp.payload")
    assert [[four or six, port, data] for four, six, port, data in shown] == mine
    assert len(mine) == len(picks)


@pytest.mark.parametrize("family", [10, 24, 28, 30])
@pytest.mark.parametrize("order", ["<I", ">I"])
def test_loopback_families_of_ipv6(family, order):
    row, _ = one(struct.pack(order, family) + V6, 0)
    assert row["ends"] == [SIX, OTHER_SIX]


def test_interfaces_of_different_link_types_keep_their_order():
    capture = section() + interface(1) + interface(101) + interface(113)
    picks = [LINKS[name] for name in ("cooked", "raw 101", "ethernet", "raw 101", "vlan")]
    for i, (link, packet, _) in enumerate(picks):
        capture += enhanced(i, packet, interface=(1, 101, 113).index(link))
    found, blinds = rows(capture)
    assert [row["frame"] for row in found] == [1, 2, 3, 4, 5]
    assert [row["macs"] for row in found] == [macs for _, _, macs in picks]
    assert {row["data"] for row in found} == {b"hello"}
    assert not blinds


def extension(following, size=8, length=None):
    return bytes([following, size // 8 - 1 if length is None else length]) + bytes(size - 2)


NETWORKS = {
    "ipv4 options": ip(SEGMENT, options=b"\x94\x04\0\0"),
    "ipv4 full header": ip(SEGMENT, options=b"\1" * 40),
    "ipv4 segmented by the card": ip(SEGMENT, total=0),
    "ipv4 authenticated": ip(extension(6, 24, length=4) + SEGMENT, protocol=51),
    "ipv6": V6,
    "ipv6 hop by hop": ip(extension(6) + SEGMENT, SIX, OTHER_SIX, 0),
    "ipv6 all": ip(
        extension(43) + extension(60, 24) + extension(44, 16) + extension(51) + extension(6, 24, length=4) + SEGMENT,
        SIX,
        OTHER_SIX,
        0,
    ),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS.keys())
def test_network_headers(network):
    row, blinds = one(ethernet(network))
    assert (row["ports"], row["data"], row["wire"]) == ((40000, 80), b"hello", 5)
    assert not blinds


@pytest.mark.parametrize(
    ("datagram", "data"),
    [
        (udp(b"hello"), b"hello"),
        (udp(b"hello", length=11), b"hel"),
        (udp(b"hello", length=0), b"hello"),
        (udp(b"hello", length=4000), b"hello"),
        (udp(b""), b""),
    ],
)
def test_udp_lengths(datagram, data):
    row, _ = one(ethernet(ip(datagram, protocol=17)))
    assert (row["ports"], row["data"], row["tcp"]) == ((40000, 53), data, (0, 0, 0))


LONG = bytes(range(256)) * 12


def fragments(source, target, size=1000, ident=9, transport=None):
    """Cuts a UDP datagram into IP fragments."""
    whole = transport or udp(LONG)
    parts = []
    for offset in range(0, len(whole), size):
        piece, more = whole[offset : offset + size], offset + size < len(whole)
        if ":" in source:
            head = struct.pack(">BBHI", 17, 0, offset | more, ident)
            parts.append(ip(head + piece, source, target, 44))
        else:
            parts.append(ip(piece, source, target, 17, ident=ident, offset=offset, more=more))
    return parts


@pytest.mark.parametrize(("source", "target"), [(CLIENT, SERVER), (SIX, OTHER_SIX)])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (0, 0, 1, 1, 2, 3), (2, 3, 1, 0)])
@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_fragments_come_together_at_the_last_one(source, target, order, chunk, tmp_path):
    parts = fragments(source, target)
    between = ethernet(ip(tcp(b"between")))
    capture = pcap([(i, packet) for i, part in enumerate(order) for packet in (ethernet(parts[part]), between)])
    found, blinds = rows(capture, chunk=chunk)
    whole = [row for row in found if row["ports"] == (40000, 53)]
    assert [row["data"] for row in whole] == [LONG]
    assert whole[0]["ends"] == [source, target]
    assert [row["frame"] for row in found] == sorted(row["frame"] for row in found)
    assert len(found) == len(order) + 1
    assert not blinds
    path = tmp_path / "a.pcap"
    path.write_bytes(capture)
    shown = tshark(path, "frame.number", "udp.payload")
    assert [(int(frame), bytes.fromhex(data)) for frame, data in shown if data] == [(whole[0]["frame"], LONG)]


def test_fragments_of_different_datagrams_are_kept_apart():
    one_datagram, other = (
        fragments(CLIENT, SERVER, ident=1),
        fragments(SERVER, CLIENT, ident=1, transport=udp(LONG[::-1])),
    )
    again = fragments(CLIENT, SERVER, ident=2)
    mixed = [packet for three in zip(one_datagram, other, again, strict=True) for packet in three]
    found, _ = rows(pcap([(i, ethernet(packet)) for i, packet in enumerate(mixed)]))
    assert [row["data"] for row in found] == [LONG, LONG[::-1], LONG]


@pytest.mark.parametrize(("source", "target"), [(CLIENT, SERVER), (SIX, OTHER_SIX)])
def test_fragments_that_never_get_whole_are_told(source, target):
    parts = fragments(source, target)[:-1]
    found, (blind,) = rows(pcap([(5, ethernet(part)) for part in parts]))
    assert not found
    assert (blind.why, blind.protocol, blind.bytes, blind.time) == ("truncated", "ip fragments", 3000, 5)


def test_fragments_do_not_wait_for_ever():
    parts = fragments(CLIENT, SERVER)
    times = [0, 1, 2, 61_000_000]
    found, blinds = rows(pcap([(time, ethernet(part)) for time, part in zip(times, parts, strict=True)]))
    assert not found
    assert sum(blind.bytes for blind in blinds) == len(udp(LONG))


def test_a_flood_of_fragments_is_bounded():
    flood = [(0, ethernet(ip(bytes(64), protocol=17, ident=i, more=True))) for i in range(3000)]
    flood += [(0, ethernet(ip(bytes(8), protocol=17, ident=7, offset=i * 8, more=True))) for i in range(1, 3000)]
    found, (blind,) = rows(pcap(flood))
    assert not found
    assert blind.bytes == 3000 * 64 + 2999 * 8


def quote(inner, source=SERVER, target=CLIENT, kind=3, protocol=1):
    return ethernet(ip(struct.pack(">BBHI", kind, 3, 0, 0) + inner, source, target, protocol))


@pytest.mark.parametrize(
    ("packet", "ends"),
    [
        (quote(ip(udp(b"12345678"), protocol=17)), [CLIENT, SERVER]),
        (quote(V4), [CLIENT, SERVER]),
        (quote(ip(udp(b"1234"), SIX, OTHER_SIX, 17), OTHER_SIX, SIX, 1, 58), [SIX, OTHER_SIX]),
    ],
)
def test_packets_quoted_in_icmp_errors_have_no_payload(packet, ends):
    row, blinds = one(packet)
    assert row["quoted"]
    assert (row["ends"], row["data"], row["wire"]) == (ends, b"", 0)
    assert not blinds


@pytest.mark.parametrize(
    "packet",
    [
        quote(V4, kind=0),
        quote(V4, kind=8),
        quote(V4[:30]),
        quote(b""),
        quote(ip(udp(b"1"), protocol=17, offset=8)),
        ethernet(b"\0\1\x08\0\6\4\0\1" + bytes(20), 0x0806),
        ethernet(ip(b"\x11\0\0\0" + bytes(4), protocol=2)),
        ethernet(b"\x42\x42\x03" + bytes(35), 38),
        ethernet(bytes(40), 0x888E),
        ethernet(b"\x11\x09\0\0\0\4\1\1\0\0", 0x8863),
    ],
)
def test_network_control_is_nothing_to_inspect(packet):
    assert rows(pcap([(0, packet)])) == ([], [])


BLIND = {
    "ethertype": (1, ethernet(bytes(50), 0x1234), "unknown_protocol", "ethertype 0x1234", 64),
    "mpls": (1, ethernet(bytes(50), 0x8847), "unknown_protocol", "mpls", 64),
    "gre": (1, ethernet(ip(bytes(50), protocol=47)), "unknown_protocol", "gre", 84),
    "protocol": (1, ethernet(ip(bytes(50), protocol=200)), "unknown_protocol", "ip protocol 0xc8", 84),
    "link type": (147, bytes(50), "unknown_protocol", "link type 147", 50),
    "wifi encrypted": (105, wifi(V4, 1, protected=0x40), "unknown_protocol", "802.11 encrypted", 32 + len(V4)),
    "wifi aggregated rubbish": (
        105,
        wifi(V4, 1, quality=True, control=b"\x80\0", extra=b"\xff" * 15),
        "unknown_protocol",
        "not ip",
        1 + 8 + len(V4),
    ),
    "ppp": (9, b"\x00\xfd" + bytes(40), "unknown_protocol", "not ip", 42),
    "raw rubbish": (101, b"\xff" * 40, "unknown_protocol", "not ip", 40),
    "wrong version": (1, ethernet(V6, 0x0800), "unreadable", "ip", len(V6)),
    "short header": (1, ethernet(b"\x43" + V4[1:]), "unreadable", "ip", len(V4)),
    "impossible length": (1, ethernet(ip(SEGMENT, total=19)), "unreadable", "ip", len(V4)),
}


@pytest.mark.parametrize(("link", "packet", "why", "protocol", "size"), BLIND.values(), ids=BLIND.keys())
def test_what_is_not_inspected_is_told(link, packet, why, protocol, size):
    found, (blind,) = rows(pcap([(7, packet), (8, packet)], link=link))
    assert not found
    assert (blind.why, blind.protocol, blind.bytes) == (why, protocol, 2 * size)
    assert (blind.time, blind.source, blind.frames, blind.detail) == (7, "a.pcap", (1, 2), "2 packets")


def test_wifi_without_data_is_nothing_to_inspect():
    silent = [wifi(V4, 1, kind=kind) for kind in (0x48, 0xC8, 0x80, 0xB4, 0x00)]
    assert rows(pcap([(0, packet) for packet in silent], link=105)) == ([], [])


def test_a_thousand_unknown_kinds_are_told_together():
    capture = pcap([(0, ethernet(bytes(10), 0x6000 + i)) for i in range(1000)])
    found, blinds = rows(capture)
    assert not found
    assert len(blinds) < 70
    assert sum(blind.bytes for blind in blinds) == 24_000
    assert sum(int(blind.detail.split()[0]) for blind in blinds) == 1000


WHOLE = ethernet(ip(tcp(b"0123456789", options=b"\1\1\1\1")))


@pytest.mark.parametrize("size", range(len(WHOLE)))
def test_packets_cut_at_any_byte_are_told(size):
    found, (blind,) = rows(pcap([(0, WHOLE[:size], len(WHOLE))]))
    assert blind.why == "truncated"
    if size >= 14 + 20 + 16:
        (row,) = found
        assert row["ports"] == (40000, 80)
        assert row["wire"] == 10
        assert row["data"] == b"0123456789"[: max(size - 58, 0)]
        assert blind.bytes == 10 - len(row["data"])
    else:
        assert not found
        assert blind.bytes > 0


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([*LINKS.values()]), st.data(), st.binary(max_size=90)), min_size=1, max_size=6)
)
def test_rubbish_raises_nothing(made):
    capture = section() + b"".join(interface(link) for (link, *_), _, _ in made)
    for i, ((_, packet, _), draw, noise) in enumerate(made):
        cut = draw.draw(st.integers(0, len(packet)))
        capture += enhanced(i, packet[:cut] + noise, interface=i, original=draw.draw(st.integers(0, 2000)))
    found, _ = rows(capture + block(0xBAD, b""))
    for row in found:
        assert 0 <= len(row["data"]) <= row["wire"]


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the folder of foreign captures is not at hand")
def test_foreign_captures_as_tshark():
    fields = (
        "frame.number",
        "ip.src",
        "ipv6.src",
        "tcp.seq_raw",
        "tcp.ack_raw",
        "tcp.payload",
        "udp.payload",
        "icmp.type",
    )
    for path in sorted(CAPTURES.glob("pcap/*")) + sorted(CAPTURES.glob("tls/*.pcap*")):
        packed = path.read_bytes()
        found, _ = rows(gzip.decompress(packed) if path.suffix == ".gz" else packed)
        mine = {row["frame"]: row for row in found}
        for frame, four, six, seq, ack, stream, datagram, icmp in tshark(path, *fields):
            where = (path.name, frame)
            row = mine.get(int(frame))
            if icmp or row is None:
                assert not stream, where
                assert not datagram, where
                continue
            assert row["ends"][0] == (four or six), where
            assert row["data"].hex() == (stream or datagram), where
            if seq:
                assert row["tcp"][:2] == (int(seq), int(ack or 0)), where


def test_syn_flag_is_kept():
    row, _ = one(ethernet(ip(tcp(flags=SYN))))
    assert row["tcp"][2] == SYN
