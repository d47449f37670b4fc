"""xz (https://tukaani.org/xz/xz-file-format.txt): seen by its first bytes; several streams, with padding between."""

import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import MOST_MEMBERS, expand, is_told, outlet, unwrapped
from leaktap.decoders._lzma import MOST, xz_stream

_CODINGS = ("xz", "x-xz")
_MAGIC = b"\xfd7zXZ\x00"
_PADDING = re.compile(rb"(?:\0{4})*")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content of all streams as one part, and what follows them as `.rest`."""
    told = is_told(context, *_CODINGS)
    if not data.startswith(_MAGIC):
        if told:
            raise DecodeError("said to be xz, but does not begin so")
        return None
    out = outlet(context, MOST)
    end = expand(xz_stream, data, out)
    for _ in range(MOST_MEMBERS):
        padding = _PADDING.match(data, end.used)
        at = padding.end() if padding else end.used
        if end.problem or not data.startswith(_MAGIC, at):
            break
        end = expand(xz_stream, data, out, at)
    return unwrapped(out, end, context, told, data)


DECODER = Decoder("xz", decode, rank=17, certain=True, minimum=12, starts=b"\xfd", codings=_CODINGS, strain=0)
