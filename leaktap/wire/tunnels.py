"""Tunnels, column-wise: from packets that carry packets to where those begin, and what they are.

A tunnel's header is passed like a link layer's, all packets of a window at once; what it carries is named by its
ethertype and starts anew at the network layer. What does not fit its tunnel stays what it was. Sources: GRE RFC 2784,
2890, 2637; ERSPAN draft-foschiano-erspan-03; IP in IP RFC 2003, 4213; EtherIP RFC 3378; MPLS RFC 3032, 4023, 4385,
4448, 4928, 7510; PPPoE RFC 2516; L2TP RFC 2661; VXLAN RFC 7348; VXLAN-GPE draft-ietf-nvo3-vxlan-gpe-13; Geneve
RFC 8926; Teredo RFC 4380; GTP-U 3GPP TS 29.281; TZSP as Wireshark reads it (packet-tzsp.c).
"""

from collections.abc import Callable

import numpy as np

from leaktap.wire import links
from leaktap.wire._records import Ints, read
from leaktap.wire.ip import Datagrams, Mask
from leaktap.wire.links import Rows

type Handler = Callable[[memoryview, Rows], None]

OPAQUE = -6
"""The kind of what a tunnel's header does not fit."""

_MPLS, _MPLS_MULTICAST, _PPPOE, _PPP, _BRIDGED, _ERSPAN, _ERSPAN3 = (
    0x8847,
    0x8848,
    0x8864,
    0x880B,
    0x6558,
    0x88BE,
    0x22EB,
)
_MOST_HEADERS = 8
_MOST_LABELS = 16
_MOST_OPTIONS = 16
_INNER_KINDS = (links.IPV4, links.IPV6, *links.VLAN_TAGS, 0x0806, _MPLS, _MPLS_MULTICAST, 0x8863, _PPPOE)
"""Ethertypes by which an Ethernet frame is told from anything else."""


def _step(rows: Rows, by: Ints | int) -> None:
    """Moves on, but not so far that reading there would leave the buffer."""
    rows.pos = np.minimum(rows.pos + by, rows.end + 1)


def _limit(rows: Rows, length: Ints) -> None:
    """Ends packets where a tunnel's header says; `length` counts from `pos`."""
    rows.full = np.minimum(rows.full, rows.pos + length)
    rows.end = np.minimum(rows.end, rows.full)


def _require(rows: Rows, fits: Mask) -> None:
    rows.kind = np.where(fits, rows.kind, OPAQUE)


def _ip(data: memoryview, rows: Rows) -> None:
    """IP of the version that its first half octet says."""
    links.raw(data, rows)
    _require(rows, (rows.kind != links.NOT_IP) | (rows.pos >= rows.end))


# Over IP


def _gre(data: memoryview, rows: Rows) -> None:
    """GRE, and the PPTP kind of it (version 1), which carries PPP behind a sequence number."""
    flags, kind = read(data, ">u2", rows.pos), read(data, ">u2", rows.pos + 2)
    version, key, sequence = flags & 7, flags & 0x2000 != 0, flags & 0x1000 != 0
    plain = (version == 0) & (flags & 0x4000 == 0)
    pptp = (version == 1) & (kind == _PPP) & key
    rows.kind = np.where((kind == _ERSPAN) & ~sequence, _BRIDGED, kind)
    checksum, acknowledged = plain & (flags & 0x8000 != 0), pptp & (flags & 0x80 != 0)
    _step(rows, 4 + 4 * (checksum * 1 + key + sequence + acknowledged))
    rows.kind[pptp & ~sequence] = links.CONTROL
    _require(rows, (plain & ((kind >= 0x600) | (rows.pos == rows.full))) | pptp)


def _etherip(data: memoryview, rows: Rows) -> None:
    rows.kind = np.where(read(data, ">u2", rows.pos) == 0x3000, _BRIDGED, OPAQUE)
    _step(rows, 2)


def _bridged(data: memoryview, rows: Rows) -> None:
    rows.kind[:] = _BRIDGED


# Over UDP


def _vxlan(data: memoryview, rows: Rows) -> None:
    """VXLAN: a network identifier must be there; the group policy extension may be."""
    flags = read(data, ">u1", rows.pos)
    fits = (flags & 0x7F == 8) & (read(data, ">u1", rows.pos + 7) == 0)
    rows.kind = np.where(fits, _BRIDGED, OPAQUE)
    _step(rows, 8)


def _vxlan_gpe(data: memoryview, rows: Rows) -> None:
    flags, following = read(data, ">u1", rows.pos), read(data, ">u1", rows.pos + 3)
    kinds = np.array([OPAQUE, links.IPV4, links.IPV6, _BRIDGED, OPAQUE, _MPLS])
    rows.kind = np.where(following < len(kinds), kinds[np.minimum(following, len(kinds) - 1)], OPAQUE)
    _require(rows, flags & 0x3C == 0x0C)
    _step(rows, 8)


