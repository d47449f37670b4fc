"""mitmproxy's flow files, against mitmproxy's own reader, and broken at every place."""

import datetime
import io
import json
import random
import time
import tracemalloc
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy import certs, exceptions, http, tcp, udp
from mitmproxy.io import FlowReader, FlowWriter, tnetstring
from mitmproxy.test import tflow

from leaktap.model import Alias, Blind, Exchange, Fault, Mark, Progress
from leaktap.sources import Reading, flows
from leaktap.sources import read as read_any

CAPTURES = Path(__file__).parents[2] / "../shared/captures/flows"
DUMPS = sorted(CAPTURES.glob("*.mitm"))


def dump(*items) -> bytes:
    out = io.BytesIO()
    for item in items:
        FlowWriter(out).add(item)
    return out.getvalue()


def read(data: bytes):
    items = list(flows.read(io.BytesIO(data), "x.mitm", Reading()))
    return (
        [item for item in items if isinstance(item, Exchange)],
        [item for item in items if isinstance(item, Blind)],
        [item for item in items if isinstance(item, Fault)],
    )


def flow(**request) -> http.HTTPFlow:
    made = tflow.tflow(resp=True)
    for name, value in request.items():
        setattr(made.request, name, value)
    return made


def test_a_flow_becomes_an_exchange():
    made = flow(
        raw_content=b"\x1f\x8bpacked",
        headers=http.Headers([(b"Host", b"API.Example.com:8443"), (b"X-A", b"1"), (b"x-a", b"\xff")]),
        path="/v1/log?imei=867530912345678",
        method="POST",
        scheme="https",
        http_version="HTTP/2.0",
        timestamp_start=1795255203.25,
    )
    made.client_conn.peername = ("::ffff:192.0.2.7", 50123)
    made.server_conn.peername = ("203.0.113.9", 8443)
    made.response.timestamp_start = 1795255203.5
    (found,), blind, faults = read(dump(made))
    assert not blind and not faults
    assert (found.id, found.origin.flow, found.origin.protocol, found.origin.decrypted) == (
        "flow:0",
        made.id,
        "h2",
        True,
    )
    assert (found.client.ip, found.client.port) == ("192.0.2.7", 50123)
    assert (found.server.ip, found.server.port) == ("203.0.113.9", 8443)
    assert (found.scheme, found.host, found.time) == ("https", "api.example.com", 1795255203250000)
    assert found.request.start == ("POST", "/v1/log?imei=867530912345678", "HTTP/2")
    assert found.request.headers == ((b"Host", b"API.Example.com:8443"), (b"X-A", b"1"), (b"x-a", b"\xff"))
    assert found.request.body == b"\x1f\x8bpacked", "the content coding stays on"
    assert found.response.start == ("HTTP/1.1", "200", "OK") and found.response.body == b"message"
    assert found.response.time == 1795255203500000


def certificate(*hosts: str) -> certs.Cert:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 7, now, now.replace(year=2027))
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    return certs.Cert(builder.add_extension(names, False).sign(key, hashes.SHA256()))


@pytest.mark.parametrize(
    ("greeted", "names", "expected"),
    [
        (None, (), ()),
        ("address", (), ()),
        ("Front.example.", (), (Alias("sni", "front.example"),)),
        ("address", ("address", "*.cdn.example"), (Alias("certificate", "*.cdn.example"),)),
        ("front.example", ("a.example",), (Alias("sni", "front.example"), Alias("certificate", "a.example"))),
        (
            "address",
            tuple(f"{n}.example" for n in range(20)),
            tuple(Alias("certificate", f"{n}.example") for n in range(8)),
        ),
    ],
)
def test_the_servers_other_names(greeted, names, expected):
    made = flow()
    made.client_conn.sni = greeted
    made.server_conn.certificate_list = [certificate(*names)] if names else []
    (exchange,), _, _ = read(dump(made))
    assert exchange.host == "address" and exchange.aliases == expected


