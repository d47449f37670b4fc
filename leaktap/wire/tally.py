"""Counts the packets of a capture that are not read, or not wholly: one `Blind` per reason and protocol in the end."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from leaktap.model import MOST_FRAMES, Blind, Time
from leaktap.wire._records import Ints
from leaktap.wire.container import Window

_MOST_KINDS = 64


@dataclass(slots=True)
class _Count:
    time: Time
    packets: int = 0
    bytes: int = 0
    frames: list[int] = field(default_factory=list)


class Tally:
    """The counts of one capture."""

    def __init__(self, name: str) -> None:
        """Begins the capture called `name`."""
        self._name = name
        self._counts: dict[tuple[str, str], _Count] = {}

    def add(self, why: str, protocol: str, time: Time, packets: int, size: int, frames: list[int]) -> None:
        """Counts packets of `size` bytes in all; `time` is when the first of them came."""
        count = self._counts.setdefault((why, protocol), _Count(time))
        count.packets += packets
        count.bytes += size
        count.frames += frames[: MOST_FRAMES - len(count.frames)]

    def rows(self, window: Window, why: str, protocol: str, rows: Ints, sizes: Ints) -> None:
        """Counts packets by their places in a window."""
        if len(rows):
            frames = (window.first_frame + rows[:MOST_FRAMES]).tolist()
            self.add(why, protocol, int(window.time[rows[0]]), len(rows), int(sizes.sum()), frames)

    def kinds(self, window: Window, names: dict[int, str], prefix: str, kinds: Ints, rows: Ints, sizes: Ints) -> None:
        """Counts packets of protocols that are not read, by protocol."""
        numbers = np.unique(kinds)
        for number in numbers[:_MOST_KINDS].tolist():
            which = kinds == number
            name = names.get(number, f"{prefix} {number:#x}")
            self.rows(window, "unknown_protocol", name, rows[which], sizes[which])
        if len(numbers) > _MOST_KINDS:
            which = kinds > numbers[_MOST_KINDS - 1]
            self.rows(window, "unknown_protocol", f"{prefix} other", rows[which], sizes[which])

    def finish(self) -> Iterator[Blind]:
        """Yields what was counted, and forgets it."""
        for (why, protocol), count in self._counts.items():
            yield Blind(
                time=count.time,
                why=why,
                protocol=protocol,
                bytes=count.bytes,
                source=self._name,
                frames=tuple(count.frames),
                detail=f"{count.packets} packets",
            )
        self._counts.clear()