def _geneve(data: memoryview, rows: Rows) -> None:
    first, reserved = read(data, ">u1", rows.pos), read(data, ">u1", rows.pos + 1) & 0x3F
    rows.kind = read(data, ">u2", rows.pos + 2)
    _require(rows, (first >> 6 == 0) & (reserved == 0) & (read(data, ">u1", rows.pos + 7) == 0))
    _step(rows, 8 + (first & 0x3F) * 4)


def _gtp(data: memoryview, rows: Rows) -> None:
    """GTP-U version 1: a G-PDU, behind its extension headers."""
    flags, length = read(data, ">u1", rows.pos), read(data, ">u2", rows.pos + 2)
    fits = (flags & 0xF0 == 0x30) & (read(data, ">u1", rows.pos + 1) == 0xFF) & (rows.pos + 8 + length <= rows.full)
    _limit(rows, length + 8)
    following = np.where(flags & 4, read(data, ">u1", rows.pos + 11), 0)
    _step(rows, np.where(flags & 7, 12, 8))
    for _ in range(_MOST_OPTIONS):
        more = (following != 0) & (rows.pos < rows.end)
        if not more.any():
            break
        size = read(data, ">u1", rows.pos) * 4 * more
        fits &= ~more | (size > 0)
        _step(rows, size)
        following = np.where(more, read(data, ">u1", np.maximum(rows.pos - 1, 0)), following)
    _ip(data, rows)
    _require(rows, fits & ((following == 0) | (rows.pos >= rows.end)))


def _l2tp(data: memoryview, rows: Rows) -> None:
    """L2TP version 2, its data messages."""
    flags, length = read(data, ">u2", rows.pos), read(data, ">u2", rows.pos + 2)
    has_length = flags & 0x4000 != 0
    rows.kind = np.where(flags & 0x800F == 2, _PPP, OPAQUE)
    _require(rows, ~has_length | (length >= 8) & (rows.pos + length <= rows.full))
    _limit(rows, np.where(has_length, length, 0xFFFF))
    _step(rows, 6 + 2 * has_length + 4 * (flags & 0x800 != 0))
    _step(rows, np.where(flags & 0x200, 2 + read(data, ">u2", rows.pos), 0))


def _teredo(data: memoryview, rows: Rows) -> None:
    """Teredo, behind its authentication and its origin."""
    sizes = read(data, ">u1", rows.pos + 2) + read(data, ">u1", rows.pos + 3)
    _step(rows, np.where(read(data, ">u2", rows.pos) == 1, sizes + 13, 0))
    _step(rows, np.where(read(data, ">u2", rows.pos) == 0, 8, 0))
    rows.kind = np.where(read(data, ">u1", rows.pos) >> 4 == 6, links.IPV6, OPAQUE)
    _require(rows, rows.pos + 40 <= rows.full)


def _tzsp(data: memoryview, rows: Rows) -> None:
    """TZSP, with which access points send on the Ethernet frames that they sniff."""
    fits = (read(data, ">u1", rows.pos) == 1) & (read(data, ">u1", rows.pos + 1) < 2)
    fits &= read(data, ">u2", rows.pos + 2) == 1
    _step(rows, 4)
    more = fits.copy()
    for _ in range(_MOST_OPTIONS):
        tag = read(data, ">u1", rows.pos)
        _step(rows, more * np.where(tag < 2, 1, 2 + read(data, ">u1", rows.pos + 1)))
        more &= (tag != 1) & (rows.pos < rows.end)
        if not more.any():
            break
    rows.kind = np.where(fits & ~more, _BRIDGED, OPAQUE)


# By ethertype


def _mpls(data: memoryview, rows: Rows) -> None:
    """A stack of labels. What is below tells by its first half octet, or is Ethernet with or without a control word."""
    more = np.ones(len(rows.pos), bool)
    for _ in range(_MOST_LABELS):
        bottom = read(data, ">u1", rows.pos + 2) & 1 != 0
        _step(rows, 4 * more)
        more &= ~bottom & (rows.pos < rows.end)
        if not more.any():
            break
    half, rest = read(data, ">u1", rows.pos) >> 4, rows.full - rows.pos
    short = read(data, ">u1", rows.pos) & 15
    four = (half == 4) & (short >= 5) & (read(data, ">u2", rows.pos + 2) <= rest)
    six = (half == 6) & (read(data, ">u2", rows.pos + 4) + 40 <= rest)
    frame = np.isin(read(data, ">u2", rows.pos + 12), _INNER_KINDS)
    controlled = (half == 0) & ~frame & np.isin(read(data, ">u2", rows.pos + 16), _INNER_KINDS)
    _step(rows, 4 * controlled)
    rows.kind = np.where(four, links.IPV4, np.where(six, links.IPV6, OPAQUE))
    rows.kind[~four & ~six & (frame | controlled)] = _BRIDGED
    rows.kind[(half == 1) & ~frame] = links.CONTROL
    _require(rows, ~more)


