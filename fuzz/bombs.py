"""Captures that are right and still ask for too much: of memory, of time, or of depth."""

import base64
import gzip
import json
import struct
import urllib.parse
import zlib
from collections.abc import Iterator

import cramjam
import zstandard

from tests.conformance._network import CLIENT, SERVER, Seg, capture, framed, segments, timed
from tests.conformance.http1 import ask, sized, tell
from tests.conformance.websocket import Socket
from tests.wire._http2_talks import GET, block, frame
from tests.wire._packets import ACK, SYN, ip, pcap, tcp, udp

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4)
ZEROS = bytes(64 << 20)


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yields the name and the file of each."""
    for name, (kind, body) in BODIES.items():
        fields = [f"Content-Type: {kind}", sized(body)]
        yield f"bomb-{name}", capture(segments([ask("POST /b", *fields, body=body), tell("204 No")], mss=60_000)).data
    for name, coding, body in coded():
        fields = [f"Content-Encoding: {coding}", "Content-Type: application/json", sized(body)]
        yield f"bomb-{name}", capture(segments([ask("POST /b", *fields, body=body), tell("204 No")], mss=60_000)).data
    for name, turns in TALKS.items():
        yield f"bomb-{name}", capture(segments(turns, mss=60_000)).data
    yield "bomb-gaps", capture(gaps()).data
    yield "bomb-connections", pcap(timed(connections()))
    yield "bomb-fragments", pcap(timed(fragments()))
    yield "bomb-datagrams", pcap(timed(framed(0, ip(udp(b"\0" * 12, 1024 + n, 53), protocol=17)) for n in range(2000)))


def coded() -> Iterator[tuple[str, str, bytes]]:
    """Yields bodies that grow a thousandfold when they are unpacked, once or twice over."""
    packed = gzip.compress(ZEROS)
    yield "gzip", "gzip", packed
    yield "gzip-twice", "gzip, gzip", gzip.compress(packed)
    yield "gzip-text", "gzip", gzip.compress(b'{"imei":"867530912345678",' + b'"a":1,' * (2 << 20) + b'"b":1}')
    yield "gzip-many", "gzip", gzip.compress(b"") * 6000
    yield "deflate", "deflate", zlib.compress(ZEROS)
    yield "brotli", "br", bytes(cramjam.brotli.compress(ZEROS, level=1))
    yield "zstd", "zstd", zstandard.compress(ZEROS)


def nested(data: bytes, times: int) -> bytes:
    """Base64 of base64."""
    for _ in range(times):
        data = base64.b64encode(data)
    return data


def quoted(text: str, times: int) -> str:
    """JSON in a string of JSON."""
    for _ in range(times):
        text = json.dumps({"a": text})
    return text


def wrapped(data: bytes, times: int) -> bytes:
    """Protobuf messages in each other, as far as lengths of two bytes go."""
    for _ in range(times):
        size = len(data)
        data = b"\x0a" + (bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))) + data
    return data


PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
BODIES = {
    "json-deep": ("application/json", b"[" * 70_000 + b"]" * 70_000),
    "json-objects": ("application/json", b'{"a":' * 20_000 + b"1" + b"}" * 20_000),
    "json-wide": ("application/json", b"[" + b"1," * 60_000 + b"1]"),
    "json-keys": ("application/json", json.dumps({f"imei{number}": str(number) for number in range(5000)}).encode()),
    "json-broken": ("application/json", b'{"imei":"867530912345678","a":"' + b"\\" * 100_000),
    "json-in-json": ("application/json", quoted("x", 15).encode()[:140_000]),
    "base64": ("text/plain", nested(b'{"imei":"867530912345678"}' * 20, 18)[:140_000]),
    "percent": ("application/x-www-form-urlencoded", b"a=" + b"%25" * 40_000 + b"41"),
    "percent-deep": ("application/x-www-form-urlencoded", ("a=" + urllib.parse.quote("%25" * 4000)).encode()),
    "form": ("application/x-www-form-urlencoded", b"&".join(b"imei=%d" % number for number in range(10_000))),
    "multipart": ("multipart/form-data; boundary=x", PART * 2000 + b"--x--\r\n"),
    "multipart-one": ("multipart/form-data; boundary=x", PART + b"--" * 60_000),
    "protobuf": ("application/x-protobuf", wrapped(b"\x08\x01", 3000)),
    "protobuf-wide": ("application/x-protobuf", b"\x08\x01" * 60_000),
    "hex": ("text/plain", b"0123456789abcdef" * 8000),
    "digits": ("text/plain", b"867530912345678 " * 5000),
    "mails": ("text/plain", b"a@b.example," * 8000),
    "ats": ("text/plain", b"@" * 100_000),
    "dots": ("text/plain", b"1.2.3.4.5.6.7.8." * 6000),
    "colons": ("text/plain", b"a4:50:46:" * 12_000),
    "han": ("text/plain", "张三丰".encode() * 12_000),
    "grpc": ("application/grpc", b"\0\0\0\0\0" * 25_000),
    "spaces": ("application/json", b" " * 120_000 + b"{}"),
    "binary": ("application/octet-stream", bytes(range(256)) * 500),
}
FLOOD = b"".join(frame(1, block([*GET, ("x", str(number))]), 0x4, 2 * number + 1) for number in range(3000))
TABLE = b"\x40\x01a\x7f\xa1\x1e" + b"v" * 4000
CHUNKS = b"1\r\na\r\n" * 20_000 + b"0\r\n\r\n"
UPGRADED = Socket({}, announced=True).turns


def deflated(size: int) -> bytes:
    """A WebSocket frame, not masked, that inflates to `size` zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(bytes(size)) + packer.flush(zlib.Z_SYNC_FLUSH)
    return b"\xc2\x7f" + struct.pack(">Q", len(data) - 4) + data[:-4]


