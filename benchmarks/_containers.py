"""Writers of compressed streams and of archives, by the libraries that write them elsewhere."""

import bz2
import gzip
import io
import itertools
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

import brotli
import cramjam
import lz4.block
import lz4.frame
import zstandard

from benchmarks._members import Wrapped, filler

_LEVELS = (1, 6, 9)


def _in_members(random: Random, data: bytes, pack: Callable[[bytes], bytes]) -> bytes:
    """Packs, now and then in two streams or three, one behind the other."""
    if random.random() < 0.8:
        return pack(data)
    return b"".join(map(pack, _cut(random, data)))


def _cut(random: Random, data: bytes) -> list[bytes]:
    ends = [0, *sorted(random.randint(0, len(data)) for _ in range(random.choice((1, 1, 2)))), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(ends)]


def gzip_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    level, time = random.choice(_LEVELS), random.choice((0, 1_760_000_000))
    return Wrapped(_in_members(random, data, lambda piece: gzip.compress(piece, level, mtime=time)), "|gzip")


def zlib_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    level = random.choice(_LEVELS)
    return Wrapped(_in_members(random, data, lambda piece: zlib.compress(piece, level)), "|zlib")


def deflate(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(zlib.compress(data, random.choice(_LEVELS), wbits=-15), "|deflate")


def zstd(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    level = random.choice((1, 3, 19))
    return Wrapped(_in_members(random, data, lambda piece: zstandard.compress(piece, level)), "|zstd")


def brotli_(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    return Wrapped(brotli.compress(data, quality=5), "|brotli")


def lz4_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Writes frames, blocks as lz4-java does or behind Hadoop's lengths, one behind its size, or a bare block where it
    shrinks or holds a text.
    """
    if random.random() < 0.2:
        write = random.choice((_lz4_of_java, _in_lengths(lambda piece: lz4.block.compress(piece, store_size=False))))
        return Wrapped(write(_cut(random, data)), "|lz4")
    if random.random() < 0.5:
        return Wrapped(_in_members(random, data, lz4.frame.compress), "|lz4")
    bare = lz4.block.compress(data, store_size=False)
    if random.random() < 0.5 and (len(bare) < len(data) or data.isascii()):
        return Wrapped(bare, "|lz4")
    return Wrapped(lz4.block.compress(data, store_size=True), "|lz4")


def snappy(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Writes frames, a bare block, or blocks as snappy-java does or behind Hadoop's lengths."""
    kind = random.randrange(4)
    if kind == 0:
        return Wrapped(_snappy_of_java(_cut(random, data)), "|snappy")
    if kind == 1:
        return Wrapped(_in_lengths(_snappy_block)(_cut(random, data)), "|snappy")
    if kind == 2:
        return Wrapped(_snappy_block(data), "|snappy")
    return Wrapped(_in_members(random, data, lambda piece: bytes(cramjam.snappy.compress(piece))), "|snappy")


def _snappy_block(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


def _snappy_of_java(pieces: Sequence[bytes]) -> bytes:
    """Writes a SnappyOutputStream: magic, its version and the least that reads it, and blocks behind their lengths."""
    blocks = [_snappy_block(piece) for piece in pieces]
    return b"\x82SNAPPY\0" + struct.pack(">II", 1, 1) + b"".join(len(one).to_bytes(4) + one for one in blocks)


def _lz4_of_java(pieces: Sequence[bytes]) -> bytes:
    """Writes an LZ4BlockOutputStream: magic, method and level, sizes, a checksum that nobody looks at, content."""
    out = b""
    for piece in (*filter(None, pieces), b""):
        packed = lz4.block.compress(piece, store_size=False)
        method, packed = (0x20, packed) if 0 < len(packed) < len(piece) else (0x10, piece)
        out += b"LZ4Block" + struct.pack("<BIII", method | 6, len(packed), len(piece), 0) + packed
    return out


def _in_lengths(pack: Callable[[bytes], bytes]) -> Callable[[Sequence[bytes]], bytes]:
    """Returns a writer of what Hadoop's BlockCompressorStream writes: the size of all, and blocks behind their own."""

    def write(pieces: Sequence[bytes]) -> bytes:
        blocks = [pack(piece) for piece in pieces if piece]
        return sum(map(len, pieces)).to_bytes(4) + b"".join(len(one).to_bytes(4) + one for one in blocks)

    return write


def bzip2(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    level = random.choice(_LEVELS)
    return Wrapped(_in_members(random, data, lambda piece: bz2.compress(piece, level)), "|bzip2")


def xz(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(_in_members(random, data, lzma.compress), "|xz")


def lzma_(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    return Wrapped(lzma.compress(data, lzma.FORMAT_ALONE), "|lzma")


def behind_header(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Puts a compressed stream behind a header of some program's own."""
    header = b"\x7fAPP" + random.randbytes(random.randint(0, 12))
    pack, step = random.choice(_STREAMS)
    return Wrapped(header + pack(data), f"|offset[{len(header)}]|{step}")


_STREAMS: tuple[tuple[Callable[[bytes], bytes], str], ...] = (
    (lambda data: gzip.compress(data, mtime=0), "gzip"),
    (zstandard.compress, "zstd"),
    (zlib.compress, "zlib"),
    (lz4.frame.compress, "lz4"),
    (bz2.compress, "bzip2"),
    (lzma.compress, "xz"),
)


def zip_(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, content in _files(random, data, range_):
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return Wrapped(out.getvalue(), "|zip.info/payload")


def tar(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode="w", format=random.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT))
    ) as archive:
        for name, content in _files(random, data, range_):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return Wrapped(out.getvalue(), "|tar.info/payload")


def _files(random: Random, data: bytes, range_: Sequence[int]) -> list[tuple[str, bytes]]:
    files = [("info/payload", data), *((name, str(value).encode()) for name, value in filler(random, range_))]
    random.shuffle(files)
    return files
