"""All compressors alike: told and seen, broken, cut off, and larger inside than allowed. Encoders are the judges."""

import bz2
import gzip
import lzma
import time
import tracemalloc
import zlib
from random import Random

import brotli
import cramjam
import lz4.block
import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders import brotli as brotli_decoder
from leaktap.decoders import bzip2 as bzip2_decoder
from leaktap.decoders import deflate as deflate_decoder
from leaktap.decoders import gzip as gzip_decoder
from leaktap.decoders import lz4 as lz4_decoder
from leaktap.decoders import lzma as lzma_decoder
from leaktap.decoders import snappy as snappy_decoder
from leaktap.decoders import xz as xz_decoder
from leaktap.decoders import zlib as zlib_decoder
from leaktap.decoders import zstd as zstd_decoder
from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders._inflate import Outlet
from leaktap.decoders._walk import Limits

TEXT = b"imei is 867530912345678, wifi is a4:50:46:12:34:56. " * 40


def raw_deflate(data, level=6):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


# decoder, name of the coding, encoders, whether it is recognised untold
COMPRESSORS = [
    (gzip_decoder.DECODER, "gzip", gzip.compress, True),
    (gzip_decoder.DECODER, "x-gzip", lambda data: bytes(cramjam.gzip.compress(data)), True),
    (zlib_decoder.DECODER, "deflate", zlib.compress, True),
    (zlib_decoder.DECODER, "deflate", lambda data: zlib.compress(data, 1), True),
    (deflate_decoder.DECODER, "deflate", raw_deflate, True),
    (brotli_decoder.DECODER, "br", brotli.compress, False),
    (brotli_decoder.DECODER, "br", lambda data: bytes(cramjam.brotli.compress(data)), False),
    (zstd_decoder.DECODER, "zstd", zstandard.compress, True),
    (zstd_decoder.DECODER, "zstd", lambda data: bytes(cramjam.zstd.compress(data)), True),
    (lz4_decoder.DECODER, "lz4", lz4.frame.compress, True),
    (lz4_decoder.DECODER, "lz4", lambda data: bytes(cramjam.lz4.compress(data)), True),
    (lz4_decoder.DECODER, "lz4", lz4.block.compress, True),
    (lz4_decoder.DECODER, "lz4", lambda data: lz4.block.compress(data, store_size=False), True),
    (snappy_decoder.DECODER, "snappy", lambda data: bytes(cramjam.snappy.compress(data)), True),
    (snappy_decoder.DECODER, "snappy", lambda data: bytes(cramjam.snappy.compress_raw(data)), True),
    (bzip2_decoder.DECODER, "bzip2", lambda data: bz2.compress(data, 1), True),
    (bzip2_decoder.DECODER, "x-bzip2", lambda data: bytes(cramjam.bzip2.compress(data, level=1)), True),
    (xz_decoder.DECODER, "xz", lambda data: lzma.compress(data, preset=0), True),
    (xz_decoder.DECODER, "xz", lambda data: bytes(cramjam.xz.compress(data, preset=1)), True),
    (lzma_decoder.DECODER, "lzma", lambda data: lzma.compress(data, lzma.FORMAT_ALONE, preset=0), True),
]
IDS = ["gzip", "gzip-rust", "zlib", "zlib-fast", "deflate", "brotli", "brotli-rust", "zstd", "zstd-rust"]
IDS += [
    "lz4",
    "lz4-rust",
    "lz4-sized",
    "lz4-bare",
    "snappy",
    "snappy-raw",
    "bzip2",
    "bzip2-rust",
    "xz",
    "xz-rust",
    "lzma",
]
each = pytest.mark.parametrize(("decoder", "coding", "compress", "sniffed"), COMPRESSORS, ids=IDS)


@each
def test_told(follow, decoder, coding, compress, sniffed):
    followed = follow(compress(TEXT), encoding=(coding,))
    assert followed.values == {f"|{decoder.name}": TEXT}
    assert not followed.faults


@each
def test_seen(follow, decoder, coding, compress, sniffed):
    assert (f"|{decoder.name}" in follow(compress(TEXT)).values) == sniffed


