import random
from dataclasses import replace

import hpack
import pytest
import wsproto
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.events import TextMessage

from leaktap.model import Fault, Message
from leaktap.wire import _exchanges
from leaktap.wire._api import Finished
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire._messages import MOST_BODY
from leaktap.wire.http2 import PROTOCOL, Http2
from leaktap.wire.http2_frames import PREFACE
from leaktap.wire.http2_headers import MOST_BLOCK
from tests.wire._http2_talks import (
    GET,
    OK,
    POST,
    TALKS,
    block,
    expected,
    frame,
    interleaved,
    observe,
    push,
    raw,
    reset_by_the_client,
    shape,
    shapes,
    simple,
    split,
    trailers,
)
from tests.wire._traffic import START, Talk, blinds, context, exchanges, finished, run, segment


@pytest.mark.parametrize("order", [None, (CLIENT, SERVER), (SERVER, CLIENT)], ids=["as it was", "client", "server"])
@pytest.mark.parametrize("cuts", [None, 1, 1400])
@pytest.mark.parametrize("talk", TALKS)
def test_what_two_peers_said(talk, cuts, order):
    pair, wanted = talk()
    if cuts == 1 and sum(len(data) for _, data in pair.turns) > 20_000:
        cuts = 97
    made = observe(pair.turns, cuts, order)
    assert shapes(made) == sorted(wanted, key=repr)
    assert not [item for item in made if not isinstance(item, Finished)]


PUSHED, SMALL, MIXED = push(), trailers(), interleaved()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([PUSHED, SMALL, MIXED]), st.lists(st.integers(0, 1 << 16), max_size=40), st.integers(0, 1 << 30))
def test_cut_anywhere_and_in_any_order_of_the_sides(talk, cuts, seed):
    (pair, wanted), chance = talk, random.Random(seed)
    queues = [[piece for turn, data in pair.turns if turn == side for piece in split(data, cuts)] for side in (0, 1)]
    turns = []
    while queues[0] or queues[1]:
        side = chance.randrange(2)
        if queues[side]:
            turns.append((side, queues[side].pop(0)))
    made = observe(turns)
    assert shapes(made) == sorted(wanted, key=repr) and not blinds(made)


def test_a_message_knows_its_packets_and_times():
    pair, _ = simple()
    made = observe(pair.turns)
    (exchange,) = finished(made)
    numbers = {number: side for number, (side, _) in enumerate(pair.turns, 1)}
    asked, answered = exchange.request, exchange.response
    assert {numbers[frame] for frame in asked.frames} == {CLIENT}
    assert {numbers[frame] for frame in answered.frames} == {SERVER}
    assert asked.time == START + asked.frames[0] * 1000 < answered.time == START + answered.frames[0] * 1000
    assert exchange.origin.protocol == "h2" and exchange.origin.decrypted


def test_an_exchange_comes_with_its_last_byte():
    pair, _ = simple()
    layer = Http2(context())
    made = [item for side, data in pair.turns for item in layer.feed(side, segment(data))]
    assert [item.exchange.origin.protocol for item in made] == ["h2c"]


def test_a_reset_stream_comes_a_moment_later():
    pair, wanted = reset_by_the_client()
    layer = Http2(replace(context(), decrypted=True))
    made = [item for side, data in pair.turns for item in layer.feed(side, segment(data))]
    assert not made
    ping = frame(6, b"12345678")
    assert shapes(list(layer.feed(SERVER, segment(ping, 3000)))) == wanted


# Frames by hand


BEGIN = [(CLIENT, PREFACE + frame(4)), (SERVER, frame(4))]
ASK = frame(1, block(GET), 0x5, 1)


def talk(*turns):
    return observe([*BEGIN, *turns])


def whys(made):
    return [(blind.why, blind.bytes) for blind in blinds(made)]


def faults(made):
    return [item.why for item in made if isinstance(item, Fault)]


