"""The packets of one transport in one window, sorted by connection, ready for the few questions asked per connection.

Everything is computed for all packets at once. Of the packets with payload the columns become lists, for Python reads
these faster; a run is a stretch of them in which each continues the one before.
"""

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from leaktap.wire._records import Ints
from leaktap.wire.groups import group
from leaktap.wire.packets import ACK, FIN, RST, SYN, Columns
from leaktap.wire.reassembly import WRAP, Piece


class Span(NamedTuple):
    """The packets of a connection: from places `low` to `low_end` what its lower end sent, the rest the other end."""

    low: int
    low_end: int
    high: int
    high_end: int

    def side(self, direction: int) -> tuple[int, int]:
        """Returns the places of one direction."""
        return (self.high, self.high_end) if direction else (self.low, self.low_end)

    def direction(self, place: int) -> int:
        """Returns the direction of the packet at a place."""
        return int(place >= self.high)

    def __bool__(self) -> bool:
        """Whether there are packets."""
        return self.low < self.low_end or self.high < self.high_end


class Segments:
    """The packets of a transport by their places in the sorted order. `rows` are their places in the columns."""

    def __init__(self, columns: Columns, protocol: int) -> None:
        """Sorts the packets of a protocol."""
        self.columns = columns
        groups = group(columns, np.flatnonzero(columns.protocol == protocol))
        self.rows = rows = groups.rows
        flags = columns.flags[rows]
        self.flags = flags.tolist()
        self._row: list[int] = rows.tolist()
        self.seq = columns.seq[rows]
        self.ack = columns.ack[rows]
        real = ~columns.quoted[rows]
        speaking = real & (flags & (ACK | RST) == ACK)
        self._last_ack = np.maximum.accumulate(np.where(speaking, np.arange(len(rows)), -1))
        self._special = np.flatnonzero(real & (flags & (SYN | FIN | RST) != 0)).tolist()
        self._opening = np.flatnonzero(flags & (SYN | ACK) == SYN).tolist()
        self._data_columns(np.flatnonzero((columns.wire[rows] > 0) & (flags & RST == 0)))
        order = np.argsort(groups.first)
        begin, middle, end = groups.begin[:-1][order], groups.middle[order], groups.begin[1:][order]
        keys = [groups.keys[i] for i in order.tolist()]
        spans = map(Span, begin.tolist(), middle.tolist(), middle.tolist(), end.tolist())
        self.connections = list(zip(groups.first[order].tolist(), keys, spans, strict=True))
        """Of each connection the row of its first packet, its key and its packets; in the order of these rows."""

    def _data_columns(self, places: Ints) -> None:
        """Prepares what is asked of packets with payload."""
        columns, rows = self.columns, self.rows[places]
        start, size = columns.start[rows], columns.size[rows]
        self._data = places.tolist()
        self._from, self._to = start.tolist(), (start + size).tolist()
        self._sum = [0, *np.cumsum(size).tolist()]
        self._frames, self._times = columns.frame[rows].tolist(), columns.time[rows].tolist()
        self._start = (self.seq[places] + (columns.flags[rows] & SYN != 0)) % WRAP
        self._cut = columns.wire[rows] - size
        apart = (self._start[:-1] + size[:-1]) % WRAP != self._start[1:]
        self._runs = (np.flatnonzero(apart | (self._cut[:-1] > 0)) + 1).tolist()

    def row(self, place: int) -> int:
        """Returns the place in the columns."""
        return self._row[place]

    def first(self, span: Span) -> int:
        """Returns the place of the first packet; there must be one."""
        heads = [begin for begin, end in (span.side(0), span.side(1)) if begin < end]
        return min(heads, key=self._row.__getitem__)

    def uid(self, span: Span) -> int | None:
        """Returns the first user id that the packets tell of, where the capture knows any."""
        if self.columns.uid is None:
            return None
        rows = np.concatenate([self.rows[begin:end] for begin, end in (span.side(0), span.side(1))])
        uids = self.columns.uid[np.sort(rows)]
        known = uids[uids >= 0]
        return int(known[0]) if len(known) else None

    def split(self, span: Span, row: int) -> tuple[Span, Span]:
        """Returns the packets before a row, and the others."""
        low = span.low + int(np.searchsorted(self.rows[span.low : span.low_end], row))
        high = span.high + int(np.searchsorted(self.rows[span.high : span.high_end], row))
        return Span(span.low, low, span.high, high), Span(low, span.low_end, high, span.high_end)

    def first_ack(self, begin: int, end: int) -> int | None:
        """Returns the place of the first packet with an acknowledgment."""
        for place in range(begin, min(end, begin + 64)):
            if self.flags[place] & ACK:
                return place
        return None

    def last_ack(self, begin: int, end: int) -> int | None:
        """Returns the last acknowledgment number sent."""
        place = int(self._last_ack[end - 1]) if end > begin else -1
        return int(self.ack[place]) if place >= begin else None

    def openings(self, span: Span) -> list[int]:
        """Returns the places of the SYNs without ACK, in the order of the capture."""
        opening = self._opening
        low = opening[bisect_left(opening, span.low) : bisect_left(opening, span.low_end)]
        high = opening[bisect_left(opening, span.high) : bisect_left(opening, span.high_end)]
        return sorted(low + high, key=self._row.__getitem__) if high else low

    def specials(self, begin: int, end: int) -> list[int]:
        """Returns the places of the packets with SYN, FIN or RST."""
        special = self._special
        return special[bisect_left(special, begin) : bisect_left(special, end)]

    def runs(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Returns the stretches of uninterrupted payload, as what `piece` takes."""
        low, high = bisect_left(self._data, begin), bisect_left(self._data, end)
        if low == high:
            return []
        inner = self._runs[bisect_right(self._runs, low) : bisect_left(self._runs, high)]
        return list(pairwise([low, *inner, high])) if inner else [(low, high)]

    def whole(self, begin: int, end: int) -> tuple[int, int]:
        """Returns all payload, as what `piece` takes."""
        return bisect_left(self._data, begin), bisect_left(self._data, end)

    def last_data(self, begin: int, end: int) -> int:
        """Returns the place of the last packet with payload, -1 if there is none."""
        low, high = bisect_left(self._data, begin), bisect_left(self._data, end)
        return self._data[high - 1] if low < high else -1

    def end(self, place: int) -> int:
        """Returns the sequence number behind the payload of a packet."""
        opens = bool(self.flags[place] & SYN)
        return (int(self.seq[place]) + opens + int(self.columns.wire[self.rows[place]])) % WRAP

    def number(self, index: int) -> int:
        """Returns the sequence number of the first byte of a packet with payload."""
        return int(self._start[index])

    def size(self, first: int, last: int) -> int:
        """Returns how many bytes were captured of a stretch."""
        return self._sum[last] - self._sum[first]

    def cut(self, last: int) -> int:
        """Returns how many bytes were not captured of the packet that ends a stretch."""
        return int(self._cut[last - 1])

    def piece(self, first: int, last: int, start: int) -> Piece:
        """Returns the bytes of a stretch with their packets; they lie in the window's buffer."""
        data, base = self.columns.data, self._sum[first]
        return Piece(
            start,
            self._sum[last] - base,
            [data[low:high] for low, high in zip(self._from[first:last], self._to[first:last], strict=True)],
            [offset - base for offset in self._sum[first:last]],
            self._frames[first:last],
            self._times[first:last],
            self.cut(last),
        )
