import bz2
import gzip
import lzma
import zlib

import pytest

from leaktap.decoders._plain import Steps, is_text, makes_sense, step


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", True),
        (b"plain\r\n\ttext", True),
        ("张三丰".encode(), True),
        ("张".encode() * 3000, True),
        (b"a" + "张".encode() * 3000, True),
        (b"aa" + "张".encode() * 3000, True),
        (b"\x00", False),
        (b"bell\x07", False),
        (b"\x7f", False),
        ("张三丰".encode("gbk"), False),
        (b"cut " + "张".encode()[:2], False),
        (b"\xff" * 5000, False),
    ],
)
def test_is_text(data, text):
    assert is_text(data) == text


@pytest.mark.parametrize(
    "data",
    [
        b"text",
        gzip.compress(b"x"),
        zlib.compress(b"x"),
        zlib.compress(b"x", 9),
        bz2.compress(b"x"),
        lzma.compress(b"x"),
    ],
)
def test_makes_sense(data):
    assert makes_sense(data)


@pytest.mark.parametrize("data", [b"\x00\x01", b"\x1f\x8b\x00", b"\x78\x02\xff", b"PK\x05\x06", b"\xfd7z\x00"])
def test_makes_no_sense(data):
    assert not makes_sense(data)


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("a", ".a"),
        ("$device_id", ".$device_id"),
        ("a.b", "['a.b']"),
        ("it's", "['it\\'s']"),
        ("", "['']"),
        ("\n\x00", "['\\n\\x00']"),
        ("\udc80", "['\\udc80']"),
        ("n" * 200, "['" + "n" * 100 + "…']"),
    ],
)
def test_step(name, piece):
    assert step(name) == piece


def test_repeated_names():
    steps = Steps()
    assert [steps.step(name) for name in ("a", "b", "a", "a")] == [".a", ".b", ".a[1]", ".a[2]"]
