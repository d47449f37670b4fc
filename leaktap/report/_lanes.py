"""How many findings a recipient got when: counts by bins of time that widen as a lane fills, so that a lane is bounded.

Times are microseconds since the epoch, UTC.
"""

from leaktap.model import SEVERITIES
from leaktap.records import microseconds

_MOST_BINS = 4000
_NARROWEST = 100_000
"""Microseconds: what stands closer together is one dot anyway."""


class Lane:
    """The findings of one recipient by time: `bins` are (worst severity, count) by the number of the bin."""

    def __init__(self) -> None:
        """Starts empty."""
        self.width = _NARROWEST
        self.bins: dict[int, tuple[int, int]] = {}

    def add(self, moment: str, severity: str) -> None:
        """Counts a finding."""
        self._count(microseconds(moment) // self.width, SEVERITIES.index(severity), 1)
        while len(self.bins) > _MOST_BINS:
            old, self.bins = self.bins, {}
            self.width *= 2
            for number, (worst, count) in old.items():
                self._count(number // 2, worst, count)

    def _count(self, number: int, severity: int, count: int) -> None:
        worst, before = self.bins.get(number, (severity, 0))
        self.bins[number] = min(worst, severity), before + count

    @property
    def dots(self) -> list[tuple[int, int, int]]:
        """The bins as (time, worst severity, count), in order of time."""
        return [(number * self.width, worst, count) for number, (worst, count) in sorted(self.bins.items())]

    @property
    def count(self) -> int:
        """All findings."""
        return sum(count for _, count in self.bins.values())

    @property
    def worst(self) -> int:
        """The index of the worst severity."""
        return min((worst for worst, _ in self.bins.values()), default=len(SEVERITIES) - 1)
