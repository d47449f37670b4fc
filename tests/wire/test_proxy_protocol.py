"""The PROXY protocol: who a proxy says the client is; curl writes the headers, and tshark reads them too."""

import io
import shutil
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.engine import exchanges as read
from leaktap.wire.keys import KeyLog
from leaktap.wire.proxy_protocol import ProxyProtocol, sniff
from tests.wire._packets import tshark
from tests.wire._proxies import ANSWER, CURL, ENDS, curl, packets
from tests.wire._traffic import HOST, Talk, blinds, context, exchanges, plain, run, segment

GET = b"GET /p HTTP/1.1\r\n\r\n"
NAMED = b"GET /p HTTP/1.1\r\nHost: api.example.com\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FOUR = bytes([192, 0, 2, 9, 198, 51, 100, 4]) + struct.pack(">HH", 51000, 443)
SIX = bytes.fromhex("20010db8000000000000000000000009 20010db8000100000000000000000004") + struct.pack(
    ">HH", 51000, 443
)
FLOW = ("10.0.0.9", 50_000), ("203.0.113.7", 443)
TOLD4 = ("192.0.2.9", 51000), ("198.51.100.4", 443)
TOLD6 = ("2001:db8::9", 51000), ("2001:db8:1::4", 443)


def value(kind, data):
    return struct.pack(">BH", kind, len(data)) + data


def two(data, family=0x11, command=0x21):
    return SIGNATURE + struct.pack(">BBH", command, family, len(data)) + data


