"""Which decoders there are, and which of them a value, a media type or a content coding is for.

A table by first byte, with the facts that each decoder states of itself, keeps values that no decoder could take away
from all of them; that is what makes a small leaf cost little.
"""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, lru_cache

from leaktap import decoders
from leaktap.decoders._api import Decoder
from leaktap.decoders._plain import is_binary, is_text
from leaktap.discover import discover

DECRYPT = "decrypt"
"""The decoder that is also tried where a message's keys fit, and then only once on the way to a value."""

_END = 64
"""Bytes of a value that tell as well as its beginning that it is no text: a long record may stand before short ones."""

_BLANK, _LONGEST_BLANK = b" \t\r\n", 4096
"""Space before a value, which each shape would pass over; behind so much of it, nothing is recognised."""


@cache
def all_decoders() -> tuple[Decoder, ...]:
    """Returns every decoder in the order of trying."""
    found: list[Decoder] = discover(decoders, "DECODER")
    return tuple(sorted(found, key=_order))


@cache
def hints() -> tuple[bytes, ...]:
    """Returns the hints of all decoders: where none occurs in a text, nothing in it is wrapped."""
    return tuple(dict.fromkeys(hint for decoder in all_decoders() for hint in decoder.hints))


type _Row = list[tuple[int, int | None, int | None, Callable[[bytes], object] | None, bool, Decoder]]


@cache
def by_first_byte() -> tuple[_Row, ...]:
    """Returns for each first byte the decoders that take it, with their other facts."""
    return tuple(
        [
            (
                decoder.minimum,
                decoder.needs[0] if decoder.needs else None,
                decoder.needs[1] if decoder.needs[1:] else None,
                decoder.shape.match if decoder.shape else None,
                decoder.binary and first not in decoder.white,
                decoder,
            )
            for decoder in all_decoders()
            if not decoder.told_only and (not decoder.starts or first in decoder.starts)
        ]
        for first in range(256)
    )


def candidates(value: bytes, row: _Row) -> list[Decoder]:
    """Returns the decoders whose facts a value fulfils."""
    found: list[Decoder] = []
    size, text = len(value), None
    if size > _LONGEST_BLANK and value[0] in _BLANK and value[:_LONGEST_BLANK].isspace():
        return found
    for minimum, needs, other, match, binary, decoder in row:
        if size < minimum:
            continue
        if needs is not None and needs not in value and (other is None or other not in value):
            continue
        if binary:
            if text is None:
                text = is_text(value) and not is_binary(value[-_END:])
            if text:
                continue
        if match is None or match(value) is not None:
            found.append(decoder)
    return found


@lru_cache(1024)
def by_type(content_type: str) -> dict[str, Decoder]:
    """Returns the decoders that `content_type` names, by their names."""
    return {
        decoder.name: decoder
        for decoder in all_decoders()
        if any(fnmatchcase(content_type, pattern) for pattern in decoder.types)
    }


def in_turn(likely: Sequence[Decoder], named: Mapping[str, Decoder], encoding: Sequence[str]) -> Sequence[Decoder]:
    """Returns the decoders in the order of trying: `likely` ones and those that a media type `named`; all where a
    content coding is told, those that undo it first.
    """
    if encoding:
        return _undoing_first(encoding[0])
    both = {decoder.name: decoder for decoder in likely}
    return likely if named.keys() <= both.keys() else sorted({**named, **both}.values(), key=_order)


def _order(decoder: Decoder) -> tuple[int, str]:
    return decoder.rank, decoder.name


@lru_cache(256)
def _undoing_first(coding: str) -> tuple[Decoder, ...]:
    return tuple(sorted(all_decoders(), key=lambda decoder: coding not in decoder.codings))


@cache
def known_codings() -> frozenset[str]:
    return frozenset(coding for decoder in all_decoders() for coding in decoder.codings)


@cache
def decrypting() -> Decoder:
    """Returns the decoder that a message's keys are for."""
    return next(decoder for decoder in all_decoders() if decoder.name == DECRYPT)
