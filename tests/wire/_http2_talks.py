"""HTTP/2 conversations that the library h2 has on both ends, and what is to be found in them."""

from dataclasses import replace
from itertools import pairwise

import hpack
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.http2 import Http2
from tests.wire._traffic import context, finished, segment

POST = [
    (":method", "POST"),
    (":scheme", "https"),
    (":authority", "Api.example-shop.cn:443"),
    (":path", "/v1/collect?imei=867530912345678"),
    ("content-type", "application/json"),
    ("cookie", "a=1"),
    ("cookie", "b=2"),
]
GET = [(":method", "GET"), (":scheme", "https"), (":authority", "api.example-shop.cn"), (":path", "/")]
OK = [(":status", "200"), ("server", "x")]


class Pair:
    """Both ends of an HTTP/2 connection; `turns` are the bytes that went over the wire."""

    def __init__(self):
        self.ends = [
            H2Connection(H2Configuration(client_side=side == CLIENT, header_encoding=None)) for side in (CLIENT, SERVER)
        ]
        self.turns = []
        for end in self.ends:
            end.initiate_connection()
            end.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1 << 24})
            end.increment_flow_control_window(1 << 24)
        self.move()

    client = property(lambda self: self.ends[CLIENT])
    server = property(lambda self: self.ends[SERVER])

    def move(self):
        """Carries what both have to say until neither has anything."""
        while any(self.carry(side) for side in (CLIENT, SERVER)):
            pass
        return self

    def carry(self, side):
        data = self.ends[side].data_to_send()
        if data:
            self.turns.append((side, data))
            self.ends[1 - side].receive_data(data)
        return bool(data)

    def ask(self, stream, headers=GET, body=b"", trailers=(), **more):
        self.say(CLIENT, stream, headers, body, trailers, **more)

    def answer(self, stream, headers=OK, body=b"", trailers=(), **more):
        self.say(SERVER, stream, headers, body, trailers, **more)

    def say(self, side, stream, headers, body=b"", trailers=(), pad=None, **more):
        end = self.ends[side]
        end.send_headers(stream, headers, end_stream=not body and not trailers, **more)
        self.move()
        while body:
            room = end.max_outbound_frame_size - (pad + 1 if pad else 0)
            piece, body = body[:room], body[room:]
            end.send_data(stream, piece, end_stream=not body and not trailers, pad_length=pad)
            self.move()
        if trailers:
            end.send_headers(stream, list(trailers), end_stream=True)
            self.move()


def observe(turns, cuts=None, order=None, layer=None):
    """What the layer makes of turns of (side, bytes); `order` lets one side run ahead, `cuts` splits the bytes."""
    layer = layer or Http2(replace(context(), decrypted=True))
    if order is not None:
        turns = [turn for side in order for turn in turns if turn[0] == side]
    made, number = [], 0
    for side, data in turns:
        for piece in split(data, cuts):
            number += 1
            made += layer.feed(side, segment(piece, number))
    return made + list(layer.close())


