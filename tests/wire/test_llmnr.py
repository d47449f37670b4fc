import pytest
from scapy.layers.dns import DNS, DNSQR

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.llmnr import PROTOCOL
from tests.wire._dns import PHONE, answer, datagram, exchanges, query, read, record, write

ASKED = bytes(DNS(id=9, rd=0, qd=DNSQR(qname="laptop")))
TOLD = bytes(DNS(id=9, qr=1, rd=0, qd=DNSQR(qname="laptop"), an=record("laptop", "A", "10.0.0.30")))


def test_a_question_to_the_group_and_its_answer(tmp_path):
    packets = [
        datagram(ASKED, (PHONE, 50_000), ("224.0.0.252", 5355)),
        datagram(TOLD, ("10.0.0.30", 5355), (PHONE, 50_000), "02:00:00:00:00:30"),
    ]
    seen, names = read(write(tmp_path / "a.pcap", packets))
    assert [
        (one.origin.protocol, one.request.start, one.request.body, one.response is None) for one in exchanges(seen)
    ] == [
        ("llmnr", ("QUERY", "/laptop", "A"), b"", False),
        ("llmnr", ("QUERY", "/laptop", "A"), ASKED, True),
    ]
    assert (names.phone("", "10.0.0.30"), names.host("10.0.0.30")) == ("laptop", "laptop")


SNIFF = [
    (CLIENT, ASKED, True),
    (SERVER, TOLD, True),
    (SERVER, ASKED, False),
    (CLIENT, TOLD, False),
    (CLIENT, query("laptop"), False),
    (SERVER, answer("laptop"), False),
    (CLIENT, bytes(DNS(id=9, rd=0, qd=DNSQR(qname="a.example"))), False),
    (CLIENT, ASKED[:-1], False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert PROTOCOL.sniff(side, data) is expected
