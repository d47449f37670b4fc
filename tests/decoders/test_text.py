import pytest

from leaktap.decoders._api import Context, DecodeError
from leaktap.decoders.text import decode

NAME = "张三丰 13800138000"


def said(charset, content_type="text/plain"):
    return Context(content_type=content_type, parameters=(("charset", charset),))


@pytest.mark.parametrize(
    ("codec", "charset"),
    [
        ("gbk", "GBK"),
        ("gb18030", "gb18030"),
        ("gbk", "gb2312"),
        ("big5", "Big5"),
        ("utf-16-le", "utf-16le"),
        ("utf-16-be", "UTF-16BE"),
        ("utf-16", "utf-16"),
        ("utf-16", ""),
        ("utf-8-sig", ""),
        ("utf-8-sig", "gbk"),
        ("utf-32", "utf-32"),
    ],
)
def test_becomes_utf8(codec, charset):
    text = "張三豐 13800138000" if codec == "big5" else NAME
    (part,) = decode(text.encode(codec), said(charset))
    assert part.value == text.encode()


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        (NAME.encode(), "utf-8"),
        (NAME.encode(), "gbk"),
        (NAME.encode(), "iso-8859-1"),
        (NAME.encode(), ""),
        (NAME.encode("gbk"), ""),
        (b"ascii only", "gb2312"),
        (b"ascii only", "us-ascii"),
        (b"\xff\xfb\x90", ""),
    ],
)
def test_left_alone(data, charset):
    assert decode(data, said(charset)) is None


def test_a_digest_may_begin_with_a_mark(follow):
    digest = bytes.fromhex("fffe102fe854414e255a399ba1153db2dd27b99a")
    assert follow(digest).values[""] == digest
    assert "" not in follow(NAME.encode("utf-16")).values


@pytest.mark.parametrize(
    "charset", ["klingon", "hex", "zlib", "punycode", "unicode_escape", "undefined", "a\0b", "x" * 99]
)
def test_no_charset(charset):
    with pytest.raises(DecodeError, match="not known"):
        decode(b"abc", said(charset))


def test_broken_text_is_read_as_far_as_possible():
    with pytest.raises(DecodeError, match="byte 20") as caught:
        decode((NAME * 1).encode("utf-16-le")[:20] + b"\x00\xd8", said("utf-16le"))
    assert caught.value.parts[0].value.startswith("张三丰".encode())


def test_what_the_text_holds_is_followed(follow):
    body = '{"name": "张三丰"}'
    parameters = (("charset", "gbk"),)
    followed = follow(body.encode("gbk"), content_type="application/json", parameters=parameters)
    assert followed.values == {"|text|json.$.name": "张三丰".encode()}
    assert follow(body.encode("utf-16")).values == {"|text|json.$.name": "张三丰".encode()}


def test_binary_bodies_have_no_charset(follow):
    body = bytes(range(128, 256))
    followed = follow(body, content_type="application/octet-stream", parameters=(("charset", "iso-8859-1"),))
    assert followed.values == {"": body}


def test_mark_by_chance(follow):
    for data in (b"\xff\xfe\x01\x00\x02\x00", b"\xff\xfe\x00\xd8\x00\xd8", b"\xfe\xff\x00\x01\x00\x02"):
        assert follow(data).values == {"": data}
