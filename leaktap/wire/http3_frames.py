"""HTTP/3 frames of one direction of a stream, cut out of its bytes (RFC 9114, section 7).

DATA is handed on as it comes; a frame that matters otherwise is whole. A gap is stepped over where it lies in DATA or
in a frame that is passed over: elsewhere nothing behind it in this stream can be told.
"""

from typing import NamedTuple

from leaktap.wire._bytes import Segment
from leaktap.wire._intake import Intake
from leaktap.wire.http2_frames import BadFrame
from leaktap.wire.http2_headers import MOST_BLOCK
from leaktap.wire.quic_packets import Short, varint

DATA, HEADERS, SETTINGS, PUSH_PROMISE, WEBTRANSPORT = 0x0, 0x1, 0x4, 0x5, 0x41
"""The types of frames; WEBTRANSPORT has a session instead of a length, and takes the rest of the stream
(draft-ietf-webtrans-http3 section 4.2)."""

_WHOLE = frozenset((HEADERS, SETTINGS, PUSH_PROMISE))
_OF_HTTP2 = frozenset((0x2, 0x6, 0x8, 0x9))


class Frame(NamedTuple):
    """A frame, or a piece of DATA; `start` and `end` say where in the intake it lies. `lost` bytes are missing here."""

    kind: int
    payload: bytes
    start: int
    end: int
    lost: int = 0


class FrameReader:
    """Reads what one side sends in a stream. `left` is how much of the DATA that is being read is to come."""

    def __init__(self) -> None:
        """Begins where the stream does."""
        self.intake = Intake()
        self._at = self._left = 0
        self._kind = DATA

    def push(self, segment: Segment) -> None:
        """Takes bytes."""
        self.intake.push(segment)

    def sweep(self) -> None:
        """Drops what was read."""
        if self._at:
            self.intake.drop(self._at)
            self._at = 0

    @property
    def left(self) -> int:
        """How much of the DATA that was begun is to come."""
        return self._left if self._kind == DATA else 0

    def number(self) -> int | None:
        """Reads an integer, outside of frames; None while it is not there."""
        try:
            number, self._at = varint(self.intake.data, self._at)
        except (IndexError, Short):
            return None
        return number

    def again(self) -> None:
        """Goes back to the first byte that was not dropped."""
        self._at = 0

    def rest(self) -> Frame:
        """Reads all there is, outside of frames."""
        start, self._at = self._at, len(self.intake)
        return Frame(DATA, bytes(self.intake.data[start:]), start, self._at)

    def next(self) -> Frame | None:
        """Returns the next frame, or None while it is not there; raises BadFrame."""
        data = self.intake.data
        while True:
            start = self._at
            if self._left:
                count = min(self._left, len(data) - start)
                if not count:
                    return None
                self._at += count
                self._left -= count
                if self._kind == DATA:
                    return Frame(DATA, bytes(memoryview(data)[start : self._at]), start, self._at)
                continue
            try:
                kind, at = varint(data, start)
                length, at = varint(data, at)
            except (IndexError, Short):
                return None
            if kind in _OF_HTTP2:
                raise BadFrame(f"a frame of the type {kind}, which is not HTTP/3's")
            if kind == WEBTRANSPORT:
                self._at = at
                return Frame(kind, b"", start, at)
            if kind in _WHOLE:
                if length > MOST_BLOCK:
                    raise BadFrame(f"a frame of the type {kind} with {length} bytes", "limit")
                if at + length > len(data):
                    return None
                self._at = at + length
                return Frame(kind, bytes(data[at : at + length]), start, at + length)
            self._kind, self._left, self._at = kind, length, at

    def step_over(self) -> Frame | None:
        """Steps over the gap that stopped the reading; returns the piece of DATA that is missing, if it is one.

        Raises BadFrame where the gap is not all in one frame.
        """
        lost = self.intake.later[0].lost
        if self._at < len(self.intake) or lost > self._left:
            raise BadFrame("bytes are missing between frames", "truncated")
        self.intake.skip()
        self._left -= lost
        return Frame(DATA, b"", self._at, self._at, lost) if self._kind == DATA else None
