"""Stretches of a text: where so many signs of a kind stand in a row, told without a look at every one of them.

A long text is looked at four bytes at a time (numpy): only where enough such words are all of the kind may a stretch
begin.
"""

from collections.abc import Iterator

import numpy as np

_SIGN, _END = b"a", b"."
_WORD = 4
_WORDS_FROM = 2048
"""Shorter texts are searched as they are."""


def table(signs: frozenset[int], neither: frozenset[int] = frozenset()) -> bytes:
    """Returns what makes marks of a text (`bytes.translate`): `signs` make stretches, `neither` do not end any."""
    return bytes(_SIGN[0] if sign in signs else 0x30 if sign in neither else _END[0] for sign in range(256))


def stretches(marks: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Yields begin and end of what begins with `least` signs and goes on to the next that ends it, in order.

    `least` is 7 or more.
    """
    needle = _SIGN * least
    at, size = 0, len(marks)
    for first, last in _windows(marks, least) if size >= _WORDS_FROM else ((0, size),):
        at = max(at, first)
        while (begin := marks.find(needle, at, last)) >= 0:
            at = marks.find(_END, begin + least)
            if at < 0:
                at = size
            yield begin, at


def _windows(marks: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Yields where stretches may begin, and where their first signs end: around the first whole words in a row."""
    whole = np.frombuffer(marks, np.uint32, len(marks) // _WORD) == int.from_bytes(_SIGN * _WORD)
    row = (least - _WORD + 1) // _WORD
    begins = whole[: len(whole) - row + 1]
    for at in range(1, row):
        begins = begins & whole[at : len(begins) + at]
    first = begins.copy()
    first[1:] = begins[1:] > begins[:-1]
    for word in np.flatnonzero(first).tolist():
        yield max(word * _WORD - _WORD + 1, 0), word * _WORD + least
