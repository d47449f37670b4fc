import bz2
import codecs
import gzip
import hashlib
import lzma
from random import Random

import cramjam
import lz4.block
import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.hex import DECODER, decode

IMEI = b"867530912345678"


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        (IMEI.hex().encode(), IMEI),
        (IMEI.hex().upper().encode(), IMEI),
        (b'{"imei": 1}'.hex().encode(), b'{"imei": 1}'),
        ("张三丰".encode().hex().encode(), "张三丰".encode()),
        (b"\n\tindented".hex().encode(), b"\n\tindented"),
    ],
)
def test_read(follow, value, decoded):
    assert follow(value).values["|hex" if b"{" not in decoded else "|hex|json.$.imei"] in (decoded, b"1")
    assert follow(value).at("") == [value]


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE])
@pytest.mark.parametrize("text", [IMEI.decode(), "慕容墨墨"])
def test_marked_text_within(follow, mark, text):
    charset = f"utf-{8 * len(mark)}-{'le' if mark[0] == 0xFF else 'be'}"
    assert follow((mark + text.encode(charset)).hex().encode()).values["|hex|text"] == text.encode()


def test_compressed_within(follow):
    assert follow(gzip.compress(IMEI).hex().encode()).values["|hex|gzip"] == IMEI


@pytest.mark.parametrize(
    "packed",
    [
        bz2.compress(IMEI),
        lzma.compress(IMEI),
        lzma.compress(IMEI, lzma.FORMAT_ALONE),
        lz4.frame.compress(IMEI),
        lz4.block.compress(IMEI),
        lz4.block.compress(IMEI, store_size=False),
        bytes(cramjam.snappy.compress(IMEI)),
        bytes(cramjam.snappy.compress_raw(IMEI)),
        b"\x01\x00\x02\x80\x00" + gzip.compress(IMEI),
    ],
)
def test_compressed_otherwise(follow, packed):
    assert IMEI in follow(packed.hex().encode()).values.values()
    assert IMEI in follow(packed.hex().upper().encode()).values.values()


@pytest.mark.parametrize(
    ("message", "path", "value"),
    [
        ("800185f486b4fbcb68", "protobuf.16", b"460006944258565"),
        ("2a0e879e9deaf48bc5018080b3c19c33", "protobuf.5[0]", b"866824481099527"),
        ("58b490d9999e33f001a8d3e18a8188d250", "protobuf.30", b"45396911256529320"),
        ("1208c4bdc8ddc4abcda1", "protobuf.2|charset.gb18030", "慕容墨汀".encode()),
        ("58808098c4d733800185f486b4fbcb68", "protobuf.16", b"460006944258565"),  # as long as MD5
    ],
)
def test_a_message_of_numbers(follow, message, path, value):
    for digits in (message, message.upper()):
        assert follow(digits.encode()).values[f"|hex|{path}"] == value


@pytest.mark.parametrize("size", [8, 16, 20])
def test_digests_are_seldom_messages(follow, size):
    chance = Random(1)
    digests = [chance.randbytes(size).hex().encode() for _ in range(500)]
    assert sum("|hex" in "".join(follow(digest).values) for digest in digests) < 25


@pytest.mark.parametrize("size", [12, 16, 20, 24])
def test_whatever_is_read_within(follow, size):
    raw = bytes(range(0xA0, 0xA0 + size))
    assert follow(lz4.block.compress(raw).hex().encode()).values["|hex|lz4"] == raw


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"31",
        b"3132333435",
        IMEI,
        b"5be1c07a92d4386f",
        hashlib.md5(IMEI).hexdigest().encode(),
        hashlib.sha1(IMEI).hexdigest().encode(),
        hashlib.sha256(IMEI).hexdigest().upper().encode(),
        hashlib.sha512(IMEI).hexdigest().encode(),
        IMEI.hex().encode() + b"3",
        b"0x" + IMEI.hex().encode(),
        b"00" * 20,
        b"ff" * 20,
    ],
)
def test_left_alone(follow, value):
    assert "|hex" not in follow(value).values


@given(st.text(min_size=8, max_size=40).filter(str.isprintable), st.booleans())
def test_round_trip(text, upper):
    value = text.encode().hex().encode()
    value = value.upper() if upper else value
    assert DECODER.shape.match(value)
    (part,) = decode(value, Context())
    assert part.value == text.encode()
