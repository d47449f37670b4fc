"""Captures of what is no HTTP over TCP: names, configuration, telephony, messages, tunnels, proxies, QUIC."""

import struct
from collections.abc import Callable, Iterator

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DUID_LLT, DHCP6_Solicit, DHCP6OptClientFQDN, DHCP6OptClientId
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRSRV
from scapy.layers.netbios import NBNSHeader, NBNSQueryRequest, NBNSRegistrationRequest

from tests.conformance._network import CLIENT, SERVER, V6, Ends, capture, framed, packets, segments, timed
from tests.conformance.http1 import talk
from tests.wire import _pcapdroid, _quic_talks
from tests.wire._packets import ethernet, ip, pcap, udp

NAME = "www.shop.example"
HOST = b"phone-1"


def others() -> Iterator[tuple[str, bytes, str]]:
    """Yields the name, the file and the key log of each."""
    yield "datagrams", pcap(timed(datagrams())), ""
    for name, port, turns in STREAMS:
        yield name, capture(segments(turns), ends=Ends(ports=(40000, port))).data, ""
    for name, wrap in TUNNELS.items():
        yield f"tunnel-{name}", pcap(timed(wrap(packet) for _, packet in packets(segments(talk()[:4])))), ""
    timed_packets = [(time, packet, 10123) for time, (_, packet) in enumerate(packets(segments(talk()[:4])))]
    apps = {10123: ("com.example.shop", "Example Shop")}
    yield "pcapdroid", _pcapdroid.pcapng(timed_packets, apps), ""
    yield "pcapdroid-trailers", _pcapdroid.trailed(timed_packets, apps), ""
    for name in ("simple", "early data", "key updates"):
        record = _quic_talks.recorded(name)
        yield f"quic-{name.replace(' ', '-')}", record.pcap(), record.log


# Datagrams


def answer(name: str, *records: DNSRR | DNSRRSRV) -> bytes:
    """A DNS response."""
    return bytes(DNS(id=7, qr=1, ra=1, qd=DNSQR(qname=name), an=list(records)))


def record(name: str, kind: str, data: str) -> DNSRR:
    """A resource record."""
    return DNSRR(rrname=name, type=kind, rdata=data, ttl=60)


def dhcp(kind: str) -> bytes:
    """A DHCP message of a phone."""
    options = [("message-type", kind), ("hostname", HOST), ("vendor_class_id", b"android-dhcp-14"), "end"]
    return bytes(BOOTP(op=1, chaddr=bytes.fromhex("a45046102030"), xid=5) / DHCP(options=options))


INVITE = """INVITE sip:19900000001@sip.example SIP/2.0
Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK1
From: <sip:19900000002@sip.example>;tag=1
To: <sip:19900000001@sip.example>
Call-ID: 1@10.0.0.7
CSeq: 1 INVITE
Content-Type: application/sdp
Content-Length: 24

v=0
c=IN IP4 10.0.0.7
""".replace("\n", "\r\n").encode()
SEARCH = b'M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\n\r\n'
NOTIFY = b"NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\nUSN: uuid:phone-1\r\n\r\n"
SAID = [
    (53, bytes(DNS(id=7, rd=1, qd=DNSQR(qname=NAME))), 0),
    (53, answer(NAME, record(NAME, "CNAME", "cdn.example"), record("cdn.example", "A", "203.0.113.9")), 1),
    (53, bytes(DNS(id=8, rd=1, qd=DNSQR(qname=NAME, qtype="HTTPS"))), 0),
    (5353, answer("phone-1.local", record("phone-1.local", "A", "10.0.0.7")), 0),
    (5353, answer("_tcp.local", DNSRRSRV(rrname="x._tcp.local", port=80, target="phone-1.local")), 0),
    (5355, bytes(DNS(id=9, qd=DNSQR(qname="phone-1"))), 0),
    (137, bytes(NBNSHeader() / NBNSQueryRequest(QUESTION_NAME=HOST)), 0),
    (137, bytes(NBNSHeader() / NBNSRegistrationRequest(QUESTION_NAME=HOST, NB_ADDRESS="10.0.0.7")), 0),
    (67, dhcp("discover"), 0),
    (67, dhcp("request"), 0),
    (547, bytes(DHCP6_Solicit() / DHCP6OptClientId(duid=DUID_LLT()) / DHCP6OptClientFQDN(fqdn=HOST.decode())), 0),
    (1900, SEARCH, 0),
    (1900, NOTIFY, 0),
    (5060, INVITE, 0),
    (5060, INVITE.replace(b"INVITE sip:19900000001@sip.example SIP/2.0", b"SIP/2.0 200 OK"), 1),
    (9999, b'{"imei":"867530912345678"}', 0),
]


