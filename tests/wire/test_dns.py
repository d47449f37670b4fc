import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRROPT

from leaktap.model import Exchange
from leaktap.wire import _dns_message
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire._dns_message import BadDns, kind, parse
from leaktap.wire.dns import PROTOCOL, DnsDatagrams
from tests.wire._dns import PHONE, RESOLVER, answer, datagram, exchanges, https, query, read, record, write
from tests.wire._packets import CAPTURES, tshark
from tests.wire._traffic import context, finished, run, segment

needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
CHAIN = [
    record("www.shop.example", "CNAME", "shop.cdn.example"),
    record("shop.cdn.example", "CNAME", "edge.cdn.example"),
    record("edge.cdn.example", "A", "198.51.100.7"),
    record("edge.cdn.example", "A", "198.51.100.8"),
]


def layer():
    return DnsDatagrams(context(transport="udp", port=53))


def test_a_question_and_its_answer():
    asked, told = query(), answer(records=CHAIN)
    (one,) = exchanges(run([(CLIENT, asked), (SERVER, told)], transport="udp", port=53))
    assert (one.origin.protocol, one.scheme, one.host) == ("dns", "dns", "203.0.113.7")
    assert (one.request.start, one.request.body) == (("QUERY", "/www.shop.example", "A"), asked)
    assert (one.response.start, one.response.body) == (("dns", "0", "NOERROR"), told)
    assert (one.request.frames, one.response.frames) == ((1,), (2,))


def test_answers_find_their_questions_by_id_and_name():
    of = layer()
    made = [*of.feed(CLIENT, segment(query("a.example", "A", 1) + query("a.example", "AAAA", 1), cuts=[27]))]
    made += of.feed(CLIENT, segment(query("b.example", "A", 2), 3))
    made += of.feed(SERVER, segment(answer("B.example", "A", 2), 4))
    made += of.feed(SERVER, segment(answer("a.example", "AAAA", 1), 5))
    made += of.feed(SERVER, segment(answer("c.example", "A", 1), 6))
    made += of.close()
    found = [(one.request.start[1:], bool(one.request.body), one.response is not None) for one in finished(made)]
    assert found == [
        (("/b.example", "A"), True, True),
        (("/a.example", "AAAA"), True, True),
        (("/c.example", "A"), False, True),
        (("/a.example", "A"), True, False),
    ]


def test_questions_that_wait_are_bounded(monkeypatch):
    monkeypatch.setattr("leaktap.wire.dns._MOST_ASKED", 3)
    of = layer()
    made = [thing for number in range(5) for thing in of.feed(CLIENT, segment(query(number=number)))]
    assert len(finished(made)) == 2 and len(finished(of.close())) == 3


def test_a_repeated_question_is_an_exchange_of_its_own():
    of = layer()
    made = [*of.feed(CLIENT, segment(query() * 2, cuts=[34])), *of.feed(SERVER, segment(answer(), 3))]
    assert [one.response is not None for one in finished(made)] == [False, True]


def test_what_is_no_message_is_blind():
    of = layer()
    (blind,) = of.feed(SERVER, segment(answer()[:20]))
    assert (blind.why, blind.protocol, blind.bytes) == ("unreadable", "dns", 20)


# Names

LEARNT = [
    (CHAIN, {"198.51.100.7": "www.shop.example", "198.51.100.8": "www.shop.example"}),
    (CHAIN[::-1], {"198.51.100.8": "www.shop.example"}),
    ([record("WWW.shop.EXAMPLE", "A", "198.51.100.7")], {"198.51.100.7": "www.shop.example"}),
    ([record("www.shop.example", "AAAA", "2001:db8::7")], {"2001:db8::7": "www.shop.example"}),
    ([record("other.example", "A", "198.51.100.9")], {"198.51.100.9": "other.example"}),
    ([record("www.shop.example", "A", "0.0.0.0")], {"0.0.0.0": ""}),
    ([record("www.shop.example", "A", "127.0.0.1")], {"127.0.0.1": ""}),
    ([record("www.shop.example", "TXT", b"198.51.100.7")], {"198.51.100.7": ""}),
]


@pytest.mark.parametrize(("records", "expected"), LEARNT)
def test_addresses_are_what_was_asked_for(records, expected):
    of = layer()
    list(of.feed(SERVER, segment(answer(records=records))))
    names = of._context.names
    assert {address: names.host(address) for address in expected} == expected


def test_the_aliases_between():
    of = layer()
    list(of.feed(SERVER, segment(answer(records=CHAIN))))
    assert of._context.names.chain("www.shop.example") == ("shop.cdn.example", "edge.cdn.example")


def test_hints_of_https_records():
    of = layer()
    records = [https("www.shop.example", ["198.51.100.1", "198.51.100.2"], ["2001:db8::1"])]
    records += [https("www.shop.example", ["198.51.100.3"], target="svc.example"), https("x.example", ["198.51.100.4"])]
    list(of.feed(SERVER, segment(answer(kind="HTTPS", records=records))))
    names = of._context.names
    assert {names.host(f"198.51.100.{number}") for number in (1, 2, 3)} == {"www.shop.example"}
    assert (names.host("2001:db8::1"), names.host("198.51.100.4")) == ("www.shop.example", "x.example")
    assert names.chain("www.shop.example") == ("svc.example",)