BROKEN_FRAMES = {
    "headers on stream 0": (frame(1, block(GET), 0x5, 0), "unreadable"),
    "data on stream 0": (frame(0, b"x", 0, 0), "unreadable"),
    "ping on a stream": (frame(6, b"12345678", 0, 3), "unreadable"),
    "more padding than data": (frame(0, b"\x09abc", 0x8, 1), "unreadable"),
    "padding without its length": (frame(0, b"", 0x8, 1), "unreadable"),
    "headers shorter than their padding": (frame(1, b"\x09abc", 0xC, 3), "unreadable"),
    "headers shorter than their priority": (frame(1, b"\0\0", 0x24, 3), "unreadable"),
    "continuation of nothing": (frame(9, block(GET), 0x4, 3), "unreadable"),
    "not continued": (frame(1, block(GET), 0x1, 3) + frame(0, b"x", 1, 1), "unreadable"),
    "continued on another stream": (frame(1, b"", 0x1, 3) + frame(9, block(GET), 0x4, 5), "unreadable"),
    "a promise of the client's": (frame(5, b"\0\0\0\2" + block(GET), 0x4, 1), "unreadable"),
    "headers that do not decode": (frame(1, b"\xff\xff\xff\xff\xff\xff\xff\x0f", 0x5, 3), "unreadable"),
    "a reference to nothing": (frame(1, b"\xff\x30", 0x5, 3), "unreadable"),
    "a huge header frame": ((MOST_BLOCK + 1).to_bytes(3) + b"\1\0\0\0\0\3" + b"x", "limit"),
    "headers without end": (frame(1, b"", 0x1, 3) + frame(9, bytes(16384), 0, 3) * 17, "limit"),
    "headers that grow": (frame(1, b"\x40\x01a\x7f\xa9\x1f" + b"v" * 4136 + b"\xbe" * 99, 0x5, 3), "unreadable"),
    "a list that grows": (frame(1, b"\x40\x01a\x7f\xa1\x1e" + b"v" * 4000 + b"\xbe" * 99, 0x5, 3), "limit"),
    "a huge unknown frame": (b"\xff\xff\xff\x42" + bytes(5), "unreadable"),
}


@pytest.mark.parametrize("name", BROKEN_FRAMES)
def test_a_side_that_breaks_the_rules_is_read_no_further(name):
    bad, why = BROKEN_FRAMES[name]
    made = talk((CLIENT, ASK + bad), (SERVER, frame(1, block(OK), 0x5, 1)), (CLIENT, b"more"))
    assert shapes(made) == [expected()], "what came before is told, and the other side is read on"
    assert len(faults(made)) == 1
    assert {blind.why for blind in blinds(made)} == {why} and whys(made)[-1] == (why, 4)


FINE = {
    "unknown frame types": frame(0x0C, b"https://a.example") + frame(0xFA, b"grease", 0xFF, 1),
    "settings, ping, goaway, window update": (
        frame(4, b"\0\3\0\0\0\1") + frame(6, bytes(8), 1) + frame(7, bytes(8)) + frame(8, b"\0\0\1\0")
    ),
    "priority of an idle stream": frame(2, bytes(5), 0, 99),
    "a reset of a stream that is over or never was": frame(3, bytes(4), 0, 77),
    "the reserved bit": frame(6, bytes(8), 0, 1 << 31),
}


@pytest.mark.parametrize("name", FINE)
@pytest.mark.parametrize("side", [CLIENT, SERVER])
def test_frames_that_say_nothing_are_passed_over(name, side):
    answered = (SERVER, frame(1, block(OK), 0x5, 1))
    made = talk((CLIENT, ASK), (side, FINE[name]), answered)
    assert shapes(made) == [expected()] and not blinds(made) and not faults(made)


@pytest.mark.parametrize(
    "head, begun",
    [([(":method", "CONNECT"), (":authority", "a.cn:443")], "tunnel"), ([("x", "y")], ""), ([], "")],
    ids=["connect", "no method", "empty"],
)
def test_data_that_is_no_body(head, begun):
    made = talk((CLIENT, frame(1, block(head), 0x4, 1) + frame(0, b"inner", 1, 1)))
    assert whys(made) == [("unknown_protocol" if begun else "truncated", 5)]
    assert [exchange.request.start[:2] for exchange in finished(made)] == ([("CONNECT", "a.cn:443")] if begun else [])


def test_data_after_the_end_and_on_no_stream():
    made = talk((CLIENT, ASK), (SERVER, frame(1, block(OK), 0x5, 1) + frame(0, b"late", 0, 1) + frame(0, b"x", 0, 9)))
    assert shapes(made) == [expected()] and whys(made) == [("truncated", 4), ("truncated", 1)]


