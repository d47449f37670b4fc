import zlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, LimitReached
from leaktap.decoders.form import DECODER, decode

TYPE = "application/x-www-form-urlencoded"


def values(data, **context):
    return {part.path: part.value for part in decode(data, Context(**context)) or ()}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"imei=867530912345678&lang=zh", {".imei": b"867530912345678", ".lang": b"zh"}),
        (b"mac=a4%3A50&x=1", {".mac": b"a4:50", ".x": b"1"}),
        (b"a=hello+world&b=%2B86", {".a": b"hello world", ".b": b"+86"}),
        (b"a=1&a=2&a=3", {".a": b"1", ".a[1]": b"2", ".a[2]": b"3"}),
        (b"a=1&b=&c=3", {".a": b"1", ".c": b"3"}),
        (b"user%5Bname%5D=x&b=y", {"['user[name]']": b"x", ".b": b"y"}),
        (b"%E5%BC%A0=x&b=y", {".张": b"x", ".b": b"y"}),
        (b"a=b=c&d=e", {".a": b"b=c", ".d": b"e"}),
        (b"a=%E5%BC%A0&b=%ff%fe", {".a": "张".encode(), ".b": b"\xff\xfe"}),
    ],
)
def test_seen(data, expected):
    assert values(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"single=value with spaces", {".single": b"value with spaces"}),
        (b"a b=1&&c", {"['a b']": b"1", "['']": b"c"}),
        (b"\xe5\xbc\xa0=1", {".张": b"1"}),
    ],
)
def test_said(data, expected):
    assert values(data, content_type=TYPE) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain text",
        b"aW1laT04Njc1MzA5MTIzNDU2Nzg=",
        b"aW1laT04Njc1MzA5MTIzNDU2Nw==",
        b"text/html;q=0.9",
        b"x = y",
        b"https://example.cn/?a=b&c=d",
        b"<a href=b>&nbsp;",
        b'{"a":"b=c&d=e"}',
        b"if a=b then c",
        b"a=3D1&b=3D2=\n3",
        b"=a&=b",
        b"1=1",
        b"max-age=0",
    ],
)
def test_no_form(data):
    assert decode(data, Context()) is None


def test_base64_said_to_be_a_form():
    assert decode(b"aW1laT04Njc1MzA5MTIzNDU2Nw==", Context(content_type=TYPE)) is None


@pytest.mark.parametrize("value", [b"v]=.^v]=SGvkgk>qzA07stK+Fv)$6lr-:lswo]{&", b"g=l)zh-SVBauhqji5-&T"])
def test_what_reads_as_base85_stays_both(follow, value):
    followed = follow(value)
    assert any(path.startswith("|form") for path in followed.values)
    assert any(path.startswith("|base85.z85") for path in followed.values)


def test_a_form_is_one_alone(follow):
    assert follow(b"imei=867530912345678&lang=zh").at("") == []


def test_compressed_said_to_be_a_form(follow):
    text = b"&".join(b"k%d=%d" % (number, number**9) for number in range(40)) + b"&imei=867530912345678"
    body = zlib.compress(text, wbits=-15)
    assert follow(body, content_type=TYPE).values["|deflate|form.imei"] == b"867530912345678"


def test_charset_of_the_values(follow):
    body = urlencode({"name": "张三丰", "x": "y"}, encoding="gbk").encode()
    followed = follow(body, content_type=TYPE, parameters=(("charset", "GBK"),))
    assert followed.values == {"|form.name|text": "张三丰".encode(), "|form.x": b"y"}


def test_json_said_to_be_a_form(follow):
    assert follow(b'{"a": "x, b=c"}', content_type=TYPE).values == {"|json.$.a": b"x, b=c"}


def test_many_fields():
    with pytest.raises(LimitReached) as caught:
        decode(b"&".join(b"a=1" for _ in range(20)), Context(most=5))
    assert len(caught.value.parts) == 5


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=1, max_size=6))
def test_round_trip(pairs):
    body = urlencode(pairs, errors="replace").encode()
    if not body.partition(b"&")[0].partition(b"=")[2].strip(b"=") and b"&" not in body:
        return
    parts = decode(body, Context(content_type=TYPE))
    assert [(part.keys[0], part.value) for part in parts] == [
        (name.encode(errors="replace").decode(), value.encode(errors="replace")) for name, value in pairs
    ]


def test_content_type_is_the_registered_one():
    assert DECODER.types == (TYPE,)


def test_fields_without_a_place_of_interest_are_beside_the_others():
    data = b"event=home&imei=867530912345678&t=12"
    found = decode(data, Context(content_type=TYPE, spots=[data.index(b"&t")]))
    assert [(part.keys, part.beside) for part in found] == [(("event",), True), (("imei",), False), (("t",), True)]
    assert not any(part.beside for part in decode(data, Context(content_type=TYPE)))
