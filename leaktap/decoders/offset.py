"""A compressed stream or archive behind a short header, seen by its first bytes: `[OFFSET]`.

Behind a header there may also be several streams, each with its length before it. A lone length before a stream is left
to the decoder of records. zlib's two bytes are weak evidence: what they begin must inflate to something readable, or
for so long that it is no chance.
"""

import re
import zlib
from collections.abc import Sequence
from typing import Literal

from leaktap.decoders._api import Context, Decoder, LimitReached, Part
from leaktap.decoders._plain import makes_sense

_LONGEST_HEADER, _LONGEST_OF_RECORDS = 64, 16
_STREAM = (
    rb"\x1f\x8b\x08[\0-\x1f]|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18[\x40-\x7f]|\xfd7zXZ\0|BZh[1-9]1AY&SY"
    rb"|\x5d\0\0.[\0-\x08](?:\xff{8}|.{4}\0{4})\0|\xff\x06\0\0sNaPpY|\x82SNAPPY\0|LZ4Block|PK\x03\x04.\0"
    rb"|x[\x01\x5e\x9c\xda]"
)
_BEGIN = re.compile(rb"(?s)" + _STREAM)
_SHAPE = re.compile(rb"(?s).{1,%d}?(?:%b)" % (_LONGEST_HEADER, _STREAM))
_LONGEST_MAGIC = 16
_PROBE, _MOST_PROBED = 1024, 4096
_EVIDENCE, _NO_CHANCE = 16, 128
"""Bytes that are enough if they are text; and how many go in without an error, three times in a million, by chance."""

_ORDERS: tuple[Literal["big", "little"], ...] = ("big", "little")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns what begins like a stream, to the end of the data or as long as the length before it says.

    What begins so itself is what it seems, or broken; and what is a stored block of deflate is left to that.
    """
    if _BEGIN.match(data) or _is_stored(data):
        return None
    for seen in _BEGIN.finditer(data, 1, _LONGEST_HEADER + _LONGEST_MAGIC):
        at = seen.start()
        if at > _LONGEST_HEADER:
            break
        if data[at] == 0x78 and not _inflates(data[at : at + _PROBE]):
            continue
        places = _several(data, at, context.most)
        if not places:
            return None if _is_record(data, at) else (Part(data[at:], f"[{at}]"),)
        parts = [Part(data[begin:end], f"[{begin}]") for begin, end in places[: context.most]]
        if len(places) > context.most:
            raise LimitReached("parts", parts)
        return parts
    return None


def _is_stored(data: bytes) -> bool:
    """Tells whether data is a block of deflate that is not compressed (RFC 1951, section 3.2.4), and nothing else."""
    size = int.from_bytes(data[1:3], "little")
    return data[0] == 1 and size + 5 == len(data) and size ^ int.from_bytes(data[3:5], "little") == 0xFFFF


def _inflates(data: bytes) -> bool:
    stream = zlib.decompressobj()
    try:
        out = stream.decompress(data, _MOST_PROBED)
    except zlib.error:
        return False
    used = len(data) - len(stream.unconsumed_tail)
    if stream.eof or used >= _NO_CHANCE or len(out) == _MOST_PROBED:
        return True
    return len(out) >= _EVIDENCE and makes_sense(out)


def _several(data: bytes, at: int, most: int) -> list[tuple[int, int]]:
    """Returns where streams begin and end that fill the data from `at` on, each but the first behind its length."""
    for size in (4, 2):
        for order in _ORDERS:
            places: list[tuple[int, int]] = []
            end = at - size
            while 0 < end < len(data) and len(places) <= most:
                begin = end + size
                if not _BEGIN.match(data, begin):
                    places.clear()
                    break
                end = begin + int.from_bytes(data[begin - size : begin], order)
                places.append((begin, end))
            if len(places) > 1 and (end == len(data) or len(places) > most):
                return places
    return []


def _is_record(data: bytes, at: int) -> bool:
    """Tells whether the only length before the stream is that of all the rest."""
    return any(
        0 <= at - size <= _LONGEST_OF_RECORDS and int.from_bytes(data[at - size : at], order) == len(data) - at
        for size in (4, 2)
        for order in _ORDERS
    )


DECODER = Decoder("offset", decode, rank=36, minimum=12, binary=True, shape=_SHAPE)
