"""A live input that pauses shows requests before their responses; together they are what a whole capture shows."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import Answer, Exchange
from leaktap.wire._bytes import CLIENT, SERVER, Arrival, Closed
from leaktap.wire.engine import Engine
from leaktap.wire.keys import KeyLog
from tests.wire._http2_talks import GET, POST, Pair
from tests.wire._traffic import Talk, flow, segment

ASK = b"POST /a?n=%d HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
CONNECT = b"CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n"
FRAME = b"\x81\x05hello"


def interleaved():
    """Three HTTP/2 streams whose answers come in another order, one reset, and one that is never answered."""
    pair = Pair()
    pair.ask(1, POST, b"first" * 100)
    pair.ask(3)
    pair.ask(5, POST, b"second")
    pair.answer(5, body=b"no 5")
    pair.answer(1, body=b"no 1")
    pair.ask(7)
    pair.client.reset_stream(7)
    pair.move()
    pair.ask(9, GET)
    return pair.turns


TALKS = {
    "one": [(CLIENT, ASK % 1), (SERVER, OK)],
    "no answer": [(CLIENT, ASK % 1)],
    "two": [(CLIENT, ASK % 1), (SERVER, OK), (CLIENT, ASK % 2), (SERVER, OK)],
    "pipelined": [(CLIENT, ASK % 1 + ASK % 2 + ASK % 3), (SERVER, OK + OK), (SERVER, OK)],
    "an answer too early": [(CLIENT, ASK[:60] % 1), (SERVER, OK), (CLIENT, (ASK % 1)[59:]), (CLIENT, ASK % 2)],
    "interim": [(CLIENT, ASK % 1), (SERVER, b"HTTP/1.1 100 Continue\r\n\r\n"), (SERVER, OK)],
    "websocket": [(CLIENT, UPGRADE), (SERVER, SWITCH), (CLIENT, FRAME), (SERVER, FRAME), (CLIENT, FRAME)],
    "refused": [(CLIENT, UPGRADE), (SERVER, OK), (CLIENT, ASK % 2), (SERVER, OK)],
    "tunnel": [(CLIENT, CONNECT), (SERVER, b"HTTP/1.1 200 OK\r\n\r\n"), (CLIENT, ASK % 1), (SERVER, OK)],
    "broken": [(CLIENT, ASK % 1), (SERVER, b"nonsense\r\n\r\n" + OK), (CLIENT, ASK % 2), (SERVER, OK)],
    "http/2": interleaved(),
}


def told(turns, pauses, keys=None, size=1 << 20):
    """Feeds turns in pieces, with a pause behind those whose numbers are in `pauses`; returns everything seen."""
    engine, one, seen = Engine("a.pcap", keys or KeyLog()), flow(), []
    pieces = [(side, data[at : at + size]) for side, data in turns for at in range(0, len(data), size)]
    for number, (side, data) in enumerate(pieces, 1):
        seen += engine.feed([Arrival(one, side, segment(data, number))], number in pauses)
    return seen + list(engine.feed([Closed(one, "fin")], bool(pauses))) + list(engine.close())


def joined(seen):
    """Returns exchanges by id, each put together from its request and its answer; checks that both come once."""
    found = {}
    for item in seen:
        if isinstance(item, Exchange):
            assert item.id not in found
            found[item.id] = item
        elif isinstance(item, Answer):
            before = found[item.exchange.id]
            assert before.response is None and item.exchange.response is not None
            assert replace(item.exchange, response=None) == before
            found[item.exchange.id] = item.exchange
    return found


def others(seen):
    return sorted((item for item in seen if not isinstance(item, Exchange | Answer)), key=repr)


EVERYWHERE = range(1 << 20)


@pytest.mark.parametrize("size", [1 << 20, 50, 7])
@pytest.mark.parametrize("turns", TALKS.values(), ids=TALKS.keys())
def test_pauses_change_only_when_things_are_told(turns, size):
    whole, live = told(turns, (), size=size), told(turns, EVERYWHERE, size=size)
    assert not any(isinstance(item, Answer) for item in whole)
    assert joined(live) == joined(whole) and joined(whole)
    assert others(live) == others(whole)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(TALKS)), st.sets(st.integers(1, 60)), st.integers(1, 200))
def test_wherever_the_input_pauses(name, pauses, size):
    turns = TALKS[name]
    assert joined(told(turns, pauses, size=size)) == joined(told(turns, (), size=size))


@pytest.mark.parametrize("name", ["one", "two", "pipelined", "http/2", "tunnel"])
def test_within_tls(name):
    talk = Talk(alpn=("h2",)) if name == "http/2" else Talk()
    for side, data in TALKS[name]:
        talk.say(side, data)
    whole, live = told(talk.turns, (), talk.keys()), told(talk.turns, EVERYWHERE, talk.keys())
    assert joined(live) == joined(whole) and joined(whole)


def test_a_request_is_told_at_the_pause_behind_its_last_byte():
    engine, one = Engine("a.pcap", KeyLog()), flow()
    request = ASK % 1
    seen = [list(engine.feed([Arrival(one, CLIENT, segment(part))], True)) for part in (request[:-1], request[-1:])]
    assert [[type(item) for item in items] for items in seen] == [[], [Exchange]]
    assert seen[1][0].response is None
    (answer,) = engine.feed([Arrival(one, SERVER, segment(OK, 2))], True)
    assert isinstance(answer, Answer) and answer.exchange.response.body == b"ok"
    assert list(engine.feed([], True)) == list(engine.close()) == []


def test_an_exchange_that_is_whole_at_the_pause_is_told_as_one():
    (only,) = told(TALKS["one"], {2})
    assert isinstance(only, Exchange) and only.response.body == b"ok"


def test_http2_requests_are_told_when_they_end_and_numbered_as_they_began():
    seen = told(TALKS["http/2"], EVERYWHERE)
    order = [(item.id, item.request.body) for item in seen if isinstance(item, Exchange)]
    assert order[:3] == [("tcp.0:0", b"first" * 100), ("tcp.0:1", b""), ("tcp.0:2", b"second")]
    assert [item.exchange.id for item in seen if isinstance(item, Answer)] == ["tcp.0:2", "tcp.0:0"]
