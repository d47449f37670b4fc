import random

import pylsqpack
import pytest
import wsproto
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.events import TextMessage

from leaktap.model import Blind, Fault
from leaktap.wire import _exchanges
from leaktap.wire._api import Finished
from leaktap.wire._bytes import CLIENT
from leaktap.wire._messages import MOST_BODY
from leaktap.wire.http3 import Http3
from tests.wire._traffic import HOST, START, blinds, context, finished, segment

GET = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", HOST.encode()), (b":path", b"/a?b=1")]
POST = [(b":method", b"POST"), *GET[1:3], (b":path", b"/p"), (b"content-type", b"text/plain")]
OK = [(b":status", b"200"), (b"server", b"test")]


def varint(number):
    for size, mark in ((1, 0), (2, 1), (4, 2), (8, 3)):
        if number < 1 << 8 * size - 2:
            return (mark << 8 * size - 2 | number).to_bytes(size)
    raise AssertionError


def frame(kind, payload=b""):
    return varint(kind) + varint(len(payload)) + payload


def block(headers):
    return pylsqpack.Encoder().encode(0, headers)[1]


def head(headers):
    return frame(1, block(headers))


def data(text):
    return frame(0, text)


def settings_stream(*pairs):
    return varint(0) + frame(4, b"".join(varint(name) + varint(value) for name, value in pairs))


def observe(turns, close=True, layer=None):
    """Feeds (side, stream, bytes, ended[, lost]); an `ended` of None resets."""
    layer, made = layer or Http3(context(transport="udp")), []
    for number, (side, stream, text, ended, *lost) in enumerate(turns, 1):
        if ended is None:
            made += layer.reset(side, stream, START + number)
        else:
            made += layer.data(side, stream, segment(text, number, *lost), ended)
    return made + (list(layer.close()) if close else [])


def shape(exchange):
    request, response = exchange.request, exchange.response
    first = request.start[:2], request.headers, request.body
    return (*first, response and (response.start[1], response.headers, response.body))


PLAIN = tuple(header for header in POST if header[0][:1] != b":")
SERVED = ((b"server", b"test"),)
ASKED = (("GET", "/a?b=1"), (), b"")
ANSWERED = ("200", SERVED, b"")


@pytest.mark.parametrize(
    ("turns", "shapes"),
    [
        ([(0, 0, head(GET), True), (1, 0, head(OK), True)], [(*ASKED, ANSWERED)]),
        ([(1, 0, head(OK), True), (0, 0, head(GET), True)], [(*ASKED, ANSWERED)]),
        (
            [(0, 0, head(POST) + data(b"one") + data(b"two"), True), (1, 0, head(OK) + data(b"three"), True)],
            [(("POST", "/p"), PLAIN, b"onetwo", ("200", SERVED, b"three"))],
        ),
        (
            [
                (0, 0, head(GET), True),
                (1, 0, head([(b":status", b"103"), (b"link", b"</a>")]) + head(OK) + data(b"x"), False),
                (1, 0, frame(0x21, b"grease") + head([(b"x-sum", b"7")]), True),
            ],
            [(*ASKED, ("200", (*SERVED, (b"x-sum", b"7")), b"x"))],
        ),
        (
            [
                (0, 0, head(GET), True),
                (0, 4, head(POST), True),
                (1, 4, head(OK), True),
                (1, 0, head(OK), True),
            ],
            [(("POST", "/p"), PLAIN, b"", ANSWERED), (*ASKED, ANSWERED)],
        ),
        (
            [
                (0, 0, head(GET), True),
                (1, 0, frame(5, varint(3) + block([*GET[:3], (b":path", b"/pushed")])) + head(OK), True),
                (1, 3, varint(1) + varint(3) + head(OK) + data(b"pushed"), True),
            ],
            [(*ASKED, ANSWERED), (("GET", "/pushed"), (), b"", ("200", SERVED, b"pushed"))],
        ),
        (
            [
                (1, 3, varint(1) + varint(3) + head(OK) + data(b"pushed"), True),
                (0, 0, head(GET), True),
                (1, 0, frame(5, varint(3) + block([*GET[:3], (b":path", b"/pushed")])) + head(OK), True),
            ],
            [(("GET", "/pushed"), (), b"", ("200", SERVED, b"pushed")), (*ASKED, ANSWERED)],
        ),
        ([(0, 0, head(GET), True), (1, 0, head(OK) + data(b"cut"), None)], [(*ASKED, None)]),
        ([(0, 0, head(GET), True), (1, 0, head(OK) + data(b"cut"), False), (1, 0, b"", None)], None),
        ([(0, 0, head(GET), False)], [(*ASKED, None)]),
        ([(0, 2, settings_stream((1, 0), (0x21, 3)) + frame(7, b"\0") + frame(0xD, b"\1"), False)], []),
        ([(0, 2, varint(0x21) + b"grease", True), (1, 3, varint(3) + b"\x80\x81", False)], []),
    ],
)
def test_what_two_peers_said(turns, shapes):
    made = observe(turns)
    if shapes is None:
        shapes = [(*ASKED, ("200", SERVED, b"cut"))]
    assert [shape(exchange) for exchange in finished(made)] == shapes
    assert all(isinstance(item, Finished) for item in made)


