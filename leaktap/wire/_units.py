"""Layers of protocols that speak in units: one datagram each, or in a stream each with a length in its head."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from leaktap.model import Fault, Time
from leaktap.wire._api import Context, Made, passed_by
from leaktap.wire._bytes import Segment
from leaktap.wire._intake import Intake

MOST_UNIT = 16 << 20
"""The longest unit of a stream that is kept."""


class BadUnit(ValueError):
    """Bytes that make no sense: `str()` says how."""


class Unit(NamedTuple):
    """A unit with the packets that brought it, and when it began."""

    data: bytes
    frames: tuple[int, ...]
    time: Time


class Datagrams:
    """A layer over UDP. Subclasses say what a datagram is by `take`, which may raise BadUnit."""

    protocol = ""
    waiting = 0

    def __init__(self, context: Context) -> None:
        """Begins with the first datagram."""
        self._context = context

    def feed(self, side: int, segment: Segment) -> Iterator[Made]:
        """Takes the datagrams of a segment."""
        for unit in datagrams(segment):
            try:
                yield from self.take(side, unit)
            except BadUnit as error:
                yield self._context.blind(
                    "unreadable", self.protocol, len(unit.data), unit.frames, str(error), unit.time
                )

    def take(self, side: int, unit: Unit) -> Iterable[Made]:
        """Takes a datagram that is not empty."""
        raise NotImplementedError

    def close(self) -> Iterable[Made]:
        """Yields what is pending."""
        return ()


def datagrams(segment: Segment) -> Iterator[Unit]:
    """Yields the datagrams of a segment that are not empty."""
    data, offsets = segment.data, segment.offsets
    for index, (frame, time) in enumerate(zip(segment.frames, segment.times, strict=True)):
        end = offsets[index + 1] if index + 1 < len(offsets) else len(data)
        if end > offsets[index]:
            yield Unit(bytes(data[offsets[index] : end]), (frame,), time)


class _Half:
    """One side. `skip` bytes that come next belong to a unit that is not kept; `why` says why."""

    def __init__(self) -> None:
        self.intake = Intake()
        self.skip = 0
        self.why = ""
        self.dead = ""


class Units:
    """A layer over a stream. Subclasses say how long a unit is (`size`) and what it is (`take`); either raises BadUnit.

    A gap within a unit costs that unit, one where units begin is the end of what can be read of the side.
    """

    protocol = ""
    waiting = 0

    def __init__(self, context: Context) -> None:
        """Begins with the first unit."""
        self._context = context
        self._blind = partial(context.unread, self.protocol)
        self._halves = (_Half(), _Half())
        self._complained = False

    def size(self, side: int, data: bytes | bytearray, at: int) -> int:
        """Returns how long the unit at `at` is, 0 if more bytes are needed to tell."""
        raise NotImplementedError

    def take(self, side: int, unit: Unit) -> Iterable[Made]:
        """Takes a whole unit."""
        raise NotImplementedError

    def feed(self, side: int, segment: Segment) -> Iterator[Made]:
        """Takes bytes of a side."""
        half = self._halves[side]
        yield from passed_by(self._blind, half.dead, segment)
        if half.dead:
            return
        half.intake.push(segment)
        try:
            yield from self._read(side, half)
            while half.intake.gap and not half.dead:
                yield from self._mend(side, half)
                yield from self._read(side, half)
        except BadUnit as error:
            half.dead = "unreadable"
            if not self._complained:
                self._complained = True
                yield Fault("wire", self._context.where, f"{self.protocol}: {error}; the rest is not read")
        if half.dead:
            yield from self._blind(half.dead, *half.intake.clear())

    def close(self) -> Iterator[Made]:
        """Yields what is pending."""
        for half in self._halves:
            yield from self._blind(half.dead or "truncated", *half.intake.clear())

    def _read(self, side: int, half: _Half) -> Iterator[Made]:
        """Takes the units that are whole; raises BadUnit."""
        intake, at = half.intake, 0
        if half.skip and len(intake):
            count = min(half.skip, len(intake))
            yield from self._blind(half.why, count, intake.frames(0, count))
            intake.drop(count)
            half.skip -= count
        try:
            while not half.skip and len(intake) > at:
                size = self.size(side, intake.data, at)
                if size > MOST_UNIT:
                    half.skip, half.why = size, "limit"
                elif not size or at + size > len(intake):
                    break
                else:
                    _, time = intake.where(at)
                    data = bytes(memoryview(intake.data)[at : at + size])
                    frames = intake.frames(at, at + size)
                    at += size
                    yield from self._unit(side, Unit(data, frames, time))
        finally:
            intake.drop(at)
        if half.skip and len(intake):
            yield from self._read(side, half)

    def _unit(self, side: int, unit: Unit) -> Iterator[Made]:
        try:
            yield from self.take(side, unit)
        except BadUnit as error:
            yield from self._blind("unreadable", len(unit.data), unit.frames, str(error))

    def _mend(self, side: int, half: _Half) -> Iterator[Made]:
        """Steps over the gap if it lies within a unit; raises BadUnit."""
        intake = half.intake
        left = half.skip
        if not left and len(intake):
            left = max(self.size(side, intake.data, 0) - len(intake), 0)
            yield from self._blind("truncated", len(intake), intake.frames(0, len(intake)))
            intake.drop(len(intake))
            half.why = "truncated"
        lost = intake.skip()
        if lost > left:
            half.dead = "truncated"
        half.skip = max(left - lost, 0)
