import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.sip import PROTOCOL, Sip
from tests.wire._dns import exchanges, read
from tests.wire._packets import CAPTURES, tshark
from tests.wire._traffic import context, finished, run, segment

BODY = b"imei 867530912345678"
HEAD = b"From: <sip:19900000001@sip.example>;tag=1\r\nCall-ID: a84b4c76\r\nCSeq: 1 MESSAGE\r\n"
MESSAGE = b"MESSAGE sip:19900000002@sip.example SIP/2.0\r\n" + HEAD
MESSAGE += b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
OK = b"SIP/2.0 200 OK\r\n" + HEAD + b"Content-Length: 0\r\n\r\n"


def test_messages_of_both_sides():
    asked, told = exchanges(run([(CLIENT, MESSAGE), (SERVER, OK)], transport="udp", port=5060))
    assert (asked.origin.protocol, asked.scheme) == ("sip", "sip")
    assert asked.request.start == ("MESSAGE", "sip:19900000002@sip.example", "SIP/2.0")
    assert (asked.request.body, asked.request.header(b"content-type")) == (BODY, b"text/plain")
    assert (told.request.start[0], told.response.start) == ("MESSAGE", ("SIP/2.0", "200", "OK"))


def test_what_the_client_answers_is_what_it_sends():
    asked, told = exchanges(run([(SERVER, MESSAGE), (CLIENT, OK + b"body")], transport="udp", port=5060))
    assert (asked.response.start, asked.response.body) == (("SIP/2.0", "", "MESSAGE"), BODY)
    assert (told.request.start, told.request.body) == (("RESPONSE", "", "SIP/2.0"), b"body")


def test_signs_of_life_say_nothing_and_may_come_first():
    seen = run([(CLIENT, b"\r\n\r\n"), (CLIENT, b"\0\0\0\0"), (CLIENT, MESSAGE)], transport="udp", port=5060)
    assert [one.request.body for one in seen] == [BODY]


def test_folded_fields_and_a_head_without_an_end():
    (one,) = exchanges(run([(CLIENT, MESSAGE.split(b"Call-ID")[0] + b"Subject: a\r\n  b")], transport="udp", port=5060))
    assert (one.request.header(b"subject"), one.request.body) == (b"a b", b"")


def test_what_is_no_message_is_blind():
    (blind,) = Sip(context(transport="udp")).feed(CLIENT, segment(b"hello"))
    assert (blind.why, blind.protocol, blind.bytes) == ("unreadable", "sip", 5)


SNIFF = [
    (CLIENT, MESSAGE, True),
    (SERVER, MESSAGE, True),
    (SERVER, OK, True),
    (CLIENT, b"OPTIONS sips:a SIP/2.0\r\n\r\n", True),
    (CLIENT, b"\r\n\r\n" + MESSAGE, True),
    (CLIENT, b"\r\n\r\n", None),
    (CLIENT, b"OPTIONS * HTTP/1.1\r\n\r\n", False),
    (CLIENT, b"SIP/2.0 999 No\r\n\r\n", False),
    (CLIENT, b"sip:a@b SIP/2.0\r\n\r\n", False),
    (CLIENT, b"hello", False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert PROTOCOL.sniff(side, data) is expected


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=40)), max_size=6))
def test_nothing_raises(pieces):
    layer = Sip(context(transport="udp"))
    made = [thing for side, data in pieces for thing in layer.feed(side, segment(MESSAGE[: 8 * len(data)] + data))]
    assert all(one.request.time for one in finished([*made, *layer.close()]))


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
def test_a_capture_as_tshark_reads_it():
    path = CAPTURES / "pcap" / "webex.pcap"
    if not path.exists():
        pytest.skip("needs the shared captures")
    found = [one.request if one.request.frames else one.response for one in exchanges(read(path)[0], "sip")]
    rows = tshark(path, "frame.number", "sip.Method", options=("-Y", "sip"))
    assert rows and sorted((one.frames[0], one.start[0]) for one in found) == [(int(n), word) for n, word in rows]
