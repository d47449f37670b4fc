"""Zstandard (RFC 8878): said by Content-Encoding or seen by its first bytes; several frames.

The window is bounded by 8 MB, as RFC 9659 demands for this content coding.
"""

from collections.abc import Sequence

import zstandard

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import FULL, MOST_MEMBERS, Expanded, is_told, unwrapped

_MAGIC = b"\x28\xb5\x2f\xfd"
_WINDOW = 8 << 20
_PIECE = 256
"""A call's output cannot be bounded; that of 256 bytes cannot exceed 85 blocks of 128 KB."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content of all frames as one part."""
    told = is_told(context, "zstd")
    if not data.startswith(_MAGIC):
        if told:
            raise DecodeError("said to be zstd, but does not begin so")
        return None
    return unwrapped(_expand(data, context.room), context, told)


def _expand(data: bytes, room: int) -> Expanded:
    out, at = bytearray(), 0
    factory = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    for _ in range(MOST_MEMBERS):
        stream = factory.decompressobj()
        while not stream.eof:
            if at >= len(data):
                return Expanded(bytes(out), at, "it is cut off")
            piece = data[at : at + _PIECE]
            try:
                out += stream.decompress(piece)
            except zstandard.ZstdError as error:
                return Expanded(bytes(out[:room]), at, str(error).rpartition(": ")[2])
            at += len(piece)
            if len(out) > room:
                return Expanded(bytes(out[:room]), at, FULL)
        at -= len(stream.unused_data)
        if not data.startswith(_MAGIC, at):
            return Expanded(bytes(out), at)
    return Expanded(bytes(out), at, FULL)


DECODER = Decoder("zstd", decode, rank=11, certain=True, minimum=9, starts=b"\x28", codings=("zstd",))
