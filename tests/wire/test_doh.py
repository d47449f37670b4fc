import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.model import Endpoint, Exchange, Message, Origin
from leaktap.wire._bytes import CLIENT, SERVER, Arrival
from leaktap.wire.doh import OBSERVER
from leaktap.wire.engine import Engine
from leaktap.wire.keys import KeyLog
from leaktap.wire.names import Names
from tests.wire._dns import answer, query, record
from tests.wire._traffic import exchanges, flow, segment

TOLD = answer(number=0, records=[record("www.shop.example", "A", "198.51.100.7")])
JSON = {
    "Status": 0,
    "Question": [{"name": "www.shop.example.", "type": 1}],
    "Answer": [
        {"name": "www.shop.example.", "type": 5, "TTL": 60, "data": "edge.example."},
        {"name": "edge.example.", "type": 1, "TTL": 60, "data": "198.51.100.7"},
    ],
}


def observe(kind, body, names=None):
    names = names or Names()
    end = Endpoint("192.0.2.1")
    response = Message(("HTTP/1.1", "200", "OK"), ((b"Content-Type", kind),), body)
    request = Message(("GET", "/dns-query", "HTTP/1.1"))
    OBSERVER(Exchange("x", 0, end, end, "https", "dns.example", request, response, Origin("t")), names)
    return names


SAID = [
    (b"application/dns-message", TOLD, "www.shop.example"),
    (b"Application/DNS-Message; x=y", TOLD, "www.shop.example"),
    (b"application/dns-json", orjson.dumps(JSON), "www.shop.example"),
    (b"application/json; charset=utf-8", orjson.dumps(JSON), "www.shop.example"),
    (b"application/json", orjson.dumps({**JSON, "Question": JSON["Question"][0]}), "www.shop.example"),
    (b"text/plain", TOLD, ""),
    (b"application/dns-message", TOLD[:-2], ""),
    (b"application/dns-message", b"", ""),
    (b"application/dns-message", query(), ""),
    (b"application/json", b'{"Question": [], "Answer": []}', ""),
    (b"application/json", b'{"Question": "Answer"', ""),
    (b"application/json", b'{"Question": {"name": 5}, "Answer": {}}', ""),
    (b"application/json", orjson.dumps({**JSON, "Answer": [{"name": "x", "type": 1, "data": "nowhere"}]}), ""),
    (b"application/json", orjson.dumps({**JSON, "Answer": ["x"]}), ""),
]


@pytest.mark.parametrize(("kind", "body", "host"), SAID)
def test_what_a_resolver_answers_over_http(kind, body, host):
    assert observe(kind, body).host("198.51.100.7") == host


def test_aliases_too():
    assert observe(b"application/dns-json", orjson.dumps(JSON)).chain("www.shop.example") == ("edge.example",)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(0, 99), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_json_will_do(said):
    observe(b"application/json", orjson.dumps({"Question": said, "Answer": said}, option=orjson.OPT_NON_STR_KEYS))


def test_a_connection_after_the_answer_has_the_name():
    asked = b"POST /dns-query HTTP/1.1\r\nHost: dns.example\r\nContent-Type: application/dns-message\r\n"
    asked += b"Content-Length: %d\r\n\r\n" % len(query()) + query()
    told = b"HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\nContent-Length: %d\r\n\r\n" % len(TOLD) + TOLD
    engine, later = Engine("a.pcap", KeyLog()), flow(1, port=9000)
    later.server = Endpoint("198.51.100.7", 9000)
    events = [Arrival(flow(), CLIENT, segment(asked)), Arrival(flow(), SERVER, segment(told, 2))]
    events.append(Arrival(later, CLIENT, segment(b"imei=867530912345678", 3)))
    seen = [*engine.feed(events), *engine.close()]
    assert [(one.origin.protocol, one.host) for one in exchanges(seen)] == [
        ("http/1.1", "dns.example"),
        ("raw", "www.shop.example"),
    ]
