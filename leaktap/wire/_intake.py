"""Where a layer keeps the bytes of one side: those that follow each other without a gap, and what came after one."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from leaktap.model import MOST_FRAMES
from leaktap.wire._bytes import Inflow, Segment


@dataclass(slots=True)
class Intake(Inflow):
    """An `Inflow` that stops at a gap: segments behind it wait until `skip` steps over it."""

    later: deque[Segment] = field(default_factory=deque)
    behind: int = 0

    def push(self, segment: Segment) -> None:
        """Appends a segment, behind the gap if there is one."""
        if segment.lost or self.later:
            self.later.append(segment)
            self.behind += len(segment.data)
        elif segment.data:
            Inflow.push(self, segment)

    @property
    def gap(self) -> bool:
        """Whether bytes are missing behind those that wait."""
        return bool(self.later)

    def skip(self) -> int:
        """Steps over the gap: what lies behind it can be read up to the next one. Returns how many bytes it lacks."""
        lost = self.later[0].lost
        first = True
        while self.later and (first or not self.later[0].lost):
            segment = self.later.popleft()
            self.behind -= len(segment.data)
            if segment.data:
                Inflow.push(self, segment)
            first = False
        return lost

    def clear(self) -> tuple[int, tuple[int, ...]]:
        """Drops everything; returns how many bytes that were and their packets."""
        frames = Frames()
        frames.add(self.frames(0, len(self)))
        for segment in self.later:
            frames.add(segment.frames)
        count = len(self) + self.behind
        self.drop(len(self))
        self.later.clear()
        self.behind = 0
        return count, frames.numbers


@dataclass(slots=True)
class Frames:
    """Collects packet numbers: the first and the last ones, MOST_FRAMES at most."""

    _numbers: list[int] = field(default_factory=list)

    def add(self, numbers: Sequence[int]) -> None:
        """Appends numbers, in the order of the bytes they brought."""
        known = self._numbers
        if len(known) + len(numbers) <= MOST_FRAMES:
            for number in numbers:
                if number not in known:
                    known.append(number)
            return
        if known:
            recent = known[-MOST_FRAMES:]
            known += [number for number in dict.fromkeys(numbers) if number not in recent]
        else:
            known += dict.fromkeys(numbers)
        if len(known) > MOST_FRAMES:
            del known[MOST_FRAMES // 2 : -MOST_FRAMES // 2]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The packet numbers."""
        return tuple(self._numbers)
