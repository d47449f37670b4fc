"""Bounded decompression: what came out so far, how much was read, and why it ended, whatever the input is.

A compressor's output is never trusted to be small: every call is told how much it may still put out, and how long all
of them may take.
"""

import io
import lzma
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from isal import igzip_lib, isal_zlib

from leaktap.decoders._api import Context, DecodeError, LimitReached, Part

FULL, LATE = "bytes", "seconds"
"""`End.problem` where the room was too small, or the time too short (the limits' names)."""

CUT = "it is cut off"
"""`End.problem` where the data ended first."""

MOST_MEMBERS = 10_000
"""How many members or frames of one stream are undone: empty ones cost time and bring nothing."""

_PIECE, _STEP, _LARGE = 1 << 16, 1 << 18, 4 << 20
_CRUMBS = (1 << 12, 1)
_OF_ISAL: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub takes the class for an instance
_ERRORS = (_OF_ISAL, lzma.LZMAError, OSError, RuntimeError)
_NO_MEMORY = "Memory usage limit exceeded"


class Stream(Protocol):
    """A decompressor of one member, as `bz2`, `lzma`, `lz4.frame` and `isal.igzip_lib` have it."""

    @property
    def eof(self) -> bool:
        """Tells whether the member's end was reached."""

    @property
    def needs_input(self) -> bool:
        """Tells whether nothing more comes without input."""

    @property
    def unused_data(self) -> bytes | None:
        """What was given behind the member's end."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Returns at most `max_length` bytes; fails with one of `_ERRORS`, and then what it had is lost."""


class Outlet:
    """Where the output goes: as much as there is room for, as long as there is time."""

    def __init__(self, room: int, deadline: float) -> None:
        """Begins empty; `deadline` is a reading of `time.thread_time`."""
        self._room, self._deadline = room, deadline
        self._out = io.BytesIO()  # takes its first piece and gives its content without a copy
        self._is_large = False

    @property
    def size(self) -> int:
        """How many bytes are in it."""
        return self._out.tell()

    @property
    def left(self) -> int:
        """How many bytes more it takes."""
        return self._room - self._out.tell()

    @property
    def spent(self) -> str:
        """The limit that was reached, or nothing."""
        if self.left <= 0:
            return FULL
        return LATE if time.thread_time() > self._deadline else ""

    def add(self, piece: bytes | bytearray) -> None:
        """Takes a piece; what is too much of it is dropped."""
        if len(piece) > self.left:
            piece = piece[: self.left]
        if isinstance(piece, bytes) and not self.size:
            self._out = io.BytesIO(piece)
            self._out.seek(0, io.SEEK_END)
            return
        if not self._is_large and self.size + len(piece) > _LARGE:
            self._make_large()
        self._out.write(piece)

    def value(self) -> bytes:
        """Returns all of it."""
        self._out.truncate()
        return self._out.getvalue()

    def _make_large(self) -> None:
        """Makes all of the room at once, for what grows bit by bit leaves its former places behind in memory.

        Zeros take none before they are written over.
        """
        start = self._out.getvalue()
        self._out = io.BytesIO(bytes(self._room))
        self._out.write(start)
        self._is_large = True


class End(NamedTuple):
    """How a compressed stream ended: `used` is the offset after it, `problem` why it ended before it should."""

    used: int
    problem: str = ""

    @property
    def is_broken(self) -> bool:
        """Tells whether it ended for another reason than a limit."""
        return self.problem not in ("", FULL, LATE)


def outlet(context: Context, most: int | None = None) -> Outlet:
    """Returns an outlet with the room and the time that the context leaves, of `most` bytes at most."""
    return Outlet(context.room if most is None else min(context.room, most), context.deadline)


def gzip_stream() -> Stream:
    """Returns a decompressor of one gzip member."""
    return igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP)


def zlib_stream() -> Stream:
    """Returns a decompressor of one zlib stream."""
    return igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_ZLIB)


def deflate_stream() -> Stream:
    """Returns a decompressor of a raw deflate stream."""
    return igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_DEFLATE)


def expand(make: Callable[[], Stream], data: bytes, out: Outlet, start: int = 0) -> End:
    """Undoes the one member that begins at the offset `start`."""
    stream, before = make(), out.size
    at = fed = start
    while not (which := out.spent):
        piece = b""
        if stream.needs_input:
            if at >= len(data):
                return End(at, CUT)
            fed, piece = at, data[at : at + _PIECE]
            at += len(piece)
        try:
            out.add(stream.decompress(piece, min(_STEP, out.left)))
        except _ERRORS as error:
            if str(error) == _NO_MEMORY:
                return End(fed, FULL)
            for crumb in _CRUMBS:
                _salvage(make(), data, (start, fed), out.size - before, crumb, out)
            return End(fed, _why(error))
        if stream.eof:
            return End(at - len(stream.unused_data or b""))
    return End(at, which)


def expand_all(make: Callable[[], Stream], data: bytes, out: Outlet, begins: Callable[[int], bool]) -> End:
    """Undoes one member after the other, as long as another `begins` at the offset where one ended."""
    at = 0
    for _ in range(MOST_MEMBERS):
        end = expand(make, data, out, at)
        at = end.used
        if end.problem or not begins(at):
            return end
    return End(at, FULL)


def _salvage(stream: Stream, data: bytes, places: tuple[int, int], known: int, crumb: int, out: Outlet) -> None:
    """Puts out what comes before the error: behind the `known` bytes, `crumb` by `crumb`.

    `places` are where the member begins and where the piece that fails does, which is fed byte by byte.
    """
    start, bad = places
    pieces = [(at, min(at + _PIECE, bad)) for at in range(start, bad, _PIECE)]
    pieces += [(at, at + 1) for at in range(bad, min(bad + _PIECE, len(data)))]
    come = 0
    try:
        for begin, end in pieces:
            piece = data[begin:end]
            while not stream.eof and not out.spent and (piece or not stream.needs_input):
                got = stream.decompress(piece, known - come if come < known else crumb)
                piece = b""
                come += len(got)
                if come > known:
                    out.add(got)
    except _ERRORS:
        return


def _why(error: Exception) -> str:
    return str(error).rpartition(": ")[2] or str(error)


def unwrapped(
    out: Outlet, end: End, context: Context, told: bool, data: bytes = b"", extra: Sequence[Part] = ()
) -> Sequence[Part]:
    """Returns the part with what is inside: of the same content type, with one content coding less if that was told.

    What follows the stream in `data` is a part of its own, `.rest`.

    Raises:
        LimitReached: there was more inside than may be put out, or no time; the parts say what came.
        DecodeError: the stream is broken or cut off; likewise.
    """
    inside = context._replace(encoding=context.encoding[1:] if told else ())
    rest = b"" if end.problem else data[end.used :].strip(b"\0")
    parts = (Part(out.value(), context=inside), *([Part(rest, ".rest")] if rest else ()), *extra)[: context.most]
    if end.problem in (FULL, LATE):
        raise LimitReached(end.problem, parts)
    if end.problem:
        raise DecodeError(f"{end.problem} after {end.used} bytes", parts)
    return parts


def is_told(context: Context, *codings: str) -> bool:
    """Tells whether the message says that its outermost content coding is one of these."""
    return bool(context.encoding) and context.encoding[0] in codings