def test_host_header_stands_for_the_authority():
    head = [(":method", "GET"), (":path", "/"), ("host", "B.example.cn:8443")]
    (exchange,) = finished(talk((CLIENT, frame(1, block(head), 0x5, 1))))
    assert (exchange.scheme, exchange.host) == ("https", "b.example.cn")
    assert exchange.request.headers == ((b"host", b"B.example.cn:8443"),)


def test_bytes_that_are_no_text_stay_what_they_are():
    head = [(b":method", b"GET"), (b":path", b"/\xff\xe4"), (b"x", b"\xe4\xbd\xff")]
    (exchange,) = finished(talk((CLIENT, frame(1, block(head), 0x5, 1))))
    assert exchange.request.start[1].encode("utf-8", "surrogateescape") == b"/\xff\xe4"
    assert exchange.request.headers == ((b"x", b"\xe4\xbd\xff"),)


# Limits


def test_the_end_of_a_long_body_is_left_out():
    piece = bytes(1 << 20)
    layer = Http2(context())
    made = [item for side, data in BEGIN for item in layer.feed(side, segment(data))]
    made += layer.feed(CLIENT, segment(frame(1, block(GET), 0x4, 1)))
    for _ in range(17):
        made += layer.feed(CLIENT, segment(frame(0, piece, 0, 1)))
    made += layer.feed(CLIENT, segment(frame(0, b"", 1, 1)))
    made += layer.close()
    (exchange,) = finished(made)
    assert len(exchange.request.body) == MOST_BODY and exchange.request.missing == 1 << 20
    assert whys(made) == [("limit", 1 << 20)]


def test_a_frame_of_16_mb_is_not_kept_twice():
    made = talk((CLIENT, frame(1, block(GET), 0x4, 1) + frame(0, bytes((1 << 24) - 1), 1, 1)))
    assert len(finished(made)[0].request.body) == (1 << 24) - 1 and not blinds(made)


def test_too_many_open_streams_give_the_oldest_up(monkeypatch):
    monkeypatch.setattr(_exchanges, "MOST_STREAMS", 3)
    asked = [frame(1, block([*GET, ("x", str(n))]), 0x4, 2 * n + 1) + frame(0, b"..", 0, 2 * n + 1) for n in range(5)]
    made = talk((CLIENT, b"".join(asked) + frame(0, b"lost", 1, 1) + frame(0, b"end", 1, 9)))
    assert [exchange.request.headers[0][1] for exchange in finished(made)] == [b"0", b"1", b"2", b"3", b"4"]
    assert finished(made)[-1].request.body == b"..end" and whys(made) == [("limit", 4)]


def test_what_open_streams_hold_together_is_bounded(monkeypatch):
    monkeypatch.setattr(_exchanges, "MOST_KEPT", 50_000)
    asked = [frame(1, block(GET), 0x4, n) + frame(0, bytes(15_000), 0, n) for n in (1, 3, 5, 7)]
    layer = Http2(context())
    made = [item for data in (PREFACE, *asked) for item in layer.feed(CLIENT, segment(data))]
    assert [len(exchange.request.body) for exchange in finished(made)] == [15_000]


# Gaps, and captures that begin in the middle


def gap_talk(cut, lost):
    """A talk whose request lacks `lost` bytes from `cut` on."""
    request = (
        PREFACE + frame(4) + frame(1, block(POST), 0x4, 1) + frame(0, b"b" * 500, 0, 1) + frame(0, b"c" * 100, 1, 1)
    )
    request += frame(1, block(GET), 0x5, 3)
    layer = Http2(replace(context(), decrypted=True))
    made = [*layer.feed(CLIENT, segment(request[:cut])), *layer.feed(CLIENT, segment(request[cut + lost :], 2, lost))]
    for stream in (1, 3):
        made += layer.feed(SERVER, segment(frame(1, block(OK), 0x5, stream), 3))
    return made + list(layer.close()), len(request)


HEAD = len(PREFACE) + 9 + 9 + len(block(POST)) + 9


@pytest.mark.parametrize("cut, lost", [(HEAD + 10, 20), (HEAD, 500), (HEAD, 1), (HEAD + 499, 1), (HEAD + 509, 100)])
def test_a_gap_within_data_is_stepped_over(cut, lost):
    made, _ = gap_talk(cut, lost)
    first, second = finished(made)
    assert first.request.missing == lost and len(first.request.body) == 600 - lost
    assert first.response is not None and second.request.start[1] == "/"
    assert whys(made) == [("truncated", lost)] and not faults(made)


