import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders._choice import by_first_byte, candidates
from leaktap.decoders.base58 import DECODER, decode

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def write(data: bytes) -> bytes:
    number, signs = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        signs = ALPHABET[digit] + signs
    return ("1" * (len(data) - len(data.lstrip(b"\0"))) + signs).encode()


SAMPLE = (write(b"867530912345673"), {})


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        (b"2NEpo7TZRRrLZSi2U", b"Hello World!"),  # draft-msporny-base58-03, section 5
        (
            b"USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
            b"The quick brown fox jumps over the lazy dog.",
        ),
        (b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", bytes.fromhex("0062e907b15cbf27d5425399ebf6f0fb50ebb88f18")),
        (write(b"867530912345673"), b"867530912345673"),
        (write(b"867530912345673") + b"\n", b"867530912345673"),
        (write(b'{"imei":"867530912345673"}' * 9), b'{"imei":"867530912345673"}' * 9),
    ],
)
def test_read(value, decoded):
    assert [part.value for part in decode(value, Context()) or ()] == [decoded]


@pytest.mark.parametrize(
    "value",
    [
        b"internationaLization",
        b"HomePageRecommendList",
        b"5be1c37a92d4386f",
        b"867539912345673",
        b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        write(hashlib.sha256(b"x").digest()),
        b"A" * 20_000,
    ],
)
def test_left_alone(value):
    if DECODER in candidates(value, by_first_byte()[value[0]]):
        assert decode(value, Context()) is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=6, max_size=900))
def test_round_trip(text):
    assert [part.value for part in decode(write(text.encode()), Context()) or ()] == [text.encode()]
