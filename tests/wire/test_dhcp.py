import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP

from leaktap.wire._bytes import CLIENT
from leaktap.wire.dhcp import PROTOCOL, Dhcp
from tests.wire._dns import PHONE, PHONE_MAC, datagram, read, write
from tests.wire._packets import CAPTURES, tshark
from tests.wire._traffic import context, segment

SERVER_IP = "10.0.0.1"
MAC = bytes.fromhex(PHONE_MAC.replace(":", ""))


def message(op=1, options=(), **more):
    return bytes(BOOTP(op=op, chaddr=MAC, hlen=6, xid=7, **more) / DHCP(options=[*options, "end"]))


def asked(*options):
    return message(options=[("message-type", "request"), *options])


ACK = message(2, [("message-type", "ack")], yiaddr=PHONE)


def names_of(tmp_path, *datas):
    packets = [
        datagram(data, ("0.0.0.0", 68), ("255.255.255.255", 67))
        if data[0] == 1
        else datagram(data, (SERVER_IP, 67), (PHONE, 68), "02:00:00:00:00:02")
        for data in datas
    ]
    seen, names = read(write(tmp_path / "a.pcap", packets))
    assert seen == []
    return names


NAMES = [
    ([("hostname", b"Zhangs-Phone")], "Zhangs-Phone"),
    ([("hostname", b"Zhangs-Phone\0")], "Zhangs-Phone"),
    ([("hostname", "张三的手机".encode())], "张三的手机"),
    ([("client_FQDN", b"\0\0\0zhang.example")], "zhang"),
    ([("client_FQDN", b"\x04\0\0\x05zhang\x07example\0")], "zhang"),
    ([("client_FQDN", b"\0\0\0"), ("hostname", b"other")], "other"),
    ([("client_FQDN", b"\x04\0\0")], ""),
    ([("vendor_class_id", b"android-dhcp-15")], ""),
    ([], ""),
]


@pytest.mark.parametrize(("options", "name"), NAMES)
def test_what_a_phone_calls_itself(tmp_path, options, name):
    names = names_of(tmp_path, asked(*options), ACK)
    assert (names.phone(PHONE_MAC, ""), names.phone("", PHONE)) == (name, name)


def test_the_address_that_it_asks_for(tmp_path):
    names = names_of(tmp_path, asked(("requested_addr", "10.0.0.77"), ("hostname", b"x")))
    assert names.phone("", "10.0.0.77") == "x"


def test_an_option_in_parts(tmp_path):
    names = names_of(tmp_path, asked(("hostname", b"first"), ("hostname", b"second")))
    assert names.phone(PHONE_MAC, "") == "firstsecond"


SNIFF = [
    (asked(), True),
    (ACK, True),
    (b"\x03" + asked()[1:], False),
    (asked()[:240], False),
    (asked()[:236] + bytes(20), False),
    (asked()[:2] + b"\0" + asked()[3:], False),
    (b"", False),
]


@pytest.mark.parametrize(("data", "expected"), SNIFF)
def test_sniff(data, expected):
    assert PROTOCOL.sniff(CLIENT, data) is expected


def test_what_is_no_message_is_blind():
    (blind,) = Dhcp(context(transport="udp")).feed(CLIENT, segment(b"hello"))
    assert (blind.why, blind.bytes) == ("unreadable", 5)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 60))
def test_any_options_will_do(options, cut):
    list(Dhcp(context(transport="udp")).feed(CLIENT, segment((asked()[:240] + options)[: 300 - cut])))


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
@pytest.mark.parametrize("name", ["android", "iphone"])
def test_captures_as_tshark_reads_them(name):
    path = CAPTURES / "pcap" / f"{name}.pcap"
    if not path.exists():
        pytest.skip("needs the shared captures")
    _, names = read(path)
    rows = tshark(
        path, "dhcp.hw.mac_addr", "dhcp.option.hostname", options=("-Y", "dhcp.option.hostname && dhcp.type==1")
    )
    known = {macs.partition(",")[0]: host for macs, host in rows}
    assert known and {mac: names.phone(mac, "") for mac in known} == known
