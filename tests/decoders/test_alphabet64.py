import base64
import gzip
import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.alphabet64 import decode, shipped

STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
OWN = "9876543210ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba_.~"
JSON = b'{"imei": "867530912345673", "n": [1, 2, 3]}'


def write(data: bytes, signs: str, padded: bool = True) -> bytes:
    table = bytes.maketrans(STANDARD + b"=", signs.encode().ljust(65, b"="))
    text = base64.b64encode(data)
    return (text if padded else text.rstrip(b"=")).translate(table)


SAMPLE = (write(JSON, dict(shipped())["mintegral"]), {})


@pytest.mark.parametrize(("name", "signs"), shipped())
def test_alphabets_are_permutations(name, signs):
    assert len(signs) == len(set(signs)) == 64
    assert name.isidentifier()


def test_what_mintegral_writes():
    # "Man" is TWFu: values 19, 22, 5, 46, which are the alphabet's y, n, 7 and g.
    signs = dict(shipped())["mintegral"]
    assert write(b"Man", signs) == bytes(signs[i] for i in ()) + "".join(signs[i] for i in (19, 22, 5, 46)).encode()


@pytest.mark.parametrize(("name", "signs"), shipped())
@pytest.mark.parametrize("padded", [True, False])
def test_shipped(follow, name, signs, padded):
    values = follow(write(JSON, signs, padded)).values
    assert values[f"|alphabet64.{name}|json.$.imei"] == b"867530912345673"
    packed = follow(write(gzip.compress(JSON * 20), signs, padded)).values
    assert any(path.startswith(f"|alphabet64.{name}|gzip|json") for path in packed)


def test_the_cases_own(follow):
    value = write(JSON + b"!", OWN)
    assert value.endswith(b"~")
    assert not any("alphabet64" in path for path in follow(value).values)
    values = follow(value, alphabets=(("ours", OWN),)).values
    assert values["|alphabet64.ours"].startswith(JSON) or "|alphabet64.ours|json.$.imei" in values


def test_bytes_that_a_decoder_opens(follow):
    device = b'\x0a\x0f867530912345673\x12\x07example\x18\x01"\x05pixel'
    assert follow(write(device, dict(shipped())["baidu"])).values["|alphabet64.baidu|protobuf.1"] == b"867530912345673"


@pytest.mark.parametrize(("name", "signs"), shipped())
@pytest.mark.parametrize("digits", ["0867530912345673", "64000810123456f1"])
def test_digits_of_four_bits(follow, name, signs, digits):
    assert follow(write(bytes.fromhex(digits), signs)).values.get(f"|alphabet64.{name}", b"").hex() == digits


@pytest.mark.parametrize(("name", "signs"), shipped())
@pytest.mark.parametrize("order", ["big", "little"])
def test_a_number_of_eight_bytes(follow, name, signs, order):
    number = 867530912345673
    value = follow(write(number.to_bytes(8, order), signs)).values.get(f"|alphabet64.{name}", b"")
    assert int.from_bytes(value, order) == number


@pytest.mark.parametrize(("name", "signs"), shipped())
@pytest.mark.parametrize("layout", [">d", "<d"])
def test_a_whole_double(follow, name, signs, layout):
    value = struct.pack(layout, 867530912345673)
    assert follow(write(value, signs)).values.get(f"|alphabet64.{name}") == value


@pytest.mark.parametrize(("name", "signs"), shipped())
def test_a_varint(follow, name, signs):
    value = bytes.fromhex("c9dcf2bebca0c501")  # of 867530912345673
    assert follow(write(value, signs)).values.get(f"|alphabet64.{name}") == value
    value = bytes.fromhex("befbf18898d1cea356")  # of 6217002172859317694
    assert follow(write(value, signs)).values.get(f"|alphabet64.{name}") == value


def test_a_padded_word_is_no_word(follow):
    value = base64.b64decode("NumberValue=".translate(str.maketrans(OWN[:64], STANDARD.decode())))
    assert follow(b"NumberValue", alphabets=(("ours", OWN),)).values.get("|alphabet64.ours") is None
    assert follow(b"NumberValue~", alphabets=(("ours", OWN),)).values["|alphabet64.ours"] == value


@pytest.mark.parametrize(("alphabets", "read"), [((("ours", OWN),), True), ((), False)])
def test_bytes_of_any_kind_are_only_read_in_the_cases_own(follow, alphabets, read):
    digest = hashlib.sha1(JSON).digest()
    assert (digest in follow(write(digest, OWN), alphabets=alphabets).values.values()) is read
    assert not any("alphabet64" in path for path in follow(b"internationalization", alphabets=alphabets).values)


def test_a_text_in_one_alphabet_is_nothing_in_another(follow):
    values = follow(write(b"page=1;&n=2;" * 10, dict(shipped())["baidu"]), alphabets=(("ours", OWN),)).values
    assert {path.split("|")[1] for path in values if "alphabet64" in path} == {"alphabet64.baidu"}
    values = follow(write(b"page=1;&n=2;", dict(shipped())["baidu"]), alphabets=(("ours", OWN),)).values
    assert {path.split("|")[1] for path in values if "alphabet64" in path} == {"alphabet64.baidu", "alphabet64.ours"}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b"orniyPNSAuoawvRETFXtzN", True),
        (b"internationalization", False),
        (b"AppCompatActivity_Lifecycle", False),
        (b"SCREAMING_SNAKE_CASE", False),
        (b"network_type_wifi", False),
        (b"URLSessionTask", False),
    ],
)
def test_names_are_not_read_in_the_cases_own(follow, value, read):
    assert ("|alphabet64.ours" in follow(value, alphabets=(("ours", OWN),)).values) is read


def test_reaches_what_is_inside(follow):
    inner = b'{"d": "' + write(JSON, OWN) + b'"}'
    assert follow(gzip.compress(inner), alphabets=(("ours", OWN),)).values["|gzip|json.$.d|alphabet64.ours|json.$.imei"]


@pytest.mark.parametrize(
    "value",
    [
        b"hello world",
        b"internationalization",
        b"network_type_wifi",
        b"867530912345673",
        b"5be1c07a92d4386f",
        b"A" * 13,
        base64.b64encode(JSON),
        base64.b64encode(bytes(range(200, 250))),
        b"com.example.app.Main",
    ],
)
def test_left_alone(follow, value):
    assert not any(path.startswith("|alphabet64") for path in follow(value).values)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=9), st.sampled_from(shipped()))
def test_round_trip(text, alphabet):
    name, signs = alphabet
    parts = decode(write(text.encode(), signs), Context())
    assert parts is not None
    assert (text.encode(), f".{name}") in [(part.value, part.path) for part in parts]


@pytest.mark.parametrize(
    ("charset", "step"), [("utf-16-le", "charset.utf-16-le"), ("utf-16", "text"), ("utf-32", "text")]
)
def test_a_long_text_of_several_bytes_to_the_character(follow, charset, step):
    text = "d=%00%41&" * 20_000
    values = follow(write(text.encode(charset), dict(shipped())["baidu"])).values
    assert any(path.startswith(f"|alphabet64.baidu|{step}") for path in values)
