"""Capture file formats: the same talk in each."""

import gzip
import struct

from tests.conformance._network import START, Capture, Ends, framed, packets, segments, timed
from tests.conformance.http1 import talk
from tests.wire._packets import block, enhanced, interface, option, pcap, secrets, section
from tests.wire._traffic import Talk


def frames():
    return timed(framed(*packet) for packet in packets(segments(talk())))


def big_endian():
    return Capture(pcap(frames(), order=">"))


def nanoseconds():
    return Capture(pcap(frames(), magic=0xA1B23C4D))


def big_endian_nanoseconds():
    return Capture(pcap(frames(), order=">", magic=0xA1B23C4D))


def modified():
    """The format of Kuznetzov's patched libpcap, with 8 more bytes per packet."""
    return Capture(pcap(frames(), magic=0xA1B2CD34))


def packed():
    return Capture(gzip.compress(pcap(frames())), suffix=".pcap.gz")


def cut_off():
    """The file ends within the last packet."""
    return Capture(pcap(frames())[:-3])


def next_generation(order="<"):
    blocks = [section(order), interface(order=order)]
    blocks += [enhanced(time, data, order=order) for time, data in frames()]
    return Capture(b"".join(blocks), suffix=".pcapng")


def next_generation_big_endian():
    return next_generation(">")


def several_interfaces():
    """Each side on an interface of its own: another link type, another resolution of time."""
    blocks = [section(), interface(), interface(link=101, options=option(9, b"\x09") + option(0, b""))]
    for number, (side, packet) in enumerate(packets(segments(talk()))):
        time = START + number * 1000
        data = packet if side else framed(side, packet)
        blocks.append(enhanced(time * 1000 if side else time, data, side))
    return Capture(b"".join(blocks), suffix=".pcapng")


def several_sections():
    """Sections in both byte orders; the second one begins within a message."""
    blocks = []
    for number, (time, data) in enumerate(frames()):
        order = "<" if number < 12 else ">"
        if number in (0, 12):
            blocks += [section(order), interface(order=order)]
        blocks.append(enhanced(time, data, order=order))
    return Capture(b"".join(blocks), suffix=".pcapng")


def simple_packets():
    """Simple Packet Blocks, which have no times."""
    blocks = [section(), interface()]
    blocks += [block(3, struct.pack("<I", len(data)) + data) for _, data in frames()]
    return Capture(b"".join(blocks), suffix=".pcapng")


def obsolete_packets():
    """Packet Blocks, which Enhanced Packet Blocks have replaced."""
    blocks = [section(), interface()]
    for time, data in frames():
        head = struct.pack("<HHIIII", 0, 0, time >> 32, time & 0xFFFFFFFF, len(data), len(data))
        blocks.append(block(2, head + data))
    return Capture(b"".join(blocks), suffix=".pcapng")


def other_blocks():
    """Name resolution, interface statistics, custom and unknown blocks, options and comments in between."""
    names = block(4, struct.pack("<HH", 1, 19) + bytes((203, 0, 113, 9)) + b"api.example.cn\0" + bytes(1) + bytes(4))
    statistics = block(5, struct.pack("<III", 0, START >> 32, START & 0xFFFFFFFF))
    others = [names, statistics, block(0x0BAD, struct.pack("<I", 64999) + b"custom"), block(0x7777, b"unknown")]
    blocks = [section(), interface(options=option(2, b"wlan0") + option(0, b""))]
    for number, (time, data) in enumerate(frames()):
        blocks.append(enhanced(time, data, options=option(1, b"a comment") + option(0, b"")))
        blocks.append(others[number % len(others)])
    return Capture(b"".join(blocks), suffix=".pcapng")


def with_secrets(first):
    tls = Talk()
    for side, data in talk():
        tls.say(side, data)
    key = secrets(tls.keylog.read_bytes())
    timings = timed(framed(*packet) for packet in packets(segments(tls.turns), Ends(ports=(40000, 443))))
    blocks = [enhanced(time, data) for time, data in timings]
    place = 0 if first else 3
    return Capture(b"".join([section(), interface(), *blocks[:place], key, *blocks[place:]]), suffix=".pcapng")


def secrets_before_the_packets():
    return with_secrets(True)


def secrets_between_the_packets():
    return with_secrets(False)


CAPTURES = (
    big_endian,
    nanoseconds,
    big_endian_nanoseconds,
    modified,
    packed,
    cut_off,
    next_generation,
    next_generation_big_endian,
    several_interfaces,
    several_sections,
    simple_packets,
    obsolete_packets,
    other_blocks,
    secrets_before_the_packets,
    secrets_between_the_packets,
)
