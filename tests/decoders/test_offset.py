import bz2
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from random import Random

import cramjam
import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context, LimitReached
from leaktap.decoders.offset import DECODER, decode

TEXT = b'{"imei": "867530912345678", "mac": "a4:50:46:12:34:56"}'
HEADER = bytes.fromhex("0100018200010003")
SAMPLE = (HEADER + gzip.compress(TEXT), {})


def zipped(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", data)
    return file.getvalue()


STREAMS = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zlib-best": lambda data: zlib.compress(data, 9),
    "zlib-fast": lambda data: zlib.compress(data, 1),
    "zstd": zstandard.compress,
    "lz4": lz4.frame.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
    "snappy": lambda data: bytes(cramjam.snappy.compress(data)),
    "zip": zipped,
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("size", [1, 3, 8, 29, 64])
def test_header(follow, name, size):
    packed = STREAMS[name](TEXT)
    data = b"\x01\xfe" * (size // 2) + b"\x03" * (size % 2) + packed
    followed = follow(data)
    inner = "|zip.a" if name == "zip" else "|" + name.partition("-")[0]
    assert followed.at(f"|offset[{size}]{inner}|json.$.imei") == [b"867530912345678"]
    assert followed.at("") == [data]
    assert not followed.faults


@pytest.mark.parametrize("level", [1, 6, 9])
@pytest.mark.parametrize(
    "content",
    [
        b"info/payload" + bytes(2000) + TEXT + bytes(1500),
        bytes(range(256)) * 2 + hashlib.shake_128(b"any").digest(3000),
        bytes(100_000) + TEXT,
    ],
    ids=["archive", "binary", "zeros"],
)
def test_zlib_of_what_is_no_text(follow, level, content):
    """It inflates for so long without an error that it is no chance, wherever its end is."""
    data = HEADER + zlib.compress(content, level)
    assert follow(data).at(f"|offset[{len(HEADER)}]|zlib") == [content]


@pytest.mark.parametrize("name", STREAMS)
def test_too_far(name):
    assert decode(b"\x01" * 65 + STREAMS[name](TEXT), Context()) is None


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("count", [2, 5])
def test_several_behind_a_header(follow, order, size, count):
    streams = [gzip.compress(b'{"imei": "86753091234567%d"}' % i) for i in range(count)]
    data = b"\x09hdr" + b"".join(len(stream).to_bytes(size, order) + stream for stream in streams)
    parts = decode(data, Context())
    assert [part.value for part in parts] == streams
    assert parts[0].path == f"[{4 + size}]" and parts[1].path == f"[{4 + 2 * size + len(streams[0])}]"
    with pytest.raises(LimitReached, match="parts") as caught:
        decode(data, Context(most=1))
    assert len(caught.value.parts) == 1


def test_one_after_the_other(follow):
    """What follows a stream is looked at again, with its own header."""
    data = HEADER + gzip.compress(b"first") + HEADER + gzip.compress(TEXT)
    values = follow(data).values
    assert values["|offset[8]|gzip"] == b"first"
    assert values["|offset[8]|gzip.rest|offset[8]|gzip|json.$.imei"] == b"867530912345678"


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(TEXT),
        (len(gzip.compress(TEXT))).to_bytes(4) + gzip.compress(TEXT),
        b"\x01\x02\x03x\x9cnot deflate at all",
        b"\x01\x02\x03x\x9c" + hashlib.shake_128(b"noise").digest(2000),
        b"\x01\x02\x03" + zlib.compress(bytes(range(256)))[:80],
        b"\x01" * 30 + b"\x1f\x8b\x09" + b"\x01" * 30,
        bytes(200),
        TEXT,
        b"\x01PK\x03 a",
    ],
)
def test_foreign(data):
    assert decode(data, Context()) is None


def test_random_bytes():
    chance = Random(1)
    seen = sum(decode(chance.randbytes(200), Context()) is not None for _ in range(3000) if DECODER.shape)
    assert seen <= 3


def test_random_bytes_behind_the_two_of_zlib():
    noise = hashlib.shake_128(b"more noise").digest(600_000)
    seen = [decode(b"\1\2x\x9c" + noise[at : at + 300], Context()) for at in range(0, len(noise), 300)]
    assert seen == [None] * 2000


@settings(max_examples=200, deadline=None)
@given(
    header=st.binary(min_size=1, max_size=70),
    name=st.sampled_from(sorted(STREAMS)),
    cut=st.integers(0, 300),
    most=st.integers(1, 3),
)
def test_cut(header, name, cut, most):
    data = (header + STREAMS[name](TEXT))[:cut]
    if data:
        decode(data, Context(most=most))


@pytest.mark.parametrize("name", ["gzip", "zstd", "xz", "bzip2"])
def test_the_head_of_a_stored_block_is_no_header(follow, name):
    packed = STREAMS[name](Random(3).randbytes(40))
    block = b"\x01" + len(packed).to_bytes(2, "little") + (len(packed) ^ 0xFFFF).to_bytes(2, "little") + packed
    assert zlib.decompress(block, -15) == packed
    assert follow(block).at("|deflate|" + name)
    assert not any("offset" in path for path in follow(block).values)
    for other in (b"\x02" + block[1:], block[:1] + b"\1\1" + block[3:], block[:3] + b"\1\1" + block[5:], block + b"\1"):
        assert follow(other).at(f"|offset[5]|{name}")
