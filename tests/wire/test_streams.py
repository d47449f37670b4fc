"""Connections: numbered as tshark numbers them, and exactly the bytes sent, whatever happens to the packets."""

import gzip
import io
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import Blind
from leaktap.wire._bytes import Arrival, Closed
from leaktap.wire.container import windows
from leaktap.wire.packets import Packets
from leaktap.wire.streams import Streams
from tests.wire._packets import (
    ACK,
    CAPTURES,
    CLIENT,
    CLIENT_MAC,
    FIN,
    RST,
    SERVER,
    SERVER_MAC,
    SYN,
    ethernet,
    ip,
    pcap,
    tcp,
    tshark,
    udp,
)

SECOND = 1_000_000


def up(data=b"", seq=0, ack=0, flags=ACK, sport=40000, dport=80, source=CLIENT, target=SERVER):
    return ethernet(ip(tcp(data, sport, dport, seq, ack, flags), source, target))


def down(data=b"", seq=0, ack=0, flags=ACK, sport=80, dport=40000, source=SERVER, target=CLIENT):
    return ethernet(ip(tcp(data, sport, dport, seq, ack, flags), source, target), source=SERVER_MAC, target=CLIENT_MAC)


def shake(isn=100, other=500, **ports):
    back = {"sport": ports.get("dport", 80), "dport": ports.get("sport", 40000)}
    return [
        up(seq=isn, flags=SYN, **ports),
        down(seq=other, ack=isn + 1, flags=SYN | ACK, **back),
        up(seq=isn + 1, ack=other + 1, **ports),
    ]


def events(packets, chunk=1 << 20, close=True):
    """Returns what streams make of packets (bytes, or (time, bytes[, original length])), which come at one a second."""
    timed = [packet if isinstance(packet, tuple) else (i * SECOND, packet) for i, packet in enumerate(packets)]
    return read(io.BytesIO(pcap(timed)), chunk, close)


def read(stream, chunk, close=True):
    headers, streams, found = Packets("a"), Streams(), []
    for window in windows(stream, "a", chunk=chunk):
        found += streams.feed(headers.columns(window))
    return found + list(streams.close()) if close else found


def sides(found, index=0, transport="tcp"):
    """Returns both sides of a connection as lists of what came; a number stands for that many lost bytes."""
    made = ([], [])
    for event in found:
        if isinstance(event, Arrival) and (event.flow.transport, event.flow.index) == (transport, index):
            side = made[event.side]
            if event.segment.lost:
                side.append(event.segment.lost)
            if event.segment.data:
                if side and isinstance(side[-1], bytes):
                    side[-1] += event.segment.data
                else:
                    side.append(event.segment.data)
    return made


def closed(found):
    return [(event.flow.index, event.why) for event in found if isinstance(event, Closed)]


def numbers(found, transport="tcp"):
    """Returns by packet number the connection that its bytes were given to."""
    return {
        frame: event.flow.index
        for event in found
        if isinstance(event, Arrival) and event.flow.transport == transport
        for frame in event.segment.frames
    }


HELLO = [*shake(), up(b"hello", 101, 501), down(b"world!", 501, 106)]


def test_a_connection():
    bye = [up(seq=106, ack=507, flags=FIN | ACK), down(seq=507, ack=107, flags=FIN | ACK), up(seq=107, ack=508)]
    found = events(HELLO + bye)
    client, server, end = found
    assert (client.side, client.segment.data) == (0, b"hello")
    assert (client.segment.offsets, client.segment.frames, client.segment.times) == ([0], [4], [3 * SECOND])
    assert (server.side, server.segment.data, server.segment.frames) == (1, b"world!", [5])
    assert client.flow is server.flow is end.flow
    assert end.why == "fin"
    flow = end.flow
    assert (flow.index, flow.transport, flow.time, flow.frame, flow.from_start) == (0, "tcp", 0, 1, True)
    assert (flow.client.ip, flow.client.port, flow.client.mac) == (CLIENT, 40000, CLIENT_MAC.hex(":"))
    assert (flow.server.ip, flow.server.port, flow.server.mac) == (SERVER, 80, "")


