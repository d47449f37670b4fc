"""Long work step by step, with an eye on the clock: what takes a value apart in Python asks whether there is time left.

Pieces are put together in one buffer that grows: a list of them would take many times the memory of the text.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from leaktap.decoders._api import LimitReached, Part

PER_LOOK = 1 << 10
"""How many steps there are from one look at the clock to the next."""


def paced[T](items: Iterable[T], deadline: float, parts: Sequence[Part] = ()) -> Iterator[T]:
    """Yields the items until the time is up.

    Raises:
        LimitReached: it is; `parts` are what was read until then.
    """
    for count, item in enumerate(items, 1):
        if not count % PER_LOOK and time.thread_time() > deadline:
            raise LimitReached("seconds", parts)
        yield item


def replaced(
    pattern: re.Pattern[bytes], data: bytes, meant: Callable[[re.Match[bytes]], bytes], deadline: float
) -> bytes:
    """Returns `data` with what `meant` makes of everything that the pattern finds.

    Raises:
        LimitReached: there is no time for all of it.
    """
    out = bytearray()
    at = 0
    for found in paced(pattern.finditer(data), deadline):
        begin, end = found.span()
        if begin > at:
            out += data[at:begin]
        out += meant(found)
        at = end
    out += data[at:]
    return bytes(out)


def in_pieces(data: bytes, size: int, undo: Callable[[bytes], bytes], deadline: float) -> bytes:
    """Returns what `undo` makes of each `size` bytes and of the rest, one after the other.

    Raises:
        LimitReached: there is no time for all of it.
    """
    if len(data) <= size:
        return undo(data)
    out = bytearray()
    for at in range(0, len(data), size):
        if time.thread_time() > deadline:
            raise LimitReached("seconds")
        out += undo(data[at : at + size])
    return bytes(out)
