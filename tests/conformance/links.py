"""Link layers and what lies between them and TCP: the same talk in each."""

import struct

from tests.conformance._network import MACS, V6, Capture, Ends, capture, framed, packets, segments, timed
from tests.conformance.http1 import ask, sized, talk, tell, wordy
from tests.wire._packets import SERVER_MAC, ip, pcap

FOUR, SIX = Ends(), Ends(ips=V6)


def made_of(number, link, ends=FOUR):
    return capture(segments(talk()), link=link, number=number, ends=ends)


def kind(packet):
    return b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"


def vlan():
    return made_of(1, lambda side, packet: framed(side, b"\x45")[:12] + b"\x81\x00\x00\x07" + kind(packet) + packet)


def two_vlans():
    tags = b"\x88\xa8\x00\x08\x81\x00\x20\x07"
    return made_of(1, lambda side, packet: framed(side, b"\x45")[:12] + tags + kind(packet) + packet, SIX)


def ethernet_padded():
    """Short packets are padded to 60 bytes."""
    return made_of(1, lambda side, packet: framed(side, packet).ljust(60, b"\0"))


def cooked_head(side, packet):
    return struct.pack(">HHH", 4 if side == 0 else 0, 1, 6) + MACS[side] + b"\0\0" + kind(packet)


def cooked():
    return made_of(113, lambda side, packet: cooked_head(side, packet) + packet)


def cooked_with_ipv6():
    return made_of(113, lambda side, packet: cooked_head(side, packet) + packet, SIX)


def cooked_2():
    def link(side, packet):
        return kind(packet) + bytes(2) + struct.pack(">IHBB", 3, 1, 4 * (side == 0), 6) + MACS[side] + b"\0\0" + packet

    return made_of(276, link)


def raw_ip():
    return made_of(101, lambda side, packet: packet)


def raw_ipv4():
    return made_of(228, lambda side, packet: packet)


def raw_ipv6():
    return made_of(229, lambda side, packet: packet, SIX)


def bsd_loopback():
    return made_of(0, lambda side, packet: struct.pack("<I", 2) + packet)


def openbsd_loopback():
    return made_of(108, lambda side, packet: struct.pack(">I", 30) + packet, SIX)


def wireless(side, packet, quality=False):
    """A data frame (IEEE 802.11, 9.3.2) from or to the access point, not encrypted."""
    control = (b"\x88" if quality else b"\x08") + (b"\x01" if side == 0 else b"\x02")
    bssid = SERVER_MAC
    addresses = bssid + MACS[0] + MACS[1] if side == 0 else MACS[0] + bssid + MACS[1]
    return control + b"\0\0" + addresses + b"\x10\0" + b"\0\0" * quality + b"\xaa\xaa\x03\0\0\0" + kind(packet) + packet


def wifi():
    return made_of(105, wireless)


def wifi_with_radiotap():
    head = b"\0\0\x0d\0" + struct.pack("<I", 0b101110) + b"\0\x0c\x6c\x09\x80"
    return made_of(127, lambda side, packet: head.ljust(13, b"\0") + wireless(side, packet, True))


def ppp():
    return made_of(9, lambda side, packet: b"\xff\x03" + (b"\0\x21" if packet[0] >> 4 == 4 else b"\0\x57") + packet)


def fragments():
    """IPv4 in fragments, some of which overtake others."""
    frames = []
    for side, packet in packets(segments(talk(), mss=900)):
        head, payload = packet[:20], packet[20:]
        pieces = [(at, payload[at : at + 400]) for at in range(0, len(payload), 400)]
        ident = struct.unpack(">H", head[4:6])[0]
        ends = (".".join(map(str, head[12:16])), ".".join(map(str, head[16:20])))
        for at, piece in pieces[::-1] if ident % 2 else pieces:
            more = at + 400 < len(payload)
            frames.append(framed(side, ip(piece, *ends, ident=ident, offset=at, more=more)))
    return Capture(pcap(timed(frames)))


def fragments_of_ipv6():
    frames = []
    for number, (side, packet) in enumerate(packets(segments(talk(), mss=900), SIX)):
        payload = packet[40:]
        for at in range(0, len(payload), 600):
            more = at + 600 < len(payload)
            extension = struct.pack(">BBHI", 6, 0, at | more, number)
            frames.append(
                framed(side, ip(extension + payload[at : at + 600], *(V6 if side == 0 else V6[::-1]), protocol=44))
            )
    return Capture(pcap(timed(frames)))


def ip_options():
    def link(side, packet):
        length = (len(packet) + 8).to_bytes(2)
        return framed(side, b"\x47" + packet[1:2] + length + packet[4:20] + b"\x94\x04\0\0" + b"\1\1\1\0" + packet[20:])

    return made_of(1, link)


def offloaded():
    """The total length is 0 where the network card cuts what the system hands it (TSO)."""
    body = wordy(2000)
    turns = [ask("POST /tso", sized(body), body=body), tell("200 OK", sized(body), body=body)]

    def link(side, packet):
        return framed(side, packet[:2] + (b"\0\0" if len(packet) > 40 else packet[2:4]) + packet[4:])

    return capture(segments(turns, mss=40_000), link=link)


CAPTURES = (
    vlan,
    two_vlans,
    ethernet_padded,
    cooked,
    cooked_with_ipv6,
    cooked_2,
    raw_ip,
    raw_ipv4,
    raw_ipv6,
    bsd_loopback,
    openbsd_loopback,
    wifi,
    wifi_with_radiotap,
    ppp,
    fragments,
    fragments_of_ipv6,
    ip_options,
    offloaded,
)