def test_pieces_know_their_packets():
    packets = [*shake(), up(b"abc", 101), up(b"defg", 104), up(b"h", 108), up(b"defg", 104), up(b"ijk", 109)]
    (arrival, _) = events(packets)
    assert arrival.segment.data == b"abcdefghijk"
    assert list(arrival.segment.offsets) == [0, 3, 7, 8]
    assert list(arrival.segment.frames) == [4, 5, 6, 8]
    assert list(arrival.segment.times) == [3 * SECOND, 4 * SECOND, 5 * SECOND, 7 * SECOND]


REASSEMBLY = {
    "in order": ([up(b"ab", 101), up(b"cd", 103)], [b"abcd"]),
    "repeated": ([up(b"ab", 101), up(b"ab", 101), up(b"cd", 103), up(b"ab", 101)], [b"abcd"]),
    "reordered": ([up(b"cd", 103), up(b"ef", 105), up(b"ab", 101)], [b"abcdef"]),
    "overlap behind": ([up(b"abcd", 101), up(b"CDef", 103)], [b"abcdef"]),
    "overlap before": ([up(b"cdef", 103), up(b"abCD", 101)], [b"abcdef"]),
    "first arrival wins around": ([up(b"cd", 103), up(b"abXXef", 101)], [b"abcdef"]),
    "first arrival wins twice": ([up(b"c", 103), up(b"e", 105), up(b"abXdXf", 101)], [b"abcdef"]),
    "keep-alive": ([up(b"ab", 101), up(b"\0", 102), up(b"", 102), up(b"cd", 103)], [b"abcd"]),
    "window probe": ([up(b"ab", 101), up(b"c", 103), up(b"cd", 103)], [b"abcd"]),
    "gap, told by ack": ([up(b"ab", 101), up(b"ef", 105), down(ack=107)], [b"ab", 2, b"ef"]),
    "gap, told at the end": ([up(b"ab", 101), up(b"ef", 105)], [b"ab", 2, b"ef"]),
    "gap, filled after the ack": ([up(b"ab", 101), up(b"ef", 105), down(ack=107), up(b"cd", 103)], [b"abcdef"]),
    "two gaps": ([up(b"c", 103), up(b"e", 105), up(b"g", 107)], [2, b"c", 1, b"e", 1, b"g"]),
    "end missing, told by ack": ([up(b"ab", 101), down(ack=110)], [b"ab", 7]),
    "end missing, told by fin": ([up(b"ab", 101), up(seq=106, flags=FIN | ACK)], [b"ab", 3]),
    "acknowledged fin is no byte": ([up(b"ab", 101), down(ack=104)], [b"ab"]),
    "data with fin": ([up(b"ab", 101), up(b"cd", 103, flags=FIN | ACK)], [b"abcd"]),
    "data with reset is none": ([up(b"ab", 101), up(b"why", 103, flags=RST)], [b"ab"]),
    "nonsense far away": ([up(b"ab", 101), up(b"??", 101 + (1 << 29)), up(b"cd", 103), down(ack=105)], [b"abcd"]),
    "nonsense far behind": ([up(b"ab", 101), up(b"??", 101 - (1 << 29)), up(b"cd", 103)], [b"abcd"]),
    "only acks": ([down(ack=101), up(seq=101)], []),
}


@pytest.mark.parametrize(("packets", "expected"), REASSEMBLY.values(), ids=REASSEMBLY.keys())
def test_reassembly(packets, expected):
    assert sides(events(shake() + packets))[0] == expected


@pytest.mark.parametrize(
    ("packets", "expected"),
    [(*REASSEMBLY[name],) for name in REASSEMBLY if name != "gap, filled after the ack"],
    ids=[name for name in REASSEMBLY if name != "gap, filled after the ack"],
)
def test_reassembly_with_every_packet_in_a_window_of_its_own(packets, expected):
    assert sides(events(shake() + packets, chunk=1))[0] == expected


def test_data_on_a_syn():
    packets = [up(b"early", 100, flags=SYN), down(seq=500, ack=106, flags=SYN | ACK), up(b"late", 106, 501)]
    assert sides(events(packets)) == ([b"earlylate"], [])


