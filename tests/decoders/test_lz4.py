"""The layouts that libraries put around lz4 blocks, and what a broken block still holds. lz4's own library packs."""

import shutil
import subprocess
from random import Random

import lz4.block
import lz4.frame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.lz4 import decode

TEXT = b'{"imei": "867530912345678", "mac": "a4:50:46:12:34:56"}' * 5
SAMPLE = (lz4.frame.compress(TEXT), {})


def block(data):
    return lz4.block.compress(data, store_size=False)


def java(data, size=64):
    """LZ4BlockOutputStream: method and level, sizes, checksum (not looked at); an empty stored block at the end."""
    out = b""
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        packed, method = block(piece), b"\x26"
        if len(packed) >= len(piece):
            packed, method = piece, b"\x16"
        out += b"LZ4Block" + method + len(packed).to_bytes(4, "little") + len(piece).to_bytes(4, "little") + bytes(4)
        out += packed
    return out + b"LZ4Block\x16" + bytes(12)


def legacy(data):
    packed = block(data)
    return b"\x02\x21\x4c\x18" + len(packed).to_bytes(4, "little") + packed


def hadoop(data, size=100):
    blocks = [block(data[at : at + size]) for at in range(0, len(data), size)]
    return len(data).to_bytes(4) + b"".join(len(each).to_bytes(4) + each for each in blocks)


LAYOUTS = {
    "frame": lz4.frame.compress,
    "linked": lambda data: lz4.frame.compress(data, block_linked=True, block_checksum=True, content_checksum=True),
    "legacy": legacy,
    "java": java,
    "mozilla": lambda data: b"mozLz40\0" + lz4.block.compress(data),
    "little": lz4.block.compress,
    "big": lambda data: len(data).to_bytes(4) + block(data),
    "hadoop": lambda data: len(data).to_bytes(4) + len(block(data)).to_bytes(4) + block(data),
    "hadoop's blocks": hadoop,
    "bare": block,
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize(
    "data", [TEXT, b"a" * 300, bytes(range(256)) * 3, Random(70).randbytes(70) * 2, b"123456789012345678"]
)
def test_layout(follow, name, data):
    followed = follow(LAYOUTS[name](data))
    assert data in followed.at("|lz4") or any(leaf.path.startswith("body|lz4|") for leaf in followed.leaves)
    assert not followed.faults


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("utf-16-le", "8Kw3zQ0aVb6T"),
        ("utf-16-be", "8Kw3zQ0aVb6T"),
        ("utf-16-le", "设备信息上报"),
        ("gb18030", "设备信息上报"),
    ],
)
def test_a_bare_block_that_does_not_shrink_is_text_in_any_charset(text, charset):
    data = text.encode(charset)
    assert len(block(data)) > len(data)
    assert [part.value for part in decode(block(data), Context())] == [data]


def test_a_bare_block_that_does_not_shrink_holds_what_is_read_in_turn(follow):
    struct = b"\x0b\x00\x01\x00\x00\x00\x0f867530912345678\x0b\x00\x02\x00\x00\x00\x06qwerty\x00"
    assert len(block(struct)) > len(struct)
    assert follow(block(struct)).at("|lz4|thrift.1") == [b"867530912345678"]
    assert decode(block(bytes(range(130, 170))), Context()) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda packed: (int.from_bytes(packed[:4]) + 1).to_bytes(4) + packed[4:],
        lambda packed: packed + b"\0\0\0\0",
        lambda packed: packed[:-1],
        lambda packed: b"\0\0\0\0" + packed[4:],
    ],
    ids=["another size", "an empty block", "cut off", "of nothing"],
)
def test_blocks_that_do_not_make_what_is_said_are_none(change):
    assert decode(change(hadoop(TEXT * 20)), Context()) is None


@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=400), times=st.integers(1, 40))
def test_round_trip(name, data, times):
    parts = decode(LAYOUTS[name](data * times), Context(encoding=("lz4",)))
    assert [part.value for part in parts] == [data * times]


@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=60, deadline=None)
@given(change=st.data())
def test_cut_and_changed(name, change):
    packed = bytearray(LAYOUTS[name](TEXT))
    del packed[change.draw(st.integers(0, len(packed))) :]
    for at in change.draw(st.lists(st.integers(0, max(len(packed) - 1, 0)), max_size=3)):
        if packed:
            packed[at] = change.draw(st.integers(0, 255))
    for encoding in ((), ("lz4",)):
        try:
            parts = decode(bytes(packed), Context(encoding=encoding, room=5000, most=2)) if packed else ()
        except (DecodeError, LimitReached) as error:
            parts = error.parts
        assert sum(len(part.value) for part in parts or ()) <= 5000 + len(packed)


@pytest.mark.parametrize("name", ["legacy", "java", "mozilla", "little", "big", "bare"])
def test_cut_keeps_what_precedes(name):
    data = b"".join(b'{"n": %d, "imei": "867530912345678"}' % i for i in range(300))
    packed = LAYOUTS[name](data)
    with pytest.raises(DecodeError) as caught:
        decode(packed[: len(packed) // 2], Context(encoding=("lz4",)))
    kept = caught.value.parts[0].value
    assert data.startswith(kept) and len(kept) > 1000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain text, said by nobody to be anything",
        b"\x04\x22\x4d",
        bytes(40),
        b"\xff" * 40,
        b"\x50\x00\x00\x00" + b"\x01" * 60,
        b"\x80\x01\x02",
    ],
)
def test_foreign(data):
    assert not data or decode(data, Context()) is None


def test_random_bytes_are_not_lz4():
    chance = Random(1)
    assert not any(decode(chance.randbytes(60), Context()) for _ in range(3000))


def test_lie():
    with pytest.raises(DecodeError, match="said to be lz4"):
        decode(b'{"imei": "867530912345678"}', Context(encoding=("lz4",)))


@pytest.mark.skipif(shutil.which("lz4") is None, reason="the program lz4 is not there")
@pytest.mark.parametrize("options", [["-1"], ["-9", "-BD"], ["-l"], ["--content-size", "-B4", "-BX"]])
def test_program(options):
    packed = subprocess.run(["lz4", "-c", *options], input=TEXT * 3000, capture_output=True, check=True).stdout
    assert decode(packed, Context())[0].value == TEXT * 3000
