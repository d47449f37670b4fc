"""HTTP/2 by the library h2 on both ends and by curl: cleartext, upgraded and within TLS, over calm and bad networks."""

from h2.config import H2Configuration
from h2.connection import H2Connection

from tests.conformance._network import (
    CLIENT,
    SERVER,
    Ends,
    capture,
    overlapping,
    overtaken,
    repeated,
    resegmented,
    segments,
)
from tests.wire import _http2_talks as talks
from tests.wire._traffic import Talk

AS_HTTP2 = ("-d", "tcp.port==8080,http2")
CLEAR, TLS = Ends(ports=(40000, 8080)), Ends(ports=(40000, 443))


def clear(turns, change=lambda made: made, options=(), **more):
    return capture(change(segments(turns, **more)), ends=CLEAR, options=(*AS_HTTP2, *options))


def secured(turns, change=lambda made: made, **more):
    tls = Talk(alpn=("h2",))
    for side, data in turns:
        tls.say(side, data)
    return capture(change(segments(tls.turns, **more)), tls.keylog.read_text(), ends=TLS)


def of_talk(talk, make):
    def made():
        return make(talk()[0].turns)

    made.__name__ = f"{talk.__name__}_{make.__name__}"
    return made


def grpc():
    """Length-prefixed messages, one of them over several DATA frames, and trailers with the status.

    Without its dissector of gRPC, for whose sake tshark 4.0 reads header blocks twice and loses count of the table.
    """
    pair = talks.Pair()
    head = [*talks.POST[:3], (":path", "/shop.Api/Collect"), ("te", "trailers"), ("content-type", "application/grpc")]
    message = b"\0" + (70_000).to_bytes(4) + b"\x0a" * 70_000
    for stream in (1, 3):
        pair.ask(stream, head, message)
        pair.answer(stream, [*talks.OK, ("content-type", "application/grpc")], message[:5] * 3, [("grpc-status", "0")])
    pair.ask(5, head, b"\0\0\0\0\0")
    pair.answer(5, [*talks.OK, ("grpc-status", "7"), ("grpc-message", "no%20way")])
    return clear(pair.turns, options=("--disable-protocol", "grpc"))


def large_bodies():
    pair = talks.Pair()
    pair.ask(1, talks.POST, bytes(range(256)) * 8_000)
    pair.answer(1, talks.OK, bytes(range(255, -1, -1)) * 12_000)
    return secured(pair.turns)


def one_byte_segments():
    fault = "tshark 4.0 does not know a connection preface that comes byte by byte"
    return clear(talks.trailers()[0].turns, mss=1).but(fault, clear(talks.trailers()[0].turns))


def smaller_table():
    fault = "where a peer makes the header table smaller, tshark 4.0 shows none of the other's headers"
    return clear(talks.many_with_a_small_table()[0].turns).but(fault, clear(talks.many(4096, 4096)[0].turns))


def bad_network():
    return clear(talks.interleaved()[0].turns, lambda made: overtaken(repeated(overlapping(made))), mss=300)


def bad_network_in_tls():
    return secured(talks.interleaved()[0].turns, lambda made: overtaken(resegmented(made)), mss=500)


def raw_bytes_in_headers():
    """Header values that are no text."""
    pair = talks.Pair()
    pair.ask(
        1,
        [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", b"a.cn"),
            (b":path", b"/"),
            (b"x", b"\xe4\xbd\xff"),
        ],
    )
    pair.answer(1, [(b":status", b"200"), (b"y", b"\xff\x80")])
    return clear(pair.turns)


def upgrade():
    """h2c by Upgrade: the request comes as HTTP/1.1, its response on stream 1."""
    client, server = H2Connection(H2Configuration()), H2Connection(H2Configuration(client_side=False))
    setting = client.initiate_upgrade_connection()
    server.initiate_upgrade_connection(setting)
    ask = b"GET /up HTTP/1.1\r\nHost: a.cn\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    ask += b"HTTP2-Settings: %b\r\n\r\n"
    turns = [
        (CLIENT, ask % setting),
        (SERVER, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
    ]

    def move():
        for side, (one, other) in enumerate(((client, server), (server, client))):
            if data := one.data_to_send():
                turns.append((side, data))
                other.receive_data(data)

    move()
    server.send_headers(1, talks.OK)
    server.send_data(1, b"upgraded", end_stream=True)
    move()
    client.send_headers(3, talks.GET, end_stream=True)
    move()
    server.send_headers(3, talks.OK, end_stream=True)
    move()
    return capture(segments(turns))


CAPTURES = (
    *(of_talk(talk, clear) for talk in talks.TALKS if talk is not talks.many_with_a_small_table),
    *(of_talk(talk, secured) for talk in (talks.simple, talks.interleaved, talks.trailers, talks.push)),
    grpc,
    large_bodies,
    one_byte_segments,
    smaller_table,
    bad_network,
    bad_network_in_tls,
    raw_bytes_in_headers,
    upgrade,
)
