"""Capture files: pcapng (draft-ietf-opsawg-pcapng) with Decryption Secrets Blocks, and pcap; Ethernet, microseconds."""

import struct
from collections.abc import Iterable
from pathlib import Path

from captures.make.packets import Packet

_ETHERNET = 1
_SECTION, _INTERFACE, _PACKET, _SECRETS = 0x0A0D0D0A, 1, 6, 10
_KEYLOG = 0x544C534B


def write_pcapng(path: Path, packets: Iterable[Packet], keylog: Iterable[bytes] = ()) -> None:
    """Writes packets; key log lines go into a Decryption Secrets Block before them."""
    lines = b"".join(line + b"\n" for line in keylog)
    with path.open("wb") as file:
        file.write(_block(_SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.write(_block(_INTERFACE, struct.pack("<HHI", _ETHERNET, 0, 0) + _option(9, b"\x06") + _option(0, b"")))
        if lines:
            file.write(_block(_SECRETS, struct.pack("<II", _KEYLOG, len(lines)) + lines))
        for packet in packets:
            size = len(packet.data)
            head = struct.pack("<IIIII", 0, packet.time >> 32, packet.time & 0xFFFFFFFF, size, size)
            file.write(_block(_PACKET, head + packet.data))


def write_pcap(path: Path, packets: Iterable[Packet]) -> None:
    """Writes packets as classic pcap."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, _ETHERNET))
        for packet in packets:
            seconds, micros = divmod(packet.time, 1_000_000)
            size = len(packet.data)
            file.write(struct.pack("<IIII", seconds, micros, size, size) + packet.data)


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
