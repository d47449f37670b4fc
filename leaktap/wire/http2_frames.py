"""HTTP/2 frames of one direction, cut out of its bytes (RFC 9113, section 4).

DATA is handed on as it comes, since a frame may have 16 MB; every other frame is whole. A gap is stepped over where it
lies in DATA: elsewhere the next frame's begin and the state of the header compression are lost with it.
"""

import struct
from typing import NamedTuple

from leaktap.wire._bytes import CLIENT, Segment
from leaktap.wire._intake import Intake
from leaktap.wire.http2_headers import MOST_BLOCK

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, PRIORITIZED, ACK = 0x1, 0x4, 0x8, 0x20, 0x1
HEADER = 9

_BLOCKS = frozenset((HEADERS, PUSH_PROMISE, CONTINUATION))
_OF_STREAMS = frozenset((DATA, HEADERS, PRIORITY, RST_STREAM, PUSH_PROMISE, CONTINUATION))
_OF_CONNECTION = frozenset((SETTINGS, PING, GOAWAY))
_MOST_OTHER = 64 << 10
_LENGTHS = {PRIORITY: 5, RST_STREAM: 4, PING: 8, WINDOW_UPDATE: 4}
_FLAGS = (0x9, 0x2D, 0, 0, 0x1, 0xC, 0x1, 0, 0, 0x4)
_USUAL_LENGTH = 16 << 10
_HEAD = struct.Struct(">HBBBI").unpack_from


class BadFrame(Exception):
    """Bytes that are no frame, or one that breaks the rules; `why` is a reason of a `Blind`."""

    def __init__(self, how: str, why: str = "unreadable") -> None:
        """Keeps the reason."""
        super().__init__(how)
        self.why = why


class Frame(NamedTuple):
    """A frame, or a piece of DATA (the last one has the END_STREAM that the frame had).

    `payload` is without padding, and without the fields of PRIORITY in HEADERS; `start` and `end` say where in the
    intake it lies. `lost` counts bytes of DATA that are missing here.
    """

    kind: int
    flags: int
    stream: int
    payload: bytes
    start: int
    end: int
    lost: int = 0


def plausible(data: bytes | bytearray, at: int) -> int | None:
    """Returns where the frame that begins at `at` ends, or None if no ordinary frame looks like that."""
    length, kind, flags = int.from_bytes(data[at : at + 3]), data[at + 3], data[at + 4]
    stream = int.from_bytes(data[at + 5 : at + HEADER])
    if kind > CONTINUATION or flags & ~_FLAGS[kind] or length > _USUAL_LENGTH or stream >> 31:
        return None
    if (kind in _OF_STREAMS and not stream) or (kind in _OF_CONNECTION and stream):
        return None
    if length != _LENGTHS.get(kind, length) or (kind == SETTINGS and (length % 6 or (flags and length))):
        return None
    return at + HEADER + length


def sniff(side: int, data: bytes) -> bool | None:
    """Tells HTTP/2 by the client's preface or the server's SETTINGS; in its middle, by a frame behind a frame."""
    if side == CLIENT and PREFACE.startswith(data[: len(PREFACE)]):
        return True if len(data) >= len(PREFACE) else None
    if len(data) < HEADER:
        return None if data[:1] in (b"", b"\0") else False
    end = plausible(data, 0)
    if end is None:
        return False
    if data[3] == SETTINGS and not data[4]:
        return True
    if len(data) < end + HEADER:
        return None if len(data) != end or data[3] not in _LENGTHS else True
    return plausible(data, end) is not None


