"""LZMA without a container (`.lzma`, https://github.com/jljusten/LZMA-SDK/blob/master/DOC/lzma-specification.txt).

Its header has properties, window and size, but no magic: what nobody said to be LZMA is believed if its window is one
that encoders make, and it ends where it should or brings some sense.
"""

import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import expand, is_told, outlet, unwrapped
from leaktap.decoders._lzma import MOST, alone_stream
from leaktap.decoders._plain import makes_sense

_CODINGS = ("lzma", "x-lzma")
_BEGIN = re.compile(rb"(?s)[\x00-\xe0](?:\0\0|\0[\x10-\xf0]).[\x00-\x08](?:\xff{8}|.{4}\0{4})\0")
"""Properties, a window of whole kilobytes, a size that is unknown or below 4 GB, and the coder's first byte."""

_EVIDENCE = 64
_MOST_LOOKED_AT, _SOME_SIGNS = 1024, 16


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content as one part."""
    told = is_told(context, *_CODINGS)
    if not _BEGIN.match(data):
        if told:
            raise DecodeError("said to be lzma, but does not begin so")
        return None
    out = outlet(context, MOST)
    end = expand(alone_stream, data, out)
    if not told and (end.is_broken or not out.size) and not _is_convincing(out.value()):
        return None
    return unwrapped(out, end, context, told, data)


def _is_convincing(content: bytes) -> bool:
    """Tells whether the content of a broken stream is text. Random bytes make one letter many times."""
    return len(content) >= _EVIDENCE and makes_sense(content) and len(set(content[:_MOST_LOOKED_AT])) >= _SOME_SIGNS


DECODER = Decoder(
    "lzma", decode, rank=18, certain=True, minimum=14, binary=True, shape=_BEGIN, codings=_CODINGS, strain=0
)
