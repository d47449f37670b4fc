import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.ascii85 import decode

IMEI = b"867530912345673"
SAMPLE = (base64.a85encode(IMEI, adobe=True), {})


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        (b"<~87cURD_*#TDfTZ)+T~>", b"Hello, world!"),
        (b" <~87cURD_*#\nTDfTZ)+T~>\n", b"Hello, world!"),
        (b"<~87cURD_*#TDfTZ)+T", b"Hello, world!"),
        (b"<~zz~>", bytes(8)),
        (base64.a85encode(IMEI), IMEI),
        (base64.a85encode(IMEI * 30), IMEI * 30),
        (base64.a85encode(bytes(range(256)), adobe=True), bytes(range(256))),
    ],
)
def test_read(value, decoded):
    assert [part.value for part in decode(value, Context()) or ()] == [decoded]


@pytest.mark.parametrize(
    "value",
    [
        b"internationalization",
        IMEI,
        b'{"a":1,"b":2}',
        b"https://x.example/a",
        b"a,b,c,d,e,f,g,h",
        b"plain text, of words",
        base64.a85encode(bytes(range(200, 230))),
    ],
)
def test_left_alone(value):
    assert decode(value, Context()) is None


def test_zeros_are_one_sign(follow):
    packed = gzip.compress(b"867530912345678", mtime=0)
    assert b"z" in base64.a85encode(packed)[:12]
    assert follow(base64.a85encode(packed)).values["|ascii85|gzip"] == b"867530912345678"


def test_lines_without_marks(follow):
    text = b"a text that is longer than a line of seventy-six signs and breaks after them"
    written = base64.a85encode(text, wrapcol=76)
    assert len(written) % 5 == 1 and b"\n" in written
    assert follow(written).values["|ascii85"] == text


def test_broken():
    with pytest.raises(DecodeError):
        decode(b"<~87cU{D_*#T~>", Context())
    with pytest.raises(LimitReached):
        decode(b"<~" + b"z" * 1000 + b"~>", Context(room=3000))


@given(st.binary())
def test_round_trip(data):
    assert [part.value for part in decode(base64.a85encode(data, adobe=True), Context()) or ()] == [data]
