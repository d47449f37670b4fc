"""Tells bytes that say something from bytes that look random, which are encrypted or compressed beyond recognition.

Asked in windows of 256 bytes. A window says something if its bytes are spread less evenly than chance would (chi
squared against the uniform distribution), if more of them are printable than chance would have, or if it has a run of
printable characters that chance would not make. What begins like a format that a decoder opens is not doubted.
"""

import re
from itertools import groupby

import numpy as np
import numpy.typing as npt

WINDOW = 256
FEW = 64
"""Fewer bytes than this tell nothing: they count as saying something."""

_MARGIN = 64
_CHI = 255 + 4 * 22
"""Random windows have 255, with a standard deviation of 22, whatever their size."""
_SHARE, _DEVIATION = 98 / 256, 4 * (98 / 256 * 158 / 256) ** 0.5
_RUN = re.compile(rb"[\t\n\r -~]{12,}")
_PRINTABLE = np.zeros(256, np.int64)
_PRINTABLE[[9, 10, 13, *range(32, 127)]] = 1
_PACKED = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


def spans(data: bytes, before: bytes = b"") -> list[tuple[int, int]]:
    """Returns the stretches of `data` that say something; `before` are bytes that came before, to judge few by.

    A stretch takes in a margin of what surrounds it, so that nothing is cut through which lies at its edge.
    """
    if not data or data.startswith(_PACKED):
        return [(0, len(data))] if data else []
    whole = len(data) // WINDOW
    telling = _tell(np.frombuffer(data, np.uint8, whole * WINDOW).reshape(whole, WINDOW))
    if whole * WINDOW < len(data):
        tail = (before + data)[-WINDOW:]
        telling.append(len(tail) < FEW or _tell(np.frombuffer(tail, np.uint8)[None])[0])
    for run in _RUN.finditer(data):
        last = (run.end() - 1) // WINDOW
        for index in range(run.start() // WINDOW, last + 1):
            telling[index] = True
    found: list[tuple[int, int]] = []
    for says, indexes in groupby(range(len(telling)), telling.__getitem__):
        if says:
            places = list(indexes)
            begin, end = max(places[0] * WINDOW - _MARGIN, 0), min((places[-1] + 1) * WINDOW + _MARGIN, len(data))
            found.append((begin, end))
    return found


def _tell(windows: npt.NDArray[np.uint8]) -> list[bool]:
    """Returns for each window (a row) whether it says something."""
    count, size = windows.shape
    cells = windows.astype(np.int64) + (np.arange(count) << 8)[:, None]
    counts = np.bincount(cells.ravel(), minlength=count << 8).reshape(count, 256)
    chi = (counts**2).sum(axis=1) * (256 / size) - size
    printable = counts @ _PRINTABLE
    told: list[bool] = ((chi > _CHI) | (printable > size * _SHARE + _DEVIATION * size**0.5)).tolist()
    return told
