"""Cuts one connection out of a capture: its packets, and of the secrets those that open it, as a pcapng of its own.

Packets are chosen by addresses and ports, wherever in tunnels they stand, and by their numbers; they are copied as they
are. The secrets are those whose client random stands in the packets: a colleague who gets the cut can read this
connection and no other. Blocks: draft-ietf-opsawg-pcapng, sections 4.1 to 4.3 and 4.7.
"""

import re
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import BinaryIO

import numpy as np

from leaktap.model import Endpoint
from leaktap.wire._records import Ints
from leaktap.wire.container import Window, windows
from leaktap.wire.ip import Mask, Words
from leaktap.wire.keys import KeyLog
from leaktap.wire.packets import TCP, UDP, Columns, Packets

_SECTION, _INTERFACE, _PACKET, _SECRETS = 0x0A0D0D0A, 1, 6, 10
_KEY_LOG = 0x544C534B
_HELLO = re.compile(rb"\x16\x03[\0-\x03]..\x01...\x03[\x01-\x03](.{32})", re.DOTALL)
"""A ClientHello in a record (RFC 8446, 4.1.2 and 5.1)."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What to cut out: `transport` is tcp or udp; `frames` are numbers of packets that belong to it in any case."""

    transport: str
    client: Endpoint
    server: Endpoint
    frames: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """What was cut out: how many packets, and how many of the secrets."""

    packets: int
    secrets: int


def cut(stream: BinaryIO, name: str, keys: KeyLog, connection: Connection, target: BinaryIO) -> Cut:
    """Writes a connection of the capture in `stream`, called `name`, to `target`; secrets in it join `keys`.

    What cannot be read of the capture is left out.

    Raises:
        OSError: `target` cannot be written.
    """
    chosen = list(_choose(stream, name, keys, connection))
    lines = _secrets(keys.text(), b"".join(packet.data for packet in chosen), connection.transport)
    target.write(_block(_SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
    links = list(dict.fromkeys(packet.link for packet in chosen))
    for link in links:
        target.write(_block(_INTERFACE, struct.pack("<HHI", link, 0, 0)))
    if lines:
        text = b"".join(lines)
        target.write(_block(_SECRETS, struct.pack("<II", _KEY_LOG, len(text)) + text))
    for packet in chosen:
        time = max(packet.time, 0)
        sizes = len(packet.data), packet.original
        head = struct.pack("<IIIII", links.index(packet.link), time >> 32 & 0xFFFFFFFF, time & 0xFFFFFFFF, *sizes)
        target.write(_block(_PACKET, head + packet.data))
    return Cut(len(chosen), len(lines))


@dataclass(frozen=True, slots=True)
class _Packet:
    data: bytes
    time: int
    original: int
    link: int


def _choose(stream: BinaryIO, name: str, keys: KeyLog, connection: Connection) -> Iterator[_Packet]:
    packets = Packets(name)
    told = np.array(sorted(connection.frames), np.int64)
    for window in windows(stream, name):
        for secrets in window.secrets:
            keys.add_bytes(secrets, name)
        columns = packets.columns(window)
        frames = np.unique(np.concatenate([columns.frame[_fits(columns, connection)].astype(np.int64), told]))
        rows = frames - window.first_frame
        for row in rows[(rows >= 0) & (rows < len(window.start))].tolist():
            yield _packet(window, row)


def _packet(window: Window, row: int) -> _Packet:
    start = int(window.start[row])
    data = bytes(window.data[start : start + int(window.captured[row])])
    return _Packet(data, int(window.time[row]), int(window.original[row]), int(window.link[row]))


def _fits(columns: Columns, connection: Connection) -> Mask:
    """Tells which packets go between the two ends, either way."""
    protocol = {"tcp": TCP, "udp": UDP}.get(connection.transport, -1)
    fits: Mask = np.zeros(len(columns.frame), np.bool_)
    for one, other in ((connection.client, connection.server), (connection.server, connection.client)):
        fits |= _is(columns.source, columns.sport, one) & _is(columns.target, columns.dport, other)
    fits &= columns.protocol == protocol
    return fits


def _is(words: tuple[Words, Words], ports: Ints, end: Endpoint) -> Mask:
    try:
        high, low = divmod(int(ip_address(end.ip)), 1 << 64)
    except ValueError:
        return np.zeros(len(ports), np.bool_)
    fits: Mask = (words[0] == np.uint64(high)) & (words[1] == np.uint64(low)) & (ports == end.port)
    return fits


def _secrets(log: bytes, packets: bytes, transport: str) -> list[bytes]:
    """Returns the lines of a key log that open the packets; QUIC hides its greeting: of a log for it, all lines."""
    randoms = {found[1].hex().encode() for found in _HELLO.finditer(packets)}
    lines = log.splitlines(keepends=True)
    if transport == "udp" and not randoms:
        return lines
    return [line for line in lines if len(parts := line.split()) == 3 and parts[1] in randoms]


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size
