import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.base32 import decode

IMEI = b"867530912345673"
CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
SAMPLE = (base64.b32encode(IMEI), {})


def crockford(data: bytes) -> bytes:
    return base64.b32encode(data).rstrip(b"=").translate(CROCKFORD)


@pytest.mark.parametrize(
    ("value", "decoded", "path"),
    [
        (b"MZXW6YTBOI======", b"foobar", ""),  # RFC 4648, section 10
        (b"CPNMUOJ1E8======", b"foobar", ".hex"),
        (base64.b32encode(IMEI), IMEI, ""),
        (base64.b32encode(IMEI).lower(), IMEI, ""),
        (base64.b32encode(IMEI * 3 + b"x").rstrip(b"="), IMEI * 3 + b"x", ""),
        (base64.b32hexencode(IMEI), IMEI, ".hex"),
        (crockford(b"imei=867530912345673~~"), b"imei=867530912345673~~", ".crockford"),
        (base64.b32encode("张三丰".encode()), "张三丰".encode(), ""),
        (base64.b32encode("张三丰李".encode("gbk")), "张三丰李".encode("gbk"), ""),
    ],
)
def test_read(value, decoded, path):
    (part,) = decode(value, Context()) or ()
    assert (part.value, part.path) == (decoded, path)


def test_crockford_reads_what_people_write():
    text = crockford(b"imei=867530912345673~~")
    assert b"1" in text or b"0" in text
    sloppy = text.replace(b"1", b"L").replace(b"0", b"O")
    (part,) = decode(b"-".join((sloppy[:5], sloppy[5:])), Context()) or ()
    assert part.value == b"imei=867530912345673~~"


@pytest.mark.parametrize(
    "value",
    [
        b"SCREAMINGSNAKE",
        b"INTERNATIONALIZATION",
        b"867530912345673",
        b"a45046123456",
        b"5BE1C07A92D4386F5BE1C07A92D4386F",
        b"Mixedcaseletters",
        base64.b32encode(IMEI)[:-2],
        base64.b32encode(bytes(range(128, 148))),
        base64.b32encode(b"abc"),
    ],
)
def test_left_alone(value):
    assert decode(value, Context()) is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=6))
def test_round_trip(text):
    data = text.encode()
    assert [part.value for part in decode(base64.b32encode(data), Context()) or ()] == [data]
