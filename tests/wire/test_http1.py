import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire._api import Above
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire._messages import MOST_BODY
from leaktap.wire.http1 import PROTOCOL, Http1
from leaktap.wire.http1_framing import MOST_HEAD, sniff
from tests.wire._traffic import START, blinds, context, exchanges, finished, plain, run, segment

GET = b"GET / HTTP/1.1\r\nHost: a.cn\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def talk(client, server=b"", size=1 << 20, **more):
    return run([(CLIENT, client), (SERVER, server)], size=size, port=80, **more)


def shape(exchange):
    """What a table row says of an exchange."""
    request, response = exchange.request, exchange.response
    return (
        " ".join(request.start[:2]),
        request.body,
        (response.start[1], response.body) if response else None,
    )


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
TABLE = {
    "plain": (GET, OK, [("GET /", b"", ("200", b"ok"))]),
    "no response": (GET, b"", [("GET /", b"", None)]),
    "request body": (
        b"POST /p?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        OK,
        [("POST /p?q=1", b"abc", ("200", b"ok"))],
    ),
    "pipelined": (
        GET + b"HEAD /2 HTTP/1.1\r\n\r\n" + GET,
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + OK,
        [("GET /", b"", ("200", b"ok")), ("HEAD /2", b"", ("200", b"")), ("GET /", b"", ("200", b"ok"))],
    ),
    "chunked": (
        b"PUT / HTTP/1.1\r\n" + CHUNKED + b'3\r\nabc\r\n10;ext="x"\r\n0123456789abcdef\r\n0\r\n\r\n' + GET,
        OK + OK,
        [("PUT /", b"abc0123456789abcdef", ("200", b"ok")), ("GET /", b"", ("200", b"ok"))],
    ),
    "trailers": (
        b"PUT / HTTP/1.1\r\n" + CHUNKED + b"1\r\na\r\n0\r\nX-Sum: 1\r\nX-Id: 2\r\n\r\n" + GET,
        OK,
        [("PUT /", b"a", ("200", b"ok")), ("GET /", b"", None)],
    ),
    "chunked beats length": (
        b"PUT / HTTP/1.1\r\nContent-Length: 50\r\n" + CHUNKED + b"1\r\na\r\n0\r\n\r\n" + GET,
        b"",
        [("PUT /", b"a", None), ("GET /", b"", None)],
    ),
    "gzip, chunked": (
        GET,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nzz\r\n0\r\n\r\n",
        [("GET /", b"", ("200", b"zz"))],
    ),
    "chunks with bare LF": (
        b"PUT / HTTP/1.1\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n" + GET,
        b"",
        [("PUT /", b"abc", None), ("GET /", b"", None)],
    ),
    "100 continue": (
        b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        [("PUT /", b"x", ("200", b"ok"))],
    ),
    "early hints": (
        GET,
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 P\r\n\r\n" + OK,
        [("GET /", b"", ("200", b"ok"))],
    ),
    "204 has no body": (
        GET + GET,
        b"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n" + OK,
        [("GET /", b"", ("204", b"")), ("GET /", b"", ("200", b"ok"))],
    ),
    "304 has no body": (
        GET + GET,
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n" + OK,
        [("GET /", b"", ("304", b"")), ("GET /", b"", ("200", b"ok"))],
    ),
    "until close": (GET, b"HTTP/1.0 200 OK\r\n\r\nall of it", [("GET /", b"", ("200", b"all of it"))]),
    "until close, coded": (
        GET,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nall",
        [("GET /", b"", ("200", b"all"))],
    ),
    "same length twice": (
        b"PUT / HTTP/1.1\r\nContent-Length: 1, 1\r\nContent-Length: 1\r\n\r\nx" + GET,
        b"",
        [("PUT /", b"x", None), ("GET /", b"", None)],
    ),
    "no reason": (GET, b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", [("GET /", b"", ("200", b""))]),
    "bare LF": (b"GET /x HTTP/1.1\nHost: a\n\n" + GET, b"", [("GET /x", b"", None), ("GET /", b"", None)]),
    "empty lines before": (
        b"\r\n\r\n" + GET + b"\r\n" + GET,
        b"\r\n" + OK,
        [("GET /", b"", ("200", b"ok")), ("GET /", b"", None)],
    ),
    "options *": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", OK, [("OPTIONS *", b"", ("200", b"ok"))]),
    "unknown method": (b"FROB-1 /a HTTP/1.1\r\n\r\n", OK, [("FROB-1 /a", b"", ("200", b"ok"))]),
    "http/1.0": (b"POST /a HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", OK, [("POST /a", b"x", ("200", b"ok"))]),
    "get with a body": (
        b"GET /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx" + GET,
        b"",
        [("GET /a", b"x", None), ("GET /", b"", None)],
    ),
    "target with a space": (b"GET /a b HTTP/1.1\r\n\r\n", b"", [("GET /a b", b"", None)]),
    "target in UTF-8": ("GET /城 HTTP/1.1\r\n\r\n".encode(), b"", [("GET /城", b"", None)]),
    "cut in a request body": (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", b"", [("POST /", b"abc", None)]),
    "cut in a response body": (
        GET,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        [("GET /", b"", ("200", b"abc"))],
    ),
    "cut in a chunk": (GET, b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"9\r\nabc", [("GET /", b"", ("200", b"abc"))]),
    "cut in a head": (GET, b"HTTP/1.1 200 OK\r\nContent-", [("GET /", b"", None)]),
    "answer before the body": (
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" + GET,
        b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n" + OK,
        [("POST /", b"abc", ("413", b"")), ("GET /", b"", ("200", b"ok"))],
    ),
}


@pytest.mark.parametrize("size", [1 << 20, 1, 5])
@pytest.mark.parametrize("name", TABLE)
def test_framing(name, size):
    client, server, expected = TABLE[name]
    assert [shape(exchange) for exchange in exchanges(talk(client, server, size))] == expected


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(TABLE)), st.data())
def test_any_cut_gives_the_same(name, data):
    client, server, expected = TABLE[name]
    layer = Http1(context())
    made, frame = [], 0
    for side, stream in ((CLIENT, client), (SERVER, server)):
        cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)) | {0, len(stream)})
        for start, end in pairwise(cuts):
            frame += 1
            made += layer.feed(side, segment(stream[start:end], frame))
    made += layer.close()
    assert [shape(exchange) for exchange in finished(made)] == expected


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.binary(max_size=60)
            | st.sampled_from(
                [
                    GET,
                    OK,
                    b"0\r\n\r\n",
                    CHUNKED,
                    b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
                    b"CONNECT a:1 HTTP/1.1\r\n\r\n",
                    b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n",
                    b"GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n",
                ]
            ),
            st.integers(0, 9),
        ),
        max_size=12,
    )
)
def test_nothing_raises_and_nothing_is_lost(turns):
    layer = Http1(context())
    made = []
    for number, (side, data, lost) in enumerate(turns):
        made += layer.feed(side, segment(data, number + 1, lost))
    made += layer.close()
    for exchange in finished(made):
        assert exchange.request.start[2].startswith("HTTP/1.")


