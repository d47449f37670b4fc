"""Brotli (RFC 7932): only where Content-Encoding says so, for nothing in its bytes does."""

from collections.abc import Sequence

import brotli

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import CUT, End, Outlet, is_told, outlet, unwrapped
from leaktap.decoders._plain import is_text

_CODINGS = ("br", "brotli", "x-brotli")
_PIECE = 1 << 16


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content as one part."""
    if not is_told(context, *_CODINGS):
        return None
    out = outlet(context)
    end = _expand(data, out)
    if end.is_broken and (not out.size or is_text(data)):
        raise DecodeError(f"said to be brotli, but {end.problem}")
    return unwrapped(out, end, context, told=True)


def _expand(data: bytes, out: Outlet) -> End:
    stream = brotli.Decompressor()
    for at in range(0, len(data), _PIECE):
        piece = data[at : at + _PIECE]
        while not (which := out.spent):
            try:
                got = stream.process(piece, output_buffer_limit=min(out.left, _PIECE))
            except brotli.error as error:
                return End(at, "it is broken" if out.size else str(error))
            out.add(got)
            if stream.is_finished():
                return End(len(data))
            # It gives what it has bit by bit, and says before the last of it that it could take more.
            if not got and stream.can_accept_more_data():
                break
            piece = b""
        if which:
            return End(at, which)
    return End(len(data), CUT)


DECODER = Decoder("brotli", decode, rank=13, certain=True, told_only=True, codings=_CODINGS, strain=0)
