import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.dns_stream import PROTOCOL, DnsStream
from tests.wire._dns import answer, query, record
from tests.wire._traffic import HOST, Talk, blinds, context, exchanges, finished, run, segment


def framed(*messages):
    return b"".join(len(each).to_bytes(2) + each for each in messages)


ASKED = framed(query("a.example", number=1), query("b.example", number=2))
TOLD = framed(
    answer("b.example", number=2, records=[record("b.example", "A", "198.51.100.2")]),
    answer("a.example", number=1, records=[record("a.example", "A", "198.51.100.1")]),
)


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_messages_behind_their_lengths(size):
    seen = run([(CLIENT, ASKED), (SERVER, TOLD)], size=size, port=53)
    told = {one.request.start: one.response.body for one in exchanges(seen)}
    assert told == {
        ("QUERY", f"/{name}.example", "A"): answer(
            f"{name}.example", number=number, records=[record(f"{name}.example", "A", f"198.51.100.{number}")]
        )
        for number, name in ((1, "a"), (2, "b"))
    }
    assert not blinds(seen)


@pytest.mark.parametrize("alpn", [["dot"], []])
def test_within_tls(alpn):
    talk = Talk(ssl.TLSVersion.TLSv1_3, alpn=alpn).say(CLIENT, ASKED).say(SERVER, TOLD)
    found = exchanges(run(talk.turns, talk.keys(), port=853))
    assert [(one.origin.protocol, one.host, one.origin.decrypted) for one in found] == [("dns", HOST, True)] * 2


def test_answers_teach_names():
    layer = DnsStream(context(port=53))
    list(layer.feed(SERVER, segment(TOLD)))
    assert layer._context.names.host("198.51.100.1") == "a.example"


def test_a_gap_costs_the_messages_it_is_in():
    layer = DnsStream(context(port=53))
    first, second, third = (framed(query(name, number=1)) for name in ("a.example", "b.example", "c.example"))
    made = [*layer.feed(CLIENT, segment(first + second[:10]))]
    made += layer.feed(CLIENT, segment(second[15:] + third, 2, lost=5))
    made += layer.close()
    assert [one.request.start[1] for one in finished(made)] == ["/a.example", "/c.example"]
    assert sum(one.bytes for one in made if hasattr(one, "why")) == len(second)


def test_a_gap_at_a_length_ends_the_side():
    layer = DnsStream(context(port=53))
    made = [*layer.feed(CLIENT, segment(ASKED)), *layer.feed(CLIENT, segment(ASKED[3:], 2, lost=3)), *layer.close()]
    assert len(finished(made)) == 2
    assert sum(one.bytes for one in made if hasattr(one, "why")) == len(ASKED)


def test_a_message_that_makes_no_sense_is_blind_and_the_next_is_read():
    layer = DnsStream(context(port=53))
    made = [*layer.feed(CLIENT, segment(b"\0\x05hello" + ASKED)), *layer.close()]
    assert len(finished(made)) == 2
    assert [(one.why, one.bytes) for one in made if hasattr(one, "why")] == [("unreadable", 7)]


SNIFF = [
    (CLIENT, ASKED, True),
    (SERVER, TOLD, True),
    (CLIENT, ASKED[:10], None),
    (CLIENT, ASKED[:1], None),
    (SERVER, TOLD[:8], None),
    (CLIENT, TOLD, False),
    (SERVER, ASKED, False),
    (CLIENT, b"\x16\x03\x01\x02\x00\x01", False),
    (CLIENT, b"GET / HTTP/1.1", False),
    (CLIENT, b"\x00\x20" + bytes(32), False),
    (CLIENT, b"\x00\x05", False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert PROTOCOL.sniff(side, data) is expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=60) | st.just(ASKED), st.integers(0, 9)), max_size=12))
def test_nothing_raises_and_every_byte_is_told(pieces):
    layer, made, sent = DnsStream(context(port=53)), [], 0
    for frame, (side, data, lost) in enumerate(pieces):
        made += layer.feed(side, segment(data, frame, lost if data else 0))
        sent += len(data) + (lost if data else 0)
    made += layer.close()
    told = sum(len(one.request.body) + len(one.response.body if one.response else b"") + 2 for one in finished(made))
    assert told + sum(one.bytes for one in made if hasattr(one, "why")) <= sent + 2 * len(finished(made))