HEADERS = [
    (b"Name: value", (b"Name", b"value")),
    (b"x-a:\t b \t", (b"x-a", b"b")),
    (b"X-Empty:", (b"X-Empty", b"")),
    (b"X-Bytes: \xff\x00", (b"X-Bytes", b"\xff\x00")),
    (b"X-Colon: a:b", (b"X-Colon", b"a:b")),
    (b"X-Fold: a\r\n  b\r\n\tc", (b"X-Fold", b"a b c")),
    (b"no colon", (b"no colon", b"")),
    (b" X-Indented: a", (b"X-Indented", b"a")),
    (b"X-Long: " + b"x" * 5000, (b"X-Long", b"x" * 5000)),
]


@pytest.mark.parametrize(("line", "expected"), HEADERS)
def test_headers(line, expected):
    (exchange,) = exchanges(talk(b"GET / HTTP/1.1\r\n" + line + b"\r\nHost: a\r\n\r\n"))
    assert exchange.request.headers == (expected, (b"Host", b"a"))


def test_trailers_are_headers():
    client, _, _ = TABLE["trailers"]
    assert exchanges(talk(client))[0].request.headers[1:] == ((b"X-Sum", b"1"), (b"X-Id", b"2"))


HOSTS = [
    (b"/a", b"Example-Shop.CN", "http", "example-shop.cn", "/a"),
    (b"/a", b"example-shop.cn:8080", "http", "example-shop.cn", "/a"),
    (b"/a", b"example-shop.cn.", "http", "example-shop.cn", "/a"),
    (b"/a", b"[2001:db8::7]:80", "http", "2001:db8::7", "/a"),
    (b"/a", b"2001:db8::7", "http", "2001:db8:", "/a"),
    (b"/a", b"", "http", "203.0.113.7", "/a"),
    (b"http://B.cn:81/x?y=1#z", b"other.cn", "http", "b.cn", "/x?y=1"),
    (b"https://user@b.cn", b"other.cn", "https", "b.cn", "/"),
    (b"http://b.cn?q", b"other.cn", "http", "b.cn", "/?q"),
]