def test_a_flow_without_an_answer_still_says_what_was_asked():
    made = tflow.tflow(err=True)
    made.server_conn.peername, made.server_conn.address = None, ("api.example.com", 443)
    (found,), blind, faults = read(dump(made))
    assert found.response is None and found.request.body == b"content" and not blind and not faults
    assert (found.server.ip, found.server.port) == ("", 443), "a name is no address"


def test_websocket_messages_are_exchanges_of_their_own():
    made = tflow.twebsocketflow()
    made.request.path = "/s?token=1"
    found, blind, _ = read(dump(made))
    assert [exchange.id for exchange in found] == ["flow:0", "flow:0.0", "flow:0.1", "flow:0.2"] and not blind
    assert [exchange.origin.protocol for exchange in found[1:]] == ["websocket"] * 3
    assert found[1].request.body == b"hello binary" and found[1].response is None
    assert found[1].request.start[1] == "/s"
    assert found[3].request.body == b"" and found[3].response.body == b"it's me"


def test_text_that_old_dumps_kept_as_text_is_bytes():
    made = tflow.twebsocketflow()
    made.websocket.messages[0].content = "imei=867530912345673 张"
    found = [item for item in flows.flow_exchanges(made, "x") if isinstance(item, Exchange)]
    assert {message.body for item in found[1:] for message in (item.request, item.response) if message} >= {
        "imei=867530912345673 张".encode()
    }


@pytest.mark.parametrize(
    ("which", "length", "size"),
    [("request", "512", 512), ("response", "70", 70), ("request", "nonsense", 0), ("response", None, 0)],
)
def test_streamed_bodies_are_blind(which, length, size):
    made = flow()
    message = getattr(made, which)
    message.raw_content = None
    if length is not None:
        message.headers["content-length"] = length
    else:
        del message.headers["content-length"]
    (found,), (blind,), _ = read(dump(made))
    assert (blind.why, blind.bytes, blind.detail) == ("streamed", size, f"{which} body")
    assert getattr(found, which).body == b"" and getattr(found, which).missing == size


def carried(made, *messages: tuple[bool, bytes]):
    """Returns a flow of TCP or UDP with these messages."""
    kind = tcp.TCPMessage if made.type == "tcp" else udp.UDPMessage
    made.messages = [kind(client, data, 1_795_000_000.0 + at) for at, (client, data) in enumerate(messages)]
    return made


@pytest.mark.parametrize("made", [tflow.ttcpflow(), tflow.tudpflow()], ids=["tcp", "udp"])
def test_what_no_protocol_is_known_for_is_an_exchange_per_turn(made):
    made.server_conn.sni = made.client_conn.sni = "Push.Example.com"
    carried(made, (True, b"login imei=867530912345673"), (False, b"welcome home"), (True, b"bye for now"))
    found, blind, faults = read(dump(made))
    assert not blind and not faults
    assert [item.id for item in found] == ["flow:0.0", "flow:0.1"]
    assert found[0].request.body == b"login imei=867530912345673" and found[0].response.body == b"welcome home"
    assert found[1].response is None and found[1].time == 1_795_000_002_000_000
    assert {(item.host, item.origin.flow, item.origin.stream) for item in found} == {
        ("push.example.com", made.id, None)
    }
    assert all(item.request.frames == () for item in found)


def test_a_protocol_that_is_read_is_told_by_its_bytes():
    body = b"imei=867530912345673"
    asked = b"POST /log HTTP/1.1\r\nHost: push.example.com\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    made = carried(tflow.ttcpflow(), (True, asked[:30]), (True, asked[30:]), (False, answer))
    (found,), _, faults = read(dump(made))
    assert not faults and (found.host, found.request.body) == ("push.example.com", body)
    assert found.response.start == ("HTTP/1.1", "204", "No Content")


def test_what_looks_random_is_blind():
    made = carried(tflow.ttcpflow(), (True, random.Random(1).randbytes(4000)))
    found, (blind,), faults = read(dump(made))
    assert not found and not faults
    assert (blind.why, blind.protocol, blind.bytes, blind.frames) == ("unknown_protocol", "ssh", 4000, ()), (
        "named after the port"
    )