def datagrams() -> Iterator[bytes]:
    """Yields frames."""
    for port, data, side in SAID:
        ports = (port if port in (5353, 137, 67) else 40000, port)
        payload = udp(data, *(ports if side == CLIENT else ports[::-1]))
        source, target = ("10.0.0.7", "203.0.113.53") if port != 547 else V6
        ends = (source, target) if side == CLIENT else (target, source)
        yield framed(side, ip(payload, *ends, protocol=17))


# Streams


def counted(data: bytes) -> bytes:
    """A string of MQTT, or a message of DNS over TCP."""
    return len(data).to_bytes(2) + data


CONNECT = b"\x10\x20" + counted(b"MQTT") + b"\x04\xc2\0\x3c" + counted(HOST) + counted(b"user") + counted(b"secret")
PUBLISH = b"\x30\x23" + counted(b"t/phone") + b'{"imei":"867530912345678"}'
STREAMS = [
    ("mqtt", 1883, [(CLIENT, CONNECT), (SERVER, b"\x20\x02\0\0"), (CLIENT, PUBLISH), (SERVER, PUBLISH + b"\xd0\0")]),
    ("dns-tcp", 53, [(side, counted(data)) for port, data, side in SAID if port == 53]),
    ("sip-tcp", 5060, [(side, data) for port, data, side in SAID if port == 5060]),
    ("unknown", 9999, [(CLIENT, b"\x07\x00login 19900000001 867530912345678\n" * 5), (SERVER, bytes(range(256)))]),
    (
        "socks",
        1080,
        [
            (CLIENT, b"\x05\x01\x00"),
            (SERVER, b"\x05\x00"),
            (CLIENT, b"\x05\x01\x00\x03\x0cshop.example\x00\x50"),
            (SERVER, b"\x05\x00\x00\x01\0\0\0\0\0\0"),
            *talk()[:4],
        ],
    ),
    ("proxy-1", 80, [(CLIENT, b"PROXY TCP4 192.0.2.7 192.0.2.8 40000 80\r\n"), *talk()[:4]]),
    (
        "proxy-2",
        80,
        [(CLIENT, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(8) + b"\x9c\x40\0\x50"), *talk()[:4]],
    ),
]


# Tunnels


def over(protocol: int, payload: bytes) -> bytes:
    """In IP between two routers."""
    packet: bytes = ethernet(ip(payload, "192.0.2.1", "192.0.2.2", protocol))
    return packet


def port(number: int, payload: bytes) -> bytes:
    """In UDP between two routers."""
    return over(17, udp(payload, 40001, number))


TUNNELS: dict[str, Callable[[bytes], bytes]] = {
    "gre": lambda packet: over(47, b"\0\0\x08\0" + packet),
    "gre-ethernet": lambda packet: over(47, b"\x20\0\x65\x58\0\0\0\7" + ethernet(packet)),
    "ip": lambda packet: over(4, packet),
    "vxlan": lambda packet: port(4789, b"\x08\0\0\0\0\0\7\0" + ethernet(packet)),
    "geneve": lambda packet: port(6081, b"\2\0\x65\x58\0\0\7\0\1\2\1\1\0\0\0\0" + ethernet(packet)),
    "gtp": lambda packet: port(2152, struct.pack(">BBHI", 0x30, 255, len(packet), 7) + packet),
    "l2tp": lambda packet: port(1701, b"\0\2\0\7\0\x09\xff\x03\0\x21" + packet),
    "tzsp": lambda packet: port(37008, b"\1\0\0\1\1" + ethernet(packet)),
    "pppoe": lambda packet: ethernet(struct.pack(">HHHH", 0x1100, 5, len(packet) + 2, 0x21) + packet, 0x8864),
    "mpls": lambda packet: ethernet(b"\0\x06\x40\0\0\0\x31\x40" + packet, 0x8847),
    "nested": lambda packet: over(4, port(4789, b"\x08" + bytes(7) + ethernet(packet))[14:]),
}
