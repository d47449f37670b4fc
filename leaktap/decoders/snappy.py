"""Snappy: raw (https://github.com/google/snappy/blob/main/format_description.txt), framed
(https://github.com/google/snappy/blob/main/framing_format.txt), in a stream of snappy-java, or behind Hadoop's lengths.

A raw block has no magic, but says how much it makes: it is believed if it makes exactly that.
Checksums of frames are not looked at: what can be read counts.
"""

import re
from collections.abc import Iterator, Sequence

import cramjam

from leaktap.decoders._api import Context, DecodeError, Decoder, Part, Sole
from leaktap.decoders._copies import Block, Copy, in_lengths, undo
from leaktap.decoders._inflate import is_told, outlet, unwrapped
from leaktap.decoders._plain import is_text

_CODINGS = ("snappy", "x-snappy", "x-snappy-framed")
_FRAMED, _OF_JAVA = b"\xff\x06\x00\x00sNaPpY", b"\x82SNAPPY\x00"
_JAVA_HEAD, _FRAME_HEAD, _CHECKSUM = 16, 4, 4
_COMPRESSED, _STORED, _SKIPPABLE = 0x00, 0x01, 0x80
_LITERAL = b"[" + re.escape(bytes(range(0, 256, 4))) + b"]"
_AS_TEXT = rb"[ -~]" + b"[" + re.escape(bytes(range(32, 127, 4))) + b"]"
_SHAPE = re.compile(
    rb"(?s)(?!"
    + _AS_TEXT
    + rb"[\n -~]*+$)[\x80-\xff]{0,4}[\x01-\x7f]"
    + _LITERAL
    + rb"|\xff\x06\0\0sNaPpY|\x82SNAPPY\0|\0...\0"
)
"""Of few bytes all may be signs, but a copy is at least a tab or a carriage return."""

_LONGEST_SIZE = 10
_LARGEST_RATIO = 22
"""A copy of 64 bytes takes three."""

_MOST = 32 << 20
"""The library needs its own memory for what it makes."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content as one part."""
    told = is_told(context, *_CODINGS)
    out = outlet(context, _MOST)
    if data.startswith(_FRAMED):
        return Sole(unwrapped(out, undo(data, _frames(data), out, _whole, _copies), context, told, data))
    if data.startswith(_OF_JAVA):
        return Sole(
            unwrapped(out, undo(data, _of_java(data, _JAVA_HEAD, len(data)), out, _whole, _copies), context, told, data)
        )
    if blocks := in_lengths(data, 4):
        sizes = [_size(data[block.begin : block.begin + _LONGEST_SIZE]) for block in blocks]
        if min(sizes) >= 0 and sum(sizes) == int.from_bytes(data[:4]) > 0:
            return unwrapped(out, undo(data, blocks, out, _whole, _copies), context, told)
    size = _size(data)
    if not told and not (0 < size <= len(data) * _LARGEST_RATIO and len(data) <= 32 + size + size // 6):
        return None
    end = undo(data, [Block(0, len(data))], out, _whole, _copies)
    if told:
        if end.is_broken and (not out.size or is_text(data)):
            raise DecodeError("said to be snappy, but does not begin so")
    elif end.is_broken:
        return None
    return unwrapped(out, end, context, told)


def _frames(data: bytes) -> Iterator[Block]:
    """Yields the chunks that hold something; stops at one of a kind that may not be skipped."""
    at = 0
    while at < len(data):
        kind, begin = data[at], at + _FRAME_HEAD
        end = begin + int.from_bytes(data[at + 1 : begin], "little")
        if kind in (_COMPRESSED, _STORED):
            yield Block(begin + _CHECKSUM, end, is_stored=kind == _STORED)
        elif kind < _SKIPPABLE:
            return
        at = end


def _of_java(data: bytes, at: int, stop: int) -> Iterator[Block]:
    """Yields the blocks, each behind its length."""
    while at < stop:
        begin = at + 4
        at = begin + int.from_bytes(data[at:begin])
        yield Block(begin, at)


def _whole(block: bytes, room: int) -> bytearray | None:
    """Returns a block's content, or None if it is broken or larger than `room`."""
    size = _size(block)
    if not 0 <= size <= min(room, len(block) * _LARGEST_RATIO):
        return None
    content = bytearray(size)
    try:
        cramjam.snappy.decompress_raw_into(block, content)
    except cramjam.DecompressionError:
        return None
    return content


def _size(block: bytes) -> int:
    """Returns how much a block says to make, or -1 if it says nothing."""
    try:
        return int(cramjam.snappy.decompress_raw_len(block[:_LONGEST_SIZE]))
    except cramjam.DecompressionError:
        return -1


def _copies(data: bytes) -> Iterator[Copy]:
    """Yields a block's elements."""
    at = next((index + 1 for index, byte in enumerate(data[:5]) if byte < 0x80), len(data))
    while at < len(data):
        tag = data[at]
        kind = tag & 3
        if kind == 0:
            size, at = (tag >> 2) + 1, at + 1
            if size > 60:
                width = size - 60
                size, at = int.from_bytes(data[at : at + width], "little") + 1, at + width
            yield data[at : at + size], 0, 0
            at += size
        elif kind == 1:
            distance = (tag >> 5) << 8 | int.from_bytes(data[at + 1 : at + 2])
            yield b"", distance, 4 + (tag >> 2 & 7)
            at += 2
        else:
            width = 2 if kind == 2 else 4
            yield b"", int.from_bytes(data[at + 1 : at + 1 + width], "little"), (tag >> 2) + 1
            at += 1 + width


DECODER = Decoder("snappy", decode, rank=15, minimum=8, shape=_SHAPE, codings=_CODINGS, strain=0)