@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_bytes_that_were_not_captured_are_lost_at_once(chunk):
    packet = up(b"0123456789", 101)
    cut = (9, packet[:-6], len(packet))
    found = events([*shake(), cut, up(b"next", 111), up(b"more", 115)], chunk, close=False)
    assert sides(found)[0] == [b"0123", 6, b"nextmore"]


def test_headers_alone_tell_how_much_is_lost():
    packets = [up(b"x" * 1000, 101 + i * 1000) for i in range(3)]
    found = events([*shake(), *[(i, packet[:54], len(packet)) for i, packet in enumerate(packets)]])
    assert sides(found)[0] == [3000]


SETS = {
    "fin": ([*HELLO, up(seq=106, flags=FIN | ACK), down(seq=507, flags=FIN | ACK)], [(0, "fin")]),
    "one fin": ([*HELLO, up(seq=106, flags=FIN | ACK)], [(0, "end")]),
    "fin before its data": (
        [*HELLO, down(seq=507, flags=FIN | ACK), up(seq=109, flags=FIN | ACK), up(b"abc", 106)],
        [(0, "fin")],
    ),
    "rst": ([*HELLO, down(seq=507, flags=RST)], [(0, "rst")]),
    "rst that nobody heeds": ([*HELLO, down(seq=507, flags=RST), down(b"on", 507), down(b"and on", 509)], [(0, "end")]),
    "end": (HELLO, [(0, "end")]),
    "refused": ([up(seq=100, flags=SYN), down(ack=101, flags=RST | ACK)], []),
    "repeated fin": (
        [*HELLO, up(seq=106, flags=FIN | ACK), down(seq=507, flags=FIN | ACK), up(seq=106, flags=FIN | ACK)],
        [(0, "fin")],
    ),
}


@pytest.mark.parametrize(("packets", "expected"), SETS.values(), ids=SETS.keys())
def test_ends(packets, expected):
    assert closed(events(packets)) == expected
    if "heeds" not in str(expected):
        assert closed(events(packets, chunk=1))[-1:] == expected


def test_late_repetitions_do_not_open_a_closed_connection():
    bye = [up(seq=106, flags=FIN | ACK), down(seq=507, flags=FIN | ACK)]
    late = [up(b"hello", 101, 501), up(seq=106, flags=FIN | ACK), down(b"world!", 501), up(seq=107)]
    found = events(HELLO + bye + late, chunk=1)
    assert closed(found) == [(0, "fin")]
    assert sides(found) == ([b"hello"], [b"world!"])


def test_a_connection_that_goes_on_after_a_reset_keeps_its_number():
    found = events([*HELLO, down(seq=507, flags=RST), up(b"again", 106, 507)], chunk=1)
    assert closed(found) == [(0, "rst"), (0, "end")]
    first, *_, last = [one.flow for one in found if isinstance(one, Arrival)]
    assert first is not last
    assert [next(first.numbers), next(last.numbers)] == [0, 1]
    assert sides(found)[0] == [b"helloagain"]
    assert [event.flow.from_start for event in found if isinstance(event, Closed)] == [True, False]


MIDDLE = {
    "both sides": ([up(b"ab", 101, 501), down(b"cd", 501, 103)], 0, [b"ab"], [b"cd"]),
    "server first": ([down(b"cd", 501, 101), up(b"ab", 101, 503)], 0, [b"ab"], [b"cd"]),
    "reordered": ([up(b"cd", 103), up(b"ab", 101), up(b"ef", 105)], 0, [b"abcdef"], []),
    "wrapped": ([up(b"cd", 1), up(b"ab", 2**32 - 1), up(b"ef", 3)], 0, [b"abcdef"], []),
    "synack alone": ([down(seq=500, ack=101, flags=SYN | ACK), up(b"cd", 103), up(b"ab", 101)], 0, [b"abcd"], []),
    "no synack": (
        [up(seq=100, flags=SYN), up(b"", 101, 501), down(b"cd", 503, 101), down(b"ab", 501, 101)],
        0,
        [],
        [b"abcd"],
    ),
    "no synack, first bytes lost": ([up(seq=100, flags=SYN), up(b"", 101, 501), down(b"cd", 503)], 0, [], [2, b"cd"]),
}