def test_a_message_knows_its_packets_and_times():
    turns = [(0, 0, head(POST), False), (0, 0, data(b"body"), True), (1, 0, head(OK), False), (1, 0, data(b"a"), True)]
    made = observe(turns)
    (exchange,) = finished(made)
    assert (exchange.request.frames, exchange.response.frames) == ((1, 2), (3, 4))
    assert START <= exchange.request.time <= exchange.response.time
    assert exchange.origin.protocol == "h3" and exchange.origin.transport == "udp"
    assert exchange.request.start[2] == exchange.response.start[0] == "HTTP/3"
    assert (exchange.host, exchange.scheme) == (HOST, "https")


def dynamic(count=6, capacity=4096):
    """Turns of a client that uses QPACK's table: its instructions, its requests, and the server's SETTINGS."""
    encoder = pylsqpack.Encoder()
    instructions = varint(2) + encoder.apply_settings(capacity, 100)
    requests = []
    for number in range(count):
        more, section = encoder.encode(
            number * 4, [*GET, (b"x-device", b"867530912345678"), (b"x-turn", b"%d" % number)]
        )
        instructions += more
        requests.append((0, number * 4, frame(1, section) + data(b"body"), True))
    answers = [(1, number * 4, head(OK), True) for number in range(count)]
    return [(0, 6, instructions, False)], [(1, 3, settings_stream((1, capacity), (7, 100)), False)], requests, answers


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 30))
def test_blocked_streams_in_any_order(seed):
    turns = [turn for part in dynamic() for turn in part]
    random.Random(seed).shuffle(turns)
    made = observe(turns)
    assert sorted(dict(exchange.request.headers)[b"x-turn"] for exchange in finished(made)) == [
        b"%d" % number for number in range(6)
    ]
    assert all(exchange.request.body == b"body" and exchange.response for exchange in finished(made))
    assert all(isinstance(item, Finished) for item in made)


@pytest.mark.parametrize("absent", [0, 1])
def test_headers_that_lack_their_entries_are_told(absent):
    parts = dynamic()
    made = observe([turn for number, part in enumerate(parts) if number != absent for turn in part])
    assert len(finished(made)) < 6
    assert {blind.why for blind in blinds(made)} == {"truncated"}


def test_instructions_with_a_gap():
    (control,), server, requests, answers = dynamic()
    _, stream, text, _ = control
    made = observe([*server, (0, stream, text[:20], False), (0, stream, text[25:], False, 5), *requests, *answers])
    assert [item for item in made if isinstance(item, Fault)] and blinds(made)


@pytest.mark.parametrize(
    ("turns", "why", "count"),
    [
        ([(0, 0, varint(0x41) + varint(0) + b"raw", False), (1, 0, b"back", True)], "unknown_protocol", 7),
        ([(0, 4, varint(0x41) + varint(0) + b"raw bytes", True)], "unknown_protocol", 9),
        ([(1, 1, varint(0x41) + varint(0) + b"raw bytes", True)], "unknown_protocol", 9),
        ([(0, 2, varint(0x54) + varint(0) + b"raw", True)], "unknown_protocol", 4),
        ([(0, 2, varint(0x99) + b"what", True)], "unknown_protocol", 4),
        ([(0, 0, data(b"no head"), True)], "truncated", 7),
        ([(0, 0, head(GET) + b"\x02\x00", True)], "unreadable", None),
        ([(0, 0, head(GET) + frame(4, b""), True)], "unreadable", None),
        ([(0, 0, frame(5, varint(3) + block(GET)), True)], "unreadable", None),
        ([(0, 0, frame(1, b"\0\0\xff\xff"), True)], "unreadable", None),
        ([(0, 2, settings_stream() + frame(1, b"\0\0"), False)], "unreadable", None),
        ([(0, 2, varint(0) + frame(4, b"\x01"), False)], "unreadable", None),
        ([(1, 0, head(OK) + data(b"answer"), True)], "truncated", 6),
        ([(0, 0, head(GET)[:-1], True)], "truncated", len(head(GET)) - 1),
        ([(0, 2, b"", False), (0, 2, b"\x01\x02", False, 7)], "truncated", None),
    ],
)
def test_what_cannot_be_read_is_told(turns, why, count):
    made = observe(turns)
    told = [blind for blind in blinds(made) if blind.why == why]
    assert told or [item for item in made if isinstance(item, Fault)]
    if count is not None:
        assert sum(blind.bytes for blind in told) == count


def test_a_gap_in_a_body_is_counted():
    turns = [(0, 0, head(POST) + frame(0, bytes(100))[:51], False), (0, 0, bytes(30), True, 22), (1, 0, head(OK), True)]
    made = observe(turns)
    (exchange,) = finished(made)
    assert exchange.request.missing == 22 and len(exchange.request.body) == 78
    assert [(blind.why, blind.bytes) for blind in blinds(made)] == [("truncated", 22)]


