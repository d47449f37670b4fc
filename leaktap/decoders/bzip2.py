"""bzip2: seen by its first bytes; several streams.

The format is described in https://github.com/dsnet/compress/blob/master/doc/bzip2-format.pdf.
"""

import bz2
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import expand_all, is_told, outlet, unwrapped

_CODINGS = ("bzip2", "x-bzip2", "bz2")
_BEGIN = re.compile(rb"BZh[1-9](?:\x31\x41\x59\x26\x53\x59|\x17\x72\x45\x38\x50\x90)")
"""Magic, block size, and the mark of a block or of the end."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content of all streams as one part, and what follows them as `.rest`."""
    told = is_told(context, *_CODINGS)
    if not _BEGIN.match(data):
        if told:
            raise DecodeError("said to be bzip2, but does not begin so")
        return None
    out = outlet(context)
    end = expand_all(bz2.BZ2Decompressor, data, out, lambda at: _BEGIN.match(data, at) is not None)
    return unwrapped(out, end, context, told, data)


DECODER = Decoder(
    "bzip2", decode, rank=16, certain=True, minimum=14, starts=b"B", shape=_BEGIN, codings=_CODINGS, strain=0
)
