"""Captures of golden cases as another network would have shown them: their packets read, changed and written anew."""

import random
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from tests.wire import _packets, _pcapdroid

_PACKET, _SECRETS = 6, 10


class Packet(NamedTuple):
    """A frame and its time in microseconds; `uid` is that of the app, where PCAPdroid knew it."""

    time: int
    frame: bytes
    uid: int | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """Packets by time, and the secrets beside them; `apps` are (package, name) by user id."""

    packets: tuple[Packet, ...]
    keylog: bytes = b""
    apps: tuple[tuple[int, tuple[str, str]], ...] = ()


def read(path: Path) -> Capture:
    """Reads a capture that `captures.make` wrote."""
    data = path.read_bytes()
    packets, keylog = [], b""
    if path.suffix == ".pcap":
        at = 24
        while at < len(data):
            seconds, micros, size = struct.unpack_from("<III", data, at)
            packets.append(Packet(seconds * 1_000_000 + micros, data[at + 16 : at + 16 + size]))
            at += 16 + size
        return Capture(tuple(packets))
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == _PACKET:
            high, low, length = struct.unpack_from("<III", data, at + 12)
            packets.append(Packet(high << 32 | low, data[at + 28 : at + 28 + length]))
        elif kind == _SECRETS:
            (length,) = struct.unpack_from("<I", data, at + 12)
            keylog += data[at + 16 : at + 16 + length]
        at += size
    return Capture(tuple(packets), keylog)


def write(capture: Capture, path: Path) -> None:
    """Writes a capture as pcapng."""
    blocks = [_packets.section(), _packets.interface()]
    blocks += [_pcapdroid.uid_map(uid, *app) for uid, app in capture.apps]
    blocks += [_packets.secrets(capture.keylog)] * bool(capture.keylog)
    for time, frame, uid in capture.packets:
        said = b"" if uid is None else _pcapdroid.uid_comment(uid)
        blocks.append(_packets.enhanced(time, frame, options=said))
    path.write_bytes(b"".join(blocks))


def together(one: Capture, other: Capture) -> Capture:
    """Returns a capture of what two saw."""
    packets = sorted((*one.packets, *other.packets), key=lambda packet: packet.time)
    return Capture(tuple(packets), one.keylog + other.keylog, one.apps + other.apps)


def of_app(capture: Capture, uid: int, package: str, name: str) -> Capture:
    """Returns the capture as PCAPdroid takes it of one app."""
    packets = tuple(packet._replace(uid=uid) for packet in capture.packets)
    return replace(capture, packets=packets, apps=((uid, (package, name)),))


def troubled(capture: Capture, seed: int) -> Capture:
    """Returns the capture with segments cut in two that overtake each other, overtaken by the next, or sent again."""
    dice = random.Random(seed)
    packets: list[Packet] = []
    held: Packet | None = None
    for packet in capture.packets:
        pieces = _halves(packet.frame) if dice.random() < 0.7 else [packet.frame]
        moved = [Packet(packet.time + place, piece) for place, piece in enumerate(reversed(pieces))]
        if held is not None:
            moved.append(Packet(packet.time + len(moved), held.frame))
            held = None
        elif len(pieces) > 1 and dice.random() < 0.3:
            held = moved.pop(0)
        if len(pieces) > 1 and dice.random() < 0.2:
            moved.append(Packet(packet.time + dice.randrange(1_000, 200_000), dice.choice(pieces)))
        packets += moved
    packets += [held] if held is not None else []
    return replace(capture, packets=tuple(sorted(packets, key=lambda packet: packet.time)))


def _halves(frame: bytes) -> list[bytes]:
    """Returns the two segments that a segment of TCP could have been, or the frame where it carries nothing."""
    version = frame[14] >> 4
    tcp = 14 + (20 if version == 4 else 40)
    body = tcp + (frame[tcp + 12] >> 4) * 4
    end = 14 + int.from_bytes(frame[16:18]) if version == 4 else tcp + int.from_bytes(frame[18:20])
    size = end - body
    if size < 2:
        return [frame]
    cut = body + size // 2
    return [_segment(frame, tcp, body, begin, stop) for begin, stop in ((body, cut), (cut, end))]


def _segment(frame: bytes, tcp: int, body: int, begin: int, stop: int) -> bytes:
    """Returns the segment that has the bytes from `begin` to `stop`; its checksums are left to the network card."""
    new = bytearray(frame[:body] + frame[begin:stop])
    sequence = int.from_bytes(frame[tcp + 4 : tcp + 8]) + begin - body
    new[tcp + 4 : tcp + 8] = (sequence & 0xFFFFFFFF).to_bytes(4)
    new[tcp + 16 : tcp + 18] = bytes(2)
    if frame[14] >> 4 == 4:
        new[16:18] = (len(new) - 14).to_bytes(2)
        new[24:26] = bytes(2)
    else:
        new[18:20] = (len(new) - tcp).to_bytes(2)
    return bytes(new)
