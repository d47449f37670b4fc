"""SOCKS: what is said through a proxy is read as if it were said to the server itself; curl and tshark judge."""

import io
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.engine import exchanges as read
from leaktap.wire.keys import KeyLog
from leaktap.wire.socks import Socks, sniff
from tests.wire._packets import tshark
from tests.wire._proxies import ANSWER, CURL, curl, packets
from tests.wire._traffic import Talk, blinds, context, exchanges, plain, run, segment

GET = b"GET /p HTTP/1.1\r\nHost: api.example.com\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NAME = b"\3\x0fapi.Example.com" + b"\x1f\x90"
FOUR, SIX = b"\1\xc6\x33\x64\x09\0\x50", b"\4" + bytes.fromhex("20010db8000000000000000000000009") + b"\1\xbb"
DONE = b"\5\0\0\1\0\0\0\0\0\0"
PASSWORD = b"\1\4user\6secret"

TALKS = {
    "name": ([b"\5\1\0", b"\5\1\0" + NAME], [b"\5\0", DONE], "api.example.com", "", 8080),
    "ipv4": ([b"\5\2\0\2", b"\5\1\0" + FOUR], [b"\5\0", DONE], "", "198.51.100.9", 80),
    "ipv6": ([b"\5\1\0", b"\5\1\0" + SIX], [b"\5\0", b"\5\0\0" + SIX], "", "2001:db8::9", 443),
    "address as a name": (
        [b"\5\1\0", b"\5\1\0\3\x0c198.51.100.9\0\x50"],
        [b"\5\0", b"\5\0\0\3\5proxy\0\1"],
        "",
        "198.51.100.9",
        80,
    ),
    "password": ([b"\5\2\0\2", PASSWORD, b"\5\1\0" + NAME], [b"\5\2", b"\1\0", DONE], "api.example.com", "", 8080),
    "empty password": (
        [b"\5\1\2", b"\1\1u\0", b"\5\1\0" + NAME],
        [b"\5\2", b"\1\0", DONE],
        "api.example.com",
        "",
        8080,
    ),
    "private method offered": ([b"\5\3\x80\0\1", b"\5\1\0" + FOUR], [b"\5\0", DONE], "", "198.51.100.9", 80),
    "bind": ([b"\5\1\0", b"\5\2\0" + FOUR], [b"\5\0", DONE + DONE], "", "198.51.100.9", 80),
    "version 4": ([b"\4\1\0\x50\xc6\x33\x64\x09me\0"], [b"\0\x5a" + bytes(6)], "", "198.51.100.9", 80),
    "version 4, nobody": ([b"\4\1\0\x50\xc6\x33\x64\x09\0"], [b"\0\x5a" + bytes(6)], "", "198.51.100.9", 80),
    "version 4a": ([b"\4\1\x1f\x90\0\0\0\1me\0api.example.com\0"], [b"\0\x5a" + bytes(6)], "api.example.com", "", 8080),
    "version 4 bind": ([b"\4\2\0\x50\xc6\x33\x64\x09me\0"], [(b"\0\x5a" + bytes(6)) * 2], "", "198.51.100.9", 80),
}


def turns(client, server, asked=GET, answered=OK):
    """The turns of a handshake, one after the other, and what follows."""
    made = []
    for index in range(max(len(client), len(server))):
        made += [(CLIENT, each) for each in client[index : index + 1]]
        made += [(SERVER, each) for each in server[index : index + 1]]
    return [*made, (CLIENT, asked), (SERVER, answered)]


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
@pytest.mark.parametrize(("client", "server", "host", "address", "port"), TALKS.values(), ids=TALKS.keys())
def test_a_request_through_a_proxy(client, server, host, address, port, size):
    seen = run(turns(client, server), size=size, port=1080)
    (exchange,) = exchanges(seen)
    assert not blinds(seen)
    assert (exchange.server.ip, exchange.server.port) == (address, port)
    assert (exchange.host, exchange.request.start[:2]) == ("api.example.com", ("GET", "/p"))
    assert exchange.response.body == b"ok"
    assert "secret" not in repr(seen)


