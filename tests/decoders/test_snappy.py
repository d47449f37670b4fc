"""Snappy in its wrappings; cramjam's library packs, and the examples of the format's description are taken by hand."""

import base64
import random

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.snappy import decode

TEXT = b'{"imei": "867530912345678", "mac": "a4:50:46:12:34:56"}' * 5


def raw(data):
    return bytes(cramjam.snappy.compress_raw(data))


SAMPLE = (raw(TEXT), {})


def java(data, size=100):
    pieces = [raw(data[at : at + size]) for at in range(0, len(data), size)]
    return b"\x82SNAPPY\0" + bytes([0, 0, 0, 1] * 2) + b"".join(len(piece).to_bytes(4) + piece for piece in pieces)


def hadoop(data, size=100):
    blocks = [raw(data[at : at + size]) for at in range(0, len(data), size)]
    return len(data).to_bytes(4) + b"".join(len(each).to_bytes(4) + each for each in blocks)


WRAPPINGS = {
    "raw": raw,
    "framed": lambda data: bytes(cramjam.snappy.compress(data)),
    "java": java,
    "hadoop": lambda data: len(data).to_bytes(4) + len(raw(data)).to_bytes(4) + raw(data),
    "hadoop's blocks": hadoop,
}


@pytest.mark.parametrize("name", WRAPPINGS)
@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        b"a" * 300,
        bytes(range(256)) * 3,
        b"text that does not shrink: 1234567890",
        random.Random(38).randbytes(20),
    ],
)
def test_seen(name, data):
    assert [part.value for part in decode(WRAPPINGS[name](data), Context())] == [data]


@pytest.mark.parametrize("size", [8, 20, 28, 40, 64, 100, 200, 400])
def test_a_block_of_one_literal(follow, size):
    text = base64.b64encode(random.Random(size).randbytes(size))
    assert any(path.startswith("|snappy") for path in follow(raw(text)).values)


def test_a_block_may_be_signs_throughout(follow):
    form = b"mcc=460&amp;mnc=0&amp;tac=53522&amp;ci=24902344"
    assert raw(form).decode().replace("\t", "").replace("\n", "").isprintable()
    assert follow(raw(form)).values["|snappy|html|form.mnc"] == b"0"
    for text in (b"0<" + b"a" * 46, b"0<a\tb" + b"a" * 46, "0<é".encode() + b"a" * 46):
        assert not any("snappy" in path for path in follow(text).values)


@pytest.mark.parametrize("name", WRAPPINGS)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=400), times=st.integers(1, 400))
def test_round_trip(name, data, times):
    parts = decode(WRAPPINGS[name](data * times), Context(encoding=("snappy",)))
    assert [part.value for part in parts] == [data * times]


@pytest.mark.parametrize("name", WRAPPINGS)
@settings(max_examples=60, deadline=None)
@given(change=st.data())
def test_cut_and_changed(name, change):
    packed = bytearray(WRAPPINGS[name](TEXT))
    del packed[change.draw(st.integers(0, len(packed))) :]
    for at in change.draw(st.lists(st.integers(0, max(len(packed) - 1, 0)), max_size=3)):
        if packed:
            packed[at] = change.draw(st.integers(0, 255))
    for encoding in ((), ("snappy",)):
        try:
            parts = decode(bytes(packed), Context(encoding=encoding, room=5000, most=2))
        except (DecodeError, LimitReached) as error:
            parts = error.parts
        assert sum(len(part.value) for part in parts or ()) <= 5000 + len(packed)


@pytest.mark.parametrize(
    "change",
    [
        lambda packed: (int.from_bytes(packed[:4]) + 1).to_bytes(4) + packed[4:],
        lambda packed: packed + b"\0\0\0\0",
        lambda packed: packed[:-1],
    ],
    ids=["another size", "an empty block", "cut off"],
)
def test_blocks_that_do_not_make_what_is_said_are_none(change):
    assert decode(change(hadoop(TEXT * 20)), Context()) is None


@pytest.mark.parametrize("name", ["raw", "java"])
def test_cut_keeps_what_precedes(name):
    data = b"".join(b'{"n": %d, "imei": "867530912345678"}' % i for i in range(300))
    packed = WRAPPINGS[name](data)
    with pytest.raises(DecodeError) as caught:
        decode(packed[: len(packed) // 2], Context(encoding=("snappy",)))
    kept = caught.value.parts[0].value
    assert data.startswith(kept) and len(kept) > 1000


def test_elements_by_hand():
    """ "xababab": the literal "xab" and a copy of four bytes from two before, in each of the three kinds."""
    for copy in (b"\x01\x02", b"\x0e\x02\x00", b"\x0f\x02\x00\x00\x00"):
        assert decode(b"\x07\x08xab" + copy, Context(encoding=("snappy",)))[0].value == b"xababab"
        with pytest.raises(DecodeError) as caught:  # one byte more is said, so the library refuses it
            decode(b"\x08\x08xab" + copy, Context(encoding=("snappy",)))
        assert caught.value.parts[0].value == b"xababab"


def test_unknown_chunks_of_frames():
    packed = bytes(cramjam.snappy.compress(TEXT))
    padding, reserved = b"\xfe\x03\x00\x00abc", b"\x02\x03\x00\x00abc"
    assert decode(packed + padding + packed, Context())[0].value == TEXT * 2
    assert decode(packed + reserved, Context())[0].value == TEXT


@pytest.mark.parametrize("data", [bytes(50), b"\xff" * 50, b"\x0a\x0f867530912345678", b"P\x0cabcd" * 9])
def test_foreign(data):
    assert decode(data, Context()) is None


@pytest.mark.parametrize("text", [b"199 0000 0132", b"13812345678\r\n", b"0123456789", b"867530912"])
def test_a_block_may_be_text_throughout(follow, text):
    assert follow(raw(text)).values["|snappy"] == text


@pytest.mark.parametrize("text", [b"\r0199 0000 01321", b"\n$ 5 for a dozen", b"\t indented", b"\n\n\nabcdefgh"])
def test_text_behind_a_line_end_is_no_block(follow, text):
    assert "|snappy" not in follow(text).values


def test_random_bytes_are_not_snappy():
    chance = random.Random(38)
    assert not any(decode(chance.randbytes(60), Context()) for _ in range(3000))


@pytest.mark.parametrize("data", [b'{"imei": "867530912345678"}', b"\x00\x01", b"\xff" * 20])
def test_lie(data):
    with pytest.raises(DecodeError, match="said to be snappy"):
        decode(data, Context(encoding=("snappy",)))


def test_size_that_lies():
    """4 GB are said, four bytes are there: nothing is reserved for it."""
    with pytest.raises((DecodeError, LimitReached)):
        decode(b"\xff\xff\xff\xff\x0f\x0cabcd", Context(encoding=("snappy",)))