TALKS: dict[str, list[tuple[int, bytes]]] = {
    "headers": [ask("GET /h", *[f"X-{number}: {number}" for number in range(4000)]), tell("200 OK")],
    "target": [ask("GET /" + "a=b&" * 30_000), tell("200 OK")],
    "cookies": [ask("GET /c", "Cookie: " + "; ".join(f"a{number}=867530912345678" for number in range(3000)))],
    "head-without-end": [(CLIENT, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000)],
    "chunks": [ask("POST /c", "Transfer-Encoding: chunked", body=CHUNKS), tell("200 OK")],
    "interim": [ask("GET /i"), (SERVER, b"HTTP/1.1 100 Continue\r\n\r\n" * 5000)],
    "pipelined": [(CLIENT, b"GET / HTTP/1.1\r\n\r\n" * 7000), (SERVER, b"HTTP/1.1 204 No\r\n\r\n" * 7000)],
    "length": [ask("POST /l", "Content-Length: 99999999999999", body=b"x"), tell("200 OK")],
    "h2-streams": [(CLIENT, PREFACE + FLOOD)],
    "h2-table": [(CLIENT, PREFACE + frame(1, TABLE + b"\xbe" * 60, 0x4, 1) * 25)],
    "h2-continuations": [(CLIENT, PREFACE + frame(1, b"", 0, 1) + frame(9, b"", 0, 1) * 14_000)],
    "h2-resets": [(CLIENT, PREFACE + b"".join(frame(3, bytes(4), 0, 2 * number + 1) for number in range(10_000)))],
    "h2-data": [(CLIENT, PREFACE + frame(1, block(GET), 4, 1) + frame(0, b"", 0, 1) * 14_000)],
    "ws-frames": [*UPGRADED, (SERVER, b"\x02\x00" * 60_000)],
    "ws-fragments": [*UPGRADED, (SERVER, b"\x02\x01a" + b"\0\1a" * 40_000)],
    "ws-deflated": [*UPGRADED, *[(SERVER, deflated(16 << 20))] * 6],
    "ws-length": [*UPGRADED, (SERVER, b"\x02\x7f" + struct.pack(">Q", (1 << 63) - 1) + b"x")],
    "tls-empty": [(CLIENT, b"\x16\x03\x01\x00\x00" * 25_000)],
    "tls-alerts": [(CLIENT, b"\x15\x03\x01\x00\x02\x01\x00" * 20_000)],
    "tls-hello": [(CLIENT, b"\x16\x03\x01\x40\x00\x01\xff\xff\xff\x03\x03" + bytes(16_374))] * 8,
    "nothing-known": [(CLIENT, b"\x00\x01\x02" * 20_000), (SERVER, b"\xff" * 50_000)],
    "tunnels": [(CLIENT, b"CONNECT a:1 HTTP/1.1\r\n\r\n"), (SERVER, b"HTTP/1.1 200 OK\r\n\r\n")] * 1000,
}


def gaps() -> list[Seg]:
    """Segments of one byte that never touch each other."""
    made = segments([], closed=False)
    return [*made, *(Seg(CLIENT, 1001 + 2 * number, 2_000_001, ACK, b"x") for number in range(2000, 0, -1))]


def connections() -> Iterator[bytes]:
    """Yields frames of connections that are begun, and never heard of again."""
    for number in range(2000):
        yield framed(CLIENT, ip(tcp(b"GET / HTT", 1024 + number, 80, 7, 0, SYN if number % 2 else ACK)))


def fragments() -> Iterator[bytes]:
    """Yields first fragments of datagrams that never get complete."""
    for number in range(2000):
        yield framed(CLIENT, ip(bytes(24), ident=number, more=True, offset=8 * (number % 3)))
