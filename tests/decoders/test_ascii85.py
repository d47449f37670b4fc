import base64
import gzip
import random
import re
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.ascii85 import DECODER, decode

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
        (b"0ePIH0JG172Dd9K756I", b"1.9900006455E10"),
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


@pytest.mark.parametrize(
    "begin", [b"<", b"&lt;", b"&amp;lt;", b"%3C", b"%253c", b"%26lt%3B", b"%2526lt%253b", b"\\u003c"]
)
def test_marks_are_seen_through_escapes(begin):
    hint, _ = DECODER.hints
    assert re.search(hint, b"list=1&info=" + begin + b"~.((`,+<9>?!**")
    assert not re.search(hint, b"list=1&info=" + begin + b".((`,+<9>?!**")
    assert not re.search(hint, b"list=1&info=" + begin + b"~ a b")


@pytest.mark.parametrize(
    "outer",
    [
        str,
        escape,
        lambda text: quote(text, safe=""),
        lambda text: quote(escape(text)),
        lambda text: text.replace("/", r"\/"),
        lambda text: text.replace("/", r"\\\/"),
    ],
)
def test_escapes_are_seen_in_it(outer):
    written = base64.a85encode(rb"\x38\x36\x37\x35\x33\x30").decode()
    assert re.search(DECODER.hints[1], outer(written).encode())
    assert not re.search(DECODER.hints[1], b"a > b ^ c / d, <br>/, x^/y")


@pytest.mark.parametrize("wrapcol", [0, 76])
def test_no_sieve_sees_through_it_without_marks(follow, wrapcol):
    packed = gzip.compress(random.Random(5).randbytes(300), mtime=0)
    written = base64.a85encode("".join(f"%{byte:02X}" for byte in packed).encode(), wrapcol=wrapcol)
    assert b'"' in written[:256]

    def sieve(data):
        return None if data.startswith(b"%") else []

    assert follow(written, sieve=sieve).at("|ascii85|percent|gzip")
    for other in (b"list: " + written, b"{" + written, written.replace(b"0", b"v")):
        assert not any("ascii85" in path for path in follow(other, sieve=sieve).values)


@pytest.mark.parametrize("value", [b"0ePIH0JG172Dd9K756I", b"1c70JG172Dd9K"])
def test_without_punctuation_as_well(value):
    assert value.isalnum() and DECODER.shape.match(value)


@pytest.mark.parametrize(
    "value",
    [b"1760401838358", b"5BE1C07A92D4386F", b"HomePageView2", b"0xPIHvJG172Dd9K756I", b"zh0123456789", b"0ePIH0JG1"],
)
def test_tokens_are_not_tried(value):
    assert not DECODER.shape.match(value)
