import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._charsets import guess, reads

SAMPLE = ("张三丰，上海市".encode("gb18030"), {})
CHINESE = "张三丰住在上海市浦东新区世纪大道一百号"
TRADITIONAL = "張三豐住在臺北市中正區重慶南路一段"


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("867530912345673", "utf-16-le"),
        ("867530912345673", "utf-16-be"),
        ("867530912345673", "utf-32-le"),
        ("867530912345673", "utf-32-be"),
        (CHINESE, "utf-16-le"),
        (CHINESE, "utf-16-be"),
        ('{"name": "张三丰"}', "utf-16-le"),
        ("张三丰 199", "utf-16-be"),
        ("张三丰", "gb18030"),
        ("张三", "gb18030"),
        ("name=张三丰&phone=19900000012", "gb18030"),
        (CHINESE * 500, "gb18030"),
        ("a" + CHINESE * 500, "gb18030"),
        ("張三豐", "big5"),
        (TRADITIONAL, "big5"),
        ("phone=19900000012, " + TRADITIONAL * 300, "big5"),
    ],
)
def test_read_as(text, charset):
    assert charset in guess(text.encode(charset))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x00\x00\x00\x00\x00\x00",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        bytes(range(256)),
        b"\x08\x96\x01\x12\x04abcd",
        b"1\x002\x003\x00\x01\x00\x02\x00",
        "caf\xe9 cr\xe8me".encode("latin-1"),
        "naïve café".encode("cp1252"),
        CHINESE.encode("gb18030")[:-1] + b"\x01",
        CHINESE.encode("utf-16-le")[:-1],
    ],
)
def test_left_alone(data):
    assert not guess(data)


def test_random_bytes_are_no_text():
    chance = random.Random(7)
    assert sum(bool(guess(chance.randbytes(16))) for _ in range(20_000)) < 40
    assert sum(bool(guess(chance.randbytes(64))) for _ in range(5_000)) == 0


@given(st.text(st.characters(codec="gb2312", min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=4))
def test_any_chinese_in_utf_16(text):
    assert "utf-16-le" in guess(text.encode("utf-16-le")) or text.encode("utf-16-le").isascii()


def test_path_says_which(follow):
    followed = follow("姓名：张三丰".encode("gbk"))
    assert followed.values["|charset.gb18030"] == "姓名：张三丰".encode()
    assert follow('{"imei":"867530912345673"}'.encode("utf-16-le")).values["|charset.utf-16-le|json.$.imei"] == (
        b"867530912345673"
    )


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-32"])
def test_what_is_marked_reads(charset):
    assert reads("page=home 张三丰".encode(charset))
    assert not reads("page=home\1\2".encode(charset))
