from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import MOST_FRAMES, Blind, Fault
from leaktap.wire._bytes import CLIENT, SERVER, Arrival, Closed
from leaktap.wire.engine import Engine
from leaktap.wire.keys import KeyLog
from leaktap.wire.node import MOST_LAYERS, Node
from tests.wire._traffic import HOST, START, Talk, blinds, context, exchanges, finished, flow, run, segment

GET = b"GET / HTTP/1.1\r\nHost: a.cn\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def engine(keys=None, patient=True):
    return Engine("a.pcap", keys or KeyLog(), patient)


@pytest.mark.parametrize("port", [80, 8080, 443, 5223])
def test_the_port_does_not_matter(port):
    (exchange,) = exchanges(run([(CLIENT, GET), (SERVER, OK)], port=port))
    assert (exchange.server.port, exchange.scheme) == (port, "http")
    assert (exchange.origin.source, exchange.origin.protocol, exchange.origin.transport) == (
        "a.pcap",
        "http/1.1",
        "tcp",
    )
    assert (exchange.origin.stream, exchange.origin.decrypted) == (0, False)


@pytest.mark.parametrize("patient", [True, False])
def test_http_in_tls_whichever_side_comes_first(patient):
    talk = Talk().say(CLIENT, GET).say(SERVER, OK).say(CLIENT, GET).say(SERVER, OK)
    frames = list(enumerate(talk.turns, 1))
    events = [
        Arrival(flow(), side, segment(data, frame))
        for wanted in (CLIENT, SERVER)
        for frame, (side, data) in frames
        if side == wanted
    ]
    seen = list(engine(talk.keys(), patient).feed(events))
    assert [(one.host, one.scheme, one.response.body, one.origin.decrypted) for one in exchanges(seen)] == [
        ("a.cn", "https", b"ok", True)
    ] * 2


def test_the_server_name_stands_in_for_a_missing_host():
    talk = Talk().say(CLIENT, b"GET / HTTP/1.0\r\n\r\n")
    assert [one.host for one in exchanges(run(talk.turns, talk.keys()))] == [HOST]


def test_exchanges_of_a_window_come_as_they_began():
    late, soon = flow(0), flow(1)
    events = [
        Arrival(late, CLIENT, segment(GET, 2)),
        Arrival(late, SERVER, segment(OK, 3)),
        Arrival(soon, CLIENT, segment(GET + GET, 1)),
        Arrival(soon, SERVER, segment(OK + OK, 9, cuts=[len(OK)])),
    ]
    assert [one.id for one in exchanges(engine().feed(events))] == ["tcp.1:0", "tcp.1:1", "tcp.0:0"]


def test_flows_that_are_one_connection_have_no_id_in_common():
    first = flow()
    second = replace(first, time=START + 5)
    one = engine()
    events = [Arrival(first, CLIENT, segment(GET)), Closed(first, "rst"), Arrival(second, CLIENT, segment(GET))]
    assert [each.id for each in exchanges([*one.feed(events), *one.close()])] == ["tcp.0:0", "tcp.0:1"]


AGREED = [("", 1), ("http/1.1", 1), ("http/1.0", 1), ("smb", 1), ("websocket", 0), ("h2", 0)]


@pytest.mark.parametrize(("name", "expected"), AGREED)
def test_what_was_agreed_on_is_not_asked_of_the_bytes(name, expected):
    node = Node(replace(context(), name=name), "tcp")
    made = [*node.feed(CLIENT, segment(GET)), *node.feed(SERVER, segment(OK)), *node.close()]
    assert [one.origin.protocol == "http/1.1" for one in finished(made)] == [True] * expected


def test_requests_without_response_come_when_the_flow_ends():
    one = engine()
    assert list(one.feed([Arrival(flow(), CLIENT, segment(GET))])) == []
    assert [each.response for each in exchanges(one.feed([Closed(flow(), "rst")]))] == [None]
    assert list(one.close()) == []


def test_a_flow_that_never_closes_is_closed_with_the_input():
    one = engine()
    list(one.feed([Arrival(flow(), CLIENT, segment(GET))]))
    assert len(exchanges(one.close())) == 1


