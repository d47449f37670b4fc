"""TCP connections as packets: Ethernet, IPv4 or IPv6 and TCP headers with right checksums, segments, acknowledgements.

A `Conversation` turns bytes that a side sends at a moment into packets; `Trouble` says what the network does to them.
The packets of several conversations are merged by time (`in_order`).
"""

import random
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from ipaddress import ip_address
from itertools import count
from typing import NamedTuple

from leaktap.model import Time

CLIENT, SERVER = 0, 1
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
_OPTIONS = b"\x02\x04\x05\xb4\x01\x01\x04\x02\x01\x03\x03\x07"
"""Options of a SYN: maximum segment size 1460, selective acknowledgements, window scale 7."""


class Packet(NamedTuple):
    """A packet as the link carried it."""

    time: Time
    data: bytes


class End(NamedTuple):
    """One end of a conversation."""

    mac: str
    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to a data segment, each with a probability: sent again after 200 ms, overtaken by the one after it,
    absent from the capture though it arrived.
    """

    again: float = 0.0
    overtaken: float = 0.0
    unseen: float = 0.0


CALM = Trouble()
"""A network that does nothing to packets."""


@dataclass(slots=True)
class Conversation:
    """A TCP connection (RFC 9293). `rtt` and `gap` (between segments of one write) are in microseconds."""

    client: End
    server: End
    seed: int = 0
    trouble: Trouble = CALM
    mss: int = 1400
    rtt: int = 24_000
    gap: int = 12
    packets: list[Packet] = field(default_factory=list)
    _seq: list[int] = field(init=False)
    _link: tuple[bytes, bytes] = field(init=False)
    _addresses: tuple[bytes, bytes] = field(init=False)
    _pseudo: int = field(init=False)
    _ends: tuple[End, End] = field(init=False)
    _random: random.Random = field(init=False)
    _id: int = field(init=False)

    def __post_init__(self) -> None:
        """Works out what all headers share."""
        self._random = random.Random(self.seed)
        self._seq = [self._random.getrandbits(32), self._random.getrandbits(32)]
        self._id = self._random.getrandbits(16)
        self._ends = (self.client, self.server)
        client, server = (ip_address(end.ip).packed for end in self._ends)
        self._addresses = (client + server, server + client)
        self._pseudo = int.from_bytes(client + server) % 0xFFFF + 6
        mac = [bytes.fromhex(end.mac.replace(":", "")) for end in self._ends]
        kind = b"\x08\x00" if len(client) == 4 else b"\x86\xdd"
        self._link = (mac[1] + mac[0] + kind, mac[0] + mac[1] + kind)

    def open(self, time: Time) -> Time:
        """Writes the three-way handshake and returns when it is done, for the client."""
        self._put(time, CLIENT, SYN, b"", _OPTIONS)
        self._seq[CLIENT] += 1
        self._put(time + self.rtt, SERVER, SYN | ACK, b"", _OPTIONS)
        self._seq[SERVER] += 1
        self._put(time + self.rtt + 90, CLIENT, ACK)
        return time + self.rtt + 100

    def send(self, time: Time, side: int, data: bytes) -> Time:
        """Writes `data` as segments, every second one acknowledged, and returns when the last one has gone."""
        view = memoryview(data)
        held: Packet | None = None
        for number, at in enumerate(range(0, len(view), self.mss)):
            piece = view[at : at + self.mss]
            last = at + self.mss >= len(view)
            packet = self._packet(time, side, ACK | PSH if last else ACK, piece)
            self._seq[side] += len(piece)
            dice = self._random.random
            if dice() >= self.trouble.unseen:
                if held is None and not last and dice() < self.trouble.overtaken:
                    held = packet
                else:
                    self.packets.append(packet)
                    if held is not None:
                        self.packets.append(Packet(packet.time + 3, held.data))
                        held = None
                if dice() < self.trouble.again:
                    self.packets.append(Packet(time + 200_000, packet.data))
            if number % 2 or last:
                self._put(time + self.rtt // 2, 1 - side, ACK)
            time += self.gap
        if held is not None:
            self.packets.append(Packet(time, held.data))
        return time

    def close(self, time: Time) -> None:
        """Writes the good-byes of both sides."""
        self._put(time, CLIENT, FIN | ACK)
        self._seq[CLIENT] += 1
        self._put(time + self.rtt, SERVER, FIN | ACK)
        self._seq[SERVER] += 1
        self._put(time + self.rtt + 80, CLIENT, ACK)

    def _put(self, time: Time, side: int, flags: int, data: bytes = b"", options: bytes = b"") -> None:
        self.packets.append(self._packet(time, side, flags, memoryview(data), options))

    def _packet(self, time: Time, side: int, flags: int, data: memoryview, options: bytes = b"") -> Packet:
        mine, other = self._ends[side], self._ends[1 - side]
        size = 20 + len(options)
        tcp = struct.pack(
            ">HHIIBBHHH",
            mine.port,
            other.port,
            self._seq[side] & 0xFFFFFFFF,
            self._seq[1 - side] & 0xFFFFFFFF if flags & ACK else 0,
            size << 2,
            flags,
            64_240 if flags & SYN else 502,
            0,
            0,
        )
        tcp += options
        total = size + len(data)
        padded = bytes(data) + b"\0" if len(data) & 1 else data
        check = _fold(self._pseudo + total + int.from_bytes(tcp) % 0xFFFF + int.from_bytes(padded) % 0xFFFF)
        head = self._link[side] + self._ip(side, total) + tcp[:16] + check.to_bytes(2) + tcp[18:]
        return Packet(time, head + data)

    def _ip(self, side: int, size: int) -> bytes:
        addresses = self._addresses[side]
        hops = 64 if side == CLIENT else 52
        if len(addresses) == 32:
            return struct.pack(">IHBB", 6 << 28, size, 6, hops) + addresses
        self._id = (self._id + 1) & 0xFFFF
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + size, self._id, 0x4000, hops, 6, 0) + addresses
        return head[:10] + _fold(int.from_bytes(head) % 0xFFFF).to_bytes(2) + head[12:]


def _fold(total: int) -> int:
    """Returns the Internet checksum (RFC 1071) of data whose 16-bit words add up to `total`.

    A sum in one's complement is the sum modulo 0xFFFF, so that a big integer does what a loop over words would.
    """
    return 0xFFFF - (total % 0xFFFF)


def in_order(conversations: Iterable[Conversation]) -> Iterator[Packet]:
    """Yields all packets by time. The conversations must come by the time of their first packets: so no more of them
    are held than overlap.
    """
    waiting: list[tuple[Time, int, bytes]] = []
    number = count()
    for conversation in conversations:
        while waiting and waiting[0][0] < conversation.packets[0].time:
            time, _, data = heappop(waiting)
            yield Packet(time, data)
        for packet in conversation.packets:
            heappush(waiting, (packet.time, next(number), packet.data))
    while waiting:
        time, _, data = heappop(waiting)
        yield Packet(time, data)
