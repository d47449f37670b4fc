"""Raw deflate (RFC 1951): said by Content-Encoding `deflate`, or the whole value inflates to something sensible.

Raw deflate has no header and no check. Any few bytes may be the beginning of some stream, so without being told only a
stream that ends exactly where the value ends is believed, and it is the only reading if that is text and more than it.
Where it is said but ends long before the value does, it may be chance: then it is not the only reading.
"""

import re
import zlib
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part, Sole
from leaktap.decoders._inflate import FULL, LATE, deflate_stream, expand, is_told, outlet, unwrapped
from leaktap.decoders._plain import is_text, makes_sense

_CODINGS = ("deflate", "x-deflate", "deflate-raw")
_PROBE = 1024
_SHORTEST_TEXT, _SHORTEST_OPAQUE = 12, 16
_STORED_OR_FIXED = re.escape(bytes(head for head in range(256) if head & 6 in (0, 2)))
_DYNAMIC = re.escape(bytes(head for head in range(256) if head & 6 == 4 and head < 0xF0))
_TOO_MANY = re.escape(bytes(head for head in range(256) if head & 0x1F > 29))
_SHAPE = re.compile(b"[%b]|[%b][^%b]" % (_STORED_OR_FIXED, _DYNAMIC, _TOO_MANY))
"""Heads of a first block: of dynamic ones, there are 286 codes of lengths and 30 of distances at most."""

_LONGEST_CHECK = 8
"""Bytes of check sum and length, as zlib and gzip have them, that may follow where only their heads are missing."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content as one part."""
    told = is_told(context, *_CODINGS)
    if not told and not _begins(data):
        return None
    out = outlet(context)
    end = expand(deflate_stream, data, out)
    if told:
        if end.problem not in (FULL, LATE) and (not out.size or (end.problem and is_text(data))):
            raise DecodeError(f"said to be deflate, but {end.problem or 'empty'}")
        parts = unwrapped(out, end, context, told, data)
        if len(data[end.used :].strip(b"\0")) > _LONGEST_CHECK:
            raise DecodeError(f"said to be deflate, but that ends after {end.used} bytes", parts)
        return parts
    if end.is_broken or (end.problem not in (FULL, LATE) and end.used < len(data)):
        return None
    grew = out.size > len(data)
    if makes_sense(out.value()) and (grew or out.size >= _SHORTEST_TEXT):
        parts = unwrapped(out, end, context, told)
        return Sole(parts) if grew else parts
    return unwrapped(out, end, context, told) if out.size >= _SHORTEST_OPAQUE else None


def _begins(data: bytes) -> bool:
    """Tells whether the first bytes inflate at all: most that are not deflate do not."""
    if not data[0] & 6 and data[1] ^ data[3] != 0xFF:
        return False  # a stored block has its length and the complement of that
    try:
        zlib.decompressobj(-15).decompress(data[:_PROBE], _PROBE)
    except zlib.error:
        return False
    return True


DECODER = Decoder("deflate", decode, rank=75, minimum=14, shape=_SHAPE, binary=True, codings=_CODINGS, strain=0)
