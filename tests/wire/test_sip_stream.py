import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import Fault
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.sip_stream import PROTOCOL, SipStream
from tests.wire._traffic import blinds, context, exchanges, finished, run, segment
from tests.wire.test_sip import BODY, MESSAGE, OK


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_messages_behind_each_other(size):
    seen = run([(CLIENT, MESSAGE + b"\r\n\r\n" + MESSAGE), (SERVER, OK + OK)], size=size, port=5060)
    assert [one.request.body for one in exchanges(seen) if one.response is None] == [BODY, BODY]
    assert [one.response.start[1] for one in exchanges(seen) if one.response] == ["200", "200"]
    assert not blinds(seen)


def test_the_short_name_of_the_length():
    short = MESSAGE.replace(b"Content-Length", b"l")
    assert len(exchanges(run([(CLIENT, short + short)], port=5060))) == 2


def test_what_makes_no_sense_ends_the_side():
    layer = SipStream(context(port=5060))
    made = [*layer.feed(CLIENT, segment(MESSAGE + b"nonsense\r\n\r\n" + MESSAGE)), *layer.feed(SERVER, segment(OK, 2))]
    made += layer.feed(CLIENT, segment(MESSAGE, 3))
    assert len(finished(made)) == 2 and len([one for one in made if isinstance(one, Fault)]) == 1
    assert sum(one.bytes for one in blinds(made)) == 12 + 2 * len(MESSAGE)


def test_a_head_without_an_end_is_bounded():
    layer = SipStream(context(port=5060))
    made = [*layer.feed(CLIENT, segment(MESSAGE[:50] + b"x" * 70_000))]
    assert [one.why for one in blinds(made)] == ["unreadable"]


def test_a_long_body_is_passed_over_and_the_next_message_is_read():
    layer = SipStream(context(port=5060))
    huge = MESSAGE.replace(b"Content-Length: %d" % len(BODY), b"Content-Length: 99999999")
    size = huge.index(b"\r\n\r\n") + 4 + 99_999_999
    made, sent = [*layer.feed(CLIENT, segment(huge))], len(huge)
    while sent < size:
        piece = bytes(min(size - sent, 1 << 20))
        made += layer.feed(CLIENT, segment(piece))
        sent += len(piece)
    made += layer.feed(CLIENT, segment(MESSAGE))
    assert [one.request.body for one in finished(made)] == [BODY]
    assert {one.why for one in blinds(made)} == {"limit"} and sum(one.bytes for one in blinds(made)) == size


SNIFF = [
    (CLIENT, MESSAGE, True),
    (SERVER, OK, True),
    (CLIENT, MESSAGE[:20], None),
    (SERVER, OK[:9], None),
    (CLIENT, b"\r\n", None),
    (CLIENT, b"GET / HTTP/1.1\r\n\r\n", False),
    (CLIENT, b"\x16\x03\x01", False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert PROTOCOL.sniff(side, data) is expected


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.binary(max_size=40) | st.sampled_from([MESSAGE, OK]), st.integers(0, 60)),
        max_size=9,
    )
)
def test_nothing_raises(pieces):
    layer, made = SipStream(context(port=5060)), []
    for frame, (side, data, lost) in enumerate(pieces):
        made += layer.feed(side, segment(data, frame, lost if data else 0))
    made += layer.close()
