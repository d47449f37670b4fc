import gzip
import json
from pathlib import Path

import pytest

from leaktap.decoders._message import parts
from leaktap.decoders._walk import SIEVED_FROM, Limited, Limits, walk
from leaktap.model import Leaf, Message

IMEI = b"867530912345678"
HAR = Path(__file__).parents[3] / "shared" / "captures" / "har"


def request(target="/", *headers, body=b""):
    return Message(("GET", target, "HTTP/1.1"), headers, body)


def roots(message, direction="request"):
    return [(part.path, part.value, part.keys) for part in parts(message, direction, "api.example.cn", "/")]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", []),
        ("*", [("request.path", b"*", ())]),
        ("/v1/x", [("request.path", b"/v1/x", ())]),
        ("/?imei=867530912345678", [("request.query.imei", IMEI, ("imei",))]),
        ("/?a=1&a=2", [("request.query.a", b"1", ("a",)), ("request.query.a[1]", b"2", ("a",))]),
        ("/?mac=a4%3A50&q=x+y", [("request.query.mac", b"a4:50", ("mac",)), ("request.query.q", b"x y", ("q",))]),
        ("/?user[id]=1", [("request.query['user[id]']", b"1", ("user[id]",))]),
        ("/?a%20b", [("request.query", b"a b", ())]),
        ("/?", []),
        ("/?a=#frag=ment", []),
        (
            "/imei/867530912345678/x",
            [("request.path", b"/imei/867530912345678/x", ()), ("request.path[1]", IMEI, ("imei",))],
        ),
        ("/%E5%BC%A0", [("request.path", "/张".encode(), ())]),
        ("/a/b/867530912345678", [("request.path", b"/a/b/867530912345678", ()), ("request.path[2]", IMEI, ("b",))]),
        ("/v1.0/867530912345678", [("request.path", b"/v1.0/867530912345678", ()), ("request.path[1]", IMEI, ())]),
    ],
)
def test_target(target, expected):
    assert roots(request(target)) == expected


def test_headers():
    message = request(
        "/", (b"X-IMEI", IMEI), (b"x-imei", b"2"), (b"Content-Length", b"5"), (b"Host", b"h"), (b":authority", b"h")
    )
    assert roots(message) == [
        ("request.header.x-imei", IMEI, ("x-imei",)),
        ("request.header.x-imei[1]", b"2", ("x-imei",)),
    ]


def test_response_has_no_target():
    message = Message(("HTTP/1.1", "200", "OK"), ((b"Set-Cookie", b"uid=1"),), b"x")
    assert [path for path, _, _ in roots(message, "response")] == ["response.header.set-cookie", "response.body"]


@pytest.mark.parametrize(
    ("headers", "content_type", "parameters", "encoding"),
    [
        ([], "", {}, ()),
        ([(b"Content-Type", b"Application/JSON; Charset=UTF-8")], "application/json", {"charset": "UTF-8"}, ()),
        (
            [(b"content-type", b'multipart/form-data; boundary="a;\\"b"')],
            "multipart/form-data",
            {"boundary": 'a;"b'},
            (),
        ),
        ([(b"Content-Encoding", b"gzip, BR")], "", {}, ("br", "gzip")),
        ([(b"Content-Encoding", b"gzip"), (b"content-encoding", b"zstd")], "", {}, ("zstd", "gzip")),
        ([(b"Content-Encoding", b"identity")], "", {}, ()),
        ([(b"grpc-encoding", b"gzip")], "", {"grpc-encoding": "gzip"}, ()),
        ([(b"Content-Type", b"\xff\xfe;;=;a")], "\ufffd\ufffd", {}, ()),
    ],
)
def test_context_of_the_body(headers, content_type, parameters, encoding):
    *_, body = parts(request("/", *headers, body=b"x"), "request", "h", "/p")
    assert body.path == "request.body"
    context = body.context
    assert (context.content_type, dict(context.parameters), context.encoding) == (content_type, parameters, encoding)
    assert (context.host, context.path, context.direction) == ("h", "/p", "request")