@each
def test_two_codings_and_the_content_type_arrive(follow, decoder, coding, compress, sniffed):
    body = compress(gzip.compress("身份".encode("gbk") * 9))
    context = {"content_type": "text/plain", "parameters": (("charset", "gbk"),)}
    followed = follow(body, encoding=(coding, "gzip"), **context)
    assert followed.values == {f"|{decoder.name}|gzip|text": "身份".encode() * 9}


@each
@pytest.mark.parametrize("body", [b'{"imei": "867530912345678"}', b"867530912345678", b"\x80\xfe\xfd" * 9])
def test_lie(follow, decoder, coding, compress, sniffed, body):
    followed = follow(body, encoding=(coding,))
    assert [fault.stage for fault in followed.faults] == ["decode"]
    assert not followed.limits
    if body.startswith(b"{"):
        assert followed.values == {"|json.$.imei": b"867530912345678"}
    else:
        assert followed.at("") == [body]


@each
def test_said_wrongly(follow, decoder, coding, compress, sniffed):
    """A body of another coding than said is recognised where it can be."""
    other = "br" if coding != "br" else "gzip"
    followed = follow(compress(TEXT), encoding=(other,))
    assert (followed.values.get(f"|{decoder.name}") == TEXT) == sniffed


@each
@settings(max_examples=25, deadline=None)
@given(data=st.binary(min_size=1, max_size=3000), times=st.integers(1, 50))
def test_round_trip(decoder, coding, compress, sniffed, data, times):
    parts = decoder.decode(compress(data * times), Context(encoding=(coding,)))
    assert parts[0].value == data * times


