"""The pcapng format: blocks of a type and a length, in sections that have their own byte order and interfaces.

Read are enhanced, simple and obsolete packet blocks, interface descriptions (link type, resolution and offset of the
clock), TLS keys in decryption secrets blocks, name resolution blocks, comments, and PCAPdroid's custom blocks; other
blocks are passed over. Those that tshark numbers among the packets count as packets of no link. Source:
draft-ietf-opsawg-pcapng.
"""

import struct

import numpy as np
import numpy.typing as npt

from leaktap.marks import SIGN
from leaktap.wire._records import MOST_RECORD, Batch, Broken, Comment, Ints, read
from leaktap.wire.links import NO_PACKET
from leaktap.wire.names import Names
from leaktap.wire.pcapdroid import ENTERPRISE, comment_uids, learn_app
from leaktap.wire.pcapng_names import learn_names
from leaktap.wire.pcapng_options import comments, options, packet_comments

type Ticks = npt.NDArray[np.uint64]
type Mask = npt.NDArray[np.bool_]

MAGIC = b"\x0a\x0d\x0d\x0a"

SECTION, INTERFACE, OBSOLETE, SIMPLE, NAMES, ENHANCED, JOURNAL, SECRETS = 0x0A0D0D0A, 1, 2, 3, 4, 6, 9, 10
CUSTOM, CUSTOM_FIXED = 0x0BAD, 0x40000BAD
"""A custom block, and one that is not to be copied where its contents are not understood."""
TLS_KEY_LOG = 0x544C534B
OPTION_RESOLUTION, OPTION_OFFSET = 9, 14

MOST_INTERFACES = 65536
MOST_SECRETS = 64 << 20
"""How many bytes of secrets one section, or the look ahead over a whole file, may bring."""

_SMALLEST = {
    SECTION: 28,
    INTERFACE: 20,
    OBSOLETE: 32,
    SIMPLE: 16,
    ENHANCED: 32,
    SECRETS: 20,
    CUSTOM: 16,
    CUSTOM_FIXED: 16,
}
_OPTIONS = {SECTION: 16, INTERFACE: 8}
"""Where the options begin in the bodies of blocks."""
_NUMBERED = (OBSOLETE, SIMPLE, JOURNAL, CUSTOM, CUSTOM_FIXED)

_NONE = np.zeros(0, np.int64)


