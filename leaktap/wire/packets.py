"""Packet headers, column-wise: from a window of captured packets to columns of TCP segments and UDP datagrams.

Every step works on all packets of the window at once: the link layer gives where the network layer begins, IPv4 and
IPv6 give addresses and where the transport layer begins, TCP and UDP the rest. Only fragments leave this path; the
datagram that they make takes the place of the last of them, as in tshark. Packets that end at none of this are counted
and become `Blind`s when the file is done, one per kind. Layouts: RFC 791, 8200, 9293, 768; IANA's protocol numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from leaktap.model import MOST_FRAMES, Blind, Time
from leaktap.wire import links
from leaktap.wire._records import SLACK, Ints, read
from leaktap.wire.container import Window
from leaktap.wire.fragments import Fragments
from leaktap.wire.ip import Datagrams, Mask, Words, fragment_of, ipv4, ipv6, pass_extensions
from leaktap.wire.links import Rows

TCP, UDP = 6, 17
FIN, SYN, RST, ACK = 1, 2, 4, 16

_ICMP, _ICMP6 = 1, 58
_SILENT_PROTOCOLS = (_ICMP, 2, 59, _ICMP6, 88, 89, 103, 112)
"""IP protocols that carry no user's data: ICMP, IGMP, none, EIGRP, OSPF, PIM, VRRP."""

_SILENT_KINDS = (links.CONTROL, 0x0806, 0x8035, 0x8808, 0x8809, 0x888E, 0x88CC, 0x88E1, 0x890D, 0x9000)
"""Network control: ARP, RARP, flow control, slow protocols, EAPOL, LLDP, HomePlug, TDLS, loopback."""

_PROTOCOL_NAMES = {4: "ip-in-ip", 41: "ipv6-in-ip", 47: "gre", 50: "esp", 115: "l2tp", 132: "sctp", 136: "udplite"}
_KIND_NAMES = {
    links.ENCRYPTED: "802.11 encrypted",
    links.AGGREGATED: "802.11 a-msdu",
    links.NOT_IP: "not ip",
    0x8847: "mpls",
    0x8863: "pppoe",
    0x8864: "pppoe",
}


