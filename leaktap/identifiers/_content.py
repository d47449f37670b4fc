"""What a message's body is once its content coding (RFC 9110, 8.4.1) is undone: gzip, deflate, br, zstd, in any order.

`head` undoes as much as shows what it is, so that most bodies cost next to nothing; `whole` undoes all, within a bound.
A body that is not coded as its header says is taken as it came.
"""

import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache

import brotli
import zstandard

from leaktap.model import Message

MOST = 64 << 20
"""Bytes that a body may have, coding undone."""

_PIECE = 1 << 16
_BIT = 256
"""Bytes at a time for zstd, whose output cannot be bounded otherwise: they make 85 blocks of 128 KB at most."""
_WINDOW = 8 << 20
_MOST_CODINGS = 4

type _Undone = Iterator[bytes]
type _Coding = Callable[[_Undone, int], _Undone]


def codings(message: Message) -> tuple[str, ...]:
    """Returns the content codings, the outermost first; nothing where one is not known or there are too many."""
    return _named(b",".join([value for name, value in message.headers if name.lower() == b"content-encoding"]))


@lru_cache(256)
def _named(said: bytes) -> tuple[str, ...]:
    names = [name for part in said.decode("latin-1").lower().split(",") if (name := part.strip()) not in _PLAIN]
    known = len(names) <= _MOST_CODINGS and all(name in _CODINGS for name in names)
    return tuple(names[::-1]) if known else ()


def head(body: bytes, names: tuple[str, ...], size: int) -> bytes:
    """Returns at least the first `size` bytes of the content, if it has so many."""
    return _taken(body, names, size)[0]


def whole(body: bytes, names: tuple[str, ...], most: int = MOST) -> bytes | None:
    """Returns the content; None where it is broken, cut short or longer than `most`."""
    content, ended = _taken(body, names, most)
    return content if ended and len(content) <= most else None


def _taken(body: bytes, names: tuple[str, ...], most: int) -> tuple[bytes, bool]:
    pieces: _Undone = (body[at : at + _PIECE] for at in range(0, len(body), _PIECE))
    for name in names:
        pieces = _CODINGS[name](pieces, min(most + 1, _PIECE))
    taken = bytearray()
    try:
        for piece in pieces:
            taken += piece
            if len(taken) > most:
                return bytes(taken), False
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError):
        return bytes(taken), False
    return bytes(taken), True


def _gzip(pieces: _Undone, size: int) -> _Undone:
    """Several members may follow one another (RFC 1952, 2.2)."""
    stream = zlib.decompressobj(31)
    begun = False
    for piece in pieces:
        while piece:
            if stream.eof:
                stream, begun = zlib.decompressobj(31), False
            begun = True
            yield stream.decompress(piece, size)
            piece = stream.unconsumed_tail or stream.unused_data
    yield from _rest(stream, begun, size)


def _deflate(pieces: _Undone, size: int) -> _Undone:
    """Some servers leave out the frame of zlib (RFC 9110, 8.4.1.2)."""
    stream = None
    for piece in pieces:
        if stream is None:
            framed = piece[0] & 0x0F == 8 and int.from_bytes(piece[:2]) % 31 == 0
            stream = zlib.decompressobj(15 if framed else -15)
        while piece and not stream.eof:
            yield stream.decompress(piece, size)
            piece = stream.unconsumed_tail
    if stream is not None:
        yield from _rest(stream, True, size)


def _rest(stream: "zlib._Decompress", begun: bool, size: int) -> _Undone:
    while begun and not stream.eof:
        got = stream.decompress(b"", size)
        if not got:
            raise EOFError
        yield got


def _brotli(pieces: _Undone, size: int) -> _Undone:
    stream = brotli.Decompressor()
    for piece in pieces:
        while True:
            got = stream.process(piece, output_buffer_limit=size)
            yield got
            piece = b""
            if stream.is_finished() or (not got and stream.can_accept_more_data()):
                break
    if not stream.is_finished():
        raise EOFError


def _zstd(pieces: _Undone, size: int) -> _Undone:
    """Several frames may follow one another (RFC 8878, 3.1); the window is bounded as RFC 9659 demands."""
    factory = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    stream, begun = factory.decompressobj(), False
    for piece in pieces:
        for at in range(0, len(piece), _BIT):
            bit = piece[at : at + _BIT]
            while bit:
                if stream.eof:
                    stream = factory.decompressobj()
                begun = True
                yield stream.decompress(bit)
                bit = stream.unused_data
    if begun and not stream.eof:
        raise EOFError


_PLAIN = ("", "identity")
_CODINGS: dict[str, _Coding] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "brotli": _brotli,
    "x-brotli": _brotli,
    "zstd": _zstd,
    "x-zstd": _zstd,
}
