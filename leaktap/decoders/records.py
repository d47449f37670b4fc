"""Records with their lengths before them, that fill a value to its very end: `[i]`.

A length has two or four bytes, in either order, or is a varint (protobuf's delimited messages). There are two records
at least, or a single one behind a header of a few bytes, listed as `.header`. Nothing says that a value is made so; it
is believed because the lengths fit, and in short ones only where the records make sense.
"""

from collections.abc import Sequence

from google.protobuf import empty_pb2
from google.protobuf.message import DecodeError as WireError

from leaktap.decoders._api import Context, Decoder, LimitReached, Part
from leaktap.decoders._pace import paced
from leaktap.decoders._plain import makes_sense
from leaktap.decoders._reading import Order

_LONGEST_HEADER = 16
_SHORTEST_ALONE = 6
_SHORTEST_OF_VARINT = 6
_ORDERS: tuple[Order, ...] = ("big", "little")

type _Records = list[tuple[int, int]]
"""Begin and end of each record."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the records."""
    for size in (4, 2):
        for order in _ORDERS:
            if records := _tiled(data, size, order, context):
                return _parts(data, records, context.most)
    if (records := _of_varints(data, context)) and _all_readable(data, records, context):
        return _parts(data, records, context.most)
    return _alone(data, context.most)


def _tiled(data: bytes, size: int, order: Order, context: Context) -> _Records | None:
    """Returns two records at least, if they fill the data, and at most one more than the context allows. None of them
    is empty.
    """
    records: _Records = []
    at, end = 0, len(data)
    if not 0 < int.from_bytes(data[:size], order) < end - size:
        return None
    while at < end and len(records) <= context.most:
        begin = at + size
        at = begin + int.from_bytes(data[at:begin], order)
        if at > end or at <= begin:
            return None
        records.append((begin, at))
    if len(records) < 2 or (size == 2 and not _all_readable(data, records, context)):
        return None
    return records


def _of_varints(data: bytes, context: Context) -> _Records | None:
    """Like `_tiled`, for lengths of up to four bytes with seven bits each."""
    records: _Records = []
    at, end = 0, len(data)
    while at < end and len(records) <= context.most:
        length = 0
        for shift in (0, 7, 14, 21):
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80 or at == end:
                break
        if length < _SHORTEST_OF_VARINT or at + length > end:
            return None
        records.append((at, at + length))
        at += length
    return records if len(records) > 1 else None


def _alone(data: bytes, most: int) -> Sequence[Part] | None:
    """Returns the header and the one record behind it, if that makes sense."""
    if not _high_bytes(len(data)).intersection(data[: _LONGEST_HEADER + 4]):
        return None
    for header in range(min(_LONGEST_HEADER, len(data) - _SHORTEST_ALONE) + 1):
        for size in (4, 2):
            begin = header + size
            said = data[header:begin]
            left = len(data) - begin
            if left < _SHORTEST_ALONE or all(int.from_bytes(said, order) != left for order in _ORDERS):
                continue
            if makes_sense(data[begin:]):
                parts = [Part(data[begin:], "[0]"), *([Part(data[:header], ".header")] if header else ())]
                return parts[:most]
    return None


def _high_bytes(size: int) -> set[int]:
    """Returns what the second lowest byte of the length of a lone record can be, in a value of `size` bytes."""
    return {(size - 2) >> 8 & 0xFF, max(size - _LONGEST_HEADER - 4, 0) >> 8 & 0xFF}


def _all_readable(data: bytes, records: _Records, context: Context) -> bool:
    return all(_is_readable(data[begin:end]) for begin, end in paced(records, context.deadline))


def _is_readable(record: bytes) -> bool:
    """Tells whether a record is text, compressed, or a protobuf message."""
    if makes_sense(record):
        return True
    try:
        empty_pb2.Empty.FromString(record)
    except WireError:
        return False
    return len(record) >= _SHORTEST_OF_VARINT


def _parts(data: bytes, records: _Records, most: int) -> Sequence[Part]:
    parts = [Part(data[begin:end], f"[{index}]") for index, (begin, end) in enumerate(records[:most])]
    if len(records) > most:
        raise LimitReached("parts", parts)
    return parts


DECODER = Decoder("records", decode, rank=34, minimum=8, binary=True)
