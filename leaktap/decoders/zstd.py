"""Zstandard (RFC 8878): said by Content-Encoding or seen by its first bytes; several frames, and skippable ones.

The window is bounded by 8 MB, as RFC 9659 demands for this content coding.
"""

import re
from collections.abc import Sequence

import zstandard

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import CUT, FULL, MOST_MEMBERS, End, Outlet, is_told, outlet, unwrapped
from leaktap.decoders._skippable import skippable

_CODINGS = ("zstd", "x-zstd")
_MAGIC = b"\x28\xb5\x2f\xfd"
_SHAPE = re.compile(rb"(?s)\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18.{4}")
_WINDOW = 8 << 20
_PIECE = 256
"""A call's output cannot be bounded; that of 256 bytes cannot exceed 85 blocks of 128 KB."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content of all frames as one part, and that of skippable ones (section 3.1.2) as `.skippable`."""
    told = is_told(context, *_CODINGS)
    skipped, begin = skippable(data, 0)
    if not data.startswith(_MAGIC, begin):
        if told:
            raise DecodeError("said to be zstd, but does not begin so")
        return None
    out = outlet(context)
    end = _expand(data, begin, out, skipped)
    return unwrapped(out, end, context, told, data, [Part(content, ".skippable") for content in skipped])


def _expand(data: bytes, at: int, out: Outlet, skipped: list[bytes]) -> End:
    factory = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    for _ in range(MOST_MEMBERS):
        if dictionary := _dictionary(data, at):
            return End(at, f"needs the dictionary {dictionary}")
        stream = factory.decompressobj()
        while not stream.eof:
            if at >= len(data):
                return End(at, CUT)
            piece = data[at : at + _PIECE]
            try:
                got = stream.decompress(piece)
            except zstandard.ZstdError as error:
                return End(at, str(error).rpartition(": ")[2])
            at += len(piece)
            which = out.spent if len(got) <= out.left else FULL
            out.add(got)
            if which:
                return End(at, which)
        at -= len(stream.unused_data)
        more, at = skippable(data, at)
        skipped += more
        if not data.startswith(_MAGIC, at):
            return End(at)
    return End(at, FULL)


def _dictionary(data: bytes, at: int) -> int:
    """Returns the number of the dictionary that a frame needs, or 0 (section 3.1.1.1)."""
    try:
        return zstandard.get_frame_parameters(data[at : at + 18]).dict_id
    except zstandard.ZstdError:
        return 0


DECODER = Decoder(
    "zstd",
    decode,
    rank=11,
    certain=True,
    minimum=9,
    starts=b"\x28" + bytes(range(0x50, 0x60)),
    shape=_SHAPE,
    codings=_CODINGS,
    strain=0,
)
