"""A network on paper: what two ends said becomes TCP segments, troubles befall these, and links carry them into a file.

`segments` cuts turns of (side, bytes) into segments; a trouble takes a list of segments and returns another one;
`packets` puts IP around them, and a `capture` is what a link and a file format make of the packets.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tests.wire._packets import ACK, FIN, PSH, SYN, ethernet, ip, pcap, tcp

CLIENT, SERVER = 0, 1
START = 1_763_700_000_000_000
V4 = ("10.0.0.7", "203.0.113.9")
V6 = ("2001:db8::7", "2001:db8:9::9")


@dataclass(frozen=True)
class Capture:
    """A capture file; `keys` is a key log, `options` what tshark has to be told, `suffix` how the file is called.

    Where tshark fails, `fault` says why, and it is asked about `instead`, captures of the same messages.
    """

    data: bytes
    keys: str = ""
    options: tuple[str, ...] = ()
    suffix: str = ".pcap"
    fault: str = ""
    instead: tuple["Capture", ...] = ()

    def but(self, fault: str, *instead: "Capture") -> "Capture":
        """Returns the same capture, with the reason why tshark is asked about others."""
        return replace(self, fault=fault, instead=instead)


@dataclass(frozen=True)
class Seg:
    """A TCP segment of a side."""

    side: int
    seq: int
    ack: int
    flags: int
    data: bytes = b""

    def part(self, start: int, end: int) -> "Seg":
        return replace(self, seq=self.seq + start, data=self.data[start:end])


@dataclass(frozen=True)
class Ends:
    """Addresses and ports of the client and the server."""

    ips: tuple[str, str] = V4
    ports: tuple[int, int] = (40000, 80)


def segments(turns, mss=1400, isn=(1000, 2_000_000), opened=True, closed=True):
    """The segments of a connection; every turn is acknowledged when it is over."""
    seq, made = list(isn), []

    def say(side, flags, data=b""):
        made.append(Seg(side, seq[side], seq[1 - side] if flags & ACK else 0, flags, data))
        seq[side] += len(data) + bool(flags & (SYN | FIN))

    if opened:
        say(CLIENT, SYN)
        say(SERVER, SYN | ACK)
        say(CLIENT, ACK)
    for side, data in turns:
        for at in range(0, len(data), mss):
            say(side, ACK | PSH if at + mss >= len(data) else ACK, data[at : at + mss])
        say(1 - side, ACK)
    if closed:
        say(CLIENT, FIN | ACK)
        say(SERVER, FIN | ACK)
        say(CLIENT, ACK)
    return made


# Troubles


def chosen(seed, share):
    """Says for each segment with data whether something happens to it."""
    chance = random.Random(seed)
    return lambda segment: len(segment.data) > 1 and chance.random() < share


def repeated(made, seed=1, share=0.3):
    """Some segments come again, a while later."""
    hit, out, late = chosen(seed, share), [], []
    for number, segment in enumerate(made):
        out.append(segment)
        if hit(segment):
            late.append((number + 3, segment))
        out += [again for due, again in late if due == number]
    return out


def overtaken(made, seed=2, share=0.4, by=2):
    """Some segments come behind those that were sent after them."""
    hit = chosen(seed, share)
    keyed = [(number + (by + 0.5 if hit(segment) else 0), segment) for number, segment in enumerate(made)]
    return [segment for _, segment in sorted(keyed, key=lambda pair: pair[0])]


def overlapping(made, seed=3, share=0.5):
    """Some segments bring bytes again together with new ones, as after a timeout with other boundaries."""
    hit, out = chosen(seed, share), []
    for segment in made:
        last = next((one for one in reversed(out) if one.side == segment.side and one.data), None)
        if last and hit(segment) and last.seq + len(last.data) == segment.seq:
            again = last.data[len(last.data) // 2 :]
            segment = replace(segment, seq=segment.seq - len(again), data=again + segment.data)
        out.append(segment)
    return out


def resegmented(made, seed=4, share=0.5):
    """Some segments are lost behind the capture point and come again in other pieces."""
    hit, out = chosen(seed, share), []
    for segment in made:
        out.append(segment)
        if hit(segment):
            middle = len(segment.data) // 3
            out += [segment.part(0, middle), segment.part(middle, len(segment.data))]
    return out


def without(made, *numbers):
    """The segments with data of these numbers (from 0) were not captured."""
    having = [segment for segment in made if segment.data]
    absent = {id(having[number]) for number in numbers}
    return [segment for segment in made if id(segment) not in absent]


# Links and files


def packets(made, ends=Ends(), ident=1):
    """The segments as (side, IP packet)."""
    for number, one in enumerate(made, ident):
        sport, dport = ends.ports[one.side], ends.ports[1 - one.side]
        payload = tcp(one.data, sport, dport, one.seq, one.ack, one.flags)
        yield one.side, ip(payload, ends.ips[one.side], ends.ips[1 - one.side], ident=number & 0xFFFF)


MACS = (bytes.fromhex("a45046102030"), bytes.fromhex("a45046405060"))


def framed(side, packet):
    """Ethernet."""
    return ethernet(packet, source=MACS[side], target=MACS[1 - side])


def timed(frames: Iterable[bytes], start=START, step=1000):
    """Gives frames a time each."""
    return [(start + number * step, frame) for number, frame in enumerate(frames)]


def capture(
    made,
    keys="",
    options=(),
    ends=Ends(),
    link: Callable[[int, bytes], bytes] = framed,
    number=1,
    file: Callable[..., bytes] = pcap,
    suffix=".pcap",
):
    """A capture of one connection. `number` is the link type."""
    frames = timed(link(side, packet) for side, packet in packets(made, ends))
    return Capture(file(frames, link=number), keys, tuple(options), suffix)


def merged(*connections):
    """Segments of several connections as (side, packet), one of each in turn."""
    queues = [list(packets(made, ends, 1000 * index)) for index, (made, ends) in enumerate(connections)]
    while any(queues):
        for queue in queues:
            if queue:
                yield queue.pop(0)
