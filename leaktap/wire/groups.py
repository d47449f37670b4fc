"""Sorts the packets of a window by connection and direction, exactly, in a few passes over whole columns.

The two ends of each packet are put in a fixed order, so that both directions have the same key. The key is hashed with
random factors, and hash, direction and place in the window are packed into one word to be sorted. Should two keys ever
share a hash, that shows in a comparison of neighbours, and other factors are drawn.
"""

import os
from dataclasses import dataclass

import numpy as np

from leaktap.wire._records import Ints
from leaktap.wire.ip import Words
from leaktap.wire.packets import Columns

type Key = tuple[int, int, int, int, int]
"""IP version and both ports in one word, then the addresses of the lower and the higher end, two words each."""

_PLACE_BITS = 24
_PLACE = np.uint64((1 << _PLACE_BITS) - 1)
_HASH_SHIFT = np.uint64(_PLACE_BITS + 1)


@dataclass(slots=True)
class Groups:
    """Packets by connection. `rows` are places in the columns: connection by connection, of each first those that the
    lower end sent (direction 0), then the others, each in the order of the capture. Connection n has the rows from
    `begin[n]` to before `begin[n + 1]`, and those from `middle[n]` on are of direction 1. `first` is each one's first.
    """

    rows: Ints
    begin: Ints
    middle: Ints
    first: Ints
    keys: list[Key]


def group(columns: Columns, which: Ints) -> Groups:
    """Groups the packets `which` of a window (at most 2 to the 24th)."""
    source, target = [each[which] for each in columns.source], [each[which] for each in columns.target]
    sport, dport = columns.sport[which], columns.dport[which]
    backward = sport > dport
    for one, other in ((source[1], target[1]), (source[0], target[0])):
        backward = np.where(one == other, backward, one > other)
    low = [np.where(backward, other, one) for one, other in zip(source, target, strict=True)]
    high = [np.where(backward, one, other) for one, other in zip(source, target, strict=True)]
    ports = np.where(backward, dport << 16 | sport, sport << 16 | dport) | columns.version[which] << 32
    parts: list[Words] = [ports.view(np.uint64), *low, *high]
    side = backward.astype(np.uint64) << np.uint64(_PLACE_BITS) | np.arange(len(which), dtype=np.uint64)
    while True:
        packed = np.sort(_hash(parts) >> _HASH_SHIFT << _HASH_SHIFT | side)
        hashes = packed >> _HASH_SHIFT
        places = (packed & _PLACE).view(np.int64)
        edge = np.flatnonzero(hashes[1:] != hashes[:-1]) + 1
        begin = np.concatenate([[0], edge, [len(which)]]) if len(which) else np.zeros(1, np.int64)
        sizes = np.diff(begin)
        heads = places[begin[:-1]]
        if all((part[places] == np.repeat(part[heads], sizes)).all() for part in parts):
            break
    backwards = np.concatenate([[0], np.cumsum(backward[places])])
    middle = begin[1:] - np.diff(backwards[begin])
    rows = which[places]
    last = max(len(rows) - 1, 0)
    first = np.minimum(rows[begin[:-1]], rows[np.minimum(middle, last)])
    first = np.where(middle == begin[1:], rows[begin[:-1]], first)
    return Groups(rows, begin, middle, first, list(zip(*(part[heads].tolist() for part in parts), strict=True)))


def _hash(parts: list[Words]) -> Words:
    """Mixes words into one, other than the last time."""
    factors = np.frombuffer(os.urandom(8 * (len(parts) + 1)), np.uint64) | np.uint64(1)
    mixed: Words = parts[0] * factors[0]
    for part, factor in zip(parts[1:], factors[1:-1], strict=True):
        mixed = (mixed ^ part) * factor
        mixed ^= mixed >> np.uint64(32)
    mixed *= factors[-1]
    return mixed
