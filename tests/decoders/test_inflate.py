"""All compressors alike: told and seen, broken, cut off, and larger inside than allowed. Encoders are the judges."""

import gzip
import os
import tracemalloc
import zlib

import brotli
import cramjam
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders import brotli as brotli_decoder
from leaktap.decoders import deflate as deflate_decoder
from leaktap.decoders import gzip as gzip_decoder
from leaktap.decoders import zlib as zlib_decoder
from leaktap.decoders import zstd as zstd_decoder
from leaktap.decoders._api import Context, DecodeError, LimitReached
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
]
IDS = ["gzip", "gzip-rust", "zlib", "zlib-fast", "deflate", "brotli", "brotli-rust", "zstd", "zstd-rust"]
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
    data = os.urandom(size // 2).hex().encode()
    packed = compress(data)
    with pytest.raises(DecodeError) as caught:
        decoder.decode(packed[: len(packed) * 2 // 3], Context(encoding=(coding,)))
    if size > 100:
        (part,) = caught.value.parts
        assert data.startswith(part.value) and len(part.value) > size // 3


@pytest.mark.parametrize("at", [5_000, 100_000, 140_000])
def test_broken_in_the_middle_keeps_what_precedes(at):
    data = os.urandom(150_000).hex().encode()
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


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_members_in_a_row(follow, compress):
    followed = follow(compress(b"first,") + compress(b"") + compress(b"second"))
    assert list(followed.values.values()) == [b"first,second"]


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_endless_empty_members(follow, compress):
    followed = follow(compress(b"x") + compress(b"") * 12_000)
    assert [limited.which for limited in followed.limits] == ["bytes"]


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


def test_random_bytes_are_no_deflate(follow):
    for _ in range(300):
        data = os.urandom(40)
        assert "|deflate" not in follow(data).values