@dataclass(slots=True)
class Columns:
    """The TCP segments and UDP datagrams of a window, in the order of the capture; one element per packet.

    `data` is the buffer that offsets refer to. `version` is 4 or 6; addresses are two 64-bit words, of which IPv4 fills
    the lower 32 bits of the second. `start` and `size` are the payload that was captured, `wire` is how long it was on
    the wire. `sender` and `receiver` are the offsets of the hardware addresses, -1 where there are none. `quoted`
    packets stand in an ICMP error: they have no payload, but tshark counts their connection.
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


@dataclass(slots=True)
class _Count:
    time: Time
    packets: int = 0
    bytes: int = 0
    frames: list[int] = field(default_factory=list)


class Packets:
    """The headers of one capture. Keeps fragments from window to window, and counts what it cannot read."""

    def __init__(self, name: str) -> None:
        """Begins the capture called `name`."""
        self._name = name
        self._fragments = Fragments()
        self._counts: dict[tuple[str, str], _Count] = {}

    def columns(self, window: Window) -> Columns:
        """Returns the TCP segments and UDP datagrams of a window."""
        rows = links.network(window.data, window.start, window.captured, window.original, window.link)
        self._count_others(window, rows)
        datagrams = self._ip(window, rows, False)
        data, datagrams = self._defragment(window, datagrams)
        columns = self._transport(window, data, datagrams, False)
        quotes = self._quotes(data, datagrams)
        if len(quotes.row):
            quoted = self._ip(window, quotes, True)
            quoted = quoted.take(~quoted.fragment)
            columns = _merge(columns, self._transport(window, data, quoted, True))
        return columns

    def finish(self) -> Iterator[Blind]:
        """Yields what was not read of the capture, one record per kind."""
        self._fragments.finish()
        self._count_fragments()
        for (why, protocol), count in self._counts.items():
            yield Blind(
                time=count.time,
                why=why,
                protocol=protocol,
                bytes=count.bytes,
                source=self._name,
                frames=tuple(count.frames),
                detail=f"{count.packets} packets",
            )
        self._counts.clear()

    def _count(self, why: str, protocol: str, time: Time, packets: int, size: int, frames: list[int]) -> None:
        count = self._counts.setdefault((why, protocol), _Count(time))
        count.packets += packets
        count.bytes += size
        count.frames += frames[: MOST_FRAMES - len(count.frames)]

    def _count_rows(self, window: Window, why: str, protocol: str, rows: Ints, sizes: Ints) -> None:
        """Counts packets of the window that are not read, or not wholly."""
        if len(rows):
            frames = (window.first_frame + rows[:MOST_FRAMES]).tolist()
            self._count(why, protocol, int(window.time[rows[0]]), len(rows), int(sizes.sum()), frames)

    def _count_kinds(self, window: Window, names: dict[int, str], prefix: str, kinds: Ints, rows: Ints) -> None:
        """Counts packets of protocols that are not read, by protocol."""
        numbers = np.unique(kinds)
        for number in numbers[:64].tolist():
            which = rows[kinds == number]
            name = names.get(number, f"{prefix} {number:#x}")
            self._count_rows(window, "unknown_protocol", name, which, window.original[which])
        if len(numbers) > 64:
            which = rows[kinds > numbers[63]]
            self._count_rows(window, "unknown_protocol", f"{prefix} other", which, window.original[which])

    def _count_fragments(self) -> None:
        for time, frame, size in self._fragments.given_up:
            self._count("truncated", "ip fragments", time, 1, size, [frame])
        self._fragments.given_up.clear()

    def _count_others(self, window: Window, rows: Rows) -> None:
        """Counts the packets that are no IP, or are cut before that shows."""
        cut = rows.pos > rows.end
        other = ~cut & (rows.kind != links.IPV4) & (rows.kind != links.IPV6)
        if cut.any():
            which = rows.row[cut]
            self._count_rows(window, "truncated", "link", which, window.original[which])
        if other.any():
            for link in np.unique(window.link[other & (rows.kind == links.UNKNOWN_LINK)]).tolist():
                which = rows.row[other & (window.link == link)]
                name = f"link type {link}"
                self._count_rows(window, "unknown_protocol", name, which, window.original[which])
            other &= (rows.kind != links.UNKNOWN_LINK) & ~np.isin(rows.kind, _SILENT_KINDS)
            self._count_kinds(window, _KIND_NAMES, "ethertype", rows.kind[other], rows.row[other])

    def _ip(self, window: Window, rows: Rows, quoted: bool) -> Datagrams:
        """Reads the IP headers; packets whose header is broken or cut are counted, unless they are quotes."""
        whole = rows.pos <= rows.end
        parts = []
        for kind, parse, least in ((links.IPV4, ipv4, 20), (links.IPV6, ipv6, 40)):
            which = np.flatnonzero((rows.kind == kind) & whole)
            if not len(which):
                continue
            short = rows.pos[which] + least > rows.end[which]
            found, broken = parse(window.data, rows, which)
            bad = short | broken
            if bad.any():
                if not quoted:
                    lost = which[short]
                    self._count_rows(window, "truncated", "ip", rows.row[lost], (rows.full - rows.pos)[lost])
                    lost = which[broken & ~short]
                    self._count_rows(window, "unreadable", "ip", rows.row[lost], (rows.full - rows.pos)[lost])
                found = found.take(~bad)
            parts.append(found)
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return ipv4(window.data, rows, np.zeros(0, np.int64))[0]
        joined = Datagrams(*(np.concatenate([getattr(p, name) for p in parts]) for name in Datagrams.__slots__))
        return joined.take(np.argsort(joined.row, kind="stable"))

    def _defragment(self, window: Window, datagrams: Datagrams) -> tuple[memoryview, Datagrams]:
        """Puts fragments together. Returns the buffer, with the new datagrams behind, and what is to be read of it."""
        data = window.data
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
                self._count("truncated", "ip fragments", time, 1, lost, [frame])
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

    def _transport(self, window: Window, data: memoryview, datagrams: Datagrams, quoted: bool) -> Columns:
        """Reads the TCP and UDP headers; other protocols and cut headers are counted, unless they are quotes."""
        tcp = datagrams.protocol == TCP
        known = tcp | (datagrams.protocol == UDP)
        whole = datagrams.pos + np.where(tcp, 16, 8) <= datagrams.end
        good = known & whole
        if not good.all():
            if not quoted:
                other = ~known & ~np.isin(datagrams.protocol, _SILENT_PROTOCOLS)
                self._count_kinds(
                    window, _PROTOCOL_NAMES, "ip protocol", datagrams.protocol[other], datagrams.row[other]
                )
                lost = known & ~whole
                sizes = (datagrams.full - datagrams.pos)[lost]
                self._count_rows(window, "truncated", "transport", datagrams.row[lost], sizes)
            datagrams = datagrams.take(good)
            tcp = tcp[good]
        pos, full = datagrams.pos, datagrams.full
        length = read(data, ">u2", pos + 4)
        header = np.where(tcp, (read(data, ">u1", pos + 12) >> 4) * 4, 8)
        full = np.where(~tcp & (length >= 8), np.minimum(pos + length, full), full)
        start = pos + header
        wire = np.where(tcp & (header < 20), 0, np.maximum(full - start, 0))
        size = np.clip(datagrams.end - start, 0, wire)
        if quoted:
            size, wire = np.zeros_like(size), np.zeros_like(wire)
        cut = np.flatnonzero(size < wire)
        self._count_rows(window, "truncated", "payload", datagrams.row[cut], (wire - size)[cut])
        return Columns(
            data=data,
            frame=datagrams.row + window.first_frame,
            time=window.time[datagrams.row],
            version=datagrams.version,
            protocol=datagrams.protocol,
            source=(datagrams.source_high, datagrams.source_low),
            target=(datagrams.target_high, datagrams.target_low),
            sport=read(data, ">u2", pos),
            dport=read(data, ">u2", pos + 2),
            seq=np.where(tcp, read(data, ">u4", pos + 4), 0),
            ack=np.where(tcp, read(data, ">u4", pos + 8), 0),
            flags=np.where(tcp, read(data, ">u1", pos + 13), 0),
            start=start,
            size=size,
            wire=wire,
            sender=datagrams.sender,
            receiver=datagrams.receiver,
            quoted=np.full(len(pos), quoted),
        )


_ENDS = ("version", "source_high", "source_low", "target_high", "target_low")


def _merge(first: Columns, second: Columns) -> Columns:
    """Returns the packets of both, in the order of their frames."""
    order = np.argsort(np.concatenate([first.frame, second.frame]), kind="stable")

    def join(one: npt.NDArray[np.generic], other: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.concatenate([one, other])[order]

    merged = {}
    for each in fields(Columns):
        one, other = getattr(first, each.name), getattr(second, each.name)
        if each.name == "data":
            merged[each.name] = one
        elif isinstance(one, tuple):
            merged[each.name] = tuple(map(join, one, other))
        else:
            merged[each.name] = join(one, other)
    return Columns(**merged)