def section_order(head: bytes | memoryview) -> str:
    """Returns the byte order of a section by the first 12 bytes of its header, or nothing if that is none."""
    if bytes(head[:4]) != MAGIC:
        return ""
    return {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(bytes(head[8:12]), "")


class Pcapng:
    """The walk over a pcapng file. Names in it are learnt.

    With `asides` false, what is not of packets and their apps (secrets, names, comments) is passed over: it is known.
    """

    def __init__(self, names: Names, asides: bool = True) -> None:
        """Begins before the first section."""
        self._names, self._asides = names, asides
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
        starts, batch = self.hop(data, pos, size)
        self.read(data, starts, batch)
        return batch

    def hop(self, data: memoryview, pos: int, size: int) -> tuple[list[int], Batch]:
        """Returns where the blocks of the packets begin that `walk` returns, and a batch with all but the packets."""
        starts: list[int] = []
        batch = Batch(_NONE, _NONE, _NONE, _NONE, _NONE, pos, 0)
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
            elif kind == INTERFACE and len(self._links) == MOST_INTERFACES:
                broken = Broken(f"a section has more than {MOST_INTERFACES} interfaces", pos)
                break
            if kind in _NUMBERED:
                add(pos)
            self._take(kind, data[pos + 8 : pos + length - 4], batch)
            pos += length
        batch.end, batch.need, batch.broken = pos, need if broken is None else 0, broken
        return starts, batch

    def optioned(self, data: memoryview, starts: list[int]) -> bool:
        """Tells whether any of the packet blocks at `starts`, which lie whole in `data`, may have options."""
        at = np.array(starts, np.int64)
        at = at[at + 32 <= len(data)]
        wide = self._order + "u4"
        return bool((read(data, wide, at + 4) - 32 > (read(data, wide, at + 20) + 3 & ~3)).any())

    def _take(self, kind: int, body: memoryview, batch: Batch) -> None:
        """Takes a block that is no packet."""
        if kind == INTERFACE:
            self._interface(body)
        if not self._asides:
            return
        if kind == SECRETS:
            found = tls_secrets(body, self._order)
            self._room -= len(found)
            if found and self._room >= 0:
                batch.secrets.append(found)
        elif kind == NAMES:
            learn_names(body, self._order, self._names)
        elif kind in (CUSTOM, CUSTOM_FIXED) and struct.unpack_from(self._order + "I", body)[0] == ENTERPRISE:
            learn_app(body[4:], self._order, self._names)
        elif kind in (SECTION, INTERFACE):
            whose = "its section" if kind == SECTION else f"interface {len(self._links) - 1}"
            told = comments(body[_OPTIONS[kind] :], self._order)
            batch.comments += [Comment(text, -1, whose) for text in told]

    def _interface(self, body: memoryview) -> None:
        """Takes an interface description; broken options end its list."""
        link, _, snaplen = struct.unpack_from(self._order + "HHI", body)
        resolution, offset = 6, 0
        for code, value in options(body[_OPTIONS[INTERFACE] :], self._order):
            if code == OPTION_RESOLUTION and len(value) == 1:
                resolution = value[0]
            elif code == OPTION_OFFSET and len(value) == 8:
                offset = struct.unpack(self._order + "q", value)[0]
        self._links.append(link)
        self._snaplens.append(snaplen)
        self._resolutions.append(resolution)
        self._offsets.append(offset if abs(offset) < 1 << 40 else 0)

    def read(self, data: memoryview, starts: list[int], batch: Batch) -> None:
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
        timeless = simple | (kind != ENHANCED) & ~obsolete
        none = timeless & ~simple
        if none.any():
            begin[none] = at[none] + np.where(kind[none] == JOURNAL, 8, 12)
            captured[none] = original[none] = room[none] = (at + length - 4 - begin)[none]
            known |= none
        fine = known & (captured <= room) & (read(data, wide, at + length - 4) == length)
        if not fine.all():
            first = int(np.argmin(fine))
            batch.end, batch.need = starts[first], 0
            if not known[first]:
                why = f"a packet names interface {interface[first]}, which the file does not describe"
            elif captured[first] > room[first]:
                why = f"a packet claims to be {captured[first]} bytes long in a block with room for {room[first]}"
            else:
                why = "a packet's block ends with another length than it begins with"
            batch.broken = Broken(why, batch.end)
            at, begin, captured, original = at[:first], begin[:first], captured[:first], original[:first]
            interface, timeless, none, length = interface[:first], timeless[:first], none[:first], length[:first]
        interface[none] = 0
        ticks = (read(data, wide, at + 12) << 32 | read(data, wide, at + 16)).view(np.uint64)
        batch.start, batch.captured, batch.original = begin, captured, original
        batch.time = self._times(ticks, interface, timeless)
        batch.link = np.where(none, NO_PACKET, np.array(self._links or [0], np.int64)[interface])
        self._read_options(data, begin + (captured + 3 & ~3), at + length - 4, ~timeless, batch)

    def _read_options(self, data: memoryview, at: Ints, end: Ints, has: Mask, batch: Batch) -> None:
        """Reads the comments of packets whose options lie from `at` to before `end`, where they have any."""
        some = np.flatnonzero(has & (at + 4 < end))
        if not len(some):
            return
        row, at, length = packet_comments(data, self._order, at[some], end[some])
        ours, uid = comment_uids(data, at, length)
        if ours.any():
            batch.uid = np.full(len(has), -1, np.int64)
            batch.uid[some[row[ours]]] = uid[ours]
        if self._asides:
            for place in np.flatnonzero(~ours & (length > len(SIGN))).tolist():
                text = bytes(data[at[place] : at[place] + length[place]])
                if SIGN in text:
                    batch.comments.append(Comment(text.decode("utf-8", "replace"), int(some[row[place]])))

    def _times(self, ticks: Ticks, interface: Ints, timeless: Mask) -> Ints:
        """Turns the clocks of the interfaces into microseconds; a packet without time gets that of the one before."""
        if not len(ticks):
            return np.zeros(0, np.int64)
        resolution = np.array(self._resolutions or [6], np.int64)[interface]
        time = np.zeros(len(ticks), np.int64)
        for code in np.unique(resolution).tolist():
            rows = resolution == code
            time[rows] = microseconds(ticks[rows], code)
        time += np.array(self._offsets or [0], np.int64)[interface] * 1_000_000
        if timeless.any():
            rows = np.where(timeless, -1, np.arange(len(time)))
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


def tls_secrets(body: memoryview, order: str) -> bytes:
    """Returns the TLS key log in the body of a secrets block, or nothing if it holds other secrets."""
    kind, length = struct.unpack_from(order + "II", body)
    return bytes(body[8 : 8 + length]) if kind == TLS_KEY_LOG else b""