def test_dns_is_a_question_with_its_answer():
    found, blind, faults = read(dump(tflow.tdnsflow(resp=True), flow()))
    assert [item.origin.protocol for item in found] == ["dns", "http/1.1"] and not blind and not faults
    assert found[0].request.start[1] == "/dns.google" and found[0].response is not None


def test_what_leaktap_said_to_the_phone_itself_is_nothing():
    made = flow()
    made.metadata[flows.OWN] = True
    assert read(dump(made)) == ([], [], [])


def state(**changes) -> bytes:
    made = {**flow().get_state(), **changes}
    return tnetstring.dumps(made)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(b"4:text,", id="no flow"),
        pytest.param(b"5:1:a,0}", id="a dictionary cut short"),
        pytest.param(b"0:}", id="an empty dictionary"),
        pytest.param(state(version=9999), id="a version to come"),
        pytest.param(state(type="carrier-pigeon"), id="an unknown type"),
        pytest.param(state(request=None), id="no request"),
        pytest.param(state(client_conn={}), id="no client"),
        pytest.param(state(id=5), id="an id of another type"),
        pytest.param(tnetstring.dumps({"version": [[]] * 9}), id="a list as version"),
    ],
)
def test_a_damaged_flow_is_a_fault_and_the_rest_goes_on(damage):
    found, _, faults = read(dump(flow()) + damage + dump(flow()))
    assert [exchange.id for exchange in found if exchange.id != "flow:1"] == ["flow:0", "flow:2"]
    assert all(fault.stage == "source" and fault.where == "x.mitm, flow 1" for fault in faults)
    assert faults or len(found) == 3


@pytest.mark.parametrize(
    ("tail", "why"),
    [
        (b"garbage", "is not a flow"),
        (b"99999999999:", "or damaged"),
        (b"1234567890123:", "is not a flow"),
        (b"500:4:type;", "is cut off"),
        (b"12", "is not a flow"),
        (b"12:", "is cut off"),
    ],
)
def test_what_lies_before_a_damaged_end_is_read(tail, why):
    found, _, (fault,) = read(dump(flow(), flow()) + tail)
    assert len(found) == 2 and fault.where == "x.mitm, flow 2" and why in fault.why


def test_deep_nesting_is_a_fault():
    deep = b"0:~"
    for _ in range(5000):
        deep = b"%d:%b]" % (len(deep), deep)
    found, _, faults = read(dump(flow()) + deep + dump(flow()))
    assert len(found) == 2 and faults[0].where == "x.mitm, flow 1"


def test_a_length_that_lies_costs_neither_time_nor_memory():
    lie = b"999999999:4:type;"
    read(lie)
    began = time.thread_time()
    tracemalloc.start()
    try:
        read(lie)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.thread_time() - began < 5 and peak < 16 << 20


@pytest.mark.parametrize("head", [b"1939:9:websocket;", b"5:4:type", b"100:1:a"])
def test_dumps_are_recognised(head):
    assert flows.sniff(head)


@pytest.mark.parametrize(
    "head", [b"", b"1", b"12:", b"12:ab", b"{", b"2026:11:21 10:00", b"12:13:14", b"\xa1\xb2\xc3\xd4"]
)
def test_other_things_are_not(head):
    assert not flows.sniff(head)


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=12), st.floats(0, 1))
def test_damage_anywhere_never_raises(noise, place):
    whole = dump(flow(), tflow.twebsocketflow())
    at = int(place * len(whole))
    for item in flows.read(io.BytesIO(whole[:at] + noise + whole[at + len(noise) :]), "x", Reading()):
        assert isinstance(item, Exchange | Blind | Fault | Progress)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_values_of_any_type_in_a_flow_never_raise(data):
    made = flow().get_state()
    value = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.binary(max_size=4)
    value |= st.lists(value, max_size=2)
    for _ in range(2):
        place = data.draw(st.sampled_from([made, made["request"], made["client_conn"], made["server_conn"]]))
        place[data.draw(st.sampled_from(sorted(place)))] = data.draw(value)
        if not all(isinstance(made[key], dict) for key in ("request", "client_conn", "server_conn")):
            break
    read(tnetstring.dumps(made))