def _pppoe(data: memoryview, rows: Rows) -> None:
    fits = read(data, ">u2", rows.pos) == 0x1100
    length = read(data, ">u2", rows.pos + 4)
    rows.kind = np.where(fits, _PPP, OPAQUE)
    _limit(rows, length + 6)
    _step(rows, 6)


def _erspan(data: memoryview, rows: Rows) -> None:
    """ERSPAN type II; type I has no header at all."""
    rows.kind = np.where(read(data, ">u1", rows.pos) >> 4 == 1, _BRIDGED, OPAQUE)
    _step(rows, 8)


def _erspan3(data: memoryview, rows: Rows) -> None:
    fits = (read(data, ">u1", rows.pos) >> 4 == 2) & (read(data, ">u1", rows.pos + 10) & 0x7C == 0)
    rows.kind = np.where(fits, _BRIDGED, OPAQUE)
    _step(rows, 12 + 8 * (read(data, ">u1", rows.pos + 11) & 1))


KINDS: dict[int, Handler] = {
    _MPLS: _mpls,
    _MPLS_MULTICAST: _mpls,
    _PPPOE: _pppoe,
    _PPP: links.ppp,
    _BRIDGED: links.ethernet,
    _ERSPAN: _erspan,
    _ERSPAN3: _erspan3,
}
PROTOCOLS: dict[int, Handler] = {4: _ip, 41: _ip, 47: _gre, 94: _ip, 97: _etherip, 137: _mpls, 143: _bridged}
PORTS: dict[int, Handler] = {
    1701: _l2tp,
    2152: _gtp,
    3544: _teredo,
    4789: _vxlan,
    4790: _vxlan_gpe,
    6081: _geneve,
    6635: _mpls,
    8472: _vxlan,
    37008: _tzsp,
}
"""By ethertype, IP protocol and UDP port, what passes a tunnel's header: sets `pos`, `kind` and where packets end."""

_IS_KIND = tuple(KINDS)
_IS_PROTOCOL = np.isin(np.arange(256), tuple(PROTOCOLS))
_IS_PORT = np.isin(np.arange(65536), tuple(PORTS))


def _pass(data: memoryview, rows: Rows, what: Ints, handlers: dict[int, Handler]) -> Mask:
    """Passes the header that `what` says of each packet; returns which packets had it. The others stay as they were."""
    passed = np.zeros(len(what), bool)
    for number in np.unique(what).tolist():
        which = np.flatnonzero(what == number)
        part = rows.take(which)
        handlers[number](data, part)
        good = (part.kind != OPAQUE) & (part.pos <= part.full)
        part.kind[part.pos == part.full] = links.CONTROL
        rows.put(which[good], part.take(good))
        passed[which[good]] = True
    return passed


def by_kind(data: memoryview, rows: Rows) -> Rows:
    """Returns the packets with what their ethertypes say passed, as far as it is a tunnel."""
    rows = rows.take(np.arange(len(rows.row)))
    which = np.arange(len(rows.row))
    for _ in range(_MOST_HEADERS):
        which = which[np.isin(rows.kind[which], _IS_KIND) & (rows.pos[which] < rows.end[which])]
        if not len(which):
            break
        part = rows.take(which)
        passed = _pass(data, part, part.kind.copy(), KINDS)
        rows.put(which, part)
        which = which[passed]
    return rows


def over_ip(data: memoryview, datagrams: Datagrams) -> tuple[Rows, Mask]:
    """Returns the packets that IP packets carry, and which ones do."""
    which = np.flatnonzero(_IS_PROTOCOL[datagrams.protocol] & (datagrams.pos < datagrams.end))
    some = datagrams.take(which)
    kinds = np.full(len(which), OPAQUE)
    rows = Rows(some.row, some.pos, some.end, some.full, kinds, some.sender, some.receiver)
    return _carried(data, rows, some.protocol, PROTOCOLS, which, len(datagrams.row))


def on_port(sport: Ints, dport: Ints) -> Mask:
    """Returns which UDP datagrams may carry a packet, by their ports."""
    return _IS_PORT[dport] | _IS_PORT[sport]


def over_udp(data: memoryview, rows: Rows, sport: Ints, dport: Ints) -> tuple[Rows, Mask]:
    """Returns the packets that UDP datagrams on such ports carry, and which ones do. `rows` are their payloads."""
    which = np.flatnonzero(rows.pos + 8 <= rows.end)
    ports = np.where(_IS_PORT[dport[which]], dport[which], sport[which])
    return _carried(data, rows.take(which), ports, PORTS, which, len(rows.row))


def _carried(
    data: memoryview, rows: Rows, what: Ints, handlers: dict[int, Handler], which: Ints, count: int
) -> tuple[Rows, Mask]:
    passed = _pass(data, rows, what, handlers)
    carry = np.zeros(count, bool)
    carry[which[passed]] = True
    return rows.take(passed), carry
