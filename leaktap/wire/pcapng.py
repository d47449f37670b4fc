"""The pcapng format: blocks of a type and a length, in sections that have their own byte order and interfaces.

Read are enhanced, simple and obsolete packet blocks, interface descriptions (link type, resolution and offset of the
clock) and TLS keys in decryption secrets blocks; other blocks are passed over. Source: draft-ietf-opsawg-pcapng.
"""

import struct
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from leaktap.wire._records import MOST_RECORD, Batch, Broken, Ints, read

type Ticks = npt.NDArray[np.uint64]
type Mask = npt.NDArray[np.bool_]

MAGIC = b"\x0a\x0d\x0d\x0a"

SECTION, INTERFACE, OBSOLETE, SIMPLE, ENHANCED, SECRETS = 0x0A0D0D0A, 1, 2, 3, 6, 10
TLS_KEY_LOG = 0x544C534B
OPTION_RESOLUTION, OPTION_OFFSET = 9, 14

MOST_INTERFACES = 65536
MOST_SECRETS = 64 << 20
"""How many bytes of secrets one section, or the look ahead over a whole file, may bring."""

_AHEAD = 4 << 20
_SMALLEST = {SECTION: 28, INTERFACE: 20, OBSOLETE: 32, SIMPLE: 16, ENHANCED: 32, SECRETS: 20}