@pytest.mark.parametrize(("client", "server", "host", "address", "port"), TALKS.values(), ids=TALKS.keys())
def test_what_is_above_knows_where_it_goes(client, server, host, address, port):
    layer = Socks(context(port=1080))
    made = [thing for side, data in turns(client, server) for thing in layer.feed(side, segment(data))]
    above, *_ = made
    assert (above.context.host, above.context.server.ip, above.context.server.port) == (host, address, port)
    assert plain(made) == (GET, OK)


@pytest.mark.parametrize(("client", "server", "host", "address", "port"), TALKS.values(), ids=TALKS.keys())
def test_the_order_of_the_sides_does_not_matter(client, server, host, address, port):
    one, other = (CLIENT, b"".join(client) + GET), (SERVER, b"".join(server) + OK)
    for both in ([one, other], [other, one]):
        layer = Socks(context(port=1080))
        made = [thing for side, data in both for thing in layer.feed(side, segment(data))]
        assert made[0].context.server.ip == address
        assert plain(made) == (GET, OK)


@pytest.mark.parametrize(("client", "server", "host", "address", "port"), TALKS.values(), ids=TALKS.keys())
def test_a_proxy_that_was_not_captured_is_taken_to_agree(client, server, host, address, port):
    (exchange,) = exchanges(run([(CLIENT, b"".join(client) + GET)], port=1080))
    assert (exchange.host, exchange.server.ip, exchange.response) == ("api.example.com", address, None)


def test_tls_through_a_proxy():
    talk = Talk().say(CLIENT, GET).say(SERVER, OK)
    seen = run([*turns(*TALKS["name"][:2], b"", b""), *talk.turns], talk.keys(), port=1080)
    (exchange,) = exchanges(seen)
    assert (exchange.scheme, exchange.server.port, exchange.origin.decrypted) == ("https", 8080, True)


REFUSED = {
    "nothing fits": [(CLIENT, b"\5\1\0"), (SERVER, b"\5\xff")],
    "gssapi": [(CLIENT, b"\5\1\1"), (SERVER, b"\5\1"), (CLIENT, b"\1\1\0\4abcd"), (SERVER, b"\1\1\0\2xy")],
    "wrong password": [(CLIENT, b"\5\1\2"), (SERVER, b"\5\2"), (CLIENT, PASSWORD), (SERVER, b"\1\1")],
    "host unreachable": [(CLIENT, b"\5\1\0\5\1\0" + NAME), (SERVER, b"\5\0\5\4\0\1" + bytes(6))],
    "version 4": [(CLIENT, TALKS["version 4"][0][0]), (SERVER, b"\0\x5b" + bytes(6))],
    "relay of datagrams": [(CLIENT, b"\5\1\0\5\3\0\1" + bytes(6)), (SERVER, b"\5\0" + DONE)],
}


@pytest.mark.parametrize("said", REFUSED.values(), ids=REFUSED.keys())
def test_after_a_refusal_nothing_is_guessed(said):
    seen = run([*said, (CLIENT, GET)], port=1080)
    assert not exchanges(seen)
    (blind,) = blinds(seen)
    assert (blind.why, blind.protocol) == ("unknown_protocol", "socks")
    assert blind.bytes >= len(GET)
    assert "secret" not in repr(seen)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([(CLIENT, b"\5\1\0"), (SERVER, b"\5\0"), (CLIENT, b"\7\1\0" + NAME)], "version 7"),
        ([(CLIENT, b"\5\1\0"), (SERVER, b"\5\0"), (CLIENT, b"\5\1\0\2" + NAME)], "kind 2"),
        ([(CLIENT, b"\5\1\0\5\1\0" + NAME), (SERVER, b"\5\0\5\0\0\x63")], "kind 99"),
    ],
)
def test_what_makes_no_sense_is_a_fault(said, why):
    seen = run([*said, (CLIENT, GET)], port=1080)
    (fault,) = (item for item in seen if type(item).__name__ == "Fault")
    assert why in fault.why
    assert fault.where == "a.pcap: tcp.0"
    (blind,) = blinds(seen)
    assert (blind.why, blind.protocol) == ("unreadable", "socks")