@pytest.mark.parametrize(("packets", "index", "client", "server"), MIDDLE.values(), ids=MIDDLE.keys())
def test_captures_that_begin_in_the_middle(packets, index, client, server):
    found = events(packets)
    assert sides(found, index) == (client, server)
    flow = next(event.flow for event in found)
    assert flow.client.port == 40000
    assert flow.from_start == (packets[0][47] & SYN != 0)
    assert flow.client.mac == CLIENT_MAC.hex(":")


@pytest.mark.parametrize(
    ("sport", "dport", "client"),
    [
        (40000, 443, 40000),
        (443, 40000, 40000),
        (443, 80, 443),
        (1000, 40000, 40000),
        (5228, 60000, 60000),
        (8080, 500, 500),
        (30000, 50000, 50000),
        (50000, 30000, 50000),
        (7000, 7000, 7000),
    ],
)
def test_who_is_the_client_of_an_unknown_beginning(sport, dport, client):
    (arrival, _) = events([up(b"x", sport=sport, dport=dport)])
    assert arrival.flow.client.port == client
    assert arrival.side == (0 if sport == client else 1)
    assert not arrival.flow.from_start


REUSE = {
    "other number": [*HELLO, *shake(9000, 7000), up(b"new", 9001, 7001)],
    "within the handshake": [up(seq=100, flags=SYN), *shake(9000, 7000), up(b"new", 9001)],
    "same number": [*HELLO, up(seq=100, flags=SYN), up(b"more", 106, 507)],
    "after fin": [
        *HELLO,
        up(seq=106, flags=FIN | ACK),
        down(seq=507, flags=FIN | ACK),
        *shake(9000),
        up(b"new", 9001),
    ],
    "from the other side": [*HELLO, down(seq=9000, flags=SYN), down(b"new", 9001)],
    "in the middle, then anew": [up(b"old", 5, 6), *shake(9000), up(b"new", 9001)],
    "in the middle, then its number": [up(b"old", 101, 501), up(seq=100, flags=SYN), up(b"more", 104)],
    "server acks only": [down(ack=9001), up(seq=9000, flags=SYN), up(b"new", 9001), down(b"back", 1, 9004)],
    "server acks other": [down(ack=77), up(seq=9000, flags=SYN), up(b"new", 9001), down(b"back", 1, 9004)],
    "three times": [*shake(), up(b"a", 101), *shake(200), up(b"b", 201), *shake(300), up(b"c", 301)],
    "synack of another number": [
        up(seq=100, flags=SYN),
        down(seq=500, ack=101, flags=SYN | ACK),
        down(seq=700, ack=101, flags=SYN | ACK),
        down(b"back", 701, 101),
    ],
    "between others": [
        *shake(),
        *shake(sport=41000),
        *shake(7777),
        *shake(sport=42000),
        up(b"a", 101, sport=42000),
        up(b"b", 7778),
        up(b"c", 101, sport=41000),
    ],
}


@pytest.mark.parametrize("packets", REUSE.values(), ids=REUSE.keys())
@pytest.mark.parametrize("chunk", [1, 150, 1 << 20])
def test_port_reuse(packets, chunk, reuse_by_tshark):
    found = events(packets, chunk)
    expected = reuse_by_tshark[id(packets)]
    assert numbers(found) == expected


@pytest.fixture(scope="module")
def reuse_by_tshark(tmp_path_factory):
    """By case, which connection tshark gives each packet with payload to."""
    path = tmp_path_factory.mktemp("reuse") / "a.pcap"
    shown = {}
    for packets in REUSE.values():
        path.write_bytes(pcap(list(enumerate(packets))))
        lines = tshark(path, "frame.number", "tcp.stream", "tcp.payload")
        shown[id(packets)] = {int(frame): int(stream) for frame, stream, data in lines if data}
    return shown


def test_an_old_connection_ends_before_the_new_one_begins():
    found = events(REUSE["other number"])
    assert [type(event).__name__ + str(event.flow.index) for event in found] == [
        "Arrival0",
        "Arrival0",
        "Closed0",
        "Arrival1",
        "Closed1",
    ]
    assert closed(found) == [(0, "rst"), (1, "end")]


