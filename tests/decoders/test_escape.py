import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.escape import decode

SAMPLE = (rb"\u0038\u0036\u5f20", {})


@pytest.mark.parametrize(
    ("data", "decoded"),
    [
        (rb"\u0038\u0036", b"86"),
        (rb"name=\u5f20\u4E09", "name=张三".encode()),
        (rb"\ud83d\ude00", "😀".encode()),
        (rb"\ud83d", "\N{REPLACEMENT CHARACTER}".encode()),
        (rb"\u{5f20}\u{1f600}", "张😀".encode()),
        (rb"\x38\x36", b"86"),
        (rb"\xe5\xbc\xa0", "张".encode()),
        (rb"\xd5\xc5\xc8\xfd\xb7\xe1", "张三丰".encode("gbk")),
        (rb"caf\xe9", "café".encode()),
        (rb"\070\066", b"86"),
        (rb"\345\274\240", "张".encode()),
        (rb"%u5F20%u4E09", "张三".encode()),
        (rb"\x22a\x22:\"b\"\n", b'"a":"b"\n'),
        (rb"\\u0038", rb"\u0038"),
    ],
)
def test_read(data, decoded):
    assert [part.value for part in decode(data, Context()) or ()] == [decoded]


@pytest.mark.parametrize(
    "data",
    [rb"C:\users\me", rb"a\nb\tc", rb"\u12", rb"\xzz", rb"\9", rb"50%", rb"%u12", rb"\/\/", b"\\", rb"\u{}", b"x"],
)
def test_left_alone(data):
    assert decode(data, Context()) is None


def test_twice(follow):
    once = json.dumps("张三丰")[1:-1]
    assert follow(once.replace("\\", "\\\\").encode()).values["|escape|escape"] == "张三丰".encode()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_text(text):
    written = text.encode("utf-16-be").hex()
    units = b"".join(rb"\u" + written[at : at + 4].encode() for at in range(0, len(written), 4))
    assert [part.value for part in decode(units, Context()) or ()] == [text.encode()]
    spelt = "".join(f"\\x{byte:02x}" for byte in text.encode()).encode()
    assert text.encode() in [part.value for part in decode(spelt, Context()) or ()]
