import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import Answer, Exchange
from leaktap.wire import raw
from leaktap.wire._bytes import CLIENT, SERVER, Arrival, Closed
from leaktap.wire._entropy import spans
from leaktap.wire.engine import Engine
from leaktap.wire.keys import KeyLog
from leaktap.wire.raw import Raw
from tests.wire._traffic import blinds, context, exchanges, finished, flow, run, segment

LOGIN = b"\x00\x00\x00\x2eLOGIN\x00imei=867530912345678\x00os=android 15\x00"
ANSWER = b"\x00\x00\x00\x05OK\x00\x00\x01"


def noise(size, seed=7):
    return random.Random(seed).randbytes(size)


def said(seen):
    return [(one.request.body, one.response.body if one.response else None) for one in exchanges(seen)]


# What becomes an exchange


def test_what_the_client_sends_is_answered_by_what_the_server_sends():
    turns = [(CLIENT, LOGIN), (SERVER, ANSWER), (CLIENT, b"ping"), (CLIENT, b"ping"), (SERVER, b"pong")]
    seen = run(turns, port=9000)
    assert said(seen) == [(LOGIN, ANSWER), (b"pingping", b"pong")] and not blinds(seen)
    one = exchanges(seen)[0]
    assert (one.origin.protocol, one.origin.transport, one.scheme, one.host) == ("raw", "tcp", "tcp", "203.0.113.7")
    assert (one.request.start, one.request.frames, one.response.frames) == (("SEND", "", "tcp"), (1,), (2,))


def test_turns_are_told_by_the_order_of_packets_where_a_side_comes_before_the_other():
    events = [
        Arrival(flow(port=9000), CLIENT, segment(b"firstthird", cuts=[5])),
        Arrival(flow(port=9000), SERVER, segment(b"seconds", 2)),
    ]
    events[0].segment.frames = [1, 3]
    one = Engine("a.pcap", KeyLog())
    assert said([*one.feed(events), *one.close()]) == [(b"first", b"seconds"), (b"third", None)]


def test_a_server_may_speak_first():
    assert said(run([(SERVER, b"220 hello\r\n"), (CLIENT, b"USER x\r\n")], port=21)) == [
        (b"", b"220 hello\r\n"),
        (b"USER x\r\n", None),
    ]


def test_each_datagram_is_a_message():
    events = [
        Arrival(flow(port=9000, transport="udp"), CLIENT, segment(LOGIN + b"second", cuts=[len(LOGIN)])),
        Arrival(flow(port=9000, transport="udp"), SERVER, segment(b"answer", 3)),
    ]
    one = Engine("a.pcap", KeyLog())
    seen = [*one.feed(events), *one.close()]
    assert said(seen) == [(LOGIN, None), (b"second", b"answer")]
    assert {(each.origin.transport, each.scheme) for each in exchanges(seen)} == {("udp", "udp")}


def test_a_long_turn_is_several_messages(monkeypatch):
    monkeypatch.setattr(raw, "MOST_TURN", 1000)
    seen = run([(CLIENT, b"0123456789" * 250)], size=100, port=9000)
    assert b"".join(body for body, _ in said(seen)) == b"0123456789" * 250
    assert len(said(seen)) == 3


# What stays blind

TELLING = [
    (b"", True),
    (b"\x01", True),
    (noise(40), True),
    (noise(64), False),
    (noise(100), False),
    (noise(256), False),
    (noise(5000), False),
    (bytes(range(256)), True),
    (LOGIN, True),
    (bytes(300), True),
    ("身份证号码是什么，请填写真实姓名和电话。".encode() * 3, True),
    (noise(100) + b"imei 867530912345678" + noise(100), True),
    (b"\x1f\x8b\x08" + noise(3000), True),
    (b"\x78\x9c" + noise(300), True),
    (noise(300).hex().encode(), True),
    (b"".join(bytes([index, 0, 0, 0]) for index in range(64)), True),
]


@pytest.mark.parametrize(("data", "telling"), TELLING)
def test_what_looks_random_is_not_read(data, telling):
    seen = run([(CLIENT, data)], transport="udp", port=40_000)
    assert said(seen) == ([(data, None)] if telling and data else [])
    assert [(one.why, one.protocol, one.bytes) for one in blinds(seen)] == (
        [] if telling else [("unknown_protocol", "udp", len(data))]
    )


