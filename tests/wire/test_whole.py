"""The whole way from packets to exchanges: nothing that happens to packets changes what was said."""

import io
from functools import cache
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import Blind, Exchange, Fault
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.container import windows
from leaktap.wire.engine import Engine
from leaktap.wire.keys import KeyLog
from leaktap.wire.packets import Packets
from leaktap.wire.streams import Streams
from tests.conformance._network import capture, overlapping, overtaken, repeated, resegmented, segments
from tests.conformance.http1 import talk
from tests.conformance.websocket import Socket, in_pieces
from tests.wire import _http2_talks
from tests.wire._traffic import Talk

TALKS = {
    "http/1.1": talk,
    "h2c": lambda: _http2_talks.interleaved()[0].turns,
    "h2c, trailers": lambda: _http2_talks.trailers()[0].turns,
    "websocket": lambda: in_pieces(Socket({})).turns,
}


TROUBLES = [repeated, overtaken, overlapping, resegmented]


def seen(data, keys, chunk=8 << 20):
    """What is said in a capture that is read in windows of `chunk` bytes."""
    headers, streams, engine, found = Packets("a"), Streams(), Engine("a", keys), []
    for window in windows(io.BytesIO(data), "a", chunk=chunk):
        found += engine.feed(streams.feed(headers.columns(window)))
    found += [*engine.feed(streams.close()), *engine.close()]
    assert [item for item in found if isinstance(item, Blind | Fault)] == []
    return sorted((shape(item) for item in found if isinstance(item, Exchange)), key=repr)


def shape(exchange):
    response = exchange.response
    answer = response and (response.start, response.headers, response.body, response.missing)
    request = exchange.request
    asked = request.start, request.headers, request.body, request.missing
    return exchange.origin.protocol, exchange.host, asked, answer


@cache
def recorded(name, in_tls):
    """The turns of a talk, its keys, and what is said in it."""
    turns, keys = TALKS[name](), KeyLog()
    if in_tls:
        tls = Talk()
        for side, data in turns:
            tls.say(side, data)
        turns, keys = tls.turns, tls.keys()
    return turns, keys, seen(capture(segments(turns)).data, keys)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(TALKS)),
    st.booleans(),
    st.integers(1, 2000),
    st.lists(st.tuples(st.sampled_from(TROUBLES), st.integers(0, 999)), max_size=4),
    st.floats(0, 0.9),
    st.integers(1, 30_000),
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
)
def test_troubles_change_nothing(name, in_tls, mss, troubles, share, chunk, numbers):
    """They befall what one side says at a time: no segment comes behind the other's answer to it."""
    turns, keys, expected = recorded(name, in_tls)
    made = segments(turns, mss=max(mss, 40 if sum(len(data) for _, data in turns) > 20_000 else 1), isn=numbers)
    for trouble, seed in troubles:
        made = [one for _, run in groupby(made, lambda one: one.side) for one in trouble(list(run), seed, share)]
    data = capture(made).data
    assert seen(data, keys, max(chunk, len(data) // 150)) == expected


def test_it_is_about_something():
    counts = [len(recorded(name, in_tls)[2]) for name in sorted(TALKS) for in_tls in (False, True)]
    assert counts == [4, 4, 1, 1, 6, 6, 5, 5]
    assert {CLIENT, SERVER} == {side for side, _ in talk()}