def test_a_gap_between_frames_ends_a_stream_and_no_other():
    turns = [
        (0, 0, head(POST) + data(b"one"), False),
        (0, 0, data(b"two"), True, 9),
        (1, 0, head(OK), True),
        (0, 4, head(GET), True),
        (1, 4, head(OK), True),
    ]
    made = observe(turns)
    assert sorted(shape(exchange)[2] for exchange in finished(made)) == [b"", b"one"]
    assert sum(blind.bytes for blind in blinds(made)) == 9 + len(data(b"two"))


def test_long_bodies_are_cut():
    turns = [(0, 0, head(POST) + frame(0, bytes(MOST_BODY + 100)), True), (1, 0, head(OK), True)]
    made = observe(turns)
    (exchange,) = finished(made)
    assert (len(exchange.request.body), exchange.request.missing) == (MOST_BODY, 100)
    assert [(blind.why, blind.bytes) for blind in blinds(made)] == [("limit", 100)]


def test_a_websocket_in_a_stream():
    """RFC 9220."""
    ask = [(b":method", b"CONNECT"), (b":protocol", b"websocket"), *GET[1:]]
    client = wsproto.Connection(wsproto.ConnectionType.CLIENT)
    text = client.send(TextMessage("867530912345678"))
    made = observe([(0, 0, head(ask), False), (1, 0, head(OK), False), (0, 0, data(text), True), (1, 0, b"", True)])
    assert finished(made)[0].request.body == b"867530912345678"


@pytest.mark.parametrize("protocol", [b"webtransport", b"connect-udp", None])
def test_other_tunnels_are_counted(protocol):
    ask = [(b":method", b"CONNECT"), *([(b":protocol", protocol)] if protocol else []), *GET[1:3]]
    made = observe([(0, 0, head(ask), False), (1, 0, head(OK), False), (0, 0, data(b"inside"), True)])
    assert [(blind.why, blind.bytes) for blind in blinds(made)] == [("unknown_protocol", 6)]


def test_datagrams_are_counted():
    layer = Http3(context(transport="udp"))
    (blind,) = layer.datagram(CLIENT, b"abc", 7)
    assert isinstance(blind, Blind)
    assert (blind.why, blind.bytes, blind.frames) == ("unknown_protocol", 3, (7,))


def test_a_pause_tells_requests_before_their_answers():
    layer = Http3(context(transport="udp"))
    made = observe([(0, 0, head(GET), True), (0, 4, head(POST), False)], close=False, layer=layer)
    paused = list(layer.pause())
    assert not made and [shape(exchange) for exchange in finished(paused)] == [(*ASKED, None)]
    made = observe([(1, 0, head(OK), True)], layer=layer)
    first = next(item for item in made if item.exchange.id == paused[0].exchange.id)
    assert first.answer and first.exchange.response and not list(layer.pause())


def test_open_streams_are_bounded(monkeypatch):
    monkeypatch.setattr(_exchanges, "MOST_STREAMS", 3)
    layer = Http3(context(transport="udp"))
    made = observe([(0, number * 4, head(GET), True) for number in range(5)], close=False, layer=layer)
    assert len(finished(made)) == 2 and len(layer._streams) == 3
    monkeypatch.setattr(_exchanges, "MOST_KEPT", 50_000)
    text = head(POST) + frame(0, bytes(20_000))
    made = observe([(0, 100 + number * 4, text, False) for number in range(5)], close=False, layer=layer)
    assert layer._kept <= 50_000


def test_blocked_streams_are_bounded(monkeypatch):
    monkeypatch.setattr(_exchanges, "MOST_KEPT", 50_000)
    _, server, requests, _ = dynamic(40)
    layer = Http3(context(transport="udp"))
    made = observe(server, close=False, layer=layer)
    for side, stream, text, _ in requests:
        made += observe([(side, stream, text + data(bytes(10_000)), False)], close=False, layer=layer)
    assert layer._kept <= 50_000 and blinds(made)
    assert len(layer._blocked) <= 6
    made += layer.close()
    assert layer._kept == 0


TURNS = [turn for part in dynamic() for turn in part]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 12), st.binary(max_size=80), st.sampled_from([False, True, None])),
        max_size=12,
    ),
    st.integers(0, 1 << 30),
)
def test_any_bytes(turns, seed):
    chance = random.Random(seed)
    turns = [*turns, *chance.sample(TURNS, 8)]
    chance.shuffle(turns)
    for turn in turns:
        if chance.random() < 0.3 and turn[2]:
            text = bytearray(turn[2])
            text[chance.randrange(len(text))] = chance.randrange(256)
            turns[turns.index(turn)] = (*turn[:2], bytes(text), turn[3], chance.choice([0, 0, 5]))
    layer = Http3(context(transport="udp"))
    observe(turns, layer=layer)
    assert not layer._kept and not layer._streams and not layer._readers and not layer._blocked
