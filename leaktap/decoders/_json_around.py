"""From places in the text of a JSON document to the innermost objects and arrays around them, and the way to each.

So that a document of which few places matter need not be parsed as a whole. All brackets are looked at at once (numpy);
what is in strings is told by the number of quotes before it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from leaktap.decoders._json_spots import escaped

_QUOTE, _COMMA, _BACKSLASH, _OPEN_OBJECT = b'",\\{'
_OPEN, _CLOSE, _EITHER = 0x7B, 0x7D, 0x20
"""An object's brackets; an array's have all bits of theirs but one."""

_MOST, _MOST_ESCAPED, _DEEPEST = 50, 1000, 32


class Around(NamedTuple):
    """An object or array: where its text begins and ends, and the names and indices that lead to it."""

    begin: int
    end: int
    steps: tuple[str | int, ...]


type _Places = NDArray[np.intp]


class _Text:
    """The brackets of a document that are in no string: where they are, and how many are open behind each."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._signs = np.frombuffer(data, np.uint8)
        self._quotes = np.flatnonzero(self._signs == _QUOTE)
        self.is_clear = True
        if b'\\"' in data:
            self._drop_escaped()
        either = self._signs | _EITHER
        self.brackets = self._outside(np.flatnonzero((either == _OPEN) | (either == _CLOSE)))
        self._opens = either[self.brackets] == _OPEN
        self._depths = np.cumsum(np.where(self._opens, 1, -1))
        self.is_clear &= self._is_one_document()

    def _drop_escaped(self) -> None:
        behind = np.flatnonzero(self._signs[self._quotes - 1] == _BACKSLASH)
        if len(behind) > _MOST_ESCAPED:
            self.is_clear = False
            return
        none = [at for at in behind.tolist() if escaped(self._data, int(self._quotes[at]))]
        self._quotes = np.delete(self._quotes, none)

    def _is_one_document(self) -> bool:
        depths = self._depths
        return len(depths) > 1 and len(self._quotes) % 2 == 0 and int(depths[-1]) == 0 and bool((depths[:-1] > 0).all())

    def _outside(self, places: _Places) -> _Places:
        """Returns those places that are in no string."""
        outside: _Places = places[np.searchsorted(self._quotes, places) % 2 == 0]
        return outside

    def container(self, place: int) -> tuple[int, int] | None:
        """Returns the first and the last bracket around a place; a bracket that opens is around what is behind it."""
        at = int(np.searchsorted(self.brackets, place)) - 1
        if at < 0 or not self._depths[at]:
            return None
        depth = self._depths[at]
        first = self._opening(at + 1, depth)
        last = at + 1 + int(np.argmax(self._depths[at + 1 :] < depth))
        return first, last

    def _opening(self, before: int, depth: int) -> int:
        """Returns the last bracket `before` another that opened the container of a depth."""
        found = np.flatnonzero(self._opens[:before] & (self._depths[:before] == depth))
        return int(found[-1])

    def steps(self, first: int) -> tuple[str | int, ...] | None:
        """Returns the way to a container, which begins with the bracket `first`; None if a name cannot be read."""
        steps: list[str | int] = []
        depth = int(self._depths[first])
        if depth > _DEEPEST:
            return None
        while depth > 1:
            outer = self._opening(first, depth - 1)
            begin, end = int(self.brackets[outer]), int(self.brackets[first])
            if self._data[begin] == _OPEN_OBJECT:
                name = self._name(end)
                if name is None:
                    return None
                steps.append(name)
            else:
                steps.append(self._index(outer, first, begin, end))
            first, depth = outer, depth - 1
        return tuple(reversed(steps))

    def _name(self, place: int) -> str | None:
        """Returns the string before a place."""
        behind = int(np.searchsorted(self._quotes, place))
        if behind < 2:
            return None
        begin, end = (int(at) for at in self._quotes[behind - 2 : behind])
        try:
            return str(orjson.loads(self._data[begin : end + 1]))
        except orjson.JSONDecodeError:
            return None

    def _index(self, outer: int, first: int, begin: int, end: int) -> int:
        """Returns how many commas stand in an array, and in nothing within it, before its member at `end`."""
        commas = self._outside(np.flatnonzero(self._signs[begin:end] == _COMMA) + begin)
        at = np.searchsorted(self.brackets[outer:first], commas) - 1 + outer
        return int(np.count_nonzero(self._depths[at] == self._depths[outer]))


def around(data: bytes, spots: Sequence[int]) -> list[Around] | None:
    """Returns the innermost containers around the ends of `spots`, none within another; None if they cannot be told.

    That is so where the text is no single document, or there are many spots.
    """
    if len(spots) > _MOST:
        return None
    text = _Text(data)
    if not text.is_clear:
        return None
    containers = {text.container(spot - 1) for spot in spots}
    found: list[Around] = []
    behind = -1
    for container in sorted(each or (0, len(text.brackets) - 1) for each in containers):
        first, last = container
        if first <= behind:
            continue
        behind = last
        steps = text.steps(first)
        if steps is None:
            return None
        found.append(Around(int(text.brackets[first]), int(text.brackets[last]) + 1, steps))
    return found