TLS_ENDED = value(0x20, b"\1\0\0\0\0" + value(0x21, b"TLSv1.3"))
HEADERS = {
    "line": (b"PROXY TCP4 192.0.2.9 198.51.100.4 51000 443\r\n", *TOLD4, ""),
    "line, ipv6": (b"PROXY TCP6 2001:DB8::9 2001:db8:1::4 51000 443\r\n", *TOLD6, ""),
    "line, unknown": (b"PROXY UNKNOWN\r\n", *FLOW, ""),
    "line, unknown with more": (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", *FLOW, ""),
    "binary": (two(FOUR), *TOLD4, ""),
    "binary, ipv6": (two(SIX, 0x21), *TOLD6, ""),
    "binary, datagrams": (two(FOUR, 0x12), *TOLD4, ""),
    "binary, local": (two(FOUR, command=0x20), *FLOW, ""),
    "binary, nothing": (two(b"", 0), *FLOW, ""),
    "binary, unix": (two(bytes(216), 0x31), *FLOW, ""),
    "binary, name": (two(FOUR + value(4, b"\0\0\0") + value(2, b"API.Example.com.")), *TOLD4, "api.example.com"),
    "binary, long": (two(FOUR + value(4, bytes(60000)) + value(2, b"api.example.com")), *TOLD4, "api.example.com"),
    "binary, first name counts": (two(FOUR + value(2, b"api.example.com") + value(2, b"b")), *TOLD4, "api.example.com"),
    "binary, alpn that nobody ended": (two(FOUR + value(1, b"h2")), *TOLD4, ""),
}


def ends(exchange):
    return (exchange.client.ip, exchange.client.port), (exchange.server.ip, exchange.server.port)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(("header", "client", "server", "host"), HEADERS.values(), ids=HEADERS.keys())
def test_a_request_behind_a_header(header, client, server, host, size):
    if len(header) > 1000 and size == 1:
        size = 100
    seen = run([(CLIENT, header + GET), (SERVER, OK)], size=size)
    (exchange,) = exchanges(seen)
    assert len(seen) == 1
    assert ends(exchange) == (client, server)
    assert exchange.host == (host or server[0])
    assert (exchange.scheme, exchange.request.start[1], exchange.response.body) == ("http", "/p", b"ok")


def test_the_hardware_address_is_not_the_clients():
    one = context()
    layer = ProxyProtocol(one)
    above, *_ = layer.feed(CLIENT, segment(HEADERS["line"][0] + GET))
    assert above.context.client.mac == ""
    assert one.client.ip == FLOW[0][0]


def test_the_server_may_speak_first():
    layer = ProxyProtocol(context())
    assert not layer.feed(SERVER, segment(b"220 ready\r\n"))
    made = layer.feed(CLIENT, segment(HEADERS["line"][0]))
    assert plain(made) == (b"", b"220 ready\r\n")


def test_tls_behind_a_header():
    talk = Talk().say(CLIENT, GET).say(SERVER, OK)
    for header in (two(FOUR), two(FOUR + value(1, b"h2") + TLS_ENDED)):
        (exchange,) = exchanges(run([(CLIENT, header), *talk.turns], talk.keys()))
        assert (exchange.scheme, exchange.host, ends(exchange)) == ("https", HOST, TOLD4)


def test_a_proxy_that_has_ended_tls():
    (exchange,) = exchanges(run([(CLIENT, two(FOUR + TLS_ENDED) + NAMED), (SERVER, OK)]))
    assert (exchange.scheme, exchange.host) == ("https", "api.example.com")
    layer = ProxyProtocol(context())
    assert not layer.feed(CLIENT, segment(two(FOUR + value(1, b"mqtt") + TLS_ENDED)))
    above, *rest = layer.feed(CLIENT, segment(b"\x10\x05"))
    assert (above.context.name, above.context.decrypted) == ("mqtt", True)
    assert plain(rest) == (b"\x10\x05", b"")


BROKEN = {
    "address": (b"PROXY TCP4 192.0.2.900 198.51.100.4 51000 443\r\n", FLOW, "192.0.2.900"),
    "port": (b"PROXY TCP4 192.0.2.9 198.51.100.4 51000 99999\r\n", FLOW, "port"),
    "short": (two(FOUR[:-1]), FLOW, "too short"),
    "short ipv6": (two(FOUR, 0x21), FLOW, "too short"),
    "values": (two(FOUR + b"\2\0\x09api"), TOLD4, "longer than itself"),
    "value without length": (two(FOUR + b"\2"), TOLD4, "longer than itself"),
}


@pytest.mark.parametrize(("header", "told", "why"), BROKEN.values(), ids=BROKEN.keys())
def test_what_follows_a_broken_header_is_read_all_the_same(header, told, why):
    seen = run([(CLIENT, header + GET), (SERVER, OK)])
    fault, exchange = seen
    assert why in fault.why
    assert fault.where == "a.pcap: tcp.0"
    assert ends(exchange) == tuple(told)


@pytest.mark.parametrize("header", [HEADERS["line"][0], HEADERS["binary"][0]])
def test_a_header_that_breaks_off(header):
    layer = ProxyProtocol(context())
    layer.feed(CLIENT, segment(header[:15]))
    blind, _ = layer.close()
    assert (blind.why, blind.protocol, blind.bytes) == ("truncated", "proxy", 15)
    layer = ProxyProtocol(context())
    layer.feed(CLIENT, segment(header[:15]))
    blind, _, rest = layer.feed(CLIENT, segment(GET, lost=20))
    assert (blind.bytes, rest.segment.data, rest.segment.lost) == (15, GET, 20)


SNIFFED = [
    *((CLIENT, header, True) for header, *_ in HEADERS.values()),
    *((CLIENT, HEADERS["line"][0][:size], None) for size in (0, 1, 6, 12, 20)),
    *((CLIENT, HEADERS["binary"][0][:size], None) for size in (1, 5, 12)),
    (CLIENT, HEADERS["binary"][0][:13], True),
    (SERVER, HEADERS["line"][0], False),
    (SERVER, HEADERS["binary"][0], False),
    (CLIENT, b"PROXY TCP5 1", False),
    (CLIENT, b"PROXY / HTTP/1.1\r\n", False),
    (CLIENT, b"PROXY TCP4 a b c d\r\n", False),
    (CLIENT, b"PROXY TCP4 192.0.2.9 198.51.100.4 51000\r\n", False),
    (CLIENT, b"PROXY TCP4 " + b"1" * 200, False),
    (CLIENT, SIGNATURE + b"\x31\x11", False),
    (CLIENT, SIGNATURE + b"\x22\x11", False),
    (CLIENT, b"\r\nGET / HTTP/1.1\r\n", False),
    (CLIENT, GET, False),
]


@pytest.mark.parametrize(("side", "data", "answer"), SNIFFED)
def test_recognition(side, data, answer):
    assert sniff(side, data) is answer


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("name", [name for name in HEADERS if name != "binary, long"])
def test_headers_as_tshark(name, tmp_path):
    header, client, *_ = HEADERS[name]
    capture = packets([(CLIENT, header + NAMED), (SERVER, OK)], 80)
    path = tmp_path / "a.pcap"
    path.write_bytes(capture)
    (exchange,) = exchanges(read(io.BytesIO(capture), "a.pcap", KeyLog()))
    source = ("proxy.src.ipv4", "proxy.src.ipv6", "proxy.srcport")
    target = ("proxy.dst.ipv4", "proxy.dst.ipv6", "proxy.dstport")
    options = ("-o", "tcp.try_heuristic_first:TRUE")
    shown = tshark(path, "frame.number", "tcp.stream", *source, *target, options=options)[3]
    assert (exchange.request.frames, exchange.origin.stream) == ((4,), int(shown[1]))
    if client == FLOW[0] or "local" in name:
        assert exchange.client.ip == ENDS[0]
    else:
        told = ("".join(shown[2:4]), int(shown[4])), ("".join(shown[5:7]), int(shown[7]))
        assert ends(exchange) == told


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
def test_what_curl_says_behind_a_header():
    def server(take, say):
        take(until=b"imei=1234")
        say(ANSWER)

    said, done = curl(server, "--noproxy", "*", "--haproxy-protocol", "-d", "imei=1234", "http://127.0.0.1:PORT/p")
    assert done.stdout == b"ok", done.stderr
    seen = list(read(io.BytesIO(packets(said, 8080)), "a.pcap", KeyLog()))
    (exchange,) = exchanges(seen)
    assert not blinds(seen)
    assert (exchange.client.ip, exchange.server.ip, exchange.request.body) == ("127.0.0.1", "127.0.0.1", b"imei=1234")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([each for each in HEADERS.values() if len(each[0]) < 1000]), st.data())
def test_any_bytes_and_cuts_raise_nothing(header, draw):
    data = bytearray(header[0] + GET)
    for _ in range(draw.draw(st.integers(0, 3))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=4)))
    layer = ProxyProtocol(context())
    made = []
    for low, high in zip([0, *cuts], [*cuts, len(data)], strict=True):
        made += layer.feed(CLIENT, segment(bytes(data[low:high]), lost=int(draw.draw(st.integers(0, 19)) == 0)))
    made += layer.close()
    assert bytes(data).endswith(plain(made)[0])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=80))
def test_rubbish_raises_nothing(noise, values):
    for data in (noise, two(noise), two(noise, 0x21), two(FOUR + values), b"PROXY TCP4 " + noise):
        assert sniff(CLIENT, data) in (True, False, None)
        layer = ProxyProtocol(context())
        list(layer.feed(CLIENT, segment(data)))
        list(layer.close())
