"""The other names of a server: what TLS, DNS and certificates tell beside the Host, the same in every process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.model import Alias
from leaktap.share import Share
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.engine import exchanges as read_shares
from leaktap.wire.keys import KeyLog
from leaktap.wire.names import Names
from leaktap.wire.tls_certificates import MOST_ALIASES, alternatives
from leaktap.wire.tls_names import names
from tests.wire._dns import PHONE, RESOLVER, answer, datagram, exchanges, query, read, record, stream, write
from tests.wire._traffic import HOST, Talk, run
from tests.wire.test_tls_certificates import made

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SERVER_IP = "203.0.113.7"
RECORDS = [
    record("www.shop.example", "CNAME", "shop.collector.example"),
    record("shop.collector.example", "CNAME", "Edge.Collector.example"),
    record("edge.collector.example", "A", SERVER_IP),
]


def get(host):
    return b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % host


def dns(asked="www.shop.example", records=RECORDS, port=40_000):
    said = (
        (query(asked), (PHONE, port), (RESOLVER, 53)),
        (answer(asked, records=records), (RESOLVER, 53), (PHONE, port)),
    )
    return [datagram(*one) for one in said]


def http(host, server=SERVER_IP):
    return stream([(0, get(host)), (1, OK)], port=80, server=server)


CHAIN = (Alias("cname", "shop.collector.example"), Alias("cname", "edge.collector.example"))


@pytest.mark.parametrize(
    ("asked", "host", "expected"),
    [
        ("www.shop.example", b"www.shop.example", CHAIN),
        ("www.shop.example", b"WWW.Shop.example:80", CHAIN),
        ("www.shop.example", b"203.0.113.7", (Alias("dns", "www.shop.example"), *CHAIN)),
        ("www.shop.example", b"", CHAIN),
        ("www.shop.example", b"other.example", (Alias("dns", "www.shop.example"),)),
        ("www.shop.example", b"shop.collector.example", (Alias("dns", "www.shop.example"), CHAIN[1])),
    ],
)
def test_what_dns_told_before(tmp_path, asked, host, expected):
    seen, _ = read(write(tmp_path / "a.pcap", dns(asked) + http(host)))
    (exchange,) = exchanges(seen, "http/1.1")
    assert exchange.aliases == expected


def test_nothing_is_told_of_what_nobody_asked_for(tmp_path):
    seen, _ = read(write(tmp_path / "a.pcap", http(b"www.shop.example") + dns()))
    assert [one.aliases for one in exchanges(seen, "http/1.1")] == [()]


def test_names_that_one_process_alone_reads_make_no_aliases():
    told = Names()
    told.learn_host(SERVER_IP, "www.shop.example", shared=False)
    told.learn_alias("www.shop.example", "edge.example", shared=False)
    assert told.aliases("www.shop.example", SERVER_IP) == told.aliases(SERVER_IP, SERVER_IP) == ()
    assert told.host(SERVER_IP) == "www.shop.example"


def test_every_share_of_a_capture_tells_the_same(tmp_path):
    packets = dns() + http(b"www.shop.example")
    for number in range(6):
        server = f"198.51.100.{number}"
        packets += dns(f"n{number}.example", [record(f"n{number}.example", "A", server)], 41_000 + number)
        packets += http(server.encode(), server)
    path = write(tmp_path / "a.pcap", packets)

    def told(share):
        with path.open("rb") as file:
            seen = list(read_shares(file, "a", KeyLog(), share=share))
        return {(one.id, one.aliases) for one in exchanges(seen, "http/1.1")}

    whole = told(Share())
    assert whole == set().union(*(told(Share(number, 3)) for number in range(3)))
    assert len(whole) == 7 and all(aliases for _, aliases in whole)


@pytest.mark.parametrize(
    ("host", "expected"),
    [(HOST.encode(), ()), (b"www.bank.example", (Alias("sni", HOST),)), (b"203.0.113.7", (Alias("sni", HOST),))],
)
def test_the_name_of_the_greeting_where_the_host_is_another(host, expected):
    talk = Talk().say(CLIENT, get(host)).say(SERVER, OK).say(CLIENT, get(host)).say(SERVER, OK)
    one, two = exchanges(run(talk.turns, talk.keys()))
    assert one.aliases == two.aliases == expected
    assert one.aliases is two.aliases


def test_a_tunnel_forgets_the_greeting_around_it():
    connect = b"CONNECT inner.example:80 HTTP/1.1\r\nHost: inner.example\r\n\r\n"
    talk = Talk().say(CLIENT, connect).say(SERVER, b"HTTP/1.1 200 OK\r\n\r\n")
    talk.say(CLIENT, get(b"inner.example")).say(SERVER, OK)
    assert [one.aliases for one in exchanges(run(talk.turns, talk.keys()))] == [(Alias("sni", HOST),), ()]


CERTIFICATE = made("shop.example", "a.example", "*.B.example", "no host", "a.example")


@pytest.mark.parametrize(
    ("certificate", "most", "expected"),
    [
        (CERTIFICATE, 8, ("a.example", "*.b.example")),
        (CERTIFICATE, 1, ("a.example",)),
        (made("x.example"), 8, ()),
        (made("x.example", *(f"{n}.example" for n in range(99))), 8, tuple(f"{n}.example" for n in range(8))),
        (b"", 8, ()),
        (CERTIFICATE[: CERTIFICATE.find(b"\x06\x03\x55\x1d\x11") + 5], 8, ()),
    ],
)
def test_alternative_names(certificate, most, expected):
    assert alternatives(certificate, most) == expected


@given(st.data())
def test_damaged_certificates_have_few_alternatives_or_none(data):
    damaged = bytearray(CERTIFICATE)
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=4)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    assert len(alternatives(cut, MOST_ALIASES)) <= MOST_ALIASES


@given(st.lists(st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,20}){1,5}", fullmatch=True), min_size=1, max_size=9))
def test_the_library_reads_the_same(hosts):
    certificate = made("", *hosts)
    assert alternatives(certificate, 99) == names(certificate)
