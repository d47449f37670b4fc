"""What the rule book remembers, and no longer than it must: moments in sliding windows, classes by SDK, code that came.

Everything is kept by key (app, phone, recipient ...), and a key that was idle for longer than any window reaches is
dropped, so that memory is bounded by what windows hold and not by how many exchanges there were. Time is that of the
input: each input has its own, because several are read one after the other and each begins anew.
"""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Protocol

from leaktap.model import Time

MOST_KEYS = 65_536
"""Keys that one memory holds at most; beyond it those that were idle longest go, whenever that was."""

_ROOM = MOST_KEYS * 3 // 4
"""Keys that a sweep leaves at most: so that the next one is not due at once."""

_FIRST_SWEEP = 1024
_PORTION = 64
"""Moments that a window takes before it looks for those that nobody asks for any more."""


class Kept(Protocol):
    """What is remembered under a key."""

    last: Time
    """The latest moment of it."""
    source: str
    """The input that told of it last."""


class Memory[K: Hashable, V: Kept]:
    """Things by key, of which those idle for longer than `keep` microseconds are forgotten."""

    def __init__(self, make: Callable[[], V], keep: Time) -> None:
        """Starts with nothing; `make` makes what a new key holds."""
        self._make, self._keep = make, keep
        self._held: OrderedDict[K, V] = OrderedDict()
        self._newest: dict[str, Time] = {}
        self._sweep_at = _FIRST_SWEEP

    def __len__(self) -> int:
        """Returns how many keys are held."""
        return len(self._held)

    def peek(self, key: K) -> V | None:
        """Returns what a key holds, and changes nothing."""
        return self._held.get(key)

    def touch(self, key: K, time: Time, source: str) -> V:
        """Returns what a key holds, at a moment of an input; something new where it holds nothing."""
        newest = self._newest.get(source)
        if newest is None or time > newest:
            self._newest[source] = time
        held = self._held.get(key)
        if held is None:
            if len(self._held) >= self._sweep_at:
                self._sweep()
            held = self._held[key] = self._make()
            held.last = time
        else:
            self._held.move_to_end(key)
            held.last = max(held.last, time)
        held.source = source
        return held

    def _sweep(self) -> None:
        for key, held in list(self._held.items()):
            if held.last < self._newest[held.source] - self._keep:
                del self._held[key]
        while len(self._held) > _ROOM:
            self._held.popitem(last=False)
        self._sweep_at = min(max(2 * len(self._held), _FIRST_SWEEP), MOST_KEYS)


@dataclass(slots=True)
class Window:
    """Moments of one kind of event, in order, with the exchange of each: as far back, and as many, as anyone asks."""

    last: Time = 0
    source: str = ""
    times: list[Time] = field(default_factory=list)
    exchanges: list[str] = field(default_factory=list)

    def add(self, time: Time, exchange: str, keep: Time, most: int) -> None:
        """Adds a moment; an exchange counts once."""
        times, exchanges = self.times, self.exchanges
        if not times or time > times[-1]:
            times.append(time)
            exchanges.append(exchange)
        else:
            end = bisect_right(times, time)
            if times[end - 1] == time and exchange in exchanges[bisect_left(times, time) : end]:
                return
            times.insert(end, time)
            exchanges.insert(end, exchange)
        if len(times) % _PORTION == 0:
            old = max(bisect_left(times, times[-1] - keep), len(times) - most)
            del times[:old], exchanges[:old]

    def within(self, time: Time, length: Time) -> tuple[int, int]:
        """Returns the places of the exchanges of the `length` microseconds up to `time`, the last one included."""
        return bisect_right(self.times, time - length), bisect_right(self.times, time)


@dataclass(slots=True)
class Classes:
    """The classes that an SDK took, in order, and the first exchanges that show them, each once."""

    last: Time = 0
    source: str = ""
    names: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()

    def add(self, name: str, exchange: str) -> None:
        """Adds a class, if it is new."""
        if name not in self.names:
            self.names = tuple(sorted((*self.names, name)))
            if exchange not in self.exchanges:
                self.exchanges += (exchange,)


@dataclass(slots=True)
class Arrival:
    """The first code that an app loaded."""

    last: Time = 0
    source: str = ""
    first: Time | None = None
    exchange: str = ""
