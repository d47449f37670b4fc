"""HTTP/1 in all its framings, from bytes written by hand and from curl and Python's http.server."""

import gzip
import random

from tests.conformance._network import CLIENT, SERVER, Ends, capture, segments

BIG = random.Random(5).randbytes(5_000_000)


def ask(line, *headers, body=b"", host="api.example-shop.cn"):
    fields = [f"Host: {host}", *headers] if host else headers
    return (CLIENT, "\r\n".join([line + " HTTP/1.1", *fields, "", ""]).encode() + body)


def tell(status, *headers, body=b"", version="HTTP/1.1"):
    return (SERVER, "\r\n".join([f"{version} {status}", *headers, "", ""]).encode() + body)


def sized(body):
    return f"Content-Length: {len(body)}"


JSON = b'{"imei":"867530912345678","n":[1,2,3]}'


def wordy(count):
    """A text with one identifier in it, and many other words."""
    return JSON + b" 0123 some words, a few \xe5\xbc\xa0 more" * count


def talk():
    """A few ordinary messages, for whatever is about something else."""
    turns = []
    for number in range(6):
        body = wordy(number * 37 + 1)
        turns += [
            ask(f"POST /v1/collect?n={number}", "Content-Type: application/json", sized(body), body=body),
            tell("200 OK", f"X-Number: {number}", sized(body), body=body[::-1]),
        ]
    return turns


def ordinary():
    return capture(segments(talk()))


def odd_headers():
    """Names in all cases, repeated and empty headers, spaces around values, bytes beyond ASCII, long lines."""
    head = [
        "X-a: 1",
        "x-A:2",
        "X-a: 1",
        "Empty:",
        "Blank:   ",
        "Tail: x \t ",
        "Tab:\tv",
        "Colon: a:b: c",
        "Cookie: a=1; b=2",
    ]
    head += ["Cookie: c=3", "UTF: 张三丰", "L: " + "v" * 5000, 'Quote: "x\\"y"', "Per%20cent: %41", sized(b"x")]
    return capture(
        segments([ask("POST /o?q=%E5%BC%A0&r=张", *head, body=b"x"), tell("200 Fine, thanks", *head, body=b"y")])
    )


def chunked():
    """Chunk extensions, sizes with zeros and capitals, trailers; in both directions."""
    body = (
        b'5;name=value\r\nhello\r\n00A ; a="b"\r\n0123456789\r\n1F\r\n'
        + b"x" * 31
        + b"\r\n0\r\nX-Sum: 7\r\nX-More: 8\r\n\r\n"
    )
    up = ask("POST /c", "Transfer-Encoding: chunked", "Trailer: X-Sum", body=body)
    plain = b"4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n"
    turns = [up, tell("200 OK", "Transfer-Encoding: chunked", body=body)]
    turns += [
        ask("POST /d", "transfer-encoding: chunked", body=plain),
        tell("200 OK", "Transfer-Encoding: chunked", body=plain),
    ]
    turns += [ask("GET /e"), tell("200 OK", "Transfer-Encoding: chunked", body=b"0\r\n\r\n")]
    return capture(segments(turns))


def chunks_of_one_byte():
    body = b"".join(b"1\r\n%c\r\n" % byte for byte in JSON) + b"0\r\n\r\n"
    turns = [ask("POST /c", "Transfer-Encoding: chunked", body=body), tell("204 No Content")]
    return capture(segments(turns, mss=7))


def interim():
    """100 (Continue) after Expect, 102, and 103 (Early Hints)."""
    head = ask("POST /e", "Expect: 100-continue", sized(JSON))
    turns = [
        head,
        tell("100 Continue"),
        (CLIENT, JSON),
        tell("102 Processing"),
        tell("201 Created", sized(b"ok"), body=b"ok"),
    ]
    turns += [
        ask("GET /f"),
        tell("103 Early Hints", "Link: </a.css>; rel=preload"),
        tell("200 OK", sized(b"hm"), body=b"hm"),
    ]
    refused = ask("PUT /g", "Expect: 100-continue", sized(b"never"))
    turns += [refused, tell("417 Expectation Failed", "Connection: close", sized(b"no"), body=b"no")]
    return capture(segments(turns))


def without_bodies():
    """HEAD, 204 and 304 have none, whatever their headers say."""
    turns = [
        ask("HEAD /h"),
        tell("200 OK", "Content-Length: 5000"),
        ask("GET /i"),
        tell("304 Not Modified", "Content-Length: 70"),
    ]
    turns += [ask("DELETE /j"), tell("204 No Content"), ask("HEAD /k"), tell("200 OK", "Transfer-Encoding: chunked")]
    turns += [
        ask("OPTIONS *"),
        tell("200 OK", "Content-Length: 0"),
        ask("GET /l"),
        tell("200 OK", sized(b"end"), body=b"end"),
    ]
    return capture(segments(turns))