def test_events_come_connection_by_connection_and_the_client_first():
    packets = [
        down(b"s1", 501, sport=443, dport=41000),
        down(b"s2", 501, dport=42000),
        up(b"c2", 101, sport=42000),
        ethernet(ip(udp(b"u"), protocol=17)),
        up(b"c1", 101, dport=443, sport=41000),
    ]
    found = [(event.segment.data, event.side) for event in events(packets) if isinstance(event, Arrival)]
    assert found == [(b"c1", 0), (b"s1", 1), (b"c2", 0), (b"s2", 1), (b"u", 0)]


def datagram(data, sport=40000, dport=53, source=CLIENT, target=SERVER, **how):
    return ethernet(ip(udp(data, sport, dport), source, target, 17), **how)


def test_datagrams():
    packets = [
        datagram(b"one"),
        datagram(b""),
        datagram(b"three"),
        datagram(b"answer", 53, 40000, SERVER, CLIENT),
        datagram(b"else", 40001, 53),
    ]
    client, server, other, *ends = events(packets)
    assert client.segment.data == b"onethree"
    assert (client.segment.offsets, client.segment.frames) == ([0, 3], [1, 3])
    assert (server.side, server.segment.data) == (1, b"answer")
    assert (other.flow.index, other.segment.data) == (1, b"else")
    assert closed(ends) == [(0, "end"), (1, "end")]
    assert client.flow.transport == "udp"
    assert client.flow.client.mac == CLIENT_MAC.hex(":")


@pytest.mark.parametrize(
    ("sport", "dport", "client"),
    [(40000, 443, 40000), (443, 40000, 40000), (5353, 5353, 5353), (50000, 30000, 50000), (30000, 50000, 30000)],
)
def test_the_client_of_datagrams(sport, dport, client):
    (arrival, _) = events([datagram(b"x", sport, dport)])
    assert arrival.flow.client.port == client


def test_idle_connections_are_retired_and_keep_their_number():
    hour = 3600 * SECOND
    packets = [(0, packet) for packet in HELLO]
    packets += [(10, datagram(b"q"))]
    packets += [(301 * SECOND, up(b"other", sport=41000))]
    packets += [(hour + SECOND, up(b"third", sport=42000)), (hour + 2 * SECOND, datagram(b"r"))]
    packets += [(hour + 3 * SECOND, up(b"again", 106, 507)), (hour + 4 * SECOND, up(b"", 111, 507))]
    found = events(packets, chunk=1)
    ends = [(event.flow.transport, event.flow.index, event.why) for event in found if isinstance(event, Closed)]
    assert ends[:2] == [("udp", 0, "idle"), ("tcp", 0, "idle")]
    assert {end[2] for end in ends[2:]} == {"end"}
    assert sides(found)[0] == [b"helloagain"]
    assert sides(found, 0, "udp")[0] == [b"qr"]
    assert [event.flow.index for event in found if isinstance(event, Closed) and event.flow.transport == "tcp"] == [
        0,
        0,
        1,
        2,
    ]


def test_one_lying_clock_does_not_end_all_connections():
    packets = [*HELLO, (250_000_000_000 * SECOND % (2**32 * SECOND), up(b"x", 106)), up(b"more", 107)]
    assert closed(events(packets, close=False)) == []


def test_what_waits_behind_a_gap_is_bounded():
    packets = shake() + [up(b"x" * 1000, 201 + i * 1000) for i in range(5000)]
    found = events(packets, chunk=1 << 16, close=False)
    (lost, *data) = sides(found)[0]
    assert lost == 100
    assert b"".join(data) == b"x" * 5_000_000


def test_bytes_that_cannot_belong_to_a_connection_are_told():
    found = events([*HELLO, up(b"??", 106 + (1 << 29)), down(ack=106)])
    (blind,) = [event for event in found if isinstance(event, Blind)]
    assert (blind.why, blind.bytes, blind.stream, blind.ip) == ("truncated", 2, 0, SERVER)


def cuts(data, draw, low=1, high=9):
    """Cuts a text anywhere."""
    pieces, at = [], 0
    while at < len(data):
        size = draw(st.integers(low, high))
        pieces.append((at, data[at : at + size]))
        at += size
    return pieces


