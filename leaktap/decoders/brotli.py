"""Brotli (RFC 7932): only where Content-Encoding says so, for nothing in its bytes does."""

from collections.abc import Sequence

import brotli

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import FULL, Expanded, is_told, unwrapped
from leaktap.decoders._plain import is_text

_PIECE = 1 << 16


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content as one part."""
    if not is_told(context, "br"):
        return None
    expanded = _expand(data, context.room)
    if expanded.problem and (not expanded.data or is_text(data)):
        raise DecodeError(f"said to be brotli, but {expanded.problem}")
    return unwrapped(expanded, context, told=True)


def _expand(data: bytes, room: int) -> Expanded:
    stream, out = brotli.Decompressor(), bytearray()
    for at in range(0, len(data), _PIECE):
        piece = data[at : at + _PIECE]
        while True:
            try:
                got = stream.process(piece, output_buffer_limit=room - len(out))
            except brotli.error as error:
                return Expanded(bytes(out), at, "it is broken" if out else str(error))
            out += got
            if stream.is_finished():
                return Expanded(bytes(out[:room]), len(data))
            if len(out) >= room:
                return Expanded(bytes(out[:room]), at, FULL)
            # It gives what it has bit by bit, and says before the last of it that it could take more.
            if not got and stream.can_accept_more_data():
                break
            piece = b""
    return Expanded(bytes(out), len(data), "it is cut off")


DECODER = Decoder("brotli", decode, rank=13, certain=True, told_only=True, codings=("br",))
