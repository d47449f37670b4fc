"""The pcap format: a header of 24 bytes, then records of a fixed header and the packet (draft-ietf-opsawg-pcap).

Read are both byte orders, micro- and nanoseconds, and Kuznetzov's "modified" format with 8 more bytes in each record.
"""

import struct

import numpy as np

from leaktap.wire._records import MOST_PACKET, MOST_RECORD, Batch, Broken, read

MAGIC = {0xA1B2C3D4: (1, 16), 0xA1B23C4D: (1000, 16), 0xA1B2CD34: (1, 24)}
"""By magic number: how many ticks make a microsecond, and the length of a record's header."""

HEADER = 24


def order(head: bytes) -> str:
    """Returns the byte order of a pcap file by its first four bytes, or nothing if it is none."""
    for mark in "<>":
        if len(head) >= 4 and struct.unpack(mark + "I", head[:4])[0] in MAGIC:
            return mark
    return ""


class Pcap:
    """The walk over a pcap file."""

    def __init__(self, head: bytes) -> None:
        """Reads the file's header, `HEADER` bytes of a file that has an `order`."""
        self._order = order(head)
        magic, _, _, _, _, snaplen, network = struct.unpack(self._order + "IHHiIII", head)
        self._ticks, self._header = MAGIC[magic]
        self._link = network & 0xFFFF
        self._most = max(MOST_PACKET, snaplen if snaplen <= MOST_RECORD else 0)

    def walk(self, data: memoryview, pos: int, size: int) -> Batch:
        """Returns the packets whose records lie whole between `pos` and `size`."""
        header = self._header
        length = struct.Struct(self._order + "8xI").unpack_from
        starts: list[int] = []
        add = starts.append
        last = size - header
        while pos <= last:
            add(pos)
            pos += length(data, pos)[0] + header
        need = header
        if pos > size and starts:
            need = pos - starts[-1]
            pos = starts.pop()
        broken = None
        if need - header > self._most:
            broken = Broken(f"a packet claims to be {need - header} bytes long", pos)
            need = 0
        at = np.array(starts, np.int64)
        captured = read(data, self._order + "u4", at + 8)
        wrong = np.flatnonzero(captured > self._most)
        if len(wrong):
            first = int(wrong[0])
            pos, need = starts[first], 0
            broken = Broken(f"a packet claims to be {captured[first]} bytes long", pos)
            at, captured = at[:first], captured[:first]
        fraction = read(data, self._order + "u4", at + 4)
        return Batch(
            start=at + header,
            captured=captured,
            original=read(data, self._order + "u4", at + 12),
            time=read(data, self._order + "u4", at) * 1_000_000 + fraction // self._ticks,
            link=np.full(len(at), self._link, np.int64),
            end=pos,
            need=need,
            broken=broken,
        )
