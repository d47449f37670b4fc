"""Where letters and digits alternate as in no word and no number: three times and more within nine signs.

Digests and what is spelt in base64 and its like are mixed so, nearly all of them; ordinary text seldom is. A long text
is looked at all at once (numpy), so that what is mixed has to be searched for in few places.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LONGEST = 32
"""Signs of what is searched for in mixed places: a place reaches as far around a change."""

_FEWEST, _NEIGHBOURS = 3, 8
"""So many of eight neighbours in a row are changes."""

_SMALL, _CAPITAL, _DIGIT = 1, 2, 4
_AMONG_DIGITS = b"0123456789%!#()*;<>@^`|~"
"""Digits, and with them the punctuation of escapes and of base85 that is rare in other text."""

_CHANGES = {0: 0, _SMALL: _CAPITAL | _DIGIT, _CAPITAL: _DIGIT, _DIGIT: _SMALL | _CAPITAL}
"""What makes a change behind a sign: a small letter behind a capital makes none, for words begin so."""

_BEHIND = 5
_AT_ONCE = 1 << 16
_BLOCK = 8
_AROUND = LONGEST // _BLOCK
_APART = 2 * _AROUND + 3
_NONE = np.empty(0, np.intp)
_SHORT = 1 << 12
_ANY_KIND = int.from_bytes(bytes([_SMALL | _CAPITAL | _DIGIT]) * _SHORT)


def _kind(sign: int, in_any_case: bool) -> int:
    if sign in _AMONG_DIGITS:
        return _DIGIT
    if 0x61 <= sign <= 0x7A:
        return _SMALL
    if 0x41 <= sign <= 0x5A:
        return _SMALL if in_any_case else _CAPITAL
    return 0


def _kinds(in_any_case: bool = False) -> bytes:
    """Returns for each byte its kind (three bits), and above the kinds that make a change behind it."""
    kinds = [_kind(sign, in_any_case) for sign in range(256)]
    return bytes(_CHANGES[kind] << _BEHIND | kind for kind in kinds)


MARKS, _IN_ANY_CASE = _kinds(), _kinds(True)
"""Tables that tell kinds and nothing else."""


def with_kinds(table: bytes) -> bytes:
    """Returns a table of marks (`_stretches.table`) that tells kinds as well."""
    return bytes(mark | kind for mark, kind in zip(table, MARKS, strict=True))


def is_mixed(value: bytes, in_any_case: bool = False) -> bool:
    """Tells whether a value is mixed, whatever stands around it; with `in_any_case` also whatever case it is in."""
    kinds = value.translate(_IN_ANY_CASE if in_any_case else MARKS)
    changes = [one >> _BEHIND & other != 0 for one, other in pairwise(kinds)]
    windows = range(max(len(changes) - _NEIGHBOURS, 0) + 1)
    return any(sum(changes[at : at + _NEIGHBOURS]) >= _FEWEST for at in windows)


def mixed(marks: bytes) -> list[tuple[int, int]]:
    """Returns begin and end of the mixed places of a text, in order, each with `LONGEST` signs around it.

    `marks` are made of the text by a table `with_kinds`.
    """
    if len(marks) <= _SHORT and _changes(marks) < _FEWEST:
        return []
    found = [
        blocks + start // _BLOCK
        for start in range(0, max(len(marks) - _NEIGHBOURS, 1), _AT_ONCE)
        if len(blocks := _blocks(marks[start : start + _AT_ONCE + _NEIGHBOURS]))
    ]
    if not found:
        return []
    blocks = found[0] if len(found) == 1 else np.concatenate(found)
    apart = np.flatnonzero(blocks[1:] - blocks[:-1] > _APART)
    first = blocks[np.concatenate(([0], apart + 1))] - _AROUND
    last = blocks[np.concatenate((apart, [len(blocks) - 1]))] + _AROUND
    begins, ends = np.maximum(first * _BLOCK, 0), np.minimum((last + 2) * _BLOCK, len(marks))
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


def _changes(marks: bytes) -> int:
    """Returns how many changes there are in a short text, all counted at once."""
    signs = int.from_bytes(marks)
    return (signs >> 8 + _BEHIND & signs & _ANY_KIND).bit_count()


def _blocks(marks: bytes) -> NDArray[np.intp]:
    """Returns the blocks of eight signs in which eight neighbours begin of which enough are changes."""
    signs = np.frombuffer(marks, np.uint8)
    bits = (signs[:-1] >> _BEHIND) & signs[1:]  # one for each change
    whole = len(bits) // _BLOCK * _BLOCK
    counts = np.bitwise_count(bits[:whole].view(np.uint64))
    if not (counts[:-1] + counts[1:] >= _FEWEST).any() and np.count_nonzero(bits[whole - _BLOCK :]) < _FEWEST:
        return _NONE
    changes = bits.astype(bool).view(np.uint8)
    twos = changes[:-1] + changes[1:]
    fours = twos[:-2] + twos[2:]
    eights = (fours[:-4] + fours[4:]) >= _FEWEST
    whole = len(eights) // _BLOCK * _BLOCK
    found = np.flatnonzero(eights[:whole].view(np.uint64))
    return np.append(found, whole // _BLOCK) if eights[whole:].any() else found