OTHERS = ("websocket", "dns", "raw", "mqtt")


def said(item: Exchange):
    return item.request.start[0], item.scheme, item.host, item.request.start[1], item.request.body


def said_by_mitmproxy(made: http.HTTPFlow):
    request = made.request
    target = request.path or request.authority
    return request.method, request.scheme, request.pretty_host.lower(), target, request.raw_content or b""


@pytest.mark.parametrize("file", DUMPS or [None], ids=lambda file: getattr(file, "name", "none"))
def test_real_files_give_what_mitmproxy_reads(file):
    if file is None:
        pytest.skip("../shared/captures is not here")
    items = list(read_any(str(file), Reading()))
    faults = [item for item in items if isinstance(item, Fault)]
    expected = []
    try:
        with file.open("rb") as stream:
            expected.extend(made for made in FlowReader(stream).stream() if isinstance(made, http.HTTPFlow))
    except exceptions.FlowReadException:
        assert faults
    else:
        assert not faults
    found = [item for item in items if isinstance(item, Exchange) and item.origin.protocol not in OTHERS]
    assert [said(item) for item in found] == [said_by_mitmproxy(made) for made in expected]
    assert [item.response and item.response.body for item in found] == [
        made.response and (made.response.raw_content or b"") for made in expected
    ]


@pytest.mark.parametrize(
    "har", sorted(CAPTURES.glob("*.har")) or [None], ids=lambda file: getattr(file, "name", "none")
)
def test_a_har_and_its_twin_agree(har):
    if har is None:
        pytest.skip("../shared/captures is not here")
    sides = []
    for file in (har, har.with_suffix(".mitm")):
        items = [item for item in read_any(str(file), Reading()) if isinstance(item, Exchange)]
        items = [item for item in items if item.origin.protocol not in ("dns", "raw")]
        sides.append(items)
    urls = [[(item.request.start[:2], item.scheme, item.host) for item in side] for side in sides]
    assert urls[0] == urls[1] and urls[0]
    kept = json.loads(har.read_bytes())["log"]["entries"]
    assert kept
    for one, other in zip(*sides, strict=True):
        if other.request.headers and not other.request.header(b"content-encoding"):
            assert one.request.body == other.request.body


def commented(comment, start=1_795_000_000.5):
    made = flow(timestamp_start=start)
    made.comment = comment
    return made


def test_marks_in_comments_come_before_what_they_concern():
    data = dump(flow(), commented("seen\nleaktap: consent app=com.example.shop"), commented("nothing"))
    seen = list(flows.read(io.BytesIO(data), "a.flows", Reading()))
    assert seen[0] == Mark(1_795_000_000_500_000, "consent", "com.example.shop", "a.flows, flow 1")
    assert [type(item) for item in seen].count(Mark) == 1
    assert len([item for item in seen if isinstance(item, Exchange)]) == 3


def test_marks_in_a_pipe_come_before_their_flow():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    seen = list(flows.read(Pipe(dump(flow(), commented("leaktap: consent"))), "a", Reading()))
    assert [type(item) for item in seen] == [Exchange, Progress, Mark, Exchange, Progress]


def test_marks_of_flows_that_are_no_http():
    made = tflow.ttcpflow()
    made.comment = "leaktap: action opens the app"
    (mark,) = [item for item in flows.read(io.BytesIO(dump(made)), "a", Reading()) if isinstance(item, Mark)]
    assert (mark.action, mark.time) == ("opens the app", round(made.client_conn.timestamp_start * 1e6))


def test_a_comment_that_is_no_mark_is_a_fault():
    seen = list(flows.read(io.BytesIO(dump(commented("leaktap: consnet"))), "a", Reading()))
    (fault,) = [item for item in seen if isinstance(item, Fault)]
    assert (fault.stage, fault.where) == ("mark", "a, flow 0")