def test_random_bytes_pass_for_telling_by_chance_only():
    assert sum(bool(spans(noise(256, seed))) for seed in range(2000)) < 40
    assert sum(bool(spans(noise(100, seed))) for seed in range(2000)) < 60


def test_few_bytes_are_judged_with_those_before():
    turns = [turn for index in range(30) for turn in ((CLIENT, noise(40, index)), (SERVER, b"ok"))]
    seen = run(turns, port=9000)
    (blind,) = blinds(seen)
    assert blind.bytes > 27 * 40 and sum(bool(sent) for sent, _ in said(seen)) <= 3


def test_a_message_is_read_where_it_says_something():
    data = LOGIN + noise(4000) + b'{"name": "x"}' * 20
    seen = run([(CLIENT, data)], port=9000)
    (first, _), (second, _) = said(seen)
    (blind,) = blinds(seen)
    assert data.startswith(first) and LOGIN in first and data.endswith(second) and b'{"name": "x"}' * 20 in second
    assert len(first) + len(second) + blind.bytes == len(data) and blind.bytes > 3000


def test_beyond_the_limit_bytes_are_only_counted(monkeypatch):
    monkeypatch.setattr(raw, "MOST_READ", 1000)
    turns = [(CLIENT, b"hello world ")] * 100
    seen = run(turns, transport="udp", port=9000)
    assert len(said(seen)) == 5
    assert [(one.why, one.bytes) for one in blinds(seen)] == [("limit", 95 * 12)]
    seen = run([(CLIENT, noise(2000))] * 3, transport="udp", port=9000)
    assert [(one.why, one.bytes) for one in blinds(seen)] == [("unknown_protocol", 6000)]


def test_what_is_missing_ends_a_message():
    layer = Raw(context(port=9000), "tcp")
    made = [*layer.feed(CLIENT, segment(b"one")), *layer.feed(CLIENT, segment(b"two", 2, lost=5)), *layer.close()]
    assert [one.request.body for one in finished(made)] == [b"one", b"two"]
    assert [(one.why, one.bytes) for one in made if hasattr(one, "why")] == [("truncated", 5)]


STUN = bytes.fromhex("000100002112a442") + noise(12)
IKE = noise(16) + bytes([33, 0x20, 34, 8]) + bytes(4) + (28 + 72).to_bytes(4) + noise(72)
RTP = [bytes([0x80, 0, 0, number]) + bytes(4) + b"ssrc" + bytes(160) for number in range(6)]
NAMES = [
    ("udp", 443, [b"\x40" + noise(90)], "quic", "quic"),
    ("udp", 9999, [b"\xc0\x00\x00\x00\x02" + noise(90)], "unknown_protocol", "udp"),
    ("udp", 9999, [STUN], "unknown_protocol", "stun"),
    ("udp", 9999, [b"\x16\xfe\xfd" + bytes(40)], "unknown_protocol", "dtls"),
    ("udp", 9999, [b"\x01\0\0\0" + bytes(144)], "unknown_protocol", "wireguard"),
    ("udp", 500, [IKE], "unknown_protocol", "ike"),
    ("udp", 123, [b"\x23" + bytes(47)], "unknown_protocol", "ntp"),
    ("udp", 9999, RTP, "unknown_protocol", "rtp"),
    ("udp", 4500, [noise(100)], "unknown_protocol", "ike"),
    ("tcp", 5223, [noise(100)], "unknown_protocol", "apns"),
    ("tcp", 9999, [b"SSH-2.0-x\r\n"], "unknown_protocol", "ssh"),
    ("tcp", 9999, [b"\x13BitTorrent protocol" + bytes(8)], "unknown_protocol", "bittorrent"),
]


