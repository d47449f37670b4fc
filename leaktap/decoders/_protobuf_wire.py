"""Protocol Buffers' wire format without a schema: the fields of a message, and whether bytes may be some by chance.

It is read by the protobuf library. What it refuses is looked at field by field, to know where it breaks
(https://protobuf.dev/programming-guides/encoding/).
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from struct import Struct
from typing import Any, cast

from google.protobuf import empty_pb2
from google.protobuf.message import DecodeError as WireError
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from leaktap.decoders._api import LimitReached

VARINT, FIXED64, BYTES, START_GROUP, END_GROUP, FIXED32 = range(6)
_SANE_NUMBER = 10_000
_LARGEST_NUMBER = (1 << 29) - 1
_COUNTED_FROM = 1 << 17
_LONGEST_PACKED, _TELLING, _LARGEST_ID = 512, 1 << 28, 1 << 52
_LARGEST_LIKELY, _SMALLEST_NEGATIVE = 10**18, (1 << 64) - _LARGEST_ID
_LEAST, _MOST = 1e-9, 1e15
_UINT32, _FLOAT, _UINT64, _DOUBLE = map(Struct, ("<I", "<f", "<Q", "<d"))
_LONG_VARINT, _VARINTS = re.compile(rb"[\x80-\xff]{4}"), re.compile(rb"(?:[\x80-\xff]{0,9}[\x00-\x7f]){2,}+")
_TOO_HIGH = bytes(high for high in range(256) if high and not 0x3E <= high & 0x7F <= 0x43)
"""Last bytes of fixed numbers that are neither below `_LARGEST_ID` nor, as real ones, between `_LEAST` and `_MOST`."""

type Field = tuple[int, int, Any]
"""Number, wire type, and what the library has for it: an int, bytes, or for a group an `UnknownFieldSet`."""


def is_message(data: bytes) -> bool:
    """Tells whether bytes are fields that people would number and order so: of sixteen random ones, 2 in 1000 are."""
    fields = read_fields(data, len(data))
    return fields is not None and is_sane(fields) and not is_doubtful(fields)


def parsed(kind: type[Message], data: bytes) -> Message | None:
    try:
        return kind.FromString(data)
    except WireError:
        return None


def read_fields(data: bytes, most: int) -> list[Field] | None:
    """Returns the fields of a message, or None if `data` is none.

    Raises:
        LimitReached: there are more than `most`; the library would need 90 bytes for each.
    """
    if len(data) > _COUNTED_FROM and sum(1 for _ in islice(scan(data), most + 1)) > most:
        raise LimitReached("parts")
    message = parsed(empty_pb2.Empty, data)
    if message is None:
        return None
    fields = listed(UnknownFieldSet(message))
    # The library lets field number 0 pass.
    return None if 0 in [number for number, _, _ in fields] else fields


def listed(fields: UnknownFieldSet) -> list[Field]:
    return [(f.field_number, f.wire_type, f.data) for f in cast("Iterable[Any]", fields)]


def is_of_text(fields: list[Field]) -> bool:
    """Tells whether what is text may be these fields as well: numbers in it would be chance."""
    return all(kind == BYTES or (kind == START_GROUP and is_of_text(listed(value))) for _, kind, value in fields)


def is_mostly_one(fields: list[Field], size: int) -> bool:
    """Tells whether one string among several fields is most of a text of `size` bytes: then numbers may be none."""
    longest = max([len(value) for _, kind, value in fields if kind == BYTES], default=0)
    return len(fields) > 1 and longest * 2 > size


def is_sane(fields: list[Field]) -> bool:
    """Tells whether people would number their fields so."""
    return len([number for number, _, _ in fields if number > _SANE_NUMBER]) * 4 <= len(fields)


def is_doubtful(fields: list[Field]) -> bool:
    """Tells whether bytes may be these fields by chance: out of order, or one of them is none that people send."""
    numbers = [number for number, _, _ in fields]
    return numbers != sorted(numbers) or any(_is_unlikely(kind, value) for _, kind, value in fields)


def _is_unlikely(kind: int, value: Any) -> bool:
    """Tells whether a field is a number that is larger than those that people write, or a group that has one."""
    if kind == START_GROUP:
        return is_doubtful(listed(value))
    if kind == FIXED64:
        return bool(value >= _LARGEST_LIKELY) and as_real(value, kind) is None
    return kind == VARINT and _LARGEST_LIKELY <= value < _SMALLEST_NEGATIVE


def scan(data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """Yields number, wire type, begin of field, begin and end of content, of fields one after the other.

    Stops where none begins; the last may end behind the data.
    """
    at = 0
    while at < len(data):
        tag, begin = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if not 0 < number <= _LARGEST_NUMBER or begin > len(data):
            return
        if kind == VARINT:
            end = _varint(data, begin)[1]
        elif kind == BYTES:
            length, begin = _varint(data, begin)
            end = begin + length
        elif kind in (FIXED32, FIXED64):
            end = begin + (4 if kind == FIXED32 else 8)
        elif kind in (START_GROUP, END_GROUP):
            end = begin
        else:
            return
        yield number, kind, at, begin, end
        at = end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Returns the number at `at` and the offset after it, which is behind the data if the number is cut off."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            return 0, len(data) + 1
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    return 0, len(data) + 1


def packed_numbers(data: bytes) -> list[tuple[int, bytes]]:
    """Returns index and text of the numbers that packed fields of varints or of fixed ones would have here.

    Small numbers say nothing: they are left out.
    """
    found: list[tuple[int, bytes]] = []
    if not 2 < len(data) <= _LONGEST_PACKED:
        return found
    if data[-1] < 0x80 and _LONG_VARINT.search(data) and _VARINTS.fullmatch(data):
        at = number = shift = 0
        for byte in data:
            if byte > 0x7F:
                number |= (byte & 0x7F) << shift
                shift += 7
                continue
            number |= byte << shift
            if number >= _TELLING:
                found.append((at, b"%d" % number))
            at += 1
            number = shift = 0
    if len(data) % 8 == 0 and len(data) > 8 and data[7::8].translate(None, _TOO_HIGH):
        reals = _DOUBLE.iter_unpack(data)
        for at, ((number,), (real,)) in enumerate(zip(_UINT64.iter_unpack(data), reals, strict=True)):
            if _TELLING <= number < _LARGEST_ID:
                found.append((at, b"%d" % number))
            elif _LEAST <= abs(real) <= _MOST:
                found.append((at, repr(real).encode()))
    return found


def as_real(bits: int, kind: int) -> bytes | None:
    """Returns the floating-point number that `bits` make, if it is of a size that anybody would send."""
    if kind == FIXED64:
        (number,) = _DOUBLE.unpack(_UINT64.pack(bits))
    else:
        (number,) = _FLOAT.unpack(_UINT32.pack(bits))
    if not _LEAST <= abs(number) <= _MOST:
        return None
    return (repr(number) if kind == FIXED64 else f"{number:.8g}").encode()
