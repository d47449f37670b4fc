import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire.quic_frames import CRYPTO, DATAGRAM, NEW_CONNECTION_ID, RESET_STREAM, STREAM, BadFrame, Frame, frames

TOKEN = bytes(range(16))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (b"", []),
        (bytes(50), []),
        (b"\x01\x01\0\x1e", []),
        (b"\x02\x10\x00\x01\x02\x03\x04", []),
        (b"\x03\x10\x00\x00\x02\x01\x02\x03", []),
        (b"\x06\x05\x03abc", [Frame(CRYPTO, b"abc", 0, 5)]),
        (b"\x08\x04abc", [Frame(STREAM, b"abc", 4)]),
        (b"\x09\x04", [Frame(STREAM, b"", 4, 0, True)]),
        (b"\x0e\x04\x07\x02abc\x01", [Frame(STREAM, b"ab", 4, 7), None]),
        (b"\x0f\x04\x40\x07\x02ab\x01", [Frame(STREAM, b"ab", 4, 7, True)]),
        (b"\x0a\x04\x00\x0a\x08\x01x", [Frame(STREAM, b"", 4), Frame(STREAM, b"x", 8)]),
        (b"\x04\x04\x01\x09", [Frame(RESET_STREAM, b"", 4, 9, True)]),
        (b"\x24\x04\x01\x09\x05", [Frame(RESET_STREAM, b"", 4, 9, True)]),
        (b"\x05\x04\x01" + b"\x07\x02ab" + b"\x10\x01\x11\x01\x02\x12\x01\x13\x01\x14\x01\x15\x01\x02\x16\x01", []),
        (b"\x18\x01\x00\x04abcd" + TOKEN, [Frame(NEW_CONNECTION_ID, b"abcd")]),
        (b"\x19\x01\x1a" + bytes(8) + b"\x1b" + bytes(8), []),
        (b"\x1c\x01\x02\x03bad\x1d\x01\x00", []),
        (b"\x30abc", [Frame(DATAGRAM, b"abc")]),
        (b"\x31\x02abc"[:4], [Frame(DATAGRAM, b"ab")]),
        (b"\x40\xaf\x01\x02\x03\x04\x1f\x42\xf5\x09", []),
    ],
)
def test_frames(text, made):
    if None in made:
        text, made = text[:-2], made[:-1]
    assert list(frames(text)) == made


@pytest.mark.parametrize(
    "text",
    [
        b"\x06\x05\x04abc",
        b"\x06\x05",
        b"\x0a\x04\x09a",
        b"\x08",
        b"\x02\x10\x00\x01\x02\x03",
        b"\x02\x10\x00\x7f\xff\x03",
        b"\x04\x04\x01",
        b"\x18\x01\x00\x04abcd" + TOKEN[:-1],
        b"\x18\x01\x00\x15" + bytes(21) + TOKEN,
        b"\x1c\x01\x02\x09bad",
        b"\x07\x09ab",
        b"\x21",
        b"\x31\x09ab",
        b"\x7f\xff",
    ],
)
def test_broken_frames(text):
    with pytest.raises(BadFrame):
        list(frames(text))


@given(st.binary(max_size=300))
def test_any_bytes(text):
    try:
        for frame in frames(text):
            assert len(frame.data) <= len(text)
    except BadFrame:
        pass