@pytest.mark.parametrize(("target", "host", "scheme", "expected", "path"), HOSTS)
def test_host_and_target(target, host, scheme, expected, path):
    (exchange,) = exchanges(talk(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"))
    assert (exchange.scheme, exchange.host, exchange.request.start[1]) == (scheme, expected, path)


BROKEN = [
    (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n" + GET, 2),
    (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 1),
    (b"POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n", 1),
    (b"POST / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n", 1),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 1),
    (b"POST / HTTP/1.1\r\n" + CHUNKED + b"xyz\r\n", 1),
    (b"POST / HTTP/1.1\r\n" + CHUNKED + b"-1\r\n", 1),
    (b"POST / HTTP/1.1\r\n" + CHUNKED + b"1\r\nabc\r\n", 1),
    (GET + b"garbage that is no request\r\n\r\n", 1),
]


@pytest.mark.parametrize(("client", "count"), BROKEN)
def test_what_makes_no_sense_is_one_fault(client, count):
    seen = talk(client)
    faults = [item for item in seen if type(item).__name__ == "Fault"]
    assert [fault.stage for fault in faults] == ["wire"]
    assert faults[0].where == "a.pcap: tcp.0"
    assert len(exchanges(seen)) == count


def test_after_garbage_reading_goes_on_at_a_packet_that_begins_with_a_request():
    seen = run([(CLIENT, GET), (CLIENT, b"garbage\r\n\r\n"), (CLIENT, GET)], port=80)
    assert len(exchanges(seen)) == 2
    assert [(blind.why, blind.bytes) for blind in blinds(seen)] == [("unreadable", 11)]


def test_times_and_frames():
    seen = run([(CLIENT, GET), (SERVER, OK[:10]), (SERVER, OK[10:])], port=80)
    (exchange,) = exchanges(seen)
    assert (exchange.time, exchange.request.frames) == (START + 1000, (1,))
    assert (exchange.response.time, exchange.response.frames) == (START + 2000, (2, 3))


def test_many_frames_are_the_first_and_the_last():
    client = b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
    (exchange,) = exchanges(talk(client, size=1))
    assert exchange.request.frames == (*range(1, 9), *range(len(client) - 7, len(client) + 1))


def test_long_bodies_are_kept_to_a_limit():
    body = b"x" * (MOST_BODY + 5)
    seen = talk(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body + GET, size=1 << 20)
    first, second = exchanges(seen)
    assert (len(first.request.body), first.request.missing, second.request.start[0]) == (MOST_BODY, 5, "GET")
    assert [(blind.why, blind.bytes) for blind in blinds(seen)] == [("limit", 5)]


def test_a_body_in_many_pieces():
    body = bytes(range(256)) * 20
    client = b"POST / HTTP/1.1\r\n" + CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    assert exchanges(talk(client))[0].request.body == body


def test_requests_that_nobody_answers_do_not_pile_up():
    layer, made = Http1(context(port=80)), []
    post = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (10 << 20) + bytes(10 << 20)
    for number in range(6):
        made += layer.feed(CLIENT, segment(post, number))
    assert len(finished(made)) == 3
    assert len(finished(layer.close())) == 3


def test_long_heads_are_given_up():
    head = b"GET / HTTP/1.1\r\nX: " + b"x" * MOST_HEAD
    seen = talk(head)
    assert not exchanges(seen)
    assert [(blind.why, blind.bytes) for blind in blinds(seen)] == [("limit", len(head))]


def test_a_body_that_breaks_off_says_what_is_missing():
    (exchange,) = exchanges(talk(GET, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"))
    assert (exchange.response.body, exchange.response.missing) == (b"abc", 6)


# Gaps


def gapped(*parts, side=CLIENT, other=b""):
    """Parts of one side's bytes; a number is how many bytes are missing there."""
    layer, made, lost, frame = Http1(context(port=80)), [], 0, 0
    for part in parts:
        if isinstance(part, int):
            lost = part
            continue
        frame += 1
        made += layer.feed(side, segment(part, frame, lost))
        lost = 0
    made += layer.feed(1 - side, segment(other, 99)) if other else []
    made += layer.close()
    return finished(made), sum(
        item.bytes for item in made if type(item).__name__ == "Blind" and item.why == "truncated"
    )


def test_gap_in_a_body():
    got, blind = gapped(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", 4, b"xy" + GET)
    assert [(one.request.body, one.request.missing) for one in got] == [(b"abcxy", 4), (b"", 0)]
    assert blind == 4


def test_gap_at_the_end_of_a_body():
    got, _ = gapped(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc", 2, GET)
    assert [(one.request.body, one.request.missing) for one in got] == [(b"abc", 2), (b"", 0)]


def test_gap_over_the_end_of_a_body():
    got, blind = gapped(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc", 20, b"st: a\r\n\r\n", GET)
    assert [(one.request.body, one.request.missing) for one in got] == [(b"abc", 2), (b"", 0)]
    assert blind == 20 + 9


def test_gap_in_a_chunk():
    head = b"POST / HTTP/1.1\r\n" + CHUNKED
    got, _ = gapped(head + b"a\r\n0123", 3, b"789\r\n1\r\nx\r\n0\r\n\r\n" + GET)
    assert [(one.request.body, one.request.missing) for one in got] == [(b"0123789x", 3), (b"", 0)]


def test_gap_over_chunks():
    head = b"POST / HTTP/1.1\r\n" + CHUNKED
    got, _ = gapped(head + b"4\r\n01", 30, b"...\r\n0\r\n\r\n", GET)
    assert [(one.request.body, one.request.missing) for one in got] == [(b"01", 2), (b"", 0)]


def test_gap_in_a_head():
    got, blind = gapped(b"GET / HTTP/1.1\r\nHo", 5, b"cn\r\n\r\n", GET)
    assert len(got) == 1
    assert blind == 18 + 5 + 6


def test_gap_in_a_body_until_close():
    got, _ = gapped(b"HTTP/1.1 200 OK\r\n\r\nabc", 4, b"xyz", side=SERVER)
    assert got == []
    layer, made = Http1(context(port=80)), []
    for side, data, lost in ((CLIENT, GET, 0), (SERVER, b"HTTP/1.1 200 OK\r\n\r\nabc", 0), (SERVER, b"xyz", 4)):
        made += layer.feed(side, segment(data, 1, lost))
    (exchange,) = finished([*made, *layer.close()])
    assert (exchange.response.body, exchange.response.missing) == (b"abcxyz", 4)


def test_a_lost_response_is_not_confused_with_the_next():
    layer, made = Http1(context(port=80)), []
    for side, data, frame, lost in (
        (CLIENT, b"GET /1 HTTP/1.1\r\n\r\n", 1, 0),
        (CLIENT, b"GET /2 HTTP/1.1\r\n\r\n", 3, 0),
        (SERVER, b"HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n", 4, 38),
    ):
        made += layer.feed(side, segment(data, frame, lost))
    made += layer.close()
    assert [one.response and one.response.start[1] for one in finished(made)] == [None, "202"]


def test_a_response_before_any_request_is_blind():
    layer = Http1(context(port=80, from_start=False))
    made = [*layer.feed(CLIENT, segment(GET, 5)), *layer.feed(SERVER, segment(OK, 1)), *layer.close()]
    assert [one.response for one in finished(made)] == [None]
    assert [item.why for item in made if type(item).__name__ == "Blind"] == ["truncated"]


# What comes after HTTP

CONNECT = b"CONNECT Api.example-shop.cn:8443 HTTP/1.1\r\nHost: api.example-shop.cn:8443\r\n\r\n"
TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a.cn\r\nConnection: Upgrade\r\nUpgrade: X-Chat\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: X-Chat\r\n\r\n"


@pytest.mark.parametrize("size", [1 << 20, 3])
def test_connect_hands_over(size):
    (outer, inner) = exchanges(talk(CONNECT + b"GET /in HTTP/1.1\r\n\r\n", TUNNEL + OK, size))
    assert (outer.request.start[:2], outer.host, outer.response.start[1]) == (
        ("CONNECT", "Api.example-shop.cn:8443"),
        "api.example-shop.cn",
        "200",
    )
    assert (inner.request.start[1], inner.host, inner.server.port, inner.server.ip) == (
        "/in",
        "api.example-shop.cn",
        8443,
        "",
    )
    assert [outer.id, inner.id] == ["tcp.0:0", "tcp.0:1"]


def test_connect_to_an_address():
    _, inner = exchanges(talk(b"CONNECT 198.51.100.9:443 HTTP/1.1\r\n\r\n" + GET, TUNNEL))
    assert (inner.server.ip, inner.server.port) == ("198.51.100.9", 443)


def test_connect_refused():
    seen = talk(CONNECT + GET, b"HTTP/1.1 407 Auth\r\nContent-Length: 2\r\n\r\nno" + OK)
    assert [(one.request.start[0], one.response.start[1]) for one in exchanges(seen)] == [
        ("CONNECT", "407"),
        ("GET", "200"),
    ]


def test_connect_without_an_answer_is_taken_for_granted():
    assert [one.request.start[0] for one in exchanges(talk(CONNECT + GET))] == ["CONNECT", "GET"]


@pytest.mark.parametrize("size", [1 << 20, 3])
def test_upgrade_hands_over(size):
    layer = Http1(context(port=80))
    made = [*layer.feed(CLIENT, segment(UPGRADE + b"\x81\x80")), *layer.feed(SERVER, segment(SWITCH + b"\x81\x00", 2))]
    made += [*layer.feed(CLIENT, segment(b"more", 3)), *layer.close()]
    assert plain(made) == (b"\x81\x80more", b"\x81\x00")
    (above,) = [one.context for one in made if isinstance(one, Above)]
    assert [above.upgrade] == finished(made)
    seen = talk(UPGRADE + b"\x81\x80", SWITCH + b"\x81\x00", size)
    upgrade, chat = exchanges(seen)
    assert upgrade.response.start[1] == "101"
    assert (chat.host, chat.request.start, chat.request.body) == ("a.cn", ("SEND", "", "x-chat"), b"\x81\x80")


def test_upgrade_refused():
    seen = talk(UPGRADE + GET, OK + OK)
    assert [one.response.start[1] for one in exchanges(seen)] == ["200", "200"]


def test_upgrade_without_an_answer_is_http():
    assert len(exchanges(talk(UPGRADE + GET))) == 2


SNIFF = [
    (CLIENT, b"GET / HTTP/1.1\r\n", True),
    (CLIENT, b"\r\nGET / HT", True),
    (CLIENT, b"FROB /x HTTP/1.0\r\n", True),
    (CLIENT, b"FROB /x", None),
    (CLIENT, b"FR", None),
    (CLIENT, b"FROB /x HTTP/1.", None),
    (CLIENT, b"FROB /x y", False),
    (CLIENT, b"frob /x", False),
    (CLIENT, b"the end of a body", False),
    (CLIENT, b"", None),
    (CLIENT, b"GET / FOO\r\n", False),
    (CLIENT, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", False),
    (CLIENT, b"OPTIONS rtsp://a RTSP/1.0\r\n", False),
    (CLIENT, b"\x16\x03\x01\x02\x00\x01", False),
    (CLIENT, b"HELO mail\r\n", False),
    (CLIENT, b"x" * 70_000, False),
    (SERVER, b"HTTP/1.1 200 OK\r\n", True),
    (SERVER, b"HTT", None),
    (SERVER, b"220 mail\r\n", False),
    (SERVER, b"HTTP/2", False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert sniff(side, data) is expected
    assert PROTOCOL.sniff is sniff


def test_content_coding_stays():
    body = zlib.compress(b"{}")
    (exchange,) = exchanges(talk(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
    assert exchange.request.body == body