@pytest.mark.parametrize("size", [1, 2, 5, 9, 20])
def test_a_handshake_that_breaks_off(size):
    whole = b"\5\1\2" + PASSWORD + b"\5\1\0" + NAME
    layer = Socks(context(port=1080))
    assert not layer.feed(CLIENT, segment(whole[:size]))
    assert not [thing for thing in layer.feed(SERVER, segment(b"\5")) if type(thing).__name__ != "Blind"]
    assert {type(thing).__name__ for thing in layer.close()} <= {"Blind"}


def test_a_gap_before_it_is_known_where_to():
    layer = Socks(context(port=1080))
    layer.feed(CLIENT, segment(b"\5\1\0"))
    layer.feed(SERVER, segment(b"\5\0"))
    made = [*layer.feed(CLIENT, segment(GET, lost=9)), *layer.feed(SERVER, segment(OK)), *layer.close()]
    assert {(blind.why, blind.protocol) for blind in made} == {("truncated", "socks")}
    assert sum(blind.bytes for blind in made) == len(GET) + len(OK)


def test_a_gap_in_the_proxys_answer():
    layer = Socks(context(port=1080))
    made = [*layer.feed(CLIENT, segment(b"\5\1\0\5\1\0" + NAME + GET)), *layer.feed(SERVER, segment(b"\5\0\5"))]
    made += layer.feed(SERVER, segment(OK, lost=9))
    assert made[0].context.host == "api.example.com"
    assert plain(made) == (GET, OK)
    assert made[-1].segment.lost == 9


SNIFFED = [
    (CLIENT, b"\5\1\0", True),
    (CLIENT, b"\5\4\0\1\2\x80", True),
    (CLIENT, b"\5\1\0\5\1\0\1", True),
    (CLIENT, b"\5\1\2\1\4", True),
    (CLIENT, b"", None),
    (CLIENT, b"\5", None),
    (CLIENT, b"\5\2\0", None),
    (CLIENT, b"\4", None),
    (CLIENT, b"\4\1", None),
    (CLIENT, b"\4\1\0\x50\xc6\x33\x64\x09me", None),
    (CLIENT, b"\4\1\0\x50\0\0\0\1me\0api.exa", None),
    (CLIENT, b"\5\0", False),
    (CLIENT, b"\5\2\0\0", False),
    (CLIENT, b"\5\1\x0b", False),
    (CLIENT, b"\5\1\xff", False),
    (CLIENT, b"\5\1\0GET", False),
    (CLIENT, b"\5\0\x0b\3\x10\0\0\0", False),
    (CLIENT, b"\4\3\0\x50\xc6\x33\x64\x09me\0", False),
    (CLIENT, b"\4\1\0\0\xc6\x33\x64\x09me\0", False),
    (CLIENT, b"\4\1\0\x50\xc6\x33\x64\x09\1\2\3\0", False),
    (CLIENT, b"\4\1\0\x50\xc6\x33\x64\x09" + b"a" * 300, False),
    (CLIENT, b"\4\1\0\x50\0\0\0\1me\0api exa\0", False),
    (CLIENT, b"GET / HTTP/1.1\r\n", False),
    (CLIENT, b"\x16\3\1", False),
    (SERVER, b"\5\0", False),
    (SERVER, b"\5\1\0", False),
]


@pytest.mark.parametrize(("side", "data", "answer"), SNIFFED)
def test_recognition(side, data, answer):
    assert sniff(side, data) is answer


