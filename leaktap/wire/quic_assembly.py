"""One direction of a QUIC stream: bytes put in order by their offsets (RFC 9000 section 2.2).

Bytes may come twice, in any order, or never. What waits behind a gap is bounded by whoever owns the assemblies.
"""

from bisect import insort
from dataclasses import dataclass, field

from leaktap.model import Time
from leaktap.wire._bytes import Segment

_FAR = 256 << 20
_MOST_BEHIND = 16_384


@dataclass(slots=True, eq=False)
class Assembly:
    """One direction of a stream. `held` counts the bytes behind gaps, `size` is the stream's length once known.

    `reset` tells that it was broken off.
    """

    next: int = 0
    held: int = 0
    size: int | None = None
    reset: bool = False
    _ready: list[tuple[bytes, int, Time]] = field(default_factory=list)
    _behind: list[tuple[int, bytes, int, Time]] = field(default_factory=list)
    _lost: int = 0

    def push(self, offset: int, data: bytes, frame: int, time: Time) -> None:
        """Takes bytes that belong at `offset`; those that are known already are dropped."""
        begin = self.next
        end = offset + len(data)
        if end <= begin:
            return
        if offset > begin:
            if offset - begin < _FAR and len(self._behind) < _MOST_BEHIND:
                insort(self._behind, (offset, data, frame, time))
                self.held += len(data)
            return
        self._ready.append((data[begin - offset :] if offset < begin else data, frame, time))
        self.next = end
        if self._behind:
            self._close_up()

    def _close_up(self) -> None:
        """Takes what now follows without a gap."""
        count = 0
        for offset, data, frame, time in self._behind:
            if offset > self.next:
                break
            count += 1
            self.held -= len(data)
            if offset + len(data) > self.next:
                self._ready.append((data[self.next - offset :], frame, time))
                self.next = offset + len(data)
        del self._behind[:count]

    @property
    def gap(self) -> Time | None:
        """When the bytes behind the gap came, if there is one."""
        return self._behind[0][3] if self._behind else None

    @property
    def crowded(self) -> bool:
        """Whether no more pieces can wait behind the gap."""
        return len(self._behind) >= _MOST_BEHIND

    @property
    def complete(self) -> bool:
        """Whether every byte has come, or has been given up."""
        return self.size is not None and self.next >= self.size

    def skip(self) -> None:
        """Steps over the gap, once everything before it was taken; without one, over what is missing at the end."""
        if self._behind:
            to = self._behind[0][0]
        else:
            to = self.next if self.size is None else min(self.size, self.next + _FAR)
            self.size = to
        self._lost += to - self.next
        self.next = to
        self._close_up()

    def take(self) -> Segment | None:
        """Returns the bytes that follow each other, and how many are missing before them, if there is anything."""
        if not self._ready and not self._lost:
            return None
        parts = self._ready
        offsets, at = [], 0
        for data, _, _ in parts:
            offsets.append(at)
            at += len(data)
        lost, self._lost, self._ready = self._lost, 0, []
        return Segment(
            b"".join([part[0] for part in parts]),
            offsets,
            [part[1] for part in parts],
            [part[2] for part in parts],
            lost,
        )


@dataclass(slots=True)
class Over:
    """Which streams of one kind and direction are over: all below `below`, and those in `above`."""

    below: int = 0
    above: set[int] = field(default_factory=set)

    def add(self, number: int) -> None:
        """Notes one."""
        self.above.add(number)
        if len(self.above) > _MOST_BEHIND:
            self.below = sorted(self.above)[_MOST_BEHIND // 2]
            self.above = {each for each in self.above if each >= self.below}
        while self.below in self.above:
            self.above.discard(self.below)
            self.below += 1

    def __contains__(self, number: int) -> bool:
        """Tells whether a stream is over."""
        return number < self.below or number in self.above
