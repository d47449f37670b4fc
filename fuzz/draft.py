"""A capture file in its parts: what stands in front, and its records, each with the place of the packet in it."""

import struct
from dataclasses import dataclass, field

SECTION, INTERFACE, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 3, 6


@dataclass(slots=True)
class Draft:
    """A file that is being changed. `order` is the byte order, `modern` tells pcapng from pcap."""

    head: bytes
    records: list[bytearray]
    order: str = "<"
    modern: bool = False
    extra: bytes = field(default=b"")

    @classmethod
    def of(cls, data: bytes) -> "Draft":
        """Takes a file apart, as far as that goes."""
        if data[:4] == b"\x0a\x0d\x0d\x0a":
            return cls._blocks(data)
        order = "<" if data[:1] in (b"\xd4", b"\x4d", b"\x34") else ">"
        extra = 8 if data[:4] in (b"\x34\xcd\xb2\xa1", b"\xa1\xb2\xcd\x34") else 0
        records, at = [], 24
        while at + 16 <= len(data):
            size = struct.unpack_from(order + "I", data, at + 8)[0]
            end = min(at + 16 + extra + size, len(data))
            records.append(bytearray(data[at:end]))
            at = end
        return cls(data[:24], records, order)

    @classmethod
    def _blocks(cls, data: bytes) -> "Draft":
        order = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
        records, at = [], 0
        while at + 12 <= len(data):
            size = struct.unpack_from(order + "I", data, at + 4)[0]
            end = min(at + max(size, 12), len(data))
            records.append(bytearray(data[at:end]))
            at = end
        return cls(b"", records, order, modern=True)

    def packet(self, record: bytearray) -> tuple[int, int]:
        """Returns where the packet in a record begins and ends; the same place twice if there is none."""
        if not self.modern:
            return min(16, len(record)), len(record)
        if len(record) < 32:
            return 0, 0
        kind = struct.unpack_from(self.order + "I", record)[0]
        if kind == ENHANCED:
            return 28, min(28 + struct.unpack_from(self.order + "I", record, 20)[0], len(record) - 4)
        return (12, len(record) - 4) if kind == SIMPLE else (0, 0)

    def payload(self, record: bytearray) -> tuple[int, int]:
        """Returns where the payload of TCP or UDP in a record begins and ends, as far as that is easily seen."""
        start, end = self.packet(record)
        at = self.network(record)
        if at < 0:
            return start, end
        if record[at] >> 4 == 4:
            protocol, over = record[at + 9], at + (record[at] & 15) * 4
        else:
            protocol, over = record[at + 6], at + 40
        if protocol == 6 and over + 13 <= end:
            over += (record[over + 12] >> 4) * 4
        elif protocol == 17:
            over += 8
        return (over, end) if over < end else (start, end)

    def network(self, record: bytearray) -> int:
        """Returns where IP begins in a record, -1 if that is not easily seen."""
        start, end = self.packet(record)
        for at in (14, 0, 4, 16, 18, 20, 32, 34):
            here = start + at
            if here + 40 <= end and (record[here] == 0x45 or record[here] == 0x60):
                return here
        return -1

    def resized(self, record: bytearray, at: int, drop: int, new: bytes) -> bytearray:
        """Returns a record where `new` replaces `drop` bytes of the packet, with the lengths around it put right."""
        start, end = self.packet(record)
        ip = self.network(record)
        packet = bytearray(record[start:at] + new + record[at + drop : end])
        change = len(new) - drop
        if ip >= 0:
            place = ip - start + (2 if record[ip] >> 4 == 4 else 4)
            size = struct.unpack_from(">H", packet, place)[0] + change
            struct.pack_into(">H", packet, place, size & 0xFFFF)
        if not self.modern:
            return bytearray(record[:8] + struct.pack(self.order + "II", len(packet), len(packet)) + packet)
        pad = bytes(-len(packet) % 4)
        size = start + len(packet) + len(pad) + 4
        whole = struct.pack(self.order + "I", size)
        lengths = struct.pack(self.order + "II", len(packet), len(packet))
        head = record[:4] + whole + record[8 : start - 8] + lengths
        return bytearray(head + packet + pad + whole)

    def bytes(self) -> bytes:
        """Puts the file together."""
        return self.head + b"".join(self.records) + self.extra
