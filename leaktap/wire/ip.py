"""The network layer, column-wise: IPv4 and IPv6 headers with their extensions, up to the transport layer or a fragment.

Layouts: RFC 791, RFC 8200, RFC 4302. Nothing is checked against checksums, which network cards fill in later.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leaktap.wire._records import Ints, read
from leaktap.wire.links import Rows

type Words = npt.NDArray[np.uint64]
type Mask = npt.NDArray[np.bool_]

_FRAGMENT, _AUTHENTICATION = 44, 51
_EXTENSIONS = (0, 43, 60, _AUTHENTICATION, _FRAGMENT)


@dataclass(slots=True)
class Datagrams:
    """IP packets, one element per packet: `head` is where the header stands that tells of fragmentation."""

    row: Ints
    version: Ints
    protocol: Ints
    source_high: Words
    source_low: Words
    target_high: Words
    target_low: Words
    pos: Ints
    end: Ints
    full: Ints
    sender: Ints
    receiver: Ints
    fragment: Mask
    head: Ints

    def take(self, which: Ints | Mask) -> "Datagrams":
        """Returns some of the packets."""
        return Datagrams(*(getattr(self, name)[which] for name in self.__slots__))


def ipv4(data: memoryview, rows: Rows, which: Ints) -> tuple[Datagrams, Mask]:
    """Reads IPv4 headers. A total length of 0 is a packet that the sender's network card was to segment."""
    pos, full = rows.pos[which], rows.full[which]
    first = read(data, ">u1", pos)
    header = (first & 15) * 4
    total = read(data, ">u2", pos + 2)
    broken = (first >> 4 != 4) | (header < 20) | ((total < header) & (total != 0))
    full = np.where(total == 0, full, np.minimum(pos + total, full))
    none = np.zeros(len(which), np.uint64)
    datagrams = Datagrams(
        row=rows.row[which],
        version=np.full(len(which), 4),
        protocol=read(data, ">u1", pos + 9),
        source_high=none,
        source_low=read(data, ">u4", pos + 12).view(np.uint64),
        target_high=none,
        target_low=read(data, ">u4", pos + 16).view(np.uint64),
        pos=pos + header,
        end=np.minimum(rows.end[which], full),
        full=full,
        sender=rows.sender[which],
        receiver=rows.receiver[which],
        fragment=read(data, ">u2", pos + 6) & 0x3FFF != 0,
        head=pos.copy(),
    )
    if (datagrams.protocol == _AUTHENTICATION).any():
        pass_extensions(data, datagrams)
    return datagrams, broken


def ipv6(data: memoryview, rows: Rows, which: Ints) -> tuple[Datagrams, Mask]:
    """Reads IPv6 headers. A payload length of 0 is a jumbogram, or as with IPv4."""
    pos, full = rows.pos[which], rows.full[which]
    length = read(data, ">u2", pos + 4)
    full = np.where(length == 0, full, np.minimum(pos + 40 + length, full))
    words = [read(data, ">u8", pos + at).view(np.uint64) for at in (8, 16, 24, 32)]
    datagrams = Datagrams(
        row=rows.row[which],
        version=np.full(len(which), 6),
        protocol=read(data, ">u1", pos + 6),
        source_high=words[0],
        source_low=words[1],
        target_high=words[2],
        target_low=words[3],
        pos=pos + 40,
        end=np.minimum(rows.end[which], full),
        full=full,
        sender=rows.sender[which],
        receiver=rows.receiver[which],
        fragment=np.zeros(len(which), bool),
        head=pos.copy(),
    )
    pass_extensions(data, datagrams)
    return datagrams, read(data, ">u1", pos) >> 4 != 6


def pass_extensions(data: memoryview, datagrams: Datagrams) -> None:
    """Passes extension headers up to the transport layer, or to the header of a fragment (RFC 8200, section 4)."""
    for _ in range(16):
        protocol, pos = datagrams.protocol, datagrams.pos
        extended = np.isin(protocol, _EXTENSIONS) & ((datagrams.version == 6) | (protocol == _AUTHENTICATION))
        which = np.flatnonzero(extended & ~datagrams.fragment & (pos + 8 <= datagrams.end))
        if not len(which):
            break
        at, kind = pos[which], protocol[which]
        length = read(data, ">u1", at + 1)
        fragment = kind == _FRAGMENT
        step = np.where(kind == _AUTHENTICATION, length * 4 + 8, np.where(fragment, 8, length * 8 + 8))
        datagrams.protocol[which] = read(data, ">u1", at)
        datagrams.pos[which] = at + step
        datagrams.head[which] = at
        datagrams.fragment[which] = fragment & (read(data, ">u2", at + 2) & 0xFFF9 != 0)


def fragment_of(data: memoryview, head: int, version: int, protocol: int) -> tuple[int, int, bool, tuple[int, int]]:
    """Returns of a fragment the protocol, the offset, whether more follow, and what tells its datagram apart."""
    if version == 4:
        ident = int.from_bytes(data[head + 4 : head + 6])
        word = int.from_bytes(data[head + 6 : head + 8])
        return protocol, (word & 0x1FFF) * 8, bool(word & 0x2000), (protocol, ident)
    word = int.from_bytes(data[head + 2 : head + 4])
    return protocol, word & 0xFFF8, bool(word & 1), (0, int.from_bytes(data[head + 4 : head + 8]))
