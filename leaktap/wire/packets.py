"""Packet headers, column-wise: from a window of captured packets to columns of TCP segments and UDP datagrams.

Every step works on all packets of the window at once: the link layer gives where the network layer begins, IPv4 and
IPv6 give addresses and where the transport layer begins, TCP and UDP the rest. What tunnels carry and ICMP errors quote
goes the same way once more, and joins the columns behind what carried it. Only fragments leave this path; the datagram
that they make takes the place of the last of them, as in tshark. Packets that end at none of this are counted and
become `Blind`s when the file is done, one per kind. Layouts: RFC 791, 8200, 9293, 768; IANA's protocol numbers.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from leaktap.model import Blind
from leaktap.wire import links, tunnels
from leaktap.wire._records import SLACK, Ints, read
from leaktap.wire.container import Window
from leaktap.wire.fragments import Fragments
from leaktap.wire.ip import Datagrams, Mask, Words, fragment_of, ipv4, ipv6, pass_extensions
from leaktap.wire.links import Rows
from leaktap.wire.tally import Tally

TCP, UDP = 6, 17
FIN, SYN, RST, ACK = 1, 2, 4, 16

_ICMP, _ICMP6 = 1, 58
_SILENT_PROTOCOLS = (_ICMP, 2, 59, _ICMP6, 88, 89, 103, 112)
"""IP protocols that carry no user's data: ICMP, IGMP, none, EIGRP, OSPF, PIM, VRRP."""

_SILENT_KINDS = (links.CONTROL, 0x0806, 0x8035, 0x8808, 0x8809, 0x8863, 0x888E, 0x88CC, 0x88E1, 0x890D, 0x9000)
"""Network control: ARP, RARP, flow control, slow protocols, PPPoE discovery, EAPOL, LLDP, HomePlug, TDLS, loopback."""

_PROTOCOL_NAMES = {
    4: "ip-in-ip",
    41: "ipv6-in-ip",
    47: "gre",
    50: "esp",
    94: "ip-in-ip",
    97: "etherip",
    115: "l2tp",
    132: "sctp",
    136: "udplite",
    137: "mpls",
}
_KIND_NAMES = {
    links.ENCRYPTED: "802.11 encrypted",
    links.AGGREGATED: "802.11 a-msdu",
    links.NOT_IP: "not ip",
    0x22EB: "erspan",
    0x8847: "mpls",
    0x8848: "mpls",
    0x8864: "pppoe",
    0x88BE: "erspan",
}

_MOST_NESTED = 8
"""How deep packets may stand in packets."""


@dataclass(slots=True)
class Columns:
    """The TCP segments and UDP datagrams of a window, in the order of the capture; one element per packet.

    `data` is the buffer that offsets refer to. `version` is 4 or 6; addresses are two 64-bit words, of which IPv4 fills
    the lower 32 bits of the second. `start` and `size` are the payload that was captured, `wire` is how long it was on
    the wire. `sender` and `receiver` are the offsets of the hardware addresses, -1 where there are none. `quoted`
    packets stand in an ICMP error: they have no payload, but tshark counts their connection. The same is true of UDP
    datagrams that carry a packet, which is there too. `uid` is as in the window.
    """

    data: memoryview
    frame: Ints
    time: Ints
    version: Ints
    protocol: Ints
    source: tuple[Words, Words]
    target: tuple[Words, Words]
    sport: Ints
    dport: Ints
    seq: Ints
    ack: Ints
    flags: Ints
    start: Ints
    size: Ints
    wire: Ints
    sender: Ints
    receiver: Ints
    quoted: Mask
    uid: Ints | None = None