@pytest.mark.parametrize(("transport", "port", "datas", "why", "protocol"), NAMES)
def test_what_is_not_read_is_named_and_counted(transport, port, datas, why, protocol):
    one = Engine("a.pcap", KeyLog())
    joined, cuts = b"".join(datas), [len(b"".join(datas[:index])) for index in range(1, len(datas))]
    arrival = Arrival(flow(transport=transport, port=port), CLIENT, segment(joined, cuts=cuts))
    (blind,) = [*one.feed([arrival]), *one.close()]
    assert (blind.why, blind.protocol, blind.bytes) == (why, protocol, len(joined))
    assert (blind.ip, blind.port, blind.stream, blind.source) == ("203.0.113.7", port, 0, "a.pcap")


READ = [
    ("udp", 123, b"imei=867530912345678, sent to the port of clocks"),
    ("udp", 443, b"imei=867530912345678, sent to the port of QUIC"),
    ("udp", 9999, b"\x23" + bytes(47)),
    ("udp", 9999, b"\x05\0\0\0" + bytes(144)),
    ("tcp", 22, b"imei=867530912345678"),
    ("tcp", 9999, b"SSH, or something else"),
]


@pytest.mark.parametrize(("transport", "port", "data"), READ)
def test_a_port_makes_nothing_opaque(transport, port, data):
    assert said(run([(CLIENT, data)], transport=transport, port=port)) == [(data, None)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=600), st.integers(0, 2), st.integers(0, 5)), max_size=20),
    st.sampled_from(["tcp", "udp"]),
)
def test_every_byte_is_said_or_counted(pieces, transport):
    layer, made, sent, lost = Raw(context(transport=transport, port=9000), transport), [], 0, 0
    for frame, (side, data, gap, cut) in enumerate(pieces):
        gap = gap if transport == "tcp" and data else 0
        cuts = [cut] if 0 < cut < len(data) else []
        made += layer.feed(side, segment(data, 2 * frame, gap, cuts))
        sent, lost = sent + len(data), lost + gap
    made += layer.close()
    shown = sum(len(one.request.body) + len(one.response.body if one.response else b"") for one in finished(made))
    counted = sum(one.bytes for one in made if hasattr(one, "why"))
    assert sent + lost <= shown + counted <= sent + lost + 128 * sum(1 for _ in finished(made))


def test_a_connection_that_ends_before_it_says_anything():
    one = Engine("a.pcap", KeyLog())
    assert list(one.feed([Closed(flow(), "rst")])) == []


def test_a_pause_shows_a_request_once_its_turn_is_over_and_its_answer_later():
    one, connection = Engine("a.pcap", KeyLog()), flow(port=9000)
    turns = [(CLIENT, LOGIN, 1), (SERVER, ANSWER, 2), (CLIENT, b"ping and more", 3), (SERVER, b"pong and more", 4)]
    told = []
    for side, data, frame in turns:
        told.append(list(one.feed([Arrival(connection, side, segment(data, frame))], paused=True)))
    told.append([*one.feed([Closed(connection, "fin")]), *one.close()])
    assert told[0] == []
    assert said(told[1]) == [(LOGIN, None)]
    (answer,) = told[2]
    assert isinstance(answer, Answer) and (answer.exchange.id, answer.exchange.response.body) == ("tcp.0:0", ANSWER)
    assert said(told[3]) == [(b"ping and more", None)] and isinstance(told[4][0], Answer)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([LOGIN, ANSWER, b"ping and more"])), max_size=8), st.booleans()
)
def test_pauses_change_neither_ids_nor_bytes(turns, datagrams):
    transport = "udp" if datagrams else "tcp"
    results = []
    for paused in (False, True):
        one, connection, found = Engine("a.pcap", KeyLog()), flow(port=9000, transport=transport), {}
        pieces = [Arrival(connection, int(side), segment(data, n + 1)) for n, (side, data) in enumerate(turns)]
        groups = [[piece] for piece in pieces] if paused else [pieces]
        for group in [*groups, [Closed(connection, "fin")]]:
            for thing in one.feed(group, paused=paused):
                if isinstance(thing, Exchange | Answer):
                    whole = thing.exchange if isinstance(thing, Answer) else thing
                    assert isinstance(thing, Answer) == (whole.id in found)
                    found[whole.id] = whole.request.body, whole.response and whole.response.body
        results.append(found)
    assert results[0] == results[1]
