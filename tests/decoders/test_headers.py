import pytest

from leaktap.decoders._headers import codings, parameterised


@pytest.mark.parametrize(
    ("value", "head", "parameters"),
    [
        (b"", "", ()),
        (b"Text/HTML", "text/html", ()),
        (b"text/html; charset=GBK", "text/html", (("charset", "GBK"),)),
        (b'text/html;charset="utf-8" ; X=y', "text/html", (("charset", "utf-8"), ("x", "y"))),
        (b'form-data; name="a\\"b"; filename="c;d.txt"', "form-data", (("name", 'a"b'), ("filename", "c;d.txt"))),
        (b"form-data; name=", "form-data", (("name", ""),)),
        (b'form-data; name="open', "form-data", (("name", '"open'),)),
        ('form-data; name="张"'.encode(), "form-data", (("name", "张"),)),
        (b";;;", "", ()),
    ],
)
def test_parameterised(value, head, parameters):
    assert parameterised(value) == (head, parameters)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ()),
        ([b""], ()),
        ([b"gzip"], ("gzip",)),
        ([b" GZIP , br "], ("br", "gzip")),
        ([b"gzip", b"identity", b"br"], ("br", "gzip")),
        ([b"\xff"], ("\xff",)),
        ([b"rc4,gzip"], ("gzip", "rc4")),
        ([b"UTF-8", b"none", b"amz-1.0, br"], ("br",)),
        ([b'"gzip"; level=9'], ("gzip",)),
    ],
)
def test_codings(values, expected):
    assert codings(tuple(values)) == expected
