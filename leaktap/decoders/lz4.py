"""lz4: frames, and blocks in what libraries put around them, or in nothing.

Frames are those of the LZ4 frame format 1.6 with the legacy and skippable ones
(https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md). Around blocks
(https://github.com/lz4/lz4/blob/dev/doc/lz4Block_format.md) are lz4-java's `LZ4Block`, Mozilla's `mozLz40`, Hadoop's
two lengths, or the size in four bytes of either order. A bare block has no magic: it is believed if it reads to the
very end and grows by it, is text in some charset or can be read in turn.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import lz4.block
import lz4.frame

from leaktap.decoders._api import Context, DecodeError, Decoder, Part, Sole
from leaktap.decoders._charsets import reads
from leaktap.decoders._copies import Block, Copy, in_lengths, undo
from leaktap.decoders._inflate import FULL, End, Outlet, expand, is_told, outlet, unwrapped
from leaktap.decoders._inflate import MOST_MEMBERS as MOST_FRAMES
from leaktap.decoders._plain import is_text
from leaktap.decoders._skippable import skippable

_CODINGS = ("lz4", "x-lz4")
_FRAME, _LEGACY, _OF_JAVA, _OF_MOZILLA = b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18", b"LZ4Block", b"mozLz40\0"
_LEGACY_SIZE = 8 << 20
_JAVA_HEAD, _JAVA_STORED = 21, 0x10
_DICTIONARY, _CONTENT_SIZE = 0x01, 0x08
_LARGEST_RATIO = 255
_SHORTEST_READABLE = 8
_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")
_EXTENDED = re.compile(rb"\xff*")
_MARKED = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18|\x04\x22\x4d\x18|\x02\x21\x4c\x18|LZ4Block|mozLz40\0")


class _Layout(NamedTuple):
    """Blocks that nothing marks, and what all of them make; 0 where nobody says."""

    blocks: list[Block]
    size: int = 0


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content as one part, and that of skippable frames as `.skippable`."""
    told = is_told(context, *_CODINGS)
    if not _MARKED.match(data):
        return _unmarked(data, context, told)
    out = outlet(context)
    skipped, begin = skippable(data, 0)
    if data.startswith((_FRAME, _LEGACY), begin):
        end = _frames(data, begin, out, skipped)
    elif data.startswith(_OF_JAVA):
        end = undo(data, _of_java(data), out, _whole, _copies)
    elif data.startswith(_OF_MOZILLA):
        end = undo(data, [Block(12, len(data), int.from_bytes(data[8:12], "little"))], out, _whole, _copies)
    else:
        return _unmarked(data, context, told)
    return Sole(unwrapped(out, end, context, told, data, [Part(content, ".skippable") for content in skipped]))


def _unmarked(data: bytes, context: Context, told: bool) -> Sequence[Part] | None:
    """Returns what blocks hold whose beginning does not say that they are any."""
    layouts = _sized(data)
    if (told and not is_text(data)) or _begins(data):
        layouts.append(_Layout([Block(0, len(data), len(data) * _LARGEST_RATIO)]))
    if not told and not layouts:
        return None
    broken: list[tuple[Outlet, End]] = []
    for blocks, size in layouts:
        out = outlet(context)
        end = undo(data, blocks, out, _whole, _copies)
        if end.is_broken:
            broken.append((out, end))
        elif end.problem or (out.size == size if size else told or _is_convincing(out, data, context)):
            return unwrapped(out, end, context, told)
    if not told:
        return None
    if not broken:
        raise DecodeError("said to be lz4, but does not begin so")
    out, end = max(broken, key=lambda one: one[0].size)
    return unwrapped(out, end, context, told)


def _is_convincing(out: Outlet, data: bytes, context: Context) -> bool:
    """Tells whether what a bare block holds is more than it, or something that can be read."""
    if out.size > len(data):
        return True
    content = out.value()
    return len(content) >= _SHORTEST_READABLE and (reads(content) or context.opens(content))