@settings(max_examples=200, deadline=None)
@given(st.data(), st.binary(min_size=1, max_size=60), st.integers(0, 2**32 - 1), st.integers(1, 2000))
def test_any_order_and_repetition_gives_the_sent_bytes(draw, sent, isn, chunk):
    segments = cuts(sent, draw.draw)
    for _ in range(draw.draw(st.integers(0, 4))):
        start = draw.draw(st.integers(0, len(sent) - 1))
        segments.append((start, sent[start : draw.draw(st.integers(start + 1, len(sent)))]))
    segments = draw.draw(st.permutations(segments))
    packets = shake(isn, 500) + [up(data, isn + 1 + at, 501) for at, data in segments]
    packets += [up(seq=isn + 1 + len(sent), ack=501, flags=FIN | ACK)]
    packets += [down(seq=501, ack=isn + 2 + len(sent), flags=FIN | ACK)]
    found = events(packets, chunk)
    assert sides(found) == ([sent], [])
    assert closed(found) == [(0, "fin")]
    for event in found:
        if isinstance(event, Arrival):
            pieces(event.segment, packets)


def pieces(segment, packets):
    """Each piece must stand, at its place, in the packet that it is said to be from."""
    edges = [*segment.offsets, len(segment.data)]
    for i, frame in enumerate(segment.frames):
        assert segment.data[edges[i] : edges[i + 1]] in packets[frame - 1]
        assert segment.times[i] == (frame - 1) * SECOND


@settings(max_examples=200, deadline=None)
@given(st.data(), st.binary(min_size=1, max_size=60), st.integers(0, 2**32 - 1), st.integers(1, 2000), st.booleans())
def test_missing_segments_are_told_exactly(draw, sent, isn, chunk, acked):
    kept = [piece for piece in cuts(sent, draw.draw) if draw.draw(st.integers(0, 2))]
    packets = shake(isn, 500) + [up(data, isn + 1 + at, 501) for at, data in draw.draw(st.permutations(kept))]
    packets += [down(seq=501, ack=isn + 1 + len(sent))] if acked else [up(seq=isn + 1 + len(sent), flags=FIN | ACK)]
    expected, reach = [], 0
    for at, data in [*kept, (len(sent), b"")]:
        if at > reach:
            expected.append(at - reach)
        if data and expected and isinstance(expected[-1], bytes):
            expected[-1] += data
        elif data:
            expected.append(data)
        reach = at + len(data)
    if acked and expected[-1] == 1:
        expected.pop()  # one more than the last byte may be the acknowledgment of a FIN
    assert sides(events(packets, chunk))[0] == expected


@settings(max_examples=200, deadline=None)
@given(st.data(), st.lists(st.binary(max_size=200), min_size=2, max_size=2), st.integers(1, 3000))
def test_whatever_happens_to_segments_what_arrived_comes_out_in_order(draw, sent, chunk):
    """Both sides at once, cut at will, with overlaps, repetitions and losses, all out of order."""
    isns = [draw.draw(st.integers(0, 2**32 - 1)) for _ in sent]
    packets, seen = [], [set(), set()]
    for side, data in enumerate(sent):
        some = [piece for piece in cuts(data, draw.draw, 1, 40) if draw.draw(st.integers(0, 3))]
        for _ in range(draw.draw(st.integers(0, 5)) if data else 0):
            start = draw.draw(st.integers(0, len(data) - 1))
            some.append((start, data[start : draw.draw(st.integers(start + 1, len(data)))]))
        for at, piece in some:
            seen[side].update(range(at, at + len(piece)))
            packets.append((up, down)[side](piece, isns[side] + 1 + at, isns[1 - side] + 1))
    packets = draw.draw(st.permutations(packets))
    ends = [
        (up, down)[side](seq=isns[side] + 1 + len(data), ack=isns[1 - side] + 1, flags=FIN | ACK)
        for side, data in enumerate(sent)
    ]
    found = events([*shake(*isns), *packets, *ends], chunk)
    assert sides(found) == tuple(arrived(data, there) for data, there in zip(sent, seen, strict=True))
    assert closed(found)[-1:] in ([(0, "fin")], [(0, "end")]) or not packets


