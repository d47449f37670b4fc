"""One direction of a TCP connection: puts segments in order, first come first kept, and knows when bytes are lost.

Positions are unbounded integers that begin as the 32-bit sequence number of the first byte, so that wrapping is a
matter of `Half.position` alone. Bytes that continue what is there pass through as they are; bytes behind a gap wait as
pieces, sorted and free of overlaps. A gap is lost when the receiver has acknowledged beyond it, when the connection is
over, or when too much waits.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from leaktap.model import Time
from leaktap.wire._bytes import Segment

MOST_WAITING = 4 << 20
"""How many bytes of one direction may wait behind a gap."""

PIECE_COST = 512
"""What a waiting piece costs besides its bytes."""

FAR = 16 << 20
"""How far beyond the last acknowledgment bytes are believed when a connection is over."""

MOST_MISSING = 1 << 30
"""The longest missing end that is believed: no window is larger (RFC 7323)."""

WRAP = 1 << 32


@dataclass(slots=True)
class Piece:
    """A run of `size` bytes at `start`; `offsets`, `frames` and `times` as in a `Segment`.

    `parts` are the bytes. `cut` counts the bytes behind them that were on the wire, but not captured.
    """

    start: int
    size: int
    parts: list[memoryview] | list[bytes]
    offsets: list[int]
    frames: list[int]
    times: list[Time]
    cut: int = 0

    @property
    def end(self) -> int:
        """Where the captured bytes end."""
        return self.start + self.size

    def slice(self, start: int, end: int) -> "Piece":
        """Returns a copy of the part between two positions, which must not be empty."""
        low, high = start - self.start, end - self.start
        first = bisect_right(self.offsets, low) - 1
        last = bisect_left(self.offsets, high)
        return Piece(
            start,
            end - start,
            [b"".join(self.parts)[low:high]],
            [max(offset - low, 0) for offset in self.offsets[first:last]],
            self.frames[first:last],
            self.times[first:last],
            self.cut if end == self.end else 0,
        )


def _end(piece: Piece) -> int:
    return piece.end


def _start(piece: Piece) -> int:
    return piece.start


@dataclass(slots=True)
class Half:
    """What one side of a connection sends.

    `next` is the position of the next byte in order, None while that is unknown; `fin` is where the stream ends;
    `acked` the last acknowledgment number that the other side sent. `lost` counts the bytes missing before `next` that
    no segment tells of yet. `held` is what the waiting pieces cost; `begun` tells whether any bytes were taken.
    `base` is the sequence number before the first, as tshark has it.
    """

    base: int | None = None
    next: int | None = None
    fin: int | None = None
    acked: int | None = None
    lost: int = 0
    held: int = 0
    begun: bool = False
    waiting: list[Piece] = field(default_factory=list)
    _ready: list[tuple[int, Piece]] = field(default_factory=list)

    def position(self, number: int) -> int:
        """Returns the position of a sequence number: of all that it may be, the one nearest to what comes next."""
        if self.next is None:
            return number
        return self.next + (number - self.next + (WRAP >> 1)) % WRAP - (WRAP >> 1)

    @property
    def ended(self) -> bool:
        """Whether everything up to the end was there, or is lost for good."""
        return self.fin is not None and self.next is not None and self.next >= self.fin

    def take(self, start: int, size: int, cut: int, make: Callable[[int], Piece]) -> None:
        """Takes `size` bytes at `start`, behind which `cut` more were not captured. `make` reads them if needed."""
        if self.next is None:
            self.next = start
        self.begun = True
        if start == self.next and not self.waiting:
            self._deliver(make(start))
        elif start + size > self.next or (cut and start == self.next):
            self._insert(make(start))
            self._drain()
            while self.held > MOST_WAITING:
                self.skip()

    def settle(self) -> None:
        """Gives up the gaps that the receiver has acknowledged beyond: it got what the capture lacks."""
        if self.acked is None or self.next is None:
            return
        reach = self.position(self.acked)
        while self.waiting and self.waiting[0].start <= reach:
            self.skip()
        if self.fin is not None and not self.waiting and self.next < self.fin < reach:
            self._lose(self.fin)

    def skip(self) -> None:
        """Gives up the first gap."""
        self._lose(self.waiting[0].start)
        self._drain()

    def finish(self) -> int:
        """Gives up all gaps. Returns how many bytes were dropped because they cannot belong to the connection."""
        if self.next is None:
            return 0
        self.settle()
        reach = None if self.acked is None else self.position(self.acked)
        dropped = 0
        while self.waiting:
            if reach is not None and self.waiting[0].start > reach + FAR:
                dropped = sum(piece.size for piece in self.waiting)
                self.waiting, self.held = [], 0
                break
            self.skip()
        if self.fin is not None:
            reach = self.fin
        elif reach == self.next + 1:
            reach = self.next  # the acknowledgment of a FIN that was not captured
        if reach is not None and reach - self.next < MOST_MISSING:
            self._lose(reach)
        return dropped

    def segments(self, last: bool = False) -> list[Segment]:
        """Returns what has become ready since the last call; the `last` time also what is missing at the end."""
        if not self._ready and not last:
            return []
        ready, self._ready = self._ready, []
        made, first = [], 0
        for place in range(1, len(ready) + 1):
            if place == len(ready) or ready[place][0]:
                made.append(_segment(ready[first:place]))
                first = place
        if last and self.lost:
            made.append(Segment(b"", [], [], [], self.lost))
            self.lost = 0
        return made

    def _lose(self, reach: int) -> None:
        if self.next is not None and reach > self.next:
            self.lost += reach - self.next
            self.next = reach

    def _deliver(self, piece: Piece) -> None:
        """Makes the bytes that come next ready."""
        if piece.size:
            self._ready.append((self.lost, piece))
            self.lost = 0
        self.next = piece.end
        if piece.cut:
            reach = piece.end + piece.cut
            self._lose(min(reach, self.waiting[0].start) if self.waiting else reach)

    def _insert(self, piece: Piece) -> None:
        """Lets wait what is new in a piece."""
        piece.parts = [b"".join(piece.parts)]
        position = max(piece.start, self.next or 0)
        at = bisect_right(self.waiting, position, key=_end)
        if not piece.size:
            self._wait(bisect_right(self.waiting, position, key=_start), piece)
        while position < piece.end:
            stop, after = piece.end, piece.end
            if at < len(self.waiting) and self.waiting[at].start < stop:
                stop, after = self.waiting[at].start, self.waiting[at].end
            if stop > position:
                self._wait(at, piece.slice(position, stop))
                at += 1
            position = after
            at += 1

    def _wait(self, at: int, piece: Piece) -> None:
        self.waiting.insert(at, piece)
        self.held += piece.size + PIECE_COST

    def _drain(self) -> None:
        """Makes ready what no gap is before any more."""
        while self.waiting and self.next is not None and self.waiting[0].start <= self.next:
            piece = self.waiting.pop(0)
            self.held -= piece.size + PIECE_COST
            if piece.start < self.next:
                if piece.end <= self.next:
                    continue
                piece = piece.slice(self.next, piece.end)
            self._deliver(piece)


def _segment(ready: list[tuple[int, Piece]]) -> Segment:
    """Joins pieces that follow each other."""
    lost, piece = ready[0]
    if len(ready) == 1:
        return Segment(b"".join(piece.parts), piece.offsets, piece.frames, piece.times, lost)
    offsets: list[int] = []
    frames: list[int] = []
    times: list[Time] = []
    parts: list[memoryview | bytes] = []
    size = 0
    for _, piece in ready:
        offsets += [size + offset for offset in piece.offsets]
        frames += piece.frames
        times += piece.times
        parts += piece.parts
        size += piece.size
    return Segment(b"".join(parts), offsets, frames, times, lost)
