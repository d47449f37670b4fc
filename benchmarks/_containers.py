"""Writers of compressed streams and of archives, by the libraries that write them elsewhere."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from random import Random

import brotli
import cramjam
import lz4.block
import lz4.frame
import zstandard

from benchmarks._members import Wrapped, filler

_LEVELS = (1, 6, 9)


def gzip_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    packed = gzip.compress(data, random.choice(_LEVELS), mtime=random.choice((0, 1_760_000_000)))
    return Wrapped(packed, "|gzip")


def zlib_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(zlib.compress(data, random.choice(_LEVELS)), "|zlib")


def deflate(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(zlib.compress(data, random.choice(_LEVELS), wbits=-15), "|deflate")


def zstd(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(zstandard.compress(data, random.choice((1, 3, 19))), "|zstd")


def brotli_(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    return Wrapped(brotli.compress(data, quality=5), "|brotli")


def lz4_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    if random.random() < 0.5:
        return Wrapped(lz4.frame.compress(data), "|lz4")
    return Wrapped(lz4.block.compress(data, store_size=True), "|lz4")


def snappy(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    pack = random.choice((cramjam.snappy.compress, cramjam.snappy.compress_raw))
    return Wrapped(bytes(pack(data)), "|snappy")


def bzip2(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(bz2.compress(data, random.choice(_LEVELS)), "|bzip2")


def xz(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    return Wrapped(lzma.compress(data), "|xz")


def lzma_(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    return Wrapped(lzma.compress(data, lzma.FORMAT_ALONE), "|lzma")


def behind_header(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Puts a compressed stream behind a header of some program's own."""
    header = b"\x7fAPP" + random.randbytes(random.randint(0, 12))
    packed, step = random.choice(((gzip.compress(data, mtime=0), "|gzip"), (zstandard.compress(data), "|zstd")))
    return Wrapped(header + packed, f"|offset[{len(header)}]{step}")


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