def test_events_that_are_no_bytes_pass():
    blind, fault = Blind(0, "truncated", "tcp"), Fault("wire", "x", "y")
    assert list(engine().feed([blind, fault, Closed(flow(5), "end")])) == [fault, blind]


@pytest.mark.parametrize("turns", [[], [(CLIENT, b"")], [(SERVER, b"")]])
def test_nothing_is_nothing(turns):
    assert run(turns) == []


def test_what_nothing_knows_is_raw():
    seen = run([(CLIENT, b"imei=867530912345678"), (SERVER, b"ok"), (CLIENT, bytes(7))], port=5222)
    assert [(one.origin.protocol, one.request.start, one.request.body) for one in exchanges(seen)] == [
        ("raw", ("SEND", "", "xmpp"), b"imei=867530912345678"),
        ("raw", ("SEND", "", "xmpp"), bytes(7)),
    ]


def test_one_blind_per_reason():
    client = b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n"
    events = [Arrival(flow(), CLIENT, segment(client, 1))]
    events += [Arrival(flow(), CLIENT, segment(b"x", frame, lost=2)) for frame in range(2, 30)]
    one = engine()
    (blind,) = blinds([*one.feed(events), *one.close()])
    assert (blind.why, blind.bytes) == ("truncated", 56)
    assert len(blind.frames) <= MOST_FRAMES


def test_the_first_line_may_take_its_time():
    (exchange,) = exchanges(run([(CLIENT, bytes([byte])) for byte in b"FROB /x HTTP/1.1\r\n\r\n"]))
    assert exchange.request.start[0] == "FROB"


def test_what_never_becomes_a_first_line_is_unknown():
    (exchange,) = run([(CLIENT, b"FROB /x")])
    assert (exchange.origin.protocol, exchange.request.body) == ("raw", b"FROB /x")


def test_undecided_bytes_are_bounded():
    seen = run([(CLIENT, b"FROB /" + b"x" * 600_000)], size=1000, close=False)
    assert [one.request.start[0] for one in exchanges(seen)] == ["SEND"] * 3


# Connections whose beginning is not in the capture


def test_the_first_packet_may_be_the_servers():
    one, late = engine(), flow(from_start=False)
    events = [Arrival(late, CLIENT, segment(OK, 1)), Arrival(late, SERVER, segment(GET, 2))]
    events += [Arrival(late, CLIENT, segment(OK, 3))]
    seen = [*one.feed(events), *one.close()]
    (exchange,) = exchanges(seen)
    assert (exchange.client, exchange.server) == (late.server, late.client)
    assert exchange.response.body == b"ok"
    assert [blind.why for blind in blinds(seen)] == ["truncated"]


def test_http_is_found_behind_the_end_of_a_body():
    turns = [(CLIENT, b"the end of a body"), (CLIENT, GET), (SERVER, OK)]
    seen = run(turns, from_start=False, port=80)
    assert [(one.origin.protocol, one.request.start[0]) for one in exchanges(seen)] == [
        ("raw", "SEND"),
        ("http/1.1", "GET"),
    ]


def test_only_the_beginning_counts_where_it_is_known():
    seen = run([(CLIENT, b"\x00\x01 something"), (CLIENT, GET)])
    assert {one.origin.protocol for one in exchanges(seen)} == {"raw"}


# Secrets that come behind the packets


def late(talk, *, close_first, room=None):
    keys = KeyLog()
    one = engine(keys)
    if room is not None:
        one._budget.room = room
    seen = list(one.feed([Arrival(flow(), side, segment(data, 1)) for side, data in talk.turns]))
    if close_first:
        seen += one.feed([Closed(flow(), "fin")])
    keys.add_file(talk.keylog)
    seen += one.feed([])
    return seen, one


@pytest.mark.parametrize("close_first", [False, True])
def test_secrets_may_come_late(close_first):
    talk = Talk().say(CLIENT, GET).say(SERVER, OK)
    seen, one = late(talk, close_first=close_first)
    assert [exchange.response.body for exchange in exchanges(seen)] == [b"ok"]
    assert list(one.close()) == []
    assert one._budget.room == 64 << 20