def test_whole_message_in_order():
    body = gzip.compress(json.dumps({"imei": IMEI.decode()}).encode())
    message = request(
        "/a?data=%7B%22x%22%3A1%7D",
        (b"Cookie", b"uid=1; t=2"),
        (b"Content-Encoding", b"gzip"),
        (b"X-Location", b"116.3%2C39.9"),
        body=body,
    )
    assert [item.path for item in walk(parts(message, "request"), Limits())] == [
        "request.path",
        "request.query.data|json.$.x",
        "request.header.cookie|cookie.uid",
        "request.header.cookie|cookie.t",
        "request.header.x-location|percent",
        "request.body|gzip|json.$.imei",
    ]


def test_many_headers_and_fields_are_bounded():
    message = request("/?" + "a=1&" * 300_000, *[(b"x-%d" % i, b"v") for i in range(20_000)])
    found = list(walk(parts(message, "request"), Limits(parts=20_000, seconds=60)))
    assert len(found) < 60_000
    assert [item for item in found if isinstance(item, Limited)] == [Limited("request.query|form", "parts", 1_200_000)]


def folded(value):
    return value.lower().replace(b":", b"").replace(b"-", b"")


@pytest.mark.skipif(not HAR.is_dir(), reason="the captures at hand are not there")
def test_all_known_values_of_a_real_capture_are_leaves():
    har = json.loads((HAR / "cn_dev.har").read_text())
    truth = json.loads((HAR / "cn_dev_truth.json").read_text())["truth"]
    leaves = []
    for entry in har["log"]["entries"]:
        sent = entry["request"]
        headers = tuple((h["name"].encode(), h["value"].encode()) for h in sent["headers"])
        target = "/" + sent["url"].split("/", 3)[3]
        body = sent.get("postData", {}).get("text", "").encode()
        message = Message((sent["method"], target, "HTTP/1.1"), headers, body)
        leaves.append([item for item in walk(parts(message, "request"), Limits(seconds=30)) if isinstance(item, Leaf)])
    for known in truth:
        value, name = folded(known["value"].encode()), known["key"].split(".")[-1].lower()
        assert any(
            value in folded(leaf.value) and name in (key.lower() for key in leaf.keys)
            for leaf in leaves[known["entry"]]
        ), known


@pytest.mark.parametrize(
    ("target", "headers", "seen"),
    [
        ("/a?imei=867530912345678", [], b"imei="),
        ("/imei/867530912345678/x", [], b"imei="),
        ("/a", [(b"X-Imei", b"867530912345678")], b"imei:"),
        ("/a", [(b"Cookie", b"imei=1")], b"imei="),
    ],
)
def test_a_head_is_left_out_only_where_the_sieve_sees_nothing_in_it(target, headers, seen):
    long = (b"User-Agent", b"x" * SIEVED_FROM)
    message = Message(("GET", target, "HTTP/1.1"), (*headers, long), b"body")
    texts = []

    def sieve(data, spots):
        texts.append(data)
        return spots

    everything = list(parts(message, "request"))
    assert list(parts(message, "request", sieve=lambda data: sieve(data, [5]))) == everything
    assert list(parts(message, "request", sieve=lambda data: sieve(data, None))) == everything
    assert [part.path for part in parts(message, "request", sieve=lambda data: sieve(data, []))] == ["request.body"]
    assert all(seen in text.lower() for text in texts)


@pytest.mark.parametrize(
    ("target", "headers", "looked_into"),
    [
        ("/img/123456.png?w=720", [(b"User-Agent", b"okhttp/4.12.0")], False),
        ("/v2/events?compress=0", [], False),
        ("/track?ev=page_view_start", [(b"Cookie", b"lang=zh")], False),
        ("/a?x=%E5%BC%A0", [], False),
        ("/a?id=ODY3NTMxMDQy", [], True),
        ("/a?d=867531042188306", [], True),
        ("/a?d=%36%37%38%39", [], True),
        ("/a", [(b"X-Id", b"&#56;&#54;")], True),
        ("/a", [(b"X-Id", b"\\u0038\\u0036")], True),
        ("/a", [(b"X-Id", b"<~87cURD]~>")], True),
        ("/a?" + "x=1&" * 100 + "id=ODY3NTMxMDQy", [], False),
    ],
)
def test_a_short_head_is_looked_into_where_something_may_be_wrapped(target, headers, looked_into):
    message = Message(("GET", target, "HTTP/1.1"), tuple(headers), b"")
    assert bool(list(parts(message, "request", sieve=lambda data: []))) is looked_into