class FrameReader:
    """Reads the frames of one side.

    `whole` says, from the first frame on, whether that is the first of the connection.
    """

    def __init__(self, side: int) -> None:
        """Begins where the side does."""
        self.intake = Intake()
        self.whole = False
        self._at = 0
        self._preface = side == CLIENT
        self._begun = self._late = False
        self._stream = self._flags = 0
        self._left = self._skip = 0

    def push(self, segment: Segment) -> None:
        """Takes bytes."""
        self.intake.push(segment)

    def sweep(self) -> None:
        """Drops what was read."""
        self.intake.drop(self._at)
        self._at = 0

    @property
    def pending(self) -> tuple[int, int]:
        """The stream whose DATA is being read, and how much of it is to come."""
        return self._stream, self._left

    def next(self) -> Frame | None:
        """Returns the next frame, or None while it is not there; raises BadFrame."""
        data = self.intake.data
        size = len(data)
        while True:
            if self._left or self._skip:
                if size == self._at:
                    return None
                if self._left:
                    return self._piece(min(self._left, size - self._at))
                skipped = min(self._skip, size - self._at)
                self._skip -= skipped
                self._at += skipped
                continue
            if not self._begun and not self._begin(self._at):
                return None
            start = self._at
            if size - start < HEADER:
                return None
            high, low, kind, flags, stream = _HEAD(data, start)
            length, stream = high << 8 | low, stream & 0x7FFFFFFF
            if (kind in _OF_STREAMS and not stream) or (kind in _OF_CONNECTION and stream):
                raise BadFrame(f"a frame of the type {kind} on stream {stream}")
            if kind == DATA:
                if not self._data(start, length, flags, stream):
                    return None
                if not self._left:
                    return Frame(DATA, self._flags, stream, b"", start, self._at)
                continue
            if length > (MOST_BLOCK if kind in _BLOCKS else _MOST_OTHER):
                raise BadFrame(
                    f"a frame of the type {kind} with {length} bytes", "limit" if kind in _BLOCKS else "unreadable"
                )
            end = start + HEADER + length
            if end > size:
                return None
            self._at = end
            if kind in _BLOCKS or kind == RST_STREAM:
                return Frame(kind, flags, stream, self._payload(kind, flags, start + HEADER, end), start, end)

    def _begin(self, at: int) -> bool:
        """Finds out, when enough is there, whether this is where the side's bytes begin; raises BadFrame."""
        data = self.intake.data
        begin = bytes(data[at : at + len(PREFACE)])
        if self._preface and not self._late and PREFACE.startswith(begin):
            if len(begin) < len(PREFACE):
                return False
            self._at += len(PREFACE)
            self.whole = self._begun = True
            return True
        if len(begin) < HEADER:
            return False
        if plausible(data, at) is None:
            raise BadFrame("neither the begin of an HTTP/2 connection nor of a frame", "truncated")
        self._begun = True
        self.whole = not self._preface and not self._late and begin[3] == SETTINGS and not begin[4] & ACK
        return True

    def _data(self, start: int, length: int, flags: int, stream: int) -> bool:
        """Begins a DATA frame; returns whether its head is there."""
        self._at = start + HEADER
        padding = 0
        if flags & PADDED:
            if len(self.intake.data) == self._at and length:
                self._at = start
                return False
            padding = self.intake.data[self._at] + 1 if length else 1
            if padding > length:
                raise BadFrame("more padding than there is data")
            self._at += 1
        self._stream, self._flags = stream, flags
        self._left, self._skip = length - padding, max(padding - 1, 0)
        return True

    def _piece(self, count: int) -> Frame:
        start = self._at
        self._at += count
        self._left -= count
        data = self.intake.data
        payload = data[start : self._at] if isinstance(data, bytes) else bytes(memoryview(data)[start : self._at])
        flags = self._flags if not self._left else self._flags & ~END_STREAM
        return Frame(DATA, flags, self._stream, payload, start, self._at)

    def _payload(self, kind: int, flags: int, start: int, end: int) -> bytes:
        """Returns what a frame carries, less padding and priority; raises BadFrame."""
        data = self.intake.data
        if kind in (HEADERS, PUSH_PROMISE) and flags & PADDED and end > start:
            end -= data[start]
            start += 1
        if kind == HEADERS and flags & PRIORITIZED:
            start += 5
        if start > end or (kind == PUSH_PROMISE and end - start < 4):
            raise BadFrame(f"a frame of the type {kind} that is too short for its fields")
        return bytes(data[start:end])

    def step_over(self) -> Frame | None:
        """Steps over the gap that stopped the reading; raises BadFrame where it is not all DATA's.

        Returns the piece of DATA that is missing, if it is not all padding.
        """
        lost = self.intake.later[0].lost
        nothing = not self._begun and not self.intake.data
        if not nothing and (self._at < len(self.intake.data) or lost > self._left + self._skip):
            raise BadFrame("bytes are missing between frames", "truncated")
        self.intake.skip()
        if nothing:
            self._late = True
            return None
        own = min(lost, self._left)
        self._left -= own
        self._skip -= lost - own
        flags = self._flags if not self._left else self._flags & ~END_STREAM
        return Frame(DATA, flags, self._stream, b"", self._at, self._at, own) if own else None