def split(data, cuts):
    if isinstance(cuts, int):
        return [data[at : at + cuts] for at in range(0, len(data), cuts)]
    if cuts is None:
        return [data]
    places = sorted({cut % len(data) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


def shape(exchange):
    request, response = exchange.request, exchange.response
    answer = response and (response.start, response.headers, response.body, response.missing)
    return exchange.scheme, exchange.host, request.start, request.headers, request.body, request.missing, answer


def shapes(made):
    return sorted((shape(exchange) for exchange in finished(made)), key=repr)


def raw(headers, pseudo=False):
    return tuple((name.encode(), value.encode()) for name, value in headers if pseudo or not name.startswith(":"))


def expected(headers=GET, body=b"", answer=OK, said=b"", trailers=(), ending=()):
    pseudo = dict(headers)
    return (
        "https",
        "api.example-shop.cn",
        (pseudo[":method"], pseudo[":path"], "HTTP/2"),
        raw(headers) + raw(trailers),
        body,
        0,
        answer and (("HTTP/2", dict(answer)[":status"], ""), raw(answer) + raw(ending), said, 0),
    )


def simple():
    pair = Pair()
    pair.ask(1, POST, b'{"a":1}')
    pair.answer(1, OK, b"fine")
    return pair, [expected(POST, b'{"a":1}', OK, b"fine")]


def long_headers():
    pair = Pair()
    long = [*GET, *((f"x-{number}", "v" * 3000) for number in range(20))]
    pair.ask(1, long)
    pair.answer(1, [*OK, ("set-cookie", "z" * 40_000)])
    return pair, [expected(long, answer=[*OK, ("set-cookie", "z" * 40_000)])]


def padded_and_prioritized():
    pair = Pair()
    pair.ask(1, POST, b"x" * 70_000, pad=200, priority_weight=7, priority_depends_on=0, priority_exclusive=True)
    pair.client.prioritize(1, weight=3)
    pair.answer(1, OK, b"y" * 40_000, pad=255)
    return pair, [expected(POST, b"x" * 70_000, OK, b"y" * 40_000)]


def trailers():
    pair = Pair()
    end, status = [("x-checksum", "1")], [("grpc-status", "0")]
    pair.ask(1, POST, b"in", end)
    pair.answer(1, OK, b"out", status)
    return pair, [expected(POST, b"in", OK, b"out", end, status)]


def interim():
    pair = Pair()
    pair.client.send_headers(1, POST)
    pair.move()
    pair.server.send_headers(1, [(":status", "100")])
    pair.server.send_headers(1, [(":status", "103"), ("link", "</a.css>")])
    pair.move()
    pair.client.send_data(1, b"body", end_stream=True)
    pair.move()
    pair.answer(1)
    return pair, [expected(POST, b"body")]


def push():
    pair = Pair()
    pair.ask(1)
    pushed = [*GET[:3], (":path", "/pushed.css")]
    pair.server.push_stream(1, 2, pushed)
    pair.answer(1, OK, b"page")
    pair.answer(2, OK, b"style")
    return pair, [expected(said=b"page"), expected(pushed, said=b"style")]


def interleaved():
    pair = Pair()
    streams, bodies = [1, 3, 5, 7], {}
    for stream in streams:
        pair.client.send_headers(stream, [*POST, ("x-stream", str(stream))])
        bodies[stream] = b""
    for turn in range(5):
        for stream in streams:
            piece = f"{stream}.{turn};".encode() * 50
            bodies[stream] += piece
            pair.client.send_data(stream, piece, end_stream=turn == 4)
    pair.client.ping(b"12345678")
    pair.move()
    for stream in reversed(streams):
        pair.server.send_headers(stream, OK)
    for stream in streams:
        pair.server.send_data(stream, bodies[stream][::-1], end_stream=True)
    pair.move()
    return pair, [
        expected([*POST, ("x-stream", str(stream))], bodies[stream], OK, bodies[stream][::-1]) for stream in streams
    ]


def many_with_a_small_table():
    return many(100, 4096)


def many_with_a_large_table():
    return many(60_000, 60_000)


def many(of_the_client, of_the_server):
    """Many requests, header tables of other sizes than usual."""
    pair = Pair()
    pair.client.update_settings({SettingCodes.HEADER_TABLE_SIZE: of_the_client})
    pair.server.update_settings({SettingCodes.HEADER_TABLE_SIZE: of_the_server})
    pair.move()
    wanted = []
    for number in range(60):
        stream = 2 * number + 1
        asked = [*POST, ("x-request", "r" * 3 * number), (f"x-{number % 7}", "kept")]
        told = [*OK, ("x-answer", str(number)), ("etag", "e" * (number % 5))]
        pair.ask(stream, asked, b"q")
        pair.answer(stream, told, b"a")
        wanted.append(expected(asked, b"q", told, b"a"))
    return pair, wanted


def unanswered():
    pair = Pair()
    pair.ask(1, POST, b"said")
    return pair, [expected(POST, b"said", None)]


def reset_by_the_client():
    pair = Pair()
    pair.ask(1, POST, b"said")
    pair.server.send_headers(1, OK)
    pair.server.send_data(1, b"half an ans")
    pair.move()
    pair.client.reset_stream(1, 8)
    pair.move()
    return pair, [expected(POST, b"said", OK, b"half an ans")]


def refused_while_sending():
    pair = Pair()
    pair.client.send_headers(1, POST)
    pair.client.send_data(1, b"begun")
    pair.move()
    pair.server.send_headers(1, [(":status", "413")], end_stream=True)
    pair.server.reset_stream(1, 0)
    pair.move()
    pair.server.close_connection(last_stream_id=1)
    pair.move()
    return pair, [expected(POST, b"begun", [(":status", "413")])]


TALKS = [
    simple,
    long_headers,
    padded_and_prioritized,
    trailers,
    interim,
    push,
    interleaved,
    many_with_a_small_table,
    many_with_a_large_table,
    unanswered,
    reset_by_the_client,
    refused_while_sending,
]


def frame(kind, payload=b"", flags=0, stream=0):
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def block(headers, encoder=None):
    return (encoder or hpack.Encoder()).encode(headers)
