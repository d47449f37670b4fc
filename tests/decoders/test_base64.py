import base64
import gzip
import hashlib
import textwrap
import zlib

import cramjam
import lz4.block
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

IMEI = b"867530912345678"
JSON = b'{"imei": "867530912345678", "n": [1, 2, 3]}'
DIGEST = hashlib.md5(IMEI).digest()
STANDARD = base64.b64encode(gzip.compress(JSON * 3))


def read(follow, value):
    return follow(value).values.get("|base64")


def test_what_is_read_needs_no_digits(follow):
    for text in (b"3LXE5EAEJJDT", b"a450ed0820d7"):
        for packed in (bytes(cramjam.snappy.compress_raw(text)), lz4.block.compress(text)):
            assert text in follow(base64.b64encode(packed).rstrip(b"=")).values.values()


@pytest.mark.parametrize(
    "word", [b"ApplicationLaunchTime", b"onCreateOptionsMenu", b"HTTPSConnectionPool", b"HomePage"]
)
def test_names_are_words(follow, word):
    assert follow(word).values == {"": word}


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        (base64.b64encode(IMEI), IMEI),
        (base64.b64encode(b"abcd"), b"abcd"),
        (base64.b64encode("张三丰".encode()), "张三丰".encode()),
        (base64.urlsafe_b64encode(b"a?>b?>c?>d?>"), b"a?>b?>c?>d?>"),
        (base64.urlsafe_b64encode(b"a?>b?>c?>d").rstrip(b"="), b"a?>b?>c?>d"),
        (base64.encodebytes(IMEI * 20), IMEI * 20),
        (textwrap.fill(base64.b64encode(IMEI * 9).decode(), 64).replace("\n", "\r\n").encode(), IMEI * 9),
        (base64.b64encode("张三丰".encode("gbk")), "张三丰".encode("gbk")),
        (base64.b64encode("867530912345678".encode("utf-16-le")), "867530912345678".encode("utf-16-le")),
        (base64.b64encode(DIGEST), DIGEST),
        (base64.b64encode(DIGEST).rstrip(b"="), DIGEST),
        (base64.b64encode(hashlib.sha256(IMEI).digest()), hashlib.sha256(IMEI).digest()),
        (base64.b64encode(bytes(range(200, 230))), bytes(range(200, 230))),
    ],
)
def test_read(follow, value, decoded):
    assert read(follow, value) == decoded
    assert follow(value).at("") == [value]


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_compressed_within(follow, pack):
    value = base64.b64encode(pack(JSON * 3))
    assert any(path.startswith("|base64|") for path in follow(value).values)


def test_plus_gone_to_space(follow):
    packed = next(
        text for text in (base64.b64encode(gzip.compress(JSON + b" " * n)) for n in range(200)) if text.count(b"+") > 1
    )
    followed = follow(packed.replace(b"+", b" "))
    assert followed.values["|base64|gzip|json.$.imei"] == IMEI


@pytest.mark.parametrize(
    "value",
    [
        b"hello",
        b"deviceId",
        b"username",
        b"configuration",
        b"network_type_wifi",
        b"com.example.app.Main",
        b"867530912345678",
        b"13800138000",
        b"5be1c07a92d4386f",
        b"1b3c5d7f-aaaa-4bbb-8ccc-0123456789ab",
        b"1B3C5D7F-AAAA-4BBB-8CCC-0123456789AB",
        hashlib.md5(IMEI).hexdigest().encode(),
        hashlib.sha256(IMEI).hexdigest().upper().encode(),
        b"the quick brown fox jumps over the lazy dog",
        b"information about something else",
        b"a4:50:46:12:34:56",
        b"/data/app/base",
        b"=====",
        b"abc=def=",
        base64.b64encode(IMEI) + b"====",
        base64.b64encode(IMEI)[:-3],
        b"A" * 8 + b"!" + b"A" * 8,
    ],
)
def test_left_alone(follow, value):
    assert read(follow, value) is None


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=12, max_size=60), st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]))
def test_padded_and_url_safe_round_trip(data, encode):
    from leaktap.decoders._api import Context
    from leaktap.decoders.base64 import decode

    value = encode(data)
    parts = decode(value, Context())
    if value.endswith(b"="):
        assert parts is not None
    assert parts is None or parts[0].value == data