@pytest.mark.parametrize("cut, lost", [(HEAD + 499, 2), (HEAD + 500, 1), (HEAD + 505, 4), (HEAD + 490, 110)])
def test_a_gap_elsewhere_ends_the_reading_of_that_side(cut, lost):
    made, size = gap_talk(cut, lost)
    (first,) = finished(made)
    assert first.request.start[0] == "POST" and first.response is not None
    assert first.request.body == b"b" * min(cut - HEAD, 500)
    assert first.request.missing == 500 - min(cut - HEAD, 500)
    assert len(faults(made)) == 1 and {why for why, _ in whys(made)} == {"truncated"}
    assert sum(count for _, count in whys(made)) >= size - cut - 9


def test_a_body_that_breaks_off_knows_what_is_missing():
    head = [*GET, ("content-length", "1000")]
    made = talk((CLIENT, frame(1, block(head), 0x4, 1) + frame(0, bytes(600), 0, 1)[:109]))
    assert (len(finished(made)[0].request.body), finished(made)[0].request.missing) == (100, 900)
    made = talk((CLIENT, frame(1, block(GET), 0x4, 1) + frame(0, bytes(600), 0, 1)[:109]))
    assert (len(finished(made)[0].request.body), finished(made)[0].request.missing) == (100, 500)


def test_what_a_gap_took_is_counted_once():
    begun = PREFACE + frame(4) + frame(1, block(GET), 0x4, 1) + frame(0, bytes(500), 1, 1)[:109]
    layer = Http2(context())
    made = [*layer.feed(CLIENT, segment(begun)), *layer.feed(CLIENT, segment(b"more", 2, 1000)), *layer.close()]
    assert finished(made)[0].request.missing == 400 and whys(made) == [("truncated", 1000), ("truncated", 4)]


def test_headers_that_break_off_are_told():
    made = talk((CLIENT, frame(1, b"\x82\x87", 0x1, 1) + frame(9, b"\x84", 0x4, 1)[:9]))
    assert not finished(made) and whys(made) == [("truncated", 2), ("truncated", 9)]


def literal(*headers):
    """A header block that neither needs nor changes a table."""
    return b"".join(b"\0" + bytes((len(n),)) + n + bytes((len(v),)) + v for n, v in raw(headers, pseudo=True))


def test_from_the_middle_on_only_what_is_certain_is_told():
    asking, answering = hpack.Encoder(), hpack.Encoder()
    known, told = [*GET, ("user-agent", "Shop/1.0")], [*OK, ("etag", "1")]
    block(known, asking), block(told, answering)
    new, answer = [*GET[:2], (":path", "/new"), ("y", "new")], [(":status", "204"), ("x", "new")]
    turns = [
        (CLIENT, frame(1, block(known, asking), 0x5, 101)),
        (SERVER, frame(1, block(told, answering), 0x4, 101) + frame(0, b"unknown", 1, 101)),
        (CLIENT, frame(1, literal(*known), 0x5, 103)),
        (SERVER, frame(1, block(answer, answering), 0x5, 103)),
        (CLIENT, frame(1, block(new, asking), 0x5, 105)),
        (SERVER, frame(1, block(told, answering), 0x5, 105)),
        (CLIENT, frame(1, block(new, asking), 0x5, 107)),
        (SERVER, frame(1, block(answer, answering), 0x5, 107)),
    ]
    made = observe(turns)
    assert shapes(made) == sorted(
        [expected(known, answer=answer), certain(new, None), certain(new, answer)],
        key=repr,
    )
    assert len(faults(made)) == 1 and {why for why, _ in whys(made)} == {"truncated"}
    assert ("truncated", 7) in whys(made), "the body of a response whose headers are not known"


def certain(headers, answer):
    """What is told of a request without authority: the host is the address."""
    scheme, _, *rest = expected(headers, answer=answer)
    return scheme, "203.0.113.7", *rest


def test_bytes_that_are_no_frames_at_all():
    made = observe([(CLIENT, b"hello, is this HTTP?\r\n" * 20)])
    assert whys(made) == [("truncated", 440)] and len(faults(made)) == 1


