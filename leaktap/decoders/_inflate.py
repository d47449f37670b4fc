"""Bounded decompression: what came out so far, how much was read, and why it ended, whatever the input is.

A compressor's output is never trusted to be small: every call is told how much it may still put out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from isal import isal_zlib

from leaktap.decoders._api import Context, DecodeError, LimitReached, Part

FULL = "bytes"
"""`Expanded.problem` where the room was too small (the limit's name)."""

MOST_MEMBERS = 10_000
"""How many members or frames of one stream are undone: empty ones cost time and bring nothing."""

_PIECE = 1 << 16
_Error: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub takes the class for an instance


@dataclass(frozen=True, slots=True)
class Expanded:
    """What a compressed stream held. `used` is the offset after it; `problem` is empty if it came to its end."""

    data: bytes
    used: int
    problem: str = ""


def inflate(data: bytes, wbits: int, room: int, start: int = 0) -> Expanded:
    """Undoes deflate from the offset `start`; `wbits` as in `zlib.decompressobj`, whose interface
    isal (the faster igzip) has as well. Puts out `room` bytes at most.

    zlib drops a call's output when it fails, so a piece that fails is fed again byte by byte.
    """
    stream, out = isal_zlib.decompressobj(wbits), bytearray()
    for at in range(start, len(data), _PIECE):
        try:
            _feed(stream, data[at : at + _PIECE], out, room)
        except _Error as error:
            return Expanded(_until_error(data, wbits, room, start, at), at, _why(error))
        if stream.eof:
            return Expanded(bytes(out), min(at + _PIECE, len(data)) - len(stream.unused_data))
        if len(out) >= room:
            return Expanded(bytes(out), at, FULL)
    return Expanded(bytes(out), len(data), "it is cut off")


def _feed(stream: "isal_zlib.Decompress", piece: bytes, out: bytearray, room: int) -> None:
    while piece and not stream.eof and len(out) < room:
        out += stream.decompress(piece, room - len(out))
        piece = stream.unconsumed_tail


def _until_error(data: bytes, wbits: int, room: int, start: int, bad: int) -> bytes:
    """Returns what comes out before the error that lies in the piece at `bad`."""
    stream, out = isal_zlib.decompressobj(wbits), bytearray()
    for at in range(start, bad, _PIECE):
        _feed(stream, data[at : at + _PIECE], out, room)
    try:
        for at in range(bad, min(bad + _PIECE, len(data))):
            _feed(stream, data[at : at + 1], out, room)
    except _Error:
        return bytes(out)
    return bytes(out)


def _why(error: Exception) -> str:
    return str(error).rpartition(": ")[2] or str(error)


def unwrapped(expanded: Expanded, context: Context, told: bool, rest: Sequence[Part] = ()) -> Sequence[Part]:
    """Returns the part with what is inside: of the same content type, with one content coding less if that was told.

    Raises:
        LimitReached: there was more inside than may be put out; the parts say what came.
        DecodeError: the stream is broken or cut off; likewise.
    """
    inside = context._replace(encoding=context.encoding[1:] if told else ())
    parts = (Part(expanded.data, context=inside), *rest)
    if expanded.problem == FULL:
        raise LimitReached(FULL, parts)
    if expanded.problem:
        raise DecodeError(f"{expanded.problem} after {expanded.used} bytes", parts)
    return parts


def is_told(context: Context, *codings: str) -> bool:
    """Tells whether the message says that its outermost content coding is one of these."""
    return bool(context.encoding) and context.encoding[0] in codings
