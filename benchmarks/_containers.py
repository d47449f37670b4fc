"""Writers of compressed streams and of archives, by the libraries that write them elsewhere."""

import bz2
import gzip
import io
import lzma
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
    """Packs, now and then in two streams, one behind the other."""
    if random.random() < 0.8:
        return pack(data)
    at = random.randint(0, len(data))
    return pack(data[:at]) + pack(data[at:])


def gzip_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    level, time = random.choice(_LEVELS), random.choice((0, 1_760_000_000))
    return Wrapped(_in_members(random, data, lambda piece: gzip.compress(piece, level, mtime=time)), "|gzip")


def zlib_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(zlib.compress(data, random.choice(_LEVELS)), "|zlib")


def deflate(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(zlib.compress(data, random.choice(_LEVELS), wbits=-15), "|deflate")


def zstd(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    level = random.choice((1, 3, 19))
    return Wrapped(_in_members(random, data, lambda piece: zstandard.compress(piece, level)), "|zstd")


def brotli_(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    return Wrapped(brotli.compress(data, quality=5), "|brotli")


def lz4_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Writes frames, a block behind its size, or a bare block where it shrinks or holds a text."""
    if random.random() < 0.5:
        return Wrapped(_in_members(random, data, lz4.frame.compress), "|lz4")
    bare = lz4.block.compress(data, store_size=False)
    if random.random() < 0.5 and (len(bare) < len(data) or data.isascii()):
        return Wrapped(bare, "|lz4")
    return Wrapped(lz4.block.compress(data, store_size=True), "|lz4")


def snappy(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    pack = random.choice((cramjam.snappy.compress, cramjam.snappy.compress_raw))
    return Wrapped(bytes(pack(data)), "|snappy")


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