def section_order(head: bytes | memoryview) -> str:
    """Returns the byte order of a section by the first 12 bytes of its header, or nothing if that is none."""
    if bytes(head[:4]) != MAGIC:
        return ""
    return {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(bytes(head[8:12]), "")


class Pcapng:
    """The walk over a pcapng file. With `secrets` false, secrets blocks are passed over (they are known already)."""

    def __init__(self, secrets: bool = True) -> None:
        """Begins before the first section."""
        self._secrets = secrets
        self._room = MOST_SECRETS
        self._order = "<"
        self._time = 0
        self._begin("<")

    def _begin(self, order: str) -> None:
        """Forgets the interfaces: a new section begins."""
        self._order = order
        self._links: list[int] = []
        self._snaplens: list[int] = []
        self._resolutions: list[int] = []
        self._offsets: list[int] = []

    def walk(self, data: memoryview, pos: int, size: int) -> Batch:
        """Returns the packets whose blocks lie whole between `pos` and `size`, of one section at most."""
        starts: list[int] = []
        secrets: list[bytes] = []
        add = starts.append
        head = struct.Struct(self._order + "II").unpack_from
        need, broken = 12, None
        while pos + 12 <= size:
            kind, length = head(data, pos)
            if kind == ENHANCED and 32 <= length <= MOST_RECORD:
                if pos + length > size:
                    need = length
                    break
                add(pos)
                pos += length
                continue
            if kind == SECTION:
                if starts:
                    need = 0
                    break
                order = section_order(data[pos : pos + 12])
                length = struct.unpack_from(order + "I", data, pos + 4)[0] if order else 0
            if length < _SMALLEST.get(kind, 12) or length > MOST_RECORD:
                broken = Broken(f"a block of type {kind:#x} claims to be {length} bytes long", pos)
                break
            if pos + length > size:
                need = length
                break
            if kind == SECTION:
                self._begin(order)
                head = struct.Struct(order + "II").unpack_from
            elif kind in (OBSOLETE, SIMPLE):
                add(pos)
            elif kind == INTERFACE:
                if len(self._links) == MOST_INTERFACES:
                    broken = Broken(f"a section has more than {MOST_INTERFACES} interfaces", pos)
                    break
                self._interface(data[pos + 8 : pos + length - 4])
            elif kind == SECRETS and self._secrets:
                found = tls_secrets(data[pos : pos + length], self._order)
                self._room -= len(found)
                if found and self._room >= 0:
                    secrets.append(found)
            pos += length
        batch = self._batch(data, starts, pos, need if broken is None else 0, broken)
        batch.secrets = secrets
        return batch

    def _interface(self, body: memoryview) -> None:
        """Takes an interface description; broken options end its list."""
        link, _, snaplen = struct.unpack_from(self._order + "HHI", body)
        resolution, offset, pos = 6, 0, 8
        while pos + 4 <= len(body):
            code, length = struct.unpack_from(self._order + "HH", body, pos)
            value = body[pos + 4 : pos + 4 + length]
            if code == 0 or len(value) < length:
                break
            if code == OPTION_RESOLUTION and length == 1:
                resolution = value[0]
            elif code == OPTION_OFFSET and length == 8:
                offset = struct.unpack(self._order + "q", value)[0]
            pos += 4 + (length + 3 & ~3)
        self._links.append(link)
        self._snaplens.append(snaplen)
        self._resolutions.append(resolution)
        self._offsets.append(offset if abs(offset) < 1 << 40 else 0)

    def _batch(self, data: memoryview, starts: list[int], end: int, need: int, broken: Broken | None) -> Batch:
        """Reads the columns of the packet blocks at `starts`, up to the first that contradicts itself."""
        wide, half = self._order + "u4", self._order + "u2"
        at = np.array(starts, np.int64)
        kind, length = read(data, wide, at), read(data, wide, at + 4)
        simple, obsolete = kind == SIMPLE, kind == OBSOLETE
        interface = np.where(simple, 0, read(data, wide, at + 8))
        interface[obsolete] = read(data, half, at[obsolete] + 8)
        begin = at + np.where(simple, 12, 28)
        room = length - np.where(simple, 16, 32)
        original = read(data, wide, np.where(simple, at + 8, at + 24))
        captured = read(data, wide, at + 20)
        known = interface < len(self._links)
        if simple.any() and self._links:
            captured[simple] = np.minimum(original[simple], self._snaplens[0] or MOST_RECORD)
            captured[simple] = np.minimum(captured[simple], room[simple])
        fine = known & (captured <= room) & (read(data, wide, at + length - 4) == length)
        if not fine.all():
            first = int(np.argmin(fine))
            end, need = starts[first], 0
            if not known[first]:
                why = f"a packet names interface {interface[first]}, which the file does not describe"
            elif captured[first] > room[first]:
                why = f"a packet claims to be {captured[first]} bytes long in a block with room for {room[first]}"
            else:
                why = "a packet's block ends with another length than it begins with"
            broken = Broken(why, end)
            at, begin, captured, original = at[:first], begin[:first], captured[:first], original[:first]
            interface, simple = interface[:first], simple[:first]
        ticks = (read(data, wide, at + 12) << 32 | read(data, wide, at + 16)).view(np.uint64)
        return Batch(
            start=begin,
            captured=captured,
            original=original,
            time=self._times(ticks, interface, simple),
            link=np.array(self._links or [0], np.int64)[interface],
            end=end,
            need=need,
            broken=broken,
        )

    def _times(self, ticks: Ticks, interface: Ints, simple: Mask) -> Ints:
        """Turns the clocks of the interfaces into microseconds; a simple packet gets the time of the one before."""
        if not len(ticks):
            return np.zeros(0, np.int64)
        resolution = np.array(self._resolutions, np.int64)[interface]
        time = np.zeros(len(ticks), np.int64)
        for code in np.unique(resolution).tolist():
            rows = resolution == code
            time[rows] = microseconds(ticks[rows], code)
        time += np.array(self._offsets, np.int64)[interface] * 1_000_000
        if simple.any():
            rows = np.where(simple, -1, np.arange(len(time)))
            before = np.maximum.accumulate(rows)
            time = np.where(before < 0, self._time, time[np.maximum(before, 0)])
        self._time = int(time[-1])
        return time


def microseconds(ticks: Ticks, resolution: int) -> Ints:
    """Returns clock readings in microseconds. The value of `if_tsresol` counts in powers of ten, or (bit 7) of two."""
    power = resolution & 0x7F
    if resolution & 0x80:
        if power > 63:
            return np.zeros(len(ticks), np.int64)
        seconds = ticks >> np.uint64(power)
        fraction = ticks & np.uint64((1 << power) - 1)
        drop = max(power - 40, 0)  # keeps the product below 64 bits
        micro = (fraction >> np.uint64(drop)) * np.uint64(1_000_000) >> np.uint64(power - drop)
        return (seconds * np.uint64(1_000_000) + micro).view(np.int64)
    if power <= 6:
        return (ticks * np.uint64(10 ** (6 - power))).view(np.int64)
    return (ticks // np.uint64(10 ** min(power - 6, 19))).view(np.int64)


def tls_secrets(block: memoryview, order: str) -> bytes:
    """Returns the TLS key log in a decryption secrets block, or nothing if it holds other secrets."""
    kind, length = struct.unpack_from(order + "II", block, 8)
    return bytes(block[16 : min(16 + length, len(block) - 4)]) if kind == TLS_KEY_LOG else b""


def secrets_ahead(stream: BinaryIO) -> list[bytes]:
    """Returns all TLS key logs of the pcapng file in `stream`, wherever they stand.

    Moves the stream. Stops at the first block that makes no sense: the walk over the packets reports that.
    """
    pos = stream.tell()
    found: list[bytes] = []
    order, want, room = "<", _AHEAD, MOST_SECRETS
    while room > 0:
        stream.seek(pos)
        data = memoryview(stream.read(want))
        head = struct.Struct(order + "II").unpack_from
        at, need = 0, 12
        while at + 12 <= len(data):
            kind, length = head(data, at)
            if kind == SECTION and (order := section_order(data[at : at + 12])):
                head = struct.Struct(order + "II").unpack_from
                length = head(data, at)[1]
            if not order or not 12 <= length <= MOST_RECORD:
                need = 0
                break
            if kind == SECRETS and length >= 20:
                if at + length > len(data):
                    need = length
                    break
                found.append(tls_secrets(data[at : at + length], order))
                room -= length
            at += length
        if not need or len(data) < want:
            break
        pos += at
        want = max(_AHEAD, need)
    return [secrets for secrets in found if secrets]