# Tunnels, and the upgrade from HTTP/1.1


SOCKET = [(":method", "CONNECT"), (":protocol", "websocket"), *GET[1:3], (":path", "/socket?t=1")]


def test_websocket_in_a_stream():
    ends = [wsproto.Connection(kind) for kind in (wsproto.ConnectionType.CLIENT, wsproto.ConnectionType.SERVER)]
    up, down = (end.send(TextMessage(data=text)) for end, text in zip(ends, ("up", "down"), strict=True))
    client = frame(1, block(SOCKET), 0x4, 1) + frame(0, up[:3], 0, 1) + frame(0, up[3:] + up, 0, 1)
    server = frame(1, block(OK), 0x4, 1) + frame(0, down, 1, 1)
    for turns in ([(CLIENT, client), (SERVER, server)], [(SERVER, server), (CLIENT, client)]):
        made = talk(*turns, (CLIENT, frame(0, b"", 1, 1)))
        *messages, connect = sorted(finished(made), key=lambda one: one.request.start[0] == "CONNECT")
        assert sorted((one.response or one.request).body for one in messages) == [b"down", b"up", b"up"]
        assert {one.request.start for one in messages} == {("WEBSOCKET", "/socket", "websocket")}
        assert {one.host for one in messages} == {"api.example-shop.cn"}
        assert connect.request.start[0] == "CONNECT" and connect.response.start[1] == "200" and not connect.request.body
        assert len({one.id for one in finished(made)}) == 4 and not blinds(made)


def test_a_refused_tunnel_has_a_body():
    made = talk(
        (CLIENT, frame(1, block(SOCKET), 0x4, 1)),
        (SERVER, frame(1, block([(":status", "403")]), 0x4, 1) + frame(0, b"no", 1, 1)),
    )
    assert finished(made)[0].response.body == b"no" and not blinds(made)


def test_over_tls_it_is_known_by_alpn_and_bytes():
    pair, wanted = interleaved()
    tls = Talk(alpn=("h2",))
    for side, data in pair.turns:
        tls.say(side, data)
    found = exchanges(run(tls.turns, tls.keys(), size=700))
    assert sorted(map(shape, found), key=repr) == sorted(wanted, key=repr)
    assert {exchange.origin.protocol for exchange in found} == {"h2"}


def test_the_answer_to_an_upgraded_request_is_on_stream_1():
    request = Message(("POST", "/a?imei=867530912345678", "HTTP/1.1"), ((b"host", b"a.cn"),), b"x", START, (4,))
    below = context()
    upgrade = below.exchange("http/1.1", "http", "a.cn", request, Message(("HTTP/1.1", "101", "")))
    layer = Http2(replace(below, name="h2c", upgrade=upgrade))
    server = frame(4) + frame(1, block(OK), 0x4, 1) + frame(0, b"up", 1, 1)
    made = observe([(SERVER, server), (CLIENT, PREFACE + frame(4) + frame(1, block(GET), 0x5, 3))], layer=layer)
    first, second = finished(made)
    assert (first.host, first.request.start, first.request.body) == ("a.cn", ("POST", "/a", "HTTP/2"), b"")
    assert first.response.body == b"up" and first.id != upgrade.id and first.request.frames == (4,)
    assert second.response is None and not blinds(made)


# Hostile bytes


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from((CLIENT, SERVER)), st.binary(max_size=200), st.integers(0, 3))))
def test_it_never_raises(pieces):
    layer = Http2(context())
    for number, (side, data, lost) in enumerate(pieces):
        PROTOCOL.sniff(side, data)
        list(layer.feed(side, segment(data, number, lost)))
    list(layer.close())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 30))
def test_it_never_raises_on_damaged_talks(seed):
    chance = random.Random(seed)
    pair, _ = chance.choice([PUSHED, SMALL, MIXED])
    layer = Http2(context())
    for side, data in pair.turns:
        damaged = bytearray(data)
        for _ in range(chance.randrange(4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        for piece in split(bytes(damaged), [chance.randrange(1 << 16) for _ in range(3)]):
            list(layer.feed(side, segment(piece, 1, chance.choice((0,) * 20 + (1, 50)))))
    list(layer.close())
    assert not layer._streams and layer._kept == 0
