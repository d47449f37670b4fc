"""Link layers: from captured packets to where the network layer begins, what it is, and the hardware addresses.

One function per layer, over all packets of a window at once. Link types: https://www.tcpdump.org/linktypes.html.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leaktap.wire._records import Ints, read

IPV4, IPV6 = 0x0800, 0x86DD
VLAN_TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)

CONTROL, ENCRYPTED, AGGREGATED, NOT_IP, UNKNOWN_LINK = -1, -2, -3, -4, -5
"""Kinds that are no ethertypes: nothing to inspect, encrypted 802.11, A-MSDU, no IP where there must be, unknown."""

_MOST_MEMBERS = 64

NO_PACKET = -1
"""The link type of what a capture numbers among its packets though it is none."""


@dataclass(slots=True)
class Rows:
    """Packets on the way up the layers; one element per packet.

    `row` is the packet's place in its window. `pos` is where the next layer begins in the buffer, `end` where the
    captured bytes end, `full` where they would end had none been cut off; `kind` the ethertype of the next layer.
    `sender` and `receiver` are where the hardware addresses stand, -1 if nowhere.
    """

    row: Ints
    pos: Ints
    end: Ints
    full: Ints
    kind: Ints
    sender: Ints
    receiver: Ints

    def take(self, which: "Ints | npt.NDArray[np.bool_]") -> "Rows":
        """Returns copies of some of the packets."""
        return Rows(*(getattr(self, name)[which] for name in self.__slots__))

    def put(self, which: Ints, part: "Rows") -> None:
        """Replaces some of the packets."""
        for name in self.__slots__:
            getattr(self, name)[which] = getattr(part, name)


def _octet(data: memoryview, at: Ints) -> Ints:
    return read(data, ">u1", at)


def _none(rows: Rows) -> Ints:
    return np.full(len(rows.pos), -1, np.int64)


def _untag(data: memoryview, rows: Rows) -> None:
    """Passes VLAN tags and LLC/SNAP headers (IEEE 802.1Q, 802.2; RFC 1042)."""
    for _ in range(4):
        tagged = np.flatnonzero(np.isin(rows.kind, VLAN_TAGS))
        if not len(tagged):
            break
        rows.kind[tagged] = read(data, ">u2", rows.pos[tagged] + 2)
        rows.pos[tagged] += 4
    short = np.flatnonzero((rows.kind >= 0) & (rows.kind < 0x600))
    if len(short):
        _unsnap(data, rows, short)


def _unsnap(data: memoryview, rows: Rows, which: Ints) -> None:
    """Passes LLC/SNAP in front of an ethertype; any other LLC frame carries network control."""
    at = rows.pos[which]
    snap = (read(data, ">u4", at) == 0xAAAA0300) & (read(data, ">u2", at + 4) == 0)
    rows.kind[which] = np.where(snap, read(data, ">u2", at + 6), CONTROL)
    rows.pos[which] = at + 8 * snap


def ethernet(data: memoryview, rows: Rows) -> None:
    """Link type 1."""
    rows.receiver = rows.pos
    rows.sender = rows.pos + 6
    rows.kind = read(data, ">u2", rows.pos + 12)
    rows.pos = rows.pos + 14
    _untag(data, rows)


def raw(data: memoryview, rows: Rows) -> None:
    """Raw IP: the version tells which."""
    version = _octet(data, rows.pos) >> 4
    rows.kind = np.where(version == 4, IPV4, np.where(version == 6, IPV6, NOT_IP))


def cooked(data: memoryview, rows: Rows) -> None:
    """Linux cooked capture, link type 113."""
    rows.sender = np.where(read(data, ">u2", rows.pos + 4) == 6, rows.pos + 6, -1)
    rows.kind = read(data, ">u2", rows.pos + 14)
    rows.pos = rows.pos + 16
    _untag(data, rows)


def cooked2(data: memoryview, rows: Rows) -> None:
    """Linux cooked capture version 2, link type 276."""
    rows.sender = np.where(_octet(data, rows.pos + 11) == 6, rows.pos + 12, -1)
    rows.kind = read(data, ">u2", rows.pos)
    rows.pos = rows.pos + 20
    _untag(data, rows)


def loopback(data: memoryview, rows: Rows) -> None:
    """BSD loopback, link types 0 and 108: an address family in any byte order; IPv6 has a number per system."""
    family = read(data, "<u4", rows.pos)
    family = np.where(family > 0xFFFF, read(data, ">u4", rows.pos), family)
    six = np.isin(family, (10, 24, 28, 30))
    rows.kind = np.where(family == 2, IPV4, np.where(six, IPV6, NOT_IP))
    rows.pos = rows.pos + 4


def nothing(data: memoryview, rows: Rows) -> None:
    """What is no packet."""
    rows.kind = np.full(len(rows.pos), CONTROL)


def ppp(data: memoryview, rows: Rows) -> None:
    """PPP, link types 9 and 50, with or without HDLC-like framing (RFC 1662); its protocol may be one octet (RFC 1661).

    Numbers from 0x4000 on control the link.
    """
    pos = rows.pos + 2 * (read(data, ">u2", rows.pos) == 0xFF03)
    short = _octet(data, pos) & 1
    protocol = np.where(short, _octet(data, pos), read(data, ">u2", pos))
    rows.kind = np.where(protocol == 0x21, IPV4, np.where(protocol == 0x57, IPV6, NOT_IP))
    rows.kind[protocol == 0x281] = 0x8847
    rows.kind[protocol >= 0x4000] = CONTROL
    rows.pos = pos + 2 - short


def wireless(data: memoryview, rows: Rows) -> None:
    """802.11 without a header in front, link type 105."""
    _frames80211(data, rows, np.zeros(len(rows.pos), bool))


def radiotap(data: memoryview, rows: Rows) -> None:
    """802.11 behind a radiotap header, link type 127: https://www.radiotap.org/."""
    present = read(data, "<u4", rows.pos + 4)
    fields = rows.pos + 8
    more = present
    for _ in range(8):
        another = more & 1 << 31 != 0
        if not another.any():
            break
        more = np.where(another, read(data, "<u4", fields), 0)
        fields = fields + 4 * another
    stamp = (present & 1) * ((rows.pos - fields) % 8 + 8)  # TSFT, aligned to its 8 bytes
    padded = (present & 2 != 0) & (_octet(data, fields + stamp) & 0x20 != 0)
    rows.pos = np.minimum(rows.pos + read(data, "<u2", rows.pos + 2), rows.end)
    _frames80211(data, rows, padded)