class Packets:
    """The headers of one capture. Keeps fragments from window to window, and counts what it cannot read."""

    def __init__(self, name: str) -> None:
        """Begins the capture called `name`."""
        self._fragments = Fragments()
        self._tally = Tally(name)

    def columns(self, window: Window) -> Columns:
        """Returns the TCP segments and UDP datagrams of a window."""
        data = window.data
        rows = links.network(data, window.start, window.captured, window.original, window.link)
        found, waiting = [], deque([(rows, 0, False)])
        while waiting:
            rows, depth, quoted = waiting.popleft()
            if depth > _MOST_NESTED:
                self._tally.rows(window, "limit", "tunnels", rows.row, rows.full - rows.pos)
                continue
            data, columns, inside = self._read(window, data, rows, depth, quoted)
            found.append(columns)
            waiting += [(inner, depth + 1, quote) for inner, quote in inside if len(inner.row)]
        return found[0] if len(found) == 1 else _merge(data, found)

    def finish(self) -> Iterator[Blind]:
        """Yields what was not read of the capture, one record per kind."""
        self._fragments.finish()
        self._count_fragments()
        yield from self._tally.finish()

    def _read(
        self, window: Window, data: memoryview, rows: Rows, depth: int, quoted: bool
    ) -> tuple[memoryview, Columns, list[tuple[Rows, bool]]]:
        """Reads packets from the network layer on.

        Returns the buffer, which may have grown, what there is of TCP and UDP, and the packets inside of these packets
        with whether they are quoted. Of quotes nothing is counted that cannot be read.
        """
        inside: list[tuple[Rows, bool]] = []
        strange = bool(((rows.kind != links.IPV4) & (rows.kind != links.IPV6)).any())
        if strange:
            rows = tunnels.by_kind(data, rows)
            many = rows.kind == links.AGGREGATED
            if many.any():
                inside.append((links.members(data, rows.take(many)), quoted))
                rows = rows.take(~many)
        if not quoted:
            self._count_others(window, rows, depth, strange)
        datagrams = self._ip(window, rows, data, quoted)
        if quoted:
            datagrams = datagrams.take(~datagrams.fragment)
        else:
            data, datagrams = self._defragment(window, data, datagrams)
        known = (datagrams.protocol == TCP) | (datagrams.protocol == UDP)
        if not known.all():
            rest, datagrams = datagrams.take(~known), datagrams.take(known)
            inner, carry = tunnels.over_ip(data, rest)
            inside.append((inner, quoted))
            if not quoted:
                inside.append((self._quotes(data, rest), True))
                self._count_protocols(window, rest.take(~carry), depth)
        columns, carried = self._transport(window, data, datagrams, quoted)
        if carried is not None:
            inside.append((carried, quoted))
        return data, columns, inside

    def _count_fragments(self) -> None:
        for time, frame, size in self._fragments.given_up:
            self._tally.add("truncated", "ip fragments", time, 1, size, [frame])
        self._fragments.given_up.clear()

    def _count_others(self, window: Window, rows: Rows, depth: int, strange: bool) -> None:
        """Counts the packets that are no IP (there are none unless `strange`), or are cut before that shows."""
        cut = rows.pos > rows.end
        if cut.any():
            sizes = rows.full - np.minimum(rows.pos, rows.end) if depth else window.original[rows.row]
            self._tally.rows(window, "truncated", "tunnels" if depth else "link", rows.row[cut], sizes[cut])
        if strange:
            other = ~cut & (rows.kind != links.IPV4) & (rows.kind != links.IPV6)
            sizes = rows.full - rows.pos if depth else window.original[rows.row]
            for link in np.unique(window.link[rows.row[other & (rows.kind == links.UNKNOWN_LINK)]]).tolist():
                which = other & (window.link[rows.row] == link)
                name = f"link type {link}"
                self._tally.rows(window, "unknown_protocol", name, rows.row[which], sizes[which])
            other &= (rows.kind != links.UNKNOWN_LINK) & ~np.isin(rows.kind, _SILENT_KINDS)
            self._tally.kinds(window, _KIND_NAMES, "ethertype", rows.kind[other], rows.row[other], sizes[other])

    def _count_protocols(self, window: Window, datagrams: Datagrams, depth: int) -> None:
        """Counts the IP packets of other protocols."""
        rest = datagrams.take(~np.isin(datagrams.protocol, _SILENT_PROTOCOLS))
        sizes = np.maximum(rest.full - rest.pos, 0) if depth else window.original[rest.row]
        self._tally.kinds(window, _PROTOCOL_NAMES, "ip protocol", rest.protocol, rest.row, sizes)

    def _ip(self, window: Window, rows: Rows, data: memoryview, quoted: bool) -> Datagrams:
        """Reads the IP headers; packets whose header is broken or cut are counted, unless they are quotes."""
        whole = rows.pos <= rows.end
        parts = []
        for kind, parse, least in ((links.IPV4, ipv4, 20), (links.IPV6, ipv6, 40)):
            which = np.flatnonzero((rows.kind == kind) & whole)
            if not len(which):
                continue
            short = rows.pos[which] + least > rows.end[which]
            found, broken = parse(data, rows, which)
            bad = short | broken
            if bad.any():
                if not quoted:
                    lost = which[short]
                    self._tally.rows(window, "truncated", "ip", rows.row[lost], (rows.full - rows.pos)[lost])
                    lost = which[broken & ~short]
                    self._tally.rows(window, "unreadable", "ip", rows.row[lost], (rows.full - rows.pos)[lost])
                found = found.take(~bad)
            parts.append(found)
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return ipv4(data, rows, np.zeros(0, np.int64))[0]
        joined = Datagrams(*(np.concatenate([getattr(p, name) for p in parts]) for name in Datagrams.__slots__))
        return joined.take(np.argsort(joined.row, kind="stable"))

    def _defragment(self, window: Window, data: memoryview, datagrams: Datagrams) -> tuple[memoryview, Datagrams]:
        """Puts fragments together. Returns the buffer, with the new datagrams behind, and what is to be read of it."""
        if not datagrams.fragment.any():
            return data, datagrams
        extra: list[bytes] = []
        keep = ~datagrams.fragment
        tail = len(data)
        for i in np.flatnonzero(datagrams.fragment).tolist():
            row, pos, end = int(datagrams.row[i]), int(datagrams.pos[i]), int(datagrams.end[i])
            frame, time = window.first_frame + row, int(window.time[row])
            if end < datagrams.full[i]:
                lost = int(datagrams.full[i]) - pos
                self._tally.add("truncated", "ip fragments", time, 1, lost, [frame])
                continue
            head = int(datagrams.head[i])
            protocol, offset, more, ident = fragment_of(
                data, head, int(datagrams.version[i]), int(datagrams.protocol[i])
            )
            key = (ident, *(int(getattr(datagrams, name)[i]) for name in _ENDS))
            whole = self._fragments.add(key, protocol, offset, more, bytes(data[pos:end]), time, frame)
            if whole is not None:
                extra.append(whole.data)
                keep[i] = True
                datagrams.pos[i] = tail
                tail += len(whole.data)
                datagrams.end[i] = datagrams.full[i] = tail
                datagrams.protocol[i] = whole.protocol
                datagrams.fragment[i] = False
        self._count_fragments()
        if extra:
            data = memoryview(b"".join([data, *extra, bytes(SLACK)]))
            pass_extensions(data, datagrams)
        return data, datagrams.take(keep & ~datagrams.fragment)

    def _quotes(self, data: memoryview, datagrams: Datagrams) -> Rows:
        """Returns the IP packets that stand in ICMP errors (RFC 792, RFC 4443)."""
        which = np.flatnonzero((datagrams.protocol == _ICMP) | (datagrams.protocol == _ICMP6))
        which = which[datagrams.pos[which] + 8 < datagrams.end[which]]
        kind = read(data, ">u1", datagrams.pos[which])
        six = datagrams.version[which] == 6
        which = which[np.where(six, (kind > 0) & (kind < 5), np.isin(kind, (3, 4, 5, 11, 12)))]
        pos, none = datagrams.pos[which] + 8, np.full(len(which), -1, np.int64)
        rows = Rows(datagrams.row[which], pos, datagrams.end[which], datagrams.full[which], none, none, none)
        links.raw(data, rows)
        return rows

    def _transport(
        self, window: Window, data: memoryview, datagrams: Datagrams, quoted: bool
    ) -> tuple[Columns, Rows | None]:
        """Reads the TCP and UDP headers; returns also what UDP carries. Cut headers of quotes are no loss."""
        tcp = datagrams.protocol == TCP
        whole = datagrams.pos + np.where(tcp, 16, 8) <= datagrams.end
        if not whole.all():
            if not quoted:
                sizes = (datagrams.full - datagrams.pos)[~whole]
                self._tally.rows(window, "truncated", "transport", datagrams.row[~whole], sizes)
            datagrams, tcp = datagrams.take(whole), tcp[whole]
        pos, full = datagrams.pos, datagrams.full
        length = read(data, ">u2", pos + 4)
        header = np.where(tcp, (read(data, ">u1", pos + 12) >> 4) * 4, 8)
        full = np.where(~tcp & (length >= 8), np.minimum(pos + length, full), full)
        start = pos + header
        wire = np.where(tcp & (header < 20), 0, np.maximum(full - start, 0))
        size = np.clip(datagrams.end - start, 0, wire)
        sport, dport = read(data, ">u2", pos), read(data, ">u2", pos + 2)
        udp = np.flatnonzero(~tcp)
        udp = udp[tunnels.on_port(sport[udp], dport[udp])]
        inner = None
        if len(udp):
            payloads = _payloads(datagrams.take(udp), start[udp], size[udp], wire[udp])
            inner, carry = tunnels.over_udp(data, payloads, sport[udp], dport[udp])
            size[udp[carry]] = wire[udp[carry]] = 0
        if quoted:
            size, wire = np.zeros_like(size), np.zeros_like(wire)
        cut = np.flatnonzero(size < wire)
        self._tally.rows(window, "truncated", "payload", datagrams.row[cut], (wire - size)[cut])
        columns = Columns(
            data=data,
            frame=datagrams.row + window.first_frame,
            time=window.time[datagrams.row],
            version=datagrams.version,
            protocol=datagrams.protocol,
            source=(datagrams.source_high, datagrams.source_low),
            target=(datagrams.target_high, datagrams.target_low),
            sport=sport,
            dport=dport,
            seq=np.where(tcp, read(data, ">u4", pos + 4), 0),
            ack=np.where(tcp, read(data, ">u4", pos + 8), 0),
            flags=np.where(tcp, read(data, ">u1", pos + 13), 0),
            start=start,
            size=size,
            wire=wire,
            sender=datagrams.sender,
            receiver=datagrams.receiver,
            quoted=np.full(len(pos), quoted),
            uid=None if window.uid is None else window.uid[datagrams.row],
        )
        return columns, inner


def _payloads(datagrams: Datagrams, start: Ints, size: Ints, wire: Ints) -> Rows:
    """Returns what UDP datagrams carry as packets, of kinds that nobody knows yet."""
    none = np.full(len(start), tunnels.OPAQUE)
    return Rows(datagrams.row, start, start + size, start + wire, none, datagrams.sender, datagrams.receiver)


_ENDS = ("version", "source_high", "source_low", "target_high", "target_low")


def _merge(data: memoryview, parts: list[Columns]) -> Columns:
    """Returns the packets of all parts in the order of their frames, what was carried behind what carried it."""
    order = np.lexsort([np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "frame")])

    def join(columns: Sequence[npt.NDArray[np.generic]]) -> npt.NDArray[np.generic]:
        return np.concatenate(columns)[order]

    merged: dict[str, Any] = {"data": data}
    for each in fields(Columns)[1:]:
        columns = [getattr(part, each.name) for part in parts]
        if columns[0] is None:
            continue
        tuples = isinstance(columns[0], tuple)
        merged[each.name] = tuple(map(join, zip(*columns, strict=True))) if tuples else join(columns)
    return Columns(**merged)
