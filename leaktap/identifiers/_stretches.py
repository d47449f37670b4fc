"""Stretches of a text: where so many signs of a kind stand in a row, told without a look at every one of them.

A text is read through a table (`bytes.translate`) that makes marks of its bytes. A long one is looked at four bytes at
a time (numpy): only where enough such words are all of the kind may a stretch begin.
"""

from collections.abc import Iterator

import numpy as np

SIGN, NEITHER = 0x08, 0x10
"""The marks of what makes a stretch, and of what does not end any. What ends one is 0; other bits are others'."""

_WORD = 4
_SIGNS = np.uint32(int.from_bytes(bytes([SIGN] * _WORD)))
_WORDS_FROM = 2048
"""Shorter texts are searched as they are."""

_ONLY_SIGNS = bytes(mark & SIGN for mark in range(256))


def table(signs: frozenset[int], neither: frozenset[int] = frozenset()) -> bytes:
    """Returns what makes marks of a text: `signs` make stretches, `neither` do not end any."""
    return bytes(SIGN if sign in signs else NEITHER if sign in neither else 0 for sign in range(256))


def stretches(marks: bytes, least: int, others: bool = False) -> Iterator[tuple[int, int]]:
    """Yields begin and end of what begins with `least` signs and goes on to the next that ends it, in order.

    `least` is 7 or more. With `others` the marks may have others' bits.
    """
    needle = bytes([SIGN]) * least
    at, size = 0, len(marks)
    for first, last in _windows(marks, least) if size >= _WORDS_FROM else ((0, size),):
        at = max(at, first)
        start, signs = at, marks[at:last]
        if others:
            signs = signs.translate(_ONLY_SIGNS)
        while (begin := signs.find(needle, at - start)) >= 0:
            begin += start
            at = marks.find(0, begin + least)
            if at < 0:
                at = size
            yield begin, at


def _windows(marks: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Yields where stretches may begin, and where their first signs end: around the first whole words in a row."""
    whole = (np.frombuffer(marks, np.uint32, len(marks) // _WORD) & _SIGNS) == _SIGNS
    row = (least - _WORD + 1) // _WORD
    size = 1
    while size < row:
        more = min(size, row - size)
        whole = whole[: len(whole) - more] & whole[more:]
        size += more
    if not whole.any():
        return
    first = whole.copy()
    first[1:] = whole[1:] > whole[:-1]
    for word in np.flatnonzero(first).tolist():
        yield max(word * _WORD - _WORD + 1, 0), word * _WORD + least