def open_proxy(take, say):
    """A proxy that agrees, and answers the request itself."""
    first = take(3)
    if first[0] == 4:
        say(b"\0\x5a" + bytes(6))
    else:
        password = b"\2" in first[2:] and len(first) > 3 and first[1] > 2
        say(b"\5\2" if password else b"\5\0")
        if password:
            take(3)
            say(b"\1\0")
        take(7)
        say(DONE)
    take(until=b"\r\n\r\n")
    say(ANSWER)


KINDS = {
    "socks5 name": (["--socks5-hostname", "127.0.0.1:PORT"], "http://api.example.com:8080/p?a=1"),
    "socks5 address": (["--socks5", "127.0.0.1:PORT"], "http://198.51.100.9/p?a=1"),
    "socks5 ipv6": (["--socks5", "127.0.0.1:PORT"], "http://[2001:db8::9]:81/p?a=1"),
    "password": (["--socks5-hostname", "u:secret@127.0.0.1:PORT"], "http://api.example.com/p?a=1"),
    "socks4": (["--socks4", "127.0.0.1:PORT"], "http://198.51.100.9/p?a=1"),
    "socks4a": (["--socks4a", "127.0.0.1:PORT"], "http://api.example.com/p?a=1"),
}


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize(("options", "url"), KINDS.values(), ids=KINDS.keys())
def test_what_curl_says_through_a_proxy(options, url, tmp_path):
    said, done = curl(open_proxy, "--noproxy", "", *options, "-d", "imei=1234", url)
    assert done.stdout == b"ok", done.stderr
    capture = packets(said, 1080)
    seen = list(read(io.BytesIO(capture), "a.pcap", KeyLog()))
    (exchange,) = exchanges(seen)
    assert not blinds(seen)
    assert (exchange.request.start[0], exchange.request.body, exchange.response.body) == ("POST", b"imei=1234", b"ok")
    assert (
        f"http://{exchange.host}" == url.rpartition("/")[0].rpartition(":8")[0].replace("[", "").replace("]", "")
        or exchange.host in url
    )
    path = tmp_path / "a.pcap"
    path.write_bytes(capture)
    fields = (
        "frame.number",
        "tcp.stream",
        "socks.dst",
        "socks.dstV6",
        "socks.remote_name",
        "socks.v4a_dns_name",
        "socks.dstport",
        "socks.port",
        "http.request.uri",
    )
    shown = tshark(path, *fields)
    (asked,) = (line for line in shown if line[-1])
    assert (exchange.request.frames[0], exchange.origin.stream, exchange.request.start[1]) == (
        int(asked[0]),
        int(asked[1]),
        asked[-1],
    )
    told = {each for line in shown for each in line[2:8] if each}
    assert {exchange.server.ip or exchange.host, str(exchange.server.port)} <= told


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*TALKS.values()]), st.data())
def test_any_bytes_and_cuts_raise_nothing(talk, draw):
    client, server, *_ = talk
    layer = Socks(context(port=1080))
    sent, got = [b"", b""], []
    for side, data in turns(client, server):
        made = bytearray(data)
        if draw.draw(st.integers(0, 3)) == 0:
            made[draw.draw(st.integers(0, len(made) - 1))] = draw.draw(st.integers(0, 255))
        at = draw.draw(st.integers(0, len(made)))
        for part in (bytes(made[:at]), bytes(made[at:])):
            sent[side] += part
            got += layer.feed(side, segment(part, lost=int(draw.draw(st.integers(0, 19)) == 0)))
    got += layer.close()
    for side, data in enumerate(plain(got)):
        assert sent[side].endswith(data) or not data


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=40))))
def test_rubbish_raises_nothing(said):
    layer = Socks(context(port=1080))
    for side, data in said:
        list(layer.feed(side, segment(data)))
    list(layer.close())
    for _, data in said:
        assert sniff(CLIENT, data) in (True, False, None)
