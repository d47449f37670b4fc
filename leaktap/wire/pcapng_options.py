"""Options of pcapng blocks: lists of a code, a length and a value, padded to four bytes, up to the code 0.

Those of packets are read column-wise, as many packets at a time as there are. Source: draft-ietf-opsawg-pcapng, 3.5.
"""

import struct
from collections.abc import Iterator

import numpy as np

from leaktap.wire._records import Ints, read

COMMENT = 1
MOST_OPTIONS = 256
"""How many options of one packet are read; a packet has a handful."""


def options(body: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Yields code and value of each option of a list; a broken one ends it."""
    head = struct.Struct(order + "HH").unpack_from
    pos = 0
    while pos + 4 <= len(body):
        code, length = head(body, pos)
        value = body[pos + 4 : pos + 4 + length]
        if code == 0 or len(value) < length:
            break
        yield code, value
        pos += 4 + (length + 3 & ~3)


def comments(body: memoryview, order: str) -> Iterator[str]:
    """Yields the comments of a list of options."""
    for code, value in options(body, order):
        if code == COMMENT:
            yield bytes(value).decode("utf-8", "replace")


def packet_comments(data: memoryview, order: str, at: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """Returns the comments in lists of options, each from offset `at` to before `end`: whose, where, and how long.

    The comments of a packet come in their order; packets may be mixed.
    """
    half = order + "u2"
    row = np.arange(len(at))
    found: list[tuple[Ints, Ints, Ints]] = []
    for _ in range(MOST_OPTIONS):
        inside = at + 4 <= end
        if not inside.all():
            row, at, end = row[inside], at[inside], end[inside]
        if not len(row):
            break
        code, length = read(data, half, at), read(data, half, at + 2)
        fits = (code != 0) & (at + 4 + length <= end)
        comment = fits & (code == COMMENT)
        if comment.any():
            found.append((row[comment], at[comment] + 4, length[comment]))
        row, at, end = row[fits], at[fits] + 4 + (length[fits] + 3 & ~3), end[fits]
    none = np.zeros(0, np.int64)
    rows, places, lengths = zip(*found, strict=True) if found else ((none,), (none,), (none,))
    return np.concatenate(rows), np.concatenate(places), np.concatenate(lengths)
