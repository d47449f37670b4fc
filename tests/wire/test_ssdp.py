import shutil

import pytest

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.ssdp import PROTOCOL, Ssdp
from tests.wire._dns import exchanges, read
from tests.wire._packets import CAPTURES, tshark
from tests.wire._traffic import context, finished, run, segment

SEARCH = b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\n\r\n'
NOTIFY = b"NOTIFY * HTTP/1.1\r\nNTS: ssdp:alive\r\nUSN: uuid:2fac1234-31f8-11b4-a222-08002b34c003\r\n\r\n"
FOUND = b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nLOCATION: http://192.0.2.9/d.xml\r\n\r\n"


def test_what_is_searched_and_announced():
    search, notify = exchanges(run([(CLIENT, SEARCH), (CLIENT, NOTIFY)], transport="udp", port=1900))
    assert (search.origin.protocol, search.request.start) == ("ssdp", ("M-SEARCH", "*", "HTTP/1.1"))
    assert (search.request.header(b"st"), search.host) == (b"ssdp:all", "203.0.113.7")
    assert notify.request.header(b"usn") == b"uuid:2fac1234-31f8-11b4-a222-08002b34c003"


def test_an_answer_is_a_response_whoever_came_first():
    (one,) = exchanges(run([(SERVER, FOUND)], transport="udp", port=1900))
    assert (one.request.start[0], one.response.start) == ("M-SEARCH", ("HTTP/1.1", "200", "OK"))
    (one,) = exchanges(run([(CLIENT, FOUND)], transport="udp", port=1900, from_start=False))
    assert (one.client.ip, one.response.header(b"location")) == ("203.0.113.7", b"http://192.0.2.9/d.xml")


def test_a_body_is_kept():
    (one,) = exchanges(run([(CLIENT, SEARCH + b"body")], transport="udp", port=1900))
    assert one.request.body == b"body"


def test_what_is_no_message_is_blind():
    layer = Ssdp(context(transport="udp"))
    made = [*layer.feed(CLIENT, segment(SEARCH + b"hello", cuts=[len(SEARCH)])), *layer.close()]
    assert len(finished(made)) == 1
    assert [(one.why, one.bytes) for one in made if hasattr(one, "why")] == [("unreadable", 5)]


SNIFF = [
    (CLIENT, SEARCH, True),
    (CLIENT, NOTIFY, True),
    (SERVER, FOUND, True),
    (SERVER, SEARCH, False),
    (CLIENT, FOUND, False),
    (CLIENT, b"GET / HTTP/1.1\r\n\r\n", False),
    (CLIENT, b"NOTIFY sip:a@b SIP/2.0\r\n\r\n", False),
    (CLIENT, SEARCH[:10], False),
    (CLIENT, b"", False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert PROTOCOL.sniff(side, data) is expected


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
@pytest.mark.parametrize("name", ["netflix", "iphone"])
def test_captures_as_tshark_reads_them(name):
    path = CAPTURES / "pcap" / f"{name}.pcap"
    if not path.exists():
        pytest.skip("needs the shared captures")
    found = [one.request if one.request.frames else one.response for one in exchanges(read(path)[0], "ssdp")]
    theirs = [int(number) for (number,) in tshark(path, "frame.number", options=("-Y", "ssdp"))]
    assert theirs and sorted(one.frames[0] for one in found) == theirs