def arrived(data, there):
    """What comes out where only some bytes were captured, in the form of `sides`."""
    made = []
    for at in range(len(data)):
        if at in there:
            if made and isinstance(made[-1], bytes):
                made[-1] += data[at : at + 1]
            else:
                made.append(data[at : at + 1])
        elif made and isinstance(made[-1], int):
            made[-1] += 1
        else:
            made.append(1)
    return made


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_many_connections_at_once_are_kept_apart(draw):
    texts = draw.draw(
        st.lists(st.tuples(st.binary(min_size=1, max_size=30), st.binary(max_size=30)), min_size=2, max_size=6)
    )
    waiting = []
    for i, (sent, answer) in enumerate(texts):
        packets = shake(1000 * i, 500, sport=40000 + i)
        packets += [up(data, 1000 * i + 1 + at, 501, sport=40000 + i) for at, data in cuts(sent, draw.draw)]
        packets += [down(data, 501 + at, dport=40000 + i) for at, data in cuts(answer, draw.draw)]
        waiting.append(packets)
    order, mixed = [], []
    while any(waiting):
        i = draw.draw(st.sampled_from([i for i, packets in enumerate(waiting) if packets]))
        order += [i] if i not in order else []
        mixed.append(waiting[i].pop(0))
    found = events(mixed, draw.draw(st.integers(1, 3000)))
    for index, i in enumerate(order):
        assert sides(found, index) == tuple([text] if text else [] for text in texts[i])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 63), st.booleans())),
    st.data(),
)
def test_any_flags_and_numbers_raise_nothing(made, draw):
    packets = [(up if client else down)(b"data", seq, ack, flags) for seq, ack, flags, client in made]
    found = events(packets, draw.draw(st.integers(1, 1000)))
    assert sum(len(event.segment.data) for event in found if isinstance(event, Arrival)) <= 4 * len(made)


def reference(rows):
    """What tshark's segments say, put in order by the book: per stream and sender the bytes, and which were seen."""
    made = defaultdict(dict)
    for stream, sender, seq, data in rows:
        text = bytes.fromhex(data)
        base = made[stream, sender].setdefault("base", seq)
        at = (seq - base + 2**31) % 2**32 - 2**31
        for i, byte in enumerate(text):
            made[stream, sender].setdefault(at + i, byte)
    return {
        key: bytes(byte for at, byte in sorted((k, v) for k, v in held.items() if k != "base"))
        for key, held in made.items()
    }


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the folder of foreign captures is not at hand")
def test_foreign_captures_as_tshark():
    fields = ("frame.number", "tcp.stream", "tcp.srcport", "tcp.seq_raw", "tcp.payload", "udp.stream", "udp.payload")
    for path in sorted(CAPTURES.glob("pcap/*")) + sorted(CAPTURES.glob("tls/*.pcap*")):
        packed = path.read_bytes()
        data = gzip.decompress(packed) if path.suffix == ".gz" else packed
        shown = tshark(path, *fields)
        rows = [(int(row[1]), int(row[2]), int(row[3]), row[4]) for row in shown if row[4]]
        expected = {key: text for key, text in reference(rows).items() if text}
        for chunk in (3000, 8 << 20):
            found = read(io.BytesIO(data), chunk)
            mine = defaultdict(bytes)
            for event in found:
                if isinstance(event, Arrival) and event.flow.transport == "tcp":
                    end = event.flow.client if event.side == 0 else event.flow.server
                    mine[event.flow.index, end.port] += event.segment.data
            assert {key: text for key, text in mine.items() if text} == expected, path.name
            assert numbers(found, "udp") == {int(row[0]): int(row[5]) for row in shown if row[6]}, path.name
            tcp_numbers = {int(row[0]): int(row[1]) for row in shown if row[4]}
            assert numbers(found).items() <= tcp_numbers.items(), path.name


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the folder of foreign captures is not at hand")
def test_events_do_not_depend_on_the_windows():
    for name in ("webex.pcap", "netflix.pcap", "android.pcap"):
        path = CAPTURES / "pcap" / name
        made = []
        for chunk in (700, 50_000, 8 << 20):
            with path.open("rb") as stream:
                found = read(stream, chunk)
            keys = {(event.flow.transport, event.flow.index) for event in found if isinstance(event, Arrival)}
            made.append({key: sides(found, key[1], key[0]) for key in keys})
        assert made[0] == made[1] == made[2], name
