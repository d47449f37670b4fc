import shutil

import pytest
from scapy.layers.netbios import (
    NBNS_ADD_ENTRY,
    NBNSHeader,
    NBNSQueryRequest,
    NBNSQueryResponse,
    NBNSRegistrationRequest,
)

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire._dns_message import netbios
from leaktap.wire.nbns import PROTOCOL
from tests.wire._dns import PHONE, PHONE_MAC, datagram, exchanges, query, read, write
from tests.wire._packets import tshark

ASKED = bytes(NBNSHeader(NAME_TRN_ID=7, NM_FLAGS=0x11) / NBNSQueryRequest(SUFFIX=0x4141, QUESTION_NAME=b"LAPTOP"))
OWN = bytes(
    NBNSHeader(NAME_TRN_ID=8, OPCODE=5, NM_FLAGS=0x11)
    / NBNSRegistrationRequest(SUFFIX=0x4141, QUESTION_NAME=b"ZHANG-PC", NB_ADDRESS=PHONE)
)
TOLD = bytes(
    NBNSHeader(NAME_TRN_ID=7, RESPONSE=1, ANCOUNT=1, QDCOUNT=0)
    / NBNSQueryResponse(SUFFIX=0x4141, RR_NAME=b"LAPTOP", ADDR_ENTRY=[NBNS_ADD_ENTRY(NB_ADDRESS="10.0.0.30")])
)
BROADCAST = ("10.0.0.255", 137)


def test_names_that_are_asked_for_and_registered(tmp_path):
    path = write(tmp_path / "a.pcap", [datagram(data, (PHONE, 137), BROADCAST) for data in (ASKED, OWN)])
    seen, names = read(path)
    assert sorted((one.origin.protocol, one.host, one.request.start) for one in exchanges(seen)) == [
        ("nbns", "10.0.0.255", ("QUERY", "/LAPTOP", "NB")),
        ("nbns", "10.0.0.255", ("REGISTRATION", "/ZHANG-PC", "NB")),
    ]
    assert names.phone(PHONE_MAC, "") == names.phone("", PHONE) == "ZHANG-PC"


def test_who_answers_has_the_name(tmp_path):
    packets = [datagram(TOLD, ("10.0.0.30", 137), (PHONE, 137), "02:00:00:00:00:30")]
    seen, names = read(write(tmp_path / "a.pcap", packets))
    assert len(exchanges(seen, "nbns")) == 1 and names.phone("", "10.0.0.30") == "LAPTOP"


NAMES = [
    ("EMEBFAFEEPFACACACACACACACACACAAA", ("LAPTOP", 0)),
    ("CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ("*", 0)),
    ("EMEBFAFEEPFACACACACACACACACACABM.local", ("LAPTOP", 0x1C)),
    ("LAPTOP", ("LAPTOP", -1)),
    ("ZZ" * 16, ("ZZ" * 16, -1)),
    ("", ("", -1)),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_encoded_names(name, expected):
    assert netbios(name) == expected


SNIFF = [
    (CLIENT, ASKED, True),
    (CLIENT, OWN, True),
    (SERVER, TOLD, True),
    (CLIENT, ASKED[:-1], False),
    (CLIENT, query(), False),
    (CLIENT, query("EMEBFAFEEPFACACACACACACACACACAAA"), False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert PROTOCOL.sniff(side, data) is expected


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
def test_as_tshark_reads_it(tmp_path):
    path = write(tmp_path / "a.pcap", [datagram(data, (PHONE, 137), BROADCAST) for data in (ASKED, OWN, TOLD)])
    assert [name.partition("<")[0] for (name,) in tshark(path, "nbns.name")] == ["LAPTOP", "ZHANG-PC", "LAPTOP"]