def test_what_waits_is_given_up_where_there_is_no_room():
    talk = Talk().say(CLIENT, GET).say(SERVER, OK)
    seen, _ = late(talk, close_first=True, room=100)
    assert [blind.why for blind in blinds(seen)] == ["no_key"]


def test_the_oldest_that_waits_makes_room():
    talk = Talk().say(CLIENT, GET).say(SERVER, OK)
    one = engine()
    one._budget.room = (32 << 20) + 12_000
    seen = []
    for index in range(4):
        seen += one.feed([Arrival(flow(index), side, segment(data)) for side, data in talk.turns])
        seen += one.feed([Closed(flow(index), "fin")])
    assert [blind.stream for blind in blinds(seen)] == [0, 1, 2]
    assert [blind.stream for blind in blinds(one.close())] == [3]


def test_without_patience_nothing_waits():
    talk = Talk().say(CLIENT, GET).say(SERVER, OK)
    one = engine(patient=False)
    list(one.feed([Arrival(flow(), side, segment(data)) for side, data in talk.turns]))
    assert one._budget.room == 64 << 20
    assert [blind.why for blind in blinds(one.feed([Closed(flow(), "fin")]))] == ["no_key"]


PIECES = st.sampled_from(
    [
        GET,
        OK,
        b"CONNECT b.cn:443 HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x16\x03\x01\x00\x05\x01\0\0\x01\0",
        b"\x17\x03\x03\x00\x02ab",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1), PIECES | st.binary(max_size=40), st.integers(0, 2)), max_size=14
    ),
    st.booleans(),
    st.sampled_from(["tcp", "udp"]),
)
def test_nothing_raises(arrivals, from_start, transport):
    one = engine()
    flows = [flow(index, transport, from_start=from_start) for index in range(3)]
    events = [
        Arrival(flows[index], side, segment(data, frame, lost))
        for frame, (index, side, data, lost) in enumerate(arrivals)
    ]
    seen = [*one.feed(events), *one.feed([Closed(flows[0], "fin")]), *one.close()]
    assert len({exchange.id for exchange in exchanges(seen)}) == len(exchanges(seen))


def test_secrets_may_come_late_for_tls_within_tls():
    """An encrypted proxy: the inner connection's secret is the one that is missing."""
    inner = Talk().say(CLIENT, GET).say(SERVER, OK)
    outer = Talk().say(CLIENT, b"CONNECT a.cn:443 HTTP/1.1\r\n\r\n").say(SERVER, b"HTTP/1.1 200 OK\r\n\r\n")
    for side, data in inner.turns:
        outer.say(side, data)
    keys = outer.keys()
    one = engine(keys)
    seen = list(one.feed([Arrival(flow(), side, segment(data, 1)) for side, data in outer.turns]))
    assert [exchange.request.start[0] for exchange in exchanges(seen)] == ["CONNECT"]
    keys.add_file(inner.keylog)
    (exchange,) = exchanges(one.feed([]))
    assert (exchange.request.start[0], exchange.response.body) == ("GET", b"ok")
    assert list(one.close()) == []


@pytest.mark.parametrize("count", [1, 15, 16, 17, 2000])
def test_tunnels_in_tunnels_are_followed_as_far_as_makes_sense(count):
    connect, told = b"CONNECT a.cn:1 HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"
    seen = run([*[(CLIENT, connect), (SERVER, told)] * count, (CLIENT, GET), (SERVER, OK)])
    methods = [exchange.request.start[0] for exchange in exchanges(seen)]
    if count < MOST_LAYERS:
        assert methods == ["CONNECT"] * count + ["GET"] and not blinds(seen)
    else:
        assert methods == ["CONNECT"] * MOST_LAYERS
        rest = (count - MOST_LAYERS) * (len(connect) + len(told)) + len(GET) + len(OK)
        assert [(blind.why, blind.bytes) for blind in blinds(seen)] == [("limit", rest)]
