"""Writes packets and capture files by hand, and asks tshark what it makes of them."""

import ipaddress
import struct
import subprocess
from pathlib import Path

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT_MAC, SERVER_MAC = bytes.fromhex("a45046102030"), bytes.fromhex("a45046405060")
CLIENT, SERVER = "10.0.0.7", "203.0.113.9"
CAPTURES = Path(__file__).parents[3] / "shared" / "captures"


def pcap(packets, order="<", magic=0xA1B2C3D4, link=1, snaplen=262144):
    """`packets` are (time in microseconds, bytes) or (time, bytes, original length)."""
    ticks = 1000 if magic == 0xA1B23C4D else 1
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, link)]
    for time, data, *original in packets:
        out.append(struct.pack(order + "III", time // 10**6, time % 10**6 * ticks, len(data)))
        out.append(struct.pack(order + "I", *(original or [len(data)])))
        out.append(bytes(8) if magic == 0xA1B2CD34 else b"")
        out.append(data)
    return b"".join(out)


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def section(order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link=1, snaplen=0, options=b"", order="<"):
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + options, order)


def enhanced(ticks, data, interface=0, original=None, order="<", options=b""):
    original = len(data) if original is None else original
    head = struct.pack(order + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(data), original)
    return block(6, head + data + bytes(-len(data) % 4) + options, order)


def secrets(text, order="<", kind=0x544C534B):
    return block(10, struct.pack(order + "II", kind, len(text)) + text, order)


def ethernet(payload, kind=None, source=CLIENT_MAC, target=SERVER_MAC):
    if kind is None:
        kind = 0x0800 if payload[0] >> 4 == 4 else 0x86DD
    return target + source + struct.pack(">H", kind) + payload


def ip(payload, source=CLIENT, target=SERVER, protocol=6, *, ident=1, offset=0, more=False, options=b"", total=None):
    one, other = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if one.version == 6:
        return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + one.packed + other.packed + payload
    length = 20 + len(options)
    total = length + len(payload) if total is None else total
    flags = offset // 8 | (0x2000 if more else 0)
    head = struct.pack(">BBHHHBBH", 0x40 | length // 4, 0, total, ident, flags, 64, protocol, 0)
    return head + one.packed + other.packed + options + payload


def tcp(data=b"", sport=40000, dport=80, seq=0, ack=0, flags=ACK, options=b""):
    size = 20 + len(options)
    head = struct.pack(">HHIIBBHHH", sport, dport, seq % 2**32, ack % 2**32, size // 4 << 4, flags, 64240, 0, 0)
    return head + options + data


def udp(data=b"", sport=40000, dport=53, length=None):
    return struct.pack(">HHHH", sport, dport, 8 + len(data) if length is None else length, 0) + data


def tshark(path, *fields, options=()):
    """Returns a list of the fields of each packet."""
    wanted = [part for field in fields for part in ("-e", field)]
    command = ["tshark", "-r", str(path), "-o", "tcp.desegment_tcp_streams:FALSE", *options, "-T", "fields", *wanted]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [line.split("\t") for line in text.splitlines()]