def _frames(data: bytes, at: int, out: Outlet, skipped: list[bytes]) -> End:
    """Undoes one frame after the other."""
    end = End(at)
    for _ in range(MOST_FRAMES):
        if data.startswith(_FRAME, at):
            flags = data[at + 4 : at + 5]
            if flags and flags[0] & _DICTIONARY:
                begin = at + (14 if flags[0] & _CONTENT_SIZE else 6)
                return End(at, f"needs the dictionary {int.from_bytes(data[begin : begin + 4], 'little')}")
            end = expand(lz4.frame.LZ4FrameDecompressor, data, out, at)
        elif data.startswith(_LEGACY, at):
            end = undo(data, _of_legacy(data, at), out, _whole, _copies)
        else:
            break
        if end.problem:
            break
        more, at = skippable(data, end.used)
        skipped += more
        end = End(at)
    else:
        return End(at, FULL)
    return end


def _of_legacy(data: bytes, at: int) -> Iterator[Block]:
    """Yields the blocks of a legacy frame, which ends where another begins, or with the data."""
    begin = at + 8
    while begin <= len(data) and not data.startswith((_FRAME, _LEGACY), begin - 4):
        end = begin + int.from_bytes(data[begin - 4 : begin], "little")
        yield Block(begin, end, _LEGACY_SIZE)
        begin = end + 4


def _of_java(data: bytes) -> Iterator[Block]:
    """Yields the blocks of an LZ4BlockOutputStream: magic, method, size before and after, checksum of the content."""
    at = 0
    while data.startswith(_OF_JAVA, at):
        head = data[at : at + _JAVA_HEAD]
        begin = at + _JAVA_HEAD
        at = begin + int.from_bytes(head[9:13], "little")
        yield Block(begin, at, int.from_bytes(head[13:17], "little"), head[8:9] < b"\x20")


def _sized(data: bytes) -> list[_Layout]:
    """Returns what there is if the data begins with a size in four bytes, alone or before blocks with their lengths."""
    found: list[_Layout] = []
    after = len(data) - 4
    for order in _ORDERS:
        size = int.from_bytes(data[:4], order)
        if 0 < size <= after * _LARGEST_RATIO and after <= size + size // 255 + 16:
            found.append(_Layout([Block(4, len(data), size)], size))
    size = int.from_bytes(data[:4])
    if size and (blocks := in_lengths(data, 4)):
        most = [min(size, (block.end - block.begin) * _LARGEST_RATIO) for block in blocks]
        found.append(_Layout([block._replace(size=each) for block, each in zip(blocks, most, strict=True)], size))
    return found


def _begins(data: bytes) -> bool:
    """Tells whether a bare block may begin so: literals, then a copy of them or nothing."""
    size, at = _length(data, 1, data[0] >> 4)
    end = at + size
    return size > 0 and (end == len(data) or 0 < int.from_bytes(data[end : end + 2], "little") <= size)


def _whole(block: bytes, size: int) -> bytes | None:
    """Returns a block's content, or None if it is broken or larger than `size`."""
    try:
        content: bytes = lz4.block.decompress(block, uncompressed_size=size)
    except lz4.block.LZ4BlockError:
        return None
    return content


def _copies(data: bytes) -> Iterator[Copy]:
    """Yields a block's sequences."""
    at = 0
    while at < len(data):
        token = data[at]
        size, at = _length(data, at + 1, token >> 4)
        literal = data[at : at + size]
        at += size + 2
        if at > len(data):
            yield literal, 0, 0
            return
        distance = int.from_bytes(data[at - 2 : at], "little")
        length, at = _length(data, at, token & 15)
        yield literal, distance, length + 4


def _length(data: bytes, at: int, nibble: int) -> tuple[int, int]:
    """Returns a length that begins in half of a token, and the offset after it."""
    if nibble < 15:
        return nibble, at
    run = _EXTENDED.match(data, at)
    end = run.end() if run else at
    return 15 + (end - at) * 255 + int.from_bytes(data[end : end + 1]), end + 1


DECODER = Decoder("lz4", decode, rank=14, minimum=8, binary=True, codings=_CODINGS, strain=0)