def pipelined():
    """Requests one behind the other in the same segments, and so the responses."""
    asked = [
        ask(f"GET /{number}") if number % 3 else ask(f"POST /{number}", sized(JSON), body=JSON) for number in range(12)
    ]
    told = [tell("200 OK", sized(wordy(number)), body=wordy(number)) for number in range(12)]
    turns = [(CLIENT, b"".join(data for _, data in asked)), (SERVER, b"".join(data for _, data in told))]
    return capture(segments(turns, mss=333))


def until_close():
    """A response without a length, in HTTP/1.0 and 1.1."""
    return capture(segments([ask("GET /c", "Connection: close"), tell("200 OK", "Connection: close", body=wordy(300))]))


def http10():
    return capture(
        segments([(CLIENT, b"GET /old HTTP/1.0\r\n\r\n"), tell("200 OK", body=wordy(100), version="HTTP/1.0")])
    )


def kept_alive_10():
    head = ["Connection: keep-alive", sized(JSON)]
    one = (CLIENT, b"POST /a HTTP/1.0\r\n" + "\r\n".join([*head, "", ""]).encode() + JSON)
    return capture(segments([one, tell("200 OK", *head, body=JSON, version="HTTP/1.0")] * 3))


def connect(port):
    return [(CLIENT, b"CONNECT shop.example:%d HTTP/1.1\r\nHost: shop.example\r\n\r\n" % port), tell("200 Established")]


def tunnel():
    """CONNECT, and plain HTTP within."""
    fault = "tshark hands what is in a tunnel to a port's dissector, but not plain HTTP"
    apart = capture(segments(connect(8080))), capture(segments(talk()))
    return capture(segments([*connect(8080), *talk()])).but(fault, *apart)


def refused_tunnel():
    refused = tell("407 Proxy Authentication Required", sized(b"who?"), body=b"who?")
    return capture(segments([connect(443)[0], refused, *talk()[:2]]))


def proxied():
    """Targets in absolute form."""
    turns = [
        ask("GET http://Shop.example:8080/a?b=http://c/", host="shop.example:8080"),
        tell("200 OK", sized(b"1"), body=b"1"),
    ]
    turns += [ask("POST http://shop.example", sized(JSON), body=JSON, host=""), tell("200 OK", sized(b"2"), body=b"2")]
    return capture(segments(turns))


def compressed():
    """Content codings stay on."""
    body = gzip.compress(wordy(100))
    head = ["Content-Encoding: gzip", "Content-Type: application/json", sized(body)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[at : at + 50]), body[at : at + 50]) for at in range(0, len(body), 50))
    coded = ["Content-Encoding: gzip", "Transfer-Encoding: chunked"]
    turns = [ask("POST /z", *head, body=body), tell("200 OK", *coded, body=chunks + b"0\r\n\r\n")]
    return capture(segments(turns, mss=100))


def refused_upgrade():
    """A server that stays with HTTP/1."""
    h2c = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"]
    turns = [ask("GET /u", *h2c), tell("200 OK", sized(b"as ever"), body=b"as ever"), *talk()[:2]]
    return capture(segments(turns))


def other_methods():
    turns = []
    for method in ("PUT", "PATCH", "PROPFIND", "REPORT", "DELETE", "OPTIONS", "MKCOL", "SUBSCRIBE"):
        turns += [ask(f"{method} /m", sized(JSON), body=JSON), tell("200 OK", sized(JSON), body=JSON)]
    return capture(segments(turns))


def multipart():
    parts = b"".join(
        b'--xyz\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n%b\r\n' % (n, wordy(n)) for n in range(5)
    )
    body = parts + b"--xyz--\r\n"
    return capture(
        segments(
            [
                ask("POST /f", "Content-Type: multipart/form-data; boundary=xyz", sized(body), body=body),
                tell("200 OK", sized(b"")),
            ]
        )
    )


def five_megabytes():
    """Up with a length, down in chunks."""
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(BIG[at : at + 65_000]), BIG[at : at + 65_000]) for at in range(0, len(BIG), 65_000)
    )
    kind = "Content-Type: application/octet-stream"
    turns = [
        ask("POST /big", kind, sized(BIG), body=BIG),
        tell("200 OK", kind, "Transfer-Encoding: chunked", body=chunks + b"0\r\n\r\n"),
    ]
    return capture(segments(turns, mss=60_000))


def other_port():
    return capture(segments(talk()), ends=Ends(ports=(40000, 18_080)), options=("-d", "tcp.port==18080,http"))


CAPTURES = (
    ordinary,
    odd_headers,
    chunked,
    chunks_of_one_byte,
    interim,
    without_bodies,
    pipelined,
    until_close,
    http10,
    kept_alive_10,
    tunnel,
    refused_tunnel,
    proxied,
    compressed,
    refused_upgrade,
    other_methods,
    multipart,
    five_megabytes,
    other_port,
)
