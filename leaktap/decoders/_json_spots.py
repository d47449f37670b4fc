"""From places in the text of a JSON document to its members: the strings, names and numbers that lie there.

So that of a large document with few places of interest only the members around them are listed. What is returned may
be too much (a string that stands before the place, or one like it elsewhere), never too little.
"""

from collections.abc import Sequence

import orjson

_OF_NUMBERS, _BEFORE = b"-+.0123456789eE", b":,[ \t\r\n"
_LONGEST_NUMBER = 64


def wanted(data: bytes, spots: Sequence[int]) -> frozenset[str | int | float] | None:
    """Returns the names, strings and numbers that lie at `spots`; None if they cannot be told."""
    found: set[str | int | float] = set()
    begin = end = -1
    named = False
    for spot in spots:
        place = spot - 1
        pieces: list[bytes] = []
        if not begin <= place < end:
            begin, end, named = _quote_before(data, place), _quote_from(data, place), False
            pieces.append(data[begin + 1 : end])
        number = _number(data, place)
        if number is not None:
            found.add(number)  # without its name, which may be that of a thousand others
        elif not named:
            named = True
            pieces.append(data[_quote_before(data, begin - 1) + 1 : begin] if begin > 0 else b"")
        for piece in pieces:
            literal = _literal(piece)
            if literal is None:
                return None
            found.add(literal)
    return frozenset(found)


def _literal(piece: bytes) -> str | None:
    """Returns the string that stands between two quotes; None if it is no JSON string."""
    try:
        return str(orjson.loads(b'"' + piece + b'"'))
    except orjson.JSONDecodeError:
        return None if not piece.isascii() or b"\\" in piece else ""


def _number(data: bytes, place: int) -> int | float | None:
    """Returns the number around a place, if it lies in one."""
    if data[place] not in _OF_NUMBERS:
        return None
    first = max(place - _LONGEST_NUMBER, 0)
    begin = first + len(data[first:place].rstrip(_OF_NUMBERS))
    if begin and data[begin - 1] not in _BEFORE:
        return None
    rest = data[place : place + _LONGEST_NUMBER]
    try:
        number = orjson.loads(data[begin : place + len(rest) - len(rest.lstrip(_OF_NUMBERS))])
    except orjson.JSONDecodeError:
        return None
    return number if isinstance(number, int | float) else None


def _quote_before(data: bytes, place: int) -> int:
    """Returns the offset of the last quote before or at `place` that is not escaped; -1 if there is none."""
    while (place := data.rfind(b'"', 0, place + 1)) >= 0:
        if not escaped(data, place):
            break
        place -= 1
    return place


def _quote_from(data: bytes, place: int) -> int:
    """Returns the offset of the first quote behind `place` that is not escaped; the end of `data` if there is none."""
    while (place := data.find(b'"', place + 1)) >= 0:
        if not escaped(data, place):
            return place
    return len(data)


def escaped(data: bytes, place: int) -> bool:
    """Tells whether an odd number of backslashes stands before `place`."""
    first = place
    while first > 0 and data[first - 1] == 0x5C:
        first -= 1
    return (place - first) % 2 == 1