def _frames80211(data: memoryview, rows: Rows, padded: npt.NDArray[np.bool_]) -> None:
    """Passes the headers of unencrypted data frames (IEEE 802.11-2020, 9.2 and 9.3.2)."""
    pos = rows.pos
    control, flags = _octet(data, pos), _octet(data, pos + 1)
    upward, downward = flags & 1 != 0, flags & 2 != 0
    quality = control & 0x80 != 0
    length = 24 + 6 * (upward & downward) + 2 * quality + 4 * (quality & (flags & 0x80 != 0))
    aggregated = quality & (_octet(data, pos + 24 + 6 * (upward & downward)) & 0x80 != 0)
    carries = control & 0x4C == 0x08
    rows.receiver = np.where(upward, pos + 16, pos + 4)
    rows.sender = np.where(downward, np.where(upward, pos + 24, pos + 16), pos + 10)
    rows.pos = pos + np.where(padded, length + 3 & ~3, length)
    rows.kind = np.where(carries, np.where(flags & 0x40, ENCRYPTED, np.where(aggregated, AGGREGATED, 0)), CONTROL)
    _unsnap(data, rows, np.flatnonzero(rows.kind == 0))


def members(data: memoryview, rows: Rows) -> Rows:
    """Returns the packets that A-MSDUs are made of (IEEE 802.11-2020, 9.3.2.2); of a very long one also the rest."""
    parts = []
    for _ in range(_MOST_MEMBERS):
        rows = rows.take((rows.pos + 14 <= rows.full) & (rows.pos <= rows.end))
        if not len(rows.row):
            break
        length = read(data, ">u2", rows.pos + 12)
        part = rows.take(np.arange(len(rows.row)))
        part.receiver, part.sender, part.pos = rows.pos, rows.pos + 6, rows.pos + 14
        part.full = np.minimum(part.pos + length, rows.full)
        part.end = np.minimum(part.full, rows.end)
        part.kind = np.where(length, 0, CONTROL)
        carries = np.flatnonzero((length > 0) & (part.pos <= part.end))
        _unsnap(data, part, carries)
        part.kind[carries[part.kind[carries] == CONTROL]] = NOT_IP
        parts.append(part)
        rows.pos = rows.pos + (14 + length + 3 & ~3)
    parts.append(rows)
    return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__slots__))


LINKS: dict[int, Callable[[memoryview, Rows], None]] = {
    NO_PACKET: nothing,
    0: loopback,
    1: ethernet,
    9: ppp,
    12: raw,
    14: raw,
    50: ppp,
    101: raw,
    105: wireless,
    108: loopback,
    113: cooked,
    127: radiotap,
    228: raw,
    229: raw,
    276: cooked2,
}
"""By link type, what passes its header: sets `pos`, `kind` and, where there are any, the hardware addresses."""


def network(data: memoryview, start: Ints, captured: Ints, original: Ints, link: Ints) -> Rows:
    """Returns the packets with their link layers passed. A `pos` beyond `end` means that the header is cut."""
    count = len(start)
    rows = Rows(np.arange(count), start, start + captured, start + original, start, start, start)
    rows.sender, rows.receiver, rows.kind = _none(rows), _none(rows), np.full(count, UNKNOWN_LINK)
    kinds = np.unique(link).tolist()
    if len(kinds) == 1:
        if kinds[0] in LINKS:
            LINKS[kinds[0]](data, rows)
        return rows
    rows.pos = start.copy()
    for kind in kinds:
        if kind in LINKS:
            which = np.flatnonzero(link == kind)
            part = rows.take(which)
            LINKS[kind](data, part)
            rows.put(which, part)
    return rows