@each
@pytest.mark.parametrize("size", [100, 300_000])
def test_cut_off_keeps_what_came(decoder, coding, compress, sniffed, size):
    chance = Random(1)
    data = chance.randbytes(size // 2).hex().encode()
    packed = compress(data)
    with pytest.raises(DecodeError) as caught:
        decoder.decode(packed[: len(packed) * 2 // 3], Context(encoding=(coding,)))
    if size > 100:
        (part,) = caught.value.parts
        assert data.startswith(part.value) and len(part.value) > size // 4


@pytest.mark.parametrize("at", [5_000, 100_000, 140_000])
def test_broken_in_the_middle_keeps_what_precedes(at):
    chance = Random(1)
    data = chance.randbytes(150_000).hex().encode()
    packed = bytearray(gzip.compress(data))
    packed[at : at + 64] = b"\xff" * 64
    with pytest.raises(DecodeError) as caught:
        gzip_decoder.decode(bytes(packed), Context())
    kept = caught.value.parts[0].value
    assert len(kept) > at
    assert data.startswith(kept[: at * 3 // 2])


@each
@pytest.mark.parametrize("room", [1000, 1 << 20])
def test_bomb(decoder, coding, compress, sniffed, room):
    packed = compress(bytes(16 << 20))
    context = Context(encoding=(coding,), room=room)
    with pytest.raises(LimitReached):
        decoder.decode(packed, context)  # what is made once is made
    tracemalloc.start()
    try:
        with pytest.raises(LimitReached, match="bytes") as caught:
            decoder.decode(packed, context)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0 < len(caught.value.parts[0].value) <= room
    assert peak < 4 * room + (16 << 20)


@each
def test_no_time_left(decoder, coding, compress, sniffed):
    packed = compress(TEXT)
    with pytest.raises(LimitReached, match="seconds"):
        decoder.decode(packed, Context(encoding=(coding,), deadline=0.0))


@each
def test_bomb_in_the_walk_is_limited(follow, decoder, coding, compress, sniffed):
    packed = compress(bytes(4 << 20))
    followed = follow(packed, Limits(bytes=1 << 20, seconds=30), encoding=(coding,))
    assert [limited.which for limited in followed.limits] == ["bytes"]
    assert followed.at("") == [packed]
    assert sum(len(leaf.value) for leaf in followed.leaves) <= (1 << 20) + len(packed)


@each
def test_exactly_the_room(decoder, coding, compress, sniffed):
    parts = decoder.decode(compress(TEXT), Context(encoding=(coding,), room=len(TEXT) + 1))
    assert parts[0].value == TEXT


@pytest.mark.parametrize(
    "compress", [gzip.compress, zstandard.compress, zlib.compress, lz4.frame.compress, bz2.compress, lzma.compress]
)
def test_members_in_a_row(follow, compress):
    followed = follow(compress(b"first,") + compress(b"") + compress(b"second"))
    assert list(followed.values.values()) == [b"first,second"]


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress, lz4.frame.compress])
def test_endless_empty_members(follow, compress):
    followed = follow(compress(b"x") + compress(b"") * 12_000)
    assert followed.limits[0].which == "bytes"
    assert followed.limits[0].path.count("|") == 1


@pytest.mark.parametrize(
    ("rest", "found"), [(b"", None), (b"\0" * 9, None), (b"a4:50:46:12:34:56", b"a4:50:46:12:34:56")]
)
def test_what_follows_a_gzip_member(follow, rest, found):
    followed = follow(gzip.compress(b"content") + rest)
    assert followed.values.get("|gzip") == b"content"
    assert followed.values.get("|gzip.rest") == found
    assert not followed.faults


@pytest.mark.parametrize("data", [b"x\x9c", b"x^", b"H\x89\xff\xff\xff\xff\xff\xff\xff", b"x\x9d" + b"ab" * 9])
def test_no_zlib(follow, data):
    followed = follow(data)
    assert followed.at("") == [data] and not followed.at("|zlib") and not followed.faults


@pytest.mark.parametrize("strategy", [zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED])
@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_every_kind_of_deflate_block_is_tried(level, strategy):
    chance = Random(f"{level} {strategy}")
    for size in (*range(16, 60), 300, 5000, 70_000):
        letters = b"".join(chance.choices((b"imei", b"=", b"0", b"7", b"\xe5\xbc\xa0"), k=size))
        for data in (letters, chance.randbytes(size), bytes(size)):
            stream = zlib.compressobj(level, wbits=-15, strategy=strategy)
            packed = stream.compress(data) + stream.flush()
            if len(packed) >= deflate_decoder.DECODER.minimum:
                assert deflate_decoder.DECODER.shape.match(packed)
                assert deflate_decoder.decode(packed, Context())[0].value == data


def test_random_bytes_are_no_deflate(follow):
    chance = Random(1)
    for _ in range(300):
        data = chance.randbytes(40)
        assert "|deflate" not in follow(data).values


def test_a_deflate_that_is_said_but_ends_at_once_hides_nothing(follow):
    struct = b"\x0b\x00\x01\x00\x00\x00\x0f867530912345678\x0b\x00\x02\x00\x00\x00\x06qwerty\x00"
    said = follow(struct, encoding=("deflate",))
    assert said.at("|deflate") and said.at("|thrift.1") == [b"867530912345678"]
    assert ["ends after" in fault.why for fault in said.faults] == [True]


@pytest.mark.parametrize("rest", [b"", b"\0" * 30, b"\x12\x34\x56\x78", b"checksum"])
def test_what_may_follow_a_deflate_that_is_said(follow, rest):
    followed = follow(raw_deflate(TEXT) + rest, encoding=("deflate",))
    assert followed.at("|deflate") == [TEXT] and not followed.faults and not followed.at("")


@pytest.mark.parametrize("at", range(1, 9))
def test_wrong_checksum_keeps_everything(at):
    """Both the CRC and the size of a gzip trailer may be wrong."""
    packed = bytearray(gzip.compress(TEXT))
    packed[-at] ^= 0x55
    with pytest.raises(DecodeError) as caught:
        gzip_decoder.decode(bytes(packed), Context())
    assert caught.value.parts[0].value == TEXT


@pytest.mark.parametrize(
    ("decode", "compress", "trailer"),
    [
        (zlib_decoder.decode, zlib.compress, 4),
        (bzip2_decoder.decode, bz2.compress, 1),
        (xz_decoder.decode, lzma.compress, 20),
        (lz4_decoder.decode, lambda data: lz4.frame.compress(data, content_checksum=True), 1),
    ],
)
def test_other_wrong_checksums(decode, compress, trailer):
    packed = bytearray(compress(TEXT))
    packed[-trailer] ^= 0x55
    with pytest.raises(DecodeError) as caught:
        decode(bytes(packed), Context())
    assert caught.value.parts[0].value == TEXT


@each
@pytest.mark.parametrize("coding_of_inner", ["br", "gzip", "deflate"])
def test_outer_coding_that_was_not_applied(follow, decoder, coding, compress, sniffed, coding_of_inner):
    """`Content-Encoding: INNER, OUTER` where only the inner one was."""
    inner = {"br": brotli.compress, "gzip": gzip.compress, "deflate": zlib.compress}[coding_of_inner](TEXT)
    if coding == coding_of_inner:
        return
    values = follow(inner, encoding=(coding, coding_of_inner)).values
    assert TEXT in values.values()


def test_unknown_coding_over_one_that_must_be_told(follow):
    followed = follow(brotli.compress(TEXT), encoding=("rc4", "br"))
    assert followed.values == {"|brotli": TEXT}
    assert ["rc4" in fault.why for fault in followed.faults] == [True]


def test_texts_of_a_gzip_header(follow):
    # Flags: extra field, name, comment.
    head = b"\x1f\x8b\x08\x1c" + bytes(6) + b"\x06\x00AP\x02\x00xy" + b"867530912345678.json\0" + b"caf\xe9\0"
    followed = follow(head + gzip.compress(TEXT, mtime=0)[10:])
    assert followed.values["|gzip.name"] == b"867530912345678.json"
    assert followed.values["|gzip.comment"] == "café".encode()
    assert followed.values["|gzip.extra"] == b"AP\x02\x00xy"
    assert followed.values["|gzip"] == TEXT and not followed.faults


@pytest.mark.parametrize("cut", range(11, 45))
def test_cut_gzip_header(cut):
    head = b"\x1f\x8b\x08\x1c" + bytes(6) + b"\x06\x00AP\x02\x00xy" + b"name.json\0" + b"comment\0"
    with pytest.raises(DecodeError):
        gzip_decoder.decode((head + gzip.compress(TEXT)[10:])[:cut], Context())


@pytest.mark.parametrize("decoder", [zstd_decoder, lz4_decoder])
def test_skippable_frames(follow, decoder):
    compress = zstandard.compress if decoder is zstd_decoder else lz4.frame.compress
    skippable = b"\x5a\x2a\x4d\x18\x0f\0\0\0" + b"867530912345678"
    name = "|" + decoder.DECODER.name
    for packed in (
        skippable + compress(TEXT),
        compress(TEXT) + skippable,
        compress(TEXT[:9]) + skippable + compress(TEXT[9:]),
    ):
        followed = follow(packed)
        assert followed.values == {name: TEXT, f"{name}.skippable": b"867530912345678"}
        assert not followed.faults


def test_dictionaries_are_named():
    words = zstandard.ZstdCompressionDict(
        zstandard.train_dictionary(4096, [TEXT[i:] + b"%d" % i for i in range(900)]).as_bytes()
    )
    packed = zstandard.ZstdCompressor(dict_data=words).compress(TEXT)
    with pytest.raises(DecodeError, match=f"dictionary {words.dict_id()}"):
        zstd_decoder.decode(packed, Context())
    flagged = bytearray(lz4.frame.compress(TEXT, store_size=False))
    flagged[4] |= 1
    flagged[6:6] = (77).to_bytes(4, "little")
    with pytest.raises(DecodeError, match="dictionary 77"):
        lz4_decoder.decode(bytes(flagged), Context())
    stream = zlib.compressobj(zdict=TEXT)
    packed = stream.compress(TEXT) + stream.flush()
    with pytest.raises(DecodeError, match=f"{zlib.adler32(TEXT):08x}"):
        zlib_decoder.decode(packed, Context(encoding=("deflate",)))


@pytest.mark.parametrize("content", [b"867530912345678", b"imei=867530912345678", TEXT, bytes(range(64))])
def test_raw_deflate_that_did_not_shrink(follow, content):
    assert content in follow(raw_deflate(content)).values.values()


@pytest.mark.parametrize("size", [1 << 20, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9 << 20, 10 << 20, 11 << 20])
@pytest.mark.parametrize("piece", [1 << 16, 3 << 20])
def test_what_comes_in_pieces_is_whole_up_to_the_room(size, piece):
    chance = Random(1)
    room = 10 << 20
    data, out = chance.randbytes(size), Outlet(room, time.thread_time() + 60)
    for at in range(0, size, piece):
        out.add(data[at : at + piece])
    assert (out.size, out.left) == (min(size, room), max(room - size, 0))
    assert out.spent == ("bytes" if size >= room else "")
    assert out.value() == data[:room]
