"""Undoes gzip, zlib and zstd, by content and as a stream.

A plain file is handed on as it is, so that a source may map it. Everything else becomes a `Stream`, which passes on
what it has at once, keeps nothing, and remembers in `fault` why it ended early instead of raising. What a packer has
flushed comes out at once too.
"""

import io
import zlib
from collections.abc import Buffer, Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

import zstandard

from leaktap.sources._api import SNIFF
from leaktap.sources._raw import Raw

CHUNK = 1 << 16
"""Bytes asked of a file at a time."""


class _Decompressor(Protocol):
    """What zlib's and zstandard's stream objects have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Packing:
    """A compression: `magic` are its possible first bytes, `feed` how much to give it at once.

    `feed` bounds the memory that a bomb can take: deflate grows 1,032 times at most, a zstd block of 4 bytes makes
    128 KiB.
    """

    name: str
    magic: tuple[bytes, ...]
    new: Callable[[], _Decompressor]
    feed: int


PACKINGS = (
    Packing("gzip", (b"\x1f\x8b\x08",), lambda: zlib.decompressobj(31), 1 << 14),
    Packing("zlib", (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"), lambda: zlib.decompressobj(15), 1 << 14),
    Packing("zstd", (b"\x28\xb5\x2f\xfd",), lambda: zstandard.ZstdDecompressor().decompressobj(), 1 << 10),
)
"""RFC 1952, RFC 1950 (the four headers that compressors write), RFC 8878."""


class Stream(io.RawIOBase):
    """A stream of what `chunks` yields; `fault` says why it ended early, if it did."""

    def __init__(self, chunks: Iterator[bytes], below: "Raw | Stream") -> None:
        """Takes over `chunks`, which may raise OSError, zlib.error, ZstdError and EOFError.

        They are made of what `below` gives, and may be empty where that does not make a byte yet.
        """
        self._chunks = chunks
        self._below = below
        self._rest = b""
        self._position = 0
        self._ended = False
        self.fault = ""

    def readable(self) -> bool:
        """Says yes."""
        return True

    def tell(self) -> int:
        """Returns how many bytes were read."""
        return self._position

    def readinto(self, buffer: Buffer, /) -> int:
        """Fills `buffer` with what is there, waiting only where there is nothing yet."""
        view = memoryview(buffer).cast("B")
        self.ready()
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self._position += count
        return count

    def ready(self, seconds: float | None = None) -> bool:
        """Waits until a read brings something or the end, about `seconds` at most; says whether it does."""
        while not self._rest and not self._ended:
            if not self._below.ready(seconds):
                return False
            self._rest = self._next()
        return True

    def peek(self, most: int, enough: Callable[[bytes], bool]) -> bytes:
        """Returns the first bytes without consuming them: up to `most`, fewer when they are `enough` or all."""
        while len(self._rest) < most and not self._ended and not enough(self._rest):
            self._rest += self._next()
        return self._rest[:most]

    def _next(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            pass
        except OSError as error:
            self.fault = f"cannot be read further: {error.strerror or error}"
        except (zlib.error, zstandard.ZstdError) as error:
            self.fault = f"its compression is broken ({error}): what came before was read"
        except EOFError as error:
            self.fault = str(error)
        self._ended = True
        return b""


def chunks(below: Raw | Stream) -> Iterator[bytes]:
    """Yields what `below` gives, as it comes."""
    while chunk := below.read(CHUNK):
        yield chunk


def unpack(packed: Iterator[bytes], packing: Packing) -> Iterator[bytes]:
    """Yields the decompressed bytes of all streams that follow each other in `packed`: for each piece, what it makes.

    Raises:
        EOFError: the last stream is cut off.
    """
    decompressor, begun = packing.new(), False
    for chunk in packed:
        data = chunk
        while data:
            piece, data = data[: packing.feed], data[packing.feed :]
            if not begun and not piece.strip(b"\0"):
                continue
            begun = True
            yield decompressor.decompress(piece)
            if decompressor.eof:
                data = decompressor.unused_data + data
                decompressor, begun = packing.new(), False
    if begun:
        raise EOFError(f"is cut off: its {packing.name} stream has no end")


@dataclass(slots=True)
class Input:
    """An opened input: `file` is what sources get, `raw` what lies under it, `head` its first bytes, decompressed."""

    name: str
    file: BinaryIO
    raw: Raw
    head: bytes

    @property
    def fault(self) -> str:
        """Why it ended early, as far as opening knows."""
        return self.file.fault if isinstance(self.file, Stream) else ""

    def read_so_far(self, read: int) -> int:
        """Returns how many bytes of the input are behind us, `read` being those that a source counts."""
        return self.raw.tell() if isinstance(self.file, Stream) and self.raw.seekable() else read


def open_input(raw: Raw, name: str, enough: Callable[[bytes], bool]) -> Input:
    """Looks at the first bytes of `raw`, until they are `enough` or `SNIFF`, and undoes its compression."""
    stream = Stream(chunks(raw), raw)
    head = stream.peek(SNIFF, lambda head: enough(head) or _packing(head) is not None)
    packing = _packing(head)
    if packing:
        stream = Stream(unpack(chunks(stream), packing), stream)
        head = stream.peek(SNIFF, enough)
    elif name != "-" and not raw.live and raw.seekable() and not stream.fault:
        raw.seek(0)
        return Input(name, io.BufferedReader(raw), raw, head)
    return Input(name, cast(BinaryIO, stream), raw, head)


def _packing(head: bytes) -> Packing | None:
    return next((packing for packing in PACKINGS if head.startswith(packing.magic)), None)
