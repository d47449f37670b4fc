import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dhcp6 import (
    DUID_LL,
    DUID_LLT,
    DUID_UUID,
    DHCP6_Request,
    DHCP6OptClientFQDN,
    DHCP6OptClientId,
    DHCP6OptElapsedTime,
    DHCP6OptIA_NA,
    DHCP6OptIAAddress,
)

from leaktap.wire._bytes import CLIENT
from leaktap.wire.dhcpv6 import PROTOCOL, Dhcpv6
from tests.wire._dns import PHONE_MAC, datagram, read, write
from tests.wire._traffic import context, segment

ADDRESS = "2001:db8::9"


def request(duid=None, name="zhang", *more):
    made = DHCP6_Request(trid=7) / DHCP6OptClientId(duid=duid or DUID_LL(lladdr=PHONE_MAC)) / DHCP6OptElapsedTime()
    if name:
        made /= DHCP6OptClientFQDN(fqdn=name)
    return bytes(made / DHCP6OptIA_NA(iaid=1, ianaopts=[DHCP6OptIAAddress(addr=ADDRESS)]))


@pytest.mark.parametrize("duid", [DUID_LL(lladdr=PHONE_MAC), DUID_LLT(lladdr=PHONE_MAC), DUID_UUID()])
def test_what_a_phone_calls_itself(tmp_path, duid):
    packets = [datagram(request(duid), ("fe80::9", 546), ("ff02::1:2", 547))]
    seen, names = read(write(tmp_path / "a.pcap", packets))
    assert seen == []
    assert names.phone(PHONE_MAC, "") == names.phone("", ADDRESS) == "zhang"


def test_a_name_that_another_protocol_told():
    layer = Dhcpv6(context(transport="udp"))
    layer._context.names.learn_phone(PHONE_MAC, "known")
    list(layer.feed(CLIENT, segment(request(name=""))))
    assert layer._context.names.phone("", ADDRESS) == "known"


SNIFF = [
    (request(), True),
    (request(name=""), True),
    (request()[:-1], False),
    (request() + b"\0", False),
    (b"\x0c" + request()[1:], False),
    (b"\x01\0\0\x07", False),
    (bytes(30), False),
    (b"\x01\0\0\x07\0\x08\0\x02\0\0", False),
]


@pytest.mark.parametrize(("data", "expected"), SNIFF)
def test_sniff(data, expected):
    assert PROTOCOL.sniff(CLIENT, data) is expected


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_nothing_raises(data):
    whole = bytearray(request())
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    list(Dhcpv6(context(transport="udp")).feed(CLIENT, segment(bytes(whole))))
