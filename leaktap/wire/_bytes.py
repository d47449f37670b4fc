"""Received bytes that remember which packets brought them: what streams hand to the layers above, and those to theirs.

A `Segment` is a run of bytes of one direction with the packet and moment of each of its pieces. A layer keeps what it
cannot use yet in an `Inflow`, which answers for any offset which packet it came in.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from leaktap.model import MOST_FRAMES, Endpoint, Time

CLIENT, SERVER = 0, 1
"""The two sides of a connection, named after who sends."""


@dataclass(slots=True)
class Flow:
    """A connection (or a pair of UDP endpoints). `index` is its number as tshark counts, per transport.

    `uid` is the user id of the app that opened it, where the capture says so. A `foreign` one is another process's, and
    only of interest for the names in it. `numbers` counts its exchanges. A connection that goes on after it was taken
    to be over is another flow with the same index, and counts on.
    """

    index: int
    transport: str
    client: Endpoint
    server: Endpoint
    time: Time
    frame: int
    from_start: bool = True
    uid: int | None = None
    foreign: bool = False
    numbers: "itertools.count[int]" = field(default_factory=itertools.count, repr=False, compare=False)


@dataclass(slots=True)
class Segment:
    """A run of bytes of one direction.

    `offsets[i]` is where piece i begins in `data` (the first is 0), `frames[i]` the number of the packet that brought
    it, `times[i]` when. `lost` counts the bytes missing just before it. For UDP a piece is a datagram.
    """

    data: bytes
    offsets: Sequence[int]
    frames: Sequence[int]
    times: Sequence[Time]
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes that came in on one side of a flow."""

    flow: Flow
    side: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class Closed:
    """A flow that will bring nothing more; `why` is fin, rst, idle or end (of the capture)."""

    flow: Flow
    why: str


@dataclass(slots=True)
class Inflow:
    """The bytes of one direction that are not consumed yet; offsets count from the first of them.

    A segment that comes where nothing waits is taken as it is, and copied only once a part of it is consumed: `data` is
    another object then. `_first` is the piece that its first byte is in, so that what is asked most often needs no
    search.
    """

    data: bytes | bytearray = b""
    _base: int = 0
    _first: int = 0
    _starts: list[int] = field(default_factory=list)
    _frames: list[int] = field(default_factory=list)
    _times: list[Time] = field(default_factory=list)

    def push(self, segment: Segment) -> None:
        """Appends a segment (`lost` is for the caller to heed)."""
        if self.data:
            end = self._base + len(self.data)
            self._starts += [end + offset for offset in segment.offsets]
            self._frames += segment.frames
            self._times += segment.times
            if isinstance(self.data, bytes):
                self.data = bytearray(self.data)
            self.data += segment.data
        else:
            self._base = self._first = 0
            self._starts, self._frames, self._times = [*segment.offsets], [*segment.frames], [*segment.times]
            self.data = segment.data

    def __len__(self) -> int:
        """Returns how many bytes wait."""
        return len(self.data)

    def drop(self, count: int) -> None:
        """Consumes `count` bytes."""
        if not count:
            return
        self._cut(count)
        self._base += count
        starts, first = self._starts, self._first
        if len(starts) - first > 1 and starts[first + 1] <= self._base:
            first = bisect_right(starts, self._base, first + 1) - 1
            if first > _MOST_BEHIND:
                del starts[:first], self._frames[:first], self._times[:first]
                first = 0
            self._first = first

    def take(self, count: int) -> tuple[tuple[int, ...], Time]:
        """Consumes `count` bytes, at least one; returns their packets (as `frames` does) and the time of the last."""
        starts, first, end = self._starts, self._first, self._base + count
        if len(starts) - first > 1 and starts[first + 1] < end:
            last = bisect_left(starts, end, first + 1) - 1
            numbers = self._numbers(first, last)
        else:
            last = first
            numbers = (self._frames[first],)
        time = self._times[last]
        if last > _MOST_BEHIND:
            self.drop(count)
            return numbers, time
        self._cut(count)
        while len(starts) - last > 1 and starts[last + 1] <= end:
            last += 1
        self._base, self._first = end, last
        return numbers, time

    def _cut(self, count: int) -> None:
        data = self.data
        if count >= len(data):
            self.data = b""
        elif isinstance(data, bytearray):
            del data[:count]
        else:
            self.data = bytearray(memoryview(data)[count:])

    @property
    def time(self) -> Time:
        """When the first of the bytes came; there must be one."""
        return self._times[self._first]

    def _piece(self, offset: int) -> int:
        """Returns the piece that the byte at `offset` is in."""
        return max(bisect_right(self._starts, self._base + offset, self._first) - 1, 0)

    def where(self, offset: int) -> tuple[int, Time]:
        """Returns the packet number and the time of the byte at `offset`."""
        index = self._piece(offset)
        return (self._frames[index], self._times[index]) if self._frames else (0, 0)

    def until(self, frame: int) -> int:
        """Returns how many bytes came before the packet `frame`, as far as the packets are in order."""
        piece = bisect_left(self._frames, frame, self._first)
        return min(self._starts[piece] - self._base, len(self.data)) if piece < len(self._starts) else len(self.data)

    def edges(self, spans: list[tuple[int, int]]) -> list[tuple[int, Time, int, Time]]:
        """Returns of each span the packet numbers and the times of its first and its last byte."""
        base, starts, frames, times = self._base, self._starts, self._frames, self._times
        made = []
        for start, end in spans:
            first = bisect_right(starts, base + start) - 1
            last = bisect_left(starts, base + end, first + 1) - 1
            made.append((frames[first], times[first], frames[last], times[last]))
        return made

    def pieces(self) -> Iterator[int]:
        """Yields the offsets at which pieces begin, as long as nothing is consumed meanwhile."""
        for start in self._starts:
            if start >= self._base:
                yield start - self._base

    def frames(self, start: int, end: int) -> tuple[int, ...]:
        """Returns the numbers of the packets that brought the bytes `start` to before `end` (MOST_FRAMES at most)."""
        return self._numbers(self._piece(start), self._piece(max(end - 1, start)))

    def span(self, start: int, end: int) -> tuple[tuple[int, ...], Time, Time]:
        """Returns of the bytes `start` to before `end`, which are there, the packets and when first and last came."""
        starts, at = self._starts, self._base + start
        first = bisect_right(starts, at, self._first) - 1
        last = bisect_left(starts, self._base + end, first + 1) - 1
        return self._numbers(first, last), self._times[first], self._times[last]

    def _numbers(self, first: int, last: int) -> tuple[int, ...]:
        if first == last:
            return tuple(self._frames[first : last + 1])
        numbers = list(dict.fromkeys(self._frames[first : last + 1]))
        if len(numbers) > MOST_FRAMES:
            half = MOST_FRAMES // 2
            numbers = numbers[:half] + numbers[-half:]
        return tuple(numbers)

    def segment(self, start: int, end: int) -> Segment:
        """Returns a copy of the bytes from `start` to before `end` with their packets, for the layer above."""
        first, last = self._piece(start), self._piece(max(end - 1, start))
        at = self._base + start
        return Segment(
            bytes(memoryview(self.data)[start:end]),
            [max(piece - at, 0) for piece in self._starts[first : last + 1]],
            self._frames[first : last + 1],
            self._times[first : last + 1],
        )


_MOST_BEHIND = 256
"""How many pieces that are consumed may be remembered."""
