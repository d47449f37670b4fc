import shutil

import pytest
from scapy.layers.dns import DNS, DNSQR

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.mdns import PROTOCOL
from tests.wire._dns import PHONE, PHONE_MAC, datagram, exchanges, query, read, record, write
from tests.wire._packets import CAPTURES, tshark

GROUP = ("224.0.0.251", 5353)
ASKED = bytes(DNS(id=0, rd=0, qd=DNSQR(qname="_airplay._tcp.local", qtype="PTR")))


def announced(*records, **more):
    return bytes(DNS(id=0, qr=1, aa=1, rd=0, qd=[], an=list(records), **more))


OWN = announced(record("Zhangs-Phone.local", "A", PHONE), record("Zhangs-Phone.local", "AAAA", "2001:db8::9"))


def seen_of(tmp_path, *datas):
    return read(write(tmp_path / "a.pcap", [datagram(data, (PHONE, 5353), GROUP) for data in datas]))


def test_questions_and_announcements_are_what_the_phone_sends(tmp_path):
    seen, names = seen_of(tmp_path, ASKED, OWN)
    assert [(one.origin.protocol, one.host, one.request.start, one.response) for one in exchanges(seen)] == [
        ("mdns", "224.0.0.251", ("ANNOUNCE", "/Zhangs-Phone.local", "A"), None),
        ("mdns", "224.0.0.251", ("QUERY", "/_airplay._tcp.local", "PTR"), None),
    ]
    assert [one.request.body for one in exchanges(seen)] == [OWN, ASKED]
    assert names.phone(PHONE_MAC, "") == names.phone("", PHONE) == names.phone("", "2001:db8::9") == "Zhangs-Phone"
    assert names.host(PHONE) == "zhangs-phone.local"


def test_a_machine_may_speak_for_another(tmp_path):
    _, names = seen_of(tmp_path, announced(record("printer.local", "A", "10.0.0.20")))
    assert (names.phone("", "10.0.0.20"), names.phone(PHONE_MAC, "")) == ("printer", "")


def test_a_question_names_nobody(tmp_path):
    _, names = seen_of(
        tmp_path, bytes(DNS(id=0, rd=0, qd=DNSQR(qname="Other.local"), an=record("x.local", "A", PHONE)))
    )
    assert names.phone(PHONE_MAC, PHONE) == ""


SNIFF = [
    (CLIENT, ASKED, True),
    (CLIENT, OWN, True),
    (SERVER, OWN, True),
    (CLIENT, bytes(DNS(id=5, rd=0, qd=DNSQR(qname="x.local"))), True),
    (CLIENT, query(number=0), False),
    (CLIENT, query("x.local"), False),
    (CLIENT, OWN[:-1], False),
    (CLIENT, OWN + b"\0", False),
    (CLIENT, bytes(12), False),
    (CLIENT, b"\0" * 5 + b"\x01" + bytes(20), False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert PROTOCOL.sniff(side, data) is expected


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
@pytest.mark.parametrize("name", ["iphone", "android"])
def test_captures_as_tshark_reads_them(name):
    path = CAPTURES / "pcap" / f"{name}.pcap"
    if not path.exists():
        pytest.skip("needs the shared captures")
    ours = sorted(one.request.frames[0] for one in exchanges(read(path)[0], "mdns"))
    assert ours and ours == [int(number) for (number,) in tshark(path, "frame.number", options=("-Y", "mdns"))]
