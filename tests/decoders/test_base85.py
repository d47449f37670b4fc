import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.base85 import decode

IMEI = b"867530912345673"
JSON = b'{"imei": "867530912345673", "n": [1, 2, 3]}'
PYTHON = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
SAMPLE = (base64.b85encode(JSON), {})


def z85(data: bytes) -> bytes:
    return base64.b85encode(data).translate(bytes.maketrans(PYTHON, Z85))


def test_vector_of_zeromq():
    assert z85(bytes.fromhex("864fd26fb559f75b")) == b"HelloWorld"  # rfc.zeromq.org/spec/32


@pytest.mark.parametrize("write", [base64.b85encode, z85])
@pytest.mark.parametrize("data", [IMEI, JSON, JSON * 50, "张三丰住在上海".encode()])
def test_read(write, data):
    parts = decode(write(data), Context()) or ()
    assert (data, ".z85" if write is z85 else "") in [(part.value, part.path) for part in parts]


@pytest.mark.parametrize(
    "value",
    [
        b"HelloWorld",
        b"internationalization",
        b"5be1c07a92d4386f",
        IMEI,
        b"https://x.example/a?b=c",
        b"~" * 20,
        base64.b85encode(bytes(range(200, 230))),
        base64.b64encode(IMEI),
        b"com.example.app.Main",
        b"a b c d e f g h i",
    ],
)
def test_left_alone(value):
    assert decode(value, Context()) is None


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8), st.sampled_from([base64.b85encode, z85])
)
def test_round_trip(text, write):
    assert text.encode() in [part.value for part in decode(write(text.encode()), Context()) or ()]