def test_a_failure_and_a_client_teach_nothing():
    of = layer()
    list(of.feed(SERVER, segment(answer(records=CHAIN, rcode=3))))
    list(of.feed(CLIENT, segment(answer(records=CHAIN))))
    assert of._context.names.host("198.51.100.7") == ""


def test_a_later_connection_has_the_name(tmp_path):
    first, second = query(), answer(records=CHAIN)
    sent = datagram(b"imei=867530912345678", target=("198.51.100.8", 9000))
    back = datagram(second, (RESOLVER, 53), (PHONE, 40_000))
    seen, _ = read(write(tmp_path / "a.pcap", [datagram(first), back, sent]))
    assert [(one.origin.protocol, one.host) for one in exchanges(seen)] == [
        ("dns", RESOLVER),
        ("raw", "www.shop.example"),
    ]


# Recognition

SNIFF = [
    (CLIENT, query(), True),
    (CLIENT, query("example.", "NS"), True),
    (CLIENT, query(".", "NS"), True),
    (CLIENT, query(kind="HTTPS", ar=DNSRROPT(rclass=1232)), True),
    (SERVER, answer(), True),
    (SERVER, answer(records=CHAIN), True),
    (SERVER, answer(rcode=3), True),
    (SERVER, query(), False),
    (CLIENT, answer(), False),
    (CLIENT, query() + b"\0", False),
    (CLIENT, query()[:-1], False),
    (CLIENT, query()[:11], False),
    (CLIENT, b"", False),
    (CLIENT, bytes(12), False),
    (CLIENT, bytes(40), False),
    (CLIENT, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", False),
    (CLIENT, bytes(DNS(id=7, rd=1, qd=[DNSQR(qname="a.example"), DNSQR(qname="b.example")])), False),
    (CLIENT, bytes(DNS(id=0, rd=0, qd=DNSQR(qname="a.local"))), False),
    (CLIENT, bytes(DNS(id=7, rd=0, qd=DNSQR(qname="printer"))), False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert PROTOCOL.sniff(side, data) is expected


@given(st.integers(0, 1), st.binary(max_size=200))
def test_random_bytes_are_not_taken_for_dns(side, data):
    assert kind(side, data) == ""


# Messages

BAD = {
    "forward pointer": query()[:12] + b"\xc0\x20\0\1\0\1" + bytes(40),
    "pointer to itself": query()[:12] + b"\xc0\x0c\0\1\0\1",
    "label beyond the end": query()[:12] + b"\x3fabc",
    "reserved label": query()[:12] + b"\x41abc\0\0\1\0\1",
    "long name": query()[:12] + b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1",
    "many records": query()[:6] + b"\xff\xff" + query()[8:],
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_bad_messages(data):
    with pytest.raises(BadDns):
        parse(data)


def test_a_chain_of_pointers_costs_no_more_than_its_bytes():
    body, at = b"", 12
    for index in range(3000):
        pointer = (0xC000 | (at - 13 if index else 0)).to_bytes(2) if index else b"\0"
        name = b"\x01a" + pointer
        body += name + b"\0\1\0\1" + bytes(4) + b"\0\0"
        at += len(name) + 10
    data = bytes(6) + (3000).to_bytes(2) + bytes(4) + body
    with pytest.raises(BadDns):
        parse(data)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nothing_but_bad_dns_is_raised(data):
    whole = bytearray(answer(records=[*CHAIN, https("www.shop.example", ["198.51.100.1"], ["2001:db8::1"])]))
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    of = layer()
    list(of.feed(SERVER, segment(bytes(whole[: data.draw(st.integers(1, len(whole)))]))))
    list(of.close())


# As tshark reads it


def ours(seen):
    rows = []
    for one in exchanges(seen, "dns"):
        name, what = one.request.start[1][1:], one.request.start[2]
        rows += [(message.frames[0], name, what) for message in (one.request, one.response) if message and message.body]
    return sorted(rows)


def theirs(path):
    rows = tshark(path, "frame.number", "dns.qry.name", "dns.qry.type", options=("-Y", "dns and not mdns"))
    return sorted((int(number), name, _dns_message._TYPES[int(kind)]) for number, name, kind in rows)


@needs_tshark
@pytest.mark.parametrize("name", ["android", "iphone", "netflix", "instagram", "ocs", "conncheck"])
def test_captures_as_tshark_reads_them(name):
    path = CAPTURES / "pcap" / f"{name}.pcap"
    if not path.exists():
        pytest.skip("needs the shared captures")
    seen, names = read(path)
    assert ours(seen) and ours(seen) == theirs(path)
    rows = tshark(path, "dns.qry.name", "dns.a", options=("-Y", "dns.a and not mdns and dns.flags.rcode == 0"))
    told = {(address, asked.lower()) for asked, answers in rows for address in answers.split(",")}
    assert {(address, names.host(address)) for address, _ in told} <= told


@needs_tshark
def test_what_scapy_writes_as_tshark_reads_it(tmp_path):
    made = []
    for number, (name, what) in enumerate([("a.example", "A"), ("_x._tcp.b.example", "SRV"), ("c.example", "HTTPS")]):
        made.append(datagram(query(name, what, number)))
        made.append(datagram(answer(name, what, number), (RESOLVER, 53), (PHONE, 40_000)))
    path = write(tmp_path / "a.pcap", made)
    seen, _ = read(path)
    assert ours(seen) == theirs(path) and len(ours(seen)) == 6
    assert all(isinstance(one, Exchange) for one in seen if not hasattr(one, "bytes"))
